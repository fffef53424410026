//! What no room can prove alone: that a recipe says the same in the program and in an exported graph, and that it lets
//! nothing of the answer through.

use std::fmt::Write as _;
use std::fs;

use crate::bundle::onnx::{OnnxModel, export};
use crate::data::recipe;
use crate::data::table::testing::table;
use crate::data::table::{Cells, Table};
use crate::domain::dataset::DatasetVersion;
use crate::domain::io::Silent;
use crate::domain::model::{FittedModel, Link, TrainedModel};
use crate::domain::params::Algorithm;
use crate::domain::random::Shuffler;
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::{
    Aggregate, Balance, Binning, ClipRule, Columns, Combination, DatePart, FillRule, FittedRecipe, PreviewRecipe,
    RecipeSpec, RecipeStyle, Scaling, SelectRule, StepRule, StepSpec,
};
use crate::domain::request::{DataRef, ImportRequest, JobOutcome, JobRequest, TrainOutcome, TrainRequest};
use crate::domain::schema::ColumnKind;
use crate::domain::split::{SplitKind, SplitSpec};
use crate::domain::task::{Target, Task};
use crate::lifecycle::perform;
use crate::store::Workspace;

const ROWS: u32 = 240;

fn customers() -> (Table, Target) {
    let plans = ["pro", "basic plan", "it's \"gold\"", "basic plan", "Łódź", "007"];
    let mut random = Shuffler::new(9);
    let mut draw = |n: usize| random.below(n) as u32;
    let some = |hole: u32| hole != 0;
    let age = (0..ROWS).map(|_| if draw(9) == 0 { f64::NAN } else { f64::from(draw(8000)) / 100.0 - 5.0 }).collect();
    let tiny = (0..ROWS).map(|_| f64::from(draw(1000)) * 1e-11).collect();
    let calls = (0..ROWS).map(|_| some(draw(8)).then(|| i64::from(draw(17)) - 4)).collect();
    let vip = (0..ROWS).map(|_| some(draw(12)).then(|| draw(3) == 0)).collect();
    let plan = (0..ROWS).map(|_| some(draw(10)).then(|| plans[draw(6) as usize])).collect();
    let joined =
        (0..ROWS).map(|_| some(draw(7)).then(|| i64::from(draw(4_000_000)) * 777_777 - 900_000_000_000)).collect();
    let codes = (0..ROWS).map(|_| draw(2)).collect();
    let columns = vec![
        ("age", ColumnKind::Numeric, Cells::Float(age)),
        ("tiny", ColumnKind::Numeric, Cells::Float(tiny)),
        ("calls", ColumnKind::Numeric, Cells::Int(calls)),
        ("vip", ColumnKind::Boolean, Cells::Boolean(vip)),
        ("plan", ColumnKind::Categorical, Cells::Text(plan)),
        ("joined", ColumnKind::Datetime, Cells::DatetimeMs(joined)),
    ];
    (table(columns), Target::Classes { codes, n_classes: 2 })
}

/// Every step that ONNX can say.
fn steps() -> Vec<StepSpec> {
    let named = |list: &[&str]| Columns::Named(list.iter().map(|name| (*name).to_owned()).collect());
    let on = StepSpec::new;
    let keeping = |columns, rule| StepSpec { keep: true, ..StepSpec::new(columns, rule) };
    let formulas = [
        "if(age > 30 and not missing(calls), log(calls + 5), -age) / 2",
        "min(age, calls) + max(calls, 3) * abs(calls) - sqrt(age)",
        "(calls = 2 or calls >= 9) + (calls != 4) / calls",
        "exp(age / 10) * 2",
        "7",
    ];
    let mut steps = vec![
        on(named(&["age"]), StepRule::Clip { limits: ClipRule::Quantiles(0.05, 0.95) }),
        keeping(named(&["age"]), StepRule::Bin { method: Binning::Quantile, bins: 4 }),
        keeping(named(&["calls"]), StepRule::Bin { method: Binning::Uniform, bins: 1 }),
        keeping(named(&["age", "calls", "tiny", "vip"]), StepRule::Scale { method: Scaling::Power }),
        keeping(named(&["age", "calls", "vip"]), StepRule::Scale { method: Scaling::Quantile }),
        keeping(named(&["age", "calls"]), StepRule::Scale { method: Scaling::Robust }),
        keeping(named(&["age", "tiny"]), StepRule::Scale { method: Scaling::MinMax }),
        keeping(named(&["plan"]), StepRule::Frequency),
        keeping(named(&["plan"]), StepRule::Ordinal),
        keeping(named(&["plan"]), StepRule::TargetMean { folds: 3, smoothing: None }),
        on(
            named(&["age", "calls"]),
            StepRule::Group { by: "plan".into(), aggregates: vec![Aggregate::Mean, Aggregate::Std, Aggregate::Count] },
        ),
        keeping(named(&["plan"]), StepRule::Impute { with: FillRule::Text("none".into()), indicator: true }),
        keeping(named(&["plan"]), StepRule::GroupRare { min_rows: 30, max_categories: 9 }),
        on(Columns::Dates, StepRule::DateParts { parts: DatePart::ALL.to_vec(), reference_ms: Some(0) }),
    ];
    for (at, expression) in formulas.into_iter().enumerate() {
        let rule = StepRule::Formula { name: format!("formula {at}"), expression: expression.to_owned() };
        steps.push(on(named(&[]), rule));
    }
    for how in [Combination::Product, Combination::Ratio, Combination::Sum, Combination::Difference] {
        steps.push(on(named(&["age", "calls", "vip"]), StepRule::Combine { how }));
    }
    steps.push(on(named(&["calls"]), StepRule::Impute { with: FillRule::Mode, indicator: true }));
    steps.push(on(named(&["vip"]), StepRule::Drop));
    steps.push(on(Columns::Numbers, StepRule::Select { by: SelectRule::Variance(0.0) }));
    steps
}

/// Rows that no training table has: all missing, unseen, far away.
fn with_odd_rows(mut raw: RawColumns) -> RawColumns {
    for (name, cells) in &mut raw.columns {
        match cells {
            RawColumn::Numbers(v) if name == "joined" => v.extend([f64::NAN, -62_135_596_800_000.0, 0.0, 4e12, 1.0]),
            RawColumn::Numbers(v) => v.extend([f64::NAN, f64::INFINITY, 0.0, 1e6, -1e6]),
            RawColumn::Texts(v) => v.extend(["", "(never seen)", "(other)", "None", "true"].map(str::to_owned)),
        }
    }
    raw.n_rows += 5;
    raw
}

/// A model that answers one column of the recipe: a number as it is, indicators as the position that is set, from 1.
fn answering(recipe: &FittedRecipe, column: &str) -> TrainedModel {
    let recipe = FittedRecipe { features: vec![column.to_owned()], ..recipe.clone() };
    let coefficients = (1..=recipe.n_features()).map(|at| at as f64).collect();
    TrainedModel {
        format_version: 1,
        algorithm: "linear".to_owned(),
        task: Task::Regression,
        target: "target".to_owned(),
        classes: vec![],
        recipe,
        model: FittedModel::Linear { coefficients, intercept: 0.0, link: Link::Identity },
        calibration: None,
        threshold: None,
    }
}

#[test]
fn an_exported_recipe_says_what_the_program_says() {
    let (table, target) = customers();
    let rows: Vec<u32> = (0..ROWS).collect();
    let features: Vec<String> = table.schema.names().map(str::to_owned).collect();
    for (style, scaling) in [(RecipeStyle::Filled, Scaling::Standard), (RecipeStyle::Native, Scaling::None)] {
        let spec = RecipeSpec { steps: steps(), style, scaling, ..RecipeSpec::default() };
        let fitted = recipe::fit(&table, &rows, Some(&target), &features, &spec, 5, &Silent).unwrap().recipe;
        assert!(fitted.features.len() > 40, "{:?}", fitted.features);
        let raw = with_odd_rows(recipe::raw(&table, &rows, &fitted).unwrap().columns);
        for column in &fitted.features {
            let model = answering(&fitted, column);
            let expected = recipe::encode_raw(&raw, 0..raw.n_rows, &model.recipe).unwrap();
            let found = OnnxModel::parse(&export(&model).unwrap()).unwrap().run(&raw).unwrap().values.unwrap();
            let n = expected.n_features();
            for (row, (&found, cells)) in found.iter().zip(expected.dense(0, raw.n_rows).chunks_exact(n)).enumerate() {
                let expected: f64 = cells.iter().zip(1..).map(|(x, at)| x * f64::from(at)).sum();
                let near = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
                assert!(near || found.is_nan() && expected.is_nan(), "{column}, row {row}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn what_onnx_cannot_say_is_refused_by_name() {
    let (table, _) = customers();
    let rows: Vec<u32> = (0..ROWS).collect();
    let step = StepSpec::new(Columns::Texts, StepRule::TextLength);
    let spec = RecipeSpec { steps: vec![step], ..RecipeSpec::default() };
    let fitted = recipe::fit(&table, &rows, None, &["plan".to_owned()], &spec, 0, &Silent).unwrap().recipe;
    let says = export(&answering(&fitted, "plan.length")).unwrap_err().to_string();
    assert_eq!(
        says,
        "this model cannot be exported: step 1 of its recipe (Text length) counts the characters of a text, which ONNX \
         cannot say; train without it, or score with the run itself"
    );
}

fn imported(root: &std::path::Path, csv: &str) -> DatasetVersion {
    let path = root.with_extension("csv");
    fs::write(&path, csv).unwrap();
    match perform(root, &JobRequest::Import(ImportRequest::of(path)), &Silent).unwrap() {
        JobOutcome::Imported(outcome) => outcome.version,
        other => panic!("{other:?}"),
    }
}

fn trained(root: &std::path::Path, version: &DatasetVersion, algorithm: Algorithm, recipe: RecipeSpec) -> TrainOutcome {
    let request = TrainRequest {
        data: DataRef::Version(version.id),
        target: "label".to_owned(),
        task: Some(Task::Binary),
        algorithms: vec![algorithm],
        split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 3 },
        folds: 5,
        params: Default::default(),
        exclude: vec![],
        recipe,
        options: Default::default(),
    };
    match perform(root, &JobRequest::Train(request), &Silent).unwrap() {
        JobOutcome::Trained(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

fn target_mean(columns: &[&str]) -> RecipeSpec {
    let named = Columns::Named(columns.iter().map(|name| (*name).to_owned()).collect());
    let step = StepSpec::new(named, StepRule::TargetMean { folds: 5, smoothing: None });
    RecipeSpec { steps: vec![step], ..RecipeSpec::default() }
}

/// The canary: labels that depend on nothing, a category with a thousand levels, target means. Were a row's own answer
/// in its mean, the area would be far from one half.
#[test]
fn target_means_let_nothing_of_the_answer_through() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    let mut random = Shuffler::new(11);
    let mut csv = "city,noise,label\n".to_owned();
    for _ in 0..4000 {
        writeln!(csv, "c{},{},{}", random.below(1000), random.below(1000), ["no", "yes"][random.below(2)]).unwrap();
    }
    let version = imported(&root, &csv);
    for algorithm in [Algorithm::Logistic, Algorithm::DecisionTree] {
        let outcome = trained(&root, &version, algorithm, target_mean(&["city"]));
        let metrics = &outcome.runs[0].metrics;
        for (part, auc) in [("cv", metrics.cv["roc_auc"]), ("test", metrics.test["roc_auc"])] {
            assert!((auc - 0.5).abs() < 0.05, "{algorithm:?} {part}: {auc}");
        }
        // A row that saw its own label would be told apart in training: the area would be near 0.9.
        let train = metrics.train["roc_auc"];
        assert!(algorithm != Algorithm::Logistic || train < 0.65, "{train}");
    }
}

#[test]
fn a_preview_is_of_the_first_rows_of_the_version() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    let mut csv = "city,x,label\n".to_owned();
    for row in 0..60 {
        writeln!(csv, "c{},{},{}", row % 4, row * 3, ["no", "yes"][(row / 4) % 2]).unwrap();
    }
    let version = imported(&root, &csv);
    let asked = PreviewRecipe {
        version: version.id,
        target: "label".to_owned(),
        task: None,
        exclude: vec![],
        recipe: target_mean(&["city"]),
        algorithm: Some(Algorithm::Logistic),
        rows: 5,
    };
    let shown = super::preview(&Workspace::open(&root).unwrap(), &asked, &Silent).unwrap();
    assert_eq!(shown.fitted_rows, 60);
    assert_eq!(shown.steps[0].title, "Target means");
    assert_eq!(shown.steps[0].before[0].cells[1].as_deref(), Some("c1"));
    assert!(shown.features.iter().all(|column| column.cells.len() == 5));
}

/// Balanced rows decide what is learned, not how likely a class is said to be.
#[test]
fn balancing_keeps_the_prevalence() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("workspace");
    let mut random = Shuffler::new(5);
    let mut csv = "x,label\n".to_owned();
    for row in 0..2000 {
        let positive = row % 10 == 0;
        let x = random.below(100) + if positive { 60 } else { 0 };
        writeln!(csv, "{x},{}", ["no", "yes"][usize::from(positive)]).unwrap();
    }
    let version = imported(&root, &csv);
    for balance in [Balance::Over, Balance::Under] {
        for algorithm in [Algorithm::Logistic, Algorithm::DecisionTree] {
            let spec = RecipeSpec { balance, ..RecipeSpec::default() };
            let balanced = trained(&root, &version, algorithm, spec).runs.remove(0).metrics.test;
            let plain = trained(&root, &version, algorithm, RecipeSpec::default()).runs.remove(0).metrics.test;
            // Probabilities of balanced rows would cost more than twice as much.
            assert!(balanced["log_loss"] < 1.5 * plain["log_loss"], "{balance:?} {algorithm:?} {balanced:?}");
            assert!(balanced["roc_auc"] > plain["roc_auc"] - 0.05);
        }
    }
}
