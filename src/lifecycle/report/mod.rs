//! What leaves the workspace about a table's columns: relations and pictures for the window, the profile as a document.

mod checks;
mod html;

use std::io::Write as _;
use std::path::Path;

use crate::data::columns::StoredTable;
use crate::data::drift::aggregates::drift_of_profiles;
use crate::data::relations::{self, Rows};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::VersionId;
use crate::domain::io::{JobIo, Part};
use crate::domain::personal::mask;
use crate::domain::profile::TableProfile;
use crate::domain::profile_drift::ProfileDrift;
use crate::domain::relations::{PairPlot, Relations};
use crate::domain::request::{ReportFormat, ReportOutcome, ReportRequest};
use crate::domain::schema::Schema;
use crate::store::{Workspace, datasets};

pub use checks::save as save_checks;

use super::StageError;
use super::resolve::{check_place, resolve};

/// The relations of a version's columns; above 200,000 rows of a sample unless all are asked for.
pub fn relations(
    workspace: &Workspace,
    version: VersionId,
    all_rows: bool,
    io: &dyn JobIo,
) -> Result<Relations, StageError> {
    let (version, table) = stored(workspace, version)?;
    let rows = if all_rows { Rows::All } else { Rows::Sampled };
    Ok(relations::relations(&table, &version.schema, rows, io)?)
}

/// One pair of a version's columns as a picture.
pub fn pair(
    workspace: &Workspace,
    version: VersionId,
    axes: (&str, &str),
    by: Option<&str>,
    io: &dyn JobIo,
) -> Result<PairPlot, StageError> {
    let (version, table) = stored(workspace, version)?;
    Ok(relations::plot(&table, &version.schema, axes, by, io)?)
}

fn stored(workspace: &Workspace, id: VersionId) -> Result<(DatasetVersion, StoredTable), StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    let table = stored_table(workspace, &version)?;
    Ok((version, table))
}

/// A version's table in its file: whoever needs few columns reads no others.
pub(super) fn stored_table(workspace: &Workspace, version: &DatasetVersion) -> Result<StoredTable, StageError> {
    let path = workspace.verified_object(&version.table_hash)?;
    Ok(StoredTable::open(&path, &version.schema)?)
}

/// Writes the profile of a version to a file; personal values are masked.
pub fn write(workspace: &Workspace, request: &ReportRequest, io: &dyn JobIo) -> Result<ReportOutcome, StageError> {
    check_place(&request.out)?;
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.5 })?;
    let profile = masked(workspace.read(|conn| datasets::profile(conn, version.id))?, &version.schema);
    let text = match request.format {
        ReportFormat::Json => {
            let mut text = serde_json::to_string_pretty(&profile)
                .map_err(|e| StageError::File { path: request.out.display().to_string(), source: e.into() })?;
            text.push('\n');
            text
        }
        ReportFormat::Html => {
            let relations = relations(workspace, version.id, false, &Part { io, from: 0.5, to: 0.95 })?;
            html::document(&version, &profile, &relations)
        }
    };
    io.progress("Saving", Some(0.98))?;
    save(&request.out, text.as_bytes())
        .map_err(|source| StageError::File { path: request.out.display().to_string(), source })?;
    Ok(ReportOutcome { path: request.out.clone(), bytes: text.len() as u64, data: version.label() })
}

/// In full or not at all.
fn save(out: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temp = tempfile::Builder::new().prefix(".modelwright-").tempfile_in(folder)?;
    temp.write_all(bytes)?;
    temp.as_file().sync_all()?;
    temp.persist(out)?;
    Ok(())
}

/// The profile with the most frequent values of personal columns made unusable.
pub fn masked(mut profile: TableProfile, schema: &Schema) -> TableProfile {
    for column in &mut profile.columns {
        if let Some(kind) = schema.column(&column.name).and_then(|c| c.personal) {
            column.top.iter_mut().for_each(|(value, _)| *value = mask(value, kind));
        }
    }
    profile
}

/// Drift between two stored profiles.
pub fn drift(reference: &TableProfile, current: &TableProfile) -> ProfileDrift {
    drift_of_profiles(reference, current)
}

/// A profile that was exported as JSON; `None` for any other file.
pub fn read_profile(path: &Path) -> Option<TableProfile> {
    if path.extension()?.to_str()? != "json" {
        return None;
    }
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
