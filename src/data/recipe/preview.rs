//! What each step makes of some rows, as text for people.

use super::column::{Column, Frame};
use super::{RecipeError, apply, fit, read};
use crate::data::table::{Table, format_datetime, format_number};
use crate::domain::features::NO_CODE;
use crate::domain::io::JobIo;
use crate::domain::recipe::{FittedStep, PreviewedColumn, RecipePreview, RecipeSpec, StepPreview};
use crate::domain::task::Target;

/// Columns of a step that are shown.
const MOST_COLUMNS: usize = 200;

/// A recipe fitted on `rows`, step by step over the rows `shown`.
#[allow(clippy::too_many_arguments, reason = "those of `fit`, and what to show")]
pub fn preview(
    table: &Table,
    rows: &[u32],
    target: Option<&Target>,
    features: &[String],
    spec: &RecipeSpec,
    seed: u64,
    shown: &[u32],
    io: &dyn JobIo,
) -> Result<RecipePreview, RecipeError> {
    let fitted = fit(table, rows, target, features, spec, seed, io)?;
    let recipe = &fitted.recipe;
    let (mut frame, _) = read::frame(table, shown, &recipe.inputs, &|name| read::levels(recipe, name), io)?;
    let mut steps = Vec::with_capacity(recipe.steps.len());
    let mut labels = Labels::default();
    for step in &recipe.steps {
        let before = frame.clone();
        let known = labels.clone();
        apply::apply(step, &mut frame)?;
        labels.learn(step);
        steps.push(changes(step, (&before, &known), (&frame, &labels)));
    }
    let features = recipe.features.iter().take(MOST_COLUMNS).filter_map(|name| {
        Some(PreviewedColumn { name: name.clone(), cells: cells(frame.get(name)?, labels.of(name)) })
    });
    let features = features.collect();
    Ok(RecipePreview { steps, features, fitted_rows: rows.len() as u64, warnings: fitted.warnings })
}

/// What codes stand for.
#[derive(Clone, Default)]
struct Labels(Vec<(String, Vec<String>)>);

impl Labels {
    fn learn(&mut self, step: &FittedStep) {
        match step {
            FittedStep::OneHot { columns } => {
                self.0.extend(columns.iter().map(|c| (c.column.clone(), c.categories.clone())));
            }
            FittedStep::Category { columns } => {
                self.0.extend(columns.iter().map(|c| (c.column.clone(), c.levels.clone())));
            }
            _ => {}
        }
    }

    fn of(&self, name: &str) -> &[String] {
        self.0.iter().rev().find(|(column, _)| column == name).map_or(&[], |(_, levels)| levels)
    }
}

fn changes(
    step: &FittedStep,
    (before, old): (&Frame<'_>, &Labels),
    (after, new): (&Frame<'_>, &Labels),
) -> StepPreview {
    let shown = |(name, column): (&str, &Column<'_>), labels: &Labels| PreviewedColumn {
        name: name.to_owned(),
        cells: cells(column, labels.of(name)),
    };
    let touched = step.reads();
    let was = before.iter().filter(|(name, _)| touched.contains(name) || after.get(name).is_none());
    let is = after.iter().filter(|(name, _)| touched.contains(name) || before.get(name).is_none());
    StepPreview {
        title: step.title().to_owned(),
        before: was.take(MOST_COLUMNS).map(|column| shown(column, old)).collect(),
        after: is.take(MOST_COLUMNS).map(|column| shown(column, new)).collect(),
    }
}

fn cells(column: &Column<'_>, labels: &[String]) -> Vec<Option<String>> {
    let label = |code: u32| labels.get(code as usize).cloned().unwrap_or_else(|| code.to_string());
    match column {
        Column::Numbers(values) => values.iter().map(|x| (!x.is_nan()).then(|| format_number(*x))).collect(),
        Column::Dates(values) => values.iter().map(|x| (!x.is_nan()).then(|| format_datetime(*x as i64))).collect(),
        Column::Texts(texts) => {
            texts.codes.iter().map(|&code| texts.values.get(code as usize).map(ToString::to_string)).collect()
        }
        Column::Indicators { codes, .. } | Column::Category { codes, .. } => {
            codes.iter().map(|&code| (code != NO_CODE).then(|| label(code))).collect()
        }
    }
}
