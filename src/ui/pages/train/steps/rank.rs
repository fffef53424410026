//! The columns by what they say about the target, and one click to learn from the best only.

use std::collections::BTreeSet;

use egui::{DragValue, Ui};

use crate::domain::question::{Answer, Question};
use crate::domain::ranking::{RankRequest, RankedColumn, Ranking, Scorer};
use crate::domain::training::Role;
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Cell, Column, Event, Rows, table_ui};
use crate::ui::pages::train::About;
use crate::ui::pages::train::model::{self, ColumnUse, TrainForm};
use crate::ui::palette::name_it;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::states;

use super::columns::tick;

const SEED: u64 = 42;
const SCORE: f32 = 84.0;

/// What only the ranking needs to remember.
#[derive(Debug)]
pub struct RankView {
    by: Scorer,
    keep: usize,
    /// Columns that the scores are without: one that tells all leaves nothing to the others.
    without: BTreeSet<String>,
}

impl Default for RankView {
    fn default() -> Self {
        Self { by: Scorer::default(), keep: 10, without: BTreeSet::new() }
    }
}

pub fn rank_ui(ui: &mut Ui, ctx: &UiCtx, view: &mut RankView, form: &mut TrainForm, about: &About) {
    let Some(target) = form.target.clone() else {
        return parts::note(ui, ctx, "Choose what to predict first; columns are ranked for that");
    };
    // What weighs rows or keeps them together is no feature, whatever it says.
    let uses = model::column_uses(form, about.version, about.plan);
    let apart = uses.iter().filter(|c| !c.settled && matches!(c.role, Role::Group | Role::Weight));
    let apart: BTreeSet<String> = apart.map(|c| c.column.name.clone()).collect();
    let known = |name: &&String| about.version.schema.column(name).is_some() && **name != target;
    let exclude = apart.union(&view.without).filter(known).cloned().collect();
    let task = form.task(about.version);
    let question = Question::Rank(RankRequest { version: about.version.id, target, task, exclude, seed: SEED });
    match ctx.state.asked.get(&question) {
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            states::answering(ui, ctx, "the ranking", &question);
        }
        Loadable::Failed(problem) => {
            parts::small_problem(ui, ctx, problem);
            if ui.button("Try again").clicked() {
                ctx.send(Command::Ask(question));
            }
        }
        answer => match answer.value() {
            Some(Answer::Ranked(found)) => ranked_ui(ui, ctx, view, form, (found, &uses)),
            _ => states::answering(ui, ctx, "the ranking", &question),
        },
    }
}

fn ranked_ui(
    ui: &mut Ui,
    ctx: &UiCtx,
    view: &mut RankView,
    form: &mut TrainForm,
    (found, uses): (&Ranking, &[ColumnUse]),
) {
    let ordered = found.by(view.by);
    let use_of = |name: &str| uses.iter().find(|c| c.column.name == name);
    // What knows the answer stays left out until somebody says why it is kept.
    let leaks = |name: &str| use_of(name).is_some_and(|c| c.leaks && c.role == Role::Excluded);
    let usable: Vec<&RankedColumn> = ordered.iter().filter(|c| !leaks(&c.column)).copied().collect();
    ui.horizontal_wrapped(|ui| {
        let most = usable.len().max(1);
        view.keep = view.keep.clamp(1, most);
        let label = ui.label("Best");
        let keep = ui.add(DragValue::new(&mut view.keep).range(1..=most)).labelled_by(label.id);
        name_it(ui, &keep, "Columns to keep");
        let title = view.by.title();
        let why = format!("Learn from the {} columns with the largest {title}, leave the others out", view.keep);
        if ui.button(format!("Learn from these by {title}")).on_hover_text(why).clicked() {
            keep_best(&mut form.exclude, &usable, view.keep);
        }
        let is_out = |name: &&String| form.exclude.contains(*name) || leaks(name);
        let left_out: BTreeSet<String> = ordered.iter().map(|c| &c.column).filter(is_out).cloned().collect();
        let why = "Permutation and Relief look at all ranked columns together: rank without those that are not ticked";
        if !left_out.is_empty() && ui.button("Rank without those left out").on_hover_text(why).clicked() {
            view.without.extend(left_out);
        }
        if !view.without.is_empty() && ui.button("Rank all").clicked() {
            view.without.clear();
        }
        parts::note(ui, ctx, &told(found));
    });
    for warning in &found.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    let mut columns = vec![Column::new("", 28.0), Column::new("Column", 140.0).grows()];
    columns.extend(Scorer::ALL.into_iter().map(|scorer| {
        let mut column = Column::new(scorer.title(), SCORE).right().help(scorer.explanation());
        column.sortable = true;
        column.sorted = (scorer == view.by).then_some(true);
        column
    }));
    let table = Ranked { ordered: &ordered, by: view.by, uses };
    let height = ui.available_height().max(space::ROW * (ordered.len() + 1) as f32);
    match table_ui(ui, ctx, "ranked columns", &columns, &table, height) {
        Some(Event::Header(at)) if at >= 2 => view.by = Scorer::ALL[at - 2],
        Some(Event::Check(row) | Event::Row(row)) => {
            if let Some(column) = use_of(&ordered[row].column) {
                tick(form, column, !is_used(column));
            }
        }
        _ => {}
    }
}

fn keep_best(left_out: &mut BTreeSet<String>, ordered: &[&RankedColumn], keep: usize) {
    for (place, column) in ordered.iter().enumerate() {
        if place < keep {
            left_out.remove(&column.column);
        } else {
            left_out.insert(column.column.clone());
        }
    }
}

fn told(found: &Ranking) -> String {
    let of = if found.rows_used < found.rows {
        format!("of {} of {} rows", format::count(found.rows_used), format::count(found.rows))
    } else {
        format!("of {}", format::counted(found.rows_used, "row", "rows"))
    };
    let (learned, predicted) = found.model_rows;
    let (picked, among) = found.relief_rows;
    format!(
        "Scores {of}; Relief of {} among {}; Permutation by trees learned from {}, on {} others",
        format::count(picked),
        format::count(among),
        format::count(learned),
        format::count(predicted)
    )
}

struct Ranked<'a> {
    ordered: &'a [&'a RankedColumn],
    by: Scorer,
    uses: &'a [ColumnUse<'a>],
}

fn is_used(column: &ColumnUse) -> bool {
    matches!(column.role, Role::Feature | Role::Time)
}

impl Rows for Ranked<'_> {
    fn count(&self) -> usize {
        self.ordered.len()
    }

    fn cells(&self, row: usize) -> Vec<Cell> {
        let column = self.ordered[row];
        let role = self.uses.iter().find(|c| c.column.name == column.column);
        let used = role.is_some_and(is_used);
        let name = column.column.clone();
        let mut cells = vec![Cell::Check(used, format!("Learn from {name}"))];
        cells.push(match role {
            Some(role) if role.leaks && !used => Cell::Tone(Tone::Warn, format!("{name} · knows the answer")),
            _ if used => Cell::Text(name),
            _ => Cell::Weak(name),
        });
        cells.extend(Scorer::ALL.into_iter().map(|scorer| {
            let text = column.score(scorer).map_or_else(String::new, format::number);
            if scorer == self.by { Cell::Text(text) } else { Cell::Weak(text) }
        }));
        cells
    }

    fn selected(&self, _row: usize) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::ColumnKind;

    #[test]
    fn the_best_are_learned_from_and_the_others_left_out() {
        let column = |name: &str| RankedColumn {
            column: name.into(),
            kind: ColumnKind::Numeric,
            information_gain: 0.0,
            gain_ratio: None,
            gini: 0.0,
            chi2: None,
            chi2_p_value: None,
            f: None,
            f_p_value: None,
            relief: None,
            permutation: None,
        };
        let (a, b, c) = (column("a"), column("b"), column("c"));
        let mut left_out = BTreeSet::from(["b".to_owned(), "other".to_owned()]);
        keep_best(&mut left_out, &[&b, &c, &a], 2);
        assert_eq!(left_out, BTreeSet::from(["a".to_owned(), "other".to_owned()]));
    }
}
