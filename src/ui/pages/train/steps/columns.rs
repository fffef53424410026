//! Step 2: which columns are learned from, in which role, and what is made of them.

use egui::{Label, RichText, TextEdit, Ui};

use crate::domain::training::Role;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::train::model::{self, ColumnUse, SplitChoice, TrainForm};
use crate::ui::pages::train::{About, TrainPage};
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::theme::tokens::{size, space};

use super::rank;
use super::recipe::{self, Shown};

pub fn columns_and_recipe_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, about: &About) {
    ui.horizontal_wrapped(|ui| {
        for (shown, word) in Shown::ALL {
            ui.selectable_value(&mut page.recipe.shown, shown, word);
        }
    });
    match page.recipe.shown {
        Shown::Columns => columns_ui(ui, ctx, page, form, about),
        Shown::Rank => rank::rank_ui(ui, ctx, &mut page.rank, form, about),
        Shown::Steps => recipe::recipe_ui(ui, ctx, &mut page.recipe, form, about),
        Shown::Preview => recipe::preview_ui(ui, ctx, &mut page.recipe, form, about),
    }
}

fn columns_ui(ui: &mut Ui, ctx: &UiCtx, page: &mut TrainPage, form: &mut TrainForm, about: &About) {
    let uses = model::column_uses(form, about.version, about.plan);
    let used = uses.iter().filter(|c| matches!(c.role, Role::Feature | Role::Time)).count();
    ui.horizontal(|ui| {
        if uses.len() > 12 {
            let edit = TextEdit::singleline(&mut page.column_filter).hint_text("Filter columns").desired_width(150.0);
            let edit = ui.add(edit);
            name_it(ui, &edit, "Filter columns");
        }
        parts::note(ui, ctx, &format!("{used} of {} columns are used", uses.len()));
        if ui.small_button("All").on_hover_text("Learn from every column that can be used").clicked() {
            form.exclude.clear();
        }
        if ui.small_button("None").on_hover_text("Leave all columns out, to tick a few").clicked() {
            form.exclude = uses.iter().filter(|c| !c.settled).map(|c| c.column.name.clone()).collect();
        }
        problem_ui(ui, ctx, about);
    });
    let wanted = page.column_filter.to_lowercase();
    let shown: Vec<ColumnUse> = uses.into_iter().filter(|c| c.column.name.to_lowercase().contains(&wanted)).collect();
    ui.spacing_mut().item_spacing.y = 0.0;
    // The step scrolls as a whole; rows out of sight are skipped by their height.
    for column in &shown {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), space::ROW), egui::Sense::hover());
        if ui.is_rect_visible(rect) {
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            let mut row =
                ui.new_child(egui::UiBuilder::new().id_salt(&column.column.name).max_rect(rect).layout(layout));
            column_row(&mut row, ctx, form, column);
        }
    }
    if shown.is_empty() {
        parts::note(ui, ctx, "No column has that name");
    }
}

/// The first thing that is wrong, in what is left of the line; the inspector has all.
fn problem_ui(ui: &mut Ui, ctx: &UiCtx, about: &About) {
    let Some(problem) = about.problems.iter().find(|problem| problem.step == 2) else { return };
    icons::icon(ui, Icon::Error, 14.0, ctx.tokens.bad);
    ui.add(Label::new(RichText::new(&problem.message).color(ctx.tokens.bad)).truncate());
}

fn column_row(ui: &mut Ui, ctx: &UiCtx, form: &mut TrainForm, column: &ColumnUse) {
    let name = &column.column.name;
    let mut on = matches!(column.role, Role::Feature | Role::Time);
    let color = if on { ctx.tokens.text } else { ctx.tokens.text_weak };
    let mut asked = false;
    let free = !column.settled && matches!(column.role, Role::Feature | Role::Time | Role::Excluded);
    let width = (ui.available_width() * 0.34).clamp(90.0, 220.0);
    ui.allocate_ui_with_layout(egui::vec2(width, space::ROW), *ui.layout(), |ui| {
        ui.set_min_width(width);
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
        let text = RichText::new(name).color(color);
        let response =
            ui.add_enabled(free, egui::Checkbox::new(&mut on, text)).accessible_name(format!("Learn from {name}"));
        if response.clicked() {
            tick(form, column, on);
            asked = on && column.leaks;
        }
    });
    icons::icon(ui, Icon::of_kind(column.column.kind), 12.0, ctx.tokens.text_weak)
        .on_hover_text(column.column.kind.as_str());
    role_ui(ui, form, column);
    if let Some(why) = form.keep.get_mut(name) {
        let edit = ui.add(TextEdit::singleline(why).hint_text("Why is it kept?").desired_width(f32::INFINITY));
        name_it(ui, &edit, &format!("Why {name} is kept"));
        if asked {
            edit.request_focus();
        }
        edit.on_hover_text(format::sentence(&column.reason));
        return;
    }
    let reason = RichText::new(format::sentence(&column.reason)).size(size::DATA).color(ctx.tokens.text_weak);
    ui.add(Label::new(reason).truncate());
}

/// A column that knows the answer is left out as long as nobody keeps it; the others as soon as somebody unticks them.
pub(super) fn tick(form: &mut TrainForm, column: &ColumnUse, on: bool) {
    let name = column.column.name.clone();
    form.exclude.remove(&name);
    match (column.leaks, on) {
        (true, true) => drop(form.keep.entry(name).or_default()),
        (true, false) => drop(form.keep.remove(&name)),
        (false, true) => {}
        (false, false) => drop(form.exclude.insert(name)),
    }
}

/// The role as a menu, where there is a choice.
fn role_ui(ui: &mut Ui, form: &mut TrainForm, column: &ColumnUse) {
    let name = &column.column.name;
    let mut options = vec![Role::Feature, Role::Excluded, Role::Group];
    if column.column.kind == crate::domain::schema::ColumnKind::Datetime {
        options.push(Role::Time);
    }
    if column.column.kind == crate::domain::schema::ColumnKind::Numeric {
        options.push(Role::Weight);
    }
    // What is left out by rule may still say which rows belong together.
    if column.settled {
        options.retain(|role| *role == Role::Group);
        options.insert(0, column.role);
    }
    let options: Vec<(Role, String)> = options.into_iter().map(|role| (role, word(role).to_owned())).collect();
    let accessible = format!("Role of {name}");
    if let Some(Some(role)) = parts::pick(ui, &accessible, &options, Some(&column.role), None, 96.0) {
        set_role(form, column, role);
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Feature => "feature",
        Role::Target => "target",
        Role::Id => "id",
        Role::Time => "time order",
        Role::Group => "group",
        Role::Weight => "weight",
        Role::Excluded => "left out",
    }
}

fn set_role(form: &mut TrainForm, column: &ColumnUse, role: Role) {
    let name = column.column.name.clone();
    form.settled = true;
    let was = |chosen: &Option<String>| chosen.as_ref() == Some(&name);
    if was(&form.weight) {
        form.weight = None;
    }
    if form.split == SplitChoice::Group && was(&form.group_column) {
        form.split = SplitChoice::Stratified;
    }
    if form.split == SplitChoice::Time && was(&form.time_column) && role != Role::Time {
        form.split = SplitChoice::Stratified;
    }
    form.exclude.remove(&name);
    match role {
        Role::Group => (form.split, form.group_column) = (SplitChoice::Group, Some(name)),
        Role::Time => (form.split, form.time_column) = (SplitChoice::Time, Some(name)),
        Role::Weight => form.weight = Some(name),
        Role::Feature => tick(form, column, true),
        Role::Excluded if !column.settled => tick(form, column, false),
        Role::Excluded | Role::Id | Role::Target => {}
    }
}
