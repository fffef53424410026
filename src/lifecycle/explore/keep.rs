//! Groups kept as a column: a new version whose source is the recipe of the groups, from which they can be found again.

use std::ops::Range;

use crate::data::table::Cells;
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::{DatasetVersion, Origin, Provenance};
use crate::domain::explore::{ExploreRequest, Explored, Group, GroupLog, KeepGroups};
use crate::domain::io::{JobIo, Part};
use crate::domain::schema::ColumnSchema;
use crate::lifecycle::column::{Rewritten, check_name, new_text_column, rewrite};
use crate::store::datasets::{self, NewVersion};
use crate::store::{Workspace, activity};

use super::{StageError, explore};

const FORMAT: u32 = 1;

pub fn keep(workspace: &Workspace, request: &KeepGroups, io: &dyn JobIo) -> Result<DatasetVersion, StageError> {
    let parent = workspace.read(|conn| datasets::version(conn, request.groups.version))?;
    let column = request.column.trim();
    check_name(column)?;
    if parent.schema.column(column).is_some() {
        let summary = format!("{} has a column `{column}` already", parent.label());
        return Err(StageError::usage(summary, "Keep the groups under another name"));
    }
    let found = match explore(workspace, &request.groups, &Part { io, from: 0.0, to: 0.6 })? {
        Explored::Groups(found) => found,
        Explored::Outliers(_) => {
            return Err(StageError::usage("outliers have no groups to keep", "Ask for groups instead"));
        }
    };
    let names: Vec<String> = found.groups.iter().map(Group::label).collect();
    let put = |cells: &mut Cells, _: &ColumnSchema, rows: Range<u64>| {
        let labels = &found.labels[rows.start as usize..rows.end as usize];
        *cells = Cells::Text(labels.iter().map(|&group| Some(names[group as usize].as_str())).collect());
    };
    let new = new_text_column(column, "groups that were found");
    let Rewritten { temp, schema, profile } = rewrite(workspace, &parent, new, &Part { io, from: 0.6, to: 1.0 }, put)?;
    io.progress("Saving", Some(0.99))?;
    let log = GroupLog {
        format_version: FORMAT,
        parent: parent.label(),
        parent_table: parent.table_hash.clone(),
        column: column.to_owned(),
        groups: ExploreRequest { version: parent.id, ..request.groups.clone() },
        found_by: found.by,
    };
    let text =
        serde_json::to_vec(&log).map_err(|e| StageError::usage(format!("the groups cannot be saved: {e}"), ""))?;
    let note = format!("groups in `{column}` by {}", found.by);
    let new = NewVersion {
        dataset: parent.dataset.clone(),
        rows: parent.rows,
        schema,
        source_hash: workspace.put_bytes(&text)?,
        table_hash: workspace.adopt(temp)?,
        source_name: format!("groups-in-{column}.json").replace(['/', '\\'], "-"),
        source_bytes: text.len() as u64,
        read: parent.read.clone(),
        profile,
        provenance: Provenance {
            parent: Some(parent.id),
            origin: Origin::Groups,
            note: note.clone(),
            author: activity::account(),
            source_path: None,
            ..Provenance::default()
        },
    };
    let version = workspace.write(|tx| {
        let version = datasets::insert_version(tx, &new)?;
        let event = NewEvent {
            action: "grouped".to_owned(),
            object_kind: ObjectKind::Dataset,
            object: version.label(),
            summary: format!("Grouped {} into {}: {note}", parent.label(), version.label()),
        };
        activity::append(tx, &event)?;
        Ok(version)
    })?;
    io.recorded();
    Ok(version)
}
