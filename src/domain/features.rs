//! The columns a learner sees: what a fitted recipe makes of a table.
//!
//! Columns, not rows: tree learners read columns, and a category with a thousand levels stays one column of codes where
//! a dense matrix would hold a thousand zeros per row.

/// The code of a missing cell, or of a level that was not there when the recipe was fitted.
pub const NO_CODE: u32 = u32::MAX;

/// Equally long blocks of features. A model counts features from left to right over all blocks.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Features {
    pub n_rows: usize,
    pub blocks: Vec<Block>,
    /// One per feature: `age`, `plan=basic` (indicators), `plan` (category).
    pub names: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// One feature. NaN is missing: learners that cannot take it refuse it. Never infinite.
    Numbers(Vec<f64>),
    /// `n_levels` features, of which each row has at most one set to 1 (that of its code) and the others at 0: a one-hot
    /// encoding that stores no zeros. `NO_CODE` sets none.
    Indicators { codes: Vec<u32>, n_levels: u32 },
    /// One feature whose value is a code without order, below `n_levels` or `NO_CODE`. To a model's reader its value is
    /// the code as a number, NaN for `NO_CODE`.
    Category { codes: Vec<u32>, n_levels: u32 },
}

impl Block {
    pub fn n_features(&self) -> usize {
        match self {
            Self::Numbers(_) | Self::Category { .. } => 1,
            Self::Indicators { n_levels, .. } => *n_levels as usize,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Indicators { codes, .. } | Self::Category { codes, .. } => codes.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows at `rows`, in that order.
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|&row| values[row]).collect()),
            Self::Indicators { codes, n_levels } => {
                Self::Indicators { codes: rows.iter().map(|&row| codes[row]).collect(), n_levels: *n_levels }
            }
            Self::Category { codes, n_levels } => {
                Self::Category { codes: rows.iter().map(|&row| codes[row]).collect(), n_levels: *n_levels }
            }
        }
    }

    /// Writes the features of one row into `into`, which has `n_features` places.
    fn write(&self, row: usize, into: &mut [f64]) {
        match self {
            Self::Numbers(values) => into[0] = values[row],
            Self::Category { codes, .. } => into[0] = category(codes[row]),
            Self::Indicators { codes, n_levels } => {
                into.fill(0.0);
                if codes[row] < *n_levels {
                    into[codes[row] as usize] = 1.0;
                }
            }
        }
    }
}

/// A code as the number that stands for it in a row of features.
pub fn category(code: u32) -> f64 {
    if code == NO_CODE { f64::NAN } else { f64::from(code) }
}

impl Features {
    pub fn n_features(&self) -> usize {
        self.blocks.iter().map(Block::n_features).sum()
    }

    pub fn take(&self, rows: &[usize]) -> Self {
        Self {
            n_rows: rows.len(),
            blocks: self.blocks.iter().map(|block| block.take(rows)).collect(),
            names: self.names.clone(),
        }
    }

    /// The features of one row, `n_features` numbers.
    pub fn row(&self, row: usize, into: &mut [f64]) {
        let mut at = 0;
        for block in &self.blocks {
            let n = block.n_features();
            block.write(row, &mut into[at..at + n]);
            at += n;
        }
    }

    /// Rows `from..to`, row after row: `(to − from) × n_features` numbers.
    pub fn dense(&self, from: usize, to: usize) -> Vec<f64> {
        let n = self.n_features();
        let mut values = vec![0.0; (to - from) * n];
        for (row, into) in (from..to).zip(values.chunks_exact_mut(n.max(1))) {
            self.row(row, into);
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lie_side_by_side() {
        let features = Features {
            n_rows: 3,
            blocks: vec![
                Block::Numbers(vec![1.5, f64::NAN, 2.0]),
                Block::Indicators { codes: vec![1, NO_CODE, 0], n_levels: 2 },
                Block::Category { codes: vec![4, 0, NO_CODE], n_levels: 5 },
            ],
            names: ["a", "b=x", "b=y", "c"].map(str::to_owned).to_vec(),
        };
        assert_eq!(features.n_features(), 4);
        assert_eq!(features.dense(0, 1), [1.5, 0.0, 1.0, 4.0]);
        let picked = features.take(&[2, 1]).dense(0, 2);
        assert_eq!(picked[..3], [2.0, 1.0, 0.0]);
        assert!(picked[3].is_nan() && picked[4].is_nan());
        assert_eq!(picked[5..], [0.0, 0.0, 0.0]);
    }
}
