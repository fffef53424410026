//! What all runs of one request share: the rows, the target, the split with its folds, the columns.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{leaks, looks};
use crate::data::checks::Power;
use crate::data::columns::{StoredTable, TableRef};
use crate::data::parquet;
use crate::data::recipe;
use crate::data::split;
use crate::data::table::Table;
use crate::data::target::{self, TargetColumn};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::{ContentHash, GroupId, SplitCheckId};
use crate::domain::io::{JobIo, Part};
use crate::domain::params::{Algorithm, CheckedParams, check_params};
use crate::domain::request::TrainRequest;
use crate::domain::run::{Environment, RunPlan, Sample};
use crate::domain::schema::ColumnSchema;
use crate::domain::split::{SplitKind, SplitRows};
use crate::domain::task::{Task, TaskProposal};
use crate::domain::training::{RunContext, Trial};
use crate::domain::words::bytes;
use crate::lifecycle::{StageError, budget, environment};
use crate::ml::cross_validate;
use crate::store::{Workspace, runs};

/// Cells of a table that is small: about 50 MB.
const SMALL_CELLS: usize = 3_000_000;
/// However small the budget, so many rows are taken.
const LEAST_SAMPLE: usize = 1000;

/// Everything the runs of one request share; no part of it changes.
pub struct Session<'a> {
    pub request: &'a TrainRequest,
    pub version: DatasetVersion,
    /// Shared, so that it can be let go of; see [`Session::table`].
    table: Mutex<Arc<Table>>,
    pub proposal: TaskProposal,
    pub task: Task,
    pub target: TargetColumn,
    pub features: Vec<String>,
    pub excluded: Vec<(String, String)>,
    /// Positions in `table`.
    pub rows: SplitRows,
    /// The stored split, whose rows are those of the version.
    pub split_hash: ContentHash,
    /// Features that know the answer, each with the reason why it was kept.
    pub kept: BTreeMap<String, String>,
    /// What the checks say of the split, once they were asked.
    pub split_check: OnceLock<SplitCheckId>,
    /// Position in `table` → row of the version, where they differ.
    drawn: Option<Vec<usize>>,
    pub sampled: Option<Sample>,
    /// One per row of `table`.
    pub weights: Option<Vec<f64>>,
    pub warnings: Vec<String>,
    /// What encoded rows may take in memory at once.
    pub encoding_bytes: u64,
    environment: Environment,
}

/// The rows of a sample with their numbers in the version, ascending.
struct Drawn {
    sample: Sample,
    rows: Vec<usize>,
    budget_bytes: u64,
}

impl<'a> Session<'a> {
    /// Reads the rows and settles everything that does not depend on the algorithm.
    pub fn open(
        workspace: &Workspace,
        request: &'a TrainRequest,
        version: DatasetVersion,
        io: &dyn JobIo,
    ) -> Result<Self, StageError> {
        io.progress("Reading", Some(0.0))?;
        let (table, drawn) = rows_to_learn(workspace, request, &version, &Part { io, from: 0.0, to: 0.8 })?;
        let proposal = target::propose(&table, &request.target)?;
        let task = request.task.unwrap_or(proposal.task);
        prepare(workspace, request, version, (table, drawn), (task, proposal), &Part { io, from: 0.8, to: 1.0 })
    }

    pub fn table(&self) -> Arc<Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Frees the columns that nothing is learned from: what they say of split, target and weights is known.
    pub fn keep_features_only(&self) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = Arc::get_mut(&mut table) {
            let is_feature = |column: &ColumnSchema| self.features.contains(&column.name);
            let mut wanted = table.schema.columns.iter().map(is_feature).collect::<Vec<_>>().into_iter();
            table.columns.retain(|_| wanted.next() == Some(true));
            table.schema.columns.retain(is_feature);
        }
    }

    /// Frees the cells: nobody will ask for them again.
    pub fn let_go_of_the_table(&self) {
        *self.table.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Whether it costs nothing to keep the table while the first models are fitted.
    pub fn is_small(&self) -> bool {
        let table = self.table();
        table.n_rows * table.columns.len() <= SMALL_CELLS
    }

    pub fn n_classes(&self) -> usize {
        self.target.classes.len()
    }

    /// The row of the version behind a position in the table.
    pub fn row_of_version(&self, position: u32) -> u32 {
        self.drawn.as_ref().map_or(position, |rows| rows[position as usize] as u32)
    }

    pub fn plan(
        &self,
        algorithm: Algorithm,
        params: CheckedParams,
        group: Option<GroupId>,
        trial: Option<Trial>,
    ) -> RunPlan {
        let options = &self.request.options;
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
            environment: self.environment.clone(),
            sampled: self.sampled,
            context: RunContext {
                group,
                trial,
                repeats: options.repeats,
                weight: options.weight.clone(),
                split_of: options.split_of,
                kept: self.kept.clone(),
                split_check: self.split_check.get().copied(),
                decision: options.decision,
                members: Vec::new(),
            },
        }
    }
}

/// Bytes the encoded features take, about: a number or a code per cell, and learners keep a copy.
fn encoded_bytes(version: &DatasetVersion, features: &[String]) -> u64 {
    2 * 8 * features.len() as u64 * version.rows
}

/// How many rows fit the memory budget together with their features; `None` when all do.
pub(super) fn rows_that_fit(version: &DatasetVersion, features: &[String], budget_bytes: u64) -> Option<usize> {
    let needed = budget::needed(version) + encoded_bytes(version, features);
    let fitting = || (version.rows as f64 * budget_bytes as f64 / needed as f64) as usize;
    (needed > budget_bytes).then(|| fitting().max(LEAST_SAMPLE).min(version.rows as usize))
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
    let used = [Some(&request.target), split_column(&request.split.kind), request.options.weight.as_ref()];
    let is_used = |name: &str| used.iter().flatten().any(|used| *used == name);
    let fitting = rows_that_fit(version, &features, budget_bytes);
    let Some(fitting) = fitting.filter(|_| version.schema.column(&request.target).is_some()) else {
        let names =
            version.schema.names().filter(|name| is_used(name) || !request.exclude.iter().any(|left| left == name));
        let names: Vec<String> = names.map(str::to_owned).collect();
        let path = workspace.verified_object(&version.table_hash)?;
        return Ok((parquet::open(&path, &version.schema, Some(&names))?, None));
    };
    let seed = request.split.seed;
    let rows = split::sample_rows(version.rows as usize, fitting, seed);
    let path = workspace.verified_object(&version.table_hash)?;
    let stored = StoredTable::open(&path, &version.schema)?;
    let all = TableRef { schema: &version.schema, columns: &stored };
    let is_read = |name: &str| is_used(name) || features.iter().any(|feature| feature == name);
    let table = all.gather_table(&rows, is_read, io)?;
    let sample = Sample { rows: rows.len() as u64, of: version.rows, seed };
    Ok((table, Some(Drawn { sample, rows, budget_bytes })))
}

/// The column that decides the split.
pub(super) fn split_column(kind: &SplitKind) -> Option<&String> {
    match kind {
        SplitKind::Time { column } | SplitKind::Group { column } => Some(column),
        SplitKind::Random | SplitKind::Stratified => None,
    }
}

fn prepare<'a>(
    workspace: &Workspace,
    request: &'a TrainRequest,
    version: DatasetVersion,
    (table, drawn): (Table, Option<Drawn>),
    (task, proposal): (Task, TaskProposal),
    io: &dyn JobIo,
) -> Result<Session<'a>, StageError> {
    if let Some(unknown) = request.exclude.iter().find(|name| version.schema.column(name).is_none()) {
        return Err(StageError::usage(
            format!("there is no column `{unknown}` to exclude in {}", version.label()),
            format!("Its columns are {}", version.schema.names().collect::<Vec<_>>().join(", ")),
        ));
    }
    let target = target::read(&table, &request.target, task)?;
    let (mut features, mut excluded) = columns_of(request, &version);
    leaks::check_kept(&version, request)?;
    let is_asked = |name: &&String| request.options.keep_leaking.get(*name).is_none_or(|reason| !reason.is_empty());
    let asked: Vec<String> = features.iter().filter(is_asked).cloned().collect();
    let of = (&table, &target.rows[..]);
    let scores = leaks::scores(workspace, &version, of, (&asked, &request.target), Power::LeftOut, io)?;
    let kept = leaks::leave_out(request, &scores, &mut features, &mut excluded);
    let place = |name: &str| version.schema.columns.iter().position(|c| c.name == name);
    excluded.sort_by_key(|(name, _)| place(name));
    if features.is_empty() {
        return Err(StageError::usage(
            "no column is left to learn from",
            excluded.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "),
        ));
    }
    let weights = request.options.weight.as_ref().map(|column| read_weights(&table, column, &target)).transpose()?;
    let rows = match request.options.split_of {
        Some(run) => rows_of_run(workspace, request, &version, drawn.is_some(), &target, run)?,
        None => split::split(&table, &target, &request.split)?,
    };
    let rows = with_folds(request, &table, &target, rows)?;
    let mut warnings = Vec::new();
    let split_hash = match &drawn {
        Some(Drawn { sample, rows: of_version, budget_bytes }) => {
            warnings.push(format!(
                "Trained and tested on {}: the table does not fit the memory budget of {}; a larger budget uses more rows",
                sample.describe(),
                bytes(*budget_bytes)
            ));
            let numbers = |positions: &Vec<u32>| positions.iter().map(|p| of_version[*p as usize] as u32).collect();
            workspace.put_json(&SplitRows {
                train: numbers(&rows.train),
                test: numbers(&rows.test),
                folds: rows.folds.iter().map(numbers).collect(),
                ..rows.clone()
            })?
        }
        None => workspace.put_json(&rows)?,
    };
    warnings.extend(target.warnings.iter().cloned());
    let left_out = scores.iter().filter(|score| score.leaks() && !kept.contains_key(&score.column));
    warnings.extend(left_out.map(|score| {
        let (column, reason) = (&score.column, score.reason(&request.target));
        format!(
            "`{column}` is left out, as {reason}. If it is known before that, keep it with a reason: tick it \
             on the Train page, or --keep-leaking"
        )
    }));
    let number = |position: &u32| drawn.as_ref().map_or(*position, |drawn| drawn.rows[*position as usize] as u32);
    let test: Vec<u32> = rows.test.iter().map(number).collect();
    let n_looks = looks::count(workspace, &version, &request.target, &test)?;
    warnings.extend(looks::warning(n_looks, test.len()));
    let encoding_bytes = budget::of(workspace)? / 2;
    let (sampled, drawn) = drawn.map(|drawn| (drawn.sample, drawn.rows)).unzip();
    Ok(Session {
        request,
        version,
        table: Mutex::new(Arc::new(table)),
        proposal,
        task,
        target,
        features,
        excluded,
        rows,
        split_hash,
        kept,
        split_check: OnceLock::new(),
        drawn,
        sampled,
        weights,
        warnings,
        encoding_bytes,
        environment: environment::capture(),
    })
}

/// What becomes features. A column that says which rows belong together, when, or how much a row counts is none.
fn columns_of(request: &TrainRequest, version: &DatasetVersion) -> (Vec<String>, Vec<(String, String)>) {
    let (mut features, mut excluded) =
        recipe::default_features(&version.schema, version.rows, &request.target, &request.exclude, &request.recipe);
    let mut leave = |column: &String, why: &str| {
        if let Some(at) = features.iter().position(|name| name == column) {
            features.remove(at);
            excluded.push((column.clone(), why.to_owned()));
        }
    };
    if let SplitKind::Group { column } = &request.split.kind {
        leave(column, "says which rows belong together");
    }
    if let Some(column) = &request.options.weight {
        leave(column, "says how much a row counts");
    }
    (features, excluded)
}

fn read_weights(table: &Table, column: &str, target: &TargetColumn) -> Result<Vec<f64>, StageError> {
    let Some((_, cells)) = table.column(column) else {
        return Err(StageError::usage(
            format!("there is no column `{column}` with weights"),
            "Choose a column of numbers",
        ));
    };
    let weights: Vec<f64> = (0..table.n_rows).map(|row| cells.number(row)).collect();
    let bad = target.rows.iter().find(|&&row| !(weights[row as usize].is_finite() && weights[row as usize] >= 0.0));
    match bad {
        Some(row) => Err(StageError::usage(
            format!("the weight in row {} of column `{column}` is no number of 0 or more", row + 1),
            "Fill or drop such rows, or train without weights",
        )),
        None => Ok(weights),
    }
}

/// The split of an earlier run, if its rows are rows with a target here.
fn rows_of_run(
    workspace: &Workspace,
    request: &TrainRequest,
    version: &DatasetVersion,
    is_sampled: bool,
    target: &TargetColumn,
    run: crate::domain::ids::RunId,
) -> Result<SplitRows, StageError> {
    let other = workspace.read(|conn| runs::get(conn, run))?;
    let refuse = |why: &str| {
        let summary = format!("the split of run {run} cannot be used for `{}`: {why}", request.target);
        Err(StageError::usage(summary, "Choose a run of the same version and target, or split anew"))
    };
    if other.plan.version_id != version.id {
        return refuse(&format!("it is of {}", other.plan.dataset));
    }
    if is_sampled || other.plan.sampled.is_some() {
        return refuse("only a sample of the rows fits the memory budget");
    }
    let rows: SplitRows = workspace.read_json(&other.plan.split_hash)?;
    let usable = rows.train.iter().chain(&rows.test).all(|row| target.rows.binary_search(row).is_ok());
    if usable { Ok(rows) } else { refuse("some of its rows have no target value here") }
}

/// Folds of the training rows, of the same kind as the split; those a shared split brings are kept.
fn with_folds(
    request: &TrainRequest,
    table: &Table,
    target: &TargetColumn,
    mut rows: SplitRows,
) -> Result<SplitRows, StageError> {
    let (k, repeats) = (request.folds as usize, request.options.repeats.max(1) as usize);
    if rows.folds.len() == k * repeats && request.options.split_of.is_some() {
        return Ok(rows);
    }
    rows.folds.clear();
    rows.forward = false;
    if k == 0 {
        return Ok(rows);
    }
    let seed = request.split.seed;
    let y = target.at(&rows.train)?;
    let by_position = match &request.split.kind {
        SplitKind::Time { column } => {
            rows.forward = true;
            cross_validate::time_folds(&split::times_at(table, &rows.train, column)?, k)?
        }
        SplitKind::Group { column } => {
            let groups = split::groups_at(table, &rows.train, column)?;
            let mut all = Vec::new();
            for repeat in 0..repeats {
                all.extend(cross_validate::group_folds(&groups, k, repeat_seed(seed, repeat))?);
            }
            all
        }
        SplitKind::Random | SplitKind::Stratified => {
            let stratified = y.n_classes() > 0;
            let mut all = Vec::new();
            for repeat in 0..repeats {
                all.extend(cross_validate::folds(&y, k, stratified, repeat_seed(seed, repeat))?);
            }
            all
        }
    };
    rows.folds = by_position.into_iter().map(|fold| fold.into_iter().map(|p| rows.train[p]).collect()).collect();
    Ok(rows)
}

/// The first repeat is the folds without repeats.
fn repeat_seed(seed: u64, repeat: usize) -> u64 {
    if repeat == 0 { seed } else { crate::stats::mix(seed ^ repeat as u64) }
}

/// What was asked for, or the usual ones; with parameters that may run. All problems at once.
/// An ensemble is not among them: it is made of their runs.
pub fn choose_algorithms(request: &TrainRequest, task: Task) -> Result<Vec<(Algorithm, CheckedParams)>, StageError> {
    let chosen = if request.algorithms.is_empty() { Algorithm::usual(task) } else { request.algorithms.clone() };
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
    let is_ensemble = |a: &Algorithm| *a == Algorithm::Ensemble && request.options.ensemble;
    if let Some(unused) = request.params.keys().find(|a| !chosen.contains(a) && !is_ensemble(a)) {
        return Err(StageError::usage(
            format!("parameters were given for {}, which is not among the algorithms to train", unused.as_str()),
            "Add the algorithm or leave its parameters out",
        ));
    }
    checked.retain(|(algorithm, _)| *algorithm != Algorithm::Ensemble);
    if problems.is_empty() { Ok(checked) } else { Err(StageError::Params(problems)) }
}

/// Larger for what takes longer on most tables.
pub fn cost_rank(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Baseline => 0,
        Algorithm::NaiveBayes | Algorithm::Linear | Algorithm::Ridge => 1,
        Algorithm::Logistic => 2,
        Algorithm::Lasso | Algorithm::ElasticNet | Algorithm::Glm | Algorithm::Pls => 3,
        Algorithm::DecisionTree => 4,
        Algorithm::GradientBoosting => 5,
        Algorithm::RandomForest | Algorithm::ExtraTrees => 6,
        Algorithm::Knn | Algorithm::Svm => 7,
        Algorithm::Mlp | Algorithm::Ensemble => 8,
    }
}
