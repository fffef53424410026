//! Asked to what pages asked, the recent ones.

use crate::domain::problem::{Problem, ProblemKind};
use crate::domain::question::{Answer, Question};

use super::loadable::Loadable;

/// Kept at once; the one asked longest ago goes first.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub struct Asked {
    /// Oldest first.
    kept: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    question: Question,
    answer: Loadable<Answer>,
    waiting: Waiting,
}

/// How far the answering of a question is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    /// When it was asked, in ms since 1970.
    pub since_ms: i64,
    /// "Comparing rows"; empty until something is heard.
    pub phase: String,
    /// 0 to 1, where known.
    pub fraction: Option<f64>,
}

impl Asked {
    /// The state of a question; `Idle` if it was never asked.
    pub fn get(&self, question: &Question) -> &Loadable<Answer> {
        const IDLE: &Loadable<Answer> = &Loadable::Idle;
        self.entry(question).map_or(IDLE, |entry| &entry.answer)
    }

    /// How far it is, while it is being answered.
    pub fn waiting(&self, question: &Question) -> Option<&Waiting> {
        let entry = self.entry(question).filter(|entry| entry.answer.is_loading());
        entry.map(|entry| &entry.waiting)
    }

    /// Marks a question as asked. `false` when it is being answered, or was.
    pub fn start(&mut self, question: &Question, now_ms: i64) -> bool {
        let waiting = Waiting { since_ms: now_ms, ..Waiting::default() };
        if let Some(entry) = self.entry_mut(question) {
            let again = matches!(entry.answer, Loadable::Idle | Loadable::Failed(_));
            if again {
                entry.answer.start_loading();
                entry.waiting = waiting;
            }
            return again;
        }
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        let answer = Loadable::Loading { previous: None };
        self.kept.push(Entry { question: question.clone(), answer, waiting });
        true
    }

    pub fn progress(&mut self, question: &Question, phase: String, fraction: Option<f64>) {
        if let Some(entry) = self.entry_mut(question) {
            (entry.waiting.phase, entry.waiting.fraction) = (phase, fraction);
        }
    }

    /// Nobody waits for it any more: a former answer shows again. Whether it was being answered.
    pub fn stop(&mut self, question: &Question) -> bool {
        let Some(entry) = self.entry_mut(question).filter(|entry| entry.answer.is_loading()) else { return false };
        entry.answer = match std::mem::take(&mut entry.answer) {
            Loadable::Loading { previous: Some(answer) } => Loadable::Ready(answer),
            _ => Loadable::Failed(Problem::cancelled()),
        };
        true
    }

    pub fn finish(&mut self, question: &Question, answer: Result<Box<Answer>, Problem>) {
        // Told by `stop` already; meanwhile it may have been asked again.
        if matches!(&answer, Err(problem) if problem.kind == ProblemKind::Cancelled) {
            return;
        }
        if let Some(entry) = self.entry_mut(question) {
            entry.answer = match answer {
                Ok(answer) => Loadable::Ready(*answer),
                Err(problem) => Loadable::Failed(problem),
            };
        }
    }

    /// An answer whose asker keeps it; `None` while it is on its way.
    pub fn take(&mut self, question: &Question) -> Option<Result<Answer, Problem>> {
        let at = self.kept.iter().position(|entry| entry.question == *question)?;
        match std::mem::take(&mut self.kept[at].answer) {
            Loadable::Ready(answer) => {
                self.kept.remove(at);
                Some(Ok(answer))
            }
            Loadable::Failed(problem) => {
                self.kept.remove(at);
                Some(Err(problem))
            }
            other => {
                self.kept[at].answer = other;
                None
            }
        }
    }

    /// Files may have changed: looks at them are made anew.
    pub fn forget_previews(&mut self) {
        self.kept.retain(|entry| !matches!(entry.question, Question::Preview { .. }));
    }

    /// A recipe file is opened anew.
    pub fn forget_recipe_files(&mut self) {
        self.kept.retain(|entry| !matches!(entry.question, Question::RecipeFile { .. }));
    }

    /// A suite file is opened anew.
    pub fn forget_suite_files(&mut self) {
        self.kept.retain(|entry| !matches!(entry.question, Question::SuiteFile { .. }));
    }

    /// The memory budget changed: what would be trained is said anew.
    pub fn forget_plans(&mut self) {
        self.kept.retain(|entry| !matches!(entry.question, Question::TrainingPlan { .. }));
    }

    /// A label was given: whoever starts again gets it back.
    pub fn forget_label_tasks(&mut self) {
        self.kept.retain(|entry| !matches!(entry.question, Question::LabelTask { .. }));
    }

    /// The workspace changed: what is asked again is answered again. Until then the old answers show.
    pub fn forget(&mut self) -> Vec<Question> {
        let stale = |entry: &&mut Entry| matches!(entry.answer, Loadable::Ready(_)) && !entry.question.is_settled();
        let ready = self.kept.iter_mut().filter(stale);
        ready
            .map(|entry| {
                entry.answer.start_loading();
                entry.question.clone()
            })
            .collect()
    }

    fn entry(&self, question: &Question) -> Option<&Entry> {
        self.kept.iter().find(|entry| entry.question == *question)
    }

    fn entry_mut(&mut self, question: &Question) -> Option<&mut Entry> {
        self.kept.iter_mut().find(|entry| entry.question == *question)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_question_is_asked_again_and_its_late_answer_is_not_taken_for_the_new_one() {
        let mut asked = Asked::default();
        assert!(asked.start(&Question::Storage, 7) && !asked.start(&Question::Storage, 8));
        asked.progress(&Question::Storage, "Adding up".into(), Some(0.5));
        let waiting = Waiting { since_ms: 7, phase: "Adding up".into(), fraction: Some(0.5) };
        assert_eq!(asked.waiting(&Question::Storage), Some(&waiting));
        assert!(asked.stop(&Question::Storage) && !asked.stop(&Question::Storage));
        assert_eq!(asked.waiting(&Question::Storage), None);
        assert!(matches!(asked.get(&Question::Storage), Loadable::Failed(p) if p.kind == ProblemKind::Cancelled));
        assert!(asked.start(&Question::Storage, 9));
        asked.finish(&Question::Storage, Err(Problem::cancelled()));
        assert_eq!(asked.waiting(&Question::Storage), Some(&Waiting { since_ms: 9, ..Waiting::default() }));
        asked.finish(&Question::Storage, Ok(Box::new(Answer::Watches(vec![]))));
        assert!(matches!(asked.get(&Question::Storage), Loadable::Ready(_)));
    }
}
