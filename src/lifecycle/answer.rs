//! Answers to what a page asks; see [`Question`].

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::store::Workspace;

use super::StageError;

pub fn answer(workspace: &Workspace, question: &Question, io: &dyn JobIo) -> Result<Answer, StageError> {
    match question {
        Question::Relations { version, all_rows } => super::report::relations(workspace, *version, *all_rows, io)
            .map(|relations| Answer::Relations(Box::new(relations))),
        Question::Pair { version, x, y, by } => {
            super::report::pair(workspace, *version, (x, y), by.as_deref(), io).map(|p| Answer::Pair(Box::new(p)))
        }
        Question::Preview { path, draft, rows } => {
            super::ingest::preview(workspace, path, draft, *rows, io).map(|p| Answer::Preview(Box::new(p)))
        }
    }
}
