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
//! | lists, structs, maps, raw bytes | an error that names the column |

use polars::prelude::*;
use polars_parquet::read::PhysicalType;

use super::records::BATCH_ROWS;
use super::{Sink, Source, Survey, SurveyedColumn, clean_names};
use crate::data::error::LoadError;
use crate::data::infer::{KindHint, MAX_EXACT, Typed};
use crate::data::parquet::File;
use crate::data::table::Cells;
use crate::domain::io::JobIo;
use crate::domain::schema::Storage;
use crate::domain::words::thousands;

const CELLS_AT_ONCE: usize = 1 << 22;

/// What the cells of a foreign column mean, beyond the type they are decoded as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    Whole,
    Float,
    Boolean,
    Text,
    /// Text that was declared as bytes; must be UTF-8.
    Bytes,
    /// Days since 1970.
    Days,
    /// Milliseconds since 1970.
    Milliseconds,
    Timestamp,
    /// Divide by ten to this power.
    Decimal(usize),
    /// So many of them make a second.
    TimeOfDay(i64),
    Duration(i64),
}

/// The type to decode a column as, and its meaning.
struct Plan {
    decode: ArrowDataType,
    meaning: Meaning,
}

impl Plan {
    fn storage(&self) -> Storage {
        match self.meaning {
            Meaning::Whole => Storage::Int64,
            Meaning::Float | Meaning::Decimal(_) | Meaning::Duration(_) => Storage::Float64,
            Meaning::Boolean => Storage::Boolean,
            Meaning::Days | Meaning::Milliseconds | Meaning::Timestamp => Storage::DatetimeMs,
            Meaning::Text | Meaning::Bytes | Meaning::TimeOfDay(_) => Storage::String,
        }
    }
}

fn plans(file: &File, name: &str) -> Result<Vec<Plan>, LoadError> {
    let fields = file.fields().iter().enumerate();
    fields
        .map(|(column, field)| {
            plan(&field.dtype, file.physical_type(column)).map_err(|(what, hint)| LoadError::ColumnType {
                file: name.to_owned(),
                column: field.name.to_string(),
                what,
                hint,
            })
        })
        .collect()
}

fn plan(dtype: &ArrowDataType, physical: Option<PhysicalType>) -> Result<Plan, (String, &'static str)> {
    use ArrowDataType as T;
    let plan = |decode, meaning| Ok(Plan { decode, meaning });
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
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) | T::Struct(_) | T::Map(..) => {
            Err(("lists or records".into(), "give each part a column of its own, or leave the column out"))
        }
        other => Err((format!("values of type {other:?}"), "convert the column or leave it out")),
    }
}

fn per_second(unit: ArrowTimeUnit) -> i64 {
    match unit {
        ArrowTimeUnit::Second => 1,
        ArrowTimeUnit::Millisecond => 1000,
        ArrowTimeUnit::Microsecond => 1_000_000,
        ArrowTimeUnit::Nanosecond => 1_000_000_000,
    }
}

/// What the first look notices in a column.
#[derive(Default)]
struct Noticed {
    beyond_exact: u64,
    cut_times: u64,
    empty_texts: u64,
    infinite: u64,
}

pub fn survey(source: &Source, io: &dyn JobIo) -> Result<Survey, LoadError> {
    let file = File::open(source.path, source.name)?;
    if file.fields().len() > super::MAX_COLUMNS {
        let (found, limit) = (file.fields().len(), super::MAX_COLUMNS);
        return Err(LoadError::TooManyColumns { file: source.name.to_owned(), found, limit });
    }
    let plans = plans(&file, source.name)?;
    let raw: Vec<String> = file.fields().iter().map(|f| f.name.to_string()).collect();
    let mut warnings = Vec::new();
    let names = clean_names(&raw, &mut warnings);
    let mut columns = Vec::new();
    for (i, (name, plan)) in names.into_iter().zip(&plans).enumerate() {
        let mut noticed = Noticed::default();
        for group in 0..file.row_starts.len() - 1 {
            io.progress("Judging column types", Some(i as f64 / plans.len() as f64))?;
            let rows = 0..(file.row_starts[group + 1] - file.row_starts[group]) as usize;
            file.decode(group, i, rows, plan.decode.clone(), |s| notice(s, plan.meaning, &mut noticed))?;
        }
        columns.push(SurveyedColumn { name, typed: typed(plan, &noticed) });
    }
    Ok(Survey { rows: file.n_rows, columns, warnings })
}

fn notice(series: &Series, meaning: Meaning, noticed: &mut Noticed) -> PolarsResult<()> {
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

fn typed(plan: &Plan, noticed: &Noticed) -> Typed {
    let mut typed = Typed {
        storage: plan.storage(),
        date_format: None,
        true_spellings: Vec::new(),
        false_spellings: Vec::new(),
        notes: Vec::new(),
        hint: KindHint::None,
    };
    let mut note = |n: u64, text: &str| {
        if n > 0 {
            typed.notes.push(text.replace('#', &thousands(n)));
        }
    };
    note(noticed.beyond_exact, "kept as text: # whole numbers beyond 2^53, where numbers are no longer exact");
    note(noticed.cut_times, "# times cut to milliseconds");
    note(noticed.empty_texts, "# empty texts count as missing");
    note(noticed.infinite, "# infinite values");
    match plan.meaning {
        Meaning::Decimal(_) => typed.notes.push("decimals were read as 64-bit floats".into()),
        Meaning::Duration(_) => typed.notes.push("durations were read as seconds".into()),
        Meaning::TimeOfDay(_) => typed.notes.push("times of day were read as text".into()),
        _ => {}
    }
    if noticed.beyond_exact > 0 {
        typed.storage = Storage::String;
        typed.hint = KindHint::Identifier;
    }
    if typed.storage == Storage::Boolean {
        typed.true_spellings = vec!["true".into()];
        typed.false_spellings = vec!["false".into()];
    }
    typed
}

pub fn convert(source: &Source, survey: &Survey, io: &dyn JobIo, sink: &mut Sink) -> Result<(), LoadError> {
    let file = File::open(source.path, source.name)?;
    let plans = plans(&file, source.name)?;
    let step = (CELLS_AT_ONCE / plans.len().max(1)).clamp(1024, BATCH_ROWS);
    for group in 0..file.row_starts.len() - 1 {
        let (first, last) = (file.row_starts[group], file.row_starts[group + 1]);
        let n_rows = (last - first) as usize;
        for start in (0..n_rows).step_by(step) {
            io.progress("Reading rows", Some((first + start as u64) as f64 / file.n_rows as f64))?;
            let rows = start..n_rows.min(start + step);
            let columns = plans.iter().zip(&survey.columns).enumerate().map(|(i, (plan, column))| {
                let text = column.typed.storage == Storage::String;
                file.decode(group, i, rows.clone(), plan.decode.clone(), |s| cells(s, plan.meaning, text))
            });
            sink(columns.collect::<Result<_, _>>()?)?;
        }
    }
    Ok(())
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
fn time_of_day(ticks: i64, per_second: i64) -> String {
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
    fn what_no_cell_can_hold_names_its_column() {
        let message = |file| loaded(file).unwrap_err().to_string();
        assert!(message("nested.parquet").starts_with("nested.parquet: column `tags` holds lists or records"));
        assert!(message("bytes.parquet").contains("column `raw`: raw bytes that are no text"));
    }
}
