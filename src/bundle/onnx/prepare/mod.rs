//! The recipe as graph operators: raw inputs in, one `[N, features]` matrix of doubles out.
//!
//! Numbers travel in blocks `[N, k]`: a step over many columns is a handful of operators, not a handful for each. Numbers
//! come first in the matrix, indicators behind them; the features therefore come in another order than in the recipe,
//! and the model's coefficients and splits are reordered to match, which is free.
//!
//! A step that ONNX cannot say is refused here by name, before anything is written.

mod dates;
mod formula;
mod numbers;
mod power;
mod texts;

use std::collections::HashMap;

use super::graph::{Attr, GraphBuilder, Value};
use super::proto::data_type;
use crate::domain::recipe::{ColumnInput, FittedRecipe, FittedStep, RecipeInput};

/// The prepared features.
pub(super) struct Features {
    /// `[N, order.len()]` doubles; `None` when the recipe gives no feature at all.
    pub matrix: Option<Value>,
    /// Column of `matrix` → feature of the recipe.
    pub order: Vec<usize>,
}

/// Declares the columns of a recipe as the graph's inputs, by these names.
pub(super) fn declare(g: &mut GraphBuilder, recipe: &FittedRecipe, names: &[String]) {
    for (column, name) in recipe.inputs.iter().zip(names) {
        g.input(name, if column.input.is_text() { data_type::STRING } else { data_type::DOUBLE });
    }
}

/// Adds the recipe's operators; its columns are inputs of these names.
///
/// Errors: what breaks a rule of the recipe, or has no ONNX form.
pub(super) fn prepare(g: &mut GraphBuilder, recipe: &FittedRecipe, names: &[String]) -> Result<Features, String> {
    let mut stage = Stage { g, blocks: Vec::new(), held: HashMap::new(), like: names.first().cloned() };
    stage.inputs(&recipe.inputs, names);
    for (at, step) in recipe.steps.iter().enumerate() {
        let named = |problem| format!("step {} of its recipe ({}) {problem}", at + 1, step.title());
        stage.step(step).map_err(named)?;
    }
    stage.finish(recipe)
}

/// A column in the graph.
#[derive(Clone)]
enum Held {
    Number(Place),
    Date(Place),
    /// `[N, 1]`
    Text(Value),
    /// `[N, width]` ones and zeros; no value when it is 0 wide.
    Indicators(Option<Value>, usize),
}

/// A column of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    block: usize,
    column: usize,
}

struct Stage<'g> {
    g: &'g mut GraphBuilder,
    /// Value and width.
    blocks: Vec<(Value, usize)>,
    held: HashMap<String, Held>,
    /// An input, to know how many rows there are.
    like: Option<Value>,
}

impl Stage<'_> {
    fn inputs(&mut self, inputs: &[RecipeInput], names: &[String]) {
        let single = self.g.ints(&[2], vec![-1, 1]);
        let (mut numbers, mut of, mut dates) = (Vec::new(), Vec::new(), Vec::new());
        for (RecipeInput { name: column, input }, name) in inputs.iter().zip(names) {
            let cells = self.g.op("Reshape", &[name, &single], vec![]);
            match input {
                ColumnInput::Text => {
                    self.held.insert(column.clone(), Held::Text(cells));
                    continue;
                }
                ColumnInput::BooleanText { true_spellings, false_spellings } => {
                    numbers.push(texts::spelled(self.g, &cells, true_spellings, false_spellings));
                }
                ColumnInput::Number { .. } => numbers.push(cells),
                ColumnInput::Datetime => {
                    dates.push(column.clone());
                    numbers.push(cells);
                }
            }
            of.push(column.clone());
        }
        if numbers.is_empty() {
            return;
        }
        let width = numbers.len();
        let block = concat(self.g, numbers);
        let block = self.without_infinity(&block, width);
        self.put(block, of);
        for date in dates {
            if let Some(Held::Number(place)) = self.held.get(&date).cloned() {
                self.held.insert(date, Held::Date(place));
            }
        }
    }

    fn step(&mut self, step: &FittedStep) -> Result<(), String> {
        match step {
            FittedStep::Copy { columns } => {
                let copies = columns.iter().map(|c| Ok((c.into.clone(), self.get(&c.column)?.clone())));
                let copies: Vec<(String, Held)> = copies.collect::<Result<_, String>>()?;
                self.held.extend(copies);
                Ok(())
            }
            FittedStep::Impute { columns } => self.impute(columns),
            FittedStep::ImputeText { columns } => self.impute_text(columns),
            FittedStep::Scale { columns, .. } => self.scale(columns),
            FittedStep::Quantile { columns } => columns.iter().try_for_each(|column| self.quantile(column)),
            FittedStep::Power { columns } => self.power(columns),
            FittedStep::OneHot { columns } => columns.iter().try_for_each(|column| self.one_hot(column)),
            FittedStep::Category { columns } => self.category(columns),
            FittedStep::Lookup { columns, .. } => self.lookup(columns),
            FittedStep::GroupRare { columns } => columns.iter().try_for_each(|column| self.group_rare(column)),
            FittedStep::Bin { columns } => columns.iter().try_for_each(|column| self.bin(column)),
            FittedStep::DateParts { columns } => self.date_parts(columns),
            FittedStep::TextLength { .. } => Err(unsaid("counts the characters of a text")),
            FittedStep::Words { .. } => Err(unsaid("looks for words in a text")),
            FittedStep::HashWords { .. } => Err(unsaid("hashes the words of a text")),
            FittedStep::Combine { columns } => self.combine(columns),
            FittedStep::Formula { columns } => columns.iter().try_for_each(|column| self.formula(column)),
            FittedStep::Clip { columns } => self.clip(columns),
            FittedStep::Drop { columns } => columns
                .iter()
                .try_for_each(|name| self.held.remove(name).map(drop).ok_or_else(|| format!("has no column `{name}`"))),
        }
    }

    /// The features: numbers as they stand in blocks, then indicators.
    fn finish(mut self, recipe: &FittedRecipe) -> Result<Features, String> {
        let (mut places, mut order, mut indicators, mut indicator_order) = (vec![], vec![], vec![], vec![]);
        let mut feature = 0;
        for name in &recipe.features {
            match self.get(name).map_err(|problem| format!("its recipe {problem}"))?.clone() {
                Held::Number(place) => {
                    places.push(place);
                    order.push(feature);
                    feature += 1;
                }
                Held::Indicators(value, width) => {
                    indicators.extend(value);
                    indicator_order.extend(feature..feature + width);
                    feature += width;
                }
                Held::Text(_) => return Err(format!("column `{name}`: text needs a step that makes numbers of it")),
                Held::Date(_) => return Err(format!("column `{name}`: dates need a step that makes numbers of them")),
            }
        }
        let mut parts = Vec::new();
        if !places.is_empty() {
            parts.push(self.block(&places));
        }
        parts.extend(indicators);
        order.extend(indicator_order);
        let matrix = (!parts.is_empty()).then(|| concat(self.g, parts));
        Ok(Features { matrix, order })
    }

    fn get(&self, name: &str) -> Result<&Held, String> {
        self.held.get(name).ok_or_else(|| format!("has no column `{name}`"))
    }

    /// Columns of numbers as one block; dates count as numbers.
    fn numbers(&mut self, names: &[&str]) -> Result<Value, String> {
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            match self.get(name)? {
                Held::Number(place) | Held::Date(place) => places.push(*place),
                _ => return Err(format!("needs numbers in column `{name}`")),
            }
        }
        Ok(self.block(&places))
    }

    fn text(&self, name: &str) -> Result<Value, String> {
        match self.get(name)? {
            Held::Text(value) => Ok(value.clone()),
            _ => Err(format!("needs text in column `{name}`")),
        }
    }

    /// These columns side by side: whole blocks as they are, others column by column.
    fn block(&mut self, places: &[Place]) -> Value {
        let mut parts = Vec::new();
        let mut rest = places;
        while let Some(first) = rest.first() {
            let (value, width) = self.blocks[first.block].clone();
            let together = rest.iter().take_while(|place| place.block == first.block).count();
            let whole = rest.len() >= width && (0..width).all(|at| rest[at] == Place { column: at, ..*first });
            let taken = if whole { width } else { together };
            if whole {
                parts.push(value);
            } else {
                let columns: Vec<i64> = rest[..taken].iter().map(|place| place.column as i64).collect();
                let columns = self.g.ints(&[columns.len()], columns);
                parts.push(self.g.op("Gather", &[&value, &columns], vec![("axis", Attr::Int(1))]));
            }
            rest = &rest[taken..];
        }
        concat(self.g, parts)
    }

    /// Writes the columns of a block under these names.
    fn put(&mut self, value: Value, names: Vec<String>) {
        self.blocks.push((value, names.len()));
        let block = self.blocks.len() - 1;
        for (column, name) in names.into_iter().enumerate() {
            self.held.insert(name, Held::Number(Place { block, column }));
        }
    }

    /// A constant row.
    fn row(&mut self, values: Vec<f64>) -> Value {
        self.g.doubles(&[1, values.len()], values)
    }

    fn op(&mut self, op: &str, inputs: &[&Value]) -> Value {
        self.g.op(op, inputs, vec![])
    }

    fn cast_double(&mut self, x: &Value) -> Value {
        self.g.op("Cast", &[x], vec![("to", Attr::Int(data_type::DOUBLE.into()))])
    }

    fn without_infinity(&mut self, x: &Value, width: usize) -> Value {
        let infinite = self.op("IsInf", &[x]);
        let nan = self.row(vec![f64::NAN; width]);
        self.op("Where", &[&infinite, &nan, x])
    }

    /// `result`, but NaN where `x` is.
    fn keep_missing(&mut self, x: &Value, result: &Value) -> Value {
        let missing = self.op("IsNaN", &[x]);
        self.op("Where", &[&missing, x, result])
    }
}

fn unsaid(what: &str) -> String {
    format!("{what}, which ONNX cannot say; train without it, or score with the run itself")
}

fn concat(g: &mut GraphBuilder, parts: Vec<Value>) -> Value {
    if parts.len() == 1 {
        return parts.into_iter().next().unwrap_or_default();
    }
    g.op("Concat", &parts.iter().collect::<Vec<_>>(), vec![("axis", Attr::Int(1))])
}

/// Numbers of a step that go into the graph.
fn finite(what: &str, values: impl IntoIterator<Item = f64>) -> Result<(), String> {
    match values.into_iter().find(|v| !v.is_finite()) {
        Some(value) => Err(format!("has {value} as {what}; train again on data without extreme values")),
        None => Ok(()),
    }
}
