//! Labels that look wrong: rows whose label their other columns contradict, and rows that are alike but for the label.

use serde::{Deserialize, Serialize};

/// Everything a table says against its labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LabelProblems {
    /// Suspects first, the least believable first; then conflicts, group by group.
    pub rows: Vec<LabelProblem>,
    /// Rows that were judged by models, of those with a label.
    pub judged: u64,
    pub labelled: u64,
    /// Mean AUC of the classes' models; `None` where none could be learned.
    pub auc: Option<f64>,
    /// What could not be looked for, each with the reason.
    pub skipped: Vec<(Objection, String)>,
}

/// What is said against a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objection {
    /// A model that has not seen the row is sure of another label.
    Suspect,
    /// Rows with equal features have another label.
    Conflict,
}

impl Objection {
    pub const ALL: [Self; 2] = [Self::Suspect, Self::Conflict];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspect => "suspect",
            Self::Conflict => "conflict",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// One row with what is said against its label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelProblem {
    /// 1-based.
    pub row: u64,
    pub objection: Objection,
    pub label: String,
    /// What the model says, or most of the rows that are alike; `None` where those are divided.
    pub suggested: Option<String>,
    /// Of a suspect: the probability of its own label, out of fold.
    pub belief: Option<f64>,
    /// Of a conflict: rows with the same number are alike.
    pub group: Option<u32>,
}

impl LabelProblem {
    /// It is the one to correct or drop: a row of a conflict that agrees with the others like it is not.
    pub fn is_odd(&self) -> bool {
        self.suggested.as_ref() != Some(&self.label)
    }
}
