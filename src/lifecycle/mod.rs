//! The stages of a model's life, one file each. The window, the command line and the worker call the same functions:
//! none has logic of its own.
//!
//! A stage takes the workspace, a request and a [`JobIo`], and gives an outcome. It reads only verified objects, writes
//! objects before the record that names them, and commits record and activity entry in one transaction as its last
//! step. Until then nothing it did is visible; afterwards it is durable.

use std::path::Path;
use std::time::Instant;

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{JobOutcome, JobRequest, VerifyTarget};
use crate::store::Workspace;

pub mod answer;
pub mod budget;
mod column;
pub mod compare;
pub mod demo;
pub mod diff;
pub mod edit;
pub mod environment;
pub mod error;
pub mod evidence;
pub mod explore;
pub mod gates;
pub mod ingest;
pub mod label;
pub mod look;
pub mod monitor;
pub mod preview;
pub mod quarantine;
pub mod rank;
pub mod recipe;
pub mod remember;
pub mod report;
pub mod resolve;
pub mod restore;
pub mod revert;
pub mod score;
pub mod ship;
pub mod sign_off;
pub mod snapshot;
pub mod storage;
pub mod suite;
pub mod suspects;
pub mod train;
pub mod validate;
pub mod verify;
pub mod watch;

pub use error::StageError;

/// Does what is asked in the workspace at `root`, which is created when there is none.
pub fn perform(root: &Path, request: &JobRequest, io: &dyn JobIo) -> Result<JobOutcome, StageError> {
    let open = || -> Result<Workspace, StageError> {
        let workspace = Workspace::open(root)?;
        look::tidy(&workspace);
        Ok(workspace)
    };
    let (request, reason) = request.unwrapped();
    if has_gates(request) {
        gates::guard(&open()?, request, reason, io)?;
    }
    Ok(match request {
        // Verifying and previewing look at what is there: where there is no workspace, none is made.
        JobRequest::Verify(VerifyTarget::Bundle(path)) => JobOutcome::Verified(verify::bundle(path)?),
        JobRequest::Verify(VerifyTarget::Workspace) => JobOutcome::Verified(verify::workspace_in(root, io)?),
        JobRequest::Ask(Question::Preview { path, draft, rows, remembered }) => {
            let workspace = root.is_dir().then(|| Workspace::open_existing(root)).and_then(Result::ok);
            let preview = preview::preview(workspace.as_ref(), path, draft, *rows, *remembered, io)?;
            JobOutcome::Answered(Box::new(Answer::Preview(Box::new(preview))))
        }
        JobRequest::Import(r) => JobOutcome::Imported(remember::ingest_past(&open()?, r, reason, io)?),
        JobRequest::Check(r) => JobOutcome::Checked(validate::check(&open()?, r, io)?),
        JobRequest::Train(r) => JobOutcome::Trained(train::train_past(&open()?, r, reason, &Instant::now(), io)?),
        JobRequest::Tune(r) => {
            JobOutcome::Tuned(Box::new(train::tune::tune_past(&open()?, r, reason, &Instant::now(), io)?))
        }
        JobRequest::Reproduce(run) => {
            JobOutcome::Reproduced(Box::new(train::reproduce::reproduce(&open()?, *run, io)?))
        }
        JobRequest::Drift(r) => JobOutcome::Drifted(monitor::drift(&open()?, r, io)?),
        JobRequest::Export(r) => JobOutcome::Exported(ship::export(&open()?, r, io)?),
        JobRequest::Score(r) => JobOutcome::Scored(score::score(&open()?, r, io)?),
        JobRequest::Diff(r) => JobOutcome::Diffed(Box::new(diff::diff(&open()?, r, io)?)),
        JobRequest::Restore(r) => JobOutcome::Restored(restore::restore(&open()?, r, io)?),
        JobRequest::Report(r) => JobOutcome::Reported(report::write(&open()?, r, io)?),
        JobRequest::Demo(out) => JobOutcome::Demo(demo::demo(&open()?, out, io)?),
        JobRequest::Refresh(r) => JobOutcome::Imported(watch::refresh(&open()?, r, reason, io)?),
        JobRequest::Collect(r) => JobOutcome::Collected(watch::collect(&open()?, r, io)?),
        JobRequest::Label(r) => JobOutcome::Labelled(label::finish(&open()?, r, reason, io)?),
        JobRequest::CheckReport(r) => JobOutcome::Reported(report::save_checks(&open()?, r, io)?),
        JobRequest::Quarantine(r) => JobOutcome::Quarantined(Box::new(quarantine::quarantine(&open()?, r, io)?)),
        JobRequest::SetAside(r) => JobOutcome::Quarantined(Box::new(quarantine::set_aside(&open()?, r, io)?)),
        // Unwrapped above; one in another is unwrapped to the innermost.
        JobRequest::Overriding { request, .. } => perform(root, request, io)?,
        JobRequest::KeepGroups(r) => JobOutcome::Labelled(explore::keep(&open()?, r, reason, io)?),
        JobRequest::Ask(q) => JobOutcome::Answered(Box::new(answer::answer(&open()?, q, io)?)),
    })
}

/// Whether gates may stand before it: opening the workspace twice is worth it only then.
fn has_gates(request: &JobRequest) -> bool {
    matches!(request, JobRequest::Train(_) | JobRequest::Tune(_) | JobRequest::Export(_) | JobRequest::Score(_))
}
