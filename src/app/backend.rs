//! What the window needs of the world below it. The lifecycle implements it; tests bring their own.

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::domain::activity::NewEvent;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, RunId, VersionId};
use crate::domain::problem::Problem;
use crate::domain::profile::TableProfile;
use crate::domain::question::{Answer, Question};
use crate::domain::request::JobRequest;
use crate::domain::table::{FindRequest, Found, TablePage, TableQuery};
use crate::jobs::event::{JobEvent, JobId};
use crate::state::effect::{RunDetail, WorkspaceInfo};

/// Receives a job's events; called from any thread.
pub type JobSink = Box<dyn Fn(JobEvent) + Send + Sync>;

/// Every call may take its time and runs on a background thread, several at once.
pub trait Backend: Send + Sync + 'static {
    /// Opens, or makes, the workspace in this folder; all later calls mean this one.
    fn open(&self, path: &Path) -> Result<WorkspaceInfo, Problem>;
    fn history(&self) -> Result<History, Problem>;
    fn profile(&self, version: VersionId) -> Result<TableProfile, Problem>;
    fn run_detail(&self, run: RunId) -> Result<RunDetail, Problem>;
    /// Computes (and keeps) the row order of a query; returns how many rows it has.
    /// A newer query of the same table, or [`Self::cancel_table`], ends it as cancelled.
    fn order(&self, version: VersionId, query: &TableQuery, progress: &dyn Fn(f64)) -> Result<u64, Problem>;
    /// Some rows of the query's result and some columns of the schema.
    fn page(
        &self,
        version: VersionId,
        query: &TableQuery,
        rows: Range<u64>,
        columns: &[usize],
    ) -> Result<TablePage, Problem>;
    /// Ended as orders are.
    fn find(&self, version: VersionId, query: &TableQuery, request: &FindRequest) -> Result<Option<Found>, Problem>;
    fn cancel_table(&self, version: VersionId);
    /// The names of these columns of the schema.
    fn column_names(&self, version: VersionId, columns: &[usize]) -> Result<Vec<String>, Problem>;
    /// [`Self::answer`] will be called with this; from now on [`Self::cancel_answer`] reaches it. Returns at once.
    fn expect_answer(&self, _question: &Question) {}
    /// `progress` hears the phase and, where known, the share done.
    fn answer(&self, question: &Question, progress: &dyn Fn(&str, Option<f64>)) -> Result<Answer, Problem>;
    /// Ends the answering as cancelled, where [`Question::can_be_stopped`].
    fn cancel_answer(&self, question: &Question);
    fn edit(&self, edit: &Edit) -> Result<EditOutcome, Problem>;
    fn rename_dataset(&self, id: DatasetId, name: &str, event: &NewEvent) -> Result<(), Problem>;
    fn hide_dataset(&self, id: DatasetId, hidden: bool, event: &NewEvent) -> Result<(), Problem>;
    fn hide_run(&self, id: RunId, hidden: bool, event: &NewEvent) -> Result<(), Problem>;
    /// Returns at once; the sink gets the events.
    fn start_job(&self, id: JobId, request: JobRequest, sink: JobSink);
    fn cancel_job(&self, id: JobId);
    /// The folders to listen at for changes of watched places.
    fn watched_folders(&self) -> Vec<PathBuf> {
        Vec::new()
    }
    /// Is there anything in a watched place that was not decided on?
    fn anything_to_collect(&self) -> bool {
        false
    }
    /// Whether anyone, this window included, committed to the workspace since the last call.
    fn changed(&self) -> bool;
}
