//! The Data page about columns: profile, inspector and relations, driven by accessible label.

use egui::accesskit::Role;

use modelwright::domain::explore::{
    DbscanParams, Explore, ExploreRequest, Explored, Group, GroupColumn, Grouping, Groups, Outliers, Typical,
};
use modelwright::domain::ids::VersionId;
use modelwright::domain::problem::Problem;
use modelwright::domain::question::{Answer, Question};
use modelwright::domain::relations::{
    BoxGroup, Pair, PairPlot, PairShape, RelatedColumn, Relations, Role as ColumnRole, SEED,
};
use modelwright::domain::request::ReportFormat;
use modelwright::domain::table::{ColumnFilter, FilterOp, TableQuery};
use modelwright::state::AppState;
use modelwright::state::command::{Command, PickFor};
use modelwright::state::effect::Message;
use modelwright::state::loadable::Loadable;
use modelwright::ui::pages::data::{DataPage, data_ui};
use modelwright::ui::theme::tokens::Tokens;

use super::pages::Bench;
use super::story;

const VERSION: VersionId = VersionId(3);

#[allow(clippy::field_reassign_with_default, reason = "the state has private fields, so no struct update")]
fn state() -> AppState {
    let mut state = AppState::default();
    state.history = Loadable::Ready(story::history());
    state.focus.version = Some(version());
    state.profiles.insert(version(), Loadable::Ready(story::profile()));
    state
}

fn version() -> VersionId {
    story::history().versions.first().map_or(VERSION, |v| v.id)
}

fn bench(state: AppState) -> Bench<'static> {
    let mut page = DataPage::default();
    Bench::new(state, Tokens::light(), |b| b, move |ui, ctx| data_ui(ui, ctx, &mut page))
}

fn relations() -> Relations {
    let column = |name: &str, role| RelatedColumn { name: name.to_owned(), role };
    let pair = |x, y, value| Pair { x, y, rows: 20_000, value: Some(value), spearman: None };
    Relations {
        format_version: 1,
        rows: 1_000_000,
        rows_used: 200_000,
        seed: SEED,
        columns: vec![
            column("age", ColumnRole::Number),
            column("monthly_fee", ColumnRole::Number),
            column("plan", ColumnRole::Category),
        ],
        left_out: vec![],
        pairs: vec![pair(0, 1, -0.93), pair(0, 2, 0.31), pair(1, 2, 0.55)],
    }
}

fn asked(mut state: AppState, question: Question, answer: Result<Answer, Problem>) -> AppState {
    state.apply(Command::Ask(question.clone()), story::NOW_MS);
    state.receive(Message::Answer(question, answer.map(Box::new)), story::NOW_MS);
    state
}

fn question() -> Question {
    Question::Relations { version: version(), all_rows: false }
}

fn rows_where(column: &str, value: &str) -> Command {
    let filter = ColumnFilter { column: column.to_owned(), op: FilterOp::Equals, value: value.to_owned() };
    Command::SetTableQuery { version: version(), query: TableQuery { filters: vec![filter], ..TableQuery::default() } }
}

#[test]
fn a_frequent_value_leads_to_its_rows() {
    let mut state = state();
    state.focus.column = Some("region".to_owned());
    let mut bench = bench(state);
    let sent = bench.button("south: 4,500 · 22.5 %");
    assert!(sent.contains(&rows_where("region", "south")), "{sent:?}");
}

#[test]
fn the_profile_is_saved_as_page_and_as_json() {
    let mut bench = bench(state());
    bench.button("Profile");
    let label = story::history().version(version()).unwrap().label();
    for (button, format) in [("Save as HTML…", ReportFormat::Html), ("Save as JSON…", ReportFormat::Json)] {
        let pick = PickFor::SaveProfile { version: version(), label: label.clone(), format };
        assert_eq!(bench.button(button), [Command::Pick(pick)]);
    }
}

#[test]
fn relations_are_asked_for_once_looked_at() {
    let mut bench = bench(state());
    let sent = bench.button("Relations");
    assert!(sent.contains(&Command::Ask(question())), "{sent:?}");
    assert!(bench.shows("Loading the relations"));
}

#[test]
fn failed_relations_say_why_and_are_tried_again() {
    let problem = Problem::failed("Could not look at that", "the disk is gone", "Plug it in");
    let mut bench = bench(asked(state(), question(), Err(problem)));
    bench.button("Relations");
    assert!(bench.shows("Could not look at that") && bench.shows("Plug it in"));
    assert_eq!(bench.button("Try again"), [Command::Ask(question())]);
}

#[test]
fn a_table_of_one_column_has_nothing_to_relate() {
    let alone = Relations { columns: vec![], pairs: vec![], ..relations() };
    let mut bench = bench(asked(state(), question(), Ok(Answer::Relations(Box::new(alone)))));
    bench.button("Relations");
    assert!(bench.shows("Nothing to relate"));
}

#[test]
fn a_pair_becomes_a_picture() {
    let group = BoxGroup {
        level: "basic".to_owned(),
        count: 900,
        whiskers: [1.0, 9.0],
        q25: 3.0,
        median: 4.0,
        q75: 6.0,
        mean: 4.5,
        outliers: 1,
        shown: vec![(20.0, 41)],
    };
    let column = |name: &str, role| RelatedColumn { name: name.to_owned(), role };
    let plot = PairPlot {
        x: column("plan", ColumnRole::Category),
        y: column("monthly_fee", ColumnRole::Number),
        rows: 1_000_000,
        rows_used: 200_000,
        shape: PairShape::Boxes { number_is_y: true, groups: vec![group] },
    };
    let pair = Question::Pair { version: version(), x: "plan".into(), y: "monthly_fee".into(), by: None };
    let state = asked(state(), question(), Ok(Answer::Relations(Box::new(relations()))));
    let state = asked(state, pair, Ok(Answer::Pair(Box::new(plot))));
    let mut bench = bench(state);
    bench.button("Relations");
    assert!(bench.shows("From a sample of 200,000 of 1,000,000 rows (seed 42)"));
    assert!(bench.shows("strong"), "a pair beyond 0.9 is marked");
    bench.button("0.55  monthly_fee – plan");
    assert!(bench.shows("Box plot of monthly_fee by plan, 1 groups"));
    let sent = bench.click(Role::Image, "Box plot of monthly_fee by plan, 1 groups");
    assert!(sent.contains(&rows_where("plan", "basic")), "{sent:?}");
}

fn explored(what: Explore) -> Question {
    Question::Explore(ExploreRequest { version: version(), exclude: vec![], seed: 42, what })
}

#[test]
fn groups_are_found_looked_at_and_kept() {
    let by = Grouping::Dbscan(DbscanParams::default());
    let asked_for = explored(Explore::Groups(by));
    let mut bare = bench(state());
    bare.button("Groups");
    bare.click(Role::RadioButton, "DBSCAN");
    assert_eq!(bare.button("Find groups"), [Command::Ask(asked_for.clone())]);

    let group = |number, rows| Group {
        number,
        rows,
        columns: vec![GroupColumn { column: "age".into(), is: Typical::Mean(41.5) }],
    };
    let chosen = Grouping::Dbscan(DbscanParams { eps: Some(0.25), min_samples: 5 });
    let found = Groups {
        rows: 4,
        learned_rows: 4,
        columns: vec!["age".into()],
        by: chosen,
        groups: vec![group(Some(1), 3), group(None, 1)],
        tried: vec![],
        labels: vec![0, 1, 0, 0],
        places: vec![[0.0, 1.0], [9.0, 9.0], [0.1, 1.0], [0.0, 1.2]],
        shares: vec![0.7, 0.2],
        warnings: vec!["a warning".into()],
    };
    let answer = Answer::Explored(Box::new(Explored::Groups(found)));
    let mut bench = bench(asked(state(), asked_for, Ok(answer)));
    bench.button("Groups");
    bench.click(Role::RadioButton, "DBSCAN");
    bench.button("Find groups");
    assert!(bench.shows("1 group by DBSCAN with eps 0.25, min_samples 5") && bench.shows("a warning"));
    assert!(bench.shows("4 rows on their two principal components"));
    let sent = bench.button("Keep as a column");
    let Some(Command::KeepGroups(kept)) = sent.first() else { panic!("{sent:?}") };
    // The distance that was chosen is said, so that the same groups are kept.
    assert_eq!((kept.column.as_str(), kept.groups.what), ("group", Explore::Groups(chosen)));
    let sent = bench.button("No group  1 row (25 %)");
    assert_eq!(sent, [Command::ShowRows { version: version(), column: None, rows: vec![2] }]);
}

#[test]
fn unusual_rows_lead_to_the_table() {
    let question = explored(Explore::Outliers);
    let scores = vec![0.4, 0.71, 0.5];
    let found = Outliers { rows: 3, learned_rows: 3, columns: vec!["age".into()], scores, warnings: vec![] };
    let answer = Answer::Explored(Box::new(Explored::Outliers(found)));
    let mut bench = bench(asked(state(), question, Ok(answer)));
    bench.button("Groups");
    bench.button("Unusual rows");
    bench.button("Find unusual rows");
    let sent = bench.button("1, 2, 0.7100");
    assert_eq!(sent, [Command::ShowRows { version: version(), column: None, rows: vec![2] }]);
}
