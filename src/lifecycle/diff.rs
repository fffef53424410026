//! Diff: what differs between two versions, of one dataset or of two. Nothing is recorded: versions do not change.

use crate::data::columns::StoredTable;
use crate::data::diff::{self as tables, Side, Wish};
use crate::domain::dataset::DatasetVersion;
use crate::domain::diff::{DiffReport, DiffRequest, DiffSide, MAX_EXAMPLES};
use crate::domain::io::{JobIo, Part};
use crate::store::{Workspace, datasets};

use super::StageError;
use super::resolve::resolve;

pub fn diff(workspace: &Workspace, request: &DiffRequest, io: &dyn JobIo) -> Result<DiffReport, StageError> {
    if request.limit > MAX_EXAMPLES {
        return Err(StageError::usage(
            format!("{} examples are too many", request.limit),
            format!("Ask for at most {MAX_EXAMPLES}"),
        ));
    }
    let left = resolve(workspace, &request.left, &Part { io, from: 0.0, to: 0.02 })?;
    let right = resolve(workspace, &request.right, &Part { io, from: 0.02, to: 0.04 })?;
    let open = |version: &DatasetVersion| -> Result<StoredTable, StageError> {
        io.progress(&format!("Checking {}", version.label()), Some(0.04))?;
        Ok(StoredTable::open(&workspace.verified_object(&version.table_hash)?, &version.schema)?)
    };
    let tables = [open(&left)?, open(&right)?];
    let profiles =
        workspace.read(|conn| Ok([datasets::profile(conn, left.id)?, datasets::profile(conn, right.id)?]))?;
    let side = |version: &DatasetVersion| DiffSide {
        version: version.id,
        label: version.label(),
        rows: version.rows,
        columns: version.schema.columns.len() as u64,
    };
    let found = tables::diff(
        Side { table: &tables[0], schema: &left.schema, profile: &profiles[0] },
        Side { table: &tables[1], schema: &right.schema, profile: &profiles[1] },
        Wish { key: &request.key, limit: request.limit as usize, column: request.column.as_deref() },
        &Part { io, from: 0.05, to: 1.0 },
    )?;
    Ok(DiffReport {
        format_version: 1,
        left: side(&left),
        right: side(&right),
        equal: found.equal,
        schema: found.schema,
        key: found.key,
        rows: found.rows,
        duplicates: found.duplicates,
        columns: found.columns,
        examples: found.examples,
        example_limit: request.limit,
        notes: found.notes,
    })
}
