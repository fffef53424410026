//! One workbook of any kind as sheets of rows. The reader underneath panics on some broken files; that ends here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, SheetType, Sheets, Xls, Xlsb, Xlsx};
use chrono::NaiveDate;

use super::guard::{Container, container, password};
use super::{Flow, LoadError, SheetRow, Value};
use crate::data::dates::{self, DateFormat};
use crate::data::infer::MAX_EXACT;

/// Takes the next row and the share of the sheet that is done.
pub type TakeRow<'a> = dyn FnMut(SheetRow, f64) -> Result<Flow, LoadError> + 'a;

pub struct Workbook<'a> {
    name: &'a str,
    sheets: Sheets<BufReader<File>>,
}

impl<'a> Workbook<'a> {
    pub fn open(path: &Path, name: &'a str) -> Result<Self, LoadError> {
        let kind = container(path, name)?.ok_or_else(|| broken(name, "it holds no workbook".to_owned()))?;
        let file = BufReader::new(File::open(path).map_err(LoadError::io(path, "opening"))?);
        let sheets = guarded(name, || {
            Ok(match kind {
                Container::Xlsx => Sheets::Xlsx(Xlsx::new(file).map_err(calamine::Error::Xlsx)?),
                Container::Xlsb => Sheets::Xlsb(Xlsb::new(file).map_err(calamine::Error::Xlsb)?),
                Container::Ods => Sheets::Ods(Ods::new(file).map_err(calamine::Error::Ods)?),
                Container::Xls => Sheets::Xls(Xls::new(file).map_err(calamine::Error::Xls)?),
            })
        })?;
        Ok(Self { name, sheets })
    }

    /// Sheets with cells (no charts), in the workbook's order.
    pub fn sheets(&self) -> Vec<String> {
        let sheets = self.sheets.sheets_metadata().iter();
        sheets.filter(|s| matches!(s.typ, SheetType::WorkSheet)).map(|s| s.name.clone()).collect()
    }

    /// The wanted sheet; without a wish the first that has cells.
    pub fn sheet(&mut self, wanted: Option<&str>) -> Result<String, LoadError> {
        let sheets = self.sheets();
        let file = self.name.to_owned();
        if let Some(wanted) = wanted {
            let part = wanted.to_owned();
            let found = sheets.iter().find(|s| *s == wanted);
            return found.cloned().ok_or(LoadError::NoPart { file, what: "sheet", part, present: sheets });
        }
        for sheet in &sheets {
            let mut any = false;
            self.rows(sheet, &mut |_, _| {
                any = true;
                Ok(Flow::Enough)
            })?;
            if any {
                return Ok(sheet.clone());
            }
        }
        Err(LoadError::NoParts { file, what: "sheet", hint: "choose another file" })
    }

    /// Hands on the rows that have cells; returns how many cells hold errors.
    pub fn rows(&mut self, sheet: &str, take: &mut TakeRow) -> Result<u64, LoadError> {
        let name = self.name;
        let mut gather = Gather { row: None, errors: 0, done: false, last: 0, take, failure: None };
        let read = guarded(name, || {
            match &mut self.sheets {
                Sheets::Xlsx(book) => {
                    let mut cells = book.worksheet_cells_reader(sheet).map_err(calamine::Error::Xlsx)?;
                    gather.last = cells.dimensions().end.0;
                    while let Some(cell) = cells.next_cell().map_err(calamine::Error::Xlsx)? {
                        let (row, column) = cell.get_position();
                        if !gather.cell(row, column, cell.get_value()) {
                            break;
                        }
                    }
                }
                Sheets::Xlsb(book) => {
                    let mut cells = book.worksheet_cells_reader(sheet).map_err(calamine::Error::Xlsb)?;
                    gather.last = cells.dimensions().end.0;
                    while let Some(cell) = cells.next_cell().map_err(calamine::Error::Xlsb)? {
                        let (row, column) = cell.get_position();
                        if !gather.cell(row, column, cell.get_value()) {
                            break;
                        }
                    }
                }
                whole => {
                    let range = whole.worksheet_range(sheet)?;
                    let (top, left) = range.start().unwrap_or((0, 0));
                    gather.last = range.end().map_or(0, |(row, _)| row);
                    for (row, column, data) in range.used_cells() {
                        if !gather.data(top + row as u32, left + column as u32, data) {
                            break;
                        }
                    }
                }
            }
            Ok(())
        });
        gather.end();
        let errors = gather.errors;
        gather.failure.take().map_or(Ok(()), Err)?;
        read.map(|()| errors)
    }
}

/// Puts cells together to rows.
struct Gather<'a, 'b> {
    row: Option<SheetRow>,
    errors: u64,
    done: bool,
    /// The last row the sheet claims to have.
    last: u32,
    take: &'a mut TakeRow<'b>,
    failure: Option<LoadError>,
}

impl Gather<'_, '_> {
    /// Is more wanted?
    fn cell(&mut self, row: u32, column: u32, data: &DataRef) -> bool {
        let value = match data {
            DataRef::Empty => Value::Empty,
            DataRef::Int(i) => Value::Int(*i),
            DataRef::Float(x) => number(*x),
            DataRef::String(text) => words(text),
            DataRef::SharedString(text) => words(text),
            DataRef::Bool(b) => Value::Bool(*b),
            DataRef::DateTime(time) => moment(time),
            DataRef::DateTimeIso(text) => iso(text),
            DataRef::DurationIso(text) => words(text),
            DataRef::Error(error) => self.error(error),
        };
        self.put(row, column, value)
    }

    fn data(&mut self, row: u32, column: u32, data: &Data) -> bool {
        let value = match data {
            Data::Empty => Value::Empty,
            Data::Int(i) => Value::Int(*i),
            Data::Float(x) => number(*x),
            Data::String(text) => words(text),
            Data::Bool(b) => Value::Bool(*b),
            Data::DateTime(time) => moment(time),
            Data::DateTimeIso(text) => iso(text),
            Data::DurationIso(text) => words(text),
            Data::Error(error) => self.error(error),
        };
        self.put(row, column, value)
    }

    fn error(&mut self, error: &calamine::CellErrorType) -> Value {
        use calamine::CellErrorType as E;
        self.errors += 1;
        Value::Missing(match error {
            E::Div0 => "#DIV/0!",
            E::NA => "#N/A",
            E::Name => "#NAME?",
            E::Null => "#NULL!",
            E::Num => "#NUM!",
            E::Ref => "#REF!",
            E::Value => "#VALUE!",
            _ => "#ERROR",
        })
    }

    fn put(&mut self, row: u32, column: u32, value: Value) -> bool {
        if value == Value::Empty || self.done {
            return !self.done;
        }
        if self.row.as_ref().is_some_and(|(current, _)| *current != row) {
            self.end();
        }
        self.row.get_or_insert_with(|| (row, BTreeMap::new())).1.insert(column, value);
        !self.done
    }

    fn end(&mut self) {
        let Some(row) = self.row.take().filter(|_| !self.done) else { return };
        let fraction = f64::from(row.0) / f64::from(self.last.max(row.0).max(1));
        match (self.take)(row, fraction) {
            Ok(flow) => self.done = flow == Flow::Enough,
            Err(error) => {
                self.failure = Some(error);
                self.done = true;
            }
        }
    }
}

/// Sheets know only floats: a whole one is a whole number.
fn number(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() <= MAX_EXACT as f64 { Value::Int(x as i64) } else { Value::Float(x) }
}

fn words(text: &str) -> Value {
    if text.trim().is_empty() { Value::Empty } else { Value::Text(text.to_owned()) }
}

/// A time on a day; a time of day and a duration become text.
fn moment(time: &ExcelDateTime) -> Value {
    let serial = time.as_f64();
    if time.is_duration() || (0.0..1.0).contains(&serial) {
        let ms = (serial * 86_400_000.0).round() as i64;
        let (seconds, rest) = (ms.div_euclid(1000), ms.rem_euclid(1000));
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        return Value::Text(if rest == 0 { clock } else { format!("{clock}.{rest:03}") });
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let date = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day));
    let clock = |d: NaiveDate| d.and_hms_milli_opt(hour.into(), minute.into(), second.into(), milli.into());
    date.and_then(clock).map_or(Value::Float(serial), |t| Value::Moment(t.and_utc().timestamp_millis()))
}

fn iso(text: &str) -> Value {
    dates::parse(text.trim(), DateFormat::Iso).map_or_else(|| words(text), |m| Value::Moment(m.ms))
}

fn guarded<T>(name: &str, read: impl FnOnce() -> Result<T, calamine::Error>) -> Result<T, LoadError> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(calamine::Error::Xls(calamine::XlsError::Password))) => Err(password(name)),
        Ok(Err(calamine::Error::Xlsx(calamine::XlsxError::Password))) => Err(password(name)),
        Ok(Err(calamine::Error::Ods(calamine::OdsError::Password))) => Err(password(name)),
        Ok(Err(error)) => Err(broken(name, error.to_string())),
        Err(_) => Err(broken(name, "its parts contradict each other".to_owned())),
    }
}

fn broken(name: &str, reason: String) -> LoadError {
    LoadError::Broken { file: name.to_owned(), format: "a workbook", reason }
}
