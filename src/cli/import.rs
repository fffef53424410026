//! `import`: its flags, which fix what would be guessed, and the preview.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde_json::json;

use super::report::{self, Report};
use super::{absolute, mixed_up, work};
use crate::data::read::{files, must_have};
use crate::data::target::close_names;
use crate::domain::dataset::{BadRows, ColumnChoice, Mark, ReadDraft, SourceFormat, TextEncoding};
use crate::domain::preview::ImportPreview;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{ImportRequest, JobOutcome, JobRequest};
use crate::domain::schema::{ColumnKind, Storage};
use crate::domain::words::{counted, file_name, thousands};

/// Rows of a preview as JSON.
const PREVIEW_ROWS: u32 = 1000;
/// Rows of a preview on a terminal.
const SHOWN_ROWS: usize = 10;
const SHOWN_CHARS: usize = 24;
/// Names of a folder in a message.
const SHOWN_NAMES: usize = 10;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("part").multiple(false))]
pub struct ImportArgs {
    /// CSV and its relatives, JSON, NDJSON, Parquet, Arrow, Excel or SQLite; a folder or a quoted pattern ('data/*.csv')
    /// is one dataset
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Name of the dataset (default: the file's name without its ending; one file only)
    #[arg(long, value_name = "N")]
    pub name: Option<String>,
    /// Branch that moves to the new version, made where there is none (default: main)
    #[arg(long, value_name = "B")]
    branch: Option<String>,
    /// Show what would be read, by the first rows, and import nothing
    #[arg(long)]
    pub preview: bool,
    /// delimited, json, ndjson, parquet, arrow, excel or sqlite
    #[arg(long, value_name = "F", value_parser = parse_format)]
    format: Option<SourceFormat>,
    /// utf-8, latin-1, utf-16le, utf-16be or shift-jis
    #[arg(long, value_name = "E", value_parser = parse_encoding)]
    encoding: Option<TextEncoding>,
    /// Between fields: one character, or tab
    #[arg(long, value_name = "C", value_parser = parse_char)]
    delimiter: Option<char>,
    /// Decimal mark: . or ,
    #[arg(long, value_name = "C", value_parser = parse_decimal)]
    decimal: Option<char>,
    /// Between groups of three digits: , . ' space, or none
    #[arg(long, value_name = "C", value_parser = parse_thousands)]
    thousands: Option<Mark>,
    /// Around fields that hold the delimiter: one character
    #[arg(long, value_name = "C", value_parser = parse_char)]
    quote: Option<char>,
    /// Lines that begin with it are skipped: one character, or none
    #[arg(long, value_name = "C", value_parser = parse_mark)]
    comment: Option<Mark>,
    /// The first row names the columns
    #[arg(long, conflicts_with = "no_header")]
    header: bool,
    /// The first row is data
    #[arg(long)]
    no_header: bool,
    /// Lines above the header to leave out
    #[arg(long, value_name = "N")]
    skip_lines: Option<u64>,
    /// A cell that counts as missing, instead of the usual ones; repeat for several
    #[arg(long = "null", value_name = "TOKEN")]
    nulls: Vec<String>,
    /// Rows that cannot be read: refuse the file, or set them aside
    #[arg(long, value_name = "refuse|set-aside", value_parser = parse_bad_rows)]
    bad_rows: Option<BadRows>,
    /// The sheet of a workbook
    #[arg(long, value_name = "NAME", group = "part")]
    sheet: Option<String>,
    /// The table of a database
    #[arg(long, value_name = "NAME", group = "part")]
    table: Option<String>,
    /// Add a text column of this name with the file each row comes from
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    source_column: Option<String>,
    /// How a column is stored, such as zip=text or since=date:%d.%m.%Y; repeat for several
    #[arg(long = "column", value_name = "NAME=STORAGE[:FORMAT]", value_parser = parse_column)]
    columns: Vec<(String, ColumnChoice)>,
    /// What a column means, such as plan=categorical; repeat for several
    #[arg(long = "kind", value_name = "NAME=KIND", value_parser = parse_kind)]
    kinds: Vec<(String, ColumnKind)>,
    /// Read this source with these flags from now on
    #[arg(long, conflicts_with = "forget")]
    remember: bool,
    /// Forget what was remembered about this source, and guess anew
    #[arg(long)]
    forget: bool,
    /// A note kept with the version
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

impl ImportArgs {
    fn draft(&self) -> ReadDraft {
        let mut columns = std::collections::BTreeMap::<String, ColumnChoice>::new();
        for (name, choice) in &self.columns {
            columns.insert(name.clone(), choice.clone());
        }
        for (name, kind) in &self.kinds {
            columns.entry(name.clone()).or_default().kind = Some(*kind);
        }
        ReadDraft {
            format: self.format,
            encoding: self.encoding,
            delimiter: self.delimiter,
            has_header: if self.header { Some(true) } else { self.no_header.then_some(false) },
            null_tokens: (!self.nulls.is_empty()).then(|| self.nulls.clone()),
            decimal: self.decimal,
            thousands: self.thousands,
            quote: self.quote,
            comment: self.comment,
            skip_lines: self.skip_lines,
            bad_rows: self.bad_rows,
            part: self.sheet.clone().or_else(|| self.table.clone()),
            source_column: self.source_column.clone(),
            columns,
        }
    }
}

pub fn import(root: &Path, args: ImportArgs) -> Result<Report, Problem> {
    if args.name.is_some() && args.files.len() > 1 {
        return Err(Problem::usage("--name goes with one file", "Import the files one by one, or leave --name out"));
    }
    // Before anything is imported.
    args.files.iter().try_for_each(|file| must_exist(file))?;
    let mut reports = Vec::new();
    for file in &args.files {
        let path = absolute(file)?;
        if args.preview {
            reports.push(preview(root, path, &args)?);
            continue;
        }
        let request = ImportRequest {
            path,
            name: args.name.clone(),
            read: args.draft(),
            needs_columns: args.draft().columns.into_keys().collect(),
            remember: args.remember,
            forget: args.forget,
            note: args.note.clone(),
            branch: args.branch.clone(),
        };
        match work(root, JobRequest::Import(request))? {
            JobOutcome::Imported(outcome) => {
                for warning in &outcome.warnings {
                    eprintln!("{}: {warning}", file.display());
                }
                reports.push(report::import(&outcome));
            }
            _ => return Err(mixed_up()),
        }
    }
    Ok(Report::join(reports, if args.preview { "previews" } else { "imports" }))
}

/// A file, a folder, or a pattern that names something.
fn must_exist(path: &Path) -> Result<(), Problem> {
    if path.exists() || files::is_pattern(path) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let wanted = file_name(path);
    let Ok(entries) = std::fs::read_dir(folder) else {
        let said = format!("There is no folder {} to import {wanted} from", folder.display());
        return Err(Problem::usage(said, "Check the path"));
    };
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    let near = close_names(names.iter().map(String::as_str), &wanted);
    let hint = match (near.is_empty(), names.len()) {
        (false, _) => format!("Did you mean {}?", near.join(" or ")),
        (true, 0) => "The folder is empty".to_owned(),
        (true, n) => {
            let more = if n > SHOWN_NAMES { format!(" and {} more", n - SHOWN_NAMES) } else { String::new() };
            names.truncate(SHOWN_NAMES);
            format!("The folder holds {}{more}", names.join(", "))
        }
    };
    Err(Problem::usage(format!("There is no file {}", path.display()), hint))
}

/// Errors: a flag is about a column that is not there. Records beyond those looked at may still bring it.
fn check_columns(preview: &ImportPreview, args: &ImportArgs) -> Result<(), Problem> {
    let grows = matches!(preview.options.format, SourceFormat::Json | SourceFormat::Ndjson);
    if grows && !preview.complete {
        return Ok(());
    }
    let names = preview.columns.iter().map(|c| c.schema.name.as_str());
    let wanted: Vec<String> = args.draft().columns.into_keys().collect();
    must_have(&preview.source_name, names, &wanted)
        .map_err(|e| Problem::usage(format!("Could not read the first rows: {e}"), ""))
}

fn preview(root: &Path, path: PathBuf, args: &ImportArgs) -> Result<Report, Problem> {
    let question = Question::Preview { path, draft: args.draft(), rows: PREVIEW_ROWS, remembered: !args.forget };
    match work(root, JobRequest::Ask(question))? {
        JobOutcome::Answered(answer) => match *answer {
            Answer::Preview(preview) => {
                check_columns(&preview, args)?;
                Ok(Report::new(json!(preview), text(&preview)))
            }
            _ => Err(mixed_up()),
        },
        _ => Err(mixed_up()),
    }
}

fn text(preview: &ImportPreview) -> String {
    let options = &preview.options;
    let mut text = format!(
        "{}: {}, {}, {}\n",
        preview.source_name,
        options.format.as_str(),
        counted(preview.size.rows, "row", "rows"),
        counted(preview.columns.len() as u64, "column", "columns"),
    );
    if !preview.complete {
        let judged = thousands(preview.rows_judged);
        text.push_str(&format!("Judged by the first {judged} rows; the number of rows is an estimate\n"));
    }
    if options.format == SourceFormat::Delimited {
        text.push_str(&format!(
            "encoding {}, delimiter {:?}, decimal {:?}, quote {:?}, header {}, lines skipped {}\n",
            options.encoding.as_str(),
            options.delimiter,
            options.decimal,
            options.quote,
            if options.has_header { "yes" } else { "no" },
            options.skip_lines,
        ));
    }
    if let Some(part) = &options.part {
        text.push_str(&format!("part `{part}` of {}\n", preview.parts.join(", ")));
    }
    let rows: Vec<Vec<String>> = preview
        .columns
        .iter()
        .map(|c| {
            let tokens: Vec<String> = c.missing_tokens.iter().take(3).map(|(t, n)| format!("{t:?} {n}")).collect();
            let misfit = c.misfits.first().map_or_else(String::new, |m| format!("row {}: {}", m.row, m.text));
            vec![
                c.schema.name.clone(),
                c.schema.kind.as_str().to_owned(),
                storage_word(c.schema.storage).to_owned(),
                format!("{:.1}%", c.fitting * 100.0),
                c.date_format.clone().unwrap_or_default(),
                tokens.join(", "),
                misfit,
            ]
        })
        .collect();
    text.push_str(&report::table(&["column", "kind", "storage", "fits", "format", "missing", "first misfit"], &rows));
    let names: Vec<&str> = preview.columns.iter().map(|c| c.schema.name.as_str()).collect();
    let cut = |cell: &Option<String>| {
        let cell = cell.as_deref().unwrap_or("–");
        let short: String = cell.chars().take(SHOWN_CHARS).collect();
        if short.len() < cell.len() { short + "…" } else { short }
    };
    let rows: Vec<Vec<String>> =
        preview.rows.iter().take(SHOWN_ROWS).map(|row| row.iter().map(cut).collect()).collect();
    text.push('\n');
    text.push_str(&report::table(&names, &rows));
    if let Some(note) = preview.bad_rows_note() {
        text.push_str(&format!("{note} (--bad-rows)\n"));
    }
    for bad in preview.bad_rows.iter().take(SHOWN_ROWS) {
        text.push_str(&format!("line {}: {}\n", bad.line, bad.reason));
    }
    if preview.remembered {
        text.push_str("read as remembered for this source; --forget guesses anew\n");
    }
    for note in &preview.notes {
        text.push_str(&format!("{note}\n"));
    }
    text
}

/// The storages as flags and menus call them.
const STORAGES: [(&str, Storage); 5] = [
    ("text", Storage::String),
    ("number", Storage::Float64),
    ("whole", Storage::Int64),
    ("boolean", Storage::Boolean),
    ("date", Storage::DatetimeMs),
];

fn storage_word(storage: Storage) -> &'static str {
    STORAGES.iter().find(|(_, s)| *s == storage).map_or("", |(word, _)| word)
}

fn parse_format(text: &str) -> Result<SourceFormat, String> {
    SourceFormat::parse(text).ok_or_else(|| {
        let known: Vec<&str> = SourceFormat::ALL.iter().map(|f| f.as_str()).collect();
        format!("choose among {}", known.join(", "))
    })
}

fn parse_encoding(text: &str) -> Result<TextEncoding, String> {
    let known: Vec<&str> = TextEncoding::ALL.iter().map(|e| e.as_str()).collect();
    TextEncoding::parse(text).ok_or_else(|| format!("choose among {}", known.join(", ")))
}

fn parse_char(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (text, chars.next(), chars.next()) {
        ("tab" | "\\t", ..) => Ok('\t'),
        ("space", ..) => Ok(' '),
        (_, Some(c), None) if c.is_ascii() && !matches!(c, '\n' | '\r' | '\0') => Ok(c),
        _ => Err("one ASCII character, tab or space".to_owned()),
    }
}

fn parse_mark(text: &str) -> Result<Mark, String> {
    if text == "none" { Ok(Mark::Absent) } else { parse_char(text).map(Mark::Is) }
}

fn parse_decimal(text: &str) -> Result<char, String> {
    match text {
        "." | "point" => Ok('.'),
        "," | "comma" => Ok(','),
        _ => Err("choose . or ,".to_owned()),
    }
}

fn parse_thousands(text: &str) -> Result<Mark, String> {
    match text {
        "none" => Ok(Mark::Absent),
        "space" => Ok(Mark::Is(' ')),
        "," | "." | "'" | " " | "\u{a0}" | "\u{202f}" => Ok(text.chars().next().map_or(Mark::Absent, Mark::Is)),
        _ => Err("choose , . ' space or none".to_owned()),
    }
}

fn parse_bad_rows(text: &str) -> Result<BadRows, String> {
    match text {
        "refuse" => Ok(BadRows::Refuse),
        "set-aside" => Ok(BadRows::SetAside),
        _ => Err("choose refuse or set-aside".to_owned()),
    }
}

fn parse_column(text: &str) -> Result<(String, ColumnChoice), String> {
    let (name, how) = text.rsplit_once('=').ok_or("write NAME=STORAGE, such as zip=text")?;
    let (word, format) = how.split_once(':').map_or((how, None), |(word, format)| (word, Some(format.to_owned())));
    let found = STORAGES.iter().find(|(w, _)| *w == word);
    let known: Vec<&str> = STORAGES.iter().map(|(w, _)| *w).collect();
    let (_, storage) = found.ok_or_else(|| format!("choose {} as storage", known.join(", ")))?;
    if format.is_some() && *storage != Storage::DatetimeMs {
        return Err("only a date has a format, such as since=date:%d.%m.%Y".to_owned());
    }
    Ok((name.to_owned(), ColumnChoice { storage: Some(*storage), kind: None, date_format: format }))
}

fn parse_kind(text: &str) -> Result<(String, ColumnKind), String> {
    let (name, word) = text.rsplit_once('=').ok_or("write NAME=KIND, such as plan=categorical")?;
    let known: Vec<&str> = ColumnKind::ALL.iter().map(|k| k.as_str()).collect();
    let kind = ColumnKind::ALL.into_iter().find(|k| k.as_str() == word);
    kind.map(|kind| (name.to_owned(), kind)).ok_or_else(|| format!("choose among {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_with_its_storage_and_format() {
        let (name, choice) = parse_column("a=b=date:%d.%m.%Y").unwrap();
        assert_eq!((name.as_str(), choice.storage), ("a=b", Some(Storage::DatetimeMs)));
        assert_eq!(choice.date_format.as_deref(), Some("%d.%m.%Y"));
        assert_eq!(parse_column("zip=texts").unwrap_err(), "choose text, number, whole, boolean, date as storage");
        assert!(parse_column("zip=text:%Y").is_err());
    }

    #[test]
    fn marks_are_characters_or_words() {
        assert_eq!(parse_char("tab"), Ok('\t'));
        assert!(parse_char("ab").is_err());
        assert_eq!(parse_thousands("none"), Ok(Mark::Absent));
        assert_eq!(parse_thousands("space"), Ok(Mark::Is(' ')));
    }
}
