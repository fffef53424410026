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
    /// Rows with the same value of the column stay on one side; rows without a value are a group each.
    Group {
        column: String,
    },
}

impl SplitKind {
    pub fn describe(&self) -> String {
        match self {
            Self::Random => "random".to_owned(),
            Self::Stratified => "stratified".to_owned(),
            Self::Time { column } => format!("time:{column}"),
            Self::Group { column } => format!("group:{column}"),
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
    /// The held-out rows of each fold, ascending; repeats follow each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<Vec<u32>>,
    /// Folds in the order of time: each is fitted on what lies before it only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forward: bool,
}

impl SplitRows {
    /// The rows that fold `k` is fitted on, ascending.
    pub fn fit_rows(&self, k: usize) -> Vec<u32> {
        let held_out = if self.forward { &self.folds[k..] } else { &self.folds[k..=k] };
        let mut out: Vec<u32> = held_out.concat();
        out.sort_unstable();
        self.train.iter().copied().filter(|row| out.binary_search(row).is_err()).collect()
    }
}
