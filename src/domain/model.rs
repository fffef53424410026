//! Fitted models as plain data. Anything that can read JSON can score one; ONNX, explanations and the card read them too.

use serde::{Deserialize, Serialize};

use super::recipe::FittedRecipe;
use super::task::Task;
use super::training::Calibration;
pub use super::tree::{Codes, LeafValues, Tree, TreeNode};

/// A recipe and a model that were fitted together: all that is needed to score raw rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedModel {
    pub format_version: u32,
    pub algorithm: String,
    pub task: Task,
    pub target: String,
    /// Class names in the order of the model's outputs (numbers ascending, text by code point); empty for regression.
    /// For a binary task the second is the positive class, as in scikit-learn.
    pub classes: Vec<String>,
    pub recipe: FittedRecipe,
    pub model: FittedModel,
    /// Corrects what the model says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Binary: the second class is predicted when its probability is at least this, instead of the larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// A model within an ensemble; its recipe takes its columns from the ensemble's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Above 0; those of all members sum to 1.
    pub weight: f64,
    pub recipe: FittedRecipe,
    pub model: FittedModel,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum FittedModel {
    /// The same answer for every row: class shares, or the mean as the only value.
    Baseline {
        output: Vec<f64>,
    },
    /// `link(x · coefficients + intercept)`
    Linear {
        coefficients: Vec<f64>,
        intercept: f64,
        #[serde(default, skip_serializing_if = "Link::is_identity")]
        link: Link,
    },
    /// Binary: one row of coefficients, `P(class 1) = 1 / (1 + exp(−z))`. Multiclass: one row per class, softmax.
    Logistic {
        coefficients: Vec<Vec<f64>>,
        intercepts: Vec<f64>,
    },
    DecisionTree {
        tree: Tree,
    },
    /// Many trees: a forest or boosted trees.
    Trees(TreeEnsemble),
    NaiveBayes(NaiveBayes),
    Knn(Neighbours),
    Mlp(Network),
    /// The weighted mean of what its members say. The recipe beside it has inputs only.
    Ensemble {
        members: Vec<Member>,
    },
}

/// `P(class) ∝ exp(log prior + Σ log density of each column's value)`; a missing value adds nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NaiveBayes {
    pub n_features: u32,
    /// One per class; `log 0` is stored as −1e9.
    pub log_priors: Vec<f64>,
    pub numbers: Vec<BayesNumber>,
    pub categories: Vec<BayesCategory>,
}

/// A normal distribution per class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BayesNumber {
    pub feature: u32,
    pub means: Vec<f64>,
    /// Positive.
    pub variances: Vec<f64>,
}

/// The shares of the levels per class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BayesCategory {
    /// The category, or the first of its indicators.
    pub feature: u32,
    /// As many features as levels, rather than one holding the code.
    pub indicators: bool,
    /// `log_shares[class][level]`
    pub log_shares: Vec<Vec<f64>>,
}

/// Answers by the nearest stored rows, in the features' Euclidean distance; of equals the earlier row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbours {
    /// At most as many as rows.
    pub n_neighbors: u32,
    pub weighting: Weighting,
    /// Column after column, together the model's features.
    pub columns: Vec<StoredColumn>,
    /// One per stored row: the class's number, or the value.
    pub answers: Vec<f64>,
    /// One per stored row; absent means 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_weights: Option<Vec<f64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weighting {
    Uniform,
    /// 1 / distance; rows at distance 0 then answer alone.
    Distance,
}

/// The values of the stored rows, as in [`super::features::Block`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "column")]
pub enum StoredColumn {
    Numbers { values: Vec<f64> },
    Indicators { codes: Vec<u32>, n_levels: u32 },
}

/// Layers of `max(0, x · weights + biases)`; the last without the maximum, then `link(center + spread · z)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    pub layers: Vec<Layer>,
    pub center: f64,
    pub spread: f64,
    pub link: Link,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    pub n_inputs: u32,
    pub n_outputs: u32,
    /// `n_inputs × n_outputs`, the outputs of an input side by side.
    pub weights: Vec<f32>,
    pub biases: Vec<f32>,
}

/// `link(base + Σ or mean of the trees)`, one number per output: one per class, or one for binary classes and numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreeEnsemble {
    pub trees: Vec<Tree>,
    /// One per output.
    pub base: Vec<f64>,
    pub combine: Combine,
    pub link: Link,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Combine {
    /// Boosting: each leaf holds one number; tree t adds to output `t mod outputs`.
    Sum,
    /// Forest: each leaf holds one number per output.
    Mean,
}

/// From sums to answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    #[default]
    Identity,
    /// `exp(z)`: Poisson, gamma and Tweedie.
    Log,
    /// One output, two classes: `P(class 1) = 1 / (1 + exp(−z))`.
    Logit,
    /// One output per class.
    Softmax,
}

impl Link {
    pub fn is_identity(&self) -> bool {
        *self == Self::Identity
    }
}
