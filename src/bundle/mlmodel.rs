//! The text files that make the unzipped bundle an MLflow model: `MLmodel`, examples, environments, and a README.
//!
//! Written with templates, never read. Every string of a user travels inside ASCII-only JSON inside a single-quoted YAML
//! scalar, where nothing but the quote itself means anything.
//!
//! **The signature** names every input and types none of them (`any`). MLflow compares types before the loader sees a
//! cell, and pandas chooses them anew for every file, so that a typed signature refuses ordinary tables. Measured with
//! MLflow 3.17.2 and frames of `pandas.read_csv`; "gaps" is a file in which the column has some empty cells, "lost" one
//! in which it has nothing else:
//!
//! | signature of a number, a yes/no, a text | as trained | gaps | lost | CSV over HTTP | JSON over HTTP |
//! |---|---|---|---|---|---|
//! | `long`, `boolean`, `string` | yes | no | no | without gaps | without gaps |
//! | `double`, `string`, `string` | no | yes | no | yes | yes |
//! | `any` | yes | yes | yes | **no** | yes |
//! | outputs only | yes | yes | yes | yes | yes |
//!
//! Outputs only would let everything in, but then nobody can ask the model which columns it takes. `any` costs one way
//! in: `text/csv` posted to `mlflow models serve`. `mlflow models predict -t csv` reads the file without the signature
//! and works. What a cell may be, the loader decides: it reads numbers, text and yes/no in every type pandas has.

use chrono::DateTime;
use serde_json::{Value, json};

use super::files;
use super::golden::GoldenRows;
use super::onnx::output_names;
use crate::domain::ids::ContentHash;
use crate::domain::model::TrainedModel;
use crate::domain::recipe::{ColumnInput, RecipeInput};
use crate::domain::schema::{ColumnSchema, Storage};

/// Rows of the input example.
const EXAMPLE_ROWS: usize = 5;
/// See the head of this file.
const INPUT_TYPE: &str = "any";

/// How a cell of the input example is written: as `pandas.read_csv` would have read the training column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Whole,
    Number,
    Boolean,
    Date,
    Text,
}

impl Cell {
    fn of(column: &RecipeInput, schema: Option<&ColumnSchema>) -> Self {
        match &column.input {
            ColumnInput::Text => Self::Text,
            ColumnInput::Datetime => Self::Date,
            ColumnInput::Number { whole } => {
                let whole = schema.map_or(*whole, |s| s.storage == Storage::Int64 && s.missing == 0);
                if whole { Self::Whole } else { Self::Number }
            }
            ColumnInput::BooleanText { .. } => {
                let parsed = |words: &[String], known: [&str; 3]| words.iter().all(|w| known.contains(&w.as_str()));
                let bool_in_pandas = schema.is_some_and(|s| {
                    s.missing == 0
                        && parsed(&s.true_spellings, ["true", "True", "TRUE"])
                        && parsed(&s.false_spellings, ["false", "False", "FALSE"])
                });
                if bool_in_pandas { Self::Boolean } else { Self::Text }
            }
        }
    }

    fn write(self, cell: &Value) -> Value {
        match self {
            Self::Whole => cell.as_f64().filter(|x| x.fract() == 0.0).map_or(Value::Null, |x| json!(x as i64)),
            Self::Number => cell.clone(),
            Self::Date => cell.as_f64().map_or(Value::Null, |ms| date(ms).map_or(Value::Null, Value::from)),
            Self::Boolean => match cell.as_str() {
                None | Some("") => Value::Null,
                Some(word) => json!(word.eq_ignore_ascii_case("true")),
            },
            Self::Text if cell.as_str() == Some("") => Value::Null,
            Self::Text => cell.clone(),
        }
    }
}

/// As files spell dates: with a time only where there is one.
fn date(ms: f64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(ms as i64)?;
    let pattern = if (ms as i64).rem_euclid(86_400_000) == 0 { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
    Some(time.format(pattern).to_string())
}

/// `MLmodel`. The uuid is taken from the model's own hash: the same model gives the same file.
pub(super) fn mlmodel(model: &TrainedModel, onnx_hash: &ContentHash, created_at_ms: i64) -> String {
    let ins = model.recipe.inputs.iter().map(|c| json!({"type": INPUT_TYPE, "name": c.name, "required": true}));
    let ins: Vec<Value> = ins.collect();
    let prediction = if model.classes.is_empty() { "double" } else { "string" };
    let outs = output_names(&model.classes);
    let outs: Vec<Value> = outs
        .iter()
        .enumerate()
        .map(|(i, name)| json!({"type": if i == 0 { prediction } else { "double" }, "name": name}))
        .collect();
    let created = DateTime::from_timestamp_millis(created_at_ms).unwrap_or_default();
    format!(
        "flavors:
  onnx:
    code: null
    data: {model_file}
    onnx_version: 1.16.0
    providers:
    - CPUExecutionProvider
  python_function:
    code: code
    data: {model_file}
    env:
      conda: {conda}
      virtualenv: {python_env}
    loader_module: modelwright_scorer
    python_version: 3.11.7
mlflow_version: 2.9.2
model_uuid: {uuid}
saved_input_example_info:
  artifact_path: {example}
  pandas_orient: split
  serving_input_path: {serving}
  type: dataframe
signature:
  inputs: {ins}
  outputs: {outs}
  params: null
utc_time_created: '{created}'
",
        model_file = files::MODEL,
        conda = files::CONDA,
        python_env = files::PYTHON_ENV,
        uuid = &onnx_hash.as_str()[..32],
        example = files::INPUT_EXAMPLE,
        serving = files::SERVING_EXAMPLE,
        ins = yaml_quoted(&ascii_json(&Value::Array(ins))),
        outs = yaml_quoted(&ascii_json(&Value::Array(outs))),
        created = created.format("%Y-%m-%d %H:%M:%S%.6f"),
    )
}

/// The first golden rows in pandas' `split` form, typed as pandas would have read them.
pub(super) fn input_example(model: &TrainedModel, inputs: &[ColumnSchema], golden: &GoldenRows) -> Value {
    let schema = |name: &str| inputs.iter().find(|s| s.name == name);
    let columns: Vec<(&str, Option<usize>, Cell)> = model
        .recipe
        .inputs
        .iter()
        .map(|c| {
            let at = golden.columns.iter().position(|g| g.name == c.name);
            (c.name.as_str(), at, Cell::of(c, schema(&c.name)))
        })
        .collect();
    let written = |cells: &Vec<Value>| -> Vec<Value> {
        let cell = |at: &Option<usize>| at.and_then(|at| cells.get(at));
        columns.iter().map(|(_, at, kind)| cell(at).map_or(Value::Null, |cell| kind.write(cell))).collect()
    };
    let data: Vec<Vec<Value>> = golden.inputs.iter().take(EXAMPLE_ROWS).map(written).collect();
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    json!({"columns": names, "data": data})
}

/// What MLflow's server takes: the example as a request.
pub(super) fn serving_example(example: &Value) -> Value {
    json!({"dataframe_split": example})
}

pub(super) const REQUIREMENTS: &str = "mlflow>=2.19\nnumpy\nonnxruntime>=1.16\npandas>=2\n";

pub(super) const PYTHON_ENV: &str =
    "python: 3.11.7\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n";

pub(super) const CONDA: &str = "channels:
- conda-forge
dependencies:
- python=3.11
- pip
- pip:
  - mlflow>=2.19
  - numpy
  - onnxruntime>=1.16
  - pandas>=2
name: modelwright-model
";

/// Three ways to run the model somewhere else.
pub(super) const README: &str = r#"A model exported by Modelwright
===============================

model.onnx          data preparation and model in one graph; inputs are the raw columns
MLmodel, code/      the same as an MLflow model: this folder is one
model_card.md       what the model is, how it was trained and measured
golden_rows.json    rows with known answers, to prove that it still works
manifest.json       the model as plain JSON, where it came from, SHA-256 of every file

1. Modelwright, without unzipping:

   modelwright score bundle.zip new.csv scored.csv

2. MLflow 2.19 or later (pip install mlflow onnxruntime pandas), in the unzipped folder:

   mlflow models predict -m . -i new.csv -t csv -o scored.json --env-manager local
   mlflow models serve -m . --env-manager local

   From Python, mlflow.pyfunc.load_model(".").predict(frame) takes any frame with these columns, as pandas.read_csv
   gives it: whole numbers, gaps, columns that are all empty, categories that training never saw. Other columns are
   ignored. The server takes JSON (dataframe_split, dataframe_records); it cannot read text/csv for a model that
   leaves column types open, as this one does: post frame.to_json(orient="split") as {"dataframe_split": ...}.

3. ONNX Runtime (pip install onnxruntime numpy), in the unzipped folder, one array per column (here the first golden rows):

   python -c "import json, numpy as np, onnxruntime as rt; s = rt.InferenceSession('model.onnx'); rows = json.load(open('golden_rows.json'))['inputs'][:5]; feed = {i.name: np.array(c, object if 'string' in i.type else float) for i, c in zip(s.get_inputs(), zip(*rows))}; print(dict(zip([o.name for o in s.get_outputs()], s.run(None, feed))))"

   Numbers are float64 with NaN for missing cells, dates too: milliseconds since 1970-01-01 UTC. Text is str with ''
   for missing cells. Each array has shape [N].

The checksums detect damage, not forgery. The only code here is code/modelwright_scorer.py, which MLflow runs.
"#;

/// JSON in printable ASCII: everything else as `\u` escapes, so that no reader can trip over a character.
pub(super) fn ascii_json(value: &Value) -> String {
    let mut ascii = String::new();
    for c in value.to_string().chars() {
        if (' '..='~').contains(&c) {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}

/// A single-quoted YAML scalar. Only for printable ASCII on one line.
fn yaml_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples::samples;

    #[test]
    fn the_signature_names_every_input_and_types_none() {
        let sample = samples(1).remove(0);
        let text = mlmodel(&sample.model, &files::sha256(b"x"), 0);
        let line = text.lines().find_map(|l| l.trim_start().strip_prefix("inputs: '")).unwrap();
        let parsed: Vec<Value> = serde_json::from_str(line.strip_suffix('\'').unwrap()).unwrap();
        let names: Vec<&str> = parsed.iter().filter_map(|c| c["name"].as_str()).collect();
        assert_eq!(names, ["city", "age", "visits", "income", "plan", "active", "newsletter", "member"]);
        assert!(parsed.iter().all(|c| c["type"] == "any" && c["required"] == true));
    }

    #[test]
    fn example_cells_are_written_as_pandas_reads_them() {
        let sample = samples(1).remove(0);
        let kinds: Vec<Cell> = sample
            .model
            .recipe
            .inputs
            .iter()
            .map(|c| Cell::of(c, sample.inputs.iter().find(|s| s.name == c.name)))
            .collect();
        use Cell::{Boolean, Number, Text, Whole};
        assert_eq!(kinds, [Text, Number, Whole, Number, Text, Boolean, Text, Text]);
        assert_eq!(Whole.write(&json!(3.0)), json!(3));
        assert_eq!(Boolean.write(&json!("False")), json!(false));
        for (kind, missing) in [(Whole, Value::Null), (Number, Value::Null), (Boolean, json!("")), (Text, json!(""))] {
            assert_eq!(kind.write(&missing), Value::Null, "{kind:?}");
        }
    }

    #[test]
    fn any_name_stays_on_its_line_of_ascii_yaml() {
        let mut sample = samples(1).remove(0);
        sample.model.classes = vec!["it's\nno: [x]\u{85}".into(), "ja 🎉 \u{7f}".into()];
        let text = mlmodel(&sample.model, &files::sha256(b"x"), 0);
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)));
        let line = text.lines().find(|l| l.trim_start().starts_with("outputs: ")).unwrap();
        let quoted = line.trim_start().strip_prefix("outputs: '").unwrap().strip_suffix('\'').unwrap();
        let parsed: Value = serde_json::from_str(&quoted.replace("''", "'")).unwrap();
        assert_eq!(parsed[1]["name"], "probability_it's\nno: [x]\u{85}");
        assert_eq!(parsed[2]["name"], "probability_ja 🎉 \u{7f}");
        assert!(text.ends_with("utc_time_created: '1970-01-01 00:00:00.000000'\n"));
    }
}
