//! Why a stage failed, and how a person is told.

use crate::bundle::BundleError;
use crate::data::error::LoadError;
use crate::data::recipe::RecipeError;
use crate::data::split::SplitError;
use crate::data::target::TargetError;
use crate::domain::gate::{Act, GateState, Need};
use crate::domain::io::Cancelled;
use crate::domain::params::ParamProblem;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::request::JobRequest;
use crate::ml::FitError;
use crate::ml::cross_validate::FoldError;
use crate::ml::error::PredictError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum StageError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Split(#[from] SplitError),
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    #[error(transparent)]
    Fit(#[from] FitError),
    #[error(transparent)]
    Predict(#[from] PredictError),
    #[error(transparent)]
    Folds(#[from] FoldError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("{}", list(.0))]
    Params(Vec<ParamProblem>),
    /// What was asked for makes no sense.
    #[error("{summary}")]
    Usage { summary: String, hint: String },
    /// A gate said no.
    #[error("{subject} does not pass: {}", reds(.red))]
    Gates {
        act: Act,
        /// `churn@2`, `run 3`, a file name.
        subject: String,
        red: Vec<GateState>,
        /// Where a version waits that was not let in.
        kept: Option<String>,
    },
    /// The text of a panic.
    #[error("an error in Modelwright itself: {0}")]
    Panicked(String),
    #[error("{path}: {source}")]
    File { path: String, source: std::io::Error },
}

/// For a row that refuses its file.
const SET_ASIDE_HINT: &str =
    "Correct the file, or import it without such rows: --bad-rows set-aside, or “Set them aside” in the import panel";

fn list(problems: &[ParamProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn reds(red: &[GateState]) -> String {
    let told = |state: &GateState| format!("{}, but {}", state.gate.title(), state.red.as_deref().unwrap_or_default());
    red.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// What to do about red gates.
fn gate_hint(act: Act, subject: &str, red: &[GateState]) -> String {
    let mut steps = Vec::new();
    let needs = |test: fn(&Need) -> bool| red.iter().any(|state| test(&state.gate.needs));
    if needs(Need::needs_report) && act != Act::Score {
        steps.push(format!("look at `check {subject}` and correct the data or the suite"));
    } else if needs(Need::needs_report) {
        steps.push("correct the file or the suite".to_owned());
    }
    if needs(|need| *need == Need::Checked) {
        steps.push("run the checks on it".to_owned());
    }
    if needs(|need| *need == Need::Split) {
        steps.push("look at `checks splits` and split otherwise, or correct the data".to_owned());
    }
    if needs(|need| *need == Need::SignOff) {
        steps.push("answer the four questions of `sign-off`".to_owned());
    }
    let mut text = format!("{}; or go ahead with --override REASON, which is recorded", steps.join(", "));
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text
}

impl StageError {
    pub fn usage(summary: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { summary: summary.into(), hint: hint.into() }
    }

    /// Was it stopped rather than failed?
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled(_) => true,
            Self::Load(e) => matches!(e, LoadError::Cancelled(_)),
            Self::Store(e) => matches!(e, StoreError::Cancelled(_)),
            Self::Fit(e) => matches!(e, FitError::Cancelled(_)),
            Self::Recipe(e) => matches!(e, RecipeError::Cancelled(_)),
            Self::Predict(e) => matches!(e, PredictError::Cancelled(_)),
            Self::Bundle(e) => matches!(e, BundleError::Cancelled(_)),
            _ => false,
        }
    }

    /// For people: what failed, why, what to do.
    pub fn problem(&self, request: &JobRequest) -> Problem {
        if self.is_cancelled() {
            return Problem::cancelled();
        }
        let usage = match self {
            Self::Usage { .. } | Self::Params(_) | Self::Folds(_) => true,
            Self::Target(e) => matches!(e, TargetError::Unknown { .. }),
            Self::Split(e) => {
                matches!(e, SplitError::NoColumn { .. } | SplitError::NotTime { .. } | SplitError::OneGroup { .. })
            }
            Self::Store(e) => matches!(e, StoreError::NotFound { .. } | StoreError::Needed { .. }),
            Self::Load(e) => e.is_usage() || matches!(e, LoadError::NotInBoth { .. }),
            _ => false,
        };
        if let Self::Gates { act, subject, red, kept } = self {
            return Problem {
                kind: ProblemKind::Gate,
                summary: format!("{subject} does not pass {} before {}", gates(red.len()), act.title()),
                details: {
                    let told = red.iter().map(|state| reds(std::slice::from_ref(state)));
                    told.chain(kept.clone()).collect::<Vec<_>>().join("\n  ")
                },
                hint: gate_hint(*act, subject, red),
            };
        }
        Problem {
            kind: if usage { ProblemKind::Usage } else { ProblemKind::Failed },
            summary: format!("Could not {}: {self}", verb(request)),
            details: String::new(),
            hint: match (self, request) {
                (Self::Load(e), JobRequest::Import(_) | JobRequest::Refresh(_)) if e.is_about_a_row() => {
                    SET_ASIDE_HINT.to_owned()
                }
                _ => self.hint(),
            },
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Params(_) => "Parameters are given as --param algorithm.name=value".to_owned(),
            Self::Load(LoadError::ParquetWrite { .. }) => "Is the disk full? Free some space and try again".to_owned(),
            Self::Panicked(_) => "Nothing that was saved is affected. Please report this text".to_owned(),
            Self::Load(LoadError::Io { source, .. }) | Self::Bundle(BundleError::Io { source, .. }) => io_hint(source),
            Self::File { .. } => "Check the path and the permissions of the folder".to_owned(),
            _ => String::new(),
        }
    }
}

fn gates(n: usize) -> String {
    if n == 1 { "a gate".to_owned() } else { format!("{n} gates") }
}

fn io_hint(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    let hint = match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => "Free some space on that disk and try again",
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => "Check the permissions of the folder, or choose another",
        Kind::NotFound | Kind::NotADirectory | Kind::IsADirectory => "Check the path",
        _ => "",
    };
    hint.to_owned()
}

fn verb(request: &JobRequest) -> &'static str {
    match request {
        JobRequest::Import(_) => "import",
        JobRequest::Check(_) => "run checks",
        JobRequest::Train(_) => "train",
        JobRequest::Tune(_) => "tune",
        JobRequest::Reproduce(_) => "reproduce the run",
        JobRequest::Drift(_) => "compare for drift",
        JobRequest::Export(_) => "export",
        JobRequest::Score(_) => "score",
        JobRequest::Report(_) => "save the profile",
        JobRequest::Verify(_) => "verify",
        JobRequest::Diff(_) => "compare the versions",
        JobRequest::Restore(_) => "restore",
        JobRequest::Demo(_) => "open the sample project",
        JobRequest::Refresh(_) => "refresh",
        JobRequest::Collect(_) => "collect",
        JobRequest::Label(_) => "save the labels",
        JobRequest::CheckReport(_) => "save the check report",
        JobRequest::Quarantine(_) | JobRequest::SetAside(_) => "set rows aside",
        JobRequest::Overriding { request, .. } => verb(request),
        JobRequest::KeepGroups(_) => "keep the groups",
        JobRequest::Ask(_) => "look at that",
    }
}
