//! Everything a user can ask for. Menus, shortcuts, the palette, drops and buttons all send one of these.

use std::ops::Range;
use std::path::PathBuf;

use crate::domain::check_request::{CheckReportFormat, QuarantineRequest, SetAsideRequest};
use crate::domain::edit::Edit;
use crate::domain::explore::KeepGroups;
use crate::domain::finding::Finding;
use crate::domain::ids::{BundleId, CheckRunId, DatasetId, DriftId, RunId, VersionId};
use crate::domain::question::Question;
use crate::domain::request::{CheckRequest, DriftRequest, LabelRequest, ReportFormat, RestoreForm, TrainRequest};
use crate::domain::suite::Rule;
use crate::domain::table::{FindRequest, TableQuery};
use crate::domain::training::TuneRequest;
use crate::jobs::event::JobId;

use super::import::ImportPanel;
use super::settings::{ColumnLayout, Settings};

/// The pages, in rail order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    #[default]
    Overview,
    Data,
    Checks,
    Train,
    Runs,
    Ship,
    Monitor,
    Activity,
    Storage,
    Settings,
}

impl Page {
    pub const ALL: [Self; 10] = [
        Self::Overview,
        Self::Data,
        Self::Checks,
        Self::Train,
        Self::Runs,
        Self::Ship,
        Self::Monitor,
        Self::Activity,
        Self::Storage,
        Self::Settings,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Data => "Data",
            Self::Checks => "Checks",
            Self::Train => "Train",
            Self::Runs => "Runs",
            Self::Ship => "Ship",
            Self::Monitor => "Monitor",
            Self::Activity => "Activity",
            Self::Storage => "Storage",
            Self::Settings => "Settings",
        }
    }
}

/// What a file picker is opened for; decides its title, filters and what happens with the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum PickFor {
    ImportFiles,
    OpenWorkspace,
    /// A folder whose files become versions of the named dataset.
    WatchFolder(String),
    /// A recipe for the Train page's form.
    OpenRecipe,
    ExportBundle(RunId),
    ScoreInput(RunId),
    /// Where the scored table goes.
    ScoreOutput {
        run: RunId,
        input: PathBuf,
    },
    /// Write a version to a file.
    Restore {
        version: VersionId,
        form: RestoreForm,
        suggested: String,
    },
    /// Where the profile of a version goes, and the name of the version.
    SaveProfile {
        version: VersionId,
        label: String,
        format: ReportFormat,
    },
    /// A suite file for this dataset.
    OpenSuite(DatasetId),
    /// Where the report of a check run goes, and the version it is about.
    SaveCheckReport {
        check_run: CheckRunId,
        label: String,
        format: CheckReportFormat,
    },
    /// Save text (a chart's numbers, a model card) under a suggested name.
    SaveText {
        suggested: String,
        text: String,
    },
    /// Save a picture of the window's `rect` (in points), asked for by a chart.
    SavePlot {
        suggested: String,
        rect: egui_free::Rect,
    },
}

impl PickFor {
    /// The title of the dialog, or of the path field where there is none.
    pub fn title(&self) -> &'static str {
        match self {
            Self::ImportFiles => "Import files",
            Self::OpenWorkspace => "Open a workspace folder",
            Self::WatchFolder(_) => "Folder to watch",
            Self::OpenRecipe => "Open a recipe",
            Self::ExportBundle(_) => "Export the bundle as",
            Self::ScoreInput(_) => "File to score",
            Self::ScoreOutput { .. } => "Save the scored table as",
            Self::Restore { .. } => "Save the version as",
            Self::SaveProfile { .. } => "Save the profile as",
            Self::OpenSuite(_) => "Open a suite",
            Self::SaveCheckReport { .. } => "Save the check report as",
            Self::SaveText { .. } | Self::SavePlot { .. } => "Save as",
        }
    }

    /// The file name a save dialog starts with; `None` for dialogs that open something.
    pub fn suggested(&self) -> Option<String> {
        match self {
            Self::ImportFiles | Self::OpenWorkspace | Self::WatchFolder(_) => None,
            Self::OpenRecipe | Self::ScoreInput(_) | Self::OpenSuite(_) => None,
            Self::ExportBundle(run) => Some(format!("model-run-{run}.zip")),
            Self::ScoreOutput { input, .. } => {
                let stem = input.file_stem().map_or_else(|| "table".into(), |s| s.to_string_lossy());
                Some(format!("{stem}-scored.csv"))
            }
            Self::SaveProfile { label, format, .. } => {
                let ending = match format {
                    ReportFormat::Html => "html",
                    ReportFormat::Json => "json",
                };
                Some(format!("profile-{}.{ending}", label.replace('@', "-v")))
            }
            Self::SaveCheckReport { label, format, .. } => {
                let ending = match format {
                    CheckReportFormat::Html => "html",
                    CheckReportFormat::Json => "json",
                    CheckReportFormat::Junit => "xml",
                };
                Some(format!("checks-{}.{ending}", label.replace('@', "-v")))
            }
            Self::Restore { suggested, .. } | Self::SaveText { suggested, .. } | Self::SavePlot { suggested, .. } => {
                Some(suggested.clone())
            }
        }
    }
}

/// A rectangle without egui: the state knows no toolkit.
pub mod egui_free {
    #[derive(Clone, Copy, Debug, PartialEq, Default)]
    pub struct Rect {
        pub min: [f32; 2],
        pub max: [f32; 2],
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    // Where we are
    GoTo(Page),
    FocusVersion(VersionId),
    FocusRun(RunId),
    FocusColumn(Option<String>),
    ShowCheckRun(CheckRunId),
    ShowDrift(DriftId),
    ShowBundle(BundleId),
    /// Show these 1-based rows (a finding's evidence) in the table.
    ShowRows {
        version: VersionId,
        column: Option<String>,
        rows: Vec<u64>,
    },
    /// Move the table to this 1-based row of the current query's result.
    GoToRow {
        version: VersionId,
        row: u64,
    },
    TogglePalette,
    ToggleProblems,
    ShowShortcuts,
    /// Close whatever is open over the page.
    DismissAll,

    // Workspace
    OpenWorkspace(PathBuf),
    OpenSample,
    Refresh,
    Pick(PickFor),
    /// The picker's answer; empty means the user closed it.
    Picked {
        pick: PickFor,
        paths: Vec<PathBuf>,
    },

    // Work
    DropFiles(Vec<PathBuf>),
    /// The import panel as it is to be now.
    ChangeImport(Box<ImportPanel>),
    /// Import what the panel shows.
    ConfirmImport,
    RunChecks(CheckRequest),
    Train(TrainRequest),
    Tune(TuneRequest),
    /// Train a run again and compare.
    Reproduce(RunId),
    CompareDrift(DriftRequest),
    VerifyWorkspace,
    /// Read a dataset's source again.
    RefreshSource(VersionId),
    /// Look at the watched places; `accept` makes versions of what was only offered.
    Collect {
        accept: bool,
    },
    /// Open the labelling view on a version, or close it.
    LabelRows(Option<VersionId>),
    /// Make the labels a version.
    SaveLabels(LabelRequest),
    /// Set the rows aside that break rules.
    Quarantine(QuarantineRequest),
    /// Set these rows aside.
    SetAside(SetAsideRequest),
    /// List the labels of a column that look wrong.
    ShowSuspects {
        version: VersionId,
        target: String,
    },
    /// Make groups that were found a column of a new version.
    KeepGroups(KeepGroups),
    CancelJob(JobId),
    /// The recipe that was opened stands in the form now.
    RecipeTaken,
    /// The suite that was opened stands in the editor now.
    SuiteTaken,

    // Looking
    /// A page shows a profile that nobody has asked for yet.
    NeedProfile(VersionId),
    SetTableQuery {
        version: VersionId,
        query: TableQuery,
    },
    /// The table needs these rows of the current query's result.
    NeedRows {
        version: VersionId,
        first: u64,
        count: u64,
        /// Positions in the schema.
        columns: Vec<usize>,
    },
    /// Go to the next cell that contains a text.
    Find {
        version: VersionId,
        request: FindRequest,
    },
    /// Nothing is looked for any more.
    EndFind(VersionId),
    /// Stop sorting, filtering or searching this table.
    StopTable(VersionId),
    /// Copy cells of the current query's result as TSV, read or not.
    CopyCells {
        version: VersionId,
        rows: Range<u64>,
        /// Positions in the schema, in the order they are shown.
        columns: Vec<usize>,
        header: bool,
    },
    /// How the columns of a dataset are shown.
    ArrangeColumns {
        dataset: DatasetId,
        layout: ColumnLayout,
    },
    ToggleCompare(RunId),
    ClearCompare,

    /// A page needs the answer; asked once, until the workspace changes.
    Ask(Question),
    /// Nobody waits for this answer any more.
    StopAsking(Question),

    /// A rule, or a column of a contract with the rules it means, is being edited: what each would find in a version.
    /// Only the newest is answered.
    PreviewRules {
        version: VersionId,
        against: Option<VersionId>,
        rules: Vec<Rule>,
    },
    EndPreview,
    /// Show the rows that a rule finds in the table.
    ShowFailing {
        version: VersionId,
        against: Option<VersionId>,
        rule: Box<Rule>,
    },
    /// Show all rows of a finding in the table; they are looked for where the check run keeps examples only.
    ShowFinding {
        check_run: CheckRunId,
        finding: Box<Finding>,
    },
    /// Do what a gate stopped, for this reason.
    OverrideGates {
        reason: String,
    },
    /// Leave undone what a gate stopped.
    GiveUpGated,
    /// The same, and show the gates as they stand.
    ShowGates,

    // Editing, all undoable
    Edit(Edit),
    RenameDataset {
        id: DatasetId,
        name: String,
    },
    HideDataset(DatasetId),
    HideRun(RunId),
    Undo,
    Redo,

    // The rest
    ChangeSettings(Settings),
    Copy(String),
    DismissToast(u64),
    /// The pointer rests on a toast: it stays.
    HoldToast(u64),
    ClearProblems,
    /// Asks first while jobs run.
    Quit,
    QuitAnyway,
}
