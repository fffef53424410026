//! Delimited text: two passes over the records, the columns of each batch shared out among threads.

use std::ops::Range;

use super::records::{BATCH_ROWS, Records};
use super::{
    NullTokens, ReadColumn, ReadReport, Sink, Source, SourceSpec, Survey, SurveyedColumn, TableSink, clean_names,
    numbered_names,
};
use crate::data::builder::CellsBuilder;
use crate::data::dates::{self, DateFormat};
use crate::data::error::LoadError;
use crate::data::infer::{self, Observed, Typed};
use crate::domain::dataset::{ReadOptions, TextEncoding};
use crate::domain::io::{JobIo, Part};
use crate::domain::words::thousands;

/// Fewer cells than this are not worth another thread.
const CELLS_PER_THREAD: usize = 50_000;
/// Rows that all columns go through before the next ones, so that their text is still in the processor's cache.
const TILE_ROWS: usize = 512;

/// Opens a file and reads past its header. Returns the column names; `None` for a file without records.
pub fn open(source: &Source, warnings: &mut Vec<String>) -> Result<Option<(Records, Vec<String>)>, LoadError> {
    let mut records = Records::open(source.path, source.name, source.options)?;
    let Some(first) = records.header()? else { return Ok(None) };
    if source.options.has_header {
        let names = clean_names(&first, warnings);
        return Ok(Some((records, names)));
    }
    // The first record is data: start over.
    let records = Records::open(source.path, source.name, source.options)?;
    Ok(Some((records, numbered_names(first.len()))))
}

pub fn stream(
    spec: &SourceSpec,
    options: &ReadOptions,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let Some((name, path)) = spec.files.first() else { return Err(LoadError::Empty { file: spec.name.clone() }) };
    let source = Source { path, name, options };
    let survey = survey(&source, &Part { io, from: 0.0, to: 0.5 })?;
    let columns: Vec<_> = survey.columns.iter().map(|c| (c.name.clone(), c.typed.storage)).collect();
    sink.begin(&columns)?;
    convert(&source, &survey, &Part { io, from: 0.5, to: 1.0 }, &mut |chunk| sink.rows(chunk))?;
    let columns = survey.columns.into_iter().map(|c| ReadColumn::plain(c.name, c.typed)).collect();
    Ok(ReadReport { rows: survey.rows, columns, warnings: survey.warnings, bad_rows: 0 })
}

fn survey(source: &Source, io: &dyn JobIo) -> Result<Survey, LoadError> {
    let mut warnings = option_warnings(source.options);
    let Some((mut records, names)) = open(source, &mut warnings)? else {
        return Err(LoadError::Empty { file: source.name.to_owned() });
    };
    let nulls = NullTokens::new(&source.options.null_tokens);
    let mut observed = vec![Observed::default(); names.len()];
    let mut rows = 0;
    loop {
        io.progress("Judging column types", Some(records.fraction()))?;
        let batch = records.batch(BATCH_ROWS)?;
        if batch.n_rows == 0 {
            break;
        }
        rows += batch.n_rows as u64;
        share_out(&mut observed, batch.n_rows, |column, rows, observed| {
            for row in rows {
                observed.add(batch.cell(row, column), batch.first_row + row as u64, &nulls);
            }
        });
    }
    if records.blank_lines > 0 {
        let n = records.blank_lines;
        let what = if n == 1 { "blank line was" } else { "blank lines were" };
        warnings.push(format!("{} {what} skipped", thousands(n)));
    }
    let columns = names.into_iter().zip(observed).map(|(name, o)| SurveyedColumn { name, typed: o.decide() }).collect();
    Ok(Survey { rows, columns, warnings })
}

fn option_warnings(options: &ReadOptions) -> Vec<String> {
    let mut warnings = Vec::new();
    if options.encoding == TextEncoding::Latin1 {
        warnings.push("the file is no UTF-8 and was read as Latin-1; if letters look wrong, save it as UTF-8".into());
    }
    if !options.has_header {
        warnings.push("the first line looks like data, so the columns are numbered".into());
    }
    warnings
}

fn convert(source: &Source, survey: &Survey, io: &dyn JobIo, sink: &mut Sink) -> Result<(), LoadError> {
    let Some((mut records, _)) = open(source, &mut Vec::new())? else { return Ok(()) };
    let nulls = NullTokens::new(&source.options.null_tokens);
    loop {
        io.progress("Reading rows", Some(records.fraction()))?;
        let batch = records.batch(BATCH_ROWS)?;
        if batch.n_rows == 0 {
            return Ok(());
        }
        let mut chunk: Vec<CellsBuilder> = survey.columns.iter().map(|c| CellsBuilder::new(c.typed.storage)).collect();
        share_out(&mut chunk, batch.n_rows, |column, rows, builder| {
            let cells = rows.map(|row| batch.cell(row, column));
            add_cells(builder, cells.map(|c| (!nulls.is_missing(c)).then_some(c)), &survey.columns[column].typed);
        });
        sink(chunk.into_iter().map(CellsBuilder::finish).collect())?;
    }
}

fn add_cells<'a>(builder: &mut CellsBuilder, cells: impl Iterator<Item = Option<&'a str>>, typed: &Typed) {
    match builder {
        CellsBuilder::Text(dictionary) => cells.for_each(|cell| dictionary.push(cell)),
        CellsBuilder::Float(v) => {
            v.extend(cells.map(|c| c.and_then(|c| infer::number(infer::trim(c))).unwrap_or(f64::NAN)));
        }
        CellsBuilder::Int(v) => v.extend(cells.map(|c| c.and_then(|c| infer::trim(c).parse().ok()))),
        CellsBuilder::Boolean(v) => v.extend(cells.map(|c| c.and_then(|c| infer::boolean(infer::trim(c))))),
        CellsBuilder::DatetimeMs(v) => {
            let format = typed.date_format.unwrap_or(DateFormat::Iso);
            let moment = |c: &str| dates::parse(infer::trim(c), format).map(|m| m.ms);
            v.extend(cells.map(|c| c.and_then(moment)));
        }
    }
}

/// Calls `work` for every column and stretch of rows, rows in order, on several threads when there is enough to do.
fn share_out<T: Send>(columns: &mut [T], n_rows: usize, work: impl Fn(usize, Range<usize>, &mut T) + Sync) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let n_threads = (columns.len() * n_rows / CELLS_PER_THREAD).clamp(1, cores.min(columns.len().max(1)));
    let size = columns.len().div_ceil(n_threads).max(1);
    let run = |part: usize, columns: &mut [T]| {
        for start in (0..n_rows).step_by(TILE_ROWS) {
            for (i, column) in columns.iter_mut().enumerate() {
                work(part * size + i, start..n_rows.min(start + TILE_ROWS), column);
            }
        }
    };
    std::thread::scope(|scope| {
        let mut parts = columns.chunks_mut(size).enumerate();
        let own = parts.next();
        for (part, columns) in parts {
            let run = &run;
            std::thread::Builder::new()
                .name("reading columns".to_owned())
                .spawn_scoped(scope, move || run(part, columns))
                .expect("the system starts a thread");
        }
        if let Some((part, columns)) = own {
            run(part, columns);
        }
    });
}
