//! What a page can ask beside the lists: a question is answered in the background, and the answer kept until the
//! workspace changes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::dataset::ReadDraft;
use super::preview::ImportPreview;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How would this file be read?
    Preview { path: PathBuf, draft: ReadDraft, rows: u32 },
    /// What may a table take in memory?
    MemoryBudget,
}

impl Question {
    /// Whether answering parses foreign bytes or takes long: then a worker process does it.
    pub fn needs_worker(&self) -> bool {
        match self {
            Self::Preview { .. } => true,
            Self::MemoryBudget => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Preview(Box<ImportPreview>),
    MemoryBudget { set: Option<u64>, default: u64 },
}
