//! The window: eframe glue around the state and the shell.
//!
//! `logic` drains answers and commands and runs effects, also while the window is hidden; `ui` only draws.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow};
use eframe::{App, CreationContext, Frame};

use crate::state::AppState;
use crate::state::command::Command;
use crate::state::effect::{Effect, Message};
use crate::state::settings::{Settings, ThemeChoice};
use crate::ui::ctx::UiCtx;
use crate::ui::shell::{Shell, shell_ui};
use crate::ui::theme;
use crate::ui::theme::tokens::Tokens;

use self::backend::Backend;
use self::desktop_theme::DesktopTheme;
use self::effects::{Answers, Effects, WindowRequest};
use self::frame_log::{Begin, FrameLog};

mod answering;
pub mod backend;
mod desktop_theme;
mod dialogs;
mod effects;
mod frame_log;
mod housekeeping;
mod local;
mod options;
mod persist;
mod screenshot;
mod throttle;
mod watch;

/// Desktop-file name, window class and icon name alike.
pub const APP_ID: &str = "io.github.modelwright.Modelwright";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppOptions {
    /// The last one, else the platform's default, when `None`.
    pub workspace: Option<PathBuf>,
    /// Imported, or opened by their kind, once the workspace is open.
    pub files: Vec<PathBuf>,
    pub frame_log: Option<PathBuf>,
    /// Bytes a table may take in memory; the workspace's setting when `None`.
    pub memory_budget: Option<u64>,
}

/// Opens the window on the workspaces of this computer; jobs run in worker processes.
pub fn run(options: AppOptions) -> anyhow::Result<()> {
    let backend = local::LocalBackend::new(options.memory_budget);
    run_with(options, Arc::new(backend), &crate::store::recent::default_workspace())
}

/// Opens the window and returns when it is closed. `default_workspace` is opened when none was asked for or remembered.
pub fn run_with(options: AppOptions, backend: Arc<dyn Backend>, default_workspace: &Path) -> anyhow::Result<()> {
    let settings = persist::load();
    let frame_log = match &options.frame_log {
        Some(path) => Some(FrameLog::create(path).with_context(|| format!("frame log {}", path.display()))?),
        None => None,
    };
    let workspace = options
        .workspace
        .clone()
        .or_else(|| settings.workspace.clone().filter(|path| path.is_dir()))
        .unwrap_or_else(|| default_workspace.to_owned());
    let native = options::native_options(&settings);
    let create = move |cc: &CreationContext<'_>| -> Result<Box<dyn App>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Box::new(Window::new(&cc.egui_ctx, settings, workspace, options.files, backend, frame_log)))
    };
    eframe::run_native(APP_ID, native, Box::new(create)).map_err(|error| {
        let message = options::say_why_no_window(&error.to_string());
        anyhow!(message)
    })
}

/// The eframe application.
pub struct Window {
    state: AppState,
    shell: Shell,
    tokens: Tokens,
    outbox: RefCell<Vec<Command>>,
    messages: mpsc::Receiver<Message>,
    effects: Effects,
    keeper: housekeeping::Keeper,
    frame_log: Option<FrameLog>,
    /// What the look was last made from.
    styled: Option<(bool, Settings)>,
    title: String,
    quitting: bool,
    answers: Answers,
    desktop_theme: DesktopTheme,
}

impl Window {
    pub fn new(
        ctx: &egui::Context,
        settings: Settings,
        workspace: PathBuf,
        files: Vec<PathBuf>,
        backend: Arc<dyn Backend>,
        frame_log: Option<FrameLog>,
    ) -> Self {
        theme::install_fonts(ctx);
        let waking = ctx.clone();
        let (answers, messages) = Answers::new(Arc::new(move || waking.request_repaint()));
        let state = AppState { page: settings.page, settings, ..AppState::default() };
        let mut window = Self {
            state,
            shell: Shell::default(),
            tokens: Tokens::light(),
            outbox: RefCell::default(),
            messages,
            effects: Effects::new(backend, answers.clone()),
            keeper: housekeeping::Keeper::start(answers.clone()),
            frame_log,
            styled: None,
            title: String::new(),
            quitting: false,
            answers,
            desktop_theme: DesktopTheme::ask({
                let ctx = ctx.clone();
                move || ctx.request_repaint()
            }),
        };
        window.apply(ctx, Command::OpenWorkspace(workspace));
        if !files.is_empty() {
            window.apply(ctx, Command::DropFiles(files));
        }
        window
    }

    fn apply(&mut self, ctx: &egui::Context, command: Command) {
        let effects = self.state.apply(command, now_ms());
        self.run(ctx, effects);
    }

    fn run(&mut self, ctx: &egui::Context, effects: Vec<Effect>) {
        for effect in effects {
            match self.effects.run(effect) {
                None => {}
                Some(WindowRequest::Copy(text)) => ctx.copy_text(text),
                Some(WindowRequest::SavePlot { path, rect }) => screenshot::save(ctx, self.answers.clone(), path, rect),
                Some(WindowRequest::Quit) => {
                    self.quitting = true;
                    ctx.send_viewport_cmd(egui::ViewportCommand::Close);
                }
            }
        }
    }

    fn drain(&mut self, ctx: &egui::Context) {
        while let Ok(message) = self.messages.try_recv() {
            if let Message::WorkspaceOpened(Ok(info)) = &message {
                self.effects.watch(&info.path);
            }
            let effects = self.state.receive(message, now_ms());
            self.run(ctx, effects);
        }
        for command in self.outbox.take() {
            self.apply(ctx, dialogs::with_whole_paths(command));
        }
        self.state.tick(now_ms());
    }

    /// Closing asks while jobs run.
    fn guard_close(&mut self, ctx: &egui::Context) {
        if !ctx.input(|i| i.viewport().close_requested()) || self.quitting {
            return;
        }
        if self.state.jobs.is_empty() {
            self.quitting = true;
            return;
        }
        ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
        self.apply(ctx, Command::Quit);
    }

    fn restyle(&mut self, ctx: &egui::Context) {
        let dark = match self.state.settings.theme {
            ThemeChoice::Light => false,
            ThemeChoice::Dark => true,
            ThemeChoice::System => match ctx.system_theme() {
                Some(theme) => theme == egui::Theme::Dark,
                None => self.desktop_theme.is_dark().unwrap_or(false),
            },
        };
        let key = (dark, self.state.settings.clone());
        if self.styled.as_ref() != Some(&key) {
            self.tokens = if dark { Tokens::dark() } else { Tokens::light() };
            theme::apply(ctx, &self.tokens, &self.state.settings);
            self.styled = Some(key);
        }
    }

    fn retitle(&mut self, ctx: &egui::Context) {
        let name = self.state.workspace.value().map(|w| w.name.as_str());
        let title = name.map_or_else(|| "Modelwright".to_owned(), |name| format!("{name} – Modelwright"));
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// A frame only to take a toast away, and none otherwise.
    fn wake_for_toasts(&self, ctx: &egui::Context) {
        if let Some(at) = self.state.notifications.next_expiry_ms() {
            let wait = u64::try_from(at - now_ms()).unwrap_or(0);
            ctx.request_repaint_after(Duration::from_millis(wait + 20));
        }
    }

    fn remember_window(&mut self, ctx: &egui::Context) {
        let zoom = ctx.zoom_factor();
        ctx.input(|i| {
            let viewport = i.viewport();
            if let Some(rect) = viewport.inner_rect
                && viewport.maximized != Some(true)
                && viewport.minimized != Some(true)
            {
                self.state.settings.window = Some([rect.width() * zoom, rect.height() * zoom]);
            }
            self.state.settings.maximized = viewport.maximized.unwrap_or(false);
        });
    }
}

impl App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut Frame) {
        let begin = Begin::now(self.frame_log.is_some());
        self.drain(ctx);
        self.guard_close(ctx);
        self.restyle(ctx);
        self.retitle(ctx);
        self.wake_for_toasts(ctx);
        self.keeper.nudge();
        if let Some(log) = &mut self.frame_log {
            log.logic(&begin);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut Frame) {
        let begin = Begin::now(self.frame_log.is_some());
        let ctx = UiCtx::new(&self.state, &self.tokens, now_ms(), &self.outbox);
        shell_ui(ui, &ctx, &mut self.shell);
        self.remember_window(ui.ctx());
        if !self.outbox.borrow().is_empty() {
            // Applied at the start of the next frame.
            ui.ctx().request_repaint();
        }
        if let Some(log) = &mut self.frame_log {
            log.ui(&begin, frame.info().cpu_usage);
        }
    }

    fn on_exit(&mut self, #[cfg(target_os = "linux")] _gl: Option<&eframe::glow::Context>) {
        if let Err(problem) = persist::save(&self.state.settings) {
            tracing::warn!(%problem, "settings are not saved");
        }
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        egui::Rgba::from(self.tokens.background).to_array()
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}
