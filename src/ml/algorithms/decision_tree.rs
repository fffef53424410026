//! One decision tree over histograms, for classes (Gini) and numbers (squared error).
//!
//! Ours because linfa's trees are wrong on yes/no columns, give no probabilities and cannot learn numbers.

use linfa::traits::Fit;

use crate::domain::io::JobIo;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted, class_weights};
use crate::ml::cores::n_threads;
use crate::ml::error::FitError;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::forest::{Settings, forest};
use crate::ml::trees::{Labels, Splitter, Team};

pub fn fit(params: &CheckedParams, data: &Data, seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let learner = DecisionTree {
        max_depth: params.count("max_depth"),
        min_samples_leaf: params.count("min_samples_leaf"),
        max_bins: params.count("max_bins"),
        class_weight: params.word("class_weight"),
        n_threads: n_threads(),
        seed,
        io,
    };
    learner.fit(data)
}

/// The learner as linfa knows learners.
pub struct DecisionTree<'a> {
    pub max_depth: usize,
    pub min_samples_leaf: usize,
    /// 2 to 255
    pub max_bins: usize,
    /// `none` or `balanced`
    pub class_weight: &'a str,
    pub n_threads: usize,
    /// Picks the rows that cut points come from, in long tables.
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for DecisionTree<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Columns { x, weights } = data.records;
        let weights = class_weights(self.class_weight, data.targets, weights);
        let team = Team::new(self.n_threads);
        let binned = Binned::new(x, self.max_bins, self.seed, &team, self.io)?;
        let settings = Settings {
            n_estimators: 1,
            max_depth: self.max_depth,
            max_leaves: usize::MAX,
            min_samples_leaf: self.min_samples_leaf,
            max_features: usize::MAX,
            splitter: Splitter::Best,
            bootstrap: None,
            seed: self.seed,
        };
        let (labels, n_classes) = Labels::of(data.targets);
        let grown = forest(&settings, binned, labels, n_classes, weights.as_deref(), &team, self.io)?;
        let tree = grown.trees.into_iter().next().ok_or(FitError::Diverged { algorithm: "Decision tree" })?;
        let mut warnings = Vec::new();
        if tree.nodes.len() == 1 {
            warnings.push(format!(
                "The tree has no split: {} rows cannot be parted into leaves of {} with different features",
                x.n_rows, self.min_samples_leaf
            ));
        }
        Ok(Fitted::new(FittedModel::DecisionTree { tree }, warnings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::Features;
    use crate::domain::io::Silent;
    use crate::domain::metric::Metric;
    use crate::domain::model::{Tree, TreeNode};
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::domain::task::{Predictions, Task, argmax};
    use crate::ml::algorithms::testing::{Lcg, data, numbers, row, uniform, weighted};
    use crate::ml::metrics::evaluate;
    use crate::ml::predict::predict;

    fn run(x: &Features, y: &Target) -> Fitted {
        let params = check_params(Algorithm::DecisionTree, &ParamDraft::new()).unwrap();
        fit(&params, &data(x, y), 0, &Silent).unwrap()
    }

    fn learner(max_depth: usize, min_samples_leaf: usize) -> DecisionTree<'static> {
        DecisionTree {
            max_depth,
            min_samples_leaf,
            max_bins: 255,
            class_weight: "none",
            n_threads: 1,
            seed: 0,
            io: &Silent,
        }
    }

    fn grown(x: &Features, y: &Target, max_depth: usize, min_samples_leaf: usize) -> Tree {
        tree(learner(max_depth, min_samples_leaf).fit(&data(x, y)).unwrap())
    }

    fn tree(fitted: Fitted) -> Tree {
        let FittedModel::DecisionTree { tree } = fitted.model else { panic!("a tree expected") };
        tree
    }

    fn right_answers(tree: &Tree, x: &Features, codes: &[u32]) -> usize {
        (0..x.n_rows).filter(|&at| argmax(tree.leaf(&row(x, at))) == codes[at] as usize).count()
    }

    /// Steps, a product and noise over five columns, as `score` classes or numbers.
    fn scores(x: &Features, seed: u64) -> Vec<f64> {
        let mut noise = Lcg(seed);
        (0..x.n_rows)
            .map(|r| {
                let row = row(x, r);
                let step = if row[0] > 0.3 { 1.0 } else { 0.0 };
                step + 2.0 * row[1] * row[2] + row[3] + (noise.next() - 0.5) * 2.0
            })
            .collect()
    }

    #[test]
    fn ranks_as_well_as_scikit_learn_with_the_same_limits() {
        let (train, test) = (uniform(21, 4000, 5), uniform(22, 4000, 5));
        let classes = |x: &Features, seed| {
            let codes = scores(x, seed).iter().map(|&score| u32::from(score > 0.5)).collect();
            Target::Classes { codes, n_classes: 2 }
        };
        let fitted = run(&train, &classes(&train, 31));
        let predicted = predict(&fitted.model, Task::Binary, 2, &test, &Silent).unwrap();
        let auc = evaluate(Task::Binary, &classes(&test, 32), &predicted)[Metric::RocAuc.key()];
        assert!(auc > SKLEARN_AUC - 0.01, "{auc}");
    }

    #[test]
    fn predicts_numbers_as_well_as_scikit_learn_with_the_same_limits() {
        let (train, test) = (uniform(21, 4000, 5), uniform(22, 4000, 5));
        let fitted = run(&train, &Target::Values(scores(&train, 31)));
        let predicted = predict(&fitted.model, Task::Regression, 0, &test, &Silent).unwrap();
        let rmse = evaluate(Task::Regression, &Target::Values(scores(&test, 32)), &predicted)[Metric::Rmse.key()];
        assert!(rmse < SKLEARN_RMSE * 1.01, "{rmse}");
    }

    #[test]
    fn a_stump_that_cannot_split_says_so() {
        let x = uniform(3, 30, 2);
        let y = Target::Classes { codes: (0..30).map(|r| r % 2).collect(), n_classes: 2 };
        let fitted = run(&x, &y);
        assert!(fitted.warnings[0].starts_with("The tree has no split"), "{:?}", fitted.warnings);
        let predicted = predict(&fitted.model, Task::Binary, 2, &x, &Silent).unwrap();
        assert_eq!(predicted, Predictions::Classes { probabilities: vec![0.5; 60], n_classes: 2 });
    }

    /// Twelve yes/no columns and a rule of depth three, which linfa's tree gets 76 % right.
    #[test]
    fn yes_no_columns_are_learned_to_the_last_row() {
        let mut source = Lcg(1);
        let x = numbers(12, (0..5000 * 12).map(|_| if source.next() < 0.5 { 0.0 } else { 1.0 }).collect());
        let codes: Vec<u32> = (0..5000)
            .map(|at| {
                let r = row(&x, at);
                let answer = if r[0] == 1.0 {
                    r[1]
                } else if r[2] == 1.0 {
                    r[3]
                } else {
                    r[4]
                };
                answer as u32
            })
            .collect();
        let y = Target::Classes { codes: codes.clone(), n_classes: 2 };
        assert_eq!(right_answers(&grown(&x, &y, 6, 1), &x, &codes), 5000);
    }

    #[test]
    fn a_rule_that_needs_both_columns_is_found_through_a_split_without_gain() {
        let x = numbers(2, vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        for n_classes in [2, 3] {
            let codes = vec![0, 1, 1, 0];
            let y = Target::Classes { codes: codes.clone(), n_classes };
            assert_eq!(right_answers(&grown(&x, &y, 2, 1), &x, &codes), 4);
        }
    }

    #[test]
    fn limits_hold_and_children_come_after_parents() {
        let x = uniform(4, 3000, 4);
        let value = |at: usize| row(&x, at)[0] * row(&x, at)[1] + row(&x, at)[2];
        let tree = grown(&x, &Target::Values((0..3000).map(value).collect()), 5, 30);
        let mut depth = vec![0; tree.nodes.len()];
        let mut covered = 0;
        for (at, node) in tree.nodes.iter().enumerate() {
            match node {
                TreeNode::Split { left, right, gain, .. } => {
                    assert!(*left as usize > at && *right as usize > at && *gain >= 0.0);
                    depth[*left as usize] = depth[at] + 1;
                    depth[*right as usize] = depth[at] + 1;
                }
                TreeNode::Leaf { values, cover } => {
                    assert!(*cover >= 30 && values.len() == 1);
                    covered += cover;
                }
                TreeNode::CategorySplit { .. } => panic!("there are no categories"),
            }
        }
        assert_eq!((depth.iter().max(), covered), (Some(&5), 3000));
    }

    #[test]
    fn gains_are_the_loss_that_leaves_remove() {
        let x = uniform(9, 1000, 3);
        let values: Vec<f64> = (0..1000).map(|r| (row(&x, r)[0] * 3.0).floor() + row(&x, r)[1]).collect();
        let tree = grown(&x, &Target::Values(values.clone()), 8, 1);
        let mean = values.iter().sum::<f64>() / 1000.0;
        let rest: f64 = (0..1000).map(|r| (values[r] - tree.leaf(&row(&x, r))[0]).powi(2)).sum();
        let all: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let removed: f64 =
            tree.nodes.iter().map(|node| if let TreeNode::Split { gain, .. } = node { *gain } else { 0.0 }).sum();
        assert!((all - rest - removed).abs() < 1e-6 * all, "{all} − {rest} is not {removed}");
    }

    #[test]
    fn a_cut_falls_in_the_middle_of_a_gap() {
        // Among the rows with x0 = 1 only the values 1 and 9 of x1 are left; the cut between them is near 5.
        let mut rows = Vec::new();
        let mut y = Vec::new();
        for value in 0..10 {
            rows.extend([0.0, f64::from(value)]);
            y.push(100.0);
        }
        for value in [1.0, 9.0] {
            rows.extend([1.0, value, 1.0, value]);
            y.extend([value, value]);
        }
        let tree = grown(&numbers(2, rows), &Target::Values(y), 3, 1);
        let TreeNode::Split { right, .. } = &tree.nodes[0] else { panic!("split expected") };
        let TreeNode::Split { feature, threshold, .. } = &tree.nodes[*right as usize] else { panic!("split expected") };
        assert_eq!((*feature, *threshold), (1, 4.5));
    }

    #[test]
    fn weights_count_like_repeated_rows() {
        let x = uniform(5, 200, 3);
        let weights: Vec<f64> = (0..200).map(|r| f64::from(r % 4)).collect();
        let rows: Vec<usize> = (0..200).flat_map(|r| std::iter::repeat_n(r, r % 4)).collect();
        let codes = (0..200).map(|r| ((row(&x, r)[0] + row(&x, r)[1] * 0.5) * 2.0 + 3.0) as u32 % 3).collect();
        let targets = [
            Target::Classes { codes, n_classes: 3 },
            Target::Values((0..200).map(|r| row(&x, r)[0] + row(&x, r)[2].powi(2)).collect()),
        ];
        for y in &targets {
            let repeated = grown(&x.take(&rows), &y.take(&rows), 6, 5);
            let weighted = tree(learner(6, 5).fit(&weighted(&x, y, &weights)).unwrap());
            for at in rows.iter().step_by(7) {
                let (a, b) = (repeated.leaf(&row(&x, *at)), weighted.leaf(&row(&x, *at)));
                assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn targets_of_any_size_are_learned() {
        let x = uniform(6, 200, 2);
        for size in [1e-300, 1e300] {
            let values: Vec<f64> = (0..200).map(|r| if row(&x, r)[0] > 0.0 { size } else { -size }).collect();
            let tree = grown(&x, &Target::Values(values.clone()), 3, 1);
            let error = (0..200).map(|r| (tree.leaf(&row(&x, r))[0] / size - values[r] / size).abs());
            assert!(error.fold(0.0, f64::max) < 1e-9);
        }
    }

    const SKLEARN_AUC: f64 = 0.8605736035134298;
    const SKLEARN_RMSE: f64 = 0.8409297005242634;
}
