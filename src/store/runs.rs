//! Runs: started, then ended exactly once. Their metrics lie in tables of their own, where they can be compared.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

use super::records::{self, MODELS, RUNS};
use super::sql::{self, Fields};
use super::{StoreError, Tx, files};
use crate::domain::ids::{ContentHash, DatasetId, RunId, VersionId};
use crate::domain::metric::MetricSet;
use crate::domain::run::{MetricPoint, Run, RunMetrics, RunPlan, RunStatus, Timings};

/// What a completed run has to show. The objects must be in the workspace already.
#[derive(Clone, Debug)]
pub struct RunResult {
    pub metrics: RunMetrics,
    pub timings: Timings,
    pub warnings: Vec<String>,
    /// The stored `TrainedModel`.
    pub model_hash: ContentHash,
    /// The stored `Evaluation`.
    pub evaluation_hash: ContentHash,
    /// The stored `HeldOut`.
    pub held_out_hash: Option<ContentHash>,
    /// Size of the stored model.
    pub model_bytes: u64,
    pub train_rows: u64,
    pub test_rows: u64,
    /// Numbers by step.
    pub points: Vec<MetricPoint>,
}

/// Numbers that are read with the run and never searched for.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct MoreMetrics {
    dummy: MetricSet,
    interval: BTreeMap<String, [f64; 2]>,
}

macro_rules! select_run {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.status, r.plan, d.name || '@' || v.version AS dataset, r.problem, r.warnings, r.timings, ",
            "m.model_hash, m.model_bytes, r.evaluation_hash, r.held_out_hash, r.more_metrics, r.train_rows, r.test_rows, r.started_at_ms, r.ended_at_ms ",
            "FROM runs r JOIN dataset_versions v ON v.id = r.version_id JOIN datasets d ON d.id = v.dataset_id ",
            "LEFT JOIN models m ON m.run_id = r.id ",
            $rest
        )
    };
}

/// Stores a run as running, signed by the workspace it is started through: when that is closed (or its process dies)
/// before the run ends, the next sweep marks the run as interrupted.
pub fn start(tx: &Tx, plan: &RunPlan) -> Result<RunId, StoreError> {
    let sql = "INSERT INTO runs (version_id, status, algorithm, task, target, split_hash, plan, holder, started_at_ms, group_id) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT holder FROM temp.session), ?8, ?9)";
    tx.prepare_cached(sql)?.execute(params![
        plan.version_id,
        RunStatus::Running.as_str(),
        plan.algorithm.as_str(),
        plan.task.as_str(),
        plan.target,
        plan.split_hash,
        sql::to_json("the plan of the run", plan)?,
        files::now_ms(),
        plan.context.group,
    ])?;
    let id = RunId(tx.last_insert_rowid());
    records::seal(tx, &RUNS, id.0)?;
    Ok(id)
}

/// Ends a run as completed. Fails with [`StoreError::RunEnded`] when it is not running any more.
pub fn finish(tx: &Tx, id: RunId, result: &RunResult) -> Result<(), StoreError> {
    require_running(tx, id)?;
    let what = format!("run {id}");
    for (part, set) in parts(&result.metrics) {
        insert_metrics(tx, id, part, set)?;
    }
    insert_points(tx, id, &result.points)?;
    let now = files::now_ms();
    let sql = "UPDATE runs SET status = ?2, timings = ?3, warnings = ?4, evaluation_hash = ?5, train_rows = ?6, \
               test_rows = ?7, ended_at_ms = ?8, held_out_hash = ?9, more_metrics = ?10 WHERE id = ?1";
    let more = MoreMetrics { dummy: result.metrics.dummy.clone(), interval: result.metrics.interval.clone() };
    tx.prepare_cached(sql)?.execute(params![
        id,
        RunStatus::Completed.as_str(),
        sql::to_json(&what, &result.timings)?,
        sql::to_json(&what, &result.warnings)?,
        result.evaluation_hash,
        sql::int(&what, result.train_rows)?,
        sql::int(&what, result.test_rows)?,
        now,
        result.held_out_hash,
        sql::to_json(&what, &more)?,
    ])?;
    seal(tx, id)?;
    tx.prepare_cached("INSERT INTO models (run_id, model_hash, created_at_ms, model_bytes) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, result.model_hash, now, sql::int(&what, result.model_bytes)?])?;
    records::seal(tx, &MODELS, tx.last_insert_rowid())
}

/// Ends a run that did not complete: failed, cancelled or interrupted, with the reason in words for people.
pub fn end(tx: &Tx, id: RunId, status: RunStatus, problem: &str) -> Result<(), StoreError> {
    if matches!(status, RunStatus::Running | RunStatus::Completed) {
        let problem = format!("a run does not end as {} this way", status.as_str());
        return Err(StoreError::Invalid { what: format!("run {id}"), problem });
    }
    require_running(tx, id)?;
    let sql = "UPDATE runs SET status = ?2, problem = ?3, ended_at_ms = ?4 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, status.as_str(), problem, files::now_ms()])?;
    seal(tx, id)
}

/// One run, hidden or not.
pub fn get(conn: &Connection, id: RunId) -> Result<Run, StoreError> {
    let mut run = sql::query_opt(conn, select_run!("WHERE r.id = ?1"), [id], from_row)?
        .ok_or_else(|| sql::not_found(RUNS.noun, id))?;
    let sql = "SELECT run_id AS id, part, metric, value FROM run_metrics WHERE run_id = ?1";
    for (_, part, metric, value) in sql::query_all(conn, sql, [id], metric_from_row)? {
        add_metric(&mut run.metrics, &part, metric, value);
    }
    Ok(run)
}

/// All runs that are not hidden, newest first.
pub fn all(conn: &Connection) -> Result<Vec<Run>, StoreError> {
    let mut runs = sql::query_all(conn, select_run!("WHERE r.hidden_at_ms IS NULL ORDER BY r.id DESC"), [], from_row)?;
    let mut metrics: BTreeMap<RunId, RunMetrics> = BTreeMap::new();
    let sql = "SELECT run_id AS id, part, metric, value FROM run_metrics";
    for (id, part, metric, value) in sql::query_all(conn, sql, [], metric_from_row)? {
        add_metric(metrics.entry(id).or_default(), &part, metric, value);
    }
    for run in &mut runs {
        let (dummy, interval) = (std::mem::take(&mut run.metrics.dummy), std::mem::take(&mut run.metrics.interval));
        run.metrics = RunMetrics { dummy, interval, ..metrics.remove(&run.id).unwrap_or_default() };
    }
    Ok(runs)
}

/// The numbers by step, by part, metric and step.
pub fn points(conn: &Connection, id: RunId) -> Result<Vec<MetricPoint>, StoreError> {
    let sql = "SELECT run_id AS id, part, metric, step, value FROM metric_points WHERE run_id = ?1 \
               ORDER BY part, metric, step";
    sql::query_all(conn, sql, [id], |row| {
        let fields = Fields::of(row, RUNS.noun)?;
        Ok(MetricPoint {
            part: fields.get("part")?,
            metric: fields.get("metric")?,
            step: fields.get("step")?,
            value: fields.get("value")?,
        })
    })
}

/// The splits on which completed runs for a target were measured, hidden ones too, with how many there are of each.
pub fn measured_splits(
    conn: &Connection,
    version: VersionId,
    target: &str,
) -> Result<Vec<(ContentHash, u64)>, StoreError> {
    let sql = "SELECT split_hash, count(*) FROM runs WHERE version_id = ?1 AND target = ?2 AND status = ?3 \
               GROUP BY split_hash ORDER BY split_hash";
    sql::query_all(conn, sql, params![version, target, RunStatus::Completed.as_str()], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
    })
}

/// What the newest run on a dataset was trained for.
pub fn newest_target(conn: &Connection, dataset: DatasetId) -> Result<Option<String>, StoreError> {
    let sql = "SELECT r.target FROM runs r JOIN dataset_versions v ON v.id = r.version_id WHERE v.dataset_id = ?1 \
               ORDER BY r.id DESC LIMIT 1";
    sql::query_opt(conn, sql, [dataset], |row| Ok(row.get(0)?))
}

/// Takes a run out of lists, or puts it back.
pub fn hide(tx: &Tx, id: RunId, hidden: bool) -> Result<(), StoreError> {
    records::check(tx, &RUNS, id.0)?;
    let hidden_at_ms = hidden.then(files::now_ms);
    tx.prepare_cached("UPDATE runs SET hidden_at_ms = ?2 WHERE id = ?1")?.execute(params![id, hidden_at_ms])?;
    records::seal(tx, &RUNS, id.0)
}

/// Runs that claim to be running, with the token of whoever started them.
pub(super) fn running(conn: &Connection) -> Result<Vec<(RunId, String)>, StoreError> {
    let sql = "SELECT id, holder FROM runs WHERE status = 'running' ORDER BY id";
    sql::query_all(conn, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The digest that a run's rows in the metric tables should have.
pub(super) fn metrics_digest(conn: &Connection, id: RunId) -> Result<String, StoreError> {
    let sql = "SELECT part, metric, -1 AS step, value, 'metric' AS kind FROM run_metrics WHERE run_id = ?1 \
               UNION ALL SELECT part, metric, step, value, 'point' AS kind FROM metric_points WHERE run_id = ?1 \
               ORDER BY 5, 1, 2, 3";
    records::digest_of_query(conn, sql, &id)
}

/// Unchanged since it was sealed, and not ended.
fn require_running(tx: &Tx, id: RunId) -> Result<(), StoreError> {
    records::check(tx, &RUNS, id.0)?;
    let sql = "SELECT id, status, metrics_digest FROM runs WHERE id = ?1";
    let (status, digest) = sql::query_opt(tx, sql, [id], |row| {
        let fields = Fields::of(row, RUNS.noun)?;
        Ok((fields.word("status", RunStatus::parse)?, fields.get::<String>("metrics_digest")?))
    })?
    .ok_or_else(|| sql::not_found(RUNS.noun, id))?;
    if status != RunStatus::Running {
        return Err(StoreError::RunEnded { run: id.0, status });
    }
    if digest != metrics_digest(tx, id)? {
        return Err(StoreError::damaged(format!("{} {id}", RUNS.noun), records::ALTERED));
    }
    Ok(())
}

fn seal(tx: &Tx, id: RunId) -> Result<(), StoreError> {
    let digest = metrics_digest(tx, id)?;
    tx.prepare_cached("UPDATE runs SET metrics_digest = ?2 WHERE id = ?1")?.execute(params![id, digest])?;
    records::seal(tx, &RUNS, id.0)
}

fn insert_metrics(tx: &Tx, id: RunId, part: &str, set: &MetricSet) -> Result<(), StoreError> {
    let mut statement =
        tx.prepare_cached("INSERT INTO run_metrics (run_id, part, metric, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (metric, value) in set {
        let value = sql::finite(&format!("{part} {metric} of run {id}"), *value)?;
        statement.execute(params![id, part, metric, value])?;
    }
    Ok(())
}

fn insert_points(tx: &Tx, id: RunId, points: &[MetricPoint]) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO metric_points (run_id, part, metric, step, value) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (run_id, part, metric, step) DO UPDATE SET value = excluded.value",
    )?;
    for point in points {
        let value = sql::finite(&format!("{} {} of run {id}", point.part, point.metric), point.value)?;
        statement.execute(params![id, point.part, point.metric, point.step, value])?;
    }
    Ok(())
}

fn parts(metrics: &RunMetrics) -> [(&'static str, &MetricSet); 4] {
    [("train", &metrics.train), ("test", &metrics.test), ("cv", &metrics.cv), ("cv_std", &metrics.cv_std)]
}

fn add_metric(metrics: &mut RunMetrics, part: &str, metric: String, value: f64) {
    let set = match part {
        "train" => &mut metrics.train,
        "test" => &mut metrics.test,
        "cv" => &mut metrics.cv,
        // The table allows no other.
        _ => &mut metrics.cv_std,
    };
    set.insert(metric, value);
}

fn metric_from_row(row: &Row<'_>) -> Result<(RunId, String, String, f64), StoreError> {
    let fields = Fields::of(row, RUNS.noun)?;
    Ok((fields.get("id")?, fields.get("part")?, fields.get("metric")?, fields.get("value")?))
}

/// Without its metrics.
fn from_row(row: &Row<'_>) -> Result<Run, StoreError> {
    let fields = Fields::of(row, RUNS.noun)?;
    let mut plan: RunPlan = fields.json("plan")?;
    // The dataset may have been renamed since.
    plan.dataset = fields.get("dataset")?;
    let more: MoreMetrics = fields.json_or_default("more_metrics")?;
    Ok(Run {
        id: fields.get("id")?,
        status: fields.word("status", RunStatus::parse)?,
        plan,
        metrics: RunMetrics { dummy: more.dummy, interval: more.interval, ..RunMetrics::default() },
        timings: fields.opt_json("timings")?.unwrap_or_default(),
        problem: fields.get("problem")?,
        warnings: fields.json("warnings")?,
        model_hash: fields.get("model_hash")?,
        evaluation_hash: fields.get("evaluation_hash")?,
        held_out_hash: fields.get("held_out_hash")?,
        model_bytes: fields.get::<Option<i64>>("model_bytes")?.and_then(|bytes| u64::try_from(bytes).ok()),
        train_rows: fields.count("train_rows")?,
        test_rows: fields.count("test_rows")?,
        started_at_ms: fields.get("started_at_ms")?,
        ended_at_ms: fields.get("ended_at_ms")?,
    })
}
