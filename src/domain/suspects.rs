//! Labels that look wrong: rows whose label their other columns contradict, and rows that are alike but for the label.

use serde::{Deserialize, Serialize};

use super::check_request::SetAsideRequest;
use super::labels::Label;
use super::request::{DataRef, LabelRequest};
use super::words::counted;

/// The built-in checks whose findings [`LabelProblems`] lists row by row.
pub const CODES: [&str; 2] = ["LABEL_SUSPECTS", "CONFLICTING_LABELS"];

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

/// Gives each of these rows the label that is suggested; rows without a suggestion are passed over.
///
/// `note`: what the version says of itself; how many labels were changed where it is empty.
pub fn relabelling(data: DataRef, target: &str, rows: &[LabelProblem], note: &str) -> LabelRequest {
    let label = |problem: &LabelProblem| {
        let label = problem.suggested.clone()?;
        let note = problem.objection.as_str().to_owned();
        // Signed and dated where it is recorded.
        Some(Label { row: problem.row, label: Some(label), note, who: String::new(), at_ms: 0 })
    };
    let labels: Vec<Label> = rows.iter().filter_map(label).collect();
    let n = counted(labels.len() as u64, "label", "labels");
    let note = match note.trim() {
        "" => format!("{n} in `{target}` as suggested"),
        note => note.to_owned(),
    };
    LabelRequest { data, column: target.to_owned(), labels, ends_session: false, note }
}

/// Sets these rows aside, each with what is said against its label; `note` as for [`relabelling`].
pub fn leaving_out(
    data: DataRef,
    target: &str,
    rows: &[LabelProblem],
    branch: String,
    note: String,
) -> SetAsideRequest {
    let because = |problem: &LabelProblem| format!("{}:{target}", problem.objection.as_str());
    let rows = rows.iter().map(|problem| (problem.row, because(problem))).collect();
    SetAsideRequest { data, rows, branch, note }
}
