//! One fit: of all training rows, or of a fold; and what they come to together.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use super::clock::{CpuClock, CpuOf};
use super::encode::{Encoded, Encodings, Rows};
use super::session::Session;
use crate::data::recipe::balance;
use crate::domain::evaluation::Evaluation;
use crate::domain::io::{Cancelled, JobIo, Silent};
use crate::domain::metric::MetricSet;
use crate::domain::model::{FittedModel, TrainedModel};
use crate::domain::run::{HeldOut, MetricPoint, RunMetrics, RunPlan, Timings};
use crate::domain::task::{Predictions, Target};
use crate::domain::training::{DecisionSpec, Verdict};
use crate::lifecycle::StageError;
use crate::ml::algorithms::{self, Fitted as Fitting};
use crate::ml::{calibrate, cross_validate, ensemble, evaluation, metrics, predict, prevalence, threshold};

/// What one unit of work came to.
pub enum Piece {
    Whole(Box<Whole>),
    Fold(Fold),
}

pub struct Whole {
    pub encoded: Arc<Encoded>,
    pub model: FittedModel,
    /// The training rows that `on_train` is of, where it is not of all.
    pub trained_on: Option<Vec<usize>>,
    pub on_train: Predictions,
    pub on_test: Predictions,
    pub curve: Vec<MetricPoint>,
    pub warnings: Vec<String>,
    pub timings: Timings,
}

pub struct Fold {
    pub k: usize,
    pub rows: Vec<u32>,
    pub predicted: Predictions,
    pub metrics: MetricSet,
    pub seconds: f64,
}

/// What one run came to, before it is stored.
pub struct Fitted {
    pub model: TrainedModel,
    pub evaluation: Evaluation,
    pub held_out: Option<HeldOut>,
    pub on_test: Predictions,
    pub metrics: RunMetrics,
    pub points: Vec<MetricPoint>,
    pub timings: Timings,
    pub warnings: Vec<String>,
}

/// Fits and predicts. `cores`: what the learner may use; alone on the machine it may use all.
pub fn work(
    session: &Session<'_>,
    encodings: &Encodings<'_>,
    plan: &RunPlan,
    rows: Rows,
    cores: usize,
    io: &dyn JobIo,
) -> Result<Piece, StageError> {
    let started = Instant::now();
    io.progress("encoding", None)?;
    let encoded = encodings.get(&plan.recipe, rows, io)?;
    io.progress("fitting", None)?;
    let cpu = CpuClock::start(if cores > 1 { CpuOf::Process } else { CpuOf::Thread });
    let clock = Instant::now();
    let quiet = Quiet { io, tells: rows == Rows::Whole };
    let fitted = crate::ml::cores::with(cores, || fit_model(plan, &encoded, &quiet))?;
    let (fit_seconds, fit_cpu_seconds) = (clock.elapsed().as_secs_f64(), cpu.seconds());
    io.progress("predicting", None)?;
    let encoding = Instant::now();
    let test = encoded.test(session, io)?;
    let encode_seconds = encoded.seconds + encoding.elapsed().as_secs_f64();
    let (clock, cpu) = (Instant::now(), CpuClock::start(if cores > 1 { CpuOf::Process } else { CpuOf::Thread }));
    let predict =
        |x| crate::ml::cores::with(cores, || predict::predict(&fitted.model, session.task, session.n_classes(), x, io));
    let on_test = predict(test)?;
    Ok(match rows {
        Rows::Fold(k) => Piece::Fold(Fold {
            k,
            rows: encoded.test_rows.clone(),
            metrics: metrics::evaluate(session.task, &encoded.test_y, &on_test),
            predicted: on_test,
            seconds: started.elapsed().as_secs_f64(),
        }),
        Rows::Whole => {
            let trained_on = measured_rows(&fitted.model, encoded.train.n_rows);
            let on_train = match &trained_on {
                Some(rows) => predict(&encoded.train.take(rows))?,
                None => predict(&encoded.train)?,
            };
            let timings = Timings {
                encode_seconds,
                fit_seconds,
                fit_cpu_seconds,
                predict_seconds: clock.elapsed().as_secs_f64(),
                predict_cpu_seconds: cpu.seconds(),
                total_seconds: started.elapsed().as_secs_f64(),
            };
            Piece::Whole(Box::new(Whole {
                model: fitted.model,
                trained_on,
                on_train,
                on_test,
                curve: fitted.curve,
                warnings: fitted.warnings,
                timings,
                encoded,
            }))
        }
    })
}

/// Comparisons of a training row with a stored one that measuring on the training rows may take.
const MOST_PAIRS: usize = 10_000_000;

/// The training rows a model is measured on, evenly picked, where all would take longer than anything else: neighbours
/// compare each with all they stored. `None` for all.
pub fn measured_rows(model: &FittedModel, n_rows: usize) -> Option<Vec<usize>> {
    let stored = match model {
        FittedModel::Knn(stored) => stored.answers.len(),
        FittedModel::Ensemble { members } => {
            let each = members.iter().map(|member| &member.model);
            return each.filter_map(|model| measured_rows(model, n_rows)).min_by_key(Vec::len);
        }
        _ => return None,
    };
    let most = (MOST_PAIRS / stored.max(1)).max(1000);
    (most < n_rows).then(|| (0..most).map(|at| at * n_rows / most).collect())
}

/// The curves of folds are nobody's.
struct Quiet<'a> {
    io: &'a dyn JobIo,
    tells: bool,
}

impl JobIo for Quiet<'_> {
    fn progress(&self, phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        self.io.progress(phase, fraction)
    }

    fn measured(&self, run: &str, point: &MetricPoint) {
        if self.tells {
            self.io.measured(run, point);
        }
    }
}

/// Fits on the rows, drawn again where the classes are to be balanced.
fn fit_model(plan: &RunPlan, encoded: &Encoded, io: &dyn JobIo) -> Result<Fitting, StageError> {
    let (x, y, weights) = (&encoded.train, &encoded.train_y, encoded.train_weights.as_deref());
    let drawn = balance::balance(y, plan.recipe.balance, plan.seed);
    Ok(match &drawn.positions {
        None => algorithms::fit(plan.algorithm, &plan.params, x, y, weights, plan.seed, io)?,
        Some(positions) => {
            let (x, y) = (x.take(positions), y.take(positions));
            let weights = weights.map(|all| positions.iter().map(|&p| all[p]).collect::<Vec<f64>>());
            let mut fitted = algorithms::fit(plan.algorithm, &plan.params, &x, &y, weights.as_deref(), plan.seed, io)?;
            if !prevalence::restore(&mut fitted.model, &drawn.prevalence, &drawn.drawn) {
                let text = "The probabilities are those among balanced rows, not among the rows as they are";
                fitted.warnings.push(text.to_owned());
            }
            fitted
        }
    })
}

/// Everything that is kept of a run, from its pieces.
pub fn assemble(session: &Session<'_>, plan: &RunPlan, whole: Whole, folds: Vec<Fold>) -> Result<Fitted, StageError> {
    let Whole { encoded, model, trained_on, on_train, on_test, curve, warnings: of_fit, mut timings } = whole;
    timings.total_seconds += folds.iter().map(|fold| fold.seconds).sum::<f64>();
    let mut warnings = session.warnings.clone();
    warnings.extend(encoded.warnings.iter().cloned());
    warnings.extend(of_fit);
    let held_out = held_out(session, &folds);
    let model = TrainedModel {
        format_version: 1,
        algorithm: plan.algorithm.as_str().to_owned(),
        task: plan.task,
        target: plan.target.clone(),
        classes: session.target.classes.clone(),
        recipe: encoded.recipe.clone(),
        model,
        calibration: None,
        threshold: None,
    };
    let mut points = fold_points(&folds);
    points.extend(curve);
    let by_fold: Vec<MetricSet> = folds.into_iter().map(|fold| fold.metrics).collect();
    let (cv, cv_std) = cross_validate::summarise(&by_fold);
    let metrics = RunMetrics { cv, cv_std, ..RunMetrics::default() };
    let train_y = trained_on.map_or(Cow::Borrowed(&encoded.train_y), |rows| Cow::Owned(encoded.train_y.take(&rows)));
    let rows = Measured { learned_y: &encoded.train_y, train_y: &train_y, on_train, test_y: &encoded.test_y, on_test };
    let names = &encoded.train.names;
    let known = Fitted0 { metrics, points, timings, warnings };
    let mut fitted = finish(session, plan, model, rows, names, held_out, known)?;
    // At most a thousand rows: over before anybody could cancel it.
    let (x, truth) = (encoded.test(session, &Silent)?, &encoded.test_y);
    let (model, seed) = (&fitted.model.model, plan.seed);
    evaluation::add_permutation(&mut fitted.evaluation, model, plan.task, x, truth, seed, &Silent)?;
    Ok(fitted)
}

/// Truth and what the learner says.
pub struct Measured<'a> {
    /// Of all rows that were learned from; `train_y` of those of them that are measured on.
    pub learned_y: &'a Target,
    pub train_y: &'a Target,
    pub on_train: Predictions,
    pub test_y: &'a Target,
    pub on_test: Predictions,
}

/// What is known before the decision is learned.
pub struct Fitted0 {
    pub metrics: RunMetrics,
    pub points: Vec<MetricPoint>,
    pub timings: Timings,
    pub warnings: Vec<String>,
}

/// Learns calibration and threshold, then measures the model as it will answer.
pub fn finish(
    session: &Session<'_>,
    plan: &RunPlan,
    mut model: TrainedModel,
    rows: Measured<'_>,
    names: &[String],
    held_out: Option<(HeldOut, Target, Predictions)>,
    known: Fitted0,
) -> Result<Fitted, StageError> {
    let Measured { learned_y, train_y, mut on_train, test_y, mut on_test } = rows;
    let Fitted0 { mut metrics, points, timings, mut warnings } = known;
    decide(&plan.context.decision, &mut model, held_out.as_ref(), &mut warnings);
    calibrate::correct(&model, &mut on_train);
    calibrate::correct(&model, &mut on_test);
    metrics.train = metrics::evaluate_at(plan.task, train_y, &on_train, model.threshold);
    metrics.test = metrics::evaluate_at(plan.task, test_y, &on_test, model.threshold);
    metrics.dummy = metrics::evaluate(plan.task, test_y, &dummy(learned_y, test_y.len()));
    metrics.interval = metrics::intervals::intervals(plan.task, test_y, &on_test, model.threshold, plan.seed);
    metrics.interval.retain(|key, _| metrics.test.contains_key(key));
    let evaluation = evaluation::evaluate_plots(
        plan.task,
        &session.target.classes,
        test_y,
        &on_test,
        &model.model,
        names,
        model.threshold,
    );
    let held_out = held_out.map(|(held_out, ..)| held_out);
    Ok(Fitted { model, evaluation, held_out, on_test, metrics, points, timings, warnings })
}

/// Calibration first: the threshold cuts what comes out of it.
fn decide(
    spec: &DecisionSpec,
    model: &mut TrainedModel,
    held_out: Option<&(HeldOut, Target, Predictions)>,
    warnings: &mut Vec<String>,
) {
    if spec.is_plain() || !model.task.is_classification() {
        return;
    }
    let Some((_, truth, predicted)) = held_out else {
        warnings.push("Neither calibrated nor cut: that is learned from folds, and there are none".to_owned());
        return;
    };
    let mut predicted = predicted.clone();
    if let Some(method) = spec.calibration {
        model.calibration = calibrate::fit(method, truth, &predicted);
        calibrate::correct(model, &mut predicted);
    }
    if let (Some(rule), Target::Classes { codes, n_classes: 2 }) = (spec.threshold, truth) {
        let is_positive: Vec<bool> = codes.iter().map(|&code| code == 1).collect();
        let p: Vec<f64> = ensemble::numbers(&predicted).iter().skip(1).step_by(2).copied().collect();
        model.threshold = threshold::choose(rule, &is_positive, &p);
    }
}

/// What somebody says who knows the target's distribution only.
fn dummy(train_y: &Target, n_rows: usize) -> Predictions {
    match train_y {
        Target::Classes { codes, n_classes } => {
            let mut shares = vec![0.0; *n_classes];
            codes.iter().for_each(|&code| shares[code as usize] += 1.0 / codes.len() as f64);
            Predictions::Classes { probabilities: shares.repeat(n_rows), n_classes: *n_classes }
        }
        Target::Values(values) => {
            Predictions::Values(vec![values.iter().sum::<f64>() / values.len().max(1) as f64; n_rows])
        }
    }
}

/// The predictions of the folds in row order, with the truth; repeats are averaged.
fn held_out(session: &Session<'_>, folds: &[Fold]) -> Option<(HeldOut, Target, Predictions)> {
    let width = if session.task.is_classification() { session.n_classes() } else { 1 };
    let mut rows: Vec<u32> = folds.iter().flat_map(|fold| fold.rows.iter().copied()).collect();
    rows.sort_unstable();
    rows.dedup();
    if rows.is_empty() {
        return None;
    }
    let (mut answers, mut times) = (vec![0.0; rows.len() * width], vec![0.0; rows.len()]);
    for fold in folds {
        for (row, said) in fold.rows.iter().zip(ensemble::numbers(&fold.predicted).chunks_exact(width)) {
            let Ok(at) = rows.binary_search(row) else { continue };
            answers[at * width..(at + 1) * width].iter_mut().zip(said).for_each(|(a, s)| *a += s);
            times[at] += 1.0;
        }
    }
    answers.chunks_exact_mut(width).zip(&times).for_each(|(row, n)| row.iter_mut().for_each(|a| *a /= n));
    let truth = session.target.at(&rows).ok()?;
    let predicted = if session.task.is_classification() {
        Predictions::Classes { probabilities: answers.clone(), n_classes: width }
    } else {
        Predictions::Values(answers.clone())
    };
    let held_out = HeldOut {
        format_version: 1,
        split_hash: session.split_hash.clone(),
        rows: rows.iter().map(|&row| session.row_of_version(row)).collect(),
        answers,
        width: width as u32,
    };
    Some((held_out, truth, predicted))
}

/// One point per fold and metric; folds count from 1.
fn fold_points(folds: &[Fold]) -> Vec<MetricPoint> {
    let points = folds.iter().flat_map(|fold| {
        let step = fold.k as u32 + 1;
        let each = fold.metrics.iter();
        each.map(move |(metric, &value)| MetricPoint { part: "fold".to_owned(), metric: metric.clone(), step, value })
    });
    points.collect()
}

/// The largest difference of two lists of numbers, relative to their size where that is above 1.
pub fn difference(a: &[f64], b: &[f64]) -> (Verdict, f64) {
    if a.len() != b.len() {
        return (Verdict::Different, f64::INFINITY);
    }
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    if bits(a) == bits(b) {
        return (Verdict::BitEqual, 0.0);
    }
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs() / a.abs().max(b.abs()).max(1.0)).fold(0.0, f64::max);
    (if far <= TOLERANCE { Verdict::WithinTolerance } else { Verdict::Different }, far)
}

/// Rounding differs between processors and versions of mathematics libraries; a different model differs by more.
pub const TOLERANCE: f64 = 1e-6;
