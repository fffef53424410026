//! What the targets share: the text reader's own sources, a file to read from, a table to read into, and a second
//! splitter of records, written apart from the reader and as plain as can be.

#![allow(
    dead_code,
    unused_imports,
    reason = "the text reader's sources are included as they are, and the targets call only part of them"
)]

include!(concat!(env!("OUT_DIR"), "/modules.rs"));

use std::path::PathBuf;

use data::builder::CellsBuilder;
use data::error::LoadError;
use data::read::{ReadReport, SourceSpec, TableSink, stream};
use data::table::Cells;
use domain::dataset::{BadRows, ColumnChoice, ReadOptions};
use domain::io::Silent;
use domain::preview::BadRow;
use domain::schema::Storage;

/// A file in memory, one per process, overwritten by every call.
pub fn file(bytes: &[u8]) -> PathBuf {
    let folder = if std::path::Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let path = folder.join(format!("modelwright-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// All that was read.
#[derive(Default)]
pub struct Collected {
    pub names: Vec<String>,
    builders: Vec<CellsBuilder>,
    pub bad_rows: Vec<BadRow>,
    pub n_rows: usize,
    pub columns: Vec<Cells>,
}

impl TableSink for Collected {
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError> {
        *self = Self::default();
        self.names = columns.iter().map(|(name, _)| name.clone()).collect();
        self.builders = columns.iter().map(|(_, storage)| CellsBuilder::new(*storage)).collect();
        Ok(())
    }

    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError> {
        assert_eq!(chunk.len(), self.builders.len());
        let n_rows = chunk.first().map_or(0, Cells::len);
        assert!(chunk.iter().all(|c| c.len() == n_rows), "a ragged piece");
        for (builder, cells) in self.builders.iter_mut().zip(&chunk) {
            builder.append(cells);
        }
        self.n_rows += n_rows;
        Ok(())
    }

    fn bad_row(&mut self, row: BadRow) -> Result<(), LoadError> {
        self.bad_rows.push(row);
        Ok(())
    }
}

impl Collected {
    /// Row by row, as text.
    pub fn cells(&self) -> Vec<Vec<Option<String>>> {
        (0..self.n_rows).map(|row| self.columns.iter().map(|c| c.text(row)).collect()).collect()
    }
}

/// Reads and checks what every reading must hold: the report agrees with what came.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<(Collected, ReadReport), LoadError> {
    let path = file(bytes);
    let mut all = Collected::default();
    let report = stream(&SourceSpec::file("fuzz.csv", &path), options, &Silent, &mut all)?;
    all.columns = std::mem::take(&mut all.builders).into_iter().map(CellsBuilder::finish).collect();
    assert_eq!(report.rows, all.n_rows as u64);
    assert_eq!(report.bad_rows, all.bad_rows.len() as u64);
    assert_eq!(report.columns.len(), all.columns.len());
    for ((column, cells), name) in report.columns.iter().zip(&all.columns).zip(&all.names) {
        assert_eq!((cells.len(), cells.storage(), &column.name), (all.n_rows, column.typed.storage, name));
    }
    assert!(all.bad_rows.is_sorted_by_key(|b| b.line), "bad rows in the order of the file");
    Ok((all, report))
}

/// The same options with every column as text and nothing but the empty cell missing.
pub fn as_text(options: &ReadOptions, names: &[String]) -> ReadOptions {
    let text = ColumnChoice { storage: Some(Storage::String), ..ColumnChoice::default() };
    let columns = names.iter().map(|name| (name.clone(), text.clone())).collect();
    ReadOptions { columns, null_tokens: Vec::new(), ..options.clone() }
}

pub fn with(options: &ReadOptions, bad_rows: BadRows) -> ReadOptions {
    ReadOptions { bad_rows, ..options.clone() }
}

/// A table as CSV, every cell in quotes.
pub fn quoted(names: &[String], rows: &[Vec<Option<String>>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<String> = cells.map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
        format!("{}\n", cells.join(","))
    };
    let mut text = line(&mut names.iter().map(String::as_str));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(|c| c.as_deref().unwrap_or_default())));
    }
    text
}

/// Records of text without flaws by RFC 4180, as the reader promises them: any line end, blank and comment lines left
/// out. Spaces between a closing quote and the delimiter are dropped.
pub fn plain_records(text: &str, options: &ReadOptions) -> Vec<Vec<String>> {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    for _ in 0..options.skip_lines {
        at = after_line(&chars, at);
    }
    let mut records = Vec::new();
    while at < chars.len() {
        if options.comment.is_some_and(|c| chars[at] == c) {
            at = after_line(&chars, at);
            continue;
        }
        let (mut record, mut any_quoted) = (Vec::new(), false);
        loop {
            let mut cell = String::new();
            if chars.get(at) == Some(&options.quote) {
                any_quoted = true;
                at += 1;
                loop {
                    if chars[at] != options.quote {
                        cell.push(chars[at]);
                    } else if chars.get(at + 1) == Some(&options.quote) {
                        cell.push(chars[at]);
                        at += 1;
                    } else {
                        break;
                    }
                    at += 1;
                }
                at += 1;
                while chars.get(at) == Some(&' ') {
                    at += 1;
                }
            } else {
                while chars.get(at).is_some_and(|&c| c != options.delimiter && c != '\n' && c != '\r') {
                    cell.push(chars[at]);
                    at += 1;
                }
            }
            record.push(cell);
            if chars.get(at) != Some(&options.delimiter) {
                break;
            }
            at += 1;
        }
        at = after_line(&chars, at);
        let blank = record.len() == 1 && !any_quoted && record[0].trim_matches(|c: char| c.is_ascii_whitespace()).is_empty();
        if !blank {
            records.push(record);
        }
    }
    records
}

/// Past the next line end.
fn after_line(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '\n' && chars[at] != '\r' {
        at += 1;
    }
    if chars.get(at) == Some(&'\r') && chars.get(at + 1) == Some(&'\n') { at + 2 } else { (at + 1).min(chars.len()) }
}
