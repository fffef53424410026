//! Asked to what pages asked, the recent ones.

use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};

use super::loadable::Loadable;

/// Kept at once; the one asked longest ago goes first.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub struct Asked {
    /// Oldest first.
    kept: Vec<(Question, Loadable<Answer>)>,
}

impl Asked {
    /// The state of a question; `Idle` if it was never asked.
    pub fn get(&self, question: &Question) -> &Loadable<Answer> {
        const IDLE: &Loadable<Answer> = &Loadable::Idle;
        self.kept.iter().find(|(q, _)| q == question).map_or(IDLE, |(_, answer)| answer)
    }

    /// Marks a question as asked. `false` when it is being answered, or was.
    pub fn start(&mut self, question: &Question) -> bool {
        if let Some(at) = self.kept.iter().position(|(q, _)| q == question) {
            let (_, answer) = &mut self.kept[at];
            let again = matches!(answer, Loadable::Idle | Loadable::Failed(_));
            if again {
                answer.start_loading();
            }
            return again;
        }
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push((question.clone(), Loadable::Loading { previous: None }));
        true
    }

    pub fn finish(&mut self, question: &Question, answer: Result<Box<Answer>, Problem>) {
        if let Some((_, kept)) = self.kept.iter_mut().find(|(q, _)| q == question) {
            *kept = match answer {
                Ok(answer) => Loadable::Ready(*answer),
                Err(problem) => Loadable::Failed(problem),
            };
        }
    }

    /// Files may have changed: looks at them are made anew.
    pub fn forget_previews(&mut self) {
        self.kept.retain(|(question, _)| !matches!(question, Question::Preview { .. }));
    }

    /// The workspace changed: what is asked again is answered again. Until then the old answers show.
    pub fn forget(&mut self) -> Vec<Question> {
        let stale = |(question, answer): &&mut (Question, Loadable<Answer>)| {
            matches!(answer, Loadable::Ready(_)) && !question.is_settled()
        };
        let ready = self.kept.iter_mut().filter(stale);
        ready
            .map(|(question, answer)| {
                answer.start_loading();
                question.clone()
            })
            .collect()
    }
}
