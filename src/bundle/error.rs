//! Everything that can go wrong with a bundle, in words that name the file, the column or the row.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::io::Cancelled;

#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    #[error("could not {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },

    #[error(transparent)]
    Cancelled(#[from] Cancelled),

    /// The model in memory breaks a rule of its own format.
    #[error("this model cannot be exported: {0}")]
    Unsupported(String),

    /// The file is no bundle at all, or breaks a rule that protects whoever opens it.
    #[error("not a Modelwright bundle: {0}")]
    Refused(String),

    #[error(
        "the bundle has format {found}, this version of Modelwright reads up to format {known}; update Modelwright to open it"
    )]
    Newer { found: u32, known: u32 },

    #[error("`{file}` in the bundle is damaged: {problem}; export the model again or fetch the bundle anew")]
    Damaged { file: String, problem: String },

    #[error("`model.onnx` in the bundle cannot be used: {0}")]
    Onnx(String),

    /// The rows handed in do not fit the model.
    #[error("input column `{column}`: {problem}")]
    Input { column: String, problem: String },

    /// The model read back does not say what the model in memory said.
    #[error("golden row {row}, `{output}`: expected {expected}, the bundle gives {found}; the bundle was not accepted")]
    Golden { row: usize, output: String, expected: String, found: String },
}

impl BundleError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(super) fn damaged(file: &str, problem: impl ToString) -> Self {
        Self::Damaged { file: file.to_owned(), problem: problem.to_string() }
    }
}
