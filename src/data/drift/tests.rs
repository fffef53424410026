use super::*;
use crate::data::table::Cells;
use crate::data::table::testing::{numbers, table};
use crate::domain::drift::{DriftShape, DriftTest};
use crate::domain::io::{Cancelled, Silent};
use crate::domain::schema::ColumnKind;

fn texts(values: &[&str]) -> Cells {
    Cells::Text(values.iter().map(|v| Some(*v)).collect())
}

/// `counts[i]` copies of the i-th value.
fn repeated(values: &[&str], counts: &[usize]) -> Cells {
    let cells: Vec<&str> = values.iter().zip(counts).flat_map(|(v, n)| std::iter::repeat_n(*v, *n)).collect();
    texts(&cells)
}

/// The same formula the oracle script used: `((i a + offset) mod m) / 100 + shift`.
fn sequence(n: u64, a: u64, m: u64, offset: u64, shift: f64) -> Vec<f64> {
    (0..n).map(|i| ((i * a + offset) % m) as f64 / 100.0 + shift).collect()
}

fn one(kind: ColumnKind, reference: Cells, current: Cells) -> ColumnDrift {
    pair((kind, reference), (kind, current))
}

fn pair(reference: (ColumnKind, Cells), current: (ColumnKind, Cells)) -> ColumnDrift {
    let reference = table(vec![("x", reference.0, reference.1)]);
    let current = table(vec![("x", current.0, current.1)]);
    compare(TableRef::of(&reference), TableRef::of(&current), &Silent).unwrap().columns.remove(0)
}

#[track_caller]
fn close(actual: Option<f64>, expected: f64) {
    let actual = actual.unwrap();
    assert!((actual - expected).abs() <= 1e-10 * expected.abs(), "{actual} is not {expected}");
}

#[test]
fn few_reference_rows_of_numbers_get_the_ks_test() {
    let (a, b) = (sequence(1000, 7919, 1009, 0, 0.0), sequence(1500, 6007, 1013, 17, 0.45));
    let drift = one(ColumnKind::Numeric, numbers(a), numbers(b));
    assert_eq!(drift.test, Some(DriftTest::Ks));
    close(drift.statistic, 0.049);
    close(drift.p_value, 0.10956826013562777);
    assert!(!drift.drifted);
}

#[test]
fn many_reference_rows_of_numbers_get_the_normed_wasserstein_distance() {
    // scipy wasserstein_distance / numpy std over the same sequences
    let (a, b) = (sequence(1009, 7919, 1009, 0, 0.0), sequence(1013, 6007, 1013, 17, 0.5));
    let drift = one(ColumnKind::Numeric, numbers(a), numbers(b));
    assert_eq!(drift.test, Some(DriftTest::Wasserstein));
    close(drift.statistic, 0.17852663275946218);
    assert_eq!((drift.p_value, drift.threshold, drift.drifted), (None, Some(0.1), true));
}

#[test]
fn the_limit_counts_reference_rows_after_removing_missing_and_infinite_ones() {
    let mut a = sequence(1001, 7919, 1009, 0, 0.0);
    assert_eq!(one(ColumnKind::Numeric, numbers(a.clone()), numbers(a.clone())).test, Some(DriftTest::Wasserstein));
    a[3] = f64::INFINITY;
    let drift = one(ColumnKind::Numeric, numbers(a.clone()), numbers(a));
    assert_eq!(drift.test, Some(DriftTest::Ks));
    assert_eq!(drift.p_value, Some(1.0));
}

#[test]
fn small_category_counts_get_the_two_sample_chi_square() {
    let values = ["a", "b", "c"];
    let drift = one(ColumnKind::Categorical, repeated(&values, &[30, 20, 10]), repeated(&values, &[25, 30, 15]));
    assert_eq!(drift.test, Some(DriftTest::ChiSquare));
    close(drift.statistic, 2.701298701298702);
    close(drift.p_value, 0.25907197745761495);
    assert!(!drift.drifted);
}

#[test]
fn two_values_get_the_z_test_of_the_larger_one() {
    let values = ["no", "yes"];
    let drift = one(ColumnKind::Categorical, repeated(&values, &[60, 40]), repeated(&values, &[54, 66]));
    assert_eq!(drift.test, Some(DriftTest::ZTest));
    close(drift.statistic, -2.2171131824858055);
    close(drift.p_value, 0.026615358196694874);
    assert!(drift.drifted);
}

#[test]
fn large_category_counts_get_the_jensen_shannon_distance() {
    let values = ["a", "b", "c"];
    let drift = one(ColumnKind::Categorical, repeated(&values, &[200, 400, 1400]), repeated(&values, &[3, 3, 4]));
    assert_eq!(drift.test, Some(DriftTest::JensenShannon));
    close(drift.statistic, 0.22784261945058354);
    assert!(drift.drifted);
}

#[test]
fn numbers_with_few_values_are_compared_by_their_shares() {
    let cells = |counts: &[usize; 3]| numbers([1.0, 2.0, 3.0].iter().zip(counts).flat_map(|(v, n)| vec![*v; *n]));
    let small = one(ColumnKind::Numeric, cells(&[30, 20, 10]), cells(&[25, 30, 15]));
    assert_eq!(small.test, Some(DriftTest::ChiSquare));
    close(small.statistic, 2.701298701298702);
    let large = one(ColumnKind::Numeric, cells(&[200, 400, 1400]), cells(&[3, 3, 4]));
    assert_eq!(large.test, Some(DriftTest::JensenShannon));
    close(large.statistic, 0.22784261945058354);
    let DriftShape::Values { values, .. } = large.shape else { panic!("expected values") };
    assert_eq!(values, ["3", "2", "1"]);
}

#[test]
fn booleans_are_one_column_whether_stored_as_booleans_or_numbers() {
    let as_bool = Cells::Boolean([vec![Some(true); 40], vec![Some(false); 60]].concat());
    let as_int = Cells::Int([vec![Some(1); 66], vec![Some(0); 54]].concat());
    let drift = one(ColumnKind::Boolean, as_bool, as_int);
    assert_eq!(drift.test, Some(DriftTest::ZTest));
    close(drift.p_value, 0.026615358196694874);
    assert_eq!(drift.note, None);
}

#[test]
fn text_is_compared_by_a_classifier() {
    let (a, b) = (vec!["the late parcel"; 300], vec!["a broken screen"; 300]);
    let drift = one(ColumnKind::Text, texts(&a), texts(&b));
    assert_eq!((drift.test, drift.statistic), (Some(DriftTest::DomainClassifier), Some(1.0)));
    assert!(drift.drifted);
    assert!(drift.threshold.unwrap() < 0.6);
    assert!(!one(ColumnKind::Text, texts(&a), texts(&a)).drifted);
}

#[test]
fn equal_constants_do_not_drift_and_different_ones_do() {
    for n in [50, 2000] {
        let same = one(ColumnKind::Numeric, numbers(vec![5.0; n]), numbers(vec![5.0; n]));
        assert_eq!((same.statistic, same.drifted), (Some(0.0), false));
        assert!(one(ColumnKind::Numeric, numbers(vec![5.0; n]), numbers(vec![6.0; n])).drifted);
        let category = |value| repeated(&[value], &[n]);
        assert!(!one(ColumnKind::Categorical, category("a"), category("a")).drifted);
        assert!(one(ColumnKind::Categorical, category("a"), category("b")).drifted);
    }
}

#[test]
fn a_constant_reference_has_a_finite_distance() {
    let current = numbers((0..2000).map(|i| f64::from(i) / 1000.0));
    let drift = one(ColumnKind::Numeric, numbers(vec![1.0; 2000]), current);
    assert!(drift.statistic.unwrap().is_finite() && drift.drifted);
}

#[test]
fn an_empty_side_is_noted_and_hides_nothing() {
    let reference = table(vec![
        ("empty", ColumnKind::Numeric, numbers(vec![f64::NAN; 20])),
        ("x", ColumnKind::Numeric, numbers((0..20).map(f64::from))),
    ]);
    let current = table(vec![
        ("empty", ColumnKind::Numeric, numbers((0..20).map(f64::from))),
        ("x", ColumnKind::Numeric, numbers((100..120).map(f64::from))),
    ]);
    let report = compare(TableRef::of(&reference), TableRef::of(&current), &Silent).unwrap();
    assert_eq!(report.columns[0].column, "x");
    assert_eq!((report.columns[1].test, report.columns[1].drifted), (None, false));
    assert!(report.columns[1].note.as_ref().unwrap().contains("No values in the reference"));
    assert_eq!(report.columns[1].missing, [1.0, 0.0]);
    assert_eq!((report.drifted_share, report.dataset_drift), (1.0, true));
}

#[test]
fn a_changed_kind_of_cell_is_drift() {
    let drift =
        pair((ColumnKind::Numeric, numbers([1.0, 2.0, 3.0])), (ColumnKind::Text, texts(&["one", "two", "three"])));
    assert_eq!((drift.test, drift.drifted), (None, true));
    assert_eq!(drift.note.as_deref(), Some("numeric in the reference, text now"));
}

#[test]
fn a_changed_meaning_of_like_cells_is_compared_and_noted() {
    let drift = pair((ColumnKind::Categorical, texts(&["a", "b", "c"])), (ColumnKind::Text, texts(&["a", "b", "c"])));
    assert_eq!((drift.test, drift.drifted), (Some(DriftTest::ChiSquare), false));
    assert_eq!(drift.note.as_deref(), Some("categorical in the reference, text now; compared as categorical"));
}

#[test]
fn dates_and_identifiers_are_not_compared_but_dates_are_drawn() {
    let days = |from: i64| Cells::DatetimeMs((from..from + 50).map(|d| Some(d * 86_400_000)).collect());
    let drift = one(ColumnKind::Datetime, days(0), days(100));
    assert_eq!((drift.test, drift.drifted), (None, false));
    assert!(matches!(drift.shape, DriftShape::Bins { .. }));
    let ids = Cells::Int((0..50).map(Some).collect());
    assert!(one(ColumnKind::Identifier, ids.clone(), ids).note.is_some());
}

#[test]
fn only_infinite_values_leave_nothing_to_compare() {
    let drift = one(ColumnKind::Numeric, numbers(vec![f64::INFINITY; 5]), numbers([1.0, 2.0]));
    assert_eq!((drift.test, drift.drifted), (None, false));
    assert!(drift.note.unwrap().contains("infinite"));
}

#[test]
fn shares_of_a_shape_sum_to_one() {
    let values: Vec<String> = (0..30).map(|i| format!("v{i:02}")).collect();
    let names: Vec<&str> = values.iter().map(String::as_str).collect();
    let drift = one(ColumnKind::Categorical, repeated(&names, &[3; 30]), repeated(&names, &[2; 30]));
    let DriftShape::Values { values, reference, current } = drift.shape else { panic!("expected values") };
    assert_eq!((values.len(), values[20].as_str()), (21, "(other)"));
    for shares in [reference, current] {
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
    let numbers = one(ColumnKind::Numeric, numbers((0..100).map(f64::from)), numbers((50..200).map(f64::from)));
    let DriftShape::Bins { edges, reference, current } = numbers.shape else { panic!("expected bins") };
    assert_eq!(edges.len(), reference.len() + 1);
    assert!((reference.iter().sum::<f64>() - 1.0).abs() < 1e-12 && (current.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn columns_of_one_side_are_listed_and_tables_without_rows_survive() {
    let reference = table(vec![("a", ColumnKind::Numeric, numbers([])), ("gone", ColumnKind::Numeric, numbers([]))]);
    let current = table(vec![("a", ColumnKind::Numeric, numbers([])), ("new", ColumnKind::Numeric, numbers([]))]);
    let report = compare(TableRef::of(&reference), TableRef::of(&current), &Silent).unwrap();
    assert_eq!((report.only_reference, report.only_current), (vec!["gone".to_owned()], vec!["new".to_owned()]));
    assert_eq!((report.drifted_share, report.dataset_drift), (0.0, false));
}

#[test]
fn cancelling_stops_the_comparison() {
    struct Stop;
    impl JobIo for Stop {
        fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }
    let t = table(vec![("a", ColumnKind::Numeric, numbers([1.0]))]);
    assert!(matches!(compare(TableRef::of(&t), TableRef::of(&t), &Stop), Err(LoadError::Cancelled(_))));
}
