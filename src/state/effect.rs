//! What the state wants done in the world. `app::effects` does it and sends the answer back as a message.

use std::ops::Range;
use std::path::PathBuf;

use crate::domain::activity::NewEvent;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::evaluation::Evaluation;
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::profile::TableProfile;
use crate::domain::question::{Answer, Question};
use crate::domain::request::JobRequest;
use crate::domain::run::MetricPoint;
use crate::domain::split_check::SplitCheck;
use crate::domain::table::{FindRequest, Found, TablePage, TableQuery};
use crate::jobs::event::{JobEvent, JobId};

use super::command::{PickFor, egui_free::Rect};
use super::settings::Settings;

#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a few at a time; none is kept")]
pub enum Effect {
    OpenWorkspace(PathBuf),
    LoadHistory,
    LoadProfile(VersionId),
    LoadRunDetail(RunId),
    /// Compute the row order of a query (nothing is read for the plain table).
    LoadOrder {
        version: VersionId,
        query: TableQuery,
    },
    LoadPage {
        version: VersionId,
        query: TableQuery,
        first: u64,
        count: u64,
        /// Positions in the schema.
        columns: Range<usize>,
    },
    Find {
        version: VersionId,
        query: TableQuery,
        request: FindRequest,
    },
    /// Stops the order and the search that are being computed for a table.
    CancelTable(VersionId),
    /// Puts cells on the clipboard as TSV, with the names above if asked.
    CopyCells {
        version: VersionId,
        query: TableQuery,
        rows: Range<u64>,
        columns: Vec<usize>,
        header: bool,
    },
    Answer(Question),
    /// Ends the answering of a question, where a worker does it.
    CancelAnswer(Question),
    Edit(Edit),
    StartJob {
        id: JobId,
        request: JobRequest,
    },
    CancelJob(JobId),
    PickFiles(PickFor),
    WriteText {
        path: PathBuf,
        text: String,
    },
    SavePlot {
        path: PathBuf,
        rect: Rect,
    },
    RenameDataset {
        id: DatasetId,
        name: String,
        event: NewEvent,
    },
    SetDatasetHidden {
        id: DatasetId,
        hidden: bool,
        event: NewEvent,
    },
    SetRunHidden {
        id: RunId,
        hidden: bool,
        event: NewEvent,
    },
    SaveSettings(Settings),
    Copy(String),
    Quit,
}

/// What comes back from the world: answers to effects, job events, another process's changes.
#[derive(Clone, Debug)]
pub enum Message {
    WorkspaceOpened(Result<WorkspaceInfo, Problem>),
    History(Result<Box<History>, Problem>),
    Profile(VersionId, Result<Box<TableProfile>, Problem>),
    RunDetail(RunId, Result<Box<RunDetail>, Problem>),
    Order {
        version: VersionId,
        query: TableQuery,
        rows: Result<u64, Problem>,
    },
    /// Share done of an order.
    Ordering {
        version: VersionId,
        query: TableQuery,
        fraction: f64,
    },
    Found {
        version: VersionId,
        query: TableQuery,
        request: FindRequest,
        found: Result<Option<Found>, Problem>,
    },
    /// Cells as TSV, for the clipboard, and how many cells they are.
    CellsRead(Result<(String, u64), Problem>),
    Page {
        version: VersionId,
        query: TableQuery,
        page: Result<TablePage, Problem>,
    },
    Answer(Question, Result<Box<Answer>, Problem>),
    /// How far the answering of a question is.
    Answering {
        question: Question,
        phase: String,
        fraction: Option<f64>,
    },
    Edited(Result<EditOutcome, Problem>),
    Job(JobEvent),
    Picked {
        pick: PickFor,
        paths: Vec<PathBuf>,
    },
    /// No file dialog exists here: ask for a path in the window.
    NoFileDialog(PickFor),
    /// Something small was done ("Saved chart.csv"), or could not be.
    Note(Result<String, Problem>),
    /// A watched place holds something new.
    SourcesChanged,
    /// Another process changed the workspace.
    WorkspaceChanged,
    MemoryUsed(u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkspaceInfo {
    pub path: PathBuf,
    /// The folder's name.
    pub name: String,
    pub recent: Vec<PathBuf>,
}

/// What a run's page shows beyond its record.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetail {
    /// `None` unless completed.
    pub evaluation: Option<Evaluation>,
    pub points: Vec<MetricPoint>,
    /// What the checks say of its split; `None` for runs from before splits were checked.
    pub split_check: Option<Box<SplitCheck>>,
}
