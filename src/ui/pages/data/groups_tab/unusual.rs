//! Unusual rows: the list, from which each leads to its row.

use egui::Ui;

use crate::domain::explore::Outliers;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::pages::parts;
use crate::ui::pages::parts::table::{Column, Event, table_ui};
use crate::ui::theme::tokens::space;
use crate::ui::widgets::badge::Tone;

use super::found::Lines;
use super::model;

/// Answers the rows (from 1) that are to be seen in the table.
pub fn unusual_ui(ui: &mut Ui, ctx: &UiCtx<'_>, found: &Outliers) -> Option<Vec<u64>> {
    let listed = model::unusual(found);
    let (n, all) = (format::count(listed.len() as u64), format::count(found.rows));
    parts::note(ui, ctx, &format!("The {n} most unusual of {all} rows; click one to see it"));
    for warning in &found.warnings {
        parts::alert(ui, ctx, Tone::Warn, warning);
    }
    let columns = [
        Column::new("Place", 60.0).right(),
        Column::new("Row", 110.0).right().help("Counted from 1"),
        Column::new("Score", 110.0).right().help("0.5 is like most rows, towards 1 is like no other"),
        Column::new("", 20.0).grows(),
    ];
    let lines = listed.iter().enumerate().map(|(at, (row, score))| {
        vec![format::count(at as u64 + 1), format::count(*row), format::fixed(*score, 4), String::new()]
    });
    let lines = Lines(lines.collect());
    let height = ui.available_height().max(space::ROW * 10.0);
    match table_ui(ui, ctx, "unusual rows", &columns, &lines, height)? {
        Event::Row(at) | Event::Open(at) => Some(vec![listed.get(at)?.0]),
        Event::Header(_) | Event::Check(_) => None,
    }
}
