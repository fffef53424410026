//! The suite as lines of a list: pure, from the suite to words.

use std::collections::BTreeSet;

use crate::domain::finding::Severity;
use crate::domain::suite::spec::FieldKind;
use crate::domain::suite::{
    CheckSetting, CheckSpec, ColumnContract, LimitUnit, Order, Rule, RuleForm, Scalar, Suite, catalogue,
};
use crate::ui::format;

/// What is selected in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A column of the contract.
    Column(usize),
    Rule(usize),
    /// A built-in check, by its place in the catalogue.
    Check(usize),
}

/// Columns of the contract (false) and rules (true) that are not ticked, by name.
pub type LeftOut = BTreeSet<(bool, String)>;

/// The parts of a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    All,
    Schema,
    Rules,
    BuiltIn,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::All, Self::Schema, Self::Rules, Self::BuiltIn];

    /// "Rules · 5"
    pub fn title(self, suite: &Suite) -> String {
        let (columns, rules, checks) = (suite.contract.columns.len(), suite.rules.len(), catalogue().len());
        match self {
            Self::All => format!("All · {}", columns + rules + checks),
            Self::Schema => format!("Schema · {columns}"),
            Self::Rules => format!("Rules · {rules}"),
            Self::BuiltIn => format!("Built in · {checks}"),
        }
    }

    fn has(self, item: Item) -> bool {
        matches!(
            (self, item),
            (Self::All, _)
                | (Self::Schema, Item::Column(_))
                | (Self::Rules, Item::Rule(_))
                | (Self::BuiltIn, Item::Check(_))
        )
    }
}

/// The suite with only what is ticked.
pub fn without(suite: &Suite, left_out: &LeftOut) -> Suite {
    let mut ticked = suite.clone();
    if !left_out.is_empty() {
        let is_in = |is_rule: bool, name: &str| !left_out.contains(&(is_rule, name.to_owned()));
        ticked.contract.columns.retain(|column| is_in(false, &column.name));
        ticked.rules.retain(|rule| is_in(true, &rule.id));
    }
    ticked
}

/// Ticks a line, or takes its tick away. A built-in check is switched off instead.
pub fn tick(suite: &mut Suite, left_out: &mut LeftOut, item: Item) {
    let name = match item {
        Item::Column(at) => suite.contract.columns.get(at).map(|column| (false, column.name.clone())),
        Item::Rule(at) => suite.rules.get(at).map(|rule| (true, rule.id.clone())),
        Item::Check(at) => {
            let Some(spec) = catalogue().get(at) else { return };
            let setting = suite.checks.entry(spec.code.to_owned()).or_default();
            setting.off = !setting.off;
            if *setting == CheckSetting::default() {
                suite.checks.remove(spec.code);
            }
            return;
        }
    };
    if let Some(name) = name
        && !left_out.remove(&name)
    {
        left_out.insert(name);
    }
}

/// The line that a trial tells of: a rule's id, `contract:range:age` or `MISSING_VALUES:age`.
pub fn item_of(suite: &Suite, told: &str) -> Option<Item> {
    if let Some(at) = suite.rules.iter().position(|rule| rule.id == told) {
        return Some(Item::Rule(at));
    }
    if let Some((_, column)) = told.strip_prefix("contract:").and_then(|rest| rest.split_once(':')) {
        return suite.contract.columns.iter().position(|c| c.name == column).map(Item::Column);
    }
    let code = told.split_once(':').map_or(told, |(code, _)| code);
    catalogue().iter().position(|spec| spec.code == code).map(Item::Check)
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub item: Item,
    pub ticked: bool,
    pub what: String,
    /// Column or columns; empty for the whole table.
    pub about: String,
    pub limit: String,
    /// `None` where a check is off.
    pub severity: Option<Severity>,
    /// Where the limit comes from.
    pub origin: String,
}

/// Columns of the contract, then rules, then built-in checks; of one part or all, those that contain the filter.
pub fn lines(suite: &Suite, left_out: &LeftOut, part: Part, filter: &str) -> Vec<Line> {
    let columns = suite.contract.columns.iter().enumerate().map(|(at, c)| column_line(at, c));
    let rules = suite.rules.iter().enumerate().map(|(at, rule)| rule_line(at, rule));
    let checks = catalogue().iter().enumerate().map(|(at, spec)| check_line(at, spec, suite.checks.get(spec.code)));
    let filter = filter.trim().to_lowercase();
    let fits = |line: &Line| {
        let words = [&line.what, &line.about, &line.limit, &line.origin];
        part.has(line.item) && (filter.is_empty() || words.iter().any(|word| word.to_lowercase().contains(&filter)))
    };
    let mut lines: Vec<Line> = columns.chain(rules).chain(checks).filter(fits).collect();
    for line in &mut lines {
        line.ticked = match line.item {
            Item::Column(at) => !left_out.contains(&(false, suite.contract.columns[at].name.clone())),
            Item::Rule(at) => !left_out.contains(&(true, suite.rules[at].id.clone())),
            Item::Check(_) => line.severity.is_some(),
        };
    }
    lines
}

fn column_line(at: usize, column: &ColumnContract) -> Line {
    Line {
        item: Item::Column(at),
        ticked: true,
        what: "Schema".to_owned(),
        about: column.name.clone(),
        limit: column_words(column),
        severity: Some(Severity::Error),
        origin: column.origin.clone().unwrap_or_default(),
    }
}

/// "numeric, not missing, 18 to 99"
pub fn column_words(column: &ColumnContract) -> String {
    let mut words: Vec<String> = column.kind.iter().map(|kind| kind.as_str().to_owned()).collect();
    let mut flag = |is: bool, word: &str| {
        if is {
            words.push(word.to_owned());
        }
    };
    flag(column.optional, "may be absent");
    flag(column.not_null, "not missing");
    flag(column.unique, "unique");
    flag(column.order == Some(Order::Increasing), "increasing");
    flag(column.order == Some(Order::Decreasing), "decreasing");
    words.extend(column.values.as_ref().map(|values| set_words(values)));
    let length = |n: Option<u64>| n.map(|n| n.to_string());
    words.extend(range_words(column.min.as_ref().map(scalar_words), column.max.as_ref().map(scalar_words)));
    words.extend(
        range_words(length(column.min_length), length(column.max_length)).map(|range| format!("length {range}")),
    );
    words.extend(column.regex.as_ref().map(|regex| format!("like {regex}")));
    words.extend(column.only_in.map(|environment| format!("only to {}", environment.as_str())));
    if words.is_empty() { "there, whatever it holds".to_owned() } else { words.join(", ") }
}

fn range_words(min: Option<String>, max: Option<String>) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    }
}

fn set_words(values: &[Scalar]) -> String {
    let shown: Vec<String> = values.iter().take(4).map(scalar_words).collect();
    let more = values.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("one of {}{more}", shown.join(", "))
}

fn scalar_words(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Whole(value) => value.to_string(),
        Scalar::Number(value) => format::number(*value),
        Scalar::Text(text) => text.clone(),
    }
}

fn rule_line(at: usize, rule: &Rule) -> Line {
    let form = RuleForm::of(rule);
    Line {
        item: Item::Rule(at),
        ticked: true,
        what: form.as_ref().map_or_else(|| rule.id.clone(), |form| form.test.title.to_owned()),
        about: form.as_ref().map(about).unwrap_or_default(),
        limit: form.as_ref().map(|form| limit_words(form, rule)).unwrap_or_default(),
        severity: Some(rule.severity),
        origin: rule.origin.clone().unwrap_or_default(),
    }
}

/// The columns a rule is about.
pub fn about(form: &RuleForm) -> String {
    let names = form.test.fields.iter().filter(|f| matches!(f.kind, FieldKind::Column | FieldKind::Columns));
    let names: Vec<String> =
        names.filter_map(|f| form.fields.get(f.name)).map(|text| text.lines().collect::<Vec<_>>().join(", ")).collect();
    names.join(", ")
}

/// "18 to 65 · 95 % of the cells · where plan = basic"
fn limit_words(form: &RuleForm, rule: &Rule) -> String {
    let text = |name: &str| form.fields.get(name).cloned().filter(|text| !text.is_empty());
    let mut words: Vec<String> = range_words(text("min_value"), text("max_value")).into_iter().collect();
    for field in form.test.fields {
        let shown = !matches!(field.kind, FieldKind::Column | FieldKind::Columns | FieldKind::Flag | FieldKind::Which);
        if shown && !matches!(field.name, "min_value" | "max_value") {
            words.extend(text(field.name).map(|text| text.lines().collect::<Vec<_>>().join(", ")));
        }
    }
    if rule.mostly < 1.0 {
        words.push(format!("{} of them", format::percent(rule.mostly)));
    }
    words.extend(rule.only_where.as_ref().map(|filter| format!("where {filter}")));
    words.extend(rule.only_in.map(|environment| format!("only to {}", environment.as_str())));
    words.join(" · ")
}

fn check_line(at: usize, spec: &CheckSpec, setting: Option<&CheckSetting>) -> Line {
    let off = setting.is_some_and(|s| s.off);
    let changed = setting.is_some_and(|s| s.limit.is_some() || s.severity.is_some());
    let limit = setting.and_then(|s| s.limit).or(spec.limit);
    Line {
        item: Item::Check(at),
        ticked: true,
        what: spec.title.to_owned(),
        about: String::new(),
        limit: if off {
            "off".to_owned()
        } else {
            limit.map_or_else(String::new, |limit| unit_words(spec.unit, limit))
        },
        severity: (!off).then(|| setting.and_then(|s| s.severity).unwrap_or(spec.severity)),
        origin: if changed || off { "changed here".to_owned() } else { "built in".to_owned() },
    }
}

pub fn unit_words(unit: LimitUnit, limit: f64) -> String {
    match unit {
        LimitUnit::Share => format::percent(limit),
        LimitUnit::Count | LimitUnit::Score => format::number(limit),
    }
}

/// A name for a new rule that no other has: `values-between-age`, `values-between-age-2`.
pub fn free_id(suite: &Suite, test: &str, column: &str) -> String {
    let word = test.trim_start_matches("column_").trim_start_matches("table_").replace('_', "-");
    let base = if column.is_empty() { word } else { format!("{word}-{column}") };
    let taken = |id: &str| suite.rules.iter().any(|rule| rule.id == id);
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    std::iter::once(base.clone()).chain(numbered).find(|id| !taken(id)).unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::suite::{Bounds, Test};

    fn suite() -> Suite {
        let mut suite = Suite::new();
        let mut age = ColumnContract::new("age");
        (age.not_null, age.min) = (true, Some(Scalar::Whole(18)));
        suite.contract.columns.push(age);
        let bounds = Bounds { min: Some(Scalar::Whole(18)), max: Some(Scalar::Number(65.5)), ..Bounds::default() };
        let mut rule = Rule::new("r1", Test::ColumnValuesBetween { column: "age".to_owned(), bounds });
        (rule.mostly, rule.only_where) = (0.95, Some("plan = basic".to_owned()));
        suite.rules.push(rule);
        suite
    }

    #[test]
    fn a_line_says_what_about_and_within_which_limit() {
        let lines = lines(&suite(), &LeftOut::default(), Part::All, "");
        assert_eq!((lines[0].about.as_str(), lines[0].limit.as_str()), ("age", "not missing, at least 18"));
        assert_eq!((lines[1].what.as_str(), lines[1].about.as_str()), ("Values between", "age"));
        assert_eq!(lines[1].limit, "18 to 65.5 · 95 % of them · where plan = basic");
        assert_eq!(lines.len(), 2 + catalogue().len());
    }

    #[test]
    fn a_filter_and_a_part_keep_what_they_name() {
        let kept = |part, filter| lines(&suite(), &LeftOut::default(), part, filter).len();
        assert_eq!((kept(Part::All, "BASIC"), kept(Part::Schema, "BASIC"), kept(Part::Rules, "")), (1, 0, 1));
        assert_eq!(Part::Rules.title(&suite()), "Rules · 1");
    }

    #[test]
    fn what_is_not_ticked_stays_in_the_list_and_not_in_the_suite() {
        let (mut suite, mut left_out) = (suite(), LeftOut::default());
        tick(&mut suite, &mut left_out, Item::Rule(0));
        assert_eq!((suite.rules.len(), without(&suite, &left_out).rules.len()), (1, 0));
        assert!(!lines(&suite, &left_out, Part::Rules, "")[0].ticked);
        tick(&mut suite, &mut left_out, Item::Rule(0));
        assert_eq!(without(&suite, &left_out), suite);
        let before = suite.clone();
        tick(&mut suite, &mut left_out, Item::Check(3));
        assert!(suite.checks[catalogue()[3].code].off);
        tick(&mut suite, &mut left_out, Item::Check(3));
        assert_eq!(suite, before);
    }

    #[test]
    fn what_a_trial_tells_leads_to_its_line() {
        let suite = suite();
        let found = |told: &str| item_of(&suite, told);
        assert_eq!((found("r1"), found("contract:range:age")), (Some(Item::Rule(0)), Some(Item::Column(0))));
        assert_eq!(
            found("MISSING_VALUES:age"),
            catalogue().iter().position(|s| s.code == "MISSING_VALUES").map(Item::Check)
        );
        assert_eq!((found("contract:range:gone"), found("gone")), (None, None));
    }

    #[test]
    fn a_new_rule_takes_a_free_name() {
        let mut suite = suite();
        assert_eq!(free_id(&suite, "column_values_between", "age"), "values-between-age");
        suite.rules[0].id = "values-between-age".to_owned();
        assert_eq!(free_id(&suite, "column_values_between", "age"), "values-between-age-2");
    }
}
