//! The text files that make the unzipped bundle an MLflow model: `MLmodel`, examples, environments, and a README.
//!
//! Written with templates, never read. Every string of a user travels inside ASCII-only JSON inside a single-quoted YAML
//! scalar, where nothing but the quote itself means anything.

use chrono::DateTime;
use serde_json::{Value, json};

use super::files;
use super::golden::GoldenRows;
use super::onnx::output_names;
use crate::domain::ids::ContentHash;
use crate::domain::model::TrainedModel;
use crate::domain::recipe::{ColumnInput, FittedColumn};
use crate::domain::schema::{ColumnSchema, Storage};

/// Rows of the input example.
const EXAMPLE_ROWS: usize = 5;

/// The type MLflow checks a column against before the loader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignatureType {
    Long,
    Double,
    Boolean,
    Text,
}

impl SignatureType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Text => "string",
        }
    }

    /// The type `pandas.read_csv` gives the training column: MLflow refuses int64 cells for `double`, float64 cells for
    /// `long` and bool cells for `string`, and turns missing cells of `boolean` JSON into false.
    fn of(column: &FittedColumn, schema: Option<&ColumnSchema>) -> Self {
        match &column.input {
            ColumnInput::Text => Self::Text,
            ColumnInput::Number { whole } => {
                let whole = schema.map_or(*whole, |s| s.storage == Storage::Int64 && s.missing == 0);
                if whole { Self::Long } else { Self::Double }
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
}

/// The model's input columns with their types, in recipe order.
fn signature(model: &TrainedModel, inputs: &[ColumnSchema]) -> Vec<(String, SignatureType)> {
    let schema = |name: &str| inputs.iter().find(|s| s.name == name);
    model.recipe.columns.iter().map(|c| (c.name.clone(), SignatureType::of(c, schema(&c.name)))).collect()
}

/// `MLmodel`. The uuid is taken from the model's own hash: the same model gives the same file.
pub(super) fn mlmodel(
    model: &TrainedModel,
    inputs: &[ColumnSchema],
    onnx_hash: &ContentHash,
    created_at_ms: i64,
) -> String {
    let columns = signature(model, inputs);
    let ins: Vec<Value> =
        columns.iter().map(|(name, kind)| json!({"type": kind.as_str(), "name": name, "required": true})).collect();
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

/// The first golden rows in pandas' `split` form, typed as the signature says.
pub(super) fn input_example(model: &TrainedModel, inputs: &[ColumnSchema], golden: &GoldenRows) -> Value {
    let columns = signature(model, inputs);
    let rows = golden.inputs.iter().take(EXAMPLE_ROWS);
    let data: Vec<Value> = rows
        .map(|cells| {
            let typed = columns.iter().map(|(name, kind)| {
                let at = golden.columns.iter().position(|c| c.name == *name);
                at.and_then(|at| cells.get(at)).map_or(Value::Null, |cell| example_cell(cell, *kind))
            });
            typed.collect()
        })
        .collect();
    let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
    json!({"columns": names, "data": data})
}

fn example_cell(cell: &Value, kind: SignatureType) -> Value {
    match kind {
        SignatureType::Long => cell.as_f64().filter(|x| x.fract() == 0.0).map_or(Value::Null, |x| json!(x as i64)),
        SignatureType::Double => cell.clone(),
        SignatureType::Boolean => cell.as_str().map_or(Value::Null, |word| json!(word.eq_ignore_ascii_case("true"))),
        SignatureType::Text if cell.as_str() == Some("") => Value::Null,
        SignatureType::Text => cell.clone(),
    }
}

/// What MLflow's server takes: the example as a request.
pub(super) fn serving_example(example: &Value) -> Value {
    json!({"dataframe_split": example})
}

pub(super) const REQUIREMENTS: &str = "mlflow>=2.9\nnumpy\nonnxruntime>=1.16\npandas>=2\n";

pub(super) const PYTHON_ENV: &str =
    "python: 3.11.7\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n";

pub(super) const CONDA: &str = "channels:
- conda-forge
dependencies:
- python=3.11
- pip
- pip:
  - mlflow>=2.9
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

2. MLflow (pip install mlflow onnxruntime pandas), in the unzipped folder:

   mlflow models predict -m . -i new.csv -t csv -o scored.json --env-manager local
   mlflow models serve -m . --env-manager local

   From Python, mlflow.pyfunc.load_model(".").predict(frame). MLflow compares column types with the training
   data: if it refuses int64 where the model expects double, pass frame.astype({"column": "float64"}).

3. ONNX Runtime (pip install onnxruntime numpy), in the unzipped folder, one array per column:

   python -c "import onnxruntime as o; s = o.InferenceSession('model.onnx'); print([(i.name, i.type) for i in s.get_inputs()], [x.name for x in s.get_outputs()])"

   Numbers are float64 with NaN for missing cells; text is str with '' for missing cells; each array has shape [N].

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
    fn the_signature_names_the_types_pandas_reads() {
        let sample = samples(1).remove(0);
        let types: Vec<(String, &str)> =
            signature(&sample.model, &sample.inputs).into_iter().map(|(n, t)| (n, t.as_str())).collect();
        let types: Vec<(&str, &str)> = types.iter().map(|(n, t)| (n.as_str(), *t)).collect();
        let expected = [
            ("city", "string"),
            ("age", "double"),
            ("visits", "long"),
            ("income", "double"),
            ("plan", "string"),
            ("active", "boolean"),
            ("newsletter", "string"),
            ("member", "string"),
        ];
        assert_eq!(types, expected);
    }

    #[test]
    fn any_name_stays_on_its_line_of_ascii_yaml() {
        let mut sample = samples(1).remove(0);
        sample.model.classes = vec!["it's\nno: [x]\u{85}".into(), "ja 🎉 \u{7f}".into()];
        let text = mlmodel(&sample.model, &sample.inputs, &files::sha256(b"x"), 0);
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)));
        let line = text.lines().find(|l| l.trim_start().starts_with("outputs: ")).unwrap();
        let quoted = line.trim_start().strip_prefix("outputs: '").unwrap().strip_suffix('\'').unwrap();
        let parsed: Value = serde_json::from_str(&quoted.replace("''", "'")).unwrap();
        assert_eq!(parsed[1]["name"], "probability_it's\nno: [x]\u{85}");
        assert_eq!(parsed[2]["name"], "probability_ja 🎉 \u{7f}");
        assert!(text.ends_with("utc_time_created: '1970-01-01 00:00:00.000000'\n"));
    }
}
