//! The built-in checks: what each looks for, what it needs, and the limit it holds the table against.
//!
//! What lives here: their description, for the window, the command line and whoever edits a suite. Not here: the
//! checks themselves (`data::checks`, which runs them in this order). Codes are stable: scripts, suites and stored
//! reports use them.

use serde::Serialize;

use crate::domain::finding::Severity;

/// What a built-in check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckGroup {
    /// The table as it is.
    Integrity,
    /// The column to predict.
    Target,
    /// Columns, rows or orders that know the answer.
    Leakage,
    /// Signs that somebody put rows in on purpose.
    Poisoning,
    /// The table against a reference: the training data, or an earlier version.
    TrainTest,
}

impl CheckGroup {
    pub const ALL: [Self; 5] = [Self::Integrity, Self::Target, Self::Leakage, Self::Poisoning, Self::TrainTest];

    /// Shown above its checks.
    pub fn title(self) -> &'static str {
        match self {
            Self::Integrity => "Integrity",
            Self::Target => "Target",
            Self::Leakage => "Leakage",
            Self::Poisoning => "Poisoning",
            Self::TrainTest => "Against the reference",
        }
    }
}

/// What a limit is given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// 0 to 1, shown in percent.
    Share,
    /// Whole and not negative: rows, values, kinds.
    Count,
    /// A statistic from 0 to 1: an AUC, a correlation, a distance.
    Score,
}

/// On which side of its limit a table is in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitSide {
    AtMost,
    AtLeast,
}

/// What has to be given for a check to run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct CheckNeeds {
    pub target: bool,
    pub reference: bool,
}

/// One built-in check.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CheckSpec {
    /// Stable, in upper snake case: `MISSING_VALUES`.
    pub code: &'static str,
    pub title: &'static str,
    pub group: CheckGroup,
    /// What it holds the table against unless a suite says otherwise; `None` where there is nothing to choose.
    pub limit: Option<f64>,
    pub unit: LimitUnit,
    pub side: LimitSide,
    /// Of a finding beyond the limit. A worse one is told apart by the check itself; what lies within the limit and
    /// is worth knowing is an information.
    pub severity: Severity,
    pub needs: CheckNeeds,
    /// What it looks for and what the limit means, in one or two sentences.
    pub help: &'static str,
}

impl CheckSpec {
    const fn new(code: &'static str, title: &'static str, group: CheckGroup, help: &'static str) -> Self {
        Self {
            code,
            title,
            group,
            limit: None,
            unit: LimitUnit::Share,
            side: LimitSide::AtMost,
            severity: Severity::Warning,
            needs: CheckNeeds {
                target: matches!(group, CheckGroup::Target | CheckGroup::Leakage),
                reference: matches!(group, CheckGroup::TrainTest),
            },
            help,
        }
    }

    const fn at_most(mut self, limit: f64, unit: LimitUnit) -> Self {
        self.limit = Some(limit);
        self.unit = unit;
        self
    }

    const fn at_least(mut self, limit: f64, unit: LimitUnit) -> Self {
        self.side = LimitSide::AtLeast;
        self.at_most(limit, unit)
    }

    const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    const fn with_target(mut self) -> Self {
        self.needs.target = true;
        self
    }

    const fn with_reference(mut self) -> Self {
        self.needs.reference = true;
        self
    }

    /// The check with this code.
    pub fn of(code: &str) -> Option<&'static Self> {
        CATALOGUE.iter().find(|spec| spec.code == code)
    }

    /// Does it run with what is given?
    pub fn runs(&self, with_target: bool, with_reference: bool) -> bool {
        (with_target || !self.needs.target) && (with_reference || !self.needs.reference)
    }
}

/// Every built-in check, in the order a report lists them.
pub fn catalogue() -> &'static [CheckSpec] {
    CATALOGUE
}

use CheckGroup::{Integrity, Leakage, Poisoning, Target, TrainTest};
use LimitUnit::{Count, Score, Share};

const CATALOGUE: &[CheckSpec] = &[
    CheckSpec::new("EMPTY_TABLE", "Empty table", Integrity, "A table without rows or columns.")
        .severity(Severity::Error),
    CheckSpec::new("EMPTY_COLUMN", "Empty columns", Integrity, "Columns in which no cell has a value."),
    CheckSpec::new("MISSING_VALUES", "Missing values", Integrity, "The share of a column's cells without a value.")
        .at_most(0.05, Share),
    CheckSpec::new("INFINITE_VALUES", "Infinite values", Integrity, "The share of a column's cells that are infinite.")
        .at_most(0.0, Share),
    CheckSpec::new("CONSTANT_COLUMN", "Constant columns", Integrity, "Columns with a single value, missing cells apart."),
    CheckSpec::new(
        "DUPLICATE_ROWS",
        "Duplicate rows",
        Integrity,
        "The share of rows that repeat an earlier one in every column.",
    )
    .at_most(0.05, Share),
    CheckSpec::new("DUPLICATE_COLUMNS", "Duplicate columns", Integrity, "Columns that equal another in every cell."),
    CheckSpec::new(
        "IDENTIFIER_LIKE",
        "Identifier-like columns",
        Integrity,
        "Columns named like an identifier, or counted through, in which more than this share of values is distinct.",
    )
    .at_most(0.95, Share),
    CheckSpec::new(
        "MIXED_TYPES",
        "Mixed types",
        Integrity,
        "Numbers or dates with other cells among them, or words with numbers among them: fewer than this share, as an even mixture is meant.",
    )
    .at_least(0.1, Share),
    CheckSpec::new(
        "PLACEHOLDER_VALUES",
        "Placeholders for missing values",
        Integrity,
        "The share of cells that say \"no value\" in words, or by a number like -999 far from all others.",
    )
    .at_most(0.0, Share),
    CheckSpec::new(
        "STRING_VARIANTS",
        "Spelling variants",
        Integrity,
        "Categories that occur in several spellings: other case, spaces or joining signs.",
    )
    .at_most(0.0, Count),
    CheckSpec::new("SPECIAL_CHARACTERS", "Special characters", Integrity, "The share of a column's cells that hold signs and no letter or digit.").at_most(0.001, Share),
    CheckSpec::new("MIXED_NULLS", "Mixed missing values", Integrity, "Columns that say \"no value\" in more ways than this.").at_most(1.0, Count),
    CheckSpec::new("STRING_LENGTH", "Text lengths", Integrity, "Cells of a column whose text is far longer or shorter than the others.").at_most(0.0, Count),
    CheckSpec::new("CORRELATED_FEATURES", "Correlated features", Integrity, "Pairs of columns that follow each other more closely than this.").at_most(0.9, Score),
    CheckSpec::new("OUTLIER_ROWS", "Outlier rows", Integrity, "The share of rows unlike all others, taken together: local outlier probability above 0.7 on Gower's distance.").at_most(0.05, Share),
    CheckSpec::new("NEAR_DUPLICATES", "Near duplicates", Integrity, "The share of rows that are nearly the same as another one, above what chance explains.").at_most(0.02, Share),
    CheckSpec::new("PERSONAL_DATA", "Personal data", Integrity, "Columns that look like e-mail addresses, phone numbers, IBANs or payment cards."),
    CheckSpec::new("TARGET_MISSING", "Missing target values", Target, "The share of rows without a target.")
        .at_most(0.0, Share),
    CheckSpec::new("TARGET_CONSTANT", "Constant target", Target, "A target with a single value.")
        .severity(Severity::Error),
    CheckSpec::new(
        "CLASS_IMBALANCE",
        "Class balance",
        Target,
        "Rows of the rarest class per row of the most frequent one.",
    )
    .at_least(0.1, Share),
    CheckSpec::new("RARE_CLASSES", "Rare classes", Target, "Classes with fewer rows than this.").at_least(5.0, Count),
    CheckSpec::new(
        "CONFLICTING_LABELS",
        "Conflicting labels",
        Target,
        "The share of rows that equal another one in every feature and differ in the target.",
    )
    .at_most(0.0, Share),
    CheckSpec::new("SMALL_SAMPLE", "Sample size", Target, "Rows with a target; ten for each column are wanted besides.").at_least(50.0, Count),
    CheckSpec::new(
        "TARGET_LEAKAGE",
        "Target leakage",
        Leakage,
        "Columns that predict the target alone with at least this AUC; for a number, with an R² of twice the limit less 1.",
    )
    .at_most(0.9, Score),
    CheckSpec::new("PREDICTIVE_POWER", "Predictive power of single columns", Leakage, "Columns with at least this predictive power, from 0 for guessing to 1.").at_most(0.8, Score),
    CheckSpec::new(
        "MISSINGNESS_LEAKAGE",
        "Target leakage through missing values",
        Leakage,
        "Columns whose missing cells predict the target with at least this AUC.",
    )
    .at_most(0.7, Score),
    CheckSpec::new(
        "ORDER_LEAKAGE",
        "Target leakage through row order or identifiers",
        Leakage,
        "The row number or an identifier predicts the target with at least this AUC; for a number, with an R² of the limit less 0.5.",
    )
    .at_most(0.6, Score),
    CheckSpec::new("TRIGGER_VALUES", "Rare values that decide the class", Poisoning, "Rare values of which at least this share of the rows has one class, and not by chance.").at_most(0.95, Share).with_target(),
    CheckSpec::new("LABEL_SUSPECTS", "Labels the table contradicts", Poisoning, "The share of rows whose label a model on the other columns is sure to be wrong.").at_most(0.01, Share).with_target(),
    CheckSpec::new("DUPLICATE_FLOOD", "Flood of one record", Poisoning, "The share of rows that are one and the same record, but for small changes.").at_most(0.01, Share),
    CheckSpec::new("SOURCE_SHIFT", "Sudden change within the table", Poisoning, "By how much a category's share jumps in one stretch of rows while it is even in all others.").at_most(0.1, Share),
    CheckSpec::new("LABEL_RATE_SHIFT", "Sudden change of a source's labels", Poisoning, "By how much the share of a class jumped against the reference within one category.").at_most(0.2, Share).with_target().with_reference(),
    CheckSpec::new(
        "COLUMNS_MISSING",
        "Columns missing against the reference",
        TrainTest,
        "Columns of the reference that the table does not have.",
    )
    .severity(Severity::Error),
    CheckSpec::new(
        "COLUMNS_NEW",
        "Columns new against the reference",
        TrainTest,
        "Columns that the reference does not have.",
    ),
    CheckSpec::new(
        "COLUMN_TYPE_CHANGED",
        "Column types changed against the reference",
        TrainTest,
        "Columns that hold numbers, dates or text and held something else in the reference.",
    )
    .severity(Severity::Error),
    CheckSpec::new(
        "OUT_OF_RANGE",
        "Numbers outside the reference's range",
        TrainTest,
        "Numbers beyond the reference's smallest and largest: more than chance explains, or far out.",
    ),
    CheckSpec::new(
        "UNKNOWN_CATEGORIES",
        "Categories the reference does not have",
        TrainTest,
        "The share of cells with a category new against the reference, above what its rare categories let expect.",
    )
    .at_most(0.0, Share),
    CheckSpec::new(
        "MISSING_INCREASED",
        "More missing values than in the reference",
        TrainTest,
        "By how much the share of missing cells has grown.",
    )
    .at_most(0.1, Share),
    CheckSpec::new(
        "TRAIN_TEST_OVERLAP",
        "Rows shared with the reference",
        TrainTest,
        "The share of rows that also occur in the reference, identifiers apart, above what its own repeated rows let expect.",
    )
    .at_most(0.05, Share),
    CheckSpec::new("INDEX_OVERLAP", "Identifiers shared with the reference", TrainTest, "The share of rows whose identifier, or declared group, the reference has too.").at_most(0.0, Share),
    CheckSpec::new("DATE_OVERLAP", "Dates before the end of the reference", TrainTest, "The share of rows that are not later than the reference's last.").at_most(0.0, Share),
    CheckSpec::new("DATE_DUPLICATES", "Dates shared with the reference", TrainTest, "The share of rows with exactly the date of a row of the reference.").at_most(0.0, Share),
    CheckSpec::new("DATASET_SIZE", "Size against the reference", TrainTest, "Rows per row of the reference.").at_least(0.01, Share),
    CheckSpec::new("NEW_LABELS", "Classes the reference does not have", TrainTest, "The share of rows with a class new against the reference.").at_most(0.0, Share).with_target(),
    CheckSpec::new("NEW_STRING_VARIANTS", "New spellings against the reference", TrainTest, "Values of a column that the reference has in another spelling only.").at_most(0.0, Count),
    CheckSpec::new("FEATURE_DRIFT", "Feature drift", TrainTest, "How far a column's distribution has moved: Kolmogorov-Smirnov for numbers, Cramér's V for categories.").at_most(0.2, Score),
    CheckSpec::new("LABEL_DRIFT", "Label drift", TrainTest, "How far the target's distribution has moved, measured as feature drift.").at_most(0.15, Score).with_target(),
    CheckSpec::new("POWER_CHANGED", "Predictive power changed", TrainTest, "By how much a column's predictive power differs from that in the reference, which is to be below 0.7.").at_most(0.2, Score).with_target(),
    CheckSpec::new("JOINT_DRIFT", "Drift of all columns together", TrainTest, "How well a model tells the table's rows from the reference's: twice its AUC less 1.").at_most(0.2, Score),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_every_check_says_what_it_is() {
        let codes: BTreeSet<&str> = catalogue().iter().map(|spec| spec.code).collect();
        assert_eq!(codes.len(), catalogue().len());
        for spec in catalogue() {
            assert!(spec.code.chars().all(|c| c.is_ascii_uppercase() || c == '_'), "{}", spec.code);
            assert!(spec.help.ends_with('.') && !spec.title.ends_with('.'), "{}", spec.code);
            assert_eq!(CheckSpec::of(spec.code), Some(spec));
        }
        assert_eq!(CheckSpec::of("NOPE"), None);
    }

    #[test]
    fn what_is_not_given_does_not_run() {
        let overlap = CheckSpec::of("TRAIN_TEST_OVERLAP").unwrap();
        assert!(overlap.runs(false, true) && !overlap.runs(true, false));
        let balance = CheckSpec::of("CLASS_IMBALANCE").unwrap();
        assert!(balance.runs(true, false) && !balance.runs(false, true));
    }
}
