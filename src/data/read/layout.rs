//! Guessing how the text of a table is laid out: delimiter, quote, comments, lines before the header, the header.

use std::collections::HashSet;

use super::NullTokens;
use crate::data::infer::{self, Look};
use crate::domain::dataset::{ReadDraft, ReadOptions};

const SAMPLE_RECORDS: usize = 200;
/// Share of records that must agree on the number of fields.
const CONSISTENT: f64 = 0.98;
/// In this order on a tie: commas also occur inside cells that another character delimits, hardly the reverse.
const DELIMITERS: [char; 4] = ['\t', ';', '|', ','];
/// Lines before a header that are looked for, and records that must then agree.
const MAX_TITLE_LINES: usize = 20;
const MIN_AGREEING: usize = 5;
/// Fields in single quotes that tell they are quotes.
const MIN_QUOTED: usize = 3;

/// Records of a sample, split leniently.
pub type Sample = Vec<Vec<String>>;

/// Puts the guessed layout of `text` into `options`, around what `draft` fixes. Returns the records below any lines to
/// skip. `whole` says that the text is all of the file.
pub fn guess(text: &str, whole: bool, draft: &ReadDraft, options: &mut ReadOptions, notes: &mut Vec<String>) -> Sample {
    options.quote = draft.quote.unwrap_or_else(|| quote(text));
    let skip = draft.skip_lines.unwrap_or(0) as usize;
    let text = &text[line_starts(text).nth(skip).unwrap_or(text.len())..];
    let plain = without_comments(text, Some('#'), options.quote);
    let fixed = draft.delimiter.map(|d| vec![d]);
    let candidates = fixed.unwrap_or_else(|| DELIMITERS.to_vec());
    let judged = if plain.trim().is_empty() { text } else { &plain };
    options.delimiter = delimiter(judged, whole, &candidates, options.quote);
    options.comment = match draft.comment {
        Some(mark) => mark.char(),
        None => comment(text, judged, whole, options),
    };
    if let (Some(mark), None) = (options.comment, draft.comment) {
        notes.push(format!("lines that start with `{mark}` are taken for comments"));
    }
    let text = without_comments(text, options.comment, options.quote);
    let mut records = split(&text, whole, options.delimiter, options.quote);
    options.skip_lines = skip as u64;
    if draft.skip_lines.is_none() && options.comment.is_none() {
        let (n_lines, n_records) = title_lines(&text, &records);
        if n_lines > 0 {
            let lines = if n_lines == 1 { "line is" } else { "lines are" };
            notes.push(format!("the first {n_lines} {lines} no part of the table and skipped"));
            options.skip_lines = n_lines as u64;
            records.drain(..n_records);
        }
    }
    let nulls = NullTokens::new(&options.null_tokens);
    options.has_header = draft.has_header.unwrap_or_else(|| has_header(&records, &nulls));
    if draft.has_header.is_none() && !options.has_header {
        notes.push("the first line looks like data, so the columns are numbered".to_owned());
    }
    records
}

fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let ends = move |&i: &usize| bytes[i] == b'\n' || bytes[i] == b'\r' && bytes.get(i + 1) != Some(&b'\n');
    std::iter::once(0).chain((0..bytes.len()).filter(ends).map(|i| i + 1))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = line_starts(text).chain([text.len()]).collect();
    (1..starts.len()).map(move |i| &text[starts[i - 1]..starts[i]])
}

/// The lines, and whether each begins outside of quotes: `#` at the start of a line within a cell is text. Lines that
/// begin with `mark` outside of quotes open none.
fn lines_and_places(text: &str, mark: char, quote: char) -> impl Iterator<Item = (&str, bool)> {
    let quote = quote as u8;
    let mut open = false;
    lines(text).map(move |line| {
        let begins_outside = !open;
        if begins_outside && line.starts_with(mark) {
            return (line, true);
        }
        let mut before = b'\n';
        for &b in line.as_bytes() {
            // A doubled quote closes and opens again.
            if b == quote && (open || b",;\t|\n\r".contains(&before) || before == quote) {
                open = !open;
            }
            before = b;
        }
        (line, begins_outside)
    })
}

fn without_comments(text: &str, mark: Option<char>, quote: char) -> String {
    let Some(mark) = mark else { return text.to_owned() };
    if !text.contains(mark) {
        return text.to_owned();
    }
    let kept = lines_and_places(text, mark, quote).filter(|(line, outside)| !outside || !line.starts_with(mark));
    kept.map(|(line, _)| line).collect()
}

/// `'` where fields are wrapped in it and none in `"`.
fn quote(text: &str) -> char {
    if text.contains('"') {
        return '"';
    }
    let bytes = text.as_bytes();
    let is_mark = |i: usize| bytes.get(i) == Some(&b'\'');
    let is_edge = |i: usize| bytes.get(i).is_none_or(|b| b",;\t|\n\r".contains(b));
    let (mut wrapped, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b'\'', &bytes[at..]) {
        let start = at + found;
        if start > 0 && !is_edge(start - 1) {
            at = start + 1;
            continue;
        }
        let marks = (start..).take_while(|i| is_mark(*i)).count();
        // A cell of nothing but marks, the last of which has no partner, is wrapped in nothing.
        if marks % 2 == 1 && is_edge(start + marks) {
            return '"';
        }
        // Within a wrapped field marks are doubled, and the one that is not closes it.
        let mut end = start + 1;
        while let Some(found) = memchr::memchr(b'\'', &bytes[end..]) {
            end += found;
            if !is_mark(end + 1) {
                break;
            }
            end += 2;
        }
        if !is_mark(end) || !is_edge(end + 1) {
            return '"';
        }
        wrapped += 1;
        at = end + 1;
    }
    if wrapped >= MIN_QUOTED { '\'' } else { '"' }
}

/// `#`, if lines that start with it are unlike records. Those with as many fields may be a header or rows, unless they
/// stand at the top, right above what is a header itself.
fn comment(text: &str, plain: &str, whole: bool, options: &ReadOptions) -> Option<char> {
    let marked = lines_and_places(text, '#', options.quote).filter(|(line, outside)| *outside && line.starts_with('#'));
    let marked: Vec<&str> = marked.map(|(line, _)| line).take(SAMPLE_RECORDS).collect();
    let records = split(plain, whole, options.delimiter, options.quote);
    let n_fields = records.first()?.len();
    let fields = |line: &str| split(line, true, options.delimiter, options.quote).first().map_or(0, Vec::len);
    let unlike = marked.iter().filter(|line| fields(line) != n_fields).count();
    // Half is enough: a comment may have as many commas as a record, but only one line can be a header.
    if unlike > 0 && unlike * 2 >= marked.len() {
        return Some('#');
    }
    let leading = lines(text).filter(|line| !line.trim().is_empty()).take_while(|line| line.starts_with('#')).count();
    let above_header = leading > 0 && leading == marked.len();
    let nulls = NullTokens::new(&options.null_tokens);
    (above_header && header_votes(&records, &nulls) > 0).then_some('#')
}

/// Lines and records before the header: those with a single field, when all below them have the same number of
/// several.
fn title_lines(text: &str, records: &[Vec<String>]) -> (usize, usize) {
    let Some(first) = records.iter().position(|r| r.len() > 1) else { return (0, 0) };
    let n_fields = records[first].len();
    let agree = records[first..].iter().filter(|r| r.len() == n_fields).count();
    let below = records.len() - first;
    if first == 0 || first > MAX_TITLE_LINES || agree < MIN_AGREEING || agree < below {
        return (0, 0);
    }
    // Blank lines are no records, but lines.
    let is_title = |line: &&str| line.trim().is_empty() || records[..first].iter().any(|r| r[0].trim() == line.trim());
    (lines(text).take_while(is_title).count(), first)
}

/// The first records of `text`. A record that the sample cuts off is left out.
fn split(text: &str, whole: bool, delimiter: char, quote: char) -> Sample {
    let bytes = text.as_bytes();
    let (delimiter, quote) = (delimiter as u8, quote as u8);
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), Vec::new());
    let (mut quoted, mut at) = (false, 0);
    while at < bytes.len() && records.len() < SAMPLE_RECORDS {
        let b = bytes[at];
        at += 1;
        match b {
            _ if b == quote && quoted && bytes.get(at) == Some(&quote) => {
                field.push(quote);
                at += 1;
            }
            _ if b == quote && (quoted || field.is_empty()) => quoted = !quoted,
            _ if quoted => field.push(b),
            b'\n' | b'\r' => end_record(&mut records, &mut record, &mut field),
            _ if b == delimiter => record.push(take_text(&mut field)),
            _ => field.push(b),
        }
    }
    if at == bytes.len() && (whole || records.is_empty()) {
        end_record(&mut records, &mut record, &mut field);
    }
    records
}

fn take_text(field: &mut Vec<u8>) -> String {
    String::from_utf8_lossy(&std::mem::take(field)).into_owned()
}

fn end_record(records: &mut Sample, record: &mut Vec<String>, field: &mut Vec<u8>) {
    record.push(take_text(field));
    let record = std::mem::take(record);
    if record.len() > 1 || !record[0].trim().is_empty() {
        records.push(record);
    }
}

/// The delimiter whose records agree best on having the same number (two or more) of fields, the first included.
fn delimiter(text: &str, whole: bool, candidates: &[char], quote: char) -> char {
    if let [only] = candidates {
        return *only;
    }
    let mut best = (0.0, 1, ',');
    for &candidate in candidates {
        let mut records = split(text, whole, candidate, quote);
        let (_, n_titles) = title_lines(text, &records);
        records.drain(..n_titles);
        let Some(first) = records.first() else { continue };
        let n_fields = first.len();
        if n_fields < 2 {
            continue;
        }
        let same = records.iter().filter(|r| r.len() == n_fields).count() as f64 / records.len() as f64;
        let score = if same >= CONSISTENT { 1.0 } else { same };
        // A comma that splits what another consistent delimiter already splits is a decimal comma or part of a text.
        if score > best.0 || (score == best.0 && score < 1.0 && n_fields > best.1) {
            best = (score, n_fields, candidate);
        }
    }
    best.2
}

/// Whether the first record names the columns: it does when it is typed unlike the records below it, or when nothing
/// speaks against it and its cells are distinct texts.
fn has_header(records: &[Vec<String>], nulls: &NullTokens) -> bool {
    let Some((first, rest)) = records.split_first() else { return true };
    if first.iter().all(|c| c.trim().is_empty()) {
        // A row without any value is no row; names were left out.
        return !rest.is_empty();
    }
    let votes = header_votes(records, nulls);
    if votes != 0 {
        return votes > 0;
    }
    let mut seen = HashSet::new();
    first.iter().all(|c| infer::look(c) == Look::Text && !c.trim().is_empty() && seen.insert(c.trim()))
}

/// How many columns speak for the first record as a header, less those that speak against it: by its type, unlike or
/// like that of the cells below, and by its text coming again.
fn header_votes(records: &[Vec<String>], nulls: &NullTokens) -> i64 {
    let Some((first, rest)) = records.split_first() else { return 0 };
    let mut votes = 0;
    for (column, head) in first.iter().enumerate() {
        let cells: Vec<&str> = rest.iter().filter_map(|r| r.get(column)).map(String::as_str).collect();
        let present = cells.iter().filter(|c| !nulls.is_missing(c) && !c.trim().is_empty());
        let looks: Vec<Look> = present.map(|c| infer::look(c)).collect();
        let typed = !looks.is_empty() && looks[0] != Look::Text && looks.iter().all(|&l| l == looks[0]);
        let head_is_missing = nulls.is_missing(head) || head.trim().is_empty();
        match infer::look(head) {
            _ if head_is_missing => {}
            look if typed && look == looks[0] => votes -= 1,
            _ if typed => votes += 1,
            Look::Text if cells.iter().any(|c| c == head) => votes -= 1,
            _ => {}
        }
    }
    votes
}
