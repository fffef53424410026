//! Labelling by hand: drafts that are durable at once, and the version a session becomes.
//!
//! A labelled version differs from its parent in one column only. Its source is the log of the labels: row, label,
//! who, when, note. Other columns keep their cells and everything that is known about them.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::data::table::Cells;
use crate::data::view::RowOrder;
use crate::domain::dataset::{DatasetVersion, Origin};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::filter::{Condition, Filter, Test, Word};
use crate::domain::ids::{LabelSessionId, VersionId};
use crate::domain::io::{JobIo, Silent};
use crate::domain::labels::{Label, LabelHistory, LabelLog, LabelQueue, LabelTask, MAX_QUEUE, settled};
use crate::domain::profile::ColumnProfile;
use crate::domain::request::LabelRequest;
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::table::TableQuery;
use crate::domain::words::counted;
use crate::store::{Tx, Workspace, activity, datasets, labels};

use super::column::{Change, check_name, new_text_column, rewrite, store};
use super::{StageError, look, resolve};

const FORMAT: u32 = 1;
/// Classes that have a key.
const CLASSES: usize = 9;

/// What a labelling page starts with.
pub fn task(workspace: &Workspace, id: VersionId, column: &str, queue: &LabelQueue) -> Result<LabelTask, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    resolve::require_present(workspace, &version)?;
    let session = workspace.read(|conn| labels::open_session(conn, id, column))?;
    let exists = version.schema.column(column).is_some();
    let rows = match queue {
        LabelQueue::Filter(text) => matching(workspace, id, text)?,
        // A new column has no labels yet.
        LabelQueue::Missing if exists => {
            let missing = Condition { column: Word::new(column), test: Test::Missing };
            matching(workspace, id, &Filter::Test(missing).to_string())?
        }
        _ => queue.rows(version.rows, |_| true),
    };
    let classes = match version.schema.index_of(column) {
        Some(at) => frequent(&workspace.read(|conn| datasets::profile(conn, id))?.columns[at]),
        None => Vec::new(),
    };
    Ok(LabelTask { session, exists, classes, rows })
}

/// The first rows that pass a text filter, 1-based.
fn matching(workspace: &Workspace, id: VersionId, filter: &str) -> Result<Vec<u64>, StageError> {
    let view = look::table(workspace, id)?;
    let query = TableQuery { expression: Some(filter.to_owned()), ..TableQuery::default() };
    let order = view.order(&query, &Silent)?;
    Ok(match order {
        RowOrder::All => LabelQueue::All.rows(view.n_rows(), |_| true),
        RowOrder::Rows(rows) => rows.iter().take(MAX_QUEUE).map(|row| u64::from(*row) + 1).collect(),
    })
}

/// The cells of some rows (1-based) in column order.
pub fn rows(workspace: &Workspace, id: VersionId, rows: &[u64]) -> Result<Vec<Vec<Option<String>>>, StageError> {
    let view = look::table(workspace, id)?;
    let columns: Vec<usize> = (0..view.schema().columns.len()).collect();
    let there = rows.iter().filter(|&&row| row >= 1 && row <= view.n_rows());
    let ids: Vec<u32> = there.filter_map(|&row| u32::try_from(row - 1).ok()).collect();
    let n = ids.len() as u64;
    Ok(view.page(&RowOrder::Rows(ids.into()), 0..n, &columns)?.cells)
}

/// Notes one label down, durably.
pub fn draft(
    workspace: &Workspace,
    id: VersionId,
    column: &str,
    row: u64,
    label: Option<&str>,
    note: &str,
) -> Result<EditOutcome, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    check_row(&version, row)?;
    if let Some(label) = label {
        check_label(version.schema.column(column), row, label)?;
    }
    workspace.write(|tx| {
        let session = labels::start(tx, id, column)?;
        labels::add(tx, session, row, label, note)
    })?;
    Ok(EditOutcome { said: String::new(), undo: None, made: None })
}

/// Ends the open session of a column without a version; its drafts stay in the history.
pub fn drop_session(workspace: &Workspace, id: VersionId, column: &str) -> Result<EditOutcome, StageError> {
    let Some(session) = workspace.read(|conn| labels::open_session(conn, id, column))? else {
        let what = format!("no labels of `{column}` wait to be saved");
        return Err(StageError::usage(what, "They were saved or dropped already"));
    };
    workspace.write(|tx| labels::end(tx, session.id, None))?;
    let said = format!("Dropped {}", counted(session.labels.len() as u64, "label", "labels"));
    Ok(EditOutcome { said, undo: Some(Edit::ResumeLabels(session.id)), made: None })
}

/// Opens a session again that was given up.
pub fn resume_session(workspace: &Workspace, id: LabelSessionId) -> Result<EditOutcome, StageError> {
    let session = workspace.read(|conn| labels::session(conn, id))?;
    let open = workspace.read(|conn| labels::open_session(conn, session.version, &session.column))?;
    if open.is_some_and(|open| open.id != id) {
        let what = format!("rows were labelled anew in `{}` meanwhile", session.column);
        return Err(StageError::usage(what, "Save those labels or drop them, then bring these back"));
    }
    workspace.write(|tx| labels::reopen(tx, id))?;
    let drop = Edit::DropLabels { version: session.version, column: session.column };
    let said = format!("Brought back {}", counted(session.labels.len() as u64, "label", "labels"));
    Ok(EditOutcome { said, undo: Some(drop), made: None })
}

/// Labels become a new version, past red gates where there is a reason.
pub fn finish(
    workspace: &Workspace,
    request: &LabelRequest,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<DatasetVersion, StageError> {
    let parent = resolve::resolve(workspace, &request.data, io)?;
    let column = request.column.trim();
    check_name(column)?;
    let open = workspace.read(|conn| labels::open_session(conn, parent.id, column))?;
    let open = open.filter(|_| request.ends_session);
    let mut given = request.labels.clone();
    // What the session noted down says who gave a label and when.
    for label in &mut given {
        let noted = open.iter().flat_map(|s| &s.labels).find(|l| l.row == label.row && l.label == label.label);
        if let Some(noted) = noted {
            label.clone_from(noted);
        }
    }
    for label in given.iter_mut().filter(|l| l.who.is_empty()) {
        label.who = activity::account();
        label.at_ms = now_ms();
    }
    let given = settled(given);
    if given.is_empty() {
        return Err(StageError::usage("there are no labels to save", "Give at least one row a label first"));
    }
    for label in &given {
        check_row(&parent, label.row)?;
        check_label(parent.schema.column(column), label.row, label.label.as_deref().unwrap_or_default())?;
    }
    let labelled = |cells: &mut Cells, column: &ColumnSchema, rows: Range<u64>| {
        let first = given.partition_point(|label| label.row - 1 < rows.start);
        let end = given.partition_point(|label| label.row - 1 < rows.end);
        put(cells, column, &given[first..end], rows.start);
    };
    let rewritten = rewrite(workspace, &parent, new_text_column(column, "labelled by hand"), io, labelled)?;
    io.progress("Saving", Some(0.95))?;
    let log = LabelLog {
        format_version: FORMAT,
        parent: parent.label(),
        parent_table: parent.table_hash.clone(),
        column: column.to_owned(),
        labels: given,
    };
    let change = Change {
        log: &log,
        source_name: format!("labels-of-{column}.json"),
        origin: Origin::Labels,
        note: if request.note.is_empty() { told(&log) } else { request.note.clone() },
        action: "labelled",
        said: "Labelled",
    };
    let end_session = |tx: &Tx, version: &DatasetVersion| match &open {
        Some(session) => labels::end(tx, session.id, Some(version.id)),
        None => Ok(()),
    };
    store(workspace, &parent, rewritten, &change, end_session, (reason, io))
}

/// The logs of a version and of the labelled versions it was made from, newest first.
pub fn history(workspace: &Workspace, id: VersionId) -> Result<Vec<LabelHistory>, StageError> {
    let mut logs = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        let version = workspace.read(|conn| datasets::version(conn, id))?;
        if version.provenance.origin == Origin::Labels {
            let log: LabelLog = workspace.read_json(&version.source_hash)?;
            logs.push(LabelHistory { version: version.label(), log });
        }
        // Versions only come from earlier ones.
        next = version.provenance.parent.filter(|parent| *parent < id);
    }
    Ok(logs)
}

/// "42 labels in `quality` by ann"
fn told(log: &LabelLog) -> String {
    let mut who: Vec<&str> = log.labels.iter().map(|l| l.who.as_str()).collect();
    who.sort_unstable();
    who.dedup();
    format!("{} in `{}` by {}", counted(log.labels.len() as u64, "label", "labels"), log.column, who.join(", "))
}

fn check_row(version: &DatasetVersion, row: u64) -> Result<(), StageError> {
    if row >= 1 && row <= version.rows {
        return Ok(());
    }
    Err(StageError::usage(
        format!("{} has no row {row}: its rows are 1 to {}", version.label(), version.rows),
        "Rows count from 1, as the table shows them",
    ))
}

/// Can the column hold this label?
fn check_label(column: Option<&ColumnSchema>, row: u64, label: &str) -> Result<(), StageError> {
    let refused = |what: &str| {
        let name = column.map_or("", |c| &c.name);
        Err(StageError::usage(
            format!("row {row}: `{label}` is no {what}, and `{name}` holds nothing else"),
            "Label in a new column, or choose a value that fits",
        ))
    };
    if label.is_empty() {
        return Err(StageError::usage(format!("row {row}: a label needs a text"), "Skip the row instead"));
    }
    let Some(column) = column else { return Ok(()) };
    match column.storage {
        Storage::Float64 if label.parse::<f64>().is_ok_and(f64::is_finite) => Ok(()),
        Storage::Float64 => refused("number"),
        Storage::Int64 if label.parse::<i64>().is_ok() => Ok(()),
        Storage::Int64 => refused("whole number"),
        Storage::Boolean if parse_bool(column, label).is_some() => Ok(()),
        Storage::Boolean => refused("true or false"),
        Storage::DatetimeMs => Err(StageError::usage(
            format!("`{}` holds times, which cannot be labels", column.name),
            "Label in a new column",
        )),
        Storage::String => Ok(()),
    }
}

fn parse_bool(column: &ColumnSchema, label: &str) -> Option<bool> {
    let is = |word: &str, spellings: &[String]| label == word || spellings.iter().any(|s| s == label);
    match label {
        _ if is("true", &column.true_spellings) => Some(true),
        _ if is("false", &column.false_spellings) => Some(false),
        _ => None,
    }
}

/// Puts labels into some cells, the first of which is row `first_row` of the table, counted from 0.
fn put(cells: &mut Cells, schema: &ColumnSchema, labels: &[Label], first_row: u64) {
    let by_row: BTreeMap<usize, &str> = labels
        .iter()
        .filter_map(|l| Some((usize::try_from(l.row - 1 - first_row).ok()?, l.label.as_deref()?)))
        .collect();
    for (&row, &label) in &by_row {
        match cells {
            Cells::Float(v) => v[row] = label.parse().unwrap_or(f64::NAN),
            Cells::Int(v) => v[row] = label.parse().ok(),
            Cells::Boolean(v) => v[row] = parse_bool(schema, label),
            Cells::DatetimeMs(_) | Cells::Text(_) => {}
        }
    }
    if let Cells::Text(dictionary) = cells {
        let n_rows = dictionary.codes.len();
        *dictionary = (0..n_rows).map(|row| by_row.get(&row).copied().or_else(|| dictionary.get(row))).collect();
    }
}

/// The most frequent values, at most nine.
fn frequent(column: &ColumnProfile) -> Vec<String> {
    column.top.iter().take(CLASSES).map(|(value, _)| value.clone()).collect()
}

fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}
