//! Naive Bayes over columns: every value votes for the classes by its log density.

use std::ops::Range;

use crate::domain::features::{Block, Features};
use crate::domain::model::{BayesCategory, BayesNumber, NaiveBayes};
use crate::ml::error::PredictError;
use crate::ml::predict::softmax;

pub struct Bayes<'a> {
    model: &'a NaiveBayes,
    numbers: Vec<(&'a BayesNumber, &'a [f64])>,
    categories: Vec<(&'a BayesCategory, &'a [u32])>,
}

impl<'a> Bayes<'a> {
    pub fn new(model: &'a NaiveBayes, x: &'a Features) -> Result<Self, PredictError> {
        let mut firsts = Vec::with_capacity(x.blocks.len());
        let mut feature = 0_usize;
        for block in &x.blocks {
            firsts.push(feature);
            feature += block.n_features();
        }
        let find = |feature: u32| firsts.binary_search(&(feature as usize)).ok().map(|at| &x.blocks[at]);
        let other =
            |feature: u32| PredictError::Columns { problem: format!("feature {} is of another kind", feature + 1) };
        let (mut numbers, mut categories) = (Vec::new(), Vec::new());
        for number in &model.numbers {
            match find(number.feature) {
                Some(Block::Numbers(values)) => numbers.push((number, values.as_slice())),
                _ => return Err(other(number.feature)),
            }
        }
        for category in &model.categories {
            match (find(category.feature), category.indicators) {
                (Some(Block::Indicators { codes, .. }), true) | (Some(Block::Category { codes, .. }), false) => {
                    categories.push((category, codes.as_slice()));
                }
                _ => return Err(other(category.feature)),
            }
        }
        Ok(Self { model, numbers, categories })
    }

    pub fn score(&self, rows: Range<usize>, answers: &mut [f64]) {
        let width = self.model.log_priors.len();
        answers.chunks_exact_mut(width).for_each(|answer| answer.copy_from_slice(&self.model.log_priors));
        for (number, values) in &self.numbers {
            for class in 0..width {
                let (mean, variance) = (number.means[class], number.variances[class]);
                let constant = -0.5 * (2.0 * std::f64::consts::PI * variance).ln();
                let half = 0.5 / variance;
                for (answer, x) in answers.chunks_exact_mut(width).zip(&values[rows.clone()]) {
                    if !x.is_nan() {
                        answer[class] += constant - half * (x - mean) * (x - mean);
                    }
                }
            }
        }
        for (category, codes) in &self.categories {
            for (answer, code) in answers.chunks_exact_mut(width).zip(&codes[rows.clone()]) {
                for (answer, shares) in answer.iter_mut().zip(&category.log_shares) {
                    *answer += shares.get(*code as usize).copied().unwrap_or(0.0);
                }
            }
        }
        for answer in answers.chunks_exact_mut(width) {
            // So far from every class that no density is left: then the priors, never 0 / 0.
            if answer.iter().all(|score| *score == f64::NEG_INFINITY) {
                answer.copy_from_slice(&self.model.log_priors);
            }
            softmax(answer);
        }
    }
}
