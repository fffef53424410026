//! Golden rows: inputs with the answers the model in memory gave. Whoever loads the bundle can prove that it still
//! says the same, without the training data and without us.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::BundleError;
use super::onnx::{Scores, output_names};
use crate::domain::model::TrainedModel;
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::task::{Predictions, argmax};

/// Largest accepted distance, relative to the expected number where that is above 1.
pub const TOLERANCE: f64 = 1e-9;

/// `golden_rows.json`: rows as lists, so that people can read them too. A missing number is `null`, missing text `""`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldenRows {
    pub format_version: u32,
    pub tolerance: f64,
    pub columns: Vec<GoldenColumn>,
    pub inputs: Vec<Vec<Value>>,
    /// `prediction`, `probability_<class>` …
    pub outputs: Vec<String>,
    pub expected: Vec<Vec<Value>>,
    /// Two classes: the probability from which on the second is predicted, where it is not the larger one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenColumn {
    pub name: String,
    pub text: bool,
}

/// How near the answers were.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GoldenReport {
    pub rows: u64,
    /// Over probabilities or predicted numbers; absolute.
    pub max_abs_diff: f64,
}

impl GoldenRows {
    /// # Errors
    /// [`BundleError::Unsupported`] when there is no row, rows and answers differ in number, or an answer is not finite.
    pub fn new(model: &TrainedModel, inputs: &RawColumns, expected: &Predictions) -> Result<Self, BundleError> {
        let broken = |problem: String| BundleError::Unsupported(format!("its golden rows: {problem}"));
        if inputs.n_rows == 0 || inputs.n_rows != expected.len() {
            return Err(broken(format!("{} rows and {} answers", inputs.n_rows, expected.len())));
        }
        let columns = inputs
            .columns
            .iter()
            .map(|(name, column)| GoldenColumn { name: name.clone(), text: matches!(column, RawColumn::Texts(_)) });
        let mut rows = Vec::with_capacity(inputs.n_rows);
        for row in 0..inputs.n_rows {
            let cells: Option<Vec<Value>> = inputs.columns.iter().map(|(_, column)| cell(column, row)).collect();
            rows.push(cells.ok_or_else(|| broken(format!("row {row} is incomplete")))?);
        }
        let answers = match expected {
            Predictions::Values(values) => values.iter().map(|&v| vec![Value::from(v)]).collect(),
            Predictions::Classes { probabilities, n_classes } if *n_classes == model.classes.len() => probabilities
                .chunks_exact((*n_classes).max(1))
                .map(|row| {
                    let class = match (model.threshold, row) {
                        (Some(threshold), [_, second]) => usize::from(*second >= threshold),
                        _ => argmax(row),
                    };
                    let label = Value::from(model.classes[class].as_str());
                    std::iter::once(label).chain(row.iter().map(|&p| Value::from(p))).collect()
                })
                .collect(),
            Predictions::Classes { n_classes, .. } => {
                return Err(broken(format!("answers for {n_classes} classes, the model has {}", model.classes.len())));
            }
        };
        let golden = Self {
            format_version: 1,
            tolerance: TOLERANCE,
            columns: columns.collect(),
            inputs: rows,
            outputs: output_names(&model.classes),
            expected: answers,
            threshold: model.threshold,
        };
        if golden.expected.iter().flatten().any(Value::is_null) {
            return Err(broken("an answer is not a finite number".to_owned()));
        }
        Ok(golden)
    }

    /// The inputs as the scorer takes them.
    ///
    /// # Errors
    /// The first cell that is not what its column says.
    pub fn raw(&self) -> Result<RawColumns, String> {
        let mut columns = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.iter().enumerate() {
            let cells = self.inputs.iter().enumerate().map(|(row, cells)| {
                cells.get(at).ok_or_else(|| format!("row {} has no cell for `{}`", row + 1, column.name))
            });
            let cells: Vec<&Value> = cells.collect::<Result<_, _>>()?;
            let wrong = |row: usize| format!("row {}, `{}`: unexpected type", row + 1, column.name);
            let raw = if column.text {
                let text = |(row, cell): (usize, &&Value)| cell.as_str().map(str::to_owned).ok_or_else(|| wrong(row));
                RawColumn::Texts(cells.iter().enumerate().map(text).collect::<Result<_, _>>()?)
            } else {
                let number = |(row, cell): (usize, &&Value)| match cell {
                    Value::Null => Ok(f64::NAN),
                    cell => cell.as_f64().ok_or_else(|| wrong(row)),
                };
                RawColumn::Numbers(cells.iter().enumerate().map(number).collect::<Result<_, _>>()?)
            };
            columns.push((column.name.clone(), raw));
        }
        Ok(RawColumns { n_rows: self.inputs.len(), columns })
    }

    /// Compares answers with the expected ones. A class may differ only where the expected probabilities tie.
    ///
    /// # Errors
    /// [`BundleError::Golden`] names the first row that differs.
    pub fn compare(&self, scores: &Scores) -> Result<GoldenReport, BundleError> {
        let mut report = GoldenReport { rows: self.expected.len() as u64, max_abs_diff: 0.0 };
        for (row, expected) in self.expected.iter().enumerate() {
            let found = found(scores, row);
            if expected.len() != self.outputs.len() || found.len() != self.outputs.len() {
                return Err(self.differs(row, 0, &format!("{} outputs", self.outputs.len()), &found.len().to_string()));
            }
            for (at, (expected_cell, found_cell)) in expected.iter().zip(&found).enumerate() {
                let equal = match (expected_cell, found_cell) {
                    (Value::String(_), Found::Label(label)) => self.label_fits(expected, label),
                    (cell, Found::Number(x)) => cell.as_f64().is_some_and(|e| {
                        let diff = (e - x).abs();
                        report.max_abs_diff = report.max_abs_diff.max(diff);
                        diff <= TOLERANCE * e.abs().max(1.0)
                    }),
                    _ => false,
                };
                if !equal {
                    let text = match found_cell {
                        Found::Label(label) => (*label).to_owned(),
                        Found::Number(x) => x.to_string(),
                    };
                    return Err(self.differs(row, at, &expected_cell.to_string(), &text));
                }
            }
        }
        Ok(report)
    }

    fn label_fits(&self, expected: &[Value], label: &str) -> bool {
        if let (Some(threshold), [named, _, second]) = (self.threshold, expected) {
            let on_the_edge = second.as_f64().is_some_and(|p| (p - threshold).abs() <= TOLERANCE);
            return named.as_str() == Some(label) || on_the_edge;
        }
        let named = |output: &String| output.strip_prefix("probability_") == Some(label);
        let top = expected.iter().filter_map(Value::as_f64).fold(0.0, f64::max);
        expected[0].as_str() == Some(label)
            || self
                .outputs
                .iter()
                .skip(1)
                .position(named)
                .is_some_and(|at| expected.get(at + 1).and_then(Value::as_f64).is_some_and(|p| top - p <= TOLERANCE))
    }

    fn differs(&self, row: usize, output: usize, expected: &str, found: &str) -> BundleError {
        let output = self.outputs.get(output).cloned().unwrap_or_default();
        BundleError::Golden { row: row + 1, output, expected: expected.to_owned(), found: found.to_owned() }
    }
}

enum Found<'a> {
    Label(&'a str),
    Number(f64),
}

fn found(scores: &Scores, row: usize) -> Vec<Found<'_>> {
    let label = scores.labels.as_ref().and_then(|l| l.get(row)).map(|l| Found::Label(l));
    let value = scores.values.as_ref().and_then(|v| v.get(row)).map(|&v| Found::Number(v));
    let probabilities = scores.probabilities.iter().filter_map(|(_, p)| p.get(row)).map(|&p| Found::Number(p));
    label.into_iter().chain(value).chain(probabilities).collect()
}

/// `None` when the column has no such row.
fn cell(column: &RawColumn, row: usize) -> Option<Value> {
    match column {
        RawColumn::Texts(texts) => texts.get(row).map(|t| Value::from(t.as_str())),
        RawColumn::Numbers(numbers) => numbers.get(row).map(|&x| Value::from(x)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples::samples;

    fn golden() -> GoldenRows {
        let sample = samples(5).remove(0);
        GoldenRows::new(&sample.model, &sample.raw, &sample.expected()).unwrap()
    }

    #[test]
    fn rows_survive_json_bit_by_bit() {
        let sample = samples(200).remove(0);
        let golden = GoldenRows::new(&sample.model, &sample.raw, &sample.expected()).unwrap();
        let read: GoldenRows = serde_json::from_slice(&serde_json::to_vec(&golden).unwrap()).unwrap();
        let raw = read.raw().unwrap();
        for ((name, before), (_, after)) in sample.raw.columns.iter().zip(&raw.columns) {
            match (before, after) {
                (RawColumn::Texts(a), RawColumn::Texts(b)) => assert_eq!(a, b),
                (RawColumn::Numbers(a), RawColumn::Numbers(b)) => {
                    let same = |(a, b): (&f64, &f64)| a == b || (!a.is_finite() && b.is_nan());
                    assert!(a.iter().zip(b).all(same), "{name}");
                }
                _ => panic!("{name}"),
            }
        }
    }

    #[test]
    fn a_label_may_differ_only_in_a_tie() {
        let mut golden = golden();
        golden.expected = vec![vec!["no".into(), 0.5.into(), 0.5.into()]];
        let scores = |no: f64, yes: f64| Scores {
            labels: Some(vec!["yes".into()]),
            values: None,
            probabilities: vec![("no".into(), vec![no]), ("yes".into(), vec![yes])],
        };
        assert!(golden.compare(&scores(0.5 - 1e-16, 0.5 + 1e-16)).is_ok());
        golden.expected = vec![vec!["no".into(), 0.6.into(), 0.4.into()]];
        let problem = golden.compare(&scores(0.6, 0.4)).unwrap_err().to_string();
        assert!(problem.starts_with("golden row 1, `prediction`: expected \"no\", the bundle gives yes"), "{problem}");
    }

    #[test]
    fn no_rows_prove_nothing() {
        let sample = samples(5).remove(0);
        let none = sample.raw.take(&[]);
        let expected = Predictions::Classes { probabilities: vec![], n_classes: 2 };
        assert!(GoldenRows::new(&sample.model, &none, &expected).is_err());
    }
}
