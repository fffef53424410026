//! What accepting a finding changes, and that a draft grows with what was seen.

use super::*;
use crate::domain::finding::{Finding, Severity};
use crate::domain::profile::{ColumnProfile, NumberSummary, TableProfile};
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};

fn schema(columns: &[(&str, ColumnKind, Storage)]) -> Schema {
    let column = |(name, kind, storage): &(&str, ColumnKind, Storage)| ColumnSchema {
        name: (*name).to_owned(),
        kind: *kind,
        storage: *storage,
        missing: 0,
        distinct: 0,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec![],
        missing_tokens: vec![],
        personal: None,
    };
    Schema { columns: columns.iter().map(column).collect() }
}

/// `plan` has these values, `age` these bounds, over 100 rows of which `missing` have no plan.
fn seen(values: &[&str], (min, max): (f64, f64), missing: u64) -> (Schema, TableProfile) {
    let schema =
        schema(&[("plan", ColumnKind::Categorical, Storage::String), ("age", ColumnKind::Numeric, Storage::Int64)]);
    let plan = ColumnProfile {
        missing,
        distinct: values.len() as u64,
        top: values.iter().map(|v| ((*v).to_owned(), 10)).collect(),
        ..ColumnProfile::new("plan", ColumnKind::Categorical, Storage::String)
    };
    let age = ColumnProfile {
        distinct: 50,
        numbers: Some(NumberSummary { count: 100, min, max, ..NumberSummary::default() }),
        ..ColumnProfile::new("age", ColumnKind::Numeric, Storage::Int64)
    };
    (schema, TableProfile { format_version: 2, rows: 100, columns: vec![plan, age] })
}

fn finding(code: &str, rule: Option<&str>, observed: Option<f64>) -> Finding {
    Finding {
        code: code.to_owned(),
        severity: Severity::Warning,
        column: None,
        message: String::new(),
        hint: String::new(),
        count: 5,
        share: 0.05,
        rows: vec![],
        observed,
        limit: None,
        rule: rule.map(str::to_owned),
    }
}

fn drafted() -> Suite {
    let (schema, profile) = seen(&["basic", "pro"], (18.0, 80.0), 0);
    draft(&[Source { label: "churn@1", schema: &schema, profile: &profile }], None)
}

fn accepted(suite: &mut Suite, finding: &Finding) -> Result<String, String> {
    let (schema, profile) = seen(&["basic", "family", "pro"], (15.0, 95.0), 5);
    accept(suite, finding, &Found { label: "churn@2", schema: &schema, profile: &profile })
}

#[test]
fn a_draft_takes_what_all_versions_have_in_common() {
    let (one, first) = seen(&["basic", "pro"], (18.0, 80.0), 0);
    let (two, second) = seen(&["basic", "family"], (20.0, 90.0), 10);
    let sources = [
        Source { label: "churn@1", schema: &one, profile: &first },
        Source { label: "churn@2", schema: &two, profile: &second },
    ];
    let suite = draft(&sources, Some("age"));
    assert_eq!(suite.problems(), []);
    let [plan, age] = &suite.contract.columns[..] else { panic!("{suite:?}") };
    let texts = ["basic", "family", "pro"].map(|v| Scalar::Text(v.to_owned()));
    assert_eq!((plan.values.as_deref(), plan.not_null), (Some(&texts[..]), false));
    assert_eq!(plan.origin.as_deref(), Some("Kind, the 3 values as in churn@1 to churn@2"));
    // 18 to 90, a tenth of 72 wider.
    assert_eq!((&age.min, &age.max), (&Some(Scalar::Whole(10)), &Some(Scalar::Whole(98))));
    assert_eq!((age.only_in, age.not_null), (Some(Environment::Train), true));
    let missing = suite.rules.iter().find(|r| r.id == "missing:plan").unwrap();
    let Test::ColumnProportionOfNullValuesBetween { bounds, .. } = &missing.test else { panic!("{missing:?}") };
    assert_eq!(bounds.max, Some(Scalar::Number(0.11)));
}

#[test]
fn values_join_the_set_and_ranges_widen() {
    let mut suite = drafted();
    assert_eq!(
        accepted(&mut suite, &finding("X", Some("contract:values:plan"), None)).unwrap(),
        "plan: values “family”"
    );
    accepted(&mut suite, &finding("X", Some("contract:range:age"), None)).unwrap();
    let [plan, age] = &suite.contract.columns[..] else { panic!("{suite:?}") };
    assert_eq!(plan.values.as_ref().unwrap().len(), 3);
    // 15 to 95, a tenth of 80 wider.
    assert_eq!((&age.min, &age.max), (&Some(Scalar::Whole(7)), &Some(Scalar::Whole(103))));
    assert_eq!(age.origin.as_deref(), Some("Accepted from churn@2"));
    assert!(accepted(&mut suite, &finding("X", Some("contract:values:plan"), None)).is_err(), "nothing new");
}

#[test]
fn missing_cells_are_allowed_up_to_a_tenth_more_than_now() {
    let mut suite = drafted();
    accepted(&mut suite, &finding("X", Some("contract:not-null:plan"), None)).unwrap();
    assert!(!suite.contract.columns[0].not_null);
    let rule = suite.rules.iter().find(|r| r.id == "missing:plan").unwrap();
    let Test::ColumnProportionOfNullValuesBetween { bounds, .. } = &rule.test else { panic!("{rule:?}") };
    assert_eq!(bounds.max, Some(Scalar::Number(0.055)));
}

#[test]
fn limits_of_checks_move_beyond_what_was_seen_or_they_only_inform() {
    let mut suite = Suite::new();
    let spec = catalogue().iter().find(|s| s.limit.is_some() && s.side == LimitSide::AtMost).unwrap();
    let observed = spec.limit.unwrap() * 1.05;
    accepted(&mut suite, &finding(spec.code, None, Some(observed))).unwrap();
    assert!(suite.checks[spec.code].limit.unwrap() >= observed);
    accepted(&mut suite, &finding("NO_LIMIT", None, None)).unwrap();
    assert_eq!(suite.checks["NO_LIMIT"].severity, Some(Severity::Info));
    assert!(accepted(&mut suite, &finding("NO_LIMIT", None, None)).is_err());
}

#[test]
fn own_rules_hold_as_often_as_now_and_patterns_are_refused() {
    let mut suite = Suite::new();
    let regex = Test::ColumnValuesMatchRegex { column: "plan".to_owned(), regex: "^b".to_owned() };
    suite.rules.push(Rule::new("starts", regex));
    assert_eq!(accepted(&mut suite, &finding("X", Some("starts"), None)).unwrap(), "starts: 95.00 % must hold");
    assert_eq!(suite.rules[0].mostly, 0.95);
    assert!(accepted(&mut suite, &finding("X", Some("gone"), None)).unwrap_err().contains("no rule `gone`"));
}
