//! Answers to what a page asks; see [`Question`].

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::store::{Workspace, catalogue};

use super::{StageError, label, watch};

pub fn answer(workspace: &Workspace, question: &Question, io: &dyn JobIo) -> Result<Answer, StageError> {
    match question {
        Question::Preview { path, draft, rows } => {
            super::ingest::preview(workspace, path, draft, *rows, io).map(|p| Answer::Preview(Box::new(p)))
        }
        Question::Catalogue => Ok(Answer::Catalogue(workspace.read(catalogue::all)?)),
        Question::Storage => Ok(Answer::Storage(Box::new(workspace.storage()?))),
        Question::Watches => watch::views(workspace).map(Answer::Watches),
        Question::LabelTask { version, column, queue } => {
            label::task(workspace, *version, column, queue).map(|task| Answer::LabelTask(Box::new(task)))
        }
        Question::Rows { version, rows } => label::rows(workspace, *version, rows).map(Answer::Rows),
        Question::Labels { version } => label::history(workspace, *version).map(Answer::Labels),
    }
}
