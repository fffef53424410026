//! `groups` and `outliers`: rows that belong together, and rows that are unlike all others.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::report::{Report, table};
use super::{imported, listing, mixed_up, work};
use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{Explore, ExploreRequest, Explored, Groups, MOST_GROUPS, Outliers, Typical};
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::words::thousands;
use crate::lifecycle::resolve;

#[derive(Debug, Args)]
pub struct GroupsArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    data: String,
    /// How many groups; without, as many as are best told apart, 2 to 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_GROUPS)))]
    groups: Option<u32>,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
pub struct OutliersArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    data: String,
    /// Rows to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Args)]
struct CommonArgs {
    /// A column that does not take part; repeat for several
    #[arg(long, value_name = "COL")]
    exclude: Vec<String>,
    #[arg(long, value_name = "N", default_value_t = 42)]
    seed: u64,
    /// Write what was found for every row as CSV
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn groups(root: &Path, args: GroupsArgs) -> Result<Report, Problem> {
    let (version, found) = ask(root, &args.data, &args.common, Explore::Groups { count: args.groups })?;
    let Explored::Groups(found) = found else { return Err(mixed_up()) };
    let lines = found.labels.iter().enumerate().map(|(row, group)| match found.places.get(row) {
        Some([x, y]) => format!("{},{},{x},{y}\n", row + 1, group + 1),
        None => format!("{},{},,\n", row + 1, group + 1),
    });
    write(args.common.out.as_deref(), "row,group,x,y\n", lines)?;
    Ok(groups_report(&version, &found))
}

pub fn outliers(root: &Path, args: OutliersArgs) -> Result<Report, Problem> {
    let (version, found) = ask(root, &args.data, &args.common, Explore::Outliers)?;
    let Explored::Outliers(found) = found else { return Err(mixed_up()) };
    let lines = found.scores.iter().enumerate().map(|(row, score)| format!("{},{score}\n", row + 1));
    write(args.common.out.as_deref(), "row,score\n", lines)?;
    Ok(outliers_report(&version, &found, args.top))
}

fn ask(root: &Path, data: &str, common: &CommonArgs, what: Explore) -> Result<(DatasetVersion, Explored), Problem> {
    let data = imported(root, data)?;
    let version = listing(root, |workspace| resolve::resolve(workspace, &data, &Silent))?;
    let request = ExploreRequest { version: version.id, exclude: common.exclude.clone(), seed: common.seed, what };
    match work(root, JobRequest::Ask(Question::Explore(request)))? {
        JobOutcome::Answered(answer) => match *answer {
            Answer::Explored(found) => Ok((version, *found)),
            _ => Err(mixed_up()),
        },
        _ => Err(mixed_up()),
    }
}

fn write(out: Option<&Path>, header: &str, lines: impl Iterator<Item = String>) -> Result<(), Problem> {
    let Some(out) = out else { return Ok(()) };
    let text: String = std::iter::once(header.to_owned()).chain(lines).collect();
    std::fs::write(out, text).map_err(|error| {
        Problem::failed(format!("Could not write {}", out.display()), error.to_string(), "Choose another place")
    })
}

fn groups_report(version: &DatasetVersion, found: &Groups) -> Report {
    let mut text = String::new();
    let rows: Vec<Vec<String>> = found
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let cells = found.groups.iter().map(|group| typical(&group.columns[at].is));
            std::iter::once(column.clone()).chain(cells).collect()
        })
        .collect();
    let titles: Vec<String> = found
        .groups
        .iter()
        .enumerate()
        .map(|(at, group)| format!("group {}: {} rows", at + 1, thousands(group.rows)))
        .collect();
    let header: Vec<&str> = std::iter::once("").chain(titles.iter().map(String::as_str)).collect();
    text.push_str(&table(&header, &rows));
    if found.separation.len() > 1 {
        let scores = found.separation.iter().map(|(n, score)| format!("{n}: {score:.0}"));
        let _ = writeln!(text, "How well groups are told apart: {}", scores.collect::<Vec<_>>().join(", "));
    }
    tell(&mut text, found.rows, found.learned_rows, &found.warnings);
    let groups = found.groups.iter().enumerate().map(|(at, group)| {
        let columns = group.columns.iter().map(|c| match &c.is {
            Typical::Mean(mean) => json!({ "column": c.column, "mean": mean }),
            Typical::Date(mean) => json!({ "column": c.column, "mean": mean }),
            Typical::Value { value, share } => json!({ "column": c.column, "value": value, "share": share }),
            Typical::Missing => json!({ "column": c.column }),
        });
        json!({ "group": at + 1, "rows": group.rows, "columns": columns.collect::<Vec<_>>() })
    });
    let separation = found.separation.iter().map(|(n, score)| json!({ "groups": n, "score": score }));
    let json = json!({
        "dataset": version.label(), "rows": found.rows, "learned_rows": found.learned_rows, "columns": found.columns,
        "groups": groups.collect::<Vec<_>>(), "separation": separation.collect::<Vec<_>>(), "shares": found.shares,
        "warnings": found.warnings,
    });
    Report::new(json, text)
}

fn typical(is: &Typical) -> String {
    match is {
        Typical::Mean(mean) => format!("{mean:.4}"),
        Typical::Date(mean) => mean.clone(),
        Typical::Value { value, share } => format!("{value} ({:.0} %)", 100.0 * share),
        Typical::Missing => String::new(),
    }
}

fn outliers_report(version: &DatasetVersion, found: &Outliers, top: usize) -> Report {
    let top = found.top(top);
    let rows: Vec<Vec<String>> =
        top.iter().map(|(row, score)| vec![(row + 1).to_string(), format!("{score:.4}")]).collect();
    let mut text = table(&["row", "score"], &rows);
    let _ = writeln!(
        text,
        "0.5 is like most rows, towards 1 is like no other; `rows {} --first N` shows a row",
        version.label()
    );
    tell(&mut text, found.rows, found.learned_rows, &found.warnings);
    let outliers: Vec<_> = top.iter().map(|(row, score)| json!({ "row": row + 1, "score": score })).collect();
    let json = json!({
        "dataset": version.label(), "rows": found.rows, "learned_rows": found.learned_rows, "columns": found.columns,
        "outliers": outliers, "warnings": found.warnings,
    });
    Report::new(json, text)
}

fn tell(text: &mut String, rows: u64, learned: u64, warnings: &[String]) {
    if learned < rows {
        let _ = writeln!(text, "Learned from a sample of {} of {} rows", thousands(learned), thousands(rows));
    }
    warnings.iter().for_each(|warning| {
        let _ = writeln!(text, "{warning}");
    });
}
