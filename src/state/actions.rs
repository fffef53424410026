//! The commands by name: text, shortcut and "available now?" in one place, for the palette, menus and key presses.

use super::AppState;
use super::command::{Command, Page, PickFor};
use super::messages;
use super::settings::{Settings, ThemeChoice};
use crate::domain::run::{RunStatus, best_run};

/// A key with modifiers; Ctrl is ⌘ on a Mac.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    pub ctrl: bool,
    pub shift: bool,
    pub key: ShortcutKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortcutKey {
    /// A capital letter, digit or `,` `+` `-`.
    Char(char),
    F(u8),
}

impl Shortcut {
    pub const fn ctrl(key: char) -> Self {
        Self { ctrl: true, shift: false, key: ShortcutKey::Char(key) }
    }

    pub const fn ctrl_shift(key: char) -> Self {
        Self { ctrl: true, shift: true, key: ShortcutKey::Char(key) }
    }

    pub const fn f(n: u8) -> Self {
        Self { ctrl: false, shift: false, key: ShortcutKey::F(n) }
    }

    /// "Ctrl+Shift+P"
    pub fn text(self) -> String {
        let key = match self.key {
            ShortcutKey::Char(c) => c.to_string(),
            ShortcutKey::F(n) => format!("F{n}"),
        };
        let ctrl = if cfg!(target_os = "macos") { "Cmd+" } else { "Ctrl+" };
        format!("{}{}{key}", if self.ctrl { ctrl } else { "" }, if self.shift { "Shift+" } else { "" })
    }
}

/// Groups, in the order the shortcuts sheet shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionGroup {
    Pages,
    Workspace,
    Work,
    Edit,
    View,
    /// Datasets and runs: found by the search, not listed in the sheet.
    Objects,
}

impl ActionGroup {
    pub fn title(self) -> &'static str {
        match self {
            Self::Pages => "Pages",
            Self::Workspace => "Workspace",
            Self::Work => "Work",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Objects => "In this workspace",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    pub group: ActionGroup,
    pub name: String,
    pub shortcut: Option<Shortcut>,
    /// In order.
    pub commands: Vec<Command>,
    /// Why it cannot be done now.
    pub unavailable: Option<&'static str>,
}

impl Action {
    fn new(group: ActionGroup, name: impl Into<String>, command: Command) -> Self {
        Self { group, name: name.into(), shortcut: None, commands: vec![command], unavailable: None }
    }

    fn keys(mut self, shortcut: Shortcut) -> Self {
        self.shortcut = Some(shortcut);
        self
    }

    fn only_if(mut self, available: bool, why_not: &'static str) -> Self {
        self.unavailable = (!available).then_some(why_not);
        self
    }
}

/// The shortcut that leads to a page.
pub fn page_shortcut(page: Page) -> Shortcut {
    let at = Page::ALL.iter().position(|p| *p == page).unwrap_or_default();
    if page == Page::Settings { Shortcut::ctrl(',') } else { Shortcut::ctrl(char::from(b'1' + at as u8)) }
}

/// Everything that can be asked for by name. `Command::TogglePalette` itself is a key of the shell.
pub fn actions(state: &AppState) -> Vec<Action> {
    let mut all: Vec<Action> = Page::ALL
        .into_iter()
        .map(|page| {
            let name = format!("Go to {}", page.title());
            Action::new(ActionGroup::Pages, name, Command::GoTo(page)).keys(page_shortcut(page))
        })
        .collect();
    all.extend(workspace(state));
    all.extend(work(state));
    all.extend(edits(state));
    all.extend(views(state));
    all.extend(objects(state));
    all
}

fn workspace(state: &AppState) -> Vec<Action> {
    use ActionGroup::Workspace as G;
    let open = state.workspace.value().is_some();
    let why = "No workspace is open";
    vec![
        Action::new(G, "Open a workspace folder…", Command::Pick(PickFor::OpenWorkspace)).keys(Shortcut::ctrl('O')),
        Action::new(G, "Import files…", Command::Pick(PickFor::ImportFiles))
            .keys(Shortcut::ctrl('I'))
            .only_if(open, why),
        Action::new(G, "Open the sample project", Command::OpenSample).only_if(open, why),
        Action::new(G, "Verify the workspace", Command::VerifyWorkspace).only_if(open, why),
        Action::new(G, "Refresh", Command::Refresh).keys(Shortcut::f(5)),
        Action::new(G, "Quit", Command::Quit).keys(Shortcut::ctrl('Q')),
    ]
}

fn work(state: &AppState) -> Vec<Action> {
    use ActionGroup::Work as G;
    let mut all = Vec::new();
    let history = state.history.value();
    if let Some(version) = state.focus.version.and_then(|id| history?.version(id)) {
        let name = format!("Run checks on {}", version.label());
        all.push(Action::new(G, name, messages::check_command(version)));
    }
    if let Some(version) = state.focus.version.and_then(|id| history?.version(id)) {
        let name = format!("Label rows of {}…", version.label());
        all.push(Action::new(G, name, Command::LabelRows(Some(version.id))));
        let target = history.and_then(|h| h.latest_check(version.id)).and_then(|check| check.target.clone());
        if let Some(target) = target {
            let name = format!("List the labels in {target} of {} that look wrong…", version.label());
            all.push(Action::new(G, name, Command::ShowSuspects { version: version.id, target }));
        }
        let source = version.provenance.source_path.is_some();
        let name = format!("Refresh {} from its source", version.dataset);
        let refresh = Action::new(G, name, Command::RefreshSource(version.id));
        all.push(refresh.only_if(source, "Its source is not known"));
    }
    if state.workspace.value().is_some() {
        all.push(Action::new(G, "Look at the watched places now", Command::Collect { accept: true }));
    }
    let run = state.focus.run.and_then(|id| history?.run(id)).filter(|r| r.status == RunStatus::Completed);
    if let Some(run) = run.or_else(|| best_run(&history?.runs)) {
        let id = run.id;
        all.push(Action::new(G, format!("Export run {id} as a bundle…"), Command::Pick(PickFor::ExportBundle(id))));
        all.push(Action::new(G, format!("Score a file with run {id}…"), Command::Pick(PickFor::ScoreInput(id))));
    }
    for job in state.jobs.views().filter(|j| j.cancellable) {
        all.push(Action::new(G, format!("Cancel {}", job.title), Command::CancelJob(job.id)));
    }
    all
}

fn edits(state: &AppState) -> Vec<Action> {
    use ActionGroup::Edit as G;
    let name = |verb: &str, edit: Option<&super::undo::Edit>| {
        edit.map_or_else(|| verb.to_owned(), |e| format!("{verb}: {}", e.describe()))
    };
    let (undo, redo) = (state.undo.next_undo(), state.undo.next_redo());
    vec![
        Action::new(G, name("Undo", undo), Command::Undo)
            .keys(Shortcut::ctrl('Z'))
            .only_if(undo.is_some(), "Nothing to undo"),
        Action::new(G, name("Redo", redo), Command::Redo)
            .keys(Shortcut::ctrl_shift('Z'))
            .only_if(redo.is_some(), "Nothing to redo"),
    ]
}

fn views(state: &AppState) -> Vec<Action> {
    use ActionGroup::View as G;
    let settings = &state.settings;
    let theme = |theme| Command::ChangeSettings(Settings { theme, ..settings.clone() });
    let scale = |scale| Command::ChangeSettings(settings.with_scale(scale));
    vec![
        Action::new(G, "Keyboard shortcuts", Command::ShowShortcuts).keys(Shortcut::f(1)),
        Action::new(G, "Problems of this session", Command::ToggleProblems).keys(Shortcut::ctrl_shift('E')),
        Action::new(G, "Larger text", scale(settings.text_scale + 0.1)).keys(Shortcut::ctrl('+')),
        Action::new(G, "Smaller text", scale(settings.text_scale - 0.1)).keys(Shortcut::ctrl('-')),
        Action::new(G, "Normal text size", scale(1.0)).keys(Shortcut::ctrl('0')),
        Action::new(G, "Theme: follow the system", theme(ThemeChoice::System)),
        Action::new(G, "Theme: light", theme(ThemeChoice::Light)),
        Action::new(G, "Theme: dark", theme(ThemeChoice::Dark)),
    ]
}

fn objects(state: &AppState) -> Vec<Action> {
    use ActionGroup::Objects as G;
    let Some(history) = state.history.value() else { return Vec::new() };
    let mut all = Vec::new();
    for version in history.versions.iter().rev() {
        let mut action = Action::new(G, format!("Dataset {}", version.label()), Command::FocusVersion(version.id));
        action.commands.push(Command::GoTo(Page::Data));
        all.push(action);
    }
    for run in &history.runs {
        let name = format!("Run {} {} on {}", run.id, run.plan.algorithm.title(), run.plan.dataset);
        let mut action = Action::new(G, name, Command::FocusRun(run.id));
        action.commands.push(Command::GoTo(Page::Runs));
        all.push(action);
    }
    all
}

/// Actions whose letters contain the query's in order, best first: whole words before scattered letters.
pub fn search(mut all: Vec<Action>, query: &str) -> Vec<Action> {
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        all.retain(|a| a.group != ActionGroup::Objects);
        return all;
    }
    let mut found: Vec<(u32, Action)> =
        all.into_iter().filter_map(|a| Some((rank(&a.name.to_lowercase(), &query)?, a))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, action)| action).collect()
}

/// 0: starts with it; 1: a word starts with it; 2: contains it; 3 and more: letters in order, by how far they spread.
fn rank(name: &str, query: &str) -> Option<u32> {
    if name.starts_with(query) {
        return Some(0);
    }
    if name.split([' ', '@', '_', ':']).any(|word| word.starts_with(query)) {
        return Some(1);
    }
    if name.contains(query) {
        return Some(2);
    }
    let mut letters = name.chars().enumerate();
    let mut span: Option<(usize, usize)> = None;
    for wanted in query.chars().filter(|c| !c.is_whitespace()) {
        let (at, _) = letters.find(|(_, c)| *c == wanted)?;
        span = Some((span.map_or(at, |s| s.0), at));
    }
    span.map(|(first, last)| 3 + (last - first) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_find_a_command() {
        let found = search(actions(&AppState::default()), "opsam");
        assert_eq!(found.first().map(|a| a.name.as_str()), Some("Open the sample project"));
        assert!(search(actions(&AppState::default()), "zzzz").is_empty());
    }

    #[test]
    fn a_word_beats_scattered_letters() {
        let found = search(actions(&AppState::default()), "ru");
        assert_eq!(found[0].name, "Go to Runs");
    }

    #[test]
    fn no_two_actions_share_a_shortcut() {
        let all = actions(&AppState::default());
        let mut keys: Vec<String> = all.iter().filter_map(|a| a.shortcut).map(Shortcut::text).collect();
        let n = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), n);
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        let all = actions(&AppState::default());
        let undo = all.iter().find(|a| a.name == "Undo").unwrap();
        assert_eq!(undo.unavailable, Some("Nothing to undo"));
    }
}
