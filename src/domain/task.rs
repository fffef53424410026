//! What is predicted: a class or a number.

use std::ops::Range;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Binary,
    Multiclass,
    Regression,
}

impl Task {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Multiclass => "multiclass",
            Self::Regression => "regression",
        }
    }

    pub fn is_classification(self) -> bool {
        self != Self::Regression
    }
}

/// The task that was proposed and the sentence that says why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskProposal {
    pub task: Task,
    pub reason: String,
}

/// The target values of some rows. Classes are indices into a sorted list of class names kept beside it.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Classes { codes: Vec<u32>, n_classes: usize },
    Values(Vec<f64>),
}

impl Target {
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { codes, .. } => codes.len(),
            Self::Values(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// 0 for numbers.
    pub fn n_classes(&self) -> usize {
        match self {
            Self::Classes { n_classes, .. } => *n_classes,
            Self::Values(_) => 0,
        }
    }

    /// The rows at `rows`, in that order.
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { codes, n_classes } => {
                Self::Classes { codes: rows.iter().map(|&r| codes[r]).collect(), n_classes: *n_classes }
            }
            Self::Values(values) => Self::Values(rows.iter().map(|&r| values[r]).collect()),
        }
    }
}

/// What a model says about some rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// `probabilities` is row-major, `n_classes` per row, each row sums to 1.
    Classes {
        probabilities: Vec<f64>,
        n_classes: usize,
    },
    Values(Vec<f64>),
}

impl Predictions {
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { probabilities, n_classes } => probabilities.len() / (*n_classes).max(1),
            Self::Values(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of some rows.
    pub fn rows(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Classes { probabilities, n_classes } => {
                let some = &probabilities[rows.start * n_classes..rows.end * n_classes];
                Self::Classes { probabilities: some.to_vec(), n_classes: *n_classes }
            }
            Self::Values(values) => Self::Values(values[rows].to_vec()),
        }
    }

    /// The most probable class of each row, the first of equals (as `argmax` in NumPy and ONNX). Empty for numbers.
    pub fn labels(&self) -> Vec<u32> {
        self.labels_at(None)
    }

    /// The same; of two classes the second where its probability is at least `threshold`.
    pub fn labels_at(&self, threshold: Option<f64>) -> Vec<u32> {
        match self {
            Self::Values(_) => Vec::new(),
            Self::Classes { probabilities, n_classes: 2 } if threshold.is_some() => {
                let least = threshold.unwrap_or(0.5);
                probabilities.chunks_exact(2).map(|row| u32::from(row[1] >= least)).collect()
            }
            Self::Classes { probabilities, n_classes } => {
                probabilities.chunks_exact((*n_classes).max(1)).map(|row| argmax(row) as u32).collect()
            }
        }
    }
}

/// Index of the largest value, the first of equals.
pub fn argmax(row: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = i;
        }
    }
    best
}
