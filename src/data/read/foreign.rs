//! Parquet files from elsewhere: their types become ours.
//!
//! | theirs | ours |
//! |---|---|
//! | integers | `Int64`; as soon as one lies beyond ±2^53: text, identifier |
//! | floats | `Float64` |
//! | decimals, durations | `Float64` (durations in seconds), with a note |
//! | booleans | `Boolean` |
//! | dates, timestamps | `DatetimeMs` |
//! | texts, categories, times of day | `String`; the empty text is missing |
//! | structs | a column `a.b` for each part, once; what is deeper is JSON text |
//! | lists, maps | `String`: JSON text, with a note |
//! | raw bytes | an error that names the column |

use std::ops::Range;
use std::path::Path;

use polars::prelude::*;
use polars_arrow::array::Array;
use polars_arrow::compute::concatenate::concatenate_unchecked;
use polars_parquet::read::PhysicalType;

use super::columnar::{self, CELLS_AT_ONCE, ColumnFile, Meaning, Noticed};
use super::ipc::arrays;
use super::records::BATCH_ROWS;
use super::{ReadReport, SourceSpec, TableSink};
use crate::data::error::LoadError;
use crate::data::infer::MAX_EXACT;
use crate::data::parquet::{File, guarded};
use crate::data::table::Cells;
use crate::domain::dataset::ReadOptions;
use crate::domain::io::JobIo;

/// One of our columns.
struct Plan {
    name: String,
    /// Of the file's columns.
    column: usize,
    meaning: Meaning,
    cells: Stored,
}

enum Stored {
    /// One value per row, decoded as this type.
    Flat(ArrowDataType),
    /// Lists or records; with a number, that part of the record.
    Nested(Option<usize>),
}

fn plans(file: &File, name: &str) -> Result<Vec<Plan>, LoadError> {
    let mut plans = Vec::new();
    for (column, field) in file.fields().iter().enumerate() {
        let title = field.name.to_string();
        let refused = |column: &str, (what, hint): (String, &'static str)| LoadError::ColumnType {
            file: name.to_owned(),
            column: column.to_owned(),
            what,
            hint,
        };
        let nested = |title: String, dtype: &ArrowDataType, part: Option<usize>| {
            let meaning = arrays::meaning(dtype).map_err(|what| refused(&title, (what, CONVERT)))?;
            Ok::<_, LoadError>(Plan { name: title, column, meaning, cells: Stored::Nested(part) })
        };
        match &field.dtype {
            ArrowDataType::Struct(parts) if !parts.is_empty() => {
                for (i, part) in parts.iter().enumerate() {
                    plans.push(nested(format!("{title}.{}", part.name), &part.dtype, Some(i))?);
                }
            }
            dtype if dtype.is_nested() => plans.push(nested(title, dtype, None)?),
            dtype => {
                let flat = plan(dtype, file.physical_type(column)).map_err(|why| refused(&title, why))?;
                let (decode, meaning) = flat;
                plans.push(Plan { name: title, column, meaning, cells: Stored::Flat(decode) });
            }
        }
    }
    Ok(plans)
}

const CONVERT: &str = "convert the column or leave it out";

/// The type to decode a flat column as, and its meaning.
type Flat = (ArrowDataType, Meaning);

fn plan(dtype: &ArrowDataType, physical: Option<PhysicalType>) -> Result<Flat, (String, &'static str)> {
    use ArrowDataType as T;
    let plan = |decode, meaning| Ok((decode, meaning));
    match dtype {
        T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 => plan(T::Int32, Meaning::Whole),
        T::Null => match physical {
            Some(PhysicalType::Int32) | None => plan(T::Int32, Meaning::Float),
            Some(other) => Err((format!("no type over {other:?}"), "give the column a type")),
        },
        T::UInt32 | T::Int64 | T::UInt64 => plan(dtype.clone(), Meaning::Whole),
        T::Float32 | T::Float64 => plan(dtype.clone(), Meaning::Float),
        T::Boolean => plan(T::Boolean, Meaning::Boolean),
        T::Utf8 | T::LargeUtf8 | T::Utf8View => plan(T::Utf8View, Meaning::Text),
        T::Binary | T::LargeBinary | T::BinaryView => plan(T::BinaryView, Meaning::Bytes),
        T::Date32 => plan(T::Int32, Meaning::Days),
        T::Date64 => match physical {
            Some(PhysicalType::Int32) => plan(T::Int32, Meaning::Days),
            _ => plan(T::Int64, Meaning::Milliseconds),
        },
        T::Timestamp(unit, _) => plan(T::Timestamp(*unit, None), Meaning::Timestamp),
        T::Time32(unit) => plan(T::Int32, Meaning::TimeOfDay(per_second(*unit))),
        T::Time64(unit) => plan(T::Int64, Meaning::TimeOfDay(per_second(*unit))),
        T::Duration(unit) => plan(T::Int64, Meaning::Duration(per_second(*unit))),
        T::Decimal32(_, scale) | T::Decimal64(_, scale) | T::Decimal(_, scale) | T::Decimal256(_, scale) => {
            let decode = match physical {
                Some(PhysicalType::Int32) => T::Int32,
                Some(PhysicalType::Int64) | None => T::Int64,
                Some(PhysicalType::FixedLenByteArray(n)) if n <= 16 => T::FixedSizeBinary(n),
                _ => return Err(("decimals longer than 38 digits".into(), "save them as floats or texts")),
            };
            plan(decode, Meaning::Decimal(*scale))
        }
        T::Dictionary(_, values, _) => self::plan(values, physical),
        T::Extension(extension) => self::plan(&extension.inner, physical),
        other => Err((format!("values of type {other:?}"), CONVERT)),
    }
}

pub fn per_second(unit: ArrowTimeUnit) -> i64 {
    match unit {
        ArrowTimeUnit::Second => 1,
        ArrowTimeUnit::Millisecond => 1000,
        ArrowTimeUnit::Microsecond => 1_000_000,
        ArrowTimeUnit::Nanosecond => 1_000_000_000,
    }
}

pub fn stream(
    source: &SourceSpec,
    options: &ReadOptions,
    limit: Option<u64>,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let open = |name: &str, path: &Path| {
        let file = File::open(path, name)?;
        let plans = plans(&file, name)?;
        Ok(Box::new(ParquetFile { name: name.to_owned(), file, plans }) as Box<dyn ColumnFile>)
    };
    columnar::stream(&open, source, options, limit, io, sink)
}

struct ParquetFile {
    name: String,
    file: File,
    plans: Vec<Plan>,
}

impl ParquetFile {
    /// Row groups with the rows that are wanted of them.
    fn groups(&self, limit: u64) -> impl Iterator<Item = (usize, usize)> {
        let starts = self.file.row_starts.windows(2).enumerate();
        starts.take_while(move |(_, w)| w[0] < limit).map(move |(i, w)| (i, (w[1].min(limit) - w[0]) as usize))
    }

    /// A column of lists, or a part of a column of records, in one row group.
    fn nested(&self, group: usize, plan: &Plan, part: Option<usize>) -> Result<Vec<Box<dyn Array>>, LoadError> {
        let whole = self.file.nested(group, plan.column)?;
        let Some(part) = part else { return Ok(whole) };
        let parts = guarded(|| whole.iter().map(|array| arrays::child(array.as_ref(), part)).collect());
        parts.map_err(|reason| self.broken(plan, &reason))
    }

    fn broken(&self, plan: &Plan, reason: &str) -> LoadError {
        LoadError::Parquet { file: self.name.clone(), reason: format!("column `{}`: {reason}", plan.name) }
    }
}

impl ColumnFile for ParquetFile {
    fn columns(&self) -> Vec<(String, Meaning)> {
        self.plans.iter().map(|plan| (plan.name.clone(), plan.meaning)).collect()
    }

    fn n_rows(&self) -> u64 {
        self.file.n_rows
    }

    fn survey(&mut self, limit: u64, noticed: &mut [Noticed], io: &dyn JobIo) -> Result<u64, LoadError> {
        for (i, (plan, noticed)) in self.plans.iter().zip(noticed).enumerate() {
            for (group, rows) in self.groups(limit) {
                io.progress("Judging column types", Some(i as f64 / self.plans.len() as f64))?;
                match &plan.cells {
                    Stored::Flat(decode) => {
                        let look = |s: &Series| notice(s, plan.meaning, noticed);
                        self.file.decode(group, plan.column, 0..rows, decode.clone(), look)?;
                    }
                    Stored::Nested(part) => {
                        for array in self.nested(group, plan, *part)? {
                            let some = array.sliced(0, rows.min(array.len()));
                            let looked = guarded(|| arrays::notice(some.as_ref(), plan.meaning, noticed));
                            looked.map_err(|reason| self.broken(plan, &reason))?;
                        }
                    }
                }
            }
        }
        Ok(self.file.n_rows.min(limit))
    }

    fn convert(
        &mut self,
        limit: u64,
        as_text: &[bool],
        io: &dyn JobIo,
        take: &mut dyn FnMut(Vec<Cells>) -> Result<(), LoadError>,
    ) -> Result<(), LoadError> {
        let step = (CELLS_AT_ONCE / self.plans.len().max(1)).clamp(1024, BATCH_ROWS);
        for (group, n_rows) in self.groups(limit) {
            let progress = |start: usize| {
                let done = self.file.row_starts[group] + start as u64;
                io.progress("Reading rows", Some(done as f64 / self.file.n_rows as f64))
            };
            progress(0)?;
            // Lists are decoded once per row group: where in it a row begins, only the rows before it tell.
            let nested = self.plans.iter().map(|plan| match &plan.cells {
                Stored::Flat(_) => Ok(Vec::new()),
                Stored::Nested(part) => self.nested(group, plan, *part),
            });
            let nested: Vec<Vec<Box<dyn Array>>> = nested.collect::<Result<_, _>>()?;
            for start in (0..n_rows).step_by(step) {
                progress(start)?;
                let rows = start..n_rows.min(start + step);
                let columns =
                    self.plans.iter().zip(as_text).zip(&nested).map(|((plan, &text), nested)| match &plan.cells {
                        Stored::Flat(decode) => {
                            let cells = |s: &Series| cells(s, plan.meaning, text);
                            self.file.decode(group, plan.column, rows.clone(), decode.clone(), cells)
                        }
                        Stored::Nested(_) => {
                            let cells = guarded(|| arrays::cells(some(nested, &rows)?.as_ref(), plan.meaning, text));
                            cells.map_err(|reason| self.broken(plan, &reason))
                        }
                    });
                take(columns.collect::<Result<_, _>>()?)?;
            }
        }
        Ok(())
    }
}

/// These rows of arrays that follow each other; one array is what a row group gives.
fn some(arrays: &[Box<dyn Array>], rows: &Range<usize>) -> PolarsResult<Box<dyn Array>> {
    match arrays {
        [one] => Ok(one.sliced(rows.start, rows.len())),
        several => Ok(concatenate_unchecked(several)?.sliced(rows.start, rows.len())),
    }
}

fn notice(series: &Series, meaning: Meaning, noticed: &mut Noticed) -> PolarsResult<()> {
    noticed.nulls += series.null_count() as u64;
    match meaning {
        Meaning::Whole => match series.dtype() {
            DataType::Int64 => {
                let beyond = |x: &i64| x.unsigned_abs() > MAX_EXACT as u64;
                noticed.beyond_exact += series.i64()?.iter().flatten().filter(beyond).count() as u64;
            }
            DataType::UInt64 => {
                let beyond = |x: &u64| *x > MAX_EXACT as u64;
                noticed.beyond_exact += series.u64()?.iter().flatten().filter(beyond).count() as u64;
            }
            _ => {}
        },
        Meaning::Timestamp => {
            let parts = parts_of_millisecond(series.dtype());
            let datetimes = series.datetime()?;
            noticed.cut_times += datetimes.physical().iter().flatten().filter(|t| t % parts != 0).count() as u64;
        }
        Meaning::Text => noticed.empty_texts += series.str()?.iter().filter(|c| *c == Some("")).count() as u64,
        Meaning::Bytes => {
            for cell in series.binary()?.iter().flatten() {
                polars_ensure!(std::str::from_utf8(cell).is_ok(), ComputeError: "raw bytes that are no text");
                noticed.empty_texts += u64::from(cell.is_empty());
            }
        }
        Meaning::Float if *series.dtype() == DataType::Float64 => {
            noticed.infinite += series.f64()?.iter().flatten().filter(|x| x.is_infinite()).count() as u64;
        }
        _ => {}
    }
    Ok(())
}

/// Ticks of a timestamp's unit in a millisecond; coarser units count as 1.
fn parts_of_millisecond(dtype: &DataType) -> i64 {
    match dtype {
        DataType::Datetime(TimeUnit::Nanoseconds, _) => 1_000_000,
        DataType::Datetime(TimeUnit::Microseconds, _) => 1000,
        _ => 1,
    }
}

fn cells(series: &Series, meaning: Meaning, as_text: bool) -> PolarsResult<Cells> {
    Ok(match meaning {
        Meaning::Whole if as_text => text_cells(whole_texts(series)?),
        Meaning::Whole => Cells::Int(whole(series)?),
        Meaning::Float => Cells::Float(floats(series)?),
        Meaning::Boolean => Cells::Boolean(series.bool()?.iter().collect()),
        Meaning::Text => Cells::Text(series.str()?.iter().map(|c| c.filter(|c| !c.is_empty())).collect()),
        Meaning::Bytes => {
            let texts = series.binary()?.iter().map(|c| c.and_then(|c| std::str::from_utf8(c).ok()));
            Cells::Text(texts.map(|c| c.filter(|c| !c.is_empty())).collect())
        }
        Meaning::Days => Cells::DatetimeMs(whole(series)?.into_iter().map(|d| d.map(|d| d * 86_400_000)).collect()),
        Meaning::Milliseconds => Cells::DatetimeMs(whole(series)?),
        Meaning::Timestamp => {
            let parts = parts_of_millisecond(series.dtype());
            Cells::DatetimeMs(series.datetime()?.physical().iter().map(|t| t.map(|t| t.div_euclid(parts))).collect())
        }
        Meaning::Nested => polars_bail!(ComputeError: "lists or records"),
        Meaning::Decimal(scale) => Cells::Float(decimals(series, scale)?),
        Meaning::Duration(per_second) => {
            let seconds = |t: Option<i64>| t.map_or(f64::NAN, |t| t as f64 / per_second as f64);
            Cells::Float(whole(series)?.into_iter().map(seconds).collect())
        }
        Meaning::TimeOfDay(per_second) => {
            text_cells(whole(series)?.into_iter().map(|t| t.map(|t| time_of_day(t, per_second))).collect())
        }
    })
}

fn text_cells(texts: Vec<Option<String>>) -> Cells {
    Cells::Text(texts.iter().map(Option::as_deref).collect())
}

fn whole(series: &Series) -> PolarsResult<Vec<Option<i64>>> {
    Ok(match series.dtype() {
        DataType::Int32 => series.i32()?.iter().map(|x| x.map(i64::from)).collect(),
        DataType::UInt32 => series.u32()?.iter().map(|x| x.map(i64::from)).collect(),
        DataType::UInt64 => series.u64()?.iter().map(|x| x.map(|x| x as i64)).collect(),
        _ => series.i64()?.iter().collect(),
    })
}

fn whole_texts(series: &Series) -> PolarsResult<Vec<Option<String>>> {
    Ok(match series.dtype() {
        DataType::UInt64 => series.u64()?.iter().map(|x| x.map(|x| x.to_string())).collect(),
        _ => whole(series)?.into_iter().map(|x| x.map(|x| x.to_string())).collect(),
    })
}

fn floats(series: &Series) -> PolarsResult<Vec<f64>> {
    Ok(match series.dtype() {
        DataType::Float32 => series.f32()?.iter().map(|x| x.map_or(f64::NAN, f64::from)).collect(),
        DataType::Float64 => series.f64()?.iter().map(|x| x.unwrap_or(f64::NAN)).collect(),
        _ => vec![f64::NAN; series.len()],
    })
}

/// The nearest 64-bit floats: dividing would round twice, parsing rounds once.
fn decimals(series: &Series, scale: usize) -> PolarsResult<Vec<f64>> {
    let nearest = |mantissa: i128| format!("{mantissa}e-{scale}").parse().unwrap_or(f64::NAN);
    if *series.dtype() == DataType::Binary {
        let big_endian = |bytes: &[u8]| {
            let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
            bytes.iter().fold(if negative { -1i128 } else { 0 }, |x, &b| x << 8 | i128::from(b))
        };
        return Ok(series.binary()?.iter().map(|c| c.map_or(f64::NAN, |b| nearest(big_endian(b)))).collect());
    }
    Ok(whole(series)?.into_iter().map(|x| x.map_or(f64::NAN, |x| nearest(x.into()))).collect())
}

/// `12:30:05`, with a fraction where there is one.
pub fn time_of_day(ticks: i64, per_second: i64) -> String {
    let (seconds, rest) = (ticks.div_euclid(per_second), ticks.rem_euclid(per_second));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if rest == 0 {
        return clock;
    }
    let digits = per_second.ilog10() as usize;
    format!("{clock}.{rest:0digits$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::{load, sniff};
    use crate::data::table::Table;
    use crate::domain::io::Silent;
    use crate::domain::schema::Storage;

    /// Written by pyarrow 26; `tests/fixtures/parquet/make.py` says how.
    fn loaded(file: &str) -> Result<Table, LoadError> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet").join(file);
        let options = sniff(&path, file)?;
        Ok(load(&path, file, &options, &Silent)?.0)
    }

    #[test]
    fn every_flat_type_of_pyarrow_is_read() {
        let table = loaded("types.parquet").unwrap();
        let check = |name: &str, storage: Storage, first: &str, second: &str, note: &str| {
            let (schema, cells) = table.column(name).unwrap();
            assert_eq!(schema.storage, storage, "{name}");
            let text = |row| cells.text(row).unwrap_or_default();
            assert_eq!((text(0).as_str(), text(1).as_str()), (first, second), "{name}");
            assert_eq!(schema.notes.join("; "), note, "{name}");
            assert!(name == "cat" || cells.is_missing(2), "{name}");
        };
        use Storage as S;
        let exact = "kept as text: 1 whole numbers beyond 2^53, where numbers are no longer exact";
        check("i8", S::Int64, "1", "-2", "");
        check("u8", S::Int64, "0", "255", "");
        check("i16", S::Int64, "1", "-300", "");
        check("u16", S::Int64, "65535", "1", "");
        check("u32", S::Int64, "4294967295", "1", "");
        check("i64", S::Int64, "9007199254740992", "-9007199254740992", "");
        check("big", S::String, "9007199254740993", "-1", exact);
        check("u64", S::String, "18446744073709551615", "1", exact);
        check("f32", S::Float64, "0.5", "", "");
        check("f64", S::Float64, "0.1", "inf", "1 infinite values");
        check("b", S::Boolean, "true", "false", "");
        check("s", S::String, "x", "", "1 empty texts count as missing");
        check("ls", S::String, "é", "y", "");
        check("cat", S::String, "a", "b", "");
        check("bin", S::String, "text", "", "1 empty texts count as missing");
        check("d", S::DatetimeMs, "2026-03-01", "1969-12-31", "");
        check("tms", S::DatetimeMs, "2026-03-01T12:30:00Z", "", "");
        check("tus", S::DatetimeMs, "2026-03-01T12:30:00.001Z", "", "1 times cut to milliseconds");
        check("tns", S::DatetimeMs, "2026-03-01T12:30:00Z", "", "");
        check("dec", S::Float64, "12.34", "-0.05", "decimals were read as 64-bit floats");
        check("dec38", S::Float64, "1.2345678901234568e16", "-1.005", "decimals were read as 64-bit floats");
        check("time", S::String, "12:30:05.25", "00:00:00", "times of day were read as text");
        check("dur", S::Float64, "90", "", "durations were read as seconds");
        check("null", S::Float64, "", "", "");
    }

    #[test]
    fn records_become_columns_once_and_lists_json_text() {
        let table = loaded("nested.parquet").unwrap();
        let names: Vec<&str> = table.schema.names().collect();
        assert_eq!(names, ["id", "tags", "home.city", "home.at", "count.n", "prices", "days"]);
        let check = |name: &str, storage: Storage, expected: [&str; 4]| {
            let (schema, cells) = table.column(name).unwrap();
            let got: Vec<String> = (0..4).map(|row| cells.text(row).unwrap_or_default()).collect();
            assert_eq!((schema.storage, got), (storage, expected.map(str::to_owned).to_vec()), "{name}");
        };
        check("id", Storage::Int64, ["1", "2", "3", "4"]);
        check("tags", Storage::String, [r#"["a"]"#, r#"["b","c"]"#, "[]", ""]);
        check("home.city", Storage::String, ["Bonn", "", "", "Rom"]);
        check("home.at", Storage::String, [r#"{"lat":50.5,"lon":7.0}"#, "", "", r#"{"lat":41.75,"lon":null}"#]);
        check("count.n", Storage::String, ["9007199254740993", "1", "2", "3"]);
        let prices =
            [r#"[{"key":"eur","value":1.5}]"#, "[]", "", r#"[{"key":"eur","value":2.0},{"key":"usd","value":2.25}]"#];
        check("prices", Storage::String, prices);
        check("days", Storage::String, [r#"["2026-03-01"]"#, "[null]", "", "[]"]);
        let notes = |name: &str| table.column(name).unwrap().0.notes.join("; ");
        assert_eq!(notes("tags"), "lists and records are kept as JSON text");
    }

    #[test]
    fn what_no_cell_can_hold_names_its_column() {
        let message = |file| loaded(file).unwrap_err().to_string();
        assert!(message("bytes.parquet").contains("column `raw`: raw bytes that are no text"));
    }
}
