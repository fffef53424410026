//! The numbers a learner sees.

/// Row-major, finite everywhere: recipes impute, and learners refuse anything else.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Matrix {
    pub n_rows: usize,
    pub n_cols: usize,
    /// `n_rows * n_cols` values, row after row.
    pub values: Vec<f64>,
    /// One per column: `age`, `plan=basic`.
    pub names: Vec<String>,
}

impl Matrix {
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.n_cols..(row + 1) * self.n_cols]
    }

    /// The rows at `rows`, in that order.
    pub fn take(&self, rows: &[usize]) -> Self {
        let values = rows.iter().flat_map(|&row| self.row(row)).copied().collect();
        Self { n_rows: rows.len(), n_cols: self.n_cols, values, names: self.names.clone() }
    }

    pub fn column(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        self.values.iter().skip(column).step_by(self.n_cols.max(1)).copied()
    }
}
