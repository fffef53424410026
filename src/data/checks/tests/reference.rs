//! Rules against a reference.

use super::super::testing::*;
use super::N;
use crate::data::table::Cells;
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::schema::ColumnKind::{Categorical, Numeric, Text};

#[test]
fn columns_missing_new_and_renamed_are_found() {
    let reference = clean(N, 1);
    let mut table = clean(N, 2);
    table.schema.columns[2].name = "Age".to_owned();
    let report = check_against(&table, &reference);
    let missing = only(&report, "COLUMNS_MISSING");
    assert_eq!((missing.severity, missing.column.as_deref()), (Error, Some("age")));
    assert!(missing.message.contains("`Age` may be it"));
    let new = only(&report, "COLUMNS_NEW");
    assert_eq!((new.severity, new.count), (Warning, 1));
}

#[test]
fn a_changed_type_is_an_error_unless_there_are_no_values() {
    let reference = clean(N, 1);
    let words = texts((0..N).map(|r| ["young", "old"][r % 2]));
    let report = check_against(&with(clean(N, 2), "age", Categorical, words), &reference);
    let finding = only(&report, "COLUMN_TYPE_CHANGED");
    assert_eq!((finding.severity, finding.column.as_deref()), (Error, Some("age")));
    let empty = Cells::Text((0..N).map(|_| None).collect());
    let report = check_against(&with(clean(N, 2), "age", Text, empty), &reference);
    assert!(result(&report, "COLUMN_TYPE_CHANGED").findings.is_empty());
}

#[test]
fn values_far_or_often_outside_the_reference_are_warned_of() {
    let (reference, table) = (clean(N, 1), clean(N, 2));
    let age = |f: &dyn Fn(usize) -> i64| wholes((0..N).map(f));
    let one_far = with(table.clone(), "age", Numeric, age(&|r| if r == 3 { 870 } else { 30 }));
    let report = check_against(&one_far, &reference);
    let finding = about(&report, "OUT_OF_RANGE", "age");
    assert_eq!((finding.severity, finding.count, &finding.rows[..]), (Warning, 1, &[4][..]));
    let many_near = with(table.clone(), "age", Numeric, age(&|r| if r % 20 == 0 { 90 } else { 30 }));
    assert_eq!(about(&check_against(&many_near, &reference), "OUT_OF_RANGE", "age").severity, Warning);
    let few_near = with(table, "age", Numeric, age(&|r| if r == 3 { 93 } else { 30 }));
    assert_eq!(about(&check_against(&few_near, &reference), "OUT_OF_RANGE", "age").severity, Info);
}

#[test]
fn unknown_categories_are_found() {
    let table =
        with(clean(N, 2), "plan", Categorical, texts((0..N).map(|r| if r % 400 == 1 { "gold" } else { "pro" })));
    let report = check_against(&table, &clean(N, 1));
    let finding = only(&report, "UNKNOWN_CATEGORIES");
    assert_eq!((finding.severity, finding.count, finding.rows[1]), (Warning, 5, 402));
    assert!(finding.message.ends_with("\"gold\""));
}

#[test]
fn more_missing_cells_than_before_are_found() {
    let cells = numbers((0..N).map(|r| if r % 4 == 0 { f64::NAN } else { normal(r, 5) }));
    let report = check_against(&with(clean(N, 2), "score", Numeric, cells), &clean(N, 1));
    let finding = only(&report, "MISSING_INCREASED");
    assert_eq!((finding.count, finding.observed), (500, Some(0.25)));
}

#[test]
fn rows_of_the_reference_are_recognised_under_new_identifiers() {
    let reference = clean(N, 1);
    let rows: Vec<usize> = (0..N).collect();
    let mut table = take(&clean(N + 200, 2), &rows);
    let copied = take(&reference, &(100..300).collect::<Vec<_>>());
    for (mine, theirs) in table.columns.iter_mut().zip(&copied.columns).skip(1) {
        for row in 0..200 {
            match (&mut *mine, theirs) {
                (Cells::Float(a), Cells::Float(b)) => a[row] = b[row],
                (Cells::Int(a), Cells::Int(b)) | (Cells::DatetimeMs(a), Cells::DatetimeMs(b)) => a[row] = b[row],
                (Cells::Boolean(a), Cells::Boolean(b)) => a[row] = b[row],
                (Cells::Text(a), Cells::Text(b)) => {
                    let value = b.get(row).unwrap();
                    a.codes[row] = a.values.iter().position(|v| v == value).unwrap() as u32;
                }
                _ => panic!("same storage"),
            }
        }
    }
    let report = check_against(&table, &reference);
    let finding = only(&report, "TRAIN_TEST_OVERLAP");
    assert_eq!((finding.severity, finding.count, finding.rows[0]), (Warning, 200, 1));
    assert_eq!(only(&check_against(&reference, &reference), "TRAIN_TEST_OVERLAP").share, 1.0);
}
