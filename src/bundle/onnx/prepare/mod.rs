//! The recipe as graph operators: raw inputs in, one `[N, features]` matrix of doubles out.
//!
//! Number columns (and spelled booleans) are joined first and treated together, a whole `[N, k]` block per operator;
//! indicators follow column by column. The features therefore come in another order than in the recipe; the model's
//! coefficients and splits are reordered to match, which is free.

use super::graph::{Attr, GraphBuilder, Value};
use super::proto::data_type;
use crate::domain::recipe::{ColumnInput, FittedColumn, FittedRecipe, FittedStep, UnknownCategory};

/// The prepared features.
pub(super) struct Features {
    /// `[N, order.len()]` doubles; `None` when the recipe gives no feature at all.
    pub matrix: Option<Value>,
    /// Column of `matrix` → feature of the recipe.
    pub order: Vec<usize>,
}

/// One round of the number steps: imputation, then scaling; `None` leaves the number alone.
#[derive(Clone, Copy, Default)]
struct Round {
    impute: Option<f64>,
    scale: Option<(f64, f64)>,
}

/// Declares the inputs and adds the recipe's operators.
pub(super) fn prepare(g: &mut GraphBuilder, recipe: &FittedRecipe, names: &[String]) -> Features {
    let single = g.ints(&[2], vec![-1, 1]);
    let mut numbers = Vec::new();
    let mut rounds = Vec::new();
    let mut indicators = Vec::new();
    let mut order = Vec::new();
    let mut indicator_order = Vec::new();
    let mut feature = 0;
    for (column, name) in recipe.columns.iter().zip(names) {
        let elem_type = match column.input {
            ColumnInput::Number { .. } => data_type::DOUBLE,
            ColumnInput::Text | ColumnInput::BooleanText { .. } => data_type::STRING,
        };
        g.input(name, elem_type);
        if let Some(FittedStep::OneHot { categories, missing_as, unknown }) = column.steps.first() {
            if !categories.is_empty() {
                let cells = g.op("Reshape", &[name, &single], vec![]);
                indicators.push(one_hot(g, &cells, categories, missing_as.as_deref(), *unknown));
            }
            indicator_order.extend(feature..feature + categories.len());
            feature += categories.len();
            continue;
        }
        let cells = g.op("Reshape", &[name, &single], vec![]);
        numbers.push(match &column.input {
            ColumnInput::BooleanText { true_spellings, false_spellings } => {
                spelled(g, &cells, true_spellings, false_spellings)
            }
            _ => cells,
        });
        rounds.push(rounds_of(column));
        order.push(feature);
        feature += 1;
    }
    let mut parts = Vec::new();
    if !numbers.is_empty() {
        let block = concat(g, numbers);
        parts.push(number_steps(g, block, &rounds));
    }
    parts.extend(indicators);
    order.extend(indicator_order);
    Features { matrix: (!parts.is_empty()).then(|| concat(g, parts)), order }
}

fn concat(g: &mut GraphBuilder, parts: Vec<Value>) -> Value {
    if parts.len() == 1 {
        return parts.into_iter().next().unwrap_or_default();
    }
    g.op("Concat", &parts.iter().collect::<Vec<_>>(), vec![("axis", Attr::Int(1))])
}

/// Text to 1 and 0, anything that is not a spelling to NaN.
fn spelled(g: &mut GraphBuilder, cells: &Value, yes: &[String], no: &[String]) -> Value {
    let keys = yes.iter().chain(no).map(|s| s.as_bytes().to_vec()).collect();
    let values = yes.iter().map(|_| 1.0).chain(no.iter().map(|_| 0.0)).collect();
    let attrs = vec![
        ("keys_strings", Attr::Texts(keys)),
        ("values_floats", Attr::Floats(values)),
        ("default_float", Attr::Float(f32::NAN)),
    ];
    let floats = g.ml_op("LabelEncoder", &[cells], attrs);
    g.op("Cast", &[&floats], vec![("to", Attr::Int(data_type::DOUBLE.into()))])
}

/// `[N, 1]` text to `[N, categories]` ones and zeros: the category's position, then a comparison with all positions.
/// Position −1 equals none.
fn one_hot(
    g: &mut GraphBuilder,
    cells: &Value,
    categories: &[String],
    missing_as: Option<&str>,
    unknown: UnknownCategory,
) -> Value {
    let position = |name: &str| categories.iter().position(|c| c == name).map_or(-1, |p| p as i64);
    let missing = missing_as.map_or(-1, position);
    let default = match unknown {
        UnknownCategory::Ignore => -1,
        UnknownCategory::Missing => missing,
    };
    let mut keys = vec![Vec::new()];
    let mut values = vec![missing];
    for (at, category) in categories.iter().enumerate().filter(|(_, c)| !c.is_empty()) {
        keys.push(category.as_bytes().to_vec());
        values.push(at as i64);
    }
    let attrs = vec![
        ("keys_strings", Attr::Texts(keys)),
        ("values_int64s", Attr::Ints(values)),
        ("default_int64", Attr::Int(default)),
    ];
    let found = g.ml_op("LabelEncoder", &[cells], attrs);
    let positions = g.ints(&[1, categories.len()], (0..categories.len() as i64).collect());
    let equal = g.op("Equal", &[&found, &positions], vec![]);
    g.op("Cast", &[&equal], vec![("to", Attr::Int(data_type::DOUBLE.into()))])
}

/// The steps of a number column in rounds that run beside those of its neighbours.
fn rounds_of(column: &FittedColumn) -> Vec<Round> {
    let mut rounds = vec![Round::default()];
    for step in &column.steps {
        let last = rounds.len() - 1;
        match *step {
            FittedStep::ImputeNumber { value } if rounds[last].scale.is_none() => {
                // After an imputation nothing is missing: a second one changes nothing.
                rounds[last].impute = rounds[last].impute.or(Some(value));
            }
            FittedStep::ImputeNumber { value } => rounds.push(Round { impute: Some(value), scale: None }),
            FittedStep::Scale { center, scale } if rounds[last].scale.is_none() => {
                rounds[last].scale = Some((center, scale));
            }
            FittedStep::Scale { center, scale } => rounds.push(Round { impute: None, scale: Some((center, scale)) }),
            FittedStep::OneHot { .. } => {}
        }
    }
    rounds
}

/// The rounds over a `[N, k]` block. The first also turns infinities, which count as missing, into NaN.
fn number_steps(g: &mut GraphBuilder, block: Value, rounds: &[Vec<Round>]) -> Value {
    let width = rounds.len();
    let most = rounds.iter().map(Vec::len).max().unwrap_or(0);
    let mut x = block;
    for nth in 0..most {
        let of = |column: &Vec<Round>| column.get(nth).copied().unwrap_or_default();
        let impute: Vec<Option<f64>> = rounds.iter().map(|c| of(c).impute).collect();
        let scale: Vec<Option<(f64, f64)>> = rounds.iter().map(|c| of(c).scale).collect();
        if nth == 0 || impute.iter().any(Option::is_some) {
            let mut missing = g.op("IsNaN", &[&x], vec![]);
            if nth == 0 {
                let infinite = g.op("IsInf", &[&x], vec![]);
                missing = g.op("Or", &[&missing, &infinite], vec![]);
            }
            let values = g.doubles(&[1, width], impute.iter().map(|v| v.unwrap_or(f64::NAN)).collect());
            x = g.op("Where", &[&missing, &values, &x], vec![]);
        }
        if scale.iter().any(Option::is_some) {
            let centers = g.doubles(&[1, width], scale.iter().map(|s| s.map_or(0.0, |s| s.0)).collect());
            let scales = g.doubles(&[1, width], scale.iter().map(|s| s.map_or(1.0, |s| s.1)).collect());
            x = g.op("Sub", &[&x, &centers], vec![]);
            x = g.op("Div", &[&x, &scales], vec![]);
        }
    }
    x
}
