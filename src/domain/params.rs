//! Algorithms and their parameters: what the form and the command line offer, and what may run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::task::Task;

/// The algorithms, by the names used on the command line and in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    Baseline,
    Linear,
    Logistic,
    DecisionTree,
}

impl Algorithm {
    pub const ALL: [Self; 4] = [Self::Baseline, Self::Linear, Self::Logistic, Self::DecisionTree];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Linear => "linear",
            Self::Logistic => "logistic",
            Self::DecisionTree => "decision_tree",
        }
    }

    /// Name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Baseline => "Baseline",
            Self::Linear => "Linear regression",
            Self::Logistic => "Logistic regression",
            Self::DecisionTree => "Decision tree",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == name)
    }

    pub fn fits(self, task: Task) -> bool {
        match self {
            Self::Baseline | Self::DecisionTree => true,
            Self::Linear => task == Task::Regression,
            Self::Logistic => task.is_classification(),
        }
    }

    pub fn for_task(task: Task) -> Vec<Self> {
        Self::ALL.into_iter().filter(|a| a.fits(task)).collect()
    }

    /// The parameters it takes, in the order a form shows them.
    pub fn parameters(self) -> &'static [ParamSpec] {
        match self {
            Self::Baseline | Self::Linear => &[],
            Self::Logistic => &[
                ParamSpec {
                    name: "c",
                    help: "Inverse of the L2 penalty; smaller means stronger regularisation",
                    default: 1.0,
                    min: 1e-8,
                    max: 1e8,
                    whole: false,
                },
                ParamSpec {
                    name: "max_iter",
                    help: "Newton steps before giving up",
                    default: 100.0,
                    min: 1.0,
                    max: 10_000.0,
                    whole: true,
                },
            ],
            Self::DecisionTree => &[
                ParamSpec {
                    name: "max_depth",
                    help: "Longest path from the root to a leaf",
                    default: 8.0,
                    min: 1.0,
                    max: 32.0,
                    whole: true,
                },
                ParamSpec {
                    name: "min_samples_leaf",
                    help: "Fewest training rows in a leaf",
                    default: 20.0,
                    min: 1.0,
                    max: 1e9,
                    whole: true,
                },
                ParamSpec {
                    name: "max_bins",
                    help: "Most bins a column is cut into when splits are searched",
                    default: 255.0,
                    min: 2.0,
                    max: 255.0,
                    whole: true,
                },
            ],
        }
    }
}

/// One number an algorithm takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    pub name: &'static str,
    pub help: &'static str,
    pub default: f64,
    pub min: f64,
    pub max: f64,
    pub whole: bool,
}

/// Parameters as asked for: `c → 0.5`. What is absent takes its default.
pub type ParamDraft = BTreeMap<String, f64>;

/// Complete, in range, and the only thing learners accept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckedParams(BTreeMap<String, f64>);

impl CheckedParams {
    /// A parameter the algorithm declares.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().expect("the algorithm declares this parameter")
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
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
        let value = draft.get(spec.name).copied().unwrap_or(spec.default);
        if !(spec.min..=spec.max).contains(&value) {
            problem(spec.name, format!("{value} is outside {} to {}", spec.min, spec.max));
        } else if spec.whole && value.fract() != 0.0 {
            problem(spec.name, format!("{value} is not a whole number"));
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
        let draft = ParamDraft::from([("c".into(), 0.0), ("max_iter".into(), 1.5), ("depth".into(), 3.0)]);
        let problems = check_params(Algorithm::Logistic, &draft).unwrap_err();
        let names: Vec<&str> = problems.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["depth", "c", "max_iter"]);
    }

    #[test]
    fn absent_parameters_take_their_default() {
        let checked = check_params(Algorithm::DecisionTree, &ParamDraft::new()).unwrap();
        assert_eq!(checked.get("max_depth"), 8.0);
    }
}
