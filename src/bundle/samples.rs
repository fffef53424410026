//! Models and rows for the tests of this module, and a scorer that follows the domain's words step by step, so that
//! the graph is held against the definition and not against itself.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::domain::bundle::Lineage;
use crate::domain::ids::{ContentHash, RunId};
use crate::domain::model::{FittedModel, TrainedModel, Tree, TreeNode};
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::{ColumnInput, FittedColumn, FittedRecipe, FittedStep, UnknownCategory};
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::domain::task::{Predictions, Task};

pub(super) struct Sample {
    pub name: &'static str,
    pub model: TrainedModel,
    pub inputs: Vec<ColumnSchema>,
    pub raw: RawColumns,
}

impl Sample {
    pub fn expected(&self) -> Predictions {
        predict(&self.model, &self.raw)
    }
}

/// One of every kind of model over a table with every kind of column.
pub(super) fn samples(n_rows: usize) -> Vec<Sample> {
    let yes_no = ["no", "yes"];
    let three = ["0", "1", "high ≥ 2"];
    vec![
        sample("logistic", Task::Binary, &yes_no, plain_names(), n_rows),
        sample("multinomial", Task::Multiclass, &three, plain_names(), n_rows),
        sample("linear", Task::Regression, &[], plain_names(), n_rows),
        sample("tree_binary", Task::Binary, &yes_no, plain_names(), n_rows),
        sample("tree_multiclass", Task::Multiclass, &three, plain_names(), n_rows),
        sample("tree_regression", Task::Regression, &[], plain_names(), n_rows),
        sample("baseline_binary", Task::Binary, &yes_no, plain_names(), n_rows),
        sample("baseline_regression", Task::Regression, &[], plain_names(), n_rows),
        sample("stump", Task::Regression, &[], plain_names(), n_rows),
        sample("odd_names", Task::Binary, &yes_no, odd_names(), n_rows),
        unusual_steps(sample("tree_gaps", Task::Regression, &[], plain_names(), n_rows)),
    ]
}

/// Numbers that stay missing, steps in another order, text policies without an indicator.
fn unusual_steps(mut sample: Sample) -> Sample {
    let scale = FittedStep::Scale { center: 1.0, scale: 3.0 };
    let impute = FittedStep::ImputeNumber { value: -1.0 };
    for column in &mut sample.model.recipe.columns {
        match (column.name.as_str(), column.steps.as_mut_slice()) {
            ("age" | "newsletter", _) => column.steps.clear(),
            ("income", _) => column.steps = vec![scale.clone(), scale.clone(), impute.clone(), scale.clone()],
            ("city", [FittedStep::OneHot { missing_as, .. }]) => *missing_as = None,
            ("plan", [FittedStep::OneHot { unknown, missing_as, .. }]) => {
                (*unknown, *missing_as) = (UnknownCategory::Missing, Some("not listed".to_owned()));
            }
            _ => {}
        }
    }
    sample
}

const N_COLUMNS: usize = 8;

fn plain_names() -> [&'static str; N_COLUMNS] {
    ["age", "visits", "income", "city", "plan", "active", "newsletter", "member"]
}

/// Names of outputs, of inner values, with quotes, markup and line ends.
fn odd_names() -> [&'static str; N_COLUMNS] {
    ["prediction", "probability_yes", "mw1_const", "x\ny", "ünï'q \"uote\"", "{json}: [a]", "🎉 <b>|</b>", "a/b\\c"]
}

pub(super) fn sample(
    name: &'static str,
    task: Task,
    classes: &[&str],
    columns: [&'static str; N_COLUMNS],
    n_rows: usize,
) -> Sample {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let recipe = recipe(columns);
    let n_features = recipe.n_features();
    let n_outputs = classes.len().max(1);
    let mut numbers = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.gen_range(-1.5..1.5)).collect() };
    let model = match (name.split('_').next(), task) {
        (Some("baseline"), Task::Regression) => FittedModel::Baseline { output: vec![123_456_789.123_456_79] },
        (Some("baseline"), _) => FittedModel::Baseline { output: vec![0.734_021, 1.0 - 0.734_021] },
        (Some("stump"), _) => {
            let leaf = TreeNode::Leaf { values: vec![1e9 + 0.1], cover: 1 };
            FittedModel::DecisionTree { tree: Tree { nodes: vec![leaf] } }
        }
        (Some("tree"), _) => FittedModel::DecisionTree { tree: tree(n_features, n_outputs) },
        (_, Task::Regression) => FittedModel::Linear { coefficients: numbers(n_features), intercept: 1000.5 },
        (_, Task::Binary) => FittedModel::Logistic { coefficients: vec![numbers(n_features)], intercepts: numbers(1) },
        (_, Task::Multiclass) => FittedModel::Logistic {
            coefficients: (0..n_outputs).map(|_| numbers(n_features)).collect(),
            intercepts: numbers(n_outputs),
        },
    };
    let model = TrainedModel {
        format_version: 1,
        algorithm: name.to_owned(),
        task,
        target: "target".to_owned(),
        classes: classes.iter().map(|c| (*c).to_owned()).collect(),
        recipe,
        model,
    };
    Sample { name, model, inputs: schemas(columns), raw: rows(columns, n_rows) }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn recipe(names: [&'static str; N_COLUMNS]) -> FittedRecipe {
    let number = |whole, value, center, scale| {
        let steps = vec![FittedStep::ImputeNumber { value }, FittedStep::Scale { center, scale }];
        (ColumnInput::Number { whole }, steps)
    };
    let text = |categories: &[&str], missing_as: Option<&str>, unknown| {
        let (categories, missing_as) = (strings(categories), missing_as.map(str::to_owned));
        (ColumnInput::Text, vec![FittedStep::OneHot { categories, missing_as, unknown }])
    };
    let spelled = |yes: &[&str], no: &[&str], value| {
        let (true_spellings, false_spellings) = (strings(yes), strings(no));
        (ColumnInput::BooleanText { true_spellings, false_spellings }, vec![FittedStep::ImputeNumber { value }])
    };
    let (yes, no) = (["TRUE", "True", "true"], ["FALSE", "False", "false"]);
    let columns = [
        text(&["Oslo", "São Paulo", "Łódź"], Some("Oslo"), UnknownCategory::Ignore),
        number(false, 41.5, 40.25, 13.7),
        number(true, 3.0, 4.5, 2.25),
        (
            ColumnInput::Number { whole: false },
            vec![
                FittedStep::ImputeNumber { value: 51_234.56 },
                FittedStep::Scale { center: 60_000.0, scale: 33_333.3 },
            ],
        ),
        text(&["basic", "it's \"pro\", really", "plus"], Some("basic"), UnknownCategory::Missing),
        spelled(&yes, &no, 1.0),
        spelled(&yes, &no, 0.0),
        spelled(&["TRUE", "True", "true", "yes"], &["FALSE", "False", "false", "no"], 1.0),
    ];
    // The text column comes first, so that features change their order in the graph.
    let order = [3, 0, 1, 2, 4, 5, 6, 7];
    let columns = order.iter().zip(columns).map(|(&at, (input, steps))| FittedColumn {
        name: names[at].to_owned(),
        input,
        steps,
    });
    FittedRecipe { format_version: 1, columns: columns.collect() }
}

fn schemas(names: [&'static str; N_COLUMNS]) -> Vec<ColumnSchema> {
    let column = |at: usize, kind, storage, missing, yes: &str, no: &str| ColumnSchema {
        name: names[at].to_owned(),
        kind,
        storage,
        missing,
        distinct: 3,
        true_spellings: if yes.is_empty() { vec![] } else { vec![yes.to_owned()] },
        false_spellings: if no.is_empty() { vec![] } else { vec![no.to_owned()] },
        notes: vec![],
        missing_tokens: vec![],
        personal: None,
    };
    vec![
        column(0, ColumnKind::Numeric, Storage::Float64, 9, "", ""),
        column(1, ColumnKind::Numeric, Storage::Int64, 0, "", ""),
        column(2, ColumnKind::Numeric, Storage::Float64, 9, "", ""),
        column(3, ColumnKind::Categorical, Storage::String, 9, "", ""),
        column(4, ColumnKind::Categorical, Storage::String, 9, "", ""),
        column(5, ColumnKind::Boolean, Storage::Boolean, 0, "True", "False"),
        column(6, ColumnKind::Boolean, Storage::Boolean, 9, "true", "false"),
        column(7, ColumnKind::Boolean, Storage::Boolean, 9, "yes", "no"),
    ]
}

/// Missing cells, unseen categories, infinities and huge numbers.
fn rows(names: [&'static str; N_COLUMNS], n_rows: usize) -> RawColumns {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut pick = |words: &[&str]| -> RawColumn {
        RawColumn::Texts((0..n_rows).map(|_| words[rng.gen_range(0..words.len())].to_owned()).collect())
    };
    let city = pick(&["Oslo", "São Paulo", "Łódź", "", "Atlantis"]);
    let plan = pick(&["basic", "it's \"pro\", really", "plus", "", "gold"]);
    let active = pick(&["True", "False"]);
    let newsletter = pick(&["true", "false", ""]);
    let member = pick(&["yes", "no", ""]);
    let mut numbers = |missing: f64, make: &dyn Fn(f64) -> f64| -> RawColumn {
        let cell = |_| if rng.gen_bool(missing) { f64::NAN } else { make(rng.gen_range(0.0..1.0)) };
        RawColumn::Numbers((0..n_rows).map(cell).collect())
    };
    let age = numbers(0.1, &|u| 18.0 + 70.0 * u);
    let visits = numbers(0.0, &|u| (u * 10.0).floor());
    let income = numbers(0.1, &|u| {
        if u > 0.98 {
            1e300 * u
        } else if u > 0.96 {
            f64::INFINITY
        } else {
            u * 1e5
        }
    });
    let columns = [age, visits, income, city, plan, active, newsletter, member];
    RawColumns { n_rows, columns: names.iter().map(|n| (*n).to_owned()).zip(columns).collect() }
}

/// A full tree of depth 6, numbered breadth first, that asks every feature.
fn tree(n_features: usize, n_outputs: usize) -> Tree {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(13);
    let (inner, all) = (63_u32, 127_u32);
    let nodes = (0..all).map(|at| {
        if at < inner {
            let feature = at % n_features as u32;
            let threshold = rng.gen_range(-1.0..1.0_f32);
            return TreeNode::Split { feature, threshold, left: 2 * at + 1, right: 2 * at + 2, gain: 1.0, cover: 1 };
        }
        let mut values: Vec<f64> = (0..n_outputs).map(|_| rng.gen_range(0.0..1.0)).collect();
        let sum: f64 = values.iter().sum();
        if n_outputs > 1 {
            values.iter_mut().for_each(|v| *v /= sum);
        } else {
            values[0] += 1e8;
        }
        TreeNode::Leaf { values, cover: 1 }
    });
    Tree { nodes: nodes.collect() }
}

/// Recipe and model applied row by row as their documentation says.
pub(super) fn predict(model: &TrainedModel, raw: &RawColumns) -> Predictions {
    let mut all = Vec::new();
    for row in 0..raw.n_rows {
        let x = features(&model.recipe, raw, row);
        let dot = |w: &[f64]| w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>();
        match &model.model {
            FittedModel::Baseline { output } => all.extend(output),
            FittedModel::Linear { coefficients, intercept } => all.push(dot(coefficients) + intercept),
            FittedModel::Logistic { coefficients, intercepts } if coefficients.len() == 1 => {
                let p = 1.0 / (1.0 + (-(dot(&coefficients[0]) + intercepts[0])).exp());
                all.extend([1.0 - p, p]);
            }
            FittedModel::Logistic { coefficients, intercepts } => {
                let z: Vec<f64> = coefficients.iter().zip(intercepts).map(|(w, b)| dot(w) + b).collect();
                let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = z.iter().map(|z| (z - top).exp()).sum();
                all.extend(z.iter().map(|z| (z - top).exp() / sum));
            }
            FittedModel::DecisionTree { tree } => all.extend(tree.leaf(&x)),
        }
    }
    match model.classes.len() {
        0 => Predictions::Values(all),
        n_classes => Predictions::Classes { probabilities: all, n_classes },
    }
}

fn features(recipe: &FittedRecipe, raw: &RawColumns, row: usize) -> Vec<f64> {
    let mut all = Vec::new();
    for column in &recipe.columns {
        let cells = &raw.columns.iter().find(|(name, _)| *name == column.name).unwrap().1;
        let mut x = match (cells, &column.input) {
            (RawColumn::Numbers(v), _) => {
                if v[row].is_finite() {
                    v[row]
                } else {
                    f64::NAN
                }
            }
            (RawColumn::Texts(v), ColumnInput::BooleanText { true_spellings, false_spellings }) => {
                if true_spellings.contains(&v[row]) {
                    1.0
                } else if false_spellings.contains(&v[row]) {
                    0.0
                } else {
                    f64::NAN
                }
            }
            (RawColumn::Texts(_), _) => f64::NAN,
        };
        let mut one_hot = false;
        for step in &column.steps {
            match step {
                FittedStep::ImputeNumber { value } => {
                    if x.is_nan() {
                        x = *value
                    }
                }
                FittedStep::Scale { center, scale } => x = (x - center) / scale,
                FittedStep::OneHot { categories, missing_as, unknown } => {
                    one_hot = true;
                    let RawColumn::Texts(v) = cells else { panic!("text") };
                    let listed = categories.contains(&v[row]);
                    let as_missing = v[row].is_empty() || (!listed && *unknown == UnknownCategory::Missing);
                    let name = if as_missing { missing_as.as_ref() } else { Some(&v[row]) };
                    all.extend(categories.iter().map(|c| f64::from(u8::from(Some(c) == name))));
                }
            }
        }
        if !one_hot {
            all.push(x);
        }
    }
    all
}

/// A bundle of the sample with its first rows as golden rows.
pub(super) fn contents(sample: &Sample) -> super::BundleContents<'_> {
    let golden: Vec<usize> = (0..sample.raw.n_rows.min(40)).collect();
    let golden_inputs = sample.raw.take(&golden);
    super::BundleContents {
        model: &sample.model,
        inputs: sample.inputs.clone(),
        lineage: Lineage {
            run: RunId(12),
            dataset: "churn@2".to_owned(),
            source_hash: ContentHash::from_bytes(&[1; 32]),
            split_hash: ContentHash::from_bytes(&[2; 32]),
            seed: 42,
        },
        metrics: [("accuracy".to_owned(), 0.875)].into(),
        golden_expected: predict(&sample.model, &golden_inputs),
        golden_inputs,
        card_markdown: "# Card\n".to_owned(),
        created_at_ms: 1_795_176_000_000,
    }
}
