//! Commands for what is kept: the catalogue, storage and its bin, watched places, labels.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::domain::catalogue::{CatalogueEntry, Description, Sensitivity};
use crate::domain::edit::Edit;
use crate::domain::ids::{BundleId, RunId, WatchId};
use crate::domain::io::Silent;
use crate::domain::labels::{Label, LabelQueue};
use crate::domain::problem::Problem;
use crate::domain::request::{CollectRequest, DataRef, JobOutcome, JobRequest, LabelRequest};
use crate::domain::storage::{DeletionPlan, StorageKey, StorageReport};
use crate::domain::watch::{Collected, WatchKind, WatchPolicy, WatchView};
use crate::domain::words::counted;
use crate::lifecycle::{StageError, edit, label as labelling, resolve, storage as deleting, watch as watching};
use crate::store::{Workspace, catalogue};

use super::report::{self, Report, table};
use super::{absolute, data_ref, listing, mixed_up, work};

/// Between two looks of `watch run`. Listings are the truth; a look at an unchanged folder of 10,000 files takes
/// some 30 ms.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Files that one worker takes.
const FILES_AT_ONCE: u32 = 2_000;

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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Policy {
    /// Tell, and wait to be asked
    Offer,
    /// Make a version
    Import,
    /// Make a version with the rows of all files of the folder
    Append,
}

#[derive(Debug, Subcommand)]
pub enum WatchCommand {
    /// Watch a source file, or a folder whose files each become a version
    Add {
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// The dataset that gets the versions
        #[arg(long, value_name = "NAME")]
        dataset: String,
        /// What happens with something new (default: offer for a file, import for a folder)
        #[arg(long, value_enum)]
        policy: Option<Policy>,
    },
    /// List watched places and how they stand
    List,
    /// Stop watching a place: its number or its path; what was taken stays
    Remove {
        #[arg(value_name = "WATCH")]
        watch: String,
    },
    /// Watch until Ctrl+C
    Run {
        /// Look once, and end
        #[arg(long)]
        once: bool,
        /// Make versions also of what is only offered
        #[arg(long)]
        accept: bool,
    },
}

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

fn done(said: &str) -> Result<Report, StageError> {
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
    // One that the others of this list make free is no obstacle; the deletion itself looks again.
    let refused = keys.len() == 1 && plans.iter().any(|p| !p.refused.is_empty());
    if args.dry_run {
        let plans: Vec<Value> = plans.iter().map(plan_json).collect();
        return Ok(Report { said_no: refused, ..Report::new(json!({ "dry_run": true, "would_delete": plans }), text) });
    }
    if refused {
        let why: Vec<String> = plans.iter().flat_map(|p| p.refused.clone()).collect();
        return Err(StageError::usage(
            format!("{} stays: {}", plans[0].label, why.join("; ")),
            "Delete what needs it first; --dry-run shows what stands in the way",
        ));
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

pub fn watch(root: &Path, what: WatchCommand) -> Result<Report, Problem> {
    match what {
        WatchCommand::Add { path, dataset, policy } => {
            let path = absolute(&path)?;
            let kind = if path.is_dir() { WatchKind::Folder } else { WatchKind::Source };
            let policy = match (policy, kind) {
                (Some(Policy::Offer), _) | (None, WatchKind::Source) => WatchPolicy::Offer,
                (Some(Policy::Append), _) => WatchPolicy::Append,
                (Some(Policy::Import), _) | (None, WatchKind::Folder) => WatchPolicy::Import,
            };
            // Watching may be the first thing a workspace is used for.
            Workspace::open(root).map_err(|e| Problem::failed(format!("Could not watch: {e}"), "", ""))?;
            listing(root, |ws| {
                edit::edit(ws, &Edit::AddWatch { kind, path: path.clone(), dataset, policy })?;
                let views = watching::views(ws)?;
                let view = views.into_iter().filter(|v| v.watch.path == path).collect::<Vec<_>>();
                Ok(watches(&view))
            })
        }
        WatchCommand::List => listing(root, |ws| Ok(watches(&watching::views(ws)?))),
        WatchCommand::Remove { watch } => listing(root, |ws| {
            let path = std::path::absolute(&watch).unwrap_or_else(|_| PathBuf::from(&watch));
            let number = watch.parse().ok().map(WatchId);
            let views = watching::views(ws)?;
            let found = views.iter().find(|v| Some(v.watch.id) == number || v.watch.path == path);
            let id = found.map(|v| v.watch.id).ok_or_else(|| {
                StageError::usage(format!("nothing is watched as {watch}"), "`watch list` shows what is")
            })?;
            done(&edit::edit(ws, &Edit::HideWatch { watch: id, hidden: true })?.said)
        }),
        WatchCommand::Run { once, accept } => run(root, once, accept),
    }
}

fn watches(views: &[WatchView]) -> Report {
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|v| {
            let state = if v.present { "" } else { "not there" };
            vec![
                v.watch.id.to_string(),
                v.watch.kind.as_str().to_owned(),
                v.watch.dataset.clone(),
                v.watch.policy.as_str().to_owned(),
                v.taken.to_string(),
                v.offered.to_string(),
                v.n_problems.to_string(),
                format!("{} {state}", v.watch.path.display()).trim().to_owned(),
            ]
        })
        .collect();
    let header = ["watch", "kind", "dataset", "policy", "taken", "offered", "problems", "path"];
    Report::new(json!({ "watches": views }), table(&header, &rows))
}

/// Looks until Ctrl+C; each look that finds something is a worker's. Once: until nothing is left to take.
fn run(root: &Path, once: bool, accept: bool) -> Result<Report, Problem> {
    let mut all: Vec<Collected> = Vec::new();
    loop {
        let started = Instant::now();
        let ws =
            Workspace::open_existing(root).map_err(|e| Problem::failed(format!("Could not watch: {e}"), "", ""))?;
        let new = once || watching::anything_to_collect(&ws).unwrap_or(true);
        drop(ws);
        if new {
            let request = CollectRequest { watch: None, max: FILES_AT_ONCE, accept };
            let JobOutcome::Collected(collected) = work(root, JobRequest::Collect(request))? else {
                return Err(mixed_up());
            };
            let more = collected.iter().any(|c| c.more);
            for c in &collected {
                tell(c);
                merge(&mut all, c);
            }
            if more {
                continue;
            }
        }
        if once {
            return Ok(collected_report(&all));
        }
        std::thread::sleep(LOOK_EVERY.saturating_sub(started.elapsed()));
    }
}

/// Sums of several looks at one place.
fn merge(all: &mut Vec<Collected>, new: &Collected) {
    let Some(sum) = all.iter_mut().find(|c| c.watch == new.watch) else { return all.push(new.clone()) };
    sum.taken += new.taken;
    sum.same += new.same;
    sum.offered += new.offered;
    sum.problems.extend(new.problems.clone());
    (sum.waiting, sum.more, sum.missing) = (new.waiting, new.more, new.missing);
    sum.skipped.clone_from(&new.skipped);
}

fn tell(c: &Collected) {
    if c.missing {
        eprintln!("{} is not there; looking again later", c.path.display());
    }
    if c.taken + c.offered > 0 || !c.problems.is_empty() {
        eprintln!("{}: {} taken, {} offered, {} with problems", c.dataset, c.taken, c.offered, c.problems.len());
    }
    for (path, problem) in &c.problems {
        eprintln!("{path}: {problem}");
    }
}

fn collected_report(all: &[Collected]) -> Report {
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|c| {
            let numbers = [c.taken, c.same, c.offered, c.waiting, c.problems.len() as u64, c.skipped.len() as u64];
            let mut row = vec![c.watch.to_string(), c.dataset.clone()];
            row.extend(numbers.map(|n| n.to_string()));
            row
        })
        .collect();
    let header = ["watch", "dataset", "taken", "same", "offered", "waiting", "problems", "skipped"];
    Report::new(json!({ "collected": all }), table(&header, &rows))
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

/// Nothing is imported on the way to a description.
fn named(text: &str) -> Result<DataRef, StageError> {
    match DataRef::parse(text, |_| false) {
        named @ DataRef::Named { .. } => Ok(named),
        _ => Err(StageError::usage(format!("{text} names no dataset"), "Write its name or name@version")),
    }
}
