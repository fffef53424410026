//! Whether what an Arrow file claims can be true: every length in its messages is compared with the file's size.
//!
//! The messages are flatbuffers; the few fields needed are read here, each access checked.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::data::error::LoadError;

/// What the buffers of one batch may unpack to.
const MAX_UNPACKED_BYTES: u64 = 4 << 30;
/// Unpacked by packed bytes; what Zstandard reaches with runs of one value.
const MAX_RATIO: u64 = 70_000;
const MAX_MESSAGE_BYTES: u64 = 256 << 20;
const MAX_BATCHES: usize = 10_000_000;
const MAGIC: &[u8] = b"ARROW1";

/// Kinds of messages.
const SCHEMA: u8 = 1;
const DICTIONARY: u8 = 2;
const RECORDS: u8 = 3;

pub struct Checked {
    pub is_stream: bool,
    pub rows: u64,
}

pub enum CheckError {
    Io(std::io::Error),
    /// Damaged.
    Broken(&'static str),
    /// Claims what cannot be.
    Claims(String),
}

impl From<std::io::Error> for CheckError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::UnexpectedEof { Self::Broken("it was cut off") } else { Self::Io(error) }
    }
}

impl CheckError {
    pub fn in_file(self, path: &Path, name: &str) -> LoadError {
        match self {
            Self::Io(source) => LoadError::io(path, "reading")(source),
            Self::Broken(reason) => {
                LoadError::Broken { file: name.to_owned(), format: "an Arrow file", reason: reason.to_owned() }
            }
            Self::Claims(claim) => LoadError::Claims { file: name.to_owned(), claim },
        }
    }
}

/// Does a file that begins like this hold an Arrow stream?
pub fn is_stream(head: &[u8]) -> bool {
    let Some(rest) = head.strip_prefix(&[0xff; 4]) else { return false };
    let Some(length) = int(rest, 0, 4).filter(|n| (8..=MAX_MESSAGE_BYTES as i64).contains(n)) else { return false };
    let end = rest.len().min(4 + length as usize);
    let message = Table::root(&rest[4..end]);
    message.is_some_and(|m| m.int(1, 1) == Some(i64::from(SCHEMA)))
}

/// Goes through all messages of the file without decoding one.
pub fn check(file: &mut File) -> Result<Checked, CheckError> {
    let bytes = file.metadata()?.len();
    let mut magic = [0; 6];
    file.read_exact(&mut magic)?;
    let mut checked = Checked { is_stream: magic != MAGIC, rows: 0 };
    if checked.is_stream {
        check_stream(file, bytes, &mut checked)?;
    } else {
        check_file(file, bytes, &mut checked)?;
    }
    Ok(checked)
}

fn check_stream(file: &mut File, bytes: u64, checked: &mut Checked) -> Result<(), CheckError> {
    let mut at = 0;
    while at + 8 <= bytes {
        let (message, start) = message(file, at, bytes)?;
        if message.is_empty() {
            break;
        }
        let body = check_message(file, &message, start, bytes, checked)?;
        at = start + body;
    }
    Ok(())
}

/// The blocks that the footer lists.
fn check_file(file: &mut File, bytes: u64, checked: &mut Checked) -> Result<(), CheckError> {
    let mut tail = [0; 10];
    file.seek(SeekFrom::Start(bytes.checked_sub(10).ok_or(CheckError::Broken("it was cut off"))?))?;
    file.read_exact(&mut tail)?;
    let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    if &tail[4..] != MAGIC {
        return Err(CheckError::Broken("it was cut off"));
    }
    let start = bytes.checked_sub(10 + length).filter(|_| length <= MAX_MESSAGE_BYTES);
    let start = start.ok_or(CheckError::Broken("its footer is longer than the file"))?;
    let footer = read(file, start, length)?;
    let footer = Table::root(&footer).ok_or(CheckError::Broken("its footer is damaged"))?;
    for field in [2, 3] {
        let Some((at, n)) = footer.vector(field, 24) else { continue };
        if n > MAX_BATCHES {
            return Err(CheckError::Claims(format!("{n} batches")));
        }
        for block in 0..n {
            let place = |offset, size| int(footer.bytes, at + 24 * block + offset, size);
            let (offset, meta, body) = (place(0, 8), place(8, 4), place(16, 8));
            let (Some(offset), Some(meta), Some(body)) = (offset, meta, body) else {
                return Err(CheckError::Broken("its footer is damaged"));
            };
            let outside = || CheckError::Claims(format!("a batch of {body} bytes at {offset}, beyond its end"));
            let end =
                offset.checked_add(meta).and_then(|x| x.checked_add(body)).filter(|_| offset.min(meta).min(body) >= 0);
            end.filter(|&end| end as u64 <= bytes).ok_or_else(outside)?;
            let (message, start) = message(file, offset as u64, bytes)?;
            if start > (offset + meta) as u64 {
                return Err(CheckError::Broken("a batch overlaps its description"));
            }
            check_message(file, &message, (offset + meta) as u64, bytes, checked)?;
        }
    }
    Ok(())
}

/// The description that starts at `at`, and where its body starts.
fn message(file: &mut File, at: u64, bytes: u64) -> Result<(Vec<u8>, u64), CheckError> {
    let head = read(file, at, 8)?;
    let mark = head.starts_with(&[0xff; 4]);
    let (length, from) = if mark { (int(&head, 4, 4), at + 8) } else { (int(&head, 0, 4), at + 4) };
    let length = length.unwrap_or(-1);
    if length < 0 || from + length as u64 > bytes || length as u64 > MAX_MESSAGE_BYTES {
        return Err(CheckError::Claims(format!("a description of {length} bytes")));
    }
    Ok((read(file, from, length as u64)?, from + length as u64))
}

/// Checks the buffers of a message against its body at `start`; returns the body's length.
fn check_message(
    file: &mut File,
    message: &[u8],
    start: u64,
    bytes: u64,
    checked: &mut Checked,
) -> Result<u64, CheckError> {
    let damaged = CheckError::Broken("the description of a batch is damaged");
    let Some(message) = Table::root(message) else { return Err(damaged) };
    let body = message.int(3, 8).unwrap_or(0);
    if body < 0 || start.saturating_add(body as u64) > bytes {
        return Err(CheckError::Claims(format!("a batch of {body} bytes, longer than the file")));
    }
    let kind = message.int(1, 1).unwrap_or(0) as u8;
    let header = message.table(2);
    let batch = match kind {
        RECORDS => header,
        DICTIONARY => header.and_then(|h| h.table(1)),
        _ => return Ok(body as u64),
    };
    let Some(batch) = batch else { return Err(damaged) };
    let rows = batch.int(0, 8).unwrap_or(0);
    if rows < 0 {
        return Err(CheckError::Claims(format!("{rows} rows")));
    }
    if kind == RECORDS {
        checked.rows = checked.rows.saturating_add(rows as u64);
    }
    let compressed = batch.table(3).is_some();
    let mut unpacked = 0u64;
    let (at, n) = batch.vector(2, 16).unwrap_or((0, 0));
    for buffer in 0..n {
        let place = |offset| int(batch.bytes, at + 16 * buffer + offset, 8);
        let (Some(offset), Some(length)) = (place(0), place(8)) else { return Err(damaged) };
        let end = offset.checked_add(length).filter(|_| offset >= 0 && length >= 0);
        if end.is_none_or(|end| end > body) {
            return Err(CheckError::Claims(format!("a buffer of {length} bytes in a batch of {body}")));
        }
        if compressed && length > 0 {
            let head = read(file, start + offset as u64, 8.min(length as u64))?;
            let claim = int(&head, 0, 8).unwrap_or(-2);
            let most = MAX_UNPACKED_BYTES.min((length as u64).saturating_mul(MAX_RATIO));
            if claim < -1 || claim > most as i64 {
                return Err(CheckError::Claims(format!("to unpack {length} bytes to {claim}")));
            }
            unpacked += claim.max(0) as u64;
        }
    }
    if unpacked > MAX_UNPACKED_BYTES {
        return Err(CheckError::Claims(format!("a batch that unpacks to {unpacked} bytes")));
    }
    Ok(body as u64)
}

fn read(file: &mut File, at: u64, length: u64) -> Result<Vec<u8>, CheckError> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length { Err(CheckError::Broken("it was cut off")) } else { Ok(bytes) }
}

/// A little-endian signed number of 1, 2, 4 or 8 bytes.
fn int(bytes: &[u8], at: usize, size: usize) -> Option<i64> {
    let part = bytes.get(at..at.checked_add(size)?)?;
    let negative = part.last()? & 0x80 != 0 && size > 1;
    let mut all = [if negative { 0xff } else { 0 }; 8];
    all[..size].copy_from_slice(part);
    Some(i64::from_le_bytes(all))
}

/// A table of a flatbuffer.
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Table<'a> {
    fn root(bytes: &'a [u8]) -> Option<Self> {
        let at = usize::try_from(int(bytes, 0, 4)?).ok()?;
        Some(Self { bytes, at }).filter(|t| t.vtable().is_some())
    }

    fn vtable(&self) -> Option<usize> {
        let back = int(self.bytes, self.at, 4)?;
        let at = usize::try_from((self.at as i64).checked_sub(back)?).ok()?;
        int(self.bytes, at, 2).map(|_| at)
    }

    /// Where the value of a field lies; `None` for one that is left out.
    fn field(&self, field: usize) -> Option<usize> {
        let vtable = self.vtable()?;
        let slot = 4 + 2 * field;
        if slot + 2 > usize::try_from(int(self.bytes, vtable, 2)?).ok()? {
            return None;
        }
        let offset = usize::try_from(int(self.bytes, vtable + slot, 2)?).ok()?;
        (offset > 0).then(|| self.at + offset)
    }

    fn int(&self, field: usize, size: usize) -> Option<i64> {
        int(self.bytes, self.field(field)?, size)
    }

    fn follow(&self, field: usize) -> Option<usize> {
        let at = self.field(field)?;
        at.checked_add(usize::try_from(int(self.bytes, at, 4)?).ok()?)
    }

    fn table(&self, field: usize) -> Option<Self> {
        let at = self.follow(field)?;
        Some(Self { bytes: self.bytes, at }).filter(|t| t.vtable().is_some())
    }

    /// First element and number of elements of a vector of `size`-byte structs that lies inside the bytes.
    fn vector(&self, field: usize, size: usize) -> Option<(usize, usize)> {
        let at = self.follow(field)?;
        let n = usize::try_from(int(self.bytes, at, 4)?).ok()?;
        let end = at.checked_add(4)?.checked_add(n.checked_mul(size)?)?;
        (end <= self.bytes.len()).then_some((at + 4, n))
    }
}
