//! Free text as numbers: its length, its frequent words, hashed words.

use std::collections::{BTreeSet, HashMap};

use super::RecipeError;
use super::column::{Column, Frame, Texts};
use crate::data::table::MISSING_CODE;
use crate::domain::recipe::{Hashed, Renamed, WordWeight, Worded};

/// Columns that one text may become.
const MOST_COLUMNS: usize = 1000;
/// Numbers that one text may become over all rows: 2 GiB.
const MOST_CELLS: usize = 1 << 28;

pub(super) fn fit_length(name: &str, frame: &Frame<'_>) -> Renamed {
    Renamed { column: name.to_owned(), into: frame.free_name(&format!("{name}.length")) }
}

pub(super) fn fit_hashed(name: &str, n_columns: u32, frame: &Frame<'_>) -> Hashed {
    let n = (n_columns as usize).clamp(1, MOST_COLUMNS);
    let into = (0..n).map(|at| frame.free_name(&format!("{name}.word_{at}"))).collect();
    Hashed { column: name.to_owned(), into }
}

/// The `max_words` words that occur most often in the training rows (of equals the first by code point), sorted. With
/// TF-IDF the weight of a word is `ln((1 + n) / (1 + rows with it)) + 1`, as scikit-learn's `smooth_idf`.
pub(super) fn fit(name: &str, weight: WordWeight, max_words: usize, frame: &Frame<'_>) -> Result<Worded, RecipeError> {
    let texts = frame.texts(name)?;
    let mut counts: HashMap<String, (u64, u64)> = HashMap::new();
    for (text, rows) in texts.by_frequency() {
        let words = tokens(text);
        for word in words.iter().collect::<BTreeSet<_>>() {
            counts.entry(word.clone()).or_default().1 += rows;
        }
        for word in words {
            counts.entry(word).or_default().0 += rows;
        }
    }
    #[allow(clippy::iter_over_hash_type, reason = "sorted at once")]
    let mut all: Vec<(String, (u64, u64))> = counts.into_iter().collect();
    all.sort_unstable_by(|(a, (n, _)), (b, (m, _))| m.cmp(n).then(a.cmp(b)));
    all.truncate(max_words.min(MOST_COLUMNS));
    all.sort_unstable();
    let n = texts.codes.len() as f64;
    let words = all.into_iter().map(|(word, (_, rows))| {
        let idf = ((1.0 + n) / (1.0 + rows as f64)).ln() + 1.0;
        let weight = if weight == WordWeight::TfIdf { idf } else { 1.0 };
        let into = frame.free_name(&format!("{name}:{word}"));
        (word, weight, into)
    });
    Ok(Worded { column: name.to_owned(), words: words.collect(), normalised: weight == WordWeight::TfIdf })
}

/// scikit-learn's default token pattern: runs of at least two letters, digits or `_`, in small letters.
fn tokens(text: &str) -> Vec<String> {
    let small = text.to_lowercase();
    let runs = small.split(|c: char| !c.is_alphanumeric() && c != '_');
    runs.filter(|run| run.chars().nth(1).is_some()).map(str::to_owned).collect()
}

pub(super) fn apply_length(columns: &[Renamed], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.make(columns, |frame, item| {
        let lengths = frame.texts(&item.column)?.map(0.0, |text| text.chars().count() as f64);
        Ok(vec![(item.into.clone(), Column::Numbers(lengths))])
    })?;
    columns.iter().try_for_each(|item| frame.take(&item.column).map(drop))
}

pub(super) fn apply(columns: &[Worded], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.make(columns, |frame, item| {
        let index: HashMap<&str, usize> = item.words.iter().map(|w| w.0.as_str()).zip(0..).collect();
        let weigh = |text: &str| {
            let mut found: Vec<(usize, f64)> = Vec::new();
            for at in tokens(text).iter().filter_map(|word| index.get(word.as_str())) {
                match found.iter_mut().find(|(there, _)| there == at) {
                    Some((_, weight)) => *weight += item.words[*at].1,
                    None => found.push((*at, item.words[*at].1)),
                }
            }
            let length = found.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt();
            if item.normalised && length > 0.0 {
                found.iter_mut().for_each(|(_, weight)| *weight /= length);
            }
            found
        };
        let columns = spread(frame.texts(&item.column)?, item.words.len(), weigh)?;
        Ok(item.words.iter().map(|w| w.2.clone()).zip(columns.into_iter().map(Column::Numbers)).collect())
    })?;
    columns.iter().try_for_each(|item| frame.take(&item.column).map(drop))
}

pub(super) fn apply_hashed(columns: &[Hashed], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.make(columns, |frame, item| {
        let n = item.into.len().max(1);
        let weigh = |text: &str| tokens(text).iter().map(|word| ((hash(word) % n as u64) as usize, 1.0)).collect();
        let columns = spread(frame.texts(&item.column)?, item.into.len(), weigh)?;
        Ok(item.into.iter().cloned().zip(columns.into_iter().map(Column::Numbers)).collect())
    })?;
    columns.iter().try_for_each(|item| frame.take(&item.column).map(drop))
}

/// FNV-1a: the same on every platform, for ever.
fn hash(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Columns of zeros with what `weigh` gives for each text (asked once per distinct one); missing text gives nothing.
fn spread(
    texts: &Texts<'_>,
    n_columns: usize,
    weigh: impl Fn(&str) -> Vec<(usize, f64)>,
) -> Result<Vec<Vec<f64>>, RecipeError> {
    let rows = texts.codes.len();
    if n_columns == 0 {
        return Ok(Vec::new());
    }
    if rows.saturating_mul(n_columns) > MOST_CELLS {
        let bytes = (rows as u64).saturating_mul(n_columns as u64).saturating_mul(8);
        return Err(RecipeError::TooLarge { rows, features: n_columns, bytes });
    }
    let mut columns = vec![vec![0.0; rows]; n_columns];
    let found: Vec<Vec<(usize, f64)>> = texts.values.iter().map(|text| weigh(text)).collect();
    for (row, &code) in texts.codes.iter().enumerate().filter(|(_, code)| **code != MISSING_CODE) {
        for &(at, weight) in &found[code as usize] {
            columns[at][row] += weight;
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn frame() -> Frame<'static> {
        let values = ["Good service, good price", "bad service", "ÄRGER a 1"].map(Cow::Borrowed).to_vec();
        let mut frame = Frame::new(4);
        frame.put("note", Column::Texts(Texts { codes: vec![0, 1, 2, MISSING_CODE], values }));
        frame
    }

    #[test]
    fn words_are_counted() {
        let mut frame = frame();
        let fitted = fit("note", WordWeight::Count, 3, &frame).unwrap();
        let words: Vec<&str> = fitted.words.iter().map(|w| w.0.as_str()).collect();
        assert_eq!(words, ["bad", "good", "service"]);
        apply(&[fitted], &mut frame).unwrap();
        assert_eq!(frame.numbers("note:good").unwrap(), [2.0, 0.0, 0.0, 0.0]);
        assert!(frame.get("note").is_none());
    }

    #[test]
    fn tf_idf_equals_the_vectorizer() {
        let mut frame = frame();
        let fitted = fit("note", WordWeight::TfIdf, 100, &frame).unwrap();
        apply(&[fitted], &mut frame).unwrap();
        // sklearn.feature_extraction.text.TfidfVectorizer() on the three texts and ""
        for (column, row, expected) in EXPECTED {
            let found = frame.numbers(column).unwrap()[row];
            assert!((found - expected).abs() < 1e-12, "{column}: {found}");
        }
    }

    const EXPECTED: [(&str, usize, f64); 3] = [
        ("note:good", 0, 0.843_529_564_289_506_4),
        ("note:service", 1, 0.619_130_296_489_997_2),
        ("note:ärger", 2, 1.0),
    ];

    #[test]
    fn hashed_words_need_no_vocabulary() {
        let mut frame = frame();
        let fitted = fit_hashed("note", 4, &frame);
        apply_hashed(&[fitted], &mut frame).unwrap();
        let total: f64 = (0..4).map(|at| frame.numbers(&format!("note.word_{at}")).unwrap()[0]).sum();
        assert_eq!(total, 4.0);
        // FNV-1a of "a", from the reference of its authors.
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
    }

    #[test]
    fn lengths_are_characters() {
        let mut frame = frame();
        let fitted = fit_length("note", &frame);
        apply_length(&[fitted], &mut frame).unwrap();
        assert_eq!(frame.numbers("note.length").unwrap(), [24.0, 11.0, 9.0, 0.0]);
    }
}
