//! What a page can ask beside the lists: a question is answered in the background, and the answer kept until the
//! workspace changes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::dataset::ReadDraft;
use super::ids::VersionId;
use super::preview::ImportPreview;
use super::relations::{PairPlot, Relations};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How would this file be read?
    Preview { path: PathBuf, draft: ReadDraft, rows: u32 },
    /// How do the columns hang together?
    Relations { version: VersionId, all_rows: bool },
    /// One pair of columns as a picture, coloured by a third.
    Pair { version: VersionId, x: String, y: String, by: Option<String> },
}

impl Question {
    /// Whether answering parses foreign bytes or takes long: then a worker process does it.
    pub fn needs_worker(&self) -> bool {
        match self {
            Self::Preview { .. } | Self::Relations { .. } | Self::Pair { .. } => true,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Preview(Box<ImportPreview>),
    Relations(Box<Relations>),
    Pair(Box<PairPlot>),
}
