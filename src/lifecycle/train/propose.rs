//! What would be trained if nobody chose otherwise, with the reasons.

use crate::data::checks::Power;
use crate::data::table::Table;
use crate::data::{parquet, recipe, target};
use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::VersionId;
use crate::domain::io::JobIo;
use crate::domain::leakage::ColumnScore;
use crate::domain::metric::Metric;
use crate::domain::params::Algorithm;
use crate::domain::recipe::RecipeSpec;
use crate::domain::run::Sample;
use crate::domain::schema::{ColumnKind, ColumnSchema};
use crate::domain::split::{SplitKind, SplitSpec};
use crate::domain::task::Task;
use crate::domain::training::{ColumnRole, Role, TrainingProposal};
use crate::domain::words::thousands;
use crate::lifecycle::resolve::require_present;
use crate::lifecycle::{StageError, budget};
use crate::store::{Workspace, datasets};

use super::leaks;
use super::session::rows_that_fit;

const SEED: u64 = 42;
const TEST_SHARE: f64 = 0.2;
/// A column whose values stand in so many rows each, on average, may name what rows belong to.
const LEAST_PER_GROUP: f64 = 2.0;

pub fn propose(
    workspace: &Workspace,
    version: VersionId,
    target: &str,
    io: &dyn JobIo,
) -> Result<TrainingProposal, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, version))?;
    require_present(workspace, &version)?;
    // A table that stays on disk stays there: the target alone says what is learned.
    let table = match version.schema.column(target) {
        Some(_) => parquet::open(
            &workspace.verified_object(&version.table_hash)?,
            &version.schema,
            Some(&[target.to_owned()]),
        )?,
        None => Table { schema: version.schema.clone(), ..Table::default() },
    };
    let task = target::propose(&table, target)?;
    let columns = scored(roles(&version, target), &scores(workspace, &version, target, io)?, target);
    let (split, split_reason) = split(&columns, task.task);
    let (metric, metric_reason) = metric(task.task);
    Ok(TrainingProposal {
        task: task.task,
        task_reason: task.reason,
        metric,
        metric_reason: metric_reason.to_owned(),
        split,
        split_reason,
        columns,
        algorithms: Algorithm::usual(task.task),
        sample: sample(workspace, &version, target)?,
    })
}

/// The rows that would be learned from, when not all fit the memory budget.
fn sample(workspace: &Workspace, version: &DatasetVersion, target: &str) -> Result<Option<Sample>, StageError> {
    let (features, _) = recipe::default_features(&version.schema, version.rows, target, &[], &RecipeSpec::default());
    let fitting = rows_that_fit(version, &features, budget::of(workspace)?);
    Ok(fitting.map(|rows| Sample { rows: rows as u64, of: version.rows, seed: SEED }))
}

/// How well each feature alone predicts the target.
fn scores(
    workspace: &Workspace,
    version: &DatasetVersion,
    target: &str,
    io: &dyn JobIo,
) -> Result<Vec<ColumnScore>, StageError> {
    let (features, _) = recipe::default_features(&version.schema, version.rows, target, &[], &RecipeSpec::default());
    let fits = rows_that_fit(version, &features, budget::of(workspace)?).is_none();
    let table = leaks::enough_rows(workspace, version, fits, io)?;
    let Some((_, cells)) = table.column(target) else { return Ok(Vec::new()) };
    let rows: Vec<u32> = (0..table.n_rows).filter(|row| !cells.is_missing(*row)).map(|row| row as u32).collect();
    leaks::scores(workspace, version, (&table, &rows), (&features, target), Power::Measured, io)
}

/// The roles with the scores; what knows the answer is left out.
fn scored(mut columns: Vec<ColumnRole>, scores: &[ColumnScore], target: &str) -> Vec<ColumnRole> {
    for column in &mut columns {
        column.score = scores.iter().find(|score| score.column == column.column).cloned();
        let leaks = column.score.as_ref().filter(|score| score.leaks());
        if let Some(score) = leaks.filter(|_| matches!(column.role, Role::Feature | Role::Time)) {
            (column.role, column.reason) = (Role::Excluded, score.reason(target));
        }
    }
    columns
}

fn metric(task: Task) -> (Metric, &'static str) {
    let reason = match task {
        Task::Binary => "two classes: how well the rows are ordered, whatever the threshold",
        Task::Multiclass => "several classes: how much probability the true one gets",
        Task::Regression => "numbers: errors in the unit of the target, large ones weighing more",
    };
    (Metric::primary(task), reason)
}

fn roles(version: &DatasetVersion, target: &str) -> Vec<ColumnRole> {
    let (features, left_out) =
        recipe::default_features(&version.schema, version.rows, target, &[], &RecipeSpec::default());
    let role = |column: &ColumnSchema| {
        let (role, reason) = if column.name == target {
            (Role::Target, "chosen as the target".to_owned())
        } else if let Some(reason) = group_reason(column, version.rows) {
            (Role::Group, reason)
        } else if is_weight(column) {
            (Role::Weight, "a number whose name says that it weighs rows".to_owned())
        } else if let Some((_, why)) = left_out.iter().find(|(name, _)| *name == column.name) {
            (if column.kind == ColumnKind::Identifier { Role::Id } else { Role::Excluded }, why.clone())
        } else if column.kind == ColumnKind::Datetime {
            (Role::Time, "a date: it orders the rows, and its parts become features".to_owned())
        } else {
            debug_assert!(features.contains(&column.name));
            (Role::Feature, format!("{}: {} different values", column.kind.as_str(), thousands(column.distinct)))
        };
        ColumnRole { column: column.name.clone(), role, reason, score: None }
    };
    version.schema.columns.iter().map(role).collect()
}

/// A name that ends in "id" over values that come back: several rows of one customer, patient or machine.
fn group_reason(column: &ColumnSchema, rows: u64) -> Option<String> {
    let words = words(&column.name);
    let names = words.last().is_some_and(|last| ["id", "uuid", "key", "group"].contains(&last.as_str()));
    let per_value = rows as f64 / column.distinct.max(1) as f64;
    (names && column.distinct > 20 && per_value >= LEAST_PER_GROUP).then(|| {
        format!(
            "each of {} values stands in {per_value:.1} rows on average; keep those on one side",
            thousands(column.distinct)
        )
    })
}

fn is_weight(column: &ColumnSchema) -> bool {
    let words = words(&column.name);
    column.kind == ColumnKind::Numeric
        && column.missing == 0
        && words.iter().any(|word| word == "sample" || word == "case" || word == "survey")
        && words.iter().any(|word| word == "weight" || word == "weights")
}

fn words(name: &str) -> Vec<String> {
    name.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn split(columns: &[ColumnRole], task: Task) -> (SplitSpec, String) {
    let first = |role: Role| columns.iter().find(|column| column.role == role).map(|column| column.column.clone());
    let (kind, reason) = if let Some(column) = first(Role::Group) {
        let reason = format!("rows with the same `{column}` must not stand on both sides");
        (SplitKind::Group { column }, reason)
    } else if task.is_classification() {
        (SplitKind::Stratified, "every class keeps its share on both sides".to_owned())
    } else {
        (SplitKind::Stratified, "small and large values of the target are on both sides".to_owned())
    };
    let reason = match first(Role::Time) {
        Some(time) => format!("{reason}. To predict what comes later, split by time: time:{time}"),
        None => reason,
    };
    (SplitSpec { kind, test_share: TEST_SHARE, seed: SEED }, reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::Storage;

    fn column(name: &str, kind: ColumnKind, distinct: u64) -> ColumnSchema {
        ColumnSchema {
            name: name.into(),
            kind,
            storage: Storage::Int64,
            missing: 0,
            distinct,
            true_spellings: Vec::new(),
            false_spellings: Vec::new(),
            notes: Vec::new(),
            missing_tokens: vec![],
            personal: None,
        }
    }

    #[test]
    fn names_over_values_that_come_back_are_groups() {
        assert!(group_reason(&column("patient_id", ColumnKind::Numeric, 200), 1000).is_some());
        assert!(group_reason(&column("patient_id", ColumnKind::Identifier, 1000), 1000).is_none());
        assert!(group_reason(&column("paid", ColumnKind::Numeric, 200), 1000).is_none());
        assert!(is_weight(&column("sample_weight", ColumnKind::Numeric, 50)));
        assert!(!is_weight(&column("weight", ColumnKind::Numeric, 50)), "of a person, say");
    }
}
