//! What the import panel says, ready to draw.

use crate::domain::dataset::{BadRows, Mark, ReadDraft, SourceFormat, TextEncoding};
use crate::domain::preview::{ImportPreview, PreviewColumn};
use crate::domain::schema::{ColumnKind, Storage};
use crate::state::format::{bytes, counted, percent, sentence};

pub fn storage_title(storage: Storage) -> &'static str {
    match storage {
        Storage::String => "Text",
        Storage::Float64 => "Number",
        Storage::Int64 => "Whole number",
        Storage::Boolean => "Yes or no",
        Storage::DatetimeMs => "Date or time",
    }
}

pub fn storages() -> Vec<(Storage, String)> {
    let all = [Storage::String, Storage::Float64, Storage::Int64, Storage::Boolean, Storage::DatetimeMs];
    all.into_iter().map(|s| (s, storage_title(s).to_owned())).collect()
}

pub fn kinds() -> Vec<(ColumnKind, String)> {
    ColumnKind::ALL.into_iter().map(|k| (k, capital(k.as_str()))).collect()
}

fn format_title(format: SourceFormat) -> &'static str {
    match format {
        SourceFormat::Delimited => "Delimited text",
        SourceFormat::Json => "JSON",
        SourceFormat::Ndjson => "JSON lines",
        SourceFormat::Parquet => "Parquet",
        SourceFormat::Arrow => "Arrow",
        SourceFormat::Excel => "Workbook",
        SourceFormat::Sqlite => "SQLite",
    }
}

/// With a capital letter, unless it begins with a name in quotes.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A note as a line of its own.
pub fn note(text: &str) -> String {
    capital(&sentence(text.trim_end_matches('.')))
}

/// The rule for rows that cannot be read; messages call it so.
pub const SET_ASIDE: &str = "Set them aside";

pub fn formats() -> Vec<(SourceFormat, String)> {
    SourceFormat::ALL.into_iter().map(|f| (f, format_title(f).to_owned())).collect()
}

pub fn encodings() -> Vec<(TextEncoding, String)> {
    TextEncoding::ALL.into_iter().map(|e| (e, e.as_str().to_owned())).collect()
}

pub fn delimiters() -> Vec<(char, String)> {
    let all = [(',', "Comma"), (';', "Semicolon"), ('\t', "Tab"), ('|', "Bar"), (' ', "Space"), (':', "Colon")];
    all.into_iter().map(|(c, name)| (c, name.to_owned())).collect()
}

pub fn decimals() -> Vec<(char, String)> {
    vec![('.', "Point".to_owned()), (',', "Comma".to_owned())]
}

pub fn thousands_marks() -> Vec<(Mark, String)> {
    let all = [
        (Mark::Absent, "None"),
        (Mark::Is(','), "Comma"),
        (Mark::Is('.'), "Point"),
        (Mark::Is('\''), "Apostrophe"),
        (Mark::Is(' '), "Space"),
    ];
    all.into_iter().map(|(m, name)| (m, name.to_owned())).collect()
}

pub fn quotes() -> Vec<(char, String)> {
    vec![('"', "\"".to_owned()), ('\'', "'".to_owned())]
}

pub fn comments() -> Vec<(Mark, String)> {
    let all = [(Mark::Absent, "None"), (Mark::Is('#'), "#"), (Mark::Is('%'), "%"), (Mark::Is(';'), ";")];
    all.into_iter().map(|(m, name)| (m, name.to_owned())).collect()
}

pub fn bad_row_rules() -> Vec<(BadRows, String)> {
    vec![(BadRows::Refuse, "Refuse the file".to_owned()), (BadRows::SetAside, SET_ASIDE.to_owned())]
}

pub fn mark(c: Option<char>) -> Mark {
    c.map_or(Mark::Absent, Mark::Is)
}

/// "about 1,200,000 rows" of a look that saw only the first ones.
pub fn rows_in_words(preview: &ImportPreview) -> String {
    let rows = preview.size.rows;
    if preview.complete {
        return counted(rows, "row", "rows");
    }
    let magnitude = 10u64.pow(rows.max(1).ilog10().saturating_sub(1));
    format!("about {}", counted(rows / magnitude * magnitude, "row", "rows"))
}

/// "may.csv · 1.2 MB · about 12,000 rows · 8 columns"
pub fn facts(preview: &ImportPreview) -> String {
    let mut facts = vec![
        bytes(preview.source_bytes),
        rows_in_words(preview),
        counted(preview.columns.len() as u64, "column", "columns"),
    ];
    if preview.size.stays_on_disk() {
        facts.push(format!("needs {}, stays on disk", bytes(preview.size.memory_bytes)));
    }
    if !preview.complete {
        facts.push(format!("judged by the first {}", counted(preview.rows_judged, "row", "rows")));
    }
    facts.join(" · ")
}

/// "Import 12,000 rows"
pub fn button(preview: &ImportPreview, n_files: usize, one_of_all: bool) -> String {
    if n_files > 1 && !one_of_all {
        return format!("Import {}", counted(n_files as u64, "file", "files"));
    }
    format!("Import {}", rows_in_words(preview))
}

/// Why there is nothing to import.
pub fn refusal(preview: &ImportPreview) -> Option<String> {
    preview.is_refused().then(|| preview.bad_rows_note().map(|n| note(&n)))?
}

/// What the share of fitting cells and the missing ones come to, and the examples for a hover.
pub fn fit(column: &PreviewColumn) -> (String, String) {
    let missing: u64 = column.missing_tokens.iter().map(|(_, n)| n).sum();
    let mut text = format!("{} fit", percent(column.fitting));
    if missing > 0 {
        text.push_str(&format!(" · {} missing", counted(missing, "cell", "cells")));
    }
    let mut hover: Vec<String> = column.schema.notes.clone();
    hover.extend(column.misfits.iter().take(8).map(|m| format!("Row {}: {}", m.row, m.text)));
    for (token, n) in column.missing_tokens.iter().take(5) {
        let token = if token.is_empty() { "empty cell" } else { token };
        hover.push(format!("{token}: {n} times missing"));
    }
    (text, hover.join("\n"))
}

/// Words for missing as one line of text, and back.
pub fn tokens_text(tokens: &[String]) -> String {
    tokens.join(", ")
}

pub fn tokens_of(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect()
}

/// Sets the choice for a column; an empty one goes.
pub fn choose(draft: &mut ReadDraft, column: &str, set: impl FnOnce(&mut crate::domain::dataset::ColumnChoice)) {
    let choice = draft.columns.entry(column.to_owned()).or_default();
    set(choice);
    if *choice == Default::default() {
        draft.columns.remove(column);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_written_with_commas() {
        let tokens = tokens_of(" NA, n/a ,,-99");
        assert_eq!(tokens, ["NA", "n/a", "-99"]);
        assert_eq!(tokens_text(&tokens), "NA, n/a, -99");
    }

    #[test]
    fn notes_begin_with_a_capital_and_end_without_a_stop() {
        let lines = ["lines that start with `#` are taken for comments", "`a` is empty.", "1 row", "état"].map(note);
        assert_eq!(lines, ["Lines that start with “#” are taken for comments", "“a” is empty", "1 row", "État"]);
    }

    #[test]
    fn a_choice_taken_back_leaves_nothing() {
        let mut draft = ReadDraft::default();
        choose(&mut draft, "zip", |c| c.storage = Some(Storage::String));
        assert_eq!(draft.columns.len(), 1);
        choose(&mut draft, "zip", |c| c.storage = None);
        assert!(draft.is_empty());
    }
}
