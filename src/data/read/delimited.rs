//! Delimited text into typed columns, in one pass if the first guess holds.
//!
//! Types are guessed from spots all over the file, and every cell is then read by them and judged on the way. When all
//! cells were seen, the rules of `infer` decide; where they decide otherwise than guessed, everything is read again by
//! what was decided. So a type never depends on the guess, and memory holds a few chunks, not the file.

use super::feed::{Feed, Place, run};
use super::parse::{Parsed, Plan};
use super::records::BATCH_CELLS;
use super::spots;
use super::tokens::Dialect;
use super::{FirstBad, MAX_ROWS, NullTokens, ReadColumn, ReadReport, SourceSpec, TableSink};
use crate::data::builder::CellsBuilder;
use crate::data::dates::{self, DateFormat};
use crate::data::error::{LoadError, clip};
use crate::data::infer::{Observed, Typed};
use crate::data::numbers::Marks;
use crate::data::table::Cells;
use crate::data::verdict::{Decided, Verdict};
use crate::domain::dataset::ReadOptions;
use crate::domain::io::JobIo;
use crate::domain::preview::BadRow;
use crate::domain::schema::Storage;
use crate::domain::words::counted;

/// Fewer bytes than this are read by one thread.
const BYTES_PER_THREAD: u64 = 128 << 10;

pub fn stream(
    spec: &SourceSpec,
    options: &ReadOptions,
    io: &dyn JobIo,
    sink: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    let mut feed = Feed::open(spec, options)?;
    let mut plan = plan(&feed, spec, options)?;
    plan.columns = spots::guess(spec, options, &plan, feed.names.len())?;
    let mut pass = Pass::new(io, sink, &plan, 0.0);
    pass.run(&mut feed, &plan)?;
    let mut verdicts = pass.verdicts(&plan);
    let was_right = |(verdict, guess): (&Verdict, &Typed)| verdict.typed.reads_like(guess);
    if pass.is_void || !verdicts.iter().zip(&plan.columns).all(was_right) {
        plan.columns = verdicts.into_iter().map(|v| v.typed).collect();
        let shown = pass.shown;
        feed = Feed::open(spec, options)?;
        pass = Pass::new(io, sink, &plan, shown);
        pass.is_final = true;
        pass.run(&mut feed, &plan)?;
        verdicts = pass.verdicts(&plan);
    }
    pass.flush()?;
    let tally = pass.tally;
    let mut warnings = std::mem::take(&mut feed.warnings);
    tally.warn(&feed, &mut warnings);
    let columns = feed.names.iter().zip(verdicts).zip(&pass.observed);
    let columns = columns.map(|((name, verdict), observed)| column(name, verdict, observed, &plan, options)).collect();
    let first_bad = tally.first_bad.map(|(file, bad)| FirstBad::new(bad, spec, file));
    Ok(ReadReport { rows: tally.rows, columns, warnings, bad_rows: tally.bad_rows, first_bad })
}

fn plan(feed: &Feed, spec: &SourceSpec, options: &ReadOptions) -> Result<Plan, LoadError> {
    let decide = |name: &String| {
        let choice = options.columns.get(name).cloned().unwrap_or_default();
        let format = choice.date_format.as_deref();
        if let Some(Err(what)) = format.map(dates::check_pattern) {
            let what = format!("`{}` for column `{}` is {what}", clip(format.unwrap_or_default()), clip(name));
            let hint = "write it as chrono does, such as %d.%m.%Y %H:%M";
            return Err(LoadError::Options { file: spec.name.clone(), what, hint });
        }
        let is_date = choice.storage.is_none_or(|s| s == Storage::DatetimeMs);
        Ok(Decided { storage: choice.storage, format: format.filter(|_| is_date).map(DateFormat::of) })
    };
    Ok(Plan {
        dialect: Dialect::of(options, &spec.name)?,
        marks: marks(spec, options)?,
        nulls: NullTokens::new(&options.null_tokens),
        bad_rows: options.bad_rows,
        columns: Vec::new(),
        decided: feed.names.iter().map(decide).collect::<Result<_, _>>()?,
    })
}

fn marks(spec: &SourceSpec, options: &ReadOptions) -> Result<Marks, LoadError> {
    let wrong = |what: String, hint| Err(LoadError::Options { file: spec.name.clone(), what, hint });
    if !matches!(options.decimal, '.' | ',') {
        return wrong(format!("the decimal mark `{}` is unknown", options.decimal), "choose a point or a comma");
    }
    match options.thousands {
        Some(mark) if mark == options.decimal => {
            wrong(format!("`{mark}` cannot be both decimal and thousands mark"), "change one of them")
        }
        Some(mark) if mark.is_alphanumeric() || matches!(mark, '-' | '+') => {
            wrong(format!("the thousands mark `{mark}` cannot be told from a number"), "choose another")
        }
        _ => Ok(Marks::of(options)),
    }
}

fn column(name: &str, verdict: Verdict, observed: &Observed, plan: &Plan, options: &ReadOptions) -> ReadColumn {
    let tokens = observed.tokens.iter().enumerate().filter(|(_, n)| **n > 0);
    let mut tokens: Vec<(String, u64)> = tokens.map(|(i, n)| (plan.nulls.token(i).to_owned(), *n)).collect();
    if verdict.typed.storage != Storage::String && observed.blank > 0 {
        tokens.push((" ".to_owned(), observed.blank));
    }
    tokens.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ReadColumn {
        name: name.to_owned(),
        typed: verdict.typed,
        missing_tokens: tokens,
        fitting: verdict.fitting,
        misfits: verdict.misfits,
        kind: options.columns.get(name).and_then(|choice| choice.kind),
    }
}

/// What is counted beside the cells.
#[derive(Default)]
struct Tally {
    rows: u64,
    blank_lines: u64,
    comments: u64,
    bad_rows: u64,
    first_bad: Option<(usize, BadRow)>,
}

impl Tally {
    fn warn(&self, feed: &Feed, warnings: &mut Vec<String>) {
        let mut skipped = |n: u64, one: &str, many: &str| {
            if n > 0 {
                warnings.push(format!("{} skipped", counted(n, one, many)));
            }
        };
        skipped(self.blank_lines + feed.blank_lines, "blank line was", "blank lines were");
        skipped(self.comments + feed.comments, "comment line was", "comment lines were");
    }
}

/// One reading of the whole source.
struct Pass<'a> {
    io: &'a dyn JobIo,
    sink: &'a mut dyn TableSink,
    observed: Vec<Observed>,
    tally: Tally,
    /// Lines of the current file so far.
    lines: u64,
    /// The one whose rows come.
    file: Option<usize>,
    /// A type was proved wrong: rows are judged, but no longer handed on.
    is_void: bool,
    /// The types are those of all cells.
    is_final: bool,
    /// Rows not handed on yet.
    held: Vec<CellsBuilder>,
    n_held: usize,
    /// Shown progress; it begins at `from`, and runs to 1 unless the pass is void.
    shown: f64,
    from: f64,
    seen: f64,
}

impl<'a> Pass<'a> {
    fn new(io: &'a dyn JobIo, sink: &'a mut dyn TableSink, plan: &Plan, from: f64) -> Self {
        Self {
            io,
            sink,
            observed: vec![Observed::default(); plan.columns.len()],
            tally: Tally::default(),
            lines: 0,
            file: None,
            is_void: false,
            is_final: false,
            held: held(plan),
            n_held: 0,
            shown: from,
            from,
            seen: 0.0,
        }
    }

    fn run(&mut self, feed: &mut Feed, plan: &Plan) -> Result<(), LoadError> {
        let columns: Vec<_> = feed.names.iter().cloned().zip(plan.columns.iter().map(|t| t.storage)).collect();
        self.sink.begin(&columns)?;
        self.io.progress("Reading rows", Some(self.shown))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let n_threads = (feed.bytes_total() / BYTES_PER_THREAD).clamp(1, cores) as usize;
        let names: Vec<String> = (0..feed.n_files()).map(|f| feed.file_name(f).to_owned()).collect();
        run(feed, plan, n_threads, |place, parsed| self.take(place, parsed, plan, &names))
    }

    fn take(&mut self, place: Place, parsed: &mut Parsed, plan: &Plan, files: &[String]) -> Result<(), LoadError> {
        self.lines = place.lines_before.unwrap_or(self.lines);
        let first_row = self.tally.rows;
        if self.file.replace(place.file) != Some(place.file) {
            self.sink.begin_file(place.file, first_row);
        }
        for bad in parsed.bad_rows.drain(..) {
            self.tally.bad_rows += 1;
            let bad = BadRow { line: bad.line + self.lines, ..bad };
            if self.tally.first_bad.is_none() {
                self.tally.first_bad = Some((place.file, bad.clone()));
            }
            if !self.is_void {
                let several = files.len() > 1;
                let reason = if several { format!("{}: {}", files[place.file], bad.reason) } else { bad.reason };
                self.sink.bad_row(BadRow { reason, ..bad })?;
            }
        }
        if let Some(error) = parsed.error.take() {
            return Err(error.moved_down(self.lines));
        }
        self.lines += parsed.lines;
        self.tally.rows += parsed.rows;
        self.tally.blank_lines += parsed.blank_lines;
        self.tally.comments += parsed.comments;
        if self.tally.rows > MAX_ROWS {
            let (file, found) = (files[place.file].clone(), self.tally.rows);
            return Err(LoadError::TooManyRows { file, found, limit: MAX_ROWS });
        }
        for (column, observed) in parsed.observed.drain(..).enumerate() {
            self.observed[column].merge(observed, first_row);
        }
        self.show(place.fraction)?;
        let void = |(c, typed): (usize, &Typed)| plan.decided[c].is_open() && self.observed[c].disproves(typed);
        self.is_void = !self.is_final && (self.is_void || plan.columns.iter().enumerate().any(void));
        if self.is_void || parsed.rows == 0 { Ok(()) } else { self.hand_on(std::mem::take(&mut parsed.cells), plan) }
    }

    fn hand_on(&mut self, cells: Vec<Cells>, plan: &Plan) -> Result<(), LoadError> {
        let enough = self.sink.rows_at_once().min((BATCH_CELLS / plan.columns.len().max(1)).max(1024));
        let n_rows = cells.first().map_or(0, Cells::len);
        if self.n_held == 0 && n_rows >= enough {
            return self.sink.rows(cells);
        }
        self.held.iter_mut().zip(&cells).for_each(|(held, cells)| held.append(cells));
        self.n_held += n_rows;
        if self.n_held >= enough {
            self.flush()?;
            self.held = held(plan);
        }
        Ok(())
    }

    /// Hands on the last rows.
    fn flush(&mut self) -> Result<(), LoadError> {
        if std::mem::take(&mut self.n_held) == 0 {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        self.sink.rows(held.into_iter().map(CellsBuilder::finish).collect())
    }

    /// A pass that will be repeated leaves half of what is still to be shown for the repetition.
    fn show(&mut self, fraction: f64) -> Result<(), LoadError> {
        let left = 1.0 - self.shown;
        let share = ((fraction - self.seen) / (1.0 - self.seen).max(1e-9)).clamp(0.0, 1.0);
        let ahead = if self.is_void { left * 0.5 } else { left };
        self.shown = (self.shown + ahead * share).clamp(self.from, 1.0);
        self.seen = fraction;
        Ok(self.io.progress("Reading rows", Some(self.shown))?)
    }

    fn verdicts(&self, plan: &Plan) -> Vec<Verdict> {
        self.observed.iter().zip(&plan.decided).map(|(o, decided)| o.verdict(decided, plan.marks)).collect()
    }
}

fn held(plan: &Plan) -> Vec<CellsBuilder> {
    plan.columns.iter().map(|typed| CellsBuilder::new(typed.storage)).collect()
}
