//! The state of every stage in a number and a line, and the next step with its reason. Pure.

use crate::domain::dataset::DatasetVersion;
use crate::domain::drift::StoredDrift;
use crate::domain::history::History;
use crate::domain::metric::Metric;
use crate::domain::run::{Run, RunStatus, best_run};
use crate::state::AppState;
use crate::state::command::{Command, Page, PickFor};
use crate::state::format::{ago, bytes, count, counted, number};
use crate::state::messages::{check_command, tally};
use crate::ui::widgets::badge::Tone;

#[derive(Clone, Debug, PartialEq)]
pub struct StageCard {
    pub page: Page,
    /// Large: "3", "0.842", "—".
    pub number: String,
    /// What the number counts.
    pub unit: String,
    /// One line more.
    pub line: String,
    pub badge: Option<(Tone, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NextStep {
    /// Of the button; none while a job runs.
    pub label: String,
    pub reason: String,
    pub commands: Vec<Command>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OverviewModel {
    pub cards: Vec<StageCard>,
    pub next: NextStep,
}

pub fn overview_model(state: &AppState, history: &History, now_ms: i64) -> OverviewModel {
    let focused = state.focus.version.and_then(|id| history.version(id));
    let cards = vec![
        data_card(history, now_ms),
        checks_card(history, focused),
        train_card(history, now_ms),
        runs_card(history),
        ship_card(history, now_ms),
        monitor_card(history, now_ms),
    ];
    // What is being done is no suggestion any more.
    let next = match state.jobs.front() {
        Some(job) => NextStep {
            label: String::new(),
            reason: format!("{}: what comes next shows when it is done", job.title),
            commands: Vec::new(),
        },
        None => next_step(history, focused),
    };
    OverviewModel { cards, next }
}

fn card(page: Page, number: impl Into<String>, unit: &str, line: impl Into<String>) -> StageCard {
    StageCard { page, number: number.into(), unit: unit.to_owned(), line: line.into(), badge: None }
}

fn data_card(history: &History, now_ms: i64) -> StageCard {
    let mut names: Vec<i64> = history.versions.iter().map(|v| v.dataset_id.0).collect();
    names.sort_unstable();
    names.dedup();
    let unit = if names.len() == 1 { "dataset" } else { "datasets" };
    let newest = history.versions.iter().max_by_key(|v| (v.created_at_ms, v.id));
    let line = newest.map_or_else(
        || "Drop a file to begin".to_owned(),
        |v| format!("{} · {} · {}", v.label(), counted(v.rows, "row", "rows"), ago(now_ms, v.created_at_ms)),
    );
    card(Page::Data, count(names.len() as u64), unit, line)
}

fn checks_card(history: &History, focused: Option<&DatasetVersion>) -> StageCard {
    let newest = focused.and_then(|v| history.latest_check(v.id)).or_else(|| history.check_runs.first());
    let Some(check) = newest else { return card(Page::Checks, "—", "", "Not checked yet") };
    let (errors, warnings) = tally(check);
    let ran = check.report.checks.iter().filter(|c| c.skipped.is_none());
    let clean = ran.clone().filter(|c| c.findings.is_empty()).count();
    let mut card = card(
        Page::Checks,
        format!("{clean} of {}", ran.count()),
        "checks found nothing",
        format!("{} · {}", check.dataset, counted(warnings as u64, "warning", "warnings")),
    );
    card.badge = Some(match (errors, warnings) {
        (0, 0) => (Tone::Ok, "passed".to_owned()),
        (0, _) => (Tone::Ok, "passed with warnings".to_owned()),
        _ => (Tone::Bad, format!("{errors} blocking")),
    });
    card
}

fn train_card(history: &History, now_ms: i64) -> StageCard {
    let completed = history.runs.iter().filter(|r| r.status == RunStatus::Completed).count() as u64;
    let failed = history.runs.iter().filter(|r| r.status == RunStatus::Failed).count() as u64;
    let line = history.runs.iter().max_by_key(|r| r.started_at_ms).map_or_else(
        || "Nothing trained yet".to_owned(),
        |r| format!("last for {}, {}", r.plan.target, ago(now_ms, r.started_at_ms)),
    );
    let unit = if completed == 1 { "model trained" } else { "models trained" };
    let mut card = card(Page::Train, count(completed), unit, line);
    if failed > 0 {
        card.badge = Some((Tone::Warn, format!("{failed} failed")));
    }
    card
}

fn runs_card(history: &History) -> StageCard {
    match best(history) {
        None => card(Page::Runs, "—", "", "The best model will be here"),
        Some((run, score)) => {
            let unit = format!("best {}", Metric::primary(run.plan.task).title());
            card(
                Page::Runs,
                number(score),
                &unit,
                format!("{} · run {} · {}", run.plan.algorithm.title(), run.id, run.plan.dataset),
            )
        }
    }
}

fn best(history: &History) -> Option<(&Run, f64)> {
    let run = best_run(&history.runs)?;
    Some((run, run.score()?))
}

fn ship_card(history: &History, now_ms: i64) -> StageCard {
    let unit = if history.bundles.len() == 1 { "bundle" } else { "bundles" };
    let line = history.bundles.first().map_or_else(
        || "Nothing exported yet".to_owned(),
        |b| format!("{} · {} · {}", b.file_name, bytes(b.bytes), ago(now_ms, b.created_at_ms)),
    );
    card(Page::Ship, count(history.bundles.len() as u64), unit, line)
}

fn monitor_card(history: &History, now_ms: i64) -> StageCard {
    let Some(drift) = history.drifts.first() else { return card(Page::Monitor, "—", "", "No comparison yet") };
    let (drifted, compared) = drift_counts(drift);
    let line = format!("{} → {} · {}", drift.reference, drift.current, ago(now_ms, drift.created_at_ms));
    let mut card = card(Page::Monitor, format!("{drifted} of {compared}"), "columns drifted", line);
    card.badge = Some(if drift.report.dataset_drift {
        (Tone::Bad, "dataset drift".to_owned())
    } else if drifted > 0 {
        (Tone::Warn, "some drift".to_owned())
    } else {
        (Tone::Ok, "steady".to_owned())
    });
    card
}

fn drift_counts(drift: &StoredDrift) -> (usize, usize) {
    let compared = drift.report.columns.iter().filter(|c| c.test.is_some()).count();
    (drift.report.columns.iter().filter(|c| c.drifted).count(), compared)
}

/// The first thing in the life of a model that is not done yet.
fn next_step(history: &History, focused: Option<&DatasetVersion>) -> NextStep {
    let step =
        |label: &str, reason: String, commands: Vec<Command>| NextStep { label: label.to_owned(), reason, commands };
    let Some(version) = focused else {
        let pick = Command::Pick(PickFor::ImportFiles);
        return step("Import files…", "There is no data yet".to_owned(), vec![pick]);
    };
    let Some(check) = history.latest_check(version.id) else {
        let reason = format!("{} was imported and never checked", version.label());
        return step("Run checks", reason, vec![check_command(version)]);
    };
    let Some((best, score)) = best(history) else {
        let (errors, _) = tally(check);
        if errors > 0 {
            let problems = counted(errors as u64, "problem", "problems");
            let reason = format!("{problems} in {} should be looked at before training", version.label());
            return step("Look at the findings", reason, vec![Command::ShowCheckRun(check.id)]);
        }
        let reason = format!("{} passed its checks and no model is trained yet", version.label());
        return step("Set up training", reason, vec![Command::GoTo(Page::Train)]);
    };
    if !history.bundles.iter().any(|b| b.run_id == best.id) {
        let metric = Metric::primary(best.plan.task).title();
        let reason = format!("Run {} is the best so far ({metric} {}) and not exported", best.id, number(score));
        return step("Ship the best model", reason, vec![Command::FocusRun(best.id), Command::GoTo(Page::Ship)]);
    }
    match history.drifts.first() {
        Some(drift) if drift.report.dataset_drift => {
            let (drifted, compared) = drift_counts(drift);
            let reason = format!("{drifted} of {compared} columns of {} drifted", drift.current);
            step("Look at the drift", reason, vec![Command::ShowDrift(drift.id)])
        }
        Some(_) => {
            let reason = "Everything is done for now; the next month of data can be compared".to_owned();
            step("Compare new data", reason, vec![Command::GoTo(Page::Monitor)])
        }
        None => {
            let reason = "The model is out; compare newer data with what it was trained on".to_owned();
            step("Set up monitoring", reason, vec![Command::GoTo(Page::Monitor)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::fixture;

    #[test]
    fn the_next_step_follows_the_life_of_a_model() {
        let mut history = History::default();
        assert_eq!(next_step(&history, None).label, "Import files…");
        let version = fixture::version(1, "churn", 1);
        history.versions.push(version.clone());
        assert_eq!(next_step(&history, Some(&version)).label, "Run checks");
        history.check_runs.push(fixture::check_run(1, &version, 0));
        assert_eq!(next_step(&history, Some(&version)).label, "Set up training");
        history.check_runs[0] = fixture::check_run(1, &version, 2);
        let step = next_step(&history, Some(&version));
        assert_eq!(step.label, "Look at the findings");
        assert_eq!(step.reason, "2 problems in churn@1 should be looked at before training");
        history.runs.push(fixture::run(1, &version, 0.8421));
        let step = next_step(&history, Some(&version));
        assert_eq!(step.reason, "Run 1 is the best so far (ROC AUC 0.8421) and not exported");
    }

    #[test]
    fn cards_say_what_is_not_there_yet() {
        let model = overview_model(&AppState::default(), &History::default(), 0);
        let lines: Vec<&str> = model.cards.iter().map(|c| c.line.as_str()).collect();
        assert_eq!(lines[1], "Not checked yet");
        assert_eq!(model.cards.len(), 6);
    }
}
