//! Naive Bayes: each class's log densities summed over the columns; a missing value adds nothing.

use super::{Fitted, Prepared, cast, columns, concat, constant, lookup, row, times, to_double};
use crate::bundle::onnx::check::{finite, within};
use crate::bundle::onnx::graph::{Attr, GraphBuilder, Value};
use crate::bundle::onnx::proto::data_type;
use crate::domain::model::{BayesCategory, NaiveBayes};

pub(super) fn check(bayes: &NaiveBayes, n_features: usize, fitted: &Fitted<'_>) -> Result<(), String> {
    let n_classes = fitted.n_classes;
    if !fitted.task.is_classification() {
        return Err("naive Bayes cannot predict numbers".to_owned());
    }
    within("the priors", bayes.log_priors.len(), n_classes)?;
    within("the features", bayes.n_features as usize, n_features)?;
    finite("a prior", &bayes.log_priors)?;
    let beyond = |feature: u32| Err(format!("it asks for feature {feature} of {n_features}"));
    for number in &bayes.numbers {
        within("the means", number.means.len(), n_classes)?;
        within("the variances", number.variances.len(), n_classes)?;
        finite("a mean", &number.means)?;
        let unusable = |v: &f64| v.is_nan() || *v <= 0.0 || !(0.5 / v).is_finite();
        if let Some(variance) = number.variances.iter().find(|v| unusable(v)) {
            return Err(format!("the variance of feature {} is {variance}", number.feature));
        }
        if number.feature as usize >= n_features {
            return beyond(number.feature);
        }
    }
    for category in &bayes.categories {
        within("the levels", category.log_shares.len(), n_classes)?;
        let n_levels = category.log_shares.first().map_or(0, Vec::len);
        for shares in &category.log_shares {
            within("the levels", shares.len(), n_levels)?;
            finite("a share", shares)?;
        }
        let width = if category.indicators { n_levels } else { 1 };
        if (category.feature as usize).checked_add(width).is_none_or(|end| end > n_features) {
            return beyond(category.feature);
        }
    }
    Ok(())
}

pub(super) fn size(bayes: &NaiveBayes) -> u64 {
    let numbers: usize = bayes.numbers.iter().map(|number| 4 * number.means.len()).sum();
    let categories: usize = bayes.categories.iter().flat_map(|c| c.log_shares.iter().map(Vec::len)).sum();
    8 * (numbers + categories) as u64
}

pub(super) fn model(g: &mut GraphBuilder, bayes: &NaiveBayes, x: &Prepared<'_>) -> Value {
    let mut z: Option<Value> = None;
    let mut add = |g: &mut GraphBuilder, more: Value| {
        z = Some(match z.take() {
            None => more,
            Some(z) => g.op("Add", &[&z, &more], vec![]),
        });
    };
    if let Some(matrix) = x.matrix {
        if !bayes.numbers.is_empty() {
            let more = numbers(g, bayes, matrix, x);
            add(g, more);
        }
        let filled = |c: &&BayesCategory| c.log_shares.first().is_some_and(|shares| !shares.is_empty());
        for category in bayes.categories.iter().filter(filled) {
            let more =
                if category.indicators { indicators(g, category, matrix, x) } else { codes(g, category, matrix, x) };
            add(g, more);
        }
    }
    let z = match z {
        Some(z) => {
            let priors = row(g, &bayes.log_priors);
            let z = g.op("Add", &[&z, &priors], vec![]);
            or_priors(g, &z, &bayes.log_priors)
        }
        None => constant(g, &bayes.log_priors, x.like),
    };
    g.op("Softmax", &[&z], vec![("axis", Attr::Int(1))])
}

/// `Σ −½ log 2πσ² − (x − μ)² / 2σ²` over the numbers there are, a column per class.
fn numbers(g: &mut GraphBuilder, bayes: &NaiveBayes, matrix: &Value, x: &Prepared<'_>) -> Value {
    let at: Vec<usize> = bayes.numbers.iter().map(|number| x.column_of[number.feature as usize]).collect();
    let cells = columns(g, matrix, &at);
    let missing = g.op("IsNaN", &[&cells], vec![]);
    let n = at.len();
    let by_class: Vec<Value> = (0..bayes.log_priors.len())
        .map(|class| {
            let of = |value: fn(f64, f64) -> f64| -> Vec<f64> {
                bayes.numbers.iter().map(|number| value(number.means[class], number.variances[class])).collect()
            };
            let means = row(g, &of(|mean, _| mean));
            let by = g.op("Sub", &[&cells, &means], vec![]);
            let halves = row(g, &of(|_, variance| -0.5 / variance));
            let scaled = g.op("Mul", &[&by, &halves], vec![]);
            let scaled = g.op("Mul", &[&scaled, &by], vec![]);
            let constants = row(g, &of(|_, variance| -0.5 * (2.0 * std::f64::consts::PI * variance).ln()));
            let densities = g.op("Add", &[&scaled, &constants], vec![]);
            let nothing = row(g, &vec![0.0; n]);
            let densities = g.op("Where", &[&missing, &nothing, &densities], vec![]);
            times(g, &densities, vec![1.0; n], 1)
        })
        .collect();
    concat(g, &by_class)
}

fn indicators(g: &mut GraphBuilder, category: &BayesCategory, matrix: &Value, x: &Prepared<'_>) -> Value {
    let n_levels = category.log_shares[0].len();
    let first = category.feature as usize;
    let at: Vec<usize> = (first..first + n_levels).map(|feature| x.column_of[feature]).collect();
    let ones = columns(g, matrix, &at);
    let shares = (0..n_levels).flat_map(|level| category.log_shares.iter().map(move |shares| shares[level])).collect();
    times(g, &ones, shares, category.log_shares.len())
}

/// A row of shares by the code; one of zeros for a missing one.
fn codes(g: &mut GraphBuilder, category: &BayesCategory, matrix: &Value, x: &Prepared<'_>) -> Value {
    let (n_classes, n_levels) = (category.log_shares.len(), category.log_shares[0].len());
    let code = columns(g, matrix, &[x.column_of[category.feature as usize]]);
    let last = row(g, &[n_levels as f64]);
    let below = g.op("Less", &[&code, &last], vec![]);
    let last = row(g, &[n_levels as f64]);
    // Neither NaN nor a level that training did not have is below.
    let code = g.op("Where", &[&below, &code, &last], vec![]);
    let at = cast(g, &code, data_type::INT64);
    let flat = g.ints(&[1], vec![-1]);
    let at = g.op("Reshape", &[&at, &flat], vec![]);
    let mut table: Vec<Vec<f64>> =
        (0..n_levels).map(|level| category.log_shares.iter().map(|shares| shares[level]).collect()).collect();
    table.push(vec![0.0; n_classes]);
    lookup(g, &at, &table.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// So far from every class that no density is left: then the priors, never 0 / 0.
fn or_priors(g: &mut GraphBuilder, z: &Value, log_priors: &[f64]) -> Value {
    let n = log_priors.len();
    let lost = g.op("IsInf", &[z], vec![]);
    let lost = to_double(g, &lost);
    let count = times(g, &lost, vec![1.0; n * n], n);
    let all = row(g, &vec![n as f64; n]);
    let none_left = g.op("Equal", &[&count, &all], vec![]);
    let priors = row(g, log_priors);
    g.op("Where", &[&none_left, &priors, z], vec![])
}
