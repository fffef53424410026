//! Labelling by hand: drafts that are durable at once, and the version a session becomes.
//!
//! A labelled version differs from its parent in one column only. Its source is the log of the labels: row, label,
//! who, when, note. Other columns keep their cells and everything that is known about them.

use std::collections::BTreeMap;

use crate::data::table::{Cells, Table};
use crate::data::view::RowOrder;
use crate::data::{parquet, profile};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, Origin, Provenance};
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::{LabelSessionId, VersionId};
use crate::domain::io::{JobIo, Part};
use crate::domain::labels::{Label, LabelHistory, LabelLog, LabelQueue, LabelTask, settled};
use crate::domain::request::LabelRequest;
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::domain::words::counted;
use crate::store::datasets::{self, NewVersion};
use crate::store::{Workspace, activity, labels};

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
    let mut classes = Vec::new();
    let mut rows = queue.rows(version.rows, |_| true);
    if exists {
        let path = workspace.verified_object(&version.table_hash)?;
        let table = parquet::open(&path, &version.schema, Some(&[column.to_owned()]))?;
        let cells = &table.columns[0];
        rows = queue.rows(version.rows, |row| cells.is_missing(row as usize));
        classes = frequent(cells);
    }
    Ok(LabelTask { session, exists, classes, rows })
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

/// Labels become a new version.
pub fn finish(workspace: &Workspace, request: &LabelRequest, io: &dyn JobIo) -> Result<DatasetVersion, StageError> {
    let parent = resolve::resolve(workspace, &request.data, io)?;
    let column = request.column.trim();
    if column.is_empty() || column.chars().count() > 200 || column.chars().any(char::is_control) {
        return Err(StageError::usage("a label column needs a name", "Use 1 to 200 characters without line breaks"));
    }
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
    io.progress("Reading the table", Some(0.05))?;
    let mut table = resolve::load(workspace, &parent)?;
    let at = set_labels(&mut table, column, &given);
    let temp = workspace.temp_path()?;
    parquet::write(&table, &temp, &Part { io, from: 0.2, to: 0.6 })?;
    let profile = profile::profile(&table, &Part { io, from: 0.6, to: 0.95 })?;
    (table.schema.columns[at].missing, table.schema.columns[at].distinct) =
        (profile.columns[at].missing, profile.columns[at].distinct);
    io.progress("Saving", Some(0.95))?;
    let log = LabelLog {
        format_version: FORMAT,
        parent: parent.label(),
        parent_table: parent.table_hash.clone(),
        column: column.to_owned(),
        labels: given,
    };
    let note = if request.note.is_empty() { told(&log) } else { request.note.clone() };
    let text =
        serde_json::to_vec(&log).map_err(|e| StageError::usage(format!("the labels cannot be saved: {e}"), ""))?;
    let new = NewVersion {
        dataset: parent.dataset.clone(),
        rows: parent.rows,
        schema: table.schema,
        source_hash: workspace.put_bytes(&text)?,
        table_hash: workspace.adopt(temp)?,
        source_name: format!("labels-of-{column}.json").replace(['/', '\\'], "-"),
        source_bytes: text.len() as u64,
        read: parent.read.clone(),
        profile,
        provenance: Provenance {
            parent: Some(parent.id),
            origin: Origin::Labels,
            note: note.clone(),
            author: activity::account(),
            source_path: None,
            ..Provenance::default()
        },
    };
    let version = workspace.write(|tx| {
        let version = datasets::insert_version(tx, &new)?;
        if let Some(session) = &open {
            labels::end(tx, session.id, Some(version.id))?;
        }
        let event = NewEvent {
            action: "labelled".to_owned(),
            object_kind: ObjectKind::Dataset,
            object: version.label(),
            summary: format!("Labelled {} into {}: {note}", parent.label(), version.label()),
        };
        activity::append(tx, &event)?;
        Ok(version)
    })?;
    io.recorded();
    Ok(version)
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

/// Puts the labels into their column, which is made where there is none; returns its place.
fn set_labels(table: &mut Table, column: &str, labels: &[Label]) -> usize {
    let by_row: BTreeMap<usize, &str> =
        labels.iter().filter_map(|l| Some((usize::try_from(l.row - 1).ok()?, l.label.as_deref()?))).collect();
    let at = table.schema.index_of(column).unwrap_or_else(|| {
        table.schema.columns.push(ColumnSchema {
            name: column.to_owned(),
            kind: ColumnKind::Categorical,
            storage: Storage::String,
            missing: 0,
            distinct: 0,
            true_spellings: vec![],
            false_spellings: vec![],
            notes: vec!["labelled by hand".to_owned()],
            missing_tokens: vec![],
            personal: None,
        });
        let empty = std::iter::repeat_n(None, table.n_rows).collect();
        table.columns.push(Cells::Text(empty));
        table.columns.len() - 1
    });
    let schema = &table.schema.columns[at];
    let cells = &mut table.columns[at];
    for (&row, &label) in &by_row {
        match cells {
            Cells::Float(v) => v[row] = label.parse().unwrap_or(f64::NAN),
            Cells::Int(v) => v[row] = label.parse().ok(),
            Cells::Boolean(v) => v[row] = parse_bool(schema, label),
            Cells::DatetimeMs(_) | Cells::Text(_) => {}
        }
    }
    if let Cells::Text(dictionary) = cells {
        *dictionary = (0..table.n_rows).map(|row| by_row.get(&row).copied().or_else(|| dictionary.get(row))).collect();
    }
    at
}

/// The most frequent values, at most nine.
fn frequent(cells: &Cells) -> Vec<String> {
    let dictionary = cells.to_dictionary();
    let mut counted: Vec<(u64, &String)> = dictionary.counts().into_iter().zip(&dictionary.values).collect();
    counted.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    counted.into_iter().filter(|(n, _)| *n > 0).take(CLASSES).map(|(_, value)| value.clone()).collect()
}

fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}
