//! The versions of a dataset as a list with its graph: who came from whom, and which names lead where.

use crate::domain::branch::{Branch, MAIN, VersionTag};
use crate::domain::dataset::{DatasetVersion, Origin};
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, VersionId};
use crate::state::format::count;

use super::model::column_changes;

/// One version of the list.
pub struct VersionRow<'a> {
    pub version: &'a DatasetVersion,
    /// Branches that lead here; `main` without a record has none.
    pub branches: Vec<(&'a str, Option<&'a Branch>)>,
    pub tags: Vec<&'a VersionTag>,
    pub parent: Option<&'a DatasetVersion>,
    /// The lane of its dot, from the left.
    pub lane: usize,
    /// Lanes that run on below its dot, each with the version it leads to.
    pub below: Vec<Option<VersionId>>,
}

/// Newest first.
pub fn version_rows(history: &History, dataset: DatasetId) -> Vec<VersionRow<'_>> {
    let mut versions: Vec<&DatasetVersion> = history.versions.iter().filter(|v| v.dataset_id == dataset).collect();
    versions.sort_by_key(|v| std::cmp::Reverse(v.version));
    let known = |id: VersionId| versions.iter().copied().find(|v| v.id == id);
    let mut lanes: Vec<Option<VersionId>> = Vec::new();
    let mut rows = Vec::with_capacity(versions.len());
    for version in &versions {
        let parent = version.provenance.parent.and_then(known);
        let waiting = lanes.iter().position(|lane| *lane == Some(version.id));
        let free = || lanes.iter().position(Option::is_none);
        let lane = waiting.or_else(free).unwrap_or(lanes.len());
        lanes.iter_mut().filter(|l| **l == Some(version.id)).for_each(|l| *l = None);
        if lane == lanes.len() {
            lanes.push(None);
        }
        lanes[lane] = parent.map(|p| p.id);
        while lanes.last() == Some(&None) {
            lanes.pop();
        }
        rows.push(VersionRow {
            version,
            branches: branches_of(history, version),
            tags: history.tags.iter().filter(|t| t.version == version.id).collect(),
            parent,
            lane,
            below: lanes.clone(),
        });
    }
    rows
}

/// The branches that lead to a version, `main` first; without a record it leads to the latest.
pub fn branches_of<'a>(history: &'a History, version: &DatasetVersion) -> Vec<(&'a str, Option<&'a Branch>)> {
    let ours = || history.branches.iter().filter(|b| b.dataset_id == version.dataset_id);
    let mut found: Vec<(&str, Option<&Branch>)> =
        ours().filter(|b| b.head == version.id).map(|b| (b.name.as_str(), Some(b))).collect();
    found.sort_by_key(|(name, _)| *name != MAIN);
    let numbers = history.versions.iter().filter(|v| v.dataset_id == version.dataset_id).map(|v| v.version);
    if ours().all(|b| b.name != MAIN) && numbers.max() == Some(version.version) {
        found.insert(0, (MAIN, None));
    }
    found
}

/// "20,134 rows, 134 more than v1 · 22 columns, same columns"
pub fn facts(row: &VersionRow<'_>) -> String {
    let version = row.version;
    let rows = format!("{} rows", count(version.rows));
    let columns = format!("{} columns", version.schema.columns.len());
    let Some(parent) = row.parent else { return format!("{rows} · {columns}") };
    let change = match version.rows.cmp(&parent.rows) {
        std::cmp::Ordering::Equal => format!("as many as v{}", parent.version),
        std::cmp::Ordering::Greater => format!("{} more than v{}", count(version.rows - parent.rows), parent.version),
        std::cmp::Ordering::Less => format!("{} fewer than v{}", count(parent.rows - version.rows), parent.version),
    };
    format!("{rows}, {change} · {columns}, {}", column_changes(parent, version))
}

/// How it came to be, with where from.
pub fn origin(version: &DatasetVersion) -> String {
    let word = match version.provenance.origin {
        Origin::Import => format!("imported from {}", version.source_name),
        Origin::Refresh => format!("read again from {}", version.source_name),
        Origin::Revert => "reverted".to_owned(),
        Origin::Labels => "labelled by hand".to_owned(),
        Origin::Groups => "groups kept as a column".to_owned(),
        Origin::Kind => "kind of a column changed".to_owned(),
        Origin::Quarantine => "rows set aside".to_owned(),
    };
    if version.provenance.author.is_empty() { word } else { format!("{word} by {}", version.provenance.author) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::BranchId;
    use crate::state::fixture;

    fn history() -> History {
        let mut versions: Vec<DatasetVersion> = [1, 2, 3, 4].map(|n| fixture::version(i64::from(n), "churn", n)).into();
        for (at, parent) in [(1, 1), (2, 2), (3, 2)] {
            versions[at].provenance.parent = Some(VersionId(parent));
        }
        versions[3].rows = 650;
        let branch = |id, name: &str, head| Branch {
            id: BranchId(id),
            dataset_id: versions[0].dataset_id,
            name: name.to_owned(),
            head: VersionId(head),
            created_at_ms: 0,
        };
        let branches = vec![branch(1, "clean", 3), branch(2, "main", 4)];
        History { branches, versions, ..History::default() }
    }

    #[test]
    fn two_branches_have_two_lanes_that_meet_at_their_parent() {
        let history = history();
        let rows = version_rows(&history, history.versions[0].dataset_id);
        let lanes: Vec<(u32, usize)> = rows.iter().map(|r| (r.version.version, r.lane)).collect();
        assert_eq!(lanes, [(4, 0), (3, 1), (2, 0), (1, 0)]);
        assert_eq!(rows[1].below, [Some(VersionId(2)), Some(VersionId(2))]);
        assert_eq!(rows[2].below, [Some(VersionId(1))]);
        assert!(rows[3].below.is_empty());
    }

    #[test]
    fn main_is_the_latest_until_it_has_a_record() {
        let mut history = history();
        let names = |history: &History, at: usize| -> Vec<String> {
            branches_of(history, &history.versions[at]).into_iter().map(|(name, _)| name.to_owned()).collect()
        };
        assert_eq!((names(&history, 3), names(&history, 2)), (vec!["main".to_owned()], vec!["clean".to_owned()]));
        history.branches[1].head = VersionId(1);
        assert_eq!((names(&history, 3), names(&history, 0)), (vec![], vec!["main".to_owned()]));
        history.branches.clear();
        assert_eq!(names(&history, 3), ["main"]);
    }

    #[test]
    fn rows_are_told_against_the_parent() {
        let history = history();
        let rows = version_rows(&history, history.versions[0].dataset_id);
        assert_eq!(facts(&rows[0]), "650 rows, 50 more than v2 · 3 columns, same columns");
        assert_eq!(facts(&rows[3]), "600 rows · 3 columns");
    }
}
