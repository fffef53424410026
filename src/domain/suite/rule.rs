//! One rule: a test, how much of it may fail, how bad that is, and for which rows.
//!
//! The tests carry the names of Great Expectations' vocabulary without `expect_` and `to_be`; those it does not have
//! are named in its manner. A missing cell never fails a test of cells, except those about missing cells.

use serde::{Deserialize, Serialize};

use super::Environment;
use crate::domain::finding::Severity;
use crate::domain::schema::ColumnKind;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Names the rule within its suite, for gates, history and quarantine: `age-between`. Never changes.
    pub id: String,
    #[serde(flatten)]
    pub test: Test,
    /// The share of the judged cells or rows that must hold, above 0 up to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub mostly: f64,
    /// What it means when the rule does not hold.
    #[serde(default = "error", skip_serializing_if = "is_error")]
    pub severity: Severity,
    /// A row filter (see [`crate::domain::filter`]): only these rows are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_where: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_in: Option<Environment>,
    /// Where the limit comes from, in one sentence ("smallest and largest of churn@2").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

fn one() -> f64 {
    1.0
}

fn is_one(mostly: &f64) -> bool {
    *mostly == 1.0
}

fn error() -> Severity {
    Severity::Error
}

fn is_error(severity: &Severity) -> bool {
    *severity == Severity::Error
}

impl Rule {
    pub fn new(id: impl Into<String>, test: Test) -> Self {
        Self {
            id: id.into(),
            test,
            mostly: 1.0,
            severity: Severity::Error,
            only_where: None,
            only_in: None,
            origin: None,
            note: None,
        }
    }
}

/// A value as a suite file has it. A date or time is a text ("2026-03-01"), compared as what the column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Bool(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

/// Smallest and largest; at least one of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    #[serde(rename = "min_value", default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    #[serde(rename = "max_value", default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
    /// The bound itself is outside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict_min: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict_max: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantileBounds {
    /// 0 to 1
    pub quantile: f64,
    #[serde(flatten)]
    pub bounds: Bounds,
}

/// Of several patterns: does one have to match, or all?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    #[default]
    Any,
    All,
}

/// What is tested. Statistics are those of [`crate::domain::profile`] and `stats`; text lengths are in characters;
/// patterns are those of the `regex` crate, and a match may be anywhere in the cell unless anchored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "test", rename_all = "snake_case")]
pub enum Test {
    // The table.
    TableRowCountBetween(Bounds),
    TableRowCountEquals {
        value: u64,
    },
    /// At most this share more or fewer rows than the reference has.
    TableRowCountLikeReference {
        tolerance: f64,
    },
    TableColumnCountBetween(Bounds),
    TableColumnCountEquals {
        value: u64,
    },
    /// `exact`: no other columns beside them.
    TableColumnsMatchSet {
        columns: Vec<String>,
        exact: bool,
    },
    /// No columns beside these; some of these may be absent.
    TableColumnsWithin {
        columns: Vec<String>,
    },
    /// Those of these that the table has stand in this order.
    TableColumnsInOrder {
        columns: Vec<String>,
    },
    TableColumnsMatchOrder {
        columns: Vec<String>,
    },
    // The column as such.
    ColumnExists {
        column: String,
    },
    ColumnOfKind {
        column: String,
        kinds: Vec<ColumnKind>,
    },
    // Its cells, one by one.
    ColumnValuesNotNull {
        column: String,
    },
    ColumnValuesNull {
        column: String,
    },
    ColumnValuesUnique {
        column: String,
    },
    ColumnValuesInSet {
        column: String,
        value_set: Vec<Scalar>,
    },
    ColumnValuesNotInSet {
        column: String,
        value_set: Vec<Scalar>,
    },
    ColumnValuesBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnValueLengthsBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnValueLengthsEqual {
        column: String,
        value: u64,
    },
    ColumnValuesMatchRegex {
        column: String,
        regex: String,
    },
    ColumnValuesNotMatchRegex {
        column: String,
        regex: String,
    },
    ColumnValuesMatchRegexList {
        column: String,
        regex_list: Vec<String>,
        #[serde(default)]
        match_on: Which,
    },
    ColumnValuesNotMatchRegexList {
        column: String,
        regex_list: Vec<String>,
    },
    /// SQL's LIKE: `%` for any text, `_` for any character; upper and lower case differ.
    ColumnValuesMatchLikePattern {
        column: String,
        like_pattern: String,
    },
    ColumnValuesNotMatchLikePattern {
        column: String,
        like_pattern: String,
    },
    ColumnValuesMatchLikePatternList {
        column: String,
        like_pattern_list: Vec<String>,
        #[serde(default)]
        match_on: Which,
    },
    ColumnValuesNotMatchLikePatternList {
        column: String,
        like_pattern_list: Vec<String>,
    },
    ColumnValuesMatchStrftimeFormat {
        column: String,
        strftime_format: String,
    },
    ColumnValuesDateParseable {
        column: String,
    },
    ColumnValuesJsonParseable {
        column: String,
    },
    ColumnValuesStartWith {
        column: String,
        text: String,
    },
    ColumnValuesEndWith {
        column: String,
        text: String,
    },
    ColumnValuesContain {
        column: String,
        text: String,
    },
    ColumnValuesFinite {
        column: String,
    },
    ColumnValuesIncreasing {
        column: String,
        #[serde(default)]
        strictly: bool,
    },
    ColumnValuesDecreasing {
        column: String,
        #[serde(default)]
        strictly: bool,
    },
    /// Distance from the mean in standard deviations (of the sample, n − 1).
    ColumnValueZScoresBelow {
        column: String,
        threshold: f64,
        double_sided: bool,
    },
    /// No value that the reference does not have.
    ColumnValuesInReferenceSet {
        column: String,
    },
    ColumnValuesInReferenceRange {
        column: String,
    },
    // A number about the column.
    ColumnMinBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnMaxBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnMeanBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnMedianBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    /// Of the sample (n − 1).
    ColumnStdevBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnSumBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnQuantileValuesBetween {
        column: String,
        quantiles: Vec<QuantileBounds>,
    },
    ColumnUniqueValueCountBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    /// Distinct values by present cells.
    ColumnProportionOfUniqueValuesBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    /// Missing cells by all cells.
    ColumnProportionOfNullValuesBetween {
        column: String,
        #[serde(flatten)]
        bounds: Bounds,
    },
    ColumnMostCommonValueInSet {
        column: String,
        value_set: Vec<Scalar>,
    },
    ColumnDistinctValuesInSet {
        column: String,
        value_set: Vec<Scalar>,
    },
    ColumnDistinctValuesContainSet {
        column: String,
        value_set: Vec<Scalar>,
    },
    ColumnDistinctValuesEqualSet {
        column: String,
        value_set: Vec<Scalar>,
    },
    // Several columns.
    ColumnPairValuesAGreaterThanB {
        column_a: String,
        column_b: String,
        #[serde(default)]
        or_equal: bool,
    },
    ColumnPairValuesEqual {
        column_a: String,
        column_b: String,
    },
    ColumnPairValuesInSet {
        column_a: String,
        column_b: String,
        value_pairs_set: Vec<(Scalar, Scalar)>,
    },
    CompoundColumnsUnique {
        columns: Vec<String>,
    },
    MulticolumnSumEquals {
        columns: Vec<String>,
        sum_total: f64,
    },
    SelectColumnValuesUniqueWithinRecord {
        columns: Vec<String>,
    },
    /// A row filter with formulas on either side of a comparison: `start <= end`, `total == price * n`.
    RowsSatisfy {
        expression: String,
    },
    /// Cramér's V of two columns.
    ColumnPairCramersVBelow {
        column_a: String,
        column_b: String,
        threshold: f64,
    },
    // Against the reference.
    /// Two-sample Kolmogorov–Smirnov test.
    ColumnKsPValueAbove {
        column: String,
        p_value: f64,
    },
    /// Kolmogorov–Smirnov test against a normal distribution of this mean and standard deviation.
    ColumnNormalKsPValueAbove {
        column: String,
        mean: f64,
        std: f64,
        p_value: f64,
    },
    /// Two-sample chi-square test of the counts.
    ColumnChisquarePValueAbove {
        column: String,
        p_value: f64,
    },
    /// Of the column's and the reference's shares, natural logarithm.
    ColumnKlDivergenceBelow {
        column: String,
        threshold: f64,
    },
    ColumnPsiBelow {
        column: String,
        threshold: f64,
    },
    /// Cramér's V of value against table.
    ColumnCramersVBelow {
        column: String,
        threshold: f64,
    },
    ColumnWassersteinBelow {
        column: String,
        threshold: f64,
    },
}
