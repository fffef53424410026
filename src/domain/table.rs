//! Looking at the rows of a stored table: what to show, in which order.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortKey {
    pub column: String,
    pub descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterOp {
    Equals,
    NotEquals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// Case-insensitive.
    Contains,
    IsMissing,
    IsNotMissing,
}

impl FilterOp {
    pub const ALL: [Self; 9] = [
        Self::Equals,
        Self::NotEquals,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Contains,
        Self::IsMissing,
        Self::IsNotMissing,
    ];

    /// Short words for a menu.
    pub fn title(self) -> &'static str {
        match self {
            Self::Equals => "is",
            Self::NotEquals => "is not",
            Self::Less => "<",
            Self::LessOrEqual => "≤",
            Self::Greater => ">",
            Self::GreaterOrEqual => "≥",
            Self::Contains => "contains",
            Self::IsMissing => "is missing",
            Self::IsNotMissing => "is present",
        }
    }

    pub fn takes_value(self) -> bool {
        !matches!(self, Self::IsMissing | Self::IsNotMissing)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnFilter {
    pub column: String,
    pub op: FilterOp,
    /// As typed; read as a number, a date or text according to the column.
    pub value: String,
}

/// Filters all hold; sorting is stable, missing values last in either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableQuery {
    pub sort: Vec<SortKey>,
    pub filters: Vec<ColumnFilter>,
}

/// A run of consecutive rows of a query's result, as text ready to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TablePage {
    /// Position in the result of the first row here.
    pub first: u64,
    /// 0-based row numbers in the table, one per row of `cells`.
    pub row_ids: Vec<u64>,
    /// Row-major; `None` is a missing cell.
    pub cells: Vec<Vec<Option<String>>>,
}
