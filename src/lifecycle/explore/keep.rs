//! Groups kept as a column: a new version whose source is the recipe of the groups, from which they can be found again.

use std::ops::Range;

use crate::data::table::Cells;
use crate::domain::dataset::{DatasetVersion, Origin};
use crate::domain::explore::{ExploreRequest, Explored, Group, GroupLog, KeepGroups};
use crate::domain::io::{JobIo, Part};
use crate::domain::schema::ColumnSchema;
use crate::lifecycle::column::{Change, check_name, new_text_column, rewrite, store};
use crate::store::{Workspace, datasets};

use super::{StageError, explore};

const FORMAT: u32 = 1;

/// Past red gates where there is a reason.
pub fn keep(
    workspace: &Workspace,
    request: &KeepGroups,
    reason: Option<&str>,
    io: &dyn JobIo,
) -> Result<DatasetVersion, StageError> {
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
    let rewritten = rewrite(workspace, &parent, new, &Part { io, from: 0.6, to: 1.0 }, put)?;
    io.progress("Saving", Some(0.99))?;
    let log = GroupLog {
        format_version: FORMAT,
        parent: parent.label(),
        parent_table: parent.table_hash.clone(),
        column: column.to_owned(),
        groups: ExploreRequest { version: parent.id, ..request.groups.clone() },
        found_by: found.by,
    };
    let change = Change {
        log: &log,
        source_name: format!("groups-in-{column}.json"),
        origin: Origin::Groups,
        note: format!("groups in `{column}` by {}", found.by),
        action: "grouped",
        said: "Grouped",
    };
    store(workspace, &parent, rewritten, &change, |_, _| Ok(()), (reason, io))
}
