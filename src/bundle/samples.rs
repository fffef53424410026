//! Models and rows for the tests of this module, and a scorer that follows the domain's words step by step, so that
//! the graph is held against the definition and not against itself.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::sample_models;
use crate::domain::bundle::Lineage;
use crate::domain::ids::{ContentHash, RunId};
use crate::domain::model::{FittedModel, Link, Member, TrainedModel, Tree, TreeNode};
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::{
    Coded, ColumnInput, Filled, FittedRecipe, FittedStep, OneHot, RecipeInput, Scaled, Scaling, UnknownCategory,
};
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

    /// The class of each row, for probabilities.
    pub fn labels(&self, expected: &Predictions) -> Vec<u32> {
        match (self.model.threshold, expected) {
            (Some(threshold), Predictions::Classes { probabilities, .. }) => {
                probabilities.chunks_exact(2).map(|row| u32::from(row[1] >= threshold)).collect()
            }
            _ => expected.labels(),
        }
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

/// As [`samples`], of the models that came later.
pub(super) fn later_samples(n_rows: usize) -> Vec<Sample> {
    let (yes_no, three): (&[&str], &[&str]) = (&["no", "yes"], &["0", "1", "high ≥ 2"]);
    let made = sample_models::ALL.iter().map(|&(name, gaps, make)| {
        let (task, classes) = match name.rsplit('_').next() {
            Some("binary") => (Task::Binary, yes_no),
            Some("multiclass") => (Task::Multiclass, three),
            _ => (Task::Regression, [].as_slice()),
        };
        let mut sample = sample("linear", task, classes, plain_names(), n_rows);
        if gaps {
            sample = unusual_steps(sample);
            sample.with_many_levels();
        }
        let n_features = sample.model.recipe.n_features();
        sample.model.model = make(n_features, classes.len());
        if name.contains("near") {
            // Beyond 1e150 all rows are equally, infinitely far.
            let RawColumn::Numbers(income) = &mut sample.raw.columns[2].1 else { panic!("income is a number") };
            income.iter_mut().filter(|v| **v > 1e9).for_each(|v| *v = 1e5);
        }
        Sample { name, ..sample }
    });
    made.chain(decided_samples(n_rows)).collect()
}

/// Means of several models, calibrated ones, one with a threshold.
fn decided_samples(n_rows: usize) -> Vec<Sample> {
    let (yes_no, three): (&[&str], &[&str]) = (&["no", "yes"], &["0", "1", "high ≥ 2"]);
    let mut all = Vec::new();
    for (name, task, classes, method) in [
        ("ensemble_binary", Task::Binary, yes_no, None),
        ("ensemble_multiclass", Task::Multiclass, three, None),
        ("ensemble_regression", Task::Regression, [].as_slice(), None),
        ("platt_binary", Task::Binary, yes_no, Some("platt")),
        ("platt_multiclass", Task::Multiclass, three, Some("platt")),
        ("isotonic_binary", Task::Binary, yes_no, Some("isotonic")),
        ("isotonic_multiclass", Task::Multiclass, three, Some("isotonic")),
    ] {
        let mut whole = sample("linear", task, classes, plain_names(), n_rows);
        if let Some(method) = method {
            whole.model.calibration = Some(sample_models::calibration(method, classes.len()));
            whole.model.threshold = (task == Task::Binary).then_some(0.4);
        } else {
            whole.model.model = FittedModel::Ensemble { members: members(task, classes) };
            whole.model.recipe.steps.clear();
            whole.model.recipe.features.clear();
        }
        all.push(Sample { name, ..whole });
    }
    all
}

/// A linear model, and trees over another recipe with fewer columns.
fn members(task: Task, classes: &[&str]) -> Vec<Member> {
    let linear = sample("linear", task, classes, plain_names(), 1);
    let mut trees = unusual_steps(sample("tree", task, classes, plain_names(), 1));
    let dropped = trees.model.recipe.inputs.pop().unwrap().name;
    trees.model.recipe.features.pop();
    trees.replace_steps(&dropped, vec![]);
    trees.model.model = sample_models::forest(trees.model.recipe.n_features(), classes.len());
    let member = |sample: Sample, weight| Member { weight, recipe: sample.model.recipe, model: sample.model.model };
    vec![member(linear, 0.25), member(trees, 0.75)]
}

/// Numbers and categories that stay missing, steps in another order, text policies without an indicator.
fn unusual_steps(mut sample: Sample) -> Sample {
    let income = "income";
    sample.replace_steps("age", vec![]);
    sample.replace_steps("newsletter", vec![]);
    let scaled = || scale(income, 1.0, 3.0);
    sample.replace_steps(income, vec![scaled(), scaled(), impute(income, -1.0), scaled()]);
    let cities = ["Oslo", "São Paulo", "Łódź"];
    let levels = Coded { column: "city".to_owned(), levels: strings(&cities) };
    sample.replace_steps("city", vec![FittedStep::Category { columns: vec![levels] }]);
    let plans = ["basic", "it's \"pro\", really", "plus"];
    sample.replace_steps("plan", vec![one_hot("plan", &plans, Some("not listed"), UnknownCategory::Missing)]);
    let n_features = sample.model.recipe.n_features() as u32;
    if let FittedModel::DecisionTree { tree } = &mut sample.model.model {
        for node in &mut tree.nodes {
            if let TreeNode::Split { feature, .. } = node {
                *feature %= n_features;
            }
        }
    }
    sample
}

pub(super) fn impute(column: &str, value: f64) -> FittedStep {
    FittedStep::Impute { columns: vec![Filled { column: column.to_owned(), value, indicator: None }] }
}

pub(super) fn scale(column: &str, center: f64, scale: f64) -> FittedStep {
    let columns = vec![Scaled { column: column.to_owned(), center, scale }];
    FittedStep::Scale { method: Scaling::Standard, columns }
}

pub(super) fn one_hot(
    column: &str,
    categories: &[&str],
    missing_as: Option<&str>,
    unknown: UnknownCategory,
) -> FittedStep {
    let (categories, missing_as) = (strings(categories), missing_as.map(str::to_owned));
    FittedStep::OneHot { columns: vec![OneHot { column: column.to_owned(), categories, missing_as, unknown }] }
}

impl Sample {
    /// A hundred categories of which the rows know three.
    fn with_many_levels(&mut self) {
        for step in &mut self.model.recipe.steps {
            if let FittedStep::Category { columns } = step {
                columns[0].levels.extend((3..100).map(|level| format!("village {level}")));
            }
        }
    }

    /// Gives a column other steps; every step of these recipes has one column.
    pub fn replace_steps(&mut self, column: &str, steps: Vec<FittedStep>) {
        self.model.recipe.steps.retain(|step| column_of(step) != column);
        self.model.recipe.steps.extend(steps);
    }
}

fn column_of(step: &FittedStep) -> &str {
    match step {
        FittedStep::Impute { columns } => &columns[0].column,
        FittedStep::Scale { columns, .. } => &columns[0].column,
        FittedStep::OneHot { columns } => &columns[0].column,
        FittedStep::Category { columns } => &columns[0].column,
        other => panic!("{other:?} is no step of a sample"),
    }
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
            let leaf = TreeNode::Leaf { values: vec![1e9 + 0.1].into(), cover: 1 };
            FittedModel::DecisionTree { tree: Tree { nodes: vec![leaf] } }
        }
        (Some("tree"), _) => FittedModel::DecisionTree { tree: tree(n_features, n_outputs) },
        (_, Task::Regression) => {
            FittedModel::Linear { coefficients: numbers(n_features), intercept: 1000.5, link: Link::Identity }
        }
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
        calibration: None,
        threshold: None,
    };
    Sample { name, model, inputs: schemas(columns), raw: rows(columns, n_rows) }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn recipe(names: [&'static str; N_COLUMNS]) -> FittedRecipe {
    let number = |at: usize, whole, value, center, width| {
        (ColumnInput::Number { whole }, vec![impute(names[at], value), scale(names[at], center, width)])
    };
    let text = |at: usize, categories: &[&str], missing_as, unknown| {
        (ColumnInput::Text, vec![one_hot(names[at], categories, missing_as, unknown)])
    };
    let spelled = |at: usize, yes: &[&str], no: &[&str], value| {
        let (true_spellings, false_spellings) = (strings(yes), strings(no));
        (ColumnInput::BooleanText { true_spellings, false_spellings }, vec![impute(names[at], value)])
    };
    let (yes, no) = (["TRUE", "True", "true"], ["FALSE", "False", "false"]);
    // The text column comes first, so that features change their order in the graph.
    let columns = [
        (3, text(3, &["Oslo", "São Paulo", "Łódź"], Some("Oslo"), UnknownCategory::Ignore)),
        (0, number(0, false, 41.5, 40.25, 13.7)),
        (1, number(1, true, 3.0, 4.5, 2.25)),
        (2, number(2, false, 51_234.56, 60_000.0, 33_333.3)),
        (4, text(4, &["basic", "it's \"pro\", really", "plus"], Some("basic"), UnknownCategory::Missing)),
        (5, spelled(5, &yes, &no, 1.0)),
        (6, spelled(6, &yes, &no, 0.0)),
        (7, spelled(7, &["TRUE", "True", "true", "yes"], &["FALSE", "False", "false", "no"], 1.0)),
    ];
    let mut recipe = FittedRecipe { format_version: 2, inputs: vec![], steps: vec![], features: vec![] };
    for (at, (input, steps)) in columns {
        recipe.inputs.push(RecipeInput { name: names[at].to_owned(), input });
        recipe.features.push(names[at].to_owned());
        recipe.steps.extend(steps);
    }
    recipe
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
            let (left, right) = (2 * at + 1, 2 * at + 2);
            return TreeNode::Split { feature, threshold, left, right, gain: 1.0, cover: 1, missing_left: at % 3 == 0 };
        }
        let mut values: Vec<f64> = (0..n_outputs).map(|_| rng.gen_range(0.0..1.0)).collect();
        let sum: f64 = values.iter().sum();
        if n_outputs > 1 {
            values.iter_mut().for_each(|v| *v /= sum);
        } else {
            values[0] += 1e8;
        }
        TreeNode::Leaf { values: values.into(), cover: 1 }
    });
    Tree { nodes: nodes.collect() }
}

/// Recipe and model applied row by row as their documentation says.
pub(super) fn predict(model: &TrainedModel, raw: &RawColumns) -> Predictions {
    let n_classes = model.classes.len();
    let mut all = Vec::new();
    for row in 0..raw.n_rows {
        let said = said(&model.recipe, &model.model, raw, row, n_classes);
        all.extend(match &model.calibration {
            Some(calibration) => sample_models::corrected(calibration, said),
            None => said,
        });
    }
    match n_classes {
        0 => Predictions::Values(all),
        n_classes => Predictions::Classes { probabilities: all, n_classes },
    }
}

fn said(recipe: &FittedRecipe, model: &FittedModel, raw: &RawColumns, row: usize, n_classes: usize) -> Vec<f64> {
    if let FittedModel::Ensemble { members } = model {
        let mut mean = vec![0.0; n_classes.max(1)];
        for member in members {
            let of_member = said(&member.recipe, &member.model, raw, row, n_classes);
            mean.iter_mut().zip(of_member).for_each(|(mean, said)| *mean += member.weight * said);
        }
        return mean;
    }
    let x = features(recipe, raw, row);
    let dot = |w: &[f64]| w.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>();
    match model {
        FittedModel::Baseline { output } => output.clone(),
        FittedModel::Linear { coefficients, intercept, link } => {
            let z = dot(coefficients) + intercept;
            vec![if *link == Link::Log { z.exp() } else { z }]
        }
        FittedModel::Logistic { coefficients, intercepts } if coefficients.len() == 1 => {
            let p = 1.0 / (1.0 + (-(dot(&coefficients[0]) + intercepts[0])).exp());
            vec![1.0 - p, p]
        }
        FittedModel::Logistic { coefficients, intercepts } => {
            let z: Vec<f64> = coefficients.iter().zip(intercepts).map(|(w, b)| dot(w) + b).collect();
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = z.iter().map(|z| (z - top).exp()).sum();
            z.iter().map(|z| (z - top).exp() / sum).collect()
        }
        FittedModel::DecisionTree { tree } => tree.leaf(&x).to_vec(),
        other => sample_models::answer(other, &x, n_classes),
    }
}

/// The features of one row: each column for itself, its steps in their order.
fn features(recipe: &FittedRecipe, raw: &RawColumns, row: usize) -> Vec<f64> {
    let mut all = Vec::new();
    for RecipeInput { name, input } in &recipe.inputs {
        let cells = &raw.columns.iter().find(|(given, _)| given == name).unwrap().1;
        let mut x = match (cells, input) {
            (RawColumn::Numbers(v), _) if v[row].is_finite() => v[row],
            (RawColumn::Texts(v), ColumnInput::BooleanText { true_spellings, .. })
                if true_spellings.contains(&v[row]) =>
            {
                1.0
            }
            (RawColumn::Texts(v), ColumnInput::BooleanText { false_spellings, .. })
                if false_spellings.contains(&v[row]) =>
            {
                0.0
            }
            _ => f64::NAN,
        };
        let mut is_number = true;
        for step in recipe.steps.iter().filter(|step| column_of(step) == name) {
            match (step, cells) {
                (FittedStep::Impute { columns }, _) if x.is_nan() => x = columns[0].value,
                (FittedStep::Impute { .. }, _) => {}
                (FittedStep::Scale { columns, .. }, _) => x = (x - columns[0].center) / columns[0].scale,
                (FittedStep::Category { columns }, RawColumn::Texts(v)) => {
                    let Coded { levels, .. } = &columns[0];
                    x = levels.iter().position(|level| *level == v[row]).map_or(f64::NAN, |at| at as f64);
                }
                (FittedStep::OneHot { columns }, RawColumn::Texts(v)) => {
                    is_number = false;
                    let OneHot { categories, missing_as, unknown, .. } = &columns[0];
                    let listed = categories.contains(&v[row]);
                    let as_missing = v[row].is_empty() || (!listed && *unknown == UnknownCategory::Missing);
                    let name = if as_missing { missing_as.as_ref() } else { Some(&v[row]) };
                    all.extend(categories.iter().map(|c| f64::from(u8::from(Some(c) == name))));
                }
                other => panic!("{other:?} is no step of a sample"),
            }
        }
        if is_number {
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
