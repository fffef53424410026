//! Suites being edited, and what gates stopped.
//!
//! While a limit is dragged, only one preview is on its way at a time: what was wanted in between is dropped, and the
//! newest is asked when the former comes back. So a slow table never falls behind the pointer.

use std::path::PathBuf;

use crate::domain::check_request::RulePreview;
use crate::domain::edit::Edit;
use crate::domain::ids::{DatasetId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::question::Question;
use crate::domain::request::{DataRef, JobRequest};

use super::jobs::After;

#[derive(Debug, Default)]
pub struct Checking {
    /// The rules as they are now, asked or not.
    pub(super) wanted: Option<Question>,
    /// On its way.
    pub(super) asked: Option<Question>,
    /// The last that came back.
    pub(super) came: Option<(Question, Result<Vec<RulePreview>, Problem>)>,
    /// Whose failing rows the table is to show when they are known.
    pub(super) to_show: Option<Question>,
    /// The finding whose rows the table is to show when they are known.
    pub(super) finding_to_show: Option<Question>,
    /// The last edit that gates may stop.
    pub(super) edit: Option<Edit>,
    /// A suite file that is to come into the editor, and the dataset it is for.
    pub opened: Option<(DatasetId, PathBuf)>,
    /// Counts how often the gates were asked to be shown; the page follows.
    pub gates_wanted: u64,
    /// Counts how often the labels that look wrong were asked to be listed, with what was asked for last; the page
    /// follows.
    pub suspects_wanted: u64,
    pub suspects: Option<(VersionId, String)>,
    /// What a gate said no to; waits for a reason or for being given up.
    pub stopped: Option<Stopped>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    pub work: StoppedWork,
    /// Which gates are red, why, and what to do.
    pub problem: Problem,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StoppedWork {
    Job { request: Box<JobRequest>, after: After },
    Edit(Box<Edit>),
}

impl StoppedWork {
    /// The version that has to pass the gates, where it is one of the workspace.
    pub fn version(&self) -> Option<VersionId> {
        let of = |data: &DataRef| match data {
            DataRef::Version(id) => Some(*id),
            _ => None,
        };
        match self {
            Self::Job { request, .. } => match request.unwrapped().0 {
                JobRequest::Train(train) => of(&train.data),
                JobRequest::Tune(tune) => of(&tune.train.data),
                _ => None,
            },
            Self::Edit(edit) => match **edit {
                Edit::Publish { version } => Some(version),
                _ => None,
            },
        }
    }
}

impl Checking {
    /// What the rules that are being edited find: the last answer, which may be of a limit a moment ago.
    pub fn preview(&self) -> Option<&Result<Vec<RulePreview>, Problem>> {
        self.came.as_ref().map(|(_, preview)| preview)
    }

    /// Is a newer answer on its way?
    pub fn is_previewing(&self) -> bool {
        self.asked.is_some() && self.wanted.is_some()
    }
}

/// Whether gates stand before an edit.
pub(super) fn may_be_stopped(edit: &Edit) -> bool {
    matches!(edit, Edit::MoveBranch { .. } | Edit::AddTag { .. } | Edit::Revert { .. } | Edit::Publish { .. })
}
