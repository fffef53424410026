//! What changed between a reference and a current table, column by column.

use serde::{Deserialize, Serialize};

use super::ids::{DriftId, VersionId};
use super::schema::ColumnKind;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftTest {
    /// Two-sample Kolmogorov–Smirnov.
    Ks,
    /// Chi-square on the two-sample contingency table.
    ChiSquare,
    /// Two-sided z test of two proportions.
    ZTest,
    /// Wasserstein distance divided by the reference's standard deviation.
    Wasserstein,
    /// Jensen–Shannon distance, natural logarithm.
    JensenShannon,
    /// How well a classifier tells the two texts apart: its ROC AUC.
    DomainClassifier,
}

impl DriftTest {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ks => "ks",
            Self::ChiSquare => "chi_square",
            Self::ZTest => "z_test",
            Self::Wasserstein => "wasserstein",
            Self::JensenShannon => "jensen_shannon",
            Self::DomainClassifier => "domain_classifier",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ks => "Kolmogorov–Smirnov",
            Self::ChiSquare => "Chi-square",
            Self::ZTest => "Z test of proportions",
            Self::Wasserstein => "Wasserstein distance (normed)",
            Self::JensenShannon => "Jensen–Shannon distance",
            Self::DomainClassifier => "Domain classifier",
        }
    }

    /// One sentence that defines the number.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Ks => {
                "Largest gap between the two cumulative distributions; drift when its p-value is at most the limit"
            }
            Self::ChiSquare => "Two-sample chi-square test over the values; drift when its p-value is below the limit",
            Self::ZTest => {
                "Two-sided test that a share is the same in both tables; drift when its p-value is below the limit"
            }
            Self::Wasserstein => {
                "Work needed to turn one distribution into the other, in standard deviations of the reference"
            }
            Self::JensenShannon => {
                "Distance between the two sets of shares, from 0 (equal) to 0.833 (nothing in common)"
            }
            Self::DomainClassifier => "ROC AUC of a model that tells the two apart; 0.5 means it cannot",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    pub column: String,
    pub kind: ColumnKind,
    /// `None` when the column could not be compared; `note` says why.
    pub test: Option<DriftTest>,
    pub statistic: Option<f64>,
    pub p_value: Option<f64>,
    pub threshold: Option<f64>,
    pub drifted: bool,
    /// Missing share in the reference and in the current table.
    pub missing: [f64; 2],
    pub shape: DriftShape,
    pub note: Option<String>,
}

/// Shares to draw both sides over the same bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum DriftShape {
    /// `edges` has one more entry than the shares; datetimes in milliseconds since 1970 UTC.
    Bins {
        edges: Vec<f64>,
        reference: Vec<f64>,
        current: Vec<f64>,
    },
    /// Most frequent values of both sides together, at most 20, the rest under `(other)`.
    Values {
        values: Vec<String>,
        reference: Vec<f64>,
        current: Vec<f64>,
    },
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftReport {
    pub format_version: u32,
    /// Drifted first, then by column name.
    pub columns: Vec<ColumnDrift>,
    /// Columns that drifted among those compared.
    pub drifted_share: f64,
    /// The share from which on the dataset counts as drifted.
    pub share_threshold: f64,
    pub dataset_drift: bool,
    pub reference_rows: u64,
    pub current_rows: u64,
    /// Columns on one side only.
    pub only_reference: Vec<String>,
    pub only_current: Vec<String>,
}

/// A stored drift report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredDrift {
    pub id: DriftId,
    pub reference_id: VersionId,
    pub current_id: VersionId,
    pub reference: String,
    pub current: String,
    pub report: DriftReport,
    pub created_at_ms: i64,
}
