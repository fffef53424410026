//! Judging the rules of a suite on a table.
//!
//! Rules about one column (and the same row filter) share one pass over its pieces; a rule about several columns reads
//! theirs piece by piece. Columns are worked on side by side. What is kept beside the piece at hand is the failing
//! rows, a bit per row for each row filter, and eight bytes per row of one column for what needs all its values
//! (quantiles, uniqueness), so a table may be larger than memory.
//!
//! Text columns are coded by dictionaries: sets, patterns and lengths judge each different text once, not each cell.
//! One rule that cannot be judged never hides the others: its outcome says why.

#![expect(clippy::result_large_err, reason = "an outcome is made once per rule: its size costs nothing")]

mod aggregate;
mod bounds;
mod cells;
mod column;
mod expression;
mod filter;
mod findings;
mod keys;
mod rowset;
mod schema;
mod several;
mod statistics;
mod workers;

pub use findings::{findings, title};
pub use rowset::RowSet;

use std::collections::BTreeMap;

use super::columns::TableRef;
use super::error::LoadError;
use super::view::bits::Bits;
use super::view::find_column;
use crate::domain::io::JobIo;
use crate::domain::profile::TableProfile;
use crate::domain::suite::Rule;

use workers::Watch;

/// What is judged, and against what.
#[derive(Clone, Copy)]
pub struct RulesInput<'a> {
    pub table: TableRef<'a>,
    /// An earlier table of the same kind.
    pub reference: Option<TableRef<'a>>,
    /// That of `table`, where there is one: saves counting distinct values again.
    pub profile: Option<&'a TableProfile>,
}

/// What became of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Held,
    Broken,
    /// It could not be judged, and why that is no fault of the table: "No reference given".
    Skipped(String),
}

/// What a rule measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// The statistic, or of a test of cells or rows the share that holds.
    Number(f64),
    /// The quantiles, in the order of the rule.
    Numbers(Vec<f64>),
    /// Values or names: those that should not be there, or those there are.
    Values(Vec<String>),
}

/// The outcome of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleOutcome {
    pub verdict: Verdict,
    pub observed: Option<Observed>,
    /// What a number was held against; the nearer one of two.
    pub limit: Option<f64>,
    /// Cells, rows or values that fail.
    pub unexpected: u64,
    /// Those that were judged: without the missing ones, where these cannot fail.
    pub judged: u64,
    /// All failing rows.
    pub rows: RowSet,
    /// Some values that fail with their counts, most frequent first. Texts are counted in all rows; other values in the
    /// first thousand failing ones.
    pub values: Vec<(String, u64)>,
    /// Why a broken rule could not be judged as it is written.
    pub reason: Option<String>,
}

impl RuleOutcome {
    fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            observed: None,
            limit: None,
            unexpected: 0,
            judged: 0,
            rows: RowSet::default(),
            values: Vec::new(),
            reason: None,
        }
    }

    /// A rule that makes no sense for this table.
    fn impossible(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(Verdict::Broken) }
    }

    fn skipped(reason: impl Into<String>) -> Self {
        Self::new(Verdict::Skipped(reason.into()))
    }

    fn held_if(holds: bool) -> Self {
        Self::new(if holds { Verdict::Held } else { Verdict::Broken })
    }

    /// Of cells or rows: how many of how many fail.
    fn of_rows(rule: &Rule, unexpected: u64, judged: u64) -> Self {
        let share = if judged == 0 { 1.0 } else { (judged - unexpected) as f64 / judged as f64 };
        let held = unexpected == 0 || share >= rule.mostly;
        Self {
            observed: Some(Observed::Number(share)),
            limit: Some(rule.mostly),
            unexpected,
            judged,
            ..Self::held_if(held)
        }
    }

    pub fn is_broken(&self) -> bool {
        self.verdict == Verdict::Broken
    }
}

/// What rules of one pass share: positions of the column and of the row filter.
type ColumnAndFilter = (usize, Option<usize>);

/// Why a rule has no measurement.
enum Stop {
    Failed(LoadError),
    Outcome(RuleOutcome),
}

impl<E: Into<LoadError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Stop {
    fn impossible(reason: impl Into<String>) -> Self {
        Self::Outcome(RuleOutcome::impossible(reason))
    }
}

/// The outcome of one rule, where only a failure to read or a cancelled job is an error.
fn settled(result: Result<RuleOutcome, Stop>) -> Result<RuleOutcome, LoadError> {
    match result {
        Ok(outcome) | Err(Stop::Outcome(outcome)) => Ok(outcome),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// What is judged in one go: the rules about one column, or one rule about several.
enum Unit<'r> {
    Column { column: usize, filter: Option<usize>, rules: Vec<(usize, &'r Rule)> },
    Several { columns: Vec<usize>, filter: Option<usize>, rule: (usize, &'r Rule) },
}

/// Judges every rule; one outcome for each, in their order.
///
/// A rule about a column that is not there is skipped when it comes from a contract (whose `contract:exists:` rule
/// tells), and broken otherwise. A rule that makes no sense for its column is broken with the reason.
///
/// Errors: a file that cannot be read, a cancelled job.
pub fn run(input: &RulesInput<'_>, rules: &[Rule], io: &dyn JobIo) -> Result<Vec<RuleOutcome>, LoadError> {
    io.progress("Judging rules", Some(0.0))?;
    let mut outcomes: Vec<Option<RuleOutcome>> = vec![None; rules.len()];
    let mut filters = filter::Filters::default();
    let mut columns: BTreeMap<ColumnAndFilter, Vec<(usize, &Rule)>> = BTreeMap::new();
    let mut units = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        match prepare(input, rule, &mut filters) {
            Err(outcome) => outcomes[index] = Some(outcome),
            Ok((at, filter)) => match (rule.test.column(), at.first()) {
                (Some(_), Some(&column)) => columns.entry((column, filter)).or_default().push((index, rule)),
                _ => units.push(Unit::Several { columns: at, filter, rule: (index, rule) }),
            },
        }
    }
    let of_column = |((column, filter), rules)| Unit::Column { column, filter, rules };
    units.splice(0..0, columns.into_iter().map(of_column));
    let kept = filters.rows(input.table, io)?;
    let rows_of = |filter: Option<usize>| filter.map(|at| &kept[at]);
    let work = |unit: &Unit<'_>, watch: &Watch<'_>| judge(input, unit, &rows_of, watch);
    let judged = workers::each(&units, input.table.n_rows(), io, "Judging rules", work)?;
    judged.into_iter().flatten().for_each(|(index, outcome)| outcomes[index] = Some(outcome));
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| RuleOutcome::skipped("Not judged"))).collect())
}

/// The columns and the filter of a rule that needs its rows; the outcome of one that does not.
fn prepare(
    input: &RulesInput<'_>,
    rule: &Rule,
    filters: &mut filter::Filters,
) -> Result<(Vec<usize>, Option<usize>), RuleOutcome> {
    if let Some(problem) = rule.problems().first() {
        return Err(RuleOutcome::impossible(format!("`{}`: {}", problem.field, problem.what)));
    }
    if rule.test.needs_reference() && input.reference.is_none() {
        return Err(RuleOutcome::skipped("No reference given"));
    }
    if let Some(outcome) = schema::judge(input, rule) {
        return Err(outcome);
    }
    let mut columns = Vec::new();
    for name in rule.test.columns() {
        match find_column(input.table.schema, &name) {
            Ok(column) => columns.push(column),
            Err(_) if rule.id.starts_with("contract:") => {
                return Err(RuleOutcome::skipped(format!("There is no column `{name}`")));
            }
            Err(error) => return Err(RuleOutcome::impossible(error.to_string())),
        }
    }
    let filter = match &rule.only_where {
        Some(text) => {
            let at = filters.number(text, input.table.schema);
            Some(at.map_err(|error| RuleOutcome::impossible(format!("its row filter: {error}")))?)
        }
        None => None,
    };
    Ok((columns, filter))
}

fn judge<'k>(
    input: &RulesInput<'_>,
    unit: &Unit<'_>,
    rows_of: &impl Fn(Option<usize>) -> Option<&'k Bits>,
    watch: &Watch<'_>,
) -> Result<Vec<(usize, RuleOutcome)>, LoadError> {
    match unit {
        Unit::Column { column, filter, rules } => {
            let cells = filter::Rows { table: input.table, only: rows_of(*filter), watch };
            column::judge(input, &cells, *column, rules)
        }
        Unit::Several { columns, filter, rule: (index, rule) } => {
            let rows = filter::Rows { table: input.table, only: rows_of(*filter), watch };
            Ok(vec![(*index, settled(several::judge(input, &rows, columns, rule))?)])
        }
    }
}

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
