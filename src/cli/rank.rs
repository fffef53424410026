//! `rank`: which columns say something about a target.

use std::fmt::Write as _;
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::report::{Report, table};
use super::{imported, listing, mixed_up, work};
use crate::domain::dataset::DatasetVersion;
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::ranking::{RankRequest, Ranking, Scorer};
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::words::thousands;
use crate::lifecycle::resolve;

#[derive(Debug, Args)]
pub struct RankArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    data: String,
    /// The column to predict
    #[arg(long, value_name = "COL")]
    target: String,
    /// The score that orders the columns: information_gain, gain_ratio, gini, chi2, f, relief or permutation
    #[arg(long, value_name = "SCORE", default_value = "information_gain", value_parser = scorer)]
    by: Scorer,
    /// Columns to show, the best; all without
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// A column that does not take part; repeat for several
    #[arg(long, value_name = "COL")]
    exclude: Vec<String>,
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
}

fn scorer(text: &str) -> Result<Scorer, String> {
    Scorer::ALL.into_iter().find(|known| known.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Scorer::ALL.into_iter().map(Scorer::name).collect();
        format!("one of {}", names.join(", "))
    })
}

pub fn rank(root: &Path, args: RankArgs) -> Result<Report, Problem> {
    let data = imported(root, &args.data)?;
    let version = listing(root, |workspace| resolve::resolve(workspace, &data, &Silent))?;
    let (target, exclude, seed) = (args.target, args.exclude, args.seed);
    let asked = RankRequest { version: version.id, target, task: None, exclude, seed };
    match work(root, JobRequest::Ask(Question::Rank(asked)))? {
        JobOutcome::Answered(answer) => match *answer {
            Answer::Ranked(found) => Ok(report(&version, &found, args.by, args.top)),
            _ => Err(mixed_up()),
        },
        _ => Err(mixed_up()),
    }
}

fn report(version: &DatasetVersion, found: &Ranking, by: Scorer, top: Option<usize>) -> Report {
    let ordered = found.by(by);
    let shown = &ordered[..top.unwrap_or(ordered.len()).min(ordered.len())];
    let score = |score: Option<f64>| score.map_or_else(String::new, |score| format!("{score:.4}"));
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|column| {
            let scores = Scorer::ALL.into_iter().map(|scorer| score(column.score(scorer)));
            std::iter::once(column.column.clone()).chain(scores).collect()
        })
        .collect();
    let header: Vec<&str> = std::iter::once("column").chain(Scorer::ALL.into_iter().map(Scorer::name)).collect();
    let mut text = table(&header, &rows);
    let _ = writeln!(text, "For {} ({}), by {}", found.target, found.task.as_str(), by.name());
    if found.rows_used < found.rows {
        let _ = writeln!(text, "Scores are of {} of {} rows", thousands(found.rows_used), thousands(found.rows));
    }
    for warning in &found.warnings {
        let _ = writeln!(text, "{warning}");
    }
    let json = json!({
        "dataset": version.label(), "target": found.target, "task": found.task, "by": by.name(), "rows": found.rows,
        "rows_used": found.rows_used, "relief_rows": found.relief_rows, "model_rows": found.model_rows,
        "seed": found.seed, "columns": shown, "left_out": found.left_out, "warnings": found.warnings,
    });
    Report::new(json, text)
}
