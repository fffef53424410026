//! What is checked about a workbook before its reader touches it: which kind it is, what it claims to unpack to,
//! whether a password guards it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::data::error::LoadError;

/// What the parts of a workbook that are held in memory may unpack to.
const MAX_HELD_BYTES: u64 = 1 << 30;
/// What one sheet may unpack to; sheets are read in passing.
const MAX_SHEET_BYTES: u64 = 64 << 30;
/// Unpacked by packed bytes. Sheets of equal cells reach a few hundred; made bombs reach 1,000.
const MAX_RATIO: u64 = 900;
/// Small entries pack as they like.
const RATIO_MATTERS_BYTES: u64 = 32 << 20;
const MAX_ENTRIES: usize = 20_000;
/// The directory of an old Office file is sought in this much of it.
const CFB_SEARCH_BYTES: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Xlsx,
    Xlsb,
    Ods,
    Xls,
}

/// What kind of workbook the file is; `None` if it is a zip archive or an Office file of another sort.
///
/// Errors: an archive that cannot be read, one that claims too much, a workbook with a password.
pub fn container(path: &Path, name: &str) -> Result<Option<Container>, LoadError> {
    let mut head = [0; 8];
    let mut file = File::open(path).map_err(LoadError::io(path, "opening"))?;
    if file.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return old_office(file, path, name);
    }
    if !head.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    archive(path, name)
}

fn old_office(file: File, path: &Path, name: &str) -> Result<Option<Container>, LoadError> {
    let mut bytes = Vec::new();
    file.take(CFB_SEARCH_BYTES).read_to_end(&mut bytes).map_err(LoadError::io(path, "reading"))?;
    let holds = |stream: &str| {
        let wide: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
        memchr::memmem::find(&bytes, &wide).is_some()
    };
    if holds("EncryptedPackage") {
        return Err(password(name));
    }
    Ok((holds("Workbook") || holds("Book")).then_some(Container::Xls))
}

pub fn password(name: &str) -> LoadError {
    let (what, hint) = ("a workbook with a password", "open it in its program and save a copy without one");
    LoadError::NotATable { file: name.to_owned(), what, hint }
}

fn archive(path: &Path, name: &str) -> Result<Option<Container>, LoadError> {
    let broken = |reason: String| LoadError::Broken { file: name.to_owned(), format: "a workbook", reason };
    let claims = |claim: String| LoadError::Claims { file: name.to_owned(), claim };
    let file = File::open(path).map_err(LoadError::io(path, "opening"))?;
    let mut zip = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| broken(e.to_string()))?;
    if zip.len() > MAX_ENTRIES {
        return Err(claims(format!("{} entries", zip.len())));
    }
    let (mut kind, mut held) = (None, 0u64);
    for i in 0..zip.len() {
        let mut entry = zip.by_index_raw(i).map_err(|e| broken(e.to_string()))?;
        let (packed, unpacked) = (entry.compressed_size(), entry.size());
        let entry_name = entry.name().map_err(|e| broken(e.to_string()))?.into_owned();
        match entry_name.as_str() {
            "xl/workbook.xml" => kind = kind.or(Some(Container::Xlsx)),
            "xl/workbook.bin" => kind = Some(Container::Xlsb),
            "mimetype" => {
                let mut mime = String::new();
                let read = (&mut entry).take(200).read_to_string(&mut mime);
                if read.is_ok() && mime.contains("opendocument.spreadsheet") {
                    kind = Some(Container::Ods);
                }
            }
            "EncryptedPackage" => return Err(password(name)),
            _ => {}
        }
        let is_sheet = entry_name.starts_with("xl/worksheets/");
        if is_sheet && unpacked > MAX_SHEET_BYTES {
            return Err(claims(format!("{unpacked} bytes in {entry_name}")));
        }
        if unpacked > RATIO_MATTERS_BYTES && unpacked / packed.max(1) > MAX_RATIO {
            return Err(claims(format!("to unpack {packed} bytes of {entry_name} to {unpacked}")));
        }
        held = held.saturating_add(if is_sheet { 0 } else { unpacked });
    }
    if kind.is_some() && held > MAX_HELD_BYTES {
        return Err(claims(format!("{held} bytes beside its sheets")));
    }
    Ok(kind)
}
