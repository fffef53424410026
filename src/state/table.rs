//! The rows of one version as far as they were read: blocks of text around what is on the screen.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::VersionId;
use crate::domain::table::{TablePage, TableQuery};

use super::effect::Effect;
use super::loadable::Loadable;

/// Rows read at once.
pub const BLOCK: u64 = 256;
/// Blocks kept; the ones farthest from the screen go first.
const KEPT: usize = 32;
/// Reads under way at once: dragging through millions of rows must not queue them all.
const IN_FLIGHT: usize = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct TableState {
    pub version: VersionId,
    /// What is on the screen.
    pub query: TableQuery,
    /// What was asked for, while it is being computed.
    pub pending: Option<TableQuery>,
    /// Rows of the query's result.
    pub n_rows: Loadable<u64>,
    pages: BTreeMap<u64, TablePage>,
    in_flight: BTreeSet<u64>,
    wanted: (u64, u64),
    /// 0-based row ids marked as evidence.
    pub marked: BTreeSet<u64>,
    /// 0-based position to move to, with a stamp that changes with every request.
    pub go_to: Option<(u64, u64)>,
    /// Reading failed; shown until a read succeeds.
    pub failed: Option<crate::domain::problem::Problem>,
}

impl TableState {
    /// The plain table: its row count is known and nothing has to be ordered.
    pub fn new(version: VersionId, rows: u64) -> Self {
        Self {
            version,
            query: TableQuery::default(),
            pending: None,
            n_rows: Loadable::Ready(rows),
            pages: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            wanted: (0, 0),
            marked: BTreeSet::new(),
            go_to: None,
            failed: None,
        }
    }

    /// The 0-based row id and cells at a position of the result, if they were read.
    pub fn row(&self, position: u64) -> Option<(u64, &[Option<String>])> {
        let page = self.pages.get(&(position / BLOCK))?;
        let at = usize::try_from(position.checked_sub(page.first)?).ok()?;
        Some((*page.row_ids.get(at)?, page.cells.get(at)?))
    }

    /// Whether `NeedRows` for this range would read anything that is not already asked for.
    pub fn lacks(&self, first: u64, count: u64) -> bool {
        self.failed.is_none()
            && self.wanted != (first, count)
            && blocks(first, count).any(|b| !self.pages.contains_key(&b))
    }

    pub fn need(&mut self, first: u64, count: u64) -> Vec<Effect> {
        self.wanted = (first, count);
        self.pump()
    }

    /// Sorts or filters anew. The rows on the screen stay until the new order is known.
    pub fn set_query(&mut self, query: TableQuery, plain_rows: u64) -> Vec<Effect> {
        if query == TableQuery::default() {
            self.show(query, plain_rows);
            return self.pump();
        }
        self.pending = Some(query.clone());
        self.n_rows.start_loading();
        vec![Effect::LoadOrder { version: self.version, query }]
    }

    /// The order of a query is known. Answers to questions nobody asks any more are dropped.
    pub fn ordered(&mut self, query: &TableQuery, rows: u64) -> Vec<Effect> {
        if self.pending.as_ref() != Some(query) {
            return Vec::new();
        }
        self.show(query.clone(), rows);
        self.pump()
    }

    /// The query cannot be computed: the rows on the screen stay.
    pub fn not_ordered(&mut self, query: &TableQuery) {
        if self.pending.as_ref() == Some(query) {
            self.pending = None;
            let rows = self.n_rows.value().copied().unwrap_or_default();
            self.n_rows = Loadable::Ready(rows);
        }
    }

    pub fn page_read(&mut self, query: &TableQuery, page: TablePage) -> Vec<Effect> {
        if *query != self.query {
            return Vec::new();
        }
        let block = page.first / BLOCK;
        self.in_flight.remove(&block);
        self.failed = None;
        self.pages.insert(block, page);
        self.evict();
        self.pump()
    }

    pub fn page_failed(&mut self, query: &TableQuery, problem: crate::domain::problem::Problem) {
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

    pub fn move_to(&mut self, position: u64) {
        let stamp = self.go_to.map_or(0, |(_, stamp)| stamp) + 1;
        self.go_to = Some((position, stamp));
    }

    fn show(&mut self, query: TableQuery, rows: u64) {
        self.query = query;
        self.pending = None;
        self.n_rows = Loadable::Ready(rows);
        self.pages.clear();
        self.in_flight.clear();
        self.failed = None;
    }

    fn pump(&mut self) -> Vec<Effect> {
        let rows = self.n_rows.value().copied().unwrap_or_default();
        let (first, count) = self.wanted;
        let end = first.saturating_add(count).min(rows);
        let mut effects = Vec::new();
        for block in blocks(first, end.saturating_sub(first)) {
            if self.in_flight.len() >= IN_FLIGHT {
                break;
            }
            if !self.pages.contains_key(&block) && self.in_flight.insert(block) {
                let first = block * BLOCK;
                let count = BLOCK.min(rows - first);
                effects.push(Effect::LoadPage { version: self.version, query: self.query.clone(), first, count });
            }
        }
        effects
    }

    fn evict(&mut self) {
        let center = (self.wanted.0 + self.wanted.1 / 2) / BLOCK;
        while self.pages.len() > KEPT {
            let far = |block: &u64| block.abs_diff(center);
            let (Some(low), Some(high)) = (self.pages.keys().next(), self.pages.keys().next_back()) else { return };
            let gone = if far(low) >= far(high) { *low } else { *high };
            self.pages.remove(&gone);
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
        let mut table = TableState::new(VersionId(1), 600);
        assert_eq!(asked(&table.need(250, 20)), [(0, 256), (256, 256)]);
        assert_eq!(asked(&table.page_read(&TableQuery::default(), page(0, 256))), []);
        assert_eq!(table.row(3).unwrap().0, 3);
        assert_eq!(table.row(300), None);
        assert_eq!(asked(&table.need(590, 30)), [(512, 88)]);
    }

    #[test]
    fn dragging_far_does_not_queue_everything_in_between() {
        let mut table = TableState::new(VersionId(1), 5_000_000);
        let mut reads = 0;
        for i in 0..100 {
            reads += table.need(i * 50_000, 40).len();
        }
        assert_eq!(reads, IN_FLIGHT);
        let next = table.page_read(&TableQuery::default(), page(0, 256));
        assert_eq!(asked(&next), [(99 * 50_000 / BLOCK * BLOCK, 256)]);
    }

    #[test]
    fn a_sorted_table_appears_only_when_its_order_is_known() {
        let mut table = TableState::new(VersionId(1), 600);
        table.need(0, 20);
        table.page_read(&TableQuery::default(), page(0, 256));
        let query =
            TableQuery { sort: vec![SortKey { column: "age".into(), descending: true }], ..TableQuery::default() };
        assert_eq!(table.set_query(query.clone(), 600).len(), 1);
        assert!(table.row(0).is_some() && matches!(table.n_rows, Loadable::Loading { .. }));
        assert_eq!(asked(&table.ordered(&query, 40)), [(0, 40)]);
        assert_eq!((table.row(0), table.n_rows.value()), (None, Some(&40)));
        assert_eq!(table.page_read(&TableQuery::default(), page(0, 256)), []);
        assert_eq!(table.row(0), None);
    }

    #[test]
    fn far_blocks_are_forgotten() {
        let mut table = TableState::new(VersionId(1), 5_000_000);
        for block in 0..40 {
            table.need(block * BLOCK, 10);
            table.page_read(&TableQuery::default(), page(block * BLOCK, BLOCK));
        }
        assert!(table.row(0).is_none());
        assert!(table.row(39 * BLOCK).is_some());
    }
}
