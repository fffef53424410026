//! The stages of a model's life, one file each. The window, the command line and the worker call the same functions:
//! none has logic of its own.
//!
//! A stage takes the workspace, a request and a [`JobIo`], and gives an outcome. It reads only verified objects, writes
//! objects before the record that names them, and commits record and activity entry in one transaction as its last
//! step. Until then nothing it did is visible; afterwards it is durable.

use std::path::Path;

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{JobOutcome, JobRequest, VerifyTarget};
use crate::store::Workspace;

pub mod answer;
pub mod budget;
pub mod compare;
pub mod demo;
pub mod diff;
pub mod edit;
pub mod environment;
pub mod error;
pub mod ingest;
pub mod label;
pub mod look;
pub mod monitor;
pub mod preview;
pub mod remember;
pub mod report;
pub mod resolve;
pub mod restore;
pub mod revert;
pub mod score;
pub mod ship;
pub mod snapshot;
pub mod storage;
pub mod train;
pub mod validate;
pub mod verify;
pub mod watch;

pub use error::StageError;

/// Does what is asked in the workspace at `root`, which is created when there is none.
pub fn perform(root: &Path, request: &JobRequest, io: &dyn JobIo) -> Result<JobOutcome, StageError> {
    if let JobRequest::Verify(VerifyTarget::Bundle(path)) = request {
        return Ok(JobOutcome::Verified(verify::bundle(path)?));
    }
    if let JobRequest::Verify(VerifyTarget::Workspace) = request {
        return Ok(JobOutcome::Verified(verify::workspace_in(root, io)?));
    }
    if let JobRequest::Ask(Question::Preview { path, draft, rows, remembered }) = request {
        // Looking creates nothing: where there is no workspace yet, none is made.
        let workspace = root.is_dir().then(|| Workspace::open_existing(root)).and_then(Result::ok);
        let preview = preview::preview(workspace.as_ref(), path, draft, *rows, *remembered, io)?;
        return Ok(JobOutcome::Answered(Box::new(Answer::Preview(Box::new(preview)))));
    }
    let workspace = Workspace::open(root)?;
    look::tidy(&workspace);
    Ok(match request {
        JobRequest::Import(r) => JobOutcome::Imported(remember::ingest(&workspace, r, io)?),
        JobRequest::Check(r) => JobOutcome::Checked(validate::check(&workspace, r, io)?),
        JobRequest::Train(r) => JobOutcome::Trained(train::train(&workspace, r, io)?),
        JobRequest::Drift(r) => JobOutcome::Drifted(monitor::drift(&workspace, r, io)?),
        JobRequest::Export(r) => JobOutcome::Exported(ship::export(&workspace, r, io)?),
        JobRequest::Score(r) => JobOutcome::Scored(score::score(&workspace, r, io)?),
        JobRequest::Diff(r) => JobOutcome::Diffed(Box::new(diff::diff(&workspace, r, io)?)),
        JobRequest::Restore(r) => JobOutcome::Restored(restore::restore(&workspace, r, io)?),
        JobRequest::Report(r) => JobOutcome::Reported(report::write(&workspace, r, io)?),
        JobRequest::Demo(out) => JobOutcome::Demo(demo::demo(&workspace, out, io)?),
        JobRequest::Refresh(r) => JobOutcome::Imported(watch::refresh(&workspace, r, io)?),
        JobRequest::Collect(r) => JobOutcome::Collected(watch::collect(&workspace, r, io)?),
        JobRequest::Label(r) => JobOutcome::Labelled(label::finish(&workspace, r, io)?),
        JobRequest::Ask(q) => JobOutcome::Answered(Box::new(answer::answer(&workspace, q, io)?)),
        JobRequest::Verify(_) => unreachable!("handled above"),
    })
}
