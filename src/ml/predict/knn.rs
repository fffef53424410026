//! The nearest stored rows of each row, exactly.
//!
//! Distances come from matrix products first, which is fast and loses digits; whatever could be among the nearest within
//! those digits is measured again by its differences.

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
/// What matrix products may lose, relative to the squared lengths of the rows.
const LOST: f64 = 1e-12;

pub struct Knn<'a> {
    model: &'a Neighbours,
    /// Numbers per answer.
    width: usize,
    centers: Vec<f64>,
    /// Numbers of the stored rows around the centres, column after column.
    stored: Array2<f64>,
    /// Squared length of each stored row.
    lengths: Vec<f64>,
    numbers: Vec<&'a [f64]>,
    /// Codes of the stored rows and of the rows to answer, and the levels.
    codes: Vec<(&'a [u32], &'a [u32], u32)>,
    /// The stored codes again in one byte each, where they fit: sixteen are compared at once.
    short: Vec<Option<Vec<u8>>>,
    longest: f64,
}

impl<'a> Knn<'a> {
    /// The model has been checked against the features.
    pub fn new(model: &'a Neighbours, x: &'a Features, width: usize) -> Result<Self, PredictError> {
        let n = model.answers.len();
        let (mut numbers, mut codes, mut centers, mut columns) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (column, block) in model.columns.iter().zip(&x.blocks) {
            match (column, block) {
                (StoredColumn::Numbers { values }, Block::Numbers(of_rows)) => {
                    centers.push(values.iter().map(|v| v / n as f64).sum());
                    columns.push(values.as_slice());
                    numbers.push(of_rows.as_slice());
                }
                (StoredColumn::Indicators { codes: stored, n_levels }, Block::Indicators { codes: of_rows, .. }) => {
                    codes.push((stored.as_slice(), of_rows.as_slice(), *n_levels));
                }
                _ => return Err(PredictError::Columns { problem: "a column is of another kind".to_owned() }),
            }
        }
        let stored = Array2::from_shape_fn((columns.len(), n), |(j, row)| columns[j][row] - centers[j]);
        let known = |row: usize| codes.iter().filter(|(stored, _, n_levels)| stored[row] < *n_levels).count() as f64;
        let lengths: Vec<f64> = (0..n).map(|row| stored.column(row).dot(&stored.column(row)) + known(row)).collect();
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        let shorten = |codes: &[u32]| codes.iter().map(|&code| code.min(255) as u8).collect();
        let short = codes.iter().map(|(stored, _, n_levels)| (*n_levels <= 255).then(|| shorten(stored))).collect();
        Ok(Self { model, width, centers, stored, lengths, numbers, codes, short, longest })
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
        let queries = Array2::from_shape_fn((k, m), |(j, at)| self.numbers[j][rows.start + at] - self.centers[j]);
        let mut found: Vec<Candidates> = (0..m)
            .map(|at| {
                let known = self.codes.iter().filter(|(_, of_rows, levels)| of_rows[rows.start + at] < *levels).count();
                let length = queries.column(at).dot(&queries.column(at)) + known as f64;
                Candidates::new(self.model.n_neighbors as usize, length, LOST * (length + self.longest))
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
                    let same = matches.all.iter().map(|&same| 2.0 * f64::from(same));
                    far[..size].iter_mut().zip(same).for_each(|(far, same)| *far -= same);
                }
                // Most rows are too far: eight at a time are passed over.
                for (eight, fars) in far[..size].chunks(8).enumerate() {
                    if fars.iter().fold(false, |any, far| any | (*far <= candidates.limit)) {
                        for (row, far) in fars.iter().enumerate() {
                            if *far <= candidates.limit {
                                candidates.push(*far, start + 8 * eight + row);
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
        matches.all[..size].fill(0);
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
            matches.all.iter_mut().zip(&*few).for_each(|(all, &few)| *all = all.wrapping_add(u32::from(few)));
        }
    }

    fn distance(&self, row: usize, stored: usize) -> f64 {
        let mut square = 0.0;
        for (j, values) in self.numbers.iter().enumerate() {
            let by = (values[row] - self.centers[j]) - self.stored[[j, stored]];
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
    all: [u32; TILE],
    few: [u8; TILE],
}

impl Default for Matches {
    fn default() -> Self {
        Self { all: [0; TILE], few: [0; TILE] }
    }
}

/// Stored rows that may be among the nearest.
struct Candidates {
    n_neighbors: usize,
    /// A row nearer than this may count; what is compared leaves out the asking row's own length.
    limit: f64,
    slack: f64,
    rows: Vec<(f64, usize)>,
    prune_at: usize,
}

impl Candidates {
    fn new(n_neighbors: usize, length: f64, slack: f64) -> Self {
        // Without a finite length nothing can be told apart; the distances decide.
        let slack = if length.is_finite() { slack } else { f64::INFINITY };
        Self { n_neighbors, limit: f64::INFINITY, slack, rows: Vec::new(), prune_at: 2 * n_neighbors + 64 }
    }

    fn push(&mut self, far: f64, row: usize) {
        self.rows.push((far, row));
        if self.rows.len() >= self.prune_at {
            self.prune();
            self.prune_at = 2 * self.rows.len() + 64;
        }
    }

    fn prune(&mut self) {
        if self.rows.len() > self.n_neighbors {
            let (_, last, _) = self.rows.select_nth_unstable_by(self.n_neighbors - 1, |a, b| a.0.total_cmp(&b.0));
            self.limit = last.0 + self.slack;
            let limit = self.limit;
            self.rows.retain(|(far, _)| *far <= limit || limit.is_nan());
        }
    }

    fn finish(mut self) -> Vec<usize> {
        self.prune();
        self.rows.into_iter().map(|(_, row)| row).collect()
    }
}
