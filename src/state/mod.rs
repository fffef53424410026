//! What the window knows, without a window: commands and messages in, changed state and effects out. No egui, no I/O,
//! no clock (the time comes in), so every behaviour is tested with literals.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use crate::domain::history::History;
use crate::domain::ids::{BundleId, CheckRunId, DriftId, RunId, VersionId};
use crate::domain::profile::TableProfile;
use crate::domain::training::ReproduceOutcome;

use self::asked::Asked;
use self::checking::Checking;
use self::command::{Command, Page, PickFor};
use self::effect::{Effect, Message, RunDetail, WorkspaceInfo};
use self::handlers::{answers, checking as checks, edit, look, navigate, questions, work, workspace};
use self::jobs::Jobs;
use self::loadable::Loadable;
use self::notification::{Note, Notifications};
use self::settings::Settings;
use self::table::TableState;
use self::undo::UndoLog;

pub mod actions;
pub mod asked;
pub mod checking;
pub mod command;
pub mod drops;
pub mod effect;
#[cfg(test)]
pub mod fixture;
pub mod format;
mod handlers;
pub mod import;
pub mod jobs;
pub mod loadable;
pub mod messages;
pub mod notification;
pub mod settings;
pub mod table;
pub mod undo;

/// All of it. Pages keep only what is theirs to draw (scroll positions, open folds, half-typed text) for themselves.
#[derive(Debug, Default)]
pub struct AppState {
    pub workspace: Loadable<WorkspaceInfo>,
    pub history: Loadable<History>,
    pub page: Page,
    pub focus: Focus,
    /// Runs ticked for comparison.
    pub compare: BTreeSet<RunId>,
    pub profiles: BTreeMap<VersionId, Loadable<TableProfile>>,
    pub run_details: BTreeMap<RunId, Loadable<RunDetail>>,
    /// What the last rerun of each run in this session came to.
    pub reproduced: BTreeMap<RunId, ReproduceOutcome>,
    pub tables: BTreeMap<VersionId, TableState>,
    pub asked: Asked,
    /// Rules being edited, and what gates stopped.
    pub checking: Checking,
    pub jobs: Jobs,
    pub notifications: Notifications,
    pub undo: UndoLog,
    pub open: Open,
    /// Files that wait for a decision.
    pub import: Option<import::ImportPanel>,
    /// The version whose rows are being labelled, over the Data page.
    pub labelling: Option<VersionId>,
    pub settings: Settings,
    /// Bytes this process holds, measured now and then.
    pub memory: Option<u64>,
    /// A recipe file that is to come into the Train page's form.
    pub recipe_file: Option<PathBuf>,
    /// Files that came before the workspace was open.
    pub waiting_files: VecDeque<PathBuf>,
}

/// What is selected, on every page alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Focus {
    pub version: Option<VersionId>,
    pub column: Option<String>,
    /// A version that an edit made, until the lists know it: then it is the one in focus.
    pub awaited: Option<VersionId>,
    pub run: Option<RunId>,
    pub check_run: Option<CheckRunId>,
    pub drift: Option<DriftId>,
    pub bundle: Option<BundleId>,
}

/// What is open over the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Open {
    pub palette: bool,
    pub shortcuts: bool,
    pub problems: bool,
    /// Jobs run and the window was asked to close.
    pub quit: bool,
    /// There is no file dialog here: a path is typed instead.
    pub path_field: Option<PickFor>,
}

impl Open {
    pub fn anything(&self) -> bool {
        self.palette || self.shortcuts || self.problems || self.quit || self.path_field.is_some()
    }
}

impl AppState {
    /// One line per command; what it does is in `handlers/`.
    pub fn apply(&mut self, command: Command, now_ms: i64) -> Vec<Effect> {
        match command {
            Command::GoTo(page) => navigate::go_to(self, page),
            Command::FocusVersion(id) => navigate::focus_version(self, id),
            Command::FocusRun(id) => navigate::focus_run(self, id),
            Command::FocusColumn(column) => navigate::focus_column(self, column),
            Command::ShowCheckRun(id) => navigate::show_check_run(self, id),
            Command::ShowDrift(id) => navigate::show_drift(self, id),
            Command::ShowBundle(id) => navigate::show_bundle(self, id),
            Command::ShowRows { version, column, rows } => navigate::show_rows(self, version, column, &rows),
            Command::NeedProfile(id) => handlers::load_profile(self, id),
            Command::GoToRow { version, row } => look::go_to_row(self, version, row),
            Command::TogglePalette => navigate::toggle(self, |open| &mut open.palette),
            Command::ToggleProblems => navigate::toggle_problems(self),
            Command::ShowShortcuts => navigate::toggle(self, |open| &mut open.shortcuts),
            Command::DismissAll => navigate::dismiss_all(self),
            Command::OpenWorkspace(path) => workspace::open(self, path, now_ms),
            Command::OpenSample => work::open_sample(self, now_ms),
            Command::Refresh => workspace::refresh(self),
            Command::Pick(pick) => vec![Effect::PickFiles(pick)],
            Command::Picked { pick, paths } => work::picked(self, pick, paths, now_ms),
            Command::DropFiles(paths) => work::drop_files(self, paths, now_ms),
            Command::ChangeImport(panel) => handlers::import::change(self, *panel, now_ms),
            Command::ConfirmImport => handlers::import::confirm(self, now_ms),
            Command::RunChecks(request) => work::run_checks(self, request, now_ms),
            Command::Train(request) => work::train(self, request, now_ms),
            Command::Tune(request) => work::tune(self, request, now_ms),
            Command::Reproduce(run) => work::reproduce(self, run, now_ms),
            Command::CompareDrift(request) => work::compare_drift(self, request, now_ms),
            Command::VerifyWorkspace => work::verify_workspace(self, now_ms),
            Command::RefreshSource(id) => work::refresh_source(self, id, now_ms),
            Command::Collect { accept } => work::collect(self, accept, now_ms),
            Command::LabelRows(version) => navigate::label_rows(self, version),
            Command::SaveLabels(request) => work::save_labels(self, request, now_ms),
            Command::SuiteTaken => checks::suite_taken(self, now_ms),
            Command::RecipeTaken => work::recipe_taken(self, now_ms),
            Command::KeepGroups(request) => work::keep_groups(self, request, now_ms),
            Command::CancelJob(id) => work::cancel(self, id, now_ms),
            Command::SetTableQuery { version, query } => look::set_query(self, version, query),
            Command::NeedRows { version, first, count, columns } => {
                look::need_rows(self, version, first, count, &columns)
            }
            Command::Find { version, request } => look::find(self, version, request),
            Command::EndFind(version) => look::end_find(self, version),
            Command::StopTable(version) => look::stop(self, version),
            Command::CopyCells { version, rows, columns, header } => {
                look::copy_cells(self, version, rows, columns, header, now_ms)
            }
            Command::ArrangeColumns { dataset, layout } => look::arrange(self, dataset, layout),
            Command::Ask(question) => questions::ask(self, question, now_ms),
            Command::StopAsking(question) => questions::stop(self, question),
            Command::Edit(edit) => checks::edit(self, edit),
            Command::PreviewRules { version, against, rules } => checks::preview(self, version, against, rules, now_ms),
            Command::EndPreview => checks::end_preview(self),
            Command::ShowFailing { version, against, rule } => {
                checks::show_failing(self, version, against, rule, now_ms)
            }
            Command::ShowFinding { check_run, finding } => checks::show_finding(self, check_run, finding, now_ms),
            Command::Quarantine(request) => checks::quarantine(self, request, now_ms),
            Command::SetAside(request) => checks::set_aside(self, request, now_ms),
            Command::ShowSuspects { version, target } => checks::show_suspects(self, version, target),
            Command::OverrideGates { reason } => checks::override_gates(self, &reason, now_ms),
            Command::GiveUpGated => checks::give_up(self),
            Command::ShowGates => checks::show_gates(self),
            Command::ToggleCompare(id) => look::toggle_compare(self, id),
            Command::ClearCompare => look::clear_compare(self),
            Command::RenameDataset { id, name } => edit::rename_dataset(self, id, name.trim(), now_ms),
            Command::HideDataset(id) => edit::hide_dataset(self, id, now_ms),
            Command::HideRun(id) => edit::hide_run(self, id, now_ms),
            Command::Undo => edit::undo(self, now_ms),
            Command::Redo => edit::redo(self, now_ms),
            Command::ChangeSettings(settings) => workspace::change_settings(self, settings),
            Command::Copy(text) => vec![Effect::Copy(text)],
            Command::DismissToast(id) => look::dismiss_toast(self, id),
            Command::HoldToast(id) => look::hold_toast(self, id, now_ms),
            Command::ClearProblems => look::clear_problems(self),
            Command::Quit => workspace::quit(self),
            Command::QuitAnyway => workspace::quit_anyway(self),
        }
    }

    /// One line per message; what it does is in `handlers/`.
    pub fn receive(&mut self, message: Message, now_ms: i64) -> Vec<Effect> {
        match message {
            Message::WorkspaceOpened(answer) => workspace::opened(self, answer, now_ms),
            Message::History(answer) => answers::history(self, answer, now_ms),
            Message::Profile(id, answer) => answers::profile(self, id, answer),
            Message::RunDetail(id, answer) => answers::run_detail(self, id, answer),
            Message::Order { version, query, rows } => answers::order(self, version, &query, rows, now_ms),
            Message::Ordering { version, query, fraction } => answers::ordering(self, version, &query, fraction),
            Message::Found { version, query, request, found } => answers::found(self, version, &query, &request, found),
            Message::CellsRead(answer) => answers::cells_read(self, answer, now_ms),
            Message::Page { version, query, page } => answers::page(self, version, &query, page),
            Message::Answer(question, answer) => questions::answered(self, &question, answer, now_ms),
            Message::Answering { question, phase, fraction } => questions::answering(self, &question, phase, fraction),
            Message::Edited(answer) => questions::edited(self, answer, now_ms),
            Message::Job(event) => answers::job(self, event, now_ms),
            Message::Picked { pick, paths } => work::picked(self, pick, paths, now_ms),
            Message::NoFileDialog(pick) => answers::no_file_dialog(self, pick),
            Message::Note(answer) => answers::note(self, answer, now_ms),
            Message::SourcesChanged => work::sources_changed(self, now_ms),
            Message::WorkspaceChanged => workspace::refresh(self),
            Message::MemoryUsed(bytes) => answers::memory(self, bytes),
        }
    }

    /// Takes toasts away whose time is over. Called once per frame.
    pub fn tick(&mut self, now_ms: i64) {
        self.notifications.expire(now_ms);
    }

    fn tell(&mut self, note: Note, now_ms: i64) {
        self.notifications.tell(note, now_ms);
    }

    /// The table of a version, made on first sight. `None` while the history does not know the version.
    fn table(&mut self, version: VersionId) -> Option<&mut TableState> {
        let known = self.history.value()?.version(version)?;
        let (rows, n_columns) = (known.rows, known.schema.columns.len());
        Some(self.tables.entry(version).or_insert_with(|| TableState::new(version, rows, n_columns)))
    }
}

#[cfg(test)]
mod tests;
