//! Do the table and the reference differ taken together, column by column or not?
//!
//! A small model tries to tell rows of the one from rows of the other; where both are alike it can only guess. Beside
//! the columns it sees the products of the pairs of numbers whose correlation has changed most, so that a relation
//! that has turned is found though every column alone is as before. Pairs are chosen on one half of the rows, and the
//! model is measured on rows it has not seen.

use super::Outcome;
use super::Stop;
use super::context::Context;
use super::draft::Draft;
use super::sample::{Sample, Sampled, SampledValues};
use crate::domain::finding::Severity::{Info, Warning};
use crate::stats::boost::{Boosted, Feature, Growth, MOST_BINS};
use crate::stats::groups::quantile_groups;
use crate::stats::mix;
use crate::stats::rank::{average_ranks, roc_auc};

/// Rows of either side.
const MOST_ROWS: usize = 6_000;
const FEWEST_ROWS: usize = 200;
const MOST_COLUMNS: usize = 60;
const PAIRS: usize = 6;
const SEED: u64 = 37;
/// Deviations of an AUC that chance explains.
const CHANCE: f64 = 4.0;

pub(super) fn joint_drift(cx: &Context, limit: f64) -> Outcome {
    let (now, before) = (cx.sample()?, cx.reference_sample()?);
    let pairs: Vec<(&Sampled, &Sampled)> = now
        .columns
        .iter()
        .filter(|column| cx.input.target != Some(column.name.as_str()) && !cx.is_declared(&column.name))
        .filter_map(|column| Some((before.column(&column.name)?, column)))
        .filter(|(before, now)| before.is_number() == now.is_number())
        .take(MOST_COLUMNS)
        .collect();
    let [old, new] = [&before, &now].map(|sample| places(sample));
    if pairs.is_empty() || old.len().min(new.len()) < FEWEST_ROWS {
        return Err(Stop::Skipped(format!("Needs {FEWEST_ROWS} rows of shared columns on both sides")));
    }
    cx.io.progress("Telling the tables apart", None)?;
    let n = old.len() + new.len();
    let is_new: Vec<bool> = (0..n).map(|i| i >= old.len()).collect();
    let learns: Vec<bool> = (0..n).map(|i| mix(i as u64 ^ SEED).is_multiple_of(2)).collect();
    let mut features: Vec<Feature> = pairs.iter().map(|(b, c)| both_sides(b, c, &old, &new)).collect();
    features.extend(products(&pairs, [&old, &new], &is_new, &learns));
    cx.io.progress("Telling the tables apart", None)?;
    let rows: Vec<u32> = (0..n as u32).filter(|row| learns[*row as usize]).collect();
    let model = Boosted::fit(&features, &is_new, &rows, Growth { trees: 20, depth: 3, ..Growth::default() });
    let measured: Vec<usize> = (0..n).filter(|i| !learns[*i]).collect();
    let labels: Vec<bool> = measured.iter().map(|i| is_new[*i]).collect();
    let scores: Vec<f64> = measured.iter().map(|i| model.probability(&features, *i)).collect();
    let Some(auc) = roc_auc(&labels, &scores) else { return Ok(Vec::new()) };
    let score = (2.0 * auc - 1.0).max(0.0);
    cx.observe(score);
    if score < limit {
        return Ok(Vec::new());
    }
    let positives = labels.iter().filter(|label| **label).count() as f64;
    let negatives = labels.len() as f64 - positives;
    let chance = 2.0 * CHANCE * ((positives + negatives + 1.0) / (12.0 * positives * negatives)).sqrt();
    let message = format!(
        "Rows of the table can be told from the reference's with AUC {auc:.3}: 2·AUC − 1 is {score:.3} (limit {limit})"
    );
    let hint = "Look at the columns that moved; if none did, relations between columns have changed";
    let severity = if score > chance { Warning } else { Info };
    Ok(vec![Draft::new(severity, message, hint).count(new.len() as u64, new.len() as u64).held(score, limit).done()])
}

/// Places of a sample, evenly spread.
fn places(sample: &Sample) -> Vec<usize> {
    let n = sample.rows.len();
    if n <= MOST_ROWS { (0..n).collect() } else { (0..MOST_ROWS).map(|i| i * n / MOST_ROWS).collect() }
}

fn both_sides(before: &Sampled, now: &Sampled, old: &[usize], new: &[usize]) -> Feature {
    match (&before.values, &now.values) {
        (SampledValues::Numbers(x), SampledValues::Numbers(y)) => {
            let values: Vec<f64> = old.iter().map(|at| x[*at]).chain(new.iter().map(|at| y[*at])).collect();
            ordered(&values)
        }
        _ => {
            let texts: Vec<Option<&str>> =
                old.iter().map(|at| text(before, *at)).chain(new.iter().map(|at| text(now, *at))).collect();
            let joined: crate::data::table::Dictionary = texts.into_iter().collect();
            let column =
                Sampled { name: String::new(), index: 0, values: SampledValues::Levels(joined.codes, joined.values) };
            column.feature()
        }
    }
}

fn text(column: &Sampled, at: usize) -> Option<&str> {
    let SampledValues::Levels(_, levels) = &column.values else { return None };
    column.level(at).map(|code| levels[code as usize].as_str())
}

fn ordered(values: &[f64]) -> Feature {
    let (groups, _) = quantile_groups(values, MOST_BINS - 2);
    Feature { bins: groups.into_iter().map(|group| group as u8).collect(), ordered: true }
}

/// Products of centred ranks, for the pairs of numbers whose correlation differs most between the sides among the
/// rows that are learned from.
fn products(
    pairs: &[(&Sampled, &Sampled)],
    [old, new]: [&[usize]; 2],
    is_new: &[bool],
    learns: &[bool],
) -> Vec<Feature> {
    let ranks: Vec<Vec<f64>> = pairs
        .iter()
        .filter_map(|(before, now)| match (&before.values, &now.values) {
            (SampledValues::Numbers(x), SampledValues::Numbers(y)) => {
                // Ranked together: equal values must have equal ranks, or the ranks alone tell the sides apart.
                let ranks = centred_ranks(old.iter().map(|at| x[*at]).chain(new.iter().map(|at| y[*at])).collect());
                Some(ranks)
            }
            _ => None,
        })
        .collect();
    let mut changes: Vec<(f64, usize, usize)> = Vec::new();
    for second in 1..ranks.len() {
        for first in 0..second {
            let mut sums = [0.0f64; 2];
            let mut counts = [0.0f64; 2];
            for i in (0..is_new.len()).filter(|i| learns[*i]) {
                let side = usize::from(is_new[i]);
                sums[side] += ranks[first][i] * ranks[second][i];
                counts[side] += 1.0;
            }
            let change = (sums[0] / counts[0].max(1.0) - sums[1] / counts[1].max(1.0)).abs();
            changes.push((change, first, second));
        }
    }
    changes.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    changes.truncate(PAIRS);
    let product = |(_, first, second): (f64, usize, usize)| {
        let product: Vec<f64> = ranks[first].iter().zip(&ranks[second]).map(|(a, b)| a * b).collect();
        ordered(&product)
    };
    changes.into_iter().map(product).collect()
}

/// From -1 to 1; missing is 0.
fn centred_ranks(x: Vec<f64>) -> Vec<f64> {
    let present: Vec<f64> = x.iter().copied().filter(|x| x.is_finite()).collect();
    let n = present.len() as f64;
    let mut ranks = average_ranks(&present).into_iter();
    x.iter().map(|x| if x.is_finite() { ranks.next().map_or(0.0, |r| (2.0 * r - n - 1.0) / n) } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{CheckInput, run};
    use super::*;
    use crate::data::checks::testing::*;
    use crate::data::columns::TableRef;
    use crate::data::table::Table;
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind::Numeric;

    const N: usize = 3000;

    fn related(salt: u64, sign: f64) -> Table {
        let pair = |r: usize| sign * 0.8 * normal(r, salt + 50) + 0.6 * normal(r, salt + 51);
        let table = with(clean(N, salt), "a", Numeric, numbers((0..N).map(|r| normal(r, salt + 50))));
        with(table, "b", Numeric, numbers((0..N).map(pair)))
    }

    #[test]
    fn a_relation_that_has_turned_is_found_though_no_column_moved() {
        let (reference, table) = (related(1, 1.0), related(2, -1.0));
        let against = |table| CheckInput { reference: Some(TableRef::of(&reference)), ..CheckInput::new(table) };
        let report = thorough(&against(&table));
        assert!(result(&report, "FEATURE_DRIFT").findings.is_empty());
        let finding = only(&report, "JOINT_DRIFT");
        // AUC of at least 0.6.
        assert!(finding.severity == Warning && finding.observed.unwrap() > 0.2, "{finding:?}");
        let same = related(3, 1.0);
        let same = thorough(&against(&same));
        assert!(result(&same, "JOINT_DRIFT").findings.is_empty());
    }

    #[test]
    fn too_few_rows_are_not_told_apart() {
        let (reference, table) = (clean(100, 1), clean(100, 2));
        let input = CheckInput { reference: Some(TableRef::of(&reference)), ..CheckInput::new(&table) };
        let report = run(&input, &Silent).unwrap();
        assert!(result(&report, "JOINT_DRIFT").skipped.is_some());
    }
}
