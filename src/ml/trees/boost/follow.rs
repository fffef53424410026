//! What a learning curve shows: the mean loss over some of the training rows and over those that decide when to stop.

use super::{Booster, Labels};
use crate::domain::model::Link;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::losses::Loss;

/// One iteration of a learning curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iteration {
    pub n_trees: usize,
    /// Mean loss over a sample of the training rows; squared errors and the like in the target's units.
    pub train_loss: f64,
    pub validation_loss: Option<f64>,
}

/// Rows whose loss is followed.
pub(super) struct Watched<'a> {
    pub binned: &'a Binned,
    pub rows: Vec<u32>,
    pub labels: Labels<'a>,
    pub weights: Option<&'a [f64]>,
    /// Scores of `rows`, output after output; none when they are rows of the training table.
    pub scores: Option<Vec<Vec<f64>>>,
    pub is_validation: bool,
}

impl Booster<'_> {
    pub(super) fn follow(&self, iteration: usize, knee: f32) -> Iteration {
        let mut point = Iteration { n_trees: iteration + 1, train_loss: 0.0, validation_loss: None };
        for watched in &self.watched {
            let loss = self.mean_loss(watched, f64::from(knee));
            if watched.is_validation {
                point.validation_loss = Some(loss);
            } else {
                point.train_loss = loss;
            }
        }
        point
    }

    fn mean_loss(&self, watched: &Watched, knee: f64) -> f64 {
        let loss = self.settings.loss;
        let unit = if loss.link() == Link::Log { self.scaled.shift.exp() } else { self.scaled.unit };
        let shift = if unit == self.scaled.unit { self.scaled.shift } else { 0.0 };
        let mut parts: Vec<(usize, f64, f64)> =
            (0..watched.rows.len()).step_by(1024).map(|from| (from, 0.0, 0.0)).collect();
        self.team.each_mut(&mut parts, |_, (from, total, weight)| {
            for i in *from..(*from + 1024).min(watched.rows.len()) {
                let row = watched.rows[i] as usize;
                let score = |output: usize| match &watched.scores {
                    Some(scores) => scores[output][i],
                    None => f64::from(self.scores[output][row]),
                };
                let w = watched.weights.map_or(1.0, |weights| weights[row]);
                let value = match watched.labels {
                    Labels::Numbers(values) => loss.of_row((values[row] - shift) / unit, score(0), knee),
                    Labels::Classes(codes) if loss == Loss::Logistic => {
                        loss.of_row(f64::from(codes[row]), score(0), knee)
                    }
                    Labels::Classes(codes) => {
                        let most = (0..self.scores.len()).map(score).fold(f64::MIN, f64::max);
                        let all: f64 = (0..self.scores.len()).map(|k| (score(k) - most).exp()).sum();
                        loss.of_row(0.0, score(codes[row] as usize) - most - all.ln(), knee)
                    }
                };
                *total += w * value;
                *weight += w;
            }
        });
        let (total, weight) = parts.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part.1, sum.1 + part.2));
        let unit = match loss {
            Loss::Squared | Loss::Huber { .. } => unit * unit,
            Loss::Absolute | Loss::Quantile { .. } => unit,
            _ => 1.0,
        };
        if weight > 0.0 { (total / weight * unit).min(f64::MAX) } else { 0.0 }
    }
}
