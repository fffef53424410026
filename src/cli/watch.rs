//! `watch`: places to look at, and looking at them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::domain::edit::Edit;
use crate::domain::ids::WatchId;
use crate::domain::problem::Problem;
use crate::domain::request::{CollectRequest, JobOutcome, JobRequest};
use crate::domain::watch::{Collected, WatchKind, WatchPolicy, WatchView};
use crate::lifecycle::{StageError, edit, watch as watching};
use crate::store::Workspace;

use super::keep::done;
use super::report::{Report, table};
use super::{absolute, listing, mixed_up, work};

/// Between two looks of `watch run`. Listings are the truth; a look at an unchanged folder of 10,000 files takes
/// some 30 ms.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Files that one worker takes.
const FILES_AT_ONCE: u32 = 2_000;

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
