//! A file to score: its cells stay as they are, the model's inputs are picked out of it, and the answer is the same
//! rows with columns added.
//!
//! Cells of delimited files are kept verbatim, so what was `007` or `1.50` leaves as `007` or `1.50`.

use std::collections::HashSet;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::dates::{self, DateFormat};
use super::error::{LoadError, clip};
use super::numbers::{Marks, number_with};
use super::parquet;
use super::read::{self, NullTokens, Verbatim};
use super::table::{Cells, Table, format_number};
use crate::domain::dataset::SourceFormat;
use crate::domain::io::{JobIo, Part};
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::ColumnInput;
use crate::domain::schema::Storage;

/// Rows between two looks at whether the job was cancelled.
const STEP_ROWS: usize = 65_536;

/// A column that scoring adds.
#[derive(Clone, Debug, PartialEq)]
pub enum ExtraColumn {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

/// A file read for scoring.
#[derive(Debug)]
pub struct ScoringInput {
    body: Body,
    raw: RawColumns,
    delimiter: u8,
    warnings: Vec<String>,
}

#[derive(Debug)]
enum Body {
    Delimited(Verbatim),
    Typed(Table),
}

impl ScoringInput {
    /// Reads the file at `path` and picks `inputs` (name and what the model takes) out of it. `name` is what the user
    /// knows the file by; its ending and messages go by it.
    ///
    /// Errors: everything [`read::load`] reports, columns that are not there (all are named), and cells of number
    /// inputs that are neither missing nor a number.
    pub fn read(path: &Path, name: &str, inputs: &[(String, ColumnInput)], io: &dyn JobIo) -> Result<Self, LoadError> {
        let mut options = read::sniff(path, name)?;
        let reading = Part { io, from: 0.0, to: 0.8 };
        let mut warnings = Vec::new();
        let body = match options.format {
            SourceFormat::Parquet
            | SourceFormat::Arrow
            | SourceFormat::Json
            | SourceFormat::Ndjson
            | SourceFormat::Excel
            | SourceFormat::Sqlite => Body::Typed(read::load(path, name, &options, &reading)?.0),
            SourceFormat::Delimited => {
                let expected: Vec<&str> = inputs.iter().map(|(name, _)| name.as_str()).collect();
                Body::Delimited(read::verbatim(path, name, &mut options, &expected, &mut warnings, &reading)?)
            }
        };
        io.progress("Reading the model's inputs", Some(0.8))?;
        let nulls = NullTokens::new(&options.null_tokens);
        let raw = raw_columns(&body, inputs, &nulls, Marks::of(&options), name)?;
        let delimiter = u8::try_from(options.delimiter).unwrap_or(b',');
        Ok(Self { body, raw, delimiter, warnings })
    }

    /// The model's inputs, in the order they were asked for. Texts are as an import would have stored them; missing
    /// cells are NaN and the empty text.
    pub fn raw(&self) -> &RawColumns {
        &self.raw
    }

    pub fn n_rows(&self) -> usize {
        self.raw.n_rows
    }

    /// Writes the input's columns and then `extra` to `out`, rows in input order: Parquet if it is called `.parquet`,
    /// otherwise text with the input's delimiter (tabs if it is called `.tsv`; a comma if it is called `.csv` and the
    /// input had tabs). The file appears whole or not at all. Returns warnings: an input column with the name of an
    /// extra one is kept as `<name>_input`.
    pub fn write(&self, out: &Path, extra: &[(String, ExtraColumn)], io: &dyn JobIo) -> Result<Vec<String>, LoadError> {
        let (names, renamed) = self.output_names(extra);
        let folder = out.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".scoring-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let temp = builder.tempfile_in(folder).map_err(LoadError::io(out, "creating"))?;
        let extension = out.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        if extension == "parquet" {
            let file = temp.reopen().map_err(LoadError::io(out, "writing"))?;
            self.write_parquet(file, out, &names, extra, io)?;
        } else {
            let delimiter = match (extension.as_str(), self.delimiter) {
                ("tsv" | "tab", _) => b'\t',
                ("csv", b'\t') => b',',
                (_, delimiter) => delimiter,
            };
            self.write_delimited(temp.as_file(), out, delimiter, &names, extra, io)?;
        }
        temp.as_file().sync_all().map_err(LoadError::io(out, "writing"))?;
        temp.persist(out).map_err(|e| LoadError::io(out, "renaming the finished file to")(e.error))?;
        Ok([self.warnings.clone(), renamed].concat())
    }

    fn names(&self) -> Vec<&str> {
        match &self.body {
            Body::Delimited(text) => text.names.iter().map(String::as_str).collect(),
            Body::Typed(table) => table.schema.names().collect(),
        }
    }

    /// The names of the input's columns in the output, none of them that of an extra column.
    fn output_names(&self, extra: &[(String, ExtraColumn)]) -> (Vec<String>, Vec<String>) {
        let mut taken: HashSet<String> = self.names().into_iter().map(str::to_owned).collect();
        taken.extend(extra.iter().map(|(name, _)| name.clone()));
        let mut warnings = Vec::new();
        let mut names = Vec::new();
        for name in self.names() {
            if !extra.iter().any(|(other, _)| other == name) {
                names.push(name.to_owned());
                continue;
            }
            let mut free = format!("{name}_input");
            while !taken.insert(free.clone()) {
                free.push_str("_input");
            }
            warnings.push(format!("the file already has a column `{}`; it is kept as `{}`", clip(name), clip(&free)));
            names.push(free);
        }
        (names, warnings)
    }

    fn write_delimited(
        &self,
        file: &fs::File,
        out: &Path,
        delimiter: u8,
        names: &[String],
        extra: &[(String, ExtraColumn)],
        io: &dyn JobIo,
    ) -> Result<(), LoadError> {
        let failed = |e: csv::Error| LoadError::io(out, "writing")(e.into());
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(BufWriter::new(file));
        writer.write_record(names.iter().chain(extra.iter().map(|(name, _)| name))).map_err(failed)?;
        let mut row = 0;
        let mut finish = |writer: &mut csv::Writer<_>| -> Result<(), LoadError> {
            if row % STEP_ROWS == 0 {
                io.progress("Writing the scored rows", Some(row as f64 / self.n_rows().max(1) as f64))?;
            }
            for (_, column) in extra {
                match column {
                    ExtraColumn::Texts(v) => writer.write_field(&v[row]),
                    ExtraColumn::Numbers(v) if v[row].is_nan() => writer.write_field(""),
                    ExtraColumn::Numbers(v) => writer.write_field(format_number(v[row])),
                }
                .map_err(failed)?;
            }
            row += 1;
            writer.write_record(None::<&[u8]>).map_err(failed)
        };
        match &self.body {
            Body::Delimited(text) => {
                for batch in &text.batches {
                    for i in 0..batch.n_rows {
                        batch.record(i).try_for_each(|cell| writer.write_field(cell)).map_err(failed)?;
                        finish(&mut writer)?;
                    }
                }
            }
            Body::Typed(table) => {
                for i in 0..table.n_rows {
                    let mut cells = table.columns.iter().map(|cells| cells.text(i).unwrap_or_default());
                    cells.try_for_each(|cell| writer.write_field(cell)).map_err(failed)?;
                    finish(&mut writer)?;
                }
            }
        }
        let mut buffer = writer.into_inner().map_err(|e| LoadError::io(out, "writing")(e.into_error()))?;
        buffer.flush().map_err(LoadError::io(out, "writing"))
    }

    fn write_parquet(
        &self,
        file: fs::File,
        out: &Path,
        names: &[String],
        extra: &[(String, ExtraColumn)],
        io: &dyn JobIo,
    ) -> Result<(), LoadError> {
        let storages = names.iter().enumerate().map(|(i, _)| match &self.body {
            Body::Delimited(_) => Storage::String,
            Body::Typed(table) => table.columns[i].storage(),
        });
        let mut columns: Vec<(String, Storage)> = names.iter().cloned().zip(storages).collect();
        columns.extend(extra.iter().map(|(name, column)| match column {
            ExtraColumn::Texts(_) => (name.clone(), Storage::String),
            ExtraColumn::Numbers(_) => (name.clone(), Storage::Float64),
        }));
        let mut writer = parquet::Writer::over(file, out, &columns)?;
        let mut start = 0;
        let mut write = |mut cells: Vec<Cells>, n_rows: usize| {
            io.progress("Writing the scored rows", Some(start as f64 / self.n_rows().max(1) as f64))?;
            cells.extend(extra.iter().map(|(_, column)| match column {
                ExtraColumn::Texts(v) => {
                    Cells::Text(v[start..start + n_rows].iter().map(|t| Some(t.as_str())).collect())
                }
                ExtraColumn::Numbers(v) => Cells::Float(v[start..start + n_rows].to_vec()),
            }));
            start += n_rows;
            writer.write(&cells)
        };
        match &self.body {
            Body::Delimited(text) => {
                for batch in &text.batches {
                    let column = |c| Cells::Text(batch.column(c).map(Some).collect());
                    write((0..names.len()).map(column).collect(), batch.n_rows)?;
                }
            }
            Body::Typed(table) => write(table.columns.clone(), table.n_rows)?,
        }
        writer.finish().map(drop)
    }
}

fn raw_columns(
    body: &Body,
    inputs: &[(String, ColumnInput)],
    nulls: &NullTokens,
    marks: Marks,
    file: &str,
) -> Result<RawColumns, LoadError> {
    let (names, n_rows): (Vec<&str>, usize) = match body {
        Body::Delimited(text) => (text.names.iter().map(String::as_str).collect(), text.n_rows),
        Body::Typed(table) => (table.schema.names().collect(), table.n_rows),
    };
    let position = |name: &str| names.iter().position(|n| *n == name);
    let missing: Vec<String> = inputs.iter().map(|(n, _)| n.clone()).filter(|n| position(n).is_none()).collect();
    if !missing.is_empty() {
        let present = names.iter().map(|&n| n.to_owned()).collect();
        return Err(LoadError::MissingColumns { file: file.to_owned(), missing, present });
    }
    let columns = inputs.iter().filter_map(|(name, input)| Some((name, input, position(name)?)));
    let columns = columns.map(|(name, input, at)| {
        let not_a_number = |row: usize, value: &str| LoadError::NotANumber {
            file: file.to_owned(),
            row: row as u64 + 1,
            column: name.clone(),
            value: clip(value),
        };
        let not_a_date = |row: usize, value: &str| LoadError::NotADate {
            file: file.to_owned(),
            row: row as u64 + 1,
            column: name.clone(),
            value: clip(value),
        };
        let is_number = !input.is_text();
        let column = match body {
            Body::Delimited(text) if *input == ColumnInput::Datetime => {
                let cells: Vec<&str> =
                    text.column(at).map(|cell| if nulls.is_missing(cell) { "" } else { cell.trim() }).collect();
                RawColumn::Numbers(dates(&cells, not_a_date)?)
            }
            Body::Typed(table) if *input == ColumnInput::Datetime => match &table.columns[at] {
                Cells::Text(d) => {
                    let cells: Vec<&str> = (0..n_rows).map(|row| d.get(row).unwrap_or_default().trim()).collect();
                    RawColumn::Numbers(dates(&cells, not_a_date)?)
                }
                cells => RawColumn::Numbers(cells.numbers()),
            },
            Body::Delimited(text) if is_number => {
                RawColumn::Numbers(numbers(text.column(at), nulls, marks, not_a_number)?)
            }
            Body::Delimited(text) => {
                let stored = |cell: &str| if nulls.is_missing(cell) { String::new() } else { cell.to_owned() };
                RawColumn::Texts(text.column(at).map(stored).collect())
            }
            Body::Typed(table) => match &table.columns[at] {
                Cells::Text(d) if is_number => {
                    let cells = (0..n_rows).map(|row| d.get(row).unwrap_or_default());
                    RawColumn::Numbers(numbers(cells, nulls, Marks::POINT, not_a_number)?)
                }
                cells if is_number => RawColumn::Numbers(cells.numbers()),
                cells => RawColumn::Texts((0..n_rows).map(|row| cells.text(row).unwrap_or_default()).collect()),
            },
        };
        Ok((name.clone(), column))
    });
    Ok(RawColumns { n_rows, columns: columns.collect::<Result<_, LoadError>>()? })
}

/// Milliseconds since 1970, by the first spelling of dates that reads every cell, as an import guesses it.
fn dates(cells: &[&str], not_a_date: impl Fn(usize, &str) -> LoadError) -> Result<Vec<f64>, LoadError> {
    let read = |cell: &str, format| dates::parse(cell, format).map(|moment| moment.ms as f64);
    let fits = |format: &DateFormat| cells.iter().all(|cell| cell.is_empty() || read(cell, *format).is_some());
    let format = DateFormat::ALL.into_iter().find(fits).unwrap_or(DateFormat::Iso);
    let date = |(row, cell): (usize, &&str)| match *cell {
        "" => Ok(f64::NAN),
        cell => read(cell, format).ok_or_else(|| not_a_date(row, cell)),
    };
    cells.iter().enumerate().map(date).collect()
}

fn numbers<'a>(
    cells: impl Iterator<Item = &'a str>,
    nulls: &NullTokens,
    marks: Marks,
    not_a_number: impl Fn(usize, &str) -> LoadError,
) -> Result<Vec<f64>, LoadError> {
    let number = |(row, cell): (usize, &str)| {
        let trimmed = cell.trim();
        if trimmed.is_empty() || nulls.is_missing(cell) {
            return Ok(f64::NAN);
        }
        number_with(trimmed, marks).ok_or_else(|| not_a_number(row, cell))
    };
    cells.enumerate().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path, inputs: &[(String, ColumnInput)], io: &dyn JobIo) -> Result<ScoringInput, LoadError> {
        ScoringInput::read(path, &path.file_name().unwrap().to_string_lossy(), inputs, io)
    }
    use crate::domain::io::Silent;

    const NUMBER: ColumnInput = ColumnInput::Number { whole: false };

    fn folder(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn input(name: &str, input: ColumnInput) -> (String, ColumnInput) {
        (name.to_owned(), input)
    }

    fn answer() -> [(String, ExtraColumn); 2] {
        [
            ("prediction".into(), ExtraColumn::Texts(vec!["no".into(), "yes, sure".into(), "no".into()])),
            ("probability_yes".into(), ExtraColumn::Numbers(vec![0.1, 1.0, 1e-300])),
        ]
    }

    const CSV: &str = "id,age,plan\n007,41.50,basic\n008,NA,\"a,b\"\n009, 5 ,None\n";

    #[test]
    fn inputs_are_picked_by_name_with_missing_cells_marked() {
        let (_folder, path) = folder("in.csv", CSV);
        let read = read(&path, &[input("plan", ColumnInput::Text), input("age", NUMBER)], &Silent).unwrap();
        let raw = read.raw();
        assert_eq!(raw.n_rows, 3);
        assert_eq!(raw.columns[0], ("plan".into(), RawColumn::Texts(vec!["basic".into(), "a,b".into(), "".into()])));
        let RawColumn::Numbers(age) = &raw.columns[1].1 else { panic!("numbers expected") };
        assert!(age[0] == 41.5 && age[1].is_nan() && age[2] == 5.0);
    }

    #[test]
    fn dates_are_read_in_the_spelling_that_fits_all_of_them() {
        let (_folder, path) = folder("in.csv", "id,day\n1,01.03.2026\n2,\n3,13.03.2026\n");
        let found = read(&path, &[input("day", ColumnInput::Datetime)], &Silent).unwrap();
        let RawColumn::Numbers(days) = &found.raw().columns[0].1 else { panic!("numbers expected") };
        assert!(days[0] == 1_772_323_200_000.0 && days[1].is_nan() && days[2] == 1_773_360_000_000.0);
        let (_folder, path) = folder("in.csv", "id,day\n1,2026-03-01\n2,soon\n");
        let error = read(&path, &[input("day", ColumnInput::Datetime)], &Silent).unwrap_err().to_string();
        assert!(error.contains("row 2, column `day`: expected a date, found `soon`"), "{error}");
    }

    #[test]
    fn text_inputs_keep_numbers_verbatim() {
        let (_folder, path) = folder("in.csv", CSV);
        let read = read(&path, &[input("age", ColumnInput::Text), input("id", ColumnInput::Text)], &Silent);
        let raw = read.unwrap().raw().clone();
        assert_eq!(raw.columns[0].1, RawColumn::Texts(vec!["41.50".into(), "".into(), " 5 ".into()]));
        assert_eq!(raw.columns[1].1, RawColumn::Texts(vec!["007".into(), "008".into(), "009".into()]));
    }

    #[test]
    fn all_missing_columns_and_the_first_bad_number_are_named() {
        let (_folder, path) = folder("in.csv", CSV);
        let error = read(&path, &[input("x", NUMBER), input("age", NUMBER), input("y", NUMBER)], &Silent);
        assert_eq!(
            error.unwrap_err().to_string(),
            "in.csv lacks columns the model needs: `x`, `y`; it has: `id`, `age`, `plan`"
        );
        let error = read(&path, &[input("plan", NUMBER)], &Silent).unwrap_err();
        assert_eq!(
            error.to_string(),
            "in.csv, row 1, column `plan`: expected a number, found `basic`; correct it or leave the cell empty"
        );
    }

    #[test]
    fn output_has_the_input_verbatim_and_then_the_answer() {
        let (folder, path) = folder("in.csv", CSV);
        let read = read(&path, &[], &Silent).unwrap();
        let out = folder.path().join("out.csv");
        assert_eq!(read.write(&out, &answer(), &Silent).unwrap(), Vec::<String>::new());
        assert_eq!(
            fs::read_to_string(&out).unwrap(),
            "id,age,plan,prediction,probability_yes\n007,41.50,basic,no,0.1\n008,NA,\"a,b\",\"yes, sure\",1\n\
             009, 5 ,None,no,1e-300\n"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn delimiters_follow_the_input_and_the_name() {
        let (folder, path) = folder("in.csv", "a;b\n1;2,5\n3;4,5\n5;6\n");
        let read = read(&path, &[], &Silent).unwrap();
        let out = folder.path().join("out.csv");
        read.write(&out, &answer(), &Silent).unwrap();
        assert!(fs::read_to_string(&out).unwrap().starts_with("a;b;prediction;probability_yes\n1;2,5;no;0.1\n"));
        let out = folder.path().join("out.tsv");
        read.write(&out, &answer(), &Silent).unwrap();
        assert!(fs::read_to_string(&out).unwrap().starts_with("a\tb\tprediction"));
    }

    #[test]
    fn columns_with_the_name_of_an_answer_are_kept_and_renamed() {
        let (folder, path) = folder("in.csv", "prediction,prediction_input\n1,x\n2,y\n3,z\n");
        let read = read(&path, &[], &Silent).unwrap();
        let out = folder.path().join("out.csv");
        let warnings = read.write(&out, &answer(), &Silent).unwrap();
        assert_eq!(warnings, ["the file already has a column `prediction`; it is kept as `prediction_input_input`"]);
        let text = fs::read_to_string(&out).unwrap();
        assert!(
            text.starts_with("prediction_input_input,prediction_input,prediction,probability_yes\n1,x,no,0.1\n"),
            "{text}"
        );
    }

    #[test]
    fn parquet_goes_in_and_out() {
        let (folder, path) = folder("in.csv", "n,f,b,t\n1,0.5,true,x\n2,,false,\n,2.25,true,z\n");
        let (table, _) = read::load(&path, "in.csv", &read::default_options(), &Silent).unwrap();
        let parquet_in = folder.path().join("in.parquet");
        parquet::write(&table, &parquet_in, &Silent).unwrap();
        let inputs = [input("b", ColumnInput::Text), input("n", NUMBER), input("f", ColumnInput::Text)];
        let read = read(&parquet_in, &inputs, &Silent).unwrap();
        let raw = read.raw();
        assert_eq!(raw.columns[0].1, RawColumn::Texts(vec!["true".into(), "false".into(), "true".into()]));
        assert_eq!(raw.columns[2].1, RawColumn::Texts(vec!["0.5".into(), "".into(), "2.25".into()]));
        let out = folder.path().join("out.parquet");
        read.write(&out, &answer(), &Silent).unwrap();
        let back = parquet::File::open(&out, "out").unwrap();
        let names: Vec<&str> = back.fields().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(names, ["n", "f", "b", "t", "prediction", "probability_yes"]);
        assert_eq!(back.column(0, Storage::Int64).unwrap(), table.columns[0]);
        assert_eq!(back.column(5, Storage::Float64).unwrap(), Cells::Float(vec![0.1, 1.0, 1e-300]));
        let out = folder.path().join("out.csv");
        read.write(&out, &answer(), &Silent).unwrap();
        assert!(fs::read_to_string(&out).unwrap().contains("\n,2.25,true,z,no,1e-300\n"));
    }

    #[test]
    fn delimited_text_can_leave_as_parquet() {
        let (folder, path) = folder("in.csv", CSV);
        let read = read(&path, &[], &Silent).unwrap();
        let out = folder.path().join("out.parquet");
        read.write(&out, &answer(), &Silent).unwrap();
        let back = parquet::File::open(&out, "out").unwrap();
        assert_eq!(back.column(1, Storage::String).unwrap().text(0).as_deref(), Some("41.50"));
    }

    #[test]
    fn a_header_of_numbers_is_known_by_the_models_inputs() {
        let (_folder, path) = folder("in.csv", "2019,2020\n1,2\n3,4\n");
        let read = read(&path, &[input("2020", NUMBER)], &Silent).unwrap();
        assert_eq!(read.raw().columns[0].1, RawColumn::Numbers(vec![2.0, 4.0]));
    }
}
