//! All rules about one column: one pass for what cells tell, another for what needs the first, then what needs all
//! values.

mod as_a_whole;
mod by_cell;

use super::aggregate::Moments;
use super::bounds::holds;
use super::cells::{Failing, Judge, Seen, see};
use super::filter::Rows;
use super::{RuleOutcome, RulesInput, Stop, settled};
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::suite::{Rule, Scalar, Test};

/// The outcome of each rule with its number.
pub(super) fn judge(
    input: &RulesInput<'_>,
    rows: &Rows<'_>,
    column: usize,
    rules: &[(usize, &Rule)],
) -> Result<Vec<(usize, RuleOutcome)>, LoadError> {
    let one = Column { input, rows, column, schema: &rows.table.schema.columns[column] };
    let mut outcomes = Vec::with_capacity(rules.len());
    let mut judges = Vec::new();
    let (mut after, mut whole) = (Vec::new(), Vec::new());
    let mut needs_moments = false;
    for &(index, rule) in rules {
        match &rule.test {
            Test::ColumnValueZScoresBelow { .. } => after.push((index, rule)),
            test if test.name().starts_with("column_value") => match settle(one.cell_test(test))? {
                Ok(test) => judges.push(Judge { index, rule, test, failing: Failing::default() }),
                Err(outcome) => outcomes.push((index, outcome)),
            },
            _ => whole.push((index, rule)),
        }
        needs_moments |= needs_moments_for(&rule.test);
    }
    let numbers = one.schema.storage != Storage::String;
    let (mut seen, mut moments) = (Seen::default(), Moments::default());
    let needs_pass = !judges.is_empty() || needs_moments || whole.iter().any(|(_, rule)| needs_seen(&rule.test));
    if needs_pass {
        rows.pieces::<LoadError>(&[column], |piece| {
            see(piece, &mut judges, &mut seen, |chunk| {
                if needs_moments {
                    moments.add(chunk);
                }
            });
            if needs_moments && numbers {
                moments.add_cells(&piece.cells[0]);
            }
            Ok(())
        })?;
    }
    outcomes.extend(judges.into_iter().map(|judge| judge.outcome(seen)));
    let mut judges = Vec::new();
    for (index, rule) in after {
        match settle(one.z_score(&rule.test, &moments))? {
            Ok(test) => judges.push(Judge { index, rule, test, failing: Failing::default() }),
            Err(outcome) => outcomes.push((index, outcome)),
        }
    }
    if !judges.is_empty() {
        let mut again = Seen::default();
        rows.pieces::<LoadError>(&[column], |piece| {
            see(piece, &mut judges, &mut again, |_| ());
            Ok(())
        })?;
        outcomes.extend(judges.into_iter().map(|judge| judge.outcome(again)));
    }
    for (index, rule) in whole {
        outcomes.push((index, settled(one.whole(&rule.test, seen, &moments))?));
    }
    Ok(outcomes)
}

fn settle<T>(result: Result<T, Stop>) -> Result<Result<T, RuleOutcome>, LoadError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Outcome(outcome)) => Ok(Err(outcome)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn needs_moments_for(test: &Test) -> bool {
    matches!(
        test,
        Test::ColumnValueZScoresBelow { .. }
            | Test::ColumnMinBetween { .. }
            | Test::ColumnMaxBetween { .. }
            | Test::ColumnMeanBetween { .. }
            | Test::ColumnStdevBetween { .. }
            | Test::ColumnSumBetween { .. }
    )
}

fn needs_seen(test: &Test) -> bool {
    matches!(
        test,
        Test::ColumnProportionOfNullValuesBetween { .. } | Test::ColumnProportionOfUniqueValuesBetween { .. }
    )
}

/// One column of the table with the rows that are judged.
pub(super) struct Column<'c, 'a> {
    pub input: &'c RulesInput<'a>,
    pub rows: &'c Rows<'a>,
    pub column: usize,
    pub schema: &'c ColumnSchema,
}
impl Column<'_, '_> {
    /// The rule asks for something that the column does not hold.
    pub fn not_for(&self, wanted: &str) -> Stop {
        let Self { schema, .. } = self;
        Stop::impossible(format!(
            "column `{}` holds {}, the rule is about {wanted}",
            schema.name,
            holds(schema.storage)
        ))
    }

    /// The column of this name in the reference, with all its rows.
    pub fn reference(&self) -> Result<(Rows<'_>, usize), Stop> {
        let no_reference = || Stop::Outcome(RuleOutcome::skipped("No reference given"));
        let table = self.input.reference.ok_or_else(no_reference)?;
        let name = &self.schema.name;
        let absent = || Stop::Outcome(RuleOutcome::skipped(format!("The reference has no column `{name}`")));
        let column = table.schema.index_of(name).ok_or_else(absent)?;
        let texts = |storage| storage == Storage::String;
        let found = table.schema.columns[column].storage;
        if texts(found) != texts(self.schema.storage) {
            return Err(Stop::impossible(format!(
                "column `{name}` holds {}, in the reference it holds {}",
                holds(self.schema.storage),
                holds(found)
            )));
        }
        Ok((Rows { table, only: None, watch: self.rows.watch }, column))
    }

    /// No number to hold against a limit.
    pub fn no_values(&self) -> Stop {
        Stop::Outcome(RuleOutcome::skipped(format!("Column `{}` has no values to judge", self.schema.name)))
    }

    /// The finite numbers of the column.
    pub fn numbers(&self) -> Result<Vec<f64>, Stop> {
        if self.schema.storage == Storage::String {
            return Err(self.not_for("numbers"));
        }
        Ok(numbers(self.rows, self.column)?)
    }
}

/// The finite numbers of a column among the rows.
pub(super) fn numbers(rows: &Rows<'_>, column: usize) -> Result<Vec<f64>, LoadError> {
    let mut values = Vec::new();
    rows.pieces::<LoadError>(&[column], |piece| {
        match &*piece.cells[0] {
            Cells::Float(cells) => values.extend(cells.iter().copied().filter(|x| x.is_finite())),
            cells => values.extend((0..cells.len()).map(|row| cells.number(row)).filter(|x| x.is_finite())),
        }
        Ok(())
    })?;
    Ok(values)
}

/// A value as a text column would hold it.
pub(super) fn plain(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => text.clone(),
        Scalar::Whole(x) => x.to_string(),
        Scalar::Number(x) => crate::data::table::format_number(*x),
        Scalar::Bool(x) => x.to_string(),
    }
}
