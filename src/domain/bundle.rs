//! Exported bundles: what is inside and what was proved about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{BundleId, ContentHash, RunId};
use super::metric::MetricSet;
use super::model::TrainedModel;
use super::schema::ColumnSchema;

/// `manifest.json`: what every other file of the bundle is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: String,
    pub format_version: u32,
    pub created_by: String,
    pub created_at_ms: i64,
    pub model: TrainedModel,
    /// The raw columns the model takes, as the training version had them.
    pub inputs: Vec<ColumnSchema>,
    pub lineage: Lineage,
    pub metrics: MetricSet,
    /// File name → SHA-256, every file but this one.
    pub files: BTreeMap<String, ContentHash>,
}

impl Manifest {
    pub const FORMAT: &'static str = "modelwright-bundle";
    /// 2: forests, boosting, naive Bayes, neighbours and networks, recipes of steps. 1 can still be read.
    pub const FORMAT_VERSION: u32 = 2;
}

/// Where the model came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    pub run: RunId,
    /// `churn@2`
    pub dataset: String,
    pub source_hash: ContentHash,
    pub split_hash: ContentHash,
    pub seed: u64,
}

/// Every file of a bundle, sorted by name, with what it is for.
pub const BUNDLE_CONTENTS: [(&str, &str); 12] = [
    ("MLmodel", "signature and entry point for MLflow"),
    ("README.txt", "how to run the model, in plain text"),
    ("code/modelwright_scorer.py", "the small loader that MLflow runs"),
    ("conda.yaml", "the Python packages as a conda environment"),
    ("golden_rows.json", "rows with their expected predictions"),
    ("input_example.json", "rows as the model takes them"),
    ("manifest.json", "where the model came from, and the hash of every file"),
    ("model.onnx", "recipe and model in one graph, with named inputs"),
    ("model_card.md", "what the model is for and how good it is"),
    ("python_env.yaml", "the Python packages as a virtual environment"),
    ("requirements.txt", "the Python packages for pip"),
    ("serving_input_example.json", "a request to a scoring server"),
];

/// One file of a bundle, for a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleFile {
    pub name: String,
    pub bytes: u64,
    pub sha256: ContentHash,
}

/// An exported bundle, as the workspace remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportedBundle {
    pub id: BundleId,
    pub run_id: RunId,
    /// File name the user gave, without directories.
    pub file_name: String,
    /// SHA-256 of the whole zip; the workspace keeps a copy under this name.
    pub sha256: ContentHash,
    pub bytes: u64,
    pub files: Vec<BundleFile>,
    /// Largest distance between the written model, read back, and the model in memory, over the golden rows.
    pub golden_max_abs_diff: f64,
    pub golden_rows: u64,
    pub card_markdown: String,
    pub created_at_ms: i64,
}
