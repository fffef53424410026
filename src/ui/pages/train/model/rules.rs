//! What a column can be: a target and for which task, a feature, or left out, each with its reason.

use crate::domain::dataset::DatasetVersion;
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use crate::domain::task::{Task, TaskProposal};
use crate::domain::training::{Role, TrainingProposal};
use crate::ui::format::{self, count};

use super::form::{SplitChoice, TrainForm};

/// Whole numbers with at most this many different values, and at most this share of the rows, are classes.
const MAX_NUMBER_CLASSES: u64 = 20;
const MAX_NUMBER_CLASS_SHARE: f64 = 0.05;
pub(super) const MAX_CLASSES: u64 = 1000;

/// The rule of training, on what the schema knows.
pub fn propose_task(column: &ColumnSchema, rows: u64) -> Result<TaskProposal, String> {
    let (name, distinct) = (&column.name, column.distinct);
    let rows = rows.saturating_sub(column.missing);
    let values = format!("{} different values in {} rows", count(distinct), count(rows));
    let propose = |task: Task, why: &str| Ok(TaskProposal { task, reason: format!("{name} {why}: {values}") });
    let few = distinct <= MAX_NUMBER_CLASSES && distinct as f64 <= MAX_NUMBER_CLASS_SHARE * rows as f64;
    match column.storage {
        _ if distinct == 0 => Err(format!("{name} has no value in any row; choose another target")),
        _ if distinct == 1 => Err(format!("{name} has the same value in every row; choose another target")),
        Storage::DatetimeMs => Err(format!("{name} holds dates; choose a column with classes or numbers")),
        _ if distinct == 2 => propose(Task::Binary, "has two classes"),
        Storage::Boolean | Storage::String if distinct > MAX_CLASSES || distinct * 2 > rows => {
            Err(format!("{name} has {values}, too many to be classes; choose another target"))
        }
        Storage::Boolean | Storage::String => propose(Task::Multiclass, "holds text"),
        Storage::Int64 if column.kind == ColumnKind::Categorical && distinct <= MAX_CLASSES => {
            propose(Task::Multiclass, "is a categorical column of whole numbers")
        }
        Storage::Int64 if few => propose(Task::Multiclass, "holds few whole numbers"),
        Storage::Int64 => propose(Task::Regression, "holds whole numbers"),
        Storage::Float64 => propose(Task::Regression, "holds decimal numbers"),
    }
}

/// The words for a task in a form.
pub fn task_words(task: Task) -> &'static str {
    match task {
        Task::Binary => "Two classes",
        Task::Multiclass => "Several classes",
        Task::Regression => "A number",
    }
}

/// A column called like a target; else the last yes/no, category or number.
pub(super) fn propose_target(version: &DatasetVersion) -> Option<String> {
    const NAMES: [&str; 9] = ["target", "label", "class", "outcome", "churn", "churned", "default", "y", "species"];
    let columns = &version.schema.columns;
    let usable = |c: &&ColumnSchema| propose_task(c, version.rows).is_ok() && c.kind != ColumnKind::Identifier;
    let named = columns.iter().filter(usable).find(|c| NAMES.contains(&c.name.to_lowercase().as_str()));
    let last = |kind: ColumnKind| columns.iter().rev().filter(usable).find(|c| c.kind == kind);
    named
        .or_else(|| last(ColumnKind::Boolean))
        .or_else(|| last(ColumnKind::Categorical))
        .or_else(|| last(ColumnKind::Numeric))
        .map(|c| c.name.clone())
}

/// Columns a split by time can use.
pub fn time_columns(schema: &Schema) -> Vec<&str> {
    schema.columns.iter().filter(|c| c.kind == ColumnKind::Datetime).map(|c| c.name.as_str()).collect()
}

/// Why a column is left out whatever the user ticks, unless a step of the recipe names it.
pub fn left_out_by_rule(column: &ColumnSchema, rows: u64) -> Option<String> {
    let distinct = count(column.distinct);
    match column.kind {
        _ if column.distinct == 0 || column.missing >= rows => Some("no value in any row".to_owned()),
        _ if column.distinct == 1 && (column.missing == 0 || column.storage != Storage::String) => {
            Some("the same value in every row".to_owned())
        }
        ColumnKind::Identifier => Some(format!("identifier: {distinct} different values")),
        ColumnKind::Text => Some(format!("free text: {distinct} different values; a words step can read it")),
        _ => None,
    }
}

/// What becomes of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnUse<'a> {
    pub column: &'a ColumnSchema,
    pub role: Role,
    /// The rule says so: there is nothing to tick.
    pub settled: bool,
    pub reason: String,
    /// It knows the answer: it is left out, or kept for a reason somebody has to give.
    pub leaks: bool,
}

/// Every column but the target, in file order. The backend's reasons stand in where they have arrived.
pub fn column_uses<'a>(
    form: &TrainForm,
    version: &'a DatasetVersion,
    plan: Option<&TrainingProposal>,
) -> Vec<ColumnUse<'a>> {
    let named = form.recipe.named_columns();
    let is_target = |c: &&ColumnSchema| Some(&c.name) == form.target.as_ref();
    let each = version.schema.columns.iter().filter(|c| !is_target(c)).map(|column| {
        let by_rule = left_out_by_rule(column, version.rows).filter(|_| !named.contains(&column.name.as_str()));
        let is = |chosen: &Option<String>| chosen.as_ref() == Some(&column.name);
        let told = plan.and_then(|plan| plan.columns.iter().find(|c| c.column == column.name));
        let score = told.and_then(|c| c.score.as_ref());
        let leaks = score.filter(|score| score.leaks());
        let proposed =
            |role: Role| told.filter(|c| c.role == role).map(|c| format!(" · {}", c.reason)).unwrap_or_default();
        let (role, settled, reason) = if form.split == SplitChoice::Group && is(&form.group_column) {
            (Role::Group, false, format!("its rows stay on one side{}", proposed(Role::Group)))
        } else if is(&form.weight) {
            (Role::Weight, false, format!("says how much each row counts{}", proposed(Role::Weight)))
        } else if form.exclude.contains(&column.name) && by_rule.is_none() {
            (Role::Excluded, false, "left out by you".to_owned())
        } else if let Some(reason) = by_rule {
            (if column.kind == ColumnKind::Identifier { Role::Id } else { Role::Excluded }, true, reason)
        } else if form.split == SplitChoice::Time && is(&form.time_column) {
            (Role::Time, false, "orders the rows; its parts are features".to_owned())
        } else if let Some(score) = leaks.filter(|_| !form.keep.contains_key(&column.name)) {
            (Role::Excluded, false, score.reason(form.target.as_deref().unwrap_or_default()))
        } else {
            let alone = score.map(|score| {
                let look = if score.is_strong() { ": is it known when the model is used?" } else { "" };
                format!(" · alone {}{look}", score.describe())
            });
            (Role::Feature, false, about(column, version.rows) + &alone.unwrap_or_default())
        };
        ColumnUse { column, role, settled, reason, leaks: leaks.is_some() && !settled }
    });
    each.collect()
}

fn about(column: &ColumnSchema, rows: u64) -> String {
    let mut text = match column.kind {
        ColumnKind::Datetime => "its parts become features".to_owned(),
        _ => format::counted(column.distinct, "value", "values"),
    };
    if column.missing > 0 {
        text += &format!(" · {} missing", format::percent(column.missing as f64 / rows.max(1) as f64));
    }
    text
}

/// Columns that the models learn from.
pub fn feature_count(form: &TrainForm, version: &DatasetVersion, plan: Option<&TrainingProposal>) -> usize {
    let uses = column_uses(form, version, plan);
    uses.iter().filter(|c| matches!(c.role, Role::Feature | Role::Time)).count()
}

#[cfg(test)]
mod tests {
    use super::super::problems::problems;
    use super::*;
    use crate::domain::leakage::ColumnScore;
    use crate::domain::metric::Metric;
    use crate::domain::split::{SplitKind, SplitSpec};
    use crate::domain::training::ColumnRole;
    use crate::ui::pages::fixture;

    fn column(name: &str, kind: ColumnKind, storage: Storage, distinct: u64) -> ColumnSchema {
        fixture::column(name, kind, storage, 0, distinct)
    }

    fn task(storage: Storage, kind: ColumnKind, distinct: u64) -> Result<Task, String> {
        propose_task(&column("t", kind, storage, distinct), 1000).map(|p| p.task)
    }

    #[test]
    fn the_task_follows_the_targets_storage_and_values() {
        assert_eq!(task(Storage::Boolean, ColumnKind::Boolean, 2), Ok(Task::Binary));
        assert_eq!(task(Storage::Int64, ColumnKind::Boolean, 2), Ok(Task::Binary));
        assert_eq!(task(Storage::String, ColumnKind::Categorical, 5), Ok(Task::Multiclass));
        assert_eq!(task(Storage::Int64, ColumnKind::Numeric, 10), Ok(Task::Multiclass));
        assert_eq!(task(Storage::Int64, ColumnKind::Numeric, 400), Ok(Task::Regression));
        assert_eq!(task(Storage::Float64, ColumnKind::Numeric, 10), Ok(Task::Regression));
        assert!(task(Storage::String, ColumnKind::Text, 900).unwrap_err().contains("too many"));
        assert!(task(Storage::DatetimeMs, ColumnKind::Datetime, 50).unwrap_err().contains("dates"));
        assert!(task(Storage::Float64, ColumnKind::Numeric, 1).unwrap_err().contains("same value"));
    }

    #[test]
    fn the_reason_has_its_numbers() {
        let proposal = propose_task(&column("churned", ColumnKind::Boolean, Storage::Boolean, 2), 20_000).unwrap();
        assert_eq!(proposal.reason, "churned has two classes: 2 different values in 20,000 rows");
    }

    #[test]
    fn identifiers_texts_and_constants_are_left_out_with_a_reason() {
        let reason = |kind, storage, distinct| left_out_by_rule(&column("c", kind, storage, distinct), 1000);
        assert_eq!(reason(ColumnKind::Identifier, Storage::Int64, 1000).unwrap(), "identifier: 1,000 different values");
        assert_eq!(reason(ColumnKind::Datetime, Storage::DatetimeMs, 30), None);
        assert_eq!(reason(ColumnKind::Numeric, Storage::Float64, 1).unwrap(), "the same value in every row");
        assert_eq!(reason(ColumnKind::Numeric, Storage::Float64, 5), None);
    }

    #[test]
    fn a_column_has_the_role_the_form_gives_it() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        let role = |form: &TrainForm, name: &str| {
            column_uses(form, version, None).into_iter().find(|c| c.column.name == name).unwrap().role
        };
        assert_eq!(role(&form, "age"), Role::Feature);
        assert_eq!(role(&form, "customer_id"), Role::Id);
        form.split = SplitChoice::Group;
        form.group_column = Some("region".into());
        form.weight = Some("age".into());
        form.exclude.insert("plan".into());
        assert_eq!(
            [role(&form, "region"), role(&form, "age"), role(&form, "plan")],
            [Role::Group, Role::Weight, Role::Excluded]
        );
        form.split = SplitChoice::Time;
        assert_eq!(role(&form, "signup_date"), Role::Time);
        assert!(!column_uses(&form, version, None).iter().any(|c| c.column.name == "churned"));
    }

    #[test]
    fn a_column_that_knows_the_answer_is_left_out_until_somebody_says_why_not() {
        let history = fixture::history();
        let version = history.versions.last().unwrap();
        let mut form = TrainForm::propose(version, &history);
        let score = |column: &str, value: f64| ColumnScore {
            column: column.into(),
            by: "AUC".into(),
            value,
            limit: 0.9,
            leaves_out: 0.99,
            power: None,
        };
        let role = |column: &str, value: f64| ColumnRole {
            column: column.into(),
            role: Role::Feature,
            reason: String::new(),
            score: Some(score(column, value)),
        };
        let plan = TrainingProposal {
            task: Task::Binary,
            task_reason: String::new(),
            metric: Metric::RocAuc,
            metric_reason: String::new(),
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 42 },
            split_reason: String::new(),
            columns: vec![role("age", 0.998), role("plan", 0.93)],
            algorithms: vec![],
            sample: None,
        };
        let of = |form: &TrainForm, name: &str| {
            let all = column_uses(form, version, Some(&plan));
            let found = all.into_iter().find(|c| c.column.name == name).unwrap();
            (found.role, found.leaks, found.reason)
        };
        let (role, leaks, reason) = of(&form, "age");
        assert_eq!((role, leaks), (Role::Excluded, true));
        assert_eq!(reason, "it knows the answer: alone it predicts `churned` with AUC 0.998 (limit 0.99)");
        let (role, leaks, reason) = of(&form, "plan");
        assert_eq!((role, leaks), (Role::Feature, false));
        assert!(reason.ends_with(" · alone AUC 0.930: is it known when the model is used?"), "{reason}");
        form.keep.insert("age".into(), " ".into());
        assert_eq!(of(&form, "age").0, Role::Feature);
        assert!(problems(&form, version).iter().any(|p| p.step == 2 && p.message.contains("why age is kept")));
        form.keep.insert("age".into(), "known at the sale ".into());
        assert_eq!(form.request(version).options.keep_leaking["age"], "known at the sale");
        form.set_target(version, Some("region".into()));
        assert!(form.keep.is_empty(), "another answer");
    }
}
