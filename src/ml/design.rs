//! Features as linear learners read them: numbers standardised on the fly, indicators by their codes, never a one-hot
//! matrix.
//!
//! A *slope* is a coefficient in standard units. Slopes are ordered: varying numbers, then all indicators; the intercept
//! comes last. Columns that do not vary have no slope.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, s};

use crate::domain::features::{Block, Features};
use crate::domain::io::Cancelled;
use crate::ml::error::FitError;
use crate::ml::guard;
use crate::ml::parallel::{STRETCH, Watch, map_stretches};
use crate::ml::sums;
use crate::ml::trees::wide;

/// Rows worked on at a time: a block of 30 columns stays within the second-level cache.
pub const BLOCK: usize = 1024;
/// Gram matrices are summed up in at most this many parts, and in fewer when they take more memory than this.
const GRAM_PARTS: usize = 8;
const GRAM_BYTES: usize = 128 << 20;

/// The features of some rows, ready for passes over them.
pub struct Design<'a> {
    pub n_rows: usize,
    pub n_features: usize,
    numbers: Vec<NumberColumn<'a>>,
    codes: Vec<CodeColumn<'a>>,
}

struct NumberColumn<'a> {
    feature: usize,
    values: &'a [f64],
    center: f64,
    /// 1 / spread
    scale: f64,
}

struct CodeColumn<'a> {
    feature: usize,
    slope: usize,
    codes: &'a [u32],
    n_levels: usize,
}

impl<'a> Design<'a> {
    /// Refuses columns of unordered codes: a weight per code number would mean nothing.
    pub fn new(x: &'a Features) -> Result<Self, FitError> {
        let (mut numbers, mut codes) = (Vec::new(), Vec::new());
        let mut feature = 0;
        for block in &x.blocks {
            match block {
                Block::Numbers(values) => {
                    let standard = Standard::of(values);
                    if standard.varies {
                        let scale = 1.0 / standard.spread;
                        numbers.push(NumberColumn { feature, values, center: standard.center, scale });
                    }
                }
                Block::Indicators { codes: of_rows, n_levels } => {
                    codes.push(CodeColumn { feature, slope: 0, codes: of_rows, n_levels: *n_levels as usize });
                }
                Block::Category { .. } => {
                    return Err(FitError::Category { feature: guard::feature_name(x, feature) });
                }
            }
            feature += block.n_features();
        }
        let mut slope = numbers.len();
        for column in &mut codes {
            column.slope = slope;
            slope += column.n_levels;
        }
        Ok(Self { n_rows: x.n_rows, n_features: feature, numbers, codes })
    }

    /// Other rows of the same columns, in the same standard units.
    pub fn like<'b>(&self, x: &'b Features) -> Design<'b> {
        let mut firsts = Vec::with_capacity(x.blocks.len());
        let mut feature = 0;
        for block in &x.blocks {
            firsts.push(feature);
            feature += block.n_features();
        }
        let block_at = |feature: usize| firsts.binary_search(&feature).ok().map(|at| &x.blocks[at]);
        let numbers = self.numbers.iter().filter_map(|column| match block_at(column.feature) {
            Some(Block::Numbers(values)) => {
                Some(NumberColumn { feature: column.feature, values, center: column.center, scale: column.scale })
            }
            _ => None,
        });
        let codes = self.codes.iter().filter_map(|column| match block_at(column.feature) {
            Some(Block::Indicators { codes, .. }) => {
                Some(CodeColumn { feature: column.feature, slope: column.slope, codes, n_levels: column.n_levels })
            }
            _ => None,
        });
        Design { n_rows: x.n_rows, n_features: self.n_features, numbers: numbers.collect(), codes: codes.collect() }
    }

    pub fn n_slopes(&self) -> usize {
        self.numbers.len() + self.codes.iter().map(|column| column.n_levels).sum::<usize>()
    }

    /// Multiplications per row of a Gram matrix.
    pub fn gram_work(&self) -> f64 {
        let (k, c) = (self.numbers.len() as f64, self.codes.len() as f64);
        k * k + c * (k + c) + 1.0
    }

    /// Slopes and intercept.
    pub fn n_parameters(&self) -> usize {
        self.n_slopes() + 1
    }

    /// What a penalty on squared coefficients is per slope; 0 for the intercept.
    pub fn penalties(&self, penalty: f64) -> Vec<f64> {
        let mut all = vec![penalty; self.n_parameters()];
        for (p, column) in all.iter_mut().zip(&self.numbers) {
            *p = penalty * column.scale * column.scale;
        }
        all[self.n_slopes()] = 0.0;
        all
    }

    /// How much one unit of each slope is in units of its coefficient (1 / spread, or 1 for indicators).
    pub fn scales(&self) -> Vec<f64> {
        let mut all = vec![1.0; self.n_slopes()];
        all.iter_mut().zip(&self.numbers).for_each(|(scale, column)| *scale = column.scale);
        all
    }

    /// One coefficient per feature in the features' own units, and the intercept.
    pub fn coefficients(&self, at: &[f64]) -> (Vec<f64>, f64) {
        let mut coefficients = vec![0.0; self.n_features];
        let mut shift = sums::Sum::default();
        for (slope, column) in at.iter().zip(&self.numbers) {
            coefficients[column.feature] = slope * column.scale;
            shift.add(slope * column.scale * column.center);
        }
        for column in &self.codes {
            coefficients[column.feature..column.feature + column.n_levels]
                .copy_from_slice(&at[column.slope..column.slope + column.n_levels]);
        }
        (coefficients, at[self.n_slopes()] - shift.value())
    }

    /// The values of the first rows, a column per slope: only for few rows.
    pub fn dense(&self, n_rows: usize) -> Array2<f64> {
        let mut z = Array2::zeros((n_rows, self.n_slopes()));
        for (j, column) in self.numbers.iter().enumerate() {
            let standard = column.values[..n_rows].iter().map(|x| (x - column.center) * column.scale);
            z.column_mut(j).iter_mut().zip(standard).for_each(|(z, x)| *z = x);
        }
        for column in &self.codes {
            for (row, code) in column.codes[..n_rows].iter().enumerate() {
                if (*code as usize) < column.n_levels {
                    z[[row, column.slope + *code as usize]] = 1.0;
                }
            }
        }
        z
    }

    /// `intercept + Σ slope · value` of the rows into `out`.
    pub fn scores(&self, rows: Range<usize>, at: &[f64], out: &mut [f64]) {
        wide(
            #[inline(always)]
            || self.add_scores(rows, at, out),
        );
    }

    #[inline(always)]
    fn add_scores(&self, rows: Range<usize>, at: &[f64], out: &mut [f64]) {
        out.fill(at[self.n_slopes()]);
        let mut columns = self.numbers.iter().zip(at);
        // Two at a time: half the traffic on `out`.
        while let Some((first, a)) = columns.next() {
            let (a, x, from) = (a * first.scale, &first.values[rows.clone()], first.center);
            match columns.next() {
                Some((second, b)) => {
                    let (b, y, of) = (b * second.scale, &second.values[rows.clone()], second.center);
                    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                        *out += a * (x - from) + b * (y - of);
                    }
                }
                None => out.iter_mut().zip(x).for_each(|(out, x)| *out += a * (x - from)),
            }
        }
        for column in &self.codes {
            let slopes = &at[column.slope..column.slope + column.n_levels];
            for (out, code) in out.iter_mut().zip(&column.codes[rows.clone()]) {
                if let Some(slope) = slopes.get(*code as usize) {
                    *out += slope;
                }
            }
        }
    }

    /// Adds `Σ error · value` over the rows to each slope's place, `Σ error` to the intercept's.
    pub fn add_products(&self, rows: Range<usize>, errors: &[f64], into: &mut [f64]) {
        wide(
            #[inline(always)]
            || self.add_all_products(rows, errors, into),
        );
    }

    #[inline(always)]
    fn add_all_products(&self, rows: Range<usize>, errors: &[f64], into: &mut [f64]) {
        for (into, column) in into.iter_mut().zip(&self.numbers) {
            *into += column.scale * centred_dot(&column.values[rows.clone()], column.center, errors);
        }
        for column in &self.codes {
            let into = &mut into[column.slope..column.slope + column.n_levels];
            for (error, code) in errors.iter().zip(&column.codes[rows.clone()]) {
                if let Some(into) = into.get_mut(*code as usize) {
                    *into += error;
                }
            }
        }
        into[self.n_slopes()] += sums::lanes(errors, |error| error);
    }

    /// `Σ weight · value²` per slope, then `Σ weight`.
    pub fn squares(&self, weights: Option<&[f64]>, watch: Watch) -> Result<Vec<f64>, Cancelled> {
        let parts = map_stretches(self.n_rows, STRETCH, watch, |rows, _| {
            let mut part = vec![0.0; self.n_parameters()];
            let ones = vec![1.0; if weights.is_some() { 0 } else { rows.len() }];
            let weights = weights.map_or(ones.as_slice(), |weights| &weights[rows.clone()]);
            for (sum, column) in part.iter_mut().zip(&self.numbers) {
                let values = column.values[rows.clone()].iter();
                *sum = values.zip(weights).map(|(x, w)| w * ((x - column.center) * column.scale).powi(2)).sum();
            }
            for column in &self.codes {
                let sums = &mut part[column.slope..column.slope + column.n_levels];
                for (code, w) in column.codes[rows.clone()].iter().zip(weights) {
                    if let Some(sum) = sums.get_mut(*code as usize) {
                        *sum += w;
                    }
                }
            }
            part[self.n_slopes()] = weights.iter().sum();
            part
        })?;
        let mut all = vec![0.0; self.n_parameters()];
        for part in parts {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
        }
        Ok(all)
    }

    /// `Σ weight · z zᵀ` over all rows, where z is a row of values followed by 1. `weights(rows, out)` gives the weights.
    pub fn gram(
        &self,
        weights: impl Fn(Range<usize>, &mut [f64]) + Sync,
        watch: Watch,
    ) -> Result<Array2<f64>, Cancelled> {
        let side = self.n_parameters();
        let parts = (GRAM_BYTES / (side * side * 8).max(1)).clamp(1, GRAM_PARTS);
        let size = self.n_rows.div_ceil(parts).max(STRETCH);
        let parts = map_stretches(self.n_rows, size, watch, |rows, alive| {
            let mut scratch = GramScratch::new(self);
            let mut weight = [0.0; BLOCK];
            for start in rows.clone().step_by(BLOCK) {
                let block = start..(start + BLOCK).min(rows.end);
                let weight = &mut weight[..block.len()];
                weights(block.clone(), weight);
                self.add_gram(block, weight, &mut scratch);
                if !alive() {
                    break;
                }
            }
            scratch.finish(self.numbers.len())
        })?;
        let mut parts = parts.into_iter();
        let mut gram = parts.next().unwrap_or_else(|| Array2::zeros((self.n_parameters(), self.n_parameters())));
        parts.for_each(|part| gram += &part);
        // Only the lower triangle was summed.
        for i in 0..gram.nrows() {
            for j in 0..i {
                gram[[j, i]] = gram[[i, j]];
            }
        }
        Ok(gram)
    }

    fn add_gram(&self, rows: Range<usize>, weight: &[f64], scratch: &mut GramScratch) {
        let (k, n) = (self.numbers.len(), rows.len());
        let p = self.n_slopes();
        let gram = &mut scratch.gram;
        let total = sums::lanes(weight, |w| w);
        gram[[p, p]] += total;
        if k > 0 {
            for (j, column) in self.numbers.iter().enumerate() {
                let plain = &mut scratch.plain[j * BLOCK..j * BLOCK + n];
                let weighted = &mut scratch.weighted[j * BLOCK..j * BLOCK + n];
                let values = &column.values[rows.clone()];
                for (((plain, weighted), x), w) in plain.iter_mut().zip(weighted).zip(values).zip(weight) {
                    *plain = (x - column.center) * column.scale;
                    *weighted = *plain * w;
                }
                gram[[p, j]] += sums::lanes(&scratch.weighted[j * BLOCK..j * BLOCK + n], |x| x);
            }
            let view = |values| ArrayView2::from_shape((k, BLOCK), values).expect("scratch has a block per number");
            let (plain, weighted) = (view(&scratch.plain), view(&scratch.weighted));
            let (plain, weighted) = (plain.slice(s![.., ..n]), weighted.slice(s![.., ..n]));
            general_mat_mul(1.0, &weighted, &plain.t(), 1.0, &mut scratch.numbers);
        }
        if self.codes.is_empty() {
            return;
        }
        // Row by row from here: the numbers of a row are added to its codes' lines.
        for (j, column) in scratch.weighted.chunks_exact(BLOCK).enumerate() {
            for (row, x) in column[..n].iter().enumerate() {
                scratch.rows[row * k + j] = *x;
            }
        }
        let side = p + 1;
        let Some(gram) = gram.as_slice_mut() else { return };
        for (at, column) in self.codes.iter().enumerate() {
            for (row, code) in column.codes[rows.clone()].iter().enumerate() {
                let (code, w) = (*code as usize, weight[row]);
                if code >= column.n_levels {
                    continue;
                }
                let line_at = (column.slope + code) * side;
                let line = &mut gram[line_at..line_at + side];
                for (sum, x) in line[..k].iter_mut().zip(&scratch.rows[row * k..(row + 1) * k]) {
                    *sum += x;
                }
                for other in &self.codes[..at] {
                    let code = other.codes[rows.start + row] as usize;
                    if code < other.n_levels {
                        line[other.slope + code] += w;
                    }
                }
                line[column.slope + code] += w;
                gram[p * side + column.slope + code] += w;
            }
        }
    }
}

struct GramScratch {
    /// Lower triangle, without the products of numbers.
    gram: Array2<f64>,
    numbers: Array2<f64>,
    /// Column after column, `BLOCK` rows each.
    plain: Vec<f64>,
    weighted: Vec<f64>,
    /// Row after row.
    rows: Vec<f64>,
}

impl GramScratch {
    fn new(design: &Design) -> Self {
        let (k, side) = (design.numbers.len(), design.n_parameters());
        Self {
            gram: Array2::zeros((side, side)),
            numbers: Array2::zeros((k, k)),
            plain: vec![0.0; k * BLOCK],
            weighted: vec![0.0; k * BLOCK],
            rows: vec![0.0; k * BLOCK],
        }
    }

    fn finish(mut self, k: usize) -> Array2<f64> {
        self.gram.slice_mut(s![..k, ..k]).assign(&self.numbers);
        self.gram
    }
}

/// `Σ (x − center) · error`, in eight lanes.
#[inline(always)]
fn centred_dot(values: &[f64], center: f64, errors: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (mut x, mut e) = (values.chunks_exact(8), errors.chunks_exact(8));
    for (x, e) in (&mut x).zip(&mut e) {
        for lane in 0..8 {
            lanes[lane] += (x[lane] - center) * e[lane];
        }
    }
    let rest: f64 = x.remainder().iter().zip(e.remainder()).map(|(x, e)| (x - center) * e).sum();
    lanes.iter().sum::<f64>() + rest
}

/// A column's centre and population standard deviation.
#[derive(Clone, Copy, Debug)]
pub struct Standard {
    pub center: f64,
    pub spread: f64,
    /// Differs by more than rounding.
    pub varies: bool,
}

impl Standard {
    pub fn of(values: &[f64]) -> Self {
        let share = 1.0 / values.len().max(1) as f64;
        // Divided first: the sum of huge values would overflow.
        let mut center = sums::blocks(values, |v| v * share);
        center += sums::blocks(values, |v| (v - center) * share);
        let squares = sums::blocks(values, |v| (v - center) * (v - center) * share);
        let spread = if squares > 1e-280 && squares.is_finite() {
            squares.sqrt()
        } else {
            // In units of the largest distance, so that squares neither overflow nor vanish.
            let largest = values.iter().fold(0.0_f64, |m, v| m.max((v - center).abs()));
            let far = |v: f64| (v - center) / largest;
            largest * sums::blocks(values, |v| far(v) * far(v) * share).sqrt()
        };
        let varies = spread.is_normal() && (1.0 / spread).is_normal() && spread > 4.0 * f64::EPSILON * center.abs();
        Self { center, spread, varies }
    }
}
