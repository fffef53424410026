//! From what a user calls a dataset to one version of it.

use std::path::Path;

use crate::data::columns::{StoredTable, TableRef};
use crate::data::{parquet, table::Table};
use crate::domain::branch::MAIN;
use crate::domain::dataset::DatasetVersion;
use crate::domain::io::JobIo;
use crate::domain::request::{DataRef, ImportRequest};
use crate::domain::schema::Schema;
use crate::domain::storage::StorageKey;
use crate::store::{Workspace, bin, branches, datasets, tags};

use super::{StageError, budget, remember};

/// The version that `data` names; a file is imported on the way.
pub fn resolve(workspace: &Workspace, data: &DataRef, io: &dyn JobIo) -> Result<DatasetVersion, StageError> {
    let version = find(workspace, data, io)?;
    require_present(workspace, &version)?;
    Ok(version)
}

/// Fails with what to do when the version's files were deleted.
pub fn require_present(workspace: &Workspace, version: &DatasetVersion) -> Result<(), StageError> {
    let key = StorageKey::Version(version.id);
    if !workspace.read(|conn| Ok(bin::gone(conn)?.contains(&key)))? {
        return Ok(());
    }
    Err(StageError::usage(
        format!("{} was deleted; only its record is left", version.label()),
        "Bring it back with `storage --restore`, or from the Storage page, unless the bin was emptied since",
    ))
}

/// The version that `data` names, deleted or not; a file is imported on the way.
pub fn find(workspace: &Workspace, data: &DataRef, io: &dyn JobIo) -> Result<DatasetVersion, StageError> {
    match data {
        DataRef::Version(id) => Ok(workspace.read(|conn| datasets::version(conn, *id))?),
        DataRef::Named { name, version } => {
            let found = workspace.read(|conn| datasets::find(conn, name, *version))?;
            found.map_or_else(|| Err(no_such_dataset(workspace, name, *version)), Ok)
        }
        DataRef::Labelled { name, label } => workspace
            .read(|conn| datasets::find_labelled(conn, name, label))?
            .map_or_else(|| Err(no_such_label(workspace, name, label)), Ok),
        DataRef::File(path) => {
            let request = ImportRequest::of(path.clone());
            Ok(remember::ingest(workspace, &request, io)?.version)
        }
    }
}

/// All rows of a version, from its verified object.
pub fn load(workspace: &Workspace, version: &DatasetVersion) -> Result<Table, StageError> {
    let path = workspace.verified_object(&version.table_hash)?;
    Ok(parquet::open(&path, &version.schema, None)?)
}

/// A version's table: in memory when it fits the budget, otherwise read from its object piece by piece.
pub enum Opened<'a> {
    Memory(Table),
    Disk(Box<StoredTable>, &'a Schema),
}

impl Opened<'_> {
    pub fn table(&self) -> TableRef<'_> {
        match self {
            Self::Memory(table) => TableRef::of(table),
            Self::Disk(stored, schema) => TableRef { schema, columns: stored.as_ref() },
        }
    }
}

/// The table of a version for work that takes it column by column. Of several tables in one job each may take half of
/// the budget.
pub fn open<'a>(workspace: &Workspace, version: &'a DatasetVersion) -> Result<Opened<'a>, StageError> {
    let path = workspace.verified_object(&version.table_hash)?;
    if 2 * budget::needed(version) <= budget::of(workspace)? {
        return Ok(Opened::Memory(parquet::open(&path, &version.schema, None)?));
    }
    Ok(Opened::Disk(Box::new(StoredTable::open(&path, &version.schema)?), &version.schema))
}

/// Can a file be made at `out`? Asked before the work, so that nobody waits for a result that has no place.
pub fn check_place(out: &Path) -> Result<(), StageError> {
    let refused = |path: &Path, why: &str| {
        Err(StageError::File { path: path.display().to_string(), source: std::io::Error::other(why.to_owned()) })
    };
    let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return refused(folder, "there is no such folder");
    }
    if out.is_dir() || out.file_name().is_none() {
        return refused(out, "this is a folder, not a file to write");
    }
    Ok(())
}

fn no_such_dataset(workspace: &Workspace, name: &str, version: Option<u32>) -> StageError {
    let known = workspace.read(datasets::all).unwrap_or_default();
    let versions: Vec<String> = known.iter().filter(|v| v.dataset == name).map(DatasetVersion::label).collect();
    if let (Some(version), false) = (version, versions.is_empty()) {
        let hint = format!("It has {}", versions.join(", "));
        return StageError::usage(format!("dataset {name} has no version {version}"), hint);
    }
    let mut known: Vec<&str> = known.iter().map(|v| v.dataset.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    let hint = if known.is_empty() {
        "This workspace has no datasets yet: import a file first".to_owned()
    } else {
        format!("This workspace has {}. A path to a file works too", known.join(", "))
    };
    StageError::usage(format!("there is no dataset {name}"), hint)
}

fn no_such_label(workspace: &Workspace, name: &str, label: &str) -> StageError {
    let known = workspace.read(|conn| {
        let Some(dataset) = datasets::id_of(conn, name)? else { return Ok(None) };
        let branches = branches::all(conn)?.into_iter().filter(|b| b.dataset_id == dataset).map(|b| b.name);
        let tags = tags::all(conn)?.into_iter().filter(|t| t.dataset_id == dataset).map(|t| t.name);
        Ok(Some(branches.chain(tags).collect::<Vec<String>>()))
    });
    match known {
        Ok(Some(mut labels)) => {
            labels.retain(|label| label != MAIN);
            labels.insert(0, MAIN.to_owned());
            StageError::usage(
                format!("{name} has no tag or branch `{label}`"),
                format!("It has {}, and its versions by number", labels.join(", ")),
            )
        }
        _ => no_such_dataset(workspace, name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_without_a_place_is_refused_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let problem = |path: &Path| check_place(path).unwrap_err().to_string();
        assert!(problem(&folder.path().join("not here/x.csv")).ends_with("not here: there is no such folder"));
        assert!(problem(folder.path()).ends_with("this is a folder, not a file to write"));
        assert!(check_place(&folder.path().join("x.csv")).is_ok());
        assert!(check_place(Path::new("x.csv")).is_ok());
    }
}
