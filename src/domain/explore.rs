//! Looking at rows without a target: which belong together, and which are unlike all others.

use serde::{Deserialize, Serialize};

use super::ids::VersionId;

/// Groups looked for at most.
pub const MOST_GROUPS: u32 = 100;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExploreRequest {
    pub version: VersionId,
    /// Columns that do not take part, beside those that never do.
    pub exclude: Vec<String>,
    pub seed: u64,
    pub what: Explore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explore {
    /// `None`: as many as are best told apart, 2 to 10.
    Groups {
        count: Option<u32>,
    },
    Outliers,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explored {
    Groups(Groups),
    Outliers(Outliers),
}

/// Rows that belong together, by k-means over the scaled columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Groups {
    pub rows: u64,
    /// Rows the groups were learned from: a sample of a large table.
    pub learned_rows: u64,
    pub columns: Vec<String>,
    /// Largest first.
    pub groups: Vec<Group>,
    /// How well each number of groups that was tried is told apart (Caliński–Harabasz; larger is better).
    pub separation: Vec<(u32, f64)>,
    /// The group of each row, from 0.
    pub labels: Vec<u32>,
    /// Each row on a plane of the two directions of largest variance; empty when there are too many features.
    pub places: Vec<[f32; 2]>,
    /// Share of the variance that each of the two directions holds.
    pub shares: Vec<f64>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub rows: u64,
    /// What its rows are like, column by column.
    pub columns: Vec<GroupColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupColumn {
    pub column: String,
    pub is: Typical,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Typical {
    /// The mean of the cells that are there.
    Mean(f64),
    /// The same of dates.
    Date(String),
    /// The most frequent value and its share of the group's rows.
    Value {
        value: String,
        share: f64,
    },
    Missing,
}

/// How unlike the others each row is, by an isolation forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outliers {
    pub rows: u64,
    pub learned_rows: u64,
    pub columns: Vec<String>,
    /// One per row: about 0.5 like most, towards 1 like no other.
    pub scores: Vec<f64>,
    pub warnings: Vec<String>,
}

impl Outliers {
    /// The rows (from 0) that are most unlike the others, the first of equals first.
    pub fn top(&self, n: usize) -> Vec<(usize, f64)> {
        let mut rows: Vec<(usize, f64)> = self.scores.iter().copied().enumerate().collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        rows.truncate(n);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_unlike_come_first() {
        let scores = vec![0.4, 0.9, 0.5, 0.9];
        let found = Outliers { rows: 4, learned_rows: 4, columns: Vec::new(), scores, warnings: Vec::new() };
        assert_eq!(found.top(3), [(1, 0.9), (3, 0.9), (2, 0.5)]);
    }
}
