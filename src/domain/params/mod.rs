//! Algorithms and their parameters: what the form and the command line offer, what tuning may try, and what may run.

mod algorithm;
mod search;
mod specs;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use algorithm::{Algorithm, Family};
pub use search::{SearchRange, SearchSpace, check_space};

/// A parameter an algorithm takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    pub name: &'static str,
    pub help: &'static str,
    pub kind: ParamKind,
    /// Where tuning looks; `None` for what changes cost or meaning rather than quality.
    pub search: Option<Search>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamKind {
    Number {
        default: f64,
        min: f64,
        max: f64,
        whole: bool,
    },
    /// One of `words`.
    Choice {
        default: &'static str,
        words: &'static [&'static str],
    },
    /// Columns with a direction each, as [`signs`] reads them; none unless given.
    Signs,
}

/// A range that tuning draws from, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    pub low: f64,
    pub high: f64,
    /// Evenly over the orders of magnitude.
    pub log: bool,
}

impl ParamSpec {
    pub fn default_value(&self) -> ParamValue {
        match self.kind {
            ParamKind::Number { default, .. } => ParamValue::Number(default),
            ParamKind::Choice { default, .. } => ParamValue::Word(default.to_owned()),
            ParamKind::Signs => ParamValue::Word(String::new()),
        }
    }

    /// What is allowed, for people: `1 to 100`, `none, balanced`.
    pub fn range(&self) -> String {
        match self.kind {
            ParamKind::Number { min, max, .. } => format!("{min} to {max}"),
            ParamKind::Signs => "column:+ or column:-, with commas between".to_owned(),
            ParamKind::Choice { words, .. } => words.join(", "),
        }
    }

    /// What is wrong with a value.
    fn problem(&self, value: &ParamValue) -> Option<String> {
        match (self.kind, value) {
            (ParamKind::Number { min, max, .. }, ParamValue::Number(number)) if !(min..=max).contains(number) => {
                Some(format!("{number} is outside {min} to {max}"))
            }
            (ParamKind::Number { whole: true, .. }, ParamValue::Number(number)) if number.fract() != 0.0 => {
                Some(format!("{number} is not a whole number"))
            }
            (ParamKind::Number { .. }, ParamValue::Number(_)) => None,
            (ParamKind::Number { .. }, ParamValue::Word(word)) => Some(format!("`{word}` is not a number")),
            (ParamKind::Signs, ParamValue::Word(text)) => signs(text).err(),
            (ParamKind::Signs, _) => Some(format!("{value} is no column with a sign")),
            (ParamKind::Choice { words, .. }, ParamValue::Word(word)) if words.contains(&word.as_str()) => None,
            (ParamKind::Choice { words, .. }, _) => Some(format!("{value} is not one of {}", words.join(", "))),
        }
    }
}

/// A number or a word; in JSON just that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParamValue {
    Number(f64),
    Word(String),
}

impl ParamValue {
    /// As typed on a command line: a number where it reads as one.
    pub fn parse(text: &str) -> Self {
        text.trim().parse().map_or_else(|_| Self::Word(text.trim().to_owned()), Self::Number)
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Word(_) => None,
        }
    }
}

impl fmt::Display for ParamValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

impl From<f64> for ParamValue {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for ParamValue {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

/// Columns with a direction each, as in `age:+,price:-`: 1 for rising, −1 for falling. Empty for none.
pub fn signs(text: &str) -> Result<Vec<(String, i8)>, String> {
    let sign = |part: &str| {
        let (column, sign) =
            part.rsplit_once(':').ok_or(format!("`{part}` has no sign; write `{part}:+` or `{part}:-`"))?;
        let sign = match sign.trim() {
            "+" => 1,
            "-" => -1,
            other => return Err(format!("`{other}` is no sign; write `{column}:+` or `{column}:-`")),
        };
        Ok((column.trim().to_owned(), sign))
    };
    text.split(',').filter(|part| !part.trim().is_empty()).map(|part| sign(part.trim())).collect()
}

/// Parameters as asked for: `c → 0.5`. What is absent takes its default.
pub type ParamDraft = BTreeMap<String, ParamValue>;

/// Complete, in range, and the only thing learners accept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckedParams(BTreeMap<String, ParamValue>);

impl CheckedParams {
    /// A number the algorithm declares.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).and_then(ParamValue::number).expect("the algorithm declares this number")
    }

    /// A whole number the algorithm declares, zero or more.
    pub fn count(&self, name: &str) -> usize {
        self.get(name) as usize
    }

    /// A choice the algorithm declares.
    pub fn word(&self, name: &str) -> &str {
        match self.0.get(name) {
            Some(ParamValue::Word(word)) => word,
            _ => panic!("the algorithm declares this choice"),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// To be checked again: what a run stored before its algorithm learnt new parameters lacks those.
    pub fn to_draft(&self) -> ParamDraft {
        self.0.clone()
    }
}

/// Why a parameter may not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{algorithm}.{name}: {problem}")]
pub struct ParamProblem {
    pub algorithm: &'static str,
    pub name: String,
    pub problem: String,
}

/// Fills in defaults and reports every problem at once.
pub fn check_params(algorithm: Algorithm, draft: &ParamDraft) -> Result<CheckedParams, Vec<ParamProblem>> {
    let specs = algorithm.parameters();
    let mut problems = Vec::new();
    let mut problem = |name: &str, problem: String| {
        problems.push(ParamProblem { algorithm: algorithm.as_str(), name: name.to_owned(), problem });
    };
    for name in draft.keys().filter(|name| !specs.iter().any(|s| s.name == name.as_str())) {
        let known: Vec<&str> = specs.iter().map(|s| s.name).collect();
        let known = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
        problem(name, format!("no such parameter; {known}"));
    }
    let mut checked = BTreeMap::new();
    for spec in specs {
        let value = draft.get(spec.name).cloned().unwrap_or_else(|| spec.default_value());
        if let Some(fault) = spec.problem(&value) {
            problem(spec.name, fault);
        }
        checked.insert(spec.name.to_owned(), value);
    }
    if problems.is_empty() { Ok(CheckedParams(checked)) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_all_problems_at_once() {
        let draft = ParamDraft::from([
            ("c".into(), 0.0.into()),
            ("max_iter".into(), 1.5.into()),
            ("depth".into(), 3.0.into()),
            ("class_weight".into(), "heavy".into()),
        ]);
        let problems = check_params(Algorithm::Logistic, &draft).unwrap_err();
        let names: Vec<&str> = problems.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["depth", "c", "max_iter", "class_weight"]);
        assert_eq!(problems[3].problem, "heavy is not one of none, balanced");
        let word = ParamDraft::from([("c".into(), "much".into())]);
        assert_eq!(check_params(Algorithm::Logistic, &word).unwrap_err()[0].problem, "`much` is not a number");
        let nan = ParamDraft::from([("c".into(), f64::NAN.into())]);
        assert!(check_params(Algorithm::Logistic, &nan).is_err());
    }

    #[test]
    fn columns_come_with_signs() {
        assert_eq!(signs("age:+, price:-,").unwrap(), [("age".to_owned(), 1), ("price".to_owned(), -1)]);
        assert_eq!(signs(" ").unwrap(), []);
        let draft = |text: &str| ParamDraft::from([("monotone".to_owned(), ParamValue::parse(text))]);
        check_params(Algorithm::GradientBoosting, &draft("a:b:+")).unwrap();
        let problems = check_params(Algorithm::GradientBoosting, &draft("age")).unwrap_err();
        assert_eq!(problems[0].to_string(), "gradient_boosting.monotone: `age` has no sign; write `age:+` or `age:-`");
        assert!(check_params(Algorithm::GradientBoosting, &draft("age:up")).is_err());
        assert!(check_params(Algorithm::GradientBoosting, &draft("5")).is_err());
    }

    #[test]
    fn absent_parameters_take_their_default() {
        let checked = check_params(Algorithm::DecisionTree, &ParamDraft::new()).unwrap();
        assert_eq!(checked.get("max_depth"), 8.0);
        let logistic = check_params(Algorithm::Logistic, &ParamDraft::new()).unwrap();
        assert_eq!(logistic.word("class_weight"), "none");
    }

    #[test]
    fn defaults_and_search_ranges_may_run() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
            check_params(algorithm, &ParamDraft::new()).unwrap();
            for spec in algorithm.parameters() {
                let Some(search) = spec.search else { continue };
                assert!(search.low < search.high && (!search.log || search.low > 0.0), "{algorithm:?} {}", spec.name);
                for end in [search.low, search.high] {
                    let draft = ParamDraft::from([(spec.name.to_owned(), end.into())]);
                    check_params(algorithm, &draft).unwrap();
                }
            }
        }
    }

    #[test]
    fn what_was_stored_as_plain_numbers_still_reads() {
        let old: CheckedParams = serde_json::from_str(r#"{"c":0.5,"max_iter":100}"#).unwrap();
        assert_eq!(old.get("c"), 0.5);
        let now = check_params(Algorithm::Logistic, &old.to_draft()).unwrap();
        assert_eq!(serde_json::to_string(&now).unwrap(), r#"{"c":0.5,"class_weight":"none","max_iter":100.0}"#);
        assert_eq!(ParamValue::parse(" 1e-3 "), ParamValue::Number(0.001));
        assert_eq!(ParamValue::parse("balanced"), ParamValue::from("balanced"));
    }
}
