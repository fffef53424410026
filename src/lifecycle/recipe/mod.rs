//! Recipes to look at before anything is trained: what each step makes of the first rows.

use std::path::Path;

use crate::data::columns::{StoredTable, TableRef};
use crate::data::recipe;
use crate::data::{split, target};
use crate::domain::io::JobIo;
use crate::domain::recipe::{PreviewRecipe, RecipePreview, RecipeSpec};
use crate::domain::words;
use crate::store::{Workspace, datasets};

use super::StageError;

pub mod templates;

/// Rows that a preview is fitted on; of a larger table evenly drawn ones.
const FITTED_ROWS: usize = 20_000;
/// As a training run's default.
const SEED: u64 = 42;

/// Bytes a recipe file has at most.
const MOST_BYTES: u64 = 1 << 20;

/// The recipe in a file.
pub fn read(path: &Path) -> Result<RecipeSpec, StageError> {
    let failed = |source: std::io::Error| StageError::File { path: path.display().to_string(), source };
    let no_recipe = |problem: String| {
        let summary = format!("{} is no recipe: {problem}", path.display());
        StageError::usage(summary, "A recipe is a JSON file as the Train page saves it")
    };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > MOST_BYTES {
        return Err(no_recipe(format!(
            "it has {} and a recipe at most {}",
            words::bytes(bytes),
            words::bytes(MOST_BYTES)
        )));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    RecipeSpec::from_json(&text).map_err(no_recipe)
}

/// Fits the recipe and shows its steps. Nothing is stored.
pub fn preview(workspace: &Workspace, asked: &PreviewRecipe, io: &dyn JobIo) -> Result<RecipePreview, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, asked.version))?;
    super::resolve::require_present(workspace, &version)?;
    let spec = match asked.algorithm {
        Some(algorithm) => recipe::spec_for(algorithm, &asked.recipe),
        None => asked.recipe.clone(),
    };
    let (features, _) =
        recipe::default_features(&version.schema, version.rows, &asked.target, &asked.exclude, &asked.recipe);
    let rows = split::sample_rows(version.rows as usize, FITTED_ROWS, SEED);
    let path = workspace.verified_object(&version.table_hash)?;
    let stored = StoredTable::open(&path, &version.schema)?;
    let all = TableRef { schema: &version.schema, columns: &stored };
    let is_used = |name: &str| name == asked.target || features.iter().any(|feature| feature == name);
    let table = all.gather_table(&rows, is_used, io)?;
    let task = match asked.task {
        Some(task) => task,
        None => target::propose(&table, &asked.target)?.task,
    };
    let answer = target::read(&table, &asked.target, task)?;
    let shown: Vec<u32> = (0..table.n_rows as u32).take(asked.rows as usize).collect();
    let y = answer.at(&answer.rows)?;
    Ok(recipe::preview(&table, &answer.rows, Some(&y), &features, &spec, SEED, &shown, io)?)
}

#[cfg(test)]
mod tests;
