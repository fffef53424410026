//! Pure preparation for the Storage page.

use crate::domain::storage::{StorageItem, StorageReport};
use crate::domain::watch::{WatchPolicy, WatchView};
use crate::state::format::{bytes, counted};
use crate::ui::widgets::badge::Tone;

/// Items whose name or user contains the words, largest first; what was deleted comes last.
pub fn items<'a>(report: &'a StorageReport, search: &str) -> Vec<&'a StorageItem> {
    let search = search.trim().to_lowercase();
    let fits = |item: &&StorageItem| {
        let text = format!("{} {}", item.label, item.needed_by.join(" ")).to_lowercase();
        search.split_whitespace().all(|word| text.contains(word))
    };
    let mut items: Vec<&StorageItem> = report.items.iter().filter(fits).collect();
    items.sort_by_key(|i| (i.deleted, std::cmp::Reverse(i.own_bytes)));
    items
}

/// The parts of the folder, largest first, with what each is.
pub fn parts(report: &StorageReport) -> Vec<(&'static str, u64, String)> {
    let n = report.unreferenced.len() as u64;
    let used = report.object_bytes.saturating_sub(report.unreferenced_bytes());
    let mut parts = vec![
        ("Datasets, runs and bundles", used, counted(report.n_objects - n, "file", "files")),
        ("Unreferenced", report.unreferenced_bytes(), format!("{} of unfinished jobs", counted(n, "file", "files"))),
        ("History", report.history_bytes, "records of everything that happened".to_owned()),
        ("Bin", report.bin_bytes, counted(report.bin.len() as u64, "deletion", "deletions")),
        ("Temporary", report.temp_bytes, "files being written".to_owned()),
        ("Backups", report.backup_bytes, "copies of the history before an upgrade".to_owned()),
    ];
    parts.retain(|(_, bytes, _)| *bytes > 0);
    parts.sort_by_key(|(_, bytes, _)| std::cmp::Reverse(*bytes));
    parts
}

/// "1.2 MB own · 300 kB shared"
pub fn sizes(item: &StorageItem) -> String {
    match (item.deleted, item.shared_bytes) {
        (true, _) => "Only the record is left".to_owned(),
        (false, 0) => bytes(item.own_bytes),
        (false, shared) => format!("{} · {} shared", bytes(item.own_bytes), bytes(shared)),
    }
}

/// How a watched place stands, in a word.
pub fn state(view: &WatchView) -> (Tone, String) {
    if !view.present {
        return (Tone::Warn, "not there".to_owned());
    }
    if view.n_problems > 0 {
        return (Tone::Warn, counted(view.n_problems, "problem", "problems"));
    }
    if view.offered > 0 {
        return (Tone::Info, format!("{} to take", counted(view.offered, "change", "changes")));
    }
    (Tone::Ok, "up to date".to_owned())
}

/// What happens with something new, as a button says it.
pub fn policy(policy: WatchPolicy) -> &'static str {
    match policy {
        WatchPolicy::Offer => "Offer changes",
        WatchPolicy::Import => "Import by itself",
        WatchPolicy::Append => "Add to one dataset",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{RunId, VersionId};
    use crate::domain::storage::StorageKey;

    fn item(key: StorageKey, label: &str, own_bytes: u64, deleted: bool) -> StorageItem {
        let needed_by = vec!["run 4 was trained on it".to_owned()];
        StorageItem { key, label: label.into(), own_bytes, shared_bytes: 0, needed_by, deleted }
    }

    #[test]
    fn the_largest_come_first_and_what_is_deleted_last() {
        let report = StorageReport {
            items: vec![
                item(StorageKey::Version(VersionId(1)), "churn@1", 10, false),
                item(StorageKey::Version(VersionId(2)), "churn@2", 0, true),
                item(StorageKey::Run(RunId(4)), "run 4", 900, false),
            ],
            ..StorageReport::default()
        };
        let labels = |search| items(&report, search).iter().map(|i| i.label.as_str()).collect::<Vec<_>>();
        assert_eq!(labels(""), ["run 4", "churn@1", "churn@2"]);
        assert_eq!(labels("CHURN trained"), ["churn@1", "churn@2"]);
        assert_eq!(sizes(&report.items[1]), "Only the record is left");
    }
}
