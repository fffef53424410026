//! Pure preparation for the Data page.

use crate::domain::catalogue::CatalogueEntry;
use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::{CheckRun, Finding};
use crate::domain::history::History;
use crate::domain::ids::DatasetId;
use crate::domain::table::{SortKey, TableQuery};
use crate::state::format::count;

/// Datasets in name order, each with its versions, newest first; `search` narrows by name and by what the catalogue
/// knows.
pub fn datasets<'a>(
    history: &'a History,
    entries: &[CatalogueEntry],
    search: &str,
) -> Vec<(DatasetId, &'a str, Vec<&'a DatasetVersion>)> {
    let search = search.trim().to_lowercase();
    let mut all: Vec<(DatasetId, &str, Vec<&DatasetVersion>)> = Vec::new();
    let fits = |v: &&DatasetVersion| {
        let entry = entries.iter().find(|e| e.id == v.dataset_id);
        v.dataset.to_lowercase().contains(&search) || entry.is_some_and(|e| e.matches(&search))
    };
    for version in history.versions.iter().filter(fits) {
        match all.iter_mut().find(|(id, _, _)| *id == version.dataset_id) {
            Some((_, _, versions)) => versions.insert(0, version),
            None => all.push((version.dataset_id, &version.dataset, vec![version])),
        }
    }
    all.sort_by_key(|(_, name, _)| name.to_lowercase());
    all
}

/// A click on a header: up, down, off. With `add` the other keys stay.
pub fn toggle_sort(query: &TableQuery, column: &str, add: bool) -> TableQuery {
    let mut sort = query.sort.clone();
    let at = sort.iter().position(|k| k.column == column);
    if !add {
        sort.retain(|k| k.column == column);
    }
    match at.and_then(|_| sort.iter().position(|k| k.column == column)) {
        None => sort.push(SortKey { column: column.to_owned(), descending: false }),
        Some(i) if !sort[i].descending => sort[i].descending = true,
        Some(i) => {
            sort.remove(i);
        }
    }
    TableQuery { sort, filters: query.filters.clone() }
}

/// What the newest check run says about a column.
pub fn findings_on<'a>(check: &'a CheckRun, column: &str) -> Vec<&'a Finding> {
    check.report.findings().into_iter().filter(|f| f.column.as_deref() == Some(column)).collect()
}

/// "as many as before", "1,200 more", "80 fewer"
pub fn row_change(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Equal => "as many as before".to_owned(),
        std::cmp::Ordering::Greater => format!("{} more", count(after - before)),
        std::cmp::Ordering::Less => format!("{} fewer", count(before - after)),
    }
}

/// What changed in the columns from one version to the next, in a few words.
pub fn column_changes(before: &DatasetVersion, after: &DatasetVersion) -> String {
    let gone: Vec<&str> = before.schema.names().filter(|n| after.schema.column(n).is_none()).collect();
    let new: Vec<&str> = after.schema.names().filter(|n| before.schema.column(n).is_none()).collect();
    let kinds: Vec<&str> = after
        .schema
        .columns
        .iter()
        .filter(|c| before.schema.column(&c.name).is_some_and(|b| b.kind != c.kind))
        .map(|c| c.name.as_str())
        .collect();
    let mut words = Vec::new();
    for (what, names) in [("new", new), ("gone", gone), ("other kind", kinds)] {
        if !names.is_empty() {
            words.push(format!("{what}: {}", names.join(", ")));
        }
    }
    if words.is_empty() { "same columns".to_owned() } else { words.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(query: &TableQuery) -> Vec<(&str, bool)> {
        query.sort.iter().map(|k| (k.column.as_str(), k.descending)).collect()
    }

    #[test]
    fn a_header_click_goes_up_down_off() {
        let up = toggle_sort(&TableQuery::default(), "age", false);
        let down = toggle_sort(&up, "age", false);
        let off = toggle_sort(&down, "age", false);
        assert_eq!((keys(&up), keys(&down), keys(&off)), (vec![("age", false)], vec![("age", true)], vec![]));
    }

    #[test]
    fn shift_adds_a_key_and_a_plain_click_starts_over() {
        let one = toggle_sort(&TableQuery::default(), "age", false);
        let two = toggle_sort(&one, "plan", true);
        assert_eq!(keys(&two), [("age", false), ("plan", false)]);
        assert_eq!(keys(&toggle_sort(&two, "age", true)), [("age", true), ("plan", false)]);
        assert_eq!(keys(&toggle_sort(&two, "city", false)), [("city", false)]);
        assert_eq!(keys(&toggle_sort(&two, "plan", false)), [("plan", true)]);
    }
}
