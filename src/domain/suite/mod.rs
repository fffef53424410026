//! What a user expects of a dataset: a suite of a schema contract, rules, and limits for the built-in checks.
//!
//! What lives here: the words, their form in files, and what a contract means as rules. Not here: rows (see
//! `data::rules`), the built-in checks (`data::checks`), and which suite belongs to which dataset (`store::suites`).
//!
//! A suite is data: nothing in it is run, and one that came from elsewhere is as safe to open as a CSV file.

mod accept;
#[cfg(test)]
mod accept_tests;
mod checks;
mod contract;
mod draft;
mod file;
mod form;
pub mod great_expectations;
mod rule;
mod saved;
pub mod spec;
mod validate;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use accept::{Found, accept};
pub use checks::{CheckGroup, CheckNeeds, CheckSpec, LimitSide, LimitUnit, catalogue};
pub use contract::{ColumnContract, Contract, Order};
pub use draft::{Source, draft};
pub use file::SuiteError;
pub use form::{FormProblem, RuleForm};
pub use rule::{Bounds, QuantileBounds, Rule, Scalar, Test, Which};
pub use saved::{BrokenRule, SavedSuite, SuiteTrial, VersionTrial};
pub use validate::RuleProblem;

use crate::domain::finding::Severity;

/// What is expected of one dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// 1
    pub format_version: u32,
    #[serde(default, skip_serializing_if = "Contract::is_empty")]
    pub contract: Contract,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    /// Changes to built-in checks, by their code.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, CheckSetting>,
}

/// What a user changed about a built-in check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSetting {
    /// Skipped, with this said in the report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    /// Instead of the check's own; the unit is the check's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Instead of the check's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// What a table is checked for: to learn from, or to be scored (it has no label then).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    #[default]
    Train,
    Score,
}

impl Environment {
    pub const ALL: [Self; 2] = [Self::Train, Self::Score];

    /// The word used in files, on the command line and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Score => "score",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.as_str() == word)
    }
}

impl Suite {
    pub const FORMAT: u32 = 1;

    pub fn new() -> Self {
        Self { format_version: Self::FORMAT, ..Self::default() }
    }

    /// Everything to run: the contract's rules, then the suite's own, those of the other environment left out.
    pub fn rules_for(&self, environment: Environment) -> Vec<Rule> {
        let own = self.rules.iter().filter(|rule| rule.only_in.is_none_or(|only| only == environment)).cloned();
        self.contract.rules(environment).into_iter().chain(own).collect()
    }
}

#[cfg(test)]
mod tests;
