//! Columns as bytes: each value becomes the number of its bin.
//!
//! A number's bin says between which cuts it lies, a category's bin is its level by frequency, and a block of indicators
//! is one column whose bin is the indicator that is set. After a column's last bin comes the rest: missing cells,
//! categories too rare for a bin, rows without an indicator of this column.

use crate::domain::features::{Block, Features};
use crate::domain::io::JobIo;
use crate::domain::random::Shuffler;
use crate::ml::error::FitError;
use crate::ml::trees::kernel::{RowBins, Team, run_of};

/// Cut points come from at most this many rows.
const SAMPLE: usize = 200_000;
/// Bins of values in one column; with the rest they fill a byte.
const MAX_BINS: usize = 255;
/// Categories with a bin of their own: what is left of a byte without the rest, and one less so that none is the last.
const MAX_LEVELS: usize = 254;

/// A table as bins, both row after row (histograms) and column after column (partitions).
pub struct Binned {
    pub n_rows: usize,
    /// Columns that can be split at all: those with many bins first, then left to right.
    pub columns: Vec<Column>,
    pub rows: RowBins,
    cells: Vec<Vec<u8>>,
}

/// What a column's bins mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The feature, for indicators the one of bin 0.
    pub feature: u32,
    pub kind: ColumnKind,
    /// Bins of values; the bin with this number holds the rest.
    pub n_bins: usize,
    /// Rows with no value (for a category also rare levels) were there.
    pub has_rest: bool,
    block: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ColumnKind {
    /// Ascending; bin b holds the values with `cuts[b − 1] < x ≤ cuts[b]`.
    Numbers { cuts: Vec<f32> },
    /// Bin b is the block's level `first + b`.
    Indicators { first: u32 },
    /// The level of each bin, the most frequent first.
    Category { codes: Vec<u32> },
}

impl Column {
    /// Slots in a histogram.
    pub fn width(&self) -> usize {
        self.n_bins + usize::from(self.has_rest)
    }
}

impl Binned {
    /// Cuts every column into at most `max_bins` (2 to 255) bins. Tables longer than the sample take one row at random
    /// from every stretch, so that nothing periodic in the file order shows.
    pub fn new(x: &Features, max_bins: usize, seed: u64, team: &Team, io: &dyn JobIo) -> Result<Self, FitError> {
        let sampled = sample_rows(x.n_rows, seed);
        let mut all = Vec::new();
        let starts = feature_starts(x);
        let per_turn = team.n_threads() * 2;
        for from in (0..x.blocks.len()).step_by(per_turn) {
            io.progress("Cutting columns into bins", Some(0.0))?;
            let to = (from + per_turn).min(x.blocks.len());
            let mut made: Vec<(usize, Vec<Cut>)> = (from..to).map(|block| (block, Vec::new())).collect();
            team.each_mut(&mut made, |_, (block, into)| {
                *into = cut_block(&x.blocks[*block], *block, starts[*block], &sampled, max_bins.clamp(2, MAX_BINS));
            });
            all.extend(made.into_iter().flat_map(|(_, columns)| columns));
        }
        all.sort_by_key(|(column, _)| run_of(column.width()));
        let (columns, cells) = all.into_iter().unzip();
        Ok(Self::from_parts(x.n_rows, columns, cells, team))
    }

    /// Other rows in the same bins.
    pub fn like(&self, x: &Features, team: &Team) -> Self {
        let mut made: Vec<Vec<u8>> = vec![Vec::new(); self.columns.len()];
        team.each_mut(&mut made, |c, bins| *bins = self.columns[c].bins(&x.blocks[self.columns[c].block]));
        // Room for missing cells, and none for histograms: these rows are routed, not learned from.
        let columns = self.columns.iter().cloned().map(|column| Column { has_rest: true, ..column }).collect();
        let rows = RowBins::new(x.n_rows, &made, &vec![256; made.len()], team);
        Self { n_rows: x.n_rows, rows, columns, cells: made }
    }

    fn from_parts(n_rows: usize, columns: Vec<Column>, cells: Vec<Vec<u8>>, team: &Team) -> Self {
        let widths: Vec<usize> = columns.iter().map(Column::width).collect();
        Self { n_rows, rows: RowBins::new(n_rows, &cells, &widths, team), columns, cells }
    }

    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// Slots of a histogram over all columns.
    pub fn n_slots(&self) -> usize {
        self.rows.starts()[self.n_columns()]
    }

    /// Puts the bins of a category in another order: `order` names each of them once.
    pub fn reorder(&mut self, at: usize, order: &[u8]) {
        let ColumnKind::Category { codes } = &mut self.columns[at].kind else { return };
        let mut names = std::array::from_fn(|bin| bin as u8);
        order.iter().enumerate().for_each(|(place, &bin)| names[usize::from(bin)] = place as u8);
        *codes = order.iter().map(|&bin| codes[usize::from(bin)]).collect();
        self.rows.rename(at, &names);
        self.cells[at].iter_mut().for_each(|cell| *cell = names[usize::from(*cell)]);
    }

    /// The bin of every row.
    pub fn column(&self, column: usize) -> &[u8] {
        &self.cells[column]
    }
}

/// The first feature of each block.
fn feature_starts(x: &Features) -> Vec<u32> {
    let mut at = 0;
    x.blocks
        .iter()
        .map(|block| {
            let start = at;
            at += block.n_features() as u32;
            start
        })
        .collect()
}

fn sample_rows(n_rows: usize, seed: u64) -> Vec<usize> {
    let mut shuffler = Shuffler::new(seed);
    let stretch = n_rows.div_ceil(SAMPLE).max(1);
    (0..n_rows).step_by(stretch).map(|start| start + shuffler.below(stretch.min(n_rows - start))).collect()
}

/// A column and its bins.
type Cut = (Column, Vec<u8>);

/// The columns of one block, without those that cannot be split.
fn cut_block(block: &Block, at: usize, feature: u32, sampled: &[usize], max_bins: usize) -> Vec<Cut> {
    match block {
        Block::Numbers(values) => {
            let mut sample: Vec<f32> =
                sampled.iter().map(|&row| values[row]).filter(|value| !value.is_nan()).map(single).collect();
            sort(&mut sample);
            // One less beside missing cells: a cut above all numbers then is another threshold of a byte's 255.
            let has_missing = values.iter().any(|value| value.is_nan());
            let cuts = cut_points(&sample, max_bins.min(MAX_BINS - usize::from(has_missing)));
            let n_bins = cuts.len() + 1;
            column(block, Column { feature, kind: ColumnKind::Numbers { cuts }, n_bins, has_rest: true, block: at })
        }
        Block::Category { codes, n_levels } => {
            let mut counts = vec![0_u32; *n_levels as usize];
            codes.iter().filter(|&&code| code < *n_levels).for_each(|&code| counts[code as usize] += 1);
            let mut levels: Vec<u32> = (0..*n_levels).filter(|&code| counts[code as usize] > 0).collect();
            levels.sort_by_key(|&code| std::cmp::Reverse(counts[code as usize]));
            levels.truncate(MAX_LEVELS.min(max_bins));
            let n_bins = levels.len();
            let kind = ColumnKind::Category { codes: levels };
            column(block, Column { feature, kind, n_bins, has_rest: true, block: at })
        }
        Block::Indicators { n_levels, .. } => (0..*n_levels)
            .step_by(MAX_LEVELS)
            .flat_map(|first| {
                let n_bins = (*n_levels - first).min(MAX_LEVELS as u32) as usize;
                let kind = ColumnKind::Indicators { first };
                column(block, Column { feature: feature + first, kind, n_bins, has_rest: true, block: at })
            })
            .collect(),
    }
}

fn column(block: &Block, mut column: Column) -> Vec<Cut> {
    let bins = column.bins(block);
    column.has_rest = bins.iter().any(|&bin| usize::from(bin) == column.n_bins);
    if column.width() < 2 { Vec::new() } else { vec![(column, bins)] }
}

impl Column {
    fn bins(&self, block: &Block) -> Vec<u8> {
        let rest = self.n_bins as u8;
        match (&self.kind, block) {
            (ColumnKind::Numbers { cuts }, Block::Numbers(values)) => {
                // A search without branches over 256 places: eight steps for any number of cuts.
                let mut padded = [f32::INFINITY; 256];
                padded[..cuts.len()].copy_from_slice(cuts);
                values.iter().map(|&value| if value.is_nan() { rest } else { search(&padded, single(value)) }).collect()
            }
            (ColumnKind::Category { codes: levels }, Block::Category { codes, n_levels }) => {
                let mut bin_of = vec![rest; *n_levels as usize];
                levels.iter().enumerate().for_each(|(bin, &code)| {
                    if let Some(place) = bin_of.get_mut(code as usize) {
                        *place = bin as u8;
                    }
                });
                codes.iter().map(|&code| bin_of.get(code as usize).copied().unwrap_or(rest)).collect()
            }
            (ColumnKind::Indicators { first }, Block::Indicators { codes, .. }) => codes
                .iter()
                .map(|&code| match code.checked_sub(*first) {
                    Some(bin) if (bin as usize) < self.n_bins => bin as u8,
                    _ => rest,
                })
                .collect(),
            // Rows of another shape have no values here.
            _ => vec![rest; block.len()],
        }
    }
}

/// How many of the cuts lie below `x`: eight steps without branches, whatever their number.
pub fn search(padded: &[f32; 256], x: f32) -> u8 {
    let mut at = 0_usize;
    for step in [128, 64, 32, 16, 8, 4, 2, 1] {
        at += step * usize::from(padded[at + step - 1] < x);
    }
    at as u8
}

/// As a scorer compares: in single precision. Beyond its range the largest number stands in for infinity, which keeps
/// thresholds finite and every comparison as it was; the two zeros are one.
pub fn single(value: f64) -> f32 {
    (value as f32).clamp(f32::MIN, f32::MAX) + 0.0
}

/// Ascending. Least significant digit first over the bits, three passes of eleven: several times faster than comparing.
fn sort(values: &mut [f32]) {
    if values.len() < 2048 {
        return values.sort_unstable_by(f32::total_cmp);
    }
    let flipped = |bits: u32| if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    let mut keys: Vec<u32> = values.iter().map(|value| flipped(value.to_bits())).collect();
    let mut other = vec![0_u32; keys.len()];
    for shift in [0, 11, 22] {
        let mut places = [0_usize; 2048];
        keys.iter().for_each(|key| places[(key >> shift & 2047) as usize] += 1);
        let mut at = 0;
        for place in &mut places {
            at += std::mem::replace(place, at);
        }
        for &key in &keys {
            let place = &mut places[(key >> shift & 2047) as usize];
            other[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    let back = |key: u32| if key >> 31 == 1 { key & !(1 << 31) } else { !key };
    values.iter_mut().zip(keys).for_each(|(value, key)| *value = f32::from_bits(back(key)));
}

/// Between all distinct values when they are few, else so that bins hold about equally many rows; a value frequent
/// enough to fill a bin has its own.
fn cut_points(sorted: &[f32], max_bins: usize) -> Vec<f32> {
    let mut distinct: Vec<(f32, usize)> = Vec::new();
    for &value in sorted {
        match distinct.last_mut() {
            Some((last, count)) if *last == value => *count += 1,
            _ => distinct.push((value, 1)),
        }
    }
    if distinct.len() <= max_bins {
        return distinct.windows(2).map(|pair| between(pair[0].0, pair[1].0)).collect();
    }
    let mut cuts = Vec::with_capacity(max_bins - 1);
    let (mut rows_left, mut in_bin) = (sorted.len(), 0);
    for pair in distinct.windows(2) {
        let bins_left = max_bins - cuts.len();
        if bins_left == 1 {
            break;
        }
        in_bin += pair[0].1;
        let fair = rows_left as f64 / bins_left as f64;
        // Close when full, or when the next value would overfill it more than it is short now.
        let with_next = (in_bin + pair[1].1) as f64;
        if in_bin as f64 >= fair || with_next - fair > fair - in_bin as f64 {
            cuts.push(between(pair[0].0, pair[1].0));
            rows_left -= in_bin;
            in_bin = 0;
        }
    }
    cuts
}

/// A threshold t with `a ≤ t < b`, in the middle where single precision has one.
fn between(a: f32, b: f32) -> f32 {
    let middle = a / 2.0 + b / 2.0;
    if a <= middle && middle < b { middle } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::features::NO_CODE;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::Lcg;
    use crate::ml::trees::testing::numbers;

    fn binned(x: &Features, max_bins: usize) -> Binned {
        Binned::new(x, max_bins, 0, &Team::new(1), &Silent).unwrap()
    }

    fn cuts(column: &Column) -> &[f32] {
        let ColumnKind::Numbers { cuts } = &column.kind else { panic!("numbers expected") };
        cuts
    }

    #[test]
    fn few_values_are_cut_in_the_middle_and_missing_ones_are_the_rest() {
        let binned = binned(&numbers(vec![vec![3.0, 1.0, 2.0, f64::NAN, 3.0, -0.0, 0.0]]), 255);
        assert_eq!(cuts(&binned.columns[0]), [0.5, 1.5, 2.5]);
        assert_eq!(binned.column(0), [3, 1, 2, 4, 3, 0, 0]);
        assert!(binned.columns[0].has_rest);
    }

    #[test]
    fn neighbouring_singles_are_told_apart() {
        let a = 1.0_f32;
        let b = f32::from_bits(a.to_bits() + 1);
        assert_eq!(between(a, b), a);
        let huge = binned(&numbers(vec![vec![-1e300, 1e300, f64::from(f32::MAX)]]), 255);
        assert!(cuts(&huge.columns[0]).iter().all(|cut| cut.is_finite()));
        assert_eq!(huge.column(0), [0, 1, 1]);
    }

    #[test]
    fn many_values_share_bins_evenly_and_a_frequent_one_has_its_own() {
        let mut source = Lcg(1);
        let mut values: Vec<f64> = (0..9000).map(|_| 2.0 * source.next() - 1.0).collect();
        values.extend(vec![0.25; 1000]);
        let binned = binned(&numbers(vec![values.clone()]), 20);
        let column = &binned.columns[0];
        let mut counts = vec![0; column.n_bins];
        binned.column(0).iter().for_each(|&bin| counts[bin as usize] += 1);
        assert_eq!(counts.len(), 20);
        let at = binned.column(0)[9999] as usize;
        assert!((1000..1300).contains(&counts[at]), "{counts:?}");
        assert!(counts.iter().enumerate().all(|(bin, &n)| bin == at || n < 750), "{counts:?}");
        for (&value, &bin) in values.iter().zip(binned.column(0)) {
            let x = value as f32;
            assert!(bin == 0 || cuts(column)[bin as usize - 1] < x);
            assert!(bin as usize == cuts(column).len() || x <= cuts(column)[bin as usize]);
        }
    }

    #[test]
    fn categories_lie_by_frequency_and_rare_ones_are_the_rest() {
        let mut codes: Vec<u32> = (0..300).collect();
        codes.extend([299, 299, 7, NO_CODE]);
        let block = Block::Category { codes, n_levels: 300 };
        let x = Features { n_rows: 304, blocks: vec![block], names: vec!["c".into()] };
        let binned = binned(&x, 255);
        let ColumnKind::Category { codes } = &binned.columns[0].kind else { panic!("category expected") };
        assert_eq!((codes.len(), &codes[..4]), (254, &[299, 7, 0, 1][..]));
        assert_eq!((binned.column(0)[299], binned.column(0)[7], binned.column(0)[298]), (0, 1, 254));
        assert_eq!(binned.column(0)[303], 254);
    }

    #[test]
    fn another_order_of_categories_means_the_same_rows() {
        let codes = vec![4, 4, 4, 1, 1, 0, NO_CODE];
        let block = Block::Category { codes, n_levels: 5 };
        let x = Features { n_rows: 7, blocks: vec![block], names: vec!["c".into()] };
        let mut binned = binned(&x, 255);
        assert_eq!(binned.column(0), [0, 0, 0, 1, 1, 2, 3]);
        binned.reorder(0, &[2, 0, 1]);
        assert_eq!(binned.columns[0].kind, ColumnKind::Category { codes: vec![0, 4, 1] });
        assert_eq!(binned.column(0), [1, 1, 1, 2, 2, 0, 3]);
        assert!((0..7).all(|row| binned.rows.rows().bin(row, 0) == binned.column(0)[row]));
    }

    #[test]
    fn indicators_are_one_column_and_constant_columns_are_none() {
        let blocks = vec![
            Block::Numbers(vec![5.0, 5.0, 5.0]),
            Block::Indicators { codes: vec![2, 0, NO_CODE], n_levels: 3 },
            Block::Numbers(vec![f64::NAN, 1.0, 1.0]),
        ];
        let x = Features { n_rows: 3, blocks, names: vec![String::new(); 5] };
        let binned = binned(&x, 255);
        assert_eq!(binned.columns.iter().map(|c| c.feature).collect::<Vec<_>>(), [1, 4]);
        assert_eq!((binned.column(0), binned.column(1)), (&[2, 0, 3][..], &[1, 0, 0][..]));
    }

    #[test]
    fn long_columns_are_sorted_as_short_ones() {
        let mut source = Lcg(3);
        let mut values: Vec<f32> = (0..5000).map(|_| (source.next() as f32 - 0.5) * 1e20).collect();
        values.extend([f32::MAX, f32::MIN, 0.0, 1e-40, -1e-40]);
        let mut expected = values.clone();
        expected.sort_unstable_by(f32::total_cmp);
        sort(&mut values);
        assert_eq!(values, expected);
    }
}
