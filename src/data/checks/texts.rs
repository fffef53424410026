//! Rules about how texts look: signs instead of words, lengths far from the others, several ways to say "nothing",
//! personal data.

use std::collections::BTreeSet;

use super::Outcome;
use super::context::{Column, Context};
use super::draft::{Draft, counted, listed, number, percent, percent_against, share};
use super::rows::{Values, rows_with};
use super::spelling::is_placeholder;
use crate::domain::finding::Severity::{Info, Warning};
use crate::domain::schema::{ColumnKind, Storage};

/// Values listed in a message.
const LISTED: usize = 3;

/// Deepchecks' settings of string lengths: the inner range, how many half ranges from the middle lie outside, and the
/// least distance from the inner lengths, in characters and as a share of their middle.
const INNER: [f64; 3] = [0.06, 0.5, 0.94];
const HALF_RANGES: f64 = 4.0;
const LEAST_DISTANCE: f64 = 5.0;
const LEAST_RELATIVE_DISTANCE: f64 = 0.5;
/// With fewer texts, lengths say nothing.
const FEWEST_TEXTS: u64 = 100;

fn text_columns<'c, 'a>(cx: &'c Context<'a>) -> impl Iterator<Item = &'c Column<'a>> {
    cx.columns.iter().filter(|c| !c.is_empty() && c.schema.storage == Storage::String)
}

/// Cells without a letter or digit, though not empty: `!!`, `@#`.
pub(super) fn special_characters(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in text_columns(cx) {
        cx.io.progress("Looking for special characters", None)?;
        let values = cx.values(c)?;
        let is_special = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_alphanumeric);
        let odd: BTreeSet<&str> = values.texts.iter().map(String::as_str).filter(|text| is_special(text)).collect();
        let count = count_of(&values, &odd);
        let observed = share(count, values.total());
        cx.observe(observed);
        if count == 0 || observed <= limit {
            continue;
        }
        let message = format!(
            "{} of `{}` hold nothing but special characters ({}, limit {}): {}{}",
            counted(count, "cell"),
            c.name(),
            percent_against(observed, limit),
            percent(limit),
            listed(odd.iter().copied(), LISTED),
            values.note()
        );
        let hint = "Correct these cells, or read them as missing when importing";
        let draft = Draft::new(Warning, message, hint).column(c.name()).count(count, values.total());
        findings.push(draft.rows(rows_with(cx.table, c.index, &odd, cx.input.most_rows)?).held(observed, limit).done());
    }
    Ok(findings)
}

/// Several spellings of "no value" in one column. Those that were read as missing do no harm any more.
pub(super) fn mixed_nulls(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in &cx.columns {
        cx.io.progress("Looking for kinds of missing values", None)?;
        let mut kinds: BTreeSet<String> = c.schema.missing_tokens.iter().map(|(token, _)| token.clone()).collect();
        if kinds.is_empty() && c.missing > 0 {
            kinds.insert(String::new());
        }
        let (mut left, mut rows) = (0, Vec::new());
        if !c.is_empty() && c.schema.storage == Storage::String {
            let values = cx.values(c)?;
            let words: BTreeSet<&str> =
                values.texts.iter().map(String::as_str).filter(|text| is_placeholder(text.trim())).collect();
            left = count_of(&values, &words);
            if left > 0 && kinds.len() + words.len() > limit as usize {
                rows = rows_with(cx.table, c.index, &words, cx.input.most_rows)?;
            }
            kinds.extend(words.into_iter().map(str::to_owned));
        }
        cx.observe(kinds.len() as f64);
        if kinds.len() as f64 <= limit {
            continue;
        }
        let named: Vec<&str> = kinds.iter().map(|kind| if kind.is_empty() { "(empty)" } else { kind }).collect();
        let message = format!(
            "`{}` says \"no value\" in {} ways (limit {limit}): {}",
            c.name(),
            number(kinds.len() as u64),
            listed(named, LISTED)
        );
        let (severity, hint) = if left > 0 {
            (Warning, "Import again with all of these spellings read as missing")
        } else {
            (Info, "Nothing to do: all of them were read as missing")
        };
        let draft = Draft::new(severity, message, hint).column(c.name()).count(c.missing + left, c.rows());
        findings.push(draft.rows(rows).held(kinds.len() as f64, limit).done());
    }
    Ok(findings)
}

/// Texts far longer or shorter than the others. Free text is only noted: its lengths have long tails.
pub(super) fn lengths(cx: &Context, limit: f64) -> Outcome {
    let mut findings = Vec::new();
    for c in text_columns(cx).filter(|c| c.present() >= FEWEST_TEXTS) {
        cx.io.progress("Looking at the lengths of texts", None)?;
        let values = cx.values(c)?;
        // Categories have the lengths of their words.
        if c.schema.kind == ColumnKind::Categorical && values.texts.len() < FEWEST_TEXTS as usize {
            continue;
        }
        let lengths: Vec<usize> = values.texts.iter().map(|text| text.chars().count()).collect();
        let Some((shortest, longest)) = normal_lengths(&lengths, &values.counts) else { continue };
        let is_odd = |length: usize| length < shortest || length > longest;
        let texts = values.texts.iter().map(String::as_str);
        let odd: BTreeSet<&str> = texts.zip(&lengths).filter(|(_, n)| is_odd(**n)).map(|(text, _)| text).collect();
        let count = count_of(&values, &odd);
        cx.observe(count as f64);
        if count as f64 <= limit {
            continue;
        }
        let found = lengths.iter().filter(|length| is_odd(**length));
        let (least, most) = found.fold((usize::MAX, 0), |(low, high), n| (low.min(*n), high.max(*n)));
        let found = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        let message = format!(
            "{} of `{}` have a length of {found} characters, the others {shortest} to {longest} ({}, limit {limit}){}",
            counted(count, "cell"),
            c.name(),
            percent(share(count, values.total())),
            values.note()
        );
        let severity = if c.schema.kind == ColumnKind::Text { Info } else { Warning };
        let hint = "Look at these cells: they may be cut off, joined or in the wrong column";
        let draft = Draft::new(severity, message, hint).column(c.name()).count(count, values.total());
        findings
            .push(draft.rows(rows_with(cx.table, c.index, &odd, cx.input.most_rows)?).held(count as f64, limit).done());
    }
    Ok(findings)
}

/// Shortest and longest length that is not an outlier: further from the median than four half widths of the range from
/// the 6th to the 94th percentile, and than 5 characters and half the middle of the lengths within.
fn normal_lengths(lengths: &[usize], counts: &[u64]) -> Option<(usize, usize)> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|i| lengths[*i]);
    let total: u64 = counts.iter().sum();
    let quantile = |q: f64| {
        let mut seen = 0;
        let reached = |i: &&usize| {
            seen += counts[**i];
            seen as f64 >= q * total as f64
        };
        order.iter().find(reached).map(|i| lengths[*i] as f64)
    };
    let [low, middle, high] = [quantile(INNER[0])?, quantile(INNER[1])?, quantile(INNER[2])?];
    let reach = HALF_RANGES * (high - low) / 2.0;
    let within = || lengths.iter().map(|n| *n as f64).filter(|n| (n - middle).abs() <= reach);
    let (least, most) = within().fold((f64::INFINITY, 0.0f64), |(low, high), n| (low.min(n), high.max(n)));
    let distance = LEAST_DISTANCE.max(LEAST_RELATIVE_DISTANCE * (least + most) / 2.0);
    let outside = |n: f64| (n - middle).abs() > reach && (n >= most + distance || n <= least - distance);
    let inside = || lengths.iter().filter(|n| !outside(**n as f64));
    Some((*inside().min()?, *inside().max()?))
}

/// What the import noticed about persons.
pub(super) fn personal(cx: &Context) -> Outcome {
    let mut findings = Vec::new();
    for c in &cx.columns {
        let Some(kind) = c.schema.personal else { continue };
        let message = format!("`{}` holds what looks like a person's {} in its cells", c.name(), kind.title());
        let hint = "Leave the column out unless the model needs it; everything shown of it is masked";
        let severity = if c.schema.kind == ColumnKind::Identifier { Info } else { Warning };
        let draft = Draft::new(severity, message, hint).column(c.name()).count(c.present(), c.rows());
        findings.push(draft.done());
    }
    Ok(findings)
}

fn count_of(values: &Values, odd: &BTreeSet<&str>) -> u64 {
    if odd.is_empty() {
        return 0;
    }
    values.texts.iter().zip(&values.counts).filter(|(text, _)| odd.contains(text.as_str())).map(|(_, n)| n).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::checks::testing::*;
    use crate::data::table::Cells;
    use crate::domain::schema::PersonalData;

    const N: usize = 2000;

    #[test]
    fn lengths_far_from_the_others_are_outside() {
        let lengths: Vec<usize> = (8..=12).chain([40, 1]).collect();
        // 10 ± 4 · (12 − 8) / 2 is 2 to 18; 40 and 1 are beyond and 5 or more from 8 to 12.
        assert_eq!(normal_lengths(&lengths, &[20, 20, 20, 20, 20, 1, 1]), Some((8, 12)));
        assert_eq!(normal_lengths(&[10, 10, 10, 16], &[50, 30, 30, 1]), Some((10, 10)));
        assert_eq!(normal_lengths(&[], &[]), None);
    }

    #[test]
    fn a_code_of_the_wrong_length_is_found() {
        let codes: Vec<String> =
            (0..N).map(|r| if r == 7 { "X0007 and a remark".to_owned() } else { format!("X{r:04}") }).collect();
        let report = check(&with(clean(N, 1), "code", ColumnKind::Identifier, texts(codes.iter().map(String::as_str))));
        let finding = only(&report, "STRING_LENGTH");
        assert_eq!((finding.severity, finding.count, &finding.rows[..]), (Warning, 1, &[8][..]));
    }

    #[test]
    fn signs_without_words_are_counted() {
        let cells = texts((0..N).map(|r| if r % 200 == 0 { "@!" } else { ["red", "blue"][r % 2] }));
        let report = check(&with(clean(N, 1), "colour", ColumnKind::Categorical, cells));
        let finding = only(&report, "SPECIAL_CHARACTERS");
        assert_eq!((finding.count, finding.observed, finding.limit), (10, Some(0.005), Some(0.001)));
    }

    #[test]
    fn several_ways_to_say_nothing_are_told() {
        let cell = |r: usize| match r % 100 {
            0 => Some("NA"),
            1 => Some("null"),
            2 => None,
            _ => Some(["red", "blue"][r % 2]),
        };
        let table = with(clean(N, 1), "colour", ColumnKind::Categorical, Cells::Text((0..N).map(cell).collect()));
        let finding = only(&check(&table), "MIXED_NULLS").clone();
        assert_eq!((finding.severity, finding.count, finding.observed), (Warning, 60, Some(3.0)));
        let mut read = clean(N, 1);
        read.schema.columns[3].missing_tokens = vec![(String::new(), 20), ("NA".to_owned(), 3)];
        assert_eq!(only(&check(&read), "MIXED_NULLS").severity, Info);
    }

    #[test]
    fn personal_data_is_told_and_not_shown() {
        let cells: Vec<String> = (0..N).map(|r| format!("person{r}@example.com")).collect();
        let cells = texts(cells.iter().map(String::as_str));
        let mut table = with(clean(N, 1), "contact", ColumnKind::Text, cells);
        table.schema.columns.last_mut().unwrap().personal = Some(PersonalData::Email);
        let finding = only(&check(&table), "PERSONAL_DATA").clone();
        assert_eq!(finding.column.as_deref(), Some("contact"));
        assert!(!finding.message.contains("example.com"));
    }
}
