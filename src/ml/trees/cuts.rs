//! The best cut of one column at one node, over keys: bins, or for categories the places of bins in their order.
//!
//! A forest looks at some hundred million pairs of node and column, most with a handful of rows. What costs there is not
//! arithmetic but branches that cannot be foreseen, so the fast way has few: it lists the keys that are there with the
//! running sums up to each, and then scores the whole list.

use crate::ml::trees::lanes::Lanes;
use crate::ml::trees::measure::{Fraction, Item, Measure};

/// The keys of a node's items in one column.
#[derive(Clone, Copy)]
pub enum Keys<'a> {
    /// One per item.
    Each(&'a [u8]),
    /// Sorted, in one of the lanes.
    Sorted(&'a Lanes, usize),
}

/// The items of a node.
pub struct Node<'a, M: Measure> {
    pub items: &'a [Item<M::Payload>],
    /// Their sum.
    pub total: &'a [M::Number],
    /// Fewest rows on a side.
    pub least: f64,
}

/// What a column came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sought {
    /// Not all keys are the same.
    pub differs: bool,
    /// The best so far.
    pub cut: Option<Cut>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cut {
    /// The last key on the left, and the next that is there.
    pub last: u8,
    pub next: u8,
    pub rest_left: bool,
    /// There were items of the rest.
    pub saw_rest: bool,
}

/// Room for sums per key, all zero between two columns, and for what is listed from them.
pub struct Bench<N> {
    pub slots: Vec<N>,
    pub left: Vec<N>,
    list: Box<List>,
}

struct List {
    keys: [u8; 256],
    /// Of the items up to each key.
    sums: [i64; 256],
    /// How many these are, where keys were sorted.
    counts: [u8; 256],
    scores: [f64; 256],
}

impl<N: Copy + Default> Bench<N> {
    pub fn new(width: usize) -> Self {
        let list = List { keys: [0; 256], sums: [0; 256], counts: [0; 256], scores: [0.0; 256] };
        Self { slots: vec![N::default(); 256 * width], left: vec![N::default(); width], list: Box::new(list) }
    }
}

/// The set with one key in it.
static ONLY: [[u64; 4]; 256] = {
    let mut sets = [[0; 4]; 256];
    let mut key = 0;
    while key < 256 {
        sets[key][key / 64] = 1 << (key % 64);
        key += 1;
    }
    sets
};

/// The keys that are there.
pub fn present(keys: &[u8]) -> [u64; 4] {
    let mut set = [0_u64; 4];
    for &key in keys {
        set.iter_mut().zip(&ONLY[usize::from(key)]).for_each(|(word, bits)| *word |= bits);
    }
    set
}

/// Visits the keys of a set, ascending, until told to stop.
#[inline(always)]
pub fn each_key(set: [u64; 4], mut visit: impl FnMut(usize) -> bool) {
    for (word, mut bits) in set.into_iter().enumerate() {
        while bits != 0 {
            let key = word * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            if !visit(key) {
                return;
            }
        }
    }
}

/// Any measure: a slot per key.
pub fn by_slots<M: Measure>(
    measure: &M,
    node: &Node<M>,
    keys: &[u8],
    rest: u8,
    bench: &mut Bench<M::Number>,
    best: &mut Fraction,
) -> Sought {
    let width = measure.width();
    let Bench { slots, left, .. } = bench;
    let set = fill(measure, node, keys, slots);
    let n_keys = set.iter().map(|word| word.count_ones()).sum::<u32>();
    let saw_rest = set[usize::from(rest) / 64] >> (rest % 64) & 1 == 1;
    let n = measure.n_rows(node.total);
    let mut cut: Option<Cut> = None;
    for rest_left in [false, true] {
        if n_keys < 2 || (rest_left && !saw_rest) {
            break;
        }
        left.fill(M::Number::default());
        if rest_left {
            add(left, &slots[usize::from(rest) * width..]);
        }
        let mut is_open = false;
        each_key(set, |key| {
            if is_open && let Some(cut) = &mut cut {
                cut.next = key as u8;
                is_open = false;
            }
            if key == usize::from(rest) {
                return false;
            }
            add(left, &slots[key * width..]);
            let on_left = measure.n_rows(left);
            if n - on_left < node.least {
                return false;
            }
            if on_left >= node.least && measure.offer(left, node.total, best) {
                let is_most = 2.0 * on_left >= n;
                let rest_left = if saw_rest { rest_left } else { is_most };
                cut = Some(Cut { last: key as u8, next: key as u8 + 1, rest_left, saw_rest });
                is_open = true;
            }
            true
        });
    }
    clear(set, width, slots);
    Sought { differs: n_keys > 1, cut }
}

/// The one key whose rows alone on the right make the best split so far.
pub fn best_only<M: Measure>(
    measure: &M,
    node: &Node<M>,
    keys: &[u8],
    rest: u8,
    bench: &mut Bench<M::Number>,
    best: &mut Fraction,
) -> (bool, Option<u8>) {
    let width = measure.width();
    let Bench { slots, left, .. } = bench;
    let set = fill(measure, node, keys, slots);
    let n_keys = set.iter().map(|word| word.count_ones()).sum::<u32>();
    let mut found = None;
    if n_keys > 1 {
        each_key(set, |key| {
            if key == usize::from(rest) {
                return false;
            }
            for (k, left) in left.iter_mut().enumerate() {
                *left = node.total[k] - slots[key * width + k];
            }
            let on_left = measure.n_rows(left);
            let mut is_enough = on_left >= node.least && measure.n_rows(node.total) - on_left >= node.least;
            if is_enough && measure.counts_items() {
                let alone = keys.iter().filter(|&&other| usize::from(other) == key).count();
                is_enough = alone.min(keys.len() - alone) as f64 >= node.least;
            }
            if is_enough && measure.offer(left, node.total, best) {
                found = Some(key as u8);
            }
            true
        });
    }
    clear(set, width, slots);
    (n_keys > 1, found)
}

fn fill<M: Measure>(measure: &M, node: &Node<M>, keys: &[u8], slots: &mut [M::Number]) -> [u64; 4] {
    let width = measure.width();
    for (item, &key) in node.items.iter().zip(keys) {
        measure.add(&mut slots[usize::from(key) * width..(usize::from(key) + 1) * width], item);
    }
    present(keys)
}

fn clear<N: Copy + Default>(set: [u64; 4], width: usize, slots: &mut [N]) {
    each_key(set, |key| {
        slots[key * width..(key + 1) * width].fill(N::default());
        true
    });
}

#[inline(always)]
fn add<N: Copy + std::ops::AddAssign>(left: &mut [N], slot: &[N]) {
    left.iter_mut().zip(slot).for_each(|(left, slot)| *left += *slot);
}

/// Sums that are one whole number with the weight in its low `shift` bits.
pub fn by_list<M: Measure<Payload = i64, Number = i64>>(
    node: &Node<M>,
    keys: Keys,
    rest: u8,
    (shift, counts_items): (u32, bool),
    bench: &mut Bench<i64>,
    best: &mut Fraction,
) -> Sought {
    let list = &mut *bench.list;
    let (n_keys, rows) = match keys {
        Keys::Each(keys) => {
            (list.counted(node.items, keys, &mut bench.slots[..=usize::from(rest)]), Rows::WithKeys(keys))
        }
        Keys::Sorted(lanes, lane) => (list.sorted(node.items, lanes, lane), Rows::Counted(node.items.len())),
    };
    if n_keys < 2 {
        return Sought::default();
    }
    let saw_rest = list.keys[n_keys - 1] == rest;
    let (total, mask) = (node.total[0], (1_i64 << shift) - 1);
    let rows = if counts_items { rows } else { Rows::Weighed };
    let scale = Scale { shift, total, least: node.least.ceil() as usize, rows };
    let mut cut = None;
    // All values on the left and the rest on the right is a cut; without a rest the last key leaves nothing.
    if let Some(at) = list.best(n_keys - 1, 0, scale, best) {
        let rest_left = !saw_rest && 2 * (list.sums[at] & mask) >= total & mask;
        cut = Some(Cut { last: list.keys[at], next: list.keys[at + 1], rest_left, saw_rest });
    }
    if saw_rest {
        let valued = n_keys - 1;
        let of_rest = total.wrapping_sub(list.sums[valued - 1]);
        if let Some(at) = list.best(valued - 1, of_rest, scale, best) {
            cut = Some(Cut { last: list.keys[at], next: list.keys[at + 1], rest_left: true, saw_rest });
        }
    }
    Sought { differs: true, cut }
}

#[derive(Clone, Copy)]
struct Scale<'a> {
    shift: u32,
    total: i64,
    /// Fewest rows on a side.
    least: usize,
    rows: Rows<'a>,
}

/// What tells how many rows a side has.
#[derive(Clone, Copy)]
enum Rows<'a> {
    /// Weights are rows.
    Weighed,
    /// The items with these keys.
    WithKeys(&'a [u8]),
    /// So many items, counted in the list.
    Counted(usize),
}

impl Scale<'_> {
    /// The first of the sums with enough rows on the left, and the first with too few on the right. Both grow from key to
    /// key, by one row at least: where few are enough only the ends are in question.
    #[inline(always)]
    fn ends(&self, list: &List, n: usize, more: i64) -> (usize, usize) {
        let mask = (1_i64 << self.shift) - 1;
        if self.least <= 1 {
            return (0, n);
        }
        match self.rows {
            Rows::Weighed => {
                let (least, all) = (self.least as i64, self.total & mask);
                let on_left = |packed: i64| packed.wrapping_add(more) & mask;
                let from = list.sums[..n].partition_point(|&packed| on_left(packed) < least);
                let to = list.sums[..n].partition_point(|&packed| all.wrapping_sub(on_left(packed)) >= least);
                (from, to)
            }
            Rows::WithKeys(keys) => {
                self.near_ends(keys.len(), n, more != 0, |at| count_up_to(keys, list.keys[at & 255]))
            }
            Rows::Counted(all) => self.near_ends(all, n, more != 0, |at| usize::from(list.counts[at & 255])),
        }
    }

    /// [`ends`](Self::ends) by the number of items up to a key, of `all`.
    #[inline(always)]
    fn near_ends(&self, all: usize, n: usize, with_rest: bool, up_to: impl Fn(usize) -> usize) -> (usize, usize) {
        // With the rest on the left, it is what is not up to the last value.
        let rest = if with_rest { all - up_to(n) } else { 0 };
        let few = n.min(self.least - 1);
        let (mut from, mut to) = (0, n);
        while from < few && rest + up_to(from) < self.least {
            from += 1;
        }
        while to > n - few && all - rest - up_to(to - 1) < self.least {
            to -= 1;
        }
        (from, to)
    }
}

fn count_up_to(keys: &[u8], last: u8) -> usize {
    // Bytes add up sixteen at a time as long as they do not overflow.
    keys.chunks(255)
        .map(|keys| usize::from(keys.iter().fold(0_u8, |n, &key| n.wrapping_add(u8::from(key <= last)))))
        .sum()
}

impl List {
    /// The keys of a lane, each once. What else it lists is as if nobody looked: without a branch.
    #[inline(always)]
    fn sorted(&mut self, items: &[Item<i64>], lanes: &Lanes, lane: usize) -> usize {
        let (mut sum, mut at, mut last) = (0_i64, 0_usize, None);
        for (i, (key, item)) in lanes.column(items.len(), lane).enumerate() {
            at = at.wrapping_add(usize::from(last.is_some_and(|last| last != key)));
            last = Some(key);
            sum = sum.wrapping_add(items[item].payload);
            self.keys[at & 255] = key;
            self.sums[at & 255] = sum;
            self.counts[at & 255] = (i as u8).wrapping_add(1);
        }
        at + usize::from(last.is_some())
    }

    /// A slot with rows is never zero: their weight is in its low bits.
    fn counted(&mut self, items: &[Item<i64>], keys: &[u8], slots: &mut [i64]) -> usize {
        for (item, &key) in items.iter().zip(keys) {
            let slot = &mut slots[usize::from(key)];
            *slot = slot.wrapping_add(item.payload);
        }
        let (mut sum, mut at) = (0_i64, 0_usize);
        for (key, slot) in slots.iter_mut().enumerate() {
            sum = sum.wrapping_add(*slot);
            self.keys[at & 255] = key as u8;
            self.sums[at & 255] = sum;
            at = at.wrapping_add(usize::from(*slot != 0));
            *slot = 0;
        }
        at
    }

    /// The first of the best cuts after one of the first `n` keys, with `more` on the left, if it beats the best so far.
    #[inline(always)]
    fn best(&mut self, n: usize, more: i64, scale: Scale, best: &mut Fraction) -> Option<usize> {
        let Scale { shift, total, .. } = scale;
        let mask = (1_i64 << shift) - 1;
        let (from, to) = scale.ends(self, n.min(256), more);
        if from >= to {
            return None;
        }
        let (weight, sum) = (float(total & mask), float(total >> shift));
        let fraction = |packed: i64| {
            let packed = packed.wrapping_add(more);
            let (wl, sl) = (float(packed & mask), float(packed >> shift));
            let (wr, sr) = (weight - wl, sum - sl);
            (sl * sl * wr + sr * sr * wl, wl * wr)
        };
        for (score, &packed) in self.scores[from..to].iter_mut().zip(&self.sums[from..to]) {
            let (above, below) = fraction(packed);
            *score = above / below;
        }
        // Numbers that are not negative are in the order of their bits.
        let (mut at, mut most) = (from, self.scores[from].to_bits());
        for (i, score) in self.scores[from..to].iter().enumerate() {
            let bits = score.to_bits();
            at = if bits > most { from.wrapping_add(i) } else { at };
            most = most.max(bits);
        }
        let (above, below) = fraction(self.sums[at]);
        best.raise(above, below).then_some(at)
    }
}

/// A whole number below 2^51 as a float: added to the bits of 1.5 · 2^52 it is that float's fraction. Unlike the
/// instruction for it, this can be done to several at once.
#[inline(always)]
fn float(whole: i64) -> f64 {
    const BASE: f64 = 6_755_399_441_055_744.0;
    f64::from_bits((BASE.to_bits() as i64).wrapping_add(whole) as u64) - BASE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::random::Shuffler;
    use crate::ml::trees::lanes::{LANES, MOST};
    use crate::ml::trees::measure::{Packed, Values};

    /// What both ways find for items with these keys, answers and weights.
    fn both(keys: &[u8], y: &[f64], weights: &[f64], rest: u8, least: f64, counts_items: bool) -> (Sought, Sought) {
        let values = Values { y, unit: 1.0, shift: 0.0, is_binary: false };
        let measure = Packed::new(values, 100_000, counts_items).unwrap();
        let item = |row: usize| Item {
            row: row as u32,
            weight: weights[row] as f32,
            payload: measure.payload(row, weights[row]),
        };
        let items: Vec<Item<i64>> = (0..keys.len()).map(item).collect();
        let total = [items.iter().map(|item| item.payload).sum::<i64>()];
        let node = Node { items: &items, total: &total, least };
        let (mut one, mut other) = (Bench::new(1), Bench::new(1));
        let mut best = [Fraction::NONE; 2];
        let mut lanes = Lanes::default();
        let listed = if keys.len() <= MOST {
            lanes.take(&keys.iter().map(|&key| [key; LANES]).collect::<Vec<_>>());
            measure.best_cut(&node, Keys::Sorted(&lanes, 0), rest, &mut one, &mut best[0])
        } else {
            measure.best_cut(&node, Keys::Each(keys), rest, &mut one, &mut best[0])
        };
        let slotted = by_slots(&measure, &node, keys, rest, &mut other, &mut best[1]);
        assert!(one.slots.iter().chain(&other.slots).all(|&slot| slot == 0));
        if listed == slotted {
            let off = (best[0].value() - best[1].value()).abs();
            assert!(off <= 1e-12 * best[1].value().abs(), "{best:?}");
        }
        (listed, slotted)
    }

    #[test]
    fn a_list_finds_the_cuts_that_slots_find() {
        let mut source = Shuffler::new(3);
        for n in [1, 2, 3, 7, 8, 9, 16, 17, 31, 32, 33, 100, 128, 129, 700] {
            for (most, has_rest) in [(2, false), (9, true), (254, false), (254, true)] {
                for least in [1.0, 2.0, 5.0, 40.0] {
                    let keys: Vec<u8> = (0..n).map(|_| source.below(most + usize::from(has_rest)) as u8).collect();
                    let y: Vec<f64> = keys.iter().map(|_| source.below(1000) as f64 / 1000.0 - 0.5).collect();
                    let weights: Vec<f64> = keys.iter().map(|_| 1.0 + source.below(3) as f64).collect();
                    let (listed, slotted) = both(&keys, &y, &weights, most as u8, least, false);
                    assert_eq!(listed, slotted, "{n} items, {most} keys, {least} rows at least");
                    // Of weight 1 each, items are what weights count.
                    let (listed, slotted) = both(&keys, &y, &vec![1.0; n], most as u8, least, true);
                    assert_eq!(listed, slotted, "{n} items, {most} keys, {least} items at least");
                }
            }
        }
    }

    #[test]
    fn a_row_that_was_drawn_twice_is_one_row() {
        let (keys, y) = ([3, 7, 7, 9], [0.9, 0.1, 0.0, 0.1]);
        let weights = [2.0, 1.0, 1.0, 1.0];
        let (by_items, by_weight) = both(&keys, &y, &weights, 254, 2.0, true);
        // By weight the first row alone is enough; as one row it is not, and a side of two rows needs the sevens.
        assert_eq!(by_weight.cut.map(|cut| cut.last), Some(3));
        assert_eq!(by_items.cut, None);
        let keys = [3, 7, 8, 9];
        let (by_items, _) = both(&keys, &y, &weights, 254, 2.0, true);
        assert_eq!(by_items.cut, Some(Cut { last: 7, next: 8, rest_left: true, saw_rest: false }));
    }
}
