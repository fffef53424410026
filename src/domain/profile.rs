//! What a profile says about a table. Enough to draw it, and to compare against later, without the rows.

use serde::{Deserialize, Serialize};

use super::schema::{ColumnKind, Storage};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableProfile {
    pub format_version: u32,
    pub rows: u64,
    pub columns: Vec<ColumnProfile>,
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
    /// String storage: shortest, mean and longest cell in characters.
    pub lengths: Option<TextLengths>,
}

/// Missing and non-finite cells are left out. Quantiles interpolate linearly (NumPy's default); `std` divides by n − 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// `counts[i]` cells lie in `edges[i] ≤ x < edges[i + 1]`; the last bin includes its right edge (NumPy's rule).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    pub edges: Vec<f64>,
    pub counts: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextLengths {
    pub min: u64,
    pub mean: f64,
    pub max: u64,
}
