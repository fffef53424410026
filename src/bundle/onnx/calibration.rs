//! What turns a model's probabilities into better ones, and those into a class: calibration curves and the threshold.

use super::check::{finite, within};
use super::graph::{GraphBuilder, Value};
use super::models::{cast, cells, columns, concat, row, times, to_double};
use super::proto::data_type;
use crate::domain::model::TrainedModel;
use crate::domain::task::Task;
use crate::domain::training::{Calibration, IsotonicCurve};

pub(super) fn check(model: &TrainedModel) -> Result<(), String> {
    if let Some(threshold) = model.threshold {
        if model.task != Task::Binary {
            return Err("a threshold needs two classes".to_owned());
        }
        finite("the threshold", &[threshold])?;
    }
    let Some(calibration) = &model.calibration else {
        return Ok(());
    };
    if !model.task.is_classification() {
        return Err("numbers have no probabilities to calibrate".to_owned());
    }
    let needed = if model.classes.len() == 2 { 1 } else { model.classes.len() };
    match calibration {
        Calibration::Platt { curves } => {
            within("the curves of its calibration", curves.len(), needed)?;
            curves.iter().try_for_each(|curve| finite("a number of its calibration", curve))
        }
        Calibration::Isotonic { curves } => {
            within("the curves of its calibration", curves.len(), needed)?;
            curves.iter().try_for_each(check_curve)
        }
    }
}

fn check_curve(curve: &IsotonicCurve) -> Result<(), String> {
    within("a curve of its calibration", curve.x.len(), curve.y.len())?;
    finite("a number of its calibration", &curve.x)?;
    finite("a number of its calibration", &curve.y)?;
    let falls = |list: &[f64]| list.windows(2).any(|two| two[0] > two[1]);
    if curve.x.is_empty() || falls(&curve.x) || falls(&curve.y) {
        return Err("a curve of its calibration is empty or falls".to_owned());
    }
    Ok(())
}

/// About how many bytes the curves take.
pub(super) fn size(model: &TrainedModel) -> u64 {
    match &model.calibration {
        Some(Calibration::Isotonic { curves }) => curves.iter().map(|curve| 48 * curve.x.len() as u64).sum(),
        _ => 0,
    }
}

/// `[N, classes]` corrected, what the model says otherwise.
pub(super) fn corrected(g: &mut GraphBuilder, said: &Value, model: &TrainedModel) -> Value {
    let Some(calibration) = &model.calibration else {
        return said.clone();
    };
    let n = model.classes.len();
    let asked: Vec<usize> = if n == 2 { vec![1] } else { (0..n).collect() };
    let better = match calibration {
        Calibration::Platt { curves } => {
            let p = columns(g, said, &asked);
            let slopes = row(g, &curves.iter().map(|[a, _]| -a).collect::<Vec<_>>());
            let z = g.op("Mul", &[&p, &slopes], vec![]);
            let shifts = row(g, &curves.iter().map(|[_, b]| -b).collect::<Vec<_>>());
            let z = g.op("Add", &[&z, &shifts], vec![]);
            g.op("Sigmoid", &[&z], vec![])
        }
        Calibration::Isotonic { curves } => {
            let parts: Vec<Value> = asked
                .iter()
                .zip(curves)
                .map(|(&class, curve)| {
                    let p = columns(g, said, &[class]);
                    height(g, curve, &p)
                })
                .collect();
            concat(g, &parts)
        }
    };
    if n == 2 {
        let one = row(g, &[1.0]);
        let first = g.op("Sub", &[&one, &better], vec![]);
        return concat(g, &[first, better]);
    }
    let sum = times(g, &better, vec![1.0; n], 1);
    let shares = g.op("Div", &[&better, &sum], vec![]);
    let zeros = row(g, &vec![0.0; n]);
    let known = g.op("Greater", &[&sum, &zeros], vec![]);
    // Where every curve says 0 nothing is known.
    let even = row(g, &vec![1.0 / n as f64; n]);
    g.op("Where", &[&known, &shares, &even], vec![])
}

/// A curve's height at `[N, 1]`: the number of corners not beyond p says which stretch it is on.
fn height(g: &mut GraphBuilder, curve: &IsotonicCurve, p: &Value) -> Value {
    let (x, y, n) = (&curve.x, &curve.y, curve.x.len());
    let corners = row(g, x);
    let passed = g.op("LessOrEqual", &[&corners, p], vec![]);
    let passed = to_double(g, &passed);
    let passed = times(g, &passed, vec![1.0; n], 1);
    let at = cast(g, &passed, data_type::INT64);
    // Level before the first corner and behind the last.
    let of = |stretch: &dyn Fn(usize) -> f64, first: f64, last: f64| -> Vec<f64> {
        (0..=n)
            .map(|at| {
                if at == 0 {
                    first
                } else if at == n {
                    last
                } else {
                    stretch(at)
                }
            })
            .collect()
    };
    let from = cells(g, of(&|at| x[at - 1], 0.0, 0.0), &at);
    let by = g.op("Sub", &[p, &from], vec![]);
    let width = |at: usize| if x[at] > x[at - 1] { x[at] - x[at - 1] } else { 1.0 };
    let widths = cells(g, of(&width, 1.0, 1.0), &at);
    let share = g.op("Div", &[&by, &widths], vec![]);
    let rises = cells(g, of(&|at| y[at] - y[at - 1], 0.0, 0.0), &at);
    let rise = g.op("Mul", &[&share, &rises], vec![]);
    let starts = cells(g, of(&|at| y[at - 1], y[0], y[n - 1]), &at);
    g.op("Add", &[&starts, &rise], vec![])
}

/// Of two classes the second where its probability is at least the threshold, as `[N]` numbers of classes.
pub(super) fn at_least(g: &mut GraphBuilder, probabilities: &Value, threshold: f64) -> Value {
    let second = columns(g, probabilities, &[1]);
    let threshold = row(g, &[threshold]);
    let reached = g.op("GreaterOrEqual", &[&second, &threshold], vec![]);
    let reached = to_double(g, &reached);
    let class = cast(g, &reached, data_type::INT64);
    let flat = g.ints(&[1], vec![-1]);
    g.op("Reshape", &[&class, &flat], vec![])
}
