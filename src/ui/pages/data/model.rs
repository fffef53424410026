//! Pure preparation for the Data page.

use crate::domain::catalogue::CatalogueEntry;
use crate::domain::dataset::DatasetVersion;
use crate::domain::finding::{CheckRun, Finding};
use crate::domain::history::History;
use crate::domain::ids::DatasetId;
use crate::domain::profile::{ColumnProfile, Histogram};
use crate::domain::schema::Storage;
use crate::domain::table::{ColumnFilter, FilterOp, SortKey, TableQuery};
use crate::state::format::exact_utc;

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
    TableQuery { sort, ..query.clone() }
}

/// The rows that one bar of a histogram counts.
pub fn bin_filters(column: &ColumnProfile, histogram: &Histogram, bin: usize) -> Vec<ColumnFilter> {
    let last = bin + 1 == histogram.counts.len();
    let condition = |op: FilterOp, edge: f64| {
        // Times are whole milliseconds: at least 1.5 is at least 2, less than 1.5 is less than 2.
        let value = match (column.storage, op) {
            (Storage::DatetimeMs, FilterOp::LessOrEqual) => exact_utc(edge.floor() as i64),
            (Storage::DatetimeMs, _) => exact_utc(edge.ceil() as i64),
            _ => edge.to_string(),
        };
        ColumnFilter { column: column.name.clone(), op, value }
    };
    if let Some(value) = histogram.whole(bin).filter(|_| column.is_number()) {
        return vec![condition(FilterOp::Equals, value)];
    }
    let (Some(from), Some(to)) = (histogram.edges.get(bin), histogram.edges.get(bin + 1)) else { return Vec::new() };
    let end = if last { FilterOp::LessOrEqual } else { FilterOp::Less };
    vec![condition(FilterOp::GreaterOrEqual, *from), condition(end, *to)]
}

/// The rows that hold one value, written as in a profile.
pub fn value_filter(column: &str, storage: Storage, value: &str) -> ColumnFilter {
    // A date alone means the whole day to a filter; in a profile it is midnight.
    let midnight = storage == Storage::DatetimeMs && value.len() <= "2026-03-01".len();
    let value = if midnight { format!("{value}T00:00:00Z") } else { value.to_owned() };
    ColumnFilter { column: column.to_owned(), op: FilterOp::Equals, value }
}

/// What the newest check run says about a column.
pub fn findings_on<'a>(check: &'a CheckRun, column: &str) -> Vec<&'a Finding> {
    check.report.findings().into_iter().filter(|f| f.column.as_deref() == Some(column)).collect()
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
    use crate::domain::schema::ColumnKind;

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

    fn column(storage: Storage, edges: Vec<f64>, counts: Vec<u64>) -> ColumnProfile {
        let histogram = Some(Histogram { edges, counts });
        ColumnProfile { histogram, ..ColumnProfile::new("x", ColumnKind::Numeric, storage) }
    }

    #[test]
    fn a_bar_asks_for_the_rows_it_counts() {
        let asked = |c: &ColumnProfile, bin| -> Vec<(FilterOp, String)> {
            bin_filters(c, c.histogram.as_ref().unwrap(), bin).into_iter().map(|f| (f.op, f.value)).collect()
        };
        let c = column(Storage::Float64, vec![0.1, 0.2, 1e-7], vec![3, 4]);
        assert_eq!(asked(&c, 0), [(FilterOp::GreaterOrEqual, "0.1".into()), (FilterOp::Less, "0.2".into())]);
        assert_eq!(asked(&c, 1)[1], (FilterOp::LessOrEqual, "0.0000001".into()));
        assert_eq!(asked(&c, 2), []);
        let c = column(Storage::Int64, vec![-0.5, 0.5, 1.5], vec![3, 4]);
        assert_eq!(asked(&c, 1), [(FilterOp::Equals, "1".into())]);
        let c = column(Storage::DatetimeMs, vec![0.0, 1500.5, 3001.0], vec![1, 1]);
        assert_eq!(asked(&c, 0)[1], (FilterOp::Less, "1970-01-01T00:00:01.501Z".into()));
        assert_eq!(asked(&c, 1)[0], (FilterOp::GreaterOrEqual, "1970-01-01T00:00:01.501Z".into()));
        assert_eq!(asked(&c, 1)[1], (FilterOp::LessOrEqual, "1970-01-01T00:00:03.001Z".into()));
    }

    #[test]
    fn a_value_asks_for_its_rows_and_midnight_is_not_the_whole_day() {
        assert_eq!(value_filter("x", Storage::String, "2026-03-01").value, "2026-03-01");
        assert_eq!(value_filter("x", Storage::DatetimeMs, "2026-03-01").value, "2026-03-01T00:00:00Z");
        assert_eq!(value_filter("x", Storage::Float64, "2.5").op, FilterOp::Equals);
    }
}
