//! Questions of pages and small edits.

use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::problem::Problem;
use crate::domain::question::{Answer, Question};
use crate::state::AppState;
use crate::state::command::Command;
use crate::state::effect::Effect;
use crate::state::notification::{Note, NoteTone};

use super::workspace;

pub fn ask(state: &mut AppState, question: Question, now_ms: i64) -> Vec<Effect> {
    if state.asked.start(&question, now_ms) { vec![Effect::Answer(question)] } else { Vec::new() }
}

pub fn stop(state: &mut AppState, question: Question) -> Vec<Effect> {
    if state.asked.stop(&question) { vec![Effect::CancelAnswer(question)] } else { Vec::new() }
}

pub fn answering(state: &mut AppState, question: &Question, phase: String, fraction: Option<f64>) -> Vec<Effect> {
    state.asked.progress(question, phase, fraction);
    Vec::new()
}

pub fn answered(
    state: &mut AppState,
    question: &Question,
    answer: Result<Box<Answer>, Problem>,
    now_ms: i64,
) -> Vec<Effect> {
    if let (Question::RecipeFile { path }, Err(problem)) = (question, &answer)
        && state.recipe_file.as_ref() == Some(path)
    {
        state.recipe_file = None;
        state.tell(Note::of_problem(problem), now_ms);
    }
    super::checking::suite_not_read(state, question, answer.as_ref().err(), now_ms);
    state.asked.finish(question, answer);
    let mut effects = super::checking::looked(state, question, now_ms);
    effects.extend(super::checking::rows_found(state, question, now_ms));
    effects.extend(super::import::looked(state, question, now_ms));
    effects
}

pub fn edited(state: &mut AppState, answer: Result<EditOutcome, Problem>, now_ms: i64) -> Vec<Effect> {
    match answer {
        // A draft: it is one of many, and the page that sent it shows it already.
        Ok(outcome) if outcome.said.is_empty() => {
            state.asked.forget_label_tasks();
            return Vec::new();
        }
        Ok(outcome) => {
            state.focus.awaited = outcome.made;
            if matches!(outcome.undo, Some(Edit::SetMemoryBudget { .. })) {
                state.asked.forget_plans();
            }
            let mut note = Note::new(NoteTone::Success, outcome.said);
            if let Some(undo) = outcome.undo {
                note = note.action("Undo", vec![Command::Edit(undo)]);
            }
            state.tell(note, now_ms);
        }
        Err(problem) => {
            if !super::checking::edit_stopped(state, &problem) {
                state.tell(Note::of_problem(&problem), now_ms);
            }
        }
    }
    workspace::refresh(state)
}
