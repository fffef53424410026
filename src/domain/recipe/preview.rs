//! What each step makes of the first rows, for people to look at.

use serde::{Deserialize, Serialize};

use super::RecipeSpec;
use crate::domain::ids::VersionId;
use crate::domain::params::Algorithm;
use crate::domain::task::Task;

/// What would this recipe make of this version?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewRecipe {
    pub version: VersionId,
    pub target: String,
    /// Proposed from the column when `None`.
    pub task: Option<Task>,
    pub exclude: Vec<String>,
    pub recipe: RecipeSpec,
    /// Whose family's recipe; the recipe as it stands when `None`.
    pub algorithm: Option<Algorithm>,
    /// So many rows are shown.
    pub rows: u32,
}

/// The fitted steps in their order, over the same few rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipePreview {
    pub steps: Vec<StepPreview>,
    /// The features at the end: name and cells.
    pub features: Vec<PreviewedColumn>,
    /// Training rows the recipe was fitted on.
    pub fitted_rows: u64,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepPreview {
    pub title: String,
    /// The columns that it changes or takes away, as they were.
    pub before: Vec<PreviewedColumn>,
    /// The columns that it changed or made.
    pub after: Vec<PreviewedColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewedColumn {
    pub name: String,
    /// As text; `None` is missing.
    pub cells: Vec<Option<String>>,
}
