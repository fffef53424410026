//! Which columns say something about a target: each alone, among its neighbours, and in a model.

use serde::{Deserialize, Serialize};

use super::ids::VersionId;
use super::relations::LeftOut;
use super::schema::ColumnKind;
use super::task::Task;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankRequest {
    pub version: VersionId,
    pub target: String,
    /// `None`: the one that is proposed.
    pub task: Option<Task>,
    /// Columns that do not take part, beside those that never do.
    pub exclude: Vec<String>,
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scorer {
    #[default]
    InformationGain,
    GainRatio,
    Gini,
    Chi2,
    F,
    Relief,
    Permutation,
}

impl Scorer {
    pub const ALL: [Self; 7] =
        [Self::InformationGain, Self::GainRatio, Self::Gini, Self::Chi2, Self::F, Self::Relief, Self::Permutation];

    pub fn name(self) -> &'static str {
        match self {
            Self::InformationGain => "information_gain",
            Self::GainRatio => "gain_ratio",
            Self::Gini => "gini",
            Self::Chi2 => "chi2",
            Self::F => "f",
            Self::Relief => "relief",
            Self::Permutation => "permutation",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::InformationGain => "Gain",
            Self::GainRatio => "Gain ratio",
            Self::Gini => "Gini",
            Self::Chi2 => "χ²",
            Self::F => "F",
            Self::Relief => "Relief",
            Self::Permutation => "Permutation",
        }
    }

    /// One sentence that defines the number.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::InformationGain => {
                "Information gain: what the column's value alone tells about the target, in nats; numbers in 16 bins"
            }
            Self::GainRatio => {
                "Information gain as a share of the column's own entropy: many values are no merit by themselves"
            }
            Self::Gini => "How much less mixed the target is among rows of equal value, from 0 to 1",
            Self::Chi2 => "Pearson's chi-square statistic of the column's value against the target's",
            Self::F => {
                "F statistic: whether means differ between classes or categories, or a straight line fits two numbers"
            }
            Self::Relief => {
                "ReliefF: whether near rows with unlike targets differ in this column; sees columns that matter together"
            }
            Self::Permutation => {
                "The loss that boosted trees gain on rows they did not learn from when this column is shuffled"
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    pub target: String,
    pub task: Task,
    /// Rows of the version.
    pub rows: u64,
    /// Rows with a target that the scores are of: a seeded sample of a large table.
    pub rows_used: u64,
    /// Rows that looked for their neighbours, and rows among which.
    pub relief_rows: (u64, u64),
    /// Rows that the boosted trees learned from, and rows that were predicted.
    pub model_rows: (u64, u64),
    pub seed: u64,
    /// In file order.
    pub columns: Vec<RankedColumn>,
    pub left_out: Vec<LeftOut>,
    pub warnings: Vec<String>,
}

/// The scores of a column: larger says more. Where one is not defined it is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankedColumn {
    pub column: String,
    pub kind: ColumnKind,
    pub information_gain: f64,
    pub gain_ratio: Option<f64>,
    pub gini: f64,
    pub chi2: Option<f64>,
    pub chi2_p_value: Option<f64>,
    /// Of a number against classes or another number, or a category against numbers.
    pub f: Option<f64>,
    pub f_p_value: Option<f64>,
    pub relief: Option<f64>,
    pub permutation: Option<f64>,
}

impl RankedColumn {
    pub fn score(&self, by: Scorer) -> Option<f64> {
        match by {
            Scorer::InformationGain => Some(self.information_gain),
            Scorer::GainRatio => self.gain_ratio,
            Scorer::Gini => Some(self.gini),
            Scorer::Chi2 => self.chi2,
            Scorer::F => self.f,
            Scorer::Relief => self.relief,
            Scorer::Permutation => self.permutation,
        }
    }
}

impl Ranking {
    /// The columns, best first; of equals the one further left; those without the score last.
    pub fn by(&self, scorer: Scorer) -> Vec<&RankedColumn> {
        let mut columns: Vec<&RankedColumn> = self.columns.iter().collect();
        let score = |column: &RankedColumn| column.score(scorer).unwrap_or(f64::NEG_INFINITY);
        columns.sort_by(|a, b| score(b).total_cmp(&score(a)));
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_those_without_a_score_last() {
        let column = |name: &str, f: Option<f64>| RankedColumn {
            column: name.into(),
            kind: ColumnKind::Numeric,
            information_gain: 0.1,
            gain_ratio: None,
            gini: 0.0,
            chi2: None,
            chi2_p_value: None,
            f,
            f_p_value: None,
            relief: None,
            permutation: None,
        };
        let ranking = Ranking {
            target: "y".into(),
            task: Task::Binary,
            rows: 4,
            rows_used: 4,
            relief_rows: (4, 4),
            model_rows: (3, 1),
            seed: 1,
            columns: vec![column("a", Some(1.0)), column("b", None), column("c", Some(7.0)), column("d", Some(1.0))],
            left_out: Vec::new(),
            warnings: Vec::new(),
        };
        let names = |by| ranking.by(by).into_iter().map(|column| column.column.as_str()).collect::<Vec<_>>().concat();
        assert_eq!(names(Scorer::F), "cadb");
        assert_eq!(names(Scorer::InformationGain), "abcd", "equals stay in file order");
    }
}
