//! A version that differs from its parent in one column only: its table, what is known about it, and its record.
//!
//! Other columns keep their cells and everything that is known about them. Its source is the log of what was done, and
//! it goes past the commit gates as any new version.

use std::ops::Range;

use serde::Serialize;
use tempfile::TempPath;

use crate::data::columns::{Columns, StoredTable};
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::data::{parquet, profile};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, Origin, Provenance};
use crate::domain::io::{JobIo, Part};
use crate::domain::profile::TableProfile;
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use crate::store::datasets::{self, NewVersion};
use crate::store::{StoreError, Tx, Workspace, activity};

use super::{StageError, gates, resolve};

pub struct Rewritten {
    /// The table, not yet an object.
    pub temp: TempPath,
    pub schema: Schema,
    pub profile: TableProfile,
}

/// A category without cells.
pub fn new_text_column(name: &str, note: &str) -> ColumnSchema {
    ColumnSchema {
        name: name.to_owned(),
        kind: ColumnKind::Categorical,
        storage: Storage::String,
        missing: 0,
        distinct: 0,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec![note.to_owned()],
        missing_tokens: vec![],
        personal: None,
    }
}

/// Refuses names that no column can have.
pub fn check_name(name: &str) -> Result<(), StageError> {
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(StageError::usage("the column needs a name", "Use 1 to 200 characters without line breaks"));
    }
    Ok(())
}

/// The parent's table with changed cells in one column, which is made empty where there is none; written row group by
/// row group. `put` changes the cells of the rows (from 0) it is handed, in order.
pub fn rewrite(
    workspace: &Workspace,
    parent: &DatasetVersion,
    column: ColumnSchema,
    io: &dyn JobIo,
    mut put: impl FnMut(&mut Cells, &ColumnSchema, Range<u64>),
) -> Result<Rewritten, StageError> {
    resolve::require_present(workspace, parent)?;
    let path = workspace.verified_object(&parent.table_hash)?;
    let before = parquet::File::open(&path, &parent.label())?;
    before.check(&parent.schema)?;
    let mut schema = parent.schema.clone();
    let at = schema.index_of(&column.name).unwrap_or_else(|| {
        schema.columns.push(column);
        schema.columns.len() - 1
    });
    let columns: Vec<(String, Storage)> = schema.columns.iter().map(|c| (c.name.clone(), c.storage)).collect();
    let temp = workspace.temp_path()?;
    let mut writer = parquet::Writer::create(&temp, &columns)?;
    for (group, rows) in before.row_starts.windows(2).enumerate() {
        io.progress("Writing the column", Some(0.05 + 0.65 * rows[0] as f64 / parent.rows.max(1) as f64))?;
        let read = |at: usize| before.column_of_groups(group..group + 1, at, columns[at].1);
        let mut cells = (0..parent.schema.columns.len()).map(read).collect::<Result<Vec<Cells>, LoadError>>()?;
        if at == cells.len() {
            cells.push(Cells::Text(std::iter::repeat_n(None, (rows[1] - rows[0]) as usize).collect()));
        }
        put(&mut cells[at], &schema.columns[at], rows[0]..rows[1]);
        writer.write(&cells)?;
    }
    writer.finish()?;
    io.progress("Counting the values", Some(0.7))?;
    let mut profile = workspace.read(|conn| datasets::profile(conn, parent.id))?;
    let changed = One { table: &StoredTable::open(&temp, &schema)?, at };
    let studies = profile::study(&changed, &Part { io, from: 0.7, to: 0.95 })?;
    for study in studies {
        let described = study.with_kind(schema.columns[at].kind).profile;
        (schema.columns[at].missing, schema.columns[at].distinct) = (described.missing, described.distinct);
        match profile.columns.get_mut(at) {
            Some(old) => *old = described,
            None => profile.columns.push(described),
        }
    }
    Ok(Rewritten { temp, schema, profile })
}

/// How a changed column came to be.
pub struct Change<'a, Log: Serialize> {
    /// Becomes the source of the version.
    pub log: &'a Log,
    /// What the source is called.
    pub source_name: String,
    pub origin: Origin,
    pub note: String,
    /// For the activity log: "labelled", "Labelled".
    pub action: &'static str,
    pub said: &'static str,
}

/// Stores what was rewritten as the next version of its parent's dataset; `also` does what belongs to the same
/// transaction.
pub fn store<Log: Serialize>(
    workspace: &Workspace,
    parent: &DatasetVersion,
    rewritten: Rewritten,
    change: &Change<'_, Log>,
    also: impl Fn(&Tx, &DatasetVersion) -> Result<(), StoreError>,
    past: (Option<&str>, &dyn JobIo),
) -> Result<DatasetVersion, StageError> {
    let text = serde_json::to_vec(change.log)
        .map_err(|e| StageError::usage(format!("what was done cannot be saved: {e}"), ""))?;
    let new = NewVersion {
        dataset: parent.dataset.clone(),
        rows: parent.rows,
        schema: rewritten.schema,
        source_hash: workspace.put_bytes(&text)?,
        table_hash: workspace.adopt(rewritten.temp)?,
        source_name: change.source_name.replace(['/', '\\'], "-"),
        source_bytes: text.len() as u64,
        read: parent.read.clone(),
        profile: rewritten.profile,
        provenance: Provenance {
            parent: Some(parent.id),
            origin: change.origin,
            note: change.note.clone(),
            author: activity::account(),
            source_path: None,
            ..Provenance::default()
        },
    };
    let told = |tx: &Tx, version: &DatasetVersion| {
        also(tx, version)?;
        let event = NewEvent {
            action: change.action.to_owned(),
            object_kind: ObjectKind::Dataset,
            object: version.label(),
            summary: format!("{} {} into {}: {}", change.said, parent.label(), version.label(), change.note),
        };
        activity::append(tx, &event).map(drop)
    };
    gates::take_in(workspace, new, None, told, past.0, past.1)
}

/// One column of a table as a table of its own.
struct One<'a> {
    table: &'a StoredTable,
    at: usize,
}

impl Columns for One<'_> {
    fn n_rows(&self) -> u64 {
        self.table.n_rows()
    }

    fn storages(&self) -> Vec<(String, Storage)> {
        vec![self.table.storages().swap_remove(self.at)]
    }

    fn pieces(&self, _: usize, take: &mut dyn FnMut(&Cells) -> Result<(), LoadError>) -> Result<(), LoadError> {
        self.table.pieces(self.at, take)
    }
}
