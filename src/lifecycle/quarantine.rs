//! Quarantine: rows that break rules are set aside, not deleted, and the rest becomes a version of its own.
//!
//! The rows that hold become a version of the dataset on a branch, those that do not a version of the dataset
//! `NAME-quarantine`, with a column that names the rules. `main` does not move: publishing does that, past the gates.

use std::collections::BTreeMap;

use tempfile::TempPath;

use crate::data::columns::StoredTable;
use crate::data::error::LoadError;
use crate::data::rules::{self, RuleOutcome, RulesInput, Verdict};
use crate::data::table::{Cells, Dictionary};
use crate::data::{parquet, profile};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::branch::{MAIN, name_problem};
use crate::domain::check_request::{QuarantineOutcome, QuarantineRequest, SetAsideRequest};
use crate::domain::dataset::{DatasetVersion, Origin, Provenance};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::finding::Severity;
use crate::domain::ids::VersionId;
use crate::domain::io::{JobIo, Part};
use crate::domain::profile::TableProfile;
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use crate::domain::suite::Rule;
use crate::domain::words::counted;
use crate::store::datasets::{self, NewVersion};
use crate::store::{Workspace, activity, branches};

use super::resolve::{open, resolve};
use super::revert::log;
use super::{StageError, gates, validate};

/// The column that names the rules a row breaks.
const REASONS: &str = "broken_rules";

/// The rows that fail, 0-based and ascending; `None` where the rule judges no single rows.
pub(super) fn failing(rule: &Rule, outcome: &RuleOutcome) -> Option<Vec<u32>> {
    rule.test.is_about_rows().then(|| outcome.rows.iter().collect())
}

pub fn quarantine(
    workspace: &Workspace,
    request: &QuarantineRequest,
    io: &dyn JobIo,
) -> Result<QuarantineOutcome, StageError> {
    check_branch(&request.branch)?;
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.1 })?;
    let rules = rules_of(workspace, request, &version)?;
    io.progress("Judging the rows", Some(0.1))?;
    let judged = judge(workspace, &version, &rules, &Part { io, from: 0.1, to: 0.4 })?;
    let record = Record { format_version: 1, from: version.label(), rules: &rules, rows_by_rule: &judged.by_rule };
    let text =
        serde_json::to_vec(&record).map_err(|e| StageError::usage(format!("the rules cannot be recorded: {e}"), ""))?;
    let source = (text, format!("rules-on-{}.json", version.label()));
    part(workspace, version, judged, source, (&request.branch, ""), &Part { io, from: 0.4, to: 0.95 })
}

/// Rows that somebody chose are set aside in the same way.
pub fn set_aside(
    workspace: &Workspace,
    request: &SetAsideRequest,
    io: &dyn JobIo,
) -> Result<QuarantineOutcome, StageError> {
    check_branch(&request.branch)?;
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.1 })?;
    let mut judged = Judged::default();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (row, why) in &request.rows {
        let Some(at) = row.checked_sub(1).filter(|at| *at < version.rows).and_then(|at| u32::try_from(at).ok()) else {
            return Err(StageError::usage(
                format!("{} has no row {row}: its rows are 1 to {}", version.label(), version.rows),
                "Rows count from 1, as the table shows them",
            ));
        };
        let reason = judged.names.iter().position(|name| name == why).unwrap_or_else(|| {
            judged.names.push(why.clone());
            judged.names.len() - 1
        });
        judged.reasons.entry(at).or_default().push(reason as u16);
        *counts.entry(why).or_default() += 1;
    }
    judged.by_rule = counts.into_iter().map(|(why, n)| (why.to_owned(), n)).collect();
    let text =
        serde_json::to_vec(request).map_err(|e| StageError::usage(format!("the rows cannot be recorded: {e}"), ""))?;
    let source = (text, format!("rows-of-{}.json", version.label()));
    part(workspace, version, judged, source, (&request.branch, &request.note), &Part { io, from: 0.1, to: 0.95 })
}

/// Makes both sides, unless one of them has no row; `source` is what they were made by, with its name. What is left
/// goes onto the branch, with the note if there is one.
fn part(
    workspace: &Workspace,
    version: DatasetVersion,
    judged: Judged,
    (text, source_name): (Vec<u8>, String),
    (branch, note): (&str, &str),
    io: &dyn JobIo,
) -> Result<QuarantineOutcome, StageError> {
    let by = (&judged.reasons, &judged.names[..]);
    let sides = match judged.reasons.is_empty() {
        true => None,
        false => Some((
            side(workspace, &version, by, Side::Kept, &Part { io, from: 0.0, to: 0.55 })?,
            side(workspace, &version, by, Side::Aside, &Part { io, from: 0.55, to: 1.0 })?,
        )),
    };
    let mut outcome = QuarantineOutcome {
        from: version.clone(),
        kept: None,
        quarantined: None,
        by_rule: judged.by_rule,
        left_out: judged.left_out,
    };
    let Some((kept, aside)) = sides else { return Ok(outcome) };
    let new = |made: Made, dataset: String, note: String| -> Result<NewVersion, StageError> {
        Ok(NewVersion {
            dataset,
            rows: made.rows,
            schema: made.schema,
            source_hash: workspace.put_bytes(&text)?,
            table_hash: workspace.adopt(made.table)?,
            source_name: source_name.replace(['/', '\\'], "-"),
            source_bytes: text.len() as u64,
            read: version.read.clone(),
            profile: made.profile,
            provenance: Provenance {
                origin: Origin::Quarantine,
                note,
                author: activity::account(),
                source_path: None,
                ..Provenance::default()
            },
        })
    };
    let (n_kept, n_aside) = (kept.rows, aside.rows);
    let rows = |n| counted(n, "row", "rows");
    let label = version.label();
    let left = match note.trim() {
        "" => format!("{} of {label} that are left", rows(n_kept)),
        note => note.to_owned(),
    };
    let mut kept = new(kept, version.dataset.clone(), left)?;
    kept.provenance.parent = Some(version.id);
    let name = format!("{}-quarantine", version.dataset);
    let aside = new(aside, name, format!("{} of {label} that were set aside", rows(n_aside)))?;
    let branch = (branch != MAIN).then_some(branch);
    let (kept, aside) = workspace.write(|tx| {
        let kept = datasets::insert_version_on(tx, &kept, branch)?;
        let aside = datasets::insert_version(tx, &aside)?;
        let event = NewEvent {
            action: "set aside".to_owned(),
            object_kind: ObjectKind::Dataset,
            object: aside.label(),
            summary: format!(
                "Set {} of {label} aside as {}; {} holds the other {}",
                rows(n_aside),
                aside.label(),
                kept.label(),
                rows(n_kept)
            ),
        };
        activity::append(tx, &event)?;
        Ok((kept, aside))
    })?;
    io.recorded();
    (outcome.kept, outcome.quarantined) = (Some(kept), Some(aside));
    Ok(outcome)
}

/// Lets `main` lead to a version, past the gates.
pub fn publish(workspace: &Workspace, id: VersionId, reason: Option<&str>) -> Result<EditOutcome, StageError> {
    gates::before_merging(workspace, id, reason)?;
    gates::before_publishing(workspace, id, reason)?;
    let (said, undo) = workspace.write(|tx| {
        let version = datasets::version(tx, id)?;
        if datasets::head_of(tx, version.dataset_id, MAIN)? == Some(id) {
            return Ok((format!("{} is what main leads to already", version.label()), None));
        }
        let before = gates::lead(tx, version.dataset_id, MAIN, id)?;
        // Whatever waited there does not wait any more.
        let waiting = branches::by_name(tx, version.dataset_id, crate::domain::gate::QUARANTINE)?;
        if let Some(waiting) = waiting.filter(|b| b.head == id) {
            branches::hide(tx, waiting.id, true)?;
        }
        let said = format!("Published {}: main leads to it now", version.label());
        log(tx, "published", &version, said.clone())?;
        Ok((said, before))
    })?;
    Ok(EditOutcome { said, undo: undo.map(|(branch, head)| Edit::MoveBranch { branch, head }), made: None })
}

/// What both parts were made by; their source.
#[derive(serde::Serialize)]
struct Record<'a> {
    format_version: u32,
    from: String,
    rules: &'a [Rule],
    rows_by_rule: &'a [(String, u64)],
}

fn check_branch(name: &str) -> Result<(), StageError> {
    match name_problem(name) {
        _ if name == MAIN => Err(StageError::usage(
            "the rest cannot go onto main at once",
            "Choose another branch, look at it, then `publish` it",
        )),
        Some(problem) => Err(StageError::usage(format!("`{name}` cannot be the name of a branch"), problem)),
        None => Ok(()),
    }
}

fn rules_of(
    workspace: &Workspace,
    request: &QuarantineRequest,
    version: &DatasetVersion,
) -> Result<Vec<Rule>, StageError> {
    let saved = validate::saved_suite(workspace, version)?.map(|s| s.suite);
    let Some(suite) = request.suite.as_deref().or(saved.as_ref()) else {
        return Err(StageError::usage(
            format!("{} has no suite", version.dataset),
            "Draft one: `suite draft D --save`, or give one by --suite FILE",
        ));
    };
    super::suite::check(suite)?;
    let all = suite.rules_for(request.environment);
    if let Some(unknown) = request.rules.iter().find(|id| !all.iter().any(|rule| rule.id == **id)) {
        let known: Vec<&str> = all.iter().map(|rule| rule.id.as_str()).collect();
        return Err(StageError::usage(
            format!("the suite has no rule `{unknown}`"),
            format!("It has {}", known.join(", ")),
        ));
    }
    let wanted = |rule: &Rule| match request.rules.is_empty() {
        true => rule.severity == Severity::Error,
        false => request.rules.contains(&rule.id),
    };
    Ok(all.into_iter().filter(wanted).collect())
}

#[derive(Default)]
struct Judged {
    /// Rows to set aside, with the positions of their reasons.
    reasons: BTreeMap<u32, Vec<u16>>,
    /// The reasons: ids of rules.
    names: Vec<String>,
    by_rule: Vec<(String, u64)>,
    left_out: Vec<(String, String)>,
}

fn judge(
    workspace: &Workspace,
    version: &DatasetVersion,
    rules: &[Rule],
    io: &dyn JobIo,
) -> Result<Judged, StageError> {
    let table = open(workspace, version)?;
    let profile = workspace.read(|conn| datasets::profile(conn, version.id))?;
    let input = RulesInput { table: table.table(), reference: None, profile: Some(&profile) };
    let outcomes = rules::run(&input, rules, io)?;
    let names = rules.iter().map(|rule| rule.id.clone()).collect();
    let mut judged = Judged { names, ..Judged::default() };
    for (i, (rule, outcome)) in rules.iter().zip(&outcomes).enumerate() {
        if let Verdict::Skipped(reason) = &outcome.verdict {
            judged.left_out.push((rule.id.clone(), reason.clone()));
            continue;
        }
        // What `mostly` tolerates is tolerated here, too.
        if outcome.verdict != Verdict::Broken {
            continue;
        }
        let Some(rows) = failing(rule, outcome) else {
            judged.left_out.push((rule.id.clone(), "it judges no single rows".to_owned()));
            continue;
        };
        if rows.is_empty() {
            continue;
        }
        judged.by_rule.push((rule.id.clone(), rows.len() as u64));
        for row in rows {
            judged.reasons.entry(row).or_default().push(i as u16);
        }
    }
    Ok(judged)
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Kept,
    Aside,
}

struct Made {
    table: TempPath,
    rows: u64,
    schema: Schema,
    profile: TableProfile,
}

/// The rows of one side, row group by row group.
fn side(
    workspace: &Workspace,
    version: &DatasetVersion,
    (reasons, names): (&BTreeMap<u32, Vec<u16>>, &[String]),
    side: Side,
    io: &dyn JobIo,
) -> Result<Made, StageError> {
    let path = workspace.verified_object(&version.table_hash)?;
    let before = parquet::File::open(&path, &version.label())?;
    before.check(&version.schema)?;
    let mut schema = version.schema.clone();
    if side == Side::Aside {
        schema.columns.push(reasons_column(&version.schema));
    }
    let columns: Vec<(String, Storage)> = schema.columns.iter().map(|c| (c.name.clone(), c.storage)).collect();
    let temp = workspace.temp_path()?;
    let mut writer = parquet::Writer::create(&temp, &columns)?;
    let mut n_rows = 0;
    for (group, rows) in before.row_starts.windows(2).enumerate() {
        io.progress("Writing the rows", Some(0.6 * rows[0] as f64 / version.rows.max(1) as f64))?;
        let aside = |row: &u64| u32::try_from(*row).is_ok_and(|row| reasons.contains_key(&row));
        let wanted: Vec<u64> = (rows[0]..rows[1]).filter(|row| aside(row) == (side == Side::Aside)).collect();
        if wanted.is_empty() {
            continue;
        }
        let read = |at: usize| -> Result<Cells, LoadError> {
            let cells = before.column_of_groups(group..group + 1, at, columns[at].1)?;
            Ok(cells.take(wanted.iter().map(|row| (row - rows[0]) as usize)))
        };
        let mut cells = (0..version.schema.columns.len()).map(read).collect::<Result<Vec<Cells>, LoadError>>()?;
        if side == Side::Aside {
            cells.push(Cells::Text(told(&wanted, reasons, names)));
        }
        n_rows += wanted.len() as u64;
        writer.write(&cells)?;
    }
    writer.finish()?;
    let profile = describe(&temp, &mut schema, n_rows, &Part { io, from: 0.6, to: 1.0 })?;
    Ok(Made { table: temp, rows: n_rows, schema, profile })
}

/// The reasons of each of these rows, as text.
fn told(rows: &[u64], reasons: &BTreeMap<u32, Vec<u16>>, names: &[String]) -> Dictionary {
    let of = |row: &u64| -> String {
        let broken = u32::try_from(*row).ok().and_then(|row| reasons.get(&row)).map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = broken.iter().map(|i| names[usize::from(*i)].as_str()).collect();
        ids.join("; ")
    };
    let texts: Vec<String> = rows.iter().map(of).collect();
    texts.iter().map(|text| Some(text.as_str())).collect()
}

fn reasons_column(schema: &Schema) -> ColumnSchema {
    // A table that was set aside before has the column already.
    let mut name = REASONS.to_owned();
    while schema.column(&name).is_some() {
        name.push('_');
    }
    ColumnSchema {
        name,
        kind: ColumnKind::Categorical,
        storage: Storage::String,
        missing: 0,
        distinct: 0,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec!["the rules that the row breaks".to_owned()],
        missing_tokens: vec![],
        personal: None,
    }
}

/// Counts the cells anew; what the columns mean stays as it was.
fn describe(
    path: &std::path::Path,
    schema: &mut Schema,
    rows: u64,
    io: &dyn JobIo,
) -> Result<TableProfile, StageError> {
    let studies = profile::study(&StoredTable::open(path, schema)?, io)?;
    let mut columns = Vec::new();
    for (column, study) in schema.columns.iter_mut().zip(studies) {
        let described = study.with_kind(column.kind).profile;
        (column.missing, column.distinct) = (described.missing, described.distinct);
        columns.push(described);
    }
    Ok(TableProfile { format_version: TableProfile::FORMAT_VERSION, rows, columns })
}
