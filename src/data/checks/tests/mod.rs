//! What all rules have in common, and those about the table alone.

mod reference;
mod target;

use std::collections::BTreeMap;

use super::testing::*;
use super::{Check, CheckInput, RULES, run};
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::data::table::Table;
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::finding::{CheckResult, Verdict};
use crate::domain::io::Silent;
use crate::domain::io::{Cancelled, JobIo};
use crate::domain::schema::ColumnKind::{Categorical, Numeric, Text};
use crate::domain::suite::{CheckSetting, catalogue};

const N: usize = 2000;

#[test]
fn every_rule_is_described_and_reported() {
    let report = check(&clean(100, 1));
    let codes: Vec<&str> = report.checks.iter().map(|c| c.code.as_str()).collect();
    assert_eq!(codes, RULES.iter().map(|(code, _)| *code).collect::<Vec<_>>());
    for ((code, check), spec) in RULES.iter().zip(catalogue()) {
        assert_eq!(matches!(check, Check::Limited(_)), spec.limit.is_some(), "{code}");
    }
}

#[test]
fn clean_tables_raise_no_alarm() {
    for salt in 1..=4 {
        let (table, reference) = (clean(N, salt), clean(N + 500, salt + 100));
        let input =
            CheckInput { reference: Some(TableRef::of(&reference)), target: Some("churn"), ..CheckInput::new(&table) };
        let report = run(&input, &Silent).unwrap();
        assert!(report.passed);
        assert!(alarms(&report).is_empty(), "salt {salt}: {:#?}", alarms(&report));
        for target in ["score", "plan"] {
            let report = quick(CheckInput { target: Some(target), ..input });
            assert!(alarms(&report).is_empty(), "salt {salt}: {:#?}", alarms(&report));
        }
    }
}

#[test]
fn rules_without_their_input_say_so() {
    let report = check(&clean(100, 1));
    assert_eq!(result(&report, "TARGET_LEAKAGE").skipped.as_deref(), Some("No target column given"));
    assert_eq!(result(&report, "OUT_OF_RANGE").skipped.as_deref(), Some("No reference given"));
    assert_eq!(result(&report, "MISSING_VALUES").skipped, None);
}

#[test]
fn a_suite_switches_off_moves_limits_and_changes_severities() {
    let cells = numbers((0..N).map(|r| if r % 10 == 3 { f64::NAN } else { normal(r, 50) }));
    let table = with(clean(N, 1), "income", Numeric, cells);
    let checked = |setting: CheckSetting| {
        let settings = BTreeMap::from([("MISSING_VALUES".to_owned(), setting)]);
        run(&CheckInput { settings: &settings, ..CheckInput::new(&table) }, &Silent).unwrap()
    };
    let off = checked(CheckSetting { off: true, ..CheckSetting::default() });
    assert_eq!(result(&off, "MISSING_VALUES").skipped.as_deref(), Some("Switched off in the suite"));
    assert_eq!(result(&off, "MISSING_VALUES").verdict(), Verdict::Skipped);
    let wide = checked(CheckSetting { limit: Some(0.1), ..CheckSetting::default() });
    assert_eq!(result(&wide, "MISSING_VALUES").verdict(), Verdict::Pass);
    assert_eq!(result(&wide, "MISSING_VALUES").observed, Some(0.1));
    let strict = checked(CheckSetting { severity: Some(Error), ..CheckSetting::default() });
    assert_eq!(result(&strict, "MISSING_VALUES").verdict(), Verdict::Fail);
    assert!(!strict.passed);
}

#[test]
fn a_table_without_rows_or_columns_is_an_error_and_no_panic() {
    for table in [Table::default(), take(&clean(10, 1), &[])] {
        let input =
            CheckInput { reference: Some(TableRef::of(&table)), target: Some("churn"), ..CheckInput::new(&table) };
        let report = run(&input, &Silent).unwrap();
        assert_eq!(only(&report, "EMPTY_TABLE").severity, Error);
        assert!(!report.passed);
    }
    let one = take(&clean(10, 1), &[0]);
    run(&CheckInput { reference: Some(TableRef::of(&one)), target: Some("churn"), ..CheckInput::new(&one) }, &Silent)
        .unwrap();
}

#[test]
fn cancelling_stops_the_run() {
    struct Stop;
    impl JobIo for Stop {
        fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }
    assert!(matches!(run(&CheckInput::new(&clean(10, 1)), &Stop), Err(LoadError::Cancelled(_))));
}

// Integrity.

#[test]
fn missing_cells_above_the_limit_are_counted_with_their_rows() {
    let cells = numbers((0..N).map(|r| if r % 10 == 3 { f64::NAN } else { normal(r, 50) }));
    let report = check(&with(clean(N, 1), "income", Numeric, cells));
    let finding = only(&report, "MISSING_VALUES");
    assert_eq!((finding.column.as_deref(), finding.severity), (Some("income"), Warning));
    assert_eq!((finding.count, finding.observed, finding.limit), (200, Some(0.1), Some(0.05)));
    assert_eq!((finding.rows[0], finding.rows[1], finding.rows.len()), (4, 14, 20));
    assert_eq!(finding.message, "`income` has 200 missing cells (10 %, limit 5 %)");
}

#[test]
fn an_empty_column_is_a_warning_and_as_target_an_error() {
    let table = with(clean(N, 1), "gone", Numeric, numbers(vec![f64::NAN; N]));
    let report = check(&table);
    assert_eq!(only(&report, "EMPTY_COLUMN").severity, Warning);
    assert!(report.passed && result(&report, "MISSING_VALUES").findings.is_empty());
    let report = check_target(&table, "gone");
    assert_eq!(only(&report, "EMPTY_COLUMN").severity, Error);
    assert_eq!(result(&report, "CLASS_IMBALANCE").skipped.as_deref(), Some("The target `gone` has no values"));
}

#[test]
fn infinite_values_are_found() {
    let cells = numbers((0..N).map(|r| if r == 7 || r == 9 { f64::NEG_INFINITY } else { normal(r, 50) }));
    let report = check(&with(clean(N, 1), "ratio", Numeric, cells));
    let finding = only(&report, "INFINITE_VALUES");
    assert_eq!((finding.count, &finding.rows[..]), (2, &[8, 10][..]));
}

#[test]
fn constant_columns_are_found_whatever_is_missing() {
    let country = Cells::Text((0..N).map(|r| (r % 100 != 0).then_some("DE")).collect());
    let report = check(&with(clean(N, 1), "country", Categorical, country));
    let finding = only(&report, "CONSTANT_COLUMN");
    assert_eq!((finding.column.as_deref(), finding.count), (Some("country"), 1980));
    assert_eq!(finding.message, "`country` has the single value \"DE\" in all 1,980 cells that are not missing");
}

#[test]
fn few_duplicate_rows_are_noted_and_many_warned_of() {
    let table = clean(N, 1);
    let mut rows: Vec<usize> = (0..N).collect();
    rows.insert(100, 5);
    let report = check(&take(&table, &rows));
    let finding = only(&report, "DUPLICATE_ROWS");
    assert_eq!((finding.severity, finding.count, &finding.rows[..]), (Info, 1, &[101][..]));
    rows.extend(0..300);
    let report = check(&take(&table, &rows));
    let finding = only(&report, "DUPLICATE_ROWS");
    assert_eq!((finding.severity, finding.count), (Warning, 301));
    assert_eq!(finding.rows[1], N as u64 + 2);
}

#[test]
fn a_column_in_two_copies_is_found() {
    let table = clean(N, 1);
    let copy = table.column("score").unwrap().1.clone();
    let report = check(&with(table, "score_again", Numeric, copy));
    let finding = only(&report, "DUPLICATE_COLUMNS");
    assert!(finding.message.contains("`score_again` equals `score`"));
}

#[test]
fn identifiers_typed_as_something_else_are_warned_of() {
    let numbered = with(clean(N, 1), "row", Numeric, wholes((0..N as i64).map(|i| i + 1)));
    let report = check(&numbered);
    assert_eq!(about(&report, "IDENTIFIER_LIKE", "customer_id").severity, Info);
    let finding = about(&report, "IDENTIFIER_LIKE", "row");
    assert_eq!((finding.severity, finding.count, finding.share), (Warning, N as u64, 1.0));
    let codes: Vec<String> = (0..N).map(|r| format!("X{:08x}", r * 7919)).collect();
    let coded = with(clean(N, 1), "token", Categorical, texts(codes.iter().map(String::as_str)));
    assert_eq!(alarms(&check(&coded))[0].code, "IDENTIFIER_LIKE");
}

// Spelling.

#[test]
fn one_word_among_numbers_is_found() {
    let cells: Vec<String> = (0..N).map(|r| if r == 41 { "oops".to_owned() } else { format!("{}", r % 97) }).collect();
    let report = check(&with(clean(N, 1), "income", Text, texts(cells.iter().map(String::as_str))));
    let finding = only(&report, "MIXED_TYPES");
    assert_eq!((finding.severity, finding.count, &finding.rows[..]), (Warning, 1, &[42][..]));
    assert_eq!(finding.message, "`income` holds mostly numbers, but 1 cell is not a number (0.050 %): \"oops\"");
}

#[test]
fn some_numbers_among_categories_and_words_among_dates_are_found() {
    let cells = (0..N).map(|r| if r % 50 == 0 { "17" } else { ["red", "blue"][r % 2] });
    let report = check(&with(clean(N, 1), "colour", Categorical, texts(cells)));
    assert_eq!((only(&report, "MIXED_TYPES").count, only(&report, "MIXED_TYPES").rows[1]), (40, 51));
    let days: Vec<String> =
        (0..N).map(|r| if r == 9 { "soon".to_owned() } else { format!("2026-01-{:02}", r % 28 + 1) }).collect();
    let report = check(&with(clean(N, 1), "due", Categorical, texts(days.iter().map(String::as_str))));
    assert_eq!(only(&report, "MIXED_TYPES").rows, [10]);
}

#[test]
fn stand_ins_for_missing_values_are_found_in_text_and_numbers() {
    let cells = (0..N).map(|r| if r % 100 == 1 { "?" } else { ["red", "blue"][r % 2] });
    let report = check(&with(clean(N, 1), "colour", Categorical, texts(cells)));
    let finding = only(&report, "PLACEHOLDER_VALUES");
    assert_eq!((finding.count, finding.rows[1]), (20, 102));
    assert!(result(&report, "MIXED_TYPES").findings.is_empty());
    let ages = wholes((0..N).map(|r| if r % 500 == 0 { -999 } else { 18 + (uniform(r, 3) * 70.0) as i64 }));
    let report = check(&with(clean(N, 1), "age", Numeric, ages));
    let finding = only(&report, "PLACEHOLDER_VALUES");
    assert_eq!((finding.count, &finding.rows[..]), (4, &[1, 501, 1001, 1501][..]));
}

#[test]
fn a_measurement_that_happens_to_be_999_is_none() {
    let cells = wholes((0..N).map(|r| (uniform(r, 3) * 5000.0) as i64).chain([999]));
    let table = with(clean(N + 1, 1), "metres", Numeric, cells);
    assert!(result(&check(&table), "PLACEHOLDER_VALUES").findings.is_empty());
}

#[test]
fn spellings_of_one_category_are_found() {
    let cells = (0..N).map(|r| match r {
        10 => "fibre Optic",
        20 | 30 => " Fibre_optic",
        _ => ["Fibre optic", "DSL"][r % 2],
    });
    let report = check(&with(clean(N, 1), "internet", Categorical, texts(cells)));
    let finding = only(&report, "STRING_VARIANTS");
    assert_eq!((finding.count, &finding.rows[..]), (3, &[11, 21, 31][..]));
}

/// Columns no rule was written for, under every kind.
fn strange(kind: crate::domain::schema::ColumnKind, n: usize) -> Table {
    let text = |f: &dyn Fn(usize) -> Option<&'static str>| Cells::Text((0..n).map(f).collect());
    let names = ["", " ", "\u{feff}", "é", "-", "1e999", "2026-13-45", "--5", "ａ", "😀"];
    table(vec![
        ("inf", kind, numbers((0..n).map(|r| if r % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY }))),
        ("huge", kind, numbers((0..n).map(|r| if r % 2 == 0 { f64::MAX } else { -f64::MAX }))),
        ("nan", kind, numbers(vec![f64::NAN; n])),
        ("zeros", kind, numbers((0..n).map(|r| if r % 2 == 0 { 0.0 } else { -0.0 }))),
        ("extremes", kind, wholes((0..n).map(|r| if r % 2 == 0 { i64::MAX } else { i64::MIN }))),
        ("dates", kind, Cells::DatetimeMs((0..n).map(|r| (r % 3 > 0).then_some(i64::MAX)).collect())),
        ("words", kind, text(&|r| Some(names[r % names.len()]))),
        ("one", kind, text(&|r| (r == 0).then_some("x"))),
        ("none", kind, text(&|_| None)),
        ("flag", kind, Cells::Boolean((0..n).map(|r| (r % 5 > 0).then_some(r % 2 == 0)).collect())),
    ])
}

#[test]
fn strange_columns_break_no_rule() {
    for kind in crate::domain::schema::ColumnKind::ALL {
        for n in [1, 2, 31, 400] {
            let (table, reference) = (strange(kind, n), strange(kind, 60));
            for target in table.schema.names() {
                let input = CheckInput {
                    reference: Some(TableRef::of(&reference)),
                    target: Some(target),
                    ..CheckInput::new(&table)
                };
                let report = run(&input, &Silent).unwrap();
                assert!(report.findings().iter().all(|f| f.share <= 1.0 && f.rows.iter().all(|r| *r <= n as u64)));
            }
            let drift = crate::data::drift::compare(TableRef::of(&reference), TableRef::of(&table), &Silent).unwrap();
            assert!(drift.columns.iter().filter_map(|c| c.statistic).all(f64::is_finite));
        }
    }
}

#[test]
fn the_number_of_checks_that_is_announced_is_the_number_that_run() {
    let (table, reference) = (clean(400, 1), clean(400, 2));
    for (target, against) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut input = CheckInput::new(&table);
        input.target = target.then_some(table.schema.columns.last().unwrap().name.as_str());
        input.reference = against.then_some(TableRef::of(&reference));
        let report = run(&input, &Silent).unwrap();
        let not_given = |r: &CheckResult| r.skipped.as_deref().is_some_and(|why| why.ends_with("given"));
        let asked = report.checks.iter().filter(|r| !not_given(r)).count();
        assert_eq!(
            asked,
            catalogue().iter().filter(|spec| spec.runs(target, against)).count(),
            "target {target}, reference {against}"
        );
    }
}
