//! Gradient boosted trees, leaf-wise over histograms: what LightGBM does, in half its time.

use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Link};
use crate::domain::params::CheckedParams;
use crate::domain::random::Shuffler;
use crate::domain::run::MetricPoint;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, class_weights};
use crate::ml::error::FitError;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::boost::{Boosted, Settings, Validation, boost};
use crate::ml::trees::losses::Loss;
use crate::ml::trees::{Labels, Team, n_threads};

const NAME: &str = "Gradient boosting";

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let loss = match params.word("loss") {
        "absolute" => Loss::Absolute,
        "huber" => Loss::Huber { alpha: params.get("huber_delta") },
        "quantile" => Loss::Quantile { alpha: params.get("quantile") },
        "poisson" => Loss::Poisson,
        "gamma" => Loss::Gamma,
        "tweedie" => Loss::Tweedie { power: params.get("tweedie_power") },
        _ => Loss::Squared,
    };
    let patience = Some(params.count("early_stopping_rounds")).filter(|&rounds| rounds > 0);
    let learner = GradientBoosting {
        settings: Settings {
            loss,
            n_estimators: params.count("n_estimators"),
            learning_rate: params.get("learning_rate"),
            max_leaves: params.count("max_leaves"),
            max_depth: Some(params.count("max_depth")).filter(|&depth| depth > 0).unwrap_or(usize::MAX),
            min_samples_leaf: params.count("min_samples_leaf"),
            l1: params.get("l1"),
            l2: params.get("l2"),
            min_gain: params.get("min_gain"),
            subsample: params.get("subsample"),
            colsample: params.get("colsample"),
            patience,
            seed,
            ..Settings::default()
        },
        validation_fraction: params.get("validation_fraction"),
        max_bins: params.count("max_bins"),
        class_weight: params.word("class_weight"),
        n_threads: n_threads(),
        io,
    };
    learner.fit(data)
}

/// The learner as linfa knows learners.
pub struct GradientBoosting<'a> {
    /// `loss` is for numbers; classes always use log loss.
    pub settings: Settings,
    /// Share of the rows set aside where `settings.patience` asks for early stopping.
    pub validation_fraction: f64,
    /// 2 to 255
    pub max_bins: usize,
    /// `none` or `balanced`
    pub class_weight: &'a str,
    pub n_threads: usize,
    pub io: &'a dyn JobIo,
}

impl GradientBoosting<'_> {
    /// Rows set aside: a share of each class, by seed.
    fn set_aside(&self, y: &Target) -> Vec<u32> {
        let mut rows: Vec<u32> = (0..y.len() as u32).collect();
        Shuffler::new(self.settings.seed ^ 0x5EED).shuffle(&mut rows);
        if let Target::Classes { codes, .. } = y {
            rows.sort_by_key(|&row| codes[row as usize]);
        }
        // Every row whose place passes the next whole number.
        let passed = |place: usize| (place as f64 * self.validation_fraction).floor();
        let mut aside: Vec<u32> =
            rows.iter().enumerate().filter(|(at, _)| passed(at + 1) > passed(*at)).map(|(_, &row)| row).collect();
        aside.sort_unstable();
        aside
    }

    fn fitted(&self, boosted: Boosted) -> Fitted {
        let mut curve = Vec::new();
        for point in &boosted.curve {
            let step = point.n_trees as u32;
            let metric = "loss".to_owned();
            curve.push(MetricPoint { part: "train".to_owned(), metric: metric.clone(), step, value: point.train_loss });
            if let Some(value) = point.validation_loss {
                curve.push(MetricPoint { part: "validation".to_owned(), metric, step, value });
            }
        }
        let n_outputs = boosted.model.base.len().max(1);
        let n_kept = boosted.model.trees.len() / n_outputs;
        let mut warnings = Vec::new();
        if boosted.model.trees.iter().all(|tree| tree.nodes.len() == 1) {
            warnings.push(format!(
                "No tree has a split: there are too few rows for leaves of {}, or no feature tells the target apart",
                self.settings.min_samples_leaf
            ));
        } else if n_kept < boosted.n_grown {
            warnings.push(format!(
                "Stopped after {} trees without a better loss on the rows set aside; the best {n_kept} are kept",
                boosted.n_grown
            ));
        }
        Fitted { curve, ..Fitted::new(FittedModel::Trees(boosted.model), warnings) }
    }
}

/// The first value a loss cannot take.
fn check_range(loss: Loss, values: &[f64]) -> Result<(), FitError> {
    if let Some((is_fine, needs)) = loss.needs()
        && let Some(row) = values.iter().position(|&value| !is_fine(value))
    {
        return Err(FitError::TargetRange { algorithm: NAME, needs, row, value: values[row] });
    }
    if loss.link() == Link::Log && values.iter().all(|&value| value == 0.0) {
        let needs = "numbers that are not all 0 for this loss";
        return Err(FitError::TargetRange { algorithm: NAME, needs, row: 0, value: 0.0 });
    }
    Ok(())
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for GradientBoosting<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Columns { x, weights } = data.records;
        let weights = class_weights(self.class_weight, data.targets, weights);
        let (labels, n_classes) = Labels::of(data.targets);
        let mut settings = self.settings.clone();
        match (labels, n_classes) {
            (Labels::Numbers(values), _) => check_range(settings.loss, values)?,
            (_, 2) => settings.loss = Loss::Logistic,
            _ => settings.loss = Loss::Softmax { n_classes },
        }
        let validation = match settings.patience {
            Some(_) => Validation::Rows(self.set_aside(data.targets)),
            None => Validation::None,
        };
        let team = Team::new(self.n_threads);
        let binned = Binned::new(x, self.max_bins, settings.seed, &team, self.io)?;
        let boosted =
            boost(&settings, &binned, labels, weights.as_deref(), &validation, &team, self.io, &mut |_| {})?;
        Ok(self.fitted(boosted))
    }
}
