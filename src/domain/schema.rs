//! What a column is: how its cells are stored and what they mean.

use serde::{Deserialize, Serialize};

/// What the cells mean; decides checks, plots, drift tests and the default role in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Numeric,
    Boolean,
    Categorical,
    Datetime,
    Text,
    Identifier,
}

impl ColumnKind {
    pub const ALL: [Self; 6] =
        [Self::Numeric, Self::Boolean, Self::Categorical, Self::Datetime, Self::Text, Self::Identifier];

    /// The word used in files, on the command line and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Categorical => "categorical",
            Self::Datetime => "datetime",
            Self::Text => "text",
            Self::Identifier => "identifier",
        }
    }
}

/// How the cells lie in the stored Parquet file. A 0/1 column has kind `Boolean` and storage `Int64`: it stays a
/// number for whoever scores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    Float64,
    Int64,
    Boolean,
    /// Milliseconds since 1970-01-01T00:00:00 UTC.
    DatetimeMs,
    String,
}

/// One column of a dataset version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnSchema {
    pub name: String,
    pub kind: ColumnKind,
    pub storage: Storage,
    /// Cells without a value.
    pub missing: u64,
    /// Distinct values, missing not counted.
    pub distinct: u64,
    /// Boolean storage only: the spellings in the source that became true, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub true_spellings: Vec<String>,
    /// Boolean storage only: the spellings in the source that became false, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub false_spellings: Vec<String>,
    /// What was noticed while typing the column, in one sentence each ("kept as text: 3 values have leading zeros").
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Tokens of the source that became missing, with their counts, most frequent first; the empty cell is `""`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_tokens: Vec<(String, u64)>,
    /// What the cells seem to say about a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal: Option<PersonalData>,
}

/// Personal data that can be told by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalData {
    Email,
    Phone,
    Iban,
    /// A payment card's number.
    Card,
}

impl PersonalData {
    /// "e-mail address"
    pub fn title(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Phone => "phone number",
            Self::Iban => "IBAN",
            Self::Card => "payment card number",
        }
    }
}

/// The columns of a dataset version, in file order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    pub columns: Vec<ColumnSchema>,
}

impl Schema {
    pub fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.columns.iter().find(|c| c.name == name)
    }

    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Do at least half of the other's columns, by name, stand here too?
    pub fn resembles(&self, other: &Self) -> bool {
        let shared = other.names().filter(|name| self.column(name).is_some()).count();
        shared * 2 >= other.columns.len() && shared > 0
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|c| c.name.as_str())
    }
}
