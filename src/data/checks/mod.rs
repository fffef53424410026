//! Is a table fit to train on, and why not: the rules of validation.
//!
//! Here: what a rule is, the list of all rules, and running them. The rules themselves lie one family to a file. Each
//! takes the same [`Context`] and returns its findings, so a rule that has nothing to look at (no reference, no
//! target) is in the report all the same, with the reason it was skipped.
//!
//! Severities are chosen so that a clean table has neither warnings nor errors: whatever can happen by chance is at
//! most an information. Only what truly blocks training is an error.
//!
//! The checks of Deepchecks' two suites for tables, and ours in their place:
//!
//! | Deepchecks | Here | Where the definitions differ |
//! |---|---|---|
//! | Is Single Value | `CONSTANT_COLUMN` | missing cells are no value |
//! | Special Characters | `SPECIAL_CHARACTERS` | judged per cell by letters and digits of any script |
//! | Mixed Nulls | `MIXED_NULLS` | what the import read as missing counts as a kind, and is only noted |
//! | Mixed Data Types | `MIXED_TYPES` | less than 1 % of numbers among words passes, of words among numbers it does not |
//! | String Mismatch | `STRING_VARIANTS` | signs at the ends and between digits tell values apart (`A-`, `1-5`) |
//! | Data Duplicates | `DUPLICATE_ROWS` | none |
//! | String Length Out Of Bounds | `STRING_LENGTH` | percentiles of all lengths; free text is only noted |
//! | Conflicting Labels | `CONFLICTING_LABELS` | identifiers do not count; only noted where features are coarse |
//! | Feature Label Correlation | `PREDICTIVE_POWER` | groups of quantiles in place of a decision tree; also `TARGET_LEAKAGE` |
//! | Feature Feature Correlation | `CORRELATED_FEATURES` | Cramér's V in place of Theil's U; equal columns are `DUPLICATE_COLUMNS` |
//! | Identifier Label Correlation | `ORDER_LEAKAGE` | AUC of 0.6 that chance does not explain, in place of any power |
//! | Outlier Sample Detection | `OUTLIER_ROWS` | 2,000 rows in place of 5,000; bounded by work, not by time |
//! | Class Imbalance | `CLASS_IMBALANCE` | none |
//! | Percent Of Nulls | `MISSING_VALUES` | the target has `TARGET_MISSING` |
//! | Datasets Size Comparison | `DATASET_SIZE` | none |
//! | New Label | `NEW_LABELS` | none |
//! | New Category | `UNKNOWN_CATEGORIES` | categories as rare as those seen once are expected (Good & Turing) |
//! | String Mismatch Comparison | `NEW_STRING_VARIANTS` | folded as in `STRING_VARIANTS` |
//! | Date Train Test Leakage Duplicates | `DATE_DUPLICATES` | a warning only for a declared time |
//! | Date Train Test Leakage Overlap | `DATE_OVERLAP` | a warning for a declared time, or where most rows are later |
//! | Index Train Test Leakage | `INDEX_OVERLAP` | also a declared group; row numbers and earlier versions are only noted |
//! | Train Test Samples Mix | `TRAIN_TEST_OVERLAP` | above the reference's own repetitions; over 1 % of the training data is an error |
//! | Feature Label Correlation Change | `POWER_CHANGED` | as `PREDICTIVE_POWER` |
//! | Feature Drift | `FEATURE_DRIFT` | all levels count; what chance explains is only noted |
//! | Label Drift | `LABEL_DRIFT` | as `FEATURE_DRIFT` |
//! | Multivariate Drift | `JOINT_DRIFT` | limit 0.2 in place of 0.25; sees products of columns too |

mod against;
mod alone;
mod chance;
mod context;
mod draft;
mod integrity;
mod joint;
mod labels;
mod leakage;
mod near;
mod outliers;
mod overlap;
mod pairs;
mod poison;
mod power;
mod reference;
mod rows;
mod sample;
mod schema;
mod scored;
mod separation;
mod spelling;
mod suspects;
mod target;
mod texts;

use std::collections::BTreeMap;

pub use alone::{Power, column_scores};
use context::Context;
pub use draft::MOST_KEPT;
pub use labels::label_problems;

use crate::data::columns::TableRef;
use crate::data::error::LoadError;
#[cfg(test)]
use crate::data::table::Table;
use crate::domain::finding::{CheckReport, CheckResult, Finding, Severity};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::profile::TableProfile;
use crate::domain::suite::{CheckGroup, CheckSetting, CheckSpec, catalogue};

/// What is checked, and against what.
#[derive(Clone, Copy)]
pub struct CheckInput<'a> {
    pub table: TableRef<'a>,
    /// The table's profile, if there is one: saves counting distinct values again.
    pub profile: Option<&'a TableProfile>,
    /// An earlier table of the same kind: the training data, or last month.
    pub reference: Option<TableRef<'a>>,
    /// The column to predict.
    pub target: Option<&'a str>,
    /// What the reference is to the table.
    pub against: Against,
    /// The column that says when, if it is declared.
    pub time: Option<&'a str>,
    /// The column that says whose row it is, if it is declared.
    pub group: Option<&'a str>,
    /// What a suite changes about the checks, by their code.
    pub settings: &'a BTreeMap<String, CheckSetting>,
    /// Rows that a finding names at most, [`MOST_KEPT`] however many are asked for.
    pub most_rows: usize,
}

/// What the reference is to the table. What may be shared with it depends on that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    /// An earlier version, or last month: its rows may come again.
    #[default]
    Earlier,
    /// The data a model learns from, while the table tests it: they may share nothing.
    Training,
}

/// Every check as it comes.
pub static NO_SETTINGS: BTreeMap<String, CheckSetting> = BTreeMap::new();

#[cfg(test)]
impl<'a> CheckInput<'a> {
    /// The table alone.
    pub fn new(table: &'a Table) -> Self {
        Self::over(TableRef::of(table))
    }
}

impl<'a> CheckInput<'a> {
    /// The table alone, with every check as it comes.
    pub fn over(table: TableRef<'a>) -> Self {
        Self {
            table,
            profile: None,
            reference: None,
            target: None,
            against: Against::Earlier,
            time: None,
            group: None,
            settings: &NO_SETTINGS,
            most_rows: draft::MOST_ROWS,
        }
    }
}

/// Why a rule has no findings to show.
enum Stop {
    Failed(LoadError),
    Skipped(String),
}

impl From<Cancelled> for Stop {
    fn from(_: Cancelled) -> Self {
        Self::Failed(Cancelled.into())
    }
}

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Self {
        Self::Failed(error)
    }
}

type Outcome = Result<Vec<Finding>, Stop>;

/// What a rule does.
enum Check {
    /// There is no limit to choose.
    Fixed(fn(&Context) -> Outcome),
    /// Holds what it finds against a limit.
    Limited(fn(&Context, f64) -> Outcome),
}

use Check::{Fixed, Limited};

/// Every rule by its code, in the order of [`catalogue`], which describes them.
const RULES: &[(&str, Check)] = &[
    ("EMPTY_TABLE", Fixed(integrity::empty_table)),
    ("EMPTY_COLUMN", Fixed(integrity::empty_columns)),
    ("MISSING_VALUES", Limited(integrity::missing_values)),
    ("INFINITE_VALUES", Limited(integrity::infinite_values)),
    ("CONSTANT_COLUMN", Fixed(integrity::constant_columns)),
    ("DUPLICATE_ROWS", Limited(integrity::duplicate_rows)),
    ("DUPLICATE_COLUMNS", Fixed(integrity::duplicate_columns)),
    ("IDENTIFIER_LIKE", Limited(integrity::identifier_like)),
    ("MIXED_TYPES", Limited(spelling::mixed_types)),
    ("PLACEHOLDER_VALUES", Limited(spelling::placeholders)),
    ("STRING_VARIANTS", Limited(spelling::string_variants)),
    ("SPECIAL_CHARACTERS", Limited(texts::special_characters)),
    ("MIXED_NULLS", Limited(texts::mixed_nulls)),
    ("STRING_LENGTH", Limited(texts::lengths)),
    ("CORRELATED_FEATURES", Limited(pairs::correlated)),
    ("OUTLIER_ROWS", Limited(outliers::outlier_rows)),
    ("NEAR_DUPLICATES", Limited(near::near_duplicates)),
    ("PERSONAL_DATA", Fixed(texts::personal)),
    ("TARGET_MISSING", Limited(target::missing)),
    ("TARGET_CONSTANT", Fixed(target::constant)),
    ("CLASS_IMBALANCE", Limited(target::imbalance)),
    ("RARE_CLASSES", Limited(target::rare_classes)),
    ("CONFLICTING_LABELS", Limited(target::conflicting_labels)),
    ("SMALL_SAMPLE", Limited(target::small_sample)),
    ("TARGET_LEAKAGE", Limited(leakage::columns)),
    ("PREDICTIVE_POWER", Limited(power::power)),
    ("MISSINGNESS_LEAKAGE", Limited(leakage::missingness)),
    ("ORDER_LEAKAGE", Limited(leakage::order)),
    ("TRIGGER_VALUES", Limited(poison::triggers)),
    ("LABEL_SUSPECTS", Limited(suspects::label_suspects)),
    ("DUPLICATE_FLOOD", Limited(near::duplicate_flood)),
    ("SOURCE_SHIFT", Limited(poison::source_shift)),
    ("LABEL_RATE_SHIFT", Limited(poison::label_rate_shift)),
    ("COLUMNS_MISSING", Fixed(schema::columns_missing)),
    ("COLUMNS_NEW", Fixed(schema::columns_new)),
    ("COLUMN_TYPE_CHANGED", Fixed(schema::types_changed)),
    ("OUT_OF_RANGE", Fixed(reference::out_of_range)),
    ("UNKNOWN_CATEGORIES", Limited(reference::unknown_categories)),
    ("MISSING_INCREASED", Limited(reference::missing_increased)),
    ("TRAIN_TEST_OVERLAP", Limited(overlap::shared_rows)),
    ("INDEX_OVERLAP", Limited(separation::identifiers)),
    ("DATE_OVERLAP", Limited(separation::date_overlap)),
    ("DATE_DUPLICATES", Limited(separation::date_duplicates)),
    ("DATASET_SIZE", Limited(against::size)),
    ("NEW_LABELS", Limited(against::new_labels)),
    ("NEW_STRING_VARIANTS", Limited(against::new_variants)),
    ("FEATURE_DRIFT", Limited(against::feature_drift)),
    ("LABEL_DRIFT", Limited(against::label_drift)),
    ("POWER_CHANGED", Limited(power::power_change)),
    ("JOINT_DRIFT", Limited(joint::joint_drift)),
];

/// Runs every rule; the tables may be larger than memory. The work is linear in the cells, except for scores of leakage, which look at up to 50,000 rows.
pub fn run(input: &CheckInput<'_>, io: &dyn JobIo) -> Result<CheckReport, LoadError> {
    run_those(input, &catalogue().iter().collect::<Vec<_>>(), io)
}

/// Runs the rules that hold a table against its reference, as one side of a split is held against the other.
pub fn run_against(input: &CheckInput<'_>, io: &dyn JobIo) -> Result<CheckReport, LoadError> {
    let specs = catalogue().iter().filter(|spec| spec.group == CheckGroup::TrainTest);
    run_those(input, &specs.collect::<Vec<_>>(), io)
}

fn run_those(input: &CheckInput<'_>, specs: &[&CheckSpec], io: &dyn JobIo) -> Result<CheckReport, LoadError> {
    io.progress("Reading the columns", Some(0.0))?;
    let context = Context::new(*input, io)?;
    let mut results = Vec::with_capacity(specs.len());
    for (done, spec) in specs.iter().enumerate() {
        io.progress(&format!("Checking: {}", spec.title), Some((done + 1) as f64 / (specs.len() + 1) as f64))?;
        results.push(run_rule(spec, &context)?);
    }
    Ok(CheckReport::new(results))
}

fn run_rule(spec: &CheckSpec, context: &Context) -> Result<CheckResult, LoadError> {
    let setting = context.input.settings.get(spec.code);
    let rule = RULES.iter().find(|(code, _)| *code == spec.code).map(|(_, check)| check);
    let outcome = match rule {
        _ if setting.is_some_and(|setting| setting.off) => Err(Stop::Skipped("Switched off in the suite".to_owned())),
        Some(Fixed(check)) => check(context),
        Some(Limited(check)) => {
            let own = spec.limit.unwrap_or_default();
            check(context, setting.and_then(|setting| setting.limit).unwrap_or(own))
        }
        None => Ok(Vec::new()),
    };
    let (findings, skipped) = match outcome {
        Ok(findings) => (findings, None),
        Err(Stop::Skipped(reason)) => (Vec::new(), Some(reason)),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let chosen = setting.and_then(|setting| setting.severity);
    // What lies within the limit stays an information.
    let severity = |own: Severity| chosen.filter(|_| own >= spec.severity).unwrap_or(own);
    let findings = findings
        .into_iter()
        .map(|mut finding| {
            finding.rows.truncate(context.input.most_rows);
            Finding { code: spec.code.to_owned(), severity: severity(finding.severity), ..finding }
        })
        .collect();
    Ok(CheckResult {
        code: spec.code.to_owned(),
        title: spec.title.to_owned(),
        skipped,
        findings,
        rule: None,
        observed: context.observed.take(),
    })
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
