//! Judging the rules of a suite: the shape of the interface, until the engine is merged.
use crate::data::columns::TableRef;
use crate::data::error::LoadError;
use crate::domain::finding::CheckResult;
use crate::domain::io::JobIo;
use crate::domain::profile::TableProfile;
use crate::domain::suite::{Rule, Suite, Test};

pub struct RulesInput<'a> {
    pub table: TableRef<'a>,
    pub reference: Option<TableRef<'a>>,
    pub profile: Option<&'a TableProfile>,
}

#[derive(PartialEq)]
pub enum Verdict {
    Held,
    Broken,
    Skipped(String),
}

pub struct RowSet(pub Vec<u32>);

impl RowSet {
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }
}

pub struct RuleOutcome {
    pub verdict: Verdict,
    pub rows: RowSet,
}

pub fn run(_: &RulesInput<'_>, rules: &[Rule], _: &dyn JobIo) -> Result<Vec<RuleOutcome>, LoadError> {
    let skipped =
        |_: &Rule| RuleOutcome { verdict: Verdict::Skipped("Not judged yet".to_owned()), rows: RowSet(vec![]) };
    Ok(rules.iter().map(skipped).collect())
}

pub fn findings(rule: &Rule, _: &RuleOutcome) -> CheckResult {
    CheckResult {
        code: "RULE".to_owned(),
        title: rule.id.clone(),
        skipped: Some("Not judged yet".to_owned()),
        findings: vec![],
        rule: Some(rule.id.clone()),
        observed: None,
    }
}

impl Test {
    pub fn is_about_rows(&self) -> bool {
        true
    }
}
impl Rule {
    pub fn problems(&self) -> Vec<String> {
        vec![]
    }
    pub fn describe(&self) -> String {
        self.id.clone()
    }
}
impl Suite {
    pub fn problems(&self) -> Vec<String> {
        vec![]
    }
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
    pub fn print(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
