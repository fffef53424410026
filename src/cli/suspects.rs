//! `suspects`: labels that look wrong, listed, dropped or corrected.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{DataRef, JobOutcome, JobRequest, LabelRequest};
use crate::domain::suspects::{LabelProblem, LabelProblems, Objection, leaving_out, relabelling};
use crate::lifecycle::resolve;
use crate::store::atomic_write;

use super::gates::parted;
use super::report::{Report, table};
use super::{absolute, imported, listing, mixed_up, work};

/// Rows that are printed; `--json` and `--out` have all.
const SHOWN: usize = 50;

#[derive(Debug, Args)]
pub struct SuspectsArgs {
    /// A dataset: name, name@version, or a path to a file
    #[arg(value_name = "D")]
    pub data: String,
    /// The column with the labels
    #[arg(long, value_name = "COL")]
    pub target: String,
    /// Only suspect (a model is sure of another label) or conflict (rows that are alike have another one)
    #[arg(long, value_name = "WHAT", value_parser = parse_objection)]
    pub only: Option<Objection>,
    /// Write the list as CSV
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Give these rows the label that is suggested, as a new version: `all`, or row numbers separated by commas
    #[arg(long, value_name = "all|ROWS", value_parser = parse_rows, conflicts_with = "drop")]
    pub relabel: Option<Rows>,
    /// Set these rows aside as `quarantine` does: `all`, or row numbers separated by commas
    #[arg(long, value_name = "all|ROWS", value_parser = parse_rows)]
    pub drop: Option<Rows>,
    /// With --drop: the branch that leads to the other rows; `publish` makes them main's
    #[arg(long, value_name = "NAME", default_value = "clean")]
    pub branch: String,
    /// With --relabel or --drop: what the new version says of itself
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

/// Which of the listed rows are meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    All,
    These(Vec<u64>),
}

fn parse_objection(text: &str) -> Result<Objection, String> {
    Objection::parse(text).ok_or_else(|| "choose suspect or conflict".to_owned())
}

fn parse_rows(text: &str) -> Result<Rows, String> {
    if text == "all" {
        return Ok(Rows::All);
    }
    let rows = text.split(',').map(|row| row.trim().parse().ok().filter(|row| *row > 0));
    let rows: Option<Vec<u64>> = rows.collect();
    rows.map(Rows::These).ok_or_else(|| "write all, or row numbers such as 3,17".to_owned())
}

pub fn suspects(root: &Path, args: SuspectsArgs) -> Result<Report, Problem> {
    let data = imported(root, &args.data)?;
    let version = listing(root, |ws| resolve::resolve(ws, &data, &Silent))?;
    let question = Question::LabelProblems { version: version.id, target: args.target.clone() };
    let JobOutcome::Answered(answer) = work(root, JobRequest::Ask(question))? else { return Err(mixed_up()) };
    let Answer::LabelProblems(found) = *answer else { return Err(mixed_up()) };
    let mut found = *found;
    if let Some(only) = args.only {
        found.rows.retain(|problem| problem.objection == only);
        found.skipped.retain(|(objection, _)| *objection == only);
    }
    if let Some(out) = &args.out {
        let out = absolute(out)?;
        atomic_write(&out, csv(&found.rows).as_bytes())
            .map_err(|e| Problem::failed(format!("Could not write {}: {e}", out.display()), "", ""))?;
    }
    let data = DataRef::Version(version.id);
    let note = args.note.unwrap_or_default();
    if let Some(rows) = &args.relabel {
        let rows = chosen(&found, rows)?;
        return relabel(root, relabelling(data, &args.target, &rows, &note), rows.len());
    }
    if let Some(rows) = &args.drop {
        let rows = chosen(&found, rows)?;
        return parted(root, JobRequest::SetAside(leaving_out(data, &args.target, &rows, args.branch, note)));
    }
    Ok(listed(&version.label(), &args.target, &found))
}

/// The rows that are meant: of `all` those that do not agree with what is suggested.
fn chosen(found: &LabelProblems, rows: &Rows) -> Result<Vec<LabelProblem>, Problem> {
    // A suspect may be part of a conflict, too.
    let of = |row: u64| found.rows.iter().find(|problem| problem.row == row);
    let mut chosen: Vec<LabelProblem> = match rows {
        Rows::All => found.rows.iter().filter(|problem| problem.is_odd()).cloned().collect(),
        Rows::These(rows) => rows
            .iter()
            .map(|row| {
                let unlisted =
                    || Problem::usage(format!("row {row} is not listed"), "Look at the list without this flag");
                of(*row).cloned().ok_or_else(unlisted)
            })
            .collect::<Result<_, _>>()?,
    };
    chosen.sort_by_key(|problem| problem.row);
    chosen.dedup_by_key(|problem| problem.row);
    match chosen.is_empty() {
        true => Err(Problem::usage("there is no such row", "Nothing is said against any label here")),
        false => Ok(chosen),
    }
}

/// `chosen`: rows that were meant, with a suggestion or without.
fn relabel(root: &Path, request: LabelRequest, chosen: usize) -> Result<Report, Problem> {
    let relabelled = request.labels.len();
    match work(root, JobRequest::Label(request))? {
        JobOutcome::Labelled(version) => {
            let json = json!({
                "dataset": version.dataset, "version": version.version, "rows": version.rows,
                "relabelled": relabelled, "without_suggestion": chosen - relabelled, "note": version.provenance.note,
            });
            Ok(Report::new(json, format!("{}: {}\n", version.label(), version.provenance.note)))
        }
        _ => Err(mixed_up()),
    }
}

fn listed(label: &str, target: &str, found: &LabelProblems) -> Report {
    let rows: Vec<Vec<String>> = found.rows.iter().take(SHOWN).map(cells).collect();
    let mut text = table(&HEADER, &rows);
    if found.rows.len() > SHOWN {
        text.push_str(&format!("… {} rows in all: --json and --out FILE have them\n", found.rows.len()));
    }
    if let Some(auc) = found.auc {
        text.push_str(&format!(
            "{} of {} labelled rows were judged by models with AUC {auc:.3}\n",
            found.judged, found.labelled
        ));
    }
    for (objection, reason) in &found.skipped {
        text.push_str(&format!("{}: {reason}\n", objection.as_str()));
    }
    let skipped = found.skipped.iter().map(|(what, why)| json!({ "what": what, "reason": why })).collect::<Vec<_>>();
    let json = json!({
        "dataset": label, "target": target, "rows": found.rows, "judged": found.judged, "labelled": found.labelled,
        "auc": found.auc, "skipped": skipped,
    });
    Report::new(json, text)
}

const HEADER: [&str; 6] = ["row", "what", "label", "suggested", "belief", "group"];

fn cells(problem: &LabelProblem) -> Vec<String> {
    vec![
        problem.row.to_string(),
        problem.objection.as_str().to_owned(),
        problem.label.clone(),
        problem.suggested.clone().unwrap_or_default(),
        problem.belief.map_or_else(String::new, |belief| format!("{belief:.4}")),
        problem.group.map_or_else(String::new, |group| group.to_string()),
    ]
}

fn csv(rows: &[LabelProblem]) -> String {
    let quoted = |cell: String| match cell.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    let line = |cells: Vec<String>| cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n";
    let head = line(HEADER.map(str::to_owned).to_vec());
    rows.iter().fold(head, |text, problem| text + &line(cells(problem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_reads_back_as_csv() {
        let problem = LabelProblem {
            row: 3,
            objection: Objection::Suspect,
            label: "a, \"b\"".into(),
            suggested: Some("c".into()),
            belief: Some(0.012_34),
            group: None,
        };
        assert_eq!(csv(&[problem]), "row,what,label,suggested,belief,group\n3,suspect,\"a, \"\"b\"\"\",c,0.0123,\n");
        assert_eq!(parse_rows("3, 17"), Ok(Rows::These(vec![3, 17])));
        assert!(parse_rows("0").is_err() && parse_rows("3,x").is_err());
    }
}
