//! How columns hang together: one number per pair, and the picture of one pair.

use serde::{Deserialize, Serialize};

/// More rows than this are sampled unless all are asked for.
pub const SAMPLE_ROWS: u64 = 200_000;
/// Columns that are related; the first ones of a wider table.
pub const MAX_COLUMNS: usize = 100;
/// A category with more values is left out.
pub const MAX_LEVELS: usize = 1_000;
/// From this strength on two columns say nearly the same.
pub const STRONG: f64 = 0.9;
/// Decides which rows are sampled and which points are drawn.
pub const SEED: u64 = 42;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Numbers and datetimes (in milliseconds).
    Number,
    /// Categories and booleans.
    Category,
}

/// How a pair is measured; follows from the roles of its columns, with a choice for two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    Pearson,
    Spearman,
    CramersV,
    CorrelationRatio,
}

impl Measure {
    pub const ALL: [Self; 4] = [Self::Pearson, Self::Spearman, Self::CramersV, Self::CorrelationRatio];

    pub fn title(self) -> &'static str {
        match self {
            Self::Pearson => "Pearson correlation",
            Self::Spearman => "Spearman correlation",
            Self::CramersV => "Cramér's V",
            Self::CorrelationRatio => "Correlation ratio η",
        }
    }

    /// One sentence that defines the number.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Pearson => "How well a straight line tells one number from the other, from −1 to 1",
            Self::Spearman => "How well one number rises or falls with the other, by their ranks, from −1 to 1",
            Self::CramersV => "How far two categories depend on each other, from 0 to 1, without correction for bias",
            Self::CorrelationRatio => {
                "How far a number's spread comes from a category: the root of the share, from 0 to 1"
            }
        }
    }
}

/// Two columns by their position in [`Relations::columns`], the first one smaller.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    pub x: u32,
    pub y: u32,
    /// Rows in which both have a value.
    pub rows: u64,
    /// Pearson's for two numbers, Cramér's V for two categories, η for one of each. `None`: not defined, as one side is
    /// constant where both are there.
    pub value: Option<f64>,
    /// Two numbers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spearman: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelatedColumn {
    pub name: String,
    pub role: Role,
}

/// A column that has no relations, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    pub name: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relations {
    pub format_version: u32,
    /// Rows of the table.
    pub rows: u64,
    /// Rows looked at: fewer than `rows` when they were sampled.
    pub rows_used: u64,
    /// Of the sample.
    pub seed: u64,
    /// In file order.
    pub columns: Vec<RelatedColumn>,
    pub left_out: Vec<LeftOut>,
    /// Every pair once, by `x`, then `y`.
    pub pairs: Vec<Pair>,
}

impl Relations {
    pub fn pair(&self, a: usize, b: usize) -> Option<&Pair> {
        let (x, y) = (a.min(b), a.max(b));
        let n = self.columns.len();
        if x == y || y >= n {
            return None;
        }
        // The pairs before row x of the upper triangle, then those of the row.
        self.pairs.get(x * (2 * n - x - 1) / 2 + y - x - 1)
    }

    pub fn measure(&self, pair: &Pair, ranks: bool) -> Measure {
        match (self.columns[pair.x as usize].role, self.columns[pair.y as usize].role) {
            (Role::Number, Role::Number) if ranks => Measure::Spearman,
            (Role::Number, Role::Number) => Measure::Pearson,
            (Role::Category, Role::Category) => Measure::CramersV,
            _ => Measure::CorrelationRatio,
        }
    }

    /// By strength, strongest first, ties in file order; pairs without a value are left out.
    pub fn strongest(&self, ranks: bool, limit: usize) -> Vec<(&Pair, f64)> {
        let mut all: Vec<(&Pair, f64)> =
            self.pairs.iter().filter_map(|p| p.shown(ranks).map(|value| (p, value))).collect();
        all.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        all.truncate(limit);
        all
    }
}

impl Pair {
    /// The pair's number, with ranks where that is a choice.
    pub fn shown(&self, ranks: bool) -> Option<f64> {
        if ranks { self.spearman.or(self.value) } else { self.value }
    }
}

/// A pair of columns as a picture. Rows are 0-based.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairPlot {
    pub x: RelatedColumn,
    pub y: RelatedColumn,
    /// Rows of the table, and those looked at.
    pub rows: u64,
    pub rows_used: u64,
    pub shape: PairShape,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum PairShape {
    /// At most 5,000 points.
    Scatter {
        points: Vec<[f64; 2]>,
        /// Their rows.
        ids: Vec<u64>,
        /// Names of the classes; none without a third column.
        classes: Vec<String>,
        /// One per point; the number of classes where the third column has no value.
        class: Vec<u8>,
    },
    /// A number by a category; `number_is_y` tells which of the two it is.
    Boxes { number_is_y: bool, groups: Vec<BoxGroup> },
    /// `counts[x][y]`; the rarer values are one level without a name.
    Counts { x_levels: Vec<Option<String>>, y_levels: Vec<Option<String>>, counts: Vec<Vec<u64>> },
}

/// Tukey's box: quartiles as NumPy's, whiskers at the last values within 1.5 times their distance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoxGroup {
    pub level: String,
    pub count: u64,
    pub whiskers: [f64; 2],
    pub q25: f64,
    pub median: f64,
    pub q75: f64,
    pub mean: f64,
    /// Values beyond the whiskers.
    pub outliers: u64,
    /// Some of them with their rows, evenly chosen by size; at most 40.
    pub shown: Vec<(f64, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_found_in_either_order() {
        let column = |name: &str| RelatedColumn { name: name.into(), role: Role::Number };
        let pair = |x, y| Pair { x, y, rows: 1, value: Some(f64::from(x * 10 + y)), spearman: None };
        let relations = Relations {
            format_version: 1,
            rows: 1,
            rows_used: 1,
            seed: SEED,
            columns: ["a", "b", "c", "d"].map(column).to_vec(),
            left_out: vec![],
            pairs: vec![pair(0, 1), pair(0, 2), pair(0, 3), pair(1, 2), pair(1, 3), pair(2, 3)],
        };
        assert_eq!(relations.pair(3, 1).unwrap().value, Some(13.0));
        assert_eq!(relations.pair(2, 3).unwrap().value, Some(23.0));
        assert_eq!(relations.pair(2, 2), None);
        assert_eq!(relations.strongest(false, 2)[0].1, 23.0);
    }
}
