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

    /// The workspace changed: what is asked again is answered again. Until then the old answers show.
    pub fn forget(&mut self) -> Vec<Question> {
        // What a worker found out about a file does not depend on the workspace.
        let ready =
            self.kept.iter_mut().filter(|(q, answer)| matches!(answer, Loadable::Ready(_)) && !q.needs_worker());
        ready
            .map(|(question, answer)| {
                answer.start_loading();
                question.clone()
            })
            .collect()
    }
}
