//! A fitted recipe on any rows: the single definition of what its steps do.
//!
//! In double precision, each row for itself. An exported graph repeats these operations one for one, so a change here
//! is a change of the recipe's format.

use std::ops::Range;

use super::column::{Column, Frame};
use super::{
    RecipeError, bins, clip, combine, date_parts, formula, impute, lookup, one_hot, power, quantile, rare, read, scale,
    words,
};
use crate::data::table::Table;
use crate::domain::features::{Block, Features};
use crate::domain::io::{JobIo, Silent};
use crate::domain::raw::RawColumns;
use crate::domain::recipe::{FittedRecipe, FittedStep};

/// The features of these rows of a table.
pub fn encode(table: &Table, rows: &[u32], recipe: &FittedRecipe, io: &dyn JobIo) -> Result<Features, RecipeError> {
    let (frame, _) = read::frame(table, rows, &recipe.inputs, &|name| read::levels(recipe, name), io)?;
    finish(frame, recipe, io)
}

/// The features of some rows of what a scorer handed in; the columns must be the recipe's, in its order. Large inputs
/// are encoded in pieces: what a row gives does not depend on the others.
pub fn encode_raw(raw: &RawColumns, rows: Range<usize>, recipe: &FittedRecipe) -> Result<Features, RecipeError> {
    finish(read::frame_of_raw(raw, rows, recipe)?, recipe, &Silent)
}

fn finish(mut frame: Frame<'_>, recipe: &FittedRecipe, io: &dyn JobIo) -> Result<Features, RecipeError> {
    for step in &recipe.steps {
        io.progress(step.title(), None)?;
        apply(step, &mut frame)?;
    }
    hand_out(frame, recipe)
}

/// One step on columns.
pub(super) fn apply(step: &FittedStep, frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    match step {
        FittedStep::Copy { columns } => {
            frame.make(columns, |frame, item| Ok(vec![(item.into.clone(), frame.column(&item.column)?.clone())]))
        }
        FittedStep::Impute { columns } => impute::apply(columns, frame),
        FittedStep::ImputeText { columns } => impute::apply_text(columns, frame),
        FittedStep::Scale { columns, .. } => scale::apply(columns, frame),
        FittedStep::Quantile { columns } => quantile::apply(columns, frame),
        FittedStep::Power { columns } => power::apply(columns, frame),
        FittedStep::OneHot { columns } => one_hot::apply(columns, frame),
        FittedStep::Category { columns } => one_hot::apply_codes(columns, frame),
        FittedStep::Lookup { columns, .. } => lookup::apply(columns, frame),
        FittedStep::GroupRare { columns } => rare::apply(columns, frame),
        FittedStep::Bin { columns } => bins::apply(columns, frame),
        FittedStep::DateParts { columns } => date_parts::apply(columns, frame),
        FittedStep::TextLength { columns } => words::apply_length(columns, frame),
        FittedStep::Words { columns } => words::apply(columns, frame),
        FittedStep::HashWords { columns } => words::apply_hashed(columns, frame),
        FittedStep::Combine { columns } => combine::apply(columns, frame),
        FittedStep::Formula { columns } => formula::apply(columns, frame),
        FittedStep::Clip { columns } => clip::apply(columns, frame),
        FittedStep::Drop { columns } => columns.iter().try_for_each(|name| frame.take(name).map(drop)),
    }
}

/// The feature columns in their order.
pub(super) fn hand_out(mut frame: Frame<'_>, recipe: &FittedRecipe) -> Result<Features, RecipeError> {
    let mut features = Features { n_rows: frame.n_rows, blocks: Vec::new(), names: recipe.feature_names() };
    for name in &recipe.features {
        features.blocks.push(match frame.take(name)? {
            Column::Numbers(values) => Block::Numbers(values),
            Column::Indicators { codes, n_levels } => Block::Indicators { codes, n_levels },
            Column::Category { codes, n_levels } => Block::Category { codes, n_levels },
            Column::Texts(_) => return Err(RecipeError::mismatch(name, "is still text after the last step")),
            Column::Dates(_) => return Err(RecipeError::mismatch(name, "is still a date after the last step")),
        });
    }
    if features.names.len() != features.n_features() {
        return Err(RecipeError::mismatch("", "names and features differ in number; the recipe is damaged"));
    }
    Ok(features)
}
