//! Weights for an average of models, from what each said about rows it had not seen.

use crate::domain::io::{Cancelled, JobIo};
use crate::domain::metric::Metric;
use crate::domain::task::{Predictions, Target, Task};
use crate::ml::metrics;

/// Models drawn at most, with repetition.
const ROUNDS: usize = 25;
/// A smaller weight is none.
const LEAST_WEIGHT: f64 = 1e-3;
const MAX_SWEEPS: usize = 1000;

/// Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes 2004, "Ensemble selection from libraries
/// of models"): in each round the model is added whose addition helps the metric most, and the best round is kept.
/// Weights sum to 1; at most `max_models` are above 0. All zero when no model can be measured.
pub fn greedy(
    task: Task,
    truth: &Target,
    models: &[&Predictions],
    max_models: usize,
    io: &dyn JobIo,
) -> Result<Vec<f64>, Cancelled> {
    let metric = Metric::primary(task);
    let mut counts = vec![0_usize; models.len()];
    let mut sum: Option<Vec<f64>> = None;
    let mut best: Option<(f64, Vec<usize>)> = None;
    for round in 1..=ROUNDS {
        let used = counts.iter().filter(|count| **count > 0).count();
        let mut pick: Option<(usize, f64)> = None;
        for (model, predicted) in models.iter().enumerate() {
            if counts[model] == 0 && used >= max_models {
                continue;
            }
            io.progress("Choosing models", None)?;
            let tried = mean(sum.as_deref(), predicted, round);
            if let Some(score) = metrics::one(metric, task, truth, &tried)
                && pick.is_none_or(|(_, top)| metric.better(score, top))
            {
                pick = Some((model, score));
            }
        }
        let Some((model, score)) = pick else { break };
        counts[model] += 1;
        let added = numbers(models[model]);
        match &mut sum {
            Some(sum) => sum.iter_mut().zip(added).for_each(|(s, a)| *s += a),
            None => sum = Some(added.to_vec()),
        }
        if best.as_ref().is_none_or(|(top, _)| metric.better(score, *top)) {
            best = Some((score, counts.clone()));
        }
    }
    let counts = best.map_or(counts, |(_, counts)| counts);
    let total: usize = counts.iter().sum();
    Ok(counts.into_iter().map(|count| count as f64 / total.max(1) as f64).collect())
}

/// Weights of the least squared error that are not negative and sum to 1 (Breiman 1996, "Stacked regressions").
pub fn stacked(truth: &Target, models: &[&Predictions], max_models: usize) -> Vec<f64> {
    let n = models.len();
    let wanted = answers(truth, models);
    let gram = |a: &[f64], b: &[f64]| crate::ml::sums::sum(a.iter().zip(b).map(|(a, b)| a * b)) / a.len().max(1) as f64;
    let rows: Vec<Vec<f64>> =
        models.iter().map(|a| models.iter().map(|b| gram(numbers(a), numbers(b))).collect()).collect();
    let right: Vec<f64> = models.iter().map(|a| gram(numbers(a), &wanted)).collect();
    let mut weights = vec![1.0 / n.max(1) as f64; n];
    let mut allowed = vec![true; n];
    loop {
        descend(&rows, &right, &allowed, &mut weights);
        let used: Vec<usize> = (0..n).filter(|&i| weights[i] > LEAST_WEIGHT).collect();
        if used.len() <= max_models.max(1) {
            break;
        }
        // The least goes, until few enough are left; the heaviest takes its share until the next descent.
        let by_weight = |a: &&usize, b: &&usize| weights[**a].total_cmp(&weights[**b]);
        let (Some(&least), Some(&most)) = (used.iter().min_by(by_weight), used.iter().max_by(by_weight)) else { break };
        allowed[least] = false;
        weights[most] += weights[least];
        weights[least] = 0.0;
    }
    let kept: f64 = weights.iter().filter(|w| **w > LEAST_WEIGHT).sum();
    weights.iter().map(|w| if *w > LEAST_WEIGHT { w / kept } else { 0.0 }).collect()
}

/// Moves weight between two models at a time, each time by what is best, until nothing is gained.
fn descend(rows: &[Vec<f64>], right: &[f64], allowed: &[bool], weights: &mut [f64]) {
    let n = weights.len();
    for _ in 0..MAX_SWEEPS {
        let mut moved: f64 = 0.0;
        for i in (0..n).filter(|&i| allowed[i]) {
            for j in (0..i).filter(|&j| allowed[j]) {
                let slope = |k: usize| rows[k].iter().zip(&*weights).map(|(g, w)| g * w).sum::<f64>() - right[k];
                let bend = rows[i][i] + rows[j][j] - 2.0 * rows[i][j];
                let by = (slope(j) - slope(i)) / bend;
                if bend > 0.0 && by.is_finite() {
                    let by = by.clamp(-weights[i], weights[j]);
                    weights[i] += by;
                    weights[j] -= by;
                    moved = moved.max(by.abs());
                }
            }
        }
        if moved < 1e-9 {
            break;
        }
    }
}

/// The weighted mean of what models say about the same rows; weights of 0 are left out. `None` when nothing is left.
pub fn average(weights: &[f64], models: &[&Predictions]) -> Option<Predictions> {
    let mut sum: Option<Predictions> = None;
    for (weight, model) in weights.iter().zip(models).filter(|(weight, _)| **weight > 0.0) {
        match &mut sum {
            None => {
                let mut first = (*model).clone();
                numbers_mut(&mut first).iter_mut().for_each(|v| *v *= weight);
                sum = Some(first);
            }
            Some(sum) => numbers_mut(sum).iter_mut().zip(numbers(model)).for_each(|(s, v)| *s += weight * v),
        }
    }
    sum
}

fn mean(sum: Option<&[f64]>, predicted: &Predictions, round: usize) -> Predictions {
    let mut tried = predicted.clone();
    if let Some(sum) = sum {
        numbers_mut(&mut tried).iter_mut().zip(sum).for_each(|(t, s)| *t = (*t + s) / round as f64);
    }
    tried
}

/// What perfect predictions of this shape would be.
fn answers(truth: &Target, models: &[&Predictions]) -> Vec<f64> {
    match (truth, models.first()) {
        (Target::Values(values), _) => values.clone(),
        (Target::Classes { codes, .. }, Some(Predictions::Classes { n_classes, .. })) => {
            codes.iter().flat_map(|&code| (0..*n_classes).map(move |k| f64::from(k == code as usize))).collect()
        }
        _ => Vec::new(),
    }
}

/// All numbers, row after row.
pub fn numbers(predicted: &Predictions) -> &[f64] {
    match predicted {
        Predictions::Classes { probabilities, .. } => probabilities,
        Predictions::Values(values) => values,
    }
}

fn numbers_mut(predicted: &mut Predictions) -> &mut [f64] {
    match predicted {
        Predictions::Classes { probabilities, .. } => probabilities,
        Predictions::Values(values) => values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;

    fn values(values: &[f64]) -> Predictions {
        Predictions::Values(values.to_vec())
    }

    #[test]
    fn errors_that_cancel_are_averaged() {
        let truth = Target::Values(vec![1.0, 2.0, 3.0, 4.0]);
        let (high, low, bad) = (values(&[1.5, 2.5, 3.5, 4.5]), values(&[0.5, 1.5, 2.5, 3.5]), values(&[9.0; 4]));
        let models = [&high, &low, &bad];
        assert_eq!(greedy(Task::Regression, &truth, &models, 10, &Silent).unwrap(), [0.5, 0.5, 0.0]);
        let stacked = stacked(&truth, &models, 10);
        assert!((stacked[0] - 0.5).abs() < 1e-2 && stacked[2] < 1e-2, "{stacked:?}");
        assert_eq!(
            greedy(Task::Regression, &truth, &models, 1, &Silent).unwrap().iter().filter(|w| **w > 0.0).count(),
            1
        );
        let Some(Predictions::Values(mean)) = average(&[0.5, 0.5, 0.0], &models) else { panic!("values") };
        assert_eq!(mean, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn an_ensemble_is_never_worse_than_its_best_model_on_the_rows_it_was_chosen_on() {
        let mut source = crate::ml::algorithms::testing::Lcg(5);
        let codes: Vec<u32> = (0..300).map(|_| u32::from(source.next() > 0.5)).collect();
        let mut model = |noise: f64| {
            let p = codes.iter().map(|&y| (f64::from(y) + noise * (source.next() - 0.5)).clamp(0.0, 1.0));
            Predictions::Classes { probabilities: p.flat_map(|p| [1.0 - p, p]).collect(), n_classes: 2 }
        };
        let (a, b) = (model(2.5), model(3.0));
        let truth = Target::Classes { codes: codes.clone(), n_classes: 2 };
        let weights = greedy(Task::Binary, &truth, &[&a, &b], 10, &Silent).unwrap();
        let auc = |p: &Predictions| metrics::one(Metric::RocAuc, Task::Binary, &truth, p).unwrap();
        let both = auc(&average(&weights, &[&a, &b]).unwrap());
        assert!(both >= auc(&a).max(auc(&b)), "{both} {weights:?}");
    }
}
