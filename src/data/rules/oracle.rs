//! Outcomes beside those of Great Expectations, Pandera and SciPy on the same tables (tests/rules_oracle/make.py).

use std::path::{Path, PathBuf};

use super::{Observed, RulesInput, Verdict, run};
use crate::data::columns::TableRef;
use crate::data::read::{self, sniff};
use crate::data::table::Table;
use crate::domain::io::Silent;
use crate::domain::suite::Rule;

#[derive(serde::Deserialize)]
struct Case {
    by: String,
    rule: Rule,
    /// Whether the rule holds, where that was asked.
    success: Option<bool>,
    /// Cells or rows that fail.
    unexpected: Option<u64>,
    /// The first failing rows, 0-based.
    rows: Option<Vec<u32>>,
    observed: Option<serde_json::Value>,
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rules").join(name)
}

fn table(name: &str) -> Table {
    let path = fixture(name);
    let options = sniff(&path, name).unwrap();
    read::load(&path, name, &options, &Silent).unwrap().0
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs().max(1e-9)
}

#[test]
fn outcomes_equal_those_of_other_programs() {
    let (current, reference) = (table("table.csv"), table("reference.csv"));
    let input = RulesInput { table: TableRef::of(&current), reference: Some(TableRef::of(&reference)), profile: None };
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(fixture("expected.json")).unwrap()).unwrap();
    assert!(cases.len() > 100);
    let rules: Vec<Rule> = cases.iter().map(|case| case.rule.clone()).collect();
    let outcomes = run(&input, &rules, &Silent).unwrap();
    let mut wrong = Vec::new();
    for (case, outcome) in cases.iter().zip(&outcomes) {
        let mut differs = |what: &str, found: String, expected: String| {
            let rule = serde_json::to_string(&case.rule).unwrap();
            let why = outcome.reason.clone().unwrap_or_default();
            wrong.push(format!("{} {what}: {found}, expected {expected} {why}\n    {rule}", case.by));
        };
        if let Some(success) = case.success
            && (outcome.verdict == Verdict::Held) != success
        {
            differs("verdict", format!("{:?}", outcome.verdict), success.to_string());
        }
        // Of a set of values Great Expectations counts those that are too many, not those that lack.
        if let Some(unexpected) = case.unexpected.filter(|_| case.rule.test.is_about_rows())
            && outcome.unexpected != unexpected
        {
            differs("failing", outcome.unexpected.to_string(), unexpected.to_string());
        }
        if let Some(rows) = &case.rows {
            let found: Vec<u32> = outcome.rows.iter().take(rows.len()).collect();
            if found != *rows {
                differs("rows", format!("{found:?}"), format!("{rows:?}"));
            }
        }
        // The share of a test of cells is ours alone.
        let statistic = case.unexpected.is_none();
        match (&case.observed, &outcome.observed) {
            (Some(serde_json::Value::Number(expected)), Some(Observed::Number(found))) if statistic => {
                let expected = expected.as_f64().unwrap();
                if !near(*found, expected) {
                    differs("observed", found.to_string(), expected.to_string());
                }
            }
            (Some(serde_json::Value::Array(expected)), Some(Observed::Numbers(found))) => {
                let expected: Vec<f64> = expected.iter().filter_map(serde_json::Value::as_f64).collect();
                if !found.iter().zip(&expected).all(|(a, b)| near(*a, *b)) {
                    differs("observed", format!("{found:?}"), format!("{expected:?}"));
                }
            }
            (Some(_), None) if statistic => differs("observed", "nothing".into(), "a number".into()),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
