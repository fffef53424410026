//! One pair of columns as a picture: points, boxes or counts.

use super::column::{Category, Column, MISSING, Number, load};
use super::{Rows, chosen_rows, role, sample};
use crate::data::columns::Columns;
use crate::data::error::LoadError;
use crate::domain::io::JobIo;
use crate::domain::relations::{BoxGroup, PairPlot, PairShape, RelatedColumn, Role};
use crate::domain::schema::{ColumnSchema, Schema};

/// Points of a scatter plot.
const POINTS: u64 = 5_000;
/// Levels that get a box, a bar or a colour of their own.
const LEVELS: usize = 12;
const COLOURS: usize = 6;
/// Outliers of a box that are drawn.
const OUTLIERS: usize = 40;

/// Column `y` against column `x`, coloured by `by` where both are numbers. Above 200,000 rows over the same sample as the
/// relations.
///
/// Errors: a column that is not there or has no relations, and those of reading.
pub fn plot(
    columns: &dyn Columns,
    schema: &Schema,
    (x, y): (&str, &str),
    by: Option<&str>,
    io: &dyn JobIo,
) -> Result<PairPlot, LoadError> {
    let find = |name: &str| -> Result<(usize, &ColumnSchema), LoadError> {
        let index = schema.index_of(name).ok_or_else(|| LoadError::NoSuchColumn { column: name.to_owned() })?;
        Ok((index, &schema.columns[index]))
    };
    let member = |name: &str| {
        let (index, column) = find(name)?;
        let role = role(column).map_err(|reason| LoadError::NoRelations { column: name.to_owned(), reason })?;
        Ok::<_, LoadError>((index, role))
    };
    let ((x_index, x_role), (y_index, y_role)) = (member(x)?, member(y)?);
    let mut chosen = chosen_rows(columns.n_rows(), Rows::Sampled);
    let rows_used = chosen.as_ref().map_or(columns.n_rows(), |rows| rows.len() as u64);
    io.progress(&format!("Reading {x} and {y}"), Some(0.1))?;
    let shape = match (x_role, y_role) {
        (Role::Number, Role::Number) => {
            if rows_used > POINTS {
                let places = sample(rows_used, POINTS).into_iter();
                chosen = Some(places.map(|at| chosen.as_ref().map_or(at, |rows| rows[at as usize])).collect());
            }
            let by = by.filter(|by| *by != x && *by != y).and_then(|by| member(by).ok());
            let by = by.filter(|(_, role)| *role == Role::Category).map(|(index, _)| index);
            scatter(columns, [x_index, y_index], by, chosen, io)?
        }
        (Role::Category, Role::Category) => {
            let rows = chosen.as_deref();
            let [x, y] = [x_index, y_index].map(|index| load(columns, index, Role::Category, rows, io));
            match (x?, y?) {
                (Column::Category(x), Column::Category(y)) => counts(&x, &y),
                _ => unreachable!("loaded as categories"),
            }
        }
        _ => {
            let number_is_y = y_role == Role::Number;
            let (number, category) = if number_is_y { (y_index, x_index) } else { (x_index, y_index) };
            let number = load(columns, number, Role::Number, chosen.as_deref(), io)?;
            match (number, load(columns, category, Role::Category, chosen.as_deref(), io)?) {
                (Column::Number(number), Column::Category(category)) => {
                    PairShape::Boxes { number_is_y, groups: boxes(&number, &category, chosen.as_deref()) }
                }
                _ => unreachable!("loaded as a number and a category"),
            }
        }
    };
    let related = |name: &str, role| RelatedColumn { name: name.to_owned(), role };
    Ok(PairPlot { x: related(x, x_role), y: related(y, y_role), rows: columns.n_rows(), rows_used, shape })
}

fn scatter(
    columns: &dyn Columns,
    axes: [usize; 2],
    by: Option<usize>,
    chosen: Option<Vec<u64>>,
    io: &dyn JobIo,
) -> Result<PairShape, LoadError> {
    let chosen = chosen.unwrap_or_else(|| (0..columns.n_rows()).collect());
    let [x, y] = axes.map(|index| load(columns, index, Role::Number, Some(&chosen), io));
    let (Column::Number(x), Column::Number(y)) = (x?, y?) else { unreachable!("loaded as numbers") };
    let by = match by.map(|index| load(columns, index, Role::Category, Some(&chosen), io)).transpose()? {
        Some(Column::Category(by)) => Some(by),
        _ => None,
    };
    let frequent = by.as_ref().map_or_else(Vec::new, |by| most_frequent(by, COLOURS));
    let both: Vec<usize> = (0..chosen.len()).filter(|&i| !x.values[i].is_nan() && !y.values[i].is_nan()).collect();
    let class = |row: usize| {
        let code = by.as_ref().map_or(MISSING, |by| by.codes[row]);
        frequent.iter().position(|&level| level == code).unwrap_or(frequent.len()) as u8
    };
    Ok(PairShape::Scatter {
        points: both.iter().map(|&i| [x.values[i], y.values[i]]).collect(),
        ids: both.iter().map(|&i| chosen[i]).collect(),
        classes: by.iter().flat_map(|by| frequent.iter().map(|&level| by.levels[level as usize].clone())).collect(),
        class: both.into_iter().map(class).collect(),
    })
}

/// Codes of the most frequent levels, most frequent first, ties by first appearance.
fn most_frequent(category: &Category, limit: usize) -> Vec<u32> {
    let mut counts = vec![0u64; category.levels.len()];
    category.codes.iter().filter(|c| **c != MISSING).for_each(|&code| counts[code as usize] += 1);
    let mut levels: Vec<u32> = (0..counts.len() as u32).filter(|&level| counts[level as usize] > 0).collect();
    levels.sort_by_key(|&level| std::cmp::Reverse(counts[level as usize]));
    levels.truncate(limit);
    levels
}

fn boxes(number: &Number, category: &Category, chosen: Option<&[u64]>) -> Vec<BoxGroup> {
    let levels = most_frequent(category, LEVELS);
    let mut groups: Vec<Vec<u32>> = vec![Vec::new(); levels.len()];
    // In the order of the values, so each group comes sorted.
    for &row in &number.order {
        if let Some(group) = levels.iter().position(|&level| level == category.codes[row as usize]) {
            groups[group].push(row);
        }
    }
    let row_of = |at: u32| chosen.map_or(u64::from(at), |rows| rows[at as usize]);
    let described = levels.iter().zip(groups).filter(|(_, rows)| !rows.is_empty()).map(|(&level, rows)| {
        let values: Vec<f64> = rows.iter().map(|&row| number.values[row as usize]).collect();
        let [q25, median, q75] = [0.25, 0.5, 0.75].map(|q| crate::data::profile::quantile(&values, q));
        let reach = 1.5 * (q75 - q25);
        let start = values.partition_point(|&x| x < q25 - reach);
        let end = values.partition_point(|&x| x <= q75 + reach).max(start + 1).min(values.len());
        let outside: Vec<usize> = (0..start).chain(end..values.len()).collect();
        let every = outside.len().div_ceil(OUTLIERS).max(1);
        BoxGroup {
            level: category.levels[level as usize].clone(),
            count: values.len() as u64,
            whiskers: [values[start.min(values.len() - 1)], values[end - 1]],
            q25,
            median,
            q75,
            mean: values.iter().sum::<f64>() / values.len() as f64,
            outliers: outside.len() as u64,
            shown: outside.into_iter().step_by(every).map(|i| (values[i], row_of(rows[i]))).collect(),
        }
    });
    described.collect()
}

fn counts(x: &Category, y: &Category) -> PairShape {
    let (x_top, y_top) = (most_frequent(x, LEVELS), most_frequent(y, LEVELS));
    let place = |top: &[u32], code: usize| top.iter().position(|&t| t as usize == code).unwrap_or(top.len());
    let mut counts = vec![vec![0u64; y_top.len() + 1]; x_top.len() + 1];
    for (a, b) in x.present_with(y) {
        counts[place(&x_top, a)][place(&y_top, b)] += 1;
    }
    let names = |category: &Category, top: &[u32]| -> Vec<Option<String>> {
        let mut names: Vec<_> = top.iter().map(|&level| Some(category.levels[level as usize].clone())).collect();
        if category.levels.len() > top.len() {
            names.push(None);
        }
        names
    };
    let (x_levels, y_levels) = (names(x, &x_top), names(y, &y_top));
    counts.truncate(x_levels.len());
    counts.iter_mut().for_each(|row| row.truncate(y_levels.len()));
    PairShape::Counts { x_levels, y_levels, counts }
}
