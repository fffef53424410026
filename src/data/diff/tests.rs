use std::collections::BTreeMap;

use super::*;
use crate::data::profile;
use crate::data::table::testing::{numbers, table};
use crate::data::table::{Cells, Table};
use crate::domain::diff::{CellChange, RowChange};
use crate::domain::io::Silent;
use crate::domain::random::Shuffler;
use crate::domain::schema::{ColumnKind, Storage};

fn run(left: &Table, right: &Table, wish: Wish<'_>) -> Result<Found, LoadError> {
    let profiles = [left, right].map(|t| profile::profile(t, &Silent).unwrap());
    let side = |table, profile| {
        let table: &Table = table;
        Side { table, schema: &table.schema, profile }
    };
    diff(side(left, &profiles[0]), side(right, &profiles[1]), wish, &Silent)
}

fn texts(cells: &[&str]) -> Cells {
    Cells::Text(cells.iter().map(|c| (!c.is_empty()).then_some(*c)).collect())
}

fn ints(cells: &[i64]) -> Cells {
    Cells::Int(cells.iter().map(|&c| Some(c)).collect())
}

fn key(names: &[&str]) -> Vec<String> {
    names.iter().map(|&n| n.to_owned()).collect()
}

/// What a reader of this file would count by hand.
#[test]
fn rows_and_cells_are_added_removed_and_changed() {
    let left = table(vec![
        ("id", ColumnKind::Identifier, texts(&["a", "b", "c", "d"])),
        ("x", ColumnKind::Numeric, numbers([1.0, -0.0, f64::NAN, 4.0])),
        ("gone", ColumnKind::Numeric, ints(&[1, 2, 3, 4])),
    ]);
    let right = table(vec![
        ("x", ColumnKind::Numeric, numbers([4.0, f64::NAN, 0.0, 9.5, 7.0])),
        ("id", ColumnKind::Identifier, texts(&["d", "c", "b", "a", "e"])),
        ("fresh", ColumnKind::Boolean, Cells::Boolean(vec![Some(true); 5])),
    ]);
    let id = key(&["id"]);
    let found = run(&left, &right, Wish { key: &id, limit: 10, column: None }).unwrap();
    assert_eq!(found.rows, RowCounts { added: 1, removed: 0, changed: 1, unchanged: 3 });
    assert!(!found.equal);
    assert_eq!((found.schema.added[0].column.as_str(), found.schema.removed[0].column.as_str()), ("fresh", "gone"));
    assert!(found.schema.reordered && found.schema.changed.is_empty());
    let changed: Vec<(&str, u64)> = found.columns.iter().map(|c| (c.column.as_str(), c.changed_cells)).collect();
    assert_eq!(changed, [("id", 0), ("x", 1)]);
    let [added, changed] = &found.examples[..] else { panic!("{:#?}", found.examples) };
    assert_eq!(
        (added.change, added.rows, &added.key[..]),
        (RowChange::Added, [None, Some(4)], &[Some("e".into())][..])
    );
    let fresh = CellChange { column: "fresh".into(), old: None, new: Some("true".into()) };
    assert_eq!(added.cells, [CellChange { column: "x".into(), old: None, new: Some("7".into()) }, fresh]);
    assert_eq!((changed.change, changed.rows), (RowChange::Changed, [Some(0), Some(3)]));
    assert_eq!(changed.cells, [CellChange { column: "x".into(), old: Some("1".into()), new: Some("9.5".into()) }]);
}

#[test]
fn a_missing_key_is_a_key_and_several_rows_of_one_key_pair_in_order() {
    let left = table(vec![
        ("k", ColumnKind::Text, texts(&["a", "", "a", "b"])),
        ("v", ColumnKind::Numeric, ints(&[1, 2, 3, 4])),
    ]);
    let right = table(vec![
        ("k", ColumnKind::Text, texts(&["", "a", "a", "a"])),
        ("v", ColumnKind::Numeric, ints(&[2, 1, 9, 5])),
    ]);
    let k = key(&["k"]);
    let found = run(&left, &right, Wish { key: &k, limit: 10, column: None }).unwrap();
    assert_eq!(found.rows, RowCounts { added: 1, removed: 1, changed: 1, unchanged: 2 });
    assert_eq!(found.duplicates, [Duplicates { keys: 1, rows: 2 }, Duplicates { keys: 1, rows: 3 }]);
    assert_eq!(found.notes.len(), 2, "{:?}", found.notes);
    let changed = found.examples.last().unwrap();
    assert_eq!(changed.rows, [Some(2), Some(2)]);
}

#[test]
fn a_column_of_another_type_is_compared_as_text() {
    let left = table(vec![("id", ColumnKind::Numeric, ints(&[1, 2, 3])), ("v", ColumnKind::Numeric, ints(&[1, 2, 3]))]);
    let right =
        table(vec![("id", ColumnKind::Numeric, ints(&[1, 2, 3])), ("v", ColumnKind::Text, texts(&["1", "02", "3"]))]);
    let id = key(&["id"]);
    let found = run(&left, &right, Wish { key: &id, limit: 10, column: None }).unwrap();
    assert_eq!(found.rows, RowCounts { changed: 1, unchanged: 2, ..RowCounts::default() });
    assert!(found.columns[1].compared_as_text);
    assert_eq!(found.schema.changed[0].storage, [Storage::Int64, Storage::String]);
    let cell = CellChange { column: "v".into(), old: Some("2".into()), new: Some("02".into()) };
    assert_eq!(found.examples[0].cells, [cell]);
}

#[test]
fn without_a_unique_column_whole_rows_are_compared() {
    let left = table(vec![("a", ColumnKind::Categorical, texts(&["x", "x", "y", "y"]))]);
    let right = table(vec![("a", ColumnKind::Categorical, texts(&["y", "x", "z", "z"]))]);
    let found = run(&left, &right, Wish { limit: 10, ..Wish::default() }).unwrap();
    assert_eq!(found.key.source, KeySource::WholeRows);
    assert_eq!(found.rows, RowCounts { added: 2, removed: 2, changed: 0, unchanged: 2 });
    assert!(found.notes[0].contains("whole rows"));
}

#[test]
fn a_unique_column_is_proposed_identifiers_first() {
    let columns = |shift: i64| {
        let mut t = table(vec![
            ("n", ColumnKind::Numeric, ints(&[1 + shift, 2, 3])),
            ("x", ColumnKind::Numeric, numbers([0.1, 0.2, 0.3])),
            ("code", ColumnKind::Identifier, texts(&["a", "b", "c"])),
        ]);
        t.schema.columns.iter_mut().for_each(|c| c.distinct = 3);
        t
    };
    let found = run(&columns(0), &columns(9), Wish { limit: 10, ..Wish::default() }).unwrap();
    assert_eq!((found.key.source, &found.key.columns[..]), (KeySource::Proposed, &["code".to_owned()][..]));
    assert_eq!(found.key.candidates, ["code", "n"], "a measured number is no key");
    assert_eq!(found.rows.changed, 1);
    let same = run(&columns(0), &columns(0), Wish { limit: 10, ..Wish::default() }).unwrap();
    assert!(same.equal && same.examples.is_empty());
}

#[test]
fn examples_can_be_asked_of_one_column() {
    let n = 50;
    let of = |f: &dyn Fn(i64) -> i64| Cells::Int((0..n).map(|i| Some(f(i))).collect());
    let left = table(vec![
        ("id", ColumnKind::Identifier, of(&|i| i)),
        ("a", ColumnKind::Numeric, of(&|i| i)),
        ("b", ColumnKind::Numeric, of(&|i| i)),
    ]);
    let right = table(vec![
        ("id", ColumnKind::Identifier, of(&|i| i)),
        ("a", ColumnKind::Numeric, of(&|i| i + 1)),
        ("b", ColumnKind::Numeric, of(&|i| if i == 40 { 0 } else { i })),
    ]);
    let id = key(&["id"]);
    let found = run(&left, &right, Wish { key: &id, limit: 3, column: Some("b") }).unwrap();
    assert_eq!(found.rows.changed, 50);
    assert_eq!(found.columns.iter().map(|c| c.changed_cells).collect::<Vec<_>>(), [0, 50, 1]);
    assert_eq!(found.examples.len(), 1);
    assert_eq!(found.examples[0].key, [Some("40".to_owned())]);
    let all = run(&left, &right, Wish { key: &id, limit: 3, column: None }).unwrap();
    assert_eq!(all.examples.len(), 3);
    assert!(run(&left, &right, Wish { key: &key(&["nope"]), limit: 3, column: None }).is_err());
}

/// Against the plainest way to do it: a map from key texts to lists of row texts.
#[test]
fn counts_agree_with_a_map_of_texts() {
    let mut random = Shuffler::new(11);
    for round in 0..30 {
        let mut make = |rows: usize| {
            let mut ids = Vec::new();
            let (mut a, mut b) = (Vec::new(), Vec::new());
            for _ in 0..rows {
                ids.push(Some(random.below(40) as i64).filter(|x| *x > 1));
                a.push(random.below(3) as f64 - 1.0);
                b.push(["", "p", "q"][random.below(3)]);
            }
            table(vec![
                ("id", ColumnKind::Numeric, Cells::Int(ids)),
                ("a", ColumnKind::Numeric, numbers(a)),
                ("b", ColumnKind::Text, texts(&b)),
            ])
        };
        let (left, right) = (make(60), make(55));
        let id = key(&["id"]);
        let found = run(&left, &right, Wish { key: &id, limit: 100, column: None }).unwrap();
        assert_eq!(found.rows, by_map(&left, &right), "round {round}");
    }
}

fn by_map(left: &Table, right: &Table) -> RowCounts {
    type Rows = BTreeMap<Option<String>, Vec<[Option<String>; 2]>>;
    let rows = |t: &Table| {
        let mut map = Rows::new();
        for row in 0..t.n_rows {
            map.entry(t.columns[0].text(row)).or_default().push([t.columns[1].text(row), t.columns[2].text(row)]);
        }
        map
    };
    let (a, mut b) = (rows(left), rows(right));
    let mut counts = RowCounts::default();
    for (key, old) in a {
        let new = b.remove(&key).unwrap_or_default();
        for (x, y) in old.iter().zip(&new) {
            if x == y { counts.unchanged += 1 } else { counts.changed += 1 }
        }
        counts.removed += old.len().saturating_sub(new.len()) as u64;
        counts.added += new.len().saturating_sub(old.len()) as u64;
    }
    counts.added += b.values().map(|rows| rows.len() as u64).sum::<u64>();
    counts
}
