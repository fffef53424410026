//! Rules about how values are written: numbers among words, stand-ins for missing values, one value in two spellings.
//! They look at dictionary entries, not at rows.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Column, Context};
use super::draft::{Draft, counted, listed, percent, percent_against, quoted, share, short_number};
use super::rows::{FirstRows, Values, rows_with};
use super::{Outcome, Stop};
use crate::domain::finding::Finding;
use crate::domain::finding::Severity::Warning;
use crate::domain::schema::{ColumnKind, Storage};

/// Deepchecks' lower end: fewer numbers than this among words are taken for words.
const TINY_SHARE: f64 = 0.01;

/// Values listed in a message.
const LISTED: usize = 3;

/// Spellings of "no value" that nobody uses for a category. `none` and `unknown` are left out: they often are one.
const PLACEHOLDERS: [&str; 20] = [
    "?",
    "-",
    "--",
    ".",
    "n/a",
    "na",
    "n.a.",
    "#n/a",
    "null",
    "(null)",
    "<null>",
    "nil",
    "nan",
    "missing",
    "(missing)",
    "(blank)",
    "#value!",
    "#ref!",
    "#div/0!",
    "#null!",
];

/// Numbers written where a value is missing.
const SENTINELS: [f64; 11] =
    [-999_999.0, -99_999.0, -9999.0, -999.0, -99.0, 999.0, 9999.0, 99_999.0, 999_999.0, 9_999_999.0, 99_999_999.0];

/// Numbers or dates with a few other cells among them, or categories with a few numbers among them.
pub(super) fn mixed_types(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in cx.columns.iter().filter(|c| !c.is_empty() && c.schema.storage == Storage::String) {
        cx.io.progress("Looking for mixed types", None)?;
        let values = cx.values(c)?;
        let counts = &values.counts;
        let forms: Vec<Form> = values.texts.iter().map(|value| form(value)).collect();
        let cells_of = |wanted: Form| counts.iter().zip(&forms).filter(|(_, f)| **f == wanted).map(|(n, _)| n).sum();
        let (numbers, dates, words): (u64, u64, u64) =
            (cells_of(Form::Number), cells_of(Form::Date), cells_of(Form::Word));
        let total = numbers + dates + words;
        let is_rare = |count: u64| count > 0 && share(count, total) < limit;
        let rare = if is_rare(dates + words) {
            Some(("number", vec![Form::Date, Form::Word]))
        } else if is_rare(numbers + words) {
            Some(("date", vec![Form::Number, Form::Word]))
        } else if c.schema.kind == ColumnKind::Categorical && is_rare(numbers) && share(numbers, total) > TINY_SHARE {
            Some(("word", vec![Form::Number]))
        } else {
            None
        };
        if let Some((mostly, others)) = rare {
            let odd: Vec<bool> = forms.iter().map(|f| others.contains(f)).collect();
            findings.push(mixed_finding(cx, c, &values, &odd, (mostly, limit))?);
        }
    }
    Ok(findings)
}

fn mixed_finding(
    cx: &Context,
    c: &Column<'_>,
    values: &Values,
    odd: &[bool],
    (mostly, limit): (&str, f64),
) -> Result<Finding, Stop> {
    let (count, total) = (sum_of(&values.counts, odd), values.total());
    let observed = share(count, total);
    let verb = if count == 1 { "is" } else { "are" };
    let noun = if count == 1 { mostly.to_owned() } else { format!("{mostly}s") };
    let article = if count == 1 { "a " } else { "" };
    let message = format!(
        "`{}` holds mostly {mostly}s, but {} {verb} not {article}{noun} ({}): {}{}",
        c.name(),
        counted(count, "cell"),
        percent(observed),
        listed(odd_values(values, odd), LISTED),
        values.note()
    );
    let hint = "Correct these cells in the source, or read them as missing when importing";
    let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, total);
    Ok(draft.rows(odd_rows(cx, c, values, odd)?).held(observed, limit).done())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Number,
    Date,
    /// Reported as a placeholder, so not counted here.
    Placeholder,
    Word,
}

fn form(value: &str) -> Form {
    let trimmed = value.trim();
    if is_placeholder(trimmed) {
        Form::Placeholder
    } else if is_number(trimmed) {
        Form::Number
    } else if is_date(trimmed) {
        Form::Date
    } else {
        Form::Word
    }
}

/// Digits with a sign, point, decimal comma or exponent; the words `inf` and `nan`, which Rust would read, are not.
fn is_number(value: &str) -> bool {
    let plain = value.replacen(',', ".", 1);
    plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'))
        && plain.contains(|c: char| c.is_ascii_digit())
        && plain.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Three numbers between equal separators, one of them of four digits or all of one or two: `2026-03-01`, `1.3.26`,
/// with or without a time behind.
fn is_date(value: &str) -> bool {
    let day = value.split(['T', ' ']).next().unwrap_or_default();
    let Some(separator) = day.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, '-' | '/' | '.')) else {
        return false;
    };
    let parts: Vec<&str> = day.split(separator).collect();
    let lengths: Vec<usize> = parts.iter().map(|p| p.len()).collect();
    let digits = parts.iter().all(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_digit()));
    digits && matches!(lengths[..], [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4] | [1..=2, 1..=2, 2])
}

/// Text that says "no value", and numbers like -999 that stand alone.
pub(super) fn placeholders(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in cx.columns.iter().filter(|c| !c.is_empty()) {
        cx.io.progress("Looking for placeholders", None)?;
        match c.schema.storage {
            Storage::String => findings.extend(text_placeholders(cx, c, limit)?),
            Storage::Float64 | Storage::Int64 if c.schema.kind == ColumnKind::Numeric => {
                findings.extend(sentinels(cx, c, limit)?);
            }
            _ => {}
        }
    }
    Ok(findings)
}

fn text_placeholders(cx: &Context, c: &Column<'_>, limit: f64) -> Result<Option<Finding>, Stop> {
    let values = cx.values(c)?;
    let odd: Vec<bool> = values.texts.iter().map(|value| is_placeholder(value.trim())).collect();
    let (count, total) = (sum_of(&values.counts, &odd), values.total());
    // A column that mostly holds "-" uses it as a value.
    if share(count, total) <= limit || 2 * count >= total {
        return Ok(None);
    }
    let observed = share(count, total);
    let verb = if count == 1 { "stands" } else { "stand" };
    let message = format!(
        "{} of `{}` {verb} for a missing value ({}, limit {}): {}{}",
        counted(count, "cell"),
        c.name(),
        percent_against(observed, limit),
        percent(limit),
        listed(odd_values(&values, &odd), LISTED),
        values.note()
    );
    let hint = "Import again with these spellings read as missing";
    let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, total);
    Ok(Some(draft.rows(odd_rows(cx, c, &values, &odd)?).held(observed, limit).done()))
}

/// Known spellings, nothing but blanks, or nothing but signs of which one is a question mark or all are alike.
pub(super) fn is_placeholder(trimmed: &str) -> bool {
    let repeated = |sign: char| trimmed.chars().all(|c| c == sign);
    PLACEHOLDERS.contains(&trimmed.to_lowercase().as_str()) || ['?', '-', '.', '*', '#', '_'].into_iter().any(repeated)
}

/// A sentinel is reported only where it cannot be a measurement: it lies further from all other values than these lie
/// from each other, or is the only negative number.
fn sentinels(cx: &Context, c: &Column<'_>, limit: f64) -> Result<Option<Finding>, Stop> {
    let mut counts = [0u64; SENTINELS.len()];
    let (mut low, mut high, mut others) = (f64::INFINITY, f64::NEG_INFINITY, 0u64);
    let mut rows_of: [FirstRows; SENTINELS.len()] = std::array::from_fn(|_| FirstRows::new(cx.input.most_rows));
    cx.table.pieces(c.index, |start, cells| {
        cx.io.progress("Looking for placeholders", None)?;
        for row in 0..cells.len() {
            let x = cells.number(row);
            if !x.is_finite() {
                continue;
            }
            match (x.abs() >= 99.0).then(|| SENTINELS.iter().position(|s| *s == x)).flatten() {
                Some(i) => {
                    counts[i] += 1;
                    rows_of[i].add(start + row);
                }
                None => {
                    (low, high) = (low.min(x), high.max(x));
                    others += 1;
                }
            }
        }
        Ok(())
    })?;
    let stands_alone = |s: f64| {
        let gap = if s > high { s - high } else { low - s };
        gap > high - low || (s < 0.0 && low >= 0.0)
    };
    let odd: Vec<usize> = (0..SENTINELS.len()).filter(|i| counts[*i] > 0 && stands_alone(SENTINELS[*i])).collect();
    let count: u64 = odd.iter().map(|i| counts[*i]).sum();
    if share(count, c.present()) <= limit || others < 2 || count > others {
        return Ok(None);
    }
    let rows: BTreeSet<usize> = odd.iter().flat_map(|i| rows_of[*i].rows()).collect();
    let values = odd.iter().map(|i| SENTINELS[*i].to_string()).collect::<Vec<_>>().join(", ");
    let observed = share(count, c.present());
    let message = format!(
        "`{}` holds {values} in {} ({}, limit {}), far from its other values ({} to {})",
        c.name(),
        counted(count, "cell"),
        percent_against(observed, limit),
        percent(limit),
        short_number(low),
        short_number(high)
    );
    let hint = "If the number stands for a missing value, import again with it read as missing";
    let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, c.present());
    Ok(Some(draft.rows(rows).held(observed, limit).done()))
}

/// One category in several spellings: other case, spaces, `_` or `-` between words.
pub(super) fn string_variants(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in cx.columns.iter().filter(|c| c.schema.storage == Storage::String) {
        if !matches!(c.schema.kind, ColumnKind::Categorical | ColumnKind::Boolean) {
            continue;
        }
        cx.io.progress("Looking for spelling variants", None)?;
        findings.extend(variants(cx, c, limit)?);
    }
    Ok(findings)
}

fn variants(cx: &Context, c: &Column<'_>, limit: f64) -> Result<Option<Finding>, Stop> {
    let values = cx.values(c)?;
    let counts = &values.counts;
    let mut spellings: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (code, value) in values.texts.iter().enumerate() {
        spellings.entry(folded(value)).or_default().push(code);
    }
    let mut odd = vec![false; values.texts.len()];
    let mut examples = Vec::new();
    for mut codes in spellings.into_values().filter(|codes| codes.len() > 1) {
        codes.sort_by_key(|code| std::cmp::Reverse(counts[*code]));
        codes[1..].iter().for_each(|code| odd[*code] = true);
        examples.push(codes.iter().map(|code| quoted(&values.texts[*code])).collect::<Vec<_>>().join(" = "));
    }
    cx.observe(examples.len() as f64);
    if examples.len() as f64 <= limit {
        return Ok(None);
    }
    let (count, total) = (sum_of(counts, &odd), values.total());
    let message = format!(
        "{} of `{}` spell a more frequent value differently ({}): {}{}",
        counted(count, "cell"),
        c.name(),
        percent(share(count, total)),
        examples.iter().take(LISTED).cloned().collect::<Vec<_>>().join("; "),
        values.note()
    );
    let hint = "Choose one spelling in the source: a model takes the variants for different categories";
    let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, total);
    Ok(Some(draft.rows(odd_rows(cx, c, &values, &odd)?).held(examples.len() as f64, limit).done()))
}

/// Lower case; blanks anywhere and `_` or `-` between letters or digits left out. Signs at the ends stay, as `A-` is
/// not `A`, and so does whatever stands between two digits, as `1-5` is not `15`.
pub(super) fn folded(value: &str) -> String {
    let characters: Vec<char> = value.trim().chars().collect();
    let mut folded = String::with_capacity(value.len());
    for (i, c) in characters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|j| characters.get(j));
        let after = characters.get(i + 1);
        let both = |is: fn(char) -> bool| [before, after].iter().all(|c| c.is_some_and(|c| is(*c)));
        let joins = c.is_whitespace() || (matches!(c, '_' | '-') && both(char::is_alphanumeric));
        if !joins || both(|c| c.is_ascii_digit()) {
            folded.extend(c.to_lowercase());
        }
    }
    folded
}

fn sum_of(counts: &[u64], chosen: &[bool]) -> u64 {
    counts.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(count, _)| count).sum()
}

fn odd_values<'a>(values: &'a Values, odd: &'a [bool]) -> impl Iterator<Item = &'a str> {
    values.texts.iter().zip(odd).filter(|(_, odd)| **odd).map(|(value, _)| value.as_str())
}

fn odd_rows(cx: &Context, c: &Column<'_>, values: &Values, odd: &[bool]) -> Result<Vec<usize>, Stop> {
    Ok(rows_with(cx.table, c.index, &odd_values(values, odd).collect(), cx.input.most_rows)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_told_from_words() {
        for number in ["3", "-3.5", "+1", ".5", "1e6", "3,5"] {
            assert!(is_number(number), "{number}");
        }
        for word in ["inf", "nan", "abc", "-", "", "1e", "3 apples", "1,2,3", "0x10"] {
            assert!(!is_number(word), "{word}");
        }
        for date in ["2026-03-01", "1/3/2026", "01.03.26", "2026-03-01T10:00:00Z", "2026-03-01 10:00"] {
            assert!(is_date(date), "{date}");
        }
        for other in ["2026", "1.5", "555-1234", "1-2-3-4", "2026-03", "abc-1-2"] {
            assert!(!is_date(other), "{other}");
        }
    }

    #[test]
    fn spellings_fold_but_meanings_do_not() {
        assert_eq!(folded("Fibre optic"), folded("fibre_Optic"));
        assert_eq!(folded(" month-to-month "), folded("Month to month"));
        for (a, b) in [("A-", "A"), ("A+", "A-"), ("1-5", "15"), ("1 5", "15"), ("<5", ">5")] {
            assert_ne!(folded(a), folded(b), "{a} {b}");
        }
    }

    #[test]
    fn placeholders_are_spellings_of_nothing() {
        for value in ["?", "", "N/A", "---", "NULL", "???", "#REF!"] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["none", "unknown", "no", "A-", "+", ">5", "0"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
