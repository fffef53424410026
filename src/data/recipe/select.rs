//! Which numbers are worth keeping.
//!
//! Permutation importance needs a learner and is found in `ml`; its result comes here as a list of names.

use super::RecipeError;
use super::bins::edges;
use super::column::{Column, Frame};
use crate::domain::io::JobIo;
use crate::domain::recipe::{Binning, SelectRule};
use crate::domain::task::Target;
use crate::stats::relevance::mutual_information;

/// Bins of a number for mutual information.
const BINS: u32 = 16;

/// The columns among `names` that do not stay.
pub(super) fn fit(
    names: &[String],
    rule: &SelectRule,
    target: Option<&Target>,
    frame: &Frame<'_>,
    io: &dyn JobIo,
) -> Result<Vec<String>, RecipeError> {
    let numbers: Vec<(&String, &[f64])> = names
        .iter()
        .filter_map(|name| match frame.get(name)? {
            Column::Numbers(values) => Some((name, values.as_slice())),
            _ => None,
        })
        .collect();
    let target = || {
        let problem = "it needs the target, which is not known here".to_owned();
        target.ok_or(RecipeError::Step { number: 0, step: "select".to_owned(), problem })
    };
    let scored = |score: &dyn Fn(&[f64]) -> f64, keep: usize| {
        let mut scored: Vec<(f64, usize)> = Vec::with_capacity(numbers.len());
        for (at, (_, values)) in numbers.iter().enumerate() {
            io.progress("Selecting columns", None)?;
            scored.push((score(values), at));
        }
        // Best first; of equals the one further left.
        scored.sort_by(|(a, i), (b, j)| b.total_cmp(a).then(i.cmp(j)));
        let mut gone: Vec<usize> = scored.into_iter().skip(keep.max(1)).map(|(_, at)| at).collect();
        gone.sort_unstable();
        Ok(gone.into_iter().map(|at| numbers[at].0.clone()).collect())
    };
    Ok(match rule {
        SelectRule::Variance(least) => {
            let low = numbers.iter().filter(|(_, values)| variance(values) <= *least);
            low.map(|(name, _)| (*name).clone()).collect()
        }
        SelectRule::Correlation(keep) => {
            let target = target()?;
            return scored(&|values| correlation_with(values, target), *keep);
        }
        SelectRule::MutualInformation(keep) => {
            let target = target()?;
            let classes = classes(target);
            return scored(&|values| information(&quantile_codes(values), &classes), *keep);
        }
        SelectRule::Listed(kept) => names.iter().filter(|name| !kept.contains(name)).cloned().collect(),
    })
}

/// Population variance of the values that are no NaN.
fn variance(values: &[f64]) -> f64 {
    let known: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    let mean = super::scale::mean(&known);
    known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / known.len().max(1) as f64
}

/// The largest |Pearson correlation| with the target or with one of its classes.
fn correlation_with(values: &[f64], target: &Target) -> f64 {
    match target {
        Target::Values(y) => correlation(values, |row| y[row]).abs(),
        Target::Classes { codes, n_classes } => (1.min(n_classes.saturating_sub(1))..*n_classes)
            .map(|class| correlation(values, |row| f64::from(u8::from(codes[row] as usize == class))).abs())
            .fold(0.0, f64::max),
    }
}

/// Over the rows with a value; 0 where it is not defined.
fn correlation(values: &[f64], y: impl Fn(usize) -> f64) -> f64 {
    let pairs = || values.iter().enumerate().filter(|(_, x)| !x.is_nan()).map(|(row, &x)| (x, y(row)));
    let n = pairs().count().max(1) as f64;
    let (mean_x, mean_y) = (pairs().map(|p| p.0 / n).sum::<f64>(), pairs().map(|p| p.1 / n).sum::<f64>());
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let found: f64 = xy / (xx.sqrt() * yy.sqrt());
    if found.is_finite() { found } else { 0.0 }
}

/// The number of the bin of each value among 16 of equally many, from 1; missing is 0.
pub fn quantile_codes(values: &[f64]) -> Vec<u32> {
    let edges = edges(values, Binning::Quantile, BINS);
    let bin = |x: &f64| if x.is_nan() { 0 } else { edges.partition_point(|edge| edge <= x) as u32 + 1 };
    values.iter().map(bin).collect()
}

fn classes(target: &Target) -> Vec<u32> {
    match target {
        Target::Classes { codes, .. } => codes.clone(),
        Target::Values(values) => quantile_codes(values),
    }
}

/// Mutual information of two columns of codes, in nats.
fn information(a: &[u32], b: &[u32]) -> f64 {
    let width = b.iter().max().map_or(1, |most| *most as usize + 1);
    let height = a.iter().max().map_or(1, |most| *most as usize + 1);
    let mut counts = vec![vec![0; width]; height];
    a.iter().zip(b).for_each(|(&a, &b)| counts[a as usize][b as usize] += 1);
    mutual_information(&counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;

    fn frame() -> Frame<'static> {
        let mut frame = Frame::new(8);
        let rows = || (0..8).map(f64::from);
        frame.put("line", Column::Numbers(rows().collect()));
        frame.put("valley", Column::Numbers(rows().map(|x| (x - 3.5).abs()).collect()));
        frame.put("same", Column::Numbers(vec![4.0; 8]));
        frame.put("noise", Column::Numbers(vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]));
        frame
    }

    fn gone(rule: SelectRule, target: &Target) -> Vec<String> {
        let names: Vec<String> = frame().iter().map(|(name, _)| name.to_owned()).collect();
        fit(&names, &rule, Some(target), &frame(), &Silent).unwrap()
    }

    #[test]
    fn each_rule_keeps_what_it_should() {
        let line = Target::Values((0..8).map(f64::from).collect());
        let edges = Target::Classes { codes: vec![1, 1, 0, 0, 0, 0, 1, 1], n_classes: 2 };
        assert_eq!(gone(SelectRule::Variance(0.0), &line), ["same"]);
        assert_eq!(gone(SelectRule::Correlation(1), &line), ["valley", "same", "noise"]);
        assert_eq!(gone(SelectRule::Correlation(1), &edges), ["line", "same", "noise"]);
        assert_eq!(gone(SelectRule::Listed(vec!["noise".into(), "line".into()]), &line), ["valley", "same"]);
        assert_eq!(gone(SelectRule::MutualInformation(2), &edges), ["same", "noise"]);
    }

    #[test]
    fn information_of_a_copy_is_its_entropy() {
        // sklearn.metrics.mutual_info_score([0, 0, 1, 1], [0, 0, 1, 1]): ln 2
        assert!((information(&[0, 0, 1, 1], &[0, 0, 1, 1]) - 2_f64.ln()).abs() < 1e-15);
        assert_eq!(information(&[0, 0, 1, 1], &[0, 1, 0, 1]), 0.0);
    }
}
