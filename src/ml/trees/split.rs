//! The best split of a node, searched over the histograms of its columns.
//!
//! Sums are whole numbers in units of their own ([`Scale`](crate::ml::trees::packed::Scale)), so penalties arrive here
//! in those units too. A node with gradient sum G and hessian sum H scores `G² / (H + l2)`; a split gains what its sides
//! score more than the node (Chen & Guestrin 2016, arXiv:1603.02754, eq. 7, times two, as LightGBM counts).

use crate::ml::trees::bins::{Binned, Column, ColumnKind};
use crate::ml::trees::kernel::Lefts;
use crate::ml::trees::packed::Packing;
use crate::ml::trees::runs::{Whole, best_run};

/// What a split must respect, in the units of the sums.
#[derive(Clone, Debug)]
pub struct Rules {
    pub l1: f64,
    pub l2: f64,
    pub min_gain: f64,
    pub min_hessian: f64,
    pub min_rows: f64,
    pub category: CategoryRules,
}

/// In LightGBM's words; `cat_smooth` and `cat_l2` in the units of the hessian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CategoryRules {
    /// Up to so many categories, one is split from the others.
    pub max_cat_to_onehot: usize,
    /// Most categories on the smaller side.
    pub max_cat_threshold: usize,
    /// Rows of a category that take part in the ordering, and what smooths its mean.
    pub cat_smooth: f64,
    /// Added to `l2` where categories are ordered.
    pub cat_l2: f64,
    /// Fewest rows in a group of categories that joins a side.
    pub min_data_per_group: f64,
}

/// The sums of some rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sums {
    pub gradient: i64,
    pub hessian: i64,
}

impl std::ops::Sub for Sums {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, hessian: self.hessian - other.hessian }
    }
}

/// A node as the search sees it.
#[derive(Clone, Copy, Debug)]
pub struct NodeSums {
    pub sums: Sums,
    pub n_rows: usize,
    /// Its own penalty, larger below an ordering of categories.
    pub l2: f64,
    /// Least and largest answer that monotone constraints above it allow; infinite without.
    pub lower: f64,
    pub upper: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    pub column: usize,
    pub test: Test,
    pub gain: f64,
    pub left: Sums,
    /// The penalty of the sides' answers.
    pub l2: f64,
}

/// Which bins go left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// Bins up to this one.
    UpTo { bin: u8, rest_left: bool },
    /// All but this one: an indicator that is set goes right.
    AllBut { bin: u8 },
    /// These categories; everything else goes right.
    Among { bins: [u64; 4] },
}

impl Test {
    /// For a column with `n_bins` bins of values.
    pub fn goes_left(&self, bin: u8, n_bins: usize) -> bool {
        match self {
            Self::UpTo { rest_left, .. } if usize::from(bin) >= n_bins => *rest_left,
            Self::UpTo { bin: last, .. } => bin <= *last,
            Self::AllBut { bin: only } => bin != *only,
            Self::Among { bins } => bins[usize::from(bin / 64)] >> (bin % 64) & 1 == 1,
        }
    }

    pub fn lefts(&self, column: &Column) -> Lefts {
        std::array::from_fn(|bin| self.goes_left(bin as u8, column.n_bins))
    }
}

/// One node's search over columns.
pub struct Search<'a> {
    pub binned: &'a Binned,
    pub packing: Packing,
    pub rules: &'a Rules,
    /// Per feature: 1 where answers may only rise with it, −1 where they may only fall. Empty for none.
    pub monotone: &'a [i8],
}

impl Search<'_> {
    /// The first of the best splits over `columns`, in their order. `histogram` starts with the slots of `columns[0]`
    /// when those were cut out, at `base`.
    pub fn best(&self, node: &NodeSums, histogram: &[i64], base: usize, columns: &[usize]) -> Option<Split> {
        let mut best: Option<Split> = None;
        for &at in columns {
            let column = &self.binned.columns[at];
            let start = self.binned.rows.starts()[at] - base;
            let slots = &histogram[start..start + column.width()];
            let found = match &column.kind {
                ColumnKind::Numbers { .. } => self.best_cut(node, slots, at, column, best.map(|best| best.gain)),
                ColumnKind::Indicators { .. } => self.best_only(node, slots, at, column),
                ColumnKind::Category { .. } => self.best_group(node, slots, at, column),
            };
            if let Some(found) = found
                && best.is_none_or(|best| found.gain > best.gain)
            {
                best = Some(found);
            }
        }
        best
    }

    /// Fewest units of hessian on a side. Rows are not counted in histograms; a node's hessian per row tells how many a
    /// sum stands for (exact for losses whose hessian is constant), as in LightGBM.
    fn least(&self, node: &NodeSums, min_rows: f64) -> i64 {
        let per_row = node.sums.hessian as f64 / node.n_rows as f64;
        ((min_rows * per_row - 1e-9).max(self.rules.min_hessian)).ceil().max(1.0) as i64
    }

    fn is_free(&self, node: &NodeSums, feature: u32) -> bool {
        self.rules.l1 == 0.0
            && node.lower == f64::NEG_INFINITY
            && node.upper == f64::INFINITY
            && self.direction(feature) == 0
    }

    fn direction(&self, feature: u32) -> i8 {
        self.monotone.get(feature as usize).copied().unwrap_or(0)
    }

    /// Nothing where it gains clearly less than `known`.
    fn best_cut(
        &self,
        node: &NodeSums,
        slots: &[i64],
        at: usize,
        column: &Column,
        known: Option<f64>,
    ) -> Option<Split> {
        let total = node.sums;
        let least = self.least(node, self.rules.min_rows);
        let rest = slots.get(column.n_bins).copied().unwrap_or(0);
        let is_free = self.is_free(node, column.feature);
        let direction = self.direction(column.feature);
        let mut best = Best::new(self, node, node.l2);
        if let Some(gain) = known {
            // Two scores that differ by more than rounding: which column wins is decided by the gains.
            (best.above, best.below) = ((gain + best.own()) * (1.0 - 1e-12), 1.0);
        }
        // Everything that has a value on the left is a split only when something has none.
        let last = if rest == 0 { column.n_bins - 1 } else { column.n_bins };
        for rest_left in [false, true] {
            if rest_left && rest == 0 {
                break;
            }
            let mut packed = if rest_left { rest } else { 0 };
            let slots = &slots[..if rest_left { column.n_bins - 1 } else { last }];
            if is_free {
                if let Some(bin) = best.offer_runs(packed, slots, least) {
                    best.test = Some(Test::UpTo { bin: bin as u8, rest_left });
                }
                continue;
            }
            for (bin, &slot) in slots.iter().enumerate() {
                if slot == 0 {
                    continue;
                }
                packed = packed.wrapping_add(slot);
                let left = self.packing.unpack(packed);
                if left.hessian < least {
                    continue;
                }
                if total.hessian.wrapping_sub(left.hessian) < least {
                    break;
                }
                if best.offer(left, direction) {
                    best.test = Some(Test::UpTo { bin: bin as u8, rest_left });
                }
            }
        }
        let mut split = best.finish(at)?;
        if let Test::UpTo { bin, rest_left } = &mut split.test {
            if rest == 0 {
                *rest_left = 2 * split.left.hessian >= total.hessian;
            }
            // Empty bins after the cut: it falls in the middle of the gap.
            let next = slots[..column.n_bins].iter().skip(usize::from(*bin) + 1).position(|&slot| slot != 0);
            *bin += next.map_or(0, |gap| gap as u8 / 2);
        }
        Some(split)
    }

    fn best_only(&self, node: &NodeSums, slots: &[i64], at: usize, column: &Column) -> Option<Split> {
        let least = self.least(node, self.rules.min_rows);
        let mut best = Best::new(self, node, node.l2);
        for (bin, &slot) in slots[..column.n_bins].iter().enumerate() {
            if slot == 0 {
                continue;
            }
            let right = self.packing.unpack(slot);
            let left = node.sums - right;
            if right.hessian >= least && left.hessian >= least {
                let direction = self.direction(column.feature + bin as u32);
                if best.offer(left, direction) {
                    best.test = Some(Test::AllBut { bin: bin as u8 });
                }
            }
        }
        best.finish(at)
    }

    /// Few categories: one against the others. Many: in the order of their means, a run from either end against the
    /// others (Fisher 1958: for squared losses the best two groups are such runs).
    fn best_group(&self, node: &NodeSums, slots: &[i64], at: usize, column: &Column) -> Option<Split> {
        let rules = &self.rules.category;
        let least = self.least(node, self.rules.min_rows);
        let present = slots[..column.n_bins].iter().filter(|&&slot| slot != 0).count();
        if column.width() <= rules.max_cat_to_onehot || present <= 2 {
            let mut best = Best::new(self, node, node.l2);
            for (bin, &slot) in slots[..column.n_bins].iter().enumerate() {
                let left = self.packing.unpack(slot);
                if slot != 0 && left.hessian >= least && (node.sums - left).hessian >= least && best.offer(left, 0) {
                    best.test = Some(among([bin]));
                }
            }
            return best.finish(at);
        }
        let per_row = node.sums.hessian as f64 / node.n_rows as f64;
        let mut order: Vec<(f64, usize, Sums)> = slots[..column.n_bins]
            .iter()
            .enumerate()
            .map(|(bin, &slot)| (bin, self.packing.unpack(slot)))
            .filter(|(_, sums)| sums.hessian > 0 && sums.hessian as f64 >= rules.cat_smooth.min(1e15) * per_row)
            .map(|(bin, sums)| (sums.gradient as f64 / (sums.hessian as f64 + rules.cat_smooth * per_row), bin, sums))
            .collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let n = order.len();
        let most = rules.max_cat_threshold.min(n.div_ceil(2));
        let group = self.least(node, rules.min_data_per_group);
        let mut best = Best::new(self, node, self.rules.l2 + rules.cat_l2);
        for from_end in [false, true] {
            let (mut left, mut in_group) = (Sums::default(), 0);
            for k in 0..most {
                let sums = order[if from_end { n - 1 - k } else { k }].2;
                left = Sums { gradient: left.gradient + sums.gradient, hessian: left.hessian + sums.hessian };
                in_group += sums.hessian;
                let right = node.sums - left;
                if right.hessian < least.max(group) {
                    break;
                }
                if left.hessian < least || in_group < group {
                    continue;
                }
                in_group = 0;
                if best.offer(left, 0) {
                    let chosen = if from_end { &order[n - 1 - k..] } else { &order[..=k] };
                    best.test = Some(among(chosen.iter().map(|&(_, bin, _)| bin)));
                }
            }
        }
        best.finish(at)
    }

    /// The answer `−G / (H + l2)` with the gradient shrunk by `l1`, inside the node's bounds.
    pub fn answer(&self, sums: Sums, l2: f64, node: &NodeSums) -> f64 {
        let h = sums.hessian as f64 + l2;
        (-shrunk(sums.gradient as f64, self.rules.l1) / h).clamp(node.lower, node.upper)
    }

    /// `−2 (G·w + ½ (H + l2) w²)` for the answer w: `G² / (H + l2)` where nothing binds.
    fn score(&self, sums: Sums, l2: f64, answer: f64) -> f64 {
        let g = shrunk(sums.gradient as f64, self.rules.l1);
        -(2.0 * g * answer + (sums.hessian as f64 + l2) * answer * answer)
    }
}

pub fn shrunk(gradient: f64, l1: f64) -> f64 {
    if l1 == 0.0 { gradient } else { gradient.signum() * (gradient.abs() - l1).max(0.0) }
}

pub fn among(bins: impl IntoIterator<Item = usize>) -> Test {
    let mut set = [0_u64; 4];
    bins.into_iter().for_each(|bin| set[bin / 64] |= 1 << (bin % 64));
    Test::Among { bins: set }
}

/// The best split so far of one column. The score of both sides is kept as a fraction: comparing two needs no division.
struct Best<'a> {
    search: &'a Search<'a>,
    node: NodeSums,
    l2: f64,
    score: f64,
    above: f64,
    below: f64,
    left: Sums,
    test: Option<Test>,
}

impl<'a> Best<'a> {
    fn new(search: &'a Search<'a>, node: &NodeSums, l2: f64) -> Self {
        let score = f64::NEG_INFINITY;
        Self { search, node: *node, l2, score, above: -1.0, below: 1.0, left: Sums::default(), test: None }
    }

    /// Each run of `slots` from the first one, joined by what is `packed` already, against the others: without constraints
    /// or l1, `gl²/hl + gr²/hr`. The last slot of the first of the best runs, where one beats the best so far.
    ///
    /// An empty slot makes a run that is no better than the one before it; to compare is cheaper than to ask.
    fn offer_runs(&mut self, mut packed: i64, slots: &[i64], least: i64) -> Option<usize> {
        let packing = self.search.packing;
        let total = self.node.sums;
        let mut runs = [0; 256];
        for (run, &slot) in runs.iter_mut().zip(slots) {
            packed = packed.wrapping_add(slot);
            *run = packed;
        }
        // Hessians only grow from run to run.
        let runs = &runs[..slots.len()];
        let first = runs.partition_point(|&run| packing.unpack(run).hessian < least);
        let most = total.hessian.wrapping_sub(least);
        let runs = &runs[first..];
        let runs = &runs[..runs.partition_point(|&run| packing.unpack(run).hessian <= most)];
        let whole = Whole {
            gradient: total.gradient as f64,
            hessian: total.hessian as f64,
            l2: self.l2,
            shift: packing.shift(),
        };
        let mut best = (self.above, self.below);
        let at = best_run(runs, &whole, &mut best)?;
        ((self.above, self.below), self.left) = (best, packing.unpack(runs[at]));
        Some(first + at)
    }

    fn offer(&mut self, left: Sums, direction: i8) -> bool {
        let right = self.node.sums - left;
        let (wl, wr) = (self.search.answer(left, self.l2, &self.node), self.search.answer(right, self.l2, &self.node));
        if (direction > 0 && wl > wr) || (direction < 0 && wl < wr) {
            return false;
        }
        let score = self.search.score(left, self.l2, wl) + self.search.score(right, self.l2, wr);
        let better = score > self.score;
        if better {
            (self.score, self.left) = (score, left);
        }
        better
    }

    /// What the node scores as it is.
    fn own(&self) -> f64 {
        let answer = self.search.answer(self.node.sums, self.node.l2, &self.node);
        self.search.score(self.node.sums, self.node.l2, answer)
    }

    fn finish(self, column: usize) -> Option<Split> {
        let test = self.test?;
        let score = if self.score > f64::NEG_INFINITY { self.score } else { self.above / self.below };
        let gain = score - self.own();
        // What rounding alone can make of nothing is no gain.
        let least = self.search.rules.min_gain.max(score.abs() * 1e-12);
        (gain > least).then_some(Split { column, test, gain, left: self.left, l2: self.l2 })
    }
}
