use super::testing::{dense, fitted, names, table};
use super::*;
use crate::data::table::Cells;
use crate::domain::features::{Block, NO_CODE};
use crate::domain::io::{JobIo, Silent};
use crate::domain::recipe::{
    Aggregate, Binning, ClipRule, ColumnInput, Columns, Combination, DatePart, FillRule, FittedRecipe, FittedStep,
    NumericImpute, RecipeStyle, SelectRule, StepRule, StepSpec, UnknownCategory, WordWeight,
};
use crate::domain::task::Target;

const NAN: f64 = f64::NAN;

fn mixed() -> Table {
    table(vec![
        ("age", Cells::Float(vec![20.0, NAN, 40.0, f64::INFINITY, 1e6])),
        ("calls", Cells::Int(vec![Some(1), Some(3), Some(5), Some(7), Some(999)])),
        ("vip", Cells::Boolean(vec![Some(true), Some(false), None, Some(false), Some(true)])),
        ("plan", Cells::Text([Some("pro"), None, Some("basic"), Some("pro"), Some("gold")].into_iter().collect())),
        ("joined", Cells::DatetimeMs(vec![Some(0), Some(86_400_000), None, Some(5), Some(1_772_323_200_000)])),
    ])
}

const MIXED: [&str; 4] = ["age", "calls", "vip", "plan"];

#[test]
fn learns_from_the_given_rows_only() {
    let recipe = fitted(&mixed(), &[0, 1, 2, 3], &MIXED, &RecipeSpec::default());
    let FittedStep::Impute { columns: filled } = &recipe.steps[0] else { panic!("{:?}", recipe.steps) };
    let FittedStep::Scale { columns: scaled, .. } = &recipe.steps[1] else { panic!("{:?}", recipe.steps) };
    assert_eq!(filled.iter().map(|c| c.value).collect::<Vec<_>>(), [30.0, 4.0, 0.0]);
    // NumPy: std of [20, 30, 40, 30] with ddof 0.
    assert_eq!((scaled[0].center, scaled[0].scale), (30.0, 50_f64.sqrt()));
    assert_eq!((scaled[1].center, scaled[1].scale), (4.0, 5_f64.sqrt()));
    assert_eq!(recipe.input("calls"), Some(&ColumnInput::Number { whole: true }));
    assert_eq!(recipe.feature_names(), ["age", "calls", "vip", "plan=basic", "plan=pro"]);

    let mut other = mixed();
    other.columns[0] = Cells::Float(vec![20.0, NAN, 40.0, f64::INFINITY, -7.0]);
    other.columns[3] = Cells::Text([Some("pro"), None, Some("basic"), Some("pro"), None].into_iter().collect());
    let again = fitted(&other, &[0, 1, 2, 3], &MIXED, &RecipeSpec::default());
    assert_eq!(again, recipe, "row 4 is not a training row");
}

#[test]
fn encodes_training_and_unseen_rows() {
    let t = mixed();
    let spec = RecipeSpec { scaling: Scaling::None, numeric_impute: NumericImpute::Mean, ..RecipeSpec::default() };
    let recipe = fitted(&t, &[0, 1, 2, 3], &MIXED, &spec);
    let input = raw(&t, &[1, 4], &recipe).unwrap();
    assert_eq!(input.warnings, Vec::<String>::new());
    for x in [encode_raw(&input.columns, 0..2, &recipe).unwrap(), encode(&t, &[1, 4], &recipe, &Silent).unwrap()] {
        assert_eq!(x.names, ["age", "calls", "vip", "plan=basic", "plan=pro"]);
        assert_eq!(x.dense(0, 1), [30.0, 3.0, 0.0, 0.0, 0.0]);
        assert_eq!(x.dense(1, 2), [1e6, 999.0, 1.0, 0.0, 0.0], "an unseen category has no indicator");
    }
}

#[test]
fn trees_get_missing_cells_and_categories_as_they_are() {
    let spec = RecipeSpec { style: RecipeStyle::Native, ..RecipeSpec::default() };
    let recipe = fitted(&mixed(), &[0, 1, 2, 3], &MIXED, &spec);
    let x = encode(&mixed(), &[1, 0, 4], &recipe, &Silent).unwrap();
    assert_eq!(x.names, MIXED);
    let Block::Numbers(age) = &x.blocks[0] else { panic!("numbers") };
    assert!(age[0].is_nan());
    assert_eq!(x.blocks[3], Block::Category { codes: vec![NO_CODE, 1, NO_CODE], n_levels: 2 });
}

#[test]
fn dates_become_parts() {
    let recipe =
        fitted(&mixed(), &[0, 1, 2, 3], &["joined"], &RecipeSpec { scaling: Scaling::None, ..RecipeSpec::default() });
    let part = |name: &str| format!("joined.{name}");
    let expected = ["year", "month", "day", "weekday", "hour", "weekend", "days"].map(part);
    assert_eq!(recipe.feature_names(), expected, "with the hour: row 3 has a time of day");
    let x = encode(&mixed(), &[4, 2], &recipe, &Silent).unwrap();
    // 2026-03-01 was a Sunday; the reference is the latest training date.
    assert_eq!(x.dense(0, 1), [2026.0, 3.0, 1.0, 6.0, 0.0, 1.0, 20_512.0]);
    assert!(x.dense(1, 2).iter().all(|v| v.is_finite()), "missing dates are imputed");
}

#[test]
fn rare_categories_share_an_indicator() {
    let cells = ["a", "a", "a", "b", "b", "c", "d"].map(Some);
    let t = table(vec![("c", Cells::Text(cells.into_iter().collect()))]);
    let spec = RecipeSpec { max_categories: 2, ..RecipeSpec::default() };
    let fit = fit(&t, &[0, 1, 2, 3, 4, 5, 6], None, &names(&["c"]), &spec, 0, &Silent).unwrap();
    assert_eq!(fit.features.names, ["c=(other)", "c=a", "c=b"]);
    assert!(fit.warnings[0].contains("4 categories"), "{:?}", fit.warnings);
    assert_eq!(fit.features.dense(6, 7), [1.0, 0.0, 0.0]);
}

#[test]
fn with_a_target_too_many_categories_become_its_means() {
    let cells = (0..60).map(|i| Some(["a", "b", "c", "d"][i % 4]));
    let t = table(vec![("c", Cells::Text(cells.collect()))]);
    let y = Target::Values((0..60).map(|i| f64::from(i % 4)).collect());
    let rows: Vec<u32> = (0..60).collect();
    let learn = |max_categories: usize, style: RecipeStyle| {
        let spec = RecipeSpec { max_categories, style, scaling: Scaling::None, ..RecipeSpec::default() };
        fit(&t, &rows, Some(&y), &names(&["c"]), &spec, 0, &Silent).unwrap()
    };
    let means = learn(3, RecipeStyle::Filled);
    assert_eq!(means.features.names, ["c"]);
    // Within a category all answers are equal: nothing is drawn towards the mean of all.
    assert!(means.features.dense(0, 4).iter().zip([0.0, 1.0, 2.0, 3.0]).all(|(a, b)| (a - b).abs() < 1e-9));
    assert_eq!(learn(4, RecipeStyle::Filled).features.names, ["c=a", "c=b", "c=c", "c=d"]);
    assert_eq!(learn(3, RecipeStyle::Native).features.names, ["c"], "trees keep 254 apart");
}

#[test]
fn a_column_without_any_training_value_is_zero_and_said() {
    let t = table(vec![("a", Cells::Float(vec![NAN, NAN, 5.0])), ("b", Cells::Int(vec![Some(1); 3]))]);
    let fit = fit(&t, &[0, 1], None, &names(&["a", "b"]), &RecipeSpec::default(), 0, &Silent).unwrap();
    assert_eq!(fit.warnings, ["`a` has no value in the training rows; it counts as 0 everywhere"]);
    assert_eq!(dense(&fit.features), [0.0; 4]);
}

#[test]
fn refuses_what_it_cannot_use() {
    let t = table(vec![("x", Cells::Int(vec![Some(1)])), ("c", Cells::Text([None].into_iter().collect()))]);
    let spec = RecipeSpec::default();
    let error = |rows: &[u32], features: &[&str]| fit(&t, rows, None, &names(features), &spec, 0, &Silent).unwrap_err();
    assert_eq!(error(&[0], &[]), RecipeError::NoFeatures);
    assert_eq!(error(&[0], &["c"]), RecipeError::NoFeatures);
    assert_eq!(error(&[], &["x"]), RecipeError::NoRows);
    assert_eq!(error(&[3], &["x"]), RecipeError::NoRow { row: 3, rows: 1 });
    assert_eq!(error(&[0], &["y"]), RecipeError::NoColumns { missing: names(&["y"]), there: "x, c".into() });
}

#[test]
fn trees_take_unscaled_numbers() {
    let spec = RecipeSpec { unknown_category: UnknownCategory::Missing, ..RecipeSpec::default() };
    let tree = spec_for(Algorithm::DecisionTree, &spec);
    assert_eq!((tree.scaling, tree.unknown_category), (Scaling::None, UnknownCategory::Missing));
    assert_eq!(spec_for(Algorithm::Logistic, &spec), spec);
}

fn named(list: &[&str]) -> Columns {
    Columns::Named(names(list))
}

/// One of every step.
pub(super) fn every_step() -> Vec<StepSpec> {
    let on = StepSpec::new;
    let keeping = |columns, rule| StepSpec { keep: true, ..StepSpec::new(columns, rule) };
    vec![
        on(named(&["age"]), StepRule::Clip { limits: ClipRule::Quantiles(0.05, 0.95) }),
        keeping(named(&["age"]), StepRule::Bin { method: Binning::Quantile, bins: 4 }),
        on(named(&["calls"]), StepRule::Impute { with: FillRule::Mode, indicator: true }),
        on(named(&["plan"]), StepRule::Impute { with: FillRule::Text("none".into()), indicator: true }),
        keeping(named(&["plan"]), StepRule::Frequency),
        keeping(named(&["plan"]), StepRule::Ordinal),
        keeping(named(&["plan"]), StepRule::TargetMean { folds: 2, smoothing: None }),
        on(
            named(&["age", "calls"]),
            StepRule::Group { by: "plan".into(), aggregates: vec![Aggregate::Mean, Aggregate::Std] },
        ),
        on(named(&["plan"]), StepRule::GroupRare { min_rows: 3, max_categories: 9 }),
        on(Columns::Dates, StepRule::DateParts { parts: DatePart::ALL.to_vec(), reference_ms: Some(0) }),
        on(named(&["age", "calls"]), StepRule::Combine { how: Combination::Ratio }),
        on(
            named(&[]),
            StepRule::Formula { name: "f".into(), expression: "if(age > 30, log(calls + 1), -age) / 2".into() },
        ),
        keeping(named(&["calls"]), StepRule::Scale { method: Scaling::Power }),
        keeping(named(&["calls"]), StepRule::Scale { method: Scaling::Quantile }),
        keeping(named(&["calls"]), StepRule::Scale { method: Scaling::Robust }),
        keeping(named(&["calls"]), StepRule::Scale { method: Scaling::MinMax }),
        keeping(named(&["plan"]), StepRule::TextLength),
        keeping(named(&["plan"]), StepRule::Words { weight: WordWeight::TfIdf, max_words: 5 }),
        keeping(named(&["plan"]), StepRule::HashWords { columns_made: 3 }),
        on(Columns::Numbers, StepRule::Select { by: SelectRule::Variance(0.0) }),
        on(named(&["vip"]), StepRule::Drop),
    ]
}

fn larger() -> (Table, Target) {
    let n = 60_u32;
    let plans = ["pro", "basic plan", "gold plan", "basic plan", "x"];
    let plan = |i: u32| (i % 11 != 3).then(|| plans[(i * 7 % 5) as usize]);
    let t = table(vec![
        ("age", Cells::Float((0..n).map(|i| if i % 9 == 4 { NAN } else { f64::from(i * 37 % 83) }).collect())),
        ("calls", Cells::Int((0..n).map(|i| (i % 7 != 2).then(|| i64::from(i * 13 % 17) - 4)).collect())),
        ("vip", Cells::Boolean((0..n).map(|i| Some(i % 3 == 0)).collect())),
        ("plan", Cells::Text((0..n).map(plan).collect())),
        ("joined", Cells::DatetimeMs((0..n).map(|i| (i % 8 != 1).then(|| i64::from(i) * 7_777_777_777)).collect())),
    ]);
    (t, Target::Classes { codes: (0..n).map(|i| (i * 5 / 3) % 2).collect(), n_classes: 2 })
}

#[test]
fn every_step_fits_and_gives_new_rows_what_it_gave_the_training_rows() {
    let (t, target) = larger();
    let rows: Vec<u32> = (0..60).collect();
    let all = names(&["age", "calls", "vip", "plan", "joined"]);
    for style in [RecipeStyle::Filled, RecipeStyle::Native] {
        let spec = RecipeSpec { steps: every_step(), style, ..RecipeSpec::default() };
        let fit = fit(&t, &rows, Some(&target), &all, &spec, 5, &Silent).unwrap();
        let json = serde_json::to_string(&fit.recipe).unwrap();
        let read: FittedRecipe = serde_json::from_str(&json).unwrap();
        assert_eq!(read, fit.recipe);
        let again = encode(&t, &rows, &read, &Silent).unwrap();
        assert_eq!(again.names, fit.features.names);
        for (at, name) in again.names.iter().enumerate() {
            // The target mean of a training row is that of other rows.
            if name.contains("target_mean") {
                continue;
            }
            for row in 0..60 {
                let (a, b) = (again.dense(row, row + 1)[at], fit.features.dense(row, row + 1)[at]);
                assert!(a == b || a.is_nan() && b.is_nan(), "{name}, row {row}: {a} {b}");
                assert!(style == RecipeStyle::Native || a.is_finite(), "{name}, row {row}: {a}");
            }
        }
        let input = raw(&t, &rows, &read).unwrap().columns;
        let pieces: Vec<f64> =
            [0..17, 17..60].into_iter().flat_map(|r| dense(&encode_raw(&input, r, &read).unwrap())).collect();
        assert!(pieces.iter().zip(dense(&again)).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn wrong_steps_say_which_and_why() {
    let (t, target) = larger();
    let rows: Vec<u32> = (0..60).collect();
    let says = |step: StepSpec, target: Option<&Target>| {
        let spec = RecipeSpec { steps: vec![step], ..RecipeSpec::default() };
        fit(&t, &rows, target, &names(&["age", "plan"]), &spec, 0, &Silent).unwrap_err().to_string()
    };
    let target_mean = StepRule::TargetMean { folds: 2, smoothing: None };
    let text = says(StepSpec::new(named(&["plan"]), target_mean.clone()), None);
    assert_eq!(text, "Step 1 of the recipe (target mean): it needs the target, which is not known here");
    let text = says(StepSpec::new(named(&["age"]), target_mean), Some(&target));
    assert_eq!(text, "Step 1 of the recipe (target mean): column `age` is of a kind that the step cannot take");
    let formula = StepRule::Formula { name: "f".into(), expression: "agee + 1".into() };
    let text = says(StepSpec::new(named(&[]), formula), None);
    assert!(text.contains("there is no column `agee` here; the columns are `age`, `plan`"), "{text}");
    let text = says(StepSpec::new(named(&["nothing"]), StepRule::Drop), None);
    assert!(text.contains("column `nothing` is not there when a step asks for it"), "{text}");
}

#[test]
fn a_preview_shows_what_each_step_changes() {
    let spec = RecipeSpec {
        steps: vec![StepSpec::new(named(&["age"]), StepRule::Clip { limits: ClipRule::Iqr(1.5) })],
        ..RecipeSpec::default()
    };
    let shown = preview(&mixed(), &[0, 1, 2, 3], None, &names(&MIXED), &spec, 0, &[1, 4], &Silent).unwrap();
    let titles: Vec<&str> = shown.steps.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["Clip", "Fill missing numbers", "Standardise", "Indicators"]);
    let cells = |list: &[crate::domain::recipe::PreviewedColumn]| -> Vec<Vec<Option<String>>> {
        list.iter().map(|c| c.cells.clone()).collect()
    };
    assert_eq!(cells(&shown.steps[0].before), [[None, Some("1000000".to_owned())]].map(Vec::from));
    assert_eq!(cells(&shown.steps[0].after), [[None, Some("50".to_owned())]].map(Vec::from));
    assert_eq!(shown.steps[3].after[0].cells, [None, None]);
    assert_eq!(shown.features.len(), 4);
}

#[test]
fn hostile_columns_give_finite_features_or_a_readable_error() {
    let all = names(&["age", "calls", "vip", "plan", "joined"]);
    let numbers: [&dyn Fn(u32) -> f64; 5] =
        [&|_| NAN, &|_| 3.0, &|i| if i % 2 == 0 { f64::MAX } else { f64::MIN }, &|i| f64::from(i) * 5e-324, &|i| {
            [f64::INFINITY, NAN, -0.0, 0.0, f64::NEG_INFINITY][i as usize % 5]
        }];
    let texts: [&dyn Fn(u32) -> Option<&'static str>; 4] = [&|_| None, &|_| Some(""), &|_| Some("(other)"), &|i| {
        [Some("\u{0}"), Some("🎉 é\u{301}"), None][i as usize % 3]
    }];
    let whole: [Option<i64>; 3] = [None, Some(i64::MAX), Some(i64::MIN)];
    for n in [1_u32, 2, 7] {
        let rows: Vec<u32> = (0..n).collect();
        for (number, text) in numbers.iter().zip(texts.iter().cycle()) {
            let t = table(vec![
                ("age", Cells::Float((0..n).map(number).collect())),
                ("calls", Cells::Int((0..n).map(|i| whole[i as usize % 3]).collect())),
                ("vip", Cells::Boolean(vec![None; n as usize])),
                ("plan", Cells::Text((0..n).map(text).collect())),
                ("joined", Cells::DatetimeMs((0..n).map(|i| whole[(i as usize + 1) % 3]).collect())),
            ]);
            let target = Target::Classes { codes: vec![0; n as usize], n_classes: 2 };
            let mut specs: Vec<RecipeSpec> = every_step()
                .into_iter()
                .map(|step| RecipeSpec { steps: vec![step], ..RecipeSpec::default() })
                .collect();
            specs.push(RecipeSpec { steps: every_step(), ..RecipeSpec::default() });
            specs.extend(
                [Scaling::Power, Scaling::Quantile, Scaling::Robust, Scaling::MinMax].map(|scaling| RecipeSpec {
                    scaling,
                    style: RecipeStyle::Filled,
                    ..RecipeSpec::default()
                }),
            );
            for spec in specs {
                let Ok(fit) = fit(&t, &rows, Some(&target), &all, &spec, 0, &Silent) else { continue };
                assert!(dense(&fit.features).iter().all(|x| !x.is_infinite()), "{:?}", fit.recipe);
                let json = serde_json::to_string(&fit.recipe).unwrap();
                let read: FittedRecipe = serde_json::from_str(&json).unwrap();
                assert_eq!(encode(&t, &rows, &read, &Silent).unwrap().n_features(), fit.features.n_features());
            }
        }
    }
}

#[test]
fn a_recipe_that_nobody_waits_for_stops() {
    struct Stop;
    impl JobIo for Stop {
        fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }
    let recipe = fitted(&mixed(), &[0, 1, 2, 3], &MIXED, &RecipeSpec::default());
    let again = fit(&mixed(), &[0, 1], None, &names(&MIXED), &RecipeSpec::default(), 0, &Stop);
    assert_eq!(again, Err(RecipeError::Cancelled(Cancelled)));
    assert_eq!(encode(&mixed(), &[0], &recipe, &Stop), Err(RecipeError::Cancelled(Cancelled)));
}
