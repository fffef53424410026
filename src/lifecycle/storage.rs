//! Deleting with a bin in between, and what people say about datasets.

use std::fs;
use std::path::Path;

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::catalogue::Description;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::ids::{BinId, DatasetId};
use crate::domain::storage::{DeletionPlan, StorageKey};
use crate::domain::words::counted;
use crate::store::{Workspace, activity, bin, catalogue};

use super::StageError;

/// What [`delete`] would do, one plan each, in its order. Changes nothing.
pub fn plan(workspace: &Workspace, keys: &[StorageKey]) -> Result<Vec<DeletionPlan>, StageError> {
    Ok(workspace.plan_deletions(&in_order(keys))?)
}

/// Runs' bundles first, then runs, then versions, so that one frees the next.
fn in_order(keys: &[StorageKey]) -> Vec<StorageKey> {
    let mut ordered = keys.to_vec();
    ordered.sort_by_key(|key| match key {
        StorageKey::Bundle(_) => 0,
        StorageKey::Run(_) => 1,
        StorageKey::Version(_) => 2,
        StorageKey::Unreferenced => 3,
    });
    let mut seen = std::collections::BTreeSet::new();
    ordered.retain(|key| seen.insert(*key));
    ordered
}

/// Moves them to the bin. The first that must stay ends it; what went before stays in the bin.
pub fn delete(workspace: &Workspace, keys: &[StorageKey]) -> Result<EditOutcome, StageError> {
    let mut entries = Vec::new();
    for key in in_order(keys) {
        entries.push(workspace.delete(key)?);
    }
    let labels: Vec<&str> = entries.iter().map(|e| e.label.as_str()).collect();
    let objects = entries.iter().map(|e| e.objects.len() as u64).sum();
    let said = format!("Moved {} to the bin ({})", labels.join(", "), counted(objects, "file", "files"));
    Ok(EditOutcome { said, undo: Some(Edit::RestoreBinned(entries.iter().map(|e| e.id).collect())), made: None })
}

/// Unfinished bundles of exports that were killed: an hour after their last byte nobody writes to them any more.
pub fn remove_unfinished(folder: &Path) {
    const UNUSED_SECS: u64 = 3600;
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name.starts_with(".modelwright-") && name.ends_with(".part");
        let age = entry.metadata().ok().filter(fs::Metadata::is_file).and_then(|m| m.modified().ok()?.elapsed().ok());
        if ours && age.is_some_and(|age| age.as_secs() > UNUSED_SECS) {
            // Whoever owns the folder may not let us; the file is then still theirs to remove.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Brings entries of the bin back.
pub fn restore(workspace: &Workspace, ids: &[BinId]) -> Result<EditOutcome, StageError> {
    let mut entries = Vec::new();
    for id in ids {
        entries.push(workspace.restore(*id)?);
    }
    let labels: Vec<&str> = entries.iter().map(|e| e.label.as_str()).collect();
    let undo = Edit::Delete(entries.iter().map(|e| e.key).collect());
    Ok(EditOutcome { said: format!("Brought back {}", labels.join(", ")), undo: Some(undo), made: None })
}

/// The entry of the bin that a user names by its number or its label: the newest of that label.
pub fn binned(workspace: &Workspace, name: &str) -> Result<BinId, StageError> {
    let entries = workspace.read(bin::binned)?;
    let number = name.parse().ok().map(BinId);
    let found = entries.iter().find(|e| Some(e.id) == number || e.label == name || e.key.kind() == name);
    found.map(|e| e.id).ok_or_else(|| {
        let labels: Vec<&str> = entries.iter().map(|e| e.label.as_str()).collect();
        let hint = if labels.is_empty() {
            "The bin is empty".to_owned()
        } else {
            format!("The bin holds {}", labels.join(", "))
        };
        StageError::usage(format!("there is no {name} in the bin"), hint)
    })
}

/// The only step that cannot be taken back.
pub fn empty_bin(workspace: &Workspace) -> Result<EditOutcome, StageError> {
    let freed = workspace.empty_bin()?;
    Ok(EditOutcome {
        said: format!("Emptied the bin: {} freed", counted(freed, "byte", "bytes")),
        undo: None,
        made: None,
    })
}

/// Changes what is said about a dataset.
pub fn describe(workspace: &Workspace, id: DatasetId, said: &Description) -> Result<EditOutcome, StageError> {
    let said = said.clone().tidy();
    Ok(workspace.write(|tx| {
        let before = catalogue::description(tx, id)?;
        catalogue::describe(tx, id, &said)?;
        let entry = catalogue::all(tx)?.into_iter().find(|e| e.id == id);
        let name = entry.map_or_else(|| format!("dataset {id}"), |e| e.name);
        let event = NewEvent {
            action: "described".to_owned(),
            object_kind: ObjectKind::Dataset,
            object: name.clone(),
            summary: format!("Described {name}: {}", in_words(&said)),
        };
        activity::append(tx, &event)?;
        let undo = Edit::Describe { dataset: id, said: before };
        Ok(EditOutcome { said: format!("Described {name}"), undo: Some(undo), made: None })
    })?)
}

fn in_words(said: &Description) -> String {
    let mut words = Vec::new();
    if !said.owner.is_empty() {
        words.push(format!("owner {}", said.owner));
    }
    if !said.tags.is_empty() {
        words.push(format!("tags {}", said.tags.join(", ")));
    }
    words.extend(said.sensitivity.map(|s| s.as_str().to_owned()));
    if !said.description.is_empty() {
        words.push(format!("“{}”", said.description));
    }
    if words.is_empty() { "nothing said any more".to_owned() } else { words.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_unfinished_bundles_of_ours_go() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, hours: u64| {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600)).unwrap();
        };
        put(".modelwright-a.part", 2);
        put(".modelwright-b.part", 0);
        put("mine.part", 2);
        remove_unfinished(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".modelwright-b.part", "mine.part"]);
    }
}
