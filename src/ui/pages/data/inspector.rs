//! The column in focus: what it is, its numbers, its shape, what checks said about it.

use egui::{Grid, RichText, Ui};

use crate::domain::dataset::DatasetVersion;
use crate::domain::profile::ColumnProfile;
use crate::domain::schema::{ColumnSchema, Storage};
use crate::state::command::Command;
use crate::state::format::{bytes, count, date_time, number, percent, utc};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::histogram::{histogram, top_values};
use crate::ui::widgets::page::{section, weak};
use crate::ui::widgets::states;

use super::model::findings_on;

pub fn inspector_ui(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion) {
    let column = ctx.state.focus.column.as_deref().and_then(|name| version.schema.column(name));
    let Some(column) = column else { return about_version(ui, ctx, version) };
    ui.horizontal(|ui| {
        icon(ui, Icon::of_kind(column.kind), 16.0, ctx.tokens.text_weak);
        section(ui, ctx, &column.name);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icon_button(ui, ctx, Icon::Close, "Close the column").clicked() {
                ctx.send(Command::FocusColumn(None));
            }
        });
    });
    facts(ui, ctx, "column facts", &[("Kind", column.kind.as_str().to_owned()), ("Stored as", stored_as(column))]);
    super::versions_tab::kind_ui(ui, ctx, version, column);
    findings(ui, ctx, version, &column.name);
    match ctx.state.profiles.get(&version.id).unwrap_or(&Loadable::Idle) {
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::FocusVersion(version.id))),
        loadable => match loadable.value() {
            None => states::loading(ui, ctx, "the profile"),
            Some(profile) => {
                if let Some(profile) = profile.columns.iter().find(|c| c.name == column.name) {
                    column_ui(ui, ctx, profile, version.rows);
                }
            }
        },
    }
    for note in &column.notes {
        ui.add_space(space::XS);
        weak(ui, ctx, format!("Note: {note}"));
    }
}

fn column_ui(ui: &mut Ui, ctx: &UiCtx<'_>, profile: &ColumnProfile, rows: u64) {
    let missing = format!("{} · {}", count(profile.missing), percent(share(profile.missing, rows)));
    let distinct = format!("{} · {}", count(profile.distinct), percent(share(profile.distinct, rows)));
    facts(ui, ctx, "counts", &[("Missing", missing), ("Distinct", distinct)]);
    if let Some(data) = &profile.histogram {
        ui.add_space(space::S);
        histogram(ui, ctx, &profile.name, data, profile.storage, 96.0);
    }
    if let Some(n) = &profile.numbers {
        let tell = |x: f64| if profile.storage == Storage::DatetimeMs { utc(x) } else { number(x) };
        let mut lines = vec![
            ("Minimum", tell(n.min)),
            ("Quartile 1", tell(n.q25)),
            ("Median", tell(n.median)),
            ("Quartile 3", tell(n.q75)),
            ("Maximum", tell(n.max)),
        ];
        if profile.storage != Storage::DatetimeMs {
            lines.insert(0, ("Mean", number(n.mean)));
            lines.insert(1, ("Standard deviation", n.std.map_or_else(|| "—".to_owned(), number)));
            lines.push(("Zeros", format!("{} · {}", count(n.zeros), percent(share(n.zeros, rows)))));
        }
        ui.add_space(space::S);
        facts(ui, ctx, "numbers", &lines);
    }
    if let Some(lengths) = &profile.lengths {
        let text = if lengths.min == lengths.max {
            format!("{} in every cell", count(lengths.min))
        } else {
            format!("{} to {}, mean {}", count(lengths.min), count(lengths.max), number(lengths.mean))
        };
        facts(ui, ctx, "lengths", &[("Characters", text)]);
    }
    if !profile.top.is_empty() {
        ui.add_space(space::S);
        ui.label(RichText::new("Most frequent").size(size::DATA).color(ctx.tokens.text_weak));
        ui.spacing_mut().item_spacing.y = 2.0;
        top_values(ui, ctx, &profile.top, rows, 12);
    }
}

fn findings(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, column: &str) {
    let Some(check) = ctx.state.history.value().and_then(|h| h.latest_check(version.id)) else { return };
    for finding in findings_on(check, column) {
        ui.add_space(space::XS);
        ui.horizontal_wrapped(|ui| {
            badge(ui, ctx, Tone::of_severity(finding.severity), finding.severity.as_str());
            ui.label(RichText::new(&finding.message).size(size::DATA));
        });
        if !finding.rows.is_empty() && ui.small_button("Show the rows").clicked() {
            ctx.send(Command::ShowRows {
                version: version.id,
                column: Some(column.to_owned()),
                rows: finding.rows.clone(),
            });
        }
    }
}

fn about_version(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion) {
    section(ui, ctx, &version.label());
    let read = &version.read;
    let delimiter = match read.delimiter {
        '\t' => "tab".to_owned(),
        ',' => "comma".to_owned(),
        ';' => "semicolon".to_owned(),
        '|' => "vertical bar".to_owned(),
        ' ' => "space".to_owned(),
        c => c.to_string(),
    };
    let mut lines = vec![
        ("Rows", count(version.rows)),
        ("Columns", count(version.schema.columns.len() as u64)),
        ("Source", version.source_name.clone()),
        ("Size", bytes(version.source_bytes)),
        ("Imported", date_time(version.created_at_ms)),
        ("SHA-256", version.source_hash.short().to_owned()),
    ];
    if read.format == crate::domain::dataset::SourceFormat::Delimited {
        lines.push(("Encoding", read.encoding.as_str().to_owned()));
        lines.push(("Delimiter", delimiter));
        lines.push(("Header row", if read.has_header { "yes" } else { "no" }.to_owned()));
    }
    facts(ui, ctx, "version facts", &lines);
    ui.add_space(space::S);
    weak(ui, ctx, "Click a column to see its numbers here");
}

/// Names left, values right.
fn facts(ui: &mut Ui, ctx: &UiCtx<'_>, id: &str, lines: &[(&str, String)]) {
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new(id).num_columns(2).spacing([space::M, 3.0]).min_col_width(96.0).show(ui, |ui| {
        for (name, value) in lines {
            ui.label(RichText::new(*name).size(size::DATA).color(ctx.tokens.text_weak));
            let text = RichText::new(value).size(size::DATA).color(ctx.tokens.text);
            ui.add(egui::Label::new(text).truncate());
            ui.end_row();
        }
    });
}

fn stored_as(column: &ColumnSchema) -> String {
    match column.storage {
        Storage::Float64 => "64-bit float",
        Storage::Int64 => "64-bit integer",
        Storage::Boolean => "boolean",
        Storage::DatetimeMs => "time, UTC",
        Storage::String => "text",
    }
    .to_owned()
}

fn share(n: u64, of: u64) -> f64 {
    n as f64 / of.max(1) as f64
}
