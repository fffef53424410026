//! Reads a table's cells as a scorer would hand them to an exported model, and what a scorer hands in.
//!
//! The table may come from another file than the one trained on, whose columns were typed differently; cells are then
//! read as the recipe's input type, and what cannot be read counts as missing and is said.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::column::{Column, Frame, Texts, finite_or_nan};
use super::{RecipeError, boolean, check_columns, check_rows, parallel};
use crate::data::dates;
use crate::data::table::{Cells, MISSING_CODE, Table};
use crate::domain::io::{JobIo, Silent};
use crate::domain::raw::{RawColumn, RawColumns};
use crate::domain::recipe::{ColumnInput, FittedRecipe, FittedStep, RecipeInput};
use crate::domain::schema::ColumnSchema;

/// Raw inputs and what the user should know about them, one sentence each.
#[derive(Clone, Debug, PartialEq)]
pub struct RawInput {
    pub columns: RawColumns,
    pub warnings: Vec<String>,
}

/// The recipe's input columns at the given rows. Infinite numbers become missing.
pub fn raw(table: &Table, rows: &[u32], recipe: &FittedRecipe) -> Result<RawInput, RecipeError> {
    let (read, warnings) = cells(table, rows, &recipe.inputs, &|name| levels(recipe, name), &Silent)?;
    let columns = read.into_iter().zip(&recipe.inputs).map(|(cells, input)| {
        let column = match cells {
            RawCells::Numbers(numbers) => RawColumn::Numbers(numbers),
            RawCells::Texts(texts) => {
                let text = |&code: &u32| texts.values.get(code as usize).map_or_else(String::new, ToString::to_string);
                RawColumn::Texts(texts.codes.iter().map(text).collect())
            }
        };
        (input.name.clone(), column)
    });
    Ok(RawInput { columns: RawColumns { n_rows: rows.len(), columns: columns.collect() }, warnings })
}

/// What a scorer hands in for one column.
enum RawCells<'a> {
    Numbers(Vec<f64>),
    Texts(Texts<'a>),
}

/// The inputs at the given rows of a table, as columns to work on.
pub(super) fn frame<'a>(
    table: &'a Table,
    rows: &[u32],
    inputs: &[RecipeInput],
    known: &(impl Fn(&str) -> Option<&'a [String]> + Sync),
    io: &dyn JobIo,
) -> Result<(Frame<'a>, Vec<String>), RecipeError> {
    let (read, warnings) = cells(table, rows, inputs, known, io)?;
    let mut frame = Frame::new(rows.len());
    for (input, cells) in inputs.iter().zip(read) {
        frame.put(&input.name, column(&input.input, cells));
    }
    Ok((frame, warnings))
}

/// The rows of what a scorer handed in, as columns to work on. The raw columns must be the recipe's, in its order.
pub(super) fn frame_of_raw<'a>(
    raw: &'a RawColumns,
    rows: Range<usize>,
    recipe: &FittedRecipe,
) -> Result<Frame<'a>, RecipeError> {
    check(raw, recipe)?;
    let rows = rows.start.min(raw.n_rows)..rows.end.min(raw.n_rows);
    let items: Vec<_> = recipe.inputs.iter().zip(&raw.columns).collect();
    let columns = parallel::map(items, rows.len(), |(input, (_, cells))| match cells {
        RawColumn::Numbers(numbers) => {
            let numbers = numbers[rows.clone()].iter().copied().map(finite_or_nan).collect();
            column(&input.input, RawCells::Numbers(numbers))
        }
        RawColumn::Texts(texts) => column(&input.input, RawCells::Texts(coded(&texts[rows.clone()]))),
    });
    let mut frame = Frame::new(rows.len());
    for (input, column) in recipe.inputs.iter().zip(columns) {
        frame.put(&input.name, column);
    }
    Ok(frame)
}

fn coded(texts: &[String]) -> Texts<'_> {
    let mut index: HashMap<&str, u32> = HashMap::new();
    let mut values = Vec::new();
    let mut last: Option<(&str, u32)> = None;
    let codes = texts.iter().map(|text| {
        let text = text.as_str();
        if text.is_empty() {
            return MISSING_CODE;
        }
        if let Some((_, code)) = last.filter(|(known, _)| *known == text) {
            return code;
        }
        let code = *index.entry(text).or_insert_with(|| {
            values.push(Cow::Borrowed(text));
            values.len() as u32 - 1
        });
        last = Some((text, code));
        code
    });
    let codes = codes.collect();
    Texts { codes, values }
}

fn column<'a>(input: &ColumnInput, cells: RawCells<'a>) -> Column<'a> {
    match (input, cells) {
        (ColumnInput::Datetime, RawCells::Numbers(numbers)) => Column::Dates(numbers),
        (_, RawCells::Numbers(numbers)) => Column::Numbers(numbers),
        (ColumnInput::BooleanText { true_spellings, false_spellings }, RawCells::Texts(texts)) => {
            Column::Numbers(texts.map(f64::NAN, |text| boolean::number(text, true_spellings, false_spellings)))
        }
        (_, RawCells::Texts(texts)) => Column::Texts(texts),
    }
}

fn cells<'a>(
    table: &'a Table,
    rows: &[u32],
    inputs: &[RecipeInput],
    known: &(impl Fn(&str) -> Option<&'a [String]> + Sync),
    io: &dyn JobIo,
) -> Result<(Vec<RawCells<'a>>, Vec<String>), RecipeError> {
    check_rows(table, rows)?;
    check_columns(table, inputs.iter().map(|input| input.name.as_str()))?;
    let found: Vec<_> = inputs.iter().filter_map(|input| Some((input, table.column(&input.name)?))).collect();
    let read =
        |(RecipeInput { name, input }, (schema, cells)): (&RecipeInput, (&'a ColumnSchema, &'a Cells))| match input {
            ColumnInput::Number { .. } => {
                let (numbers, warning) = numbers(name, cells, rows);
                (RawCells::Numbers(numbers), warning)
            }
            ColumnInput::Datetime => {
                let (dates, warning) = dates_of(name, cells, rows);
                (RawCells::Numbers(dates), warning)
            }
            ColumnInput::Text => (RawCells::Texts(texts(schema, cells, rows, known(name))), None),
            ColumnInput::BooleanText { true_spellings, false_spellings } => {
                let read = texts(schema, cells, rows, None);
                let is_known = |text: &str| {
                    let listed = |spellings: &[String]| spellings.iter().any(|s| s == text);
                    listed(true_spellings) || listed(false_spellings)
                };
                let unread = read.values.iter().zip(read.counts()).filter(|(text, _)| !is_known(text));
                let warning = unread_warning(name, "true or false", unread.map(|(text, n)| (text.as_ref(), n)));
                (RawCells::Texts(read), warning)
            }
        };
    let read = parallel::map_in_turns(found, rows.len(), (io, "Reading columns"), read)?;
    let (read, warnings): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    Ok((read, warnings.into_iter().flatten().collect()))
}

fn numbers(name: &str, cells: &Cells, rows: &[u32]) -> (Vec<f64>, Option<String>) {
    match cells {
        Cells::Float(values) => (rows.iter().map(|&row| finite_or_nan(values[row as usize])).collect(), None),
        Cells::Text(_) => {
            parsed(name, "a number", cells, rows, |text| text.trim().parse::<f64>().map_or(f64::NAN, finite_or_nan))
        }
        _ => (rows.iter().map(|&row| cells.number(row as usize)).collect(), None),
    }
}

/// Dates, or whole numbers as milliseconds since 1970, or text that spells ISO dates.
fn dates_of(name: &str, cells: &Cells, rows: &[u32]) -> (Vec<f64>, Option<String>) {
    match cells {
        Cells::Text(_) => parsed(name, "a date", cells, rows, |text| {
            dates::parse(text.trim(), dates::DateFormat::Iso).map_or(f64::NAN, |moment| moment.ms as f64)
        }),
        _ => numbers(name, cells, rows),
    }
}

fn parsed(
    name: &str,
    wanted: &str,
    cells: &Cells,
    rows: &[u32],
    parse: impl Fn(&str) -> f64,
) -> (Vec<f64>, Option<String>) {
    let Cells::Text(dictionary) = cells else { return (vec![f64::NAN; rows.len()], None) };
    let parsed: Vec<f64> = dictionary.values.iter().map(|text| parse(text)).collect();
    let code = |row: &u32| dictionary.codes[*row as usize] as usize;
    let mut counts = vec![0_u64; parsed.len()];
    let mut first = None;
    for at in rows.iter().map(code).filter(|&c| parsed.get(c).is_some_and(|x| x.is_nan())) {
        counts[at] += 1;
        first.get_or_insert(at);
    }
    let total = counts.iter().sum();
    let warning =
        first.and_then(|at| unread_warning(name, wanted, std::iter::once((dictionary.values[at].as_str(), total))));
    (rows.iter().map(|row| parsed.get(code(row)).copied().unwrap_or(f64::NAN)).collect(), warning)
}

fn unread_warning<'t>(name: &str, wanted: &str, unread: impl Iterator<Item = (&'t str, u64)>) -> Option<String> {
    let (mut count, mut example) = (0_u64, None);
    for (text, n) in unread.filter(|(_, n)| *n > 0) {
        count += n;
        example.get_or_insert(text);
    }
    let example: String = example?.chars().take(40).collect();
    Some(format!("`{name}`: {count} cells are not {wanted} (such as `{example}`) and count as missing"))
}

fn texts<'a>(schema: &'a ColumnSchema, cells: &'a Cells, rows: &[u32], known: Option<&[String]>) -> Texts<'a> {
    match cells {
        Cells::Boolean(values) => {
            let spelt_true = spelling("true", &schema.true_spellings, known);
            let spelt_false = spelling("false", &schema.false_spellings, known);
            let code = |row: &u32| values[*row as usize].map_or(MISSING_CODE, u32::from);
            let values = vec![Cow::Borrowed(spelt_false), Cow::Borrowed(spelt_true)];
            Texts { codes: rows.iter().map(code).collect(), values }
        }
        Cells::Text(dictionary) => {
            let values: Vec<Cow<'a, str>> = dictionary.values.iter().map(|v| Cow::Borrowed(v.as_str())).collect();
            let empty = dictionary.values.iter().position(String::is_empty).map(|at| at as u32);
            let code = |row: &u32| {
                let code = dictionary.codes[*row as usize];
                if Some(code) == empty { MISSING_CODE } else { code }
            };
            Texts { codes: rows.iter().map(code).collect(), values }
        }
        _ => {
            let dictionary = cells.take(rows.iter().map(|&row| row as usize)).to_dictionary();
            Texts { codes: dictionary.codes, values: dictionary.values.into_iter().map(Cow::Owned).collect() }
        }
    }
}

/// How a boolean cell was spelt, for a model that learned from the spelling: a file that happens to hold only `yes` and
/// `no` is typed as booleans, but to a model with the categories `maybe`, `no`, `yes` these are categories.
fn spelling<'a>(usual: &'a str, source: &'a [String], known: Option<&[String]>) -> &'a str {
    let Some(known) = known else { return usual };
    let known: HashSet<&str> = known.iter().map(String::as_str).collect();
    let spelt = source.iter().map(String::as_str).find(|spelling| known.contains(spelling));
    spelt.or_else(|| source.first().map(String::as_str)).unwrap_or(usual)
}

/// The categories of a text column that the first step to list them knows.
pub(super) fn levels<'a>(recipe: &'a FittedRecipe, name: &str) -> Option<&'a [String]> {
    let found = |column: &str| column == name;
    recipe.steps.iter().find_map(|step| match step {
        FittedStep::OneHot { columns } => columns.iter().find(|c| found(&c.column)).map(|c| c.categories.as_slice()),
        FittedStep::Category { columns } => columns.iter().find(|c| found(&c.column)).map(|c| c.levels.as_slice()),
        FittedStep::Lookup { columns, .. } => columns.iter().find(|c| found(&c.column)).map(|c| c.levels.as_slice()),
        FittedStep::GroupRare { columns } => columns.iter().find(|c| found(&c.column)).map(|c| c.levels.as_slice()),
        _ => None,
    })
}

fn check(raw: &RawColumns, recipe: &FittedRecipe) -> Result<(), RecipeError> {
    for (position, RecipeInput { name: expected, input }) in recipe.inputs.iter().enumerate() {
        let Some((name, cells)) = raw.columns.get(position) else {
            return Err(RecipeError::mismatch(expected, "is missing"));
        };
        if name != expected {
            return Err(RecipeError::mismatch(expected, format!("was expected where `{name}` stands")));
        }
        let (len, is_text) = match cells {
            RawColumn::Numbers(v) => (v.len(), false),
            RawColumn::Texts(v) => (v.len(), true),
        };
        if is_text != input.is_text() {
            return Err(RecipeError::mismatch(name, "holds text where numbers are expected, or numbers for text"));
        }
        if len != raw.n_rows {
            return Err(RecipeError::mismatch(name, format!("has {len} rows, not {}", raw.n_rows)));
        }
    }
    match raw.columns.get(recipe.inputs.len()) {
        Some((name, _)) => Err(RecipeError::mismatch(name, "is not part of the recipe")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::recipe::testing::{dense, fitted, table};
    use crate::data::recipe::{encode, encode_raw};
    use crate::domain::recipe::{RecipeSpec, Scaling};

    fn recipe(name: &str, cells: Cells) -> FittedRecipe {
        let n = cells.len() as u32;
        let spec = RecipeSpec { scaling: Scaling::None, ..RecipeSpec::default() };
        fitted(&table(vec![(name, cells)]), &(0..n).collect::<Vec<u32>>(), &[name], &spec)
    }

    #[test]
    fn text_in_a_number_column_is_read_or_said() {
        let trained = recipe("x", Cells::Float(vec![1.0, 2.0, 3.0]));
        let cells = [Some(" 4.5"), Some("n/k"), None, Some("inf"), Some("n/k")];
        let t = table(vec![("x", Cells::Text(cells.into_iter().collect()))]);
        let rows = [0, 1, 2, 3, 4];
        let input = raw(&t, &rows, &trained).unwrap();
        assert_eq!(input.warnings, ["`x`: 3 cells are not a number (such as `n/k`) and count as missing"]);
        let expected = [4.5, 2.0, 2.0, 2.0, 2.0];
        assert_eq!(dense(&encode_raw(&input.columns, 0..5, &trained).unwrap()), expected);
        assert_eq!(dense(&encode(&t, &rows, &trained, &Silent).unwrap()), expected);
    }

    #[test]
    fn a_column_of_only_yes_and_no_still_means_its_categories() {
        let trained = recipe("a", Cells::Text([Some("yes"), Some("no"), Some("maybe")].into_iter().collect()));
        let mut t = table(vec![("a", Cells::Boolean(vec![Some(true), Some(false), None]))]);
        t.schema.columns[0].true_spellings = vec!["YES".into(), "yes".into()];
        t.schema.columns[0].false_spellings = vec!["no".into()];
        // maybe, no, yes
        let x = encode(&t, &[0, 1, 2], &trained, &Silent).unwrap();
        assert_eq!(dense(&x), [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn booleans_arrive_as_true_and_false() {
        let trained = recipe("b", Cells::Boolean(vec![Some(true), Some(false), Some(true)]));
        let input = raw(&table(vec![("b", Cells::Boolean(vec![Some(false), None]))]), &[0, 1], &trained).unwrap();
        assert_eq!(input.columns.columns[0].1, RawColumn::Texts(vec!["false".into(), String::new()]));
        assert_eq!(dense(&encode_raw(&input.columns, 0..2, &trained).unwrap()), [0.0, 1.0]);
        let odd = table(vec![("b", Cells::Int(vec![Some(1)]))]);
        let warnings = raw(&odd, &[0], &trained).unwrap().warnings;
        assert_eq!(warnings, ["`b`: 1 cells are not true or false (such as `1`) and count as missing"]);
    }

    #[test]
    fn a_missing_column_is_named() {
        let trained = recipe("x", Cells::Float(vec![1.0, 2.0]));
        let error = raw(&table(vec![("z", Cells::Float(vec![1.0]))]), &[0], &trained).unwrap_err();
        assert_eq!(error.to_string(), "The table has no column `x`; the model needs it. Columns there: z");
    }

    #[test]
    fn inputs_that_do_not_fit_are_refused() {
        let recipe = recipe("c", Cells::Text([Some("a"), Some("b")].into_iter().collect()));
        let problem = |raw: &RawColumns| encode_raw(raw, 0..3, &recipe).unwrap_err().to_string();
        let numbers = RawColumns { n_rows: 1, columns: vec![("c".into(), RawColumn::Numbers(vec![1.0]))] };
        assert!(problem(&numbers).contains("holds text where numbers"), "{}", problem(&numbers));
        let texts = RawColumns { n_rows: 3, columns: vec![("c".into(), RawColumn::Texts(vec!["a".into()]))] };
        assert!(problem(&texts).contains("has 1 rows, not 3"));
        assert!(problem(&RawColumns::default()).contains("is missing"));
        let renamed = RawColumns { n_rows: 0, columns: vec![("d".into(), RawColumn::Texts(vec![]))] };
        assert!(problem(&renamed).contains("was expected where `d` stands"));
    }
}
