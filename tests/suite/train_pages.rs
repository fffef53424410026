//! The Train page, and what the Runs page does with one run, driven by accessible label.

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use modelwright::domain::decision::{Cuts, Decisions};
use modelwright::domain::edit::Edit;
use modelwright::domain::ids::{GroupId, RunId, VersionId};
use modelwright::domain::params::{Algorithm, check_params};
use modelwright::domain::question::{Answer, Question};
use modelwright::domain::recipe::RecipeSpec;
use modelwright::domain::run::RunStatus;
use modelwright::domain::training::{
    GroupRequest, ReproduceOutcome, ReproducedStep, RunGroup, ThresholdRule, Trial, Verdict,
};
use modelwright::state::AppState;
use modelwright::state::command::{Command, PickFor};
use modelwright::state::effect::Message;
use modelwright::state::loadable::Loadable;

use super::pages::{fixture, full, runs, train, with};

#[test]
fn training_as_proposed_asks_for_one_of_each_family() {
    let mut bench = train(full());
    let sent = bench.button("Train 7 models");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.target, "churned");
    use Algorithm as A;
    let families =
        [A::Baseline, A::Logistic, A::NaiveBayes, A::DecisionTree, A::RandomForest, A::ExtraTrees, A::GradientBoosting];
    assert_eq!(request.algorithms, families);
    assert!(bench.shows("best"));
}

const COLUMNS_STEP: &str = "Step 2, Columns and recipe: 9 columns · usual recipe";
const ALGORITHMS_STEP: &str = "Step 4, Algorithms and budget: 7 algorithms · no time limit";

#[test]
fn leaving_out_a_column_and_an_algorithm_reaches_the_request() {
    let mut bench = train(full());
    bench.click(Role::Tab, COLUMNS_STEP);
    bench.click(Role::CheckBox, "Learn from age");
    bench.click(Role::Tab, ALGORITHMS_STEP);
    bench.click(Role::CheckBox, "Decision tree");
    bench.click(Role::CheckBox, "Nearest neighbours");
    bench.click(Role::CheckBox, "Ensemble");
    let sent = bench.button("Train 7 models and an ensemble");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.exclude, ["age"]);
    assert!(request.algorithms.contains(&Algorithm::Knn) && !request.algorithms.contains(&Algorithm::DecisionTree));
    assert!(request.options.ensemble);
}

#[test]
fn a_form_without_algorithms_says_why_it_cannot_run() {
    let mut bench = train(full());
    bench.click(Role::Tab, ALGORITHMS_STEP);
    let usual = ["Baseline", "Logistic regression", "Naive Bayes", "Decision tree"];
    for name in usual.into_iter().chain(["Random forest", "Extra trees", "Gradient boosting"]) {
        bench.click(Role::CheckBox, name);
    }
    assert!(bench.shows("No algorithm is ticked"));
    assert_eq!(bench.button("Train 0 models"), []);
}

#[test]
fn parameters_are_set_in_a_form_made_from_the_algorithm() {
    let mut bench = train(full());
    bench.click(Role::Tab, ALGORITHMS_STEP);
    bench.button("Parameters of Logistic regression");
    assert!(bench.shows("Inverse of the L2 penalty"));
    bench.click(Role::ComboBox, "Logistic regression class_weight");
    bench.button("balanced");
    let sent = bench.button("Train 7 models");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.params[&Algorithm::Logistic]["class_weight"], "balanced".into());
    bench.button("Reset Logistic regression class_weight");
    let sent = bench.button("Train 7 models");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert!(request.params.is_empty());
}

#[test]
fn a_search_is_asked_for_with_its_space() {
    let mut bench = train(full());
    bench.click(Role::Tab, ALGORITHMS_STEP);
    bench.button("Tune one");
    bench.click(Role::CheckBox, "Search Gradient boosting l1");
    let sent = bench.button("Tune in 30 trials");
    let [Command::Tune(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.train.algorithms, [Algorithm::GradientBoosting]);
    assert!(!request.space.contains_key("l1") && request.space.contains_key("learning_rate"));
    bench.button("Tuning");
    assert!(bench.shows("No search for parameters yet"));
}

#[test]
fn steps_of_a_recipe_are_added_moved_and_kept() {
    let mut bench = train(full());
    bench.click(Role::Tab, COLUMNS_STEP);
    bench.button("Recipe steps");
    for step in ["Fill gaps", "Clip outliers"] {
        bench.button("Add a step");
        bench.button(step);
    }
    bench.button("Move step 2 up");
    let sent = bench.button("Train 7 models");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    use modelwright::domain::recipe::StepRule;
    assert!(matches!(request.recipe.steps[0].rule, StepRule::Clip { .. }));
    assert!(matches!(request.recipe.steps[1].rule, StepRule::Impute { .. }));
    bench.button("Remove step 1");
    bench.harness.get_by_label("Name of a template").focus();
    bench.harness.run();
    bench.harness.get_by_label("Name of a template").type_text("filled");
    bench.harness.run();
    let sent = bench.button("Keep");
    let [Command::Edit(Edit::KeepRecipe { name, recipe: Some(recipe) })] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((name.as_str(), recipe.steps.len()), ("filled", 1));
}

#[test]
fn the_leaderboard_is_sorted_by_its_header() {
    let mut bench = train(full());
    bench.button("Sort by Fit");
    assert!(bench.shows("Sort by Fit, sorted"));
}

fn answer(state: &mut AppState, question: Question, answer: Answer) {
    state.asked.start(&question, 0);
    state.asked.finish(&question, Ok(Box::new(answer)));
}

#[test]
fn a_training_that_stopped_is_gone_on_with_or_left() {
    let mut state = full();
    let version = fixture::history().versions.remove(1);
    let request =
        modelwright::ui::pages::train::model::TrainForm::propose(&version, &fixture::history()).request(&version);
    let request = GroupRequest::Train(Box::new(request));
    let group = RunGroup { id: GroupId(4), request, created_at_ms: fixture::NOW_MS - 3_600_000, ended_at_ms: None };
    answer(&mut state, Question::OpenGroups, Answer::OpenGroups(vec![group]));
    let mut bench = train(state);
    assert!(bench.shows("A training for churned stopped with 0 of 7 models done, begun 1 hour ago"));
    let sent = bench.button("Go on");
    let [Command::FocusVersion(VersionId(2)), Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.options.resume, Some(GroupId(4)));
    assert_eq!(bench.button("Leave it"), [Command::Edit(Edit::CloseGroup { group: GroupId(4), closed: true })]);
}

#[test]
fn the_trials_of_a_search_are_drawn_three_ways() {
    let mut history = fixture::history();
    for number in 1..=10_u32 {
        let score = 0.7 + 0.01 * f64::from(number);
        let id = 20 + i64::from(number);
        let mut run = fixture::run(id, RunStatus::Completed, Algorithm::GradientBoosting, 2, Some(score));
        let rate = 0.01 * f64::from(number);
        let draft =
            [("learning_rate".to_owned(), rate.into()), ("max_leaves".to_owned(), f64::from(40 - number).into())];
        run.plan.params = check_params(Algorithm::GradientBoosting, &draft.into()).unwrap();
        run.plan.context.group = Some(GroupId(3));
        run.plan.context.trial = Some(Trial { number, rows_share: 1.0 });
        history.runs.push(run);
    }
    let mut state = with(Loadable::Ready(history));
    state.focus.version = Some(VersionId(2));
    let mut bench = train(state);
    assert!(bench.shows("best of 10 trials"));
    bench.button("Tuning");
    assert!(bench.shows("Gradient boosting · 10 trials · best 0.8000: parameters and ROC AUC of every trial"));
    assert!(bench.shows("What mattered"));
    assert!(bench.shows("ROC AUC of every trial against"));
    let sent = bench.button("Copy data of What mattered as CSV");
    assert!(matches!(sent.as_slice(), [Command::Copy(csv)] if csv.starts_with("parameter,share")));
    assert_eq!(bench.button("Show the best, run 30"), [Command::FocusRun(RunId(30))]);
}

#[test]
fn a_threshold_is_chosen_by_rule_or_cost_and_kept_as_a_new_run() {
    let mut state = full();
    let p: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
    let y: Vec<bool> = (0..200).map(|i| i * 7 % 200 + i > 200).collect();
    let decisions = Decisions {
        positive: "true".into(),
        negative: "false".into(),
        threshold: None,
        calibration: None,
        validation: Some(Cuts::of(&y, &p)),
        test: Some(Cuts::of(&y[..100], &p[..100])),
    };
    answer(&mut state, Question::Decisions { run: RunId(7) }, Answer::Decisions(Box::new(decisions)));
    let mut bench = runs(state);
    bench.button("Threshold");
    assert!(bench.shows("false called true") && bench.shows("200 rows"));
    assert_eq!(bench.button("Keep as a new run"), [], "nothing was changed yet");
    bench.button("Best F1");
    assert!(bench.shows("where F1 is best"));
    let sent = bench.button("Keep as a new run");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.options.decision.threshold, Some(ThresholdRule::F1));
    assert_eq!(request.algorithms, [Algorithm::DecisionTree]);
    bench.button("Least cost");
    assert!(bench.shows("where the cost is least"));
    bench.click(Role::RadioButton, "Test rows");
    assert!(bench.shows("100 rows"));
}

#[test]
fn a_run_is_reproduced_and_says_how_it_went() {
    let mut state = full();
    let step = |step: &str, verdict| ReproducedStep { step: step.into(), verdict, detail: "12 numbers".into() };
    let outcome = ReproduceOutcome {
        run: RunId(7),
        verdict: Verdict::WithinTolerance,
        first_difference: Some("model".into()),
        steps: vec![step("split", Verdict::BitEqual), step("model", Verdict::WithinTolerance)],
        environment: vec!["The processor was A, is B".into()],
        metrics: Default::default(),
    };
    state.reproduced.insert(RunId(7), outcome);
    let mut bench = runs(state);
    assert!(bench.shows("the same but for rounding, first in the model; 1 thing has changed around it"));
    assert!(bench.shows("The processor was A, is B"));
    assert_eq!(bench.button("Reproduce"), [Command::Reproduce(RunId(7))]);
}

#[test]
fn what_is_typed_letter_by_letter_stays_in_its_field() {
    let mut bench = train(full());
    bench.click(Role::Tab, ALGORITHMS_STEP);
    bench.button("Parameters of Gradient boosting");
    let field = "Gradient boosting monotone";
    bench.harness.get_by_role_and_label(Role::TextInput, field).focus();
    bench.harness.run();
    // After the first letters it is no rule yet, and the form says so above and below.
    for letter in ["a", "g", "e", ":", "+"] {
        bench.harness.event(egui::Event::Text(letter.to_owned()));
        bench.harness.run();
    }
    let sent = bench.button("Train 7 models");
    let [Command::Train(request)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(request.params[&Algorithm::GradientBoosting]["monotone"], "age:+".into());
}

#[test]
fn a_recipe_file_comes_into_the_form() {
    let mut state = full();
    let question = Question::RecipeFile { path: "/data/recipe.json".into() };
    let recipe = RecipeSpec::from_json(r#"{"max_categories": 7}"#).unwrap();
    let picked = Command::Picked { pick: PickFor::OpenRecipe, paths: vec!["/data/recipe.json".into()] };
    state.apply(picked, fixture::NOW_MS);
    state.receive(Message::Answer(question, Ok(Box::new(Answer::RecipeFile(Box::new(recipe))))), fixture::NOW_MS);
    let mut bench = train(state);
    assert!(bench.shows("Drag to reorder"), "the steps are in view");
    let sent = bench.button("Train 7 models");
    let request = sent.iter().find_map(|command| match command {
        Command::Train(request) => Some(request),
        _ => None,
    });
    assert_eq!(request.unwrap().recipe.max_categories, 7);
    assert!(sent.contains(&Command::RecipeTaken));
}
