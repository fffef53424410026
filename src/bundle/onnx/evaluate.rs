//! Scores rows with a graph read back from its file: the proof that what was written says what was trained, and the
//! scorer for bundles. Knows nothing but what the file holds.

use std::borrow::Cow;

use super::compile::compile;
use super::program::{Arithmetic, Comparison, Each, Elem, Op, Program, Side, Step};
use crate::bundle::error::BundleError;
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::task::argmax;

/// Numbers in flight at a time, over all steps: enough rows to be quick, few enough to stay in the cache.
const CELLS_IN_FLIGHT: usize = 1 << 19;

/// A checked ONNX file, ready to score.
#[derive(Debug)]
pub struct OnnxModel {
    program: Program,
    classes: Vec<String>,
}

/// What a bundle says about some rows: classes with their probabilities, or numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// The most probable class of every row; `None` for regression.
    pub labels: Option<Vec<String>>,
    /// The predicted number of every row; `None` for classes.
    pub values: Option<Vec<f64>>,
    /// Class → its probability in every row, in the model's order; empty for regression.
    pub probabilities: Vec<(String, Vec<f64>)>,
}

impl OnnxModel {
    /// Reads and checks a file that [`super::export`] wrote.
    ///
    /// # Errors
    /// [`BundleError::Onnx`] for anything else: a foreign operator, attribute or field, data kept in another file, a shape
    /// that does not fit, a tree with a circle.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let program = compile(bytes).map_err(BundleError::Onnx)?;
        let classes = classes(&program).map_err(BundleError::Onnx)?;
        Ok(Self { program, classes })
    }

    /// The columns it takes, in order; `true` for those that take text.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, bool)> {
        self.program.inputs.iter().map(|(name, elem)| (name.as_str(), *elem == Elem::Text))
    }

    /// Class names in the order of the probabilities; empty for regression.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Scores all rows, in order. Columns are found by name; more columns than the model takes do no harm.
    ///
    /// # Errors
    /// [`BundleError::Input`] when a column is absent, of the wrong type or of another length.
    pub fn run(&self, raw: &RawColumns) -> Result<Scores, BundleError> {
        let columns = self.columns(raw)?;
        let mut results: Vec<Value<'_>> = self.program.outputs.iter().map(|(_, elem, _)| Value::empty(*elem)).collect();
        let batch = (CELLS_IN_FLIGHT / self.program.cells_per_row.max(1)).clamp(1, 4096);
        for from in (0..raw.n_rows).step_by(batch) {
            let to = (from + batch).min(raw.n_rows);
            let mut slots: Vec<Value<'_>> = columns.iter().map(|column| Value::slice(column, from, to)).collect();
            slots.resize_with(self.program.n_slots, || Value::Nothing);
            for step in &self.program.steps {
                slots[step.output] = evaluate(step, &slots, to - from).map_err(BundleError::Onnx)?;
            }
            for (result, (_, _, slot)) in results.iter_mut().zip(&self.program.outputs) {
                result.append(&slots[*slot]);
            }
        }
        Ok(self.scores(results))
    }

    fn columns<'a>(&self, raw: &'a RawColumns) -> Result<Vec<&'a RawColumn>, BundleError> {
        let mut columns = Vec::with_capacity(self.program.inputs.len());
        for (name, elem) in &self.program.inputs {
            let problem = |problem: String| BundleError::Input { column: name.clone(), problem };
            let column = raw.columns.iter().find(|(given, _)| given == name);
            let Some((_, column)) = column else {
                return Err(problem("the model needs it, the rows do not have it".to_owned()));
            };
            let (length, fits) = match column {
                RawColumn::Numbers(v) => (v.len(), *elem == Elem::F64),
                RawColumn::Texts(v) => (v.len(), *elem == Elem::Text),
            };
            if !fits {
                let expected = if *elem == Elem::F64 { "numbers" } else { "text" };
                return Err(problem(format!("the model expects {expected}")));
            }
            if length != raw.n_rows {
                return Err(problem(format!("it has {length} cells for {} rows", raw.n_rows)));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    fn scores(&self, results: Vec<Value<'_>>) -> Scores {
        let mut scores = Scores::default();
        for ((name, _, _), result) in self.program.outputs.iter().zip(results) {
            match result {
                Value::Text(labels) => scores.labels = Some(labels.into_owned()),
                Value::F64(values) if name == "prediction" => scores.values = Some(values.into_owned()),
                Value::F64(values) => {
                    let class = self.classes.get(scores.probabilities.len()).cloned().unwrap_or_default();
                    scores.probabilities.push((class, values.into_owned()));
                }
                _ => {}
            }
        }
        scores
    }
}

/// The classes by the file's metadata, which must agree with its outputs.
fn classes(program: &Program) -> Result<Vec<String>, String> {
    let json = program.metadata.get("modelwright.classes").map_or("", String::as_str);
    let classes: Vec<String> = serde_json::from_str(json).map_err(|_| "it does not name its classes".to_owned())?;
    let names: Vec<&str> = program.outputs.iter().map(|(name, _, _)| name.as_str()).collect();
    let expected = super::names::output_names(&classes);
    let first = if classes.is_empty() { Elem::F64 } else { Elem::Text };
    let types_fit = program.outputs.iter().enumerate().all(|(i, o)| o.1 == if i == 0 { first } else { Elem::F64 });
    if names != expected || !types_fit {
        return Err(format!("its outputs are {names:?}, its classes {classes:?}"));
    }
    Ok(classes)
}

/// A value for one batch of rows; matrices row after row.
#[derive(Debug)]
enum Value<'a> {
    F64(Cow<'a, [f64]>),
    F32(Vec<f32>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
    Text(Cow<'a, [String]>),
    /// Not computed yet, or only there to give a number of rows.
    Nothing,
}

impl<'a> Value<'a> {
    fn empty(elem: Elem) -> Self {
        match elem {
            Elem::Text => Self::Text(Cow::Owned(Vec::new())),
            _ => Self::F64(Cow::Owned(Vec::new())),
        }
    }

    fn slice(column: &'a RawColumn, from: usize, to: usize) -> Self {
        match column {
            RawColumn::Numbers(values) => Self::F64(Cow::Borrowed(&values[from..to])),
            RawColumn::Texts(texts) => Self::Text(Cow::Borrowed(&texts[from..to])),
        }
    }

    fn append(&mut self, batch: &Value<'_>) {
        match (self, batch) {
            (Self::F64(all), Value::F64(some)) => all.to_mut().extend_from_slice(some),
            (Self::Text(all), Value::Text(some)) => all.to_mut().extend_from_slice(some),
            _ => {}
        }
    }

    fn f64s(&self) -> &[f64] {
        if let Self::F64(values) = self { values } else { &[] }
    }

    fn f32s(&self) -> &[f32] {
        if let Self::F32(values) = self { values } else { &[] }
    }

    fn i64s(&self) -> &[i64] {
        if let Self::I64(values) = self { values } else { &[] }
    }

    fn bools(&self) -> &[bool] {
        if let Self::Bool(values) = self { values } else { &[] }
    }

    fn texts(&self) -> &[String] {
        if let Self::Text(texts) = self { texts } else { &[] }
    }
}

/// One step over a batch. Types and shapes were checked when the file was read; what can still be wrong is an index.
fn evaluate<'a>(step: &Step, slots: &[Value<'a>], n_rows: usize) -> Result<Value<'a>, String> {
    let input = |i: usize| &slots[step.inputs[i]];
    let f64s = |values: Vec<f64>| Value::F64(Cow::Owned(values));
    Ok(match &step.op {
        Op::Concat(widths) => {
            let parts: Vec<(&[f64], usize)> =
                step.inputs.iter().map(|&s| slots[s].f64s()).zip(widths.iter().copied()).collect();
            f64s(concat(&parts, n_rows))
        }
        Op::IsNan => Value::Bool(input(0).f64s().iter().map(|x| x.is_nan()).collect()),
        Op::IsInf => Value::Bool(input(0).f64s().iter().map(|x| x.is_infinite()).collect()),
        Op::Or => Value::Bool(input(0).bools().iter().zip(input(1).bools()).map(|(a, b)| a | b).collect()),
        Op::And => Value::Bool(input(0).bools().iter().zip(input(1).bools()).map(|(a, b)| a & b).collect()),
        Op::Where(yes, no, width) => {
            let chosen = sides(step, slots, yes, no, *width, n_rows, |yes, no| (yes, no));
            let cells = input(0).bools().iter().zip(chosen);
            f64s(cells.map(|(&test, (yes, no))| if test { yes } else { no }).collect())
        }
        Op::Arithmetic(how, a, b, width) => f64s(match how {
            Arithmetic::Add => sides(step, slots, a, b, *width, n_rows, |a, b| a + b),
            Arithmetic::Sub => sides(step, slots, a, b, *width, n_rows, |a, b| a - b),
            Arithmetic::Mul => sides(step, slots, a, b, *width, n_rows, |a, b| a * b),
            Arithmetic::Div => sides(step, slots, a, b, *width, n_rows, |a, b| a / b),
        }),
        Op::Compare(how, a, b, width) => Value::Bool(match how {
            Comparison::Equal => sides(step, slots, a, b, *width, n_rows, |a, b| a == b),
            Comparison::Less => sides(step, slots, a, b, *width, n_rows, |a, b| a < b),
            Comparison::LessOrEqual => sides(step, slots, a, b, *width, n_rows, |a, b| a <= b),
            Comparison::Greater => sides(step, slots, a, b, *width, n_rows, |a, b| a > b),
            Comparison::GreaterOrEqual => sides(step, slots, a, b, *width, n_rows, |a, b| a >= b),
        }),
        Op::Each(each) => {
            let of: fn(f64) -> f64 = match each {
                Each::Abs => f64::abs,
                Each::Exp => f64::exp,
                Each::Floor => f64::floor,
                Each::Log => f64::ln,
                Each::Neg => |x| -x,
                Each::Relu => |x| x.max(0.0),
                Each::Sqrt => f64::sqrt,
            };
            f64s(input(0).f64s().iter().map(|&x| of(x)).collect())
        }
        Op::EncodeF32(map, default) => {
            Value::F32(input(0).texts().iter().map(|t| map.get(t.as_str()).copied().unwrap_or(*default)).collect())
        }
        Op::EncodeI64(map, default) => {
            Value::I64(input(0).texts().iter().map(|t| map.get(t.as_str()).copied().unwrap_or(*default)).collect())
        }
        Op::EncodeText(map, default) => {
            let text = |t: &String| map.get(t.as_str()).unwrap_or(default).clone();
            Value::Text(Cow::Owned(input(0).texts().iter().map(text).collect()))
        }
        Op::WhereText(text) => {
            let cells = input(0).bools().iter().zip(input(1).texts());
            Value::Text(Cow::Owned(cells.map(|(&yes, cell)| if yes { text.clone() } else { cell.clone() }).collect()))
        }
        Op::I64ToBool => Value::Bool(input(0).i64s().iter().map(|&x| x != 0).collect()),
        Op::F64ToF32 => Value::F32(input(0).f64s().iter().map(|&x| x as f32).collect()),
        Op::F32ToF64 => f64s(input(0).f32s().iter().map(|&x| f64::from(x)).collect()),
        Op::F64ToI64 => Value::I64(input(0).f64s().iter().map(|&x| x as i64).collect()),
        Op::I64ToF64 => f64s(input(0).i64s().iter().map(|&x| x as f64).collect()),
        Op::F32ToI64 => Value::I64(input(0).f32s().iter().map(|&x| x as i64).collect()),
        Op::BoolToF64 => f64s(input(0).bools().iter().map(|&b| f64::from(u8::from(b))).collect()),
        Op::Equal(row) => {
            let compare = |&x: &i64| row.iter().map(move |&c| x == c);
            Value::Bool(input(0).i64s().iter().flat_map(compare).collect())
        }
        Op::MatMul { inner, outer, weights } => f64s(matmul(input(0).f64s(), weights, *inner, *outer, n_rows)),
        Op::Sigmoid => f64s(input(0).f64s().iter().map(|&z| 1.0 / (1.0 + (-z).exp())).collect()),
        Op::Softmax(width) => f64s(softmax(input(0).f64s(), *width)),
        Op::Trees(trees) => Value::F32(trees.answers(input(0).f32s())),
        Op::GatherCells(list) => {
            let cell = |&at: &i64| usize::try_from(at).ok().and_then(|at| list.get(at)).copied();
            let found: Option<Vec<f64>> = input(0).i64s().iter().map(cell).collect();
            f64s(found.ok_or("a number beyond the end of a list was asked for")?)
        }
        Op::GatherElements(width, n) => {
            let rows = input(0).f64s().chunks_exact((*width).max(1)).zip(input(1).i64s().chunks_exact((*n).max(1)));
            let cell = |(row, at): (&[f64], i64)| usize::try_from(at).ok().and_then(|at| row.get(at)).copied();
            let cells = rows.flat_map(|(row, places)| places.iter().map(move |&at| (row, at)));
            let found: Option<Vec<f64>> = cells.map(cell).collect();
            f64s(found.ok_or("a cell beyond the end of a row was asked for")?)
        }
        Op::Smallest { width, k } => {
            let rows = input(0).f64s().chunks_exact(*width);
            Value::I64(rows.flat_map(|row| smallest(row, *k)).collect())
        }
        Op::GatherRows { width, table } => {
            let mut values = Vec::with_capacity(n_rows * width);
            for &at in input(0).i64s() {
                let start = usize::try_from(at).ok().and_then(|at| at.checked_mul(*width));
                let row = start.and_then(|start| table.get(start..)).and_then(|rest| rest.get(..*width));
                values.extend_from_slice(row.ok_or_else(|| format!("row {at} of a table was asked for"))?);
            }
            f64s(values)
        }
        Op::GatherText(texts) => {
            let text = |&at: &i64| usize::try_from(at).ok().and_then(|at| texts.get(at)).cloned();
            let found: Option<Vec<String>> = input(0).i64s().iter().map(text).collect();
            Value::Text(Cow::Owned(found.ok_or("a class that does not exist was chosen")?))
        }
        Op::GatherColumns { width, columns } => {
            let rows = input(0).f64s().chunks_exact((*width).max(1));
            f64s(rows.flat_map(|row| columns.iter().map(|&column| row[column])).collect())
        }
        Op::GatherColumn { width, column } => {
            f64s(input(0).f64s().iter().skip(*column).step_by((*width).max(1)).copied().collect())
        }
        Op::ArgMax(width) => Value::I64(input(0).f64s().chunks_exact(*width).map(|row| argmax(row) as i64).collect()),
        Op::Count => Value::Nothing,
        Op::Expand(value) => Value::I64(vec![*value; n_rows]),
    })
}

fn concat(parts: &[(&[f64], usize)], n_rows: usize) -> Vec<f64> {
    let total: usize = parts.iter().map(|(_, width)| width).sum();
    let mut all = vec![0.0; n_rows * total];
    let mut at = 0;
    for (values, width) in parts {
        for (row, cells) in values.chunks_exact((*width).max(1)).enumerate() {
            all[row * total + at..row * total + at + width].copy_from_slice(cells);
        }
        at += width;
    }
    all
}

/// An operator on each pair of cells of two sides; a side of one column serves all columns of the other.
fn sides<T>(
    step: &Step,
    slots: &[Value<'_>],
    a: &Side,
    b: &Side,
    width: usize,
    n_rows: usize,
    op: impl Fn(f64, f64) -> T,
) -> Vec<T> {
    // Cells, and how far it is to the next row and column.
    let laid_out = |side| -> (&[f64], usize, usize) {
        match side {
            &Side::Matrix(input, w) => (slots[step.inputs[input]].f64s(), w, usize::from(w > 1)),
            Side::Row(row) => (row.as_slice(), 0, usize::from(row.len() > 1)),
        }
    };
    let ((a, a_row, a_column), (b, b_row, b_column)) = (laid_out(a), laid_out(b));
    let mut all = Vec::with_capacity(n_rows * width);
    for row in 0..n_rows {
        let (a, b) = (&a[row * a_row..], &b[row * b_row..]);
        if a_column == 1 && b_column == 1 {
            all.extend(a[..width].iter().zip(&b[..width]).map(|(&a, &b)| op(a, b)));
        } else {
            all.extend((0..width).map(|column| op(a[column * a_column], b[column * b_column])));
        }
    }
    all
}

/// Most features are indicators that are 0, and 0 adds nothing: coefficients are finite.
fn matmul(x: &[f64], weights: &[f64], inner: usize, outer: usize, n_rows: usize) -> Vec<f64> {
    let mut product = vec![0.0; n_rows * outer];
    if inner == 0 || outer == 0 {
        return product;
    }
    for (cells, out) in x.chunks_exact(inner).zip(product.chunks_exact_mut(outer)) {
        for (&cell, row) in cells.iter().zip(weights.chunks_exact(outer)) {
            if cell != 0.0 {
                out.iter_mut().zip(row).for_each(|(sum, &weight)| *sum += cell * weight);
            }
        }
    }
    product
}

/// Places of the `k` smallest cells, smallest first, the earlier of equals first. NaN counts as the largest.
fn smallest(row: &[f64], k: usize) -> Vec<i64> {
    let mut places: Vec<usize> = (0..row.len()).collect();
    let order = |a: &usize, b: &usize| row[*a].total_cmp(&row[*b]).then(a.cmp(b));
    if k < places.len() {
        places.select_nth_unstable_by(k, order);
        places.truncate(k);
    }
    places.sort_unstable_by(order);
    places.into_iter().map(|at| at as i64).collect()
}

/// Shifted by the row's maximum, so that no exponential overflows.
fn softmax(z: &[f64], width: usize) -> Vec<f64> {
    let mut all = z.to_vec();
    for row in all.chunks_exact_mut(width.max(1)) {
        let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|x| *x = (*x - top).exp());
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::onnx::export;
    use crate::bundle::samples::{Sample, impute, later_samples, one_hot, samples, scale};
    use crate::domain::model::{FittedModel, Link};
    use crate::domain::recipe::UnknownCategory;
    use crate::domain::task::Predictions;

    fn scores(sample: &Sample) -> Scores {
        OnnxModel::parse(&export(&sample.model).unwrap()).unwrap().run(&sample.raw).unwrap()
    }

    /// Largest distance, relative above 1; panics on another label.
    fn distance(sample: &Sample) -> f64 {
        let (found, expected) = (scores(sample), sample.expected());
        let far = |a: f64, b: f64| if a == b { 0.0 } else { (a - b).abs() / b.abs().max(1.0) };
        let labels = sample.labels(&expected);
        match expected {
            Predictions::Values(values) => {
                let found = found.values.unwrap();
                assert_eq!(found.len(), values.len());
                found.iter().zip(&values).map(|(&a, &b)| far(a, b)).fold(0.0, f64::max)
            }
            Predictions::Classes { probabilities, n_classes } => {
                let names: Vec<&String> = labels.iter().map(|&l| &sample.model.classes[l as usize]).collect();
                assert_eq!(found.labels.unwrap().iter().collect::<Vec<_>>(), names);
                let mut worst: f64 = 0.0;
                for (class, (_, column)) in found.probabilities.iter().enumerate() {
                    assert_eq!(column.len(), sample.raw.n_rows);
                    for (row, &p) in column.iter().enumerate() {
                        worst = worst.max(far(p, probabilities[row * n_classes + class]));
                    }
                }
                worst
            }
        }
    }

    #[test]
    fn every_model_scores_as_its_definition_says() {
        for sample in samples(9_000) {
            let far = distance(&sample);
            let exact = !matches!(sample.model.model, FittedModel::Linear { .. } | FittedModel::Logistic { .. });
            assert!(if exact { far == 0.0 } else { far < 1e-13 }, "{}: {far:e}", sample.name);
        }
    }

    #[test]
    fn later_models_score_as_their_definition_says() {
        for sample in later_samples(700) {
            let far = distance(&sample);
            assert!(far < 1e-12, "{}: {far:e}", sample.name);
        }
    }

    #[test]
    fn the_size_is_known_before_the_file_is_written() {
        for sample in samples(1).into_iter().chain(later_samples(1)) {
            let (about, exact) =
                (super::super::size(&sample.model) as f64, export(&sample.model).unwrap().len() as f64);
            assert!((about - exact).abs() < 8192.0 + 0.2 * exact, "{}: about {about}, exactly {exact}", sample.name);
        }
    }

    #[test]
    fn the_smallest_of_a_row_come_in_order_the_earlier_of_equals_first() {
        assert_eq!(smallest(&[3.0, 1.0, f64::NAN, 1.0, 0.5, 1.0], 3), [4, 1, 3]);
        assert_eq!(smallest(&[2.0, f64::INFINITY, f64::NAN], 3), [0, 1, 2]);
    }

    #[test]
    fn number_steps_may_come_in_any_order_and_number() {
        for mut sample in samples(500).into_iter().filter(|s| s.name == "linear" || s.name == "tree_regression") {
            let scaled = |column| scale(column, 1.0, 3.0);
            sample.replace_steps("age", vec![]);
            sample.replace_steps("visits", vec![impute("visits", 2.0)]);
            let income = "income";
            sample.replace_steps(income, vec![scaled(income), scaled(income), impute(income, -1.0), scaled(income)]);
            // A missing number without imputation: a linear model answers NaN, a tree goes where gaps go.
            let found = scores(&sample).values.unwrap();
            let Predictions::Values(expected) = sample.expected() else { panic!() };
            for (a, b) in found.iter().zip(&expected) {
                assert!(a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} {b}");
            }
        }
    }

    #[test]
    fn text_steps_follow_their_policies() {
        for unknown in [UnknownCategory::Ignore, UnknownCategory::Missing] {
            for missing_as in [None, Some("b"), Some("not listed")] {
                for categories in [vec![], vec!["b"], vec!["", "b", "Oslo"]] {
                    let mut sample = samples(300).remove(2);
                    sample.replace_steps("city", vec![one_hot("city", &categories, missing_as, unknown)]);
                    let n = sample.model.recipe.n_features();
                    let coefficients = (0..n).map(|i| i as f64 - 3.5).collect();
                    sample.model.model = FittedModel::Linear { coefficients, intercept: 0.0, link: Link::Identity };
                    assert!(distance(&sample) < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_recipe_without_features_still_gives_every_row_an_answer() {
        for mut sample in samples(20) {
            let recipe = &mut sample.model.recipe;
            let name = recipe.inputs[0].name.clone();
            recipe.inputs.truncate(1);
            recipe.features.truncate(1);
            recipe.steps = vec![one_hot(&name, &[], None, UnknownCategory::Ignore)];
            match &mut sample.model.model {
                FittedModel::Linear { coefficients, .. } => coefficients.clear(),
                FittedModel::Logistic { coefficients, .. } => coefficients.iter_mut().for_each(Vec::clear),
                FittedModel::DecisionTree { tree } if tree.nodes.len() > 1 => continue,
                _ => {}
            }
            assert!(distance(&sample) < 1e-13, "{}", sample.name);
        }
    }

    #[test]
    fn a_column_without_a_name_can_be_scored() {
        let mut sample = samples(10).remove(0);
        let name = sample.model.recipe.inputs[1].name.clone();
        sample.replace_steps(&name, vec![impute("", 1.5)]);
        sample.model.recipe.inputs[1].name.clear();
        sample.model.recipe.features[1].clear();
        sample.raw.columns.iter_mut().filter(|(n, _)| *n == name).for_each(|(n, _)| n.clear());
        assert!(distance(&sample) < 1e-13);
    }

    #[test]
    fn zero_rows_give_zero_answers() {
        let mut sample = samples(3).remove(1);
        sample.raw = sample.raw.take(&[]);
        let scores = scores(&sample);
        assert_eq!(scores.labels, Some(vec![]));
        assert_eq!(scores.probabilities.len(), 3);
    }

    #[test]
    fn rows_that_do_not_fit_are_refused_by_column() {
        let sample = samples(3).remove(0);
        let model = OnnxModel::parse(&export(&sample.model).unwrap()).unwrap();
        let says = |raw: &RawColumns| model.run(raw).unwrap_err().to_string();
        let mut raw = sample.raw.clone();
        raw.columns.retain(|(name, _)| name != "age");
        assert_eq!(says(&raw), "input column `age`: the model needs it, the rows do not have it");
        let mut raw = sample.raw.clone();
        raw.columns[0].1 = RawColumn::Texts(vec![String::new(); 3]);
        assert_eq!(says(&raw), "input column `age`: the model expects numbers");
        raw.columns[0].1 = RawColumn::Numbers(vec![1.0]);
        assert_eq!(says(&raw), "input column `age`: it has 1 cells for 3 rows");
    }
}
