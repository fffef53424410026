//! From what a user calls a dataset to one version of it.

use crate::data::{parquet, table::Table};
use crate::domain::dataset::DatasetVersion;
use crate::domain::io::JobIo;
use crate::domain::request::{DataRef, ImportRequest};
use crate::store::{Workspace, datasets};

use super::{StageError, ingest};

/// The version that `data` names; a file is imported on the way.
pub fn resolve(workspace: &Workspace, data: &DataRef, io: &dyn JobIo) -> Result<DatasetVersion, StageError> {
    match data {
        DataRef::Version(id) => Ok(workspace.read(|conn| datasets::version(conn, *id))?),
        DataRef::Named { name, version } => {
            let found = workspace.read(|conn| datasets::find(conn, name, *version))?;
            found.map_or_else(|| Err(no_such_dataset(workspace, name, *version)), Ok)
        }
        DataRef::File(path) => {
            let request = ImportRequest { path: path.clone(), name: None, options: None };
            Ok(ingest::ingest(workspace, &request, io)?.version)
        }
    }
}

/// All rows of a version, from its verified object.
pub fn load(workspace: &Workspace, version: &DatasetVersion) -> Result<Table, StageError> {
    let path = workspace.verified_object(&version.table_hash)?;
    Ok(parquet::open(&path, &version.schema, None)?)
}

fn no_such_dataset(workspace: &Workspace, name: &str, version: Option<u32>) -> StageError {
    let wanted = version.map_or_else(|| name.to_owned(), |v| format!("{name}@{v}"));
    let known: Vec<String> =
        workspace.read(datasets::all).unwrap_or_default().iter().map(DatasetVersion::label).collect();
    let hint = if known.is_empty() {
        "This workspace has no datasets yet: import a file first".to_owned()
    } else {
        format!("This workspace has {}. A path to a file works too", known.join(", "))
    };
    StageError::usage(format!("there is no dataset {wanted}"), hint)
}
