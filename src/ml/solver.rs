//! Minimising smooth convex functions: Newton's method where the matrix of second derivatives is affordable, limited
//! memory BFGS where it is not. Both stop when asked and never leave the finite numbers.

use std::collections::VecDeque;

use ndarray::{Array1, Array2};

use crate::domain::io::{Cancelled, JobIo};
use crate::ml::linalg::Cholesky;

/// Steps of history kept by L-BFGS.
const MEMORY: usize = 12;
/// Sufficient decrease and curvature conditions of the line searches (Nocedal & Wright 2006, section 3.1).
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// The share of the value below which a further decrease is rounding.
const ROUNDING: f64 = 1e-15;
/// L-BFGS stops when the decrease its gradient promises is this share of the value: the last digits cost it most steps.
const PROMISE: f64 = 1e-13;

pub trait Objective {
    fn n_parameters(&self) -> usize;
    fn value_and_gradient(&self, at: &Array1<f64>) -> (f64, Array1<f64>);
    fn hessian(&self, at: &Array1<f64>) -> Array2<f64>;
    /// Positive upper bounds of the second derivative along each parameter; L-BFGS measures lengths by them.
    fn curvature_bounds(&self) -> Array1<f64>;
}

#[derive(Clone, Debug)]
pub struct Minimum {
    pub at: Array1<f64>,
    pub converged: bool,
    pub steps: usize,
}

/// `None` when values or derivatives are not finite where the search starts.
pub fn newton(
    objective: &dyn Objective,
    max_steps: usize,
    phase: &str,
    io: &dyn JobIo,
) -> Result<Option<Minimum>, Cancelled> {
    let mut at = Array1::zeros(objective.n_parameters());
    let (mut value, mut gradient) = objective.value_and_gradient(&at);
    for step in 0..max_steps {
        io.progress(phase, Some((step as f64 / max_steps.min(12) as f64).min(0.95)))?;
        let Some(factor) = Cholesky::new(&objective.hessian(&at)) else { return Ok(None) };
        let direction = -factor.solve(&gradient);
        let slope = gradient.dot(&direction);
        if !slope.is_finite() {
            return Ok(None);
        }
        let nearly = -slope <= ROUNDING * value.abs();
        let Some((moved, next, next_gradient)) = backtrack(objective, &at, &direction, value, slope) else {
            return Ok(Some(Minimum { at, converged: nearly, steps: step }));
        };
        let short = largest(&(&moved - &at)) <= 1e-10 * (1.0 + largest(&moved));
        (at, value, gradient) = (moved, next, next_gradient);
        if nearly || short {
            return Ok(Some(Minimum { at, converged: true, steps: step + 1 }));
        }
    }
    Ok(Some(Minimum { at, converged: false, steps: max_steps }))
}

/// Halves the step until the value falls enough; `None` when it never does.
fn backtrack(
    objective: &dyn Objective,
    at: &Array1<f64>,
    direction: &Array1<f64>,
    value: f64,
    slope: f64,
) -> Option<(Array1<f64>, f64, Array1<f64>)> {
    let mut length = 1.0;
    for _ in 0..40 {
        let moved = at + &(direction * length);
        let (next, gradient) = objective.value_and_gradient(&moved);
        if next.is_finite() && next <= value + DECREASE * length * slope + ROUNDING * value.abs() {
            return Some((moved, next, gradient));
        }
        length /= 2.0;
    }
    None
}

/// As [`newton`], from values and gradients only.
pub fn lbfgs(
    objective: &dyn Objective,
    max_steps: usize,
    phase: &str,
    io: &dyn JobIo,
) -> Result<Option<Minimum>, Cancelled> {
    let mut at = Array1::zeros(objective.n_parameters());
    let (mut value, mut gradient) = objective.value_and_gradient(&at);
    let unit = objective.curvature_bounds();
    if !value.is_finite() || !unit.iter().all(|u| u.is_finite() && *u > 0.0) {
        return Ok(None);
    }
    let mut history: VecDeque<(Array1<f64>, Array1<f64>)> = VecDeque::with_capacity(MEMORY);
    for step in 0..max_steps {
        io.progress(phase, Some((step as f64 / (step as f64 + 50.0)).min(0.95)))?;
        if (&gradient * &gradient / &unit).sum() <= PROMISE * value.abs() {
            return Ok(Some(Minimum { at, converged: true, steps: step }));
        }
        let mut direction = -two_loop(&gradient, &history, &unit);
        let mut slope = gradient.dot(&direction);
        if slope.is_nan() || slope >= 0.0 {
            history.clear();
            direction = -(&gradient / &unit);
            slope = gradient.dot(&direction);
        }
        let Some((moved, next, next_gradient)) = wolfe(objective, &at, &direction, value, slope) else {
            let settled = -slope <= 1e-10 * value.abs();
            return Ok(Some(Minimum { at, converged: settled, steps: step }));
        };
        let (moved_by, changed_by) = (&moved - &at, &next_gradient - &gradient);
        if moved_by.dot(&changed_by) > 1e-12 * (&changed_by * &changed_by / &unit).sum() {
            if history.len() == MEMORY {
                history.pop_front();
            }
            history.push_back((moved_by, changed_by));
        }
        (at, value, gradient) = (moved, next, next_gradient);
    }
    Ok(Some(Minimum { at, converged: false, steps: max_steps }))
}

/// The inverse Hessian's guess times the gradient (Nocedal & Wright 2006, algorithm 7.4).
fn two_loop(gradient: &Array1<f64>, history: &VecDeque<(Array1<f64>, Array1<f64>)>, unit: &Array1<f64>) -> Array1<f64> {
    let mut q = gradient.clone();
    let mut weights = Vec::with_capacity(history.len());
    for (moved, changed) in history.iter().rev() {
        let weight = moved.dot(&q) / moved.dot(changed);
        q.scaled_add(-weight, changed);
        weights.push(weight);
    }
    let scale = history.back().map_or(1.0, |(moved, changed)| moved.dot(changed) / (changed * changed / unit).sum());
    let mut r = q / unit * scale;
    for ((moved, changed), weight) in history.iter().zip(weights.iter().rev()) {
        let back = changed.dot(&r) / moved.dot(changed);
        r.scaled_add(weight - back, moved);
    }
    r
}

/// A step that falls enough and flattens enough, by bisection; `None` when the value cannot fall any more.
fn wolfe(
    objective: &dyn Objective,
    at: &Array1<f64>,
    direction: &Array1<f64>,
    value: f64,
    slope: f64,
) -> Option<(Array1<f64>, f64, Array1<f64>)> {
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    let mut best = None;
    for _ in 0..40 {
        let moved = at + &(direction * length);
        let (next, gradient) = objective.value_and_gradient(&moved);
        if !next.is_finite() || next > value + DECREASE * length * slope {
            high = length;
        } else {
            let flat_enough = gradient.dot(direction) >= CURVATURE * slope;
            best = Some((moved, next, gradient));
            if flat_enough {
                return best;
            }
            low = length;
        }
        length = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * length };
    }
    best
}

fn largest(values: &Array1<f64>) -> f64 {
    values.iter().fold(0.0, |m, v| m.max(v.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use ndarray::array;

    /// `cosh(x − 1) + 50 cosh((y + 2) / 10)`: smallest at (1, −2).
    struct Bowl;

    impl Objective for Bowl {
        fn n_parameters(&self) -> usize {
            2
        }
        fn value_and_gradient(&self, at: &Array1<f64>) -> (f64, Array1<f64>) {
            let (x, y) = (at[0] - 1.0, (at[1] + 2.0) / 10.0);
            (x.cosh() + 50.0 * y.cosh(), array![x.sinh(), 5.0 * y.sinh()])
        }
        fn hessian(&self, at: &Array1<f64>) -> Array2<f64> {
            array![[(at[0] - 1.0).cosh(), 0.0], [0.0, 0.5 * ((at[1] + 2.0) / 10.0).cosh()]]
        }
        fn curvature_bounds(&self) -> Array1<f64> {
            array![2.0, 1.0]
        }
    }

    #[test]
    fn both_methods_find_the_bottom() {
        for (minimum, tolerance) in [
            (newton(&Bowl, 50, "", &Silent).unwrap().unwrap(), 1e-9),
            (lbfgs(&Bowl, 200, "", &Silent).unwrap().unwrap(), 1e-6),
        ] {
            assert!(minimum.converged);
            assert!((&minimum.at - &array![1.0, -2.0]).iter().all(|d| d.abs() < tolerance), "{minimum:?}");
        }
    }

    #[test]
    fn running_out_of_steps_is_said() {
        assert!(!newton(&Bowl, 1, "", &Silent).unwrap().unwrap().converged);
        assert!(!lbfgs(&Bowl, 1, "", &Silent).unwrap().unwrap().converged);
    }
}
