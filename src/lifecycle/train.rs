//! Train: from a dataset version and a target to compared, stored runs.
//!
//! Everything fitted is fitted on training rows only, in each fold anew. One run failing does not take the others with
//! it; each run is committed when it ends, so that a crash costs at most the one under way.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::data::columns::{StoredTable, TableRef};
use crate::data::recipe::{self, RecipeFit, balance};
use crate::data::split;
use crate::data::table::Table;
use crate::data::target::{self, TargetColumn};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::dataset::DatasetVersion;
use crate::domain::features::Features;
use crate::domain::ids::{ContentHash, RunId};
use crate::domain::io::{JobIo, Part};
use crate::domain::metric::{Metric, MetricSet};
use crate::domain::model::TrainedModel;
use crate::domain::params::{Algorithm, CheckedParams, check_params};
use crate::domain::problem::Problem;
use crate::domain::recipe::FittedRecipe;
use crate::domain::request::{JobRequest, TrainOutcome, TrainRequest};
use crate::domain::run::{MetricPoint, RunMetrics, RunPlan, RunStatus, Sample, Timings, best_run};
use crate::domain::split::{SplitKind, SplitRows};
use crate::domain::task::{Target, Task};
use crate::domain::words::bytes;
use crate::ml::algorithms::{self, Fitted as Fitting};
use crate::ml::{cross_validate, evaluation, metrics, predict, prevalence};
use crate::store::runs::{self, RunResult};
use crate::store::{Workspace, activity};

use super::resolve::{load, resolve};
use super::{StageError, budget, environment};

/// However small the budget, so many rows are taken.
const LEAST_SAMPLE: usize = 1000;

/// Everything the runs of one request share.
struct Session<'a> {
    workspace: &'a Workspace,
    request: &'a TrainRequest,
    version: DatasetVersion,
    table: Table,
    task: Task,
    target: TargetColumn,
    features: Vec<String>,
    excluded: Vec<(String, String)>,
    /// Positions in `table`.
    rows: SplitRows,
    /// The stored split, whose rows are those of the version.
    split_hash: ContentHash,
    sampled: Option<Sample>,
    warnings: Vec<String>,
}

pub fn train(workspace: &Workspace, request: &TrainRequest, io: &dyn JobIo) -> Result<TrainOutcome, StageError> {
    let version = resolve(workspace, &request.data, &Part { io, from: 0.0, to: 0.1 })?;
    io.progress("Reading", Some(0.1))?;
    let (table, sampled) = rows_to_learn(workspace, request, &version, &Part { io, from: 0.1, to: 0.12 })?;
    let proposal = target::propose(&table, &request.target)?;
    let task = request.task.unwrap_or(proposal.task);
    let algorithms = choose_algorithms(request, task)?;
    let session = prepare(workspace, request, version, table, sampled, task)?;

    let share = 0.88 / algorithms.len().max(1) as f64;
    let mut finished = Vec::new();
    for (i, (algorithm, params)) in algorithms.iter().enumerate() {
        let from = 0.12 + share * i as f64;
        let part = Part { io, from, to: from + share };
        finished.push(session.run(*algorithm, params.clone(), &part)?);
        io.recorded();
    }
    let runs = workspace.read(|conn| finished.iter().map(|id| runs::get(conn, *id)).collect::<Result<Vec<_>, _>>())?;
    let best = best_run(&runs).map(|run| run.id);
    Ok(TrainOutcome { proposal, runs, best, warnings: session.warnings })
}

/// The rows of a sample with their numbers in the version, ascending.
struct Drawn {
    sample: Sample,
    rows: Vec<usize>,
    budget_bytes: u64,
}

/// Bytes the encoded features take, about: a number or a code per cell, and learners keep a copy.
fn encoded_bytes(version: &DatasetVersion, features: &[String]) -> u64 {
    2 * 8 * features.len() as u64 * version.rows
}

/// The whole table, or what of it fits the memory budget together with its features: seeded, and only the columns that
/// are used.
fn rows_to_learn(
    workspace: &Workspace,
    request: &TrainRequest,
    version: &DatasetVersion,
    io: &dyn JobIo,
) -> Result<(Table, Option<Drawn>), StageError> {
    let budget_bytes = budget::of(workspace)?;
    let (features, _) =
        recipe::default_features(&version.schema, version.rows, &request.target, &request.exclude, &request.recipe);
    let needed = budget::needed(version) + encoded_bytes(version, &features);
    if needed <= budget_bytes || version.schema.column(&request.target).is_none() {
        return Ok((load(workspace, version)?, None));
    }
    let seed = request.split.seed;
    let fitting = (version.rows as f64 * budget_bytes as f64 / needed as f64) as usize;
    let rows = split::sample_rows(version.rows as usize, fitting.max(LEAST_SAMPLE), seed);
    let path = workspace.verified_object(&version.table_hash)?;
    let stored = StoredTable::open(&path, &version.schema)?;
    let all = TableRef { schema: &version.schema, columns: &stored };
    let time = match &request.split.kind {
        SplitKind::Time { column } => Some(column),
        SplitKind::Random | SplitKind::Stratified => None,
    };
    let mut table = Table { n_rows: rows.len(), ..Table::default() };
    for (i, column) in version.schema.columns.iter().enumerate() {
        let fraction = i as f64 / version.schema.columns.len() as f64;
        io.progress(&format!("Reading {}", column.name), Some(fraction))?;
        if features.contains(&column.name) || column.name == request.target || time == Some(&column.name) {
            table.columns.push(all.gather(i, &rows)?);
            table.schema.columns.push(column.clone());
        }
    }
    let sample = Sample { rows: rows.len() as u64, of: version.rows, seed };
    Ok((table, Some(Drawn { sample, rows, budget_bytes })))
}

/// What was asked for, or all that fit the task; with parameters that may run. All problems at once.
fn choose_algorithms(request: &TrainRequest, task: Task) -> Result<Vec<(Algorithm, CheckedParams)>, StageError> {
    let chosen = if request.algorithms.is_empty() { Algorithm::for_task(task) } else { request.algorithms.clone() };
    if let Some(unfit) = chosen.iter().find(|a| !a.fits(task)) {
        let fit: Vec<&str> = Algorithm::for_task(task).iter().map(|a| a.as_str()).collect();
        return Err(StageError::usage(
            format!("{} cannot do a {} task", unfit.as_str(), task.as_str()),
            format!("For `{}` choose among {}", request.target, fit.join(", ")),
        ));
    }
    let mut problems = Vec::new();
    let mut checked = Vec::new();
    for algorithm in &chosen {
        let draft = request.params.get(algorithm).cloned().unwrap_or_default();
        match check_params(*algorithm, &draft) {
            Ok(params) => checked.push((*algorithm, params)),
            Err(more) => problems.extend(more),
        }
    }
    if let Some(unused) = request.params.keys().find(|a| !chosen.contains(a)) {
        return Err(StageError::usage(
            format!("parameters were given for {}, which is not among the algorithms to train", unused.as_str()),
            "Add the algorithm or leave its parameters out",
        ));
    }
    if problems.is_empty() { Ok(checked) } else { Err(StageError::Params(problems)) }
}

fn prepare<'a>(
    workspace: &'a Workspace,
    request: &'a TrainRequest,
    version: DatasetVersion,
    table: Table,
    drawn: Option<Drawn>,
    task: Task,
) -> Result<Session<'a>, StageError> {
    if let Some(unknown) = request.exclude.iter().find(|name| version.schema.column(name).is_none()) {
        return Err(StageError::usage(
            format!("there is no column `{unknown}` to exclude in {}", version.label()),
            format!("Its columns are {}", version.schema.names().collect::<Vec<_>>().join(", ")),
        ));
    }
    let target = target::read(&table, &request.target, task)?;
    let (features, excluded) =
        recipe::default_features(&version.schema, version.rows, &request.target, &request.exclude, &request.recipe);
    if features.is_empty() {
        return Err(StageError::usage(
            "no column is left to learn from",
            excluded.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "),
        ));
    }
    let rows = split::split(&table, &target, &request.split)?;
    let mut warnings = Vec::new();
    let split_hash = match &drawn {
        Some(Drawn { sample, rows: of_version, budget_bytes }) => {
            warnings.push(format!(
                "Trained and tested on {}: the table does not fit the memory budget of {}; a larger budget uses more rows",
                sample.describe(),
                bytes(*budget_bytes)
            ));
            let numbers = |positions: &[u32]| positions.iter().map(|p| of_version[*p as usize] as u32).collect();
            workspace.put_json(&SplitRows { train: numbers(&rows.train), test: numbers(&rows.test), ..rows.clone() })?
        }
        None => workspace.put_json(&rows)?,
    };
    warnings.extend(target.warnings.iter().cloned());
    let sampled = drawn.map(|drawn| drawn.sample);
    Ok(Session {
        workspace,
        request,
        version,
        table,
        task,
        target,
        features,
        excluded,
        rows,
        split_hash,
        sampled,
        warnings,
    })
}

/// What one algorithm came to, before it is stored.
struct Fitted {
    model: TrainedModel,
    evaluation: crate::domain::evaluation::Evaluation,
    metrics: RunMetrics,
    points: Vec<MetricPoint>,
    timings: Timings,
    warnings: Vec<String>,
}

impl Session<'_> {
    /// Runs one algorithm and stores how it ended. Only cancellation and a failing store end the whole job.
    fn run(&self, algorithm: Algorithm, params: CheckedParams, io: &dyn JobIo) -> Result<RunId, StageError> {
        let plan = self.plan(algorithm, params);
        let id = self.workspace.write(|tx| runs::start(tx, &plan))?;
        io.recorded();
        match self.fit_guarded(&plan, io).and_then(|fitted| self.finish(id, &plan, fitted)) {
            Ok(()) => Ok(id),
            Err(error) if error.is_cancelled() => {
                self.end(id, &plan, RunStatus::Cancelled, &Problem::cancelled())?;
                Err(error)
            }
            Err(error) => {
                let problem = error.problem(&JobRequest::Train(self.request.clone()));
                self.end(id, &plan, RunStatus::Failed, &problem)?;
                Ok(id)
            }
        }
    }

    fn plan(&self, algorithm: Algorithm, params: CheckedParams) -> RunPlan {
        RunPlan {
            version_id: self.version.id,
            dataset: self.version.label(),
            algorithm,
            task: self.task,
            target: self.request.target.clone(),
            features: self.features.clone(),
            excluded: self.excluded.clone(),
            split: self.request.split.clone(),
            split_hash: self.split_hash.clone(),
            folds: self.request.folds,
            seed: self.request.split.seed,
            recipe: recipe::spec_for(algorithm, &self.request.recipe),
            params,
            environment: environment::capture(),
            sampled: self.sampled,
        }
    }

    /// A panic in a learner costs its own run only.
    fn fit_guarded(&self, plan: &RunPlan, io: &dyn JobIo) -> Result<Fitted, StageError> {
        catch_unwind(AssertUnwindSafe(|| self.fit(plan, io))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(StageError::Panicked(text.chars().take(500).collect()))
        })
    }

    fn fit(&self, plan: &RunPlan, io: &dyn JobIo) -> Result<Fitted, StageError> {
        let started = Instant::now();
        let title = plan.algorithm.title();
        let mut timings = Timings::default();
        let mut warnings = self.warnings.clone();

        io.progress(&format!("{title}: encoding"), Some(0.0))?;
        let clock = Instant::now();
        let train_y = self.target.at(&self.rows.train)?;
        let learned = self.learn(&self.rows.train, &train_y, plan, io)?;
        warnings.extend(learned.warnings);
        let (recipe, train_x) = (learned.recipe, learned.features);
        let test_x = self.encode(&self.rows.test, &recipe, io)?;
        let test_y = self.target.at(&self.rows.test)?;
        timings.encode_seconds = clock.elapsed().as_secs_f64();

        io.progress(&format!("{title}: fitting"), Some(0.1))?;
        let clock = Instant::now();
        let part = Part { io, from: 0.1, to: 0.4 };
        let fitted = self.fit_model(plan, &train_x, &train_y, &part)?;
        timings.fit_seconds = clock.elapsed().as_secs_f64();
        warnings.extend(fitted.warnings);

        io.progress(&format!("{title}: measuring"), Some(0.4))?;
        let clock = Instant::now();
        let n_classes = self.target.classes.len();
        let predict = |x: &Features| predict::predict(&fitted.model, self.task, n_classes, x, io);
        let (on_train, on_test) = (predict(&train_x)?, predict(&test_x)?);
        timings.predict_seconds = clock.elapsed().as_secs_f64();
        let mut measured = RunMetrics {
            train: metrics::evaluate(self.task, &train_y, &on_train),
            test: metrics::evaluate(self.task, &test_y, &on_test),
            ..RunMetrics::default()
        };
        let mut evaluation = evaluation::evaluate_plots(
            self.task,
            &self.target.classes,
            &test_y,
            &on_test,
            &fitted.model,
            &train_x.names,
        );
        let part = Part { io, from: 0.42, to: 0.45 };
        let (model, seed) = (&fitted.model, plan.seed);
        evaluation::add_permutation(&mut evaluation, model, self.task, &test_x, &test_y, seed, &part)?;
        let folds = self.cross_validate(plan, &train_y, &Part { io, from: 0.45, to: 0.98 })?;
        (measured.cv, measured.cv_std) = cross_validate::summarise(&folds);
        let points = fold_points(folds);
        timings.total_seconds = started.elapsed().as_secs_f64();
        let model = TrainedModel {
            format_version: 1,
            algorithm: plan.algorithm.as_str().to_owned(),
            task: self.task,
            target: plan.target.clone(),
            classes: self.target.classes.clone(),
            recipe,
            model: fitted.model,
            calibration: None,
            threshold: None,
        };
        Ok(Fitted { model, evaluation, metrics: measured, points, timings, warnings })
    }

    /// The metrics of each fold. Recipe and model are fitted on the fold's own training rows.
    fn cross_validate(&self, plan: &RunPlan, train_y: &Target, io: &dyn JobIo) -> Result<Vec<MetricSet>, StageError> {
        let n_folds = plan.folds as usize;
        if n_folds == 0 {
            return Ok(Vec::new());
        }
        let folds = cross_validate::folds(train_y, n_folds, self.task.is_classification(), plan.seed)?;
        let mut measured = Vec::new();
        for (i, held_out) in folds.iter().enumerate() {
            let done = i as f64 / n_folds as f64;
            io.progress(&format!("{}: fold {} of {n_folds}", plan.algorithm.title(), i + 1), Some(done))?;
            let rows_of = |positions: &[usize]| positions.iter().map(|&p| self.rows.train[p]).collect::<Vec<u32>>();
            let fit_rows = rows_of(&cross_validate::rest(held_out, train_y.len()));
            let test_rows = rows_of(held_out);
            let y = self.target.at(&fit_rows)?;
            let part = Part { io, from: done, to: done + 1.0 / n_folds as f64 };
            let learned = self.learn(&fit_rows, &y, plan, &part)?;
            let fitted = self.fit_model(plan, &learned.features, &y, &part)?;
            let test_x = self.encode(&test_rows, &learned.recipe, io)?;
            let predicted = predict::predict(&fitted.model, self.task, self.target.classes.len(), &test_x, io)?;
            measured.push(metrics::evaluate(self.task, &self.target.at(&test_rows)?, &predicted));
        }
        Ok(measured)
    }

    /// The recipe of these rows and their features; target means among them are those of other rows.
    fn learn(&self, rows: &[u32], y: &Target, plan: &RunPlan, io: &dyn JobIo) -> Result<RecipeFit, StageError> {
        Ok(recipe::fit(&self.table, rows, Some(y), &self.features, &plan.recipe, plan.seed, io)?)
    }

    /// Fits on the rows, drawn again where the classes are to be balanced.
    fn fit_model(&self, plan: &RunPlan, x: &Features, y: &Target, io: &dyn JobIo) -> Result<Fitting, StageError> {
        let drawn = balance::balance(y, plan.recipe.balance, plan.seed);
        Ok(match &drawn.positions {
            None => algorithms::fit(plan.algorithm, &plan.params, x, y, None, plan.seed, io)?,
            Some(positions) => {
                let (x, y) = (x.take(positions), y.take(positions));
                let mut fitted = algorithms::fit(plan.algorithm, &plan.params, &x, &y, None, plan.seed, io)?;
                if !prevalence::restore(&mut fitted.model, &drawn.prevalence, &drawn.drawn) {
                    let text = "The probabilities are those among balanced rows, not among the rows as they are";
                    fitted.warnings.push(text.to_owned());
                }
                fitted
            }
        })
    }

    fn encode(&self, rows: &[u32], recipe: &FittedRecipe, io: &dyn JobIo) -> Result<Features, StageError> {
        Ok(recipe::encode(&self.table, rows, recipe, io)?)
    }

    /// Objects first, then everything that names them in one transaction.
    fn finish(&self, id: RunId, plan: &RunPlan, fitted: Fitted) -> Result<(), StageError> {
        let model_hash = self.workspace.put_json(&fitted.model)?;
        let evaluation_hash = self.workspace.put_json(&fitted.evaluation)?;
        let primary = Metric::primary(self.task);
        let score = fitted.metrics.test.get(primary.key());
        let summary = format!(
            "{} for {} on {}{}",
            plan.algorithm.title(),
            plan.target,
            plan.dataset,
            score.map_or_else(String::new, |s| format!(": {} {s:.4} on the test rows", primary.title())),
        );
        let result = RunResult {
            metrics: fitted.metrics,
            timings: fitted.timings,
            warnings: fitted.warnings,
            model_hash,
            evaluation_hash,
            train_rows: self.rows.train.len() as u64,
            test_rows: self.rows.test.len() as u64,
            points: fitted.points,
        };
        self.workspace.write(|tx| {
            runs::finish(tx, id, &result)?;
            activity::append(tx, &event(id, "trained", summary))?;
            Ok(())
        })?;
        Ok(())
    }

    fn end(&self, id: RunId, plan: &RunPlan, status: RunStatus, problem: &Problem) -> Result<(), StageError> {
        self.workspace.write(|tx| {
            runs::end(tx, id, status, &problem.to_string())?;
            let summary = format!("{} for {}: {}", plan.algorithm.title(), plan.target, problem.summary);
            activity::append(tx, &event(id, status.as_str(), summary))?;
            Ok(())
        })?;
        Ok(())
    }
}

/// One point per fold and metric; folds count from 1.
fn fold_points(folds: Vec<MetricSet>) -> Vec<MetricPoint> {
    let numbered = folds.into_iter().zip(1..);
    let points = numbered.flat_map(|(set, step)| {
        set.into_iter().map(move |(metric, value)| MetricPoint { part: "fold".to_owned(), metric, step, value })
    });
    points.collect()
}

fn event(id: RunId, action: &str, summary: String) -> NewEvent {
    NewEvent { action: action.to_owned(), object_kind: ObjectKind::Run, object: format!("run {id}"), summary }
}
