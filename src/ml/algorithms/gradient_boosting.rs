//! Gradient boosted trees, leaf-wise over histograms: what LightGBM does, in half its time.

use linfa::traits::Fit;

use crate::domain::features::{Block, Features};
use crate::domain::io::JobIo;
use crate::domain::model::{FittedModel, Link};
use crate::domain::params::{CheckedParams, signs};
use crate::domain::random::Shuffler;
use crate::domain::run::MetricPoint;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, class_weights};
use crate::ml::cores::n_threads;
use crate::ml::error::FitError;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::boost::{Boosted, Iteration, Settings, Validation, boost};
use crate::ml::trees::losses::Loss;
use crate::ml::trees::{Labels, Team};

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
            monotone: directions(params.word("monotone"), data.records.x)?,
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

/// Per feature: 1 where answers may only rise with it, −1 where they may only fall; empty for none.
fn directions(text: &str, x: &Features) -> Result<Vec<i8>, FitError> {
    let refuse = |column: String, problem: String| Err(FitError::Monotone { algorithm: NAME, column, problem });
    let asked = match signs(text) {
        Ok(asked) => asked,
        Err(problem) => return refuse(text.to_owned(), problem),
    };
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut kinds = Vec::with_capacity(x.n_features());
    for block in &x.blocks {
        kinds.extend(std::iter::repeat_n(matches!(block, Block::Category { .. }), block.n_features()));
    }
    let mut directions = vec![0; x.n_features()];
    for (column, sign) in asked {
        match x.names.iter().position(|name| *name == column) {
            Some(feature) if kinds[feature] => {
                return refuse(column, "it is a category, which has no order".to_owned());
            }
            Some(feature) => directions[feature] = sign,
            None => {
                let known: Vec<&str> = x.names.iter().take(20).map(String::as_str).collect();
                return refuse(column, format!("there is no such feature among {}", known.join(", ")));
            }
        }
    }
    Ok(directions)
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
        let mut tell = |point: &Iteration| {
            let losses = [("train", Some(point.train_loss)), ("validation", point.validation_loss)];
            for (part, value) in losses.into_iter().filter_map(|(part, value)| Some((part, value?))) {
                let (part, metric) = (part.to_owned(), "loss".to_owned());
                self.io.measured(NAME, &MetricPoint { part, metric, step: point.n_trees as u32, value });
            }
        };
        let boosted = boost(&settings, &binned, labels, weights.as_deref(), &validation, &team, self.io, &mut tell)?;
        Ok(self.fitted(boosted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::model::{Tree, TreeEnsemble, TreeNode};
    use crate::domain::task::{Predictions, Task};
    use crate::ml::algorithms::random_forest::tests::{classes, score, values};
    use crate::ml::algorithms::testing::{Lcg, data, numbers, row, uniform, weighted};
    use crate::ml::predict::predict;

    fn learner(settings: Settings) -> GradientBoosting<'static> {
        let (validation_fraction, max_bins, class_weight) = (0.2, 255, "none");
        GradientBoosting { settings, validation_fraction, max_bins, class_weight, n_threads: 2, io: &Silent }
    }

    fn with_loss(loss: Loss) -> GradientBoosting<'static> {
        learner(Settings { loss, ..Settings::default() })
    }

    fn ensemble(fitted: &Fitted) -> &TreeEnsemble {
        let FittedModel::Trees(model) = &fitted.model else { panic!("trees expected") };
        model
    }

    fn answers(fitted: &Fitted, x: &Features) -> Vec<f64> {
        match predict(&fitted.model, Task::Regression, 0, x, &Silent).unwrap() {
            Predictions::Values(values) => values,
            Predictions::Classes { .. } => panic!("numbers expected"),
        }
    }

    /// The rows every oracle below was trained and tested on.
    fn tables() -> (Features, Features) {
        (uniform(21, 2000, 5), uniform(22, 2000, 5))
    }

    #[test]
    fn one_tree_is_as_checked_by_hand() {
        let x = numbers(1, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let y = Target::Values(vec![0.0, 0.0, 0.0, 6.0, 6.0, 9.0]);
        let settings =
            Settings { n_estimators: 1, learning_rate: 0.5, max_leaves: 3, min_samples_leaf: 1, ..Settings::default() };
        let fitted = learner(settings).fit(&data(&x, &y)).unwrap();
        let model = ensemble(&fitted);
        // The mean is 3.5. Left of 3.5 the residuals sum to −10.5 over 3 rows, right to 10.5: the gain is 2 · 10.5² / 3.
        // Then 6 and 6 part from 9: residuals 2.5, 2.5 | 5.5, gain 5²/2 + 5.5² − 10.5²/3.
        assert!((model.base[0] - 3.5).abs() < 1e-12);
        let nodes = &model.trees[0].nodes;
        let TreeNode::Split { threshold: 3.5, gain, cover: 6, left: 1, right: 2, .. } = nodes[0] else {
            panic!("{nodes:?}")
        };
        assert!((gain - 73.5).abs() < 1e-3, "{gain}");
        let TreeNode::Split { threshold: 5.5, gain, cover: 3, .. } = nodes[2] else { panic!("{nodes:?}") };
        assert!((gain - 6.0).abs() < 1e-3, "{gain}");
        let expected = [1.75, 1.75, 1.75, 4.75, 4.75, 6.25];
        for (found, expected) in answers(&fitted, &x).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn classes_are_ranked_as_by_lightgbm() {
        let (train, test) = tables();
        let fitted = with_loss(Loss::Squared).fit(&data(&train, &classes(&train, 31))).unwrap();
        let auc = score(&fitted.model, Task::Binary, &test, &classes(&test, 32), Metric::RocAuc);
        // LightGBM 4.7: num_leaves 31, learning_rate 0.1, 100 rounds, objective binary.
        assert!(auc > 0.969_042 - 0.002, "{auc}");

        let three = |x: &Features, seed| {
            let codes = values(x, seed).iter().map(|&v| u32::from(v >= -0.5) + u32::from(v >= 0.5)).collect();
            Target::Classes { codes, n_classes: 3 }
        };
        let fitted = with_loss(Loss::Squared).fit(&data(&train, &three(&train, 31))).unwrap();
        let loss = score(&fitted.model, Task::Multiclass, &test, &three(&test, 32), Metric::LogLoss);
        // The same with objective multiclass.
        assert!(loss < 0.504_103 * 1.03, "{loss}");
    }

    #[test]
    fn numbers_are_predicted_as_by_lightgbm_under_every_loss() {
        let (train, test) = tables();
        let (plain, expected) = (values(&train, 31), values(&test, 32));
        let exp = |values: &[f64]| values.iter().map(|v| v.exp()).collect::<Vec<f64>>();
        let counts = |values: &[f64]| values.iter().map(|v| v.exp().floor()).collect::<Vec<f64>>();
        let mean = |p: &[f64], y: &[f64], of: &dyn Fn(f64, f64) -> f64| {
            p.iter().zip(y).map(|(p, y)| of(*p, *y)).sum::<f64>() / y.len() as f64
        };
        // LightGBM 4.7 with 31 leaves, 0.1, 100 rounds on the same rows; Huber: GradientBoostingRegressor of scikit-learn.
        let check = |loss: Loss,
                     train_y: Vec<f64>,
                     test_y: &[f64],
                     of: &dyn Fn(f64, f64) -> f64,
                     oracle: f64,
                     tolerance: f64| {
            let fitted = with_loss(loss).fit(&data(&train, &Target::Values(train_y))).unwrap();
            let found = mean(&answers(&fitted, &test), test_y, of);
            assert!(found < oracle + tolerance, "{loss:?}: {found} where LightGBM has {oracle}");
        };
        let squared = |p: f64, y: f64| (p - y) * (p - y);
        // (HistGradientBoostingRegressor: 0.376; on other seeds the three take turns.)
        check(Loss::Squared, plain.clone(), &expected, &squared, 0.369_837_f64.powi(2), 0.009);
        check(Loss::Huber { alpha: 0.9 }, plain.clone(), &expected, &squared, 0.389_38_f64.powi(2), 0.004);
        check(Loss::Absolute, plain.clone(), &expected, &|p, y| (p - y).abs(), 0.308_148, 0.01);
        let pinball = |p: f64, y: f64| (0.8 * (y - p)).max(-0.2 * (y - p));
        check(Loss::Quantile { alpha: 0.8 }, plain.clone(), &expected, &pinball, 0.105_371, 0.005);
        check(Loss::Gamma, exp(&plain), &exp(&expected), &|p, y| y / p + p.ln(), 1.102_040, 0.01);
        check(Loss::Poisson, counts(&plain), &counts(&expected), &|p, y| p - y * p.ln(), -0.482_965, 0.03);
        let tweedie = |p: f64, y: f64| 2.0 * p.sqrt() + 2.0 * y / p.sqrt();
        check(Loss::Tweedie { power: 1.5 }, counts(&plain), &counts(&expected), &tweedie, 3.731_632, 0.03);
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let x = uniform(7, 40_000, 6);
        let y = Target::Values(values(&x, 1));
        let settings =
            || Settings { n_estimators: 5, subsample: 0.7, colsample: 0.6, patience: Some(3), ..Settings::default() };
        let run = |n_threads| GradientBoosting { n_threads, ..learner(settings()) }.fit(&data(&x, &y)).unwrap();
        let one = run(1);
        assert_eq!(one, run(2));
        assert_eq!(one, run(3));
        let shape = |fitted: &Fitted| ensemble(fitted).trees.iter().map(|t| t.nodes.len()).sum::<usize>();
        assert!(shape(&one) > 100);
    }

    #[test]
    fn early_stopping_keeps_the_best_trees() {
        let x = uniform(5, 500, 3);
        let mut noise = Lcg(8);
        let y = Target::Values((0..500).map(|r| row(&x, r)[0] + 3.0 * noise.next()).collect());
        let settings = Settings { n_estimators: 500, patience: Some(10), ..Settings::default() };
        let fitted = learner(settings).fit(&data(&x, &y)).unwrap();
        let losses: Vec<f64> = fitted.curve.iter().filter(|p| p.part == "validation").map(|p| p.value).collect();
        let best = (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap();
        assert_eq!(ensemble(&fitted).trees.len(), best + 1);
        assert_eq!(losses.len(), best + 11);
        assert!(fitted.warnings[0].starts_with("Stopped after"), "{:?}", fitted.warnings);
    }

    #[test]
    fn directions_are_asked_for_by_name() {
        let mut x = uniform(1, 4, 2);
        x.blocks.push(Block::Category { codes: vec![0, 1, 0, 1], n_levels: 2 });
        x.names = ["age", "price", "plan"].map(str::to_owned).to_vec();
        assert_eq!(directions("price:-,age:+", &x).unwrap(), [1, -1, 0]);
        assert!(directions("", &x).unwrap().is_empty());
        let said = |text: &str| directions(text, &x).unwrap_err().to_string();
        assert_eq!(
            said("plan:+"),
            "Gradient boosting cannot rise or fall with `plan`: it is a category, which has no order"
        );
        assert!(said("tenure:+").ends_with("there is no such feature among age, price, plan"));
    }

    #[test]
    fn monotone_features_only_rise_or_fall() {
        let x = uniform(11, 3000, 3);
        let mut noise = Lcg(4);
        let y = Target::Values(
            (0..3000).map(|r| (5.0 * row(&x, r)[0]).sin() + row(&x, r)[1] * row(&x, r)[2] + noise.next()).collect(),
        );
        for loss in [Loss::Squared, Loss::Absolute] {
            let settings = Settings { loss, monotone: vec![1, -1, 0], min_samples_leaf: 5, ..Settings::default() };
            let fitted = learner(settings).fit(&data(&x, &y)).unwrap();
            for feature in [0, 1] {
                for at in (0..3000).step_by(101) {
                    let mut cells = row(&x, at);
                    let mut line = Vec::new();
                    for step in 0..40 {
                        cells[feature] = f64::from(step) / 20.0 - 1.0;
                        line.extend_from_slice(&cells);
                    }
                    let found = answers(&fitted, &numbers(3, line));
                    let holds = |pair: &[f64]| {
                        if feature == 0 { pair[0] <= pair[1] + 1e-12 } else { pair[0] >= pair[1] - 1e-12 }
                    };
                    assert!(found.windows(2).all(holds), "{loss:?} feature {feature}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn weights_count_like_repeated_rows() {
        let x = uniform(5, 250, 3);
        let weights: Vec<f64> = (0..250).map(|r| f64::from(r % 3)).collect();
        let rows: Vec<usize> = (0..250).flat_map(|r| std::iter::repeat_n(r, r % 3)).collect();
        let y = Target::Values((0..250).map(|r| row(&x, r)[0].exp() + row(&x, r)[1]).collect());
        let settings = || Settings { min_samples_leaf: 1, n_estimators: 20, max_leaves: 8, ..Settings::default() };
        let seen = x.take(&rows);
        let repeated = learner(settings()).fit(&data(&seen, &y.take(&rows))).unwrap();
        let counted = learner(settings()).fit(&weighted(&x, &y, &weights)).unwrap();
        let (a, b) = (answers(&repeated, &seen), answers(&counted, &seen));
        let off = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-3, "{off}");
    }

    #[test]
    fn balanced_classes_have_their_mean_in_the_middle() {
        let x = uniform(5, 1000, 2);
        let y = Target::Classes { codes: (0..1000).map(|r| u32::from(r % 10 == 0)).collect(), n_classes: 2 };
        let fitted =
            GradientBoosting { class_weight: "balanced", ..learner(Settings::default()) }.fit(&data(&x, &y)).unwrap();
        assert!(ensemble(&fitted).base[0].abs() < 1e-9, "{:?}", ensemble(&fitted).base);
    }

    #[test]
    fn indicators_split_as_columns_of_zeros_and_ones() {
        let mut source = Lcg(6);
        let codes: Vec<u32> = (0..1500).map(|_| (source.next() * 6.0) as u32).collect();
        let y = Target::Values(codes.iter().map(|&code| f64::from(code * code % 7)).collect());
        let sparse = Features {
            n_rows: 1500,
            blocks: vec![Block::Indicators { codes, n_levels: 6 }],
            names: (0..6).map(|c| format!("c={c}")).collect(),
        };
        let dense = numbers(6, sparse.dense(0, 1500));
        let [a, b] = [&sparse, &dense].map(|x| answers(&with_loss(Loss::Squared).fit(&data(x, &y)).unwrap(), x));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn missing_cells_and_categories_go_where_training_sent_them() {
        let mut source = Lcg(9);
        let codes: Vec<u32> = (0..4000).map(|_| (source.next() * 30.0) as u32).collect();
        let cells: Vec<f64> = (0..4000).map(|_| if source.next() < 0.2 { f64::NAN } else { source.next() }).collect();
        let y: Vec<f64> =
            (0..4000).map(|r| f64::from(codes[r] % 2) * 2.0 + if cells[r].is_nan() { 1.5 } else { cells[r] }).collect();
        let blocks = vec![Block::Category { codes, n_levels: 30 }, Block::Numbers(cells)];
        let x = Features { n_rows: 4000, blocks, names: vec!["c".into(), "x".into()] };
        let fitted = with_loss(Loss::Squared).fit(&data(&x, &Target::Values(y.clone()))).unwrap();
        let found = answers(&fitted, &x);
        let rmse = (found.iter().zip(&y).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / 4000.0).sqrt();
        assert!(rmse < 0.05, "{rmse}");
        let trees: Vec<&Tree> = ensemble(&fitted).trees.iter().collect();
        let has = |of: fn(&TreeNode) -> bool| trees.iter().any(|tree| tree.nodes.iter().any(of));
        assert!(has(|node| matches!(node, TreeNode::CategorySplit { codes, .. } if codes.is_sorted())));
        assert!(has(|node| matches!(node, TreeNode::Split { missing_left: false, .. })));
        // The fast walk over bytes and the plain one agree to the last bit of the sum.
        let fast = crate::ml::trees::predict::predict(ensemble(&fitted), 0, &x, 2, &Silent).unwrap();
        for (at, fast) in fast.into_iter().enumerate() {
            let cells = row(&x, at);
            let sum: f64 = trees.iter().map(|tree| tree.leaf(&cells)[0]).sum();
            assert_eq!(fast, ensemble(&fitted).base[0] + sum);
        }
    }

    #[test]
    fn extremes_end_in_an_error_or_a_finite_model() {
        let finite = |fitted: Fitted| {
            let leaf = |node: &TreeNode| match node {
                TreeNode::Leaf { values, .. } => values.iter().all(|v| v.is_finite()),
                TreeNode::Split { gain, threshold, .. } => gain.is_finite() && threshold.is_finite(),
                TreeNode::CategorySplit { gain, .. } => gain.is_finite(),
            };
            assert!(ensemble(&fitted).trees.iter().all(|tree| tree.nodes.iter().all(leaf)));
            assert!(ensemble(&fitted).base.iter().all(|base| base.is_finite()));
        };
        let x = uniform(3, 300, 3);
        let losses = [
            Loss::Squared,
            Loss::Absolute,
            Loss::Huber { alpha: 0.9 },
            Loss::Poisson,
            Loss::Gamma,
            Loss::Tweedie { power: 1.2 },
        ];
        for loss in losses {
            for size in [1e-300, 1e-30, 1.0, 1e30, 1e300] {
                let y = Target::Values((0..300).map(|r| size * (1.5 + row(&x, r)[0])).collect());
                finite(with_loss(loss).fit(&data(&x, &y)).unwrap());
            }
            finite(with_loss(loss).fit(&data(&x, &Target::Values(vec![3.0; 300]))).unwrap());
            let mut outlier: Vec<f64> = (0..300).map(|r| 1.5 + row(&x, r)[0]).collect();
            outlier[7] = 1e200;
            finite(with_loss(loss).fit(&data(&x, &Target::Values(outlier))).unwrap());
        }
        let one = numbers(1, vec![1.0]);
        finite(with_loss(Loss::Squared).fit(&data(&one, &Target::Values(vec![2.0]))).unwrap());
        let empty = numbers(2, vec![f64::NAN; 80]);
        finite(with_loss(Loss::Squared).fit(&data(&empty, &Target::Values((0..40).map(f64::from).collect()))).unwrap());
        let unused = Target::Classes { codes: (0..300).map(|r| r % 2 * 2).collect(), n_classes: 4 };
        finite(with_loss(Loss::Squared).fit(&data(&x, &unused)).unwrap());
        let negative = Target::Values(vec![-1.0, 2.0, 3.0]);
        let refused = with_loss(Loss::Poisson).fit(&data(&numbers(1, vec![1.0, 2.0, 3.0]), &negative));
        assert!(matches!(refused, Err(FitError::TargetRange { row: 0, .. })));
    }
}
