//! Answers to what a page asks; see [`Question`].

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::store::Workspace;

use super::{StageError, budget};

pub fn answer(workspace: &Workspace, question: &Question, io: &dyn JobIo) -> Result<Answer, StageError> {
    match question {
        Question::MemoryBudget => {
            Ok(Answer::MemoryBudget { set: budget::setting(workspace)?, default: budget::default() })
        }
        Question::Preview { path, draft, rows } => {
            super::ingest::preview(workspace, path, draft, *rows, io).map(|p| Answer::Preview(Box::new(p)))
        }
    }
}
