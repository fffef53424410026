//! The formats beside delimited text: told by content first, by ending only where the content leaves it open.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::bytes::{self, Utf8Source};
use super::excel::Excel;
use super::json::Json;
use super::sniff::Guess;
use super::sqlite::Sqlite;
use super::{ReadReport, SourceSpec, TableSink, default_options, excel, foreign, ipc, json, rows, sqlite};
use crate::data::error::LoadError;
use crate::domain::dataset::{ReadDraft, ReadOptions, SourceFormat, TextEncoding};
use crate::domain::io::JobIo;

/// Reads a source of any format but delimited text. With `limit`, only its first rows.
pub fn stream(
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    match options.format {
        SourceFormat::Json | SourceFormat::Ndjson => rows::stream(&Json, source, options, limit, io, sink),
        SourceFormat::Excel => rows::stream(&Excel, source, options, limit, io, sink),
        SourceFormat::Sqlite => rows::stream(&Sqlite, source, options, limit, io, sink),
        SourceFormat::Arrow => ipc::stream(source, options, limit, io, sink),
        SourceFormat::Parquet | SourceFormat::Delimited => foreign::stream(source, options, limit, io, sink),
    }
}

/// How to read the file if it is not delimited text; `None` if it is, or should be by the user's word.
///
/// Errors: a file of these formats that cannot be read at all, or holds no table.
pub fn guess(path: &Path, name: &str, draft: &ReadDraft) -> Result<Option<Guess>, LoadError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(LoadError::io(path, "opening"))?;
    file.take(4096).read_to_end(&mut head).map_err(LoadError::io(path, "reading"))?;
    let format = match draft.format {
        Some(SourceFormat::Delimited) => return Ok(None),
        Some(format) => Some(format),
        None => of_content(path, name, &head)?,
    };
    let Some(format) = format.filter(|_| !head.is_empty()) else { return Ok(None) };
    // Formats with a type per cell say themselves what is missing; people type their own words into sheets.
    let plain = if format == SourceFormat::Excel { default_options() } else { ReadOptions::default() };
    let mut guess = Guess {
        options: ReadOptions { format, part: draft.part.clone(), ..plain },
        compression: bytes::compression(&head),
        notes: Vec::new(),
        parts: Vec::new(),
    };
    let options = &mut guess.options;
    match format {
        SourceFormat::Excel => {
            guess.parts = excel::sheets(path, name)?;
            let (sheet, skip_lines, has_header) = excel::look(path, name, options.part.as_deref())?;
            guess.notes.extend(others("sheet", &sheet, &guess.parts, draft));
            (options.part, options.skip_lines, options.has_header) = (Some(sheet), skip_lines, has_header);
        }
        SourceFormat::Sqlite => {
            guess.parts = sqlite::tables(path, name)?;
            let table = sqlite::table(path, name, options.part.as_deref())?;
            guess.notes.extend(others("table", &table, &guess.parts, draft));
            options.part = Some(table);
        }
        SourceFormat::Json | SourceFormat::Ndjson => {
            options.encoding = draft.encoding.unwrap_or_else(|| encoding(&head));
            options.has_header = json::has_header(path, name, options)?;
        }
        _ => {}
    }
    guess.options = draft.apply(guess.options);
    Ok(Some(guess))
}

/// That a part was chosen where nobody did, and what is left out.
fn others(what: &str, chosen: &str, parts: &[String], draft: &ReadDraft) -> Option<String> {
    const SHOWN: usize = 5;
    let others: Vec<String> = parts.iter().filter(|p| *p != chosen).map(|p| format!("`{p}`")).collect();
    if draft.part.is_some() || others.is_empty() {
        return None;
    }
    let more = if others.len() > SHOWN { format!(" and {} more", others.len() - SHOWN) } else { String::new() };
    let shown = others[..others.len().min(SHOWN)].join(", ");
    Some(format!("only {what} `{chosen}` was read, not {shown}{more}; choose with --{what}, or in the import panel"))
}

/// Rows of a file that says how many it has.
pub fn rows(path: &Path, name: &str, options: &ReadOptions) -> Result<Option<u64>, LoadError> {
    Ok(match options.format {
        SourceFormat::Parquet => Some(crate::data::parquet::File::open(path, name)?.n_rows),
        SourceFormat::Arrow => Some(ipc::rows(path, name)?),
        _ => None,
    })
}

fn of_content(path: &Path, name: &str, head: &[u8]) -> Result<Option<SourceFormat>, LoadError> {
    let refuse = |what, hint| Err(LoadError::NotATable { file: name.to_owned(), what, hint });
    if head.starts_with(b"PAR1") {
        return Ok(Some(SourceFormat::Parquet));
    }
    if head.starts_with(b"ARROW1") || ipc::is_stream(head) {
        return Ok(Some(SourceFormat::Arrow));
    }
    if head.starts_with(b"FEA1") {
        return refuse("a Feather file of version 1", "write it again as Feather version 2, Parquet or CSV");
    }
    if head.starts_with(b"SQLite format 3\0") {
        return Ok(Some(SourceFormat::Sqlite));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"\xd0\xcf\x11\xe0") {
        return match excel::container(path, name) {
            // An archive that cannot be read is refused for what it is.
            Err(LoadError::Broken { .. }) => Ok(None),
            other => Ok(other?.map(|_| SourceFormat::Excel)),
        };
    }
    json_kind(path, name, head)
}

/// JSON under any compression that the text reader unpacks.
fn json_kind(path: &Path, name: &str, head: &[u8]) -> Result<Option<SourceFormat>, LoadError> {
    let mut text = head.to_vec();
    let options = ReadOptions { encoding: encoding(head), ..ReadOptions::default() };
    if bytes::compression(head).is_some() || options.encoding != TextEncoding::Utf8 {
        text.clear();
        let mut source = Utf8Source::open(path, name, options.encoding)?;
        // What does not unpack or decode is for the text reader to explain.
        if source.fill(&mut text, 4096).is_err() {
            return Ok(None);
        }
    }
    let start = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text).trim_ascii_start();
    let inner = start.get(1..).unwrap_or_default().trim_ascii_start();
    let object = start.starts_with(b"{") && (inner.starts_with(b"\"") || inner.starts_with(b"}"));
    let array = start.starts_with(b"[") && (inner.starts_with(b"{") || inner.starts_with(b"["));
    if !object && !array {
        return Ok(None);
    }
    let document = json::is_document(path, name, &options)?;
    Ok(Some(if document { SourceFormat::Json } else { SourceFormat::Ndjson }))
}

/// JSON is UTF-8, or UTF-16 from some Windows tools.
fn encoding(head: &[u8]) -> TextEncoding {
    match head {
        [0xff, 0xfe, ..] | [b'[' | b'{', 0, ..] => TextEncoding::Utf16Le,
        [0xfe, 0xff, ..] | [0, b'[' | b'{', ..] => TextEncoding::Utf16Be,
        _ => TextEncoding::Utf8,
    }
}
