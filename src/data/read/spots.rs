//! A first guess at the types of columns, from spots all over the source. It may be wrong: that costs a second reading,
//! nothing else.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::SourceSpec;
use super::bytes::compression;
use super::parse::Plan;
use super::records::Records;
use super::tokens::Splitter;
use crate::data::error::LoadError;
use crate::data::infer::{Observed, Typed};
use crate::data::numbers::{self, PADDING};
use crate::domain::dataset::{ReadOptions, TextEncoding};

const HEAD_ROWS: usize = 500;
const SPOTS: u64 = 24;
const SPOT_BYTES: u64 = 48 << 10;
const SPOT_ROWS: usize = 100;

pub fn guess(spec: &SourceSpec, options: &ReadOptions, plan: &Plan, n_columns: usize) -> Result<Vec<Typed>, LoadError> {
    let mut observed = vec![Observed::default(); n_columns];
    let Some((name, path)) = spec.files.first() else { return Ok(Vec::new()) };
    let mut records = Records::open(path, name, options)?;
    if options.has_header {
        records.header()?;
    }
    // A flaw is reported, or set aside, when its turn comes.
    if let Ok(batch) = records.batch(HEAD_ROWS) {
        for row in 0..batch.n_rows {
            add(&mut observed, batch.record(row), plan);
        }
    }
    if options.encoding == TextEncoding::Utf8 && spec.files.len() == 1 {
        look_around(path, plan, &mut observed);
    }
    let verdicts = observed.iter().zip(&plan.decided).map(|(o, decided)| o.verdict(decided, plan.marks));
    Ok(verdicts.map(|v| v.typed).collect())
}

fn add<'a>(observed: &mut [Observed], cells: impl Iterator<Item = &'a str>, plan: &Plan) {
    for (column, cell) in cells.enumerate() {
        observed[column].add(cell, 1, &plan.rules(column));
    }
}

/// Looks at records behind line ends all over the file. Some of these line ends may stand within quotes; records with
/// another number of fields are ignored.
fn look_around(path: &std::path::Path, plan: &Plan, observed: &mut [Observed]) {
    let Ok(mut file) = File::open(path) else { return };
    let Ok(bytes) = file.metadata().map(|m| m.len()) else { return };
    let mut spot = Vec::new();
    for i in 1..=SPOTS {
        let at = bytes / (SPOTS + 1) * i;
        spot.clear();
        let read = file.seek(SeekFrom::Start(at)).and_then(|_| (&mut file).take(SPOT_BYTES).read_to_end(&mut spot));
        let line = memchr::memchr(b'\n', &spot).map(|n| n + 1);
        if read.is_err() || i == 1 && compression(&spot).is_some() {
            return;
        }
        // The last line may be cut off.
        let (Some(from), Some(to)) = (line, memchr::memrchr(b'\n', &spot)) else { continue };
        if from > to || std::str::from_utf8(&spot[from..to]).is_err() {
            continue;
        }
        let mut text = spot[from..=to].to_vec();
        text.resize(text.len() + PADDING, 0);
        look_at(&text, plan, observed);
    }
}

fn look_at(text: &[u8], plan: &Plan, observed: &mut [Observed]) {
    let mut splitter = Splitter::new(text, plan.dialect);
    let (mut fields, mut side, mut n_rows) = (Vec::new(), Vec::new(), 0);
    // Records behind a flaw may be no records.
    let _flaw = splitter.records(&mut fields, &mut side, Some(observed.len()), SPOT_ROWS, &mut n_rows);
    for record in fields.chunks_exact(observed.len()) {
        for (column, (field, observed)) in record.iter().zip(&mut *observed).enumerate() {
            let rules = plan.rules(column);
            let is_open = rules.format.is_none() && !rules.nulls.may_be_numbers();
            match numbers::fast(text, field.start as usize, field.len as usize, rules.marks.decimal) {
                Some(number) if is_open => {
                    observed.values += 1;
                    observed.whole += u64::from(number.is_whole());
                    observed.fractional += u64::from(!number.is_whole());
                }
                _ => {
                    let cell = std::str::from_utf8(field.bytes(text, &side)).unwrap_or_default();
                    observed.add(cell, 1, &rules);
                }
            }
        }
    }
}
