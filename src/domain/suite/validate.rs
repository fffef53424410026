//! Can the rules of a suite be judged at all? Everything that needs no table.

use std::collections::{BTreeMap, BTreeSet};

use super::Suite;
use super::rule::{Bounds, Rule, Scalar, Test};
use crate::domain::pattern::Pattern;
use crate::domain::{expression, filter};

/// What is wrong with a rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule `{rule}`, `{field}`: {what}")]
pub struct RuleProblem {
    /// Its id.
    pub rule: String,
    /// As suite files call it: `mostly`, `min_value`.
    pub field: &'static str,
    /// What was expected and what was found.
    pub what: String,
}

impl Suite {
    /// Everything that is wrong with the rules and the contract; empty when they can all be judged.
    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut all = Vec::new();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in &self.rules {
            *counts.entry(&rule.id).or_default() += 1;
            all.extend(rule.problems());
            if rule.id.starts_with("contract:") {
                let what = "ids that begin with `contract:` are those of the contract; choose another".to_owned();
                all.push(RuleProblem { rule: rule.id.clone(), field: "id", what });
            }
        }
        for (id, _) in counts.into_iter().filter(|(_, n)| *n > 1) {
            let what = "two rules have this id; give each its own".to_owned();
            all.push(RuleProblem { rule: id.to_owned(), field: "id", what });
        }
        let mut seen = BTreeSet::new();
        for column in self.contract.columns.iter().filter(|column| !seen.insert(&column.name)) {
            let what = "the contract has this column twice; keep one".to_owned();
            all.push(RuleProblem { rule: format!("contract:exists:{}", column.name), field: "name", what });
        }
        let environments = super::Environment::ALL.into_iter();
        let contract: BTreeMap<String, Rule> =
            environments.flat_map(|e| self.contract.rules(e)).map(|rule| (rule.id.clone(), rule)).collect();
        all.extend(contract.values().flat_map(Rule::problems));
        all
    }
}

impl Rule {
    /// What keeps the rule from being judged on any table; empty when nothing does.
    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut found = Found { rule: &self.id, problems: Vec::new() };
        if self.id.trim().is_empty() || self.id.chars().count() > 200 {
            found.add("id", "expected 1 to 200 characters".to_owned());
        }
        if !(self.mostly > 0.0 && self.mostly <= 1.0) {
            found.add("mostly", format!("expected a share above 0 up to 1, found {}", self.mostly));
        } else if self.mostly < 1.0 && !self.test.is_about_rows() {
            found.add("mostly", "only tests of cells or rows can hold mostly; leave it out".to_owned());
        }
        if let Some(text) = &self.only_where {
            if let Err(problem) = filter::parse(text) {
                found.add("only_where", format!("this is no filter: {problem}"));
            }
            if !self.test.takes_filter() {
                found.add("only_where", "the test is not about rows; leave it out".to_owned());
            }
        }
        self.test.problems(&mut found);
        found.problems
    }
}

struct Found<'a> {
    rule: &'a str,
    problems: Vec<RuleProblem>,
}

impl Found<'_> {
    fn add(&mut self, field: &'static str, what: String) {
        self.problems.push(RuleProblem { rule: self.rule.to_owned(), field, what });
    }

    fn check(&mut self, field: &'static str, fine: bool, what: &str) {
        if !fine {
            self.add(field, what.to_owned());
        }
    }

    fn regexes(&mut self, field: &'static str, patterns: &[String]) {
        self.check(field, !patterns.is_empty(), "expected at least one pattern");
        for pattern in patterns {
            if let Err(problem) = Pattern::regex(pattern) {
                self.add(field, format!("this is no pattern: {problem}"));
            }
        }
    }

    fn likes(&mut self, field: &'static str, patterns: &[String]) {
        self.check(field, !patterns.is_empty(), "expected at least one pattern");
        for pattern in patterns {
            if let Err(problem) = Pattern::like(pattern) {
                self.add(field, format!("this is no pattern: {problem}"));
            }
        }
    }

    fn set(&mut self, set: &[Scalar]) {
        self.check("value_set", !set.is_empty(), "expected at least one value");
        self.check("value_set", set.iter().all(is_finite), "expected finite numbers");
    }

    fn threshold(&mut self, threshold: f64) {
        self.check("threshold", threshold.is_finite() && threshold > 0.0, "expected a number above 0");
    }

    fn p_value(&mut self, p_value: f64) {
        self.check("p_value", (0.0..1.0).contains(&p_value), "expected a number from 0 to below 1");
    }

    fn columns(&mut self, columns: &[String], least: usize) {
        let expected = format!("expected at least {least} {}", if least == 1 { "column" } else { "columns" });
        self.check("columns", columns.len() >= least, &expected);
        let distinct: BTreeSet<&String> = columns.iter().collect();
        self.check("columns", distinct.len() == columns.len(), "a column stands there twice; keep one");
    }

    fn bounds(&mut self, bounds: &Bounds) {
        self.check(
            "min_value",
            bounds.min.is_some() || bounds.max.is_some(),
            "expected a min_value, a max_value or both",
        );
        self.check("min_value", bounds.min.as_ref().is_none_or(is_finite), "expected a finite number");
        self.check("max_value", bounds.max.as_ref().is_none_or(is_finite), "expected a finite number");
        if let (Some(min), Some(max)) = (&bounds.min, &bounds.max) {
            let what = format!("expected at least min_value {}, found {}", min.words(), max.words());
            match (min.number(), max.number(), min, max) {
                (Some(low), Some(high), ..) => self.check("max_value", low <= high, &what),
                (_, _, Scalar::Text(low), Scalar::Text(high)) => {
                    // Texts may be dates, or numbers of unequal length: only their look is compared.
                    let dates = [low, high].iter().all(|t| t.len() >= 10 && t.as_bytes()[4..5] == *b"-");
                    self.check("max_value", !dates || low.get(..10) <= high.get(..10), &what);
                }
                _ => self.add("max_value", format!("expected a value of min_value's kind, found {}", max.words())),
            }
        }
    }

    /// Bounds of what can only be a number.
    fn number_bounds(&mut self, bounds: &Bounds) {
        let number = |bound: &Option<Scalar>| bound.as_ref().is_none_or(|b| b.number().is_some());
        self.check("min_value", number(&bounds.min), "expected a number");
        self.check("max_value", number(&bounds.max), "expected a number");
        self.bounds(bounds);
    }
}

fn is_finite(value: &Scalar) -> bool {
    !matches!(value, Scalar::Number(x) if !x.is_finite())
}

impl Test {
    /// May only some rows be judged?
    pub fn takes_filter(&self) -> bool {
        !matches!(
            self,
            Self::TableColumnCountBetween(_)
                | Self::TableColumnCountEquals { .. }
                | Self::TableColumnsMatchSet { .. }
                | Self::TableColumnsWithin { .. }
                | Self::TableColumnsInOrder { .. }
                | Self::TableColumnsMatchOrder { .. }
                | Self::ColumnExists { .. }
                | Self::ColumnOfKind { .. }
        )
    }

    fn problems(&self, found: &mut Found<'_>) {
        use Test as T;
        match self {
            T::TableRowCountBetween(bounds)
            | T::TableColumnCountBetween(bounds)
            | T::ColumnValueLengthsBetween { bounds, .. }
            | T::ColumnUniqueValueCountBetween { bounds, .. }
            | T::ColumnProportionOfUniqueValuesBetween { bounds, .. }
            | T::ColumnProportionOfNullValuesBetween { bounds, .. }
            | T::ColumnStdevBetween { bounds, .. } => found.number_bounds(bounds),
            T::ColumnValuesBetween { bounds, .. }
            | T::ColumnMinBetween { bounds, .. }
            | T::ColumnMaxBetween { bounds, .. }
            | T::ColumnMeanBetween { bounds, .. }
            | T::ColumnMedianBetween { bounds, .. }
            | T::ColumnSumBetween { bounds, .. } => found.bounds(bounds),
            T::TableRowCountLikeReference { tolerance } => {
                found.check("tolerance", tolerance.is_finite() && *tolerance >= 0.0, "expected a share of at least 0");
            }
            T::TableColumnsMatchSet { columns, .. }
            | T::TableColumnsWithin { columns }
            | T::TableColumnsInOrder { columns }
            | T::TableColumnsMatchOrder { columns } => found.columns(columns, 1),
            T::CompoundColumnsUnique { columns } => found.columns(columns, 1),
            T::SelectColumnValuesUniqueWithinRecord { columns } => found.columns(columns, 2),
            T::MulticolumnSumEquals { columns, sum_total } => {
                found.columns(columns, 1);
                found.check("sum_total", sum_total.is_finite(), "expected a finite number");
            }
            T::ColumnOfKind { kinds, .. } => found.check("kinds", !kinds.is_empty(), "expected at least one kind"),
            T::ColumnValuesInSet { value_set, .. }
            | T::ColumnValuesNotInSet { value_set, .. }
            | T::ColumnMostCommonValueInSet { value_set, .. }
            | T::ColumnDistinctValuesInSet { value_set, .. }
            | T::ColumnDistinctValuesContainSet { value_set, .. }
            | T::ColumnDistinctValuesEqualSet { value_set, .. } => found.set(value_set),
            T::ColumnValuesMatchRegex { regex, .. } | T::ColumnValuesNotMatchRegex { regex, .. } => {
                found.regexes("regex", std::slice::from_ref(regex));
            }
            T::ColumnValuesMatchRegexList { regex_list, .. } | T::ColumnValuesNotMatchRegexList { regex_list, .. } => {
                found.regexes("regex_list", regex_list);
            }
            T::ColumnValuesMatchLikePattern { like_pattern, .. }
            | T::ColumnValuesNotMatchLikePattern { like_pattern, .. } => {
                found.likes("like_pattern", std::slice::from_ref(like_pattern));
            }
            T::ColumnValuesMatchLikePatternList { like_pattern_list, .. }
            | T::ColumnValuesNotMatchLikePatternList { like_pattern_list, .. } => {
                found.likes("like_pattern_list", like_pattern_list);
            }
            T::ColumnValuesMatchStrftimeFormat { strftime_format, .. } => {
                let mut items = chrono::format::StrftimeItems::new(strftime_format);
                let wrong = items.any(|item| matches!(item, chrono::format::Item::Error));
                let fine = !wrong && strftime_format.contains('%');
                found.check("strftime_format", fine, "expected a date pattern such as %Y-%m-%d");
            }
            T::ColumnValuesStartWith { text, .. }
            | T::ColumnValuesEndWith { text, .. }
            | T::ColumnValuesContain { text, .. } => found.check("text", !text.is_empty(), "expected a text"),
            T::ColumnValueZScoresBelow { threshold, .. }
            | T::ColumnPairCramersVBelow { threshold, .. }
            | T::ColumnKlDivergenceBelow { threshold, .. }
            | T::ColumnPsiBelow { threshold, .. }
            | T::ColumnCramersVBelow { threshold, .. }
            | T::ColumnWassersteinBelow { threshold, .. } => found.threshold(*threshold),
            T::ColumnQuantileValuesBetween { quantiles, .. } => {
                found.check("quantiles", !quantiles.is_empty(), "expected at least one quantile");
                for quantile in quantiles {
                    let fine = (0.0..=1.0).contains(&quantile.quantile);
                    found.check("quantile", fine, "expected a number from 0 to 1");
                    found.bounds(&quantile.bounds);
                }
            }
            T::ColumnPairValuesInSet { value_pairs_set, .. } => {
                found.check("value_pairs_set", !value_pairs_set.is_empty(), "expected at least one pair");
            }
            T::RowsSatisfy { expression } => {
                if let Err(problem) = expression::parse(expression) {
                    found.add("expression", format!("this is no expression: {problem}"));
                }
            }
            T::ColumnKsPValueAbove { p_value, .. } | T::ColumnChisquarePValueAbove { p_value, .. } => {
                found.p_value(*p_value);
            }
            T::ColumnNormalKsPValueAbove { mean, std, p_value, .. } => {
                found.p_value(*p_value);
                found.check("mean", mean.is_finite(), "expected a finite number");
                found.check("std", std.is_finite() && *std > 0.0, "expected a number above 0");
            }
            T::TableRowCountEquals { .. }
            | T::TableColumnCountEquals { .. }
            | T::ColumnExists { .. }
            | T::ColumnValuesNotNull { .. }
            | T::ColumnValuesNull { .. }
            | T::ColumnValuesUnique { .. }
            | T::ColumnValueLengthsEqual { .. }
            | T::ColumnValuesDateParseable { .. }
            | T::ColumnValuesJsonParseable { .. }
            | T::ColumnValuesFinite { .. }
            | T::ColumnValuesIncreasing { .. }
            | T::ColumnValuesDecreasing { .. }
            | T::ColumnValuesInReferenceSet { .. }
            | T::ColumnValuesInReferenceRange { .. }
            | T::ColumnPairValuesAGreaterThanB { .. }
            | T::ColumnPairValuesEqual { .. } => {}
        }
    }
}

impl Scalar {
    /// As a number: whole ones and others; a truth is none, nor is a text.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(x) => Some(*x as f64),
            Self::Number(x) => Some(*x),
            Self::Bool(_) | Self::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(json: &str) -> Vec<String> {
        serde_json::from_str::<Rule>(json).unwrap().problems().iter().map(RuleProblem::to_string).collect()
    }

    #[test]
    fn limits_that_cannot_be_are_named_with_rule_and_field() {
        let check = |json: &str, expected: &str| assert_eq!(problems(json), [expected]);
        check(
            r#"{"id":"a","test":"column_values_not_null","column":"x","mostly":1.5}"#,
            "rule `a`, `mostly`: expected a share above 0 up to 1, found 1.5",
        );
        check(
            r#"{"id":"a","test":"column_mean_between","column":"x","min_value":1,"mostly":0.5}"#,
            "rule `a`, `mostly`: only tests of cells or rows can hold mostly; leave it out",
        );
        check(
            r#"{"id":"a","test":"column_values_between","column":"x","min_value":5,"max_value":1}"#,
            "rule `a`, `max_value`: expected at least min_value 5, found 1",
        );
        check(
            r#"{"id":"a","test":"column_values_between","column":"x","min_value":"2026-03-01","max_value":"2026-02-01"}"#,
            "rule `a`, `max_value`: expected at least min_value \"2026-03-01\", found \"2026-02-01\"",
        );
        check(
            r#"{"id":"a","test":"column_values_between","column":"x","min_value":"a","max_value":1}"#,
            "rule `a`, `max_value`: expected a value of min_value's kind, found 1",
        );
        check(
            r#"{"id":"a","test":"column_values_between","column":"x"}"#,
            "rule `a`, `min_value`: expected a min_value, a max_value or both",
        );
        check(
            r#"{"id":"a","test":"column_values_match_regex","column":"x","regex":"(a"}"#,
            "rule `a`, `regex`: this is no pattern: at character 1: unclosed group",
        );
        check(
            r#"{"id":"a","test":"column_values_match_strftime_format","column":"x","strftime_format":"%Q"}"#,
            "rule `a`, `strftime_format`: expected a date pattern such as %Y-%m-%d",
        );
        check(
            r#"{"id":"a","test":"table_columns_match_set","columns":["a"],"exact":true,"only_where":"x > 1"}"#,
            "rule `a`, `only_where`: the test is not about rows; leave it out",
        );
        assert!(problems(r#"{"id":"a","test":"rows_satisfy","expression":"a <="}"#)[0].contains("`expression`"));
        assert!(problems(r#"{"id":"","test":"column_values_null","column":"x","only_where":"x >"}"#).len() == 2);
    }

    #[test]
    fn ids_are_one_of_a_kind() {
        let rule = |id: &str| Rule::new(id, Test::ColumnExists { column: "x".into() });
        let suite = Suite { rules: vec![rule("a"), rule("a"), rule("contract:x")], ..Suite::new() };
        let said: Vec<String> = suite.problems().iter().map(RuleProblem::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("`contract:x`") && said[1].contains("two rules have this id"));
    }
}
