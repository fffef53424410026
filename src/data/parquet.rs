//! The stored tables: Parquet files, read column by column; `parquet_write` writes them.
//!
//! polars encodes and its Parquet crate decodes; both may panic on damaged files, so every call into them is caught
//! and becomes an error. Pages are small, which lets a window fetch a few rows of a large file without decoding the
//! rest. Missing cells are Parquet nulls, floats included.

use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_parquet::read::{
    self as pq, BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, PhysicalType,
};

use super::builder::CellsBuilder;
use super::error::LoadError;
pub use super::parquet_write::{BackgroundWriter, ROW_GROUP_ROWS, Writer, write};
use super::table::{Cells, Table};
use super::view::Span;
use crate::domain::schema::{ColumnSchema, Schema as TableSchema, Storage};

/// A file that claims more than this after decompression is a decompression bomb.
const MAX_UNPACKED_BYTES: u64 = 1 << 38;

/// Runs a call into polars; an error or a panic becomes its text.
pub fn guarded<T>(call: impl FnOnce() -> PolarsResult<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.or_else(|| panic.downcast_ref::<&str>().map(|&s| s.to_owned())).unwrap_or("damaged".into()))
        }
    }
}

pub(super) fn arrow_type(storage: Storage) -> ArrowDataType {
    match storage {
        Storage::Float64 => ArrowDataType::Float64,
        Storage::Int64 => ArrowDataType::Int64,
        Storage::Boolean => ArrowDataType::Boolean,
        Storage::DatetimeMs => ArrowDataType::Timestamp(ArrowTimeUnit::Millisecond, None),
        Storage::String => ArrowDataType::Utf8View,
    }
}

/// Reads the columns named in `columns` (all without) of the table stored at `path`; `schema` is the one kept with it.
///
/// Errors: a damaged file, or one whose columns are not those of `schema`.
pub fn open(path: &Path, schema: &TableSchema, columns: Option<&[String]>) -> Result<Table, LoadError> {
    let file = File::open(path, &path.display().to_string())?;
    file.check(schema)?;
    let names: Vec<&str> = match columns {
        Some(columns) => columns.iter().map(String::as_str).collect(),
        None => schema.names().collect(),
    };
    let mut table = Table { n_rows: file.n_rows as usize, ..Table::default() };
    for name in names {
        let index = schema.index_of(name).ok_or_else(|| LoadError::NoSuchColumn { column: name.to_owned() })?;
        let column: &ColumnSchema = &schema.columns[index];
        table.columns.push(file.column(index, column.storage)?);
        table.schema.columns.push(column.clone());
    }
    Ok(table)
}

/// An open Parquet file: its footer, and where the rows lie.
pub struct File {
    path: PathBuf,
    name: String,
    metadata: FileMetadata,
    fields: Vec<ArrowField>,
    pub n_rows: u64,
    /// First row of each row group, and the number of rows at the end.
    pub row_starts: Vec<u64>,
    bytes: u64,
}

impl File {
    /// Reads the footer. `name` is what messages call the file.
    pub fn open(path: &Path, name: &str) -> Result<Self, LoadError> {
        let mut file = fs::File::open(path).map_err(LoadError::io(path, "opening"))?;
        let bytes = file.metadata().map_err(LoadError::io(path, "opening"))?.len();
        let damaged = |reason| LoadError::Parquet { file: name.to_owned(), reason };
        let metadata = guarded(|| pq::read_metadata(&mut file)).map_err(damaged)?;
        let arrow = guarded(|| pq::infer_schema(&metadata)).map_err(damaged)?;
        let mut row_starts = vec![0];
        let mut unpacked = 0u64;
        for group in &metadata.row_groups {
            if i64::try_from(group.num_rows()).is_err() {
                return Err(damaged("a row group claims less than no rows".to_owned()));
            }
            let before: u64 = row_starts[row_starts.len() - 1];
            row_starts.push(before.saturating_add(group.num_rows() as u64));
            let chunks = group.parquet_columns().iter().map(|c| c.uncompressed_size().max(0) as u64);
            unpacked = chunks.fold(unpacked, u64::saturating_add);
        }
        if unpacked > MAX_UNPACKED_BYTES {
            return Err(damaged(format!("it claims {unpacked} bytes when unpacked")));
        }
        let n_rows = row_starts[row_starts.len() - 1];
        if n_rows != metadata.num_rows as u64 {
            return Err(damaged(format!("it claims {} rows but holds {n_rows}", metadata.num_rows)));
        }
        let fields = arrow.iter_values().cloned().collect();
        Ok(Self { path: path.to_owned(), name: name.to_owned(), metadata, fields, n_rows, row_starts, bytes })
    }

    pub fn fields(&self) -> &[ArrowField] {
        &self.fields
    }

    /// The physical type of a flat column; `None` in a file without row groups.
    pub fn physical_type(&self, column: usize) -> Option<PhysicalType> {
        let group = self.metadata.row_groups.first()?;
        let mut leaves = group.columns_under_root_iter(&self.fields[column].name)?;
        leaves.next().map(ColumnChunkMetadata::physical_type)
    }

    /// Whether the columns are those of `schema`, by name, order and type.
    pub fn check(&self, schema: &TableSchema) -> Result<(), LoadError> {
        let columns: Vec<(&str, Storage)> = schema.columns.iter().map(|c| (c.name.as_str(), c.storage)).collect();
        let same = self.has_columns(&columns);
        if same { Ok(()) } else { Err(self.damaged("its columns are not those it was stored with".into())) }
    }

    /// Whether the columns have these names, this order and these types.
    pub fn has_columns(&self, columns: &[(&str, Storage)]) -> bool {
        self.fields.len() == columns.len()
            && self
                .fields
                .iter()
                .zip(columns)
                .all(|(field, (name, storage))| field.name.as_str() == *name && field.dtype == arrow_type(*storage))
    }

    fn damaged(&self, reason: String) -> LoadError {
        LoadError::Parquet { file: self.name.clone(), reason }
    }

    /// All cells of a column.
    pub fn column(&self, column: usize, storage: Storage) -> Result<Cells, LoadError> {
        self.column_of_groups(0..self.row_starts.len() - 1, column, storage)
    }

    /// All cells of a column in consecutive row groups.
    pub fn column_of_groups(&self, groups: Range<usize>, column: usize, storage: Storage) -> Result<Cells, LoadError> {
        let mut builder = CellsBuilder::new(storage);
        for group in groups {
            let rows = 0..(self.row_starts[group + 1] - self.row_starts[group]) as usize;
            self.decode(group, column, rows, arrow_type(storage), |s| append(&mut builder, s))?;
        }
        Ok(builder.finish())
    }

    /// Some cells of a column; `rows` counts within the row group.
    pub fn cells(&self, group: usize, column: usize, rows: Range<usize>, storage: Storage) -> Result<Cells, LoadError> {
        let mut builder = CellsBuilder::new(storage);
        self.decode(group, column, rows, arrow_type(storage), |s| append(&mut builder, s))?;
        Ok(builder.finish())
    }

    /// Decodes some cells of a flat column as `dtype` and hands them to `take`.
    pub fn decode<T>(
        &self,
        group: usize,
        column: usize,
        rows: Range<usize>,
        dtype: ArrowDataType,
        take: impl FnOnce(&Series) -> PolarsResult<T>,
    ) -> Result<T, LoadError> {
        let field = ArrowField::new(self.fields[column].name.clone(), dtype, true);
        let metadata = &self.metadata.row_groups[group];
        let leaf = metadata.columns_under_root_iter(&field.name).and_then(|mut leaves| leaves.next());
        let leaf = leaf.ok_or_else(|| self.damaged(format!("column `{}` has no data", field.name)))?;
        let pages = self.chunk(leaf)?;
        let n_rows = rows.len();
        let filter = (n_rows < metadata.num_rows()).then(|| Filter::new_ranged(rows.start, rows.end));
        let decoded = guarded(|| {
            let reader = PageReader::new(Cursor::new(pages.into()), leaf, Vec::new(), usize::MAX);
            let decompressor = BasicDecompressor::new(reader, Vec::new());
            let types = vec![&leaf.descriptor().descriptor.primitive_type];
            let (arrays, _) = pq::column_iter_to_arrays(vec![decompressor], types, field.clone(), filter)?;
            let series = Series::try_from((&field, arrays))?;
            polars_ensure!(series.len() == n_rows, ComputeError: "{} of {n_rows} rows decoded", series.len());
            take(&series)
        });
        decoded.map_err(|reason| self.damaged(format!("column `{}`: {reason}", field.name)))
    }

    /// A column of lists or records in one row group, all of its rows, as it was stored.
    pub fn nested(&self, group: usize, column: usize) -> Result<Vec<Box<dyn Array>>, LoadError> {
        let field = &self.fields[column];
        let metadata = &self.metadata.row_groups[group];
        let leaves: Vec<_> = metadata.columns_under_root_iter(&field.name).into_iter().flatten().collect();
        let mut pages = Vec::with_capacity(leaves.len());
        for &leaf in &leaves {
            let reader = PageReader::new(Cursor::new(self.chunk(leaf)?.into()), leaf, Vec::new(), usize::MAX);
            pages.push(BasicDecompressor::new(reader, Vec::new()));
        }
        let types = leaves.iter().map(|leaf| &leaf.descriptor().descriptor.primitive_type).collect();
        let decoded = guarded(|| {
            let (arrays, _) = pq::column_iter_to_arrays(pages, types, field.clone(), None)?;
            let n_rows: usize = arrays.iter().map(|array| array.len()).sum();
            polars_ensure!(n_rows == metadata.num_rows(), ComputeError: "{n_rows} of {} rows decoded", metadata.num_rows());
            Ok(arrays)
        });
        decoded.map_err(|reason| self.damaged(format!("column `{}`: {reason}", field.name)))
    }

    /// The smallest and largest value of a column of numbers or times in one row group, where the file says so.
    pub fn span(&self, group: usize, column: usize) -> Option<Span> {
        use polars_parquet::parquet::statistics::Statistics;
        let name = &self.fields[column].name;
        let leaf = self.metadata.row_groups[group].columns_under_root_iter(name)?.next()?;
        let known = guarded(|| Ok(leaf.statistics(&self.metadata.footer_buf).and_then(Result::ok))).ok()??;
        match known {
            Statistics::Double(s) => Some(Span::Floats(s.min_value?, s.max_value?)),
            Statistics::Int64(s) => Some(Span::Ints(s.min_value?, s.max_value?)),
            _ => None,
        }
    }

    /// The packed bytes of one column in one row group.
    fn chunk(&self, leaf: &ColumnChunkMetadata) -> Result<Vec<u8>, LoadError> {
        let range = guarded(|| Ok(leaf.byte_range())).map_err(|reason| self.damaged(reason))?;
        if range.end > self.bytes || range.start > range.end {
            return Err(self.damaged("it was cut off".into()));
        }
        let io = |source| LoadError::Io { file: self.name.clone(), doing: "reading", source };
        let mut file = fs::File::open(&self.path).map_err(io)?;
        file.seek(SeekFrom::Start(range.start)).map_err(io)?;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }
}

/// Appends a decoded column to cells of the same storage.
fn append(builder: &mut CellsBuilder, series: &Series) -> PolarsResult<()> {
    match builder {
        CellsBuilder::Float(v) => v.extend(series.f64()?.iter().map(|x| x.unwrap_or(f64::NAN))),
        CellsBuilder::Int(v) => v.extend(series.i64()?.iter()),
        CellsBuilder::Boolean(v) => v.extend(series.bool()?.iter()),
        CellsBuilder::DatetimeMs(v) => v.extend(series.datetime()?.physical().iter()),
        CellsBuilder::Text(d) => series.str()?.iter().for_each(|cell| d.push(cell)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::{Cancelled, JobIo, Silent};
    use crate::domain::schema::ColumnKind;

    fn table(n_rows: usize) -> Table {
        let column = |name: &str, storage, kind| ColumnSchema {
            name: name.into(),
            kind,
            storage,
            missing: 0,
            distinct: 0,
            true_spellings: vec![],
            false_spellings: vec![],
            notes: vec![],
            missing_tokens: vec![],
            personal: None,
        };
        let texts: Vec<Option<String>> = (0..n_rows).map(|i| (i % 4 != 0).then(|| format!("t{}", i % 50))).collect();
        Table {
            schema: TableSchema {
                columns: vec![
                    column("f", Storage::Float64, ColumnKind::Numeric),
                    column("i", Storage::Int64, ColumnKind::Numeric),
                    column("b", Storage::Boolean, ColumnKind::Boolean),
                    column("d", Storage::DatetimeMs, ColumnKind::Datetime),
                    column("t", Storage::String, ColumnKind::Categorical),
                ],
            },
            columns: vec![
                Cells::Float((0..n_rows).map(|i| if i == 3 { f64::INFINITY } else { i as f64 / 3.0 }).collect()),
                Cells::Int((0..n_rows).map(|i| (i % 5 != 0).then_some(i as i64)).collect()),
                Cells::Boolean((0..n_rows).map(|i| (i % 3 != 0).then_some(i % 2 == 0)).collect()),
                Cells::DatetimeMs((0..n_rows).map(|i| (i % 7 != 0).then_some(i as i64 * 1000 - 5)).collect()),
                Cells::Text(texts.iter().map(Option::as_deref).collect()),
            ],
            n_rows,
        }
    }

    #[test]
    fn a_table_comes_back_equal() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let table = table(150_000);
        write(&table, file.path(), &Silent).unwrap();
        assert_eq!(open(file.path(), &table.schema, None).unwrap(), table);
        let some = open(file.path(), &table.schema, Some(&["t".into(), "f".into()])).unwrap();
        assert_eq!(some.columns, [table.columns[4].clone(), table.columns[0].clone()]);
    }

    #[test]
    fn missing_floats_are_nulls() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut table = table(4);
        table.columns[0] = Cells::Float(vec![1.0, f64::NAN, 3.0, f64::NEG_INFINITY]);
        write(&table, file.path(), &Silent).unwrap();
        let parquet = File::open(file.path(), "t").unwrap();
        let nulls = parquet.decode(0, 0, 0..4, ArrowDataType::Float64, |s| Ok(s.null_count())).unwrap();
        assert_eq!(nulls, 1);
        let Cells::Float(back) = parquet.column(0, Storage::Float64).unwrap() else { panic!("floats expected") };
        assert!(back[1].is_nan() && back[3] == f64::NEG_INFINITY);
    }

    #[test]
    fn a_few_rows_are_read_without_the_rest() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let table = table(100_000);
        write(&table, file.path(), &Silent).unwrap();
        let parquet = File::open(file.path(), "t").unwrap();
        assert_eq!(parquet.row_starts[..3], [0, 16_384, 32_768]);
        for (column, schema) in table.schema.columns.iter().enumerate() {
            let cells = parquet.cells(1, column, 10_000..10_003, schema.storage).unwrap();
            let got: Vec<_> = (0..3).map(|r| cells.text(r)).collect();
            let expected: Vec<_> = (26_384..26_387).map(|r| table.columns[column].text(r)).collect();
            assert_eq!(got, expected, "{}", schema.name);
        }
    }

    #[test]
    fn damaged_files_are_errors_not_panics() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let table = table(5000);
        write(&table, file.path(), &Silent).unwrap();
        let bytes = fs::read(file.path()).unwrap();
        let mut refused = 0;
        for i in 0..300 {
            let mut damaged = bytes.clone();
            let at = (i * 7919) % bytes.len();
            damaged[at] ^= 0x55;
            fs::write(file.path(), &damaged).unwrap();
            refused += usize::from(open(file.path(), &table.schema, None).is_err());
        }
        assert!(refused > 0);
        for length in [0, 3, 11, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(file.path(), &bytes[..length]).unwrap();
            assert!(open(file.path(), &table.schema, None).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn another_tables_schema_is_refused_and_cancelling_stops() {
        struct Stop;
        impl JobIo for Stop {
            fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
                Err(Cancelled)
            }
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut table = table(10);
        write(&table, file.path(), &Silent).unwrap();
        table.schema.columns.swap(0, 1);
        assert!(open(file.path(), &table.schema, None).is_err());
        assert!(matches!(write(&table, file.path(), &Stop), Err(LoadError::Cancelled(_))));
    }
}
