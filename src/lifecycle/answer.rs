//! Answers to what a page asks; see [`Question`].

use crate::domain::io::JobIo;
use crate::domain::question::{Answer, Question};
use crate::store::{Workspace, catalogue};

use super::{StageError, budget, gates, label, sign_off, suite, suspects, watch};

pub fn answer(workspace: &Workspace, question: &Question, io: &dyn JobIo) -> Result<Answer, StageError> {
    match question {
        Question::Preview { path, draft, rows, remembered } => {
            let preview = super::preview::preview(Some(workspace), path, draft, *rows, *remembered, io)?;
            Ok(Answer::Preview(Box::new(preview)))
        }
        Question::Diff(request) => super::diff::diff(workspace, request, io).map(|d| Answer::Diff(Box::new(d))),
        Question::Rejects { version, first, count } => {
            super::restore::rejects(workspace, *version, *first, *count).map(Answer::Rejects)
        }
        Question::MemoryBudget => {
            Ok(Answer::MemoryBudget { set: budget::setting(workspace)?, default: budget::default() })
        }
        Question::Relations { version, all_rows } => super::report::relations(workspace, *version, *all_rows, io)
            .map(|relations| Answer::Relations(Box::new(relations))),
        Question::Pair { version, x, y, by } => {
            super::report::pair(workspace, *version, (x, y), by.as_deref(), io).map(|p| Answer::Pair(Box::new(p)))
        }
        Question::Recipe(asked) => super::recipe::preview(workspace, asked, io).map(|p| Answer::Recipe(Box::new(p))),
        Question::TrainingPlan { version, target } => super::train::propose::propose(workspace, *version, target, io)
            .map(|proposal| Answer::TrainingPlan(Box::new(proposal))),
        Question::Explore(asked) => {
            super::explore::explore(workspace, asked, io).map(|e| Answer::Explored(Box::new(e)))
        }
        Question::Rank(asked) => super::rank::rank(workspace, asked, io).map(|found| Answer::Ranked(Box::new(found))),
        Question::OpenGroups => super::train::open_groups(workspace).map(Answer::OpenGroups),
        Question::RecipeFile { path } => super::recipe::read(path).map(|recipe| Answer::RecipeFile(Box::new(recipe))),
        Question::RecipeTemplates => super::recipe::templates::all(workspace).map(Answer::RecipeTemplates),
        Question::Decisions { run } => {
            super::train::decide::decisions(workspace, *run, io).map(|d| Answer::Decisions(Box::new(d)))
        }
        Question::Catalogue => Ok(Answer::Catalogue(workspace.read(catalogue::all)?)),
        Question::Storage => Ok(Answer::Storage(Box::new(workspace.storage()?))),
        Question::Watches => watch::views(workspace).map(Answer::Watches),
        Question::LabelTask { version, column, queue } => {
            label::task(workspace, *version, column, queue).map(|task| Answer::LabelTask(Box::new(task)))
        }
        Question::Rows { version, rows } => label::rows(workspace, *version, rows).map(Answer::Rows),
        Question::Suites { dataset } => suite::states(workspace, *dataset).map(Answer::Suites),
        Question::SuiteDraft { versions, target } => {
            suite::draft(workspace, versions, target.as_deref()).map(|suite| Answer::SuiteDraft(Box::new(suite)))
        }
        Question::SuiteTrial { dataset, suite: tried, rule, environment } => {
            let wanted = suite::Wanted { rule: rule.as_deref(), environment: *environment };
            suite::trial(workspace, *dataset, tried, &wanted, io).map(|t| Answer::SuiteTrial(Box::new(t)))
        }
        Question::RulePreview { version, against, rules } => {
            suite::preview(workspace, *version, *against, rules, io).map(Answer::RulePreview)
        }
        Question::FindingRows { check_run, finding } => {
            super::evidence::finding_rows(workspace, *check_run, finding, io).map(Answer::FindingRows)
        }
        Question::SuiteFile { path } => suite::of_file(path)
            .map(|read| Answer::SuiteFile { suite: Box::new(read.suite), not_taken: read.not_taken }),
        Question::Gates => gates::board(workspace).map(|board| Answer::Gates(Box::new(board))),
        Question::GateStates { version, act } => {
            gates::states(workspace, *version, *act, None, io).map(Answer::GateStates)
        }
        Question::SignOffs { version } => sign_off::of_version(workspace, *version).map(Answer::SignOffs),
        Question::CheckDiff { before, after } => {
            suite::compare_checks(workspace, *before, *after).map(|diff| Answer::CheckDiff(Box::new(diff)))
        }
        Question::RuleHistories { dataset } => suite::histories(workspace, *dataset).map(Answer::RuleHistories),
        Question::LabelProblems { version, target } => suspects::label_problems(workspace, *version, target, io)
            .map(|found| Answer::LabelProblems(Box::new(found))),
        Question::Labels { version } => label::history(workspace, *version).map(Answer::Labels),
    }
}
