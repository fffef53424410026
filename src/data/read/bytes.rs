//! From the bytes of a file to UTF-8, piece by piece.
//!
//! Every byte that leaves here is valid UTF-8 and not zero, so whoever splits it into fields needs no further checks.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, SHIFT_JIS, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::data::error::LoadError;
use crate::domain::dataset::TextEncoding;

const CHUNK: usize = 256 * 1024;

/// Reads a file as UTF-8, whatever its encoding. A byte-order mark is dropped.
pub struct Utf8Source {
    file: File,
    name: String,
    encoding: TextEncoding,
    /// `None`: the bytes are UTF-8 already and are only checked.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    at_start: bool,
    done: bool,
    line: u64,
    pub bytes_read: u64,
    pub bytes_total: u64,
}

impl Utf8Source {
    pub fn open(path: &Path, name: &str, encoding: TextEncoding) -> Result<Self, LoadError> {
        let file = File::open(path).map_err(LoadError::io(path, "opening"))?;
        let bytes_total = file.metadata().map_err(LoadError::io(path, "opening"))?.len();
        let decoder = match encoding {
            TextEncoding::Utf8 => None,
            TextEncoding::Latin1 => Some(WINDOWS_1252.new_decoder_without_bom_handling()),
            TextEncoding::Utf16Le => Some(UTF_16LE.new_decoder_with_bom_removal()),
            TextEncoding::ShiftJis => Some(SHIFT_JIS.new_decoder_without_bom_handling()),
            TextEncoding::Utf16Be => Some(UTF_16BE.new_decoder_with_bom_removal()),
        };
        Ok(Self {
            file,
            name: name.to_owned(),
            encoding,
            decoder,
            raw: Vec::with_capacity(CHUNK),
            at_start: true,
            done: false,
            line: 1,
            bytes_read: 0,
            bytes_total,
        })
    }

    /// Appends the next piece to `out`. Returns `false` once everything was delivered.
    pub fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool, LoadError> {
        if self.done {
            return Ok(false);
        }
        let carried = self.raw.len();
        let read = (&mut self.file).take(CHUNK as u64).read_to_end(&mut self.raw).map_err(|source| LoadError::Io {
            file: self.name.clone(),
            doing: "reading",
            source,
        })?;
        self.bytes_read += read as u64;
        self.done = read == 0;
        debug_assert!(carried < 4, "only part of a character is carried over");
        let start = out.len();
        match self.decoder {
            None => self.check_utf8(out)?,
            Some(_) => self.decode(out)?,
        }
        if out[start..].contains(&0) {
            let zero = out[start..].iter().position(|&b| b == 0).unwrap_or(0);
            return Err(LoadError::ZeroByte {
                file: self.name.clone(),
                line: self.line + newlines(&out[start..start + zero]),
            });
        }
        self.line += newlines(&out[start..]);
        Ok(!self.done)
    }

    fn check_utf8(&mut self, out: &mut Vec<u8>) -> Result<(), LoadError> {
        let skip = if self.at_start && self.raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        self.at_start = false;
        let bytes = &self.raw[skip..];
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(e) if e.error_len().is_none() && !self.done => e.valid_up_to(),
            Err(e) => return Err(self.bad_bytes(newlines(&bytes[..e.valid_up_to()]))),
        };
        out.extend_from_slice(&bytes[..valid]);
        self.raw.drain(..skip + valid);
        Ok(())
    }

    fn decode(&mut self, out: &mut Vec<u8>) -> Result<(), LoadError> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let room = decoder.max_utf8_buffer_length_without_replacement(self.raw.len()).unwrap_or(4 * CHUNK);
        let mut text = String::with_capacity(room);
        let (result, _) = decoder.decode_to_string_without_replacement(&self.raw, &mut text, self.done);
        self.raw.clear();
        if !matches!(result, DecoderResult::InputEmpty) {
            return Err(self.bad_bytes(newlines(text.as_bytes())));
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn bad_bytes(&self, lines_before: u64) -> LoadError {
        LoadError::Encoding {
            file: self.name.clone(),
            line: self.line + lines_before,
            encoding: self.encoding.as_str(),
        }
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
        while source.fill(&mut out)? {}
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn each_encoding_becomes_utf8_without_its_mark() {
        assert_eq!(text(b"\xef\xbb\xbfa\xc3\xa9", TextEncoding::Utf8).unwrap(), "aé");
        assert_eq!(text(b"a\xe9\x93", TextEncoding::Latin1).unwrap(), "aé“");
        assert_eq!(text(b"\xff\xfea\0\xe9\0", TextEncoding::Utf16Le).unwrap(), "aé");
        assert_eq!(text(b"\0a\0\xe9", TextEncoding::Utf16Be).unwrap(), "aé");
    }

    #[test]
    fn characters_across_pieces_stay_whole() {
        let long = format!("{}é{}", "x".repeat(CHUNK - 1), "y".repeat(CHUNK));
        assert_eq!(text(long.as_bytes(), TextEncoding::Utf8).unwrap(), long);
    }

    #[test]
    fn bad_bytes_and_zeros_are_placed() {
        let bad = format!("{}\nb\n", "a\n".repeat(CHUNK));
        let mut bytes = bad.into_bytes();
        bytes.extend_from_slice(b"caf\xe9\n");
        let error = text(&bytes, TextEncoding::Utf8).unwrap_err();
        assert!(matches!(error, LoadError::Encoding { line, .. } if line == CHUNK as u64 + 3), "{error}");
        let error = text(b"a\nb\0c\n", TextEncoding::Utf8).unwrap_err();
        assert!(matches!(error, LoadError::ZeroByte { line: 2, .. }), "{error}");
        assert!(text(b"a\xc3", TextEncoding::Utf8).is_err());
        assert!(text(b"a\0\0\xd8b\0", TextEncoding::Utf16Le).is_err());
    }
}
