//! Everything a profile says of numbers, read off their order.

use hashbrown::HashTable;

use super::keys::{Sorter, Spread};
use super::top::Top;
use crate::domain::io::Cancelled;
use crate::domain::profile::{ColumnProfile, Histogram, NumberSummary, QUANTILES};
use crate::stats::mix;

/// Bins of a histogram, of equal width between the smallest and the largest value.
pub const BINS: usize = 30;
/// Whole numbers of at most so many in a row get a bin each.
const MOST_WHOLE: usize = 40;
/// Up to this many distinct values they are counted rather than sorted.
const FEW: usize = 2048;
/// A logarithmic histogram is kept from this quotient of largest and smallest value on, and this skewness.
const LOG_FROM: (f64, f64) = (100.0, 1.0);

/// The finite numbers of a column, in order.
pub enum Numbers<'a> {
    /// All of them.
    Sorted(&'a [u64]),
    /// Each distinct one with how many there are up to and with it.
    Counted(Vec<(u64, u64)>),
}

impl<'a> Numbers<'a> {
    pub fn new(
        sorter: &'a mut Sorter,
        spread: Spread,
        check: &dyn Fn() -> Result<(), Cancelled>,
    ) -> Result<Self, Cancelled> {
        match few(&sorter.keys) {
            Some(counted) => Ok(Self::Counted(counted)),
            None => Ok(Self::Sorted(sorter.sort(spread, check)?)),
        }
    }

    pub fn len(&self) -> u64 {
        match self {
            Self::Sorted(keys) => keys.len() as u64,
            Self::Counted(runs) => runs.last().map_or(0, |run| run.1),
        }
    }

    pub fn range(&self) -> Option<(u64, u64)> {
        (self.len() > 0).then(|| (self.at(0), self.at(self.len() - 1)))
    }

    /// The number at a 0-based rank.
    fn at(&self, rank: u64) -> u64 {
        match self {
            Self::Sorted(keys) => keys[rank as usize],
            Self::Counted(runs) => runs[runs.partition_point(|run| run.1 <= rank)].0,
        }
    }

    /// How many come before the first for which `before` does not hold.
    fn rank(&self, before: impl Fn(u64) -> bool) -> u64 {
        match self {
            Self::Sorted(keys) => keys.partition_point(|&key| before(key)) as u64,
            Self::Counted(runs) => runs[..runs.partition_point(|run| before(run.0))].last().map_or(0, |run| run.1),
        }
    }

    /// Calls `take` with each distinct number and its count, in order.
    pub fn runs(&self, mut take: impl FnMut(u64, u64)) {
        match self {
            Self::Sorted(keys) => {
                let mut start = 0;
                while let Some(&key) = keys.get(start) {
                    let mut end = start + 1;
                    while keys.get(end) == Some(&key) {
                        end += 1;
                    }
                    take(key, (end - start) as u64);
                    start = end;
                }
            }
            Self::Counted(runs) => {
                let mut before = 0;
                for &(key, end) in runs {
                    take(key, end - before);
                    before = end;
                }
            }
        }
    }

    /// Fills the fields about numbers; `infinite` are the cells that hold −∞ and ∞.
    pub fn describe(
        &self,
        profile: &mut ColumnProfile,
        infinite: [u64; 2],
        value: impl Fn(u64) -> f64 + Copy,
        format: &dyn Fn(u64) -> String,
    ) {
        let (mut distinct, mut top) = (0, Top::new());
        let mut offer = |key, count| {
            if count > 0 {
                distinct += 1;
                top.offer(key, count);
            }
        };
        offer(super::keys::of_float(f64::NEG_INFINITY), infinite[0]);
        self.runs(&mut offer);
        offer(super::keys::of_float(f64::INFINITY), infinite[1]);
        profile.distinct = distinct;
        profile.top = top.kept.into_iter().map(|(count, key)| (format(key), count)).collect();
        profile.numbers = self.summary(value);
        let edges = self.range().map(|(low, high)| match self.whole_edges(value) {
            Some(edges) if profile.is_number() => edges,
            _ => edges(value(low), value(high)),
        });
        profile.histogram = edges.map(|edges| self.histogram(&edges, value));
        let summary = profile.numbers.as_ref();
        profile.log_histogram = summary.and_then(log_edges).map(|edges| self.histogram(&edges, value));
    }

    fn summary(&self, value: impl Fn(u64) -> f64 + Copy) -> Option<NumberSummary> {
        let (low, high) = self.range()?;
        let count = self.len();
        let n = count as f64;
        let mut mean = self.sum(value) / n;
        if !mean.is_finite() {
            mean = self.sum(|key| value(key) / n);
        }
        let [m2, m3, m4] = self.central(value, mean);
        let std = (m2 / (n - 1.0)).sqrt();
        // A constant has no shape; what rounding leaves of it is none either.
        let shaped = low != high && m2 > 0.0;
        let spread = m2 / n;
        let skewness = m3 / n / (spread * spread.sqrt());
        let kurtosis = m4 / n / (spread * spread) - 3.0;
        Some(NumberSummary {
            count,
            min: value(low),
            max: value(high),
            mean,
            std: (count > 1 && std.is_finite()).then_some(std),
            q25: self.quantile(0.25, value),
            median: self.quantile(0.5, value),
            q75: self.quantile(0.75, value),
            zeros: self.rank(|key| value(key) <= 0.0) - self.rank(|key| value(key) < 0.0),
            negative: self.rank(|key| value(key) < 0.0),
            quantiles: QUANTILES.map(|q| (q, self.quantile(q, value))).to_vec(),
            skewness: (shaped && skewness.is_finite()).then_some(skewness),
            kurtosis: (shaped && kurtosis.is_finite()).then_some(kurtosis),
        })
    }

    fn sum(&self, value: impl Fn(u64) -> f64) -> f64 {
        self.sums(|key| [value(key)])[0]
    }

    /// Sums of the second to fourth powers of the distances from the mean.
    fn central(&self, value: impl Fn(u64) -> f64, mean: f64) -> [f64; 3] {
        self.sums(|key| {
            let d = value(key) - mean;
            let square = d * d;
            [square, square * d, square * square]
        })
    }

    /// Sums over all numbers: four running ones per block, Neumaier's compensated sum over the blocks.
    fn sums<const N: usize>(&self, term: impl Fn(u64) -> [f64; N]) -> [f64; N] {
        let mut total = [Compensated::default(); N];
        match self {
            Self::Sorted(keys) => {
                for block in keys.chunks(512) {
                    let mut lanes = [[0.0f64; 4]; N];
                    let mut fours = block.chunks_exact(4);
                    for four in &mut fours {
                        for lane in 0..4 {
                            let terms = term(four[lane]);
                            for i in 0..N {
                                lanes[i][lane] += terms[i];
                            }
                        }
                    }
                    for i in 0..N {
                        total[i].add((lanes[i][0] + lanes[i][1]) + (lanes[i][2] + lanes[i][3]));
                    }
                    for &key in fours.remainder() {
                        let terms = term(key);
                        (0..N).for_each(|i| total[i].add(terms[i]));
                    }
                }
            }
            Self::Counted(_) => self.runs(|key, count| {
                let terms = term(key);
                (0..N).for_each(|i| total[i].add(terms[i] * count as f64));
            }),
        }
        total.map(Compensated::value)
    }

    /// NumPy's default (`linear`), interpolated as NumPy does: from the nearer side.
    fn quantile(&self, q: f64, value: impl Fn(u64) -> f64) -> f64 {
        let last = self.len() - 1;
        let position = last as f64 * q;
        let below = position.floor() as u64;
        interpolated(value(self.at(below)), value(self.at((below + 1).min(last))), position - below as f64)
    }

    /// Edges between whole numbers that lie so close together that each gets a bin of its own: of thirty equal bins
    /// over 0 to 9 two thirds would be gaps that mean nothing. `None` for other numbers.
    fn whole_edges(&self, value: impl Fn(u64) -> f64) -> Option<Vec<f64>> {
        let (low, high) = self.range().map(|(low, high)| (value(low), value(high)))?;
        let Self::Counted(runs) = self else { return None };
        let bins = high - low + 1.0;
        let fits = low < high && bins <= MOST_WHOLE as f64 && high.abs().max(low.abs()) < 2f64.powi(50);
        if !fits || runs.iter().any(|run| value(run.0).fract() != 0.0) {
            return None;
        }
        Some((0..=bins as u64).map(|i| low - 0.5 + i as f64).collect())
    }

    fn histogram(&self, edges: &[f64], value: impl Fn(u64) -> f64) -> Histogram {
        let n_bins = edges.len() - 1;
        let mut below = 0;
        let mut counts = Vec::with_capacity(n_bins);
        for (i, edge) in edges.iter().enumerate().skip(1) {
            let end = if i == n_bins { self.len() } else { self.rank(|key| value(key) < *edge) };
            counts.push(end - below);
            below = end;
        }
        Histogram { edges: edges.to_vec(), counts }
    }
}

/// Between neighbours `a` and `b`, `t` of the way.
pub fn interpolated(a: f64, b: f64, t: f64) -> f64 {
    let step = b - a;
    if !step.is_finite() {
        a * (1.0 - t) + b * t
    } else if t < 0.5 {
        a + step * t
    } else {
        b - step * (1.0 - t)
    }
}

/// Edges of bins of equal width, as `numpy.histogram_bin_edges`.
pub fn edges(min: f64, max: f64) -> Vec<f64> {
    if min == max {
        // NumPy's width for a constant, so that the bin can be drawn.
        return vec![min - 0.5, max + 0.5];
    }
    let range = max - min;
    let width = range / BINS as f64;
    let edge = |i: usize| {
        // A range that no number holds is cut up from both ends.
        let t = i as f64 / BINS as f64;
        if range.is_finite() { min + i as f64 * width } else { min * (1.0 - t) + max * t }
    };
    let mut edges: Vec<f64> = (0..=BINS).map(edge).collect();
    edges[BINS] = max;
    edges
}

/// Edges in the values' own unit whose logarithms are equally far apart; `None` where plain bins serve as well.
fn log_edges(summary: &NumberSummary) -> Option<Vec<f64>> {
    let worth = summary.min > 0.0
        && summary.max / summary.min >= LOG_FROM.0
        && summary.skewness.is_some_and(|skewness| skewness >= LOG_FROM.1);
    if !worth {
        return None;
    }
    let (low, high) = (summary.min.ln(), summary.max.ln());
    let mut edges: Vec<f64> = (0..=BINS).map(|i| (low + (high - low) * i as f64 / BINS as f64).exp()).collect();
    edges[0] = summary.min;
    edges[BINS] = summary.max;
    edges.is_sorted().then_some(edges)
}

/// Distinct keys with cumulated counts, if there are few enough of them to count quickly.
fn few(keys: &[u64]) -> Option<Vec<(u64, u64)>> {
    let mut table: HashTable<(u64, u64)> = HashTable::with_capacity(FEW);
    for &key in keys {
        if let Some((_, count)) = table.find_mut(mix(key), |(k, _)| *k == key) {
            *count += 1;
        } else if table.len() < FEW {
            table.insert_unique(mix(key), (key, 1), |(k, _)| mix(*k));
        } else {
            return None;
        }
    }
    let mut runs: Vec<(u64, u64)> = table.into_iter().collect();
    runs.sort_unstable();
    let mut total = 0;
    for (_, count) in &mut runs {
        total += *count;
        *count = total;
    }
    Some(runs)
}

/// Neumaier's compensated sum.
#[derive(Clone, Copy, Default)]
struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    fn add(&mut self, x: f64) {
        let next = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - next) + x } else { (x - next) + self.sum };
        self.sum = next;
    }

    fn value(self) -> f64 {
        self.sum + self.lost
    }
}
