//! A rule as a form has it: a text per field, and back.
//!
//! A value that is written in double quotes is a text, whatever it looks like: `"00123"`. Without them, what reads as a
//! number is one, and `true` and `false` are booleans.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Environment;
use super::rule::{Rule, Test};
use super::spec::{self, Field, FieldKind, TestSpec};
use crate::domain::finding::Severity;

/// A rule that is being written.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleForm {
    pub id: String,
    pub test: &'static TestSpec,
    /// By the field's name; absent is empty. A flag is `true` or empty.
    pub fields: BTreeMap<&'static str, String>,
    /// A share, 0 to 1, or empty for all.
    pub mostly: String,
    pub severity: Severity,
    pub only_where: String,
    pub only_in: Option<Environment>,
    pub origin: Option<String>,
    pub note: Option<String>,
}

/// What is wrong with a form: the field's title and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormProblem {
    pub field: &'static str,
    pub problem: String,
}

impl RuleForm {
    pub fn new(id: impl Into<String>, test: &'static TestSpec) -> Self {
        Self {
            id: id.into(),
            test,
            fields: BTreeMap::new(),
            mostly: String::new(),
            severity: Severity::Error,
            only_where: String::new(),
            only_in: None,
            origin: None,
            note: None,
        }
    }

    /// `None` where a form cannot hold the rule: a value of several lines, say.
    pub fn of(rule: &Rule) -> Option<Self> {
        let Ok(Value::Object(json)) = serde_json::to_value(&rule.test) else { return None };
        let test = spec::find(json.get("test")?.as_str()?)?;
        let mut form = Self::new(rule.id.clone(), test);
        for field in test.fields {
            if let Some(value) = json.get(field.name) {
                form.fields.insert(field.name, to_text(field.kind, value));
            }
        }
        form.mostly = if rule.mostly == 1.0 { String::new() } else { rule.mostly.to_string() };
        form.severity = rule.severity;
        form.only_where = rule.only_where.clone().unwrap_or_default();
        form.only_in = rule.only_in;
        (form.origin, form.note) = (rule.origin.clone(), rule.note.clone());
        (form.rule().as_ref() == Ok(rule)).then_some(form)
    }

    /// Errors: the first field that cannot be read.
    pub fn rule(&self) -> Result<Rule, FormProblem> {
        let mut json = Map::from_iter([("test".to_owned(), Value::from(self.test.name))]);
        for field in self.test.fields {
            let text = self.fields.get(field.name).map(String::as_str).unwrap_or_default();
            let fail = |problem: String| FormProblem { field: field.title(), problem };
            if let Some(value) = to_json(field, text).map_err(fail)? {
                json.insert(field.name.to_owned(), value);
            }
        }
        let bounded = |name: &str| self.test.fields.iter().any(|f| f.name == name) && !json.contains_key(name);
        if bounded("min_value") && bounded("max_value") {
            let problem = "give the smallest, the largest, or both".to_owned();
            return Err(FormProblem { field: "At least", problem });
        }
        let test: Test = serde_json::from_value(Value::Object(json))
            .map_err(|error| FormProblem { field: "Rule", problem: error.to_string() })?;
        let mostly = match self.mostly.trim() {
            "" => Some(1.0),
            text => text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0),
        };
        let Some(mostly) = mostly else {
            let problem = "a share above 0 up to 1 is needed, such as 0.95".to_owned();
            return Err(FormProblem { field: "Share that must hold", problem });
        };
        if self.id.trim().is_empty() {
            return Err(FormProblem { field: "Name", problem: "a rule needs a name".to_owned() });
        }
        Ok(Rule {
            mostly,
            severity: self.severity,
            only_where: Some(self.only_where.trim().to_owned()).filter(|text| !text.is_empty()),
            only_in: self.only_in,
            origin: self.origin.clone(),
            note: self.note.clone(),
            ..Rule::new(self.id.trim(), test)
        })
    }

    /// What keeps the rule, which the form was read as, from being judged; in the words of the form.
    pub fn problem(&self, rule: &Rule) -> Option<FormProblem> {
        let found = rule.problems().into_iter().next()?;
        let field = match found.field {
            "id" => "Name",
            "mostly" => "Share that must hold",
            "only_where" => "Only rows where",
            name => self.test.fields.iter().find(|field| field.name == name).map_or("Rule", Field::title),
        };
        let problem = found.what.replace("min_value's", "“At least”'s").replace("min_value ", "");
        Some(FormProblem { field, problem })
    }
}

fn to_json(field: &Field, text: &str) -> Result<Option<Value>, String> {
    let trimmed = text.trim();
    let lines = || trimmed.lines().map(str::trim).filter(|line| !line.is_empty());
    let needed = || if trimmed.is_empty() { Err("it is needed".to_owned()) } else { Ok(trimmed) };
    let number =
        |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite()).ok_or(format!("`{text}` is no number"));
    let whole = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no whole number"));
    let value = match field.kind {
        FieldKind::Column if trimmed.is_empty() => return Err("choose one".to_owned()),
        FieldKind::Column => Value::from(trimmed),
        FieldKind::Text if text.is_empty() => return Err("it is needed".to_owned()),
        FieldKind::Text => Value::from(text),
        FieldKind::Number => Value::from(number(needed()?)?),
        FieldKind::Whole => Value::from(whole(needed()?)?),
        FieldKind::Length | FieldKind::Bound if trimmed.is_empty() => return Ok(None),
        FieldKind::Length => Value::from(whole(trimmed)?),
        FieldKind::Bound => scalar(trimmed),
        FieldKind::Columns | FieldKind::Texts => {
            needed()?;
            lines().map(Value::from).collect()
        }
        FieldKind::Scalars => {
            needed()?;
            lines().map(scalar).collect()
        }
        FieldKind::Kinds => needed()?.split(',').map(|word| Value::from(word.trim())).collect(),
        FieldKind::Which => Value::from(if trimmed.is_empty() { "any" } else { trimmed }),
        FieldKind::Flag => Value::from(trimmed == "true"),
        FieldKind::Pairs => {
            needed()?;
            let pair = |line: &str| {
                let (a, b) = line.split_once(',').ok_or(format!("`{line}` has no comma"))?;
                Ok(Value::from(vec![scalar(a.trim()), scalar(b.trim())]))
            };
            lines().map(pair).collect::<Result<Value, String>>()?
        }
        FieldKind::Quantiles => {
            needed()?;
            let one = |line: &str| {
                let parts: Vec<&str> = line.split(',').map(str::trim).collect();
                let [quantile, min, max] = parts[..] else { return Err(format!("`{line}` has not three numbers")) };
                let mut json = Map::from_iter([("quantile".to_owned(), Value::from(number(quantile)?))]);
                for (name, text) in [("min_value", min), ("max_value", max)] {
                    if !text.is_empty() {
                        json.insert(name.to_owned(), scalar(text));
                    }
                }
                Ok(Value::Object(json))
            };
            lines().map(one).collect::<Result<Value, String>>()?
        }
    };
    Ok(Some(value))
}

/// A value as a form has it.
fn scalar(text: &str) -> Value {
    if let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return Value::from(quoted.replace("\"\"", "\""));
    }
    match text {
        "true" => return Value::from(true),
        "false" => return Value::from(false),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

fn scalar_text(value: &Value) -> String {
    match value {
        // Whatever would read back as something else, or not at all.
        Value::String(text) => {
            let plain = text.trim() == text && !text.is_empty() && !text.contains(['\n', '\r', ',', '"']);
            if plain && scalar(text) == *value { text.clone() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
        }
        other => other.to_string(),
    }
}

fn to_text(kind: FieldKind, value: &Value) -> String {
    let each = |tell: &dyn Fn(&Value) -> String, between: &str| match value {
        Value::Array(values) => values.iter().map(tell).collect::<Vec<_>>().join(between),
        _ => String::new(),
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match kind {
        FieldKind::Column | FieldKind::Text | FieldKind::Which => plain(value),
        FieldKind::Number | FieldKind::Whole | FieldKind::Length => value.to_string(),
        FieldKind::Bound => scalar_text(value),
        FieldKind::Columns | FieldKind::Texts => each(&plain, "\n"),
        FieldKind::Scalars => each(&scalar_text, "\n"),
        FieldKind::Kinds => each(&plain, ", "),
        FieldKind::Flag => if value == &Value::Bool(true) { "true" } else { "" }.to_owned(),
        FieldKind::Pairs => each(
            &|pair| {
                pair.as_array().map_or_else(String::new, |p| p.iter().map(scalar_text).collect::<Vec<_>>().join(", "))
            },
            "\n",
        ),
        FieldKind::Quantiles => each(
            &|one| {
                let part = |name: &str| one.get(name).map(scalar_text).unwrap_or_default();
                [part("quantile"), part("min_value"), part("max_value")].join(", ")
            },
            "\n",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(kind: FieldKind) -> &'static str {
        match kind {
            FieldKind::Column => "age",
            FieldKind::Columns => "age\nplan",
            FieldKind::Number => "0.5",
            FieldKind::Whole | FieldKind::Length => "7",
            FieldKind::Bound => "18",
            FieldKind::Text => "^a",
            FieldKind::Texts => "^a\nb$",
            FieldKind::Scalars => "1\n2.5\nbasic\n\"00123\"\ntrue",
            FieldKind::Kinds => "numeric, boolean",
            FieldKind::Which => "all",
            FieldKind::Flag => "true",
            FieldKind::Pairs => "a, 1\nb, \"2\"",
            FieldKind::Quantiles => "0.5, 18, 65\n0.9, , 80",
        }
    }

    #[test]
    fn every_test_has_a_form_that_reads_back_as_itself() {
        for test in spec::TESTS {
            let mut form = RuleForm::new("r1", test);
            form.fields = test.fields.iter().map(|f| (f.name, example(f.kind).to_owned())).collect();
            let rule = form.rule().unwrap_or_else(|problem| panic!("{}: {problem:?}", test.name));
            let again = RuleForm::of(&rule).unwrap();
            assert_eq!(again.rule().as_ref(), Ok(&rule), "{}", test.name);
            assert_eq!(again.fields, form.fields, "{}", test.name);
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_field() {
        let problem = |name: &str, fields: &[(&'static str, &str)]| {
            let mut form = RuleForm::new("r1", spec::find(name).unwrap());
            form.fields = fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
            form.rule().unwrap_err()
        };
        assert_eq!(problem("column_exists", &[]).field, "Column");
        let both = problem("column_values_between", &[("column", "age")]);
        assert_eq!((both.field, both.problem.as_str()), ("At least", "give the smallest, the largest, or both"));
        let number = problem("column_psi_below", &[("column", "age"), ("threshold", "much")]);
        assert_eq!((number.field, number.problem.as_str()), ("Below", "`much` is no number"));
    }

    #[test]
    fn what_keeps_a_rule_from_being_judged_is_told_in_the_words_of_the_form() {
        let mut form = RuleForm::new("age", spec::find("column_values_between").unwrap());
        form.fields
            .extend([("column", "age"), ("min_value", "30"), ("max_value", "22")].map(|(n, v)| (n, v.to_owned())));
        let problem = form.problem(&form.rule().unwrap()).unwrap();
        assert_eq!((problem.field, problem.problem.as_str()), ("At most", "expected at least 30, found 22"));
        form.fields.insert("max_value", "31".to_owned());
        assert_eq!(form.problem(&form.rule().unwrap()), None);
    }
}
