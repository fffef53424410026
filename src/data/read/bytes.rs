//! From the bytes of a file to UTF-8, piece by piece: unpacked and decoded.
//!
//! Text that is UTF-8 already passes through unchecked; [`check_text`] is for whoever splits it, on all threads.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Decoder, DecoderResult, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::data::error::LoadError;
use crate::domain::dataset::TextEncoding;
use crate::domain::preview::Compression;

const DECODED_AT_ONCE: usize = 256 * 1024;
/// Packed data that unpacks to more than this …
const SUSPECT_BYTES: u64 = 1 << 30;
/// … and to more than so many times its size is taken for a decompression bomb …
const SUSPECT_RATIO: u64 = 250;
/// … and so is whatever unpacks to more than this many GB, unless this variable names another number.
const MAX_UNPACKED_GB: u64 = 1000;
pub const UNPACKED_VARIABLE: &str = "MODELWRIGHT_MAX_UNPACKED_GB";

/// A file, unpacked.
pub struct Unpacked {
    reader: Reader,
    name: String,
    pub compression: Option<Compression>,
    /// Bytes of the file itself.
    pub packed_total: u64,
    packed_read: Arc<AtomicU64>,
    unpacked: u64,
    limit: Option<u64>,
}

enum Reader {
    /// The file itself: it fills a buffer without clearing it first, which no other reader can.
    Plain(File),
    Unpacking(Box<dyn Read + Send>),
}

struct Counted(File, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// How a file that starts so is packed.
pub fn compression(head: &[u8]) -> Option<Compression> {
    if head.starts_with(b"\x1f\x8b") {
        Some(Compression::Gzip)
    } else if head.starts_with(b"\x28\xb5\x2f\xfd") {
        Some(Compression::Zstd)
    } else {
        None
    }
}

impl Unpacked {
    pub fn open(path: &Path, name: &str) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Io { file: name.to_owned(), doing: "opening", source };
        let mut head = Vec::new();
        File::open(path).and_then(|file| file.take(4).read_to_end(&mut head)).map_err(failed)?;
        let file = File::open(path).map_err(failed)?;
        let packed_total = file.metadata().map_err(failed)?.len();
        let packed_read = Arc::new(AtomicU64::new(0));
        let counted = |file| Counted(file, Arc::clone(&packed_read));
        let compression = compression(&head);
        let reader = match compression {
            None => Reader::Plain(file),
            Some(Compression::Gzip) => {
                let packed = std::io::BufReader::with_capacity(1 << 17, counted(file));
                Reader::Unpacking(Box::new(flate2::bufread::MultiGzDecoder::new(packed)))
            }
            Some(Compression::Zstd) => {
                let unpacking = zstd::stream::read::Decoder::new(counted(file)).map_err(failed)?;
                Reader::Unpacking(Box::new(unpacking))
            }
        };
        let limit = std::env::var(UNPACKED_VARIABLE).ok().and_then(|gb| gb.trim().parse().ok());
        Ok(Self { reader, name: name.to_owned(), compression, packed_total, packed_read, unpacked: 0, limit })
    }

    /// Bytes of the file itself that were read.
    pub fn packed_read(&self) -> u64 {
        self.packed_read.load(Ordering::Relaxed)
    }

    /// Appends at most `n` bytes, fewer only at the end. Returns how many.
    pub fn read(&mut self, out: &mut Vec<u8>, n: usize) -> Result<usize, LoadError> {
        out.reserve(n);
        let read = match &mut self.reader {
            Reader::Plain(file) => {
                let read = file.take(n as u64).read_to_end(out);
                read.inspect(|n| _ = self.packed_read.fetch_add(*n as u64, Ordering::Relaxed))
            }
            Reader::Unpacking(reader) => reader.take(n as u64).read_to_end(out),
        };
        let read = read.map_err(|source| match self.compression {
            None => LoadError::Io { file: self.name.clone(), doing: "reading", source },
            Some(packing) => LoadError::Unpack {
                file: self.name.clone(),
                what: match packing {
                    Compression::Gzip => "gzip",
                    Compression::Zstd => "Zstandard",
                },
                reason: match source.kind() {
                    std::io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
                    _ => source.to_string(),
                },
            },
        })?;
        self.unpacked += read as u64;
        self.check_size()?;
        Ok(read)
    }

    fn check_size(&self) -> Result<(), LoadError> {
        if self.compression.is_none() {
            return Ok(());
        }
        let is_bomb = match self.limit {
            Some(gb) => self.unpacked > gb.saturating_mul(1 << 30),
            None => {
                let ratio = self.unpacked / self.packed_read().max(1);
                self.unpacked > SUSPECT_BYTES && ratio > SUSPECT_RATIO || self.unpacked > MAX_UNPACKED_GB << 30
            }
        };
        if !is_bomb {
            return Ok(());
        }
        let (unpacked, packed) = (self.unpacked, self.packed_read());
        Err(LoadError::UnpacksTooLarge { file: self.name.clone(), unpacked, packed, variable: UNPACKED_VARIABLE })
    }
}

/// Reads a file as UTF-8, whatever its encoding. A byte-order mark is dropped.
pub struct Utf8Source {
    source: Unpacked,
    name: String,
    encoding: TextEncoding,
    /// `None`: the bytes are UTF-8 already, or pretend to be.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// What [`Self::fill`] could not hand out yet: the first bytes of a character.
    unchecked: Vec<u8>,
    checked_lines: u64,
    at_start: bool,
    done: bool,
    lines: u64,
    /// Of the file itself; of `bytes_total`.
    bytes_read: u64,
    pub bytes_total: u64,
}

impl Utf8Source {
    pub fn open(path: &Path, name: &str, encoding: TextEncoding) -> Result<Self, LoadError> {
        let source = Unpacked::open(path, name)?;
        let decoder = match encoding {
            TextEncoding::Utf8 => None,
            TextEncoding::Latin1 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
            TextEncoding::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            TextEncoding::ShiftJis => Some(SHIFT_JIS.new_decoder_without_bom_handling()),
            TextEncoding::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
        };
        let bytes_total = source.packed_total;
        let name = name.to_owned();
        Ok(Self {
            source,
            name,
            encoding,
            decoder,
            raw: Vec::new(),
            unchecked: Vec::new(),
            checked_lines: 0,
            at_start: true,
            done: false,
            lines: 0,
            bytes_read: 0,
            bytes_total,
        })
    }

    /// Bytes of the file itself that were read; of `bytes_total`.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// What it delivers needs no [`check_text`] for its encoding.
    pub fn is_checked(&self) -> bool {
        self.decoder.is_some()
    }

    /// Appends the next piece to `out`, valid UTF-8 without zero bytes. Returns `false` once everything was delivered.
    pub fn fill(&mut self, out: &mut Vec<u8>, n: usize) -> Result<bool, LoadError> {
        let start = out.len();
        let mut piece = std::mem::take(&mut self.unchecked);
        let more = self.fill_unchecked(&mut piece, n)?;
        let cut = match std::str::from_utf8(&piece) {
            Err(e) if e.error_len().is_none() && more => e.valid_up_to(),
            _ => piece.len(),
        };
        check_text(&piece[..cut], false).map_err(|wrong| wrong.error(&self.name, self.checked_lines))?;
        out.extend_from_slice(&piece[..cut]);
        self.checked_lines += newlines(&out[start..]);
        piece.drain(..cut);
        self.unchecked = piece;
        Ok(more)
    }

    /// Appends about `n` bytes to `out`, unchecked. Returns `false` once everything was delivered.
    pub fn fill_unchecked(&mut self, out: &mut Vec<u8>, n: usize) -> Result<bool, LoadError> {
        if self.done {
            return Ok(false);
        }
        let result = if self.decoder.is_some() { self.decode(out, n) } else { self.pass_through(out, n) };
        self.bytes_read = self.source.packed_read();
        result
    }

    fn pass_through(&mut self, out: &mut Vec<u8>, n: usize) -> Result<bool, LoadError> {
        let start = out.len();
        let n = n.max(8);
        self.done = self.source.read(out, n)? < n;
        if std::mem::take(&mut self.at_start) && out[start..].starts_with(b"\xef\xbb\xbf") {
            out.drain(start..start + 3);
        }
        Ok(!self.done)
    }

    fn decode(&mut self, out: &mut Vec<u8>, n: usize) -> Result<bool, LoadError> {
        let Some(decoder) = &mut self.decoder else { return Ok(false) };
        let goal = out.len() + n;
        while !self.done && out.len() < goal {
            self.raw.clear();
            self.done = self.source.read(&mut self.raw, DECODED_AT_ONCE)? < DECODED_AT_ONCE;
            let room = decoder.max_utf8_buffer_length_without_replacement(self.raw.len());
            let mut text = String::with_capacity(room.unwrap_or(4 * DECODED_AT_ONCE));
            let (result, _) = decoder.decode_to_string_without_replacement(&self.raw, &mut text, self.done);
            let lines = newlines(text.as_bytes());
            if !matches!(result, DecoderResult::InputEmpty) {
                return Err(LoadError::Encoding {
                    file: self.name.clone(),
                    line: 1 + self.lines + lines,
                    encoding: self.encoding.as_str(),
                });
            }
            self.lines += lines;
            out.extend_from_slice(text.as_bytes());
        }
        Ok(!self.done)
    }
}

/// What no text may hold, with the line feeds before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoText {
    NotUtf8 { lines_before: u64 },
    Zero { lines_before: u64 },
}

impl NoText {
    /// As a message; `lines` lines come before.
    pub fn error(self, file: &str, lines: u64) -> LoadError {
        let file = file.to_owned();
        match self {
            Self::Zero { lines_before } => LoadError::ZeroByte { file, line: lines + lines_before + 1 },
            Self::NotUtf8 { lines_before } => {
                LoadError::Encoding { file, line: lines + lines_before + 1, encoding: TextEncoding::Utf8.as_str() }
            }
        }
    }
}

/// Is it UTF-8 (unless `is_utf8` says so) without zero bytes?
pub fn check_text(bytes: &[u8], is_utf8: bool) -> Result<(), NoText> {
    if let Some(zero) = memchr::memchr(0, bytes) {
        return Err(NoText::Zero { lines_before: newlines(&bytes[..zero]) });
    }
    match std::str::from_utf8(bytes) {
        Err(e) if !is_utf8 => Err(NoText::NotUtf8 { lines_before: newlines(&bytes[..e.valid_up_to()]) }),
        _ => Ok(()),
    }
}

/// Line feeds in `bytes`.
pub fn newlines(bytes: &[u8]) -> u64 {
    // Short runs counted in a byte: the compiler makes vector code of that even with overflow checks.
    let run = |run: &[u8]| run.iter().fold(0u8, |n, &b| n.wrapping_add(u8::from(b == b'\n')));
    bytes.chunks(255).map(|c| u64::from(run(c))).sum()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn text(bytes: &[u8], encoding: TextEncoding) -> Result<String, LoadError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let mut source = Utf8Source::open(file.path(), "t.csv", encoding)?;
        let mut out = Vec::new();
        while source.fill(&mut out, 1 << 18)? {}
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn each_encoding_becomes_utf8_without_its_mark() {
        assert_eq!(text(b"\xef\xbb\xbfa\xc3\xa9", TextEncoding::Utf8).unwrap(), "aé");
        assert_eq!(text(b"a\xe9\x93", TextEncoding::Latin1).unwrap(), "aé“");
        assert_eq!(text(b"\xff\xfea\0\xe9\0", TextEncoding::Utf16Le).unwrap(), "aé");
        assert_eq!(text(b"\0a\0\xe9", TextEncoding::Utf16Be).unwrap(), "aé");
        assert_eq!(text(b"\x93\xfa\x96{", TextEncoding::ShiftJis).unwrap(), "日本");
    }

    #[test]
    fn characters_across_pieces_stay_whole() {
        let long = format!("{}é{}", "x".repeat(DECODED_AT_ONCE - 1), "y".repeat(DECODED_AT_ONCE));
        assert_eq!(text(long.as_bytes(), TextEncoding::Utf8).unwrap(), long);
        let wide: Vec<u8> = long.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(text(&wide, TextEncoding::Utf16Le).unwrap(), long);
        assert!(text(b"a\0\0\xd8b\0", TextEncoding::Utf16Le).is_err());
    }

    #[test]
    fn bad_bytes_and_zeros_are_placed() {
        let mut bytes = b"a\n".repeat(5000);
        assert_eq!(check_text(&bytes, false), Ok(()));
        bytes.extend_from_slice(b"caf\xe9\n");
        assert_eq!(check_text(&bytes, false), Err(NoText::NotUtf8 { lines_before: 5000 }));
        assert_eq!(check_text(b"a\nb\0c\n", false), Err(NoText::Zero { lines_before: 1 }));
        assert!(check_text(b"a\xc3", false).is_err());
        let error = text(&bytes, TextEncoding::Utf8).unwrap_err();
        assert!(matches!(error, LoadError::Encoding { line: 5001, .. }), "{error}");
        assert!(matches!(text(b"a\nb\0c\n", TextEncoding::Utf8), Err(LoadError::ZeroByte { line: 2, .. })));
        assert!(text(b"a\xc3", TextEncoding::Utf8).is_err());
    }

    #[test]
    fn unpacking_holds_one_piece_however_much_comes_out() {
        const PIECE: usize = 1 << 18;
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        (0..32).for_each(|_| gz.write_all(&[b'x'; 1 << 20]).unwrap());
        let (gz, zst) = (gz.finish().unwrap(), zstd::stream::encode_all(&[b'x'; 32 << 20][..], 1).unwrap());
        for packed in [gz, zst] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&packed).unwrap();
            let mut source = Utf8Source::open(file.path(), "t.csv", TextEncoding::Utf8).unwrap();
            let (mut out, mut total, mut more) = (Vec::new(), 0, true);
            while more {
                out.clear();
                more = source.fill(&mut out, PIECE).unwrap();
                total += out.len();
                assert!(out.capacity() + source.unchecked.capacity() + source.raw.capacity() <= 4 * PIECE);
            }
            assert_eq!(total, 32 << 20);
        }
    }

    #[test]
    fn packed_files_are_unpacked_and_damage_is_named() {
        let plain = "a,b\n1,2\n".repeat(1000);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(plain.as_bytes()).unwrap();
        let gz = gz.finish().unwrap();
        assert_eq!(text(&gz, TextEncoding::Utf8).unwrap(), plain);
        let zst = zstd::stream::encode_all(plain.as_bytes(), 1).unwrap();
        assert_eq!(text(&zst, TextEncoding::Utf8).unwrap(), plain);
        let message = |bytes: &[u8]| text(bytes, TextEncoding::Utf8).unwrap_err().to_string();
        assert_eq!(
            message(&gz[..gz.len() - 9]),
            "t.csv cannot be unpacked (gzip): it ends too early; copy or download it again"
        );
        assert!(message(&zst[..zst.len() - 3]).starts_with("t.csv cannot be unpacked (Zstandard): "));
    }
}
