//! All rules about one column: one pass for what cells tell, another for what needs the first, then what needs all
//! values.

use std::collections::{BTreeSet, HashSet};

use super::aggregate::{Moments, quantiles};
use super::bounds::{self, NumberRange, clamped, holds, int_range, number, whole};
use super::cells::{CellTest, Failing, Judge, Last, Order, Seen, see};
use super::filter::Rows;
use super::keys::{self, Counts};
use super::{Observed, RuleOutcome, RulesInput, Stop, settled, statistics};
use crate::data::dates::{self, DateFormat};
use crate::data::error::LoadError;
use crate::data::table::Cells;
use crate::domain::pattern::{Matcher, Pattern};
use crate::domain::schema::{ColumnSchema, Storage};
use crate::domain::suite::{Bounds, Rule, Scalar, Test, Which};

/// Values that an outcome names.
const NAMED: usize = 20;

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
    fn cell_test(&self, test: &Test) -> Result<CellTest, Stop> {
        use Test as T;
        let order = |descending, strictly| Ok(CellTest::Order(Order { descending, strictly, last: Last::None }));
        let text = |holds: super::cells::TextTest| Ok(CellTest::Text(holds));
        match test {
            T::ColumnValuesNotNull { .. } => Ok(CellTest::Present),
            T::ColumnValuesNull { .. } => Ok(CellTest::Missing),
            T::ColumnValuesUnique { .. } => Ok(CellTest::Unique(keys::repeated(self.rows, self.column)?)),
            T::ColumnValuesBetween { bounds, .. } => self.between(bounds),
            T::ColumnValuesInSet { value_set, .. } => self.set(value_set, true),
            T::ColumnValuesNotInSet { value_set, .. } => self.set(value_set, false),
            T::ColumnValueLengthsBetween { bounds, .. } => {
                let range = NumberRange::new(bounds);
                text(Box::new(move |cell| range.holds(cell.chars().count() as f64)))
            }
            T::ColumnValueLengthsEqual { value, .. } => {
                let value = *value;
                text(Box::new(move |cell| cell.chars().count() as u64 == value))
            }
            T::ColumnValuesMatchRegex { regex, .. } => matching(&[regex], Pattern::regex, Which::Any, true),
            T::ColumnValuesNotMatchRegex { regex, .. } => matching(&[regex], Pattern::regex, Which::Any, false),
            T::ColumnValuesMatchRegexList { regex_list, match_on, .. } => {
                matching(&all(regex_list), Pattern::regex, *match_on, true)
            }
            T::ColumnValuesNotMatchRegexList { regex_list, .. } => {
                matching(&all(regex_list), Pattern::regex, Which::Any, false)
            }
            T::ColumnValuesMatchLikePattern { like_pattern, .. } => {
                matching(&[like_pattern], Pattern::like, Which::Any, true)
            }
            T::ColumnValuesNotMatchLikePattern { like_pattern, .. } => {
                matching(&[like_pattern], Pattern::like, Which::Any, false)
            }
            T::ColumnValuesMatchLikePatternList { like_pattern_list, match_on, .. } => {
                matching(&all(like_pattern_list), Pattern::like, *match_on, true)
            }
            T::ColumnValuesNotMatchLikePatternList { like_pattern_list, .. } => {
                matching(&all(like_pattern_list), Pattern::like, Which::Any, false)
            }
            T::ColumnValuesMatchStrftimeFormat { strftime_format, .. } => {
                let format = strftime_format.clone();
                text(Box::new(move |cell| is_written_as(cell, &format)))
            }
            T::ColumnValuesDateParseable { .. } => {
                text(Box::new(|cell| DateFormat::ALL.iter().any(|format| dates::read(cell, format).is_some())))
            }
            T::ColumnValuesJsonParseable { .. } => {
                text(Box::new(|cell| serde_json::from_str::<serde::de::IgnoredAny>(cell).is_ok()))
            }
            T::ColumnValuesStartWith { text: part, .. } => {
                let part = part.clone();
                text(Box::new(move |cell| cell.starts_with(&part)))
            }
            T::ColumnValuesEndWith { text: part, .. } => {
                let part = part.clone();
                text(Box::new(move |cell| cell.ends_with(&part)))
            }
            T::ColumnValuesContain { text: part, .. } => {
                let part = part.clone();
                text(Box::new(move |cell| cell.contains(&part)))
            }
            T::ColumnValuesFinite { .. } => match self.schema.storage {
                Storage::String => Err(self.not_for("finite numbers")),
                _ => Ok(CellTest::Finite),
            },
            T::ColumnValuesIncreasing { strictly, .. } => order(false, *strictly),
            T::ColumnValuesDecreasing { strictly, .. } => order(true, *strictly),
            T::ColumnValuesInReferenceSet { .. } => self.in_reference_set(),
            T::ColumnValuesInReferenceRange { .. } => self.in_reference_range(),
            _ => Err(Stop::impossible("this is no test of cells")),
        }
    }

    /// The rule asks for something that the column does not hold.
    pub fn not_for(&self, wanted: &str) -> Stop {
        let Self { schema, .. } = self;
        Stop::impossible(format!(
            "column `{}` holds {}, the rule is about {wanted}",
            schema.name,
            holds(schema.storage)
        ))
    }

    fn between(&self, bounds: &Bounds) -> Result<CellTest, Stop> {
        match self.schema.storage {
            Storage::Float64 => {
                let range = NumberRange::of_column(bounds, self.schema)?;
                Ok(CellTest::Floats { low: range.low, high: range.high })
            }
            Storage::Int64 | Storage::Boolean | Storage::DatetimeMs => {
                let (low, high) = int_range(bounds, self.schema)?;
                Ok(CellTest::Ints { low, high })
            }
            // Texts are ordered by their letters, which suits dates and codes of equal length.
            Storage::String => {
                let end = |bound: &Option<Scalar>| match bound {
                    None => Ok(None),
                    Some(Scalar::Text(text)) => Ok(Some(text.clone())),
                    Some(other) => Err(bounds::mismatch(other, self.schema, "a text")),
                };
                let (low, high) = (end(&bounds.min)?, end(&bounds.max)?);
                let (strict_low, strict_high) = (bounds.strict_min, bounds.strict_max);
                Ok(CellTest::Text(Box::new(move |cell| {
                    let above = |low: &String| if strict_low { cell > low.as_str() } else { cell >= low.as_str() };
                    let below = |high: &String| if strict_high { cell < high.as_str() } else { cell <= high.as_str() };
                    low.as_ref().is_none_or(above) && high.as_ref().is_none_or(below)
                })))
            }
        }
    }

    fn set(&self, set: &[Scalar], inside: bool) -> Result<CellTest, Stop> {
        match self.schema.storage {
            Storage::Float64 => {
                let mut values: Vec<f64> =
                    set.iter().map(|value| number(value, self.schema).map(|x| x + 0.0)).collect::<Result<_, _>>()?;
                values.sort_by(f64::total_cmp);
                Ok(CellTest::FloatSet { values, inside })
            }
            Storage::Int64 | Storage::Boolean | Storage::DatetimeMs => {
                let ranges: Vec<(i128, i128)> =
                    set.iter().map(|value| whole(value, self.schema)).collect::<Result<_, _>>()?;
                let mut ranges: Vec<(i64, i64)> =
                    ranges.into_iter().filter_map(|(low, high)| clamped(low, high)).collect();
                ranges.sort_unstable();
                // A day may hold a moment of it.
                let mut apart: Vec<(i64, i64)> = Vec::new();
                for (low, high) in ranges {
                    match apart.last_mut() {
                        Some((_, last)) if low <= *last => *last = high.max(*last),
                        _ => apart.push((low, high)),
                    }
                }
                Ok(CellTest::IntSet { ranges: apart, inside })
            }
            Storage::String => {
                let texts: HashSet<String> = set.iter().map(plain).collect();
                Ok(CellTest::Text(Box::new(move |cell| texts.contains(cell) == inside)))
            }
        }
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

    fn in_reference_set(&self) -> Result<CellTest, Stop> {
        let (rows, column) = self.reference()?;
        if self.schema.storage == Storage::String {
            let mut known: HashSet<u64> = HashSet::new();
            rows.pieces::<LoadError>(&[column], |piece| {
                if let Cells::Text(dictionary) = &*piece.cells[0] {
                    let counts = dictionary.counts();
                    let used = dictionary.values.iter().zip(counts).filter(|(_, n)| *n > 0);
                    known.extend(used.map(|(text, _)| keys::text_key(text)));
                }
                Ok(())
            })?;
            return Ok(CellTest::Text(Box::new(move |cell| known.contains(&keys::text_key(cell)))));
        }
        Ok(match (Counts::of(&rows, column)?, self.schema.storage) {
            (Counts::Floats(values), Storage::Float64) => {
                CellTest::FloatSet { values: values.into_iter().map(|(x, _)| x).collect(), inside: true }
            }
            (Counts::Ints(values), Storage::Float64) => {
                CellTest::FloatSet { values: values.into_iter().map(|(x, _)| x as f64).collect(), inside: true }
            }
            (Counts::Ints(values), _) => {
                CellTest::IntSet { ranges: joined(values.into_iter().map(|(x, _)| x)), inside: true }
            }
            (Counts::Floats(values), _) => {
                let whole = values.into_iter().map(|(x, _)| x).filter(|x| x.fract() == 0.0 && x.abs() < 9e18);
                CellTest::IntSet { ranges: joined(whole.map(|x| x as i64)), inside: true }
            }
            (Counts::Texts(_), _) => return Err(self.not_for("numbers")),
        })
    }

    fn in_reference_range(&self) -> Result<CellTest, Stop> {
        let (rows, column) = self.reference()?;
        if self.schema.storage == Storage::String {
            return Err(self.not_for("numbers or dates"));
        }
        let mut floats = Moments::default();
        let mut ints: Option<(i64, i64)> = None;
        rows.pieces::<LoadError>(&[column], |piece| {
            match &*piece.cells[0] {
                Cells::Float(values) => floats.add(values),
                Cells::Int(values) | Cells::DatetimeMs(values) => {
                    for x in values.iter().flatten() {
                        ints = Some(ints.map_or((*x, *x), |(low, high)| (low.min(*x), high.max(*x))));
                    }
                }
                cells => floats.add_cells(cells),
            }
            Ok(())
        })?;
        let empty = || Stop::Outcome(RuleOutcome::skipped("The reference has no values in this column"));
        let found = (floats.min <= floats.max).then_some((floats.min, floats.max));
        match self.schema.storage {
            Storage::Float64 => {
                let (low, high) = found.or(ints.map(|(low, high)| (low as f64, high as f64))).ok_or_else(empty)?;
                Ok(CellTest::Floats { low, high })
            }
            _ => {
                let whole = |(low, high): (f64, f64)| (low.ceil() as i64, high.floor() as i64);
                let (low, high) = ints.or(found.map(whole)).ok_or_else(empty)?;
                Ok(CellTest::Ints { low, high })
            }
        }
    }

    fn z_score(&self, test: &Test, moments: &Moments) -> Result<CellTest, Stop> {
        let Test::ColumnValueZScoresBelow { threshold, double_sided, .. } = test else {
            return Err(Stop::impossible("this is no test of z-scores"));
        };
        if matches!(self.schema.storage, Storage::String | Storage::Boolean) {
            return Err(self.not_for("numbers"));
        }
        let mean = moments.mean().unwrap_or(f64::NAN);
        let std = moments.std().unwrap_or(f64::NAN);
        Ok(CellTest::ZScore { mean, std, threshold: *threshold, double_sided: *double_sided })
    }

    /// What is one number, or needs all values.
    fn whole(&self, test: &Test, seen: Seen, moments: &Moments) -> Result<RuleOutcome, Stop> {
        use Test as T;
        let present = seen.cells - seen.missing;
        match test {
            T::ColumnMinBetween { bounds, .. } => {
                self.statistic(bounds, Some(moments.min).filter(|x| x.is_finite() || moments.max >= *x), true)
            }
            T::ColumnMaxBetween { bounds, .. } => {
                self.statistic(bounds, Some(moments.max).filter(|x| x.is_finite() || moments.min <= *x), true)
            }
            T::ColumnMeanBetween { bounds, .. } => self.statistic(bounds, moments.mean(), true),
            T::ColumnStdevBetween { bounds, .. } => self.statistic(bounds, moments.std(), false),
            T::ColumnSumBetween { bounds, .. } => self.statistic(bounds, Some(moments.sum()), false),
            T::ColumnMedianBetween { bounds, .. } => {
                let median = quantiles(&mut self.numbers()?, &[0.5]).map(|found| found[0]);
                self.statistic(bounds, median, true)
            }
            T::ColumnQuantileValuesBetween { quantiles: wanted, .. } => {
                let at: Vec<f64> = wanted.iter().map(|q| q.quantile).collect();
                let Some(found) = quantiles(&mut self.numbers()?, &at) else { return Err(self.no_values()) };
                let mut holds = true;
                for (quantile, x) in wanted.iter().zip(&found) {
                    holds &= NumberRange::of_column(&quantile.bounds, self.schema)?.holds(*x);
                }
                let outcome = RuleOutcome::held_if(holds);
                Ok(RuleOutcome { observed: Some(Observed::Numbers(found)), ..outcome })
            }
            T::ColumnUniqueValueCountBetween { bounds, .. } => {
                Ok(NumberRange::new(bounds).judge(self.distinct()? as f64))
            }
            T::ColumnProportionOfUniqueValuesBetween { bounds, .. } => {
                if present == 0 {
                    return Err(self.no_values());
                }
                Ok(NumberRange::new(bounds).judge(self.distinct()? as f64 / present as f64))
            }
            T::ColumnProportionOfNullValuesBetween { bounds, .. } => {
                let share = if seen.cells == 0 { 0.0 } else { seen.missing as f64 / seen.cells as f64 };
                Ok(NumberRange::new(bounds).judge(share))
            }
            T::ColumnMostCommonValueInSet { value_set, .. } => self.most_common(value_set),
            T::ColumnDistinctValuesInSet { value_set, .. } => self.distinct_set(value_set, true, false),
            T::ColumnDistinctValuesContainSet { value_set, .. } => self.distinct_set(value_set, false, true),
            T::ColumnDistinctValuesEqualSet { value_set, .. } => self.distinct_set(value_set, true, true),
            test => statistics::judge(self, test),
        }
    }

    /// No number to hold against a limit.
    pub fn no_values(&self) -> Stop {
        Stop::Outcome(RuleOutcome::skipped(format!("Column `{}` has no values to judge", self.schema.name)))
    }

    fn statistic(&self, bounds: &Bounds, found: Option<f64>, dates: bool) -> Result<RuleOutcome, Stop> {
        match self.schema.storage {
            Storage::String => return Err(self.not_for("numbers")),
            Storage::DatetimeMs if !dates => return Err(self.not_for("numbers")),
            _ => {}
        }
        let range = NumberRange::of_column(bounds, self.schema)?;
        Ok(range.judge(found.ok_or_else(|| self.no_values())?))
    }

    /// The finite numbers of the column.
    pub fn numbers(&self) -> Result<Vec<f64>, Stop> {
        if self.schema.storage == Storage::String {
            return Err(self.not_for("numbers"));
        }
        Ok(numbers(self.rows, self.column)?)
    }

    fn distinct(&self) -> Result<u64, Stop> {
        let known = self.input.profile.filter(|_| self.rows.only.is_none());
        match known.and_then(|profile| profile.column(&self.schema.name)) {
            Some(profile) => Ok(profile.distinct),
            None => Ok(keys::distinct(self.rows, self.column)?),
        }
    }

    /// All of the most frequent values have to be in the set.
    fn most_common(&self, set: &[Scalar]) -> Result<RuleOutcome, Stop> {
        let counts = Counts::of(self.rows, self.column)?;
        let most = (0..counts.len()).map(|at| counts.count(at)).max().ok_or_else(|| self.no_values())?;
        let modes: Vec<usize> = (0..counts.len()).filter(|at| counts.count(*at) == most).collect();
        let inside = self.members(&counts, set)?;
        let names = modes.iter().take(NAMED).map(|at| counts.text(*at, self.schema.storage)).collect();
        let outcome = RuleOutcome::held_if(modes.iter().all(|at| inside[*at].is_some()));
        Ok(RuleOutcome { observed: Some(Observed::Values(names)), ..outcome })
    }

    fn distinct_set(&self, set: &[Scalar], no_others: bool, all: bool) -> Result<RuleOutcome, Stop> {
        let counts = Counts::of(self.rows, self.column)?;
        let inside = self.members(&counts, set)?;
        let storage = self.schema.storage;
        let others = (0..counts.len()).filter(|at| no_others && inside[*at].is_none());
        let others: Vec<(String, u64)> = others.map(|at| (counts.text(at, storage), counts.count(at))).collect();
        let found: BTreeSet<usize> = inside.iter().flatten().copied().collect();
        let absent = (0..set.len()).filter(|at| all && !found.contains(at));
        let absent: Vec<String> = absent.map(|at| format!("{} is missing", plain(&set[at]))).collect();
        let unexpected = (others.len() + absent.len()) as u64;
        let named = others.iter().map(|(text, _)| text.clone()).chain(absent).take(NAMED).collect();
        Ok(RuleOutcome {
            observed: Some(Observed::Values(named)),
            unexpected,
            judged: counts.len() as u64,
            values: others.into_iter().take(NAMED).collect(),
            ..RuleOutcome::held_if(unexpected == 0)
        })
    }

    /// For each value the place in the set of what it is equal to.
    fn members(&self, counts: &Counts, set: &[Scalar]) -> Result<Vec<Option<usize>>, Stop> {
        Ok(match counts {
            Counts::Texts(values) => {
                let known: Vec<String> = set.iter().map(plain).collect();
                values.iter().map(|(text, _)| known.iter().position(|k| k == text)).collect()
            }
            Counts::Floats(values) => {
                let known: Vec<f64> = set.iter().map(|v| number(v, self.schema)).collect::<Result<_, _>>()?;
                values.iter().map(|(x, _)| known.iter().position(|k| k == x)).collect()
            }
            Counts::Ints(values) => {
                let known: Vec<(i128, i128)> = set.iter().map(|v| whole(v, self.schema)).collect::<Result<_, _>>()?;
                let within = |x: i128| known.iter().position(|(low, high)| *low <= x && x <= *high);
                values.iter().map(|(x, _)| within(i128::from(*x))).collect()
            }
        })
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

/// Ascending numbers as ranges.
fn joined(values: impl Iterator<Item = i64>) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for x in values {
        match ranges.last_mut() {
            Some((_, high)) if high.checked_add(1) == Some(x) => *high = x,
            _ => ranges.push((x, x)),
        }
    }
    ranges
}

fn all(patterns: &[String]) -> Vec<&String> {
    patterns.iter().collect()
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

fn matching(
    patterns: &[&String],
    read: fn(&str) -> Result<Pattern, crate::domain::pattern::PatternProblem>,
    which: Which,
    wanted: bool,
) -> Result<CellTest, Stop> {
    let read = |text: &&String| read(text).map_err(|problem| Stop::impossible(format!("its pattern: {problem}")));
    let mut matchers: Vec<Matcher> =
        patterns.iter().map(|text| read(text).map(|pattern| pattern.matcher())).collect::<Result<_, _>>()?;
    Ok(CellTest::Text(Box::new(move |cell| {
        let found = match which {
            Which::Any => matchers.iter_mut().any(|matcher| matcher.is_match(cell)),
            Which::All => matchers.iter_mut().all(|matcher| matcher.is_match(cell)),
        };
        found == wanted
    })))
}

/// Does chrono read the whole text by this format, and is it a day that exists?
fn is_written_as(text: &str, format: &str) -> bool {
    use chrono::format::{Parsed, StrftimeItems, parse};
    let mut parsed = Parsed::new();
    if parse(&mut parsed, text, StrftimeItems::new(format)).is_err() {
        return false;
    }
    let names_a_day = parsed.year().is_some() && (parsed.day().is_some() || parsed.ordinal().is_some());
    let names_a_day = names_a_day || (parsed.year_mod_100().is_some() && parsed.day().is_some());
    !names_a_day || parsed.to_naive_date().is_ok()
}
