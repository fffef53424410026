//! Several classes at once: a weighted sum of the features per class, turned into probabilities by softmax.

use ndarray::{Array1, Array2, ArrayView1, s};

use crate::domain::features::Features;
use crate::domain::io::{Cancelled, JobIo};
use crate::ml::convex::{LBFGS_STEPS_PER_NEWTON_STEP, NEWTON_PARAMETERS, NEWTON_WORK, ORIGIN_PER_PARAMETER, sample};
use crate::ml::design::{BLOCK, Design};
use crate::ml::error::FitError;
use crate::ml::linalg::Cholesky;
use crate::ml::parallel::{STRETCH, Watch, map_stretches};
use crate::ml::solver::{self, Measure, Minimum, Objective, Precision};
use crate::ml::sums;

/// Rows that tell enough about the curvature, and how many more for each parameter of a class.
const SAMPLE: usize = 8192;
const SAMPLE_PER_PARAMETER: usize = 20;

/// `Σ weight · log loss + ½ penalty · |coefficients|²`, the intercepts being free and summing to 0.
pub struct Softmax<'a> {
    /// Below `n_classes`, each of which occurs.
    pub class: &'a [usize],
    pub n_classes: usize,
    pub weights: Option<&'a [f64]>,
    pub penalty: f64,
    /// Newton steps at most.
    pub max_iter: usize,
    pub seed: u64,
    pub phase: &'a str,
    pub io: &'a dyn JobIo,
}

/// Coefficients in the features' own units and the intercept, per class.
pub struct SoftmaxFit {
    pub classes: Vec<(Vec<f64>, f64)>,
    pub minimum: Minimum,
}

impl Softmax<'_> {
    /// `None` when the search meets numbers that are not finite.
    pub fn fit(&self, x: &Features) -> Result<Option<SoftmaxFit>, FitError> {
        let watch = Watch { io: self.io, phase: self.phase, fraction: Some(0.0) };
        watch.tick()?;
        let design = Design::new(x)?;
        let all = Rows {
            design: &design,
            class: self.class,
            n_classes: self.n_classes,
            weights: self.weights,
            penalties: Array1::from(design.penalties(self.penalty)),
            factor: 1.0,
        };
        let found = self.minimise(x, &all, watch)?;
        Ok(found.map(|minimum| {
            let q = design.n_parameters();
            let classes = minimum.at.exact_chunks(q).into_iter().map(|part| design.coefficients(&part.to_vec()));
            SoftmaxFit { classes: classes.collect(), minimum }
        }))
    }

    fn minimise(&self, x: &Features, all: &Rows, watch: Watch) -> Result<Option<Minimum>, FitError> {
        let (n, q) = (x.n_rows, all.design.n_parameters());
        let start = Array1::zeros(all.n_parameters());
        let m = SAMPLE.max(SAMPLE_PER_PARAMETER * q).min(n);
        let pairs = (self.n_classes * (self.n_classes + 1) / 2) as f64;
        let newton_fits = |rows: usize| {
            all.n_parameters() <= NEWTON_PARAMETERS && rows as f64 * all.design.gram_work() * pairs <= NEWTON_WORK
        };
        let steps = self.max_iter * LBFGS_STEPS_PER_NEWTON_STEP;
        if n < 2 * m && newton_fits(n) {
            if let Some((minimum, _)) = solver::newton(all, start.clone(), self.max_iter, Precision::Full, watch)? {
                return Ok(Some(minimum));
            }
        } else if q <= NEWTON_PARAMETERS {
            let (at, measure) = self.rough(x, all, m, newton_fits(m), watch)?;
            let watch = Watch { fraction: Some(0.3), ..watch };
            if let Some(measure) = measure
                && let Some(minimum) = solver::lbfgs(all, at, &measure, steps, watch)?
                && minimum.converged
            {
                return Ok(Some(minimum));
            }
        }
        let bounds = all.bounds(watch)?;
        Ok(solver::lbfgs(all, start, &Measure::Bounds(bounds), steps, watch)?)
    }

    /// Where to start on all rows, and the curvature there, from a sample: by Newton's method where it is affordable,
    /// else the curvature of each class by itself at the origin.
    fn rough(
        &self,
        x: &Features,
        all: &Rows,
        m: usize,
        newton: bool,
        watch: Watch,
    ) -> Result<(Array1<f64>, Option<Measure>), FitError> {
        let m = if newton { m } else { ORIGIN_PER_PARAMETER * all.design.n_parameters() };
        let rows = sample(x.n_rows, m, self.seed);
        let few = x.take(&rows);
        let design = all.design.like(&few);
        let class: Vec<usize> = rows.iter().map(|&row| self.class[row]).collect();
        let weights: Option<Vec<f64>> = self.weights.map(|weights| rows.iter().map(|&row| weights[row]).collect());
        let sampled = Rows {
            design: &design,
            class: &class,
            n_classes: self.n_classes,
            weights: weights.as_deref(),
            penalties: all.penalties.clone(),
            factor: x.n_rows as f64 / rows.len() as f64,
        };
        let start = Array1::zeros(all.n_parameters());
        if newton {
            let found = solver::newton(&sampled, start.clone(), self.max_iter, Precision::Rough, watch)?;
            if let Some((minimum, Some(factor))) = found {
                return Ok((minimum.at, Some(Measure::Blocks(vec![factor]))));
            }
        }
        // At the origin all classes are equally likely: one factor serves them all.
        let factor = Cholesky::new(&sampled.block(&start, 0, 0, watch)?);
        Ok((start, factor.map(|factor| Measure::Blocks(vec![factor; self.n_classes]))))
    }
}

/// Parameters: per class the slopes, then the intercept. Adding one number to all intercepts changes no probability, so
/// their sum is held at 0 by a gentle pull; slopes are held by their penalty.
struct Rows<'a> {
    design: &'a Design<'a>,
    class: &'a [usize],
    n_classes: usize,
    weights: Option<&'a [f64]>,
    /// Of one class.
    penalties: Array1<f64>,
    /// How many rows each row stands for.
    factor: f64,
}

impl Rows<'_> {
    fn gauge(&self) -> f64 {
        self.factor * self.design.n_rows as f64 / self.n_classes as f64
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }

    /// Probabilities of a block of rows, class after class, each `BLOCK` long; returns each row's `log Σ exp(score)`
    /// and leaves the score of its own class in `own`.
    fn probabilities(&self, rows: std::ops::Range<usize>, at: &[f64], p: &mut [f64], own: &mut [f64], log: &mut [f64]) {
        let q = self.design.n_parameters();
        let n = rows.len();
        for (theta, p) in at.chunks_exact(q).zip(p.chunks_exact_mut(BLOCK)) {
            self.design.scores(rows.clone(), theta, &mut p[..n]);
        }
        let mut largest = [f64::NEG_INFINITY; BLOCK];
        for p in p.chunks_exact(BLOCK) {
            largest.iter_mut().zip(&p[..n]).for_each(|(largest, score)| *largest = largest.max(*score));
        }
        let mut total = [0.0; BLOCK];
        for (own, row) in own.iter_mut().zip(rows.clone()) {
            *own = p[self.class[row] * BLOCK + row - rows.start];
        }
        for p in p.chunks_exact_mut(BLOCK) {
            for ((p, largest), total) in p[..n].iter_mut().zip(&largest).zip(&mut total) {
                *p = (*p - largest).exp();
                *total += *p;
            }
        }
        for ((log, largest), total) in log.iter_mut().zip(&largest).zip(&total[..n]) {
            *log = largest + total.ln();
        }
        for p in p.chunks_exact_mut(BLOCK) {
            p[..n].iter_mut().zip(&total).for_each(|(p, total)| *p /= total);
        }
    }

    /// Second derivatives between the parameters of two classes.
    fn block(&self, at: &Array1<f64>, a: usize, b: usize, watch: Watch) -> Result<Array2<f64>, Cancelled> {
        let theta = at.to_vec();
        let same = if a == b { 1.0 } else { 0.0 };
        let weights = |rows: std::ops::Range<usize>, out: &mut [f64]| {
            let mut p = vec![0.0; self.n_classes * BLOCK];
            let (mut own, mut log) = ([0.0; BLOCK], [0.0; BLOCK]);
            let n = rows.len();
            self.probabilities(rows.clone(), &theta, &mut p, &mut own[..n], &mut log[..n]);
            let (a, b) = (&p[a * BLOCK..], &p[b * BLOCK..]);
            for (((out, a), b), row) in out.iter_mut().zip(a).zip(b).zip(rows) {
                *out = self.factor * self.weight(row) * a * (same - b);
            }
        };
        let mut block = self.design.gram(weights, watch)?;
        let last = block.nrows() - 1;
        block[[last, last]] += self.gauge();
        if a == b {
            block.diag_mut().scaled_add(1.0, &self.penalties);
        }
        Ok(block)
    }

    fn bounds(&self, watch: Watch) -> Result<Array1<f64>, Cancelled> {
        let squares = Array1::from(self.design.squares(self.weights, watch)?);
        let one = squares * (0.25 * self.factor) + &self.penalties;
        let largest = one.iter().copied().fold(0.0, f64::max);
        let one = one.mapv(|bound| if bound > 0.0 { bound } else { largest });
        let mut all = Array1::zeros(self.n_parameters());
        for mut part in all.exact_chunks_mut(one.len()) {
            part.assign(&one);
        }
        Ok(all)
    }
}

impl Objective for Rows<'_> {
    fn n_parameters(&self) -> usize {
        self.n_classes * self.design.n_parameters()
    }

    fn value_and_gradient(&self, at: &Array1<f64>, watch: Watch) -> Result<(f64, Array1<f64>), Cancelled> {
        let q = self.design.n_parameters();
        let theta = at.to_vec();
        let parts = map_stretches(self.design.n_rows, STRETCH, watch, |rows, _| {
            let mut gradient = vec![0.0; theta.len()];
            let mut value = sums::Sum::default();
            let mut p = vec![0.0; self.n_classes * BLOCK];
            let (mut own, mut log) = ([0.0; BLOCK], [0.0; BLOCK]);
            for start in rows.clone().step_by(BLOCK) {
                let block = start..(start + BLOCK).min(rows.end);
                let n = block.len();
                self.probabilities(block.clone(), &theta, &mut p, &mut own[..n], &mut log[..n]);
                value
                    .add(block.clone().zip(log.iter().zip(&own)).map(|(row, (l, o))| self.weight(row) * (l - o)).sum());
                for row in block.clone() {
                    p[self.class[row] * BLOCK + row - start] -= 1.0;
                }
                for (errors, gradient) in p.chunks_exact_mut(BLOCK).zip(gradient.chunks_exact_mut(q)) {
                    let errors = &mut errors[..n];
                    if let Some(weights) = self.weights {
                        errors.iter_mut().zip(&weights[block.clone()]).for_each(|(e, w)| *e *= w);
                    }
                    self.design.add_products(block.clone(), errors, gradient);
                }
            }
            (value.value(), gradient)
        })?;
        let loss: sums::Sum = parts.iter().map(|(value, _)| *value).collect();
        let mut gradient = Array1::zeros(theta.len());
        parts.iter().for_each(|(_, part)| gradient += &ArrayView1::from(part.as_slice()));
        gradient *= self.factor;
        let shift: f64 = at.iter().skip(q - 1).step_by(q).sum();
        let mut value = loss.value() * self.factor + 0.5 * self.gauge() * shift * shift;
        for (mut gradient, at) in gradient.exact_chunks_mut(q).into_iter().zip(at.exact_chunks(q)) {
            let pull = &self.penalties * &at;
            value += 0.5 * pull.dot(&at);
            gradient += &pull;
            gradient[q - 1] += self.gauge() * shift;
        }
        Ok((value, gradient))
    }

    fn hessian(&self, at: &Array1<f64>, watch: Watch) -> Result<Array2<f64>, Cancelled> {
        let q = self.design.n_parameters();
        let mut hessian = Array2::zeros((self.n_parameters(), self.n_parameters()));
        for a in 0..self.n_classes {
            for b in a..self.n_classes {
                let block = self.block(at, a, b, watch)?;
                if a != b {
                    hessian.slice_mut(s![b * q..(b + 1) * q, a * q..(a + 1) * q]).assign(&block.t());
                }
                hessian.slice_mut(s![a * q..(a + 1) * q, b * q..(b + 1) * q]).assign(&block);
            }
        }
        Ok(hessian)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{assert_close, mixed};

    #[test]
    fn gradients_and_hessians_match_differences() {
        let x = mixed(11, 80, 2, 3);
        let design = Design::new(&x).unwrap();
        let class: Vec<usize> = (0..80).map(|row| row * 7 % 3).collect();
        let weights: Vec<f64> = (0..80).map(|row| 0.5 + f64::from(row % 4)).collect();
        let penalties = Array1::from(design.penalties(0.3));
        let rows =
            Rows { design: &design, class: &class, n_classes: 3, weights: Some(&weights), penalties, factor: 2.0 };
        let watch = Watch { io: &Silent, phase: "", fraction: None };
        let n = rows.n_parameters();
        let at = Array1::from_shape_fn(n, |i| (i as f64 - 5.0) / 17.0);
        let hessian = rows.hessian(&at, watch).unwrap();
        let (_, gradient) = rows.value_and_gradient(&at, watch).unwrap();
        for j in 0..n {
            let h = 1e-5;
            let moved = |by: f64| {
                let mut at = at.clone();
                at[j] += by;
                rows.value_and_gradient(&at, watch).unwrap()
            };
            let ((up, up_gradient), (down, down_gradient)) = (moved(h), moved(-h));
            assert!(((up - down) / (2.0 * h) - gradient[j]).abs() < 1e-5);
            let column = (up_gradient - down_gradient) / (2.0 * h);
            assert_close(column.as_slice().unwrap(), hessian.column(j).to_owned().as_slice().unwrap(), 1e-5);
        }
    }
}
