//! Importance by permutation: how much worse a model gets on rows it did not learn from when one column is shuffled
//! (Breiman 2001; the rule of scikit-learn's `permutation_importance`, here with the loss as score and one shuffle).
//!
//! For models whose numbers are no weights of columns: neighbours, naive Bayes, networks. A column and all its
//! indicators are shuffled together.

use crate::domain::features::{Block, Features};
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::model::FittedModel;
use crate::domain::random::Shuffler;
use crate::domain::task::{Predictions, Target, Task};
use crate::ml::error::PredictError;
use crate::ml::predict::predict;
use crate::ml::sums;

const MOST_ROWS: usize = 1000;
const FEWEST_ROWS: usize = 20;
/// Multiplications that all predictions together may take; neighbours ask many.
const MOST_WORK: usize = 1_000_000_000;
/// Cells of shuffled rows that are predicted together: some models are made ready for each prediction anew.
const TOGETHER: usize = 4_000_000;

/// Column → the loss its shuffling adds (log loss, or squared error), 0 where it adds none; in the order of the columns.
/// At most 1,000 rows are used, evenly picked. Empty when the model cannot score the rows.
pub fn permutation(
    model: &FittedModel,
    task: Task,
    n_classes: usize,
    x: &Features,
    truth: &Target,
    seed: u64,
    io: &dyn JobIo,
) -> Result<Vec<(String, f64)>, Cancelled> {
    let rows = picked(model, x.n_features(), x.blocks.len(), truth.len());
    let (x, truth) = (x.take(&rows), truth.take(&rows));
    let losses = |orders: &[Order]| match predict(model, task, n_classes, &stacked(&x, orders), io) {
        Ok(said) => {
            let of = |block: usize| loss(&truth, &said.rows(block * rows.len()..(block + 1) * rows.len()));
            Ok((0..orders.len()).map(of).collect())
        }
        Err(PredictError::Cancelled(cancelled)) => Err(cancelled),
        Err(_) => Ok(vec![None; orders.len()]),
    };
    let Some(before) = losses(&[None])?[0] else {
        return Ok(Vec::new());
    };
    let mut source = Shuffler::new(seed);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let orders: Vec<Order> = (0..x.blocks.len())
        .map(|at| {
            source.shuffle(&mut order);
            Some((at, order.clone()))
        })
        .collect();
    let mut after: Vec<Option<f64>> = Vec::with_capacity(orders.len());
    for some in orders.chunks((TOGETHER / (rows.len() * x.n_features()).max(1)).max(1)) {
        let together = losses(some)?;
        if together.iter().all(Option::is_some) {
            after.extend(together);
        } else {
            // A shuffled row may be out of all measure: its column adds nothing, the others are asked alone.
            for one in some {
                after.extend(losses(std::slice::from_ref(one))?);
            }
        }
    }
    let (mut importance, mut feature) = (Vec::with_capacity(x.blocks.len()), 0);
    for (block, after) in x.blocks.iter().zip(after) {
        let width = block.n_features();
        if width > 0 {
            let added = after.map_or(0.0, |after| (after - before).max(0.0));
            importance.push((column_name(&x.names, feature, width), added));
        }
        feature += width;
    }
    Ok(importance)
}

/// A column and the order its cells are put in; or nothing is shuffled.
type Order = Option<(usize, Vec<usize>)>;

/// The rows again and again, each time with one column in another order.
fn stacked(x: &Features, orders: &[Order]) -> Features {
    let block = |(at, block): (usize, &Block)| {
        let of = |order: &Order| match order {
            Some((column, order)) if *column == at => order.clone(),
            _ => (0..x.n_rows).collect(),
        };
        block.take(&orders.iter().flat_map(of).collect::<Vec<usize>>())
    };
    let blocks = x.blocks.iter().enumerate().map(block).collect();
    Features { n_rows: x.n_rows * orders.len(), blocks, names: x.names.clone() }
}

/// Some of `n` rows, evenly picked: fewer where each costs much, asked again for every shuffled column.
pub fn picked(model: &FittedModel, n_features: usize, n_columns: usize, n: usize) -> Vec<usize> {
    let all_columns = per_row(model, n_features).saturating_mul(n_columns + 1).max(1);
    let most = (MOST_WORK / all_columns).clamp(FEWEST_ROWS, MOST_ROWS).min(n);
    (0..most).map(|i| i * n / most.max(1)).collect()
}

/// Multiplications an answer takes, about.
fn per_row(model: &FittedModel, n_features: usize) -> usize {
    match model {
        FittedModel::Knn(stored) => stored.answers.len().saturating_mul(stored.columns.len()),
        FittedModel::Mlp(network) => network.layers.iter().map(|layer| layer.weights.len()).sum(),
        FittedModel::Ensemble { members } => members.iter().map(|member| per_row(&member.model, n_features)).sum(),
        _ => n_features,
    }
}

/// `plan` of the indicators `plan=basic`, `plan=pro`.
fn column_name(names: &[String], first: usize, width: usize) -> String {
    let name = names.get(first).map_or("", String::as_str);
    let is_block = width > 1 || name.contains('=');
    let column = name.split_once('=').filter(|_| is_block).map_or(name, |(column, _)| column);
    column.to_owned()
}

/// Log loss, or the mean squared error; `None` where it is no number.
pub fn loss(truth: &Target, predicted: &Predictions) -> Option<f64> {
    let mean = match (truth, predicted) {
        (Target::Values(truth), Predictions::Values(predicted)) => {
            sums::mean(truth.iter().zip(predicted).map(|(y, p)| (y - p) * (y - p)))
        }
        (Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes }) => {
            let rows = probabilities.chunks_exact((*n_classes).max(1));
            let p = |(code, row): (&u32, &[f64])| row.get(*code as usize).copied().unwrap_or(0.0).max(f64::EPSILON);
            sums::mean(codes.iter().zip(rows).map(|pair| -p(pair).ln()))
        }
        _ => None,
    };
    mean.filter(|loss| loss.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::model::{Layer, Link, Network};
    use crate::ml::algorithms::testing::Lcg;

    fn table() -> Features {
        let mut source = Lcg(5);
        let mut column = |n: usize| (0..n).map(|_| source.next() * 2.0 - 1.0).collect::<Vec<f64>>();
        let codes = column(400).iter().map(|v| u32::from(*v > 0.0)).collect();
        Features {
            n_rows: 400,
            blocks: vec![
                Block::Numbers(column(400)),
                Block::Indicators { codes, n_levels: 2 },
                Block::Numbers(column(400)),
            ],
            names: ["a", "b=x", "b=y", "c"].map(str::to_owned).to_vec(),
        }
    }

    /// `3 a + (1 if b is y) + 0 c`
    fn model() -> FittedModel {
        let layer = Layer { n_inputs: 4, n_outputs: 1, weights: vec![3.0, 0.0, 1.0, 0.0], biases: vec![0.0] };
        FittedModel::Mlp(Network { layers: vec![layer], center: 0.0, spread: 1.0, link: Link::Identity })
    }

    #[test]
    fn a_shuffled_column_adds_twice_its_variance_to_the_squared_error() {
        let x = table();
        let Predictions::Values(y) = predict(&model(), Task::Regression, 0, &x, &Silent).unwrap() else { panic!() };
        let found = permutation(&model(), Task::Regression, 0, &x, &Target::Values(y), 1, &Silent).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        // E (w x − w x')² = 2 w² var x: uniform on −1..1 has 1/3, a coin 1/4.
        assert!((found[0].1 - 6.0).abs() < 0.8 && (found[1].1 - 0.5).abs() < 0.1, "{found:?}");
        assert_eq!(found[2].1, 0.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let x = table();
        let y = Target::Values(vec![0.5; 400]);
        let run = |seed| permutation(&model(), Task::Regression, 0, &x, &y, seed, &Silent).unwrap();
        assert_eq!(run(3), run(3));
    }

    #[test]
    fn rows_that_cannot_be_scored_give_no_importance() {
        let x = Features { n_rows: 1, blocks: vec![Block::Numbers(vec![f64::NAN])], names: vec!["a".into()] };
        let y = Target::Values(vec![1.0]);
        assert_eq!(permutation(&model(), Task::Regression, 0, &x, &y, 1, &Silent), Ok(Vec::new()));
    }
}
