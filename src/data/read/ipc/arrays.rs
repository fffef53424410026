//! Arrow arrays as our cells.

use polars::prelude::{ArrowDataType, ArrowTimeUnit, PolarsResult, polars_bail, polars_ensure, polars_err};
use polars_arrow::array::{
    Array, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray, DictionaryKey, FixedSizeListArray, ListArray,
    MapArray, PrimitiveArray, StructArray, Utf8Array, Utf8ViewArray,
};
use polars_arrow::datatypes::{IntegerType, PhysicalType};
use polars_arrow::types::{NativeType, PrimitiveType};
use serde_json::{Map, Number, Value as Json};

use super::super::columnar::{Meaning, Noticed};
use super::super::foreign::{per_second, time_of_day};
use crate::data::infer::MAX_EXACT;
use crate::data::table::Cells;

/// Lists inside lists are followed this deep.
const MAX_DEPTH: usize = 32;

pub fn meaning(dtype: &ArrowDataType) -> Result<Meaning, String> {
    use ArrowDataType as T;
    Ok(match dtype {
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => Meaning::Whole,
        T::Float32 | T::Float64 | T::Null => Meaning::Float,
        T::Boolean => Meaning::Boolean,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Meaning::Text,
        T::Binary | T::LargeBinary | T::BinaryView => Meaning::Bytes,
        T::Date32 => Meaning::Days,
        T::Date64 => Meaning::Milliseconds,
        T::Timestamp(..) => Meaning::Timestamp,
        T::Decimal(_, scale) | T::Decimal32(_, scale) | T::Decimal64(_, scale) => Meaning::Decimal(*scale),
        T::Time32(unit) | T::Time64(unit) => Meaning::TimeOfDay(per_second(*unit)),
        T::Duration(unit) => Meaning::Duration(per_second(*unit)),
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) | T::Struct(_) | T::Map(..) => Meaning::Nested,
        T::Dictionary(_, values, _) => meaning(values)?,
        T::Extension(extension) => meaning(&extension.inner)?,
        other => return Err(format!("values of type {other:?}")),
    })
}

/// A child of a struct; missing where the struct is.
pub fn child(array: &dyn Array, child: usize) -> PolarsResult<Box<dyn Array>> {
    let records: &StructArray = cast(array)?;
    let mut inner =
        records.values().get(child).ok_or_else(|| polars_err!(ComputeError: "a record lacks a field"))?.clone();
    if let Some(validity) = records.validity() {
        let both = match inner.validity() {
            None => validity.clone(),
            Some(own) => own & validity,
        };
        // An array of nothing is missing everywhere already.
        if !matches!(inner.dtype(), ArrowDataType::Null) {
            inner = inner.with_validity(Some(both));
        }
    }
    Ok(inner)
}

pub fn notice(array: &dyn Array, meaning: Meaning, noticed: &mut Noticed) -> PolarsResult<()> {
    noticed.nulls += array.null_count() as u64;
    match meaning {
        Meaning::Whole => {
            let beyond = |x: &i128| x.unsigned_abs() > MAX_EXACT as u128;
            noticed.beyond_exact += whole(array)?.into_iter().flatten().filter(beyond).count() as u64;
        }
        Meaning::Timestamp => {
            let parts = parts_of_millisecond(array.dtype());
            noticed.cut_times += whole(array)?.into_iter().flatten().filter(|t| t % parts != 0).count() as u64;
        }
        Meaning::Text | Meaning::Bytes => {
            let empty = |t: &Option<String>| t.as_deref() == Some("");
            noticed.empty_texts += texts(array)?.iter().filter(|t| empty(t)).count() as u64;
        }
        Meaning::Float => noticed.infinite += floats(array)?.iter().filter(|x| x.is_infinite()).count() as u64,
        _ => {}
    }
    Ok(())
}

pub fn cells(array: &dyn Array, meaning: Meaning, as_text: bool) -> PolarsResult<Cells> {
    let small = |x: Option<i128>| x.and_then(|x| i64::try_from(x).ok());
    Ok(match meaning {
        Meaning::Whole if as_text => text_cells(whole(array)?.into_iter().map(|x| x.map(|x| x.to_string())).collect()),
        Meaning::Whole => Cells::Int(whole(array)?.into_iter().map(small).collect()),
        Meaning::Float => Cells::Float(floats(array)?),
        Meaning::Boolean => Cells::Boolean(booleans(array)?),
        Meaning::Text | Meaning::Bytes => text_cells(texts(array)?),
        Meaning::Days => {
            Cells::DatetimeMs(whole(array)?.into_iter().map(|d| small(d.map(|d| d * 86_400_000))).collect())
        }
        Meaning::Milliseconds => Cells::DatetimeMs(whole(array)?.into_iter().map(small).collect()),
        Meaning::Timestamp => {
            let (parts, times) = (parts_of_millisecond(array.dtype()), ms_per_tick(array.dtype()));
            let ms = |t: Option<i128>| small(t.map(|t| (t * times).div_euclid(parts)));
            Cells::DatetimeMs(whole(array)?.into_iter().map(ms).collect())
        }
        Meaning::Decimal(scale) => {
            // The nearest 64-bit floats: dividing would round twice, parsing rounds once.
            let nearest = |x: i128| format!("{x}e-{scale}").parse().unwrap_or(f64::NAN);
            Cells::Float(whole(array)?.into_iter().map(|x| x.map_or(f64::NAN, nearest)).collect())
        }
        Meaning::Duration(per_second) => {
            let seconds = |t: Option<i128>| t.map_or(f64::NAN, |t| t as f64 / per_second as f64);
            Cells::Float(whole(array)?.into_iter().map(seconds).collect())
        }
        Meaning::TimeOfDay(per_second) => {
            let clock = |t: Option<i128>| small(t).map(|t| time_of_day(t, per_second));
            text_cells(whole(array)?.into_iter().map(clock).collect())
        }
        Meaning::Nested => {
            let json = (0..array.len()).map(|row| match json(array, row, 0)? {
                Json::Null => Ok(None),
                value => Ok(Some(value.to_string())),
            });
            text_cells(json.collect::<PolarsResult<_>>()?)
        }
    })
}

fn text_cells(texts: Vec<Option<String>>) -> Cells {
    Cells::Text(texts.iter().map(|t| t.as_deref().filter(|t| !t.is_empty())).collect())
}

fn unit(dtype: &ArrowDataType) -> ArrowTimeUnit {
    match dtype {
        ArrowDataType::Timestamp(unit, _) => *unit,
        ArrowDataType::Dictionary(_, values, _) => unit(values),
        ArrowDataType::Extension(extension) => unit(&extension.inner),
        _ => ArrowTimeUnit::Millisecond,
    }
}

/// Ticks in a millisecond; coarser units count as 1.
fn parts_of_millisecond(dtype: &ArrowDataType) -> i128 {
    i128::from((per_second(unit(dtype)) / 1000).max(1))
}

fn ms_per_tick(dtype: &ArrowDataType) -> i128 {
    if unit(dtype) == ArrowTimeUnit::Second { 1000 } else { 1 }
}

fn cast<T: 'static>(array: &dyn Array) -> PolarsResult<&T> {
    array.as_any().downcast_ref().ok_or_else(|| polars_err!(ComputeError: "values that are no {:?}", array.dtype()))
}

fn primitives<T: NativeType, U>(array: &dyn Array, f: impl Fn(T) -> U) -> PolarsResult<Vec<Option<U>>> {
    Ok(cast::<PrimitiveArray<T>>(array)?.iter().map(|x| x.map(|x| f(*x))).collect())
}

fn whole(array: &dyn Array) -> PolarsResult<Vec<Option<i128>>> {
    match array.dtype().to_physical_type() {
        PhysicalType::Primitive(kind) => match kind {
            PrimitiveType::Int8 => primitives(array, |x: i8| x.into()),
            PrimitiveType::Int16 => primitives(array, |x: i16| x.into()),
            PrimitiveType::Int32 => primitives(array, |x: i32| x.into()),
            PrimitiveType::Int64 => primitives(array, |x: i64| x.into()),
            PrimitiveType::Int128 => primitives(array, |x: i128| x),
            PrimitiveType::UInt8 => primitives(array, |x: u8| x.into()),
            PrimitiveType::UInt16 => primitives(array, |x: u16| x.into()),
            PrimitiveType::UInt32 => primitives(array, |x: u32| x.into()),
            PrimitiveType::UInt64 => primitives(array, |x: u64| x.into()),
            other => polars_bail!(ComputeError: "numbers of type {other:?}"),
        },
        PhysicalType::Dictionary(key) => decoded(array, key, whole),
        other => polars_bail!(ComputeError: "values of type {other:?}"),
    }
}

fn floats(array: &dyn Array) -> PolarsResult<Vec<f64>> {
    let plain = |v: Vec<Option<f64>>| v.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect();
    match array.dtype().to_physical_type() {
        PhysicalType::Null => Ok(vec![f64::NAN; array.len()]),
        PhysicalType::Primitive(PrimitiveType::Float32) => primitives(array, |x: f32| f64::from(x)).map(plain),
        PhysicalType::Primitive(PrimitiveType::Float64) => primitives(array, |x: f64| x).map(plain),
        PhysicalType::Dictionary(key) => {
            let all = |a: &dyn Array| floats(a).map(|v| v.into_iter().map(Some).collect());
            decoded(array, key, all).map(plain)
        }
        other => polars_bail!(ComputeError: "values of type {other:?}"),
    }
}

fn booleans(array: &dyn Array) -> PolarsResult<Vec<Option<bool>>> {
    match array.dtype().to_physical_type() {
        PhysicalType::Dictionary(key) => decoded(array, key, booleans),
        _ => Ok(cast::<BooleanArray>(array)?.iter().collect()),
    }
}

fn texts(array: &dyn Array) -> PolarsResult<Vec<Option<String>>> {
    let own = |t: Option<&str>| t.map(str::to_owned);
    let read = |bytes: Option<&[u8]>| match bytes.map(std::str::from_utf8) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text.to_owned())),
        Some(Err(_)) => Err(polars_err!(ComputeError: "raw bytes that are no text")),
    };
    match array.dtype().to_physical_type() {
        PhysicalType::Utf8 => Ok(cast::<Utf8Array<i32>>(array)?.iter().map(own).collect()),
        PhysicalType::LargeUtf8 => Ok(cast::<Utf8Array<i64>>(array)?.iter().map(own).collect()),
        PhysicalType::Utf8View => Ok(cast::<Utf8ViewArray>(array)?.iter().map(own).collect()),
        PhysicalType::Binary => cast::<BinaryArray<i32>>(array)?.iter().map(read).collect(),
        PhysicalType::LargeBinary => cast::<BinaryArray<i64>>(array)?.iter().map(read).collect(),
        PhysicalType::BinaryView => cast::<BinaryViewArray>(array)?.iter().map(read).collect(),
        PhysicalType::Dictionary(key) => decoded(array, key, texts),
        other => polars_bail!(ComputeError: "values of type {other:?}"),
    }
}

/// Places in the values that come second, by row.
type Keyed = (Vec<Option<usize>>, Box<dyn Array>);

/// The values of a dictionary array, one per row.
fn decoded<T: Clone>(
    array: &dyn Array,
    key: IntegerType,
    read: impl Fn(&dyn Array) -> PolarsResult<Vec<Option<T>>>,
) -> PolarsResult<Vec<Option<T>>> {
    fn keys<K: DictionaryKey>(array: &dyn Array) -> PolarsResult<Keyed> {
        let dictionary: &DictionaryArray<K> = cast(array)?;
        let keys = dictionary.keys().iter().map(|k| k.map(|k| (*k).try_into().unwrap_or(usize::MAX)));
        Ok((keys.collect(), dictionary.values().clone()))
    }
    let (keys, values) = match key {
        IntegerType::Int8 => keys::<i8>(array)?,
        IntegerType::Int16 => keys::<i16>(array)?,
        IntegerType::Int32 => keys::<i32>(array)?,
        IntegerType::Int64 => keys::<i64>(array)?,
        IntegerType::UInt8 => keys::<u8>(array)?,
        IntegerType::UInt16 => keys::<u16>(array)?,
        IntegerType::UInt32 => keys::<u32>(array)?,
        IntegerType::UInt64 => keys::<u64>(array)?,
        other => polars_bail!(ComputeError: "codes of type {other:?}"),
    };
    let values = read(values.as_ref())?;
    polars_ensure!(keys.iter().flatten().all(|&k| k < values.len()), ComputeError: "a code without a value");
    Ok(keys.into_iter().map(|k| k.and_then(|k| values[k].clone())).collect())
}

fn json(array: &dyn Array, row: usize, depth: usize) -> PolarsResult<Json> {
    polars_ensure!(depth < MAX_DEPTH, ComputeError: "lists deeper than {MAX_DEPTH}");
    if array.is_null(row) {
        return Ok(Json::Null);
    }
    let list = |items: Box<dyn Array>| {
        (0..items.len()).map(|i| json(items.as_ref(), i, depth + 1)).collect::<PolarsResult<Vec<_>>>().map(Json::Array)
    };
    match array.dtype().to_physical_type() {
        PhysicalType::List => list(cast::<ListArray<i32>>(array)?.value(row)),
        PhysicalType::LargeList => list(cast::<ListArray<i64>>(array)?.value(row)),
        PhysicalType::FixedSizeList => list(cast::<FixedSizeListArray>(array)?.value(row)),
        PhysicalType::Map => list(cast::<MapArray>(array)?.value(row)),
        PhysicalType::Struct => {
            let records: &StructArray = cast(array)?;
            let mut object = Map::new();
            for (field, values) in records.fields().iter().zip(records.values()) {
                object.insert(field.name.to_string(), json(values.as_ref(), row, depth + 1)?);
            }
            Ok(Json::Object(object))
        }
        _ => {
            let meaning = meaning(array.dtype()).map_err(|what| polars_err!(ComputeError: "{what}"))?;
            let cell = cells(array.sliced(row, 1).as_ref(), meaning, false)?;
            Ok(match &cell {
                Cells::Int(v) => v[0].map_or(Json::Null, Json::from),
                Cells::Float(v) => Number::from_f64(v[0]).map_or(Json::Null, Json::Number),
                Cells::Boolean(v) => v[0].map_or(Json::Null, Json::Bool),
                other => other.text(0).map_or(Json::Null, Json::String),
            })
        }
    }
}
