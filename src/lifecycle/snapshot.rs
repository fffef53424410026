//! The bytes of a source, copied and hashed before anything is parsed: one file, or those of a folder or pattern.

use std::io::Write;
use std::path::Path;

use crate::data::read::{Scan, SourceSpec, files};
use crate::domain::dataset::SourceFile;
use crate::domain::ids::ContentHash;
use crate::domain::io::{JobIo, Part};
use crate::domain::words::file_name;
use crate::store::{Staged, Workspace};

use super::StageError;

/// Copies of the files of a source, not yet objects.
pub struct Snapshot {
    /// What to read.
    pub spec: SourceSpec,
    /// Of the bytes of the one file; of several, of the JSON list of their names, hashes and sizes.
    pub hash: ContentHash,
    /// Of all files together.
    pub bytes: u64,
    /// Empty for a single file.
    pub files: Vec<SourceFile>,
    /// What the bytes of a single file showed while they were copied.
    pub scan: Option<Scan>,
    staged: Vec<Staged>,
}

/// Copies the file, folder or pattern at `path`. A file that changes meanwhile is an error that names it.
pub fn snapshot(workspace: &Workspace, path: &Path, io: &dyn JobIo) -> Result<Snapshot, StageError> {
    let name = file_name(path);
    if path.is_file() {
        let mut scan = Scan::default();
        let copy = workspace.stage_seen(path, io, &mut |bytes| scan.look(bytes))?;
        let spec = SourceSpec::file(&name, copy.path());
        return Ok(Snapshot {
            spec,
            hash: copy.hash.clone(),
            bytes: copy.bytes,
            files: Vec::new(),
            scan: Some(scan),
            staged: vec![copy],
        });
    }
    let paths = files::expand(path)?;
    let mut copies = Vec::new();
    for (i, (file, name)) in paths.iter().zip(files::names(&paths)).enumerate() {
        let part = |i: usize| i as f64 / paths.len() as f64;
        let copy = workspace.stage_file(file, &Part { io, from: part(i), to: part(i + 1) })?;
        copies.push((name, Copy::New(copy)));
    }
    Snapshot::of_files(workspace, name, copies)
}

/// The bytes of one file of several.
pub enum Copy {
    New(Staged),
    /// An object since an earlier version.
    Kept(SourceFile),
}

impl Snapshot {
    /// Of files by their names, in the order of the rows. Those kept before are checked.
    pub fn of_files(workspace: &Workspace, name: String, copies: Vec<(String, Copy)>) -> Result<Self, StageError> {
        let (mut spec, mut bytes) = (SourceSpec { name, files: Vec::new() }, 0);
        let (mut files, mut staged) = (Vec::new(), Vec::new());
        for (name, copy) in copies {
            let (file, path) = match copy {
                Copy::New(copy) => {
                    let file = SourceFile { name: name.clone(), hash: copy.hash.clone(), bytes: copy.bytes };
                    let path = copy.path().to_owned();
                    staged.push(copy);
                    (file, path)
                }
                Copy::Kept(file) => {
                    let path = workspace.verified_object(&file.hash)?;
                    (file, path)
                }
            };
            bytes += file.bytes;
            spec.files.push((name, path));
            files.push(file);
        }
        let failed = |source| StageError::File { path: spec.name.clone(), source };
        let list = serde_json::to_vec_pretty(&files).map_err(|e| failed(e.into()))?;
        let mut file = tempfile::NamedTempFile::new().map_err(failed)?;
        file.write_all(&list).and_then(|()| file.flush()).map_err(failed)?;
        let list = workspace.stage_file(file.path(), &crate::domain::io::Silent)?;
        let hash = list.hash.clone();
        staged.push(list);
        Ok(Self { spec, hash, bytes, files, scan: None, staged })
    }

    /// Makes the copies objects; `hash` names the one that stands for the source.
    pub fn keep(self, workspace: &Workspace) -> Result<(), StageError> {
        for copy in self.staged {
            workspace.keep(copy)?;
        }
        Ok(())
    }
}
