//! The window's table: any page of any stored table, sorted and filtered, without holding the table.
//!
//! Opening reads the footer only. An order reads the columns it sorts and filters by, once; what remains is at most
//! four bytes per row. A page decodes blocks of [`BLOCK_ROWS`] rows of the columns asked for and keeps the recent ones
//! (at most [`CACHE_BYTES`]), so scrolling decodes each block once, and a page of rows scattered over the whole table
//! costs one small decode per row and column.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::dates::{self, DateFormat};
use super::error::{LoadError, clip};
use super::infer;
use super::parquet::File;
use super::table::Cells;
use crate::domain::io::JobIo;
use crate::domain::schema::{ColumnSchema, Schema, Storage};
use crate::domain::table::{ColumnFilter, FilterOp, SortKey, TablePage, TableQuery};

const BLOCK_ROWS: usize = 1024;
const CACHE_BYTES: usize = 64 << 20;

/// Which rows a query shows, in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// All rows as they are stored.
    All,
    /// These rows, by 0-based number.
    Rows(Arc<[u32]>),
}

impl RowOrder {
    /// Rows shown of a table of `n_rows`.
    pub fn len(&self, n_rows: u64) -> u64 {
        match self {
            Self::All => n_rows,
            Self::Rows(rows) => rows.len() as u64,
        }
    }
}

/// A stored table, ready to be looked at from any thread.
pub struct TableView {
    file: File,
    schema: Schema,
    cache: Mutex<Cache>,
}

impl TableView {
    /// Errors: a damaged file, or one whose columns are not those of `schema`.
    pub fn open(path: &Path, schema: &Schema) -> Result<Self, LoadError> {
        let file = File::open(path, &path.display().to_string())?;
        file.check(schema)?;
        Ok(Self { file, schema: schema.clone(), cache: Mutex::default() })
    }

    pub fn n_rows(&self) -> u64 {
        self.file.n_rows
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rows that pass all filters, sorted; ties keep the stored order, missing cells come last either way.
    ///
    /// Errors: a column that is not there, a filter value that does not fit its column.
    pub fn order(&self, query: &TableQuery, io: &dyn JobIo) -> Result<RowOrder, LoadError> {
        if query.filters.is_empty() && query.sort.is_empty() {
            return Ok(RowOrder::All);
        }
        let tests = query.filters.iter().map(|f| self.test(f)).collect::<Result<Vec<_>, _>>()?;
        let sort = query
            .sort
            .iter()
            .map(|key| Ok((self.index_of(&key.column)?, key)))
            .collect::<Result<Vec<_>, LoadError>>()?;
        let rows = self.filtered(&tests, io)?;
        if sort.is_empty() {
            return Ok(RowOrder::Rows(rows.into()));
        }
        self.sorted(rows, &sort, io)
    }

    fn index_of(&self, column: &str) -> Result<usize, LoadError> {
        self.schema.index_of(column).ok_or_else(|| LoadError::NoSuchColumn { column: column.to_owned() })
    }

    fn test(&self, filter: &ColumnFilter) -> Result<Test, LoadError> {
        let column = self.index_of(&filter.column)?;
        Ok(Test { column, rule: rule(filter, &self.schema.columns[column])? })
    }

    fn groups(&self) -> impl Iterator<Item = (usize, Range<u64>)> + '_ {
        self.file.row_starts.windows(2).map(|w| w[0]..w[1]).enumerate()
    }

    fn filtered(&self, tests: &[Test], io: &dyn JobIo) -> Result<Vec<u32>, LoadError> {
        if tests.is_empty() {
            return Ok((0..self.n_rows() as u32).collect());
        }
        let mut kept = Vec::new();
        for (group, rows) in self.groups() {
            io.progress("Filtering", Some(0.5 * rows.start as f64 / self.n_rows() as f64))?;
            let n_rows = (rows.end - rows.start) as usize;
            let mut pass = vec![true; n_rows];
            for test in tests {
                let storage = self.schema.columns[test.column].storage;
                let cells = self.file.cells(group, test.column, 0..n_rows, storage)?;
                test.rule.apply(&cells, &mut pass);
            }
            kept.extend(pass.iter().enumerate().filter(|(_, pass)| **pass).map(|(i, _)| rows.start as u32 + i as u32));
        }
        Ok(kept)
    }

    fn sorted(&self, rows: Vec<u32>, sort: &[(usize, &SortKey)], io: &dyn JobIo) -> Result<RowOrder, LoadError> {
        let mut keys = Vec::new();
        for (i, (column, key)) in sort.iter().enumerate() {
            io.progress("Sorting", Some(0.5 + 0.4 * i as f64 / sort.len() as f64))?;
            let cells = self.file.column(*column, self.schema.columns[*column].storage)?;
            keys.push(sort_keys(&cells, key.descending));
        }
        io.progress("Sorting", Some(0.9))?;
        let sorted: Vec<u32> = if let [keys] = &keys[..] {
            let mut keyed: Vec<(u64, u32)> = rows.into_iter().map(|row| (keys[row as usize], row)).collect();
            keyed.sort_unstable();
            keyed.into_iter().map(|(_, row)| row).collect()
        } else {
            let mut rows = rows;
            rows.sort_by(|&a, &b| {
                keys.iter().map(|k| k[a as usize].cmp(&k[b as usize])).find(|o| o.is_ne()).unwrap_or(a.cmp(&b))
            });
            rows
        };
        Ok(RowOrder::Rows(sorted.into()))
    }

    /// The cells of `columns` (by position in the schema) in the given rows of `order`; rows past its end are left out.
    pub fn page(&self, order: &RowOrder, rows: Range<u64>, columns: &[usize]) -> Result<TablePage, LoadError> {
        let length = order.len(self.n_rows());
        let (first, end) = (rows.start.min(length), rows.end.min(length));
        let row_ids: Vec<u64> = match order {
            RowOrder::All => (first..end).collect(),
            RowOrder::Rows(all) => all[first as usize..end.max(first) as usize].iter().map(|&r| u64::from(r)).collect(),
        };
        let mut cells = vec![Vec::with_capacity(columns.len()); row_ids.len()];
        for &column in columns {
            let storage = self.schema.columns.get(column).map(|c| c.storage);
            let storage =
                storage.ok_or_else(|| LoadError::NoSuchColumn { column: format!("number {}", column + 1) })?;
            let mut last: Option<(BlockId, Arc<Cells>)> = None;
            for (row, out) in row_ids.iter().zip(&mut cells) {
                let (id, within) = self.locate(column, *row);
                let block = match &last {
                    Some((last_id, block)) if *last_id == id => block.clone(),
                    _ => self.block(id, storage)?,
                };
                out.push(if within < block.len() { block.text(within) } else { None });
                last = Some((id, block));
            }
        }
        Ok(TablePage { first, row_ids, cells })
    }

    /// The block that holds a row, and the row's place in it.
    fn locate(&self, column: usize, row: u64) -> (BlockId, usize) {
        let group = self.file.row_starts.partition_point(|&start| start <= row).saturating_sub(1);
        let within = (row - self.file.row_starts[group]) as usize;
        (BlockId { column, group, block: within / BLOCK_ROWS }, within % BLOCK_ROWS)
    }

    fn block(&self, id: BlockId, storage: Storage) -> Result<Arc<Cells>, LoadError> {
        let lock = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = lock().get(id) {
            return Ok(block);
        }
        let n_rows = (self.file.row_starts[id.group + 1] - self.file.row_starts[id.group]) as usize;
        let start = id.block * BLOCK_ROWS;
        let rows = start..n_rows.min(start + BLOCK_ROWS);
        let block = Arc::new(self.file.cells(id.group, id.column, rows, storage)?);
        lock().insert(id, block.clone());
        Ok(block)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct BlockId {
    column: usize,
    group: usize,
    block: usize,
}

/// Recently used blocks; the least recently used go first.
#[derive(Default)]
struct Cache {
    blocks: HashMap<BlockId, (u64, Arc<Cells>)>,
    by_age: BTreeSet<(u64, BlockId)>,
    clock: u64,
    bytes: usize,
}

impl Cache {
    fn get(&mut self, id: BlockId) -> Option<Arc<Cells>> {
        let (age, block) = self.blocks.get_mut(&id)?;
        self.by_age.remove(&(*age, id));
        self.clock += 1;
        *age = self.clock;
        self.by_age.insert((*age, id));
        Some(block.clone())
    }

    fn insert(&mut self, id: BlockId, block: Arc<Cells>) {
        self.clock += 1;
        self.bytes += bytes(&block);
        if let Some((age, old)) = self.blocks.insert(id, (self.clock, block)) {
            self.by_age.remove(&(age, id));
            self.bytes -= bytes(&old);
        }
        self.by_age.insert((self.clock, id));
        while self.bytes > CACHE_BYTES {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            if let Some((_, block)) = self.blocks.remove(&oldest) {
                self.bytes -= bytes(&block);
            }
        }
    }
}

fn bytes(cells: &Cells) -> usize {
    match cells {
        Cells::Float(v) => v.len() * 8,
        Cells::Int(v) | Cells::DatetimeMs(v) => v.len() * 16,
        Cells::Boolean(v) => v.len(),
        Cells::Text(d) => d.codes.len() * 4 + d.values.iter().map(|v| v.capacity() + 24).sum::<usize>(),
    }
}

/// A number per row that sorts as the cells do. Missing cells get the largest.
fn sort_keys(cells: &Cells, descending: bool) -> Vec<u64> {
    const SIGN: u64 = 1 << 63;
    let directed =
        |key: Option<u64>| key.map_or(u64::MAX, |k| if descending { u64::MAX - 1 - k.min(u64::MAX - 1) } else { k });
    let whole = |x: i64| x as u64 ^ SIGN;
    match cells {
        Cells::Float(v) => {
            let key = |x: f64| {
                let bits = (x + 0.0).to_bits();
                if bits & SIGN == 0 { bits | SIGN } else { !bits }
            };
            v.iter().map(|&x| directed((!x.is_nan()).then(|| key(x)))).collect()
        }
        Cells::Int(v) | Cells::DatetimeMs(v) => v.iter().map(|x| directed(x.map(whole))).collect(),
        Cells::Boolean(v) => v.iter().map(|x| directed(x.map(u64::from))).collect(),
        Cells::Text(d) => {
            let mut by_value: Vec<usize> = (0..d.values.len()).collect();
            by_value.sort_unstable_by(|&a, &b| d.values[a].cmp(&d.values[b]));
            let mut rank = vec![0; by_value.len()];
            for (place, code) in by_value.into_iter().enumerate() {
                rank[code] = place as u64;
            }
            d.codes.iter().map(|&code| directed(rank.get(code as usize).copied())).collect()
        }
    }
}

struct Test {
    column: usize,
    rule: Rule,
}

/// A filter made ready for the storage of its column.
enum Rule {
    Missing(bool),
    Number(FilterOp, f64),
    /// A day without a time: `is` means any time of that day.
    Times(FilterOp, Range<i64>),
    Boolean(bool, bool),
    Text {
        equal: bool,
        value: String,
    },
    /// Lower case.
    Contains(String),
}

fn rule(filter: &ColumnFilter, column: &ColumnSchema) -> Result<Rule, LoadError> {
    let value = filter.value.trim();
    let wrong = |expected| LoadError::FilterValue { column: column.name.clone(), value: clip(value), expected };
    let equal = match filter.op {
        FilterOp::IsMissing => return Ok(Rule::Missing(true)),
        FilterOp::IsNotMissing => return Ok(Rule::Missing(false)),
        FilterOp::Contains => return Ok(Rule::Contains(filter.value.to_lowercase())),
        FilterOp::Equals => Some(true),
        FilterOp::NotEquals => Some(false),
        _ => None,
    };
    match column.storage {
        Storage::Float64 | Storage::Int64 => {
            let number = infer::number(value).filter(|x| !x.is_nan()).ok_or_else(|| wrong("a number such as 12.5"))?;
            Ok(Rule::Number(filter.op, number))
        }
        Storage::DatetimeMs => {
            let start = dates::parse(value, DateFormat::Iso)
                .ok_or_else(|| wrong("a date such as 2026-03-01 or a time such as 2026-03-01T12:30"))?
                .ms;
            let length = if value.len() <= "2026-03-01".len() { 86_400_000 } else { 1 };
            Ok(Rule::Times(filter.op, start..start + length))
        }
        Storage::Boolean => {
            let equal = equal.ok_or_else(|| LoadError::FilterOrder { column: column.name.clone() })?;
            let spelled = |spellings: &[String]| spellings.iter().any(|s| s.trim() == value);
            let word = match infer::boolean(value) {
                _ if spelled(&column.true_spellings) => Some(true),
                _ if spelled(&column.false_spellings) => Some(false),
                word => word.or(match value {
                    "1" => Some(true),
                    "0" => Some(false),
                    _ => None,
                }),
            };
            Ok(Rule::Boolean(equal, word.ok_or_else(|| wrong("true or false"))?))
        }
        Storage::String => match equal {
            Some(equal) => Ok(Rule::Text { equal, value: filter.value.clone() }),
            None => Err(LoadError::FilterOrder { column: column.name.clone() }),
        },
    }
}

impl Rule {
    /// Clears `pass` where a cell fails. Missing cells pass only when asked for.
    fn apply(&self, cells: &Cells, pass: &mut [bool]) {
        match (self, cells) {
            (Self::Missing(wanted), _) => keep(pass, |row| cells.is_missing(row) == *wanted),
            (Self::Number(op, value), _) => keep(pass, |row| holds(*op, cells.number(row), *value, *value)),
            (Self::Times(op, range), Cells::DatetimeMs(v)) => keep(pass, |row| {
                v[row].is_some_and(|t| holds(*op, t as f64, range.start as f64, (range.end - 1) as f64))
            }),
            (Self::Boolean(equal, value), Cells::Boolean(v)) => {
                keep(pass, |row| v[row].is_some_and(|b| (b == *value) == *equal));
            }
            (Self::Text { equal, value }, Cells::Text(d)) => {
                keep_coded(pass, &d.codes, &d.values, |text| (text == value) == *equal);
            }
            (Self::Contains(part), Cells::Text(d)) => {
                keep_coded(pass, &d.codes, &d.values, |text| text.to_lowercase().contains(part));
            }
            (Self::Contains(part), _) => {
                keep(pass, |row| cells.text(row).is_some_and(|text| text.to_lowercase().contains(part)));
            }
            _ => pass.fill(false),
        }
    }
}

fn keep(pass: &mut [bool], test: impl Fn(usize) -> bool) {
    for (row, pass) in pass.iter_mut().enumerate() {
        *pass = *pass && test(row);
    }
}

/// Tests each distinct text once.
fn keep_coded(pass: &mut [bool], codes: &[u32], values: &[String], test: impl Fn(&str) -> bool) {
    let passing: Vec<bool> = values.iter().map(|text| test(text)).collect();
    keep(pass, |row| passing.get(codes[row] as usize).copied().unwrap_or(false));
}

/// Whether `x` stands in the relation to the values from `low` to `high`. NaN never does.
fn holds(op: FilterOp, x: f64, low: f64, high: f64) -> bool {
    match op {
        FilterOp::Equals => low <= x && x <= high,
        FilterOp::NotEquals => x < low || x > high,
        FilterOp::Less => x < low,
        FilterOp::LessOrEqual => x <= high,
        FilterOp::Greater => x > high,
        FilterOp::GreaterOrEqual => x >= low,
        FilterOp::Contains | FilterOp::IsMissing | FilterOp::IsNotMissing => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parquet;
    use crate::data::table::Table;
    use crate::domain::io::{Cancelled, Silent};
    use crate::domain::schema::ColumnKind;

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
        let query = TableQuery { sort: sort.to_vec(), filters: filters.to_vec() };
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
        let query = TableQuery { sort: vec![sort("f", true)], filters: vec![] };
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
                    cells.is_missing(a).cmp(&cells.is_missing(b)).then(if cells.is_missing(a) {
                        a.cmp(&b)
                    } else {
                        order
                    })
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
        let found = rows(
            &view,
            &[sort("f", false)],
            &[filter("i", FilterOp::Equals, "3"), filter("f", FilterOp::Greater, "0")],
        );
        assert!(!found.is_empty());
        assert!(
            found.windows(2).all(|w| table.columns[0].number(w[0] as usize) < table.columns[0].number(w[1] as usize))
        );
        assert!(found.iter().all(|&r| table.columns[1].number(r as usize) == 3.0));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (_file, view) = view(&table());
        let message = |f: ColumnFilter| {
            view.order(&TableQuery { sort: vec![], filters: vec![f] }, &Silent).unwrap_err().to_string()
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
        let query = TableQuery { sort: vec![sort("f", false)], filters: vec![] };
        assert!(matches!(view.order(&query, &Stop), Err(LoadError::Cancelled(_))));
    }

    #[test]
    fn the_cache_forgets_the_least_recently_used() {
        let mut cache = Cache::default();
        let id = |block| BlockId { column: 0, group: 0, block };
        let megabyte = || Arc::new(Cells::Float(vec![0.0; 1 << 17]));
        (0..64).for_each(|i| cache.insert(id(i), megabyte()));
        assert!(cache.get(id(0)).is_some());
        cache.insert(id(64), megabyte());
        assert!(cache.get(id(0)).is_some() && cache.get(id(1)).is_none());
        assert_eq!(cache.bytes, CACHE_BYTES);
    }
}
