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

/// Filters and expression all hold; sorting is stable, missing values last in either direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableQuery {
    pub sort: Vec<SortKey>,
    pub filters: Vec<ColumnFilter>,
    /// A text filter, see [`super::filter`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

impl TableQuery {
    /// Whether some rows may be left out.
    pub fn filters_rows(&self) -> bool {
        !self.filters.is_empty() || self.expression.is_some()
    }
}

/// A run of consecutive rows of a query's result, as text ready to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TablePage {
    /// Position in the result of the first row here.
    pub first: u64,
    /// Position in the schema of the first column here.
    pub first_column: usize,
    /// 0-based row numbers in the table, one per row of `cells`.
    pub row_ids: Vec<u64>,
    /// Row-major; `None` is a missing cell.
    pub cells: Vec<Vec<Option<String>>>,
}

/// Looks for a text in the cells, in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindRequest {
    pub text: String,
    /// Positions in the schema, in the order they are shown; hidden columns are not searched.
    pub columns: Vec<usize>,
    /// Row of the query's result and column of the schema to go on from; the cell itself is not found again.
    pub from: Option<(u64, usize)>,
    pub backwards: bool,
}

/// A cell that contains what was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Row of the query's result.
    pub row: u64,
    /// Position in the schema.
    pub column: usize,
    /// The search went past the end, or the beginning.
    pub wrapped: bool,
    /// The how-manieth of how many rows with the text this one is, where that is known without another look.
    pub nth: Option<(u64, u64)>,
}
