//! Forests: deep trees over rows drawn with replacement and columns drawn at each split; and a single tree, which is a
//! forest of one that sees everything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::io::JobIo;
use crate::domain::model::{Tree, TreeNode};
use crate::domain::task::argmax;
use crate::ml::error::FitError;
use crate::ml::sums;
use crate::ml::trees::bins::{Binned, ColumnKind};
use crate::ml::trees::boost::Labels;
use crate::ml::trees::deep::{DeepLimits, Room, Step, grow, leaf_of};
use crate::ml::trees::kernel::{Team, Watch};
use crate::ml::trees::measure::{Counts, Item, Measure, Moments, Packed, Values};
use crate::ml::trees::scan::{Draws, Order, Splitter};

/// Rows whose out-of-bag answers are followed.
const OUT_OF_BAG_ROWS: usize = 2000;

#[derive(Clone, Debug)]
pub struct Settings {
    pub n_estimators: usize,
    pub max_depth: usize,
    pub max_leaves: usize,
    /// A row drawn twice counts once, as in scikit-learn; with whole weights, a row counts as its weight.
    pub min_samples_leaf: usize,
    /// Columns tried at each split; a block of indicators is one.
    pub max_features: usize,
    pub splitter: Splitter,
    /// Rows drawn with replacement for each tree, as a share of all; `None`: all rows, each once.
    pub bootstrap: Option<f64>,
    pub seed: u64,
}

pub struct Forest {
    pub trees: Vec<Tree>,
    /// Over rows that some trees did not see, answered by those: accuracy for classes, R² for numbers.
    pub out_of_bag: Option<f64>,
}

/// Learns from the rows of `binned`, whose categories it puts in another order; rows of weight 0 are left out. For classes `n_classes` says how many.
pub fn forest(
    settings: &Settings,
    binned: Binned,
    labels: Labels,
    n_classes: usize,
    weights: Option<&[f64]>,
    team: &Team,
    io: &dyn JobIo,
) -> Result<Forest, FitError> {
    let is_whole = weights.is_none_or(|weights| weights.iter().all(|w| w.fract() == 0.0));
    match labels {
        Labels::Classes(codes) if n_classes != 2 => {
            let counts = Counts { codes, n_classes, counts_weight: is_whole && weights.is_some() };
            let most = most_frequent(codes, n_classes);
            let y: Vec<f64> = codes.iter().map(|&code| f64::from(u8::from(code as usize == most))).collect();
            Planter { settings, binned, measure: &counts, y: &y, labels, n_classes, weights, team }.plant(io)
        }
        Labels::Classes(codes) => {
            let y: Vec<f64> = codes.iter().map(|&code| f64::from(code)).collect();
            let values = Values { y: &y, unit: 1.0, shift: 0.0, is_binary: true };
            with_values(settings, binned, values, labels, n_classes, weights, is_whole, team, io)
        }
        Labels::Numbers(numbers) => {
            // In units of the largest, around the mean: no sum of squares overflows or loses small differences.
            let most = numbers.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            let most = if most > 0.0 { most } else { 1.0 };
            let mean = sums::sum(numbers.iter().map(|value| value / most / numbers.len() as f64));
            let spread = numbers.iter().fold(0.0_f64, |spread, value| spread.max((value / most - mean).abs()));
            let spread = if spread > 0.0 { spread } else { 1.0 };
            let y: Vec<f64> = numbers.iter().map(|value| (value / most - mean) / spread).collect();
            let values = Values { y: &y, unit: spread * most, shift: mean * most, is_binary: false };
            with_values(settings, binned, values, labels, 0, weights, is_whole, team, io)
        }
    }
}

fn most_frequent(codes: &[u32], n_classes: usize) -> usize {
    let mut counts = vec![0.0; n_classes];
    codes.iter().for_each(|&code| counts[code as usize] += 1.0);
    argmax(&counts)
}

#[expect(clippy::too_many_arguments, reason = "what a forest is made from")]
fn with_values(
    settings: &Settings,
    binned: Binned,
    values: Values,
    labels: Labels,
    n_classes: usize,
    weights: Option<&[f64]>,
    is_whole: bool,
    team: &Team,
    io: &dyn JobIo,
) -> Result<Forest, FitError> {
    let y = values.y;
    let largest = weights.map_or(1.0, |weights| weights.iter().copied().fold(1.0, f64::max));
    let most = binned.n_rows as f64 * largest;
    let packed = (is_whole && most < 1e9).then(|| Packed::new(values, most as u64, weights.is_none())).flatten();
    match &packed {
        Some(measure) => Planter { settings, binned, measure, y, labels, n_classes, weights, team }.plant(io),
        None => {
            let measure = &Moments(values);
            Planter { settings, binned, measure, y, labels, n_classes, weights, team }.plant(io)
        }
    }
}

struct Planter<'a, M> {
    settings: &'a Settings,
    binned: Binned,
    measure: &'a M,
    /// What orders the categories.
    y: &'a [f64],
    labels: Labels<'a>,
    n_classes: usize,
    weights: Option<&'a [f64]>,
    team: &'a Team,
}

#[derive(Default)]
struct Planted {
    tree: Option<Tree>,
    /// Positions among the followed rows, and the leaves of this tree, which did not see them.
    reached: Vec<(u32, u32)>,
}

/// Rows of the mean that a category's own mean is mixed with before categories are ordered.
const ORDER_SMOOTH: f64 = 10.0;

impl<M: Measure> Planter<'_, M> {
    /// The bins of a category by the mean of their rows. One order for the whole forest, as ranger does (Wright & König
    /// 2019, doi:10.7717/peerj.6339): an order of its own in each small node would fit noise.
    fn order(&self, at: usize, rows: &[u32]) -> Vec<u8> {
        let weight = |row: u32| self.weights.map_or(1.0, |weights| weights[row as usize]);
        let all = sums::sum(rows.iter().map(|&row| weight(row)));
        let mean = sums::sum(rows.iter().map(|&row| weight(row) * self.y[row as usize])) / all;
        let mut bins = vec![(ORDER_SMOOTH, ORDER_SMOOTH * mean); 256];
        for &row in rows {
            let bin = &mut bins[usize::from(self.binned.column(at)[row as usize])];
            bin.0 += weight(row);
            bin.1 += weight(row) * self.y[row as usize];
        }
        let mut order: Vec<u8> = (0..self.binned.columns[at].n_bins as u8).collect();
        let mean = |bin: u8| bins[usize::from(bin)].1 / bins[usize::from(bin)].0;
        order.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)));
        order
    }

    /// Bins of categories count from the smallest mean to the largest.
    fn put_in_order(&mut self, rows: &[u32]) -> Vec<Order> {
        for at in 0..self.binned.n_columns() {
            if let ColumnKind::Category { .. } = self.binned.columns[at].kind {
                let order = self.order(at, rows);
                self.binned.reorder(at, &order);
            }
        }
        self.binned.columns.iter().map(Order::new).collect()
    }

    fn plant(mut self, io: &dyn JobIo) -> Result<Forest, FitError> {
        let rows: Vec<u32> = (0..self.binned.n_rows as u32)
            .filter(|&row| self.weights.is_none_or(|weights| weights[row as usize] > 0.0))
            .collect();
        let followed: Vec<usize> = if self.settings.bootstrap.is_some() {
            (0..rows.len()).step_by(rows.len().div_ceil(OUT_OF_BAG_ROWS).max(1)).collect()
        } else {
            Vec::new()
        };
        let watch = Watch::new(io);
        let orders = self.put_in_order(&rows);
        let rooms: Mutex<Vec<Room<M>>> = Mutex::new(Vec::new());
        let n_done = AtomicUsize::new(0);
        let mut planted: Vec<Planted> = Vec::new();
        planted.resize_with(self.settings.n_estimators, Planted::default);
        self.team.each_mut(&mut planted, |tree, planted| {
            let mut room = rooms.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            self.one(tree, &rows, &orders, &followed, &mut room, &watch, &n_done, planted);
            n_done.fetch_add(1, Ordering::Relaxed);
            rooms.lock().unwrap_or_else(PoisonError::into_inner).push(room);
        });
        watch.finish()?;
        let out_of_bag = self.out_of_bag(&rows, &followed, &planted);
        Ok(Forest { trees: planted.into_iter().filter_map(|planted| planted.tree).collect(), out_of_bag })
    }

    #[expect(clippy::too_many_arguments, reason = "what one tree is made from and where it goes")]
    fn one(
        &self,
        tree: usize,
        rows: &[u32],
        orders: &[Order],
        followed: &[usize],
        room: &mut Room<M>,
        watch: &Watch,
        n_done: &AtomicUsize,
        planted: &mut Planted,
    ) {
        let settings = self.settings;
        let n = settings.n_estimators;
        let phase = || {
            let done = n_done.load(Ordering::Relaxed);
            (format!("Tree {} of {n}", (done + 1).min(n)), Some(done as f64 / n as f64))
        };
        if !watch.go_on(phase) {
            return;
        }
        let mut draws = Draws(settings.seed.wrapping_add((tree as u64 + 1).wrapping_mul(0x9E6C_63D0_876A_9A47)));
        let times = settings.bootstrap.map(|share| {
            let mut times = vec![0_u16; rows.len()];
            for _ in 0..((rows.len() as f64 * share).round() as usize).max(1) {
                let at = draws.below(rows.len());
                times[at] = times[at].saturating_add(1);
            }
            times
        });
        room.items.clear();
        room.items.extend(rows.iter().enumerate().filter_map(|(at, &row)| {
            let times = times.as_ref().map_or(1, |times| times[at]);
            let weight = self.weights.map_or(1.0, |weights| weights[row as usize]) * f64::from(times);
            (times > 0).then(|| Item {
                row,
                weight: weight as f32,
                payload: self.measure.payload(row as usize, weight),
            })
        }));
        let limits = DeepLimits {
            max_depth: settings.max_depth,
            max_leaves: settings.max_leaves,
            min_samples_leaf: settings.min_samples_leaf,
            n_tried: settings.max_features,
            splitter: settings.splitter,
            keeps_steps: !followed.is_empty(),
        };
        planted.tree = grow(&self.binned, self.measure, orders, limits, &mut draws, room, &mut || watch.go_on(phase));
        if let (Some(times), Some(_)) = (times, &planted.tree) {
            planted.reached = self.reached(&room.steps, rows, followed, &times);
        }
    }

    fn reached(&self, steps: &[Step], rows: &[u32], followed: &[usize], times: &[u16]) -> Vec<(u32, u32)> {
        let unseen = followed.iter().enumerate().filter(|&(_, &at)| times[at] == 0);
        let leaf = |at: usize| leaf_of(steps, &self.binned, self.binned.rows.rows().row(rows[at] as usize)) as u32;
        unseen.map(|(position, &at)| (position as u32, leaf(at))).collect()
    }

    /// Summed in the order of the trees.
    fn out_of_bag(&self, rows: &[u32], followed: &[usize], planted: &[Planted]) -> Option<f64> {
        let width = self.n_classes.max(1);
        let mut totals = vec![0.0; followed.len() * width];
        let mut n_trees = vec![0_u32; followed.len()];
        for (tree, reached) in planted.iter().filter_map(|planted| Some((planted.tree.as_ref()?, &planted.reached))) {
            for &(position, leaf) in reached {
                let TreeNode::Leaf { values, .. } = &tree.nodes[leaf as usize] else { continue };
                let at = position as usize;
                n_trees[at] += 1;
                totals[at * width..(at + 1) * width].iter_mut().zip(values).for_each(|(total, value)| *total += value);
            }
        }
        let answered: Vec<usize> = (0..followed.len()).filter(|&at| n_trees[at] > 0).collect();
        if answered.is_empty() {
            return None;
        }
        let row = |at: usize| rows[followed[at]] as usize;
        let weight = |at: usize| self.weights.map_or(1.0, |weights| weights[row(at)]);
        let all = sums::sum(answered.iter().map(|&at| weight(at)));
        match self.labels {
            Labels::Classes(codes) => {
                let is_right = |at: usize| argmax(&totals[at * width..(at + 1) * width]) == codes[row(at)] as usize;
                let right = answered.iter().filter(|&&at| is_right(at)).map(|&at| weight(at));
                Some(sums::sum(right) / all)
            }
            Labels::Numbers(values) => {
                let most = values.iter().fold(0.0_f64, |most, value| most.max(value.abs())).max(f64::MIN_POSITIVE);
                let mean = sums::sum(answered.iter().map(|&at| weight(at) / all * (values[row(at)] / most)));
                let off = |at: usize| (totals[at] / f64::from(n_trees[at]) - values[row(at)]) / most;
                let residual = sums::sum(answered.iter().map(|&at| weight(at) * off(at).powi(2)));
                let spread = sums::sum(answered.iter().map(|&at| weight(at) * (values[row(at)] / most - mean).powi(2)));
                (spread > 0.0).then(|| 1.0 - residual / spread)
            }
        }
    }
}
