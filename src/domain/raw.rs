//! Raw model inputs: the columns a scorer hands in, before any recipe. Exactly what the exported ONNX graph takes.

/// One input column. All columns of a `RawColumns` have the same length.
#[derive(Clone, Debug, PartialEq)]
pub enum RawColumn {
    /// Missing is NaN.
    Numbers(Vec<f64>),
    /// Missing is the empty string.
    Texts(Vec<String>),
}

/// The inputs in recipe order, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawColumns {
    pub n_rows: usize,
    pub columns: Vec<(String, RawColumn)>,
}

impl RawColumns {
    /// The rows at `rows`, in that order.
    pub fn take(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter().map(|(name, column)| {
            let taken = match column {
                RawColumn::Numbers(v) => RawColumn::Numbers(rows.iter().map(|&r| v[r]).collect()),
                RawColumn::Texts(v) => RawColumn::Texts(rows.iter().map(|&r| v[r].clone()).collect()),
            };
            (name.clone(), taken)
        });
        Self { n_rows: rows.len(), columns: columns.collect() }
    }
}
