//! Rank: which columns say something about a target. Nothing is stored.

use crate::data::ranking;
use crate::data::recipe;
use crate::data::split::{sample_rows, split};
use crate::data::table::Table;
use crate::data::target::{self, TargetColumn};
use crate::domain::io::{JobIo, Part};
use crate::domain::params::{Algorithm, ParamDraft, ParamValue, check_params};
use crate::domain::ranking::{RankRequest, Ranking};
use crate::domain::recipe::RecipeSpec;
use crate::domain::relations::LeftOut;
use crate::domain::split::{SplitKind, SplitSpec};
use crate::ml::{algorithms, importance};
use crate::store::{Workspace, datasets};

use super::StageError;
use super::resolve::open;

/// Rows that are scored at most, and cells: wide tables have fewer rows looked at.
const MOST_ROWS: usize = 200_000;
const MOST_CELLS: usize = 40_000_000;
const FEWEST_ROWS: usize = 1_000;
/// Rows of the model whose columns are shuffled.
const MOST_LEARNED: usize = 20_000;
const TREES: f64 = 50.0;
const TEST_SHARE: f64 = 0.25;

/// Scores every column that could be learned from.
///
/// Errors: an unknown column, a target nothing can be learned for, no column to rank, those of reading, cancelling.
pub fn rank(workspace: &Workspace, request: &RankRequest, io: &dyn JobIo) -> Result<Ranking, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, request.version))?;
    let schema = &version.schema;
    if let Some(unknown) = request.exclude.iter().find(|name| schema.column(name).is_none()) {
        return Err(StageError::usage(
            format!("there is no column `{unknown}` to exclude in {}", version.label()),
            format!("Its columns are {}", schema.names().collect::<Vec<_>>().join(", ")),
        ));
    }
    let opened = open(workspace, &version)?;
    let spec = recipe::spec_for(Algorithm::GradientBoosting, &RecipeSpec::default());
    let (names, left_out) = recipe::default_features(schema, version.rows, &request.target, &request.exclude, &spec);
    let n_rows = version.rows as usize;
    let most = (MOST_CELLS / (names.len() + 1)).clamp(FEWEST_ROWS, MOST_ROWS);
    let chosen = if n_rows > most { sample_rows(n_rows, most, request.seed) } else { (0..n_rows).collect() };
    let reading = Part { io, from: 0.0, to: 0.2 };
    let is_used = |name: &str| name == request.target || names.iter().any(|feature| feature == name);
    let table = opened.table().gather_table(&chosen, is_used, &reading)?;
    let task = match request.task {
        Some(task) => task,
        None => target::propose(&table, &request.target)?.task,
    };
    let answer = target::read(&table, &request.target, task)?;
    if names.is_empty() {
        return Err(StageError::usage(
            format!("{} has no column beside `{}` that could be learned from", version.label(), request.target),
            left_out.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "),
        ));
    }
    let known = ranking::plain(features_at(&table, &names, &answer.rows));
    let mut columns = ranking::scores(&known, &answer.values, &Part { io, from: 0.2, to: 0.4 })?;
    let relief = ranking::relief(&known, &answer.values, request.seed, &Part { io, from: 0.4, to: 0.6 })?;
    let mut warnings = answer.warnings.clone();
    let model = shuffled(&known, &names, &answer, request.seed, &Part { io, from: 0.6, to: 1.0 });
    let model = model.or_else(|error| if error.is_cancelled() { Err(error) } else { Ok(Shuffled::failed(&error)) })?;
    warnings.extend(model.problem);
    for (column, weight) in columns.iter_mut().zip(relief.weights) {
        column.relief = Some(weight);
        column.permutation = model.added.iter().find(|(name, _)| *name == column.column).map(|(_, added)| *added);
        // Dates were scored as numbers.
        column.kind = schema.column(&column.column).map_or(column.kind, |known| known.kind);
    }
    Ok(Ranking {
        target: request.target.clone(),
        task,
        rows: version.rows,
        rows_used: answer.rows.len() as u64,
        relief_rows: (relief.picked as u64, relief.among as u64),
        model_rows: model.rows,
        seed: request.seed,
        columns,
        left_out: left_out.into_iter().map(|(name, reason)| LeftOut { name, reason }).collect(),
        warnings,
    })
}

/// The rows that have a target, without it.
fn features_at(table: &Table, names: &[String], rows: &[u32]) -> Table {
    let mut some = Table { n_rows: rows.len(), ..Table::default() };
    for (schema, cells) in table.iter().filter(|(schema, _)| names.contains(&schema.name)) {
        some.columns.push(cells.take(rows.iter().map(|&row| row as usize)));
        some.schema.columns.push(schema.clone());
    }
    some
}

/// What shuffling each column adds to the loss of boosted trees.
struct Shuffled {
    added: Vec<(String, f64)>,
    /// Learned from, predicted.
    rows: (u64, u64),
    problem: Option<String>,
}

impl Shuffled {
    fn failed(error: &StageError) -> Self {
        let problem = Some(format!("No model could be fitted to shuffle columns for: {error}"));
        Self { added: Vec::new(), rows: (0, 0), problem }
    }
}

fn shuffled(
    table: &Table,
    names: &[String],
    answer: &TargetColumn,
    seed: u64,
    io: &dyn JobIo,
) -> Result<Shuffled, StageError> {
    // The table holds the rows that have a target, in their order.
    let chosen = sample_rows(table.n_rows, MOST_LEARNED.min(table.n_rows), seed);
    let rows: Vec<u32> = chosen.iter().map(|&row| row as u32).collect();
    let known = TargetColumn { rows, values: answer.values.take(&chosen), ..answer.clone() };
    let halves = split(table, &known, &SplitSpec { kind: SplitKind::Stratified, test_share: TEST_SHARE, seed })?;
    let (y, truth) = (known.at(&halves.train)?, known.at(&halves.test)?);
    let spec = recipe::spec_for(Algorithm::GradientBoosting, &RecipeSpec::default());
    let fitting = Part { io, from: 0.0, to: 0.6 };
    let fitted = recipe::fit(table, &halves.train, Some(&y), names, &spec, seed, &fitting)?;
    let draft = ParamDraft::from([("n_estimators".to_owned(), ParamValue::Number(TREES))]);
    let params = check_params(Algorithm::GradientBoosting, &draft).map_err(StageError::Params)?;
    let model =
        algorithms::fit(Algorithm::GradientBoosting, &params, &fitted.features, &y, None, seed, &fitting)?.model;
    // Each column's predictions would begin their progress anew.
    let shuffling = Part { io, from: 0.8, to: 0.8 };
    let x = recipe::encode(table, &halves.test, &fitted.recipe, &shuffling)?;
    let added = importance::permutation(&model, answer.task, answer.classes.len(), &x, &truth, seed, &shuffling)?;
    let predicted = importance::picked(&model, x.n_features(), x.blocks.len(), truth.len()).len();
    Ok(Shuffled { added, rows: (y.len() as u64, predicted as u64), problem: None })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::domain::ids::VersionId;
    use crate::domain::io::Silent;
    use crate::domain::ranking::Scorer;
    use crate::domain::request::ImportRequest;
    use crate::domain::task::Task;
    use crate::lifecycle::remember::ingest;

    /// Whether somebody `left` follows from `calls` and `plan`, the more so the older; `day`, `noise` and `shop` say nothing.
    fn workspace(folder: &std::path::Path) -> (Workspace, VersionId) {
        let mut text = String::from("id,day,calls,noise,plan,shop,spend,left\n");
        for i in 0..600_u64 {
            let unit = |salt: u64| (crate::stats::mix(i * 8 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
            let (calls, plan, noise) = (unit(1) * 10.0, (unit(2) * 3.0) as usize, unit(3));
            let score = calls - 5.0 + 2.0 * (plan as f64 - 1.0);
            let left = if score + 2.0 * unit(4) > 1.0 { "yes" } else { "no" };
            let gap = if i % 11 == 0 { String::new() } else { format!("{calls:.3}") };
            let day = format!("2026-{:02}-{:02}", 1 + i % 12, 1 + i % 28);
            let (plan, shop) = (["basic", "plus", "pro"][plan], i * 7 % 45);
            let spend = 10.0 + score + unit(5);
            writeln!(text, "c{i},{day},{gap},{noise:.4},{plan},s{shop},{spend:.3},{left}").unwrap();
        }
        std::fs::write(folder.join("left.csv"), text).unwrap();
        let workspace = Workspace::open(&folder.join("ws")).unwrap();
        let version = ingest(&workspace, &ImportRequest::of(folder.join("left.csv")), &Silent).unwrap().version;
        let id = version.id;
        (workspace, id)
    }

    fn asked(version: VersionId, target: &str, exclude: &[&str]) -> RankRequest {
        let exclude = exclude.iter().map(|name| (*name).to_owned()).collect();
        RankRequest { version, target: target.into(), task: None, exclude, seed: 3 }
    }

    #[test]
    fn columns_that_matter_come_first_by_every_score() {
        let folder = tempfile::tempdir().unwrap();
        let (workspace, version) = workspace(folder.path());
        let found = rank(&workspace, &asked(version, "left", &["spend"]), &Silent).unwrap();
        assert_eq!((found.task, found.rows, found.rows_used), (Task::Binary, 600, 600));
        let names: Vec<&str> = found.columns.iter().map(|column| column.column.as_str()).collect();
        assert_eq!(names, ["day", "calls", "noise", "plan", "shop"]);
        for by in
            [Scorer::InformationGain, Scorer::Gini, Scorer::GainRatio, Scorer::F, Scorer::Relief, Scorer::Permutation]
        {
            assert_eq!(found.by(by)[0].column, "calls", "{by:?}: {found:?}");
        }
        assert_eq!(found.by(Scorer::Permutation)[1].column, "plan");
        assert!(found.columns.iter().all(|column| column.permutation.is_some()), "each has a feature of its name");
        let left_out: Vec<&str> = found.left_out.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(left_out, ["id", "spend"]);
        assert_eq!(found.columns[0].kind, crate::domain::schema::ColumnKind::Datetime);
        assert_eq!(found, rank(&workspace, &asked(version, "left", &["spend"]), &Silent).unwrap());
    }

    #[test]
    fn numbers_are_ranked_for_and_wrong_names_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let (workspace, version) = workspace(folder.path());
        let found = rank(&workspace, &asked(version, "spend", &["left"]), &Silent).unwrap();
        assert_eq!(found.task, Task::Regression);
        for by in [Scorer::F, Scorer::Relief, Scorer::Permutation] {
            assert_eq!(found.by(by)[0].column, "calls", "{by:?}");
        }
        let failed = |asked: &RankRequest| rank(&workspace, asked, &Silent).unwrap_err().to_string();
        assert_eq!(failed(&asked(version, "left", &["lft"])), "there is no column `lft` to exclude in left@1");
        assert!(failed(&asked(version, "lft", &[])).contains("`left`"), "the near name is offered");
        let all = ["day", "calls", "noise", "plan", "shop", "spend"];
        assert!(failed(&asked(version, "left", &all)).contains("no column beside `left`"));
    }
}
