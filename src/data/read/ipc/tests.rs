use std::sync::Arc;

use polars::prelude::{ArrowDataType, ArrowField, ArrowTimeUnit};
use polars_arrow::array::{Array, BooleanArray, ListArray, PrimitiveArray, StructArray, Utf8Array};
use polars_arrow::datatypes::ArrowSchema;
use polars_arrow::io::ipc::write::{Compression, FileWriter, StreamWriter, WriteOptions};
use polars_arrow::offset::OffsetsBuffer;
use polars_arrow::record_batch::RecordBatchT;

use crate::data::error::LoadError;
use crate::data::read::{load, sniff};
use crate::data::table::Table;
use crate::domain::io::Silent;

fn columns() -> Vec<(&'static str, Box<dyn Array>)> {
    let days = PrimitiveArray::<i32>::from([Some(20_513), None]).to(ArrowDataType::Date32);
    let unit = ArrowDataType::Timestamp(ArrowTimeUnit::Microsecond, None);
    let times = PrimitiveArray::<i64>::from([Some(1_772_368_200_000_001), None]).to(unit);
    let inner: Box<dyn Array> = PrimitiveArray::<i64>::from([Some(1), Some(2), Some(3)]).boxed();
    let list_type = ListArray::<i32>::default_datatype(ArrowDataType::Int64);
    let offsets = OffsetsBuffer::try_from(vec![0, 2, 3]).unwrap();
    let lists = ListArray::<i32>::try_new(list_type, offsets, inner, None).unwrap();
    let fields = vec![ArrowField::new("b".into(), ArrowDataType::Utf8, true)];
    let texts: Box<dyn Array> = Utf8Array::<i32>::from([Some("x"), None]).boxed();
    let records = StructArray::try_new(ArrowDataType::Struct(fields), 2, vec![texts], None).unwrap();
    vec![
        ("i", PrimitiveArray::<i16>::from([Some(-3), None]).boxed()),
        ("big", PrimitiveArray::<u64>::from([Some(u64::MAX), None]).boxed()),
        ("f", PrimitiveArray::<f32>::from([Some(0.5), None]).boxed()),
        ("ok", BooleanArray::from([Some(true), None]).boxed()),
        ("s", Utf8Array::<i64>::from([Some("é"), Some("")]).boxed()),
        ("day", days.boxed()),
        ("at", times.boxed()),
        ("tags", lists.boxed()),
        ("a", records.boxed()),
    ]
}

fn written(stream: bool, compression: Option<Compression>) -> Vec<u8> {
    let columns = columns();
    let fields = columns.iter().map(|(name, array)| ArrowField::new((*name).into(), array.dtype().clone(), true));
    let schema: ArrowSchema = fields.map(|f| (f.name.clone(), f)).collect();
    let schema = Arc::new(schema);
    let arrays: Vec<Box<dyn Array>> = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatchT::new(2, schema.clone(), arrays);
    let mut bytes = Vec::new();
    let options = WriteOptions { compression };
    if stream {
        let mut writer = StreamWriter::new(&mut bytes, options);
        writer.start(&schema, None).unwrap();
        writer.write(&batch, None).unwrap();
        writer.write(&batch, None).unwrap();
        writer.finish().unwrap();
    } else {
        let mut writer = FileWriter::try_new(&mut bytes, schema, None, options).unwrap();
        writer.write(&batch, None).unwrap();
        writer.write(&batch, None).unwrap();
        writer.finish().unwrap();
    }
    bytes
}

fn loaded(bytes: &[u8]) -> Result<Table, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.arrow");
    std::fs::write(&path, bytes).unwrap();
    let options = sniff(&path, "t.arrow")?;
    Ok(load(&path, "t.arrow", &options, &Silent)?.0)
}

#[test]
fn files_and_streams_hold_the_same_table() {
    for (stream, compression) in [
        (false, None),
        (false, Some(Compression::ZSTD(Default::default()))),
        (false, Some(Compression::LZ4)),
        (true, None),
    ] {
        let table = loaded(&written(stream, compression)).unwrap();
        let row: Vec<String> = table
            .schema
            .names()
            .zip(&table.columns)
            .map(|(n, c)| format!("{n}={}", c.text(2).unwrap_or_default()))
            .collect();
        assert_eq!(
            row,
            [
                "i=-3",
                "big=18446744073709551615",
                "f=0.5",
                "ok=true",
                "s=é",
                "day=2026-03-01",
                "at=2026-03-01T12:30:00Z",
                "tags=[1,2]",
                "a.b=x"
            ]
        );
        assert_eq!(table.n_rows, 4);
        // The second list has a value; everything else in that row is missing.
        let missing: Vec<u64> = table.schema.columns.iter().map(|c| c.missing).collect();
        assert_eq!(missing, [2, 2, 2, 2, 2, 2, 2, 0, 2]);
    }
}

#[test]
fn claims_are_compared_with_the_file_before_anything_is_unpacked() {
    let mut bytes = written(false, Some(Compression::LZ4));
    // The unpacked length stands before each packed buffer; the first begins the first batch's body.
    let at = bytes.windows(4).position(|w| w == [0x04, 0x22, 0x4d, 0x18]).expect("a frame of LZ4");
    bytes[at - 8..at].copy_from_slice(&(8u64 << 40).to_le_bytes());
    let message = loaded(&bytes).unwrap_err().to_string();
    assert!(message.contains("to unpack") && message.contains("8796093022208"), "{message}");
}

#[test]
fn damaged_files_are_refused_in_words() {
    let bytes = written(false, None);
    let message = |bytes: &[u8]| loaded(bytes).unwrap_err().to_string();
    assert!(message(&bytes[..bytes.len() - 20]).contains("it was cut off"));
    assert!(message(b"FEA1....").contains("Feather file of version 1"));
    for at in (8..bytes.len()).step_by(7) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x55;
        // Either read or refused; never a panic or an abort.
        let _ = loaded(&flipped);
    }
}
