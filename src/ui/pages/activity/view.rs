//! The log as a list, its filters, the event in focus.

use egui::{Align, ComboBox, Grid, Label, Layout, RichText, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2};

use crate::domain::activity::{Event, ObjectKind};
use crate::state::command::{Command, PickFor};
use crate::state::format::{ago, count, counted, date_time};
use crate::state::messages::sentence;
use crate::ui::ctx::UiCtx;
use crate::ui::palette::name_it;
use crate::ui::theme::icons::{self, Icon, focus_ring};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::page::{Primary, inspector_panel, main_panel, page_header, section, weak};
use crate::ui::widgets::states;

use super::model::{filtered, kind_title, people, to_csv};
use super::{ActivityPage, icon_of};

const ROW: f32 = 28.0;

pub fn activity_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut ActivityPage) {
    let Some(history) = ctx.state.history.value() else { return };
    let shown = filtered(&history.events, &page.filter);
    let export = Primary::new(
        "Export CSV…",
        Command::Pick(PickFor::SaveText { suggested: "activity.csv".to_owned(), text: String::new() }),
    )
    .unless(shown.is_empty().then(|| "There is nothing to export".to_owned()));
    let subtitle = if shown.len() == history.events.len() {
        counted(shown.len() as u64, "entry, newest first", "entries, newest first")
    } else {
        format!("{} of {}", count(shown.len() as u64), counted(history.events.len() as u64, "entry", "entries"))
    };
    // The text is made only when the button is pressed: the log can be long.
    let wanted = std::cell::RefCell::new(Vec::new());
    let inner = UiCtx::new(ctx.state, ctx.tokens, ctx.now_ms, &wanted);
    page_header(ui, &inner, "Activity", &subtitle, Some(export));
    for _ in wanted.borrow().iter() {
        let text = to_csv(&shown);
        ctx.send(Command::Pick(PickFor::SaveText { suggested: "activity.csv".to_owned(), text }));
    }
    if history.events.is_empty() {
        return states::empty(
            ui,
            ctx,
            Icon::Activity,
            "Nothing happened yet",
            "Imports, checks, trainings and exports will be listed here",
            None,
        );
    }
    let selected = page.selected.and_then(|id| history.events.iter().find(|e| e.id == id));
    inspector_panel(ui, ctx, "activity", |ui| event_ui(ui, ctx, selected));
    main_panel(ui, |ui| {
        filters_ui(ui, page, &history.events);
        ui.add_space(space::XS);
        if shown.is_empty() {
            weak(ui, ctx, "No entry fits these filters");
        }
        // `show_rows` counts rows with the spacing outside of it.
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, shown.len(), |ui, range| {
            for event in &shown[range] {
                if row(ui, ctx, event, page.selected == Some(event.id)) {
                    page.selected = Some(event.id);
                }
            }
        });
    });
}

fn filters_ui(ui: &mut Ui, page: &mut ActivityPage, events: &[Event]) {
    ui.horizontal(|ui| {
        let filter = &mut page.filter;
        let edit = ui.add(TextEdit::singleline(&mut filter.text).hint_text("Find in the log").desired_width(180.0));
        name_it(ui, &edit, "Find in the log");
        if ui.input_mut(|i| i.consume_key(egui::Modifiers::COMMAND, egui::Key::F)) {
            edit.request_focus();
        }
        let kind = filter.kind.map_or_else(|| "Every kind".to_owned(), kind_title);
        let combo = ComboBox::from_id_salt("kind").selected_text(kind).show_ui(ui, |ui| {
            ui.selectable_value(&mut filter.kind, None, "Every kind");
            for kind in ObjectKind::ALL {
                ui.selectable_value(&mut filter.kind, Some(kind), kind_title(kind));
            }
        });
        name_it(ui, &combo.response, "Kind of object");
        let who = filter.who.clone().unwrap_or_else(|| "Everyone".to_owned());
        let combo = ComboBox::from_id_salt("who").selected_text(who).show_ui(ui, |ui| {
            ui.selectable_value(&mut filter.who, None, "Everyone");
            for person in people(events) {
                ui.selectable_value(&mut filter.who, Some(person.clone()), person);
            }
        });
        name_it(ui, &combo.response, "Person");
        if !filter.is_empty() && ui.button("Clear filters").clicked() {
            *filter = super::model::Filter::default();
        }
    });
}

fn row(ui: &mut Ui, ctx: &UiCtx<'_>, event: &Event, selected: bool) -> bool {
    let tokens = ctx.tokens;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let when = ago(ctx.now_ms, event.at_ms);
    let words = sentence(&event.event);
    let label = format!("{words}, {}, {when}", event.who);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, selected, &label));
    if selected || response.hovered() {
        ui.painter().rect_filled(rect, space::RADIUS, if selected { tokens.selected } else { tokens.hover });
    }
    focus_ring(ui, ctx, &response);
    let inner = rect.shrink2(vec2(space::S, 0.0));
    let mut child = ui.new_child(
        egui::UiBuilder::new().id_salt(event.id.0).max_rect(inner).layout(Layout::left_to_right(Align::Center)),
    );
    let ui = &mut child;
    // The row is the control: its words take no clicks from it.
    ui.style_mut().interaction.selectable_labels = false;
    let (icon, _) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
    icons::paint(ui.painter(), icon_of(event.event.object_kind), icon, tokens.text_weak);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        for (text, width) in [(when, 100.0), (event.who.clone(), 80.0)] {
            let words = RichText::new(text).size(size::DATA).color(tokens.text_weak);
            ui.allocate_ui_with_layout(vec2(width, ROW), Layout::right_to_left(Align::Center), |ui| {
                ui.set_min_width(width);
                ui.add(Label::new(words).truncate());
            });
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(Label::new(RichText::new(words).color(tokens.text)).truncate());
        });
    });
    response.on_hover_text(date_time(event.at_ms)).clicked()
}

fn event_ui(ui: &mut Ui, ctx: &UiCtx<'_>, event: Option<&Event>) {
    let Some(event) = event else {
        weak(ui, ctx, "Select an entry to see all of it");
        return;
    };
    section(ui, ctx, &event.event.object);
    ui.add(Label::new(sentence(&event.event)).wrap());
    ui.add_space(space::S);
    let e = &event.event;
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new("event").num_columns(2).spacing([space::M, 3.0]).show(ui, |ui| {
        for (name, value) in [
            ("When", date_time(event.at_ms)),
            ("Who", event.who.clone()),
            ("Action", e.action.clone()),
            ("Object", kind_title(e.object_kind)),
            ("Entry", event.id.to_string()),
        ] {
            ui.label(RichText::new(name).size(size::DATA).color(ctx.tokens.text_weak));
            ui.add(Label::new(RichText::new(value).size(size::DATA)).truncate());
            ui.end_row();
        }
    });
    ui.add_space(space::S);
    if ui.button("Copy").clicked() {
        ctx.send(Command::Copy(format!("{} {}: {}", date_time(event.at_ms), event.who, sentence(e))));
    }
}
