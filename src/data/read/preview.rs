//! What an import would make of a source, judged by its first rows: at once, whatever the size.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::bytes::Unpacked;
use super::{Guess, Memory, ReadColumn, SourceSpec, files, first_rows, formats, sniff_with};
use crate::data::builder::{CellsBuilder, facts};
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::domain::dataset::{BadRows, ReadDraft, SourceFormat};
use crate::domain::io::JobIo;
use crate::domain::preview::{Compression, ImportPreview, PreviewColumn, SizeEstimate};
use crate::domain::schema::Storage;
use crate::domain::words::counted;

/// Rows that are judged.
const JUDGED_ROWS: u64 = 20_000;
/// Text that is judged.
const HEAD_BYTES: usize = 1 << 20;
/// Files of a folder that are listed.
const SHOWN_PARTS: usize = 1000;

/// The preview of a file, folder or pattern, which the user knows as `name`; at most `n_rows` rows are shown.
///
/// Errors: what no import could read either. Rows that cannot be read are no error here but listed.
pub fn preview(
    path: &Path,
    name: &str,
    draft: &ReadDraft,
    n_rows: usize,
    io: &dyn JobIo,
) -> Result<ImportPreview, LoadError> {
    let all = files::expand(path)?;
    let first = &all[0];
    let several = all.len() > 1;
    let mut names = files::names(&all);
    let name = if path.is_file() { name.to_owned() } else { names[0].clone() };
    let mut bytes = 0;
    for file in &all {
        bytes += std::fs::metadata(file).map_err(LoadError::io(file, "opening"))?.len();
    }
    let first_bytes = std::fs::metadata(first).map_err(LoadError::io(first, "opening"))?.len();

    io.progress("Looking at the first rows", None)?;
    let guess = formats::guess(first, &name, draft)?;
    let head = match &guess {
        Some(guess) if guess.options.format != SourceFormat::Ndjson => None,
        _ => Some(Head::of(first, &name, draft)?),
    };
    let guess = match (&head, guess) {
        (None, Some(guess)) => guess,
        (head, _) => sniff_with(head.as_ref().map_or(first.as_path(), |h| h.file.path()), &name, draft)?,
    };
    let Guess { mut options, compression, mut notes, mut parts } = guess;
    // What would refuse the file is shown with the rest.
    let wanted = std::mem::replace(&mut options.bad_rows, BadRows::SetAside);
    let mut memory = Memory::default();
    let spec = SourceSpec::file(&name, head.as_ref().map_or(first, |h| h.file.path()));
    let report = first_rows(&spec, &options, Some(JUDGED_ROWS), io, &mut memory)?;
    options.bad_rows = wanted;

    let cells: Vec<Cells> = memory.builders.into_iter().map(CellsBuilder::finish).collect();
    let whole = head.as_ref().is_none_or(|h| h.complete) && (head.is_some() || report.rows < JUDGED_ROWS);
    let complete = whole && !several;
    notes.extend(report.warnings);
    if several {
        notes.push(format!(
            "{} as one dataset; these are the first rows of {name}",
            counted(all.len() as u64, "file", "files")
        ));
        names.truncate(SHOWN_PARTS);
        parts = names;
    }
    let rows_of_first = match (&head, whole) {
        (_, true) => report.rows,
        (Some(head), false) => (report.rows as f64 * first_bytes as f64 / head.packed_bytes.max(1) as f64) as u64,
        (None, false) => {
            formats::rows(first, &name, &options)?.unwrap_or_else(|| extrapolated(&cells, report.rows, first_bytes))
        }
    };
    let rows =
        if several { (rows_of_first as f64 * bytes as f64 / first_bytes.max(1) as f64) as u64 } else { rows_of_first };
    let size = SizeEstimate { rows, memory_bytes: memory_of(&cells, report.rows, rows), budget_bytes: 0 };
    let shown = (report.rows as usize).min(n_rows);
    Ok(ImportPreview {
        format_version: 1,
        source_name: name,
        source_bytes: bytes,
        compression: compression.or(head.and_then(|h| h.compression)),
        remembered: false,
        notes,
        rows_judged: report.rows,
        complete,
        columns: report.columns.iter().zip(&cells).map(|(c, cells)| column(c, cells, draft)).collect(),
        rows: (0..shown).map(|row| cells.iter().map(|c| c.text(row)).collect()).collect(),
        bad_rows: memory.bad_rows,
        n_bad_rows: report.bad_rows,
        parts,
        size,
        options,
    })
}

fn column(read: &ReadColumn, cells: &Cells, draft: &ReadDraft) -> PreviewColumn {
    let chosen = draft.columns.get(&read.name).and_then(|c| c.date_format.clone());
    let found = || read.typed.date_format.as_ref().map(|f| f.chrono().to_owned());
    let date_format = if read.typed.storage == Storage::DatetimeMs { chosen.or_else(found) } else { None };
    PreviewColumn {
        schema: read.schema(&facts(cells)),
        fitting: read.fitting,
        misfits: read.misfits.clone(),
        missing_tokens: read.missing_tokens.clone(),
        date_format,
    }
}

/// Rows of the whole file if its text is as long as that of the judged rows.
fn extrapolated(cells: &[Cells], rows: u64, bytes: u64) -> u64 {
    let text: usize =
        cells.iter().map(|c| (0..c.len()).filter_map(|r| c.text(r)).map(|t| t.len() + 1).sum::<usize>()).sum();
    (rows as f64 * bytes as f64 / text.max(1) as f64).max(rows as f64) as u64
}

/// Bytes of the typed table in memory, if the columns go on as they began.
fn memory_of(cells: &[Cells], judged: u64, rows: u64) -> u64 {
    let share = rows as f64 / judged.max(1) as f64;
    let bytes: f64 = cells
        .iter()
        .map(|c| match c {
            Cells::Float(_) => 8.0 * rows as f64,
            Cells::Int(_) | Cells::DatetimeMs(_) => 16.0 * rows as f64,
            Cells::Boolean(_) => rows as f64,
            Cells::Text(d) => {
                let texts: usize = d.values.iter().map(|t| t.len() + std::mem::size_of::<String>()).sum();
                // Few distinct texts stay few; many go on as they began.
                let grows = d.values.len() as f64 > 0.1 * judged as f64;
                4.0 * rows as f64 + texts as f64 * if grows { share } else { 1.0 }
            }
        })
        .sum();
    bytes as u64
}

/// The first lines of a text file, unpacked, in a file of their own.
struct Head {
    file: NamedTempFile,
    compression: Option<Compression>,
    /// It is the whole file.
    complete: bool,
    /// Bytes of the source that it stands for.
    packed_bytes: u64,
}

impl Head {
    fn of(path: &Path, name: &str, draft: &ReadDraft) -> Result<Self, LoadError> {
        let failed = |source| LoadError::Io { file: name.to_owned(), doing: "reading", source };
        let mut source = Unpacked::open(path, name)?;
        let mut bytes = Vec::new();
        let unpacked = source.read(&mut bytes, HEAD_BYTES + 1)?;
        let complete = unpacked <= HEAD_BYTES;
        if !complete {
            bytes.truncate(last_line(&bytes, draft.quote.unwrap_or('"')));
        }
        let share = bytes.len() as f64 / unpacked.max(1) as f64;
        let packed_bytes = (source.packed_read() as f64 * share) as u64;
        let mut file = NamedTempFile::new().map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.flush()).map_err(failed)?;
        Ok(Self { file, compression: source.compression, complete, packed_bytes })
    }
}

/// Where the last complete record ends: behind a line end outside of quotes, if there is one.
fn last_line(bytes: &[u8], quote: char) -> usize {
    if bytes.contains(&0) {
        let wide = |i: &usize| matches!(bytes.get(*i..*i + 2), Some([b'\n', 0] | [0, b'\n']));
        return (0..bytes.len() - 1).step_by(2).rev().find(wide).map_or(bytes.len(), |i| i + 2);
    }
    let (mut quoted, mut outside, mut last) = (false, 0, 0);
    let has_feeds = bytes.contains(&b'\n');
    for (i, &b) in bytes.iter().enumerate() {
        if u32::from(b) == u32::from(quote) {
            quoted = !quoted;
        } else if b == b'\n' || (b == b'\r' && !has_feeds) {
            last = i + 1;
            if !quoted {
                outside = i + 1;
            }
        }
    }
    match (outside, last) {
        (0, 0) => bytes.len(),
        (0, last) => last,
        (outside, _) => outside,
    }
}
