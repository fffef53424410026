//! The target column: which task it asks for, and its values as classes or numbers.
//!
//! Classes are texts (those of `Cells::text`), sorted as numbers when all of them are, else by code point, so that the
//! positive class of a binary target is scikit-learn's. Rows without a usable target belong to neither side of a split.

use std::collections::{HashMap, HashSet};

use crate::data::table::{Cells, MISSING_CODE, Table, format_number};
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};
use crate::domain::task::{Target, Task, TaskProposal};

/// Whole numbers with at most this many different values may be classes …
const MAX_NUMBER_CLASSES: usize = 20;
/// … when these are also at most this share of the rows.
const MAX_NUMBER_CLASS_SHARE: f64 = 0.05;
/// More classes than this are names or free text, not something to predict.
pub const MAX_CLASSES: usize = 1000;

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TargetError {
    #[error("There is no column `{column}`{}; choose one of the dataset's columns as target", near(.close))]
    Unknown { column: String, close: Vec<String> },
    #[error("Column `{column}` has no value in any of its {rows} rows; choose another target")]
    Empty { column: String, rows: usize },
    #[error("Column `{column}` holds only `{value}`; a target needs at least two different values")]
    OneValue { column: String, value: String },
    #[error("Column `{column}` holds dates; choose a column with classes or numbers as target")]
    Dates { column: String },
    #[error("Column `{column}` holds text such as `{example}`, not numbers; train it as classes instead")]
    NotNumbers { column: String, example: String },
    #[error(
        "Column `{column}` has {found} different values in {rows} rows; at most {MAX_CLASSES} classes, each with two rows \
         on average, can be learned. Choose another target"
    )]
    TooManyClasses { column: String, found: usize, rows: usize },
    #[error("Column `{column}` has {found} classes, not two; train it as a multiclass target")]
    NotBinary { column: String, found: usize },
    #[error("Row {} of column `{column}` has no target value", row + 1)]
    NoValue { column: String, row: u32 },
}

fn near(close: &[String]) -> String {
    if close.is_empty() { String::new() } else { format!(" (did you mean `{}`?)", close.join("`, `")) }
}

/// The usable target values of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetColumn {
    pub name: String,
    pub task: Task,
    /// Sorted class names; empty for regression.
    pub classes: Vec<String>,
    /// Rows with a usable value, ascending.
    pub rows: Vec<u32>,
    /// One value per entry of `rows`.
    pub values: Target,
    /// Rows left out because the cell is missing.
    pub missing: u64,
    /// Rows left out because the number is infinite.
    pub infinite: u64,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
}

impl TargetColumn {
    /// The values at these table rows, in that order.
    pub fn at(&self, rows: &[u32]) -> Result<Target, TargetError> {
        let position = |&row: &u32| {
            self.rows.binary_search(&row).map_err(|_| TargetError::NoValue { column: self.name.clone(), row })
        };
        let positions: Vec<usize> = rows.iter().map(position).collect::<Result<_, _>>()?;
        Ok(self.values.take(&positions))
    }
}

/// Proposes a task for a target column, with the reason in numbers.
pub fn propose(table: &Table, target: &str) -> Result<TaskProposal, TargetError> {
    let (schema, cells) = find(table, target)?;
    let rows = (0..cells.len()).filter(|&row| !cells.is_missing(row)).count();
    let distinct = count_distinct(cells);
    let values = format!("{distinct} different values in {rows} rows");
    if distinct == 0 {
        return Err(TargetError::Empty { column: target.to_owned(), rows: cells.len() });
    }
    if distinct == 1 {
        let value = (0..cells.len()).find_map(|row| cells.text(row)).unwrap_or_default();
        return Err(TargetError::OneValue { column: target.to_owned(), value });
    }
    if distinct == 2 {
        return Ok(TaskProposal { task: Task::Binary, reason: format!("`{target}` has {values}: two classes") });
    }
    let many = |what: &str| TaskProposal { task: Task::Multiclass, reason: format!("`{target}` {what}: {values}") };
    let few = distinct <= MAX_NUMBER_CLASSES && distinct as f64 <= MAX_NUMBER_CLASS_SHARE * rows as f64;
    match cells.storage() {
        Storage::DatetimeMs => Err(TargetError::Dates { column: target.to_owned() }),
        Storage::Boolean | Storage::String => {
            too_many(target, distinct, rows)?;
            Ok(many("holds text"))
        }
        Storage::Int64 if schema.kind == ColumnKind::Categorical && distinct <= MAX_CLASSES => {
            Ok(many("is a categorical column of whole numbers"))
        }
        Storage::Int64 if few => Ok(many("holds few whole numbers")),
        Storage::Int64 => {
            Ok(TaskProposal { task: Task::Regression, reason: format!("`{target}` holds whole numbers: {values}") })
        }
        Storage::Float64 => {
            Ok(TaskProposal { task: Task::Regression, reason: format!("`{target}` holds decimal numbers: {values}") })
        }
    }
}

/// Reads a target column for a task.
pub fn read(table: &Table, target: &str, task: Task) -> Result<TargetColumn, TargetError> {
    let (schema, cells) = find(table, target)?;
    let mut column = match task {
        Task::Regression => read_numbers(target, cells)?,
        Task::Binary | Task::Multiclass => read_classes(schema, task, cells)?,
    };
    if cells.storage() == Storage::Boolean {
        column.classes = column.classes.iter().map(|class| spelled(schema, class)).collect();
    }
    if column.missing > 0 {
        column.warnings.push(format!("{} rows have no `{target}` and are left out", column.missing));
    }
    if column.infinite > 0 {
        column.warnings.push(format!("{} rows have an infinite `{target}` and are left out", column.infinite));
    }
    Ok(column)
}

fn find<'a>(table: &'a Table, target: &str) -> Result<(&'a ColumnSchema, &'a Cells), TargetError> {
    table.column(target).ok_or_else(|| TargetError::Unknown {
        column: target.to_owned(),
        close: close_names(table.schema.names(), target),
    })
}

fn read_numbers(target: &str, cells: &Cells) -> Result<TargetColumn, TargetError> {
    if let Some(example) = matches!(cells, Cells::Text(_)).then(|| (0..cells.len()).find_map(|row| cells.text(row))) {
        let example = example.unwrap_or_default();
        return Err(TargetError::NotNumbers { column: target.to_owned(), example });
    }
    if matches!(cells, Cells::DatetimeMs(_)) {
        return Err(TargetError::Dates { column: target.to_owned() });
    }
    let (mut rows, mut values, mut missing, mut infinite) = (Vec::new(), Vec::new(), 0, 0);
    for row in 0..cells.len() {
        let value = cells.number(row);
        if value.is_finite() {
            rows.push(row as u32);
            values.push(value);
        } else if value.is_nan() {
            missing += 1;
        } else {
            infinite += 1;
        }
    }
    let Some(&first) = values.first() else {
        return Err(TargetError::Empty { column: target.to_owned(), rows: cells.len() });
    };
    if values.iter().all(|&value| value == first) {
        return Err(TargetError::OneValue { column: target.to_owned(), value: format_number(first) });
    }
    Ok(TargetColumn {
        name: target.to_owned(),
        task: Task::Regression,
        classes: Vec::new(),
        rows,
        values: Target::Values(values),
        missing,
        infinite,
        warnings: Vec::new(),
    })
}

fn read_classes(schema: &ColumnSchema, task: Task, cells: &Cells) -> Result<TargetColumn, TargetError> {
    let target = schema.name.as_str();
    let distinct = count_distinct(cells);
    let rows_with_value = (0..cells.len()).filter(|&row| !cells.is_missing(row)).count();
    too_many(target, distinct, rows_with_value)?;
    let dictionary = cells.to_dictionary();
    let counts = dictionary.counts();
    let seen = dictionary.values.iter().zip(&counts).filter(|(_, count)| **count > 0);
    let mut classes: Vec<(String, u64)> = seen.map(|(value, count)| (value.clone(), *count)).collect();
    sort_classes(&mut classes);
    match classes.as_slice() {
        [] => return Err(TargetError::Empty { column: target.to_owned(), rows: cells.len() }),
        [(value, _)] => {
            return Err(TargetError::OneValue { column: target.to_owned(), value: value.clone() });
        }
        many if task == Task::Binary && many.len() != 2 => {
            return Err(TargetError::NotBinary { column: target.to_owned(), found: many.len() });
        }
        _ => {}
    }
    let lonely = classes.iter().filter(|(_, count)| *count < 2).map(|(class, _)| format!("`{class}`"));
    let lonely: Vec<String> = lonely.collect();
    let mut warnings = Vec::new();
    if !lonely.is_empty() {
        let shown = lonely.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if lonely.len() > 5 { format!(" and {} more", lonely.len() - 5) } else { String::new() };
        warnings.push(format!("Classes with a single row cannot be tested: {shown}{more}"));
    }
    let classes: Vec<String> = classes.into_iter().map(|(class, _)| class).collect();
    let index: HashMap<&str, u32> = classes.iter().zip(0..).map(|(class, code)| (class.as_str(), code)).collect();
    let by_code: Vec<u32> =
        dictionary.values.iter().map(|value| index.get(value.as_str()).copied().unwrap_or(MISSING_CODE)).collect();
    let (mut rows, mut codes) = (Vec::new(), Vec::new());
    for (row, &code) in dictionary.codes.iter().enumerate() {
        if code != MISSING_CODE {
            rows.push(row as u32);
            codes.push(by_code[code as usize]);
        }
    }
    let missing = (cells.len() - rows.len()) as u64;
    let values = Target::Classes { codes, n_classes: classes.len() };
    Ok(TargetColumn { name: target.to_owned(), task, classes, rows, values, missing, infinite: 0, warnings })
}

/// The class as the source spells it (`no`, `yes`), so that predictions can be held against the file. Where it spells
/// one in several ways, `false` and `true`.
fn spelled(schema: &ColumnSchema, class: &str) -> String {
    match (schema.false_spellings.as_slice(), schema.true_spellings.as_slice()) {
        ([no], [yes]) => if class == "true" { yes } else { no }.clone(),
        _ => class.to_owned(),
    }
}

fn too_many(target: &str, distinct: usize, rows: usize) -> Result<(), TargetError> {
    if distinct > MAX_CLASSES || (distinct > 2 && distinct * 2 > rows) {
        return Err(TargetError::TooManyClasses { column: target.to_owned(), found: distinct, rows });
    }
    Ok(())
}

/// Numbers ascending when all classes are numbers, else by code point.
fn sort_classes(classes: &mut [(String, u64)]) {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|x| !x.is_nan());
    if classes.iter().all(|(class, _)| number(class).is_some()) {
        let key = |text: &str| number(text).unwrap_or(f64::NAN);
        classes.sort_by(|(a, _), (b, _)| key(a).total_cmp(&key(b)).then_with(|| a.cmp(b)));
    } else {
        classes.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
}

/// Distinct values without making text of numbers.
fn count_distinct(cells: &Cells) -> usize {
    match cells {
        Cells::Float(values) => {
            // Zero has two signs and one meaning.
            let bits = values.iter().filter(|x| !x.is_nan()).map(|x| (x + 0.0).to_bits());
            bits.collect::<HashSet<u64>>().len()
        }
        Cells::Int(values) | Cells::DatetimeMs(values) => values.iter().flatten().collect::<HashSet<_>>().len(),
        Cells::Boolean(values) => values.iter().flatten().collect::<HashSet<_>>().len(),
        Cells::Text(dictionary) => dictionary.counts().iter().filter(|&&count| count > 0).count(),
    }
}

/// Up to three names that read almost like `wanted`, nearest first.
pub fn close_names<'a>(names: impl Iterator<Item = &'a str>, wanted: &str) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    let mut near: Vec<(usize, &str)> = names
        .map(|name| (edit_distance(&name.to_lowercase(), &wanted), name))
        .filter(|(distance, name)| {
            let lower = name.to_lowercase();
            *distance <= limit || (wanted.len() >= 3 && (lower.contains(&wanted) || wanted.contains(&lower)))
        })
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// Levenshtein's distance over characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::recipe::testing::table;

    fn texts(cells: &[Option<&str>]) -> Cells {
        Cells::Text(cells.iter().copied().collect())
    }

    #[test]
    fn two_values_are_a_binary_target_whatever_the_storage() {
        let t = table(vec![
            ("b", Cells::Boolean(vec![Some(true), Some(false), None])),
            ("f", Cells::Float(vec![0.0, 1.0, 0.0])),
            ("s", texts(&[Some("yes"), Some("no"), Some("no")])),
        ]);
        for name in ["b", "f", "s"] {
            assert_eq!(propose(&t, name).unwrap().task, Task::Binary, "{name}");
        }
        assert_eq!(propose(&t, "s").unwrap().reason, "`s` has 2 different values in 3 rows: two classes");
    }

    #[test]
    fn few_whole_numbers_are_classes_and_many_are_numbers() {
        let few = (0..100).map(|i| Some(i % 3)).collect();
        let many = (0..100).map(|i| Some(i % 6)).collect();
        let t = table(vec![("few", Cells::Int(few)), ("many", Cells::Int(many))]);
        assert_eq!(propose(&t, "few").unwrap().task, Task::Multiclass);
        // 6 different values are more than 5 % of 100 rows.
        assert_eq!(propose(&t, "many").unwrap().task, Task::Regression);
        let mut t = t;
        t.schema.columns[1].kind = ColumnKind::Categorical;
        assert_eq!(propose(&t, "many").unwrap().task, Task::Multiclass);
    }

    #[test]
    fn number_classes_sort_as_numbers_and_text_by_code_point() {
        let t = table(vec![
            ("n", texts(&[Some("10"), Some("9"), Some("10"), Some("9"), None])),
            ("s", texts(&[Some("b"), Some("B"), Some("b"), Some("B"), None])),
        ]);
        let n = read(&t, "n", Task::Binary).unwrap();
        assert_eq!(n.classes, ["9", "10"]);
        assert_eq!(n.values, Target::Classes { codes: vec![1, 0, 1, 0], n_classes: 2 });
        assert_eq!((n.rows, n.missing), (vec![0, 1, 2, 3], 1));
        assert_eq!(read(&t, "s", Task::Binary).unwrap().classes, ["B", "b"]);
    }

    #[test]
    fn infinite_numbers_are_counted_and_left_out() {
        let t = table(vec![("y", Cells::Float(vec![1.0, f64::INFINITY, f64::NAN, 4.0]))]);
        let y = read(&t, "y", Task::Regression).unwrap();
        assert_eq!((y.rows.clone(), y.missing, y.infinite), (vec![0, 3], 1, 1));
        assert_eq!(y.at(&[3]).unwrap(), Target::Values(vec![4.0]));
        assert_eq!(y.at(&[1]).unwrap_err(), TargetError::NoValue { column: "y".into(), row: 1 });
        assert_eq!(y.warnings.len(), 2);
    }

    #[test]
    fn a_misspelt_target_names_its_neighbours() {
        let t = table(vec![("churned", Cells::Int(vec![Some(1)])), ("age", Cells::Int(vec![Some(1)]))]);
        let error = propose(&t, "churnd").unwrap_err();
        assert_eq!(error, TargetError::Unknown { column: "churnd".into(), close: vec!["churned".into()] });
        assert!(error.to_string().contains("did you mean `churned`?"));
    }

    #[test]
    fn unusable_targets_say_why() {
        let names: Vec<String> = (0..30).map(|i| format!("name {i}")).collect();
        let t = table(vec![
            ("one", Cells::Int(vec![Some(3); 30])),
            ("none", Cells::Float(vec![f64::NAN; 30])),
            ("name", Cells::Text(names.iter().map(|n| Some(n.as_str())).collect())),
            ("day", Cells::DatetimeMs((0..30).map(|d| Some(d * 86_400_000)).collect())),
        ]);
        assert!(matches!(propose(&t, "one"), Err(TargetError::OneValue { .. })));
        assert!(matches!(propose(&t, "none"), Err(TargetError::Empty { .. })));
        assert!(matches!(propose(&t, "name"), Err(TargetError::TooManyClasses { found: 30, .. })));
        assert!(matches!(propose(&t, "day"), Err(TargetError::Dates { .. })));
        assert!(matches!(read(&t, "name", Task::Regression), Err(TargetError::NotNumbers { .. })));
        assert!(matches!(read(&t, "one", Task::Regression), Err(TargetError::OneValue { .. })));
    }

    #[test]
    fn classes_are_spelled_as_in_the_source() {
        let mut t = table(vec![("left", Cells::Boolean(vec![Some(true), Some(false), None, Some(false)]))]);
        t.schema.columns[0].true_spellings = vec!["yes".into()];
        t.schema.columns[0].false_spellings = vec!["no".into()];
        let target = read(&t, "left", Task::Binary).unwrap();
        assert_eq!(target.classes, ["no", "yes"]);
        assert_eq!(target.values, Target::Classes { codes: vec![1, 0, 0], n_classes: 2 });
        t.schema.columns[0].true_spellings.push("Yes".into());
        assert_eq!(read(&t, "left", Task::Binary).unwrap().classes, ["false", "true"]);
    }
}
