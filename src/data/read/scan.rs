//! One look at all bytes of a source, which may be taken while it is copied, for what would spoil a reading later: bytes that are no text, and the encoding of
//! those that are.

use std::path::Path;

use encoding_rs::{DecoderResult, SHIFT_JIS};

use super::bytes::{Unpacked, newlines};
use crate::data::error::LoadError;
use crate::domain::dataset::TextEncoding;
use crate::domain::preview::Compression;
use crate::domain::words::thousands;

const HEAD_BYTES: usize = 64 * 1024;
const PIECE: usize = 1 << 18;
/// Fewer double-byte characters than this are no sure sign of Shift-JIS.
const SURE_OF_JAPANESE: u64 = 10;

/// So many characters of several bytes before the first damaged one are no coincidence: the text is UTF-8.
const SURE_OF_UTF8: u64 = 10;
/// Share of control characters from which bytes are no text; noise has a tenth.
const BINARY: f64 = 0.03;

/// What one look at all bytes tells.
#[derive(Default)]
pub struct Scan {
    pub head: Vec<u8>,
    pub bytes: u64,
    pub compression: Option<Compression>,
    /// The line of the first byte that is no UTF-8.
    first_foreign: Option<u64>,
    /// Whole UTF-8 characters of several bytes before it.
    wide_before: u64,
    pub zeros: u64,
    /// Zero bytes at the very end.
    zero_tail: u64,
    line_of_first_zero: u64,
    japanese: Japanese,
    /// Behind how many bytes the first zero stands, and the first byte that is no UTF-8.
    zero_at: Option<u64>,
    foreign_at: Option<u64>,
    /// The first bytes of a character whose others come next.
    begun: Vec<u8>,
}

/// Could it be Shift-JIS?
#[derive(Default)]
struct Japanese {
    decoder: Option<encoding_rs::Decoder>,
    is_invalid: bool,
    /// Double-byte characters, those among them that begin with 81 to 9F, and those that end in a high byte.
    pairs: u64,
    low_leads: u64,
    high_trails: u64,
    lead: Option<u8>,
}

impl Japanese {
    fn look(&mut self, bytes: &[u8]) {
        if self.is_invalid {
            return;
        }
        for &b in bytes {
            if let Some(lead) = self.lead.take() {
                self.pairs += 1;
                self.low_leads += u64::from(lead <= 0x9f);
                self.high_trails += u64::from(b >= 0x80);
            } else if matches!(b, 0x81..=0x9f | 0xe0..=0xfc) {
                self.lead = Some(b);
            }
        }
        let decoder = self.decoder.get_or_insert_with(|| SHIFT_JIS.new_decoder_without_bom_handling());
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        let mut text = String::with_capacity(room.unwrap_or(4 * bytes.len()));
        let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, false);
        self.is_invalid = !matches!(result, DecoderResult::InputEmpty);
    }

    /// In Japanese most characters have two bytes, begin low and often end high; in Western text a high byte stands
    /// alone among letters, and the low leads are rare signs.
    fn is_likely(&self) -> bool {
        !self.is_invalid && self.pairs > 0 && self.low_leads * 2 >= self.pairs && self.high_trails * 4 >= self.pairs
    }
}

/// First bytes of UTF-8 characters of several bytes.
fn leads(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() { 0 } else { bytes.iter().filter(|b| **b >= 0xc2).count() as u64 }
}

/// The number of the line that the byte behind `bytes` others stands in.
fn line_behind(path: &Path, name: &str, bytes: u64) -> Result<u64, LoadError> {
    let mut source = Unpacked::open(path, name)?;
    let (mut line, mut left, mut piece) = (1, bytes, Vec::new());
    while left > 0 {
        piece.clear();
        let read = source.read(&mut piece, left.min(PIECE as u64) as usize)? as u64;
        line += newlines(&piece);
        left = if read == 0 { 0 } else { left - read };
    }
    Ok(line)
}

impl Scan {
    pub fn of(path: &Path, name: &str) -> Result<Self, LoadError> {
        let mut source = Unpacked::open(path, name)?;
        let mut scan = Self { compression: source.compression, ..Self::default() };
        let mut piece = Vec::with_capacity(PIECE);
        while source.read(&mut piece, PIECE)? > 0 {
            scan.look(&piece);
            piece.clear();
        }
        scan.end(path, name)
    }

    /// Looks at the next bytes.
    pub fn look(&mut self, new: &[u8]) {
        let before = self.bytes;
        self.bytes += new.len() as u64;
        let room = HEAD_BYTES.saturating_sub(self.head.len());
        self.head.extend_from_slice(&new[..new.len().min(room)]);
        let zero = self.look_for_zeros(new).map(|at| before + at as u64);
        self.zero_at = self.zero_at.or(zero);
        let is_ascii = new.is_ascii();
        if !is_ascii || self.japanese.lead.is_some() {
            self.japanese.look(new);
        }
        if self.foreign_at.is_some() || is_ascii && self.begun.is_empty() {
            return;
        }
        let mut begun = std::mem::take(&mut self.begun);
        let carried = begun.len();
        let piece = if carried == 0 {
            new
        } else {
            begun.extend_from_slice(new);
            &begun
        };
        let valid = match std::str::from_utf8(piece) {
            Ok(text) => text.len(),
            Err(e) if e.error_len().is_none() => {
                self.begun = piece[e.valid_up_to()..].to_vec();
                e.valid_up_to()
            }
            Err(e) => {
                self.foreign_at = Some(before + e.valid_up_to().saturating_sub(carried) as u64);
                e.valid_up_to()
            }
        };
        self.wide_before += leads(&piece[..valid]);
    }

    /// After the last bytes of the file at `path`.
    pub fn end(mut self, path: &Path, name: &str) -> Result<Self, LoadError> {
        if !self.begun.is_empty() {
            self.foreign_at = Some(self.bytes);
        }
        // Hardly any file needs these, so lines are not counted on the way.
        self.line_of_first_zero = self.zero_at.map_or(Ok(0), |at| line_behind(path, name, at))?;
        self.first_foreign = self.foreign_at.map(|at| line_behind(path, name, at)).transpose()?;
        Ok(self)
    }

    /// Returns the place of the first one.
    fn look_for_zeros(&mut self, new: &[u8]) -> Option<usize> {
        let Some(first) = memchr::memchr(0, new) else {
            self.zero_tail = if new.is_empty() { self.zero_tail } else { 0 };
            return None;
        };
        self.zeros += new.iter().filter(|&&b| b == 0).count() as u64;
        let tail = new.iter().rev().take_while(|&&b| b == 0).count();
        self.zero_tail = if tail == new.len() { self.zero_tail + tail as u64 } else { tail as u64 };
        Some(first)
    }

    /// Refuses bytes that are no text in any encoding. UTF-16 is for the caller to rule out.
    pub fn refuse_binary(&self, name: &str) -> Result<(), LoadError> {
        let control = |b: &&u8| matches!(b, 1..=8 | 14..=26 | 28..=31 | 127);
        let share = self.head.iter().filter(control).count() as f64 / self.head.len().max(1) as f64;
        if share < BINARY {
            return Ok(());
        }
        let (what, hint) = ("binary data", "choose the table's file, or export the table as CSV");
        Err(LoadError::NotATable { file: name.to_owned(), what, hint })
    }

    /// The encoding, and what is to be said about it.
    pub fn encoding(&self) -> (TextEncoding, Option<String>) {
        match &self.head[..] {
            [0xff, 0xfe, ..] => return (TextEncoding::Utf16Le, None),
            [0xfe, 0xff, ..] => return (TextEncoding::Utf16Be, None),
            _ => {}
        }
        // UTF-16 without a mark: in tables, delimiters and digits put a zero into every other byte.
        let pairs = (self.head.len() / 2).max(1) as f64;
        let zeros =
            |parity: usize| self.head.iter().skip(parity).step_by(2).filter(|&&b| b == 0).count() as f64 / pairs;
        let (even, odd) = (zeros(0), zeros(1));
        let wide = |order: &str| Some(format!("read as UTF-16 {order}, by the zeros in every other byte"));
        if odd > 0.2 && even < 0.02 {
            return (TextEncoding::Utf16Le, wide("LE"));
        } else if even > 0.2 && odd < 0.02 {
            return (TextEncoding::Utf16Be, wide("BE"));
        }
        let Some(line) = self.first_foreign else { return (TextEncoding::Utf8, None) };
        let line = thousands(line);
        if self.wide_before >= SURE_OF_UTF8 {
            // The reading will name the place: one damaged byte must not turn every é into Ã©.
            return (TextEncoding::Utf8, None);
        }
        if !self.japanese.is_likely() {
            let note = format!(
                "line {line} is the first that is no UTF-8, so the file is read as Latin-1; if letters look wrong, \
                 choose another encoding, or save it as UTF-8"
            );
            return (TextEncoding::Latin1, Some(note));
        }
        let pairs = self.japanese.pairs;
        let sure = if pairs < SURE_OF_JAPANESE { ", which so few characters cannot prove" } else { "" };
        let note = format!("line {line} is the first that is no UTF-8; the bytes look like Shift-JIS{sure}");
        (TextEncoding::ShiftJis, Some(note))
    }

    /// Errors: zero bytes that `encoding` does not explain.
    pub fn refuse_zeros(&self, encoding: TextEncoding, name: &str) -> Result<(), LoadError> {
        let wide = matches!(encoding, TextEncoding::Utf16Le | TextEncoding::Utf16Be);
        if self.zero_tail >= if wide { 4 } else { 1 } {
            return Err(LoadError::ZeroTail { file: name.to_owned(), zeros: self.zero_tail });
        }
        if self.zeros > 0 && !wide {
            return Err(LoadError::ZeroByte { file: name.to_owned(), line: self.line_of_first_zero });
        }
        Ok(())
    }
}

/// First bytes of what people rename to `.csv`, with what it is and what to do.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "save the sheet as CSV or unpack the archive"),
    (b"PK\x05\x06", "an empty zip archive", "pack it again, then unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Office file", "save the sheet as CSV"),
    (b"BZh", "a bzip2 archive", "unpack it first (bunzip2)"),
    (b"\xfd7zXZ\0", "an xz archive", "unpack it first (unxz)"),
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

/// Errors: bytes that start like another format. Text is only suspected as long as nobody said what it is.
pub fn refuse_other_formats(head: &[u8], name: &str, is_sure: bool) -> Result<(), LoadError> {
    let refuse = |what, hint| Err(LoadError::NotATable { file: name.to_owned(), what, hint });
    if let Some((_, what, hint)) = MAGIC.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return refuse(what, hint);
    }
    // The fields before it are padded with zeros; a table may have the word there by chance.
    if head.get(257..262) == Some(b"ustar") && head[..257].contains(&0) {
        return refuse("a tar archive", "unpack it first");
    }
    if is_sure {
        return Ok(());
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
