//! Where tuning looks for a parameter, as somebody chose it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Algorithm, ParamKind, ParamProblem, ParamSpec, Search};

/// What tuning draws a parameter from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchRange {
    /// A number, both ends included.
    Between(Search),
    /// One of these words.
    OneOf(Vec<String>),
}

/// By parameter; one that is not named keeps the range of its [`ParamSpec`].
pub type SearchSpace = BTreeMap<String, SearchRange>;

impl ParamSpec {
    /// Where tuning looks unless told otherwise; `None` for what it leaves alone.
    pub fn usual_range(&self) -> Option<SearchRange> {
        self.search.map(SearchRange::Between)
    }

    /// A range to start from for somebody who wants this parameter tuned; `None` for what cannot be.
    pub fn widest_range(&self) -> Option<SearchRange> {
        Some(match self.kind {
            ParamKind::Signs => return None,
            ParamKind::Choice { words, .. } => SearchRange::OneOf(words.iter().map(|w| (*w).to_owned()).collect()),
            ParamKind::Number { default, min, max, whole } => {
                let least = if whole { 1.0 } else { f64::MIN_POSITIVE };
                let low = (default / 10.0).max(min);
                let high = if default > 0.0 { default * 10.0 } else { 1.0 };
                let (low, high) = if whole { (low.ceil(), high.round()) } else { (low, high) };
                SearchRange::Between(Search { low, high: high.min(max), log: low >= least && default > 0.0 })
            }
        })
    }

    fn range_problem(&self, range: &SearchRange) -> Option<String> {
        match (self.kind, range) {
            (ParamKind::Number { min, max, whole, .. }, SearchRange::Between(search)) => {
                let Search { low, high, log } = *search;
                let outside = [low, high].into_iter().find(|end| !(min..=max).contains(end));
                match outside {
                    Some(end) => Some(format!("{end} is outside {min} to {max}")),
                    None if low >= high => Some(format!("{low} to {high} is no range: the first must be smaller")),
                    None if log && low <= 0.0 => Some(format!("orders of magnitude start above 0, not at {low}")),
                    None if whole && (low.fract() != 0.0 || high.fract() != 0.0) => {
                        Some(format!("{low} to {high} are not whole numbers"))
                    }
                    None => None,
                }
            }
            (ParamKind::Choice { words, .. }, SearchRange::OneOf(chosen)) => {
                match chosen.iter().find(|word| !words.contains(&word.as_str())) {
                    Some(word) => Some(format!("{word} is not one of {}", words.join(", "))),
                    None if chosen.len() < 2 => Some("choose at least two words, or fix the parameter".to_owned()),
                    None => None,
                }
            }
            (ParamKind::Number { .. }, _) => Some("it is a number: give a range".to_owned()),
            (ParamKind::Choice { .. }, _) => Some("it is a choice: give words".to_owned()),
            (ParamKind::Signs, _) => Some("it names columns and cannot be searched: fix it".to_owned()),
        }
    }
}

/// Everything that is wrong with a search space.
pub fn check_space(algorithm: Algorithm, space: &SearchSpace) -> Vec<ParamProblem> {
    let problem = |(name, range): (&String, &SearchRange)| {
        let spec = algorithm.parameters().iter().find(|spec| spec.name == name.as_str());
        let problem = spec.map_or_else(|| Some("no such parameter".to_owned()), |spec| spec.range_problem(range))?;
        Some(ParamProblem { algorithm: algorithm.as_str(), name: name.clone(), problem })
    };
    space.iter().filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_cannot_be_searched_are_named() {
        let between = |low, high, log| SearchRange::Between(Search { low, high, log });
        let space = SearchSpace::from([
            ("learning_rate".to_owned(), between(0.0, 2.0, true)),
            ("l2".to_owned(), between(0.0, 1.0, true)),
            ("max_leaves".to_owned(), between(2.5, 9.0, false)),
            ("n_estimators".to_owned(), between(50.0, 10.0, false)),
            ("loss".to_owned(), SearchRange::OneOf(vec!["squared".into(), "cubed".into()])),
            ("subsample".to_owned(), between(0.5, 1.0, false)),
            ("depth".to_owned(), between(1.0, 2.0, false)),
        ]);
        let problems = check_space(Algorithm::GradientBoosting, &space);
        let said: Vec<String> = problems.iter().map(|p| format!("{}: {}", p.name, p.problem)).collect();
        assert_eq!(
            said,
            [
                "depth: no such parameter",
                "l2: orders of magnitude start above 0, not at 0",
                "learning_rate: 0 is outside 0.000001 to 1",
                "loss: cubed is not one of squared, absolute, huber, quantile, poisson, gamma, tweedie",
                "max_leaves: 2.5 to 9 are not whole numbers",
                "n_estimators: 50 to 10 is no range: the first must be smaller",
            ]
        );
    }

    #[test]
    fn usual_and_widest_ranges_may_be_searched() {
        for algorithm in Algorithm::ALL {
            for spec in algorithm.parameters() {
                let ranges = [spec.usual_range(), spec.widest_range()];
                for range in ranges.into_iter().flatten() {
                    let space = SearchSpace::from([(spec.name.to_owned(), range)]);
                    assert_eq!(check_space(algorithm, &space), [], "{algorithm:?} {}", spec.name);
                }
            }
        }
    }
}
