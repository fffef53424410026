//! Writing stored tables: rows come in pieces of any size and leave in row groups.
//!
//! The bytes depend on the rows only, not on the pieces they came in: an import that streams and one that holds its
//! table in memory make the same object. Text goes from codes to Parquet's own dictionaries, each distinct value of a
//! row group once. Columns are packed on all cores; the bytes are hashed as they leave.

use std::fs;
use std::hash::BuildHasher;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hashbrown::{DefaultHashBuilder, HashTable};
use polars::prelude::*;
use polars_arrow::array::{
    Array, BooleanArray, DictionaryArray, MutableBinaryViewArray, PrimitiveArray, Utf8ViewArray,
};
use polars_arrow::bitmap::BitmapBuilder;
use polars_arrow::datatypes::IntegerType;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, DynIter, DynStreamingIterator, Encoding, FileWriter, ParquetType,
    StatisticsOptions, Version, WriteOptions, array_to_columns, compress, fallible_streaming_iterator,
};
use sha2::{Digest, Sha256};

use super::error::LoadError;
use super::parquet::{arrow_type, guarded};
use super::table::{Cells, Dictionary, MISSING_CODE, Table};
use crate::domain::ids::ContentHash;
use crate::domain::io::JobIo;
use crate::domain::schema::Storage;

/// Rows of a row group. Small, because a single row costs reading its columns' packed bytes of one row group.
pub const ROW_GROUP_ROWS: usize = 16_384;
/// After this many rows the groups grow, or the footer of a very large table would take longer to read than its rows.
const MANY_ROWS: u64 = 305 * ROW_GROUP_ROWS as u64;
const LARGE_GROUP_ROWS: usize = 65_536;
/// A page holds some 8,000 numbers.
const PAGE_BYTES: usize = 64 * 1024;
/// A dictionary that holds more of a row group's cells than this share saves nothing.
const WORTHWHILE: f64 = 0.75;
/// Pieces that may wait for the packing thread.
const WAITING: usize = 2;

const OPTIONS: WriteOptions = WriteOptions {
    statistics: StatisticsOptions {
        min_value: true,
        max_value: true,
        distinct_count: false,
        null_count: true,
        binary_statistics_truncate_length: None,
    },
    version: Version::V1,
    // A third larger than Zstandard, and a page of scattered rows decodes in half the time.
    compression: CompressionOptions::Lz4Raw,
    data_page_size: Some(PAGE_BYTES),
};

/// Writes a table. The caller makes the file durable.
pub fn write(table: &Table, path: &Path, io: &dyn JobIo) -> Result<ContentHash, LoadError> {
    let columns: Vec<(String, Storage)> = table.iter().map(|(s, c)| (s.name.clone(), c.storage())).collect();
    let mut writer = Writer::create(path, &columns)?;
    for start in (0..table.n_rows).step_by(ROW_GROUP_ROWS) {
        io.progress("Writing the table", Some(start as f64 / table.n_rows as f64))?;
        writer.write_rows(&table.columns, start..table.n_rows.min(start + ROW_GROUP_ROWS))?;
    }
    writer.finish()
}

/// Writes row group after row group.
pub struct Writer {
    inner: FileWriter<Hashing>,
    columns: Vec<Mutex<ColumnEncoder>>,
    /// Rows of finished groups.
    written: u64,
    /// Rows that wait for their group to fill.
    pending: usize,
    file: String,
}

impl Writer {
    pub fn create(path: &Path, columns: &[(String, Storage)]) -> Result<Self, LoadError> {
        let file = fs::File::create(path).map_err(LoadError::io(path, "creating"))?;
        Self::over(file, path, columns)
    }

    /// Writes to an open file; `path` is for messages.
    pub fn over(file: fs::File, path: &Path, columns: &[(String, Storage)]) -> Result<Self, LoadError> {
        let label = path.display().to_string();
        let fields = columns.iter().map(|(name, storage)| ArrowField::new(name.into(), arrow_type(*storage), true));
        let schema = ArrowSchema::from_iter(fields.map(|field| (field.name.clone(), field)));
        let out = Hashing { file: BufWriter::with_capacity(1 << 20, file), hasher: Sha256::new() };
        let inner = guarded(|| FileWriter::try_new(out, schema, OPTIONS))
            .map_err(|reason| LoadError::ParquetWrite { file: label.clone(), reason })?;
        let types = inner.parquet_schema().fields().iter().cloned();
        let encoders = columns.iter().zip(types).map(|((_, storage), kind)| ColumnEncoder::new(*storage, kind));
        let columns = encoders.map(Mutex::new).collect();
        Ok(Self { inner, columns, written: 0, pending: 0, file: label })
    }

    /// Appends rows; `columns` in the order and storage given at creation.
    pub fn write(&mut self, columns: &[Cells]) -> Result<(), LoadError> {
        let n_rows = columns.first().map_or(0, Cells::len);
        self.write_rows(columns, 0..n_rows)
    }

    fn write_rows(&mut self, columns: &[Cells], rows: Range<usize>) -> Result<(), LoadError> {
        let mut segments = Vec::new();
        let mut start = rows.start;
        let (mut written, mut pending) = (self.written, self.pending);
        while start < rows.end {
            let group = if written < MANY_ROWS { ROW_GROUP_ROWS } else { LARGE_GROUP_ROWS };
            let end = rows.end.min(start + group - pending);
            pending += end - start;
            let full = pending == group;
            if full {
                written += group as u64;
                pending = 0;
            }
            segments.push(Segment { rows: start..end, full });
            start = end;
        }
        let groups = self.encode(columns, &segments)?;
        self.write_groups(groups)?;
        (self.written, self.pending) = (written, pending);
        Ok(())
    }

    /// Runs the columns through their encoders on all cores. Gives the pages of the groups that became full, by column.
    fn encode(&self, columns: &[Cells], segments: &[Segment]) -> Result<Vec<Groups>, LoadError> {
        let next = Mutex::new(0..self.columns.len());
        let done: Mutex<Vec<Option<Result<Groups, String>>>> = Mutex::new(self.columns.iter().map(|_| None).collect());
        let work = || {
            loop {
                let taken = lock(&next).next();
                let Some(i) = taken else { break };
                let result = guarded(|| lock(&self.columns[i]).take(&columns[i], segments));
                lock(&done)[i] = Some(result);
            }
        };
        let n_rows: usize = segments.iter().map(|s| s.rows.len()).sum();
        if n_rows * columns.len() < ROW_GROUP_ROWS {
            work();
        } else {
            let helpers = thread::available_parallelism().map_or(1, usize::from).min(columns.len()) - 1;
            thread::scope(|scope| {
                for _ in 0..helpers {
                    // Without the helper the caller's thread does all of it.
                    let _ = thread::Builder::new().name("pack columns".to_owned()).spawn_scoped(scope, work);
                }
                work();
            });
        }
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        let all: Result<Vec<Groups>, String> = done.into_iter().flatten().collect();
        all.map_err(|reason| LoadError::ParquetWrite { file: self.file.clone(), reason })
    }

    fn write_groups(&mut self, mut columns: Vec<Groups>) -> Result<(), LoadError> {
        let n_groups = columns.iter().map(Vec::len).min().unwrap_or(0);
        for i in 0..n_groups {
            let rows = columns[0][i].rows;
            let pages: Vec<Vec<CompressedPage>> =
                columns.iter_mut().map(|groups| std::mem::take(&mut groups[i].pages)).collect();
            let inner = &mut self.inner;
            guarded(|| {
                let columns = pages.iter().map(|pages| {
                    let pages = fallible_streaming_iterator::convert(pages.iter().map(PolarsResult::Ok));
                    Ok(DynStreamingIterator::new(pages))
                });
                inner.write(rows as u64, DynIter::new(columns))
            })
            .map_err(|reason| LoadError::ParquetWrite { file: self.file.clone(), reason })?;
        }
        Ok(())
    }

    /// Writes what is left and the footer. Gives the hash of the file.
    pub fn finish(mut self) -> Result<ContentHash, LoadError> {
        if self.pending > 0 {
            let rest: Result<Vec<Groups>, String> =
                self.columns.iter().map(|column| guarded(|| Ok(vec![lock(column).encode()?]))).collect();
            let rest = rest.map_err(|reason| LoadError::ParquetWrite { file: self.file.clone(), reason })?;
            self.write_groups(rest)?;
        }
        let Self { mut inner, file, .. } = self;
        let hashing = guarded(|| {
            inner.end(None)?;
            Ok(inner.into_inner())
        })
        .map_err(|reason| LoadError::ParquetWrite { file: file.clone(), reason })?;
        let Hashing { file: mut out, hasher } = hashing;
        out.flush().map_err(|error| LoadError::ParquetWrite { file, reason: error.to_string() })?;
        Ok(ContentHash::from_bytes(&hasher.finalize().into()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rows of one piece that belong to one group, and whether the group is full with them.
struct Segment {
    rows: Range<usize>,
    full: bool,
}

/// One column of one row group, packed.
struct Group {
    rows: usize,
    pages: Vec<CompressedPage>,
}

type Groups = Vec<Group>;

/// Hashes what is written.
struct Hashing {
    file: BufWriter<fs::File>,
    hasher: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Collects the cells of one column until a row group is full.
struct ColumnEncoder {
    kind: ParquetType,
    storage: Storage,
    valid: BitmapBuilder,
    cells: Pending,
}

enum Pending {
    Floats(Vec<f64>),
    Wholes(Vec<i64>),
    Booleans(BitmapBuilder),
    Texts(TextGroup),
}

impl ColumnEncoder {
    fn new(storage: Storage, kind: ParquetType) -> Self {
        let cells = match storage {
            Storage::Float64 => Pending::Floats(Vec::new()),
            Storage::Int64 | Storage::DatetimeMs => Pending::Wholes(Vec::new()),
            Storage::Boolean => Pending::Booleans(BitmapBuilder::new()),
            Storage::String => Pending::Texts(TextGroup::default()),
        };
        Self { kind, storage, valid: BitmapBuilder::new(), cells }
    }

    fn take(&mut self, cells: &Cells, segments: &[Segment]) -> PolarsResult<Groups> {
        let mut groups = Vec::new();
        let mut keys = Vec::new();
        for segment in segments {
            self.push(cells, segment.rows.clone(), &mut keys)?;
            if segment.full {
                groups.push(self.encode()?);
                // They belong to the group.
                keys.clear();
            }
        }
        Ok(groups)
    }

    /// `keys`: the group's keys of the codes of `cells`, empty at first.
    fn push(&mut self, cells: &Cells, rows: Range<usize>, keys: &mut Vec<u32>) -> PolarsResult<()> {
        match (&mut self.cells, cells) {
            (Pending::Floats(values), Cells::Float(new)) => {
                values.extend_from_slice(&new[rows.clone()]);
                push_valid(&mut self.valid, &new[rows], |x| !x.is_nan());
            }
            (Pending::Wholes(values), Cells::Int(new) | Cells::DatetimeMs(new)) => {
                values.extend(new[rows.clone()].iter().map(|x| x.unwrap_or_default()));
                push_valid(&mut self.valid, &new[rows], Option::is_some);
            }
            (Pending::Booleans(values), Cells::Boolean(new)) => {
                push_bits(values, new[rows.clone()].iter().map(|x| x.unwrap_or_default()));
                push_valid(&mut self.valid, &new[rows], Option::is_some);
            }
            (Pending::Texts(group), Cells::Text(new)) => {
                push_valid(&mut self.valid, &new.codes[rows.clone()], |code| *code != MISSING_CODE);
                group.push(new, rows, keys);
            }
            _ => polars_bail!(ComputeError: "a column changed its type"),
        }
        Ok(())
    }

    fn encode(&mut self) -> PolarsResult<Group> {
        let rows = self.valid.len();
        let valid = std::mem::take(&mut self.valid);
        let valid = (valid.unset_bits() > 0).then(|| valid.freeze());
        let array: Box<dyn Array> = match &mut self.cells {
            Pending::Floats(values) => {
                let values = std::mem::take(values);
                Box::new(PrimitiveArray::try_new(ArrowDataType::Float64, values.into(), valid)?)
            }
            Pending::Wholes(values) => {
                let values = std::mem::take(values);
                Box::new(PrimitiveArray::try_new(arrow_type(self.storage), values.into(), valid)?)
            }
            Pending::Booleans(values) => {
                let values = std::mem::take(values).freeze();
                Box::new(BooleanArray::try_new(ArrowDataType::Boolean, values, valid)?)
            }
            Pending::Texts(group) => std::mem::take(group).array(valid)?,
        };
        let encoding = if self.storage == Storage::Boolean { Encoding::Plain } else { Encoding::RleDictionary };
        let mut pages = Vec::new();
        for column in array_to_columns(array, self.kind.clone(), OPTIONS, &[encoding])? {
            for page in column {
                pages.push(compress(page?, Vec::new(), OPTIONS.compression)?);
            }
        }
        Ok(Group { rows, pages })
    }
}

/// `Extend` of polars' bitmaps starts a new byte each time, and the bits go astray.
fn push_bits(bits: &mut BitmapBuilder, new: impl Iterator<Item = bool>) {
    bits.reserve(new.size_hint().0);
    new.for_each(|bit| bits.push(bit));
}

/// Most columns have no gaps, which is quickly seen and written.
fn push_valid<T>(bits: &mut BitmapBuilder, cells: &[T], is_valid: impl Fn(&T) -> bool) {
    // Without an early end the compiler makes vector code of it.
    if cells.iter().fold(true, |all, cell| all & is_valid(cell)) {
        bits.extend_constant(cells.len(), true);
    } else {
        push_bits(bits, cells.iter().map(is_valid));
    }
}

/// The texts of a row group: a key per row into its distinct values, in order of first appearance.
#[derive(Default)]
struct TextGroup {
    keys: Vec<u32>,
    values: Vec<String>,
    index: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
}

impl TextGroup {
    fn push(&mut self, cells: &Dictionary, rows: Range<usize>, known: &mut Vec<u32>) {
        known.resize(cells.values.len(), MISSING_CODE);
        for &code in &cells.codes[rows] {
            if code == MISSING_CODE {
                // Any key will do; the row is marked missing.
                self.keys.push(0);
                continue;
            }
            let key = &mut known[code as usize];
            if *key == MISSING_CODE {
                *key = self.key(&cells.values[code as usize]);
            }
            self.keys.push(*key);
        }
    }

    fn key(&mut self, text: &str) -> u32 {
        let values = &mut self.values;
        let hash = self.hasher.hash_one(text);
        if let Some(&(_, key)) = self.index.find(hash, |&(h, key)| h == hash && values[key as usize] == text) {
            return key;
        }
        let key = values.len() as u32;
        values.push(text.to_owned());
        self.index.insert_unique(hash, (hash, key), |&(hash, _)| hash);
        key
    }

    fn array(self, valid: Option<polars_arrow::bitmap::Bitmap>) -> PolarsResult<Box<dyn Array>> {
        let Self { keys, values, .. } = self;
        if values.len() as f64 > WORTHWHILE * keys.len() as f64 || values.is_empty() {
            let mut cells = MutableBinaryViewArray::<str>::with_capacity(keys.len());
            for (row, key) in keys.iter().enumerate() {
                let present = valid.as_ref().is_none_or(|valid| valid.get_bit(row));
                cells.push(present.then(|| values[*key as usize].as_str()));
            }
            let cells: Utf8ViewArray = cells.into();
            return Ok(Box::new(cells));
        }
        let keys = PrimitiveArray::try_new(ArrowDataType::UInt32, keys.into(), valid)?;
        let dtype = ArrowDataType::Dictionary(IntegerType::UInt32, Box::new(ArrowDataType::Utf8View), false);
        let values = Utf8ViewArray::from_slice_values(&values);
        Ok(Box::new(DictionaryArray::<u32>::try_new(dtype, keys, Box::new(values))?))
    }
}

/// A [`Writer`] on a thread of its own, so that whoever reads a file does not wait for the packing.
pub struct BackgroundWriter {
    pieces: Option<SyncSender<Arc<Vec<Cells>>>>,
    thread: Option<thread::JoinHandle<Result<ContentHash, LoadError>>>,
}

impl BackgroundWriter {
    pub fn create(path: &Path, columns: &[(String, Storage)]) -> Result<Self, LoadError> {
        let mut writer = Writer::create(path, columns)?;
        let (pieces, receive) = sync_channel::<Arc<Vec<Cells>>>(WAITING);
        let thread = thread::Builder::new()
            .name("write table".to_owned())
            .spawn(move || {
                for piece in receive {
                    writer.write(&piece)?;
                }
                writer.finish()
            })
            .map_err(LoadError::io(path, "writing"))?;
        Ok(Self { pieces: Some(pieces), thread: Some(thread) })
    }

    /// Appends rows. An error may be of an earlier piece.
    pub fn write(&mut self, piece: Arc<Vec<Cells>>) -> Result<(), LoadError> {
        let sent = self.pieces.as_ref().is_some_and(|pieces| pieces.send(piece).is_ok());
        if sent { Ok(()) } else { self.end().map(drop) }
    }

    /// Waits for the last piece and writes the footer. Gives the hash of the file.
    pub fn finish(mut self) -> Result<ContentHash, LoadError> {
        self.end()
    }

    fn end(&mut self) -> Result<ContentHash, LoadError> {
        self.pieces = None;
        let stopped =
            || LoadError::ParquetWrite { file: "the table".to_owned(), reason: "the writer stopped".to_owned() };
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(stopped()))
    }
}

impl Drop for BackgroundWriter {
    /// An abandoned file is finished before it is removed: nothing may write to it afterwards.
    fn drop(&mut self) {
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
