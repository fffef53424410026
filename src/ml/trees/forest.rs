//! Forests: deep trees over rows drawn with replacement and columns drawn at each split; and a single tree, which is a
//! forest of one that sees everything.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::domain::io::JobIo;
use crate::domain::model::Tree;
use crate::domain::task::argmax;
use crate::ml::error::FitError;
use crate::ml::sums;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::boost::Labels;
use crate::ml::trees::deep::{DeepLimits, DeepTree, Draws, Room, Splitter, grow};
use crate::ml::trees::grow::leaf_of;
use crate::ml::trees::kernel::{Team, Watch};
use crate::ml::trees::measure::{Counts, Item, Measure, Moments};

/// Rows whose out-of-bag answers are followed.
const OUT_OF_BAG_ROWS: usize = 10_000;

#[derive(Clone, Debug)]
pub struct Settings {
    pub n_estimators: usize,
    pub max_depth: usize,
    pub max_leaves: usize,
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

/// Learns from the rows of `binned`; rows of weight 0 are left out. For classes `n_classes` says how many.
pub fn forest(
    settings: &Settings,
    binned: &Binned,
    labels: Labels,
    n_classes: usize,
    weights: Option<&[f64]>,
    team: &Team,
    io: &dyn JobIo,
) -> Result<Forest, FitError> {
    let whole = weights.is_none_or(|weights| weights.iter().all(|w| w.fract() == 0.0 && *w < 1e6));
    match labels {
        Labels::Classes(codes) if n_classes == 2 => {
            let y = codes.iter().map(|&code| f64::from(code)).collect();
            let moments = (1.0, 0.0, true);
            with_moments(settings, binned, y, moments, whole, weights, team, io)
        }
        Labels::Classes(codes) => {
            let y = codes.iter().map(|&code| f64::from(code)).collect();
            let counts = Counts { n_classes, counts_rows: !whole };
            Planter { settings, binned, measure: &counts, y, n_classes, weights, team }.plant(io)
        }
        Labels::Numbers(values) => {
            // In units of the largest, around the mean: no sum of squares overflows or loses small differences.
            let most = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
            let unit = if most > 0.0 { most } else { 1.0 };
            let mean = sums::sum(values.iter().map(|value| value / unit / values.len() as f64));
            let y = values.iter().map(|value| value / unit - mean).collect();
            with_moments(settings, binned, y, (unit, mean * unit, false), whole, weights, team, io)
        }
    }
}

fn with_moments(
    settings: &Settings,
    binned: &Binned,
    y: Vec<f64>,
    (unit, shift, is_binary): (f64, f64, bool),
    whole: bool,
    weights: Option<&[f64]>,
    team: &Team,
    io: &dyn JobIo,
) -> Result<Forest, FitError> {
    let n_classes = if is_binary { 2 } else { 0 };
    if whole {
        let measure = &Moments::<2> { unit, shift, is_binary };
        Planter { settings, binned, measure, y, n_classes, weights, team }.plant(io)
    } else {
        let measure = &Moments::<3> { unit, shift, is_binary };
        Planter { settings, binned, measure, y, n_classes, weights, team }.plant(io)
    }
}

struct Planter<'a, M> {
    settings: &'a Settings,
    binned: &'a Binned,
    measure: &'a M,
    y: Vec<f64>,
    /// 0 for numbers.
    n_classes: usize,
    weights: Option<&'a [f64]>,
    team: &'a Team,
}

#[derive(Default)]
struct Planted {
    tree: Option<Tree>,
    /// Positions among the followed rows, and the answers of this tree, which did not see them.
    answers: Vec<(u32, Vec<f64>)>,
}

impl<M: Measure> Planter<'_, M> {
    fn plant(self, io: &dyn JobIo) -> Result<Forest, FitError> {
        let rows: Vec<u32> = (0..self.binned.n_rows as u32)
            .filter(|&row| self.weights.is_none_or(|weights| weights[row as usize] > 0.0))
            .collect();
        let followed: Vec<usize> = if self.settings.bootstrap.is_some() {
            (0..rows.len()).step_by(rows.len().div_ceil(OUT_OF_BAG_ROWS).max(1)).collect()
        } else {
            Vec::new()
        };
        let watch = Watch::new(io);
        let rooms: Mutex<Vec<Room>> = Mutex::new(Vec::new());
        let n_done = AtomicUsize::new(0);
        let mut planted: Vec<Planted> = Vec::new();
        planted.resize_with(self.settings.n_estimators, Planted::default);
        self.team.each_mut(&mut planted, |tree, planted| {
            let mut room = rooms.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            self.one(tree, &rows, &followed, &mut room, &watch, &n_done, planted);
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
        followed: &[usize],
        room: &mut Room,
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
            (times > 0).then_some(Item { row, weight: weight as f32, y: self.y[row as usize] })
        }));
        let limits = DeepLimits {
            max_depth: settings.max_depth,
            max_leaves: settings.max_leaves,
            min_samples_leaf: settings.min_samples_leaf,
            n_tried: settings.max_features,
            splitter: settings.splitter,
        };
        let Some(grown) = grow(self.binned, self.measure, limits, &mut draws, room, &mut || watch.go_on(phase)) else {
            return;
        };
        if let Some(times) = times {
            planted.answers = self.answers(&grown, rows, followed, &times);
        }
        planted.tree = Some(grown.into_model(self.binned));
    }

    fn answers(&self, grown: &DeepTree, rows: &[u32], followed: &[usize], times: &[u16]) -> Vec<(u32, Vec<f64>)> {
        let unseen = followed.iter().enumerate().filter(|&(_, &at)| times[at] == 0);
        let answer = |(position, &at): (usize, &usize)| {
            let leaf = leaf_of(&grown.nodes, self.binned, self.binned.rows.row(rows[at] as usize));
            (position as u32, grown.values[leaf].clone())
        };
        unseen.map(answer).collect()
    }

    /// Summed in the order of the trees.
    fn out_of_bag(&self, rows: &[u32], followed: &[usize], planted: &[Planted]) -> Option<f64> {
        let width = self.n_classes.max(1);
        let mut totals = vec![0.0; followed.len() * width];
        let mut n_trees = vec![0_u32; followed.len()];
        for (position, values) in planted.iter().flat_map(|planted| &planted.answers) {
            let at = *position as usize;
            n_trees[at] += 1;
            totals[at * width..(at + 1) * width].iter_mut().zip(values).for_each(|(total, value)| *total += value);
        }
        let answered: Vec<usize> = (0..followed.len()).filter(|&at| n_trees[at] > 0).collect();
        if answered.is_empty() {
            return None;
        }
        let truth = |at: usize| self.y[rows[followed[at]] as usize];
        let weight = |at: usize| self.weights.map_or(1.0, |weights| weights[rows[followed[at]] as usize]);
        let all = sums::sum(answered.iter().map(|&at| weight(at)));
        if self.n_classes > 0 {
            let right = |at: usize| argmax(&totals[at * width..(at + 1) * width]) == truth(at) as usize;
            return Some(sums::sum(answered.iter().filter(|&&at| right(at)).map(|&at| weight(at))) / all);
        }
        let back = |y: f64| self.measure.answer(&[1.0, y, 1.0])[0];
        let unit = self.measure.loss(1.0).sqrt();
        let mean = sums::sum(answered.iter().map(|&at| weight(at) * truth(at))) / all;
        let off = |at: usize| (totals[at] / f64::from(n_trees[at]) - back(truth(at))) / unit;
        let residual = sums::sum(answered.iter().map(|&at| weight(at) * off(at).powi(2)));
        let spread = sums::sum(answered.iter().map(|&at| weight(at) * (truth(at) - mean).powi(2)));
        (spread > 0.0).then(|| 1.0 - residual / spread)
    }
}
