//! Lines of CSV: a stored table, row group by row group, or the cells of others.
//!
//! *Exact* reads back as the same table: whole floats keep a point so that they stay floats, a row of one missing cell
//! is a pair of quotes, not an empty line. *Verbatim* quotes only what has to be. Types are not part of a CSV file:
//! texts that all look like numbers are read as numbers unless the reading says otherwise. *For spreadsheets* puts an
//! apostrophe before texts that a spreadsheet would take for formulas (CWE-1236), and a byte order mark at the start,
//! without which Excel takes UTF-8 for a local encoding.

use std::io::{BufWriter, Write};
use std::path::Path;

use super::error::LoadError;
use super::parquet::File;
use super::table::Cells;
use crate::domain::io::JobIo;
use crate::domain::schema::{Schema, Storage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CsvForm {
    Exact,
    Spreadsheet,
    /// Cells that were in quotes only for their content are so again; the empty text is an empty cell.
    Verbatim,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
    /// Cells and column names that got an apostrophe.
    pub guarded: u64,
}

/// Writes the table stored at `path`.
pub fn write(
    path: &Path,
    schema: &Schema,
    form: CsvForm,
    out: &mut dyn Write,
    io: &dyn JobIo,
) -> Result<Written, LoadError> {
    let file = File::open(path, &path.display().to_string())?;
    file.check(schema)?;
    let columns: Vec<(String, Storage)> = schema.columns.iter().map(|c| (c.name.clone(), c.storage)).collect();
    write_file(&file, &columns, form, out, io)
}

/// The same for a stored table whose schema was not kept: its texts, whole numbers and so on, by the types in the file.
pub fn write_file(
    file: &File,
    columns: &[(String, Storage)],
    form: CsvForm,
    out: &mut dyn Write,
    io: &dyn JobIo,
) -> Result<Written, LoadError> {
    let failed = |source| LoadError::Io { file: "the CSV file".to_owned(), doing: "writing", source };
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut lines = Lines::new(form, ',');
    if form == CsvForm::Spreadsheet {
        out.write_all("\u{feff}".as_bytes()).map_err(failed)?;
    }
    columns.iter().for_each(|(name, _)| lines.cell(Some(name), true));
    lines.end();
    for group in 0..file.row_starts.len() - 1 {
        let done = file.row_starts[group];
        io.progress("Writing rows", Some(done as f64 / file.n_rows.max(1) as f64))?;
        let cells = columns
            .iter()
            .enumerate()
            .map(|(at, (_, storage))| file.column_of_groups(group..group + 1, at, *storage))
            .collect::<Result<Vec<Cells>, LoadError>>()?;
        for row in 0..(file.row_starts[group + 1] - done) as usize {
            for cells in &cells {
                match cells {
                    Cells::Text(d) => lines.cell(d.get(row), true),
                    Cells::Float(_) => lines.cell(cells.text(row).map(float).as_deref(), false),
                    _ => lines.cell(cells.text(row).as_deref(), false),
                }
            }
            lines.end();
        }
        lines.flush(&mut out).map_err(failed)?;
    }
    lines.flush(&mut out).map_err(failed)?;
    out.flush().map_err(failed)?;
    Ok(Written { rows: file.n_rows, guarded: lines.guarded })
}

/// A whole float with a point, so that the column is read as floats again.
fn float(text: String) -> String {
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') { text + ".0" } else { text }
}

/// Rows on their way into a file.
pub struct Lines {
    form: CsvForm,
    delimiter: char,
    text: String,
    /// Cells of the row under way.
    n_cells: usize,
    /// The row under way is empty so far.
    is_empty: bool,
    /// Cells that got an apostrophe.
    guarded: u64,
}

impl Lines {
    pub fn new(form: CsvForm, delimiter: char) -> Self {
        Self { form, delimiter, text: String::new(), n_cells: 0, is_empty: true, guarded: 0 }
    }

    /// The next cell of the row; `None` is missing.
    pub fn cell(&mut self, cell: Option<&str>, is_text: bool) {
        if self.n_cells > 0 {
            self.text.push(self.delimiter);
        }
        self.n_cells += 1;
        let Some(cell) = cell else { return };
        let guarded = is_text && self.form == CsvForm::Spreadsheet && is_formula(cell);
        self.guarded += u64::from(guarded);
        let delimiter = self.delimiter;
        let special = |c| c == delimiter || matches!(c, '"' | '\n' | '\r');
        let plain = self.form == CsvForm::Verbatim || !cell.is_empty() && cell.trim() == cell;
        self.is_empty &= plain && cell.is_empty();
        if !guarded && plain && !cell.contains(special) {
            self.text.push_str(cell);
            return;
        }
        self.text.push('"');
        if guarded {
            self.text.push('\'');
        }
        for c in cell.chars() {
            if c == '"' {
                self.text.push('"');
            }
            self.text.push(c);
        }
        self.text.push('"');
    }

    pub fn end(&mut self) {
        if self.n_cells == 1 && self.is_empty {
            self.text.push_str("\"\"");
        }
        self.text.push('\n');
        (self.n_cells, self.is_empty) = (0, true);
    }

    /// Writes the rows so far.
    pub fn flush(&mut self, out: &mut dyn Write) -> std::io::Result<()> {
        out.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }
}

/// Would a spreadsheet take this text for a formula? Plain numbers such as `-2` stay as they are.
fn is_formula(text: &str) -> bool {
    let first = text.chars().next();
    let suspicious = first
        .is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\0' | '＝' | '＋' | '－' | '＠'));
    suspicious && !is_plain_number(text)
}

/// Digits with a sign, a point and an exponent; not the words `inf` and `nan`.
fn is_plain_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::testing::{numbers, table};
    use crate::data::{parquet, read};
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind;

    fn csv(table: &crate::data::table::Table, form: CsvForm) -> (String, Written) {
        let file = tempfile::NamedTempFile::new().unwrap();
        parquet::write(table, file.path(), &Silent).unwrap();
        let mut out = Vec::new();
        let written = write(file.path(), &table.schema, form, &mut out, &Silent).unwrap();
        (String::from_utf8(out).unwrap(), written)
    }

    fn texts(cells: &[Option<&str>]) -> Cells {
        Cells::Text(cells.iter().copied().collect())
    }

    #[test]
    fn only_texts_that_are_formulas_are_guarded_and_only_for_spreadsheets() {
        let cells = [Some("=1+1"), Some("-2"), Some("＠x"), Some("+x"), Some("a=b"), None, Some("\t1"), Some("-1e3")];
        let t = table(vec![
            ("=h", ColumnKind::Text, texts(&cells)),
            ("n", ColumnKind::Numeric, numbers([-1.0, 0.5, 3.0, f64::NAN, 1e300, 0.1, -7.25, 2.0])),
        ]);
        let (text, written) = csv(&t, CsvForm::Spreadsheet);
        let expected = "\u{feff}\"'=h\",n\n\"'=1+1\",-1.0\n-2,0.5\n\"'＠x\",3.0\n\"'+x\",\na=b,1e300\n,0.1\n\"'\t1\",-7.25\n-1e3,2.0\n";
        assert_eq!(text, expected);
        assert_eq!(written, Written { rows: 8, guarded: 5 });
        let (text, written) = csv(&t, CsvForm::Exact);
        assert!(text.starts_with("=h,n\n=1+1,-1.0\n") && written.guarded == 0, "{text}");
    }

    #[test]
    fn exact_csv_reads_back_as_the_same_table() {
        let t = table(vec![
            ("id", ColumnKind::Identifier, texts(&[Some("001"), Some("002"), Some("010"), Some("x\"y, z\nw")])),
            ("whole", ColumnKind::Numeric, numbers([1.0, 2.0, f64::NAN, -4.0])),
            ("real", ColumnKind::Numeric, numbers([0.1, 1e-9, 1e22, f64::INFINITY])),
            ("n", ColumnKind::Numeric, Cells::Int(vec![Some(9_007_199_254_740_992), None, Some(-5), Some(0)])),
            ("b", ColumnKind::Boolean, Cells::Boolean(vec![Some(true), Some(false), None, Some(true)])),
            ("d", ColumnKind::Datetime, Cells::DatetimeMs(vec![Some(0), Some(-1), None, Some(1_772_368_205_250)])),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, csv(&t, CsvForm::Exact).0).unwrap();
        let options = read::sniff(&path, "t.csv").unwrap();
        let (back, _) = read::load(&path, "t.csv", &options, &Silent).unwrap();
        let name = |t: &crate::data::table::Table| t.schema.names().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(name(&back), name(&t));
        for (at, column) in t.columns.iter().enumerate() {
            assert_eq!(back.columns[at].storage(), column.storage());
            let cells = |c: &Cells| (0..4).map(|row| c.text(row)).collect::<Vec<_>>();
            assert_eq!(cells(&back.columns[at]), cells(column));
        }
    }

    #[test]
    fn a_lone_missing_cell_keeps_its_row() {
        let t = table(vec![("a", ColumnKind::Text, texts(&[Some("x"), None, Some("y")]))]);
        assert_eq!(csv(&t, CsvForm::Exact).0, "a\nx\n\"\"\ny\n");
    }
}
