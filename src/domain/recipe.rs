//! How columns become numbers: what was asked for, and what was learned from the training rows.

use serde::{Deserialize, Serialize};

/// What missing numbers become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumericImpute {
    Mean,
    Median,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    None,
    /// Zero mean, unit variance (population standard deviation, as scikit-learn's `StandardScaler`).
    Standard,
}

/// What a category that training never saw becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownCategory {
    /// All its indicators are zero (scikit-learn's `handle_unknown="ignore"`).
    Ignore,
    /// It is treated as a missing cell.
    Missing,
}

/// What to do, before any data was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipeSpec {
    pub numeric_impute: NumericImpute,
    pub scaling: Scaling,
    pub unknown_category: UnknownCategory,
    /// Most frequent categories that get an indicator; rarer ones count as unknown.
    pub max_categories: usize,
}

impl Default for RecipeSpec {
    fn default() -> Self {
        Self {
            numeric_impute: NumericImpute::Median,
            scaling: Scaling::Standard,
            unknown_category: UnknownCategory::Ignore,
            max_categories: 100,
        }
    }
}

/// What was learned from the training rows: ordered columns, each with its ordered steps. Applied left to right the
/// columns give the features of the matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedRecipe {
    pub format_version: u32,
    pub columns: Vec<FittedColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedColumn {
    pub name: String,
    pub input: ColumnInput,
    pub steps: Vec<FittedStep>,
}

/// What a scorer hands in for the column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ColumnInput {
    /// A number; missing is NaN. `whole`: the training version held whole numbers and no gap.
    Number { whole: bool },
    /// Text; missing is the empty string.
    Text,
    /// Text that spells true or false; anything else is missing. The spellings are sorted and disjoint.
    /// They always include `true`, `True` and `TRUE` (and `false` …), which is how pandas and JSON spell booleans.
    BooleanText { true_spellings: Vec<String>, false_spellings: Vec<String> },
}

/// A step of one column. Number steps keep one number per row; `OneHot` turns text into indicators and comes last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum FittedStep {
    /// NaN becomes `value`. (Infinities are treated as NaN when a column is read.)
    ImputeNumber { value: f64 },
    /// `(x − center) / scale`; `scale` is never 0.
    Scale { center: f64, scale: f64 },
    /// One indicator per category, in this (sorted) order. A missing cell (empty text) sets the indicator of
    /// `missing_as` when given, otherwise none. So does a category not listed, when `unknown` is `Missing`.
    OneHot { categories: Vec<String>, missing_as: Option<String>, unknown: UnknownCategory },
}

impl FittedColumn {
    /// The names of the features this column gives.
    pub fn feature_names(&self) -> Vec<String> {
        for step in &self.steps {
            if let FittedStep::OneHot { categories, .. } = step {
                return categories.iter().map(|c| format!("{}={c}", self.name)).collect();
            }
        }
        vec![self.name.clone()]
    }
}

impl FittedRecipe {
    pub fn feature_names(&self) -> Vec<String> {
        self.columns.iter().flat_map(FittedColumn::feature_names).collect()
    }

    pub fn n_features(&self) -> usize {
        self.feature_names().len()
    }
}
