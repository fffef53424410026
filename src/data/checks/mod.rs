//! Is a table fit to train on, and why not: the rules of validation.
//!
//! Here: what a rule is, the list of all rules, and running them. The rules themselves lie one family to a file. Each
//! takes the same [`Context`] and returns its findings, so a rule that has nothing to look at (no reference, no
//! target) is in the report all the same, with the reason it was skipped.
//!
//! Severities are chosen so that a clean table has neither warnings nor errors: whatever can happen by chance is at
//! most an information. Only what truly blocks training is an error.

mod context;
mod draft;
mod integrity;
mod leakage;
mod overlap;
mod reference;
mod rows;
mod schema;
mod spelling;
mod target;

use context::Context;

use crate::data::columns::TableRef;
use crate::data::error::LoadError;
#[cfg(test)]
use crate::data::table::Table;
use crate::domain::finding::{CheckReport, CheckResult, Finding};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::profile::TableProfile;

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
}

#[cfg(test)]
impl<'a> CheckInput<'a> {
    /// The table alone.
    pub fn new(table: &'a Table) -> Self {
        Self { table: TableRef::of(table), profile: None, reference: None, target: None }
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

struct Rule {
    code: &'static str,
    title: &'static str,
    check: fn(&Context) -> Outcome,
}

const fn rule(code: &'static str, title: &'static str, check: fn(&Context) -> Outcome) -> Rule {
    Rule { code, title, check }
}

/// Every rule, in the order a report lists them. Codes are stable: scripts and stored reports use them.
const RULES: &[Rule] = &[
    rule("EMPTY_TABLE", "Empty table", integrity::empty_table),
    rule("EMPTY_COLUMN", "Empty columns", integrity::empty_columns),
    rule("MISSING_VALUES", "Missing values", integrity::missing_values),
    rule("INFINITE_VALUES", "Infinite values", integrity::infinite_values),
    rule("CONSTANT_COLUMN", "Constant columns", integrity::constant_columns),
    rule("DUPLICATE_ROWS", "Duplicate rows", integrity::duplicate_rows),
    rule("DUPLICATE_COLUMNS", "Duplicate columns", integrity::duplicate_columns),
    rule("IDENTIFIER_LIKE", "Identifier-like columns", integrity::identifier_like),
    rule("MIXED_TYPES", "Mixed types", spelling::mixed_types),
    rule("PLACEHOLDER_VALUES", "Placeholders for missing values", spelling::placeholders),
    rule("STRING_VARIANTS", "Spelling variants", spelling::string_variants),
    rule("TARGET_MISSING", "Missing target values", target::missing),
    rule("TARGET_CONSTANT", "Constant target", target::constant),
    rule("CLASS_IMBALANCE", "Class balance", target::imbalance),
    rule("RARE_CLASSES", "Rare classes", target::rare_classes),
    rule("CONFLICTING_LABELS", "Conflicting labels", target::conflicting_labels),
    rule("TARGET_LEAKAGE", "Target leakage", leakage::columns),
    rule("MISSINGNESS_LEAKAGE", "Target leakage through missing values", leakage::missingness),
    rule("ORDER_LEAKAGE", "Target leakage through row order or identifiers", leakage::order),
    rule("COLUMNS_MISSING", "Columns missing against the reference", schema::columns_missing),
    rule("COLUMNS_NEW", "Columns new against the reference", schema::columns_new),
    rule("COLUMN_TYPE_CHANGED", "Column types changed against the reference", schema::types_changed),
    rule("OUT_OF_RANGE", "Numbers outside the reference's range", reference::out_of_range),
    rule("UNKNOWN_CATEGORIES", "Categories the reference does not have", reference::unknown_categories),
    rule("MISSING_INCREASED", "More missing values than in the reference", reference::missing_increased),
    rule("TRAIN_TEST_OVERLAP", "Rows shared with the reference", overlap::shared_rows),
];

/// Runs every rule; the tables may be larger than memory. The work is linear in the cells, except for scores of leakage, which look at up to 50,000 rows.
pub fn run(input: &CheckInput<'_>, io: &dyn JobIo) -> Result<CheckReport, LoadError> {
    io.progress("Reading the columns", Some(0.0))?;
    let context = Context::new(*input, io)?;
    let mut results = Vec::with_capacity(RULES.len());
    for (done, rule) in RULES.iter().enumerate() {
        io.progress(&format!("Checking: {}", rule.title), Some((done + 1) as f64 / (RULES.len() + 1) as f64))?;
        results.push(run_rule(rule, &context)?);
    }
    Ok(CheckReport::new(results))
}

fn run_rule(rule: &Rule, context: &Context) -> Result<CheckResult, LoadError> {
    let (findings, skipped) = match (rule.check)(context) {
        Ok(findings) => (findings, None),
        Err(Stop::Skipped(reason)) => (Vec::new(), Some(reason)),
        Err(Stop::Failed(error)) => return Err(error),
    };
    let findings = findings.into_iter().map(|finding| Finding { code: rule.code.to_owned(), ..finding }).collect();
    Ok(CheckResult {
        code: rule.code.to_owned(),
        title: rule.title.to_owned(),
        skipped,
        findings,
        rule: None,
        observed: None,
    })
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
