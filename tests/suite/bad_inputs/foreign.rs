//! B58–B63: Parquet and Arrow files that lie about their sizes, are damaged, or hold what no table cell can.

use std::path::Path;
use std::sync::Arc;

use modelwright::data::parquet;
use modelwright::data::table::{Cells, Table};
use modelwright::domain::io::Silent;
use modelwright::domain::schema::{ColumnKind, ColumnSchema, Schema};
use polars_arrow::array::{Int64Array, Utf8Array};
use polars_arrow::datatypes::Field;
use polars_arrow::io::ipc::write::{Compression, FileWriter, StreamWriter, WriteOptions};
use polars_arrow::record_batch::RecordBatchT;

use super::{Import, import};

/// Thrift's compact protocol, as far as a Parquet footer needs it.
#[derive(Default)]
struct Thrift {
    bytes: Vec<u8>,
    last: Vec<u8>,
}

impl Thrift {
    fn varint(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    fn field(&mut self, id: u8, kind: u8) {
        let last = self.last.last_mut().unwrap();
        self.bytes.push((id - *last) << 4 | kind);
        *last = id;
    }

    fn i32(&mut self, id: u8, n: i32) -> &mut Self {
        self.field(id, 5);
        self.varint((n as u64) << 1);
        self
    }

    fn i64(&mut self, id: u8, n: i64) -> &mut Self {
        self.field(id, 6);
        self.varint(((n << 1) ^ (n >> 63)) as u64);
        self
    }

    fn text(&mut self, id: u8, text: &str) -> &mut Self {
        self.field(id, 8);
        self.varint(text.len() as u64);
        self.bytes.extend(text.as_bytes());
        self
    }

    fn record(&mut self, id: u8, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.field(id, 12);
        self.element(fill);
        self
    }

    /// A struct without a field header: in a list, or outermost.
    fn element(&mut self, fill: impl FnOnce(&mut Self)) {
        self.last.push(0);
        fill(self);
        self.last.pop();
        self.bytes.push(0);
    }

    fn list(&mut self, id: u8, kind: u8, n: usize, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.field(id, 9);
        self.bytes.push(0xf0 | kind);
        self.varint(n as u64);
        fill(self);
        self
    }
}

/// One column of nothing but nulls: a page says so for `values` rows in a dozen bytes, and each of `groups` row groups
/// names the same page again and claims `rows`.
fn parquet_of_nulls(values: i32, rows: i64, groups: usize) -> Vec<u8> {
    let mut run = Thrift::default();
    run.varint((values as u64) << 1);
    run.bytes.push(0);
    let levels = [&(run.bytes.len() as u32).to_le_bytes()[..], &run.bytes].concat();
    let mut page = Thrift::default();
    page.element(|t| {
        let size = levels.len() as i32;
        t.i32(1, 0).i32(2, size).i32(3, size).record(5, |t| {
            t.i32(1, values).i32(2, 0).i32(3, 3).i32(4, 3);
        });
    });
    let page = [&page.bytes[..], &levels].concat();
    let mut footer = Thrift::default();
    footer.element(|t| {
        t.i32(1, 1);
        t.list(2, 12, 2, |t| {
            t.element(|t| {
                t.text(4, "schema").i32(5, 1);
            });
            t.element(|t| {
                t.i32(1, 2).i32(3, 1).text(4, "x");
            });
        });
        t.i64(3, rows * groups as i64);
        t.list(4, 12, groups, |t| (0..groups).for_each(|_| t.element(|t| null_group(t, rows, page.len() as i64))));
    });
    let length = (footer.bytes.len() as u32).to_le_bytes();
    [b"PAR1", &page[..], &footer.bytes, &length, b"PAR1"].concat()
}

fn null_group(t: &mut Thrift, rows: i64, page_bytes: i64) {
    t.list(1, 12, 1, |t| {
        t.element(|t| {
            t.i64(2, 4).record(3, |t| {
                t.i32(1, 2);
                t.list(2, 5, 1, |t| t.bytes.push(6));
                t.list(3, 8, 1, |t| t.bytes.extend(b"\x01x"));
                t.i32(4, 0).i64(5, rows).i64(6, page_bytes).i64(7, page_bytes).i64(9, 4);
            });
        });
    });
    t.i64(2, page_bytes).i64(3, rows);
}

/// 2,000 rows of whole numbers and texts, as our own writer stores them.
fn good_parquet() -> Vec<u8> {
    let texts: Vec<String> = (0..2_000).map(|i| format!("name {}", i * 7919 % 1013)).collect();
    let columns = vec![
        Cells::Int((0..2_000).map(|i| (i % 11 != 0).then_some(i * i)).collect()),
        Cells::Text(texts.iter().map(|t| Some(t.as_str())).collect()),
    ];
    let schema =
        [("n", ColumnKind::Numeric), ("name", ColumnKind::Text)].iter().zip(&columns).map(|((name, kind), cells)| {
            ColumnSchema {
                name: (*name).to_owned(),
                kind: *kind,
                storage: cells.storage(),
                missing: 0,
                distinct: 0,
                true_spellings: vec![],
                false_spellings: vec![],
                notes: vec![],
                missing_tokens: vec![],
                personal: None,
            }
        });
    let table = Table { schema: Schema { columns: schema.collect() }, columns, n_rows: 2_000 };
    let file = tempfile::NamedTempFile::new().unwrap();
    parquet::write(&table, file.path(), &Silent).unwrap();
    std::fs::read(file.path()).unwrap()
}

fn batch(columns: Vec<Box<dyn polars_arrow::array::Array>>) -> RecordBatchT<Box<dyn polars_arrow::array::Array>> {
    let schema = columns
        .iter()
        .enumerate()
        .map(|(i, c)| {
            let field = Field::new(format!("c{i}").into(), c.dtype().clone(), true);
            (field.name.clone(), field)
        })
        .collect();
    RecordBatchT::new(columns[0].len(), Arc::new(schema), columns)
}

/// Either outcome is fine, a readable one: a page carries no checksum, so a flipped bit may be a number like any other.
fn ends_well(import: &Import) {
    if import.was_read() {
        import.read();
    } else {
        import.refused(&[]);
    }
}

#[test]
fn b58_a_parquet_file_of_200_bytes_cannot_claim_trillions_of_rows() {
    // First that such a file is a good one as long as it is honest.
    let read = import("b58.parquet", parquet_of_nulls(1_000, 1_000, 3)).read();
    assert_eq!((read.rows.len(), read.column("x").missing), (3_000, 3_000));
    import("b58.parquet", parquet_of_nulls(i32::MAX, i64::from(i32::MAX), 1_000)).refused(&[
        "2147483647000 rows",
        "4294967294",
        "split the table",
    ]);
    // Many small groups over one page: what counts is the sum.
    import("b58.parquet", parquet_of_nulls(1 << 30, 1 << 30, 5)).refused(&["5368709120 rows"]);
}

#[test]
fn b59_a_footer_that_lies_about_its_length_or_rows_is_refused() {
    let good = good_parquet();
    for length in [0_u32, 7, 1 << 20, u32::MAX] {
        let mut bytes = good.clone();
        let at = bytes.len() - 8;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        import("b59.parquet", bytes).refused(&["Parquet", "export or copy it again"]);
    }
    import("b59.parquet", &good[..good.len() / 2]).refused(&["Parquet", "export or copy it again"]);
    // The page holds fewer, then more rows than the footer claims.
    for (values, rows) in [(10, 1_000), (1_000, 10), (10, -5)] {
        import("b59.parquet", parquet_of_nulls(values, rows, 1)).refused(&["Parquet", "export or copy it again"]);
    }
}

#[test]
fn b60_a_flipped_bit_is_refused_or_read_but_never_a_crash() {
    let good = good_parquet();
    let mut refused = 0;
    for i in 0..40 {
        let mut bytes = good.clone();
        // Half of them in the footer, where sizes and positions are.
        let at = if i % 2 == 0 { 4 + i * (good.len() - 12) / 40 } else { good.len() - 9 - i * 17 };
        bytes[at] ^= 1 << (i % 8);
        let import = import("b60.parquet", bytes);
        ends_well(&import);
        refused += u32::from(!import.was_read());
    }
    assert!(refused > 10, "most of it is needed: {refused}");
}

#[test]
fn b61_a_parquet_file_without_row_groups_has_no_rows() {
    import("b61.parquet", parquet_of_nulls(0, 0, 0)).refused(&["no rows"]);
}

#[test]
fn b62_lists_are_text_and_records_columns() {
    let nested = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parquet/nested.parquet");
    let read = import("b62.parquet", std::fs::read(nested).unwrap()).read();
    assert_eq!(read.names(), ["id", "tags", "home.city", "home.at", "count.n", "prices", "days"]);
    assert_eq!(
        read.row(3),
        r#"4|·|Rom|{"lat":41.75,"lon":null}|3|[{"key":"eur","value":2.0},{"key":"usd","value":2.25}]|[]"#
    );
    read.says(&["lists and records are kept as JSON text"]);
}

#[test]
fn b63_an_arrow_file_that_lies_is_refused() {
    let long: Vec<Option<i64>> = (0..5_000).map(|i| Some(i / 100)).collect();
    let numbers = Int64Array::from(long).boxed();
    let batch_of_numbers = batch(vec![numbers.clone()]);
    let options = |compression| WriteOptions { compression };
    let mut writer = FileWriter::new(
        Vec::new(),
        Arc::new(batch_of_numbers.schema().clone()),
        None,
        options(Some(Compression::ZSTD(Default::default()))),
    );
    writer.start().unwrap();
    writer.write(&batch_of_numbers, None).unwrap();
    writer.finish().unwrap();
    let good = writer.into_inner();
    assert_eq!(import("b63.arrow", &good).read().rows.len(), 5_000);

    // Compressed buffers begin with their length: 8 TB.
    let frame = good.windows(4).position(|w| w == b"\x28\xb5\x2f\xfd").unwrap();
    let mut huge = good.clone();
    huge[frame - 8..frame].copy_from_slice(&(8_i64 << 40).to_le_bytes());
    import("b63.arrow", huge).refused(&["8796093022208", "export or copy it again"]);

    // The schema of one stream before the rows of another.
    let stream = |columns| {
        let batch = batch(columns);
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::new(&mut bytes, options(None));
        writer.start(&batch.schema().clone(), None).unwrap();
        writer.write(&batch, None).unwrap();
        writer.finish().unwrap();
        bytes
    };
    let schema_bytes = |stream: &[u8]| 8 + i32::from_le_bytes(stream[4..8].try_into().unwrap()) as usize;
    let rows = stream(vec![numbers.clone()]);
    let texts = Utf8Array::<i64>::from_slice(["a", "b"]).boxed();
    let other = stream(vec![texts, Utf8Array::<i64>::from_slice(["c", "d"]).boxed()]);
    assert_eq!(import("b63.arrows", &rows).read().rows.len(), 5_000);
    let mixed = [&other[..schema_bytes(&other)], &rows[schema_bytes(&rows)..]].concat();
    import("b63.arrows", mixed).refused(&["Arrow", "export or copy it again"]);

    for i in 0..30 {
        let mut bytes = good.clone();
        let at = i * (good.len() - 1) / 29;
        bytes[at] ^= 0x40;
        ends_well(&import("b63.arrow", bytes));
    }
}
