//! The distributions of a column in two tables, drawn over each other.

use egui::Ui;

use crate::domain::drift::DriftShape;
use crate::domain::schema::ColumnKind;
use crate::ui::ctx::UiCtx;
use crate::ui::format;
use crate::ui::widgets::charts::{
    BarSeries, Chart, ChartTable, Histogram, ShareRows, ShareSeries, histogram, share_rows,
};

use super::note;

/// What is drawn.
pub struct Sides<'a> {
    pub column: &'a str,
    pub kind: ColumnKind,
    pub shape: &'a DriftShape,
    /// The picture in one sentence.
    pub summary: &'a str,
}

/// Both distributions of a column, drawn over each other. `names` are those of the two sides.
pub fn shape_ui(ui: &mut Ui, ctx: &UiCtx, id: &str, names: &[String; 2], sides: &Sides) {
    let Sides { column, kind, shape, summary } = sides;
    let title = format!("{column} in both");
    let table = || shape_table(shape);
    let chart = Chart { id, title: &title, summary, height: 190.0, table: &table };
    let (grey, accent) = (ctx.tokens.reference, ctx.tokens.accent);
    match shape {
        DriftShape::None => note(ui, ctx, "There is no distribution to show for this column"),
        DriftShape::Bins { edges, reference, current } => {
            let edge = if *kind == ColumnKind::Datetime { format::utc } else { Histogram::NUMBER };
            histogram(
                ui,
                ctx,
                &Histogram {
                    chart,
                    x_label: "",
                    y_label: "",
                    edges,
                    series: &[
                        BarSeries { name: &names[0], color: grey, values: reference },
                        BarSeries { name: &names[1], color: accent, values: current },
                    ],
                    edge,
                    value: format::percent,
                },
            );
        }
        DriftShape::Values { values, reference, current } => share_rows(
            ui,
            ctx,
            &ShareRows {
                chart,
                names: values,
                series: &[
                    ShareSeries { name: &names[0], color: grey, shares: reference },
                    ShareSeries { name: &names[1], color: accent, shares: current },
                ],
            },
        ),
    }
}

/// What differs most, in a few words.
pub fn largest_change(shape: &DriftShape) -> String {
    match shape {
        DriftShape::Bins { reference, current, .. } => {
            let biggest = reference.iter().zip(current).map(|(r, c)| (r - c).abs()).fold(0.0_f64, f64::max);
            format!("largest difference in one bin {}", format::percent(biggest))
        }
        DriftShape::Values { values, reference, current } => {
            let change = |i: usize| (reference[i] - current[i]).abs();
            let n = values.len().min(reference.len()).min(current.len());
            // Reversed, so that the first of equals wins.
            match (0..n).rev().max_by(|a, b| change(*a).total_cmp(&change(*b))) {
                Some(i) => format!(
                    "largest change: {} from {} to {}",
                    values[i],
                    format::percent(reference[i]),
                    format::percent(current[i])
                ),
                None => "no values".to_owned(),
            }
        }
        DriftShape::None => "no distribution to show".to_owned(),
    }
}

/// The shares of both sides for a spreadsheet.
fn shape_table(shape: &DriftShape) -> ChartTable {
    let shares = |i: usize, reference: &[f64], current: &[f64]| {
        [reference, current].map(|side| side.get(i).copied().unwrap_or(0.0).to_string())
    };
    match shape {
        DriftShape::None => ChartTable::default(),
        DriftShape::Bins { edges, reference, current } => {
            let mut table = ChartTable::new(["from", "to", "reference", "current"]);
            for (i, edge) in edges.windows(2).enumerate() {
                let [r, c] = shares(i, reference, current);
                table.rows.push(vec![edge[0].to_string(), edge[1].to_string(), r, c]);
            }
            table
        }
        DriftShape::Values { values, reference, current } => {
            let mut table = ChartTable::new(["value", "reference", "current"]);
            for (i, value) in values.iter().enumerate() {
                let [r, c] = shares(i, reference, current);
                table.rows.push(vec![value.clone(), r, c]);
            }
            table
        }
    }
}
