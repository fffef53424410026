//! The nearest stored rows of each row, exactly.
//!
//! Distances come from matrix products in single precision first, which is fast and loses digits; whatever could be among
//! the nearest within those digits is measured again by its differences.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, s};

use crate::domain::features::{Block, Features};
use crate::domain::model::{Neighbours, StoredColumn, Weighting};
use crate::ml::error::PredictError;

/// Stored rows compared at a time: their distances to a group of rows stay within the second-level cache.
const TILE: usize = 512;
/// Rows that are looked up together.
const GROUP: usize = 64;
/// Multiplications between two looks at the cancel button.
const WORK: usize = 400_000_000;
/// Half a unit in the last place of a single, relative to it.
const ROUNDING: f32 = f32::EPSILON / 2.0;
/// What vanishes where numbers are smaller than a single can say.
const VANISHING: f32 = 1e-36;

pub struct Knn<'a> {
    model: &'a Neighbours,
    /// Numbers per answer.
    width: usize,
    centers: Vec<f64>,
    /// What all numbers are divided by, so that the longest stored row is about 1 long. A power of two: nothing is lost.
    unit: f64,
    /// Numbers of the stored rows around the centres, column after column.
    stored: Array2<f32>,
    /// Squared length of each stored row, less what it may be wrong by: no row seems farther than it is. NaN where a
    /// single cannot say it.
    lengths: Vec<f32>,
    /// What a squared distance may be wrong by, relative to the squared lengths of its two rows together.
    lost: f32,
    /// Numbers of the stored rows and of the rows to answer.
    numbers: Vec<(&'a [f64], &'a [f64])>,
    /// Codes of the stored rows and of the rows to answer, and the levels.
    codes: Vec<(&'a [u32], &'a [u32], u32)>,
    /// The stored codes again in one byte each, where they fit: sixteen are compared at once.
    short: Vec<Option<Vec<u8>>>,
}

impl<'a> Knn<'a> {
    /// The model has been checked against the features.
    pub fn new(model: &'a Neighbours, x: &'a Features, width: usize) -> Result<Self, PredictError> {
        let n = model.answers.len();
        let (mut numbers, mut codes, mut centers) = (Vec::new(), Vec::new(), Vec::new());
        for (column, block) in model.columns.iter().zip(&x.blocks) {
            match (column, block) {
                (StoredColumn::Numbers { values }, Block::Numbers(of_rows)) => {
                    centers.push(values.iter().map(|v| v / n as f64).sum());
                    numbers.push((values.as_slice(), of_rows.as_slice()));
                }
                (StoredColumn::Indicators { codes: stored, n_levels }, Block::Indicators { codes: of_rows, .. }) => {
                    codes.push((stored.as_slice(), of_rows.as_slice(), *n_levels));
                }
                _ => return Err(PredictError::Columns { problem: "a column is of another kind".to_owned() }),
            }
        }
        let mut squares = vec![0.0; n];
        for ((stored, _), center) in numbers.iter().zip(&centers) {
            squares.iter_mut().zip(*stored).for_each(|(square, value)| *square += (value - center) * (value - center));
        }
        for (stored, _, n_levels) in &codes {
            squares.iter_mut().zip(*stored).for_each(|(square, code)| *square += f64::from(u8::from(code < n_levels)));
        }
        let longest = squares.iter().copied().fold(0.0, f64::max);
        let unit = if longest > 0.0 && longest.is_finite() { (longest.log2() / 2.0).ceil().exp2() } else { 1.0 };
        let single = |(j, row): (usize, usize)| ((numbers[j].0[row] - centers[j]) / unit) as f32;
        let stored = Array2::from_shape_fn((numbers.len(), n), single);
        // The error of a sum of products (Higham, Accuracy and Stability of Numerical Algorithms, 3.1), and of the
        // sums around it.
        let lost = 2.0 * (numbers.len() + 16) as f32 * ROUNDING;
        let least = |square: f64| ((square / (unit * unit)) as f32) * (1.0 - lost);
        let known = |length: f32| if length.is_finite() { length } else { f32::NAN };
        let lengths = squares.into_iter().map(|square| known(least(square))).collect();
        let shorten = |codes: &[u32]| codes.iter().map(|&code| code.min(255) as u8).collect();
        let short = codes.iter().map(|(stored, _, n_levels)| (*n_levels <= 255).then(|| shorten(stored))).collect();
        Ok(Self { model, width, centers, unit, stored, lengths, lost, numbers, codes, short })
    }

    pub fn step(&self) -> usize {
        let per_row = self.model.answers.len() * (1 + self.numbers.len() + self.codes.len());
        (WORK / per_row.max(1)).clamp(GROUP, super::CHUNK) / GROUP * GROUP
    }

    pub fn score(&self, rows: Range<usize>, answers: &mut [f64]) {
        for start in rows.clone().step_by(GROUP) {
            let group = start..(start + GROUP).min(rows.end);
            let from = (start - rows.start) * self.width;
            let answers = &mut answers[from..from + group.len() * self.width];
            for (nearest, answer) in self.nearest(group).iter().zip(answers.chunks_exact_mut(self.width)) {
                self.answer(nearest, answer);
            }
        }
    }

    /// (distance, stored row) of the nearest rows, nearest first.
    fn nearest(&self, rows: Range<usize>) -> Vec<Vec<(f64, usize)>> {
        let (k, m, n) = (self.numbers.len(), rows.len(), self.model.answers.len());
        let asked = |j: usize, at: usize| (self.numbers[j].1[rows.start + at] - self.centers[j]) / self.unit;
        let queries = Array2::from_shape_fn((k, m), |(j, at)| asked(j, at) as f32);
        let match_counts = (2.0 / (self.unit * self.unit)) as f32;
        let mut found: Vec<Candidates> = (0..m)
            .map(|at| {
                let known = self.codes.iter().filter(|(_, of_rows, levels)| of_rows[rows.start + at] < *levels).count();
                let length = queries.column(at).dot(&queries.column(at)) + match_counts * known as f32;
                Candidates::new(self.model.n_neighbors as usize, length, self.lost)
            })
            .collect();
        let mut products = Array2::zeros((m, TILE));
        let mut matches = Matches::default();
        let mut far = [0.0; TILE];
        for start in (0..n).step_by(TILE) {
            let end = (start + TILE).min(n);
            let size = end - start;
            let mut products = products.slice_mut(s![.., ..size]);
            general_mat_mul(1.0, &queries.t(), &self.stored.slice(s![.., start..end]), 0.0, &mut products);
            for (at, candidates) in found.iter_mut().enumerate() {
                let lengths = &self.lengths[start..end];
                let products = products.row(at).to_slice().expect("the products of a row lie together");
                for ((far, length), product) in far.iter_mut().zip(lengths).zip(products) {
                    *far = length - 2.0 * product;
                }
                if !self.codes.is_empty() {
                    self.count(rows.start + at, start..end, &mut matches);
                    far[..size].iter_mut().zip(&matches.all).for_each(|(far, same)| *far -= match_counts * same);
                }
                // Most rows are too far: sixteen at a time are passed over.
                for (sixteen, fars) in far[..size].chunks(16).enumerate() {
                    if fars.iter().fold(false, |any, far| any | candidates.may_be(*far)) {
                        for (row, far) in fars.iter().enumerate() {
                            let at = 16 * sixteen + row;
                            if candidates.may_be(*far) {
                                candidates.push(*far, lengths[at], start + at);
                            }
                        }
                    }
                }
            }
        }
        let exact = |(at, candidates): (usize, Candidates)| {
            let mut all: Vec<(f64, usize)> =
                candidates.finish().into_iter().map(|row| (self.distance(rows.start + at, row), row)).collect();
            all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            all.truncate(self.model.n_neighbors as usize);
            all
        };
        found.into_iter().enumerate().map(exact).collect()
    }

    /// In how many columns of categories each of these stored rows is as `row`.
    fn count(&self, row: usize, stored: Range<usize>, matches: &mut Matches) {
        let size = stored.len();
        matches.all[..size].fill(0.0);
        for columns in self.codes.chunks(255).zip(self.short.chunks(255)).map(|(c, s)| c.iter().zip(s)) {
            let few = &mut matches.few[..size];
            few.fill(0);
            // Sums of at most 255 ones.
            for ((of_stored, of_rows, n_levels), short) in columns {
                let code = of_rows[row];
                if code >= *n_levels {
                    continue;
                }
                match short {
                    Some(short) => {
                        let code = code as u8;
                        few.iter_mut()
                            .zip(&short[stored.clone()])
                            .for_each(|(n, of)| *n = n.wrapping_add(u8::from(*of == code)));
                    }
                    None => few
                        .iter_mut()
                        .zip(&of_stored[stored.clone()])
                        .for_each(|(n, of)| *n = n.wrapping_add(u8::from(*of == code))),
                }
            }
            matches.all.iter_mut().zip(&*few).for_each(|(all, &few)| *all += f32::from(few));
        }
    }

    fn distance(&self, row: usize, stored: usize) -> f64 {
        let mut square = 0.0;
        for ((of_stored, of_rows), center) in self.numbers.iter().zip(&self.centers) {
            let by = (of_rows[row] - center) - (of_stored[stored] - center);
            square += by * by;
        }
        for (of_stored, of_rows, n_levels) in &self.codes {
            let (a, b) = (of_stored[stored], of_rows[row]);
            if a != b {
                square += f64::from(u8::from(a < *n_levels) + u8::from(b < *n_levels));
            }
        }
        square.sqrt()
    }

    fn answer(&self, nearest: &[(f64, usize)], answer: &mut [f64]) {
        let same = nearest.first().is_some_and(|(distance, _)| *distance == 0.0);
        let weight = |distance: f64, row: usize| {
            let by_distance = match self.model.weighting {
                Weighting::Uniform => 1.0,
                Weighting::Distance if same => f64::from(u8::from(distance == 0.0)),
                // In units of the nearest: 1 / distance could overflow.
                Weighting::Distance => nearest[0].0 / distance,
            };
            by_distance * self.model.row_weights.as_ref().map_or(1.0, |weights| weights[row])
        };
        answer.fill(0.0);
        let total: f64 = nearest.iter().map(|(distance, row)| weight(*distance, *row)).sum();
        for (distance, row) in nearest {
            let (share, stored) = (weight(*distance, *row) / total, self.model.answers[*row]);
            if self.width > 1 {
                answer[stored as usize] += share;
            } else {
                answer[0] += share * stored;
            }
        }
    }
}

/// Equal categories per stored row: of all columns, and of some in bytes.
struct Matches {
    all: [f32; TILE],
    few: [u8; TILE],
}

impl Default for Matches {
    fn default() -> Self {
        Self { all: [0.0; TILE], few: [0; TILE] }
    }
}

/// Stored rows that may be among the nearest. What is compared leaves out the asking row's own length.
struct Candidates {
    n_neighbors: usize,
    /// Squared length of the asking row.
    length: f32,
    lost: f32,
    /// No row that counts seems farther than this.
    limit: f32,
    /// How far a row seems, the most that it may be, and its number.
    rows: Vec<(f32, f32, usize)>,
    prune_at: usize,
}

impl Candidates {
    fn new(n_neighbors: usize, length: f32, lost: f32) -> Self {
        Self { n_neighbors, length, lost, limit: f32::INFINITY, rows: Vec::new(), prune_at: 2 * n_neighbors + 64 }
    }

    /// What cannot be told (NaN) may be.
    fn may_be(&self, far: f32) -> bool {
        far <= self.limit || far.is_nan()
    }

    fn push(&mut self, far: f32, length: f32, row: usize) {
        // The asking row's own error is in no `far`: it counts here for both rows of a comparison.
        let most = far + 2.0 * self.lost * (length + self.length) + VANISHING;
        let (far, most) = if most.is_finite() { (far, most) } else { (f32::NEG_INFINITY, f32::INFINITY) };
        self.rows.push((far, most, row));
        if self.rows.len() >= self.prune_at {
            self.prune();
            self.prune_at = 2 * self.rows.len() + 64;
        }
    }

    /// A row that seems farther than the most that the seemingly nearest may be is out.
    fn prune(&mut self) {
        if self.rows.len() > self.n_neighbors {
            self.rows.select_nth_unstable_by(self.n_neighbors - 1, |a, b| a.0.total_cmp(&b.0));
            let nearest = &self.rows[..self.n_neighbors];
            self.limit = nearest.iter().map(|row| row.1).fold(f32::NEG_INFINITY, f32::max);
            let limit = self.limit;
            self.rows.retain(|(far, ..)| *far <= limit);
        }
    }

    fn finish(mut self) -> Vec<usize> {
        self.prune();
        self.rows.into_iter().map(|(.., row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::algorithms::testing::Lcg;

    /// As if every distance were measured, which is what the nearest rows are.
    fn by_hand(model: &Neighbours, x: &Features, row: usize) -> Vec<usize> {
        let knn = Knn::new(model, x, 1).unwrap();
        let mut all: Vec<(f64, usize)> = (0..model.answers.len()).map(|at| (knn.distance(row, at), at)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.into_iter().take(model.n_neighbors as usize).map(|(_, at)| at).collect()
    }

    #[test]
    fn no_neighbour_is_lost_in_single_precision() {
        // Close together far from zero, over many orders of magnitude, on a grid with ties, beyond what a single holds.
        let kinds: [fn(f64) -> f64; 6] = [
            |u| u,
            |u| 1e6 + 1e-3 * u,
            |u| (60.0 * (u - 0.5)).exp(),
            |u| (3.0 * u).floor(),
            |u| 1e60 * (u - 0.5),
            |u| if u < 0.1 { 1e25 } else { 1e-20 * u },
        ];
        for (k, kind) in kinds.into_iter().enumerate() {
            for with_codes in [false, true] {
                let mut source = Lcg(k as u64 + 1);
                let mut column = |n: usize| (0..n).map(|_| kind(source.next())).collect::<Vec<f64>>();
                let (n, m) = (1500, 130);
                let mut columns: Vec<StoredColumn> =
                    (0..5).map(|_| StoredColumn::Numbers { values: column(n) }).collect();
                let mut blocks: Vec<Block> = (0..5).map(|_| Block::Numbers(column(m))).collect();
                if with_codes {
                    let codes = |n: u32| (0..n).map(|row| row * 7 % 5).collect::<Vec<u32>>();
                    columns.push(StoredColumn::Indicators { codes: codes(n as u32), n_levels: 4 });
                    blocks.push(Block::Indicators { codes: codes(m as u32), n_levels: 4 });
                }
                let weighting = Weighting::Uniform;
                let model = Neighbours { n_neighbors: 7, weighting, columns, answers: vec![0.0; n], row_weights: None };
                let names = (0..9).map(|i| i.to_string()).collect();
                let x = Features { n_rows: m, blocks, names };
                let found = Knn::new(&model, &x, 1).unwrap().nearest(0..m);
                for (row, nearest) in found.iter().enumerate() {
                    let rows: Vec<usize> = nearest.iter().map(|(_, at)| *at).collect();
                    assert_eq!(rows, by_hand(&model, &x, row), "kind {k}, codes {with_codes}, row {row}");
                }
            }
        }
    }
}
