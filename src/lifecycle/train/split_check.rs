//! The checks on a split, made where it is made: the rows that test are held against those that train.
//!
//! Once per split: whoever trains on the same rows later finds the report. The work is bounded by the cells that are
//! looked at, not by a clock, so that the same request always comes to the same report.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::session::{Session, split_column};
use crate::data::checks::{self, Against, CheckInput, NO_SETTINGS};
use crate::data::columns::TableRef;
use crate::data::part::TablePart;
use crate::data::rules::{self, RulesInput};
use crate::data::split::sample_rows;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::finding::CheckReport;
use crate::domain::ids::ContentHash;
use crate::domain::io::{JobIo, Part};
use crate::domain::split::SplitKind;
use crate::domain::split_check::{JudgedSplit, SplitCheck};
use crate::domain::suite::{Environment, Rule, SavedSuite, Suite};
use crate::lifecycle::{StageError, validate};
use crate::store::{Workspace, activity, split_checks};

/// Cells looked at, both sides together; of a larger table as many rows of each side as this allows.
const MOST_CELLS: f64 = 20e6;
/// The same per second of a time budget: about a tenth of it.
const CELLS_PER_SECOND: f64 = 200e3;
/// However small the budget, so many rows of a side are taken.
const LEAST_ROWS: usize = 1000;

/// The report on the session's split, made and stored unless there is one. The runs of the session name it from then on.
pub fn judge(workspace: &Workspace, session: &Session<'_>, io: &dyn JobIo) -> Result<SplitCheck, StageError> {
    let suite = validate::saved_suite(workspace, &session.version)?;
    let columns = columns(session);
    let train = looked_at(session, &session.rows.train, columns.len());
    let test = looked_at(session, &session.rows.test, columns.len());
    let of = JudgedSplit {
        version_id: session.version.id,
        target: session.request.target.clone(),
        rows_hash: rows_hash(session),
        columns,
        suite: suite.as_ref().map(|saved| saved.id),
        train_rows: train.len() as u64,
        test_rows: test.len() as u64,
    };
    let check = match workspace.read(|conn| split_checks::known(conn, &of))? {
        Some(known) => known,
        None => {
            let report = report(session, &of, (&train, &test), suite.as_ref(), io)?;
            record(workspace, session, &of, &report)?
        }
    };
    // Once only: it is the same for the same rows.
    let _ = session.split_check.set(check.id);
    Ok(check)
}

/// What the user left out is not looked at, unless the split is made by it.
fn columns(session: &Session<'_>) -> Vec<String> {
    let request = session.request;
    let by = split_column(&request.split.kind);
    let table = session.table();
    let names = table.schema.names();
    let is_used = |name: &&str| by.is_some_and(|by| by == name) || !request.exclude.iter().any(|left| left == name);
    names.filter(is_used).map(str::to_owned).collect()
}

fn looked_at<'a>(session: &Session<'_>, rows: &'a [u32], n_columns: usize) -> Cow<'a, [u32]> {
    let budget = session.request.options.budget_seconds;
    let most = budget.map_or(MOST_CELLS, |seconds| MOST_CELLS.min(seconds * CELLS_PER_SECOND));
    let both = session.rows.train.len() + session.rows.test.len();
    let share = most / (both * n_columns.max(1)) as f64;
    let n = ((rows.len() as f64 * share) as usize).max(LEAST_ROWS);
    if n >= rows.len() {
        return Cow::Borrowed(rows);
    }
    sample_rows(rows.len(), n, session.request.split.seed).into_iter().map(|at| rows[at]).collect()
}

/// Over the rows of the version on both sides.
fn rows_hash(session: &Session<'_>) -> ContentHash {
    let mut hasher = Sha256::new();
    for side in [&session.rows.train, &session.rows.test] {
        hasher.update((side.len() as u64).to_le_bytes());
        side.iter().for_each(|position| hasher.update(session.row_of_version(*position).to_le_bytes()));
    }
    ContentHash::from_bytes(&hasher.finalize().into())
}

fn report(
    session: &Session<'_>,
    of: &JudgedSplit,
    (train, test): (&[u32], &[u32]),
    suite: Option<&SavedSuite>,
    io: &dyn JobIo,
) -> Result<CheckReport, StageError> {
    let table = session.table();
    let [train, judged] = [train, test].map(|rows| TablePart::new(&table, &of.columns, rows));
    let kind = &session.request.split.kind;
    let input = CheckInput {
        reference: Some(TableRef { schema: &train.schema, columns: &train }),
        target: Some(&of.target),
        against: Against::Training,
        time: split_column(kind).filter(|_| matches!(kind, SplitKind::Time { .. })).map(String::as_str),
        group: split_column(kind).filter(|_| matches!(kind, SplitKind::Group { .. })).map(String::as_str),
        settings: suite.map_or(&NO_SETTINGS, |saved| &saved.suite.checks),
        ..CheckInput::over(TableRef { schema: &judged.schema, columns: &judged })
    };
    let mut report = checks::run_against(&input, &Part { io, from: 0.0, to: 0.8 })?;
    let rules = suite.map(|saved| rules_between(&saved.suite, &of.columns, split_column(kind))).unwrap_or_default();
    if !rules.is_empty() {
        let input = RulesInput { table: input.table, reference: input.reference, profile: None };
        let outcomes = rules::run(&input, &rules, &Part { io, from: 0.8, to: 1.0 })?;
        let judged = rules.iter().zip(&outcomes).map(|(rule, outcome)| rules::findings(rule, outcome));
        report.checks.extend(judged);
        report = CheckReport::new(report.checks);
    }
    // Rows of the part become rows of the version, as its table shows them.
    for row in report.checks.iter_mut().flat_map(|check| &mut check.findings).flat_map(|finding| &mut finding.rows) {
        let position = test.get((*row as usize).wrapping_sub(1));
        *row = position.map_or(*row, |position| u64::from(session.row_of_version(*position)) + 1);
    }
    Ok(report)
}

/// The suite's rules that compare with a reference, which the training rows are here. How many rows there are says
/// nothing of a split, and the column that makes it is meant to differ.
fn rules_between(suite: &Suite, columns: &[String], split_by: Option<&String>) -> Vec<Rule> {
    let fits = |rule: &Rule| {
        let about = rule.test.columns();
        rule.test.needs_reference()
            && !about.is_empty()
            && about.iter().all(|column| columns.contains(column) && split_by != Some(column))
    };
    suite.rules_for(Environment::Train).into_iter().filter(fits).collect()
}

fn record(
    workspace: &Workspace,
    session: &Session<'_>,
    of: &JudgedSplit,
    report: &CheckReport,
) -> Result<SplitCheck, StageError> {
    Ok(workspace.write(|tx| {
        let check = split_checks::insert(tx, of, report)?;
        let event = NewEvent {
            action: "checked a split".to_owned(),
            object_kind: ObjectKind::Dataset,
            object: session.version.label(),
            summary: format!("{} for `{}`: {}", check.summary(), of.target, check.extent()),
        };
        activity::append(tx, &event)?;
        Ok(check)
    })?)
}
