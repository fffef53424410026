//! Labels that look wrong, row by row: looked at, ticked, then relabelled as suggested or left out, as a new version.

mod inspector;
mod model;

use std::collections::BTreeSet;

use egui::{Align, Button, Layout, TextEdit, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::VersionId;
use crate::domain::question::{Answer, Question};
use crate::domain::request::{DataRef, JobRequest};
use crate::domain::suspects::{LabelProblem, LabelProblems, Objection, leaving_out, relabelling};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::palette::name_it;
use crate::ui::theme::icons::Icon;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::states;

use model::{Key, SortBy, Wanted};

pub use inspector::labels_inspector_ui;

/// The branch that leads to the rows that are kept, as after a quarantine.
use super::CLEAN;

/// What the tab remembers.
#[derive(Debug, Default)]
pub struct LabelsTab {
    /// The version and column all of this is about.
    about: Option<(VersionId, String)>,
    wanted: Wanted,
    ticked: BTreeSet<Key>,
    selected: Option<Key>,
    note: String,
    /// The list as it was sorted and filtered last, and by what.
    listed: Option<(Wanted, usize, Vec<usize>)>,
}

impl LabelsTab {
    /// Is about this column of this version from now on; what was ticked in another one is forgotten.
    pub fn look_at(&mut self, version: VersionId, target: Option<&str>) {
        let about = target.map(|target| (version, target.to_owned()));
        if self.about != about {
            *self = Self { about, ..Self::default() };
        }
    }

    fn target(&self, version: &DatasetVersion) -> Option<String> {
        self.about.as_ref().filter(|(id, _)| *id == version.id).map(|(_, target)| target.clone())
    }

    /// The place of the row in the inspector: the first of the list until one is chosen.
    fn chosen(&self, found: &LabelProblems) -> Option<usize> {
        let chosen = self.selected.and_then(|key| found.rows.iter().position(|p| model::key(p) == key));
        let first = self.listed.as_ref().and_then(|(_, _, places)| places.first().copied());
        chosen.or(first).filter(|at| *at < found.rows.len())
    }

    fn list(&mut self, found: &LabelProblems) -> Vec<usize> {
        let n = found.rows.len();
        if let Some((wanted, of, places)) = &self.listed
            && *wanted == self.wanted
            && *of == n
        {
            return places.clone();
        }
        let places = model::places(found, &self.wanted);
        self.listed = Some((self.wanted.clone(), n, places.clone()));
        places
    }
}

fn answer<'a>(ctx: &UiCtx<'a>, version: VersionId, target: &str) -> Option<&'a LabelProblems> {
    let question = Question::LabelProblems { version, target: target.to_owned() };
    match ctx.state.asked.get(&question).value() {
        Some(Answer::LabelProblems(found)) => Some(found),
        _ => None,
    }
}

/// The labels of a version that look wrong; answers the column that was chosen instead.
pub fn labels_tab_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut LabelsTab,
    version: &DatasetVersion,
) -> Option<Option<String>> {
    let target = tab.target(version);
    let picked = target_ui(ui, ctx, version, target.as_ref());
    ui.add_space(space::S);
    let Some(target) = target else {
        let more = "Every row is held against models of the other columns, and against the rows that equal it";
        states::empty(ui, ctx, Icon::Checks, "Choose the column with the labels", more, None);
        return picked;
    };
    let question = Question::LabelProblems { version: version.id, target: target.clone() };
    let found = match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => {
            states::failed(ui, ctx, problem, Some(Command::Ask(question)));
            return picked;
        }
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            None
        }
        loadable => loadable.value(),
    };
    let Some(Answer::LabelProblems(found)) = found else {
        states::answering(ui, ctx, "the labels that look wrong", &question);
        return picked;
    };
    said_ui(ui, ctx, found);
    if found.rows.is_empty() {
        let more = model::judged(found).unwrap_or_default();
        let (icon, nothing) = match found.skipped.len() {
            0 => (Icon::Ok, format!("No label in {target} of {} looks wrong", version.label())),
            n if n < Objection::ALL.len() => (Icon::Info, "Nothing was found in what could be judged".to_owned()),
            _ => (Icon::Info, format!("The labels in {target} of {} cannot be judged", version.label())),
        };
        states::empty(ui, ctx, icon, &nothing, &more, None);
        return picked;
    }
    tools_ui(ui, ctx, tab, found);
    let rows = model::ticked(found, &tab.ticked);
    let footer = space::ROW + space::L;
    let footer = if ui.available_width() < NARROW { 2.0 * footer } else { footer };
    let room = (ui.available_height() - footer).max(space::ROW * 4.0);
    let width = ui.available_width().min(WIDEST);
    ui.allocate_ui(egui::vec2(width, room), |ui| {
        ui.set_min_height(room);
        ui.set_max_width(width);
        list_ui(ui, ctx, tab, found, (version.id, &target));
    });
    footer_ui(ui, ctx, tab, version, &target, &rows);
    picked
}

/// A label and what is suggested for it are read together: on a large screen they do not move apart.
const WIDEST: f32 = 960.0;
/// Room below which the foot of the list takes two lines.
const NARROW: f32 = 600.0;

fn target_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    version: &DatasetVersion,
    target: Option<&String>,
) -> Option<Option<String>> {
    ui.horizontal_wrapped(|ui| {
        let name = "Column with the labels";
        let options: Vec<(String, String)> =
            version.schema.names().map(|column| (column.to_owned(), column.to_owned())).collect();
        let picked = parts::field(ui, ctx, name, |ui| parts::pick(ui, name, &options, target, Some("None"), 200.0));
        picked.filter(|picked| picked.as_ref() != target)
    })
    .inner
}

/// What was found, how it was judged, and what could not be looked for.
fn said_ui(ui: &mut Ui, ctx: &UiCtx<'_>, found: &LabelProblems) {
    if !found.rows.is_empty() {
        let (tone, word, sentence) = model::verdict(found);
        parts::verdict(ui, ctx, (tone, word, &sentence), |_| ());
        if let Some(judged) = model::judged(found) {
            parts::note(ui, ctx, &judged);
        }
    }
    for (objection, reason) in &found.skipped {
        let what = model::word(*objection);
        let said = format!("{what} labels could not be looked for. {}", format::capital(&format::sentence(reason)));
        parts::note(ui, ctx, &said);
    }
}

/// What of it is listed, and ticks for all of that.
fn tools_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut LabelsTab, found: &LabelProblems) {
    ui.horizontal_wrapped(|ui| {
        for only in [None, Some(Objection::Suspect), Some(Objection::Conflict)] {
            let label = ui.selectable_label(tab.wanted.only == only, model::show_title(found, only));
            let label = match only {
                Some(objection) => label.on_hover_text(model::meaning(objection)),
                None => label,
            };
            if label.clicked() {
                tab.wanted.only = only;
            }
        }
        let filter = TextEdit::singleline(&mut tab.wanted.filter).hint_text("Label or row").desired_width(100.0);
        let filter = ui.add(filter);
        name_it(ui, &filter, "Filter by label or row");
        let places = tab.list(found);
        let button = ui.add_enabled(!places.is_empty(), Button::new("Tick all"));
        let button = button.on_hover_text("All that are listed here and do not have the label that is suggested");
        if button.clicked() {
            let listed = places.iter().map(|at| &found.rows[*at]);
            tab.ticked.extend(listed.filter(|problem| problem.is_odd()).map(model::key));
        }
        if ui.add_enabled(!tab.ticked.is_empty(), Button::new("Tick none")).clicked() {
            tab.ticked.clear();
        }
        if places.is_empty() {
            parts::note(ui, ctx, "No line contains this");
        }
    });
}

struct Lines<'a> {
    found: &'a LabelProblems,
    places: Vec<usize>,
    ticked: &'a BTreeSet<Key>,
    chosen: Option<usize>,
    about: (VersionId, &'a str),
}

impl Rows for Lines<'_> {
    fn count(&self) -> usize {
        self.places.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let at = self.places[row];
        let problem = &self.found.rows[at];
        let (row, said) = (format::count(problem.row), model::word(problem.objection));
        let suggested = match &problem.suggested {
            Some(label) if problem.is_odd() => Cell::Text(label.clone()),
            Some(label) => Cell::Weak(label.clone()),
            None => Cell::Weak("none".to_owned()),
        };
        vec![
            Cell::Check(self.ticked.contains(&model::key(problem)), format!("Tick row {row}, {}", said.to_lowercase())),
            Cell::Text(row),
            Cell::Weak(said.to_owned()),
            Cell::Text(problem.label.clone()),
            suggested,
            Cell::Text(model::sure(self.found, at)),
        ]
    }

    fn selected(&self, row: usize) -> bool {
        self.chosen == Some(self.places[row])
    }

    fn menu(&self, row: usize, ui: &mut Ui, ctx: &UiCtx) {
        if ui.button("Show the row in the table").clicked() {
            let (version, target) = self.about;
            let rows = vec![self.found.rows[self.places[row]].row];
            ctx.send(Command::ShowRows { version, column: Some(target.to_owned()), rows });
            ui.close();
        }
    }
}

/// By column of the list, as far as it is sorted by them.
const SORTS: [(usize, SortBy); 4] = [(1, SortBy::Row), (3, SortBy::Label), (4, SortBy::Suggested), (5, SortBy::Sure)];

fn columns(wanted: &Wanted) -> Vec<Column> {
    let grown = |title: &str| Column::new(title, 96.0).grows();
    let sure = "Of a contradicted label the probability that it is another one, by a model that has not seen the row; \
                of a conflicting one the rows like it that have the label that is suggested";
    let mut columns = vec![
        Column::new("", 30.0),
        Column::new("Row", 76.0).right(),
        Column::new("Because", 104.0),
        grown("Label"),
        grown("Suggested"),
        Column::new("How sure", 112.0).help(sure),
    ];
    for (at, by) in SORTS {
        columns[at].sortable = true;
        columns[at].sorted = wanted.sort.filter(|(sorted, _)| *sorted == by).map(|(_, descending)| descending);
    }
    columns
}

fn list_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut LabelsTab, found: &LabelProblems, about: (VersionId, &str)) {
    let places = tab.list(found);
    let chosen = tab.chosen(found);
    let rows = Lines { found, places, ticked: &tab.ticked, chosen, about };
    let height = ui.available_height();
    let event = table_ui(ui, ctx, "suspects", &columns(&tab.wanted), &rows, height);
    let key = |row: usize| model::key(&found.rows[rows.places[row]]);
    match event {
        Some(Event::Row(row)) => tab.selected = Some(key(row)),
        Some(Event::Open(row)) => {
            let (version, target) = about;
            ctx.send(Command::ShowRows { version, column: Some(target.to_owned()), rows: vec![key(row).0] });
        }
        Some(Event::Check(row)) => {
            let key = key(row);
            tab.selected = Some(key);
            if !tab.ticked.remove(&key) {
                tab.ticked.insert(key);
            }
        }
        Some(Event::Header(at)) => {
            let by = SORTS.into_iter().find(|(column, _)| *column == at).map(|(_, by)| by);
            tab.wanted.sort = next_sort(tab.wanted.sort, by);
        }
        None => {}
    }
}

/// Ascending, descending, then as it came.
fn next_sort(sort: Option<(SortBy, bool)>, by: Option<SortBy>) -> Option<(SortBy, bool)> {
    match (sort, by) {
        (Some((sorted, true)), Some(by)) if sorted == by => None,
        (Some((sorted, false)), Some(by)) if sorted == by => Some((by, true)),
        (_, by) => by.map(|by| (by, false)),
    }
}

/// What becomes of the rows that are ticked.
fn footer_ui(
    ui: &mut Ui,
    ctx: &UiCtx<'_>,
    tab: &mut LabelsTab,
    version: &DatasetVersion,
    target: &str,
    rows: &[LabelProblem],
) {
    let changed = model::relabelled(rows);
    let is_busy = |request: &JobRequest| matches!(request, JobRequest::Label(_) | JobRequest::SetAside(_));
    let busy = ctx.state.jobs.with_requests().any(|(_, request)| is_busy(request));
    let n = |n: usize| format::counted(n as u64, "row", "rows");
    let why_not = if busy {
        "A version is being made"
    } else if rows.is_empty() {
        "Tick rows first"
    } else {
        "None of the ticked rows would get another label"
    };
    let data = || DataRef::Version(version.id);
    ui.add_space(space::S);
    let narrow = ui.available_width() < NARROW;
    let buttons = |ui: &mut Ui, tab: &mut LabelsTab| {
        let drop = ui.add_enabled(!busy && !rows.is_empty(), Button::new(format!("Leave {} out", n(rows.len()))));
        let drop = drop.on_disabled_hover_text(why_not).on_hover_text(
            "They go to a dataset of their own with what is said against them; the others become a new version on the \
             branch “clean”, and main stays where it is until that version is published",
        );
        if drop.clicked() {
            let request = leaving_out(data(), target, rows, CLEAN.to_owned(), tab.note.trim().to_owned());
            ctx.send(Command::SetAside(request));
        }
        let relabel = Button::new(format!("Relabel {} as suggested", n(changed.len())));
        let relabel = ui.add_enabled(!busy && !changed.is_empty(), relabel);
        let relabel = relabel.on_disabled_hover_text(why_not);
        let said = "Makes a new version in which these rows have the label that is suggested; the one before stays";
        if relabel.on_hover_text(said).clicked() {
            ctx.send(Command::SaveLabels(relabelling(data(), target, &changed, &tab.note)));
        }
    };
    if narrow {
        ui.horizontal(|ui| note_ui(ui, ctx, tab, rows.len()));
        ui.horizontal(|ui| buttons(ui, tab));
    } else {
        ui.horizontal(|ui| {
            ui.set_max_width(ui.available_width().min(WIDEST));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                buttons(ui, tab);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| note_ui(ui, ctx, tab, rows.len()));
            });
        });
    }
}

fn note_ui(ui: &mut Ui, ctx: &UiCtx<'_>, tab: &mut LabelsTab, ticked: usize) {
    parts::note(ui, ctx, &format!("{} ticked", format::count(ticked as u64)));
    let width = (ui.available_width() - space::S).max(60.0);
    let note = TextEdit::singleline(&mut tab.note).hint_text("Note for the new version").desired_width(width);
    let note = ui.add(note);
    name_it(ui, &note, "Note for the new version");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_sorts_up_down_and_as_it_came() {
        let by = Some(SortBy::Row);
        let first = next_sort(None, by);
        let second = next_sort(first, by);
        assert_eq!((first, second), (Some((SortBy::Row, false)), Some((SortBy::Row, true))));
        assert_eq!(next_sort(second, by), None);
        assert_eq!(next_sort(second, Some(SortBy::Sure)), Some((SortBy::Sure, false)));
    }
}
