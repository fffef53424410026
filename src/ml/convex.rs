//! One weighted sum per row and a convex loss of it: logistic regression, generalised linear models and linear support
//! vector machines differ in the loss only.

use ndarray::{Array1, Array2, ArrayView1};

use crate::domain::features::Features;
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::random::Shuffler;
use crate::ml::design::{BLOCK, Design};
use crate::ml::error::FitError;
use crate::ml::linalg::Cholesky;
use crate::ml::parallel::{STRETCH, Watch, map_stretches};
use crate::ml::solver::{self, Measure, Minimum, Objective, Precision};
use crate::ml::sums;

/// Newton's method up to this many parameters, else L-BFGS alone.
pub const NEWTON_PARAMETERS: usize = 1500;
/// Rows that tell enough about the curvature, and how many more for each parameter.
const SAMPLE: usize = 16_384;
const SAMPLE_PER_PARAMETER: usize = 20;
/// Multiplications that each matrix of second derivatives may take; with more, one at the start has to do.
pub const NEWTON_WORK: f64 = 1e9;
/// Rows per parameter that tell enough about the curvature at the start.
pub const ORIGIN_PER_PARAMETER: usize = 6;
/// L-BFGS needs more but far cheaper steps.
pub const LBFGS_STEPS_PER_NEWTON_STEP: usize = 20;

/// The loss of one row as a convex function of its score.
pub trait PointLoss: Sync {
    /// Loss and its first derivative.
    fn slope(&self, target: f64, score: f64) -> (f64, f64);
    /// Second derivative.
    fn curvature(&self, target: f64, score: f64) -> f64;
    /// The largest second derivative near the start, for measuring lengths.
    fn largest_curvature(&self) -> f64;
}

/// `Σ weight · loss(target, score) + ½ penalty · |coefficients|²`, the intercept being free.
pub struct Margin<'a, L> {
    pub loss: &'a L,
    pub target: &'a [f64],
    pub weights: Option<&'a [f64]>,
    /// On coefficients in the features' own units.
    pub penalty: f64,
    /// The score of all rows that minimises the loss without features; where the search starts.
    pub start: f64,
    /// Newton steps at most.
    pub max_iter: usize,
    /// Picks the rows that tell the curvature, in long tables.
    pub seed: u64,
    pub phase: &'a str,
    pub io: &'a dyn JobIo,
}

/// Coefficients in the features' own units.
pub struct MarginFit {
    pub coefficients: Vec<f64>,
    pub intercept: f64,
    pub minimum: Minimum,
}

impl<L: PointLoss> Margin<'_, L> {
    /// `None` when the search meets numbers that are not finite.
    pub fn fit(&self, x: &Features) -> Result<Option<MarginFit>, FitError> {
        let watch = Watch { io: self.io, phase: self.phase, fraction: Some(0.0) };
        watch.tick()?;
        let design = Design::new(x)?;
        let all = Rows {
            design: &design,
            loss: self.loss,
            target: self.target,
            weights: self.weights,
            penalties: Array1::from(design.penalties(self.penalty)),
            factor: 1.0,
        };
        let mut start = Array1::zeros(design.n_parameters());
        start[design.n_slopes()] = self.start;
        let found = self.minimise(x, &all, start, watch)?;
        Ok(found.map(|minimum| {
            let (coefficients, intercept) = design.coefficients(&minimum.at.to_vec());
            MarginFit { coefficients, intercept, minimum }
        }))
    }

    fn minimise(
        &self,
        x: &Features,
        all: &Rows<L>,
        start: Array1<f64>,
        watch: Watch,
    ) -> Result<Option<Minimum>, FitError> {
        let (n, p) = (x.n_rows, all.n_parameters());
        let m = SAMPLE.max(SAMPLE_PER_PARAMETER * p);
        if p <= NEWTON_PARAMETERS {
            let by_newton = n.min(m) as f64 * all.design.gram_work() <= NEWTON_WORK;
            if by_newton && n < 2 * m {
                let found = solver::newton(all, start.clone(), self.max_iter, Precision::Full, watch)?;
                if let Some((minimum, _)) = found {
                    return Ok(Some(minimum));
                }
            } else if let Some((at, factor)) = self.rough(x, all, m, by_newton, &start, watch)? {
                let measure = Measure::Blocks(vec![factor]);
                let watch = Watch { fraction: Some(0.3), ..watch };
                let steps = self.max_iter * LBFGS_STEPS_PER_NEWTON_STEP;
                if let Some(minimum) = solver::lbfgs(all, at, &measure, steps, watch)?
                    && minimum.converged
                {
                    return Ok(Some(minimum));
                }
            }
        }
        let bounds = all.bounds(watch)?;
        let steps = self.max_iter * LBFGS_STEPS_PER_NEWTON_STEP;
        Ok(solver::lbfgs(all, start, &Measure::Bounds(bounds), steps, watch)?)
    }

    /// The minimum on a sample of rows and the factored curvature there; where Newton's method costs too much, the start
    /// and the curvature there, on fewer rows.
    fn rough(
        &self,
        x: &Features,
        all: &Rows<L>,
        m: usize,
        by_newton: bool,
        start: &Array1<f64>,
        watch: Watch,
    ) -> Result<Option<(Array1<f64>, Cholesky)>, FitError> {
        let m = if by_newton { m } else { ORIGIN_PER_PARAMETER * all.n_parameters() };
        let rows = sample(x.n_rows, m, self.seed);
        let few = x.take(&rows);
        let design = all.design.like(&few);
        let target: Vec<f64> = rows.iter().map(|&row| self.target[row]).collect();
        let weights: Option<Vec<f64>> = self.weights.map(|weights| rows.iter().map(|&row| weights[row]).collect());
        let sampled = Rows {
            design: &design,
            loss: self.loss,
            target: &target,
            weights: weights.as_deref(),
            penalties: all.penalties.clone(),
            factor: x.n_rows as f64 / rows.len() as f64,
        };
        if !by_newton {
            return Ok(Cholesky::new(&sampled.hessian(start, watch)?).map(|factor| (start.clone(), factor)));
        }
        let found = solver::newton(&sampled, start.clone(), self.max_iter, Precision::Rough, watch)?;
        Ok(found.and_then(|(minimum, factor)| Some((minimum.at, factor?))))
    }
}

/// One row at random from every stretch of about `n / m`, ascending: nothing periodic in the row order shows.
pub fn sample(n: usize, m: usize, seed: u64) -> Vec<usize> {
    let stretch = (n / m.max(1)).max(1);
    let mut shuffler = Shuffler::new(seed);
    (0..n).step_by(stretch).map(|start| start + shuffler.below(stretch.min(n - start))).collect()
}

/// The objective over some rows.
struct Rows<'a, L> {
    design: &'a Design<'a>,
    loss: &'a L,
    target: &'a [f64],
    weights: Option<&'a [f64]>,
    penalties: Array1<f64>,
    /// How many rows each row stands for.
    factor: f64,
}

impl<L: PointLoss> Rows<'_, L> {
    fn bounds(&self, watch: Watch) -> Result<Array1<f64>, Cancelled> {
        let largest = self.loss.largest_curvature() * self.factor;
        let squares = self.design.squares(self.weights, watch)?;
        let bounds = Array1::from(squares) * largest + &self.penalties;
        let most = bounds.iter().copied().fold(0.0, f64::max);
        // A level without rows and penalty stays where it is, whatever its length.
        Ok(bounds.mapv(|bound| if bound > 0.0 { bound } else { most }))
    }
}

impl<L: PointLoss> Objective for Rows<'_, L> {
    fn n_parameters(&self) -> usize {
        self.design.n_parameters()
    }

    fn value_and_gradient(&self, at: &Array1<f64>, watch: Watch) -> Result<(f64, Array1<f64>), Cancelled> {
        let theta = at.to_vec();
        let parts = map_stretches(self.design.n_rows, STRETCH, watch, |rows, _| {
            let mut gradient = vec![0.0; theta.len()];
            let mut value = sums::Sum::default();
            let mut errors = [0.0; BLOCK];
            for start in rows.clone().step_by(BLOCK) {
                let block = start..(start + BLOCK).min(rows.end);
                let errors = &mut errors[..block.len()];
                self.design.scores(block.clone(), &theta, errors);
                let mut loss_here = 0.0;
                for (row, error) in block.clone().zip(errors.iter_mut()) {
                    let (loss, slope) = self.loss.slope(self.target[row], *error);
                    let w = self.weights.map_or(1.0, |weights| weights[row]);
                    loss_here += w * loss;
                    *error = w * slope;
                }
                value.add(loss_here);
                self.design.add_products(block, errors, &mut gradient);
            }
            (value.value(), gradient)
        })?;
        let value: sums::Sum = parts.iter().map(|(value, _)| *value).collect();
        let mut gradient = Array1::zeros(theta.len());
        parts.iter().for_each(|(_, part)| gradient += &ArrayView1::from(part.as_slice()));
        gradient *= self.factor;
        let pull = &self.penalties * at;
        Ok((value.value() * self.factor + 0.5 * pull.dot(at), gradient + pull))
    }

    fn hessian(&self, at: &Array1<f64>, watch: Watch) -> Result<Array2<f64>, Cancelled> {
        let theta = at.to_vec();
        let weights = |rows: std::ops::Range<usize>, out: &mut [f64]| {
            self.design.scores(rows.clone(), &theta, out);
            for (row, out) in rows.zip(out) {
                let w = self.weights.map_or(1.0, |weights| weights[row]);
                *out = w * self.factor * self.loss.curvature(self.target[row], *out);
            }
        };
        let mut hessian = self.design.gram(weights, watch)?;
        hessian.diag_mut().scaled_add(1.0, &self.penalties);
        Ok(hessian)
    }
}
