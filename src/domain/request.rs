//! What can be asked of the lifecycle, and what comes back. The window, the command line and the worker process all
//! speak these types; they travel between processes as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bundle::ExportedBundle;
use super::dataset::{DatasetVersion, ReadDraft};
use super::drift::StoredDrift;
use super::finding::CheckRun;
use super::ids::{RunId, VersionId};
use super::params::{Algorithm, ParamDraft};
use super::question::{Answer, Question};
use super::recipe::RecipeSpec;
use super::run::Run;
use super::split::SplitSpec;
use super::task::{Task, TaskProposal};
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
    /// A file, imported on the way.
    File(PathBuf),
}

impl DataRef {
    /// `name`, `name@2`, or a path. Text that names an existing file or looks like a path is one.
    pub fn parse(text: &str, is_file: impl Fn(&Path) -> bool) -> Self {
        let path = Path::new(text);
        if is_file(path) || text.contains('/') || text.contains('\\') {
            return Self::File(path.to_owned());
        }
        if let Some((name, version)) = text.rsplit_once('@')
            && let Ok(version) = version.parse()
        {
            return Self::Named { name: name.to_owned(), version: Some(version) };
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
    /// Use `read` again the next time this source is imported.
    pub remember: bool,
    pub note: String,
}

impl ImportRequest {
    /// Everything guessed.
    pub fn of(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), name: None, read: ReadDraft::default(), remember: false, note: String::new() }
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
pub struct CheckRequest {
    pub data: DataRef,
    /// The table to compare with: earlier month, training part.
    pub against: Option<DataRef>,
    pub target: Option<String>,
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
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainOutcome {
    pub proposal: TaskProposal,
    pub runs: Vec<Run>,
    pub best: Option<RunId>,
    pub warnings: Vec<String>,
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

/// A piece of work for the worker process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobRequest {
    Import(ImportRequest),
    Check(CheckRequest),
    Train(TrainRequest),
    Drift(DriftRequest),
    Export(ExportRequest),
    Score(ScoreRequest),
    Verify(VerifyTarget),
    /// The whole life on the sample data; leaves its files in the folder.
    Demo(PathBuf),
    Ask(Question),
}

impl JobRequest {
    /// What a status bar shows: "Import churn.csv".
    pub fn title(&self) -> String {
        match self {
            Self::Import(r) => format!("Import {}", file_name(&r.path)),
            Self::Check(_) => "Run checks".to_owned(),
            Self::Train(r) => format!("Train for {}", r.target),
            Self::Drift(_) => "Compare for drift".to_owned(),
            Self::Export(r) => format!("Export {}", file_name(&r.out)),
            Self::Score(r) => format!("Score {}", file_name(&r.input)),
            Self::Verify(_) => "Verify".to_owned(),
            Self::Demo(_) => "Open the sample project".to_owned(),
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
    Drifted(StoredDrift),
    Exported(ExportOutcome),
    Scored(ScoreOutcome),
    Verified(VerifyOutcome),
    Demo(DemoOutcome),
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
        assert_eq!(DataRef::parse("a@b", nowhere), DataRef::Named { name: "a@b".into(), version: None });
        assert_eq!(DataRef::parse("./churn.csv", nowhere), DataRef::File("./churn.csv".into()));
        assert_eq!(DataRef::parse("churn.csv", |_| true), DataRef::File("churn.csv".into()));
    }
}
