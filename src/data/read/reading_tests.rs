//! Delimited files of every sort through [`stream`](super::stream), held against what was written.

use super::*;
use crate::data::builder::CellsBuilder;
use crate::domain::dataset::{BadRows, ColumnChoice, ReadDraft};
use crate::domain::io::Silent;
use crate::domain::preview::Misfit;
use crate::domain::schema::ColumnKind;

/// Keeps everything, and counts the beginnings.
#[derive(Default)]
struct Kept {
    begun: usize,
    columns: Vec<CellsBuilder>,
    bad_rows: Vec<BadRow>,
}

impl TableSink for Kept {
    fn begin(&mut self, columns: &[(String, Storage)]) -> Result<(), LoadError> {
        self.begun += 1;
        self.columns = columns.iter().map(|(_, storage)| CellsBuilder::new(*storage)).collect();
        self.bad_rows.clear();
        Ok(())
    }

    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError> {
        assert!(chunk.iter().all(|cells| cells.len() == chunk[0].len()));
        self.columns.iter_mut().zip(&chunk).for_each(|(all, cells)| all.append(cells));
        Ok(())
    }

    fn bad_row(&mut self, row: BadRow) -> Result<(), LoadError> {
        self.bad_rows.push(row);
        Ok(())
    }
}

struct Read {
    report: ReadReport,
    cells: Vec<Cells>,
    bad_rows: Vec<BadRow>,
    begun: usize,
}

fn files(texts: &[&[u8]], options: &ReadOptions) -> Result<Read, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(i, text): (usize, &&[u8])| {
        let name = format!("{}.csv", i + 1);
        let path = folder.path().join(&name);
        std::fs::write(&path, text).unwrap();
        (name, path)
    };
    let spec = SourceSpec { name: "t".into(), files: texts.iter().enumerate().map(write).collect() };
    let mut kept = Kept::default();
    let report = stream(&spec, options, &Silent, &mut kept)?;
    let cells = kept.columns.into_iter().map(CellsBuilder::finish).collect();
    Ok(Read { report, cells, bad_rows: kept.bad_rows, begun: kept.begun })
}

fn read(text: &[u8], options: &ReadOptions) -> Read {
    files(&[text], options).unwrap()
}

fn sniffed(text: &[u8]) -> Read {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    read(text, &sniff_with(file.path(), "t.csv", &ReadDraft::default()).unwrap().options)
}

fn column(read: &Read, column: usize) -> Vec<String> {
    (0..read.cells[column].len()).map(|row| read.cells[column].text(row).unwrap_or_default()).collect()
}

fn set_aside() -> ReadOptions {
    ReadOptions { bad_rows: BadRows::SetAside, ..default_options() }
}

/// Deterministic noise.
struct Noise(u64);

impl Noise {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[test]
fn what_was_written_is_read_whatever_stands_in_the_cells() {
    let pieces = ["a", "é", "\"", ",", "\n", "\r\n", "\r", " ", "'", "longer than sixteen bytes", "x", "日本"];
    for (seed, line_end) in [(1, "\n"), (2, "\r\n"), (3, "\r"), (4, "\n")] {
        let mut noise = Noise(seed);
        let mut text = format!("p,q,r{line_end}");
        let mut written: [Vec<String>; 3] = Default::default();
        while text.len() < 700_000 {
            for (c, cells) in written.iter_mut().enumerate() {
                let n = noise.below(6);
                let mut cell: String = (0..n).map(|_| pieces[noise.below(12) as usize]).collect();
                if c == 0 {
                    cell.insert(0, 'x');
                }
                let quoted = noise.below(3) == 0 || cell.contains([',', '\n', '\r']) || cell.starts_with('"');
                text += &if quoted { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.clone() };
                text += if c < 2 { "," } else { line_end };
                cells.push(cell);
            }
        }
        let read = read(text.as_bytes(), &ReadOptions::default());
        for (c, cells) in written.iter().enumerate() {
            assert!(column(&read, c) == *cells, "column {c} with {line_end:?}");
        }
    }
}

#[test]
fn a_type_that_proves_wrong_late_is_read_again() {
    let mut text = String::from("x,d,b\n");
    for i in 0..200_000 {
        let x = if i == 123_457 { "1.5".to_owned() } else { i.to_string() };
        let d = if i == 150_001 { "15/02/2026" } else { "01/02/2026" };
        text += &format!("{x},{d},{}\n", if i == 199_990 { "f" } else { "t" });
    }
    let read = read(text.as_bytes(), &default_options());
    assert_eq!((read.begun, read.report.rows), (2, 200_000));
    let storages: Vec<Storage> = read.cells.iter().map(Cells::storage).collect();
    assert_eq!(storages, [Storage::Float64, Storage::DatetimeMs, Storage::Boolean]);
    assert_eq!(read.cells[0].text(123_457).as_deref(), Some("1.5"));
    assert_eq!(read.cells[1].text(0).as_deref(), Some("2026-02-01"));
    assert_eq!(read.cells[2].text(199_990).as_deref(), Some("false"));
}

#[test]
fn misfits_tokens_and_shares_are_reported() {
    let mut text = String::from("x,y\n");
    for i in 1..=1000 {
        let x = match i {
            300 | 700 => "oops".to_owned(),
            400 => "NA".to_owned(),
            500 => String::new(),
            _ => i.to_string(),
        };
        text += &format!("{x},{}\n", if i % 2 == 0 { "NULL" } else { "1.5" });
    }
    let report = read(text.as_bytes(), &default_options()).report;
    let [x, y] = &report.columns[..] else { panic!("two columns") };
    assert_eq!(x.misfits, [Misfit { row: 300, text: "oops".into() }, Misfit { row: 700, text: "oops".into() }]);
    assert!((x.fitting - 996.0 / 998.0).abs() < 1e-12);
    assert_eq!(x.missing_tokens, [(String::new(), 1), ("NA".into(), 1)]);
    assert_eq!((y.fitting, &y.missing_tokens[..]), (1.0, &[("NULL".to_owned(), 500)][..]));
}

#[test]
fn bad_rows_are_set_aside_with_line_and_reason() {
    let text = "a,b\n1,2\n3\n\"x\ny\",\"z\"w\n4,5,6\n7,8\n9,\"never\n10,11\n";
    let read = read(text.as_bytes(), &set_aside());
    assert_eq!(
        (column(&read, 0), column(&read, 1)),
        (vec!["1".into(), "7".into(), "10".into()], vec!["2".into(), "8".into(), "11".into()])
    );
    let bad: Vec<String> = read.bad_rows.iter().map(|b| format!("{}: {} [{}]", b.line, b.reason, b.text)).collect();
    assert_eq!(
        bad,
        [
            "3: 1 field, expected 2 [3]",
            "4: field 2 has `w` after its closing quote [\"x\ny\",\"z\"w]",
            "6: 3 fields, expected 2 [4,5,6]",
            "8: a quote opens and never closes [9,\"never]",
        ]
    );
    assert_eq!(read.report.bad_rows, 4);
    assert_eq!(read.report.warnings, ["4 rows were set aside, first in line 3: 1 field, expected 2"]);
}

#[test]
fn a_file_of_bad_rows_alone_says_so_instead_of_no_rows() {
    let message = files(&[b"a,b\n1\n2\n3,4,5\n"], &set_aside()).err().unwrap().to_string();
    let expected = "t holds no row that can be read: 3 rows cannot, first in line 2: 1 field, expected 2; look at how";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn one_unclosed_quote_costs_one_row() {
    let mut text = String::from("a,b\n1,\"oops\n");
    (0..50_000).for_each(|i| text += &format!("{i},5\n"));
    let read = read(text.as_bytes(), &set_aside());
    assert_eq!((read.report.rows, read.report.bad_rows), (50_000, 1));
    let long = format!("a\n1\n{}\n2\n", "x".repeat(2 << 20));
    let read = files(&[long.as_bytes()], &set_aside()).unwrap();
    assert_eq!((read.report.rows, read.bad_rows[0].text.len()), (2, 10_000));
    let message = files(&[text.as_bytes()], &default_options()).err().unwrap().to_string();
    assert!(message.starts_with("1.csv, line 2: a quote opens here and never closes"), "{message}");
}

#[test]
fn lines_are_counted_across_chunks() {
    let mut text = String::from("# one\na,b\n\n");
    (0..100_000).for_each(|i| text += &format!("\"{i}\n\",2\n"));
    text += "1,2,3\n";
    let options = ReadOptions { comment: Some('#'), ..default_options() };
    let message = files(&[text.as_bytes()], &options).err().unwrap().to_string();
    assert!(message.starts_with("1.csv, line 200004: found 3 fields, expected 2"), "{message}");
}

#[test]
fn comments_skipped_lines_and_other_quotes() {
    let text = "made by hand, \"today\nx;y\n#no;\"row\n'a;b';1\n\n'it''s';2\n";
    let options = ReadOptions { skip_lines: 1, comment: Some('#'), quote: '\'', delimiter: ';', ..default_options() };
    let read = read(text.as_bytes(), &options);
    assert_eq!(column(&read, 0), ["a;b", "it's"]);
    assert_eq!(read.report.warnings, ["1 blank line was skipped", "1 comment line was skipped"]);
}

#[test]
fn numbers_with_other_marks() {
    let read = sniffed("x;y\n1.234,5;1.000.000\n-0,25;7\n".as_bytes());
    assert_eq!(
        (column(&read, 0), column(&read, 1)),
        (vec!["1234.5".into(), "-0.25".into()], vec!["1000000".into(), "7".into()])
    );
    assert_eq!(read.cells[1].storage(), Storage::Int64);
    let read = sniffed("x,y\n\"1,234.5\",a\n\"1,000\",b\n".as_bytes());
    assert_eq!(column(&read, 0), ["1234.5", "1000"]);
}

#[test]
fn number_tokens_for_missing_are_missing() {
    let options = ReadOptions { null_tokens: vec!["-999".into(), "1900-01-01".into()], ..ReadOptions::default() };
    let read = read(b"x,y,d\n-999,-999,1900-01-01\n5,1.5,2026-01-01\n", &options);
    assert!(read.cells.iter().all(|cells| cells.is_missing(0) && !cells.is_missing(1)));
    assert_eq!(read.report.columns[0].missing_tokens, [("-999".to_owned(), 1)]);
}

#[test]
fn what_the_user_decides_goes_before_the_rules() {
    let choice = |storage, format: Option<&str>| ColumnChoice {
        storage,
        kind: Some(ColumnKind::Categorical),
        date_format: format.map(str::to_owned),
    };
    let mut options = default_options();
    for (name, storage, format) in [
        ("zip", Some(Storage::Int64), None),
        ("id", Some(Storage::String), None),
        ("day", None, Some("%d.%m.%y")),
        ("ok", Some(Storage::Boolean), None),
        ("gone", Some(Storage::Int64), None),
    ] {
        options.columns.insert(name.into(), choice(storage, format));
    }
    let read = read(b"zip,id,day,ok\n007,1,01.02.26,1\nx,2,soon,0\n8,3,03.02.26,maybe\n", &options);
    assert_eq!(column(&read, 0), ["7", "", "8"]);
    assert_eq!(column(&read, 1), ["1", "2", "3"]);
    assert_eq!(column(&read, 2), ["2026-02-01", "", "2026-02-03"]);
    assert_eq!(column(&read, 3), ["true", "false", ""]);
    let notes: Vec<String> = read.report.columns.iter().map(|c| c.typed.notes.join("; ")).collect();
    assert_eq!(
        notes,
        [
            "1 value is no whole number and became missing, first `x` in row 2",
            "",
            "dates were read as %d.%m.%y; 1 value is no date of that format and became missing, first `soon` in row 2",
            "1 value is no boolean and became missing, first `maybe` in row 3",
        ]
    );
    assert_eq!(read.report.columns[0].misfits, [Misfit { row: 2, text: "x".into() }]);
    assert_eq!(read.report.columns[0].kind, Some(ColumnKind::Categorical));
    assert_eq!(read.report.warnings, ["there is no column `gone` to be read as was asked"]);
    options.columns.insert("day".into(), choice(None, Some("%Q")));
    let message = files(&[b"day\n1\n"], &options).err().unwrap().to_string();
    assert_eq!(
        message,
        "t: `%Q` for column `day` is no date pattern such as %d.%m.%Y; write it as chrono does, such as %d.%m.%Y %H:%M"
    );
}

#[test]
fn several_files_are_one_table() {
    let read = files(&[b"a,b\n1,x\n", b"b,a\r\ny,2\r\n", b"a,b\n3,z"], &default_options()).unwrap();
    assert_eq!(
        (column(&read, 0), column(&read, 1)),
        (vec!["1".into(), "2".into(), "3".into()], vec!["x".into(), "y".into(), "z".into()])
    );
    let message = |files: &[&[u8]]| super::reading_tests::files(files, &default_options()).err().unwrap().to_string();
    assert_eq!(
        message(&[b"a,b\n1,x\n", b"a,c\n1,x\n"]),
        "2.csv has other columns than 1.csv: it lacks `b`; read files with the same columns together, or leave it out"
    );
    assert!(message(&[b"a,b\n1,x\n", b"a,b\n1,x,3\n"]).starts_with("2.csv, line 2: found 3 fields"));
    assert!(message(&[b"a,b\n1,x\n", b""]).starts_with("2.csv is empty"));
}

#[test]
fn packed_and_foreign_text_gives_the_same_table() {
    use std::io::Write as _;
    let text = "name,n\nJosé,1\nZoë,2\n".as_bytes();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text).unwrap();
    for packed in [gz.finish().unwrap(), zstd::stream::encode_all(text, 1).unwrap()] {
        let read = sniffed(&packed);
        assert_eq!(
            (column(&read, 0), column(&read, 1)),
            (vec!["José".into(), "Zoë".into()], vec!["1".into(), "2".into()])
        );
    }
}

#[test]
fn flaws_far_from_the_start_keep_their_order() {
    let mut text = String::from("a\n");
    (0..300_000).for_each(|i| text += &format!("{i}\n"));
    text += "1,2\n";
    (0..300_000).for_each(|i| text += &format!("{i}\n"));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(b"\xff\n");
    let message = files(&[&bytes], &default_options()).err().unwrap().to_string();
    assert!(message.starts_with("1.csv, line 300002: found 2 fields"), "{message}");
}

#[test]
fn a_comment_mark_at_the_start_of_a_line_within_a_cell_is_text() {
    // Found by fuzzing: the quote that opens on the cell's second line was taken for a part of a comment.
    let text = b"a,b\n1,\"x\n#y\",\"z\nw\"\n# gone\n2,3,4\n";
    let options = ReadOptions { comment: Some('#'), has_header: false, skip_lines: 1, ..ReadOptions::default() };
    let table = read(text, &options);
    assert_eq!((table.report.rows, table.report.bad_rows), (2, 0));
    assert_eq!(table.cells[1].text(0).as_deref(), Some("x\n#y"));
    assert_eq!(table.cells[2].text(0).as_deref(), Some("z\nw"));
}
