//! Answers to what a page asks; see [`Question`].

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::store::Workspace;

use super::StageError;

pub fn answer(workspace: &Workspace, question: &Question, io: &dyn JobIo) -> Result<Answer, StageError> {
    match question {
        Question::Preview { path, draft, rows, remembered } => {
            let preview = super::preview::preview(Some(workspace), path, draft, *rows, *remembered, io)?;
            Ok(Answer::Preview(Box::new(preview)))
        }
    }
}
