//! The column in focus: what it is, its numbers, its shape, what checks said about it.

use egui::{Grid, RichText, Sense, Ui, WidgetInfo, vec2};

use crate::domain::dataset::{DatasetVersion, Origin, SourceFormat};
use crate::domain::profile::{ColumnProfile, DateSummary, TextLengths};
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::suspects;
use crate::domain::table::ColumnFilter;
use crate::state::command::Command;
use crate::state::format::{bytes, count, counted, date_time, number, percent, sentence, utc};
use crate::state::loadable::Loadable;
use crate::ui::ctx::UiCtx;
use crate::ui::theme::icons::{Icon, icon, icon_button};
use crate::ui::theme::tokens::{size, space};
use crate::ui::widgets::badge::{Tone, badge};
use crate::ui::widgets::histogram::{bars, histogram, top_values};
use crate::ui::widgets::page::{section, weak};
use crate::ui::widgets::states;

use super::DataPage;
use super::model::{bin_filters, findings_on, value_filter};

pub fn inspector_ui(ui: &mut Ui, ctx: &UiCtx<'_>, page: &mut DataPage, version: &DatasetVersion) {
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
    if let Some(personal) = column.personal {
        ui.add_space(space::XS);
        badge(ui, ctx, Tone::Warn, personal.title());
    }
    findings(ui, ctx, version, &column.name);
    match ctx.state.profiles.get(&version.id).unwrap_or(&Loadable::Idle) {
        Loadable::Failed(problem) => states::failed(ui, ctx, problem, Some(Command::FocusVersion(version.id))),
        loadable => match loadable.value() {
            None => states::loading(ui, ctx, "the profile"),
            Some(profile) => {
                if let Some(profile) = profile.columns.iter().find(|c| c.name == column.name) {
                    let filters = column_ui(ui, ctx, profile, version.rows);
                    if let Some(filters) = filters {
                        page.show_rows(ctx, version.id, filters);
                    }
                }
            }
        },
    }
    for note in &column.notes {
        ui.add_space(space::XS);
        weak(ui, ctx, format!("Note: {note}"));
    }
}

/// Answers the rows that were asked for by a click on a bar or a value.
fn column_ui(ui: &mut Ui, ctx: &UiCtx<'_>, profile: &ColumnProfile, rows: u64) -> Option<Vec<ColumnFilter>> {
    let missing = format!("{} · {}", count(profile.missing), percent(share(profile.missing, rows)));
    let distinct = format!("{} · {}", count(profile.distinct), percent(share(profile.distinct, rows)));
    facts(ui, ctx, "counts", &[("Missing", missing), ("Distinct", distinct)]);
    for alert in &profile.alerts {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            icon(ui, Icon::Info, 14.0, ctx.tokens.info);
            ui.vertical(|ui| ui.label(RichText::new(sentence(&alert.text)).size(size::DATA)));
        });
    }
    let mut wanted = shape(ui, ctx, profile);
    numbers(ui, ctx, profile, rows);
    if let Some(lengths) = &profile.lengths {
        lengths_ui(ui, ctx, profile, lengths);
    }
    if let Some(dates) = &profile.dates {
        dates_ui(ui, ctx, dates);
    }
    if !profile.top.is_empty() {
        ui.add_space(space::S);
        ui.label(RichText::new("Most frequent").size(size::DATA).color(ctx.tokens.text_weak));
        ui.spacing_mut().item_spacing.y = 2.0;
        if let Some(i) = top_values(ui, ctx, &profile.top, rows, 12) {
            wanted = Some(vec![value_filter(&profile.name, profile.storage, &profile.top[i].0)]);
        }
    }
    wanted
}

/// The histogram, with a switch where a logarithmic one was kept.
fn shape(ui: &mut Ui, ctx: &UiCtx<'_>, profile: &ColumnProfile) -> Option<Vec<ColumnFilter>> {
    let linear = profile.histogram.as_ref()?;
    ui.add_space(space::S);
    let mut shown = linear;
    if let Some(log) = &profile.log_histogram {
        let id = ui.scope_id().with(("logarithmic", &profile.name));
        let mut logarithmic: bool = ui.data(|data| data.get_temp(id)).unwrap_or(false);
        ui.horizontal(|ui| {
            for (choice, name) in [(false, "Linear"), (true, "Logarithmic")] {
                ui.selectable_value(&mut logarithmic, choice, RichText::new(name).size(size::DATA));
            }
        });
        ui.data_mut(|data| data.insert_temp(id, logarithmic));
        if logarithmic {
            shown = log;
        }
    }
    let bin = histogram(ui, ctx, &profile.name, shown, profile.storage, 96.0)?;
    Some(bin_filters(profile, shown, bin))
}

fn numbers(ui: &mut Ui, ctx: &UiCtx<'_>, profile: &ColumnProfile, rows: u64) {
    let Some(n) = &profile.numbers else { return };
    let tell = |x: f64| if profile.storage == Storage::DatetimeMs { utc(x) } else { number(x) };
    let of_rows = |n: u64| format!("{} · {}", count(n), percent(share(n, rows)));
    let or_none = |x: Option<f64>| x.map_or_else(|| "—".to_owned(), number);
    let quantiles: Vec<String> = n.quantiles.iter().map(|(q, _)| format!("Quantile {q}")).collect();
    let mut lines: Vec<(&str, String)> = Vec::new();
    if profile.is_number() {
        lines.push(("Mean", number(n.mean)));
        lines.push(("Standard deviation", or_none(n.std)));
    }
    lines.push(("Minimum", tell(n.min)));
    if n.quantiles.is_empty() {
        lines.extend([("Quartile 1", tell(n.q25)), ("Median", tell(n.median)), ("Quartile 3", tell(n.q75))]);
    }
    for ((q, value), name) in n.quantiles.iter().zip(&quantiles) {
        let name = match *q {
            0.25 => "Quartile 1",
            0.5 => "Median",
            0.75 => "Quartile 3",
            _ => name.as_str(),
        };
        lines.push((name, tell(*value)));
    }
    lines.push(("Maximum", tell(n.max)));
    if profile.is_number() {
        lines.push(("Skewness", or_none(n.skewness)));
        lines.push(("Excess kurtosis", or_none(n.kurtosis)));
        lines.push(("Zeros", of_rows(n.zeros)));
        lines.push(("Negative", of_rows(n.negative)));
        if profile.infinite > 0 {
            lines.push(("Infinite", of_rows(profile.infinite)));
        }
    }
    ui.add_space(space::S);
    facts(ui, ctx, "numbers", &lines);
}

fn lengths_ui(ui: &mut Ui, ctx: &UiCtx<'_>, profile: &ColumnProfile, lengths: &TextLengths) {
    let text = if lengths.min == lengths.max {
        format!("{} in every cell", count(lengths.min))
    } else {
        format!("{} to {}, mean {}", count(lengths.min), count(lengths.max), number(lengths.mean))
    };
    let middle = lengths.quantiles.iter().find(|(q, _)| *q == 0.5).map(|(_, x)| ("Median", number(*x)));
    let lines: Vec<(&str, String)> = [("Characters", text)].into_iter().chain(middle).collect();
    facts(ui, ctx, "lengths", &lines);
    if let Some(data) = lengths.histogram.as_ref().filter(|_| lengths.min < lengths.max) {
        let counts: Vec<String> = data.counts.iter().map(u64::to_string).collect();
        bar_row(ui, ctx, &format!("Lengths of {}: {}", profile.name, counts.join(", ")), &data.counts);
    }
}

fn dates_ui(ui: &mut Ui, ctx: &UiCtx<'_>, dates: &DateSummary) {
    ui.add_space(space::S);
    let day = |ms: i64| utc(ms as f64).chars().take(10).collect::<String>();
    facts(ui, ctx, "days", &[("Days with rows", count(dates.days)), ("Days without", count(dates.days_without))]);
    if !dates.gaps.is_empty() {
        ui.label(RichText::new("Longest gaps").size(size::DATA).color(ctx.tokens.text_weak));
    }
    for gap in &dates.gaps {
        let days = counted(gap.days().unsigned_abs(), "day", "days");
        let last = gap.to_ms - 86_400_000;
        let text =
            if gap.days() == 1 { day(gap.from_ms) } else { format!("{} to {}, {days}", day(gap.from_ms), day(last)) };
        ui.label(RichText::new(text).size(size::DATA));
    }
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    // Of dates without a time all are at midnight.
    let only_dates = dates.hours.iter().skip(1).all(|n| *n == 0);
    let told = |names: &mut dyn Iterator<Item = String>, counts: &[u64]| -> String {
        names.zip(counts).map(|(name, n)| format!("{name} {}", count(*n))).collect::<Vec<_>>().join(", ")
    };
    ui.label(RichText::new("Monday to Sunday").size(size::DATA).color(ctx.tokens.text_weak));
    bar_row(ui, ctx, &told(&mut DAYS.iter().map(|d| (*d).to_owned()), &dates.weekdays), &dates.weekdays);
    if !only_dates {
        ui.label(RichText::new("0 to 24 o'clock, UTC").size(size::DATA).color(ctx.tokens.text_weak));
        bar_row(ui, ctx, &told(&mut (0..24).map(|h| h.to_string()), &dates.hours), &dates.hours);
    }
}

/// Bars whose numbers are told on hovering.
fn bar_row(ui: &mut Ui, ctx: &UiCtx<'_>, label: &str, counts: &[u64]) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, label));
    bars(ui.painter(), rect, counts, ctx.tokens.series[0]);
    response.on_hover_text(label);
}

fn findings(ui: &mut Ui, ctx: &UiCtx<'_>, version: &DatasetVersion, column: &str) {
    let Some(check) = ctx.state.history.value().and_then(|h| h.latest_check(version.id)) else { return };
    for finding in findings_on(check, column) {
        ui.add_space(space::XS);
        badge(ui, ctx, Tone::of_severity(finding.severity), finding.severity.as_str());
        ui.label(RichText::new(sentence(&finding.message)).size(size::DATA));
        if !finding.rows.is_empty() && ui.small_button("Show the rows").clicked() {
            ctx.send(Command::ShowFinding { check_run: check.id, finding: Box::new(finding.clone()) });
        }
        let target = check.target.clone().filter(|_| suspects::CODES.contains(&finding.code.as_str()));
        if let Some(target) = target
            && ui.small_button("List these labels…").clicked()
        {
            ctx.send(Command::ShowSuspects { version: version.id, target });
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
    // Labels, groups and rows set aside come from another version: how a file was read says nothing about them.
    let is_read = matches!(version.provenance.origin, Origin::Import | Origin::Refresh);
    let mut lines = vec![
        ("Rows", count(version.rows)),
        ("Columns", count(version.schema.columns.len() as u64)),
        ("Source", version.source_name.clone()),
        ("Size", bytes(version.source_bytes)),
        (if is_read { "Imported" } else { "Made" }, date_time(version.created_at_ms)),
        ("SHA-256", version.source_hash.short().to_owned()),
    ];
    if is_read && read.format == SourceFormat::Delimited {
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
