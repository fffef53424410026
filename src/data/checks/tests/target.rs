//! Rules about the target, and leakage into it.

use super::super::testing::*;
use super::N;
use crate::data::table::Cells;
use crate::data::table::Table;
use crate::domain::finding::Severity::{Error, Info, Warning};
use crate::domain::schema::ColumnKind::{Boolean, Categorical, Identifier, Numeric};

#[test]
fn an_unknown_target_is_an_error() {
    let report = check_target(&clean(100, 1), "nope");
    assert_eq!(only(&report, "TARGET_MISSING").message, "There is no column `nope` to predict");
    assert!(!report.passed);
    assert_eq!(result(&report, "TARGET_LEAKAGE").skipped.as_deref(), Some("There is no column `nope`"));
}

#[test]
fn rows_without_a_target_are_counted() {
    let churn = Cells::Boolean((0..N).map(|r| (r % 20 != 0).then_some(r % 3 == 0)).collect());
    let report = check_target(&with(clean(N, 1), "churn", Boolean, churn), "churn");
    let finding = only(&report, "TARGET_MISSING");
    assert_eq!((finding.severity, finding.count, finding.rows[1]), (Warning, 100, 21));
}

#[test]
fn a_single_class_is_an_error() {
    let report = check_target(&with(clean(N, 1), "churn", Boolean, Cells::Boolean(vec![Some(true); N])), "churn");
    assert_eq!(only(&report, "TARGET_CONSTANT").severity, Error);
    assert!(!report.passed);
    let report = check_target(&with(clean(N, 1), "spend", Numeric, numbers(vec![1.5; N])), "spend");
    assert_eq!(only(&report, "TARGET_CONSTANT").severity, Error);
}

#[test]
fn an_unbalanced_target_is_warned_of_with_its_rare_rows() {
    let churn = Cells::Boolean((0..N).map(|r| Some(r % 50 == 7)).collect());
    let report = check_target(&with(clean(N, 1), "churn", Boolean, churn), "churn");
    let finding = only(&report, "CLASS_IMBALANCE");
    assert_eq!((finding.count, finding.share, finding.rows[0]), (40, 0.02, 8));
    assert!((finding.observed.unwrap() - 40.0 / 1960.0).abs() < 1e-12);
    let report = check_target(&clean(N, 1), "charges");
    assert_eq!(result(&report, "CLASS_IMBALANCE").skipped.as_deref(), Some("The target is a number, not a class"));
}

#[test]
fn classes_of_a_handful_of_rows_are_named() {
    let cells = (0..N).map(|r| if r < 2 { "refund" } else { ["yes", "no"][r % 2] });
    let report = check_target(&with(clean(N, 1), "outcome", Categorical, texts(cells)), "outcome");
    let finding = only(&report, "RARE_CLASSES");
    assert_eq!((finding.count, &finding.rows[..]), (1, &[1, 2][..]));
    assert_eq!(finding.message, "In `outcome`, 1 class has fewer than 5 rows: \"refund\" (2 rows)");
}

#[test]
fn equal_features_with_other_labels_conflict() {
    let table = clean(N, 1);
    let mut rows: Vec<usize> = (0..N).collect();
    rows.push(5);
    let mut table = take(&table, &rows);
    let churn = table.schema.index_of("churn").unwrap();
    let Cells::Boolean(labels) = &mut table.columns[churn] else { panic!("boolean") };
    labels[N] = labels[5].map(|l| !l);
    let report = check_target(&table, "churn");
    let finding = only(&report, "CONFLICTING_LABELS");
    assert_eq!((finding.severity, finding.count, &finding.rows[..]), (Warning, 2, &[6, N as u64 + 1][..]));
    assert!(result(&report, "DUPLICATE_ROWS").findings.is_empty());
}

#[test]
fn conflicts_among_coarse_features_are_only_noted() {
    let table = table(vec![
        ("plan", Categorical, texts((0..N).map(|r| ["a", "b"][r % 2]))),
        ("churn", Boolean, Cells::Boolean((0..N).map(|r| Some(uniform(r, 1) < 0.5)).collect())),
    ]);
    assert_eq!(only(&check_target(&table, "churn"), "CONFLICTING_LABELS").severity, Info);
}

fn churn_of(table: &Table) -> Vec<f64> {
    table.column("churn").unwrap().1.numbers()
}

#[test]
fn a_copy_of_the_label_is_an_error_in_any_form() {
    let table = clean(N, 1);
    let y = churn_of(&table);
    let forms = [
        (Numeric, numbers(y.iter().enumerate().map(|(r, y)| y * 3.0 + 0.1 * uniform(r, 9)))),
        (Categorical, texts(y.iter().map(|y| if *y == 1.0 { "left" } else { "stayed" }))),
        (Boolean, Cells::Boolean(y.iter().map(|y| Some(*y == 0.0)).collect())),
    ];
    for (kind, cells) in forms {
        let report = check_target(&with(table.clone(), "twin", kind, cells), "churn");
        let finding = only(&report, "TARGET_LEAKAGE");
        assert_eq!((finding.column.as_deref(), finding.severity), (Some("twin"), Error));
        assert!(finding.observed.unwrap() > 0.99 && !report.passed);
    }
}

#[test]
fn a_nearly_perfect_column_is_warned_of() {
    let table = clean(N, 1);
    let noisy: Vec<f64> = churn_of(&table).iter().enumerate().map(|(r, y)| 2.5 * y + normal(r, 77)).collect();
    let report = check_target(&with(table, "hint", Numeric, numbers(noisy)), "churn");
    let finding = only(&report, "TARGET_LEAKAGE");
    assert_eq!(finding.severity, Warning);
    // scikit-learn's AUC of two unit normals 2.5 apart is Φ(2.5 / √2) = 0.961
    assert!((finding.observed.unwrap() - 0.961).abs() < 0.02);
}

#[test]
fn transforms_of_a_number_are_found() {
    let table = clean(N, 1);
    let charges = table.column("charges").unwrap().1.numbers();
    for f in [|x: f64| x * 1.1, f64::ln, |x: f64| -x] {
        let copy = numbers(charges.iter().map(|x| f(*x)));
        let report = check_target(&with(table.clone(), "copy", Numeric, copy), "charges");
        assert_eq!(only(&report, "TARGET_LEAKAGE").severity, Error);
    }
}

#[test]
fn a_category_of_unique_values_does_not_look_leaky() {
    let names: Vec<String> = (0..N).map(|r| format!("name {r}")).collect();
    let table = with(clean(N, 1), "name", Categorical, texts(names.iter().map(String::as_str)));
    assert!(result(&check_target(&table, "churn"), "TARGET_LEAKAGE").findings.is_empty());
}

#[test]
fn missing_cells_that_tell_the_label_are_found() {
    let table = clean(N, 1);
    let reason =
        churn_of(&table).iter().enumerate().map(|(r, y)| (*y == 1.0).then_some(["price", "moved"][r % 2])).collect();
    let report = check_target(&with(table, "reason", Categorical, Cells::Text(reason)), "churn");
    assert_eq!(only(&report, "MISSINGNESS_LEAKAGE").observed, Some(1.0));
}

#[test]
fn a_table_sorted_by_the_label_is_found_once() {
    let table = clean(N, 1);
    let y = churn_of(&table);
    let mut rows: Vec<usize> = (0..N).collect();
    rows.sort_by(|a, b| y[*a].total_cmp(&y[*b]));
    let mut sorted = take(&table, &rows);
    sorted.columns[0] = wholes(0..N as i64);
    let finding = only(&check_target(&sorted, "churn"), "ORDER_LEAKAGE").clone();
    assert_eq!((finding.column, finding.severity), (None, Warning));
    assert!(finding.observed.unwrap() > 0.95);
}

#[test]
fn an_identifier_that_tells_the_label_is_found() {
    let table = clean(N, 1);
    let ids: Vec<String> = churn_of(&table)
        .iter()
        .enumerate()
        .map(|(r, y)| format!("{}{r:06}", if *y == 1.0 { "L" } else { "A" }))
        .collect();
    let report = check_target(&with(table, "file", Identifier, texts(ids.iter().map(String::as_str))), "churn");
    assert_eq!(only(&report, "ORDER_LEAKAGE").column.as_deref(), Some("file"));
}

#[test]
fn few_rows_are_not_scored() {
    let report = check_target(&clean(20, 1), "churn");
    assert_eq!(result(&report, "TARGET_LEAKAGE").skipped.as_deref(), Some("Needs 30 rows with a target, there are 20"));
}
