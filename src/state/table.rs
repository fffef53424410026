//! The cells of one version as far as they were read: tiles of text around what is on the screen.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::VersionId;
use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::table::{FindRequest, Found, TablePage, TableQuery};

use super::effect::Effect;
use super::loadable::Loadable;

/// Rows read at once.
pub const BLOCK: u64 = 256;
/// Columns read at once: of thousands of columns only those near the screen are decoded.
pub const COLUMNS: usize = 32;
/// Tiles kept; the ones farthest from the screen go first.
const KEPT: usize = 48;
/// Reads under way at once: dragging through millions of rows must not queue them all.
const IN_FLIGHT: usize = 4;
/// Cells that a copy takes at most.
pub const MOST_COPIED: u64 = 100_000;

/// A block of rows and a block of columns.
type Tile = (u64, usize);

#[derive(Clone, Debug, PartialEq)]
pub struct TableState {
    pub version: VersionId,
    /// What is on the screen.
    pub query: TableQuery,
    /// What was asked for, while it is being computed.
    pub pending: Option<TableQuery>,
    /// Share done of what is pending.
    pub progress: Option<f64>,
    /// Rows of the query's result.
    pub n_rows: Loadable<u64>,
    pub find: Find,
    /// Why the last query could not be computed, with that query; shown beside its text.
    pub refused: Option<(TableQuery, Problem)>,
    n_columns: usize,
    tiles: BTreeMap<Tile, TablePage>,
    in_flight: BTreeSet<Tile>,
    wanted: Wanted,
    /// 0-based row ids marked as evidence.
    pub marked: BTreeSet<u64>,
    /// The column of the schema that they are evidence about.
    pub marked_column: Option<usize>,
    /// 0-based position to move to, and the column of the schema, with a stamp that changes with every request.
    pub go_to: Option<(u64, Option<usize>, u64)>,
    /// Reading failed; shown until a read succeeds.
    pub failed: Option<Problem>,
}

/// What is looked for in the cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    /// The last search; its text is marked wherever it is on the screen.
    pub request: Option<FindRequest>,
    pub running: bool,
    /// What the last search found: nothing, or a cell.
    pub found: Option<Option<Found>>,
    pub failed: Option<Problem>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    first: u64,
    count: u64,
    columns: BTreeSet<usize>,
}

impl Wanted {
    fn new(first: u64, count: u64, columns: &[usize]) -> Self {
        Self { first, count, columns: columns.iter().map(|column| column / COLUMNS).collect() }
    }

    fn tiles(&self, n_rows: u64) -> impl Iterator<Item = Tile> + '_ {
        let end = self.first.saturating_add(self.count).min(n_rows);
        blocks(self.first, end.saturating_sub(self.first))
            .flat_map(|block| self.columns.iter().map(move |c| (block, *c)))
    }
}

/// A cell as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    Text(&'a str),
    Missing,
    NotRead,
}

impl TableState {
    /// The plain table: its row count is known and nothing has to be ordered.
    pub fn new(version: VersionId, rows: u64, n_columns: usize) -> Self {
        Self {
            version,
            query: TableQuery::default(),
            pending: None,
            progress: None,
            n_rows: Loadable::Ready(rows),
            find: Find::default(),
            refused: None,
            n_columns,
            tiles: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            wanted: Wanted::default(),
            marked: BTreeSet::new(),
            marked_column: None,
            go_to: None,
            failed: None,
        }
    }

    /// The 0-based row number in the table of a position in the result, if it was read.
    pub fn row_id(&self, position: u64) -> Option<u64> {
        if self.query == TableQuery::default() {
            return Some(position);
        }
        let block = position / BLOCK;
        let (_, page) = self.tiles.range((block, 0)..(block + 1, 0)).next()?;
        page.row_ids.get(usize::try_from(position.checked_sub(page.first)?).ok()?).copied()
    }

    /// The cell at a position of the result and of the schema.
    pub fn cell(&self, position: u64, column: usize) -> Known<'_> {
        let cell = || {
            let page = self.tiles.get(&(position / BLOCK, column / COLUMNS))?;
            let row = usize::try_from(position.checked_sub(page.first)?).ok()?;
            page.cells.get(row)?.get(column.checked_sub(page.first_column)?)
        };
        match cell() {
            None => Known::NotRead,
            Some(None) => Known::Missing,
            Some(Some(text)) => Known::Text(text),
        }
    }

    /// Whether `NeedRows` for this range would read anything that is not already asked for.
    pub fn lacks(&self, first: u64, count: u64, columns: &[usize]) -> bool {
        let wanted = Wanted::new(first, count, columns);
        let rows = self.n_rows.value().copied().unwrap_or_default();
        self.failed.is_none() && self.wanted != wanted && wanted.tiles(rows).any(|tile| !self.tiles.contains_key(&tile))
    }

    pub fn need(&mut self, first: u64, count: u64, columns: &[usize]) -> Vec<Effect> {
        self.wanted = Wanted::new(first, count, columns);
        self.pump()
    }

    /// Sorts or filters anew. The rows on the screen stay until the new order is known.
    pub fn set_query(&mut self, query: TableQuery, plain_rows: u64) -> Vec<Effect> {
        self.refused = None;
        let mut effects = Vec::new();
        if self.pending.is_some() {
            effects.push(Effect::CancelTable(self.version));
        }
        if query == TableQuery::default() {
            self.show(query, plain_rows);
            effects.extend(self.pump());
            return effects;
        }
        self.pending = Some(query.clone());
        self.progress = None;
        self.n_rows.start_loading();
        // A new order stops the older one of this table by itself.
        vec![Effect::LoadOrder { version: self.version, query }]
    }

    pub fn ordering(&mut self, query: &TableQuery, fraction: f64) {
        if self.pending.as_ref() == Some(query) {
            self.progress = Some(fraction);
        }
    }

    /// The order of a query is known. Answers to questions nobody asks any more are dropped.
    pub fn ordered(&mut self, query: &TableQuery, rows: u64) -> Vec<Effect> {
        if self.pending.as_ref() != Some(query) {
            return Vec::new();
        }
        self.show(query.clone(), rows);
        self.pump()
    }

    /// The query cannot be computed: the rows on the screen stay. Whether anyone still waited for it.
    pub fn not_ordered(&mut self, query: &TableQuery, problem: &Problem) -> bool {
        let waited = self.pending.as_ref() == Some(query);
        if waited {
            self.stop_ordering();
            if problem.kind != ProblemKind::Cancelled {
                self.refused = Some((query.clone(), problem.clone()));
            }
        }
        waited
    }

    fn stop_ordering(&mut self) {
        if self.pending.take().is_some() {
            self.progress = None;
            let rows = self.n_rows.value().copied().unwrap_or_default();
            self.n_rows = Loadable::Ready(rows);
        }
    }

    /// Stops whatever is being computed for this table.
    pub fn stop(&mut self) -> Vec<Effect> {
        self.stop_ordering();
        self.find.running = false;
        vec![Effect::CancelTable(self.version)]
    }

    pub fn page_read(&mut self, query: &TableQuery, page: TablePage) -> Vec<Effect> {
        if *query != self.query {
            return Vec::new();
        }
        let tile = (page.first / BLOCK, page.first_column / COLUMNS);
        self.in_flight.remove(&tile);
        self.failed = None;
        self.tiles.insert(tile, page);
        self.evict();
        self.pump()
    }

    pub fn page_failed(&mut self, query: &TableQuery, problem: Problem) {
        if *query == self.query {
            self.in_flight.clear();
            self.failed = Some(problem);
        }
    }

    /// Another try after a failed read.
    pub fn retry(&mut self) -> Vec<Effect> {
        self.failed = None;
        self.pump()
    }

    /// Looks for a text among the rows on the screen's query.
    pub fn look_for(&mut self, request: FindRequest) -> Vec<Effect> {
        self.find = Find { request: Some(request.clone()), running: true, found: None, failed: None };
        vec![Effect::Find { version: self.version, query: self.query.clone(), request }]
    }

    /// Nothing is looked for any more.
    pub fn end_find(&mut self) -> Vec<Effect> {
        let running = std::mem::take(&mut self.find).running;
        if running && self.pending.is_none() { vec![Effect::CancelTable(self.version)] } else { Vec::new() }
    }

    pub fn found(&mut self, query: &TableQuery, request: &FindRequest, answer: Result<Option<Found>, Problem>) {
        if *query != self.query || self.find.request.as_ref() != Some(request) {
            return;
        }
        self.find.running = false;
        match answer {
            Ok(found) => {
                self.find.found = Some(found);
                if let Some(found) = found {
                    self.move_to(found.row, Some(found.column));
                }
            }
            Err(problem) if problem.kind == ProblemKind::Cancelled => {}
            Err(problem) => self.find.failed = Some(problem),
        }
    }

    pub fn move_to(&mut self, position: u64, column: Option<usize>) {
        let stamp = self.go_to.map_or(0, |(_, _, stamp)| stamp) + 1;
        self.go_to = Some((position, column, stamp));
    }

    fn show(&mut self, query: TableQuery, rows: u64) {
        self.query = query;
        self.pending = None;
        self.progress = None;
        self.n_rows = Loadable::Ready(rows);
        self.tiles.clear();
        self.in_flight.clear();
        self.failed = None;
        // What was found stands elsewhere now.
        self.find.found = None;
        self.find.running = false;
    }

    fn pump(&mut self) -> Vec<Effect> {
        let rows = self.n_rows.value().copied().unwrap_or_default();
        let mut effects = Vec::new();
        for tile in self.wanted.tiles(rows) {
            if self.in_flight.len() >= IN_FLIGHT {
                break;
            }
            if !self.tiles.contains_key(&tile) && self.in_flight.insert(tile) {
                let first = tile.0 * BLOCK;
                let count = BLOCK.min(rows - first);
                let columns = tile.1 * COLUMNS..((tile.1 + 1) * COLUMNS).min(self.n_columns);
                let query = self.query.clone();
                effects.push(Effect::LoadPage { version: self.version, query, first, count, columns });
            }
        }
        effects
    }

    fn evict(&mut self) {
        let center = (self.wanted.first + self.wanted.count / 2) / BLOCK;
        let columns = &self.wanted.columns;
        // What is wanted is a few tiles; with so many columns that it is more, all of it stays.
        let wanted = self.wanted.tiles(u64::MAX).count();
        while self.tiles.len() > KEPT.max(2 * wanted) {
            let far = |tile: &Tile| (tile.0.abs_diff(center), !columns.contains(&tile.1), tile.1);
            let Some(gone) = self.tiles.keys().copied().max_by_key(far) else { return };
            self.tiles.remove(&gone);
        }
    }
}

fn blocks(first: u64, count: u64) -> std::ops::Range<u64> {
    if count == 0 {
        return 0..0;
    }
    first / BLOCK..(first + count - 1) / BLOCK + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::table::SortKey;

    fn page(first: u64, count: u64) -> TablePage {
        let row_ids: Vec<u64> = (first..first + count).collect();
        let cells = row_ids.iter().map(|r| vec![Some(r.to_string()), None]).collect();
        TablePage { first, first_column: 0, row_ids, cells }
    }

    fn asked(effects: &[Effect]) -> Vec<(u64, u64)> {
        let range = |e: &Effect| match e {
            Effect::LoadPage { first, count, .. } => Some((*first, *count)),
            _ => None,
        };
        effects.iter().filter_map(range).collect()
    }

    #[test]
    fn only_missing_blocks_are_read_and_the_last_one_is_short() {
        let mut table = TableState::new(VersionId(1), 600, 2);
        assert_eq!(asked(&table.need(250, 20, &[0])), [(0, 256), (256, 256)]);
        assert_eq!(asked(&table.page_read(&TableQuery::default(), page(0, 256))), []);
        assert_eq!((table.row_id(3), table.cell(3, 0), table.cell(3, 1)), (Some(3), Known::Text("3"), Known::Missing));
        assert_eq!(table.cell(300, 0), Known::NotRead);
        assert_eq!(asked(&table.need(590, 30, &[0])), [(512, 88)]);
    }

    #[test]
    fn dragging_far_does_not_queue_everything_in_between() {
        let mut table = TableState::new(VersionId(1), 5_000_000, 2);
        let mut reads = 0;
        for i in 0..100 {
            reads += table.need(i * 50_000, 40, &[0]).len();
        }
        assert_eq!(reads, IN_FLIGHT);
        let next = table.page_read(&TableQuery::default(), page(0, 256));
        assert_eq!(asked(&next), [(99 * 50_000 / BLOCK * BLOCK, 256)]);
    }

    #[test]
    fn a_sorted_table_appears_only_when_its_order_is_known() {
        let mut table = TableState::new(VersionId(1), 600, 2);
        table.need(0, 20, &[0]);
        table.page_read(&TableQuery::default(), page(0, 256));
        let query =
            TableQuery { sort: vec![SortKey { column: "age".into(), descending: true }], ..TableQuery::default() };
        assert_eq!(table.set_query(query.clone(), 600).len(), 1);
        assert!(table.cell(0, 0) == Known::Text("0") && matches!(table.n_rows, Loadable::Loading { .. }));
        assert_eq!(asked(&table.ordered(&query, 40)), [(0, 40)]);
        assert_eq!((table.cell(0, 0), table.n_rows.value()), (Known::NotRead, Some(&40)));
        assert_eq!(table.page_read(&TableQuery::default(), page(0, 256)), []);
        assert_eq!(table.cell(0, 0), Known::NotRead);
    }

    #[test]
    fn far_blocks_are_forgotten() {
        let mut table = TableState::new(VersionId(1), 5_000_000, 2);
        for block in 0..60 {
            table.need(block * BLOCK, 10, &[0]);
            table.page_read(&TableQuery::default(), page(block * BLOCK, BLOCK));
        }
        assert_eq!(table.cell(0, 0), Known::NotRead);
        assert_ne!(table.cell(59 * BLOCK, 0), Known::NotRead);
    }

    #[test]
    fn only_columns_near_the_screen_are_read() {
        let mut table = TableState::new(VersionId(1), 600, 2_000);
        let columns = |effects: Vec<Effect>| -> Vec<std::ops::Range<usize>> {
            let columns = |e: Effect| match e {
                Effect::LoadPage { columns, .. } => Some(columns),
                _ => None,
            };
            effects.into_iter().filter_map(columns).collect()
        };
        assert_eq!(columns(table.need(0, 20, &[0, 70, 75])), [0..32, 64..96]);
        assert!(table.lacks(0, 20, &[1_999]) && !table.lacks(0, 20, &[3, 64]));
        assert_eq!(columns(table.need(0, 20, &[1_999])), std::slice::from_ref(&(1_984..2_000)));
    }

    #[test]
    fn a_newer_query_replaces_the_older_and_a_stop_keeps_the_rows() {
        let mut table = TableState::new(VersionId(1), 600, 2);
        let filter = |text: &str| TableQuery { expression: Some(text.into()), ..TableQuery::default() };
        table.set_query(filter("a = 1"), 600);
        table.set_query(filter("a = 2"), 600);
        assert_eq!(table.ordered(&filter("a = 1"), 3), []);
        table.ordering(&filter("a = 2"), 0.5);
        assert_eq!(table.progress, Some(0.5));
        assert_eq!(table.stop(), [Effect::CancelTable(VersionId(1))]);
        assert_eq!((table.pending.clone(), table.n_rows.value()), (None, Some(&600)));
        assert!(!table.not_ordered(&filter("a = 2"), &Problem::cancelled()));
        table.set_query(filter("a ="), 600);
        assert!(table.not_ordered(&filter("a ="), &Problem::usage("this is no filter", "")));
        assert_eq!(table.refused.as_ref().map(|(query, _)| query), Some(&filter("a =")));
    }

    #[test]
    fn a_found_cell_comes_into_view_unless_another_one_is_wanted() {
        let mut table = TableState::new(VersionId(1), 600, 2);
        let request = |text: &str| FindRequest { text: text.into(), columns: vec![0, 1], ..FindRequest::default() };
        let found = Found { row: 7, column: 1, wrapped: false, nth: Some((1, 3)) };
        table.look_for(request("a"));
        table.look_for(request("ab"));
        table.found(&TableQuery::default(), &request("a"), Ok(Some(found)));
        assert_eq!((table.find.running, table.go_to), (true, None));
        table.found(&TableQuery::default(), &request("ab"), Ok(Some(found)));
        assert_eq!((table.find.found, table.go_to), (Some(Some(found)), Some((7, Some(1), 1))));
        assert_eq!(table.end_find(), []);
    }
}
