//! The parameters of each algorithm, in the words of scikit-learn and LightGBM.

use super::{Algorithm, ParamKind, ParamSpec, Search};

const fn number(name: &'static str, help: &'static str, default: f64, min: f64, max: f64) -> ParamSpec {
    ParamSpec { name, help, kind: ParamKind::Number { default, min, max, whole: false }, search: None }
}

const fn whole(name: &'static str, help: &'static str, default: f64, min: f64, max: f64) -> ParamSpec {
    ParamSpec { name, help, kind: ParamKind::Number { default, min, max, whole: true }, search: None }
}

const fn choice(
    name: &'static str,
    help: &'static str,
    default: &'static str,
    words: &'static [&'static str],
) -> ParamSpec {
    ParamSpec { name, help, kind: ParamKind::Choice { default, words }, search: None }
}

impl ParamSpec {
    const fn tuned(mut self, low: f64, high: f64) -> Self {
        self.search = Some(Search { low, high, log: false });
        self
    }

    const fn tuned_log(mut self, low: f64, high: f64) -> Self {
        self.search = Some(Search { low, high, log: true });
        self
    }
}

pub const fn of(algorithm: Algorithm) -> &'static [ParamSpec] {
    match algorithm {
        Algorithm::Baseline | Algorithm::Linear => &[],
        Algorithm::Ridge => RIDGE,
        Algorithm::Lasso => LASSO,
        Algorithm::ElasticNet => ELASTIC_NET,
        Algorithm::Logistic => LOGISTIC,
        Algorithm::Glm => GLM,
        Algorithm::NaiveBayes => NAIVE_BAYES,
        Algorithm::Pls => PLS,
        Algorithm::Knn => KNN,
        Algorithm::Svm => SVM,
        Algorithm::Mlp => MLP,
        Algorithm::DecisionTree => DECISION_TREE,
        Algorithm::RandomForest => RANDOM_FOREST,
        Algorithm::ExtraTrees => EXTRA_TREES,
        Algorithm::GradientBoosting => GRADIENT_BOOSTING,
        Algorithm::Ensemble => ENSEMBLE,
    }
}

const CLASS_WEIGHT: ParamSpec = choice(
    "class_weight",
    "`balanced` gives every class the same say, however rare it is",
    "none",
    &["none", "balanced"],
);
const SWEEPS: ParamSpec = whole("max_iter", "Passes over the coefficients before giving up", 1000.0, 1.0, 100_000.0);
const NEWTON_STEPS: ParamSpec = whole("max_iter", "Newton steps before giving up", 100.0, 1.0, 10_000.0);

const RIDGE: &[ParamSpec] = &[number(
    "alpha",
    "L2 penalty; larger means smaller coefficients. scikit-learn's alpha: beside the sum over rows",
    1.0,
    0.0,
    1e12,
)
.tuned_log(1e-3, 1e5)];

const LASSO: &[ParamSpec] = &[
    number("alpha", "L1 penalty in units of the target; larger leaves more columns out", 1.0, 0.0, 1e12)
        .tuned_log(1e-4, 10.0),
    SWEEPS,
];

const ELASTIC_NET: &[ParamSpec] = &[
    number("alpha", "Penalty in units of the target; larger means smaller and fewer coefficients", 1.0, 0.0, 1e12)
        .tuned_log(1e-4, 10.0),
    number("l1_ratio", "Share of the penalty that is lasso's: 0 is ridge, 1 is lasso", 0.5, 0.0, 1.0).tuned(0.0, 1.0),
    SWEEPS,
];

const LOGISTIC: &[ParamSpec] = &[
    number("c", "Inverse of the L2 penalty; smaller means stronger regularisation", 1.0, 1e-8, 1e8)
        .tuned_log(1e-4, 1e3),
    NEWTON_STEPS,
    CLASS_WEIGHT,
];

const GLM: &[ParamSpec] = &[
    choice(
        "family",
        "Counts: poisson. Positive amounts: gamma. Amounts with zeros: tweedie",
        "poisson",
        &["poisson", "gamma", "tweedie"],
    ),
    number("power", "How the spread grows with the mean, for tweedie: 1 as counts, 2 as gamma", 1.5, 1.01, 1.99)
        .tuned(1.1, 1.9),
    number("alpha", "L2 penalty; larger means smaller coefficients", 1.0, 0.0, 1e12).tuned_log(1e-6, 10.0),
    NEWTON_STEPS,
];

const NAIVE_BAYES: &[ParamSpec] = &[
    number("var_smoothing", "Share of the largest variance added to all variances", 1e-9, 0.0, 1.0)
        .tuned_log(1e-12, 1e-1),
    number("alpha", "Rows added to every category of every class (Laplace)", 1.0, 0.0, 1e6).tuned_log(1e-3, 1e2),
];

const PLS: &[ParamSpec] =
    &[whole("n_components", "Directions kept; at most as many as features", 2.0, 1.0, 1000.0).tuned(1.0, 20.0)];

const KNN: &[ParamSpec] = &[
    whole("n_neighbors", "Training rows that answer together", 5.0, 1.0, 10_000.0).tuned_log(1.0, 100.0),
    choice("weights", "Whether nearer rows count for more", "uniform", &["uniform", "distance"]),
    whole(
        "max_rows",
        "Training rows kept in the model, drawn by the seed when there are more: each is compared with at every answer",
        20_000.0,
        1.0,
        200_000.0,
    ),
];

const SVM: &[ParamSpec] = &[
    number("c", "Weight of rows on the wrong side; smaller means a wider margin", 1.0, 1e-8, 1e8).tuned_log(1e-4, 1e2),
    number("epsilon", "For numbers: errors smaller than this do not count", 0.0, 0.0, 1e12),
    NEWTON_STEPS,
    CLASS_WEIGHT,
];

const MLP: &[ParamSpec] = &[
    whole("hidden_units", "Neurons in each hidden layer", 100.0, 1.0, 1000.0).tuned_log(16.0, 256.0),
    whole("hidden_layers", "Hidden layers", 1.0, 1.0, 2.0).tuned(1.0, 2.0),
    number("alpha", "L2 penalty on the weights", 1e-4, 0.0, 1e6).tuned_log(1e-6, 1.0),
    number("learning_rate_init", "Size of Adam's first steps", 1e-3, 1e-7, 1.0).tuned_log(1e-4, 1e-2),
    whole("batch_size", "Rows per step", 200.0, 1.0, 100_000.0).tuned_log(32.0, 512.0),
    whole("max_iter", "Passes over the rows at most", 200.0, 1.0, 10_000.0),
    choice(
        "early_stopping",
        "Sets a tenth of the rows aside and stops when they are not predicted better any more",
        "yes",
        &["yes", "no"],
    ),
    whole("n_iter_no_change", "Passes without improvement before stopping", 10.0, 1.0, 1000.0),
];

const MAX_BINS: ParamSpec =
    whole("max_bins", "Most bins a column is cut into when splits are searched", 255.0, 2.0, 255.0);
const MIN_SAMPLES_LEAF: ParamSpec = whole("min_samples_leaf", "Fewest training rows in a leaf", 20.0, 1.0, 1e9);
const MIN_GAIN: ParamSpec = number("min_gain", "Least improvement for which a leaf is split", 0.0, 0.0, 1e12);
const MAX_FEATURES: ParamSpec = choice(
    "max_features",
    "Columns tried at each split: the square root, a third, half or all of them; `auto` is sqrt for classes, third for numbers",
    "auto",
    &["auto", "sqrt", "third", "half", "all"],
);

const DECISION_TREE: &[ParamSpec] = &[
    whole("max_depth", "Longest path from the root to a leaf", 8.0, 1.0, 32.0).tuned(2.0, 16.0),
    MIN_SAMPLES_LEAF.tuned_log(1.0, 200.0),
    MAX_BINS,
    CLASS_WEIGHT,
];

const RANDOM_FOREST: &[ParamSpec] = &[
    whole("n_estimators", "Trees", 100.0, 1.0, 10_000.0),
    whole("max_depth", "Longest path from a root to a leaf", 32.0, 1.0, 64.0).tuned(4.0, 32.0),
    whole("max_leaves", "Leaves per tree at most", 100_000.0, 2.0, 1e6),
    whole("min_samples_leaf", "Fewest training rows in a leaf", 2.0, 1.0, 1e9).tuned_log(1.0, 100.0),
    MAX_FEATURES,
    number("subsample", "Rows drawn for each tree, as a share; drawn with replacement", 1.0, 0.01, 1.0).tuned(0.3, 1.0),
    MAX_BINS,
    CLASS_WEIGHT,
];

const EXTRA_TREES: &[ParamSpec] = &[
    whole("n_estimators", "Trees", 100.0, 1.0, 10_000.0),
    whole("max_depth", "Longest path from a root to a leaf", 32.0, 1.0, 64.0).tuned(4.0, 32.0),
    whole("max_leaves", "Leaves per tree at most", 100_000.0, 2.0, 1e6),
    whole("min_samples_leaf", "Fewest training rows in a leaf", 2.0, 1.0, 1e9).tuned_log(1.0, 100.0),
    MAX_FEATURES,
    MAX_BINS,
    CLASS_WEIGHT,
];

const GRADIENT_BOOSTING: &[ParamSpec] = &[
    whole("n_estimators", "Trees at most", 100.0, 1.0, 100_000.0).tuned_log(30.0, 1000.0),
    number("learning_rate", "Share of each tree's correction that is taken", 0.1, 1e-6, 1.0).tuned_log(0.01, 0.3),
    whole("max_leaves", "Leaves per tree at most", 31.0, 2.0, 100_000.0).tuned_log(4.0, 255.0),
    whole("max_depth", "Longest path from a root to a leaf; 0 for no limit", 0.0, 0.0, 64.0),
    MIN_SAMPLES_LEAF.tuned_log(2.0, 200.0),
    number("l1", "L1 penalty on leaf values", 0.0, 0.0, 1e12).tuned(0.0, 10.0),
    number("l2", "L2 penalty on leaf values", 0.0, 0.0, 1e12).tuned(0.0, 10.0),
    MIN_GAIN,
    MAX_BINS,
    number("subsample", "Rows drawn for each tree, as a share", 1.0, 0.01, 1.0).tuned(0.5, 1.0),
    number("colsample", "Columns drawn for each tree, as a share", 1.0, 0.01, 1.0).tuned(0.3, 1.0),
    choice(
        "loss",
        "What is made small, for numbers; classes always use log loss",
        "squared",
        &["squared", "absolute", "huber", "quantile", "poisson", "gamma", "tweedie"],
    ),
    number("quantile", "Which quantile is predicted, for loss `quantile`", 0.5, 0.001, 0.999),
    number(
        "huber_delta",
        "Errors beyond this quantile of all errors count linearly, for loss `huber`",
        0.9,
        0.01,
        0.999,
    ),
    number("tweedie_power", "How the spread grows with the mean, for loss `tweedie`", 1.5, 1.01, 1.99),
    whole(
        "early_stopping_rounds",
        "Trees without improvement on rows set aside before stopping; 0 grows all trees",
        0.0,
        0.0,
        100_000.0,
    ),
    number("validation_fraction", "Share of the rows set aside for early stopping", 0.1, 0.01, 0.5),
    ParamSpec {
        name: "monotone",
        help: "Columns with which predictions may only rise or fall, such as age:+,price:-",
        kind: ParamKind::Signs,
        search: None,
    },
    CLASS_WEIGHT,
];

const ENSEMBLE: &[ParamSpec] = &[
    choice(
        "method",
        "`weighted` averages the models, `stacked` fits a linear model on their predictions",
        "weighted",
        &["weighted", "stacked"],
    ),
    whole("max_models", "Models taken in at most", 10.0, 2.0, 100.0),
];
