//! What the cells of a column mean, told from how they look together. See [`kind_of_text`] and
//! [`kind_of_whole_numbers`].

use crate::domain::schema::ColumnKind;

/// What typing knows about a text column that its texts alone do not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum KindHint {
    #[default]
    None,
    /// Whole numbers too large for arithmetic.
    Identifier,
    /// Numbers or dates with flaws in them; many distinct values do not make it an identifier.
    Flawed,
}

/// Lengths and spaces over the non-missing cells of a text column.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TextFacts {
    pub values: u64,
    pub distinct: u64,
    pub chars: u64,
    pub longest: u64,
    /// Space characters in all cells together.
    pub spaces: u64,
    /// Cells with at least one space.
    pub spaced: u64,
}

impl TextFacts {
    /// Counts `text` as standing in `cells` cells. `distinct` is left to the caller.
    pub fn add(&mut self, text: &str, cells: u64) {
        let chars = text.chars().count() as u64;
        let spaces = text.chars().filter(|c| c.is_whitespace()).count() as u64;
        self.values += cells;
        self.chars += chars * cells;
        self.longest = self.longest.max(chars);
        self.spaces += spaces * cells;
        self.spaced += u64::from(spaces > 0) * cells;
    }
}

/// The kind of a text column:
/// - identifier: at least 20 values, at least 98 % of them distinct, at most 64 characters, at most 5 % with spaces;
/// - text: more than 40 characters on average, or at least 2 spaces on average with more than half distinct;
/// - categorical: at most max(50, 5 % of the values, but no more than 1,000) distinct values;
/// - text otherwise.
pub fn kind_of_text(facts: &TextFacts, hint: KindHint) -> ColumnKind {
    let values = facts.values.max(1) as f64;
    let share = |n: u64| n as f64 / values;
    let token_like = facts.longest <= 64 && share(facts.spaced) <= 0.05;
    let few = facts.distinct <= (facts.values / 20).clamp(50, 1000);
    match hint {
        KindHint::Identifier => return ColumnKind::Identifier,
        KindHint::Flawed if few => return ColumnKind::Categorical,
        KindHint::Flawed => return ColumnKind::Text,
        KindHint::None => {}
    }
    if facts.values >= 20 && share(facts.distinct) >= 0.98 && token_like {
        ColumnKind::Identifier
    } else if share(facts.chars) > 40.0 || (share(facts.spaces) >= 2.0 && share(facts.distinct) > 0.5) {
        ColumnKind::Text
    } else if few {
        ColumnKind::Categorical
    } else {
        ColumnKind::Text
    }
}

/// The kind of a column of whole numbers: boolean when the values are exactly 0 and 1; identifier when all values
/// differ and the name says so (`id`, `user_id`, `customerID`, `index` …); numeric otherwise.
pub fn kind_of_whole_numbers(name: &str, values: u64, distinct: u64, min: i64, max: i64) -> ColumnKind {
    if distinct == 2 && (min, max) == (0, 1) {
        ColumnKind::Boolean
    } else if values >= 2 && distinct == values && is_id_name(name) {
        ColumnKind::Identifier
    } else {
        ColumnKind::Numeric
    }
}

fn is_id_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words =
        ["id", "index", "uuid", "guid", "rowid", "row", "row_number", "rownum", "unnamed: 0", "__index_level_0__", "#"];
    let tail = [" id", "_id", "-id", ".id", "_key", "_uuid", "_index"];
    let camel = name.strip_suffix("Id").or_else(|| name.strip_suffix("ID"));
    words.contains(&lower.as_str())
        || tail.iter().any(|t| lower.ends_with(t))
        || lower.starts_with("id_")
        || camel.is_some_and(|stem| stem.ends_with(|c: char| c.is_lowercase() || c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_kinds_follow_length_spaces_and_distinct_values() {
        let facts = |values, distinct, chars: u64, spaces: u64, spaced| TextFacts {
            values,
            distinct,
            chars: chars * values,
            longest: chars,
            spaces: spaces * values,
            spaced,
        };
        let kind = |f| kind_of_text(&f, KindHint::None);
        assert_eq!(kind(facts(100, 100, 8, 0, 0)), ColumnKind::Identifier);
        assert_eq!(kind(facts(10, 10, 8, 0, 0)), ColumnKind::Categorical);
        assert_eq!(kind(facts(100, 60, 8, 0, 0)), ColumnKind::Text);
        assert_eq!(kind(facts(100_000, 900, 8, 0, 0)), ColumnKind::Categorical);
        assert_eq!(kind(facts(100_000, 1001, 8, 0, 0)), ColumnKind::Text);
        assert_eq!(kind(facts(100, 40, 41, 0, 0)), ColumnKind::Text);
        assert_eq!(kind(facts(60, 40, 20, 3, 60)), ColumnKind::Text);
        assert_eq!(kind_of_text(&facts(100, 100, 8, 0, 0), KindHint::Flawed), ColumnKind::Text);
    }

    #[test]
    fn whole_number_kinds() {
        assert_eq!(kind_of_whole_numbers("churn", 10, 2, 0, 1), ColumnKind::Boolean);
        assert_eq!(kind_of_whole_numbers("x", 10, 1, 0, 0), ColumnKind::Numeric);
        for name in ["id", "user_id", "customerID", "PassengerId", "Index"] {
            assert_eq!(kind_of_whole_numbers(name, 10, 10, 1, 10), ColumnKind::Identifier, "{name}");
        }
        for name in ["paid", "COVID", "amount"] {
            assert_eq!(kind_of_whole_numbers(name, 10, 10, 1, 10), ColumnKind::Numeric, "{name}");
        }
        assert_eq!(kind_of_whole_numbers("id", 10, 9, 1, 10), ColumnKind::Numeric);
    }
}
