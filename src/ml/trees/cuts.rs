//! The best cut of one column at one node, over keys: bins, or for categories the places of bins in their order.
//!
//! A forest looks at some hundred million pairs of node and column, most with a handful of rows. What costs there is not
//! arithmetic but branches that cannot be foreseen, so the fast way has few: it lists the keys that are there with the
//! running sums up to each, and then scores the whole list.

use crate::ml::trees::measure::{Fraction, Item, Measure};

/// Rows up to which keys are sorted by comparing each with each.
const TINY: usize = 16;
/// Rows up to which the keys that are there are marked; beyond, all slots are looked at.
const SMALL: usize = 128;

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
    scores: [f64; 256],
}

impl<N: Copy + Default> Bench<N> {
    pub fn new(width: usize) -> Self {
        let list = List { keys: [0; 256], sums: [0; 256], scores: [0.0; 256] };
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
            let is_enough = on_left >= node.least && measure.n_rows(node.total) - on_left >= node.least;
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
    keys: &[u8],
    rest: u8,
    shift: u32,
    bench: &mut Bench<i64>,
    best: &mut Fraction,
) -> Sought {
    let list = &mut *bench.list;
    let n_keys = match node.items.len() {
        0..=TINY => list.sorted(node.items, keys),
        n if n <= SMALL => list.marked(node.items, keys, &mut bench.slots),
        _ => list.counted(node.items, keys, &mut bench.slots),
    };
    if n_keys < 2 {
        return Sought::default();
    }
    let saw_rest = list.keys[n_keys - 1] == rest;
    let total = node.total[0];
    let scale = Scale { shift, total, least: node.least };
    let mut cut = None;
    // All values on the left and the rest on the right is a cut; without a rest the last key leaves nothing.
    if let Some(at) = list.best(n_keys - 1, 0, scale, best) {
        let left = list.sums[at] & ((1 << shift) - 1);
        let is_most = 2 * left >= total & ((1 << shift) - 1);
        let rest_left = !saw_rest && is_most;
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
struct Scale {
    shift: u32,
    total: i64,
    least: f64,
}

impl List {
    /// The place of each item is the number of items with a smaller key: each compared with each, without a branch.
    #[inline(always)]
    fn sorted<P: Copy + Into<i64>>(&mut self, items: &[Item<P>], keys: &[u8]) -> usize {
        let n = items.len().min(TINY);
        let mut own = [i16::MAX; TINY];
        // Equal keys by their order.
        own.iter_mut().zip(&keys[..n]).enumerate().for_each(|(i, (own, &key))| *own = i16::from(key) << 4 | i as i16);
        let mut places = [0_i16; TINY];
        for &other in &own[..n] {
            places.iter_mut().zip(&own).for_each(|(place, own)| *place += i16::from(other < *own));
        }
        let (mut sorted, mut payloads) = ([0_u8; TINY + 1], [0_i64; TINY]);
        for i in 0..n {
            let place = places[i] as usize % TINY;
            sorted[place] = keys[i];
            payloads[place] = items[i].payload.into();
        }
        let (mut sum, mut at) = (0_i64, 0);
        for i in 0..n {
            sum = sum.wrapping_add(payloads[i]);
            self.keys[at % 256] = sorted[i];
            self.sums[at % 256] = sum;
            at += usize::from(i + 1 == n || sorted[i] != sorted[i + 1]);
        }
        at
    }

    fn marked<P: Copy + Into<i64>>(&mut self, items: &[Item<P>], keys: &[u8], slots: &mut [i64]) -> usize {
        let slots = &mut slots[..256];
        let mut set = [0_u64; 4];
        for (item, &key) in items.iter().zip(keys) {
            let slot = &mut slots[usize::from(key)];
            *slot = slot.wrapping_add(item.payload.into());
            set.iter_mut().zip(&ONLY[usize::from(key)]).for_each(|(word, bits)| *word |= bits);
        }
        let (mut sum, mut at) = (0_i64, 0);
        each_key(set, |key| {
            let slot = &mut slots[key & 255];
            sum = sum.wrapping_add(*slot);
            *slot = 0;
            self.keys[at & 255] = key as u8;
            self.sums[at & 255] = sum;
            at += 1;
            true
        });
        at
    }

    /// A slot with rows is never zero: their weight is in its low bits.
    fn counted<P: Copy + Into<i64>>(&mut self, items: &[Item<P>], keys: &[u8], slots: &mut [i64]) -> usize {
        let slots = &mut slots[..256];
        for (item, &key) in items.iter().zip(keys) {
            let slot = &mut slots[usize::from(key)];
            *slot = slot.wrapping_add(item.payload.into());
        }
        let (mut sum, mut at) = (0_i64, 0);
        for (key, slot) in slots.iter_mut().enumerate() {
            sum = sum.wrapping_add(*slot);
            self.keys[at & 255] = key as u8;
            self.sums[at & 255] = sum;
            at += usize::from(*slot != 0);
            *slot = 0;
        }
        at
    }

    /// The first of the best cuts after one of the first `n` keys, with `more` on the left, if it beats the best so far.
    #[inline(always)]
    fn best(&mut self, n: usize, more: i64, scale: Scale, best: &mut Fraction) -> Option<usize> {
        let mask = (1_i64 << scale.shift) - 1;
        let weight = (scale.total & mask) as f64;
        let sum = (scale.total >> scale.shift) as f64;
        let fraction = |packed: i64| {
            let packed = packed.wrapping_add(more);
            let (wl, sl) = ((packed & mask) as f64, (packed >> scale.shift) as f64);
            let (wr, sr) = (weight - wl, sum - sl);
            (wl, wr, sl * sl * wr + sr * sr * wl, wl * wr)
        };
        let n = n.min(256);
        for (score, &packed) in self.scores[..n].iter_mut().zip(&self.sums[..n]) {
            let (wl, wr, above, below) = fraction(packed);
            *score = if (wl >= scale.least) & (wr >= scale.least) { above / below } else { -1.0 };
        }
        let (mut at, mut most) = (0, -1.0);
        for (i, &score) in self.scores[..n].iter().enumerate() {
            let is_more = score > most;
            at = if is_more { i } else { at };
            most = if is_more { score } else { most };
        }
        if most < 0.0 {
            return None;
        }
        let (_, _, above, below) = fraction(self.sums[at]);
        best.raise(above, below).then_some(at)
    }
}
