//! Probabilities corrected so that of the rows given 0.7 seven in ten are what was said.
//!
//! The curves are those of scikit-learn's `CalibratedClassifierCV`: a logistic curve with softened targets (Platt 1999,
//! solved as in Lin, Lin and Weng 2007), or isotonic regression. Learned from rows the model had not seen.

use crate::domain::model::TrainedModel;
use crate::domain::task::{Predictions, Target};
use crate::domain::training::{Calibration, CalibrationMethod, IsotonicCurve};
use crate::ml::predict::sigmoid;

const MAX_STEPS: usize = 100;

/// Curves from what a model said and what was true; `None` for numbers, or where lengths differ or nothing is there.
pub fn fit(method: CalibrationMethod, truth: &Target, predicted: &Predictions) -> Option<Calibration> {
    let (Target::Classes { codes, .. }, Predictions::Classes { probabilities, n_classes }) = (truth, predicted) else {
        return None;
    };
    if codes.is_empty() || codes.len() != predicted.len() {
        return None;
    }
    let classes = if *n_classes == 2 { 1..2 } else { 0..*n_classes };
    let of = |class: usize| {
        let p: Vec<f64> = probabilities.iter().skip(class).step_by(*n_classes).copied().collect();
        let y: Vec<bool> = codes.iter().map(|&code| code as usize == class).collect();
        (p, y)
    };
    Some(match method {
        CalibrationMethod::Platt => Calibration::Platt {
            curves: classes
                .map(|class| {
                    let (p, y) = of(class);
                    platt(&p, &y)
                })
                .collect(),
        },
        CalibrationMethod::Isotonic => Calibration::Isotonic {
            curves: classes
                .map(|class| {
                    let (p, y) = of(class);
                    let y: Vec<f64> = y.into_iter().map(f64::from).collect();
                    isotonic(&p, &y)
                })
                .collect(),
        },
    })
}

/// What the whole model says, from what its learner said.
pub fn correct(model: &TrainedModel, predicted: &mut Predictions) {
    if let Some(calibration) = &model.calibration {
        apply(calibration, predicted);
    }
}

/// Corrects probabilities in place. Numbers, and curves that do not fit the classes, are left as they are.
pub fn apply(calibration: &Calibration, predicted: &mut Predictions) {
    let Predictions::Classes { probabilities, n_classes } = predicted else { return };
    let n_curves = match calibration {
        Calibration::Platt { curves } => curves.len(),
        Calibration::Isotonic { curves } => curves.len(),
    };
    let curve = |k: usize, p: f64| match calibration {
        Calibration::Platt { curves } => sigmoid(-(curves[k][0] * p + curves[k][1])),
        Calibration::Isotonic { curves } => at(&curves[k], p),
    };
    if *n_classes == 2 && n_curves == 1 {
        for row in probabilities.chunks_exact_mut(2) {
            row[1] = curve(0, row[1]);
            row[0] = 1.0 - row[1];
        }
    } else if n_curves == *n_classes {
        for row in probabilities.chunks_exact_mut(n_curves.max(1)) {
            row.iter_mut().enumerate().for_each(|(k, p)| *p = curve(k, *p));
            let sum: f64 = row.iter().sum();
            // Where every curve says 0 nothing is known.
            row.iter_mut().for_each(|p| *p = if sum > 0.0 { *p / sum } else { 1.0 / n_curves as f64 });
        }
    }
}

/// `a` and `b` of `1 / (1 + exp(a·p + b))` with the smallest log loss against softened targets, by Newton's method.
fn platt(p: &[f64], y: &[bool]) -> [f64; 2] {
    let positive = y.iter().filter(|y| **y).count() as f64;
    let negative = y.len() as f64 - positive;
    let (high, low) = ((positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0));
    let target = |y: bool| if y { high } else { low };
    let loss = |[a, b]: [f64; 2]| -> f64 {
        let each = p.iter().zip(y).map(|(p, y)| {
            let z = a * p + b;
            // −t·ln P − (1 − t)·ln(1 − P), without overflow.
            let t = target(*y);
            if z >= 0.0 { t * z + (-z).exp().ln_1p() } else { (t - 1.0) * z + z.exp().ln_1p() }
        });
        each.sum()
    };
    let mut at = [0.0, ((negative + 1.0) / (positive + 1.0)).ln()];
    let mut now = loss(at);
    for _ in 0..MAX_STEPS {
        let (mut g, mut h) = ([0.0; 2], [1e-12, 0.0, 1e-12]);
        for (p, y) in p.iter().zip(y) {
            let said = sigmoid(-(at[0] * p + at[1]));
            let (d1, d2) = (target(*y) - said, said * (1.0 - said));
            g[0] += p * d1;
            g[1] += d1;
            h[0] += p * p * d2;
            h[1] += p * d2;
            h[2] += d2;
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        let step = if determinant > 1e-18 * h[0] * h[2] {
            [-(h[2] * g[0] - h[1] * g[1]) / determinant, -(h[0] * g[1] - h[1] * g[0]) / determinant]
        } else {
            // All scores equal: only the height can be learned.
            [0.0, -g[1] / h[2]]
        };
        let slope = g[0] * step[0] + g[1] * step[1];
        let mut share = 1.0;
        let moved = loop {
            let next = [at[0] + share * step[0], at[1] + share * step[1]];
            let found = loss(next);
            if found <= now + 1e-4 * share * slope {
                break Some((next, found));
            }
            share /= 2.0;
            if share < 1e-10 {
                break None;
            }
        };
        let Some((next, found)) = moved else { break };
        let settled = (next[0] - at[0]).abs() <= 1e-12 * (1.0 + at[0].abs())
            && (next[1] - at[1]).abs() <= 1e-12 * (1.0 + at[1].abs());
        (at, now) = (next, found);
        if settled {
            break;
        }
    }
    at
}

/// Pools neighbours that fall, then keeps the corners (scikit-learn's `IsotonicRegression`).
fn isotonic(p: &[f64], y: &[f64]) -> IsotonicCurve {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    // Equal scores are one point with their mean.
    let mut points: Vec<(f64, f64, f64)> = Vec::new();
    for row in order {
        match points.last_mut() {
            Some((x, sum, weight)) if *x == p[row] => {
                *sum += y[row];
                *weight += 1.0;
            }
            _ => points.push((p[row], y[row], 1.0)),
        }
    }
    // (sum, weight, points) of blocks whose means ascend.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (_, sum, weight) in &points {
        blocks.push((*sum, *weight, 1));
        while let [.., a, b] = blocks.as_slice()
            && a.0 * b.1 >= b.0 * a.1
        {
            let merged = (a.0 + b.0, a.1 + b.1, a.2 + b.2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    let mut curve = IsotonicCurve { x: Vec::new(), y: Vec::new() };
    let mut first = 0;
    for (sum, weight, n) in blocks {
        let mean = sum / weight;
        curve.x.push(points[first].0);
        curve.y.push(mean);
        if n > 1 {
            curve.x.push(points[first + n - 1].0);
            curve.y.push(mean);
        }
        first += n;
    }
    curve
}

/// The curve's height at `p`.
pub fn at(curve: &IsotonicCurve, p: f64) -> f64 {
    let next = curve.x.partition_point(|x| *x <= p);
    match (next.checked_sub(1), curve.x.get(next)) {
        (None, _) => curve.y.first().copied().unwrap_or(p),
        (Some(last), None) => curve.y[last],
        (Some(before), Some(x)) => {
            let share = (p - curve.x[before]) / (x - curve.x[before]);
            curve.y[before] + share * (curve.y[next] - curve.y[before])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored() -> (Target, Predictions) {
        let p = [0.1, 0.2, 0.2, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.8, 0.9, 0.95, 0.05];
        let codes = vec![0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0];
        let probabilities = p.iter().flat_map(|p| [1.0 - p, *p]).collect();
        (Target::Classes { codes, n_classes: 2 }, Predictions::Classes { probabilities, n_classes: 2 })
    }

    #[test]
    fn isotonic_equals_scikit_learn() {
        let (truth, mut predicted) = scored();
        let fitted = fit(CalibrationMethod::Isotonic, &truth, &predicted).unwrap();
        apply(&fitted, &mut predicted);
        let Predictions::Classes { probabilities, .. } = predicted else { panic!("classes") };
        // IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, y).predict(p)
        let found: Vec<f64> = probabilities.chunks(2).map(|row| row[1]).collect();
        for (f, e) in found.iter().zip(ISOTONIC) {
            assert!((f - e).abs() < 1e-12, "{found:?}");
        }
        let Calibration::Isotonic { curves } = fitted else { panic!("isotonic") };
        assert!((at(&curves[0], 0.0), at(&curves[0], 1.0)) == (0.0, 1.0));
        assert!(curves[0].x.is_sorted() && curves[0].y.is_sorted());
    }

    #[test]
    fn platt_equals_scikit_learn() {
        let (truth, predicted) = scored();
        let Some(Calibration::Platt { curves }) = fit(CalibrationMethod::Platt, &truth, &predicted) else {
            panic!("platt")
        };
        // sklearn.calibration._SigmoidCalibration().fit(p, y): a_, b_
        assert!((curves[0][0] - PLATT[0]).abs() < 1e-4 && (curves[0][1] - PLATT[1]).abs() < 1e-4, "{curves:?}");
    }

    #[test]
    fn equal_scores_and_one_class_give_curves_all_the_same() {
        for codes in [vec![0, 1, 0], vec![1, 1, 1]] {
            let truth = Target::Classes { codes, n_classes: 2 };
            let mut predicted = Predictions::Classes { probabilities: vec![0.5; 6], n_classes: 2 };
            for method in [CalibrationMethod::Platt, CalibrationMethod::Isotonic] {
                apply(&fit(method, &truth, &predicted).unwrap(), &mut predicted);
                let Predictions::Classes { probabilities, .. } = &predicted else { panic!("classes") };
                assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)), "{method:?} {probabilities:?}");
            }
        }
    }

    #[test]
    fn many_classes_still_sum_to_one() {
        let truth = Target::Classes { codes: vec![0, 1, 2, 2], n_classes: 3 };
        let probabilities = vec![0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.3, 0.3, 0.4, 0.0, 0.0, 1.0];
        let mut predicted = Predictions::Classes { probabilities, n_classes: 3 };
        apply(&fit(CalibrationMethod::Isotonic, &truth, &predicted).unwrap(), &mut predicted);
        let Predictions::Classes { probabilities, .. } = predicted else { panic!("classes") };
        assert!(probabilities.chunks(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    }

    const PLATT: [f64; 2] = [-2.580_260_379_130_143_7, 1.299_189_610_378_273_4];
    const THIRD: f64 = 1.0 / 3.0;
    const ISOTONIC: [f64; 16] = [
        0.0,
        THIRD,
        THIRD,
        THIRD,
        THIRD,
        THIRD,
        THIRD,
        2.0 / 3.0,
        2.0 / 3.0,
        2.0 / 3.0,
        0.75,
        0.75,
        0.75,
        0.75,
        1.0,
        0.0,
    ];
}
