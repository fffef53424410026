//! What can be asked of the lifecycle, and what comes back. The window, the command line and the worker process all
//! speak these types; they travel between processes as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bundle::ExportedBundle;
pub use super::check_request::CheckRequest;
use super::check_request::{CheckReportRequest, QuarantineOutcome, QuarantineRequest, SetAsideRequest};
use super::dataset::{DatasetVersion, ReadDraft};
use super::diff::{DiffReport, DiffRequest};
use super::drift::StoredDrift;
use super::explore::KeepGroups;
use super::finding::CheckRun;
use super::ids::{GroupId, RunId, VersionId, WatchId};
use super::labels::Label;
use super::params::{Algorithm, ParamDraft};
use super::question::{Answer, Question};
use super::recipe::RecipeSpec;
use super::run::{Run, RunStatus};
use super::split::SplitSpec;
use super::split_check::SplitCheck;
use super::task::{Task, TaskProposal};
use super::training::{ReproduceOutcome, TrainOptions, TuneOutcome, TuneRequest};
use super::watch::Collected;
use super::words::file_name;

/// A dataset as a user names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataRef {
    Version(VersionId),
    /// The latest version when `version` is `None`.
    Named {
        name: String,
        version: Option<u32>,
    },
    /// The version that a tag or branch of the dataset leads to.
    Labelled {
        name: String,
        label: String,
    },
    /// A file, imported on the way.
    File(PathBuf),
}

impl DataRef {
    /// `name`, `name@2`, `name@tag`, `name@branch`, or a path. Text that names an existing file or looks like a path is one.
    pub fn parse(text: &str, is_file: impl Fn(&Path) -> bool) -> Self {
        let path = Path::new(text);
        if is_file(path) || text.contains('/') || text.contains('\\') {
            return Self::File(path.to_owned());
        }
        if let Some((name, label)) = text.rsplit_once('@')
            && !name.is_empty()
            && !label.is_empty()
        {
            let name = name.to_owned();
            return match label.parse() {
                Ok(version) => Self::Named { name, version: Some(version) },
                Err(_) => Self::Labelled { name, label: label.to_owned() },
            };
        }
        Self::Named { name: text.to_owned(), version: None }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportRequest {
    pub path: PathBuf,
    /// The file's stem when `None`.
    pub name: Option<String>,
    /// What is fixed about the reading; the rest is guessed.
    pub read: ReadDraft,
    /// Columns that must be there: what was said about them has no meaning else. Choices in `read` for other columns
    /// that are missing are only a warning.
    #[serde(default)]
    pub needs_columns: Vec<String>,
    /// Use `read` again the next time this source is imported.
    pub remember: bool,
    /// Guess anew, and forget what was remembered about this source.
    #[serde(default)]
    pub forget: bool,
    pub note: String,
    /// The branch that moves to the new version, created where there is none; `main` when `None`.
    #[serde(default)]
    pub branch: Option<String>,
}

impl ImportRequest {
    /// Everything guessed.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            name: None,
            read: ReadDraft::default(),
            needs_columns: Vec::new(),
            remember: false,
            forget: false,
            note: String::new(),
            branch: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportOutcome {
    pub version: DatasetVersion,
    /// False when these bytes were already a version of this dataset.
    pub new: bool,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    pub data: DataRef,
    pub target: String,
    /// Proposed from the column when `None`.
    pub task: Option<Task>,
    /// All that fit the task when empty.
    pub algorithms: Vec<Algorithm>,
    pub split: SplitSpec,
    /// 0: no cross-validation.
    pub folds: u32,
    pub params: BTreeMap<Algorithm, ParamDraft>,
    pub exclude: Vec<String>,
    pub recipe: RecipeSpec,
    #[serde(default)]
    pub options: TrainOptions,
}

impl TrainRequest {
    /// What this run alone was asked for.
    pub fn of_run(run: &Run) -> Self {
        let plan = &run.plan;
        let context = &plan.context;
        // What the user left out; what was left out for another reason will be again.
        let kept = |name: &String| context.kept.get(name).cloned().unwrap_or_default();
        let exclude = plan.excluded.iter().filter(|(_, why)| why == "excluded by you").map(|(name, _)| name.clone());
        Self {
            data: DataRef::Version(plan.version_id),
            target: plan.target.clone(),
            task: Some(plan.task),
            algorithms: vec![plan.algorithm],
            split: plan.split.clone(),
            folds: plan.folds,
            params: [(plan.algorithm, plan.params.to_draft())].into(),
            exclude: exclude.collect(),
            recipe: plan.recipe.clone(),
            options: TrainOptions {
                repeats: context.repeats,
                weight: context.weight.clone(),
                split_of: context.split_of,
                decision: context.decision,
                // Whatever is known of its columns now: they are those of the run.
                keep_leaking: plan.features.iter().map(|name| (name.clone(), kept(name))).collect(),
                ..TrainOptions::default()
            },
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainOutcome {
    pub proposal: TaskProposal,
    #[serde(default)]
    pub group: Option<GroupId>,
    /// The time budget was spent before every algorithm had its turn.
    #[serde(default)]
    pub left_out: bool,
    pub runs: Vec<Run>,
    pub best: Option<RunId>,
    pub warnings: Vec<String>,
    /// What the checks say of the rows they were trained and tested on.
    #[serde(default)]
    pub split_check: Option<Box<SplitCheck>>,
}

impl TrainOutcome {
    /// Did the time budget leave something undone?
    pub fn is_cut_short(&self) -> bool {
        self.left_out || self.runs.iter().any(|run| run.status == RunStatus::Cancelled)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftRequest {
    pub reference: DataRef,
    pub current: DataRef,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportRequest {
    pub run: RunId,
    pub out: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportOutcome {
    pub bundle: ExportedBundle,
    pub path: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoringModel {
    Run(RunId),
    Bundle(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreRequest {
    pub model: ScoringModel,
    pub input: PathBuf,
    pub output: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreOutcome {
    pub rows: u64,
    pub output: PathBuf,
    /// Columns that were added, in order.
    pub columns: Vec<String>,
    pub seconds: f64,
    pub warnings: Vec<String>,
}

/// How a profile is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// One self-contained page for people.
    Html,
    /// The profile as [`super::profile::TableProfile`].
    Json,
}

/// Save the profile of a table; personal values are masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportRequest {
    pub data: DataRef,
    pub format: ReportFormat,
    pub out: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportOutcome {
    pub path: PathBuf,
    pub bytes: u64,
    /// `churn@2`
    pub data: String,
}

/// What `verify` looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyTarget {
    /// The workspace the job runs in.
    Workspace,
    Bundle(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerifyOutcome {
    pub ok: bool,
    pub checked: u64,
    /// One line each: what is damaged and how.
    pub damaged: Vec<String>,
}

/// What a version is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreForm {
    /// The bytes that were imported; a folder where a folder was.
    Source,
    /// The typed table.
    Parquet,
    /// CSV that reads back as the same table.
    Csv,
    /// CSV whose texts no spreadsheet takes for formulas.
    CsvSpreadsheet,
    /// The rows set aside while reading, as CSV.
    Rejected,
}

impl RestoreForm {
    pub const ALL: [Self; 5] = [Self::Source, Self::Parquet, Self::Csv, Self::CsvSpreadsheet, Self::Rejected];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::CsvSpreadsheet => "csv-spreadsheet",
            Self::Rejected => "rejected",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == word)
    }

    /// For a menu.
    pub fn title(self) -> &'static str {
        match self {
            Self::Source => "As imported",
            Self::Parquet => "Parquet",
            Self::Csv => "CSV, exact",
            Self::CsvSpreadsheet => "CSV for spreadsheets",
            Self::Rejected => "Rejected rows as CSV",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoreRequest {
    pub data: DataRef,
    pub out: PathBuf,
    pub form: RestoreForm,
    /// Replace what is at `out`.
    pub overwrite: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RestoreOutcome {
    pub version: DatasetVersion,
    pub path: PathBuf,
    pub form: RestoreForm,
    pub bytes: u64,
    /// Rows of a table that was written; of source files not known.
    pub rows: Option<u64>,
    /// Files that were written.
    pub files: u64,
    /// Cells that got an apostrophe so that no spreadsheet takes them for formulas.
    pub guarded_cells: u64,
}

/// Look at watched places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectRequest {
    /// All when `None`.
    pub watch: Option<WatchId>,
    /// At most so many files at once.
    pub max: u32,
    /// Make versions also of what is only to be offered: somebody asked for it.
    pub accept: bool,
}

/// Labels that become a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelRequest {
    /// The version that is labelled.
    pub data: DataRef,
    pub column: String,
    pub labels: Vec<Label>,
    /// They are those of the open session, which ends with this: it knows who gave each of them and when.
    pub ends_session: bool,
    /// What the version is noted with; told from the labels when empty.
    pub note: String,
}

/// A piece of work for the worker process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobRequest {
    Import(ImportRequest),
    Check(CheckRequest),
    Train(TrainRequest),
    Tune(TuneRequest),
    /// Train a run again and compare.
    Reproduce(RunId),
    Drift(DriftRequest),
    Export(ExportRequest),
    Score(ScoreRequest),
    Report(ReportRequest),
    Verify(VerifyTarget),
    Diff(DiffRequest),
    Restore(RestoreRequest),
    /// The whole life on the sample data; leaves its files in the folder.
    Demo(PathBuf),
    /// Read a dataset's source again.
    Refresh(DataRef),
    Collect(CollectRequest),
    Label(LabelRequest),
    /// Save the report of a check run.
    CheckReport(CheckReportRequest),
    Quarantine(QuarantineRequest),
    SetAside(SetAsideRequest),
    /// The same in spite of red gates, for this reason; both are recorded.
    Overriding {
        reason: String,
        request: Box<JobRequest>,
    },
    KeepGroups(KeepGroups),
    Ask(Question),
}

impl JobRequest {
    /// The request itself, and the reason to let it past red gates.
    pub fn unwrapped(&self) -> (&Self, Option<&str>) {
        match self {
            Self::Overriding { reason, request } => (request.unwrapped().0, Some(reason)),
            _ => (self, None),
        }
    }

    /// What a status bar shows: "Import churn.csv".
    pub fn title(&self) -> String {
        match self {
            Self::Import(r) => format!("Import {}", file_name(&r.path)),
            Self::Check(_) => "Run checks".to_owned(),
            Self::Train(r) => format!("Train for {}", r.target),
            Self::Tune(r) => format!("Tune for {}", r.train.target),
            Self::Reproduce(run) => format!("Reproduce run {run}"),
            Self::Drift(_) => "Compare for drift".to_owned(),
            Self::Export(r) => format!("Export {}", file_name(&r.out)),
            Self::Score(r) => format!("Score {}", file_name(&r.input)),
            Self::Report(r) => format!("Save {}", file_name(&r.out)),
            Self::Verify(_) => "Verify".to_owned(),
            Self::Diff(_) => "Compare versions".to_owned(),
            Self::Restore(r) => format!("Restore {}", file_name(&r.out)),
            Self::Demo(_) => "Open the sample project".to_owned(),
            Self::Refresh(_) => "Refresh from source".to_owned(),
            Self::Collect(_) => "Collect files".to_owned(),
            Self::Label(r) => format!("Save labels of {}", r.column),
            Self::CheckReport(r) => format!("Save {}", file_name(&r.out)),
            Self::Quarantine(_) | Self::SetAside(_) => "Set rows aside".to_owned(),
            Self::Overriding { request, .. } => request.title(),
            Self::KeepGroups(r) => format!("Keep groups in {}", r.column),
            Self::Ask(_) => "Look".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "one at a time, at the end of a job")]
pub enum JobOutcome {
    Imported(ImportOutcome),
    Checked(CheckRun),
    Trained(TrainOutcome),
    Tuned(Box<TuneOutcome>),
    Reproduced(Box<ReproduceOutcome>),
    Drifted(StoredDrift),
    Exported(ExportOutcome),
    Scored(ScoreOutcome),
    Reported(ReportOutcome),
    Verified(VerifyOutcome),
    Diffed(Box<DiffReport>),
    Restored(RestoreOutcome),
    Demo(DemoOutcome),
    Collected(Vec<Collected>),
    /// A version with a new or changed column of labels or groups.
    Labelled(DatasetVersion),
    Quarantined(Box<QuarantineOutcome>),
    Answered(Box<Answer>),
}

/// What the sample project made, stage by stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoOutcome {
    pub workspace: PathBuf,
    pub stages: Vec<DemoStage>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DemoStage {
    /// `Import`, `Check` …
    pub stage: String,
    /// What came out, with its numbers.
    pub result: String,
    /// Where to look next.
    pub next: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_is_named_by_name_version_or_path() {
        let nowhere = |_: &Path| false;
        assert_eq!(DataRef::parse("churn", nowhere), DataRef::Named { name: "churn".into(), version: None });
        assert_eq!(DataRef::parse("churn@2", nowhere), DataRef::Named { name: "churn".into(), version: Some(2) });
        assert_eq!(DataRef::parse("a@b", nowhere), DataRef::Labelled { name: "a".into(), label: "b".into() });
        assert_eq!(DataRef::parse("@b", nowhere), DataRef::Named { name: "@b".into(), version: None });
        assert_eq!(DataRef::parse("./churn.csv", nowhere), DataRef::File("./churn.csv".into()));
        assert_eq!(DataRef::parse("churn.csv", |_| true), DataRef::File("churn.csv".into()));
    }
}
