//! Which rows train and which test.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SplitKind {
    Random,
    /// Every class (or target quartile, for numbers) keeps its share on both sides.
    Stratified,
    /// The latest rows test. Rows without a time train.
    Time {
        column: String,
    },
}

impl SplitKind {
    pub fn describe(&self) -> String {
        match self {
            Self::Random => "random".to_owned(),
            Self::Stratified => "stratified".to_owned(),
            Self::Time { column } => format!("time:{column}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SplitSpec {
    #[serde(flatten)]
    pub kind: SplitKind,
    /// Share of the usable rows that test, in (0, 1).
    pub test_share: f64,
    pub seed: u64,
}

/// Row indices (0-based, ascending, disjoint) into a dataset version. Rows without a target are in neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitRows {
    pub format_version: u32,
    pub train: Vec<u32>,
    pub test: Vec<u32>,
}
