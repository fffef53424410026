//! A comparison of two versions, prepared for drawing.

use crate::domain::diff::{CellChange, ColumnDiff, DiffReport, KeySource, RowChange};
use crate::domain::schema::Storage;
use crate::state::format::{count, counted, number, percent};
use crate::ui::widgets::badge::Tone;

/// One line of the list of examples: a changed cell, or a whole row.
#[derive(Clone, Debug, PartialEq)]
pub struct ExampleLine {
    pub change: RowChange,
    pub key: String,
    pub column: String,
    pub old: String,
    pub new: String,
}

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExampleFilter {
    pub change: Option<RowChange>,
    pub column: Option<String>,
}

/// Colour, icon and word of a change; the word says it without the colour.
pub fn tone(change: RowChange) -> Tone {
    match change {
        RowChange::Removed => Tone::Bad,
        RowChange::Added => Tone::Ok,
        RowChange::Changed => Tone::Warn,
    }
}

pub fn lines(report: &DiffReport, filter: &ExampleFilter) -> Vec<ExampleLine> {
    let mut lines = Vec::new();
    for example in report.examples.iter().filter(|e| filter.change.is_none_or(|change| change == e.change)) {
        let key = match example.key.is_empty() {
            true => {
                let row = example.rows.iter().flatten().next().copied().unwrap_or(0);
                format!("row {}", count(row + 1))
            }
            false => example.key.iter().map(|k| shown(k.as_ref())).collect::<Vec<_>>().join(" · "),
        };
        if example.change == RowChange::Changed {
            for cell in example.cells.iter().filter(|c| filter.column.as_ref().is_none_or(|name| *name == c.column)) {
                lines.push(ExampleLine {
                    change: example.change,
                    key: key.clone(),
                    column: cell.column.clone(),
                    old: shown(cell.old.as_ref()),
                    new: shown(cell.new.as_ref()),
                });
            }
            continue;
        }
        let value =
            |c: &CellChange| shown(if example.change == RowChange::Added { c.new.as_ref() } else { c.old.as_ref() });
        // A column that is part of the key stands there already.
        let (column, cells) = match &filter.column {
            Some(name) => {
                (name.clone(), example.cells.iter().find(|c| c.column == *name).map(value).unwrap_or_default())
            }
            None => {
                let all = example.cells.iter().map(|c| format!("{} {}", c.column, value(c)));
                ("whole row".to_owned(), all.collect::<Vec<_>>().join(" · "))
            }
        };
        let (old, new) =
            if example.change == RowChange::Added { (String::new(), cells) } else { (cells, String::new()) };
        lines.push(ExampleLine { change: example.change, key, column, old, new });
    }
    lines
}

fn shown(cell: Option<&String>) -> String {
    cell.map_or_else(|| "(missing)".to_owned(), |text| text.replace(['\n', '\r', '\t'], " "))
}

/// For a filter.
pub fn title(change: RowChange) -> &'static str {
    match change {
        RowChange::Removed => "Removed",
        RowChange::Added => "Added",
        RowChange::Changed => "Changed",
    }
}

/// How rows were paired, in a sentence; that whole rows were compared is among the notes.
pub fn pairing(report: &DiffReport) -> Option<String> {
    let columns = report.key.columns.join(", ");
    match report.key.source {
        KeySource::Given => Some(format!("Rows with the same {columns} belong together")),
        KeySource::Proposed => {
            Some(format!("Rows with the same {columns} belong together: it is unique on both sides"))
        }
        KeySource::WholeRows => None,
    }
}

/// Changes of the columns, one line each: a tone, its word, what.
pub fn schema_lines(report: &DiffReport) -> Vec<(Tone, &'static str, String)> {
    let schema = &report.schema;
    let mut lines = Vec::new();
    for c in &schema.removed {
        lines.push((Tone::Bad, "removed", format!("{} ({})", c.column, c.kind.as_str())));
    }
    for c in &schema.added {
        lines.push((Tone::Ok, "added", format!("{} ({})", c.column, c.kind.as_str())));
    }
    for c in &schema.changed {
        let what = if c.kind[0] == c.kind[1] {
            format!("{}: stored as {} → {}", c.column, storage(c.storage[0]), storage(c.storage[1]))
        } else {
            format!("{}: {} → {}", c.column, c.kind[0].as_str(), c.kind[1].as_str())
        };
        lines.push((Tone::Warn, "changed", what));
    }
    if schema.reordered {
        lines.push((Tone::Info, "order", "The columns stand in another order".to_owned()));
    }
    lines
}

fn storage(storage: Storage) -> &'static str {
    match storage {
        Storage::Float64 => "decimal number",
        Storage::Int64 => "whole number",
        Storage::Boolean => "boolean",
        Storage::DatetimeMs => "time",
        Storage::String => "text",
    }
}

/// Key columns, then those with the most changed cells, then by how far they drifted; else as they stand.
pub fn most_changed_first(report: &DiffReport) -> Vec<&ColumnDiff> {
    let mut columns: Vec<&ColumnDiff> = report.columns.iter().collect();
    columns.sort_by_key(|c| (!c.is_key, std::cmp::Reverse(c.changed_cells), !c.drift.drifted));
    columns
}

/// Cells of a column in the table of columns: changed, missing, centre.
pub fn column_cells(column: &ColumnDiff, report: &DiffReport) -> [String; 3] {
    let pairs = (report.rows.changed + report.rows.unchanged).max(1) as f64;
    let changed = match column.changed_cells {
        _ if column.is_key => "key".to_owned(),
        _ if report.key.source == KeySource::WholeRows => "–".to_owned(),
        0 => "none".to_owned(),
        n => format!("{} · {}", count(n), percent(n as f64 / pairs)),
    };
    let missing = arrow(column.missing.map(count));
    let centre = match (column.mean, &column.top) {
        ([Some(a), Some(b)], _) if column.drift.kind != crate::domain::schema::ColumnKind::Datetime => {
            format!("mean {}", arrow([number(a), number(b)]))
        }
        (_, top) => {
            let most = |side: usize| {
                top[side]
                    .first()
                    .map_or_else(|| "–".to_owned(), |(value, share)| format!("{value} {}", percent(*share)))
            };
            format!("top {}", arrow([most(0), most(1)]))
        }
    };
    [changed, missing, centre]
}

/// "3 → 4", or one value where both are alike.
fn arrow([old, new]: [String; 2]) -> String {
    if old == new { old } else { format!("{old} → {new}") }
}

/// What the list leaves out; `None` when it is whole.
pub fn left_out(report: &DiffReport) -> Option<String> {
    let limit = u64::from(report.example_limit);
    let rows = [(report.rows.removed, "removed"), (report.rows.added, "added"), (report.rows.changed, "changed")];
    let cut: Vec<String> = rows
        .iter()
        .filter(|(n, _)| *n > limit)
        .map(|(n, word)| format!("{} of {} {word}", count(limit), counted(*n, "row", "rows")))
        .collect();
    (!cut.is_empty()).then(|| format!("Listed: the first {}", cut.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::diff::{
        DiffKey, DiffSide, Duplicates, RowCounts, RowExample, SchemaChange, SchemaColumn, SchemaDiff,
    };
    use crate::domain::ids::VersionId;
    use crate::domain::schema::ColumnKind;

    fn report() -> DiffReport {
        let side = |id, label: &str| DiffSide { version: VersionId(id), label: label.into(), rows: 3, columns: 2 };
        let cell = |old: Option<&str>, new: Option<&str>| CellChange {
            column: "x".into(),
            old: old.map(Into::into),
            new: new.map(Into::into),
        };
        let example = |change, rows, cell| RowExample { change, rows, key: vec![Some("a".into())], cells: vec![cell] };
        DiffReport {
            format_version: 1,
            left: side(1, "t@1"),
            right: side(2, "t@2"),
            equal: false,
            schema: SchemaDiff {
                added: vec![SchemaColumn { column: "n".into(), kind: ColumnKind::Text, storage: Storage::String }],
                removed: vec![],
                changed: vec![SchemaChange {
                    column: "x".into(),
                    kind: [ColumnKind::Numeric; 2],
                    storage: [Storage::Int64, Storage::Float64],
                }],
                reordered: true,
            },
            key: DiffKey { source: KeySource::Given, columns: vec!["id".into()], candidates: vec![] },
            rows: RowCounts { added: 120, removed: 0, changed: 1, unchanged: 9 },
            duplicates: [Duplicates::default(); 2],
            columns: vec![],
            examples: vec![
                example(RowChange::Added, [None, Some(4)], cell(None, Some("7"))),
                example(RowChange::Changed, [Some(1), Some(1)], cell(Some("1"), None)),
            ],
            example_limit: 100,
            notes: vec![],
        }
    }

    #[test]
    fn a_changed_row_has_a_line_per_cell_and_others_one() {
        let all = lines(&report(), &ExampleFilter::default());
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].new.as_str(), all[0].old.as_str(), all[0].column.as_str()), ("x 7", "", "whole row"));
        assert_eq!((all[1].old.as_str(), all[1].new.as_str()), ("1", "(missing)"));
        let only = ExampleFilter { change: Some(RowChange::Changed), column: Some("y".into()) };
        assert!(lines(&report(), &only).is_empty());
    }

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(left_out(&report()).as_deref(), Some("Listed: the first 100 of 120 rows added"));
    }

    #[test]
    fn changes_of_columns_have_a_word_each() {
        let words: Vec<(&str, String)> = schema_lines(&report()).into_iter().map(|(_, w, t)| (w, t)).collect();
        assert_eq!(words[0], ("added", "n (text)".to_owned()));
        assert_eq!(words[1], ("changed", "x: stored as whole number → decimal number".to_owned()));
        assert_eq!(words[2].0, "order");
    }
}
