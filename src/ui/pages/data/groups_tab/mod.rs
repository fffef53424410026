//! Rows that belong together, and rows unlike all others: a form, then what was found.

use std::collections::BTreeMap;

use egui::{RichText, ScrollArea, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{ExploreRequest, Explored};
use crate::domain::ids::VersionId;
use crate::domain::question::{Answer, Question};
use crate::state::command::Command;
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::tokens::space;
use crate::ui::widgets::page::weak;
use crate::ui::widgets::states;

use super::DataPage;
use form::{Draft, What};

mod form;
mod found;
mod model;
mod scatter;
mod unusual;

#[derive(Debug, Default)]
pub struct GroupsView {
    draft: Draft,
    /// What was last asked about each version.
    asked: BTreeMap<(VersionId, What), ExploreRequest>,
    /// The name of the column that groups are kept in.
    column: String,
}

pub fn groups_tab_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion) {
    let view = &mut page.groups;
    ui.horizontal_wrapped(|ui| {
        for (what, name) in [(What::Groups, "Groups"), (What::Unusual, "Unusual rows")] {
            ui.selectable_value(&mut view.draft.what, what, name);
        }
        weak(ui, ctx, view.draft.what.explained());
    });
    ui.add_space(space::XS);
    let key = (version.id, view.draft.what);
    // What was stopped or failed can be asked again.
    let failed = |request: &&ExploreRequest| {
        matches!(ctx.state.asked.get(&Question::Explore((*request).clone())), Loadable::Failed(_))
    };
    let asked = view.asked.get(&key).filter(|request| !failed(request));
    if let Some(request) = form::form_ui(ui, ctx, &mut view.draft, version, asked) {
        ctx.send(Command::Ask(Question::Explore(request.clone())));
        view.asked.insert(key, request);
    }
    ui.separator();
    let Some(request) = view.asked.get(&key).cloned() else {
        return weak_start(ui, ctx, view.draft.what);
    };
    let question = Question::Explore(request.clone());
    let explored = match ctx.state.asked.get(&question) {
        Loadable::Failed(problem) => return states::failed(ui, ctx, problem, Some(Command::Ask(question))),
        Loadable::Idle => {
            ctx.send(Command::Ask(question.clone()));
            None
        }
        other => other.value(),
    };
    let Some(Answer::Explored(explored)) = explored else {
        return states::answering(ui, ctx, view.draft.what.loading(), &question);
    };
    let wanted = ScrollArea::vertical()
        .id_salt("groups")
        .auto_shrink([false, false])
        .show(ui, |ui| match &**explored {
            Explored::Groups(groups) => found::found_ui(ui, ctx, &mut view.column, version, &request, groups),
            Explored::Outliers(outliers) => unusual::unusual_ui(ui, ctx, outliers),
        })
        .inner;
    if let Some(rows) = wanted {
        page.tab = super::Tab::Table;
        ctx.send(Command::ShowRows { version: version.id, column: None, rows });
    }
}

/// The look before anything was asked.
fn weak_start(ui: &mut Ui, ctx: &UiCtx<'_>, what: What) {
    ui.add_space(space::L);
    ui.vertical_centered(|ui| {
        ui.label(RichText::new(what.empty()).color(ctx.tokens.text));
        weak(ui, ctx, what.stored());
    });
}
