//! The backend of the real program: lifecycle functions on threads the effects bring, jobs in worker processes.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::data::error::LoadError;
use crate::data::view::{RowOrder, TableView};
use crate::domain::activity::NewEvent;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::history::History;
use crate::domain::ids::{DatasetId, RunId, VersionId};
use crate::domain::io::{Cancelled, JobIo, Silent};
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::profile::TableProfile;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{JobOutcome, JobRequest};
use crate::domain::table::{FindRequest, Found, TablePage, TableQuery};
use crate::domain::words::file_name;
use crate::jobs::event::{JobEvent, JobId};
use crate::jobs::process::{JobHandle, Workers};
use crate::lifecycle::{StageError, answer, edit, look, watch};
use crate::state::effect::{RunDetail, WorkspaceInfo};
use crate::state::format::sentence;
use crate::store::{Workspace, recent};

use super::answering::{Answering, Ticket};
use super::backend::{Backend, JobSink};
use super::throttle::Throttle;

/// Tables kept open with the row order of their last query; the least recently used goes first.
const OPEN_TABLES: usize = 4;

#[derive(Default)]
pub struct LocalBackend {
    open: RwLock<Option<Arc<Workspace>>>,
    tables: Mutex<Vec<OpenTable>>,
    jobs: Mutex<HashMap<JobId, JobHandle>>,
    /// Questions that are being answered and can be stopped.
    answering: Answering<Stop>,
    /// Held while an order is computed: two at once would want twice the memory.
    ordering: Mutex<()>,
    stops: Mutex<HashMap<Work, Arc<AtomicBool>>>,
    seen: Mutex<Option<i64>>,
    /// Bytes a table may take in the workers' memory; the workspace's setting when `None`.
    memory_budget: Option<u64>,
}

/// What is computed for a table at most once at a time.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Order(VersionId),
    Find(VersionId),
}

/// How the answering of a question is ended.
#[derive(Clone)]
enum Stop {
    Worker(Arc<JobHandle>),
    /// Answered in this process, which looks at the flag.
    Flag(Arc<AtomicBool>),
}

impl Stop {
    fn now(&self) {
        match self {
            Self::Worker(handle) => handle.cancel(),
            Self::Flag(flag) => flag.store(true, Ordering::Relaxed),
        }
    }
}

/// Tells how far it is, ten times a second, and stops when nobody wants it any more.
struct Watched<'a> {
    stop: Arc<AtomicBool>,
    progress: &'a dyn Fn(f64),
    told: Mutex<Instant>,
}

impl JobIo for Watched<'_> {
    fn progress(&self, _phase: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Cancelled);
        }
        let mut told = lock(&self.told);
        if let Some(fraction) = fraction.filter(|_| told.elapsed() >= Duration::from_millis(100)) {
            *told = Instant::now();
            (self.progress)(fraction);
        }
        Ok(())
    }
}

fn unordered(error: LoadError) -> Problem {
    match error {
        LoadError::Cancelled(_) => Problem::cancelled(),
        e if e.is_usage() => Problem::usage(e.to_string(), ""),
        e => problem("sort and filter")(e.into()),
    }
}

struct OpenTable {
    version: VersionId,
    view: Arc<TableView>,
    order: Option<(TableQuery, Arc<RowOrder>)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn problem(what: &str) -> impl Fn(StageError) -> Problem + '_ {
    move |e| match e {
        gates @ StageError::Gates { .. } => gates.problem(&JobRequest::Ask(Question::Gates)),
        e => Problem::failed(format!("Could not {what}"), e.to_string(), ""),
    }
}

fn answer_here(workspace: &Workspace, question: &Question, io: &dyn JobIo) -> Result<Answer, Problem> {
    answer::answer(workspace, question, io).map_err(|error| {
        let problem = error.problem(&JobRequest::Ask(question.clone()));
        // What was asked wrongly, a filter say, is told by itself.
        let usage = problem.kind == ProblemKind::Usage;
        if usage { Problem { summary: sentence(&error.to_string()), ..problem } } else { problem }
    })
}

impl LocalBackend {
    pub fn new(memory_budget: Option<u64>) -> Self {
        Self { memory_budget, ..Self::default() }
    }

    fn workers(&self, workspace: &Workspace) -> Result<Workers, Problem> {
        let found = Workers::of_this_program(workspace.root());
        let workers =
            found.map_err(|e| Problem::failed("Could not find this program's own file", e.to_string(), ""))?;
        Ok(Workers { memory_budget: self.memory_budget, ..workers })
    }

    /// Stops the older work of this kind; the flag of the new one.
    fn watch(&self, work: Work) -> Arc<AtomicBool> {
        let stop = Arc::new(AtomicBool::new(false));
        if let Some(older) = lock(&self.stops).insert(work, stop.clone()) {
            older.store(true, Ordering::Relaxed);
        }
        stop
    }

    fn workspace(&self) -> Result<Arc<Workspace>, Problem> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| Problem::failed("No workspace is open", "", "Open one first"))
    }

    /// The open table of a version, most recently used last.
    fn table(&self, id: VersionId) -> Result<Arc<TableView>, Problem> {
        if let Some(table) = lock(&self.tables).iter().find(|t| t.version == id) {
            return Ok(table.view.clone());
        }
        let view = Arc::new(look::table(&*self.workspace()?, id).map_err(problem("open the table"))?);
        let mut tables = lock(&self.tables);
        if tables.len() >= OPEN_TABLES {
            tables.remove(0);
        }
        tables.push(OpenTable { version: id, view: view.clone(), order: None });
        Ok(view)
    }

    /// The row order of a query; the last one of each table is kept.
    fn order_of(
        &self,
        id: VersionId,
        query: &TableQuery,
        io: &dyn JobIo,
    ) -> Result<(Arc<TableView>, Arc<RowOrder>), Problem> {
        let view = self.table(id)?;
        if *query == TableQuery::default() {
            return Ok((view, Arc::new(RowOrder::All)));
        }
        let known = |tables: &[OpenTable]| {
            let (known, order) = tables.iter().find(|t| t.version == id)?.order.as_ref()?;
            (known == query).then(|| order.clone())
        };
        if let Some(order) = known(&lock(&self.tables)) {
            return Ok((view, order));
        }
        // Pages of an order that was dropped meanwhile wait for one computation instead of each doing it.
        let _one = lock(&self.ordering);
        if let Some(order) = known(&lock(&self.tables)) {
            return Ok((view, order));
        }
        let order = Arc::new(view.order(query, io).map_err(unordered)?);
        if let Some(table) = lock(&self.tables).iter_mut().find(|t| t.version == id) {
            table.order = Some((query.clone(), order.clone()));
        }
        Ok((view, order))
    }

    fn ask_worker(
        &self,
        workspace: &Workspace,
        question: &Question,
        ticket: Ticket,
        progress: &dyn Fn(&str, Option<f64>),
    ) -> Result<Answer, Problem> {
        let started = |handle: Arc<JobHandle>| {
            if self.answering.started(ticket, Stop::Worker(handle.clone())) {
                handle.cancel();
            }
        };
        let throttle = Throttle::default();
        let heard = |event: &JobEvent| {
            if let JobEvent::Progress { phase, fraction, .. } = event
                && throttle.lets_through(event)
            {
                progress(phase, *fraction);
            }
        };
        let outcome = self.workers(workspace)?.run_watched(&JobRequest::Ask(question.clone()), started, heard);
        match outcome? {
            JobOutcome::Answered(answer) => Ok(*answer),
            _ => Err(Problem::failed("The worker answered something else", "", "Restart the program")),
        }
    }
}

impl Backend for LocalBackend {
    fn open(&self, path: &Path) -> Result<WorkspaceInfo, Problem> {
        let opened = Workspace::open(path).map_err(|e| {
            Problem::failed(
                "Could not open the workspace",
                e.to_string(),
                "Choose another folder, or check its permissions",
            )
        })?;
        let path = opened.root().to_owned();
        if let Err(error) = recent::remember_workspace(&path) {
            tracing::warn!("the list of recent workspaces was not saved: {error}");
        }
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(opened));
        lock(&self.tables).clear();
        let name = file_name(&path);
        Ok(WorkspaceInfo { path, name, recent: recent::recent_workspaces() })
    }

    fn history(&self) -> Result<History, Problem> {
        let workspace = self.workspace()?;
        *lock(&self.seen) = workspace.data_version().ok();
        look::history(&workspace).map_err(problem("read the history"))
    }

    fn profile(&self, id: VersionId) -> Result<TableProfile, Problem> {
        look::profile(&*self.workspace()?, id).map_err(problem("read the profile"))
    }

    fn run_detail(&self, id: RunId) -> Result<RunDetail, Problem> {
        let workspace = self.workspace()?;
        let (evaluation, points) = look::run_detail(&workspace, id).map_err(problem("read the run"))?;
        let split_check = look::split_check(&workspace, id).map_err(problem("read the check of the split"))?;
        Ok(RunDetail { evaluation, points, split_check: split_check.map(Box::new) })
    }

    fn order(&self, id: VersionId, query: &TableQuery, progress: &dyn Fn(f64)) -> Result<u64, Problem> {
        let stop = self.watch(Work::Order(id));
        let io = Watched { stop, progress, told: Mutex::new(Instant::now()) };
        let (view, order) = self.order_of(id, query, &io)?;
        Ok(order.len(view.n_rows()))
    }

    fn page(
        &self,
        id: VersionId,
        query: &TableQuery,
        rows: Range<u64>,
        columns: &[usize],
    ) -> Result<TablePage, Problem> {
        let (view, order) = self.order_of(id, query, &Silent)?;
        view.page(&order, rows, columns).map_err(|e| problem("read the rows")(e.into()))
    }

    fn find(&self, id: VersionId, query: &TableQuery, request: &FindRequest) -> Result<Option<Found>, Problem> {
        let io = Watched { stop: self.watch(Work::Find(id)), progress: &|_| {}, told: Mutex::new(Instant::now()) };
        let (view, order) = self.order_of(id, query, &io)?;
        view.find(&order, request, &io).map_err(|e| match e {
            LoadError::Cancelled(_) => Problem::cancelled(),
            e => problem("search the table")(e.into()),
        })
    }

    fn cancel_table(&self, id: VersionId) {
        for work in [Work::Order(id), Work::Find(id)] {
            if let Some(stop) = lock(&self.stops).remove(&work) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    }

    fn column_names(&self, id: VersionId, columns: &[usize]) -> Result<Vec<String>, Problem> {
        let view = self.table(id)?;
        let name = |&column: &usize| view.schema().columns.get(column).map_or_else(String::new, |c| c.name.clone());
        Ok(columns.iter().map(name).collect())
    }

    fn answer(&self, question: &Question, progress: &dyn Fn(&str, Option<f64>)) -> Result<Answer, Problem> {
        let workspace = self.workspace()?;
        if !question.can_be_stopped() {
            return answer_here(&workspace, question, &Silent);
        }
        let (ticket, cancelled) = self.answering.take(question);
        let answer = if cancelled {
            Err(Problem::cancelled())
        } else if question.needs_worker() {
            self.ask_worker(&workspace, question, ticket, progress)
        } else {
            let stop = Arc::new(AtomicBool::new(false));
            let cancelled = self.answering.started(ticket, Stop::Flag(stop.clone()));
            stop.fetch_or(cancelled, Ordering::Relaxed);
            let io = Watched { stop, progress: &|_| {}, told: Mutex::new(Instant::now()) };
            answer_here(&workspace, question, &io)
        };
        self.answering.ended(ticket);
        answer
    }

    fn expect_answer(&self, question: &Question) {
        if question.can_be_stopped() {
            self.answering.expect(question);
        }
    }

    fn cancel_answer(&self, question: &Question) {
        if let Some(stop) = self.answering.cancel(question) {
            stop.now();
        }
    }

    fn edit(&self, edit: &Edit) -> Result<EditOutcome, Problem> {
        edit::edit(&*self.workspace()?, edit).map_err(problem("change that"))
    }

    fn rename_dataset(&self, id: DatasetId, name: &str, event: &NewEvent) -> Result<(), Problem> {
        look::rename_dataset(&*self.workspace()?, id, name, event).map_err(problem("rename the dataset"))
    }

    fn hide_dataset(&self, id: DatasetId, hidden: bool, event: &NewEvent) -> Result<(), Problem> {
        look::hide_dataset(&*self.workspace()?, id, hidden, event).map_err(problem("change the dataset"))
    }

    fn hide_run(&self, id: RunId, hidden: bool, event: &NewEvent) -> Result<(), Problem> {
        look::hide_run(&*self.workspace()?, id, hidden, event).map_err(problem("change the run"))
    }

    fn start_job(&self, id: JobId, request: JobRequest, sink: JobSink) {
        let sink = Arc::new(sink);
        let started = self.workspace().and_then(|workspace| {
            let workers = self.workers(&workspace)?;
            let events = sink.clone();
            workers.start(id, &request, move |event| events(event))
        });
        match started {
            Ok(handle) => {
                let mut jobs = lock(&self.jobs);
                jobs.retain(|_, job| !job.is_finished());
                jobs.insert(id, handle);
            }
            Err(problem) => sink(JobEvent::Failed { id, problem }),
        }
    }

    fn cancel_job(&self, id: JobId) {
        if let Some(handle) = lock(&self.jobs).get(&id) {
            handle.cancel();
        }
    }

    fn watched_folders(&self) -> Vec<PathBuf> {
        let watched = self.workspace().ok().and_then(|workspace| watch::folders(&workspace).ok());
        watched.unwrap_or_default()
    }

    fn anything_to_collect(&self) -> bool {
        self.workspace().is_ok_and(|workspace| watch::anything_to_collect(&workspace).unwrap_or(false))
    }

    fn changed(&self) -> bool {
        let Ok(workspace) = self.workspace() else { return false };
        let now = workspace.data_version().ok();
        std::mem::replace(&mut *lock(&self.seen), now) != now
    }
}
