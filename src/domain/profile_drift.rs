//! What changed between two tables of which only the profiles are left.

use serde::{Deserialize, Serialize};

use super::schema::ColumnKind;

/// One column of both tables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileColumnDrift {
    pub column: String,
    pub kind: ColumnKind,
    /// What the shares below are over.
    pub basis: DriftBasis,
    /// Jensen–Shannon distance, natural logarithm: 0 (equal) to 0.833 (nothing in common).
    pub jensen_shannon: Option<f64>,
    /// Population stability index over the same shares, none of them taken below 0.0001.
    pub psi: Option<f64>,
    /// Change of the mean in standard deviations of the reference; numbers only.
    pub mean_shift: Option<f64>,
    /// Missing share in the reference and in the current table.
    pub missing: [f64; 2],
    pub drifted: bool,
    /// Why there is no number.
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftBasis {
    /// Every value with its count: exact.
    Values,
    /// The most frequent values, the others estimated: approximate.
    FrequentValues,
    /// Tenths of the reference, read off stored bins and quantiles: approximate.
    Bins,
    /// The same over the lengths of texts.
    Lengths,
    None,
}

impl DriftBasis {
    pub fn title(self) -> &'static str {
        match self {
            Self::Values => "all values",
            Self::FrequentValues => "frequent values, approximate",
            Self::Bins => "bins, approximate",
            Self::Lengths => "lengths, approximate",
            Self::None => "–",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileDrift {
    pub format_version: u32,
    pub reference_rows: u64,
    pub current_rows: u64,
    /// Drifted first, then by column name.
    pub columns: Vec<ProfileColumnDrift>,
    /// Columns that drifted among those compared.
    pub drifted_share: f64,
    /// The distance from which on a column drifted.
    pub threshold: f64,
    pub only_reference: Vec<String>,
    pub only_current: Vec<String>,
}
