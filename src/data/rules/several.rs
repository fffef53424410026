//! Rules about several columns, row by row; and the number of rows where only some are counted.

use super::bounds::{NumberRange, clamped, number, whole};
use super::cells::Failing;
use super::expression::{self, FALSE, UNKNOWN, Value};
use super::filter::{Piece, Rows};
use super::keys::{for_each, text_key};
use super::schema::{equal, like};
use super::{RowSet, RuleOutcome, RulesInput, Stop, column, statistics};
use crate::data::error::LoadError;
use crate::data::profile::keys::of_float;
use crate::data::table::Cells;
use crate::domain::expression::{Expression, parse};
use crate::domain::filter::Comparison;
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::suite::{Rule, Scalar, Test};
use crate::stats::mix;

/// Rows whose hashes are sorted at once.
const ROWS_OF_A_PART: usize = 4 << 20;
/// A missing cell among others of its row.
const MISSING: u64 = 0x6d69_7373_696e_6721;
/// Sums this close to the wanted one are equal: 0.1 + 0.2 is 0.3.
const TOLERANCE: f64 = 1e-9;

pub(super) fn judge(
    input: &RulesInput<'_>,
    rows: &Rows<'_>,
    columns: &[usize],
    rule: &Rule,
) -> Result<RuleOutcome, Stop> {
    use Test as T;
    let n = rows.len() as f64;
    match &rule.test {
        T::TableRowCountBetween(bounds) => Ok(NumberRange::new(bounds).judge(n)),
        T::TableRowCountEquals { value } => Ok(equal(n, *value as f64)),
        T::TableRowCountLikeReference { tolerance } => Ok(like(input, n, *tolerance)),
        T::ColumnPairValuesAGreaterThanB { or_equal, .. } => {
            pair(rows, columns, rule, if *or_equal { Comparison::GreaterOrEqual } else { Comparison::Greater })
        }
        T::ColumnPairValuesEqual { .. } => pair(rows, columns, rule, Comparison::Equal),
        T::ColumnPairValuesInSet { value_pairs_set, .. } => pairs_in_set(rows, columns, rule, value_pairs_set),
        T::CompoundColumnsUnique { .. } => unique_together(rows, columns, rule),
        T::MulticolumnSumEquals { sum_total, .. } => sums(rows, columns, rule, *sum_total),
        T::SelectColumnValuesUniqueWithinRecord { .. } => unique_within(rows, columns, rule),
        T::RowsSatisfy { expression } => {
            let problem = |problem| Stop::impossible(format!("`expression`: {problem}"));
            satisfy(rows, columns, rule, &parse(expression).map_err(problem)?)
        }
        T::ColumnPairCramersVBelow { threshold, .. } => statistics::pair_v(rows, [columns[0], columns[1]], *threshold),
        _ => Err(Stop::impossible("this is no test of several columns")),
    }
}

/// Judges truths row by row; unknown rows are not judged.
fn count(failing: &mut Failing, judged: &mut u64, piece: &Piece<'_>, truths: &[u8]) {
    *judged += truths.iter().filter(|truth| **truth != UNKNOWN).count() as u64;
    truths.iter().enumerate().filter(|(_, truth)| **truth == FALSE).for_each(|(at, _)| failing.cell(piece, at));
}

fn pair(rows: &Rows<'_>, columns: &[usize], rule: &Rule, how: Comparison) -> Result<RuleOutcome, Stop> {
    let (mut failing, mut judged) = (Failing::default(), 0);
    rows.pieces::<Stop>(columns, |piece| {
        let [a, b] = [0, 1].map(|i| Value::of(&piece.cells[i]));
        let truths = expression::compare(how, &a, &b, piece.len())?;
        count(&mut failing, &mut judged, piece, &truths);
        Ok(())
    })?;
    Ok(failing.outcome(rule, judged))
}

fn satisfy(rows: &Rows<'_>, columns: &[usize], rule: &Rule, expression: &Expression) -> Result<RuleOutcome, Stop> {
    let (mut failing, mut judged) = (Failing::default(), 0);
    let names = expression.columns();
    if columns.is_empty() {
        return Err(Stop::impossible("the expression names no column"));
    }
    rows.pieces::<Stop>(columns, |piece| {
        let of = |name: &str| names.iter().position(|n| *n == name).map(|at| &*piece.cells[at]);
        let truths = expression::truths(&expression.root, piece.len(), &of)?;
        count(&mut failing, &mut judged, piece, &truths);
        Ok(())
    })?;
    Ok(failing.outcome(rule, judged))
}

fn pairs_in_set(
    rows: &Rows<'_>,
    columns: &[usize],
    rule: &Rule,
    set: &[(Scalar, Scalar)],
) -> Result<RuleOutcome, Stop> {
    let (mut failing, mut judged) = (Failing::default(), 0);
    let schemas = columns.iter().map(|column| &rows.table.schema.columns[*column]).collect::<Vec<_>>();
    let (first, second): (Vec<&Scalar>, Vec<&Scalar>) = set.iter().map(|(a, b)| (a, b)).unzip();
    let known = [places(&first, schemas[0])?, places(&second, schemas[1])?];
    // The same value has the same place, that of its first pair.
    let mut pairs: Vec<(usize, usize)> =
        set.iter().enumerate().map(|(i, _)| (known[0].place_of_option(i), known[1].place_of_option(i))).collect();
    pairs.sort_unstable();
    rows.pieces::<Stop>(columns, |piece| {
        let [a, b] = [0, 1].map(|side| known[side].of(&piece.cells[side]));
        for at in 0..piece.len() {
            if piece.cells[0].is_missing(at) || piece.cells[1].is_missing(at) {
                continue;
            }
            judged += 1;
            let found = a[at].zip(b[at]).is_some_and(|pair| pairs.binary_search(&pair).is_ok());
            if !found {
                failing.cell(piece, at);
            }
        }
        Ok(())
    })?;
    Ok(failing.outcome(rule, judged))
}

/// Values of one side of the pairs, typed as their column.
enum Places {
    Texts(Vec<String>),
    Numbers(Vec<f64>),
    Ints(Vec<(i64, i64)>),
}

fn places(values: &[&Scalar], schema: &ColumnSchema) -> Result<Places, Stop> {
    Ok(match schema.storage {
        Storage::String => Places::Texts(values.iter().map(|v| column::plain(v)).collect()),
        Storage::Float64 => Places::Numbers(values.iter().map(|v| number(v, schema)).collect::<Result<_, _>>()?),
        _ => {
            let ranges: Vec<(i128, i128)> = values.iter().map(|v| whole(v, schema)).collect::<Result<_, _>>()?;
            Places::Ints(ranges.into_iter().map(|(low, high)| clamped(low, high).unwrap_or((1, 0))).collect())
        }
    })
}

impl Places {
    fn place_of_option(&self, i: usize) -> usize {
        let place = match self {
            Self::Texts(values) => values.iter().position(|v| *v == values[i]),
            Self::Numbers(values) => values.iter().position(|v| *v == values[i]),
            Self::Ints(values) => values.iter().position(|v| *v == values[i]),
        };
        place.unwrap_or(i)
    }

    /// For each cell the place of its value.
    fn of(&self, cells: &Cells) -> Vec<Option<usize>> {
        match (self, cells) {
            (Self::Texts(known), Cells::Text(dictionary)) => {
                let levels: Vec<Option<usize>> =
                    dictionary.values.iter().map(|text| known.iter().position(|k| k == text)).collect();
                dictionary.codes.iter().map(|code| levels.get(*code as usize).copied().flatten()).collect()
            }
            (Self::Numbers(known), Cells::Float(values)) => {
                values.iter().map(|x| known.iter().position(|k| k == x)).collect()
            }
            (Self::Ints(known), cells) => {
                let within = |x: i64| known.iter().position(|(low, high)| *low <= x && x <= *high);
                let whole = |row: usize| match cells {
                    Cells::Int(values) | Cells::DatetimeMs(values) => values[row],
                    Cells::Boolean(values) => values[row].map(i64::from),
                    _ => None,
                };
                (0..cells.len()).map(|row| whole(row).and_then(within)).collect()
            }
            (_, cells) => vec![None; cells.len()],
        }
    }
}

fn unique_together(rows: &Rows<'_>, columns: &[usize], rule: &Rule) -> Result<RuleOutcome, Stop> {
    // Equal rows have equal hashes; different ones share a hash of 64 bits about never (60,000,000 rows: 1 in 10,000).
    let (mut hashes, mut numbers): (Vec<u64>, Vec<u32>) = (Vec::new(), Vec::new());
    rows.pieces::<LoadError>(columns, |piece| {
        let mut of_piece = vec![0; piece.len()];
        let mut present = vec![false; piece.len()];
        for cells in &piece.cells {
            let mut keys = vec![MISSING; piece.len()];
            for_each(cells, |row, key| {
                keys[row] = mix(key);
                present[row] = true;
            });
            of_piece.iter_mut().zip(keys).for_each(|(hash, key)| *hash = mix(*hash ^ key));
        }
        for at in (0..piece.len()).filter(|at| present[*at]) {
            hashes.push(of_piece[at]);
            numbers.push(piece.row(at));
        }
        Ok(())
    })?;
    let mut twins: Vec<u32> = Vec::new();
    let bits = (hashes.len() / ROWS_OF_A_PART).checked_ilog2().map_or(0, |log| log + 1);
    let mut part: Vec<(u64, u32)> = Vec::new();
    for which in 0..1u64 << bits {
        rows.watch.check()?;
        let inside = |hash: u64| bits == 0 || hash >> (64 - bits) == which;
        part.clear();
        part.extend(hashes.iter().zip(&numbers).filter(|(hash, _)| inside(**hash)).map(|(hash, row)| (*hash, *row)));
        part.sort_unstable();
        let runs = part.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1);
        twins.extend(runs.flatten().map(|(_, row)| *row));
    }
    twins.sort_unstable();
    let failing: RowSet = twins.into_iter().collect();
    Ok(RuleOutcome { rows: failing.clone(), ..RuleOutcome::of_rows(rule, failing.len(), hashes.len() as u64) })
}

fn sums(rows: &Rows<'_>, columns: &[usize], rule: &Rule, total: f64) -> Result<RuleOutcome, Stop> {
    for column in columns {
        let schema = &rows.table.schema.columns[*column];
        if matches!(schema.storage, Storage::String | Storage::DatetimeMs) {
            let holds = super::bounds::holds(schema.storage);
            return Err(Stop::impossible(format!("column `{}` holds {holds}, the rule adds numbers", schema.name)));
        }
    }
    let (mut failing, mut judged) = (Failing::default(), 0);
    rows.pieces::<Stop>(columns, |piece| {
        for at in 0..piece.len() {
            // A missing cell makes the sum missing.
            let sum: f64 = piece.cells.iter().map(|cells| cells.number(at)).sum();
            if sum.is_nan() {
                continue;
            }
            judged += 1;
            let largest = piece.cells.iter().map(|cells| cells.number(at).abs()).fold(total.abs(), f64::max);
            if sum != total && !((sum - total).abs() <= TOLERANCE * largest) {
                failing.cell(piece, at);
            }
        }
        Ok(())
    })?;
    Ok(failing.outcome(rule, judged))
}

fn unique_within(rows: &Rows<'_>, columns: &[usize], rule: &Rule) -> Result<RuleOutcome, Stop> {
    let storages: Vec<Storage> = columns.iter().map(|column| rows.table.schema.columns[*column].storage).collect();
    let same = storages.iter().all(|storage| *storage == storages[0]);
    let (mut failing, mut judged) = (Failing::default(), 0);
    rows.pieces::<Stop>(columns, |piece| {
        let mut keys: Vec<Vec<Option<u64>>> = Vec::new();
        for cells in &piece.cells {
            let mut of_cells = vec![None; piece.len()];
            for_each(cells, |row, key| {
                // Whole numbers and others are compared as numbers, with texts as what they are written as.
                let key = if same { key } else { comparable(cells, row).unwrap_or(key) };
                of_cells[row] = Some(key);
            });
            keys.push(of_cells);
        }
        let mut of_row = Vec::with_capacity(keys.len());
        for at in 0..piece.len() {
            of_row.clear();
            of_row.extend(keys.iter().filter_map(|of_cells| of_cells[at]));
            if of_row.is_empty() {
                continue;
            }
            judged += 1;
            of_row.sort_unstable();
            if of_row.windows(2).any(|pair| pair[0] == pair[1]) {
                failing.cell(piece, at);
            }
        }
        Ok(())
    })?;
    Ok(failing.outcome(rule, judged))
}

fn comparable(cells: &Cells, row: usize) -> Option<u64> {
    match cells {
        Cells::Float(_) | Cells::Int(_) | Cells::Boolean(_) => Some(of_float(cells.number(row))),
        _ => cells.text(row).map(|text| text_key(&text)),
    }
}
