use super::*;
use crate::data::parquet;
use crate::data::table::Table;
use crate::domain::filter::{Comparison, Condition, Filter, Part, Test, Word};
use crate::domain::io::{Cancelled, Silent};
use crate::domain::random::Shuffler;
use crate::domain::schema::ColumnKind;
use crate::domain::schema::ColumnSchema;
use crate::domain::table::FindRequest;
use crate::domain::table::{ColumnFilter, FilterOp, SortKey};

const N: usize = 40_000;

fn table() -> Table {
    let column = |name: &str, storage: Storage| ColumnSchema {
        name: name.into(),
        kind: ColumnKind::Numeric,
        storage,
        missing: 0,
        distinct: 0,
        true_spellings: vec!["yes".into()],
        false_spellings: vec!["no".into()],
        notes: vec![],
        missing_tokens: vec![],
        personal: None,
    };
    let scrambled = |i: usize| (i * 7919) % 40_009;
    let text = |i: usize| (!i.is_multiple_of(11)).then(|| format!("Name {:02}", scrambled(i) % 37));
    let texts: Vec<Option<String>> = (0..N).map(text).collect();
    let missing = |i: usize, x: f64| if i.is_multiple_of(13) { f64::NAN } else { x };
    let columns = vec![
        Cells::Float((0..N).map(|i| missing(i, scrambled(i) as f64 - 20_000.5)).collect()),
        Cells::Int((0..N).map(|i| (i % 5 != 0).then_some(scrambled(i) as i64 % 10)).collect()),
        Cells::Text(texts.iter().map(Option::as_deref).collect()),
        Cells::Boolean((0..N).map(|i| (i % 3 != 0).then_some(i % 2 == 0)).collect()),
        Cells::DatetimeMs((0..N).map(|i| Some(1_772_323_200_000 + i as i64 * 3_600_000)).collect()),
    ];
    let names = ["f", "i", "t", "b", "d"].into_iter().zip(&columns);
    let schema = Schema { columns: names.map(|(name, cells)| column(name, cells.storage())).collect() };
    Table { schema, columns, n_rows: N }
}

fn view(table: &Table) -> (tempfile::NamedTempFile, TableView) {
    let file = tempfile::NamedTempFile::new().unwrap();
    parquet::write(table, file.path(), &Silent).unwrap();
    let view = TableView::open(file.path(), &table.schema).unwrap();
    (file, view)
}

fn sort(column: &str, descending: bool) -> SortKey {
    SortKey { column: column.into(), descending }
}

fn filter(column: &str, op: FilterOp, value: &str) -> ColumnFilter {
    ColumnFilter { column: column.into(), op, value: value.into() }
}

fn rows(view: &TableView, sort: &[SortKey], filters: &[ColumnFilter]) -> Vec<u32> {
    let query = TableQuery { sort: sort.to_vec(), filters: filters.to_vec(), ..TableQuery::default() };
    match view.order(&query, &Silent).unwrap() {
        RowOrder::All => (0..view.n_rows() as u32).collect(),
        RowOrder::Rows(rows) => rows.to_vec(),
    }
}

#[test]
fn views_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<TableView>();
}

#[test]
fn pages_show_the_stored_cells_in_any_order() {
    let table = table();
    let (_file, view) = view(&table);
    let check = |order: &RowOrder, range: Range<u64>, columns: &[usize]| {
        let page = view.page(order, range, columns).unwrap();
        for (row, cells) in page.row_ids.iter().zip(&page.cells) {
            let expected: Vec<_> = columns.iter().map(|&c| table.columns[c].text(*row as usize)).collect();
            assert_eq!(*cells, expected, "row {row}");
        }
        page
    };
    assert_eq!(check(&RowOrder::All, 16_380..16_390, &[4, 0, 2]).row_ids[0], 16_380);
    assert_eq!(check(&RowOrder::All, 39_990..50_000, &[1]).row_ids.len(), 10);
    assert!(check(&RowOrder::All, 50_000..50_010, &[1]).row_ids.is_empty());
    let query = TableQuery { sort: vec![sort("f", true)], ..TableQuery::default() };
    let order = view.order(&query, &Silent).unwrap();
    let page = check(&order, 100..300, &[0, 1, 2, 3, 4]);
    assert_eq!((page.first, page.cells.len()), (100, 200));
    check(&order, 100..300, &[0, 1, 2, 3, 4]);
}

#[test]
fn sorting_is_stable_with_missing_last_in_either_direction() {
    let table = table();
    let (_file, view) = view(&table);
    for descending in [false, true] {
        for column in 0..table.columns.len() {
            let cells = &table.columns[column];
            let mut expected: Vec<u32> = (0..N as u32).collect();
            expected.sort_by(|&a, &b| {
                let (a, b) = (a as usize, b as usize);
                let order = match cells {
                    Cells::Text(d) => d.get(a).cmp(&d.get(b)),
                    _ => cells.number(a).total_cmp(&cells.number(b)),
                };
                let order = if descending { order.reverse() } else { order };
                cells.is_missing(a).cmp(&cells.is_missing(b)).then(if cells.is_missing(a) { a.cmp(&b) } else { order })
            });
            let name = &table.schema.columns[column].name;
            assert_eq!(rows(&view, &[sort(name, descending)], &[]), expected, "{name} {descending}");
        }
    }
    let both = rows(&view, &[sort("i", true), sort("t", false)], &[]);
    let key =
        |r: u32| (std::cmp::Reverse(table.columns[1].number(r as usize) as i64), table.columns[2].text(r as usize));
    let present: Vec<u32> = both.iter().copied().filter(|r| r % 5 != 0 && r % 11 != 0).collect();
    assert!(present.windows(2).all(|w| (key(w[0]), w[0]) < (key(w[1]), w[1])));
    assert!(both[N - N / 5..].iter().all(|r| r % 5 == 0));
}

#[test]
fn filters_know_their_columns_types() {
    let table = table();
    let (_file, view) = view(&table);
    let check = |f: ColumnFilter, test: &dyn Fn(usize) -> bool| {
        let expected: Vec<u32> = (0..N).filter(|&r| test(r)).map(|r| r as u32).collect();
        assert_eq!(rows(&view, &[], std::slice::from_ref(&f)), expected, "{f:?}");
    };
    let number = |c: usize, r: usize| table.columns[c].number(r);
    let text = |r: usize| table.columns[2].text(r);
    check(filter("f", FilterOp::Less, "-100"), &|r| number(0, r) < -100.0);
    check(filter("f", FilterOp::IsMissing, ""), &|r| r % 13 == 0);
    check(filter("i", FilterOp::NotEquals, "3"), &|r| r % 5 != 0 && number(1, r) != 3.0);
    check(filter("i", FilterOp::GreaterOrEqual, "8.5"), &|r| number(1, r) > 8.0);
    check(filter("t", FilterOp::Equals, "Name 07"), &|r| text(r).as_deref() == Some("Name 07"));
    check(filter("t", FilterOp::NotEquals, "Name 07"), &|r| text(r).is_some_and(|t| t != "Name 07"));
    check(filter("t", FilterOp::Contains, "nAME 3"), &|r| text(r).is_some_and(|t| t.contains("Name 3")));
    check(filter("t", FilterOp::IsNotMissing, ""), &|r| r % 11 != 0);
    check(filter("b", FilterOp::Equals, "yes"), &|r| number(3, r) == 1.0);
    check(filter("d", FilterOp::Equals, "2026-03-02"), &|r| (24..48).contains(&r));
    check(filter("d", FilterOp::Greater, "2026-03-02"), &|r| r >= 48);
    check(filter("d", FilterOp::LessOrEqual, "2026-03-02"), &|r| r < 48);
    check(filter("d", FilterOp::Equals, "2026-03-02T01:00"), &|r| r == 25);
}

#[test]
fn filters_and_sorting_work_together() {
    let table = table();
    let (_file, view) = view(&table);
    let found =
        rows(&view, &[sort("f", false)], &[filter("i", FilterOp::Equals, "3"), filter("f", FilterOp::Greater, "0")]);
    assert!(!found.is_empty());
    assert!(found.windows(2).all(|w| table.columns[0].number(w[0] as usize) < table.columns[0].number(w[1] as usize)));
    assert!(found.iter().all(|&r| table.columns[1].number(r as usize) == 3.0));
}

#[test]
fn what_does_not_fit_is_named() {
    let (_file, view) = view(&table());
    let message = |f: ColumnFilter| {
        view.order(&TableQuery { filters: vec![f], ..TableQuery::default() }, &Silent).unwrap_err().to_string()
    };
    let expected = "column `f`: cannot filter by `abc`, expected a number such as 12.5";
    assert_eq!(message(filter("f", FilterOp::Less, "abc")), expected);
    assert!(message(filter("d", FilterOp::Less, "soon")).contains("expected a date"));
    assert!(message(filter("t", FilterOp::Less, "a")).contains("has no order"));
    assert!(message(filter("x", FilterOp::IsMissing, "")).contains("no column `x`"));
    assert!(view.page(&RowOrder::All, 0..1, &[9]).is_err());
}

#[test]
fn cancelling_stops_an_order() {
    struct Stop;
    impl JobIo for Stop {
        fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }
    let (_file, view) = view(&table());
    let query = TableQuery { sort: vec![sort("f", false)], ..TableQuery::default() };
    assert!(matches!(view.order(&query, &Stop), Err(LoadError::Cancelled(_))));
}

fn expression(view: &TableView, text: &str) -> Vec<u32> {
    let query = TableQuery { expression: Some(text.to_owned()), ..TableQuery::default() };
    match view.order(&query, &Silent).unwrap() {
        RowOrder::All => (0..view.n_rows() as u32).collect(),
        RowOrder::Rows(rows) => rows.to_vec(),
    }
}

/// Three-valued logic by the book.
fn truth(table: &Table, filter: &Filter, row: usize) -> Option<bool> {
    let all = |parts: &[Filter], stop: bool| {
        let known: Vec<_> = parts.iter().map(|part| truth(table, part, row)).collect();
        if known.contains(&Some(stop)) { Some(stop) } else { (!known.contains(&None)).then_some(!stop) }
    };
    match filter {
        Filter::And(parts) => all(parts, false),
        Filter::Or(parts) => all(parts, true),
        Filter::Not(inner) => truth(table, inner, row).map(|x| !x),
        Filter::Test(condition) => {
            let (_, cells) = table.column(&condition.column.text).unwrap();
            let number = |word: &Word| word.text.parse::<f64>().unwrap();
            match &condition.test {
                Test::Missing => Some(cells.is_missing(row)),
                Test::Present => Some(!cells.is_missing(row)),
                _ if cells.is_missing(row) => None,
                Test::Between(low, high) => Some(number(low) <= cells.number(row) && cells.number(row) <= number(high)),
                Test::In(words) => Some(words.iter().any(|w| cells.text(row) == Some(w.text.clone()))),
                Test::Part(_, word) => Some(cells.text(row).unwrap().contains(&word.text)),
                Test::Compare(op, word) if matches!(cells, Cells::Text(_)) => {
                    Some((cells.text(row).unwrap() == word.text) == (*op == Comparison::Equal))
                }
                Test::Compare(op, word) => Some(match op {
                    Comparison::Equal => cells.number(row) == number(word),
                    Comparison::NotEqual => cells.number(row) != number(word),
                    Comparison::Less => cells.number(row) < number(word),
                    Comparison::LessOrEqual => cells.number(row) <= number(word),
                    Comparison::Greater => cells.number(row) > number(word),
                    Comparison::GreaterOrEqual => cells.number(row) >= number(word),
                }),
            }
        }
    }
}

fn any_filter(random: &mut Shuffler, depth: usize) -> Filter {
    use Comparison as C;
    let some = |random: &mut Shuffler| (0..2).map(|_| any_filter(random, depth.saturating_sub(1))).collect();
    match random.below(if depth == 0 { 1 } else { 4 }) {
        1 => return Filter::And(some(random)),
        2 => return Filter::Or(some(random)),
        3 => return Filter::Not(Box::new(any_filter(random, depth - 1))),
        _ => {}
    }
    let number = |random: &mut Shuffler| Word::new(["-5000.5", "3", "2.5", "20000", "-1e9"][random.below(5)]);
    let op = [C::Equal, C::NotEqual, C::Less, C::LessOrEqual, C::Greater, C::GreaterOrEqual][random.below(6)];
    let name = Word::new(["f", "i"][random.below(2)]);
    let (column, test) = match random.below(7) {
        0 => (Word::new("t"), Test::Compare([C::Equal, C::NotEqual][random.below(2)], Word::new("Name 07"))),
        1 => (Word::new("t"), Test::In(vec![Word::new("Name 30"), Word::new("Name 07")])),
        2 => (Word::new("t"), Test::Part(Part::Contains, Word::new("3"))),
        3 => (name, Test::Between(number(random), number(random))),
        4 => (
            Word::new(["f", "i", "t", "b", "d"][random.below(5)]),
            [Test::Missing, Test::Present][random.below(2)].clone(),
        ),
        _ => (name, Test::Compare(op, number(random))),
    };
    Filter::Test(Condition { column, test })
}

#[test]
fn text_filters_keep_what_brute_force_keeps() {
    let table = table();
    let (_file, view) = view(&table);
    let mut random = Shuffler::new(11);
    for _ in 0..25 {
        let filter = any_filter(&mut random, 3);
        let expected: Vec<u32> =
            (0..N).filter(|&r| truth(&table, &filter, r) == Some(true)).map(|r| r as u32).collect();
        assert!(expression(&view, &filter.to_string()) == expected, "{filter}");
    }
}

#[test]
fn not_leaves_missing_cells_out() {
    let table = table();
    let (_file, view) = view(&table);
    let present = N - N.div_ceil(11);
    assert_eq!(expression(&view, "t = 'Name 07' or not t = 'Name 07'").len(), present);
    assert_eq!(expression(&view, "not t = 'Name 07'"), expression(&view, "t != 'Name 07'"));
    assert_eq!(expression(&view, "not t is missing").len(), present);
}

#[test]
fn text_filters_know_types_dates_and_large_numbers() {
    let mut table = table();
    let big = (0..N as i64).map(|i| Some((1 << 53) + i));
    table.columns[1] = Cells::Int(big.collect());
    let (_file, view) = view(&table);
    assert_eq!(expression(&view, "i = 9007199254740993"), [1]);
    assert_eq!(expression(&view, "i between 9007199254740993 and 9007199254740995"), [1, 2, 3]);
    assert_eq!(expression(&view, "d = 2026-03-02"), (24..48).collect::<Vec<_>>());
    assert_eq!(expression(&view, "d > \"2026-03-02\" and d <= 2026-03-03"), (48..72).collect::<Vec<_>>());
    assert_eq!(expression(&view, "D between 2026-03-02T01:00 and 2026-03-02"), (25..48).collect::<Vec<_>>());
    assert_eq!(expression(&view, "b = yes and d < 2026-03-02"), [2, 4, 8, 10, 14, 16, 20, 22]);
    assert_eq!(
        expression(&view, "t starts with \"name 0\" and t ends with 7").len(),
        expression(&view, "t = 'Name 07'").len()
    );
}

#[test]
fn text_filters_that_do_not_fit_are_named() {
    let mut table = table();
    table.schema.columns[0].name = "monthly_charge".into();
    let (_file, view) = view(&table);
    let message = |text: &str| {
        let query = TableQuery { expression: Some(text.to_owned()), ..TableQuery::default() };
        view.order(&query, &Silent).unwrap_err().to_string()
    };
    let unknown = "there is no column `monthly_charg` in this table; did you mean `monthly_charge`?";
    assert_eq!(message("monthly_charg > 3"), unknown);
    assert_eq!(message("elephant > 3"), "there is no column `elephant` in this table");
    assert_eq!(message("i > many"), "column `i`: cannot filter by `many`, expected a number such as 12.5");
    assert_eq!(
        message("i >"),
        "this is no filter: at character 4: expected a value such as 40, \"basic\" or 2026-03-01, found the end"
    );
    assert!(message("t < b").contains("has no order"));
}

#[test]
fn several_keys_sort_as_brute_force_does() {
    let table = table();
    let (_file, view) = view(&table);
    let mut random = Shuffler::new(5);
    for _ in 0..12 {
        let mut columns: Vec<usize> = (0..5).collect();
        random.shuffle(&mut columns);
        columns.truncate(1 + random.below(3));
        let keys: Vec<(usize, bool)> = columns.into_iter().map(|c| (c, random.below(2) == 1)).collect();
        let compare = |a: u32, b: u32| {
            let (a, b) = (a as usize, b as usize);
            keys.iter().fold(std::cmp::Ordering::Equal, |so_far, &(c, descending)| {
                let cells = &table.columns[c];
                let by_value = match cells {
                    Cells::Text(d) => d.get(a).cmp(&d.get(b)),
                    _ => cells.number(a).total_cmp(&cells.number(b)),
                };
                let by_value = if descending { by_value.reverse() } else { by_value };
                let missing = (cells.is_missing(a), cells.is_missing(b));
                so_far.then(missing.0.cmp(&missing.1)).then(if missing.0 {
                    std::cmp::Ordering::Equal
                } else {
                    by_value
                })
            })
        };
        let mut expected: Vec<u32> = expression(&view, "i < 7");
        expected.sort_by(|&a, &b| compare(a, b));
        let sort = keys.iter().map(|&(c, down)| sort(&table.schema.columns[c].name, down)).collect();
        let query = TableQuery { sort, expression: Some("i < 7".into()), ..TableQuery::default() };
        let RowOrder::Rows(found) = view.order(&query, &Silent).unwrap() else { panic!() };
        assert!(found[..] == expected[..], "{keys:?}");
    }
}

#[test]
fn texts_beyond_counting_are_sorted_by_their_bytes() {
    let mut table = table();
    let text = |i: usize| match i % 4 {
        0 => None,
        1 => Some(format!("https://example.org/{}", (i * 7919) % 9_973)),
        2 => Some(format!("{}", (i * 7919) % 997)),
        _ => Some("https://example.org/\0".to_owned()),
    };
    let texts: Vec<Option<String>> = (0..N).map(text).collect();
    table.columns[2] = Cells::Text(texts.iter().map(Option::as_deref).collect());
    // More than are ranked, says the schema.
    table.schema.columns[2].distinct = 5_000_000;
    let (_file, view) = view(&table);
    for down in [false, true] {
        let mut expected: Vec<u32> = (0..N as u32).collect();
        expected.sort_by(|&a, &b| {
            let (a, b) = (a as usize, b as usize);
            let by_text = texts[a].cmp(&texts[b]);
            let by_text = if down && a % 4 != 0 && b % 4 != 0 { by_text.reverse() } else { by_text };
            texts[a].is_none().cmp(&texts[b].is_none()).then(by_text).then_with(|| {
                table.columns[1]
                    .is_missing(a)
                    .cmp(&table.columns[1].is_missing(b))
                    .then(table.columns[1].number(b).total_cmp(&table.columns[1].number(a)))
            })
        });
        let key = |r: u32| (&texts[r as usize], table.columns[1].text(r as usize), r);
        let found = rows(&view, &[sort("t", down), sort("i", true)], &[]);
        assert!(
            found == expected,
            "{down} {:?}",
            found.iter().zip(&expected).find(|(a, b)| a != b).map(|(a, b)| (key(*a), key(*b)))
        );
    }
}

#[test]
fn find_goes_through_the_matches_in_the_order_shown() {
    let table = table();
    let (_file, view) = view(&table);
    let columns = vec![2, 1, 0];
    let has =
        |row: u32, c: usize| table.columns[c].text(row as usize).is_some_and(|t| t.to_lowercase().contains("e 07"));
    for query in [
        TableQuery::default(),
        TableQuery { sort: vec![sort("i", true)], expression: Some("f > 0".into()), ..TableQuery::default() },
    ] {
        let order = view.order(&query, &Silent).unwrap();
        let shown: Vec<u32> = match &order {
            RowOrder::All => (0..N as u32).collect(),
            RowOrder::Rows(rows) => rows.to_vec(),
        };
        let expected: Vec<(u64, usize)> = shown
            .iter()
            .enumerate()
            .flat_map(|(i, &row)| columns.iter().filter(move |c| has(row, **c)).map(move |c| (i as u64, *c)))
            .collect();
        assert!(expected.len() > 100);
        for backwards in [false, true] {
            let mut from = None;
            for step in 0..50 {
                let request = FindRequest { text: "E 07".into(), columns: columns.clone(), from, backwards };
                let found = view.find(&order, &request, &Silent).unwrap().unwrap();
                let at = if backwards { expected.len() - 1 - step } else { step };
                assert_eq!((found.row, found.column, found.wrapped), (expected[at].0, expected[at].1, false));
                assert_eq!(found.nth, Some((at as u64 + 1, expected.len() as u64)));
                from = Some((found.row, found.column));
            }
        }
        let last = *expected.last().unwrap();
        let request = FindRequest { text: "e 07".into(), columns: columns.clone(), from: Some(last), backwards: false };
        let found = view.find(&order, &request, &Silent).unwrap().unwrap();
        assert_eq!((found.row, found.column, found.wrapped), (expected[0].0, expected[0].1, true));
        let nothing = FindRequest { text: "elephant".into(), ..request };
        assert_eq!(view.find(&order, &nothing, &Silent).unwrap(), None);
    }
}

#[test]
fn find_in_a_large_table_reads_only_up_to_the_match() {
    // More cells than are searched at once.
    let n = 1_100_000;
    let text = |i: usize| if i == 7 || i == 600_001 { "here" } else { "no" };
    let cells = Cells::Text((0..n).map(|i| Some(text(i))).collect());
    let columns = (0..4).map(|_| cells.clone()).collect();
    let named = |i: usize| ColumnSchema { name: format!("c{i}"), ..self::table().schema.columns[2].clone() };
    let table = Table { schema: Schema { columns: (0..4).map(named).collect() }, columns, n_rows: n };
    let (_file, view) = view(&table);
    let find = |from: Option<(u64, usize)>, backwards: bool| {
        let request = FindRequest { text: "HERE".into(), columns: vec![0, 1, 2, 3], from, backwards };
        view.find(&RowOrder::All, &request, &Silent).unwrap().map(|f| (f.row, f.column, f.wrapped))
    };
    assert_eq!(find(None, false), Some((7, 0, false)));
    assert_eq!(find(Some((7, 3)), false), Some((600_001, 0, false)));
    assert_eq!(find(Some((600_001, 3)), false), Some((7, 0, true)));
    assert_eq!(find(Some((600_001, 0)), true), Some((7, 3, false)));
    assert_eq!(find(Some((7, 0)), true), Some((600_001, 3, true)));
    assert_eq!(find(None, true), Some((600_001, 3, false)));
}
