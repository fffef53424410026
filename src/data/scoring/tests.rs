use std::fs;
use std::path::PathBuf;

use super::*;
use crate::data::parquet;
use crate::domain::io::Silent;
use crate::domain::raw::RawColumn;

/// What the model was given, and the means to score the same file again with another answer.
#[derive(Debug)]
struct Reading {
    path: PathBuf,
    raw: RawColumns,
}

impl Reading {
    fn raw(&self) -> &RawColumns {
        &self.raw
    }

    fn write(&self, out: &Path, extra: &[(String, ExtraColumn)], io: &dyn JobIo) -> Result<Vec<String>, LoadError> {
        let name = self.path.file_name().unwrap().to_string_lossy();
        let file = ScoringFile { path: &self.path, name: &name, inputs: &[], out };
        let mut predict = |_: &RawColumns, _: &dyn JobIo| Ok(extra.to_vec());
        Ok(score::<LoadError>(&file, &mut predict, io)?.warnings)
    }
}

fn read(path: &Path, inputs: &[(String, ColumnInput)], io: &dyn JobIo) -> Result<Reading, LoadError> {
    let (folder, name) = (tempfile::tempdir().unwrap(), path.file_name().unwrap().to_string_lossy());
    let file = ScoringFile { path, name: &name, inputs, out: &folder.path().join("out.csv") };
    let mut raw = RawColumns::default();
    let mut predict = |given: &RawColumns, _: &dyn JobIo| {
        raw = given.clone();
        Ok(Vec::new())
    };
    score::<LoadError>(&file, &mut predict, io)?;
    Ok(Reading { path: path.to_owned(), raw })
}

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

#[test]
fn pieces_follow_each_other_and_errors_count_from_the_start_of_the_file() {
    let rows = 150_000;
    let text: String = (0..rows).map(|i| format!("{i}\n")).collect();
    let (folder, path) = folder("in.csv", &format!("n\n{text}"));
    let (out, inputs) = (folder.path().join("out.csv"), [input("n", NUMBER)]);
    let file = ScoringFile { path: &path, name: "in.csv", inputs: &inputs, out: &out };
    let pieces = Cell::new(0);
    let mut twice = |raw: &RawColumns, _: &dyn JobIo| -> Result<_, LoadError> {
        pieces.set(pieces.get() + 1);
        let RawColumn::Numbers(n) = &raw.columns[0].1 else { panic!("numbers expected") };
        Ok(vec![("twice".to_owned(), ExtraColumn::Numbers(n.iter().map(|n| 2.0 * n).collect()))])
    };
    let scored = score(&file, &mut twice, &Silent).unwrap();
    assert_eq!((scored.rows, scored.columns, pieces.get()), (rows, vec!["twice".to_owned()], 3));
    let written = fs::read_to_string(&out).unwrap();
    assert!(written.lines().skip(1).enumerate().all(|(i, line)| line == format!("{i},{}", 2 * i)));
    assert_eq!(written.lines().count() as u64, rows + 1);

    fs::remove_file(&out).unwrap();
    fs::write(&path, format!("n,m\n{}x,1\n", "1,1\n".repeat(140_000))).unwrap();
    let error = score(&file, &mut twice, &Silent).unwrap_err().to_string();
    assert!(error.starts_with("in.csv, row 140001, column `n`: expected a number, found `x`"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}
