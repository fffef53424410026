//! `modelwright rows`: the table on standard output.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::data::view::find_column;
use crate::domain::dataset::DatasetVersion;
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::table::{SortKey, TablePage, TableQuery};
use crate::domain::words::{counted, thousands};
use crate::lifecycle::{StageError, look, resolve};

use super::args::RowsArgs;
use super::report::{self, Report};

/// Rows that are printed at most; what is larger is exported.
const MOST: u64 = 100_000;

pub fn rows(root: &Path, args: &RowsArgs) -> Result<Report, Problem> {
    if args.count > MOST {
        return Err(Problem::usage(
            format!("--count goes up to {MOST}"),
            "Ask for the rows in several steps with --first",
        ));
    }
    let data = super::imported(root, &args.data)?;
    super::listing(root, |workspace| {
        let version = resolve::resolve(workspace, &data, &Silent)?;
        let wrong = |e: crate::data::error::LoadError| {
            StageError::usage(e.to_string(), "`modelwright rows --help` shows how filters are written")
        };
        let position = |name: &String| find_column(&version.schema, name).map_err(wrong);
        let mut columns: Vec<usize> = args.columns.iter().map(position).collect::<Result<_, _>>()?;
        if columns.is_empty() {
            columns = (0..version.schema.columns.len()).collect();
        }
        let query = TableQuery {
            sort: args.sort.iter().map(|text| sort_key(&version, text)).collect(),
            filters: Vec::new(),
            expression: args.filter.clone(),
        };
        let range = args.first - 1..(args.first - 1).saturating_add(args.count);
        let found = look::rows(workspace, version.id, &query, &columns, range, &Silent);
        let (page, n_rows) = found.map_err(|e| match e {
            StageError::Load(e) if e.is_usage() => wrong(e),
            other => other,
        })?;
        let columns: Vec<&ColumnSchema> = columns.iter().map(|&c| &version.schema.columns[c]).collect();
        Ok(report_of(&version, &columns, &page, n_rows))
    })
}

/// `age` or `age:desc`; a column may itself be called `a:desc`.
fn sort_key(version: &DatasetVersion, text: &str) -> SortKey {
    if version.schema.column(text).is_none() {
        for (ending, descending) in [(":desc", true), (":asc", false)] {
            if let Some(column) = text.strip_suffix(ending) {
                return SortKey { column: column.to_owned(), descending };
            }
        }
    }
    SortKey { column: text.to_owned(), descending: false }
}

fn report_of(version: &DatasetVersion, columns: &[&ColumnSchema], page: &TablePage, n_rows: u64) -> Report {
    let row = |(id, cells): (&u64, &Vec<Option<String>>)| {
        let values =
            columns.iter().zip(cells).map(|(column, cell)| (column.name.clone(), value(column, cell.as_deref())));
        json!({ "row": id + 1, "values": values.collect::<Map<_, _>>() })
    };
    let rows: Vec<Value> = page.row_ids.iter().zip(&page.cells).map(row).collect();
    let json = json!({
        "dataset": version.dataset, "version": version.version, "rows": n_rows, "total_rows": version.rows,
        "first": page.first + 1, "columns": columns.iter().map(|c| &c.name).collect::<Vec<_>>(), "data": rows,
    });
    let mut header = vec!["row"];
    header.extend(columns.iter().map(|c| c.name.as_str()));
    let line = |(id, cells): (&u64, &Vec<Option<String>>)| {
        let cell = |cell: &Option<String>| cell.as_deref().map_or_else(|| "–".to_owned(), one_line);
        std::iter::once((id + 1).to_string()).chain(cells.iter().map(cell)).collect()
    };
    let lines: Vec<Vec<String>> = page.row_ids.iter().zip(&page.cells).map(line).collect();
    let mut text = report::table(&header, &lines);
    let shown = page.row_ids.len();
    text.push_str(&format!(
        "{shown} shown of {}, of {} in {}\n",
        counted(n_rows, "row that fits", "rows that fit"),
        thousands(version.rows),
        version.label()
    ));
    Report::new(json, text)
}

/// Numbers and truths as such where JSON can hold them exactly; everything else as text.
fn value(column: &ColumnSchema, cell: Option<&str>) -> Value {
    let Some(cell) = cell else { return Value::Null };
    let typed = match column.storage {
        Storage::Int64 => cell.parse::<i64>().ok().map(Value::from),
        Storage::Float64 => cell.parse::<f64>().ok().filter(|x| x.is_finite()).map(Value::from),
        Storage::Boolean => cell.parse::<bool>().ok().map(Value::from),
        Storage::DatetimeMs | Storage::String => None,
    };
    typed.unwrap_or_else(|| Value::from(cell))
}

/// A terminal's line: control characters shown, at most 60 characters.
fn one_line(cell: &str) -> String {
    let mut line: String = cell
        .chars()
        .take(60)
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect();
    if cell.chars().nth(60).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_terminal_stay_on_one_line() {
        assert_eq!(one_line("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(one_line(&"x".repeat(100)).chars().count(), 61);
    }
}
