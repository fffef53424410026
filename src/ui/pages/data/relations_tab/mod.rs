//! How columns hang together: a matrix, the strongest pairs, and a picture of the pair that was clicked.

use egui::{RichText, ScrollArea, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::ids::VersionId;
use crate::domain::question::{Answer, Question};
use crate::domain::relations::{Measure, Relations, Role, STRONG};
use crate::domain::schema::ColumnKind;
use crate::state::command::Command;
use crate::state::format::{count, counted, fixed};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::pages::parts;
use crate::ui::theme::icons::Icon;
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::page::weak;
use crate::ui::widgets::states;

use super::DataPage;

pub(super) mod draw;
mod matrix;
mod pair;

/// Pairs in the list beside the matrix.
const LISTED: usize = 20;

/// Which part of the matrix is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    All,
    Numbers,
    Categories,
    Mixed,
}

impl Part {
    const ALL: [(Self, &'static str); 4] = [
        (Self::All, "All columns"),
        (Self::Numbers, "Numbers"),
        (Self::Categories, "Categories"),
        (Self::Mixed, "Numbers by categories"),
    ];
}

#[derive(Debug, Default)]
pub struct RelationsView {
    part: Part,
    /// Ranks instead of numbers.
    spearman: bool,
    /// The version whose rows are all used, however many.
    all_rows: Option<VersionId>,
    /// The pair in the picture, with the version it belongs to.
    pair: Option<(VersionId, String, String)>,
    /// The column whose classes colour the points.
    by: Option<String>,
}

pub fn relations_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion) {
    let question = Question::Relations { version: version.id, all_rows: page.relations.all_rows == Some(version.id) };
    let asked = ctx.state.asked.get(&question);
    let relations = match asked {
        Loadable::Failed(problem) => {
            states::failed(ui, ctx, problem, Some(Command::Ask(question)));
            if page.relations.all_rows.is_some() && ui.button("Back to the sample").clicked() {
                page.relations.all_rows = None;
            }
            return;
        }
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            None
        }
        other => other.value(),
    };
    let Some(Answer::Relations(relations)) = relations else {
        return states::answering(ui, ctx, "the relations", &question);
    };
    if relations.pairs.is_empty() {
        let why = "Relations need two columns of numbers or categories with more than one value";
        return states::empty(ui, ctx, Icon::Compare, "Nothing to relate", why, None);
    }
    toolbar(ui, ctx, &mut page.relations, version.id, relations);
    let view = &mut page.relations;
    view.pair.take_if(|(of, _, _)| *of != version.id);
    let mut wanted = None;
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let room = ui.available_width();
        let beside = room > 620.0;
        let side = if beside { (room * 0.46).min(460.0) } else { room };
        let left = |ui: &mut Ui, view: &mut RelationsView| {
            ui.set_width(side - space::M);
            if let Some((a, b)) = matrix::matrix_ui(ui, ctx, view, relations) {
                choose(view, version.id, relations, a, b);
            }
            ui.add_space(space::S);
            strongest(ui, ctx, view, version.id, relations);
        };
        if beside {
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| left(ui, view));
                ui.add_space(space::S);
                ui.vertical(|ui| wanted = picture(ui, ctx, view, version));
            });
        } else {
            left(ui, view);
            wanted = picture(ui, ctx, view, version);
        }
        left_out(ui, ctx, relations);
    });
    match wanted {
        Some(pair::Wanted::Filters(filters)) => page.show_rows(ctx, version.id, filters),
        Some(pair::Wanted::Row { column, row }) => {
            page.tab = super::Tab::Table;
            ctx.send(Command::ShowRows { version: version.id, column: Some(column), rows: vec![row + 1] });
        }
        None => {}
    }
}

fn toolbar(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut RelationsView, version: VersionId, relations: &Relations) {
    ui.horizontal_wrapped(|ui| {
        for (part, name) in Part::ALL {
            ui.selectable_value(&mut view.part, part, RichText::new(name).size(size::DATA));
        }
        ui.separator();
        for (spearman, measure) in [(false, Measure::Pearson), (true, Measure::Spearman)] {
            let name = RichText::new(if spearman { "Spearman" } else { "Pearson" }).size(size::DATA);
            ui.selectable_value(&mut view.spearman, spearman, name).on_hover_text(measure.explanation());
        }
    });
    if relations.rows_used < relations.rows {
        let (used, all) = (count(relations.rows_used), count(relations.rows));
        ui.horizontal_wrapped(|ui| {
            weak(ui, ctx, format!("From a sample of {used} of {all} rows (seed {})", relations.seed));
            if ui.button("Use all rows").on_hover_text("Takes longer, as a job of its own").clicked() {
                view.all_rows = Some(version);
            }
        });
    }
}

fn choose(view: &mut RelationsView, version: VersionId, relations: &Relations, a: usize, b: usize) {
    let name = |i: usize| relations.columns[i].name.clone();
    // A category stands below the boxes of a number.
    let (x, y) = match (relations.columns[a].role, relations.columns[b].role) {
        (Role::Number, Role::Category) => (b, a),
        _ => (a, b),
    };
    view.pair = Some((version, name(x), name(y)));
}

fn strongest(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut RelationsView, version: VersionId, relations: &Relations) {
    ui.label(RichText::new("Strongest pairs").size(size::DATA).color(ctx.tokens.text_weak));
    for (pair, value) in relations.strongest(view.spearman, LISTED) {
        let (a, b) = (pair.x as usize, pair.y as usize);
        let names = format!("{} – {}", relations.columns[a].name, relations.columns[b].name);
        let measure = relations.measure(pair, view.spearman);
        ui.horizontal(|ui| {
            let chosen = view.pair.as_ref().is_some_and(|(_, x, y)| {
                let pair = [&relations.columns[a].name, &relations.columns[b].name];
                pair == [x, y] || pair == [y, x]
            });
            let text = RichText::new(format!("{}  {names}", fixed(value, 2))).size(size::DATA);
            let row = ui.selectable_label(chosen, text);
            let told = format!("{} {value:.4} over {} rows", measure.title(), count(pair.rows));
            if row.on_hover_text(told).clicked() {
                choose(view, version, relations, a, b);
            }
            if value.abs() > STRONG {
                badge(ui, ctx, Tone::Warn, "strong");
            }
        });
    }
}

fn picture(ui: &mut Ui, ctx: &UiCtx<'_>, view: &mut RelationsView, version: &DatasetVersion) -> Option<pair::Wanted> {
    let Some((_, x, y)) = view.pair.clone() else {
        weak(ui, ctx, "Click a cell or a pair to see it as a picture");
        return None;
    };
    let number = |name: &str| {
        version.schema.column(name).is_some_and(|c| matches!(c.kind, ColumnKind::Numeric | ColumnKind::Datetime))
    };
    let by = view.by.clone().filter(|_| number(&x) && number(&y));
    if number(&x) && number(&y) {
        let classes: Vec<(String, String)> = version
            .schema
            .columns
            .iter()
            .filter(|c| matches!(c.kind, ColumnKind::Categorical | ColumnKind::Boolean))
            .map(|c| (c.name.clone(), c.name.clone()))
            .collect();
        if let Some(by) = parts::pick(ui, "Colour by", &classes, view.by.as_ref(), Some("One colour"), 180.0) {
            view.by = by;
        }
    }
    let question = Question::Pair { version: version.id, x, y, by };
    match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => {
            states::failed(ui, ctx, problem, Some(Command::Ask(question)));
            return None;
        }
        Loadable::Idle => ctx.send(Command::Ask(question.clone())),
        other => {
            if let Some(Answer::Pair(plot)) = other.value() {
                return pair::pair_ui(ui, ctx, version, plot);
            }
        }
    }
    states::answering(ui, ctx, "the picture", &question);
    None
}

fn left_out(ui: &mut Ui, ctx: &UiCtx<'_>, relations: &Relations) {
    if relations.left_out.is_empty() {
        return;
    }
    ui.add_space(space::S);
    let left: Vec<String> = relations.left_out.iter().map(|l| format!("{}: {}", l.name, l.reason)).collect();
    let title = counted(left.len() as u64, "column without relations", "columns without relations");
    ui.collapsing(title, |ui| {
        for line in left {
            weak(ui, ctx, line);
        }
    });
}
