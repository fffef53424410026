//! Commands for what is kept: the catalogue, storage and its bin, a source read again.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use crate::domain::catalogue::{CatalogueEntry, Description, Sensitivity};
use crate::domain::edit::Edit;
use crate::domain::ids::{BundleId, RunId};
use crate::domain::io::Silent;
use crate::domain::problem::Problem;
use crate::domain::request::{DataRef, JobOutcome, JobRequest};
use crate::domain::storage::{DeletionPlan, StorageKey, StorageReport};
use crate::domain::words::counted;
use crate::lifecycle::{StageError, edit, resolve, storage as deleting};
use crate::store::{Workspace, catalogue};

use super::report::{self, Report, table};
use super::{data_ref, listing, mixed_up, work};

#[derive(Debug, Args)]
pub struct DescribeArgs {
    /// A dataset's name
    #[arg(value_name = "D")]
    pub data: String,
    /// Who answers for it; empty takes it back
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Replace the tags by these; repeat for several, empty for none
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Who may see it
    #[arg(long, value_name = "LEVEL", value_parser = parse_sensitivity)]
    pub sensitivity: Option<Sensitivity>,
}

fn parse_sensitivity(text: &str) -> Result<Sensitivity, String> {
    Sensitivity::parse(text).ok_or_else(|| "choose public, internal, confidential or restricted".to_owned())
}

#[derive(Debug, Args)]
pub struct StorageArgs {
    /// Move to the bin what only this needs: D@1, run:4, bundle:2; repeat for several
    #[arg(long, value_name = "ITEM", conflicts_with = "bin_action")]
    pub delete: Vec<String>,
    /// Move objects that no record refers to into the bin
    #[arg(long, conflicts_with = "bin_action")]
    pub delete_unreferenced: bool,
    /// Only say what would go, and what stands in the way
    #[arg(long, conflicts_with = "bin_action")]
    pub dry_run: bool,
    /// List what lies in the bin
    #[arg(long, group = "bin_action")]
    pub bin: bool,
    /// Bring something back from the bin: its number or its name
    #[arg(long, value_name = "ITEM", group = "bin_action")]
    pub restore: Option<String>,
    /// Remove for good what lies in the bin: cannot be undone
    #[arg(long, group = "bin_action")]
    pub empty_bin: bool,
    /// Do not ask before the bin is emptied
    #[arg(long)]
    pub yes: bool,
}

pub fn datasets(root: &Path, search: Option<&str>) -> Result<Report, Problem> {
    listing(root, |ws| {
        let (mut all, mut entries) = (super::versions::read(ws)?, ws.read(catalogue::all)?);
        entries.retain(|e| e.matches(search.unwrap_or_default()));
        all.versions.retain(|v| entries.iter().any(|e| e.id == v.dataset_id));
        Ok(report::datasets(&all, &entries))
    })
}

pub fn describe(root: &Path, args: DescribeArgs) -> Result<Report, Problem> {
    listing(root, |ws| {
        let version = resolve::find(ws, &named(&args.data)?, &Silent)?;
        let before = ws.read(|conn| catalogue::description(conn, version.dataset_id))?;
        let asks = args.owner.is_some() || args.description.is_some() || !args.tags.is_empty();
        if asks || args.sensitivity.is_some() {
            let said = Description {
                owner: args.owner.clone().unwrap_or_else(|| before.owner.clone()),
                description: args.description.clone().unwrap_or_else(|| before.description.clone()),
                tags: if args.tags.is_empty() { before.tags.clone() } else { args.tags.clone() },
                sensitivity: args.sensitivity.or(before.sensitivity),
            };
            edit::edit(ws, &Edit::Describe { dataset: version.dataset_id, said })?;
        }
        let entry = ws.read(catalogue::all)?.into_iter().find(|e| e.id == version.dataset_id);
        let entry = entry.ok_or_else(|| StageError::usage(format!("{} is hidden", version.dataset), ""))?;
        Ok(described(&entry))
    })
}

fn described(entry: &CatalogueEntry) -> Report {
    let uses = &entry.used_by;
    let personal: Vec<String> = entry.personal.iter().map(|(c, what)| format!("{c}: {what}")).collect();
    let lines = [
        ("dataset", entry.name.clone()),
        ("owner", entry.said.owner.clone()),
        ("description", entry.said.description.clone()),
        ("tags", entry.said.tags.join(", ")),
        ("sensitivity", entry.said.sensitivity.map_or_else(String::new, |s| s.as_str().to_owned())),
        ("personal data", personal.join(", ")),
        ("source", entry.source_path.as_ref().map_or_else(String::new, |p| p.display().to_string())),
        ("used by", format!("{}, {}", counted(uses.runs, "run", "runs"), counted(uses.bundles, "bundle", "bundles"))),
    ];
    let text = lines.iter().map(|(name, value)| format!("{name:<14}{value}\n")).collect();
    Report::new(json!(entry), text)
}

pub fn refresh(root: &Path, data: &str) -> Result<Report, Problem> {
    match work(root, JobRequest::Refresh(data_ref(data)?))? {
        JobOutcome::Imported(outcome) => {
            for warning in &outcome.warnings {
                eprintln!("{warning}");
            }
            Ok(report::import(&outcome))
        }
        _ => Err(mixed_up()),
    }
}

pub fn storage(root: &Path, args: StorageArgs) -> Result<Report, Problem> {
    if args.empty_bin && !args.yes && !confirmed()? {
        return Err(Problem::usage("The bin was not emptied", "Answer y, or add --yes"));
    }
    listing(root, |ws| {
        if args.delete_unreferenced || !args.delete.is_empty() {
            return delete(ws, &args);
        }
        if let Some(name) = &args.restore {
            let id = deleting::binned(ws, name)?;
            return done(&edit::edit(ws, &Edit::RestoreBinned(vec![id]))?.said);
        }
        if args.empty_bin {
            return done(&edit::edit(ws, &Edit::EmptyBin)?.said);
        }
        let report = ws.storage()?;
        Ok(if args.bin { bin(&report) } else { overview(&report) })
    })
}

/// Emptying the bin cannot be taken back: a person is asked, a script says `--yes`.
fn confirmed() -> Result<bool, Problem> {
    use std::io::IsTerminal;
    if !std::io::stdin().is_terminal() {
        return Err(Problem::usage("Emptying the bin cannot be undone", "Add --yes to do it without being asked"));
    }
    eprint!("Remove everything in the bin for good? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
}

pub(super) fn done(said: &str) -> Result<Report, StageError> {
    Ok(Report::new(json!({ "done": said }), format!("{said}\n")))
}

fn delete(ws: &Workspace, args: &StorageArgs) -> Result<Report, StageError> {
    let mut keys = args.delete.iter().map(|item| key(ws, item)).collect::<Result<Vec<_>, _>>()?;
    if args.delete_unreferenced {
        keys.push(StorageKey::Unreferenced);
    }
    let plans = deleting::plan(ws, &keys)?;
    if keys == [StorageKey::Unreferenced] && plans.iter().all(|p| p.objects.is_empty()) {
        let said = "Every object is referred to: nothing to delete";
        let json = json!({ "dry_run": args.dry_run, "would_delete": [], "deleted": [], "bin": [], "done": said });
        return Ok(Report::new(json, format!("{said}\n")));
    }
    let rows: Vec<Vec<String>> = plans.iter().map(plan_row).collect();
    let mut text = table(&["item", "files", "bytes", "refused because"], &rows);
    let refused = plans.iter().any(|p| !p.refused.is_empty());
    if args.dry_run {
        let plans: Vec<Value> = plans.iter().map(plan_json).collect();
        return Ok(Report { said_no: refused, ..Report::new(json!({ "dry_run": true, "would_delete": plans }), text) });
    }
    if refused {
        return Ok(kept(&plans, text));
    }
    let outcome = edit::edit(ws, &Edit::Delete(keys))?;
    text.push_str(&outcome.said);
    text.push('\n');
    let binned: Vec<Value> = match &outcome.undo {
        Some(Edit::RestoreBinned(ids)) => ids.iter().map(|id| json!(id)).collect(),
        _ => Vec::new(),
    };
    let deleted: Vec<Value> = plans.iter().map(plan_json).collect();
    Ok(Report::new(json!({ "deleted": deleted, "bin": binned, "done": outcome.said }), text))
}

/// Something stands in the way: nothing was deleted.
fn kept(plans: &[DeletionPlan], mut text: String) -> Report {
    let stays = plans.iter().filter(|p| !p.refused.is_empty());
    let stays: Vec<String> = stays.map(|p| format!("{} stays: {}", p.label, p.refused.join("; "))).collect();
    let problem = Problem::usage(stays.join(". "), "Delete what needs it first; nothing was deleted");
    eprintln!("{problem}");
    text.push_str("Nothing was deleted\n");
    let plans: Vec<Value> = plans.iter().map(plan_json).collect();
    let error = json!({ "summary": problem.summary, "details": "", "hint": problem.hint });
    let json =
        json!({ "deleted": [], "would_delete": plans, "bin": [], "done": "Nothing was deleted", "error": error });
    Report { said_no: true, ..Report::new(json, text) }
}

fn plan_row(plan: &DeletionPlan) -> Vec<String> {
    let refused = plan.refused.join("; ");
    vec![plan.label.clone(), plan.objects.len().to_string(), plan.bytes().to_string(), refused]
}

fn plan_json(plan: &DeletionPlan) -> Value {
    json!({ "item": plan.label, "objects": plan.objects, "bytes": plan.bytes(), "refused": plan.refused })
}

/// `churn@1`, `run:4`, `bundle:2`
fn key(ws: &Workspace, item: &str) -> Result<StorageKey, StageError> {
    match item.split_once(':') {
        Some(("run", id)) if id.parse::<i64>().is_ok() => Ok(StorageKey::Run(RunId(id.parse().unwrap_or(0)))),
        Some(("bundle", id)) if id.parse::<i64>().is_ok() => Ok(StorageKey::Bundle(BundleId(id.parse().unwrap_or(0)))),
        _ => match DataRef::parse(item, |_| false) {
            data @ DataRef::Named { version: Some(_), .. } => {
                Ok(StorageKey::Version(resolve::find(ws, &data, &Silent)?.id))
            }
            _ => Err(StageError::usage(
                format!("`{item}` names nothing that can be deleted"),
                "Write name@version, run:NUMBER or bundle:NUMBER, as `storage` lists them",
            )),
        },
    }
}

fn overview(report: &StorageReport) -> Report {
    let items: Vec<Value> = report
        .items
        .iter()
        .map(|i| {
            json!({
                "item": i.label, "kind": i.key.kind(), "id": i.key.subject(), "own_bytes": i.own_bytes,
                "shared_bytes": i.shared_bytes, "needed_by": i.needed_by, "deleted": i.deleted,
            })
        })
        .collect();
    let rows: Vec<Vec<String>> = report
        .items
        .iter()
        .map(|i| {
            let state = if i.deleted { "deleted".to_owned() } else { i.needed_by.join("; ") };
            vec![i.label.clone(), i.own_bytes.to_string(), i.shared_bytes.to_string(), state]
        })
        .collect();
    let mut text = table(&["item", "own bytes", "shared bytes", "needed by"], &rows);
    for (name, bytes) in [
        ("objects", report.object_bytes),
        ("of which unreferenced", report.unreferenced_bytes()),
        ("history", report.history_bytes),
        ("temporary", report.temp_bytes),
        ("backups", report.backup_bytes),
        ("bin", report.bin_bytes),
        ("all", report.total_bytes()),
    ] {
        text.push_str(&format!("{name:<24}{bytes:>14}\n"));
    }
    let json = json!({
        "items": items, "object_bytes": report.object_bytes, "objects": report.n_objects,
        "unreferenced": report.unreferenced, "unreferenced_bytes": report.unreferenced_bytes(),
        "history_bytes": report.history_bytes, "temp_bytes": report.temp_bytes, "backup_bytes": report.backup_bytes,
        "bin_bytes": report.bin_bytes, "total_bytes": report.total_bytes(),
    });
    Report::new(json, text)
}

fn bin(report: &StorageReport) -> Report {
    let rows: Vec<Vec<String>> = report
        .bin
        .iter()
        .map(|e| vec![e.id.to_string(), e.label.clone(), e.bytes().to_string(), e.who.clone()])
        .collect();
    let entries: Vec<Value> = report
        .bin
        .iter()
        .map(|e| {
            json!({
                "id": e.id, "item": e.label, "kind": e.key.kind(), "bytes": e.bytes(), "objects": e.objects,
                "who": e.who, "deleted_at_ms": e.created_at_ms,
            })
        })
        .collect();
    let json = json!({ "bin": entries, "bin_bytes": report.bin_bytes });
    Report::new(json, table(&["bin", "item", "bytes", "deleted by"], &rows))
}

/// Nothing is imported on the way to a description.
pub(super) fn named(text: &str) -> Result<DataRef, StageError> {
    match DataRef::parse(text, |_| false) {
        named @ DataRef::Named { .. } => Ok(named),
        _ => Err(StageError::usage(format!("{text} names no dataset"), "Write its name or name@version")),
    }
}
