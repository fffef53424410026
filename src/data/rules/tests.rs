use super::*;
use crate::data::columns::StoredTable;
use crate::data::parquet;
use crate::data::table::testing::{numbers, table};
use crate::data::table::{Cells, Table};
use crate::domain::finding::CheckResult;
use crate::domain::io::Silent;
use crate::domain::schema::ColumnKind;
use crate::stats::mix;

const DAY: i64 = 86_400_000;

fn texts(values: &[Option<&str>]) -> Cells {
    Cells::Text(values.iter().copied().collect())
}

/// Six rows with something missing in most columns.
fn small() -> Table {
    let days = [Some(0), Some(DAY + 5), Some(2 * DAY), None, Some(DAY), Some(9 * DAY)];
    table(vec![
        ("id", ColumnKind::Identifier, Cells::Int([1, 2, 2, 4, 5, 6].map(Some).to_vec())),
        ("x", ColumnKind::Numeric, numbers([1.0, 2.0, f64::NAN, 40.0, f64::INFINITY, -3.0])),
        ("n", ColumnKind::Numeric, Cells::Int(vec![Some(3), None, Some(5), Some(7), Some(7), Some(9)])),
        ("plan", ColumnKind::Categorical, texts(&[Some("a"), Some("b"), None, Some("a"), Some("c"), Some("a")])),
        ("on", ColumnKind::Boolean, Cells::Boolean(vec![Some(true), Some(false), None, Some(true), None, Some(true)])),
        ("day", ColumnKind::Datetime, Cells::DatetimeMs(days.to_vec())),
        ("later", ColumnKind::Datetime, Cells::DatetimeMs(days.map(|d| d.map(|d| d + 1)).to_vec())),
        (
            "code",
            ColumnKind::Text,
            texts(&[Some("A-1"), Some("B-22"), Some("{}"), Some("2026-02-30"), None, Some("é")]),
        ),
    ])
}

fn rule(json: &str) -> Rule {
    serde_json::from_str(&format!("{{\"id\":\"r\",{json}}}")).unwrap()
}

fn judged(table: &Table, reference: Option<&Table>, json: &str) -> RuleOutcome {
    let input = RulesInput { table: TableRef::of(table), reference: reference.map(TableRef::of), profile: None };
    run(&input, &[rule(json)], &Silent).unwrap().remove(0)
}

/// Failing rows (0-based) and how many were judged.
#[track_caller]
fn rows(json: &str, failing: &[u32], judged_rows: u64) {
    let outcome = judged(&small(), None, json);
    assert_eq!(outcome.reason, None, "{json}");
    let found: Vec<u32> = outcome.rows.iter().collect();
    assert_eq!((&found[..], outcome.judged), (failing, judged_rows), "{json}");
    assert_eq!(outcome.unexpected, failing.len() as u64);
    assert_eq!(outcome.is_broken(), !failing.is_empty(), "{json}");
}

#[track_caller]
fn number(json: &str, expected: f64, held: bool) {
    let outcome = judged(&small(), Some(&small()), json);
    let Some(Observed::Number(found)) = outcome.observed else { panic!("{json}: {outcome:?}") };
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-9), "{json}: {found}");
    assert_eq!(outcome.verdict, if held { Verdict::Held } else { Verdict::Broken }, "{json}");
}

#[track_caller]
fn impossible(json: &str, expected: &str) {
    let outcome = judged(&small(), Some(&small()), json);
    let reason = outcome.reason.clone().unwrap_or_default();
    assert!(outcome.is_broken() && reason.contains(expected), "{json}: {outcome:?}");
}

#[test]
fn cells_are_missing_or_present() {
    rows(r#""test":"column_values_not_null","column":"x""#, &[2], 6);
    rows(r#""test":"column_values_not_null","column":"plan""#, &[2], 6);
    rows(r#""test":"column_values_not_null","column":"on""#, &[2, 4], 6);
    rows(r#""test":"column_values_null","column":"day""#, &[0, 1, 2, 4, 5], 6);
    rows(r#""test":"column_values_null","column":"plan""#, &[0, 1, 3, 4, 5], 6);
}

#[test]
fn ranges_include_their_ends_unless_strict() {
    rows(r#""test":"column_values_between","column":"x","min_value":1,"max_value":40"#, &[4, 5], 5);
    rows(r#""test":"column_values_between","column":"x","min_value":1,"strict_min":true"#, &[0, 5], 5);
    rows(
        r#""test":"column_values_between","column":"n","min_value":3.5,"max_value":7,"strict_max":true"#,
        &[0, 3, 4, 5],
        5,
    );
    rows(r#""test":"column_values_between","column":"plan","min_value":"a","max_value":"b""#, &[4], 5);
    // A day lasts until midnight.
    rows(r#""test":"column_values_between","column":"day","max_value":"1970-01-02""#, &[2, 5], 5);
    rows(r#""test":"column_values_between","column":"day","min_value":"1970-01-02","strict_min":true"#, &[0, 1, 4], 5);
    rows(r#""test":"column_values_between","column":"day","min_value":"1970-01-02T00:00:00""#, &[0], 5);
}

#[test]
fn sets_are_typed_as_their_column() {
    rows(r#""test":"column_values_in_set","column":"plan","value_set":["a","b"]"#, &[4], 5);
    rows(r#""test":"column_values_not_in_set","column":"plan","value_set":["a"]"#, &[0, 3, 5], 5);
    rows(r#""test":"column_values_in_set","column":"x","value_set":[1,2,40.0]"#, &[4, 5], 5);
    rows(r#""test":"column_values_in_set","column":"n","value_set":["3",5,7.0]"#, &[5], 5);
    rows(r#""test":"column_values_in_set","column":"on","value_set":[true]"#, &[1], 4);
    rows(r#""test":"column_values_in_set","column":"on","value_set":["yes","no"]"#, &[], 4);
    rows(
        r#""test":"column_values_in_set","column":"day","value_set":["1970-01-02T00:00:00","1970-01-02","1970-01-01"]"#,
        &[2, 5],
        5,
    );
}

#[test]
fn texts_are_judged_by_pattern_length_and_form() {
    rows(r#""test":"column_values_match_regex","column":"code","regex":"^[A-Z]-\\d+$""#, &[2, 3, 5], 5);
    rows(r#""test":"column_values_not_match_regex","column":"code","regex":"-""#, &[0, 1, 3], 5);
    rows(
        r#""test":"column_values_match_regex_list","column":"code","regex_list":["^A","2"],"match_on":"any""#,
        &[2, 5],
        5,
    );
    rows(
        r#""test":"column_values_match_regex_list","column":"code","regex_list":["-","2"],"match_on":"all""#,
        &[0, 2, 5],
        5,
    );
    rows(r#""test":"column_values_not_match_regex_list","column":"code","regex_list":["^A","^B"]"#, &[0, 1], 5);
    rows(r#""test":"column_values_match_like_pattern","column":"code","like_pattern":"_-%""#, &[2, 3, 5], 5);
    rows(r#""test":"column_values_not_match_like_pattern","column":"code","like_pattern":"A%""#, &[0], 5);
    rows(
        r#""test":"column_values_match_like_pattern_list","column":"code","like_pattern_list":["A%","%2"]"#,
        &[2, 3, 5],
        5,
    );
    rows(
        r#""test":"column_values_not_match_like_pattern_list","column":"code","like_pattern_list":["A%","%2"]"#,
        &[0, 1],
        5,
    );
    rows(r#""test":"column_value_lengths_between","column":"code","min_value":2,"max_value":4"#, &[3, 5], 5);
    rows(r#""test":"column_value_lengths_equal","column":"code","value":1"#, &[0, 1, 2, 3], 5);
    rows(
        r#""test":"column_values_match_strftime_format","column":"code","strftime_format":"%Y-%m-%d""#,
        &[0, 1, 2, 3, 5],
        5,
    );
    rows(r#""test":"column_values_match_strftime_format","column":"day","strftime_format":"%Y-%m-%d""#, &[1], 5);
    rows(r#""test":"column_values_date_parseable","column":"code""#, &[0, 1, 2, 3, 5], 5);
    rows(r#""test":"column_values_json_parseable","column":"code""#, &[0, 1, 3, 5], 5);
    rows(r#""test":"column_values_start_with","column":"code","text":"A""#, &[1, 2, 3, 5], 5);
    rows(r#""test":"column_values_end_with","column":"code","text":"2""#, &[0, 2, 3, 5], 5);
    rows(r#""test":"column_values_contain","column":"code","text":"-""#, &[2, 5], 5);
    // Numbers are judged as they are written.
    rows(r#""test":"column_values_match_regex","column":"n","regex":"^[357]$""#, &[5], 5);
}

#[test]
fn order_uniqueness_and_outliers() {
    rows(r#""test":"column_values_unique","column":"id""#, &[1, 2], 6);
    rows(r#""test":"column_values_unique","column":"plan""#, &[0, 3, 5], 5);
    rows(r#""test":"column_values_unique","column":"x""#, &[], 5);
    rows(r#""test":"column_values_finite","column":"x""#, &[4], 5);
    rows(r#""test":"column_values_increasing","column":"id""#, &[], 6);
    rows(r#""test":"column_values_increasing","column":"id","strictly":true"#, &[2], 6);
    rows(r#""test":"column_values_increasing","column":"x""#, &[5], 5);
    rows(r#""test":"column_values_decreasing","column":"n""#, &[2, 3, 5], 5);
    rows(r#""test":"column_values_increasing","column":"plan""#, &[3, 5], 5);
    rows(r#""test":"column_values_decreasing","column":"day""#, &[1, 2, 5], 5);
    // Finite values 1, 2, 40, −3: mean 10, standard deviation 20.05; the infinite one is as far as can be.
    rows(r#""test":"column_value_z_scores_below","column":"x","threshold":1.4,"double_sided":true"#, &[3, 4], 5);
    rows(r#""test":"column_value_z_scores_below","column":"x","threshold":0.6,"double_sided":true"#, &[3, 4, 5], 5);
    rows(r#""test":"column_value_z_scores_below","column":"x","threshold":0.6,"double_sided":false"#, &[3, 4], 5);
}

#[test]
fn one_number_is_held_against_limits() {
    number(r#""test":"column_min_between","column":"x","min_value":-3,"max_value":0"#, -3.0, true);
    number(r#""test":"column_max_between","column":"n","max_value":8"#, 9.0, false);
    number(r#""test":"column_mean_between","column":"x","min_value":10,"max_value":10"#, 10.0, true);
    number(r#""test":"column_median_between","column":"x","max_value":1.5"#, 1.5, true);
    number(r#""test":"column_stdev_between","column":"n","min_value":2.28,"max_value":2.29"#, 2.280350850198276, true);
    number(r#""test":"column_sum_between","column":"n","max_value":31"#, 31.0, true);
    number(r#""test":"column_unique_value_count_between","column":"n","min_value":5"#, 4.0, false);
    number(r#""test":"column_unique_value_count_between","column":"plan","min_value":3,"max_value":3"#, 3.0, true);
    number(r#""test":"column_proportion_of_unique_values_between","column":"plan","max_value":0.5"#, 0.6, false);
    number(r#""test":"column_proportion_of_null_values_between","column":"on","max_value":0.1"#, 1.0 / 3.0, false);
    number(r#""test":"table_row_count_between","min_value":1,"max_value":6"#, 6.0, true);
    number(r#""test":"table_row_count_equals","value":7"#, 6.0, false);
    number(r#""test":"table_row_count_between","min_value":4,"only_where":"plan = a""#, 3.0, false);
    number(r#""test":"table_row_count_like_reference","tolerance":0.1"#, 6.0, true);
    number(r#""test":"table_column_count_between","max_value":8"#, 8.0, true);
    number(r#""test":"table_column_count_equals","value":9"#, 8.0, false);
    number(r#""test":"column_max_between","column":"day","max_value":"1970-01-10""#, (9 * DAY) as f64, true);
    let quantiles = judged(
        &small(),
        None,
        r#""test":"column_quantile_values_between","column":"n","quantiles":[{"quantile":0.5,"max_value":7},{"quantile":1,"max_value":8}]"#,
    );
    assert_eq!((quantiles.observed, quantiles.verdict), (Some(Observed::Numbers(vec![7.0, 9.0])), Verdict::Broken));
}

#[test]
fn columns_are_there_in_order_and_of_a_kind() {
    let check = |json: &str, held: bool, values: &[&str]| {
        let outcome = judged(&small(), None, json);
        assert_eq!(outcome.verdict == Verdict::Held, held, "{json}");
        assert_eq!(
            outcome.observed,
            Some(Observed::Values(values.iter().map(|v| (*v).to_owned()).collect())),
            "{json}"
        );
    };
    check(r#""test":"column_exists","column":"x""#, true, &[]);
    check(r#""test":"column_exists","column":"y""#, false, &["y is missing"]);
    check(r#""test":"column_of_kind","column":"x","kinds":["numeric","boolean"]"#, true, &["numeric"]);
    check(r#""test":"column_of_kind","column":"plan","kinds":["numeric"]"#, false, &["categorical"]);
    check(r#""test":"table_columns_match_set","columns":["x","id"],"exact":false"#, true, &[]);
    check(r#""test":"table_columns_match_set","columns":["x","zip"],"exact":false"#, false, &["zip is missing"]);
    check(
        r#""test":"table_columns_within","columns":["id","x","n","plan","on","day","later"]"#,
        false,
        &["code is new"],
    );
    check(r#""test":"table_columns_in_order","columns":["id","zip","n"]"#, true, &["id", "n"]);
    check(r#""test":"table_columns_in_order","columns":["n","id"]"#, false, &["id", "n"]);
    let all = ["id", "x", "n", "plan", "on", "day", "later", "code"];
    let names = serde_json::to_string(&all).unwrap();
    check(&format!(r#""test":"table_columns_match_order","columns":{names}"#), true, &all);
}

#[test]
fn different_values_are_compared_with_a_set() {
    let check = |json: &str, held: bool, values: &[&str]| {
        let outcome = judged(&small(), None, json);
        assert_eq!(outcome.verdict == Verdict::Held, held, "{json}");
        assert_eq!(
            outcome.observed,
            Some(Observed::Values(values.iter().map(|v| (*v).to_owned()).collect())),
            "{json}"
        );
    };
    check(r#""test":"column_distinct_values_in_set","column":"plan","value_set":["a","b"]"#, false, &["c"]);
    check(
        r#""test":"column_distinct_values_contain_set","column":"plan","value_set":["a","z"]"#,
        false,
        &["z is missing"],
    );
    check(r#""test":"column_distinct_values_equal_set","column":"n","value_set":[3,5,7,9]"#, true, &[]);
    check(r#""test":"column_distinct_values_equal_set","column":"on","value_set":[true]"#, false, &["false"]);
    check(r#""test":"column_most_common_value_in_set","column":"plan","value_set":["a","z"]"#, true, &["a"]);
    check(
        r#""test":"column_most_common_value_in_set","column":"x","value_set":[1]"#,
        false,
        &["-3", "1", "2", "40", "inf"],
    );
}

#[test]
fn rows_are_judged_over_several_columns() {
    rows(r#""test":"column_pair_values_a_greater_than_b","column_a":"x","column_b":"n""#, &[0, 5], 4);
    rows(r#""test":"column_pair_values_a_greater_than_b","column_a":"later","column_b":"day""#, &[], 5);
    rows(r#""test":"column_pair_values_equal","column_a":"id","column_b":"n""#, &[0, 2, 3, 4, 5], 5);
    rows(
        r#""test":"column_pair_values_in_set","column_a":"plan","column_b":"id","value_pairs_set":[["a",1],["a",4],["b",2]]"#,
        &[4, 5],
        5,
    );
    rows(r#""test":"compound_columns_unique","columns":["n","on"]"#, &[], 6);
    rows(r#""test":"compound_columns_unique","columns":["plan","on"]"#, &[0, 3, 5], 5);
    rows(r#""test":"multicolumn_sum_equals","columns":["id","n"],"sum_total":4"#, &[2, 3, 4, 5], 5);
    rows(r#""test":"select_column_values_unique_within_record","columns":["id","x","n"]"#, &[0, 1], 6);
}

#[test]
fn expressions_judge_rows_and_leave_unknown_ones_alone() {
    let check = |expression: &str, failing: &[u32], n: u64| {
        let expression = serde_json::to_string(expression).unwrap();
        rows(&format!(r#""test":"rows_satisfy","expression":{expression}"#), failing, n);
    };
    check("day <= later", &[], 5);
    check("later < day", &[0, 1, 2, 4, 5], 5);
    check("n == id + 2", &[2, 3, 5], 5);
    check("n = id + 2 or plan = \"a\"", &[], 4);
    check("x < 10", &[3, 4], 5);
    check("not x < 10", &[0, 1, 5], 5);
    // Unknown or true is true; unknown and false is false.
    check("x < 10 or n >= 0", &[], 6);
    check("x < 10 and n > 100", &[0, 2, 3, 4, 5], 5);
    check("x is missing or x > 0", &[5], 6);
    check("day = 1970-01-02", &[0, 2, 5], 5);
    check("day between 1970-01-01 and '1970-01-02'", &[2, 5], 5);
    check("plan in (\"a\", \"b\") and length(code) < 5", &[3, 4], 5);
    check("on", &[1], 4);
    check("on = true or n > 6", &[], 4);
    check("code contains \"b\" or id != 1", &[0], 6);
    // 0.1 × 3 is 0.3.
    check("id * 0.1 * 3 = id * 0.3", &[], 6);
    check("1 / (id - 1) > 0", &[], 5);
    check("abs(x) = max(x, 0 - x)", &[], 4);
    impossible(r#""test":"rows_satisfy","expression":"x <= plan""#, "numbers cannot be compared with texts");
    impossible(r#""test":"rows_satisfy","expression":"day > 5""#, "write dates as 2026-03-01");
    impossible(r#""test":"rows_satisfy","expression":"plan + 1 > 2""#, "expected numbers, found texts");
    impossible(r#""test":"rows_satisfy","expression":"x < a""#, "there is no column `a`");
    impossible(r#""test":"rows_satisfy","expression":"x <""#, "expected a column");
}

#[test]
fn a_row_filter_leaves_rows_out() {
    rows(
        r#""test":"column_values_between","column":"n","max_value":5,"only_where":"plan = a or plan = b""#,
        &[3, 5],
        3,
    );
    rows(r#""test":"column_values_not_null","column":"x","only_where":"plan is present""#, &[], 5);
    rows(r#""test":"column_values_unique","column":"plan","only_where":"id != 1""#, &[3, 5], 4);
    rows(r#""test":"rows_satisfy","expression":"n < 8","only_where":"id > 3""#, &[5], 3);
    impossible(
        r#""test":"column_values_not_null","column":"x","only_where":"zip = 1""#,
        "row filter: there is no column",
    );
}

#[test]
fn the_reference_is_a_yardstick() {
    let now = table(vec![
        ("x", ColumnKind::Numeric, numbers([1.0, 50.0, -5.0, f64::NAN])),
        ("plan", ColumnKind::Categorical, texts(&[Some("a"), Some("z"), None, Some("c")])),
        ("n", ColumnKind::Numeric, Cells::Int(vec![Some(3), Some(4), Some(9), None])),
    ]);
    let failing = |json: &str| judged(&now, Some(&small()), json).rows.iter().collect::<Vec<u32>>();
    assert_eq!(failing(r#""test":"column_values_in_reference_set","column":"plan""#), [1]);
    assert_eq!(failing(r#""test":"column_values_in_reference_set","column":"n""#), [1]);
    assert_eq!(failing(r#""test":"column_values_in_reference_set","column":"x""#), [1, 2]);
    assert_eq!(failing(r#""test":"column_values_in_reference_range","column":"n""#), [] as [u32; 0]);
    assert_eq!(failing(r#""test":"column_values_in_reference_range","column":"x""#), [2]);
    let json = r#""test":"column_values_in_reference_set","column":"plan""#;
    assert_eq!(judged(&now, None, json).verdict, Verdict::Skipped("No reference given".into()));
    // Alike as can be.
    number(r#""test":"column_ks_p_value_above","column":"x","p_value":0.05"#, 1.0, true);
    number(r#""test":"column_psi_below","column":"plan","threshold":0.1"#, 0.0, true);
    number(r#""test":"column_kl_divergence_below","column":"n","threshold":0.1"#, 0.0, true);
    number(r#""test":"column_wasserstein_below","column":"x","threshold":0.1"#, 0.0, true);
    number(r#""test":"column_cramers_v_below","column":"plan","threshold":0.1"#, 0.0, true);
    number(r#""test":"column_chisquare_p_value_above","column":"plan","p_value":0.05"#, 1.0, true);
}

#[test]
fn one_rule_that_cannot_be_judged_hides_no_other() {
    impossible(
        r#""test":"column_mean_between","column":"plan","min_value":0"#,
        "`plan` holds texts, the rule is about numbers",
    );
    impossible(r#""test":"column_sum_between","column":"day","min_value":0"#, "`day` holds dates");
    impossible(
        r#""test":"column_values_between","column":"day","min_value":"soon""#,
        "expected a date such as 2026-03-01",
    );
    impossible(r#""test":"column_values_in_set","column":"x","value_set":["a"]"#, "expected a number, found \"a\"");
    impossible(r#""test":"column_values_not_null","column":"xx""#, "did you mean `x`");
    impossible(r#""test":"column_values_match_regex","column":"plan","regex":"(""#, "`regex`: this is no pattern");
    let rules = [
        rule(r#""test":"column_mean_between","column":"plan","min_value":0"#),
        rule(r#""test":"column_values_not_null","column":"zip""#),
        Rule::new("contract:not-null:zip", rule(r#""test":"column_values_not_null","column":"zip""#).test),
        rule(r#""test":"column_values_not_null","column":"id""#),
    ];
    let table = small();
    let input = RulesInput { table: TableRef::of(&table), reference: None, profile: None };
    let outcomes = run(&input, &rules, &Silent).unwrap();
    let verdicts: Vec<&Verdict> = outcomes.iter().map(|o| &o.verdict).collect();
    let skipped = Verdict::Skipped("There is no column `zip`".into());
    assert_eq!(verdicts, [&Verdict::Broken, &Verdict::Broken, &skipped, &Verdict::Held]);
}

#[test]
fn empty_tables_break_no_rule_of_cells() {
    let empty = table(vec![("x", ColumnKind::Numeric, numbers([])), ("p", ColumnKind::Text, texts(&[]))]);
    let held = |json: &str| judged(&empty, Some(&empty), json).verdict;
    assert_eq!(held(r#""test":"column_values_between","column":"x","min_value":0"#), Verdict::Held);
    assert_eq!(held(r#""test":"column_values_unique","column":"p""#), Verdict::Held);
    assert_eq!(held(r#""test":"rows_satisfy","expression":"x > 1 and p = \"a\"""#), Verdict::Held);
    for test in ["mean", "median", "min", "max", "stdev"] {
        let json = format!(r#""test":"column_{test}_between","column":"x","min_value":0"#);
        assert!(matches!(held(&json), Verdict::Skipped(_)), "{test}");
    }
}

fn result(json: &str) -> CheckResult {
    let rule = rule(json);
    let table = small();
    let input = RulesInput { table: TableRef::of(&table), reference: None, profile: None };
    let outcomes = run(&input, std::slice::from_ref(&rule), &Silent).unwrap();
    findings(&rule, &outcomes[0])
}

#[test]
fn findings_say_what_was_found_and_expected() {
    let check = |json: &str, message: &str| assert_eq!(result(json).findings[0].message, message);
    check(
        r#""test":"column_values_between","column":"x","min_value":0,"max_value":30,"mostly":0.9"#,
        "3 of 5 cells of `x` (60 %) are not between 0 and 30, such as \"-3\", \"40\", \"inf\"; at most 10 % may",
    );
    check(
        r#""test":"column_values_not_null","column":"plan","only_where":"id < 5""#,
        "1 of 4 cells of `plan` (25 %) are not present, where id < 5",
    );
    check(r#""test":"column_mean_between","column":"x","max_value":3"#, "The mean of `x` is 10, expected at most 3");
    check(
        r#""test":"column_distinct_values_in_set","column":"plan","value_set":["a"]"#,
        "The different values of `plan` are not among \"a\": b, c",
    );
    check(r#""test":"column_exists","column":"zip""#, "Column `zip` is not there");
    check(
        r#""test":"column_max_between","column":"day","max_value":"1970-01-05""#,
        "The largest value of `day` is 1970-01-10, expected at most \"1970-01-05\"",
    );
    check(
        r#""test":"compound_columns_unique","columns":["plan","on"]"#,
        "3 of 5 rows of `plan`, `on` (60 %) are not unique together",
    );
    check(
        r#""test":"column_mean_between","column":"plan","max_value":3"#,
        "The rule cannot be judged: column `plan` holds texts, the rule is about numbers",
    );
    let found = result(r#""test":"column_values_between","column":"x","min_value":0,"max_value":30"#);
    assert_eq!((found.code.as_str(), found.rule.as_deref()), ("COLUMN_VALUES_BETWEEN", Some("r")));
    let finding = &found.findings[0];
    assert_eq!((finding.count, finding.rows.as_slice(), finding.limit), (3, &[4, 5, 6][..], Some(1.0)));
    assert!((finding.share - 0.6).abs() < 1e-12 && !finding.hint.is_empty());
    let held = result(r#""test":"column_mean_between","column":"n","min_value":0"#);
    assert_eq!((held.findings.len(), held.observed), (0, Some(6.2)));
}

/// A table of several pieces on disk, and the same one in memory.
fn large() -> Table {
    let n = 600_000u64;
    let word = |i: u64| (!i.is_multiple_of(11)).then(|| format!("t{}", mix(i) % 500));
    let words: Vec<Option<String>> = (0..n).map(word).collect();
    table(vec![
        ("id", ColumnKind::Identifier, Cells::Int((0..n as i64).map(|i| Some(i - i64::from(i == 599_999))).collect())),
        (
            "x",
            ColumnKind::Numeric,
            numbers((0..n).map(|i| if i % 97 == 0 { f64::NAN } else { (mix(i) % 1000) as f64 })),
        ),
        ("t", ColumnKind::Categorical, Cells::Text(words.iter().map(Option::as_deref).collect())),
        ("wide", ColumnKind::Numeric, Cells::Int((0..n).map(|i| Some((mix(i / 2) >> 1) as i64)).collect())),
    ])
}

#[test]
fn a_table_on_disk_is_judged_as_in_memory_whatever_the_threads() {
    let table = large();
    let file = tempfile::NamedTempFile::new().unwrap();
    parquet::write(&table, file.path(), &Silent).unwrap();
    let stored = StoredTable::open(file.path(), &table.schema).unwrap();
    let rules: Vec<Rule> = [
        r#""test":"column_values_unique","column":"id""#,
        r#""test":"column_values_unique","column":"wide""#,
        r#""test":"column_values_unique","column":"t""#,
        r#""test":"column_values_between","column":"x","max_value":990"#,
        r#""test":"column_values_not_null","column":"t""#,
        r#""test":"column_values_match_regex","column":"t","regex":"^t\\d{1,2}$""#,
        r#""test":"column_values_increasing","column":"id","strictly":true"#,
        r#""test":"column_mean_between","column":"x","min_value":400,"max_value":500"#,
        r#""test":"column_median_between","column":"x","max_value":499"#,
        r#""test":"column_unique_value_count_between","column":"t","max_value":499"#,
        r#""test":"column_unique_value_count_between","column":"wide","max_value":299999"#,
        r#""test":"column_value_z_scores_below","column":"x","threshold":1.7,"double_sided":true"#,
        r#""test":"rows_satisfy","expression":"x <= 995 or t is missing","only_where":"id > 250000""#,
        r#""test":"compound_columns_unique","columns":["t","x"]"#,
        r#""test":"column_most_common_value_in_set","column":"t","value_set":["t1"]"#,
    ]
    .map(rule)
    .into();
    let outcomes =
        |table: TableRef<'_>| run(&RulesInput { table, reference: None, profile: None }, &rules, &Silent).unwrap();
    let memory = outcomes(TableRef::of(&table));
    let disk = outcomes(TableRef { schema: &table.schema, columns: &stored });
    for ((rule, a), b) in rules.iter().zip(&memory).zip(&disk) {
        assert_eq!(a.reason, None);
        assert_eq!((a, rule.describe()), (b, rule.describe()));
    }
    assert_eq!(memory[0].rows.iter().collect::<Vec<_>>(), [599_998, 599_999]);
    assert_eq!(memory[1].unexpected, 600_000);
    assert_eq!(memory[10].observed, Some(Observed::Number(300_000.0)));
}

#[test]
fn a_looser_limit_never_breaks_what_held() {
    let table = small();
    let mut held = 0;
    let mut check = |json: String| {
        let broken = judged(&table, None, &json).is_broken();
        held += u32::from(!broken);
        !broken
    };
    for column in ["x", "n"] {
        for test in ["column_values", "column_mean", "column_max", "column_median", "column_stdev", "column_sum"] {
            let mut before = false;
            for width in [0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0] {
                let now = check(format!(
                    r#""test":"{test}_between","column":"{column}","min_value":{},"max_value":{}"#,
                    5.0 - width,
                    5.0 + width
                ));
                assert!(now || !before, "{test} of {column} at {width}");
                before = now;
            }
        }
        let mut before = true;
        for mostly in [0.1, 0.2, 0.4, 0.5, 0.6, 0.8, 0.9, 1.0] {
            let now = check(format!(
                r#""test":"column_values_between","column":"{column}","min_value":2,"max_value":7,"mostly":{mostly}"#
            ));
            assert!(before || !now, "mostly {mostly} of {column}");
            before = now;
        }
    }
    assert!(held > 20);
}
