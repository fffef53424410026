//! The algorithms: their names, what kind they are, and which tasks they fit.

use serde::{Deserialize, Serialize};

use super::{ParamSpec, specs};
use crate::domain::task::Task;

/// The algorithms, by the names used on the command line and in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    Baseline,
    Linear,
    Ridge,
    Lasso,
    ElasticNet,
    Logistic,
    Glm,
    NaiveBayes,
    Pls,
    Knn,
    Svm,
    Mlp,
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    Ensemble,
}

/// What kind of formula an algorithm fits; it decides how columns are prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Baseline,
    /// A weighted sum of scaled numbers and indicators.
    Linear,
    Bayes,
    /// Distances between rows of scaled numbers and indicators.
    Neighbours,
    NeuralNetwork,
    /// Takes gaps and categories as they are.
    Trees,
    /// Made of other models' predictions.
    Ensemble,
}

impl Family {
    /// Numbers must be filled and of one scale, categories must be indicators.
    pub fn needs_scaling(self) -> bool {
        matches!(self, Self::Linear | Self::Neighbours | Self::NeuralNetwork)
    }

    /// Gaps and category codes go in as they are.
    pub fn takes_missing_and_categories(self) -> bool {
        matches!(self, Self::Trees | Self::Bayes | Self::Baseline)
    }
}

impl Algorithm {
    pub const ALL: [Self; 17] = [
        Self::Baseline,
        Self::Linear,
        Self::Ridge,
        Self::Lasso,
        Self::ElasticNet,
        Self::Logistic,
        Self::Glm,
        Self::NaiveBayes,
        Self::Pls,
        Self::Knn,
        Self::Svm,
        Self::Mlp,
        Self::DecisionTree,
        Self::RandomForest,
        Self::ExtraTrees,
        Self::GradientBoosting,
        Self::Ensemble,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Linear => "linear",
            Self::Ridge => "ridge",
            Self::Lasso => "lasso",
            Self::ElasticNet => "elastic_net",
            Self::Logistic => "logistic",
            Self::Glm => "glm",
            Self::NaiveBayes => "naive_bayes",
            Self::Pls => "pls",
            Self::Knn => "knn",
            Self::Svm => "svm",
            Self::Mlp => "mlp",
            Self::DecisionTree => "decision_tree",
            Self::RandomForest => "random_forest",
            Self::ExtraTrees => "extra_trees",
            Self::GradientBoosting => "gradient_boosting",
            Self::Ensemble => "ensemble",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Baseline => "Baseline",
            Self::Linear => "Linear regression",
            Self::Ridge => "Ridge regression",
            Self::Lasso => "Lasso",
            Self::ElasticNet => "Elastic net",
            Self::Logistic => "Logistic regression",
            Self::Glm => "Generalised linear model",
            Self::NaiveBayes => "Naive Bayes",
            Self::Pls => "Partial least squares",
            Self::Knn => "Nearest neighbours",
            Self::Svm => "Linear SVM",
            Self::Mlp => "Neural network",
            Self::DecisionTree => "Decision tree",
            Self::RandomForest => "Random forest",
            Self::ExtraTrees => "Extra trees",
            Self::GradientBoosting => "Gradient boosting",
            Self::Ensemble => "Ensemble",
        }
    }

    /// One line for whoever chooses.
    pub fn about(self) -> &'static str {
        match self {
            Self::Baseline => "Always gives the commonest class or the mean: what every other model has to beat",
            Self::Linear => "A weighted sum of the columns; easy to read",
            Self::Ridge => "A weighted sum with small weights; steadier when columns resemble each other",
            Self::Lasso => "A weighted sum that leaves useless columns out",
            Self::ElasticNet => "Between ridge and lasso",
            Self::Logistic => "A weighted sum of the columns turned into probabilities; easy to read",
            Self::Glm => "A weighted sum for counts and positive amounts",
            Self::NaiveBayes => "Each column votes for a class on its own; very fast",
            Self::Pls => "A weighted sum through a few directions; for many columns that resemble each other",
            Self::Knn => "Answers as the most similar training rows; stores at most `max_rows` of them",
            Self::Svm => "A weighted sum that cares for rows near the boundary",
            Self::Mlp => "Layers of weighted sums; finds smooth curves and interactions",
            Self::DecisionTree => "Yes/no questions one after the other; finds interactions",
            Self::RandomForest => "The mean of many trees on drawn rows and columns; hard to overfit",
            Self::ExtraTrees => "The mean of many trees with random cuts; fast and smooth",
            Self::GradientBoosting => "Trees that each correct those before; usually the best on tables",
            Self::Ensemble => "A weighted mean of other runs' models",
        }
    }

    pub fn family(self) -> Family {
        match self {
            Self::Baseline => Family::Baseline,
            Self::Linear
            | Self::Ridge
            | Self::Lasso
            | Self::ElasticNet
            | Self::Logistic
            | Self::Glm
            | Self::Pls
            | Self::Svm => Family::Linear,
            Self::NaiveBayes => Family::Bayes,
            Self::Knn => Family::Neighbours,
            Self::Mlp => Family::NeuralNetwork,
            Self::DecisionTree | Self::RandomForest | Self::ExtraTrees | Self::GradientBoosting => Family::Trees,
            Self::Ensemble => Family::Ensemble,
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == name)
    }

    pub fn fits(self, task: Task) -> bool {
        match self {
            Self::Baseline
            | Self::Knn
            | Self::Svm
            | Self::Mlp
            | Self::DecisionTree
            | Self::RandomForest
            | Self::ExtraTrees
            | Self::GradientBoosting
            | Self::Ensemble => true,
            Self::Linear | Self::Ridge | Self::Lasso | Self::ElasticNet | Self::Glm | Self::Pls => {
                task == Task::Regression
            }
            Self::Logistic | Self::NaiveBayes => task.is_classification(),
        }
    }

    /// Those that learn from rows; an ensemble is made of their runs.
    pub fn for_task(task: Task) -> Vec<Self> {
        Self::ALL.into_iter().filter(|a| a.fits(task) && *a != Self::Ensemble).collect()
    }

    /// What is trained unless somebody chooses: one of each family that learns any table fast, cheap ones first.
    pub fn usual(task: Task) -> Vec<Self> {
        let simple: &[Self] = match task {
            Task::Binary | Task::Multiclass => &[Self::Baseline, Self::Logistic, Self::NaiveBayes],
            Task::Regression => &[Self::Baseline, Self::Linear, Self::Ridge],
        };
        let trees = [Self::DecisionTree, Self::GradientBoosting, Self::RandomForest, Self::ExtraTrees];
        simple.iter().copied().chain(trees).collect()
    }

    /// The parameters it takes, in the order a form shows them.
    pub fn parameters(self) -> &'static [ParamSpec] {
        specs::of(self)
    }
}
