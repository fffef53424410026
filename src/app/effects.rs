//! Runs effects on named threads and sends the answers back. Nothing here blocks a frame.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;

use crate::domain::ids::VersionId;
use crate::domain::problem::Problem;
use crate::domain::table::TableQuery;
use crate::domain::words::file_name;
use crate::jobs::event::JobEvent;
use crate::state::command::PickFor;
use crate::state::effect::{Effect, Message};

use super::backend::Backend;
use super::{dialogs, persist, watch};

/// Answers that may wait in line; senders block when it is full, which only a hung window can cause.
const QUEUE: usize = 1024;

/// Wakes the window; from any thread.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
pub struct Answers {
    sender: mpsc::SyncSender<Message>,
    wake: Waker,
}

impl Answers {
    pub fn new(wake: Waker) -> (Self, mpsc::Receiver<Message>) {
        let (sender, receiver) = mpsc::sync_channel(QUEUE);
        (Self { sender, wake }, receiver)
    }

    /// A window that is gone needs no answer.
    pub fn send(&self, message: Message) {
        let progress = matches!(message, Message::Job(JobEvent::Progress { .. }));
        let gone = if progress { self.sender.try_send(message).is_err() } else { self.sender.send(message).is_err() };
        if !gone {
            (self.wake)();
        }
    }

    /// For what the next one replaces: dropped when the line is full.
    pub fn send_progress(&self, message: Message) {
        if self.sender.try_send(message).is_ok() {
            (self.wake)();
        }
    }

    /// Without waking: for what may wait until the next frame anyway.
    pub fn send_quietly(&self, message: Message) {
        let _ = self.sender.try_send(message);
    }
}

/// What an effect needs from the window itself, on its own thread.
#[derive(Clone, Debug, PartialEq)]
pub enum WindowRequest {
    Copy(String),
    /// Take a picture of this part of the window and save it.
    SavePlot {
        path: PathBuf,
        rect: crate::state::command::egui_free::Rect,
    },
    Quit,
}

pub struct Effects {
    backend: Arc<dyn Backend>,
    answers: Answers,
    watcher: Option<watch::Watcher>,
    watcher_gate: Arc<watch::Gate>,
    sources: Option<watch::Sources>,
}

impl Effects {
    pub fn new(backend: Arc<dyn Backend>, answers: Answers) -> Self {
        Self { backend, answers, watcher: None, watcher_gate: Arc::default(), sources: None }
    }

    /// Starts the effect. `Some` is what only the window can do.
    pub fn run(&self, effect: Effect) -> Option<WindowRequest> {
        match effect {
            Effect::Copy(text) => return Some(WindowRequest::Copy(text)),
            Effect::SavePlot { path, rect } => return Some(WindowRequest::SavePlot { path, rect }),
            Effect::Quit => return Some(WindowRequest::Quit),
            Effect::StartJob { id, request } => {
                let answers = self.answers.clone();
                let throttle = super::throttle::Throttle::default();
                let sink = move |event: JobEvent| {
                    if throttle.lets_through(&event) {
                        answers.send(Message::Job(event));
                    }
                };
                self.backend.start_job(id, request, Box::new(sink));
            }
            Effect::CancelJob(id) => {
                let backend = self.backend.clone();
                spawn("cancel", move || backend.cancel_job(id));
            }
            Effect::PickFiles(pick) => self.pick(pick),
            Effect::WriteText { path, text } => self.answer("write", move |_| {
                let result = std::fs::write(&path, text);
                Message::Note(saved(&path, result))
            }),
            Effect::SaveSettings(settings) => self.quietly("settings", move |_| {
                persist::save(&settings).err().map(|problem| Message::Note(Err(problem)))
            }),
            Effect::OpenWorkspace(path) => {
                self.answer("open", move |b| Message::WorkspaceOpened(b.open(&path)));
            }
            Effect::LoadHistory => self.answer("history", |b| Message::History(b.history().map(Box::new))),
            Effect::LoadProfile(id) => {
                self.answer("profile", move |b| Message::Profile(id, b.profile(id).map(Box::new)));
            }
            Effect::LoadRunDetail(id) => {
                self.answer("run", move |b| Message::RunDetail(id, b.run_detail(id).map(Box::new)));
            }
            Effect::LoadOrder { version, query } => {
                let answers = self.answers.clone();
                self.answer("order", move |b| {
                    let rows = b.order(version, &query, &|fraction| {
                        answers.send_progress(Message::Ordering { version, query: query.clone(), fraction });
                    });
                    Message::Order { version, query, rows }
                })
            }
            Effect::LoadPage { version, query, first, count, columns } => self.answer("page", move |b| {
                let columns: Vec<usize> = columns.collect();
                let page = b.page(version, &query, first..first + count, &columns);
                Message::Page { version, query, page }
            }),
            Effect::Find { version, query, request } => self.answer("find", move |b| {
                let found = b.find(version, &query, &request);
                Message::Found { version, query, request, found }
            }),
            Effect::CancelTable(version) => self.backend.cancel_table(version),
            Effect::CopyCells { version, query, rows, columns, header } => {
                self.answer("copy", move |b| Message::CellsRead(tsv(b, version, &query, rows, &columns, header)))
            }
            Effect::Answer(question) => {
                let answers = self.answers.clone();
                self.backend.expect_answer(&question);
                self.answer("question", move |b| {
                    let answer = b.answer(&question, &|phase, fraction| {
                        let (question, phase) = (question.clone(), phase.to_owned());
                        answers.send_progress(Message::Answering { question, phase, fraction });
                    });
                    Message::Answer(question, answer.map(Box::new))
                });
            }
            Effect::CancelAnswer(question) => self.backend.cancel_answer(&question),
            Effect::Edit(edit) => self.answer("edit", move |b| Message::Edited(b.edit(&edit))),
            Effect::RenameDataset { id, name, event } => {
                self.change("rename", move |b| b.rename_dataset(id, &name, &event));
            }
            Effect::SetDatasetHidden { id, hidden, event } => {
                self.change("hide dataset", move |b| b.hide_dataset(id, hidden, &event));
            }
            Effect::SetRunHidden { id, hidden, event } => {
                self.change("hide run", move |b| b.hide_run(id, hidden, &event));
            }
        }
        None
    }

    /// Once a workspace is open: from now on changes by other processes are noticed.
    pub fn watch(&mut self, folder: &Path) {
        let gate = self.watcher_gate.clone();
        self.watcher = watch::watch(folder, self.backend.clone(), self.answers.clone(), gate);
        // The former one ends first: its workspace is not open any more.
        self.sources = None;
        self.sources = watch::Sources::start(self.backend.clone(), self.answers.clone());
    }

    fn pick(&self, pick: PickFor) {
        let answers = self.answers.clone();
        spawn("file dialog", move || {
            let message = match dialogs::ask(&pick) {
                dialogs::Answer::Paths(paths) => Message::Picked { pick, paths },
                dialogs::Answer::NoDialog => Message::NoFileDialog(pick),
            };
            answers.send(message);
        });
    }

    fn answer(&self, name: &str, work: impl FnOnce(&dyn Backend) -> Message + Send + 'static) {
        self.quietly(name, |backend| Some(work(backend)));
    }

    /// A change of ours shows in the lists once they are read again.
    fn change(&self, name: &str, work: impl FnOnce(&dyn Backend) -> Result<(), Problem> + Send + 'static) {
        let answers = self.answers.clone();
        self.quietly(name, move |backend| {
            if let Err(problem) = work(backend) {
                answers.send(Message::Note(Err(problem)));
            }
            Some(Message::WorkspaceChanged)
        });
    }

    fn quietly(&self, name: &str, work: impl FnOnce(&dyn Backend) -> Option<Message> + Send + 'static) {
        let (backend, answers) = (self.backend.clone(), self.answers.clone());
        spawn(name, move || {
            if let Some(message) = work(backend.as_ref()) {
                answers.send(message);
            }
        });
    }
}

/// Cells as tab-separated lines, as spreadsheets paste them, and how many they are.
fn tsv(
    backend: &dyn Backend,
    version: VersionId,
    query: &TableQuery,
    rows: Range<u64>,
    columns: &[usize],
    header: bool,
) -> Result<(String, u64), Problem> {
    let page = backend.page(version, query, rows, columns)?;
    let one_line = |cell: &str| cell.replace(['\t', '\n', '\r'], " ");
    let mut lines = Vec::with_capacity(page.cells.len() + 1);
    if header {
        let names = backend.column_names(version, columns)?;
        lines.push(names.iter().map(|name| one_line(name)).collect::<Vec<_>>().join("\t"));
    }
    for row in &page.cells {
        let cells = row.iter().map(|cell| cell.as_deref().map(one_line).unwrap_or_default());
        lines.push(cells.collect::<Vec<_>>().join("\t"));
    }
    Ok((lines.join("\n"), page.cells.iter().map(|row| row.len() as u64).sum()))
}

/// "Saved chart.csv in /home/ann", or why not.
pub fn saved(path: &Path, result: std::io::Result<()>) -> Result<String, Problem> {
    let name = file_name(path);
    let place = std::path::absolute(path).ok().and_then(|p| p.parent().map(|p| format!(" in {}", p.display())));
    result.map(|()| format!("Saved {name}{}", place.unwrap_or_default())).map_err(|error| {
        let details = format!("{error}\n{}", path.display());
        Problem::failed(format!("Could not save {name}"), details, "Choose a folder you may write to")
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    let started = thread::Builder::new().name(format!("app {name}")).spawn(work);
    if let Err(error) = started {
        tracing::error!(%error, name, "no thread could be started");
    }
}
