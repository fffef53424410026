//! What a profile says about a table. Enough to draw it, and to compare against later, without the rows.

use serde::{Deserialize, Serialize};

use super::schema::{ColumnKind, Storage};

/// Quantiles that a profile keeps.
pub const QUANTILES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    pub format_version: u32,
    pub rows: u64,
    pub columns: Vec<ColumnProfile>,
}

impl TableProfile {
    /// Version 2 added everything that has a serde default below; a profile of version 1 reads as one without it.
    pub const FORMAT_VERSION: u32 = 2;

    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.iter().find(|c| c.name == name)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    pub name: String,
    pub kind: ColumnKind,
    pub storage: Storage,
    pub missing: u64,
    /// Distinct values, missing not counted.
    pub distinct: u64,
    /// Most frequent values with their counts, most frequent first, ties by value; at most 20.
    pub top: Vec<(String, u64)>,
    /// Numeric storage and datetimes (in milliseconds since 1970 UTC).
    pub numbers: Option<NumberSummary>,
    pub histogram: Option<Histogram>,
    /// Bins of equal width in the logarithm, where all values are positive and spread over at least two powers of ten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_histogram: Option<Histogram>,
    /// Numeric storage: infinite cells.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub infinite: u64,
    /// String storage: how long the cells are.
    pub lengths: Option<TextLengths>,
    /// Datetimes only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateSummary>,
    /// What is worth a second look, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl ColumnProfile {
    /// A profile that says nothing yet.
    pub fn new(name: &str, kind: ColumnKind, storage: Storage) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            storage,
            missing: 0,
            distinct: 0,
            top: Vec::new(),
            numbers: None,
            histogram: None,
            log_histogram: None,
            infinite: 0,
            lengths: None,
            dates: None,
            alerts: Vec::new(),
        }
    }

    /// Do all cells that are there hold one value?
    pub fn is_constant(&self) -> bool {
        self.distinct == 1
    }

    /// Does no value occur twice? `rows` are those of the table.
    pub fn is_unique(&self, rows: u64) -> bool {
        self.distinct > 1 && self.distinct == rows.saturating_sub(self.missing)
    }

    /// Are the numbers real ones? Datetimes have number summaries too, in milliseconds.
    pub fn is_number(&self) -> bool {
        matches!(self.storage, Storage::Float64 | Storage::Int64)
    }
}

/// Missing and non-finite cells are left out. Quantiles interpolate linearly (NumPy's default); `std` divides by n − 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NumberSummary {
    pub count: u64,
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// `None` with fewer than two values.
    pub std: Option<f64>,
    pub q25: f64,
    pub median: f64,
    pub q75: f64,
    pub zeros: u64,
    #[serde(default)]
    pub negative: u64,
    /// Pairs of probability and quantile, for [`QUANTILES`].
    #[serde(default)]
    pub quantiles: Vec<(f64, f64)>,
    /// Third standardised moment with divisor n, as `scipy.stats.skew(bias=True)`; `None` for a constant.
    #[serde(default)]
    pub skewness: Option<f64>,
    /// Fourth standardised moment with divisor n less 3, as `scipy.stats.kurtosis(bias=True)`: 0 for a normal
    /// distribution; `None` for a constant.
    #[serde(default)]
    pub kurtosis: Option<f64>,
}

/// `counts[i]` cells lie in `edges[i] ≤ x < edges[i + 1]`; the last bin includes its right edge (NumPy's rule).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
}

impl Histogram {
    /// The whole number that a bin stands for, where it is the only one the bin can hold: bins from v − ½ to v + ½.
    pub fn whole(&self, bin: usize) -> Option<f64> {
        let (from, to) = (*self.edges.get(bin)?, *self.edges.get(bin + 1)?);
        (to - from == 1.0 && from.fract().abs() == 0.5).then_some(from + 0.5)
    }
}

/// In characters (Unicode scalar values), over the cells that are there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TextLengths {
    pub min: u64,
    pub mean: f64,
    pub max: u64,
    /// Pairs of probability and quantile, for [`QUANTILES`].
    #[serde(default)]
    pub quantiles: Vec<(f64, f64)>,
    #[serde(default)]
    pub histogram: Option<Histogram>,
}

/// Days and hours are those of UTC.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DateSummary {
    pub first_ms: i64,
    pub last_ms: i64,
    /// Calendar days with at least one row.
    pub days: u64,
    /// Calendar days between the first and the last without any row.
    pub days_without: u64,
    /// Longest runs of days without rows, longest first, ties by date; at most 5.
    pub gaps: Vec<DateGap>,
    /// Rows by day of the week, Monday first.
    pub weekdays: Vec<u64>,
    /// Rows by hour of the day.
    pub hours: Vec<u64>,
}

/// Days without rows: from midnight of the first to midnight after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateGap {
    pub from_ms: i64,
    pub to_ms: i64,
}

impl DateGap {
    pub fn days(self) -> i64 {
        (self.to_ms - self.from_ms) / 86_400_000
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    Empty,
    Constant,
    HighMissing,
    AllUnique,
    Infinite,
    Skewed,
    ManyZeros,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub kind: AlertKind,
    /// One sentence with its numbers.
    pub text: String,
}
