use super::*;
use crate::data::table::testing::{numbers, table};
use crate::data::table::{Cells, Table};
use crate::domain::io::Silent;
use crate::domain::relations::PairShape;

/// What SciPy and pandas are given in the comments.
fn mixed() -> Table {
    let a = (0..40).map(|i| if i % 9 == 4 { f64::NAN } else { f64::from((i * 17) % 23) });
    let b = (0..40).map(|i| if i % 11 == 3 { f64::NAN } else { f64::from((i * i) % 19) + 0.5 });
    let levels = ["u", "v", "w"];
    let c: Vec<Option<&str>> = (0..40usize).map(|i| (i % 13 != 5).then_some(levels[(i * 7) % 5 % 3])).collect();
    let d: Vec<Option<bool>> = (0..40).map(|i| Some((i * 3) % 7 < 3)).collect();
    let mut table = table(vec![
        ("a", ColumnKind::Numeric, numbers(a)),
        ("id", ColumnKind::Identifier, numbers((0..40).map(f64::from))),
        ("b", ColumnKind::Numeric, numbers(b)),
        ("c", ColumnKind::Categorical, Cells::Text(c.into_iter().collect())),
        ("d", ColumnKind::Boolean, Cells::Boolean(d)),
        ("e", ColumnKind::Numeric, numbers((0..40).map(|_| 1.0))),
    ]);
    for (column, distinct) in table.schema.columns.iter_mut().zip([20, 40, 9, 3, 2, 1]) {
        column.distinct = distinct;
    }
    table
}

#[test]
fn every_pair_has_the_number_of_scipy() {
    let table = mixed();
    let r = relations(&table, &table.schema, Rows::Sampled, &Silent).unwrap();
    let names: Vec<&str> = r.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    let reasons: Vec<&str> = r.left_out.iter().map(|l| l.reason.as_str()).collect();
    assert_eq!(reasons, ["an identifier names rows", "it has one value only"]);
    let close =
        |got: Option<f64>, expected: f64| assert!((got.unwrap() - expected).abs() < 1e-12, "{got:?} {expected}");
    let p = |x, y| r.pair(x, y).unwrap();
    assert_eq!((p(0, 1).rows, p(0, 2).rows, p(2, 3).rows), (32, 34, 37));
    close(p(0, 1).value, -0.0948017860438537);
    close(p(0, 1).spearman, 0.050005166511926255);
    close(p(0, 2).value, 0.11163965268613785);
    close(p(2, 3).value, 0.13268239372508173);
    assert_eq!(p(0, 2).spearman, None);
}

#[test]
fn a_small_budget_gives_the_same_pairs_in_the_same_order() {
    let r = relations(&mixed(), &mixed().schema, Rows::All, &Silent).unwrap();
    let order: Vec<(u32, u32)> = r.pairs.iter().map(|p| (p.x, p.y)).collect();
    assert_eq!(order, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
}

#[test]
fn samples_are_sorted_distinct_and_repeatable() {
    let rows = sample(1_000_000, 5_000);
    assert_eq!(rows.len(), 5_000);
    assert!(rows.windows(2).all(|w| w[0] < w[1]) && rows[4_999] < 1_000_000);
    assert_eq!(rows, sample(1_000_000, 5_000));
    assert_eq!(sample(3, 10), [0, 1, 2]);
}

#[test]
fn two_numbers_are_points_with_their_rows_and_classes() {
    let table = mixed();
    let p = plot(&table, &table.schema, ("a", "b"), Some("c"), &Silent).unwrap();
    let PairShape::Scatter { points, ids, classes, class } = p.shape else { panic!("points expected") };
    assert_eq!((points[0], ids[0], classes[class[0] as usize].as_str()), ([0.0, 0.5], 0, "u"));
    assert_eq!((points.len(), ids[3], class.len()), (32, 5, 32));
    assert_eq!(usize::from(class[3]), classes.len(), "row 5 has no class");
}

#[test]
fn a_number_by_a_category_is_a_box_of_tukeys() {
    let cells: Vec<f64> = vec![1.0, 2.0, 3.0, 4.0, 100.0, 5.0, 7.0];
    let words = ["a", "a", "a", "a", "a", "b", "b"].map(Some);
    let mut table = table(vec![
        ("x", ColumnKind::Numeric, numbers(cells)),
        ("c", ColumnKind::Categorical, Cells::Text(words.into_iter().collect())),
    ]);
    table.schema.columns.iter_mut().for_each(|c| c.distinct = 2);
    let p = plot(&table, &table.schema, ("c", "x"), None, &Silent).unwrap();
    let PairShape::Boxes { number_is_y, groups } = p.shape else { panic!("boxes expected") };
    assert!(number_is_y);
    let a = &groups[0];
    assert_eq!((a.level.as_str(), a.count, a.q25, a.median, a.q75), ("a", 5, 2.0, 3.0, 4.0));
    assert_eq!((a.whiskers, a.outliers, &a.shown), ([1.0, 4.0], 1, &vec![(100.0, 4)]));
    assert_eq!((groups[1].q25, groups[1].whiskers), (5.5, [5.0, 7.0]));
}

#[test]
fn two_categories_are_counts_with_the_rare_values_together() {
    let x: Vec<String> = (0..200).map(|i| format!("x{}", i % 20)).collect();
    let y: Vec<Option<bool>> = (0..200).map(|i| (i % 10 != 0).then_some(i % 2 == 0)).collect();
    let mut table = table(vec![
        ("x", ColumnKind::Categorical, Cells::Text(x.iter().map(|t| Some(t.as_str())).collect())),
        ("y", ColumnKind::Boolean, Cells::Boolean(y)),
    ]);
    table.schema.columns.iter_mut().for_each(|c| c.distinct = 20);
    let p = plot(&table, &table.schema, ("x", "y"), None, &Silent).unwrap();
    let PairShape::Counts { x_levels, y_levels, counts } = p.shape else { panic!("counts expected") };
    assert_eq!((x_levels.len(), x_levels[12].clone(), y_levels.len()), (13, None, 2));
    assert_eq!(counts.iter().flatten().sum::<u64>(), 180);
}

#[test]
fn a_column_without_relations_says_why() {
    let table = mixed();
    let error = plot(&table, &table.schema, ("id", "a"), None, &Silent).unwrap_err().to_string();
    assert_eq!(error, "column `id` has no relations: an identifier names rows");
}
