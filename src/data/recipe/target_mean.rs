//! Categories as means of the target, as scikit-learn's `TargetEncoder`: drawn towards the overall mean, and for the
//! training rows computed from other rows only, so that no row sees its own answer.

use super::column::{Frame, Texts};
use super::{RecipeError, scale};
use crate::data::table::MISSING_CODE;
use crate::domain::features::NO_CODE;
use crate::domain::io::JobIo;
use crate::domain::random::Shuffler;
use crate::domain::recipe::{LookedUp, LookupKind};
use crate::domain::task::Target;

pub(super) const KIND: LookupKind = LookupKind::TargetMean;

/// The look-ups for new rows, and what the training rows get instead: name and numbers.
pub(super) struct TargetMeans {
    pub lookups: Vec<LookedUp>,
    pub training: Vec<(String, Vec<f64>)>,
}

/// How the means are taken.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub folds: usize,
    pub smoothing: Option<f64>,
    pub seed: u64,
}

/// One column for two classes (the second counts 1) and for numbers, one per class for more.
pub(super) fn fit(
    names: &[String],
    target: &Target,
    rule: Rule,
    frame: &Frame<'_>,
    io: &dyn JobIo,
) -> Result<TargetMeans, RecipeError> {
    let fold_of = folds(target, rule.folds, rule.seed);
    let mut all = TargetMeans { lookups: Vec::new(), training: Vec::new() };
    for name in names {
        let texts = frame.texts(name)?;
        let levels = texts.levels();
        let positions = codes(texts, &levels);
        let outputs = outputs(target);
        for (at, y) in outputs.iter().enumerate() {
            let into = if outputs.len() == 1 { name.clone() } else { frame.free_name(&format!("{name}.class_{at}")) };
            let everything = means(&positions, levels.len() + 1, y, |_| true, rule.smoothing);
            let mut training = vec![0.0; y.len()];
            for fold in 0..rule.folds {
                io.progress("Target means", None)?;
                let others = means(&positions, levels.len() + 1, y, |row| fold_of[row] != fold, rule.smoothing);
                for (row, cell) in training.iter_mut().enumerate().filter(|(row, _)| fold_of[*row] == fold) {
                    *cell = others.of(positions[row]);
                }
            }
            all.training.push((into.clone(), training));
            all.lookups.push(LookedUp {
                column: name.clone(),
                into,
                levels: levels.clone(),
                values: (0..levels.len() as u32).map(|level| Some(everything.of(level))).collect(),
                missing: Some(everything.of(levels.len() as u32)),
                unknown: Some(everything.overall),
            });
        }
    }
    Ok(all)
}

/// Positions among the levels; missing is a level of its own, the last.
fn codes(texts: &Texts<'_>, levels: &[String]) -> Vec<u32> {
    let last = levels.len() as u32;
    texts.positions(levels).into_iter().map(|at| if at == NO_CODE || at == MISSING_CODE { last } else { at }).collect()
}

fn outputs(target: &Target) -> Vec<Vec<f64>> {
    match target {
        Target::Values(values) => vec![values.clone()],
        Target::Classes { codes, n_classes } => {
            let of = |class: usize| codes.iter().map(|&c| f64::from(u8::from(c as usize == class))).collect();
            if *n_classes <= 2 { vec![of(1)] } else { (0..*n_classes).map(of).collect() }
        }
    }
}

/// The part each row belongs to; classes are dealt evenly.
fn folds(target: &Target, folds: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..target.len()).collect();
    Shuffler::new(seed).shuffle(&mut order);
    if let Target::Classes { codes, .. } = target {
        order.sort_by_key(|&row| codes[row]);
    }
    let mut fold_of = vec![0; order.len()];
    for (card, row) in order.into_iter().enumerate() {
        fold_of[row] = card % folds.max(1);
    }
    fold_of
}

struct Means {
    /// By level; NaN where there was no row.
    by_level: Vec<f64>,
    overall: f64,
}

impl Means {
    fn of(&self, level: u32) -> f64 {
        let mean = self.by_level.get(level as usize).copied().unwrap_or(f64::NAN);
        if mean.is_nan() { self.overall } else { mean }
    }
}

/// With `smoothing` m: `(Σy + m·ȳ) / (n + m)`. Without: `λ·mean + (1 − λ)·ȳ` with `λ = n·s² / (n·s² + s²_level)`, where
/// s² are variances of all rows and of the level (Micci-Barreca 2001; scikit-learn's `_target_encoder_fast`).
fn means(codes: &[u32], n_levels: usize, y: &[f64], used: impl Fn(usize) -> bool, smoothing: Option<f64>) -> Means {
    let rows: Vec<usize> = (0..y.len()).filter(|&row| used(row)).collect();
    let picked: Vec<f64> = rows.iter().map(|&row| y[row]).collect();
    let overall = scale::mean(&picked);
    let (mut counts, mut sums, mut squares) = (vec![0.0; n_levels], vec![0.0; n_levels], vec![0.0; n_levels]);
    for (&row, &y) in rows.iter().zip(&picked) {
        counts[codes[row] as usize] += 1.0;
        sums[codes[row] as usize] += y;
    }
    for (&row, &y) in rows.iter().zip(&picked) {
        let level = codes[row] as usize;
        squares[level] += (y - sums[level] / counts[level]).powi(2);
    }
    let variance = picked.iter().map(|y| (y - overall).powi(2)).sum::<f64>() / picked.len().max(1) as f64;
    let level = |at: usize| {
        let n: f64 = counts[at];
        if let Some(m) = smoothing {
            return if n + m > 0.0 { (sums[at] + m * overall) / (n + m) } else { f64::NAN };
        }
        let lambda = variance * n / (variance * n + squares[at] / n);
        lambda * (sums[at] / n) + (1.0 - lambda) * overall
    };
    Means { by_level: (0..n_levels).map(level).collect(), overall }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::data::recipe::column::Column;
    use crate::domain::io::Silent;

    fn frame() -> Frame<'static> {
        let mut frame = Frame::new(8);
        let codes = vec![0, 0, 0, 1, 1, 2, 2, 2];
        frame.put("c", Column::Texts(Texts { codes, values: ["a", "b", "c"].map(Cow::Borrowed).to_vec() }));
        frame
    }

    fn values(target: &Target, smoothing: Option<f64>) -> Vec<f64> {
        let rule = Rule { folds: 2, smoothing, seed: 1 };
        let fitted = fit(&["c".to_owned()], target, rule, &frame(), &Silent).unwrap();
        fitted.lookups[0].values.iter().map(|v| v.unwrap()).collect()
    }

    #[test]
    fn equals_the_target_encoder() {
        let y = Target::Values(vec![1.0, 2.0, 4.0, 3.0, 3.0, 10.0, 12.0, 8.0]);
        let near = |found: Vec<f64>, expected: [f64; 3]| {
            for (a, b) in found.iter().zip(expected) {
                assert!((a - b).abs() < 1e-12, "{found:?}");
            }
        };
        // sklearn.preprocessing.TargetEncoder(target_type="continuous", smooth=…).fit(X, y).encodings_
        near(values(&y, None), EXPECTED_AUTO);
        near(values(&y, Some(2.0)), [3.55, 4.1875, 8.15]);
        let classes = Target::Classes { codes: vec![0, 1, 1, 0, 0, 1, 1, 1], n_classes: 2 };
        near(values(&classes, Some(1.0)), [0.656_25, 0.208_333_333_333_333_34, 0.906_25]);
    }

    const EXPECTED_AUTO: [f64; 3] = [2.438_457_087_753_134, 3.0, 9.732_580_463_015_246];

    #[test]
    fn training_rows_never_see_their_own_answer() {
        let mut y = vec![0.0; 8];
        let rule = Rule { folds: 4, smoothing: Some(0.0), seed: 3 };
        let of =
            |y: &[f64]| fit(&["c".to_owned()], &Target::Values(y.to_vec()), rule, &frame(), &Silent).unwrap().training;
        let before = of(&y);
        for row in 0..8 {
            y[row] = 1000.0;
            assert_eq!(of(&y)[0].1[row], before[0].1[row], "row {row}");
            y[row] = 0.0;
        }
    }

    #[test]
    fn more_classes_get_a_column_each() {
        let classes = Target::Classes { codes: vec![0, 1, 2, 0, 0, 1, 1, 2], n_classes: 3 };
        let fitted =
            fit(&["c".to_owned()], &classes, Rule { folds: 2, smoothing: None, seed: 0 }, &frame(), &Silent).unwrap();
        let names: Vec<&str> = fitted.lookups.iter().map(|l| l.into.as_str()).collect();
        assert_eq!(names, ["c.class_0", "c.class_1", "c.class_2"]);
        let sums: f64 = fitted.lookups.iter().map(|l| l.unknown.unwrap()).sum();
        assert!((sums - 1.0).abs() < 1e-12);
    }
}
