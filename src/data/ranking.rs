//! What each column alone says about a target, and what it says among the rows near it.

use super::recipe::quantile_codes;
use super::table::{Cells, MISSING_CODE, Table};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::random::Shuffler;
use crate::domain::ranking::RankedColumn;
use crate::domain::schema::ColumnKind;
use crate::domain::task::Target;
use crate::stats::TestResult;
use crate::stats::contingency::chi2_contingency;
use crate::stats::relevance::{f_oneway, f_regression, gain_ratio, gini_gain, mutual_information};
use crate::stats::relief::{Attribute, relief_f, rrelief_f};

/// Rows among which neighbours are looked for, and rows that look for theirs.
const MOST_NEAR: usize = 5_000;
const MOST_PICKED: usize = 500;
/// Differences of cells that Relief may take; wide tables pick fewer rows.
const MOST_DIFFERENCES: usize = 500_000_000;
/// Neighbours of each class, as in the paper.
const NEIGHBOURS: usize = 10;

/// Scores by single columns of `table`, whose rows `target` has the values of; Relief and permutation are left open.
pub fn scores(table: &Table, target: &Target, io: &dyn JobIo) -> Result<Vec<RankedColumn>, Cancelled> {
    let (classes, n_classes) = classes(target);
    let mut ranked = Vec::with_capacity(table.columns.len());
    for (at, (schema, cells)) in table.iter().enumerate() {
        io.progress(&format!("Scoring {}", schema.name), Some(at as f64 / table.columns.len() as f64))?;
        let numbers = numbers_of(cells);
        let codes = match &numbers {
            Some(numbers) => quantile_codes(numbers),
            None => codes_of(cells),
        };
        let counts = counts(&codes, &classes, n_classes);
        let chi2 = chi2_contingency(&counts);
        let f = f_test(numbers.as_deref(), &codes, target);
        ranked.push(RankedColumn {
            column: schema.name.clone(),
            kind: schema.kind,
            information_gain: mutual_information(&counts),
            gain_ratio: gain_ratio(&counts),
            gini: gini_gain(&counts),
            chi2: chi2.map(|found| found.statistic),
            chi2_p_value: chi2.map(|found| found.p_value),
            f: f.map(|found| found.statistic),
            f_p_value: f.map(|found| found.p_value),
            relief: None,
            permutation: None,
        });
    }
    Ok(ranked)
}

/// Relief's weights, and how many rows looked for their neighbours among how many.
pub struct Relief {
    pub weights: Vec<f64>,
    pub picked: usize,
    pub among: usize,
}

/// The Relief weight of each column of `table`, over seeded samples of its rows.
pub fn relief(table: &Table, target: &Target, seed: u64, io: &dyn JobIo) -> Result<Relief, Cancelled> {
    let mut order: Vec<usize> = (0..table.n_rows).collect();
    let mut source = Shuffler::new(seed);
    source.shuffle(&mut order);
    order.truncate(MOST_NEAR);
    order.sort_unstable();
    let columns: Vec<Attribute> = table
        .columns
        .iter()
        .map(|cells| {
            let some = cells.take(order.iter().copied());
            numbers_of(&some).map_or_else(|| Attribute::Codes(codes_of(&some)), Attribute::Numbers)
        })
        .collect();
    let among = order.len();
    let mut picked: Vec<usize> = (0..among).collect();
    source.shuffle(&mut picked);
    picked.truncate((MOST_DIFFERENCES / (among * columns.len()).max(1)).clamp(1, MOST_PICKED));
    let mut done = 0;
    let mut go_on = || {
        done += 1;
        io.progress("Looking at neighbours", Some(done as f64 / picked.len() as f64)).is_ok()
    };
    let weights = match target.take(&order) {
        Target::Classes { codes, n_classes } => relief_f(&columns, &codes, n_classes, &picked, NEIGHBOURS, &mut go_on),
        Target::Values(values) => rrelief_f(&columns, &values, &picked, NEIGHBOURS, &mut go_on),
    };
    Ok(Relief { weights: weights.ok_or(Cancelled)?, picked: picked.len(), among })
}

/// Dates as numbers, so that every column makes one feature.
pub fn plain(mut table: Table) -> Table {
    for (schema, cells) in table.schema.columns.iter_mut().zip(&mut table.columns) {
        if let Cells::DatetimeMs(_) = cells {
            *cells = Cells::Float(cells.numbers());
            schema.kind = ColumnKind::Numeric;
            schema.storage = cells.storage();
        }
    }
    table
}

/// Finite numbers, NaN elsewhere; `None` for text.
fn numbers_of(cells: &Cells) -> Option<Vec<f64>> {
    if matches!(cells, Cells::Text(_)) {
        return None;
    }
    let finite = |x: f64| if x.is_finite() { x } else { f64::NAN };
    Some((0..cells.len()).map(|row| finite(cells.number(row))).collect())
}

/// Missing is 0, values count from 1.
fn codes_of(cells: &Cells) -> Vec<u32> {
    cells.to_dictionary().codes.iter().map(|&code| if code == MISSING_CODE { 0 } else { code + 1 }).collect()
}

/// Classes, or bins of numbers.
fn classes(target: &Target) -> (Vec<u32>, usize) {
    match target {
        Target::Classes { codes, n_classes } => (codes.clone(), *n_classes),
        Target::Values(values) => {
            let codes = quantile_codes(values);
            let n = codes.iter().max().map_or(0, |code| *code as usize + 1);
            (codes, n)
        }
    }
}

fn counts(codes: &[u32], classes: &[u32], n_classes: usize) -> Vec<Vec<u64>> {
    let n = codes.iter().max().map_or(0, |code| *code as usize + 1);
    let mut counts = vec![vec![0; n_classes]; n];
    codes.iter().zip(classes).for_each(|(&code, &class)| counts[code as usize][class as usize] += 1);
    counts
}

/// Over the rows where the column has a value; none for a category against classes.
fn f_test(numbers: Option<&[f64]>, codes: &[u32], target: &Target) -> Option<TestResult> {
    match (numbers, target) {
        (Some(numbers), target) => {
            let known: Vec<usize> = (0..numbers.len()).filter(|&row| !numbers[row].is_nan()).collect();
            let x: Vec<f64> = known.iter().map(|&row| numbers[row]).collect();
            match target.take(&known) {
                Target::Classes { codes, n_classes } => f_oneway(&x, &codes, n_classes),
                Target::Values(y) => f_regression(&x, &y),
            }
        }
        (None, Target::Values(values)) => {
            let known = || codes.iter().zip(values).filter(|(code, _)| **code > 0);
            let groups: Vec<u32> = known().map(|(code, _)| *code).collect();
            let n = groups.iter().max().map_or(0, |code| *code as usize + 1);
            f_oneway(&known().map(|(_, value)| *value).collect::<Vec<f64>>(), &groups, n)
        }
        (None, Target::Classes { .. }) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::testing::{numbers, table};
    use crate::domain::io::Silent;

    /// A number that tells classes apart, one that does not, and a category with gaps.
    fn rows() -> Table {
        let noise = |row: usize| (row * 37 % 101) as f64;
        let plan = (0..200).map(|row| [Some("basic"), Some("pro"), None][row % 3]);
        table(vec![
            ("signal", ColumnKind::Numeric, numbers((0..200).map(|row| noise(row) + 60.0 * (row % 2) as f64))),
            ("noise", ColumnKind::Numeric, numbers((0..200).map(|row| noise(row * 7 + 3)))),
            ("plan", ColumnKind::Categorical, Cells::Text(plan.collect())),
        ])
    }

    #[test]
    fn what_tells_classes_apart_scores_more_than_noise() {
        let target = Target::Classes { codes: (0..200).map(|row| row % 2).collect(), n_classes: 2 };
        let found = scores(&rows(), &target, &Silent).unwrap();
        assert!(found[0].information_gain > 4.0 * found[1].information_gain, "{found:?}");
        assert!(found[0].f.unwrap() > 50.0 && found[1].f.unwrap() < 5.0);
        assert!(found[0].f_p_value.unwrap() < 1e-9 && found[1].f_p_value.unwrap() > 0.01);
        assert_eq!((found[2].f, found[2].f_p_value), (None, None), "a category against classes has no F");
        assert!(found[2].chi2_p_value.unwrap() > 0.5);
        let relief = relief(&rows(), &target, 1, &Silent).unwrap();
        assert!(relief.weights[0] > relief.weights[1] + 0.05, "{:?}", relief.weights);
        assert_eq!((relief.picked, relief.among), (200, 200));
    }

    #[test]
    fn numbers_as_target_are_scored_too() {
        let target = Target::Values((0..200).map(|row| f64::from(row % 3) + f64::from(row % 7) / 50.0).collect());
        let found = scores(&rows(), &target, &Silent).unwrap();
        assert!(found[2].f.unwrap() > 1000.0, "of the rows that have a plan");
        assert!(found[2].information_gain > found[0].information_gain);
        let target = Target::Values(rows().columns[0].numbers());
        let weights = relief(&rows(), &target, 1, &Silent).unwrap().weights;
        assert!(weights[0] > 0.1 && weights[1..].iter().all(|weight| *weight < weights[0] / 2.0), "{weights:?}");
    }
}
