//! Recently decoded blocks of cells.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::data::table::Cells;

pub const CACHE_BYTES: usize = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId {
    pub column: usize,
    pub group: usize,
    pub block: usize,
}

/// Recently used blocks; the least recently used go first.
#[derive(Default)]
pub struct Cache {
    blocks: HashMap<BlockId, (u64, Arc<Cells>)>,
    by_age: BTreeSet<(u64, BlockId)>,
    clock: u64,
    bytes: usize,
}

impl Cache {
    pub fn get(&mut self, id: BlockId) -> Option<Arc<Cells>> {
        let (age, block) = self.blocks.get_mut(&id)?;
        self.by_age.remove(&(*age, id));
        self.clock += 1;
        *age = self.clock;
        self.by_age.insert((*age, id));
        Some(block.clone())
    }

    pub fn insert(&mut self, id: BlockId, block: Arc<Cells>) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
