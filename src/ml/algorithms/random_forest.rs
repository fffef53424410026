//! A forest: the mean of deep trees, each over rows drawn with replacement, each split over columns drawn anew
//! (Breiman 2001). Extra trees share everything but how rows and cuts are chosen.

use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::model::{Combine, FittedModel, Link, TreeEnsemble};
use crate::domain::params::CheckedParams;
use crate::domain::run::MetricPoint;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, class_weights};
use crate::ml::cores::n_threads;
use crate::ml::error::FitError;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::forest::{Settings, forest};
use crate::ml::trees::{Labels, Splitter, Team};

/// Nodes above which a forest is called large: about 100 MB as a file.
const LARGE_NODES: usize = 1_000_000;

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let bootstrap = Some(params.get("subsample"));
    Forest { bootstrap, splitter: Splitter::Best, ..Forest::from_params(params, seed, io) }.fit(data)
}

/// The learner as linfa knows learners.
pub struct Forest<'a> {
    pub n_estimators: usize,
    pub max_depth: usize,
    pub max_leaves: usize,
    pub min_samples_leaf: usize,
    /// `auto`, `sqrt`, `third`, `half` or `all` of the columns
    pub max_features: &'a str,
    /// Rows drawn with replacement for each tree, as a share; `None`: every tree sees all rows.
    pub bootstrap: Option<f64>,
    pub splitter: Splitter,
    /// 2 to 255
    pub max_bins: usize,
    /// `none` or `balanced`
    pub class_weight: &'a str,
    pub n_threads: usize,
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl<'a> Forest<'a> {
    /// Extra trees as they are: all rows, random cuts.
    pub fn from_params(params: &'a CheckedParams, seed: u64, io: &'a dyn JobIo) -> Self {
        Self {
            n_estimators: params.count("n_estimators"),
            max_depth: params.count("max_depth"),
            max_leaves: params.count("max_leaves"),
            min_samples_leaf: params.count("min_samples_leaf"),
            max_features: params.word("max_features"),
            bootstrap: None,
            splitter: Splitter::Random,
            max_bins: params.count("max_bins"),
            class_weight: params.word("class_weight"),
            n_threads: n_threads(),
            seed,
            io,
        }
    }
}

/// Columns tried at each split.
fn n_tried(word: &str, is_classes: bool, n_columns: usize) -> usize {
    let n = n_columns as f64;
    let tried = match (word, is_classes) {
        ("sqrt", _) | ("auto", true) => n.sqrt(),
        ("third", _) | ("auto", false) => n / 3.0,
        ("half", _) => n / 2.0,
        _ => n,
    };
    (tried as usize).max(1)
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Forest<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Columns { x, weights } = data.records;
        let weights = class_weights(self.class_weight, data.targets, weights);
        let team = Team::new(self.n_threads);
        let binned = Binned::new(x, self.max_bins, self.seed, &team, self.io)?;
        let (labels, n_classes) = Labels::of(data.targets);
        let settings = Settings {
            n_estimators: self.n_estimators,
            max_depth: self.max_depth,
            max_leaves: self.max_leaves,
            min_samples_leaf: self.min_samples_leaf,
            max_features: n_tried(self.max_features, n_classes > 0, binned.n_columns()),
            splitter: self.splitter,
            bootstrap: self.bootstrap,
            seed: self.seed,
        };
        let grown = forest(&settings, binned, labels, n_classes, weights.as_deref(), &team, self.io)?;
        let n_nodes: usize = grown.trees.iter().map(|tree| tree.nodes.len()).sum();
        let mut warnings = Vec::new();
        if n_nodes > LARGE_NODES {
            warnings.push(format!(
                "The forest has {:.1} million nodes, a file of about {} MB; raise min_samples_leaf or lower max_leaves for a \
                 smaller one",
                n_nodes as f64 / 1e6,
                n_nodes / 10_000
            ));
        }
        let curve = grown.out_of_bag.map(|value| MetricPoint {
            part: "out_of_bag".to_owned(),
            metric: if n_classes > 0 { "accuracy" } else { "r2" }.to_owned(),
            step: self.n_estimators as u32,
            value,
        });
        let base = vec![0.0; n_classes.max(1)];
        let model = TreeEnsemble { trees: grown.trees, base, combine: Combine::Mean, link: Link::Identity };
        Ok(Fitted { curve: curve.into_iter().collect(), ..Fitted::new(FittedModel::Trees(model), warnings) })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::features::{Block, Features, NO_CODE};
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::task::Task;
    use crate::ml::algorithms::testing::{Lcg, data, row, uniform};
    use crate::ml::metrics::evaluate;
    use crate::ml::predict::predict;

    pub fn learner(bootstrap: Option<f64>, n_threads: usize) -> Forest<'static> {
        Forest {
            n_estimators: 50,
            max_depth: 32,
            max_leaves: 100_000,
            min_samples_leaf: 2,
            max_features: "auto",
            bootstrap,
            splitter: if bootstrap.is_some() { Splitter::Best } else { Splitter::Random },
            max_bins: 255,
            class_weight: "none",
            n_threads,
            seed: 3,
            io: &Silent,
        }
    }

    /// A wave, a product and noise over five columns.
    pub fn values(x: &Features, seed: u64) -> Vec<f64> {
        let mut noise = Lcg(seed);
        let value = |r: usize| {
            let row = row(x, r);
            (3.0 * row[0]).sin() + 2.0 * row[1] * row[2] + row[3]
        };
        (0..x.n_rows).map(|r| value(r) + noise.next() - 0.5).collect()
    }

    pub fn classes(x: &Features, seed: u64) -> Target {
        let codes = values(x, seed).iter().map(|&v| u32::from(v > 0.2)).collect();
        Target::Classes { codes, n_classes: 2 }
    }

    pub fn score(model: &FittedModel, task: Task, x: &Features, y: &Target, metric: Metric) -> f64 {
        let n_classes = if let Target::Classes { n_classes, .. } = y { *n_classes } else { 0 };
        evaluate(task, y, &predict(model, task, n_classes, x, &Silent).unwrap())[metric.key()]
    }

    #[test]
    fn is_as_good_as_scikit_learn_and_knows_it_out_of_bag() {
        let (train, test) = (uniform(21, 2000, 5), uniform(22, 2000, 5));
        let fitted = learner(Some(1.0), 2).fit(&data(&train, &classes(&train, 31))).unwrap();
        let auc = score(&fitted.model, Task::Binary, &test, &classes(&test, 32), Metric::RocAuc);
        assert!(auc > SKLEARN_AUC - 0.005, "{auc}");
        let accuracy = score(&fitted.model, Task::Binary, &test, &classes(&test, 32), Metric::Accuracy);
        assert!((fitted.curve[0].value - accuracy).abs() < 0.03, "{} {accuracy}", fitted.curve[0].value);

        let y = Target::Values(values(&train, 31));
        let fitted = learner(Some(1.0), 2).fit(&data(&train, &y)).unwrap();
        let rmse = score(&fitted.model, Task::Regression, &test, &Target::Values(values(&test, 32)), Metric::Rmse);
        assert!(rmse < SKLEARN_RMSE * 1.02, "{rmse}");
        assert!((0.5..1.0).contains(&fitted.curve[0].value), "{}", fitted.curve[0].value);
    }

    #[test]
    fn the_number_of_threads_does_not_matter() {
        let x = uniform(7, 600, 4);
        let targets = [
            classes(&uniform(7, 600, 5), 1),
            Target::Values(values(&uniform(7, 600, 5), 1)),
            Target::Classes { codes: (0..600).map(|r| (r * 7 % 11) % 3).collect(), n_classes: 3 },
        ];
        for y in &targets {
            for bootstrap in [Some(1.0), None] {
                let [one, two, three] = [1, 2, 3].map(|n| learner(bootstrap, n).fit(&data(&x, y)).unwrap());
                assert_eq!(one, two);
                assert_eq!(one, three);
            }
        }
    }

    #[test]
    fn a_category_of_noise_is_not_learned() {
        let mut source = Lcg(5);
        let codes = (0..4000).map(|_| (source.next() * 1000.0) as u32).collect();
        let answers = |source: &mut Lcg| (0..4000).map(|_| u32::from(source.next() < 0.5)).collect();
        let x =
            Features { n_rows: 4000, blocks: vec![Block::Category { codes, n_levels: 1000 }], names: vec!["c".into()] };
        let y = Target::Classes { codes: answers(&mut source), n_classes: 2 };
        let fitted = learner(Some(1.0), 2).fit(&data(&x, &y)).unwrap();
        let other = Target::Classes { codes: answers(&mut source), n_classes: 2 };
        let auc = score(&fitted.model, Task::Binary, &x, &other, Metric::RocAuc);
        assert!((auc - 0.5).abs() < 0.05, "{auc}");
    }

    #[test]
    fn categories_and_missing_cells_are_split_natively() {
        let mut source = Lcg(9);
        let codes: Vec<u32> = (0..2000).map(|_| (source.next() * 40.0) as u32).collect();
        let numbers: Vec<f64> = (0..2000).map(|_| if source.next() < 0.3 { f64::NAN } else { source.next() }).collect();
        let is_odd = |r: usize| codes[r] % 2 == 1;
        let answers: Vec<f64> = (0..2000)
            .map(|r| f64::from(u8::from(is_odd(r))) + f64::from(u8::from(numbers[r].is_nan())) * 3.0)
            .collect();
        let codes_seen = codes.iter().map(|&code| if code == 39 { NO_CODE } else { code }).collect();
        let blocks = vec![Block::Category { codes: codes_seen, n_levels: 40 }, Block::Numbers(numbers.clone())];
        let x = Features { n_rows: 2000, blocks, names: vec!["c".into(), "x".into()] };
        let tree = Forest { n_estimators: 1, max_features: "all", splitter: Splitter::Best, ..learner(None, 1) };
        let fitted = tree.fit(&data(&x, &Target::Values(answers.clone()))).unwrap();
        let rmse = score(&fitted.model, Task::Regression, &x, &Target::Values(answers), Metric::Rmse);
        assert!(rmse < 1e-9, "{rmse}");
    }

    #[test]
    fn leaves_are_limited_to_the_most_useful() {
        let x = uniform(3, 3000, 4);
        let y = Target::Values(values(&uniform(3, 3000, 5), 4));
        let fitted = Forest { max_leaves: 20, ..learner(Some(1.0), 2) }.fit(&data(&x, &y)).unwrap();
        let FittedModel::Trees(model) = &fitted.model else { panic!("trees expected") };
        assert!(model.trees.iter().all(|tree| tree.nodes.len() == 39));
    }

    // scikit-learn 1.9.1, RandomForestClassifier(50, min_samples_leaf=2, max_features="sqrt", random_state=0) and
    // RandomForestRegressor(50, min_samples_leaf=2, max_features=1/3, random_state=0) on the same rows.
    pub const SKLEARN_AUC: f64 = 0.9584855106945956;
    pub const SKLEARN_RMSE: f64 = 0.579113748697615;
}
