//! Fitted models as graph operators: the features' matrix in, `[N, classes]` probabilities or `[N, 1]` values out.
//!
//! One file per kind of model, each with what the model must satisfy before it is written and the operators it becomes.
//! All arithmetic is in double, in the order in which scoring does it, so that answers agree to rounding.

mod bayes;
mod ensemble;
mod knn;
mod network;
mod trees;

use super::check::{finite, within};
use super::graph::{Attr, GraphBuilder, Value};
use super::prepare::prepare;
use super::proto::data_type;
use crate::domain::model::{FittedModel, Link, TrainedModel};
use crate::domain::recipe::{FittedRecipe, FittedStep};
use crate::domain::task::Task;

/// Codes and leaf numbers travel through the graph as f32, which counts exactly up to here.
const MOST_COUNTED: usize = 1 << 24;

/// A model and what it works on.
pub(super) struct Fitted<'a> {
    task: Task,
    n_classes: usize,
    recipe: &'a FittedRecipe,
    model: &'a FittedModel,
}

impl<'a> Fitted<'a> {
    pub fn new(whole: &'a TrainedModel) -> Self {
        let (recipe, model) = (&whole.recipe, &whole.model);
        Self { task: whole.task, n_classes: whole.classes.len(), recipe, model }
    }
}

/// What a model must satisfy: the rules its own documentation states, and what the graph can hold.
pub(super) fn check(fitted: &Fitted<'_>) -> Result<(), String> {
    let n_features = fitted.recipe.n_features();
    let n_outputs = fitted.n_classes.max(1);
    let features = |given: usize| {
        if given == n_features { Ok(()) } else { Err(format!("it has {given} coefficients for {n_features} features")) }
    };
    match fitted.model {
        FittedModel::Baseline { output } => {
            finite("the output", output)?;
            within("the output", output.len(), n_outputs)
        }
        FittedModel::Linear { coefficients, intercept, link } => {
            if fitted.task != Task::Regression {
                return Err("a linear regression cannot predict classes".to_owned());
            }
            check_link(*link, 1, 1)?;
            features(coefficients.len())?;
            finite("a coefficient", coefficients)?;
            finite("the intercept", &[*intercept])
        }
        FittedModel::Logistic { coefficients, intercepts } => {
            let rows = match fitted.task {
                Task::Binary => 1,
                Task::Multiclass => fitted.n_classes,
                Task::Regression => return Err("a logistic regression cannot predict numbers".to_owned()),
            };
            if coefficients.len() != rows || intercepts.len() != rows {
                return Err(format!("it has {} rows of coefficients where {rows} are needed", coefficients.len()));
            }
            finite("an intercept", intercepts)?;
            coefficients.iter().try_for_each(|row| features(row.len()).and_then(|()| finite("a coefficient", row)))
        }
        FittedModel::DecisionTree { tree } => trees::check_tree(tree, n_features, n_outputs),
        FittedModel::Trees(ensemble) => trees::check(ensemble, n_features, n_outputs),
        FittedModel::NaiveBayes(bayes) => bayes::check(bayes, n_features, fitted),
        FittedModel::Knn(stored) => knn::check(stored, n_features, fitted),
        FittedModel::Mlp(network) => network::check(network, n_features, n_outputs),
        FittedModel::Ensemble { members } => ensemble::check(members, fitted),
    }
}

/// About how many bytes the model's part of the file takes.
pub(super) fn size(fitted: &Fitted<'_>) -> u64 {
    match fitted.model {
        FittedModel::Baseline { output } => 8 * output.len() as u64,
        FittedModel::Linear { coefficients, .. } => 8 * coefficients.len() as u64,
        FittedModel::Logistic { coefficients, .. } => coefficients.iter().map(|row| 8 * row.len() as u64).sum(),
        FittedModel::DecisionTree { tree } => trees::size(std::slice::from_ref(tree), &category_levels(fitted.recipe)),
        FittedModel::Trees(ensemble) => trees::size(&ensemble.trees, &category_levels(fitted.recipe)),
        FittedModel::NaiveBayes(bayes) => bayes::size(bayes),
        FittedModel::Knn(stored) => knn::size(stored),
        FittedModel::Mlp(network) => network.layers.iter().map(|l| 8 * (l.weights.len() + l.biases.len()) as u64).sum(),
        FittedModel::Ensemble { members } => members.iter().map(|member| size(&ensemble::part(member, fitted))).sum(),
    }
}

/// What a model has to work with.
struct Prepared<'a> {
    /// `[N, order.len()]`; `None` without features.
    matrix: Option<&'a Value>,
    /// Column of the matrix → feature.
    order: &'a [usize],
    /// Feature → column of the matrix.
    column_of: Vec<usize>,
    /// Levels of the features that are categories.
    levels: Vec<Option<u32>>,
    /// An input, to know how many rows there are.
    like: &'a Value,
}

/// Adds the operators of a whole model, whose columns are inputs of these names.
///
/// Errors: what breaks a rule of a recipe, or has no ONNX form.
pub(super) fn model_part(g: &mut GraphBuilder, model: &TrainedModel, inputs: &[String]) -> Result<Value, String> {
    let whole = Fitted::new(model);
    match whole.model {
        FittedModel::Ensemble { members } => ensemble::model(g, members, &whole, inputs),
        _ => fitted_part(g, &whole, inputs),
    }
}

/// The same for one model and its recipe.
fn fitted_part(g: &mut GraphBuilder, fitted: &Fitted<'_>, inputs: &[String]) -> Result<Value, String> {
    let features = prepare(g, fitted.recipe, inputs)?;
    let like = inputs.first().ok_or("it takes no column")?;
    let mut column_of = vec![0; features.order.len()];
    for (column, &feature) in features.order.iter().enumerate() {
        column_of[feature] = column;
    }
    let levels = category_levels(fitted.recipe);
    let x = Prepared { matrix: features.matrix.as_ref(), order: &features.order, column_of, levels, like };
    Ok(match fitted.model {
        FittedModel::Baseline { output } => constant(g, output, like),
        FittedModel::Linear { coefficients, intercept, link } => {
            let z = sums(g, &x, std::slice::from_ref(coefficients), &[*intercept]);
            answers(g, &z, *link)
        }
        FittedModel::Logistic { coefficients, intercepts } => {
            let z = sums(g, &x, coefficients, intercepts);
            answers(g, &z, if intercepts.len() == 1 { Link::Logit } else { Link::Softmax })
        }
        FittedModel::DecisionTree { tree } => trees::one(g, tree, &x),
        FittedModel::Trees(ensemble) => trees::many(g, ensemble, &x),
        FittedModel::NaiveBayes(bayes) => bayes::model(g, bayes, &x),
        FittedModel::Knn(stored) => knn::model(g, stored, &x, fitted.n_classes),
        FittedModel::Mlp(network) => network::model(g, network, &x),
        FittedModel::Ensemble { .. } => return Err("an ensemble cannot be part of another".to_owned()),
    })
}

/// Feature by feature, how many codes a category has.
fn category_levels(recipe: &FittedRecipe) -> Vec<Option<u32>> {
    let of = |feature: &String| {
        recipe.steps.iter().rev().find_map(|step| match step {
            FittedStep::OneHot { columns } => {
                columns.iter().find(|c| c.column == *feature).map(|c| vec![None; c.categories.len()])
            }
            FittedStep::Category { columns } => {
                columns.iter().find(|c| c.column == *feature).map(|c| vec![u32::try_from(c.levels.len()).ok()])
            }
            _ => None,
        })
    };
    recipe.features.iter().flat_map(|feature| of(feature).unwrap_or_else(|| vec![None])).collect()
}

/// Sums before the link: one for two classes by the sigmoid, else one per answer.
fn check_link(link: Link, sums: usize, n_outputs: usize) -> Result<(), String> {
    match link {
        Link::Logit if n_outputs != 2 => Err(format!("a sigmoid makes two probabilities, not {n_outputs}")),
        Link::Softmax | Link::Log if (link == Link::Softmax) != (n_outputs > 1) => {
            Err("its link does not fit its task".to_owned())
        }
        _ => within("the sums", sums, if link == Link::Logit { 1 } else { n_outputs }),
    }
}

/// From `[N, sums]` to `[N, answers]`.
fn answers(g: &mut GraphBuilder, z: &Value, link: Link) -> Value {
    match link {
        Link::Identity => z.clone(),
        Link::Log => g.op("Exp", &[z], vec![]),
        Link::Softmax => g.op("Softmax", &[z], vec![("axis", Attr::Int(1))]),
        Link::Logit => {
            let second = g.op("Sigmoid", &[z], vec![]);
            let one = row(g, &[1.0]);
            let first = g.op("Sub", &[&one, &second], vec![]);
            concat(g, &[first, second])
        }
    }
}

/// `x · weights + intercepts`, one line of `weights` per output, in the recipe's order of features.
fn sums(g: &mut GraphBuilder, x: &Prepared<'_>, weights: &[Vec<f64>], intercepts: &[f64]) -> Value {
    let Some(matrix) = x.matrix else {
        return constant(g, intercepts, x.like);
    };
    let by_feature = x.order.iter().flat_map(|&f| weights.iter().map(move |line| line[f])).collect();
    let z = times(g, matrix, by_feature, weights.len());
    let shift = row(g, intercepts);
    g.op("Add", &[&z, &shift], vec![])
}

/// `[N, k]` times a constant matrix, row after row, of `width` columns.
pub(super) fn times(g: &mut GraphBuilder, x: &Value, by_row: Vec<f64>, width: usize) -> Value {
    let matrix = g.doubles(&[by_row.len() / width.max(1), width], by_row);
    g.op("MatMul", &[x, &matrix], vec![])
}

/// A constant row.
pub(super) fn row(g: &mut GraphBuilder, values: &[f64]) -> Value {
    g.doubles(&[1, values.len()], values.to_vec())
}

/// Values side by side.
pub(super) fn concat(g: &mut GraphBuilder, parts: &[Value]) -> Value {
    match parts {
        [only] => only.clone(),
        _ => g.op("Concat", &parts.iter().collect::<Vec<_>>(), vec![("axis", Attr::Int(1))]),
    }
}

/// Some columns of `[N, k]` as `[N, columns.len()]`.
pub(super) fn columns(g: &mut GraphBuilder, x: &Value, columns: &[usize]) -> Value {
    let at = g.ints(&[columns.len()], columns.iter().map(|&column| column as i64).collect());
    g.op("Gather", &[x, &at], vec![("axis", Attr::Int(1))])
}

/// For `[N, k]` numbers of places, what stands there in a constant list.
pub(super) fn cells(g: &mut GraphBuilder, list: Vec<f64>, at: &Value) -> Value {
    let list = g.doubles(&[list.len()], list);
    g.op("Gather", &[&list, at], vec![("axis", Attr::Int(0))])
}

pub(super) fn cast(g: &mut GraphBuilder, x: &Value, to: i32) -> Value {
    g.op("Cast", &[x], vec![("to", Attr::Int(to.into()))])
}

pub(super) fn to_double(g: &mut GraphBuilder, x: &Value) -> Value {
    cast(g, x, data_type::DOUBLE)
}

/// The same row for every row of `like`, an input.
fn constant(g: &mut GraphBuilder, row: &[f64], like: &Value) -> Value {
    let rows = g.op("Shape", &[like], vec![]);
    let zero = g.ints(&[1], vec![0]);
    let zeros = g.op("Expand", &[&zero, &rows], vec![]);
    lookup(g, &zeros, &[row])
}

/// Row `index[n]` of a constant table for every n.
fn lookup(g: &mut GraphBuilder, index: &Value, rows: &[&[f64]]) -> Value {
    let width = rows.first().map_or(0, |row| row.len());
    let table = g.doubles(&[rows.len(), width], rows.concat());
    g.op("Gather", &[&table, index], vec![("axis", Attr::Int(0))])
}
