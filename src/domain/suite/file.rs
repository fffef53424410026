//! Suites as JSON files.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rule::Rule;
use super::{RuleProblem, Suite};

/// Why a text is no suite.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SuiteError {
    #[error("line {line}, character {character}: {what}; a suite is a JSON document with `format_version` and `rules`")]
    Json { line: usize, character: usize, what: String },
    #[error("this suite has format {found}, this program reads {}; update the program", Suite::FORMAT)]
    Newer { found: u64 },
    #[error("{what}; correct it in the file")]
    Shape { what: String },
    #[error("rule {rule}: {what}; correct it in the file")]
    Rule {
        /// Its id, or its position where it has none: `number 3`.
        rule: String,
        what: String,
    },
    #[error("{}", listed(.0))]
    Problems(Vec<RuleProblem>),
}

fn listed(problems: &[RuleProblem]) -> String {
    const SHOWN: usize = 20;
    let mut text = problems.iter().take(SHOWN).map(RuleProblem::to_string).collect::<Vec<_>>().join("\n");
    if problems.len() > SHOWN {
        text.push_str(&format!("\nand {} more", problems.len() - SHOWN));
    }
    text
}

/// What any rule may have beside what its test takes.
const FIELDS: [&str; 8] = ["id", "test", "mostly", "severity", "only_where", "only_in", "origin", "note"];
const BOUNDS: [&str; 4] = ["min_value", "max_value", "strict_min", "strict_max"];

impl Suite {
    /// Reads a suite, whatever its limits say: see [`Suite::problems`] for those, and [`Suite::read`] for both.
    ///
    /// Errors: no JSON (with its line), a newer format, a field that is missing, of another kind or unknown (with the
    /// rule's id).
    pub fn parse(text: &str) -> Result<Self, SuiteError> {
        let mut value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let what = without_place(&error);
            SuiteError::Json { line: error.line(), character: error.column(), what }
        })?;
        match value.get("format_version").and_then(Value::as_u64) {
            Some(found) if found > u64::from(Self::FORMAT) => return Err(SuiteError::Newer { found }),
            Some(1) => {}
            _ => return Err(SuiteError::Shape { what: "expected `\"format_version\": 1`".to_owned() }),
        }
        // Each rule by itself, so that an error names it.
        let rules = match value.as_object_mut().and_then(|suite| suite.remove("rules")) {
            None => Vec::new(),
            Some(Value::Array(rules)) => rules,
            Some(_) => return Err(SuiteError::Shape { what: "expected `rules` to be a list".to_owned() }),
        };
        let mut suite: Self =
            serde_json::from_value(value).map_err(|error| SuiteError::Shape { what: error.to_string() })?;
        suite.rules = rules.into_iter().enumerate().map(|(i, rule)| read_rule(i, rule)).collect::<Result<_, _>>()?;
        Ok(suite)
    }

    /// Reads a suite all of whose rules can be judged.
    ///
    /// Errors: those of [`Suite::parse`], and all problems with limits at once.
    pub fn read(text: &str) -> Result<Self, SuiteError> {
        let suite = Self::parse(text)?;
        let problems = suite.problems();
        if problems.is_empty() { Ok(suite) } else { Err(SuiteError::Problems(problems)) }
    }

    /// The suite as a file, with a line end; reads back as itself.
    pub fn print(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn read_rule(index: usize, value: Value) -> Result<Rule, SuiteError> {
    let id = value.get("id").and_then(Value::as_str).map(|id| format!("`{id}`"));
    let name = id.unwrap_or_else(|| format!("number {}", index + 1));
    let wrong = |what: String| SuiteError::Rule { rule: name.clone(), what };
    let keys: BTreeSet<String> = value.as_object().map(|rule| rule.keys().cloned().collect()).unwrap_or_default();
    let quantiles = value.get("quantiles").cloned();
    let rule: Rule = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
    // `flatten` cannot refuse what it does not know: what comes back out is what was known.
    let known = serde_json::to_value(&rule.test).unwrap_or_default();
    let known: BTreeSet<&str> =
        known.as_object().map(|test| test.keys().map(String::as_str).collect()).unwrap_or_default();
    let takes_bounds = rule.test.has_bounds();
    let is_known = |key: &str| FIELDS.contains(&key) || known.contains(key) || (takes_bounds && BOUNDS.contains(&key));
    if let Some(key) = keys.iter().find(|key| !is_known(key)) {
        return Err(wrong(format!("`{}` takes no `{key}`", rule.test.name())));
    }
    if known.contains("quantiles") {
        let inner = quantiles.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        if let Some(key) =
            inner.flat_map(|q| q.keys()).find(|key| *key != "quantile" && !BOUNDS.contains(&key.as_str()))
        {
            return Err(wrong(format!("a quantile takes no `{key}`")));
        }
    }
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(rules: &str) -> String {
        Suite::parse(&format!("{{\"format_version\": 1, \"rules\": [{rules}]}}")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_unknown_in_a_rule_is_refused_by_name() {
        let said = problem(r#"{"id":"a","test":"column_values_not_null","column":"x","colour":1}"#);
        assert_eq!(said, "rule `a`: `column_values_not_null` takes no `colour`; correct it in the file");
        let said = problem(r#"{"id":"a","test":"column_values_unique","column":"x","min_value":1}"#);
        assert!(said.contains("takes no `min_value`"), "{said}");
        let said = problem(r#"{"test":"no_such_test"}"#);
        assert!(said.starts_with("rule number 1: "), "{said}");
        let said = problem(r#"{"id":"q","test":"no_such_test"}"#);
        assert!(said.contains("unknown variant `no_such_test`"), "{said}");
        let said = problem(
            r#"{"id":"q","test":"column_quantile_values_between","column":"x","quantiles":[{"quantile":0.5,"mini":1}]}"#,
        );
        assert!(said.contains("a quantile takes no `mini`"), "{said}");
        assert!(Suite::parse(r#"{"format_version":1,"rulez":[]}"#).unwrap_err().to_string().contains("rulez"));
    }

    #[test]
    fn defaults_may_be_written_out() {
        let text = r#"{"format_version":1,"rules":[{"id":"a","test":"column_values_between","column":"x","min_value":1,
            "max_value":null,"strict_min":false,"mostly":1.0,"severity":"error","only_where":null,"note":null}]}"#;
        let suite = Suite::read(text).unwrap();
        assert_eq!(suite.rules[0].mostly, 1.0);
        assert_eq!(Suite::parse(&suite.print()).unwrap(), suite);
    }

    #[test]
    fn errors_name_the_line_and_newer_formats() {
        let error = Suite::parse("{\"format_version\": 1,\n \"rules\": [}").unwrap_err();
        assert!(error.to_string().starts_with("line 2, character 12: "), "{error}");
        assert_eq!(Suite::parse(r#"{"format_version": 7}"#).unwrap_err(), SuiteError::Newer { found: 7 });
        assert!(Suite::parse("[]").unwrap_err().to_string().contains("format_version"));
        let deep = "[".repeat(100_000);
        assert!(Suite::parse(&deep).unwrap_err().to_string().contains("recursion limit"));
    }
}
