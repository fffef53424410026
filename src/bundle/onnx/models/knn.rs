//! The nearest stored rows, exactly, in two passes.
//!
//! Squared distances by a matrix product lose digits, so that equal distances would come in any order; distances by
//! differences of all rows would need N × rows × features numbers. Hence a product finds a few more candidates than are
//! wanted, and these are measured by their differences, in the order in which scoring does it.

use super::{Fitted, Prepared, cast, cells, columns, concat, row, times, to_double};
use crate::bundle::onnx::check::{finite, within};
use crate::bundle::onnx::graph::{Attr, GraphBuilder, Value};
use crate::bundle::onnx::proto::data_type;
use crate::domain::model::{Neighbours, StoredColumn, Weighting};

/// Candidates beyond the wanted neighbours: rows that the product cannot tell apart.
const MORE: usize = 32;

pub(super) fn check(stored: &Neighbours, n_features: usize, fitted: &Fitted<'_>) -> Result<(), String> {
    let rows = stored.answers.len();
    if n_features == 0 {
        return Err("it has no feature by which rows could be near".to_owned());
    }
    let mut width = 0_usize;
    for column in &stored.columns {
        let (length, features) = match column {
            StoredColumn::Numbers { values } => {
                finite("a stored number", values)?;
                (values.len(), 1)
            }
            StoredColumn::Indicators { codes, n_levels } => (codes.len(), *n_levels as usize),
        };
        within("a stored column", length, rows)?;
        width = width.saturating_add(features);
    }
    within("the stored columns", width, n_features)?;
    let weights = stored.row_weights.as_deref().unwrap_or_default();
    if stored.row_weights.is_some() {
        within("the weights of the stored rows", weights.len(), rows)?;
    }
    if weights.iter().any(|w| !w.is_finite() || *w <= 0.0) {
        return Err("a stored row has no weight".to_owned());
    }
    if stored.n_neighbors == 0 || stored.n_neighbors as usize > rows {
        return Err(format!("it looks for {} neighbours among {rows} rows", stored.n_neighbors));
    }
    finite("a stored answer", &stored.answers)?;
    let n_classes = fitted.n_classes as f64;
    let is_class = |answer: &f64| answer.fract() == 0.0 && (0.0..n_classes).contains(answer);
    if fitted.task.is_classification() && !stored.answers.iter().all(is_class) {
        return Err("a stored class is not one of the classes".to_owned());
    }
    Ok(())
}

pub(super) fn size(stored: &Neighbours) -> u64 {
    let rows = stored.answers.len() as u64;
    let per_row: u64 =
        stored.columns.iter().map(|c| if matches!(c, StoredColumn::Numbers { .. }) { 16 } else { 24 }).sum();
    rows * (per_row + 16 + if stored.row_weights.is_some() { 8 } else { 0 })
}

/// A column of the stored rows beside the rows to answer.
enum Pair {
    /// `[N, 1]` around the centre, and the stored numbers around it.
    Numbers(Value, Vec<f64>),
    /// `[N, 1]` code + 1, `[N, 1]` whether there is one, and the stored rows' code + 1; 0 for none.
    Codes(Value, Value, Vec<f64>),
}

pub(super) fn model(g: &mut GraphBuilder, stored: &Neighbours, x: &Prepared<'_>, n_classes: usize) -> Value {
    let Some(matrix) = x.matrix else {
        // Refused by `check`.
        return row(g, &[f64::NAN]);
    };
    let n = stored.answers.len();
    let wanted = stored.n_neighbors as usize;
    let (pairs, far) = approximate(g, stored, matrix, x);
    let most = (wanted + MORE).min(n);
    let (_, nearest) = smallest(g, &far, most);
    // In the stored order, so that of equals the earlier row wins.
    let nearest = to_double(g, &nearest);
    let (nearest, _) = smallest(g, &nearest, most);
    let at = cast(g, &nearest, data_type::INT64);
    let distances = exact(g, &pairs, &at);
    let (distances, places) = smallest(g, &distances, wanted);
    let rows = g.op("GatherElements", &[&nearest, &places], vec![("axis", Attr::Int(1))]);
    let rows = cast(g, &rows, data_type::INT64);
    let shares = shares(g, stored, &distances, &rows);
    let answers = cells(g, stored.answers.clone(), &rows);
    // Without weights of their own the neighbours share alike.
    let alike = if shares.is_some() { 1.0 } else { 1.0 / wanted as f64 };
    let weighted = |g: &mut GraphBuilder, votes: &Value| {
        let votes = match &shares {
            Some(shares) => g.op("Mul", &[votes, shares], vec![]),
            None => votes.clone(),
        };
        times(g, &votes, vec![alike; wanted], 1)
    };
    if n_classes == 0 {
        return weighted(g, &answers);
    }
    let by_class: Vec<Value> = (0..n_classes)
        .map(|class| {
            let class = row(g, &[class as f64]);
            let votes = g.op("Equal", &[&answers, &class], vec![]);
            let votes = to_double(g, &votes);
            weighted(g, &votes)
        })
        .collect();
    concat(g, &by_class)
}

/// Squared distances to all stored rows, up to what products lose.
fn approximate(g: &mut GraphBuilder, stored: &Neighbours, matrix: &Value, x: &Prepared<'_>) -> (Vec<Pair>, Value) {
    let n = stored.answers.len();
    let mut feature = 0;
    let (mut of_numbers, mut centers, mut tables, mut codes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for column in &stored.columns {
        match column {
            StoredColumn::Numbers { values } => {
                let center: f64 = values.iter().map(|v| v / n as f64).sum();
                of_numbers.push(x.column_of[feature]);
                centers.push(center);
                tables.push(values.iter().map(|v| v - center).collect::<Vec<f64>>());
                feature += 1;
            }
            StoredColumn::Indicators { codes: of_rows, n_levels } => {
                let n_levels = *n_levels as usize;
                if n_levels > 0 {
                    let at: Vec<usize> = (feature..feature + n_levels).map(|f| x.column_of[f]).collect();
                    let known = |&code: &u32| if (code as usize) < n_levels { f64::from(code) + 1.0 } else { 0.0 };
                    codes.push((at, of_rows.iter().map(known).collect::<Vec<f64>>()));
                }
                feature += n_levels;
            }
        }
    }
    let mut lengths = vec![0.0; n];
    for values in &tables {
        lengths.iter_mut().zip(values).for_each(|(length, v)| *length += v * v);
    }
    for (_, of_rows) in &codes {
        lengths.iter_mut().zip(of_rows).for_each(|(length, code)| *length += f64::from(u8::from(*code > 0.0)));
    }
    let mut far = row(g, &lengths);
    let mut pairs = Vec::with_capacity(stored.columns.len());
    if !of_numbers.is_empty() {
        let numbers = columns(g, matrix, &of_numbers);
        let around = row(g, &centers);
        let numbers = g.op("Sub", &[&numbers, &around], vec![]);
        let squares = g.op("Mul", &[&numbers, &numbers], vec![]);
        let own = times(g, &squares, vec![1.0; of_numbers.len()], 1);
        far = g.op("Add", &[&own, &far], vec![]);
        let doubled: Vec<f64> = tables.iter().flatten().map(|v| 2.0 * v).collect();
        let products = times(g, &numbers, doubled, n);
        far = g.op("Sub", &[&far, &products], vec![]);
        for (at, table) in tables.into_iter().enumerate() {
            pairs.push(Pair::Numbers(columns(g, &numbers, &[at]), table));
        }
    }
    for (at, of_rows) in codes {
        let ones = columns(g, matrix, &at);
        let code = times(g, &ones, (1..=at.len()).map(|code| code as f64).collect(), 1);
        let known = times(g, &ones, vec![1.0; at.len()], 1);
        // −1 equals no code, not even that of a row that has none.
        let all: Vec<f64> = of_rows.iter().map(|&code| if code > 0.0 { code } else { -1.0 }).collect();
        let all = row(g, &all);
        let same = g.op("Equal", &[&code, &all], vec![]);
        let same = to_double(g, &same);
        let twice = row(g, &[2.0]);
        let same = g.op("Mul", &[&same, &twice], vec![]);
        far = g.op("Sub", &[&far, &same], vec![]);
        pairs.push(Pair::Codes(code, known, of_rows));
    }
    (pairs, far)
}

/// Distances to the candidates by their differences.
fn exact(g: &mut GraphBuilder, pairs: &[Pair], at: &Value) -> Value {
    let mut sum: Option<Value> = None;
    for pair in pairs {
        let square = match pair {
            Pair::Numbers(cell, table) => {
                let stored = cells(g, table.clone(), at);
                let by = g.op("Sub", &[cell, &stored], vec![]);
                g.op("Mul", &[&by, &by], vec![])
            }
            Pair::Codes(code, known, of_rows) => {
                let stored = cells(g, of_rows.clone(), at);
                let same = g.op("Equal", &[code, &stored], vec![]);
                let same = to_double(g, &same);
                let one = row(g, &[1.0]);
                let differs = g.op("Sub", &[&one, &same], vec![]);
                let none = row(g, &[0.0]);
                let stored_known = g.op("Greater", &[&stored, &none], vec![]);
                let stored_known = to_double(g, &stored_known);
                let both = g.op("Add", &[known, &stored_known], vec![]);
                g.op("Mul", &[&differs, &both], vec![])
            }
        };
        sum = Some(match sum {
            None => square,
            Some(sum) => g.op("Add", &[&sum, &square], vec![]),
        });
    }
    let sum = sum.unwrap_or_default();
    g.op("Sqrt", &[&sum], vec![])
}

/// Each neighbour's part of the answer; `None` when all have the same.
fn shares(g: &mut GraphBuilder, stored: &Neighbours, distances: &Value, rows: &Value) -> Option<Value> {
    let wanted = stored.n_neighbors as usize;
    let by_distance = (stored.weighting == Weighting::Distance).then(|| {
        let nearest = columns(g, distances, &[0]);
        let zeros = row(g, &vec![0.0; wanted]);
        let touches = g.op("Equal", &[&nearest, &zeros], vec![]);
        let zeros = row(g, &vec![0.0; wanted]);
        let touching = g.op("Equal", &[distances, &zeros], vec![]);
        let touching = to_double(g, &touching);
        // In units of the nearest: 1 / distance could overflow.
        let ratio = g.op("Div", &[&nearest, distances], vec![]);
        g.op("Where", &[&touches, &touching, &ratio], vec![])
    });
    let by_row = stored.row_weights.as_ref().map(|weights| cells(g, weights.clone(), rows));
    let weights = match (by_distance, by_row) {
        (Some(a), Some(b)) => g.op("Mul", &[&a, &b], vec![]),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return None,
    };
    let total = times(g, &weights, vec![1.0; wanted], 1);
    Some(g.op("Div", &[&weights, &total], vec![]))
}

/// The `k` smallest of each row, smallest first, the earlier of equals first: their values and where they were.
fn smallest(g: &mut GraphBuilder, x: &Value, k: usize) -> (Value, Value) {
    let k = g.ints(&[1], vec![k as i64]);
    let attrs = vec![("axis", Attr::Int(1)), ("largest", Attr::Int(0)), ("sorted", Attr::Int(1))];
    g.op_two("TopK", &[x, &k], attrs)
}
