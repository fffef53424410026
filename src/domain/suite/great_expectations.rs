//! Great Expectations' suite files, of its 0.x and 1.x: what both programs have becomes rules, the rest is named.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rule::Rule;
use super::{Suite, SuiteError};
use crate::domain::filter;

/// What was made of a foreign suite.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    pub suite: Suite,
    /// Expectations that were left out, and why: their type with the column, the reason.
    pub not_taken: Vec<(String, String)>,
}

/// Their name (without `expect_`), ours (without the `column` of fields that are named the same).
const NAMES: [(&str, &str); 57] = [
    ("table_row_count_to_be_between", "table_row_count_between"),
    ("table_row_count_to_equal", "table_row_count_equals"),
    ("table_column_count_to_be_between", "table_column_count_between"),
    ("table_column_count_to_equal", "table_column_count_equals"),
    ("table_columns_to_match_set", "table_columns_match_set"),
    ("table_columns_to_match_ordered_list", "table_columns_match_order"),
    ("column_to_exist", "column_exists"),
    ("column_values_to_not_be_null", "column_values_not_null"),
    ("column_values_to_be_null", "column_values_null"),
    ("column_values_to_be_unique", "column_values_unique"),
    ("column_values_to_be_in_set", "column_values_in_set"),
    ("column_values_to_not_be_in_set", "column_values_not_in_set"),
    ("column_values_to_be_between", "column_values_between"),
    ("column_value_lengths_to_be_between", "column_value_lengths_between"),
    ("column_value_lengths_to_equal", "column_value_lengths_equal"),
    ("column_values_to_match_regex", "column_values_match_regex"),
    ("column_values_to_not_match_regex", "column_values_not_match_regex"),
    ("column_values_to_match_regex_list", "column_values_match_regex_list"),
    ("column_values_to_not_match_regex_list", "column_values_not_match_regex_list"),
    ("column_values_to_match_like_pattern", "column_values_match_like_pattern"),
    ("column_values_to_not_match_like_pattern", "column_values_not_match_like_pattern"),
    ("column_values_to_match_like_pattern_list", "column_values_match_like_pattern_list"),
    ("column_values_to_not_match_like_pattern_list", "column_values_not_match_like_pattern_list"),
    ("column_values_to_match_strftime_format", "column_values_match_strftime_format"),
    ("column_values_to_be_dateutil_parseable", "column_values_date_parseable"),
    ("column_values_to_be_json_parseable", "column_values_json_parseable"),
    ("column_values_to_be_increasing", "column_values_increasing"),
    ("column_values_to_be_decreasing", "column_values_decreasing"),
    ("column_value_z_scores_to_be_less_than", "column_value_z_scores_below"),
    ("column_min_to_be_between", "column_min_between"),
    ("column_max_to_be_between", "column_max_between"),
    ("column_mean_to_be_between", "column_mean_between"),
    ("column_median_to_be_between", "column_median_between"),
    ("column_stdev_to_be_between", "column_stdev_between"),
    ("column_sum_to_be_between", "column_sum_between"),
    ("column_quantile_values_to_be_between", "column_quantile_values_between"),
    ("column_unique_value_count_to_be_between", "column_unique_value_count_between"),
    ("column_proportion_of_unique_values_to_be_between", "column_proportion_of_unique_values_between"),
    ("column_proportion_of_non_null_values_to_be_between", "column_proportion_of_null_values_between"),
    ("column_most_common_value_to_be_in_set", "column_most_common_value_in_set"),
    ("column_distinct_values_to_be_in_set", "column_distinct_values_in_set"),
    ("column_distinct_values_to_contain_set", "column_distinct_values_contain_set"),
    ("column_distinct_values_to_equal_set", "column_distinct_values_equal_set"),
    ("column_pair_values_a_to_be_greater_than_b", "column_pair_values_a_greater_than_b"),
    ("column_pair_values_to_be_equal", "column_pair_values_equal"),
    ("column_pair_values_to_be_in_set", "column_pair_values_in_set"),
    ("column_pair_cramers_phi_value_to_be_less_than", "column_pair_cramers_v_below"),
    ("compound_columns_to_be_unique", "compound_columns_unique"),
    ("multicolumn_sum_to_equal", "multicolumn_sum_equals"),
    ("multicolumn_values_to_be_unique", "select_column_values_unique_within_record"),
    ("select_column_values_to_be_unique_within_record", "select_column_values_unique_within_record"),
    ("column_values_to_be_of_type", "column_of_kind"),
    ("column_values_to_be_in_type_list", "column_of_kind"),
    // Older names of the same.
    ("column_unique_value_count_to_equal", "column_unique_value_count_between"),
    ("table_columns_to_match_list", "table_columns_match_order"),
    ("column_values_to_be_finite", "column_values_finite"),
    ("column_values_not_to_be_null", "column_values_not_null"),
];

/// Their name of a field, and ours.
const FIELDS: [(&str, &str); 7] = [
    ("column_A", "column_a"),
    ("column_B", "column_b"),
    ("column_list", "columns"),
    ("column_set", "columns"),
    ("exact_match", "exact"),
    ("match_strftime_format", "strftime_format"),
    ("cramers_phi", "threshold"),
];

/// What changes nothing about the outcome.
const IGNORED: [&str; 16] = [
    "batch_id",
    "result_format",
    "include_config",
    "catch_exceptions",
    "meta",
    "notes",
    "description",
    "condition_parser",
    "auto",
    "profiler_config",
    "parse_strings_as_datetimes",
    "output_strftime_format",
    "allow_cross_type_comparisons",
    "id",
    "rendered_content",
    "windows",
];

/// Types by their names in pandas, Spark and SQL.
const TYPES: [(&str, &[&str]); 4] = [
    (
        "numeric",
        &["int", "float", "double", "decimal", "number", "long", "bigint", "smallint", "integer", "real", "numeric"],
    ),
    ("boolean", &["bool", "boolean"]),
    ("datetime", &["datetime", "date", "timestamp"]),
    ("text", &["str", "string", "object", "text", "varchar", "char", "category"]),
];

/// Reads a suite file of Great Expectations 0.x or 1.x.
///
/// Errors: no JSON, or JSON that is no suite (no list of expectations).
pub fn import(text: &str) -> Result<Imported, SuiteError> {
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| SuiteError::Json {
        line: error.line(),
        character: error.column(),
        what: error.to_string(),
    })?;
    let shape =
        || SuiteError::Shape { what: "this is no suite of Great Expectations: no list `expectations`".to_owned() };
    let list = value.get("expectations").and_then(Value::as_array).ok_or_else(shape)?;
    let mut imported = Imported { suite: Suite::new(), not_taken: Vec::new() };
    let mut ids = BTreeSet::new();
    for expectation in list {
        let name = ["type", "expectation_type"].iter().find_map(|key| expectation.get(key)?.as_str());
        let name = name.unwrap_or("an expectation without type");
        match rule(name, expectation) {
            Ok(mut rule) => {
                // The same expectation twice with other limits: `age-between`, `age-between-2`.
                let wanted = rule.id.clone();
                let mut n = 2;
                while !ids.insert(rule.id.clone()) {
                    rule.id = format!("{wanted}-{n}");
                    n += 1;
                }
                imported.suite.rules.push(rule);
            }
            Err(reason) => {
                let column = expectation.get("kwargs").and_then(|k| k.get("column")).and_then(Value::as_str);
                let shown = column.map_or_else(|| name.to_owned(), |column| format!("{name} of `{column}`"));
                imported.not_taken.push((shown, reason));
            }
        }
    }
    Ok(imported)
}

fn rule(name: &str, expectation: &Value) -> Result<Rule, String> {
    let bare = name.strip_prefix("expect_").unwrap_or(name);
    let ours = NAMES.iter().find(|(theirs, _)| *theirs == bare).map(|(_, ours)| *ours);
    let ours = ours.ok_or("there is no such rule here")?;
    let empty = Map::new();
    let kwargs = expectation.get("kwargs").and_then(Value::as_object).unwrap_or(&empty);
    let mut rule = Map::new();
    for (key, value) in kwargs.iter().filter(|(_, value)| !value.is_null()) {
        if value.is_object() && value.get("$PARAMETER").is_some() {
            return Err(format!("`{key}` is a parameter without a value"));
        }
        match key.as_str() {
            "row_condition" => {
                rule.insert("only_where".to_owned(), json!(row_condition(value)?));
            }
            "ignore_row_if" | "ties_okay" | "mostly" | "value" => {
                rule.insert(key.clone(), value.clone());
            }
            "severity" => {}
            _ if IGNORED.contains(&key.as_str()) => {}
            key => {
                let ours = FIELDS.iter().find(|(theirs, _)| *theirs == key).map_or(key, |(_, ours)| *ours);
                rule.insert(ours.to_owned(), value.clone());
            }
        }
    }
    adapt(bare, ours, &mut rule)?;
    rule.insert("id".to_owned(), json!(id(ours, &rule)));
    rule.insert("test".to_owned(), json!(ours));
    let severity = expectation.get("severity").or_else(|| expectation.get("meta")?.get("severity"));
    let severity = severity.or_else(|| kwargs.get("severity")).and_then(Value::as_str);
    match severity.map(str::to_lowercase).as_deref() {
        Some("warning" | "warn") => rule.insert("severity".to_owned(), json!("warning")),
        Some("info") => rule.insert("severity".to_owned(), json!("info")),
        _ => None,
    };
    if let Some(notes) = note(expectation) {
        rule.insert("note".to_owned(), json!(notes));
    }
    rule.insert("origin".to_owned(), json!("Great Expectations"));
    super::file::read_rule(0, Value::Object(rule))
        .map_err(|error| match error {
            SuiteError::Rule { what, .. } => what,
            error => error.to_string(),
        })
        .and_then(|rule| match rule.problems().first() {
            Some(problem) => Err(format!("`{}`: {}", problem.field, problem.what)),
            None => Ok(rule),
        })
}

/// Fields that are said in another way.
fn adapt(theirs: &str, ours: &str, rule: &mut Map<String, Value>) -> Result<(), String> {
    if let Some(rows) = rule.remove("ignore_row_if") {
        let asked = rows.as_str().unwrap_or_default();
        // A missing cell is not judged here; where theirs fails, the rule would say something else.
        if asked == "never" {
            return Err("`ignore_row_if` \"never\": a missing cell never fails such a rule here".to_owned());
        }
    }
    if let Some(ties) = rule.remove("ties_okay")
        && ties == json!(true)
    {
        return Err("`ties_okay`: all of the most frequent values have to be in the set here".to_owned());
    }
    match theirs {
        "column_value_z_scores_to_be_less_than" => {
            rule.entry("double_sided").or_insert(json!(false));
        }
        "table_columns_to_match_set" => {
            rule.entry("exact").or_insert(json!(true));
        }
        "column_quantile_values_to_be_between" => {
            let ranges = rule.remove("quantile_ranges").unwrap_or_default();
            let list = |key: &str| ranges.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            let (at, limits) = (list("quantiles"), list("value_ranges"));
            if at.is_empty() || at.len() != limits.len() {
                return Err("`quantile_ranges`: expected as many value_ranges as quantiles".to_owned());
            }
            let one = |(quantile, range): (&Value, &Value)| {
                let mut one = json!({ "quantile": quantile });
                for (i, key) in ["min_value", "max_value"].into_iter().enumerate() {
                    if let Some(limit) = range.get(i).filter(|limit| !limit.is_null()) {
                        one[key] = limit.clone();
                    }
                }
                one
            };
            let quantiles: Vec<Value> = at.iter().zip(&limits).map(one).collect();
            rule.insert("quantiles".to_owned(), Value::Array(quantiles));
            rule.remove("allow_relative_error");
        }
        "column_proportion_of_non_null_values_to_be_between" => {
            let of = |rule: &mut Map<String, Value>, key: &str| rule.remove(key).and_then(|x| x.as_f64());
            let (min, max) = (of(rule, "min_value"), of(rule, "max_value"));
            let (strict_min, strict_max) = (rule.remove("strict_min"), rule.remove("strict_max"));
            let turned = [("min_value", max.map(|x| json!(1.0 - x))), ("max_value", min.map(|x| json!(1.0 - x)))];
            let turned = turned.into_iter().chain([("strict_min", strict_max), ("strict_max", strict_min)]);
            turned.for_each(|(key, value)| {
                value.map(|value| rule.insert(key.to_owned(), value));
            });
        }
        "column_values_to_be_of_type" | "column_values_to_be_in_type_list" => {
            let types = rule.remove("type_list").or_else(|| rule.remove("type_")).unwrap_or_default();
            let types = types.as_array().cloned().unwrap_or_else(|| vec![types]);
            let kinds: BTreeSet<&str> = types.iter().filter_map(Value::as_str).filter_map(kind).collect();
            if kinds.is_empty() {
                return Err("none of its types is known here".to_owned());
            }
            // Texts and numbers may be anything that is stored as such.
            let mut all: BTreeSet<&str> = kinds.clone();
            if kinds.contains("text") {
                all.extend(["categorical", "identifier"]);
            }
            if kinds.contains("numeric") {
                all.extend(["boolean", "categorical", "identifier"]);
            }
            rule.insert("kinds".to_owned(), json!(all));
            rule.remove("mostly");
        }
        "column_to_exist" => {
            rule.remove("column_index");
        }
        "column_unique_value_count_to_equal" => {
            if let Some(value) = rule.remove("value") {
                rule.insert("min_value".to_owned(), value.clone());
                rule.insert("max_value".to_owned(), value);
            }
        }
        _ => {}
    }
    if matches!(ours, "table_columns_match_order") && !rule.contains_key("columns") {
        return Err("`column_list`: expected the names of the columns".to_owned());
    }
    Ok(())
}

fn kind(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let name = name.trim_end_matches("type").trim_end_matches(|c: char| c.is_ascii_digit() || "_[]ns".contains(c));
    let name = name.rsplit('.').next().unwrap_or(name);
    let known = |names: &[&str]| names.contains(&name) || names.contains(&name.trim_start_matches('u'));
    TYPES.iter().find(|(_, names)| known(names)).map(|(kind, _)| *kind)
}

/// `age-between`, as a person would call it.
fn id(ours: &str, rule: &Map<String, Value>) -> String {
    let text = |key: &str| rule.get(key).and_then(Value::as_str).map(str::to_owned);
    let listed = || {
        let names = rule.get("columns")?.as_array()?;
        Some(names.iter().take(3).filter_map(Value::as_str).collect::<Vec<_>>().join("-"))
    };
    let column =
        text("column").or_else(|| Some(format!("{}-{}", text("column_a")?, text("column_b")?))).or_else(listed);
    let short = ["column_values_", "column_value_", "column_pair_values_", "column_", "table_"]
        .iter()
        .find_map(|start| ours.strip_prefix(start))
        .unwrap_or(ours)
        .replace('_', "-");
    let id = column.filter(|name| !name.is_empty()).map_or_else(|| short.clone(), |column| format!("{column}-{short}"));
    id.chars().take(150).collect()
}

fn note(expectation: &Value) -> Option<String> {
    let meta = expectation.get("meta").and_then(|meta| meta.get("notes"));
    let notes = expectation.get("notes").or(expectation.get("description")).or(meta)?;
    let content = notes.get("content").unwrap_or(notes);
    let lines = content.as_array().map(|lines| lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"));
    lines.or_else(|| content.as_str().map(str::to_owned)).filter(|text| !text.trim().is_empty())
}

/// `col("age") > 18`, or a pandas query, as a filter.
fn row_condition(value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or("`row_condition` is not written as a text")?;
    let mut filter = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("col(") {
        filter.push_str(&rest[..at]);
        let inner = &rest[at + 4..];
        let quote = inner.chars().next().filter(|c| matches!(c, '"' | '\''));
        let end = quote.and_then(|quote| inner[1..].find(quote).map(|end| end + 1));
        let Some(end) = end.filter(|end| inner[end + 1..].starts_with(')')) else {
            return Err(format!("`row_condition` is no filter here: {text}"));
        };
        filter.push_str(&format!("`{}`", &inner[1..end]));
        rest = &inner[end + 2..];
    }
    filter.push_str(rest);
    let filter = filter
        .replace(".notNull()", " is present")
        .replace(".isNull()", " is missing")
        .replace(" & ", " and ")
        .replace(" | ", " or ");
    match filter::parse(&filter) {
        Ok(filter) => Ok(filter.to_string()),
        Err(problem) => Err(format!("`row_condition` is no filter here: {problem}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(json: &str) -> Imported {
        import(&format!("{{\"expectations\": [{json}]}}")).unwrap()
    }

    #[test]
    fn both_generations_of_files_are_read() {
        let old = r#"{"expectation_type": "expect_column_values_to_be_between", "meta": {"notes": {"content": ["Adults"]}},
            "kwargs": {"column": "age", "min_value": 18, "max_value": 120, "mostly": 0.95, "result_format": "BASIC"}}"#;
        let new = r#"{"type": "expect_column_pair_values_a_to_be_greater_than_b", "severity": "warning", "id": "0-1",
            "kwargs": {"column_A": "end", "column_B": "start", "or_equal": true,
            "row_condition": "col(\"plan x\") == \"pro\" and age.notNull()", "condition_parser": "great_expectations"}}"#;
        let found = taken(&format!("{old},{new}"));
        assert_eq!(found.not_taken, []);
        let said: Vec<String> = found.suite.rules.iter().map(Rule::describe).collect();
        assert_eq!(
            said,
            [
                "Cells of `age` are between 18 and 120, at least 95 % of them",
                "Cells of `end` are at least those of `start` in their rows, where `plan x` = \"pro\" and age is present",
            ]
        );
        let [first, second] = &found.suite.rules[..] else { panic!("two rules") };
        assert_eq!((first.id.as_str(), first.note.as_deref()), ("age-between", Some("Adults")));
        assert_eq!((second.id.as_str(), second.severity.as_str()), ("end-start-a-greater-than-b", "warning"));
        assert_eq!(Suite::read(&found.suite.print()).unwrap(), found.suite);
    }

    #[test]
    fn what_is_said_otherwise_is_translated() {
        let check = |json: &str, expected: &str| {
            let found = taken(json);
            assert_eq!(found.not_taken, [], "{json}");
            assert_eq!(found.suite.rules[0].describe(), expected);
        };
        check(
            r#"{"type": "expect_column_quantile_values_to_be_between", "kwargs": {"column": "x",
                "quantile_ranges": {"quantiles": [0.1, 0.9], "value_ranges": [[0, 1], [null, 5]]}}}"#,
            "The quantiles of `x` are 0.1 between 0 and 1, 0.9 at most 5",
        );
        check(
            r#"{"type": "expect_column_proportion_of_non_null_values_to_be_between", "kwargs": {"column": "x", "min_value": 0.75}}"#,
            "The share of missing cells of `x` is at most 0.25",
        );
        check(
            r#"{"type": "expect_column_values_to_be_of_type", "kwargs": {"column": "x", "type_": "datetime64[ns]"}}"#,
            "Column `x` is datetime",
        );
        check(
            r#"{"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["a", "b"]}}"#,
            "The columns are exactly `a`, `b`",
        );
        check(
            r#"{"type": "expect_multicolumn_sum_to_equal", "kwargs": {"column_list": ["a", "b"], "sum_total": 1}}"#,
            "The values of `a`, `b` are 1 in sum in each row",
        );
    }

    #[test]
    fn what_cannot_be_taken_is_named_with_a_reason() {
        let check = |json: &str, name: &str, reason: &str| {
            let found = taken(json);
            let [(left_out, why)] = &found.not_taken[..] else { panic!("{found:?}") };
            assert!(left_out == name && why.contains(reason), "{left_out}: {why}");
        };
        check(
            r#"{"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": "select 1"}}"#,
            "unexpected_rows_expectation",
            "no such rule",
        );
        check(
            r#"{"type": "expect_column_mean_to_be_between", "kwargs": {"column": "x", "min_value": {"$PARAMETER": "low"}}}"#,
            "expect_column_mean_to_be_between of `x`",
            "a parameter without a value",
        );
        check(
            r#"{"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "x", "value_set": []}}"#,
            "expect_column_values_to_be_in_set of `x`",
            "expected at least one value",
        );
        check(
            r#"{"type": "expect_column_values_to_match_regex", "kwargs": {"column": "x", "regex": "(?=a)"}}"#,
            "expect_column_values_to_match_regex of `x`",
            "look-ahead",
        );
        check(
            r#"{"type": "expect_column_values_to_be_null", "kwargs": {"column": "x", "row_condition": "f(x) ** 2"}}"#,
            "expect_column_values_to_be_null of `x`",
            "no filter here",
        );
        check("{}", "an expectation without type", "no such rule");
        assert!(import("{}").unwrap_err().to_string().contains("no list `expectations`"));
        assert!(import("nonsense").is_err());
    }

    #[test]
    fn equal_names_are_told_apart() {
        let one = r#"{"type": "expect_column_to_exist", "kwargs": {"column": "x"}}"#;
        let ids: Vec<String> = taken(&format!("{one},{one}")).suite.rules.into_iter().map(|rule| rule.id).collect();
        assert_eq!(ids, ["x-exists", "x-exists-2"]);
    }
}
