//! What of a profile is worth a second look.

use crate::domain::profile::{Alert, AlertKind, ColumnProfile};
use crate::domain::schema::{ColumnKind, Storage};
use crate::domain::words::{counted, thousands};

/// Shares of missing cells and of zeros from which on they are told.
const MISSING: f64 = 0.3;
const ZEROS: f64 = 0.5;
/// Skewness, in either direction, from which on a few values outweigh the rest.
const SKEWED: f64 = 3.0;
/// Fewer values than this have no shape worth a word.
const MIN_VALUES: u64 = 20;

/// `rows` are those of the table.
pub fn alerts(profile: &ColumnProfile, rows: u64) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let mut tell = |kind, text: String| alerts.push(Alert { kind, text });
    let values = rows - profile.missing.min(rows);
    let percent = |n: u64, of: u64| format!("{:.1} %", 100.0 * n as f64 / of.max(1) as f64);
    if rows > 0 && values == 0 {
        tell(AlertKind::Empty, "No cell has a value".to_owned());
        return alerts;
    }
    if profile.is_constant() && values > 1 {
        tell(AlertKind::Constant, format!("All {} values are the same", thousands(values)));
    }
    if profile.missing as f64 >= MISSING * rows as f64 && profile.missing > 0 {
        let share = percent(profile.missing, rows);
        tell(
            AlertKind::HighMissing,
            format!("{} of {} cells are missing ({share})", thousands(profile.missing), thousands(rows)),
        );
    }
    let names_rows = match profile.storage {
        Storage::Int64 => profile.kind == ColumnKind::Numeric,
        Storage::String => profile.kind == ColumnKind::Categorical,
        _ => false,
    };
    if names_rows && values >= MIN_VALUES && profile.is_unique(rows) {
        tell(AlertKind::AllUnique, format!("All {} values differ: perhaps an identifier", thousands(values)));
    }
    if profile.infinite > 0 {
        let cells = counted(profile.infinite, "cell is", "cells are");
        tell(AlertKind::Infinite, format!("{cells} infinite; means and bins leave them out"));
    }
    let Some(numbers) = profile.numbers.as_ref().filter(|_| profile.kind == ColumnKind::Numeric) else { return alerts };
    if let Some(skewness) = numbers.skewness.filter(|s| s.abs() >= SKEWED && values >= MIN_VALUES) {
        let side = if skewness > 0.0 { "large" } else { "small" };
        tell(AlertKind::Skewed, format!("Skewness {skewness:.1}: a few {side} values outweigh the rest"));
    }
    if numbers.zeros as f64 >= ZEROS * values as f64 && !profile.is_constant() {
        let share = percent(numbers.zeros, values);
        tell(
            AlertKind::ManyZeros,
            format!("{} of {} values are 0 ({share})", thousands(numbers.zeros), thousands(values)),
        );
    }
    alerts
}
