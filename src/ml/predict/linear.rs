//! Weighted sums of columns, without a row of features ever being made.

use std::ops::Range;

use crate::domain::features::{Block, Features};
use crate::domain::model::{FittedModel, Link};
use crate::ml::predict::{CHUNK, sigmoid, softmax};

pub struct Linear<'a> {
    x: &'a Features,
    /// Coefficients and intercept of each output.
    outputs: Vec<(&'a [f64], f64)>,
    /// `None` for classes.
    link: Option<Link>,
}

impl<'a> Linear<'a> {
    pub fn new(model: &'a FittedModel, x: &'a Features) -> Self {
        let (outputs, link) = match model {
            FittedModel::Linear { coefficients, intercept, link } => {
                (vec![(coefficients.as_slice(), *intercept)], Some(*link))
            }
            FittedModel::Logistic { coefficients, intercepts } => {
                (coefficients.iter().map(Vec::as_slice).zip(intercepts.iter().copied()).collect(), None)
            }
            _ => (Vec::new(), None),
        };
        Self { x, outputs, link }
    }

    pub fn score(&self, rows: Range<usize>, answers: &mut [f64]) {
        let n = rows.len();
        let mut scores = [0.0; CHUNK];
        let scores = &mut scores[..n];
        if let Some(link) = self.link {
            let (coefficients, intercept) = self.outputs[0];
            add_sums(self.x, rows, coefficients, intercept, answers);
            if link == Link::Log {
                answers.iter_mut().for_each(|z| *z = z.exp());
            }
        } else if let [(coefficients, intercept)] = self.outputs[..] {
            add_sums(self.x, rows, coefficients, intercept, scores);
            for (answer, z) in answers.chunks_exact_mut(2).zip(scores) {
                answer[0] = sigmoid(-*z);
                answer[1] = sigmoid(*z);
            }
        } else {
            let width = self.outputs.len();
            for (class, (coefficients, intercept)) in self.outputs.iter().enumerate() {
                add_sums(self.x, rows.clone(), coefficients, *intercept, scores);
                for (answer, z) in answers.chunks_exact_mut(width).zip(&*scores) {
                    answer[class] = *z;
                }
            }
            answers.chunks_exact_mut(width).for_each(|answer| {
                softmax(answer);
            });
        }
    }
}

/// `intercept + x · coefficients` of the rows.
pub fn add_sums(x: &Features, rows: Range<usize>, coefficients: &[f64], intercept: f64, out: &mut [f64]) {
    out.fill(intercept);
    let mut at = 0;
    for block in &x.blocks {
        match block {
            Block::Numbers(values) => {
                let w = coefficients[at];
                out.iter_mut().zip(&values[rows.clone()]).for_each(|(out, x)| *out += w * x);
            }
            Block::Indicators { codes, n_levels } => {
                let weights = &coefficients[at..at + *n_levels as usize];
                for (out, code) in out.iter_mut().zip(&codes[rows.clone()]) {
                    if let Some(w) = weights.get(*code as usize) {
                        *out += w;
                    }
                }
            }
            // Refused before: a code is not a quantity.
            Block::Category { .. } => {}
        }
        at += block.n_features();
    }
}
