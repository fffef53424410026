//! `label` and `labels`: labels by hand, the rows to give them to, and those given so far.

use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::domain::io::Silent;
use crate::domain::labels::{Label, LabelQueue};
use crate::domain::problem::Problem;
use crate::domain::request::{DataRef, JobOutcome, JobRequest, LabelRequest};
use crate::lifecycle::{label as labelling, resolve};

use super::keep::named;
use super::report::{Report, table};
use super::{data_ref, listing, mixed_up, work};

#[derive(Debug, Args)]
pub struct LabelArgs {
    /// A dataset: name or name@version
    #[arg(value_name = "D")]
    pub data: String,
    /// The column with the labels; made where there is none
    #[arg(long, value_name = "NAME")]
    pub column: String,
    /// ROW=VALUE, rows counted from 1; repeat for several
    #[arg(long = "set", required_unless_present = "queue", value_name = "ROW=VALUE", value_parser = parse_label)]
    pub labels: Vec<(u64, String)>,
    /// List the rows to label and make nothing: missing, all, random, random:N, or a filter such as 'age > 40 and plan =
    /// "basic"'
    #[arg(long, value_name = "missing|all|random[:N]|FILTER", conflicts_with = "labels")]
    pub queue: Option<String>,
    /// What the version is noted with
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// The rows of a queue, without labelling any.
fn queue(root: &Path, data: &str, column: &str, queue: &str) -> Result<Report, Problem> {
    listing(root, |ws| {
        let version = resolve::resolve(ws, &named(data)?, &Silent)?;
        let task = labelling::task(ws, version.id, column, &LabelQueue::parse(queue))?;
        let json = json!({
            "dataset": version.label(), "column": column, "exists": task.exists, "classes": task.classes,
            "rows": task.rows,
        });
        let text = task.rows.iter().map(|row| format!("{row}\n")).collect();
        Ok(Report::new(json, text))
    })
}

fn parse_label(text: &str) -> Result<(u64, String), String> {
    let (row, label) = text.split_once('=').ok_or("write ROW=VALUE")?;
    let row = row.trim().parse().map_err(|_| format!("`{row}` is no row number"))?;
    Ok((row, label.to_owned()))
}

pub fn label(root: &Path, args: LabelArgs) -> Result<Report, Problem> {
    if let Some(rows) = &args.queue {
        return queue(root, &args.data, &args.column, rows);
    }
    let labels = args.labels.into_iter().map(|(row, label)| Label {
        row,
        label: Some(label),
        note: String::new(),
        // Signed and dated where it is recorded.
        who: String::new(),
        at_ms: 0,
    });
    let request = LabelRequest {
        data: data_ref(&args.data)?,
        column: args.column,
        labels: labels.collect(),
        ends_session: false,
        note: args.note,
    };
    match work(root, JobRequest::Label(request))? {
        JobOutcome::Labelled(version) => {
            let parent = version.provenance.parent.map(DataRef::Version);
            let parent = parent.map(|id| listing(root, |ws| resolve::find(ws, &id, &Silent))).transpose()?;
            let json = json!({
                "dataset": version.dataset, "version": version.version, "rows": version.rows,
                "parent": parent.map(|v| v.label()), "note": version.provenance.note,
            });
            Ok(Report::new(json, format!("{}: {}\n", version.label(), version.provenance.note)))
        }
        _ => Err(mixed_up()),
    }
}

pub fn labels(root: &Path, data: &str) -> Result<Report, Problem> {
    listing(root, |ws| {
        let version = resolve::resolve(ws, &named(data)?, &Silent)?;
        let history = labelling::history(ws, version.id)?;
        let mut rows = Vec::new();
        let mut all = Vec::new();
        for one in &history {
            for l in &one.log.labels {
                let label = l.label.clone().unwrap_or_default();
                rows.push(vec![one.version.clone(), l.row.to_string(), one.log.column.clone(), label, l.who.clone()]);
                all.push(json!({
                    "version": one.version, "parent": one.log.parent, "column": one.log.column, "row": l.row,
                    "label": l.label, "note": l.note, "who": l.who, "at_ms": l.at_ms,
                }));
            }
        }
        let text = table(&["version", "row", "column", "label", "who"], &rows);
        Ok(Report::new(json!({ "dataset": version.label(), "labels": all }), text))
    })
}
