//! The schema contract: what each column has to be, to train and to score.

use serde::{Deserialize, Serialize};

use super::Environment;
use super::rule::{Bounds, Rule, Scalar, Test};
use crate::domain::schema::ColumnKind;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// In their order in the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnContract>,
    /// No others beside them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_other_columns: bool,
    /// They stand in this order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_order: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Increasing,
    Decreasing,
}

/// What one column has to be; what is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnContract {
    pub name: String,
    /// The table may do without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnKind>,
    /// No missing cells.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_null: bool,
    /// No value twice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// The only values there may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Scalar>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Characters
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Where its limits come from, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The label, say, is there to train and not to score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_in: Option<Environment>,
}

impl Contract {
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The one column that is there to train and not to score: the label. `None` where there is none, or several.
    pub fn only_to_train(&self) -> Option<&str> {
        let mut labels = self.columns.iter().filter(|c| c.only_in == Some(Environment::Train));
        labels.next().filter(|_| labels.next().is_none()).map(|c| c.name.as_str())
    }

    /// What the contract means in one environment. Ids begin with `contract:`.
    pub fn rules(&self, environment: Environment) -> Vec<Rule> {
        if self.is_empty() {
            return Vec::new();
        }
        let here: Vec<&ColumnContract> =
            self.columns.iter().filter(|c| c.only_in.is_none_or(|only| only == environment)).collect();
        let mut rules: Vec<Rule> = here.iter().flat_map(|column| column.rules()).collect();
        // A table to be scored may have the label all the same.
        let columns: Vec<String> = self.columns.iter().map(|c| c.name.clone()).collect();
        if self.no_other_columns {
            rules.push(Rule::new("contract:no-others", Test::TableColumnsWithin { columns: columns.clone() }));
        }
        if self.in_order {
            rules.push(Rule::new("contract:order", Test::TableColumnsInOrder { columns }));
        }
        rules
    }
}

impl ColumnContract {
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// What this column of the contract means; every rule has the name of its part in its id: `contract:range:age`.
    pub fn rules(&self) -> Vec<Rule> {
        let column = || self.name.clone();
        let mut rules = Vec::new();
        let mut add = |what: &str, test: Test| {
            let rule = Rule::new(format!("contract:{what}:{}", self.name), test);
            rules.push(Rule { origin: self.origin.clone(), only_in: self.only_in, ..rule });
        };
        if !self.optional {
            add("exists", Test::ColumnExists { column: column() });
        }
        if let Some(kind) = self.kind {
            add("kind", Test::ColumnOfKind { column: column(), kinds: vec![kind] });
        }
        if self.not_null {
            add("not-null", Test::ColumnValuesNotNull { column: column() });
        }
        if self.unique {
            add("unique", Test::ColumnValuesUnique { column: column() });
        }
        if let Some(values) = &self.values {
            add("values", Test::ColumnValuesInSet { column: column(), value_set: values.clone() });
        }
        if self.min.is_some() || self.max.is_some() {
            let bounds = Bounds { min: self.min.clone(), max: self.max.clone(), ..Bounds::default() };
            add("range", Test::ColumnValuesBetween { column: column(), bounds });
        }
        if let Some(regex) = &self.regex {
            add("regex", Test::ColumnValuesMatchRegex { column: column(), regex: regex.clone() });
        }
        if self.min_length.is_some() || self.max_length.is_some() {
            let whole = |length: Option<u64>| length.map(|n| Scalar::Whole(n as i64));
            let bounds = Bounds { min: whole(self.min_length), max: whole(self.max_length), ..Bounds::default() };
            add("length", Test::ColumnValueLengthsBetween { column: column(), bounds });
        }
        match self.order {
            Some(Order::Increasing) => add("order", Test::ColumnValuesIncreasing { column: column(), strictly: false }),
            Some(Order::Decreasing) => add("order", Test::ColumnValuesDecreasing { column: column(), strictly: false }),
            None => {}
        }
        rules
    }
}
