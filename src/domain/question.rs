//! What a page can ask beside the lists: a question is answered in the background, and the answer kept until the
//! workspace changes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::catalogue::CatalogueEntry;
use super::dataset::ReadDraft;
use super::ids::VersionId;
use super::labels::{LabelHistory, LabelQueue, LabelTask};
use super::preview::ImportPreview;
use super::storage::StorageReport;
use super::watch::WatchView;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How would this file be read?
    Preview { path: PathBuf, draft: ReadDraft, rows: u32 },
    /// What is each dataset, and who uses it?
    Catalogue,
    /// What are the bytes spent on?
    Storage,
    /// How do the watched places stand?
    Watches,
    /// What is there to label in this column?
    LabelTask { version: VersionId, column: String, queue: LabelQueue },
    /// The cells of these rows (1-based), in column order.
    Rows { version: VersionId, rows: Vec<u64> },
    /// Which labels were given by hand, by whom?
    Labels { version: VersionId },
}

impl Question {
    /// Whether answering parses foreign bytes or takes long: then a worker process does it.
    pub fn needs_worker(&self) -> bool {
        match self {
            Self::Preview { .. } => true,
            Self::Catalogue | Self::Storage | Self::Watches => false,
            Self::LabelTask { .. } | Self::Rows { .. } | Self::Labels { .. } => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Preview(Box<ImportPreview>),
    Catalogue(Vec<CatalogueEntry>),
    Storage(Box<StorageReport>),
    Watches(Vec<WatchView>),
    LabelTask(Box<LabelTask>),
    Rows(Vec<Vec<Option<String>>>),
    Labels(Vec<LabelHistory>),
}
