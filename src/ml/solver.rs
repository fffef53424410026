//! Minimising smooth convex functions: Newton's method where the matrix of second derivatives is affordable, limited
//! memory BFGS where it is not. Both stop when asked and never leave the finite numbers.
//!
//! On many rows the two work together: Newton's method on a sample finds the neighbourhood and the curvature, L-BFGS
//! walks the rest on all rows and measures lengths by that curvature, so that it needs a handful of passes.

use std::collections::VecDeque;

use ndarray::{Array1, Array2, s};

use crate::domain::io::Cancelled;
use crate::ml::linalg::Cholesky;
use crate::ml::parallel::Watch;

/// Steps of history kept by L-BFGS.
const MEMORY: usize = 12;
/// Sufficient decrease and curvature conditions of the line searches (Nocedal & Wright 2006, section 3.1).
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// The share of the value below which a further decrease is rounding.
const ROUNDING: f64 = 1e-15;
/// L-BFGS stops when the decrease its gradient promises is this share of the value: the last digits cost it most steps.
const PROMISE: f64 = 1e-14;

pub trait Objective {
    fn n_parameters(&self) -> usize;
    fn value_and_gradient(&self, at: &Array1<f64>, watch: Watch) -> Result<(f64, Array1<f64>), Cancelled>;
    fn hessian(&self, at: &Array1<f64>, watch: Watch) -> Result<Array2<f64>, Cancelled>;
}

#[derive(Clone, Debug)]
pub struct Minimum {
    pub at: Array1<f64>,
    pub value: f64,
    pub converged: bool,
    pub steps: usize,
    /// The value before each step.
    pub values: Vec<f64>,
}

/// How long a step in each direction is, as an approximate inverse of the matrix of second derivatives.
pub enum Measure {
    /// Upper bounds of the second derivative along each parameter.
    Bounds(Array1<f64>),
    /// Factors of blocks along the diagonal, together as long as the parameters.
    Blocks(Vec<Cholesky>),
}

impl Measure {
    fn is_usable(&self) -> bool {
        match self {
            Self::Bounds(bounds) => bounds.iter().all(|u| u.is_finite() && *u > 0.0),
            Self::Blocks(blocks) => !blocks.is_empty(),
        }
    }

    fn apply(&self, gradient: &Array1<f64>) -> Array1<f64> {
        match self {
            Self::Bounds(bounds) => gradient / bounds,
            Self::Blocks(blocks) if blocks.len() == 1 => blocks[0].solve(gradient),
            Self::Blocks(blocks) => {
                let mut out = Array1::zeros(gradient.len());
                let mut from = 0;
                for block in blocks {
                    let to = from + block.len();
                    out.slice_mut(s![from..to]).assign(&block.solve(&gradient.slice(s![from..to]).to_owned()));
                    from = to;
                }
                out
            }
        }
    }
}

/// Ends when a full step promises less than this share of the value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Precision {
    /// As far as rounding lets it.
    Full,
    /// Good enough to start from on more rows.
    Rough,
}

/// `None` when values or derivatives are not finite where the search is, or the curvature is not positive.
pub fn newton(
    objective: &dyn Objective,
    start: Array1<f64>,
    max_steps: usize,
    precision: Precision,
    watch: Watch,
) -> Result<Option<(Minimum, Option<Cholesky>)>, Cancelled> {
    let enough = if precision == Precision::Full { ROUNDING } else { 1e-6 };
    let mut at = start;
    let (mut value, mut gradient) = objective.value_and_gradient(&at, watch)?;
    let mut values = Vec::new();
    let mut last = None;
    let minimum = |at, value, converged, steps, values| Minimum { at, value, converged, steps, values };
    for step in 0..max_steps {
        let fraction = (step as f64 / max_steps.min(12) as f64).min(0.95);
        let watch = Watch { fraction: watch.fraction.map(|from| from + (1.0 - from) * fraction), ..watch };
        values.push(value);
        let Some(factor) = Cholesky::new(&objective.hessian(&at, watch)?) else { return Ok(None) };
        let direction = -factor.solve(&gradient);
        last = Some(factor);
        let slope = gradient.dot(&direction);
        if !slope.is_finite() {
            return Ok(None);
        }
        let nearly = -slope <= enough * value.abs();
        let Some((moved, next, next_gradient)) = backtrack(objective, &at, &direction, value, slope, watch)? else {
            return Ok(Some((minimum(at, value, nearly, step, values), last)));
        };
        let short = largest(&(&moved - &at)) <= 1e-10 * (1.0 + largest(&moved));
        (at, value, gradient) = (moved, next, next_gradient);
        if nearly || short {
            return Ok(Some((minimum(at, value, true, step + 1, values), last)));
        }
    }
    Ok(Some((minimum(at, value, false, max_steps, values), last)))
}

type Moved = Option<(Array1<f64>, f64, Array1<f64>)>;

/// Halves the step until the value falls enough; `None` when it never does.
fn backtrack(
    objective: &dyn Objective,
    at: &Array1<f64>,
    direction: &Array1<f64>,
    value: f64,
    slope: f64,
    watch: Watch,
) -> Result<Moved, Cancelled> {
    let mut length = 1.0;
    for _ in 0..40 {
        let moved = at + &(direction * length);
        let (next, gradient) = objective.value_and_gradient(&moved, watch)?;
        if next.is_finite() && next <= value + DECREASE * length * slope + ROUNDING * value.abs() {
            return Ok(Some((moved, next, gradient)));
        }
        length /= 2.0;
    }
    Ok(None)
}

/// As [`newton`], from values and gradients only.
pub fn lbfgs(
    objective: &dyn Objective,
    start: Array1<f64>,
    measure: &Measure,
    max_steps: usize,
    watch: Watch,
) -> Result<Option<Minimum>, Cancelled> {
    let mut at = start;
    let (mut value, mut gradient) = objective.value_and_gradient(&at, watch)?;
    if !value.is_finite() || !measure.is_usable() {
        return Ok(None);
    }
    let mut values = Vec::new();
    let mut history: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    for step in 0..max_steps {
        let fraction = (step as f64 / (step as f64 + 20.0)).min(0.95);
        let watch = Watch { fraction: watch.fraction.map(|from| from + (1.0 - from) * fraction), ..watch };
        values.push(value);
        let measured = measure.apply(&gradient);
        if gradient.dot(&measured) <= PROMISE * value.abs() {
            return Ok(Some(Minimum { at, value, converged: true, steps: step, values }));
        }
        let mut direction = -two_loop(&gradient, &history, measure);
        let mut slope = gradient.dot(&direction);
        if slope.is_nan() || slope >= 0.0 {
            history.clear();
            direction = -measured;
            slope = gradient.dot(&direction);
        }
        let Some((moved, next, next_gradient)) = wolfe(objective, &at, &direction, value, slope, watch)? else {
            let settled = -slope <= 1e-10 * value.abs();
            return Ok(Some(Minimum { at, value, converged: settled, steps: step, values }));
        };
        let (moved_by, changed_by) = (&moved - &at, &next_gradient - &gradient);
        let measured = measure.apply(&changed_by);
        let both = moved_by.dot(&changed_by);
        let changed_size = changed_by.dot(&measured);
        if both > 1e-12 * changed_size {
            if history.len() == MEMORY {
                history.pop_front();
            }
            history.push_back(Pair { moved: moved_by, changed: changed_by, both, scale: both / changed_size });
        }
        (at, value, gradient) = (moved, next, next_gradient);
    }
    Ok(Some(Minimum { at, value, converged: false, steps: max_steps, values }))
}

/// One step and what it did to the gradient.
struct Pair {
    moved: Array1<f64>,
    changed: Array1<f64>,
    /// `moved · changed`
    both: f64,
    /// How much longer than measured the step turned out right.
    scale: f64,
}

/// The inverse Hessian's guess times the gradient (Nocedal & Wright 2006, algorithm 7.4).
fn two_loop(gradient: &Array1<f64>, history: &VecDeque<Pair>, measure: &Measure) -> Array1<f64> {
    let mut q = gradient.clone();
    let mut weights = Vec::with_capacity(history.len());
    for pair in history.iter().rev() {
        let weight = pair.moved.dot(&q) / pair.both;
        q.scaled_add(-weight, &pair.changed);
        weights.push(weight);
    }
    let scale = history.back().map_or(1.0, |pair| pair.scale);
    let mut r = measure.apply(&q) * scale;
    for (pair, weight) in history.iter().zip(weights.iter().rev()) {
        let back = pair.changed.dot(&r) / pair.both;
        r.scaled_add(weight - back, &pair.moved);
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
    watch: Watch,
) -> Result<Moved, Cancelled> {
    let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
    let mut best = None;
    for _ in 0..40 {
        let moved = at + &(direction * length);
        let (next, gradient) = objective.value_and_gradient(&moved, watch)?;
        // Near the bottom values differ by rounding only; the slope still tells.
        let flat = gradient.dot(direction).abs() <= CURVATURE * slope.abs();
        let slack = if flat { ROUNDING * value.abs() } else { 0.0 };
        if !next.is_finite() || next > value + DECREASE * length * slope + slack {
            high = length;
        } else {
            let flat_enough = gradient.dot(direction) >= CURVATURE * slope;
            best = Some((moved, next, gradient));
            if flat_enough {
                return Ok(best);
            }
            low = length;
        }
        length = if high.is_finite() { (low + high) / 2.0 } else { 2.0 * length };
    }
    Ok(best)
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
        fn value_and_gradient(&self, at: &Array1<f64>, _watch: Watch) -> Result<(f64, Array1<f64>), Cancelled> {
            let (x, y) = (at[0] - 1.0, (at[1] + 2.0) / 10.0);
            Ok((x.cosh() + 50.0 * y.cosh(), array![x.sinh(), 5.0 * y.sinh()]))
        }
        fn hessian(&self, at: &Array1<f64>, _watch: Watch) -> Result<Array2<f64>, Cancelled> {
            Ok(array![[(at[0] - 1.0).cosh(), 0.0], [0.0, 0.5 * ((at[1] + 2.0) / 10.0).cosh()]])
        }
    }

    const WATCH: Watch = Watch { io: &Silent, phase: "", fraction: None };

    fn by_newton(steps: usize) -> Minimum {
        newton(&Bowl, Array1::zeros(2), steps, Precision::Full, WATCH).unwrap().unwrap().0
    }

    fn by_lbfgs(steps: usize) -> Minimum {
        lbfgs(&Bowl, Array1::zeros(2), &Measure::Bounds(array![2.0, 1.0]), steps, WATCH).unwrap().unwrap()
    }

    #[test]
    fn both_methods_find_the_bottom() {
        for (minimum, tolerance) in [(by_newton(50), 1e-9), (by_lbfgs(200), 1e-6)] {
            assert!(minimum.converged);
            assert!((&minimum.at - &array![1.0, -2.0]).iter().all(|d| d.abs() < tolerance), "{minimum:?}");
        }
    }

    #[test]
    fn running_out_of_steps_is_said() {
        assert!(!by_newton(1).converged);
        assert!(!by_lbfgs(1).converged);
    }
}
