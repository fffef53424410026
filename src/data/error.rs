//! What can go wrong between a file and a table.
//!
//! Messages name the file, the place, what was expected and what to do next. Cell text in them is clipped, and
//! control characters are shown escaped.

use std::path::Path;

use crate::domain::io::Cancelled;

/// Longest stretch of a cell that a message repeats, in characters.
const CLIP_CHARS: usize = 200;

#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{file}: {doing} failed: {source}")]
    Io { file: String, doing: &'static str, source: std::io::Error },
    #[error("{file} is empty; export or copy it again")]
    Empty { file: String },
    #[error("{file} has a header but no rows below it; export or copy it again")]
    NoRows { file: String },
    #[error(
        "{file} holds no row that can be read: {n} cannot, first {first}; look at how the file is read (delimiter, quotes, the line of the header), or correct the file"
    )]
    NoGoodRows { file: String, n: String, first: String },
    #[error("{file} is {what}, not a table this program reads; {hint}")]
    NotATable { file: String, what: &'static str, hint: &'static str },
    #[error("{file} ends in {zeros} zero bytes, which an interrupted copy leaves behind; copy it again")]
    ZeroTail { file: String, zeros: u64 },
    #[error("{file}, line {line}: found a zero byte; the file is damaged or no text, export or copy it again")]
    ZeroByte { file: String, line: u64 },
    #[error(
        "{file}, line {line}: found bytes that are no {encoding}; choose another encoding or save the file as UTF-8"
    )]
    Encoding { file: String, line: u64, encoding: &'static str },
    #[error(
        "{file}, line {line}: found {found} {}, expected {expected} as in the first line; {}",
        plural(*found, "field", "fields"),
        field_count_hint(*found, *expected)
    )]
    FieldCount { file: String, line: u64, expected: usize, found: usize },
    #[error(
        "{file}, line {line}: a quote opens here and never closes; close it, or double quotes that are part of a text"
    )]
    UnclosedQuote { file: String, line: u64 },
    #[error(
        "{file}, line {line}, field {field}: found `{text}` after the closing quote; double quotes that are part of a text"
    )]
    TextAfterQuote { file: String, line: u64, field: usize, text: String },
    #[error(
        "{file}, line {line}: a field is longer than {limit_bytes} bytes, perhaps after a quote that never closes; shorten it or close the quote"
    )]
    FieldTooLong { file: String, line: u64, limit_bytes: usize },
    #[error("{file} cannot be unpacked ({what}): {reason}; copy or download it again")]
    Unpack { file: String, what: &'static str, reason: String },
    #[error(
        "{file} unpacks to more than {} from {}, which looks like a decompression bomb; if it is not, unpack it yourself, or set {variable} to the GB to allow",
        bytes(*unpacked),
        bytes(*packed)
    )]
    UnpacksTooLarge { file: String, unpacked: u64, packed: u64, variable: &'static str },
    #[error("{file}: {what}; {hint}")]
    Options { file: String, what: String, hint: &'static str },
    #[error(
        "{file} has other columns than {first}: {difference}; read files with the same columns together, or leave it out"
    )]
    OtherColumns { file: String, first: String, difference: String },
    #[error("{file} has {found} columns, at most {limit} are supported; check the delimiter or split the table")]
    TooManyColumns { file: String, found: usize, limit: usize },
    #[error("{file} has {found} rows, at most {limit} are supported; split the table")]
    TooManyRows { file: String, found: u64, limit: u64 },
    #[error("{file}: column `{column}` holds {what}, which no table cell can hold; {hint}")]
    ColumnType { file: String, column: String, what: String, hint: &'static str },
    #[error("{file} cannot be read as Parquet: {reason}; export or copy it again")]
    Parquet { file: String, reason: String },
    #[error("{file} cannot be read as {format}: {reason}; export or copy it again")]
    Broken { file: String, format: &'static str, reason: String },
    #[error("{file}, line {line}: {what}; {hint}")]
    Line { file: String, line: u64, what: String, hint: &'static str },
    #[error("{file} has no {what} `{part}`; it has: {}", list(present))]
    NoPart { file: String, what: &'static str, part: String, present: Vec<String> },
    #[error("{file} has no column {}; it has: {}", list(missing), list(present))]
    NoColumns { file: String, missing: Vec<String>, present: Vec<String> },
    #[error("{file} has no {what} with rows; {hint}")]
    NoParts { file: String, what: &'static str, hint: &'static str },
    #[error("{file} claims {claim}; it is damaged or made to exhaust memory, export or copy it again")]
    Claims { file: String, claim: String },
    #[error("{file} {what} `{column}`, unlike {first}; one dataset needs the same columns in each file")]
    UnlikeFiles { file: String, what: &'static str, column: String, first: String },
    #[error("{place} holds {what}; {hint}")]
    NoFiles { place: String, what: String, hint: &'static str },
    #[error("{file} cannot be written as Parquet: {reason}")]
    ParquetWrite { file: String, reason: String },
    #[error(
        "{file} lacks {} the model needs: {}; it has: {}",
        plural(missing.len(), "a column", "columns"),
        list(missing),
        list(present)
    )]
    MissingColumns { file: String, missing: Vec<String>, present: Vec<String> },
    #[error(
        "{file}, row {row}, column `{column}`: expected a number, found `{value}`; correct it or leave the cell empty"
    )]
    NotANumber { file: String, row: u64, column: String, value: String },
    #[error(
        "{file}, row {row}, column `{column}`: expected a date, found `{value}`; correct it or leave the cell empty"
    )]
    NotADate { file: String, row: u64, column: String, value: String },
    #[error("there is no column `{column}` in this table")]
    NoSuchColumn { column: String },
    #[error("column `{column}` has no relations: {reason}")]
    NoRelations { column: String, reason: String },
    #[error("there is no column `{column}` in this table; did you mean `{near}`?")]
    NearColumn { column: String, near: String },
    #[error("this is no filter: {problem}")]
    Filter { problem: crate::domain::filter::FilterProblem },
    #[error("column `{column}` is not in both tables; both have {}", list(shared))]
    NotInBoth { column: String, shared: Vec<String> },
    #[error("column `{column}`: cannot filter by `{value}`, expected {expected}")]
    FilterValue { column: String, value: String, expected: &'static str },
    #[error("column `{column}` holds no numbers or dates and has no order; use =, != or in (…), or contains for text")]
    FilterOrder { column: String },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl LoadError {
    /// What was asked for makes no sense: an unknown column, a filter that cannot be read.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NoSuchColumn { .. }
                | Self::NearColumn { .. }
                | Self::NoColumns { .. }
                | Self::NoPart { .. }
                | Self::NoFiles { .. }
                | Self::Options { .. }
                | Self::Filter { .. }
                | Self::FilterValue { .. }
                | Self::FilterOrder { .. }
        )
    }

    /// It is about one row, which could be set aside.
    pub fn is_about_a_row(&self) -> bool {
        matches!(
            self,
            Self::FieldCount { .. } | Self::TextAfterQuote { .. } | Self::UnclosedQuote { .. } | Self::Line { .. }
        )
    }

    /// An I/O error while `doing` ("reading") something with `path`.
    pub fn io(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let file = path.display().to_string();
        move |source| Self::Io { file, doing, source }
    }

    /// The same error with its line counted from `lines` lines earlier.
    pub fn moved_down(mut self, lines: u64) -> Self {
        match &mut self {
            Self::ZeroByte { line, .. }
            | Self::Encoding { line, .. }
            | Self::FieldCount { line, .. }
            | Self::UnclosedQuote { line, .. }
            | Self::TextAfterQuote { line, .. }
            | Self::FieldTooLong { line, .. } => *line += lines,
            _ => {}
        }
        self
    }
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

/// `3.5 MB`, in steps of 1,024.
fn bytes(n: u64) -> String {
    let (mut x, mut units) = (n as f64, ["bytes", "kB", "MB", "GB", "TB"].into_iter());
    let mut unit = units.next().unwrap_or_default();
    while x >= 1024.0
        && let Some(next) = units.next()
    {
        (x, unit) = (x / 1024.0, next);
    }
    if unit == "bytes" { format!("{n} bytes") } else { format!("{x:.1} {unit}") }
}

fn field_count_hint(found: usize, expected: usize) -> &'static str {
    if found > expected {
        "quote texts that contain the delimiter, or correct the delimiter"
    } else {
        "add the missing fields, or correct the delimiter"
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 50;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{}`", clip(n))).collect();
    let rest = names.len().saturating_sub(SHOWN);
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}

/// `text` fit for a message: at most 200 characters, control and direction-changing characters escaped.
pub fn clip(text: &str) -> String {
    if let Some(kind) = super::personal::kind_of(text) {
        return crate::domain::personal::mask(text, kind);
    }
    let mut out = String::new();
    let mut shown = 0;
    for c in text.chars() {
        let changes_direction =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let escape = c.is_control() || changes_direction;
        shown += if escape { c.escape_default().len() } else { 1 };
        if shown > CLIP_CHARS {
            out.push('…');
            break;
        }
        if escape {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_clip_and_escape_cells() {
        assert_eq!(clip("a\u{1b}[2Jb\u{202e}"), "a\\u{1b}[2Jb\\u{202e}");
        assert_eq!(clip(&"x".repeat(5000)).chars().count(), CLIP_CHARS + 1);
        // An escape is as long as it looks.
        assert_eq!(clip(&"\u{9d}".repeat(5000)), "\\u{9d}".repeat(CLIP_CHARS / 6) + "…");
    }

    #[test]
    fn missing_columns_are_all_named() {
        let error = LoadError::MissingColumns {
            file: "may.csv".into(),
            missing: vec!["age".into(), "plan".into()],
            present: vec!["id".into()],
        };
        assert_eq!(error.to_string(), "may.csv lacks columns the model needs: `age`, `plan`; it has: `id`");
    }
}
