//! A source as chunks of whole records.
//!
//! Finding where a record ends needs to know which quotes are open, from the first byte on; a search for quotes runs
//! at the speed of memory, so one thread does it while others split the chunks into fields.

use memchr::{memchr, memrchr2};

use super::bytes::Utf8Source;
use super::tokens::{Dialect, MAX_FIELD_BYTES};
use crate::data::error::LoadError;
use crate::data::numbers::PADDING;

const MAX_CHUNK_BYTES: usize = 2 << 20;
const MIN_CHUNK_BYTES: usize = 64 << 10;
/// A file is cut into at least so many chunks: threads share the work, and progress moves.
const MIN_CHUNKS: u64 = 32;
/// A record that does not end within so many bytes never does.
const MAX_RECORD_BYTES: usize = 1 << 28;

/// Whole records.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The text, then [`PADDING`] zeros.
    pub bytes: Vec<u8>,
    /// The text is known to be UTF-8.
    pub is_checked: bool,
    /// The source ends within a quote that opened here; if not, a quote that opened is too far from its end.
    pub at_end: bool,
}

/// What happens to a quote that never closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclosed {
    /// The chunk ends with everything behind it.
    Keep,
    /// The chunk ends with the line it is in; the next line begins a record.
    EndLine,
}

/// Cuts one file.
pub struct Chunker {
    source: Utf8Source,
    name: String,
    dialect: Dialect,
    unclosed: Unclosed,
    target: usize,
    /// Read, but not handed out yet.
    waiting: Vec<u8>,
    more: bool,
}

/// Where a buffer may be cut.
enum Cut {
    At(usize),
    More,
}

impl Chunker {
    pub fn new(source: Utf8Source, name: &str, dialect: Dialect, unclosed: Unclosed) -> Self {
        let target = (source.bytes_total / MIN_CHUNKS).clamp(MIN_CHUNK_BYTES as u64, MAX_CHUNK_BYTES as u64) as usize;
        Self { source, name: name.to_owned(), dialect, unclosed, target, waiting: Vec::new(), more: true }
    }

    pub fn on_unclosed(&mut self, unclosed: Unclosed) {
        self.unclosed = unclosed;
    }

    /// Bytes of the file that were read.
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    /// Drops the first `n` lines, whatever is in them. Returns how many there were.
    pub fn skip_lines(&mut self, n: u64) -> Result<u64, LoadError> {
        let mut skipped = 0;
        while skipped < n {
            if self.waiting.len() < 2 && self.more {
                self.more = self.source.fill_unchecked(&mut self.waiting, self.target)?;
                continue;
            }
            if self.waiting.is_empty() {
                break;
            }
            match memchr::memchr2(b'\n', b'\r', &self.waiting) {
                None if self.more => {
                    self.waiting.clear();
                    self.more = self.source.fill_unchecked(&mut self.waiting, self.target)?;
                }
                None => self.waiting.clear(),
                Some(at) if at + 1 == self.waiting.len() && self.more => {
                    self.waiting.drain(..at);
                    self.more = self.source.fill_unchecked(&mut self.waiting, self.target)?;
                    continue;
                }
                Some(at) => {
                    let crlf = self.waiting[at] == b'\r' && self.waiting.get(at + 1) == Some(&b'\n');
                    self.waiting.drain(..at + 1 + usize::from(crlf));
                }
            }
            skipped += 1;
        }
        Ok(skipped)
    }

    /// Puts the text of a chunk, without its first `used` bytes, back in front of what follows.
    pub fn put_back(&mut self, chunk: &Chunk, used: usize) {
        let text = &chunk.bytes[used..chunk.bytes.len() - PADDING];
        self.waiting.splice(..0, text.iter().copied());
    }

    /// The next records, in `buffer` if it is of use; `None` at the end.
    pub fn next(&mut self, mut buffer: Vec<u8>) -> Result<Option<Chunk>, LoadError> {
        buffer.clear();
        buffer.append(&mut self.waiting);
        let mut target = self.target;
        loop {
            while self.more && buffer.len() < target {
                let missing = target - buffer.len();
                self.more = self.source.fill_unchecked(&mut buffer, missing)?;
            }
            if buffer.is_empty() {
                return Ok(None);
            }
            let cut = match self.cut(&buffer) {
                Cut::At(cut) => cut,
                Cut::More if buffer.len() > MAX_RECORD_BYTES => return Err(self.too_long()),
                Cut::More => {
                    target = buffer.len() * 2;
                    continue;
                }
            };
            self.waiting.extend_from_slice(&buffer[cut..]);
            buffer.truncate(cut);
            buffer.resize(cut + PADDING, 0);
            let at_end = !self.more;
            return Ok(Some(Chunk { bytes: buffer, is_checked: self.source.is_checked(), at_end }));
        }
    }

    fn too_long(&self) -> LoadError {
        LoadError::FieldTooLong { file: self.name.clone(), line: 1, limit_bytes: MAX_FIELD_BYTES }
    }

    /// The end of the last record that is whole. `buffer` begins with a record.
    fn cut(&self, buffer: &[u8]) -> Cut {
        // Stretches outside of quotes end at `outside`; the last line end in them is at `last`.
        let (mut last, mut outside, mut at) = (0, 0, 0);
        loop {
            let Some(quote) = self.opening(buffer, at) else {
                last = self.last_line_end(buffer, outside, buffer.len()).unwrap_or(last);
                break;
            };
            last = self.last_line_end(buffer, outside, quote).unwrap_or(last);
            let mut close = quote + 1;
            loop {
                let Some(length) = memchr(self.dialect.quote, &buffer[close..]) else {
                    return self.cut_at_unclosed(buffer, last, quote);
                };
                close += length + 1;
                if buffer.get(close) != Some(&self.dialect.quote) {
                    break;
                }
                close += 1;
            }
            if close >= buffer.len() && self.more {
                return if last > 0 { Cut::At(last) } else { Cut::More };
            }
            (outside, at) = (close, close);
        }
        match last {
            _ if !self.more => Cut::At(buffer.len()),
            0 => Cut::More,
            last => Cut::At(last),
        }
    }

    fn cut_at_unclosed(&self, buffer: &[u8], last: usize, quote: usize) -> Cut {
        let is_hopeless = !self.more || buffer.len() - quote > 2 * MAX_FIELD_BYTES;
        match last {
            1.. => Cut::At(last),
            0 if !is_hopeless => Cut::More,
            0 if self.unclosed == Unclosed::Keep => Cut::At(buffer.len()),
            0 => {
                let rest = &buffer[quote..];
                let Some(n) = memchr::memchr2(b'\n', b'\r', rest) else { return Cut::At(buffer.len()) };
                let crlf = rest[n] == b'\r' && rest.get(n + 1) == Some(&b'\n');
                Cut::At(quote + n + 1 + usize::from(crlf))
            }
        }
    }

    /// The next quote from `outside` on, where no quote is open, that opens a field.
    fn opening(&self, buffer: &[u8], outside: usize) -> Option<usize> {
        let mut at = outside;
        loop {
            let quote = at + memchr(self.dialect.quote, &buffer[at..])?;
            let before = quote.checked_sub(1).map(|i| buffer[i]);
            let opens = before.is_none_or(|b| b == self.dialect.delimiter || b == b'\n' || b == b'\r');
            if opens && !self.in_comment(buffer, outside, quote) {
                return Some(quote);
            }
            at = quote + 1;
        }
    }

    /// Whether the line of `at` is a comment; not if that line began within a quoted field, before `outside`.
    fn in_comment(&self, buffer: &[u8], outside: usize, at: usize) -> bool {
        let Some(comment) = self.dialect.comment else { return false };
        match memrchr2(b'\n', b'\r', &buffer[outside..at]) {
            Some(end) => buffer[outside + end + 1] == comment,
            None => outside == 0 && buffer[0] == comment,
        }
    }

    /// The position behind the last line end in `from..to`. A CR that an LF may follow does not count.
    fn last_line_end(&self, buffer: &[u8], from: usize, to: usize) -> Option<usize> {
        let end = from + memrchr2(b'\n', b'\r', &buffer[from..to])? + 1;
        if buffer[end - 1] == b'\r' && (end < buffer.len() && buffer[end] == b'\n' || end == buffer.len() && self.more)
        {
            return self.last_line_end(buffer, from, end - 1);
        }
        Some(end)
    }
}
