//! Why a fit or a prediction did not happen, in words for people.

use crate::domain::io::Cancelled;

#[derive(Debug, thiserror::Error)]
pub enum FitError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("There is nothing to learn from: {rows} rows and {columns} features; at least one of each is needed")]
    Empty { rows: usize, columns: usize },
    #[error("Feature {feature} has {found} values where the table has {rows} rows")]
    Shape { feature: String, rows: usize, found: usize },
    #[error("Feature `{feature}` has category number {code} where only {n_levels} are known")]
    UnknownLevel { feature: String, code: u32, n_levels: u32 },
    #[error("`{feature}` is a category without order; encode it (one-hot, target or frequency) for this algorithm")]
    Category { feature: String },
    #[error("{rows} rows meet {weights} weights; they must be equally many")]
    WeightCount { rows: usize, weights: usize },
    #[error("The weight of row {} is {value}; weights must be 0 or more, not all 0", row + 1)]
    Weight { row: usize, value: f64 },
    #[error("{algorithm} learns {needs}; the target is {value} in row {}", row + 1)]
    TargetRange { algorithm: &'static str, needs: &'static str, row: usize, value: f64 },
    #[error("{algorithm} is made of other runs' models; train those first, then combine them")]
    NotFromRows { algorithm: &'static str },
    #[error("{rows} rows of features meet {targets} target values; they must be equally many")]
    Lengths { rows: usize, targets: usize },
    #[error("Feature `{feature}` is {value} in row {} of the training rows; fill or drop such cells", row + 1)]
    NotFinite { feature: String, row: usize, value: f64 },
    #[error("The target is {value} in row {} of the training rows; drop such rows", row + 1)]
    TargetNotFinite { row: usize, value: f64 },
    #[error("The target has class number {code} where only {n_classes} classes are known")]
    UnknownClass { code: u32, n_classes: usize },
    #[error("The training rows hold only one class; use a stratified split or more rows")]
    OneClass,
    #[error("{algorithm} cannot learn this target; it needs {needs}")]
    WrongTask { algorithm: &'static str, needs: &'static str },
    #[error("{algorithm} ended with numbers that are not finite; scale the features and look for extreme values")]
    Diverged { algorithm: &'static str },
    #[error("{algorithm} over {features} features needs {} MB; exclude columns with many categories", bytes / 1_000_000)]
    TooLarge { algorithm: &'static str, features: usize, bytes: u64 },
    #[error(
        "Component {component} of the Gaussian mixture has shrunk to rows that do not differ in some direction; raise \
         reg_covar (now {reg_covar}), ask for fewer groups, or choose covariance_type diag"
    )]
    Narrow { component: usize, reg_covar: f64 },
    #[error("{algorithm} cannot rise or fall with `{column}`: {problem}")]
    Monotone { algorithm: &'static str, column: String, problem: String },
    #[error("linfa could not fit: {0}")]
    Linfa(#[from] linfa::Error),
}

/// Why a model could not score some rows.
#[derive(Debug, thiserror::Error)]
pub enum PredictError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("The model takes {expected} features, not {found}; score with the recipe it was trained with")]
    Features { expected: usize, found: usize },
    #[error("Feature {feature} has {found} values where the table has {rows} rows")]
    Shape { feature: String, rows: usize, found: usize },
    #[error("The columns are not of the kinds the model was trained with: {problem}; score with its own recipe")]
    Columns { problem: String },
    #[error("The model contradicts itself: {problem}; the model file is damaged")]
    Model { problem: String },
    #[error("The model gives {found} numbers per row where {expected} are expected; the model file is damaged")]
    Outputs { expected: usize, found: usize },
    #[error("The tree of the model is not a tree: {problem}; the model file is damaged")]
    Tree { problem: String },
    #[error("Feature `{feature}` is {value} in row {}; the recipe must fill such cells", row + 1)]
    NotFinite { feature: String, row: usize, value: f64 },
    #[error("Row {} gives a prediction that is not finite; its values are too large for this model", row + 1)]
    Overflow { row: usize },
}
