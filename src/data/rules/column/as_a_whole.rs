//! What a rule asks of a column as a whole: one number, or all of its values.

use std::collections::BTreeSet;

use super::{Column, plain};
use crate::data::rules::aggregate::{Moments, quantiles};
use crate::data::rules::bounds::{NumberRange, number, whole};
use crate::data::rules::cells::Seen;
use crate::data::rules::keys::{self, Counts};
use crate::data::rules::{Observed, RuleOutcome, Stop, statistics};
use crate::domain::schema::Storage;
use crate::domain::suite::{Bounds, Scalar, Test};

/// Values that an outcome names.
const NAMED: usize = 20;

impl Column<'_, '_> {
    /// What is one number, or needs all values.
    pub(super) fn whole(&self, test: &Test, seen: Seen, moments: &Moments) -> Result<RuleOutcome, Stop> {
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

    fn statistic(&self, bounds: &Bounds, found: Option<f64>, dates: bool) -> Result<RuleOutcome, Stop> {
        match self.schema.storage {
            Storage::String => return Err(self.not_for("numbers")),
            Storage::DatetimeMs if !dates => return Err(self.not_for("numbers")),
            _ => {}
        }
        let range = NumberRange::of_column(bounds, self.schema)?;
        Ok(range.judge(found.ok_or_else(|| self.no_values())?))
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
