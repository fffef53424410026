//! What was learned from the training rows: plain data that scores, exports and explains itself elsewhere.

use serde::{Deserialize, Serialize};

use super::version1::Stored;
use super::{Combination, DatePart, Scaling, UnknownCategory};

/// Inputs, then steps. A step reads columns by name and writes columns by name; a written column replaces one of the
/// same name, and new ones stand behind the others. What stands in `features` at the end, in that order, is what the
/// learner sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct FittedRecipe {
    pub format_version: u32,
    pub inputs: Vec<RecipeInput>,
    pub steps: Vec<FittedStep>,
    pub features: Vec<String>,
}

/// A raw column, as a scorer hands it in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipeInput {
    pub name: String,
    pub input: ColumnInput,
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
    /// Milliseconds since 1970-01-01T00:00:00 UTC, as a number; missing is NaN.
    Datetime,
}

impl ColumnInput {
    /// Is it handed in as text?
    pub fn is_text(&self) -> bool {
        match self {
            Self::Number { .. } | Self::Datetime => false,
            Self::Text | Self::BooleanText { .. } => true,
        }
    }
}

/// A step with what it learned about each of its columns. Whatever a step computes, an infinite number is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum FittedStep {
    /// The same cells under another name, beside the column.
    Copy {
        columns: Vec<Renamed>,
    },
    /// NaN becomes the value.
    Impute {
        columns: Vec<Filled>,
    },
    /// Missing text becomes the value.
    ImputeText {
        columns: Vec<FilledText>,
    },
    /// `(x − center) / scale`; `scale` is never 0.
    Scale {
        method: Scaling,
        columns: Vec<Scaled>,
    },
    /// The share of training values below, by linear interpolation.
    Quantile {
        columns: Vec<Ranked>,
    },
    /// Yeo-Johnson, then `(x − center) / scale`.
    Power {
        columns: Vec<Powered>,
    },
    /// Text becomes indicators.
    OneHot {
        columns: Vec<OneHot>,
    },
    /// Text becomes a code without order; missing and unknown categories have none.
    Category {
        columns: Vec<Coded>,
    },
    /// Text becomes a number by a list.
    Lookup {
        kind: LookupKind,
        columns: Vec<LookedUp>,
    },
    /// Text not in the list becomes `other`; missing stays missing.
    GroupRare {
        columns: Vec<Kept>,
    },
    /// A number becomes the number of edges at or below it.
    Bin {
        columns: Vec<Binned>,
    },
    /// A date becomes columns of numbers, and goes.
    DateParts {
        columns: Vec<Dated>,
    },
    /// The number of characters of a text, 0 where it is missing, in a column of its own; the text goes.
    TextLength {
        columns: Vec<Renamed>,
    },
    /// Weights of known words, one column each; the text goes.
    Words {
        columns: Vec<Worded>,
    },
    /// Words counted by their hash; the text goes.
    HashWords {
        columns: Vec<Hashed>,
    },
    Combine {
        columns: Vec<Combined>,
    },
    Formula {
        columns: Vec<Computed>,
    },
    /// The limits where a number lies beyond them; NaN stays.
    Clip {
        columns: Vec<Clipped>,
    },
    /// These columns go.
    Drop {
        columns: Vec<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    pub column: String,
    pub into: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filled {
    pub column: String,
    pub value: f64,
    /// A column that is 1 where the value was put in, 0 elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledText {
    pub column: String,
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicator: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaled {
    pub column: String,
    pub center: f64,
    pub scale: f64,
}

/// A rising line: `x` ascending and distinct, at least one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    pub column: String,
    pub knots: Vec<Knot>,
}

/// At `x` the line jumps from `low` to `high`; the value at `x` itself is `at`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knot {
    pub x: f64,
    pub low: f64,
    pub at: f64,
    pub high: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Powered {
    pub column: String,
    pub lambda: f64,
    pub center: f64,
    pub scale: f64,
}

/// One indicator per category, in this (sorted) order. A missing cell (empty text) sets the indicator of `missing_as`
/// when given, otherwise none. So does a category not listed, when `unknown` is `Missing`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneHot {
    pub column: String,
    pub categories: Vec<String>,
    pub missing_as: Option<String>,
    pub unknown: UnknownCategory,
}

/// The code of a category is its position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coded {
    pub column: String,
    pub levels: Vec<String>,
}

/// What the numbers of a [`LookedUp`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupKind {
    Ordinal,
    Frequency,
    TargetMean,
    /// Of another column, by this one.
    Aggregate,
}

/// Level → number. `into` may be the column itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LookedUp {
    pub column: String,
    pub into: String,
    pub levels: Vec<String>,
    /// One per level; `None` is missing.
    pub values: Vec<Option<f64>>,
    /// For missing cells; `None` stays missing.
    pub missing: Option<f64>,
    /// For levels that are not listed.
    pub unknown: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub column: String,
    pub levels: Vec<String>,
    pub other: String,
}

/// Inner edges, ascending; at or above the first is bin 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binned {
    pub column: String,
    pub edges: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated {
    pub column: String,
    /// What is written, as `joined.year`.
    pub parts: Vec<(DatePart, String)>,
    pub reference_ms: i64,
}

/// Words are the longest runs of at least two letters, digits or `_`, in small letters (scikit-learn's default).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worded {
    pub column: String,
    /// Word, its weight, and the column it is written to.
    pub words: Vec<(String, f64, String)>,
    /// The weights of a row are divided by the root of the sum of their squares.
    pub normalised: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    pub column: String,
    /// The columns written, by hash modulo their number.
    pub into: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Combined {
    pub left: String,
    pub right: String,
    pub how: Combination,
    pub into: String,
}

/// An expression of [`crate::domain::formula`], as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Computed {
    pub expression: String,
    pub into: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clipped {
    pub column: String,
    pub low: f64,
    pub high: f64,
}

impl FittedRecipe {
    pub const FORMAT_VERSION: u32 = 2;

    pub fn input(&self, name: &str) -> Option<&ColumnInput> {
        self.inputs.iter().find(|i| i.name == name).map(|i| &i.input)
    }

    /// The names of the features, in order: `age`, `plan=basic`. Indicators have one each, everything else one a column.
    pub fn feature_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for feature in &self.features {
            match self.indicators(feature) {
                Some(categories) => names.extend(categories.iter().map(|c| format!("{feature}={c}"))),
                None => names.push(feature.clone()),
            }
        }
        names
    }

    pub fn n_features(&self) -> usize {
        self.features.iter().map(|feature| self.indicators(feature).map_or(1, <[String]>::len)).sum()
    }

    /// The categories of a feature column that holds indicators at the end.
    fn indicators(&self, feature: &str) -> Option<&[String]> {
        self.steps.iter().rev().find_map(|step| match step {
            FittedStep::OneHot { columns } => {
                columns.iter().find(|c| c.column == feature).map(|c| c.categories.as_slice())
            }
            _ => None,
        })
    }
}

impl FittedStep {
    /// The columns it changes or makes others of; a formula's is the one it writes.
    pub fn reads(&self) -> Vec<&str> {
        fn of<T>(columns: &[T], name: impl Fn(&T) -> &String) -> Vec<&str> {
            columns.iter().map(|column| name(column).as_str()).collect()
        }
        match self {
            Self::Copy { columns } | Self::TextLength { columns } => of(columns, |c| &c.column),
            Self::Impute { columns } => of(columns, |c| &c.column),
            Self::ImputeText { columns } => of(columns, |c| &c.column),
            Self::Scale { columns, .. } => of(columns, |c| &c.column),
            Self::Quantile { columns } => of(columns, |c| &c.column),
            Self::Power { columns } => of(columns, |c| &c.column),
            Self::OneHot { columns } => of(columns, |c| &c.column),
            Self::Category { columns } => of(columns, |c| &c.column),
            Self::Lookup { columns, .. } => of(columns, |c| &c.column),
            Self::GroupRare { columns } => of(columns, |c| &c.column),
            Self::Bin { columns } => of(columns, |c| &c.column),
            Self::DateParts { columns } => of(columns, |c| &c.column),
            Self::Words { columns } => of(columns, |c| &c.column),
            Self::HashWords { columns } => of(columns, |c| &c.column),
            Self::Combine { columns } => columns.iter().flat_map(|c| [c.left.as_str(), c.right.as_str()]).collect(),
            Self::Formula { columns } => of(columns, |c| &c.into),
            Self::Clip { columns } => of(columns, |c| &c.column),
            Self::Drop { columns } => of(columns, |c| c),
        }
    }

    /// What it is called in lists and messages.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Copy { .. } => "Copy",
            Self::Impute { .. } => "Fill missing numbers",
            Self::ImputeText { .. } => "Fill missing text",
            Self::Scale { method: Scaling::Robust, .. } => "Scale by quartiles",
            Self::Scale { method: Scaling::MinMax, .. } => "Scale from 0 to 1",
            Self::Scale { .. } => "Standardise",
            Self::Quantile { .. } => "Quantiles",
            Self::Power { .. } => "Power transform",
            Self::OneHot { .. } => "Indicators",
            Self::Category { .. } => "Category codes",
            Self::Lookup { kind: LookupKind::Ordinal, .. } => "Ordinal codes",
            Self::Lookup { kind: LookupKind::Frequency, .. } => "Frequencies",
            Self::Lookup { kind: LookupKind::TargetMean, .. } => "Target means",
            Self::Lookup { kind: LookupKind::Aggregate, .. } => "Group aggregates",
            Self::GroupRare { .. } => "Group rare categories",
            Self::Bin { .. } => "Bins",
            Self::DateParts { .. } => "Date parts",
            Self::TextLength { .. } => "Text length",
            Self::Words { .. } => "Words",
            Self::HashWords { .. } => "Hashed words",
            Self::Combine { .. } => "Combine",
            Self::Formula { .. } => "Formula",
            Self::Clip { .. } => "Clip",
            Self::Drop { .. } => "Leave out",
        }
    }
}
