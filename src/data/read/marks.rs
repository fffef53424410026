//! Guessing the decimal mark and the thousands mark, from the columns of a sample.
//!
//! `1,234` may be one number or another. A mark is only guessed when all cells of a column are numbers under it, and a
//! cell shows which it must be (`1.234,5`, `1,25`, `1,234,567`, `1'234`); else that is said, and the column stays text.

use super::NullTokens;
use super::layout::Sample;
use crate::data::error::clip;
use crate::data::numbers::{Marks, number_with};
use crate::domain::dataset::{Mark, ReadDraft, ReadOptions};

/// Simple ones first: they win a tie.
const CANDIDATES: [(u8, Option<char>); 12] = [
    (b'.', None),
    (b',', None),
    (b',', Some('.')),
    (b'.', Some(',')),
    (b'.', Some('\'')),
    (b',', Some('\'')),
    (b'.', Some(' ')),
    (b',', Some(' ')),
    (b'.', Some('\u{a0}')),
    (b',', Some('\u{a0}')),
    (b'.', Some('\u{202f}')),
    (b',', Some('\u{202f}')),
];

/// Puts the guessed marks into `options`, around what `draft` fixes.
pub fn guess(records: &Sample, draft: &ReadDraft, options: &mut ReadOptions, notes: &mut Vec<String>) {
    options.decimal = draft.decimal.unwrap_or('.');
    options.thousands = draft.thousands.and_then(Mark::char);
    if draft.decimal.is_some() && draft.thousands.is_some() {
        return;
    }
    let columns = columns(records, options);
    let fits = |(decimal, thousands): (u8, Option<char>)| {
        draft.decimal.is_none_or(|d| d as u8 == decimal) && draft.thousands.is_none_or(|t| t.char() == thousands)
    };
    let plain: Vec<bool> = columns.iter().map(|cells| is_numeric(cells, Marks::POINT)).collect();
    let mut best: Option<(usize, Marks)> = None;
    let mut unclear = None;
    for (decimal, thousands) in CANDIDATES.into_iter().filter(|c| fits(*c)) {
        let marks = Marks { decimal, thousands };
        // Most marks are ruled out by a column that would be lost.
        let lost = (0..columns.len()).any(|c| plain[c] && !is_numeric(&columns[c], marks));
        if lost {
            continue;
        }
        let won: Vec<usize> = (0..columns.len()).filter(|&c| !plain[c] && is_numeric(&columns[c], marks)).collect();
        if won.is_empty() && marks != Marks::POINT {
            continue;
        }
        let shown = won.iter().find_map(|&c| columns[c].iter().find(|cell| is_decisive(cell, marks)));
        if shown.is_none() && !won.is_empty() && draft.decimal.is_none() && draft.thousands.is_none() {
            unclear =
                unclear.or_else(|| won.first().and_then(|&c| columns[c].iter().find(|cell| cell.contains([',', '.']))));
            continue;
        }
        if best.is_none_or(|(n, _)| won.len() > n) {
            best = Some((won.len(), marks));
        }
    }
    let Some((won, marks)) = best else { return };
    options.decimal = draft.decimal.unwrap_or(char::from(marks.decimal));
    options.thousands = draft.thousands.map_or(marks.thousands, Mark::char);
    if won > 0 && marks != Marks::POINT {
        let group = marks.thousands.map_or_else(String::new, |c| format!(" and `{c}` between thousands"));
        notes.push(format!("numbers are read with `{}` as decimal mark{group}", char::from(marks.decimal)));
    } else if let Some(cell) = unclear {
        let cell = clip(cell);
        notes.push(format!(
            "`{cell}` may hold a decimal or a thousands mark; the column stays text until one is chosen"
        ));
    }
}

/// The cells with a value of each column, without the header.
fn columns<'a>(records: &'a Sample, options: &ReadOptions) -> Vec<Vec<&'a str>> {
    let nulls = NullTokens::new(&options.null_tokens);
    let rows = records.get(usize::from(options.has_header)..).unwrap_or_default();
    let column = |c: usize| {
        let cells = rows.iter().filter_map(|r| r.get(c)).map(|cell| cell.trim());
        cells.filter(|cell| !cell.is_empty() && !nulls.is_missing(cell)).collect()
    };
    (0..rows.first().map_or(0, Vec::len)).map(column).collect()
}

fn is_numeric(cells: &[&str], marks: Marks) -> bool {
    !cells.is_empty() && cells.iter().all(|cell| number_with(cell, marks).is_some())
}

/// Can it be read under no other marks?
fn is_decisive(cell: &str, marks: Marks) -> bool {
    let decimal = char::from(marks.decimal);
    let is_other = |c: char| c != '.' && c != ',';
    match marks.thousands {
        Some(mark) if is_other(mark) => cell.contains(mark),
        Some(mark) => cell.matches(mark).count() > 1 || (cell.contains(mark) && cell.contains(decimal)),
        None => cell.split_once(decimal).is_some_and(|(whole, digits)| {
            let whole = whole.trim_start_matches(['-', '+']);
            digits.len() != 3 || whole.len() > 3 || whole.is_empty() || whole.starts_with('0')
        }),
    }
}
