//! A chart's numbers as a table: what "Copy data as CSV" copies and "Show as table" shows.

/// Cells as text, numbers in full precision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChartTable {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl ChartTable {
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Comma-separated, quoted where RFC 4180 asks for it, one header line, `\n` line ends.
    pub fn to_csv(&self) -> String {
        let mut out = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            for (i, cell) in row.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_cell(&mut out, cell);
            }
            out.push('\n');
        }
        out
    }
}

fn push_cell(out: &mut String, cell: &str) {
    if cell.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(cell);
    }
}

/// A file name from a title: `ROC curve · churn` → `roc-curve-churn`.
pub fn file_stem(title: &str) -> String {
    let mut stem = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            stem.push(c);
        } else if !stem.ends_with('-') && !stem.is_empty() {
            stem.push('-');
        }
    }
    let stem = stem.trim_end_matches('-');
    if stem.is_empty() { "chart".to_owned() } else { stem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_quotes_and_line_ends_are_quoted() {
        let table = ChartTable {
            columns: vec!["value".into(), "share".into()],
            rows: vec![vec!["a, \"b\"".into(), "0.5".into()], vec!["two\nlines".into(), String::new()]],
        };
        assert_eq!(table.to_csv(), "value,share\n\"a, \"\"b\"\"\",0.5\n\"two\nlines\",\n");
    }

    #[test]
    fn a_title_becomes_a_file_name() {
        assert_eq!(file_stem("ROC curve · churn@2"), "roc-curve-churn-2");
        assert_eq!(file_stem("···"), "chart");
    }
}
