//! What a page can ask beside the lists: a question is answered in the background, and the answer kept until the
//! workspace changes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::dataset::ReadDraft;
use super::preview::ImportPreview;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How would this file be read? `remembered`: with what was changed about this source before.
    Preview { path: PathBuf, draft: ReadDraft, rows: u32, remembered: bool },
}

impl Question {
    /// Whether answering parses foreign bytes or takes long: then a worker process does it.
    pub fn needs_worker(&self) -> bool {
        match self {
            Self::Preview { .. } => true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Preview(Box<ImportPreview>),
}
