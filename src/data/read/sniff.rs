//! Guessing how a file is written: format, encoding, delimiter, header. Every guess is shown and can be overruled.
//!
//! The whole file is looked at once for what would spoil a reading later (bytes that are no UTF-8, zero bytes);
//! delimiter and header are judged on its first records.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::bytes::Utf8Source;
use super::{NullTokens, default_options};
use crate::data::error::LoadError;
use crate::data::infer::{self, Look};
use crate::domain::dataset::{ReadDraft, ReadOptions, SourceFormat, TextEncoding};
use crate::domain::preview::Compression;

const SAMPLE_BYTES: usize = 512 * 1024;
const SAMPLE_RECORDS: usize = 200;
/// Share of records that must agree on the number of fields.
const CONSISTENT: f64 = 0.98;
/// In this order on a tie: commas also occur inside cells that another character delimits, hardly the reverse.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// How a file is written, as far as can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    pub options: ReadOptions,
    pub compression: Option<Compression>,
    /// What was noticed, in one sentence each; a guess of low confidence says so here.
    pub notes: Vec<String>,
    /// The sheets of a workbook, the tables of a database.
    pub parts: Vec<String>,
}

/// How to read the file at `path`; what `draft` fixes is taken as it is and shapes the other guesses.
pub fn sniff_with(path: &Path, name: &str, draft: &ReadDraft) -> Result<Guess, LoadError> {
    if let Some(guess) = super::formats::guess(path, name, draft)? {
        return Ok(guess);
    }
    let options = draft.apply(sniff(path, name)?);
    Ok(Guess { options, compression: None, notes: Vec::new(), parts: Vec::new() })
}

/// How to read the file at `path`, which the user knows as `name`.
///
/// Errors: an empty file, a file that starts like another format, one with zero bytes.
pub fn sniff(path: &Path, name: &str) -> Result<ReadOptions, LoadError> {
    if let Some(guess) = super::formats::guess(path, name, &ReadDraft::default())? {
        return Ok(guess.options);
    }
    let scan = scan(path, name)?;
    if scan.bytes == 0 {
        return Err(LoadError::Empty { file: name.to_owned() });
    }
    if scan.head.starts_with(b"PAR1") {
        return Ok(ReadOptions { format: SourceFormat::Parquet, ..default_options() });
    }
    refuse_other_formats(&scan.head, name)?;
    let encoding = encoding(&scan);
    refuse_zeros(&scan, encoding, name)?;
    let mut options = ReadOptions { encoding, ..default_options() };
    let text = sample(path, name, encoding)?;
    if text.trim().is_empty() {
        return Err(LoadError::Empty { file: name.to_owned() });
    }
    options.delimiter = char::from(delimiter(&text));
    let records = split(&text, options.delimiter as u8);
    options.has_header = has_header(&records, &NullTokens::new(&options.null_tokens));
    Ok(options)
}

/// What one look at all bytes tells.
struct Scan {
    head: Vec<u8>,
    bytes: u64,
    is_utf8: bool,
    zeros: u64,
    /// Zero bytes at the very end.
    zero_tail: u64,
    line_of_first_zero: u64,
}

fn scan(path: &Path, name: &str) -> Result<Scan, LoadError> {
    let mut file = File::open(path).map_err(LoadError::io(path, "opening"))?;
    let mut scan = Scan { head: Vec::new(), bytes: 0, is_utf8: true, zeros: 0, zero_tail: 0, line_of_first_zero: 0 };
    let mut piece = Vec::with_capacity(1 << 18);
    let mut carried = 0;
    let mut lines = 1;
    loop {
        let read = (&mut file).take(1 << 18).read_to_end(&mut piece).map_err(|source| LoadError::Io {
            file: name.to_owned(),
            doing: "reading",
            source,
        })?;
        let new = &piece[carried..];
        if scan.head.len() < SAMPLE_BYTES / 8 {
            scan.head.extend_from_slice(new);
        }
        scan.bytes += read as u64;
        let zeros = if new.contains(&0) { new.iter().filter(|&&b| b == 0).count() as u64 } else { 0 };
        if zeros > 0 && scan.zeros == 0 {
            let first = new.iter().position(|&b| b == 0).unwrap_or(0);
            scan.line_of_first_zero = lines + super::bytes::newlines(&new[..first]);
        }
        scan.zeros += zeros;
        lines += super::bytes::newlines(new);
        let tail = new.iter().rev().take_while(|&&b| b == 0).count();
        scan.zero_tail = if tail == new.len() { scan.zero_tail + tail as u64 } else { tail as u64 };
        let keep = match std::str::from_utf8(&piece) {
            Ok(_) => 0,
            Err(e) if e.error_len().is_none() && read > 0 => piece.len() - e.valid_up_to(),
            Err(_) => {
                scan.is_utf8 = false;
                0
            }
        };
        if read == 0 {
            return Ok(scan);
        }
        piece.drain(..piece.len() - keep);
        carried = keep;
    }
}

fn encoding(scan: &Scan) -> TextEncoding {
    match &scan.head[..] {
        [0xff, 0xfe, ..] => return TextEncoding::Utf16Le,
        [0xfe, 0xff, ..] => return TextEncoding::Utf16Be,
        _ => {}
    }
    // UTF-16 without a mark: in tables, delimiters and digits put a zero into every other byte.
    let pairs = (scan.head.len() / 2).max(1) as f64;
    let zeros = |parity: usize| scan.head.iter().skip(parity).step_by(2).filter(|&&b| b == 0).count() as f64 / pairs;
    let (even, odd) = (zeros(0), zeros(1));
    if odd > 0.2 && even < 0.02 {
        TextEncoding::Utf16Le
    } else if even > 0.2 && odd < 0.02 {
        TextEncoding::Utf16Be
    } else if scan.is_utf8 {
        TextEncoding::Utf8
    } else {
        TextEncoding::Latin1
    }
}

fn refuse_zeros(scan: &Scan, encoding: TextEncoding, name: &str) -> Result<(), LoadError> {
    let wide = matches!(encoding, TextEncoding::Utf16Le | TextEncoding::Utf16Be);
    if scan.zero_tail >= if wide { 4 } else { 1 } {
        return Err(LoadError::ZeroTail { file: name.to_owned(), zeros: scan.zero_tail });
    }
    if scan.zeros > 0 && !wide {
        return Err(LoadError::ZeroByte { file: name.to_owned(), line: scan.line_of_first_zero });
    }
    Ok(())
}

/// First bytes of what people rename to `.csv`, with what it is and what to do.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "save the sheet as CSV or unpack the archive"),
    (b"PK\x05\x06", "an empty zip archive", "pack it again, then unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file", "save the sheet as CSV"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first (gunzip)"),
    (b"BZh", "a bzip2 archive", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first (unxz)"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it first (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"ARROW1", "an Arrow file", "save it as Parquet or CSV"),
    (b"FEA1", "a Feather file", "save it as Parquet or CSV"),
    (b"Obj\x01", "an Avro file", "save it as Parquet or CSV"),
    (b"\x89HDF", "an HDF5 file", "save the table as Parquet or CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export a table as CSV"),
    (b"\x89PNG", "a PNG image", "choose the table's file"),
    (b"\xff\xd8\xff", "a JPEG image", "choose the table's file"),
    (b"GIF8", "a GIF image", "choose the table's file"),
    (b"%PDF", "a PDF document", "export the table as CSV"),
    (b"{\\rtf", "a rich text document", "save it as CSV"),
    (b"\x7fELF", "a program", "choose the table's file"),
    (b"\x80\x02", "a Python pickle", "save the table as Parquet or CSV"),
    (b"\x80\x03", "a Python pickle", "save the table as Parquet or CSV"),
    (b"\x80\x04", "a Python pickle", "save the table as Parquet or CSV"),
    (b"\x80\x05", "a Python pickle", "save the table as Parquet or CSV"),
];

fn refuse_other_formats(head: &[u8], name: &str) -> Result<(), LoadError> {
    let refuse = |what, hint| Err(LoadError::NotATable { file: name.to_owned(), what, hint });
    if let Some((_, what, hint)) = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return refuse(what, hint);
    }
    let start = head.trim_ascii_start();
    let lower = start[..start.len().min(20)].to_ascii_lowercase();
    if ["<!doctype", "<html", "<?xml"].iter().any(|tag| lower.starts_with(tag.as_bytes())) {
        return refuse("a web page or XML document", "download the table itself or save it as CSV");
    }
    let inner = start.get(1..).unwrap_or_default().trim_ascii_start();
    let object = start.starts_with(b"{") && (inner.starts_with(b"\"") || inner.starts_with(b"}"));
    let array = start.starts_with(b"[") && (inner.starts_with(b"{") || inner.starts_with(b"["));
    if object || array {
        return refuse("JSON", "convert it to CSV or Parquet");
    }
    Ok(())
}

fn sample(path: &Path, name: &str, encoding: TextEncoding) -> Result<String, LoadError> {
    let mut source = Utf8Source::open(path, name, encoding)?;
    let mut bytes = Vec::new();
    while bytes.len() < SAMPLE_BYTES && source.fill(&mut bytes, SAMPLE_BYTES)? {}
    // The sample may end within a character.
    let valid = std::str::from_utf8(&bytes).map_or_else(|e| e.valid_up_to(), str::len);
    bytes.truncate(valid);
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

/// The first records of `text`, split leniently. A record that the sample cuts off is left out.
fn split(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let bytes = text.as_bytes();
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), Vec::new());
    let (mut quoted, mut at) = (false, 0);
    while at < bytes.len() && records.len() < SAMPLE_RECORDS {
        let b = bytes[at];
        at += 1;
        match b {
            b'"' if quoted && bytes.get(at) == Some(&b'"') => {
                field.push(b'"');
                at += 1;
            }
            b'"' if quoted || field.is_empty() => quoted = !quoted,
            _ if quoted => field.push(b),
            b'\n' | b'\r' => end_record(&mut records, &mut record, &mut field),
            _ if b == delimiter => record.push(take_text(&mut field)),
            _ => field.push(b),
        }
    }
    if at == bytes.len() && (bytes.len() < SAMPLE_BYTES || records.is_empty()) {
        end_record(&mut records, &mut record, &mut field);
    }
    records
}

fn take_text(field: &mut Vec<u8>) -> String {
    String::from_utf8_lossy(&std::mem::take(field)).into_owned()
}

fn end_record(records: &mut Vec<Vec<String>>, record: &mut Vec<String>, field: &mut Vec<u8>) {
    record.push(take_text(field));
    let record = std::mem::take(record);
    if record.len() > 1 || !record[0].trim().is_empty() {
        records.push(record);
    }
}

/// The delimiter whose records agree best on having the same number (two or more) of fields, the first included.
fn delimiter(text: &str) -> u8 {
    let mut best = (0.0, 1, b',');
    for candidate in DELIMITERS {
        let records = split(text, candidate);
        let Some(first) = records.first() else { continue };
        let n_fields = first.len();
        if n_fields < 2 {
            continue;
        }
        let same = records.iter().filter(|r| r.len() == n_fields).count() as f64 / records.len() as f64;
        let score = if same >= CONSISTENT { 1.0 } else { same };
        // A comma that splits what another consistent delimiter already splits is a decimal comma or part of a text.
        if score > best.0 || (score == best.0 && score < 1.0 && n_fields > best.1) {
            best = (score, n_fields, candidate);
        }
    }
    best.2
}

/// Whether the first record names the columns: it does when it is typed unlike the records below it, or when nothing
/// speaks against it and its cells are distinct texts.
fn has_header(records: &[Vec<String>], nulls: &NullTokens) -> bool {
    let Some((first, rest)) = records.split_first() else { return true };
    let mut votes = 0i64;
    for (column, head) in first.iter().enumerate() {
        let cells: Vec<&str> = rest.iter().filter_map(|r| r.get(column)).map(String::as_str).collect();
        let present = cells.iter().filter(|c| !nulls.is_missing(c) && !c.trim().is_empty());
        let looks: Vec<Look> = present.map(|c| infer::look(c)).collect();
        let typed = !looks.is_empty() && looks[0] != Look::Text && looks.iter().all(|&l| l == looks[0]);
        let head_is_missing = nulls.is_missing(head) || head.trim().is_empty();
        match infer::look(head) {
            _ if head_is_missing => {}
            look if typed && look == looks[0] => votes -= 1,
            _ if typed => votes += 1,
            Look::Text if cells.iter().any(|c| c == head) => votes -= 1,
            _ => {}
        }
    }
    if votes != 0 {
        return votes > 0;
    }
    let mut seen = HashSet::new();
    first.iter().all(|c| infer::look(c) == Look::Text && !c.trim().is_empty() && seen.insert(c.trim()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn sniffed(bytes: &[u8]) -> Result<ReadOptions, LoadError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        sniff(file.path(), "t.csv")
    }

    fn check(text: &str, delimiter: char, has_header: bool) {
        let options = sniffed(text.as_bytes()).unwrap();
        assert_eq!((options.delimiter, options.has_header), (delimiter, has_header), "{text:?}");
    }

    #[test]
    fn delimiters_are_told_apart() {
        check("a,b\n1,2\n3,4\n", ',', true);
        check("a;b\n1,5;2,25\n3,5;4,25\n", ';', true);
        check("1,5;2,25\n3,5;4,25\n", ';', false);
        check("a\tb c\n1\t2, 3\n", '\t', true);
        check("a|b\n1|2\n", '|', true);
        check("a,note\n1,\"x;y\"\n2,\"p;q|r\"\n", ',', true);
        check("name\nAda\nGrace\n", ',', true);
    }

    #[test]
    fn headers_are_told_from_rows() {
        check("id,name\n1,Ada\n2,Grace\n", ',', true);
        check("1,Ada\n2,Grace\n", ',', false);
        check("city,country\nParis,France\nRome,Italy\n", ',', true);
        check("Paris,France\nRome,Italy\nParis,Spain\n", ',', false);
        check(",a\n0,1.5\n1,2.5\n", ',', true);
        check("city,2019,2020\nParis,1.5,x\nRome,2.5,y\n", ',', false);
        check("2024-01-01,5\n2024-01-02,6\n", ',', false);
        check("a,b\n", ',', true);
        check("1,2\n", ',', false);
    }

    #[test]
    fn encodings_are_told_apart() {
        let encoding = |bytes: &[u8]| sniffed(bytes).unwrap().encoding;
        let wide = |text: &str, be: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|u| if be { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        assert_eq!(encoding("a,b\n1,é\n".as_bytes()), TextEncoding::Utf8);
        assert_eq!(encoding(b"\xef\xbb\xbfa,b\n1,2\n"), TextEncoding::Utf8);
        assert_eq!(encoding(b"a,b\n1,caf\xe9\n"), TextEncoding::Latin1);
        assert_eq!(encoding(&wide("\u{feff}a,b\n1,é\n", false)), TextEncoding::Utf16Le);
        assert_eq!(encoding(&wide("a,b\n1,é\n2,x\n", false)), TextEncoding::Utf16Le);
        assert_eq!(encoding(&wide("a,b\n1,é\n2,x\n", true)), TextEncoding::Utf16Be);
        let mut late = b"a\n".repeat(400_000);
        late.extend_from_slice(b"caf\xe9\n");
        assert_eq!(encoding(&late), TextEncoding::Latin1);
    }

    #[test]
    fn what_is_no_table_is_refused_with_a_hint() {
        let message = |bytes: &[u8]| sniffed(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("is empty"));
        assert!(message(b"\n\n").contains("is empty"));
        assert!(message(b"\xef\xbb\xbf").contains("is empty"));
        assert!(message(b"\x1f\x8b\x08\0").contains("gzip"));
        assert!(message(b"PK\x03\x04rest").contains("Excel workbook"));
        assert!(message(b"\x89PNG\r\n").contains("PNG image"));
        assert!(message(b"%PDF-1.7").contains("PDF"));
        assert!(message(b"<!DOCTYPE html><html>").contains("web page"));
    }

    #[test]
    fn zero_bytes_are_refused_with_their_place() {
        let mut tail = b"a,b\n1,2\n".to_vec();
        tail.extend_from_slice(&[0; 4096]);
        assert!(matches!(sniffed(&tail), Err(LoadError::ZeroTail { zeros: 4096, .. })));
        assert!(matches!(sniffed(b"a,b\n1,x\0y\n2,3\n"), Err(LoadError::ZeroByte { line: 2, .. })));
    }

    #[test]
    fn parquet_is_known_by_its_first_bytes() {
        assert_eq!(sniffed(b"PAR1....").unwrap().format, SourceFormat::Parquet);
    }
}
