//! Tests of cells, one by one: counted without a branch first, looked at again only where some fail.

use std::collections::BTreeMap;

use super::filter::Piece;
use super::keys::{Repeated, text_key};
use super::{RowSet, RuleOutcome};
use crate::data::table::{Cells, Dictionary, MISSING_CODE};
use crate::domain::suite::Rule;

/// Cells that all rules of a column look at before the next ones: 16 kB stay in the nearest cache.
const CHUNK: usize = 2048;
/// Failing cells that are not texts and are counted as examples.
const EXAMPLE_CELLS: u64 = 1000;
/// Different failing values that are kept while counting, and those that are shown.
const KEPT_VALUES: usize = 1000;
const SHOWN_VALUES: usize = 20;

/// Holds for a text?
pub(super) type TextTest = Box<dyn FnMut(&str) -> bool>;

/// When a cell fails. A missing one fails only [`CellTest::Present`].
pub(super) enum CellTest {
    Present,
    Missing,
    /// Within, both ends included.
    Floats {
        low: f64,
        high: f64,
    },
    /// Whole numbers, dates, truths.
    Ints {
        low: i64,
        high: i64,
    },
    /// Sorted.
    FloatSet {
        values: Vec<f64>,
        inside: bool,
    },
    /// In any of these ranges, which are sorted and do not overlap.
    IntSet {
        ranges: Vec<(i64, i64)>,
        inside: bool,
    },
    Finite,
    ZScore {
        mean: f64,
        std: f64,
        threshold: f64,
        double_sided: bool,
    },
    Order(Order),
    /// Of the cell as text.
    Text(TextTest),
    Unique(Repeated),
}

/// Each cell against the last one present.
pub(super) struct Order {
    pub descending: bool,
    pub strictly: bool,
    pub last: Last,
}

pub(super) enum Last {
    None,
    Float(f64),
    Int(i64),
    Text(String),
}

/// One rule while the column is read.
pub(super) struct Judge<'r> {
    pub index: usize,
    pub rule: &'r Rule,
    pub test: CellTest,
    pub failing: Failing,
}

/// What failed so far.
#[derive(Default)]
pub(super) struct Failing {
    pub count: u64,
    pub rows: RowSet,
    values: BTreeMap<String, u64>,
    counted_cells: u64,
}

impl Failing {
    /// One row of the piece; its cells are the example.
    pub fn cell(&mut self, piece: &Piece<'_>, at: usize) {
        self.row(piece.row(at));
        if self.counted_cells < EXAMPLE_CELLS {
            self.counted_cells += 1;
            let texts: Vec<String> = piece.cells.iter().map(|cells| cells.text(at).unwrap_or_default()).collect();
            if texts.iter().any(|text| !text.is_empty()) {
                self.value(&texts.join(", "), 1);
            }
        }
    }

    pub fn row(&mut self, row: u32) {
        self.count += 1;
        self.rows.push(row);
    }

    pub fn value(&mut self, text: &str, count: u64) {
        if let Some(known) = self.values.get_mut(text) {
            *known += count;
        } else if self.values.len() < KEPT_VALUES {
            self.values.insert(text.to_owned(), count);
        }
    }

    pub fn outcome(self, rule: &Rule, judged: u64) -> RuleOutcome {
        let mut values: Vec<(String, u64)> = self.values.into_iter().collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(SHOWN_VALUES);
        RuleOutcome { rows: self.rows, values, ..RuleOutcome::of_rows(rule, self.count, judged) }
    }
}

/// Cells of a column so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub cells: u64,
    pub missing: u64,
}

impl Judge<'_> {
    /// What became of the rule.
    pub fn outcome(self, seen: Seen) -> (usize, RuleOutcome) {
        let judged = match self.test {
            CellTest::Present | CellTest::Missing => seen.cells,
            _ => seen.cells - seen.missing,
        };
        (self.index, self.failing.outcome(self.rule, judged))
    }
}

/// Lets every judge see a piece; `also` sees the same chunks of numbers while they are at hand.
pub(super) fn see(piece: &Piece<'_>, judges: &mut [Judge<'_>], seen: &mut Seen, mut also: impl FnMut(&[f64])) {
    let cells = &*piece.cells[0];
    seen.cells += cells.len() as u64;
    match cells {
        Cells::Float(values) => {
            for (i, chunk) in values.chunks(CHUNK).enumerate() {
                seen.missing += chunk.iter().filter(|x| x.is_nan()).count() as u64;
                judges.iter_mut().for_each(|judge| floats(judge, chunk, i * CHUNK, piece));
                also(chunk);
            }
        }
        Cells::Int(values) | Cells::DatetimeMs(values) => {
            for (i, chunk) in values.chunks(CHUNK).enumerate() {
                seen.missing += chunk.iter().filter(|x| x.is_none()).count() as u64;
                judges.iter_mut().for_each(|judge| ints(judge, chunk, i * CHUNK, piece));
            }
        }
        Cells::Boolean(values) => {
            for (i, chunk) in values.chunks(CHUNK).enumerate() {
                let whole: Vec<Option<i64>> = chunk.iter().map(|x| x.map(i64::from)).collect();
                seen.missing += chunk.iter().filter(|x| x.is_none()).count() as u64;
                judges.iter_mut().for_each(|judge| ints(judge, &whole, i * CHUNK, piece));
            }
        }
        Cells::Text(dictionary) => {
            let counts = dictionary.counts();
            seen.missing += dictionary.codes.len() as u64 - counts.iter().sum::<u64>();
            judges.iter_mut().for_each(|judge| texts(judge, dictionary, &counts, piece));
        }
    }
}

fn scan<T: Copy>(failing: &mut Failing, chunk: &[T], at: usize, piece: &Piece<'_>, fails: impl Fn(T) -> bool) {
    // Counting this way has no branch and is done on several cells at once.
    if chunk.iter().map(|x| u32::from(fails(*x))).sum::<u32>() == 0 {
        return;
    }
    chunk.iter().enumerate().filter(|(_, x)| fails(**x)).for_each(|(i, _)| failing.cell(piece, at + i));
}

fn floats(judge: &mut Judge<'_>, chunk: &[f64], at: usize, piece: &Piece<'_>) {
    let failing = &mut judge.failing;
    match &mut judge.test {
        CellTest::Present => scan(failing, chunk, at, piece, f64::is_nan),
        CellTest::Missing => scan(failing, chunk, at, piece, |x| !x.is_nan()),
        CellTest::Finite => scan(failing, chunk, at, piece, f64::is_infinite),
        CellTest::Floats { low, high } => {
            let (low, high) = (*low, *high);
            scan(failing, chunk, at, piece, |x| (x < low) | (x > high));
        }
        CellTest::FloatSet { values, inside } => {
            let has = |x: f64| values.binary_search_by(|v| v.total_cmp(&(x + 0.0))).is_ok();
            scan(failing, chunk, at, piece, |x| !x.is_nan() && has(x) != *inside);
        }
        CellTest::ZScore { mean, std, threshold, double_sided } => {
            let (mean, std, threshold, double_sided) = (*mean, *std, *threshold, *double_sided);
            scan(failing, chunk, at, piece, |x| far((x - mean) / std, threshold, double_sided));
        }
        CellTest::Unique(repeated) => scan(failing, chunk, at, piece, |x| !x.is_nan() && repeated.has_float(x)),
        CellTest::Order(order) => {
            for (i, &x) in chunk.iter().enumerate().filter(|(_, x)| !x.is_nan()) {
                if let Last::Float(last) = order.last
                    && order.fails(x.partial_cmp(&last))
                {
                    failing.cell(piece, at + i);
                }
                order.last = Last::Float(x);
            }
        }
        CellTest::Text(holds) => as_texts(failing, holds, at..at + chunk.len(), piece),
        CellTest::Ints { .. } | CellTest::IntSet { .. } => {}
    }
}

fn ints(judge: &mut Judge<'_>, chunk: &[Option<i64>], at: usize, piece: &Piece<'_>) {
    let failing = &mut judge.failing;
    match &mut judge.test {
        CellTest::Present => scan(failing, chunk, at, piece, |x| x.is_none()),
        CellTest::Missing => scan(failing, chunk, at, piece, |x| x.is_some()),
        CellTest::Ints { low, high } => {
            let (low, high) = (*low, *high);
            scan(failing, chunk, at, piece, |x| x.is_some_and(|x| (x < low) | (x > high)));
        }
        CellTest::IntSet { ranges, inside } => {
            let has = |x: i64| {
                let at = ranges.partition_point(|(low, _)| *low <= x);
                at > 0 && x <= ranges[at - 1].1
            };
            scan(failing, chunk, at, piece, |x| x.is_some_and(|x| has(x) != *inside));
        }
        CellTest::ZScore { mean, std, threshold, double_sided } => {
            let (mean, std, threshold, double_sided) = (*mean, *std, *threshold, *double_sided);
            let fails = |x: i64| far((x as f64 - mean) / std, threshold, double_sided);
            scan(failing, chunk, at, piece, |x| x.is_some_and(fails));
        }
        CellTest::Unique(repeated) => scan(failing, chunk, at, piece, |x| x.is_some_and(|x| repeated.has_int(x))),
        CellTest::Order(order) => {
            for (i, x) in chunk.iter().enumerate() {
                let Some(x) = *x else { continue };
                if let Last::Int(last) = order.last
                    && order.fails(Some(x.cmp(&last)))
                {
                    failing.cell(piece, at + i);
                }
                order.last = Last::Int(x);
            }
        }
        CellTest::Text(holds) => as_texts(failing, holds, at..at + chunk.len(), piece),
        CellTest::Floats { .. } | CellTest::FloatSet { .. } | CellTest::Finite => {}
    }
}

fn as_texts(failing: &mut Failing, holds: &mut TextTest, rows: std::ops::Range<usize>, piece: &Piece<'_>) {
    for at in rows {
        if piece.cells[0].text(at).is_some_and(|text| !holds(&text)) {
            failing.cell(piece, at);
        }
    }
}

/// `NaN`, as of a column that does not vary, is not far.
fn far(z: f64, threshold: f64, double_sided: bool) -> bool {
    (if double_sided { z.abs() } else { z }) >= threshold
}

/// Judges the different texts that occur, then finds the rows of those that fail.
fn texts(judge: &mut Judge<'_>, dictionary: &Dictionary, counts: &[u64], piece: &Piece<'_>) {
    let failing = &mut judge.failing;
    let levels = |fails: &mut dyn FnMut(usize, &str) -> bool| -> Vec<bool> {
        let used = dictionary.values.iter().enumerate();
        used.map(|(code, text)| counts[code] > 0 && fails(code, text)).collect()
    };
    let fails = match &mut judge.test {
        CellTest::Present => {
            let missing = dictionary.codes.len() as u64 > counts.iter().sum::<u64>();
            if missing {
                let rows = dictionary.codes.iter().enumerate().filter(|(_, code)| **code == MISSING_CODE);
                rows.for_each(|(at, _)| failing.row(piece.row(at)));
            }
            return;
        }
        CellTest::Missing => levels(&mut |_, _| true),
        CellTest::Text(holds) => levels(&mut |_, text| !holds(text)),
        CellTest::Unique(Repeated::Levels) => levels(&mut |code, _| counts[code] > 1),
        CellTest::Unique(repeated) => levels(&mut |_, text| repeated.has_key(text_key(text))),
        CellTest::Order(order) => {
            for at in 0..dictionary.codes.len() {
                let Some(text) = dictionary.get(at) else { continue };
                if let Last::Text(last) = &order.last
                    && order.fails(Some(text.cmp(last.as_str())))
                {
                    failing.cell(piece, at);
                }
                order.last = Last::Text(text.to_owned());
            }
            return;
        }
        _ => return,
    };
    if !fails.contains(&true) {
        return;
    }
    let failing_levels = fails.iter().enumerate().filter(|(_, fails)| **fails);
    failing_levels.for_each(|(code, _)| failing.value(&dictionary.values[code], counts[code]));
    for (at, code) in dictionary.codes.iter().enumerate() {
        if fails.get(*code as usize) == Some(&true) {
            failing.row(piece.row(at));
        }
    }
}

impl Order {
    fn fails(&self, now_to_last: Option<std::cmp::Ordering>) -> bool {
        let Some(order) = now_to_last else { return false };
        let onward = if self.descending { order.reverse() } else { order };
        if self.strictly { onward.is_le() } else { onward.is_lt() }
    }
}
