//! The cells of a delimited file as they stand in it, some rows at a time.

use std::path::Path;

use super::records::{BATCH_ROWS, Batch, Records};
use super::{clean_names, numbered_names};
use crate::data::error::LoadError;
use crate::domain::dataset::ReadOptions;
use crate::domain::io::JobIo;

pub struct Verbatim {
    pub names: Vec<String>,
    records: Records,
    file: String,
    any: bool,
}

impl Verbatim {
    /// A first record that holds all `expected` names is the header whatever the options guessed.
    pub fn open(
        path: &Path,
        name: &str,
        options: &mut ReadOptions,
        expected: &[&str],
        warnings: &mut Vec<String>,
    ) -> Result<Self, LoadError> {
        let first = Records::open(path, name, options)?.header()?.unwrap_or_default();
        if !expected.is_empty() && expected.iter().all(|e| first.iter().any(|cell| cell.trim() == *e)) {
            options.has_header = true;
        }
        let mut records = Records::open(path, name, options)?;
        let first = records.header()?.ok_or_else(|| LoadError::Empty { file: name.to_owned() })?;
        let names = if options.has_header {
            clean_names(&first, warnings)
        } else {
            records = Records::open(path, name, options)?;
            numbered_names(first.len())
        };
        Ok(Self { names, records, file: name.to_owned(), any: false })
    }

    /// The next rows; none at the end. A file without any is an error.
    pub fn next(&mut self, io: &dyn JobIo) -> Result<Option<Batch>, LoadError> {
        io.progress("Reading rows", Some(self.records.fraction()))?;
        let batch = self.records.batch(BATCH_ROWS)?;
        if batch.n_rows > 0 {
            self.any = true;
            return Ok(Some(batch));
        }
        if self.any { Ok(None) } else { Err(LoadError::NoRows { file: self.file.clone() }) }
    }
}
