//! What a page can ask beside the lists: a question is answered in the background, and the answer kept until the
//! workspace changes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::catalogue::CatalogueEntry;
use super::check_history::{CheckDiff, RuleHistory};
use super::check_request::RulePreview;
use super::dataset::ReadDraft;
use super::decision::Decisions;
use super::diff::{DiffReport, DiffRequest};
use super::explore::{ExploreRequest, Explored};
use super::finding::Finding;
use super::gate::{Act, GateBoard, GateState};
use super::ids::{CheckRunId, DatasetId, RunId, VersionId};
use super::labels::{LabelHistory, LabelQueue, LabelTask};
use super::preview::ImportPreview;
use super::ranking::{RankRequest, Ranking};
use super::recipe::{PreviewRecipe, RecipePreview, RecipeSpec};
use super::relations::{PairPlot, Relations};
use super::sign_off::SignOff;
use super::storage::StorageReport;
use super::suite::{Environment, Rule, SavedSuite, Suite, SuiteTrial};
use super::suspects::LabelProblems;
use super::training::{RunGroup, TrainingProposal};
use super::watch::WatchView;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How would this file be read? `remembered`: with what was changed about this source before.
    Preview { path: PathBuf, draft: ReadDraft, rows: u32, remembered: bool },
    /// What differs between two versions?
    Diff(DiffRequest),
    /// The rows set aside while a version was read, from the 0-based `first` on.
    Rejects { version: VersionId, first: u64, count: u64 },
    /// What may a table take in memory?
    MemoryBudget,
    /// How do the columns hang together?
    Relations { version: VersionId, all_rows: bool },
    /// One pair of columns as a picture, coloured by a third.
    Pair { version: VersionId, x: String, y: String, by: Option<String> },
    /// What would each step of a recipe do?
    Recipe(PreviewRecipe),
    /// What would be trained for this target, and why?
    TrainingPlan { version: VersionId, target: String },
    /// Which rows belong together, or are unlike all others?
    Explore(ExploreRequest),
    /// Which columns say something about a target?
    Rank(RankRequest),
    /// Which requests did not end, and what of them is done?
    OpenGroups,
    /// What is in this recipe file?
    RecipeFile { path: PathBuf },
    /// Which recipes are kept under a name?
    RecipeTemplates,
    /// What would each cut of a two-class run come to?
    Decisions { run: RunId },
    /// What is each dataset, and who uses it?
    Catalogue,
    /// What are the bytes spent on?
    Storage,
    /// How do the watched places stand?
    Watches,
    /// What is there to label in this column?
    LabelTask { version: VersionId, column: String, queue: LabelQueue },
    /// The cells of these rows (1-based), in column order.
    Rows { version: VersionId, rows: Vec<u64> },
    /// Which labels were given by hand, by whom?
    Labels { version: VersionId },
    /// The suite of a dataset, every saved state of it, newest first.
    Suites { dataset: DatasetId },
    /// A suite that these versions pass; `target` is there to train only.
    SuiteDraft { versions: Vec<VersionId>, target: Option<String> },
    /// The suite in a file, of ours or of Great Expectations.
    SuiteFile { path: PathBuf },
    /// On which versions would this suite, or this rule of it, have failed?
    SuiteTrial { dataset: DatasetId, suite: Box<Suite>, rule: Option<String>, environment: Environment },
    /// What would each of these rules find in a version?
    RulePreview { version: VersionId, against: Option<VersionId>, rules: Vec<Rule> },
    /// All rows that a finding of a check run is about.
    FindingRows { check_run: CheckRunId, finding: Box<Finding> },
    /// The gates, and what was let through in spite of them.
    Gates,
    /// How the gates before this stand for a version.
    GateStates { version: VersionId, act: Act },
    /// The sign-offs of a version, newest first.
    SignOffs { version: VersionId },
    /// Which labels look wrong?
    LabelProblems { version: VersionId, target: String },
    /// What differs between two check runs?
    CheckDiff { before: CheckRunId, after: CheckRunId },
    /// How every rule and check of a dataset came out, run by run.
    RuleHistories { dataset: DatasetId },
}

impl Question {
    /// Whether answering parses foreign bytes or takes long: then a worker process does it.
    pub fn needs_worker(&self) -> bool {
        match self {
            Self::Preview { .. } | Self::Diff(_) | Self::Relations { .. } | Self::Pair { .. } => true,
            Self::Recipe(_) | Self::TrainingPlan { .. } | Self::Decisions { .. } | Self::Explore(_) => true,
            Self::Rank(_) => true,
            Self::OpenGroups | Self::RecipeTemplates | Self::RecipeFile { .. } => false,
            Self::Rejects { .. } | Self::MemoryBudget => false,
            Self::Catalogue | Self::Storage | Self::Watches => false,
            Self::LabelTask { .. } | Self::Rows { .. } | Self::Labels { .. } => false,
            // A check that is missing is run.
            Self::SuiteTrial { .. } | Self::GateStates { .. } | Self::SuiteFile { .. } => true,
            Self::FindingRows { .. } | Self::LabelProblems { .. } => true,
            // Asked with every step of a dragged limit, of few columns: a process would take longer.
            Self::RulePreview { .. } => false,
            Self::Suites { .. }
            | Self::SuiteDraft { .. }
            | Self::Gates
            | Self::SignOffs { .. }
            | Self::CheckDiff { .. }
            | Self::RuleHistories { .. } => false,
        }
    }

    /// Whether whoever answers looks up now and then to see if anybody still waits.
    pub fn can_be_stopped(&self) -> bool {
        self.needs_worker() || matches!(self, Self::RulePreview { .. })
    }

    /// Whether the answer stays true whatever happens in the workspace: it is about versions, which never change.
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Preview { .. } | Self::MemoryBudget => false,
            Self::Catalogue | Self::Storage | Self::Watches => false,
            Self::LabelTask { .. } | Self::Rows { .. } | Self::Labels { .. } => false,
            Self::OpenGroups | Self::RecipeTemplates => false,
            Self::Suites { .. } | Self::SuiteTrial { .. } | Self::Gates | Self::GateStates { .. } => false,
            Self::SignOffs { .. } | Self::RuleHistories { .. } | Self::SuiteFile { .. } => false,
            Self::SuiteDraft { .. } | Self::RulePreview { .. } | Self::CheckDiff { .. } => true,
            Self::FindingRows { .. } | Self::LabelProblems { .. } => true,
            // Read once for the form, which then has it.
            Self::RecipeFile { .. } => true,
            // A run's model never changes either.
            Self::Recipe(_) | Self::TrainingPlan { .. } | Self::Decisions { .. } | Self::Explore(_) => true,
            Self::Rank(_) => true,
            Self::Diff(_) | Self::Rejects { .. } | Self::Relations { .. } | Self::Pair { .. } => true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Preview(Box<ImportPreview>),
    Diff(Box<DiffReport>),
    Rejects(RejectsPage),
    Relations(Box<Relations>),
    Pair(Box<PairPlot>),
    Recipe(Box<RecipePreview>),
    TrainingPlan(Box<TrainingProposal>),
    Explored(Box<Explored>),
    Ranked(Box<Ranking>),
    OpenGroups(Vec<RunGroup>),
    RecipeTemplates(BTreeMap<String, RecipeSpec>),
    RecipeFile(Box<RecipeSpec>),
    Decisions(Box<Decisions>),
    Catalogue(Vec<CatalogueEntry>),
    Storage(Box<StorageReport>),
    Watches(Vec<WatchView>),
    LabelTask(Box<LabelTask>),
    Rows(Vec<Vec<Option<String>>>),
    Labels(Vec<LabelHistory>),
    Suites(Vec<SavedSuite>),
    SuiteDraft(Box<Suite>),
    /// `not_taken`: what of it has no counterpart here, each with the reason.
    SuiteFile {
        suite: Box<Suite>,
        not_taken: Vec<(String, String)>,
    },
    SuiteTrial(Box<SuiteTrial>),
    /// In the order of the rules.
    RulePreview(Vec<RulePreview>),
    /// 1-based and ascending.
    FindingRows(Vec<u64>),
    Gates(Box<GateBoard>),
    GateStates(Vec<GateState>),
    SignOffs(Vec<SignOff>),
    CheckDiff(Box<CheckDiff>),
    RuleHistories(Vec<RuleHistory>),
    LabelProblems(Box<LabelProblems>),
    MemoryBudget {
        set: Option<u64>,
        default: u64,
    },
}

/// Some of the rows that were set aside while a file was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RejectsPage {
    /// All that were set aside.
    pub total: u64,
    /// 0-based position of the first row here.
    pub first: u64,
    pub rows: Vec<RejectedRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RejectedRow {
    /// Where it stands in the source, 1-based.
    pub line: u64,
    pub reason: String,
    pub text: String,
}
