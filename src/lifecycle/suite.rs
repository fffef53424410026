//! Suites: drafted from versions, saved state by state, tried on what there is, and loosened where a finding is the new
//! normal.

use std::fs;
use std::path::Path;

use crate::data::rules::{self, RulesInput};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::check_history::{CheckDiff, RuleHistory, rule_histories};
use crate::domain::check_request::RulePreview;
use crate::domain::dataset::DatasetVersion;
use crate::domain::edit::{Edit, EditOutcome};
use crate::domain::finding::{CheckReport, Finding, Severity};
use crate::domain::ids::{CheckRunId, DatasetId, VersionId};
use crate::domain::io::{JobIo, Part};
use crate::domain::suite::great_expectations::{self, Imported};
use crate::domain::suite::{
    self, BrokenRule, Environment, Found, Rule, SavedSuite, Source, Suite, SuiteError, SuiteTrial, VersionTrial,
};
use crate::domain::words::counted;
use crate::store::{Tx, Workspace, activity, bin, checks, datasets, suites};

use super::StageError;
use super::resolve::require_present;
use super::validate::{By, judge};
use crate::domain::storage::StorageKey;

/// Saves a new state of a dataset's suite.
pub fn save(workspace: &Workspace, dataset: DatasetId, suite: &Suite, note: &str) -> Result<EditOutcome, StageError> {
    check(suite)?;
    let (said, before) = workspace.write(|tx| {
        let before = suites::newest(tx, dataset)?;
        let saved = suites::save(tx, dataset, suite, note)?;
        let said = format!("Saved suite {} of {}: {}", saved.number, saved.dataset, counts(suite));
        log(tx, &saved, &said)?;
        Ok((said, before))
    })?;
    // The former state comes back as a new one: states are only added.
    let undo = before.map(|before| Edit::SaveSuite {
        dataset,
        suite: Box::new(before.suite),
        note: format!("As in state {}", before.number),
    });
    Ok(EditOutcome { said, undo, made: None })
}

/// "14 columns, 3 rules, 1 changed check"
pub fn counts(suite: &Suite) -> String {
    let n = |n: usize, one, many| counted(n as u64, one, many);
    format!(
        "{}, {}, {}",
        n(suite.contract.columns.len(), "column", "columns"),
        n(suite.rules.len(), "rule", "rules"),
        n(suite.checks.len(), "changed check", "changed checks")
    )
}

/// Fails with everything that is wrong with a suite.
pub fn check(suite: &Suite) -> Result<(), StageError> {
    let problems = suite.problems();
    if problems.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Err(StageError::usage(format!("the suite does not hold together: {}", told.join("; ")), "Correct it and try again"))
}

/// A suite of ours, or of Great Expectations with what of that has no counterpart here. Errors: what is wrong with it as
/// the one that it seems to be.
pub fn read(text: &str) -> Result<Imported, SuiteError> {
    match Suite::read(text) {
        Ok(suite) => Ok(Imported { suite, not_taken: Vec::new() }),
        Err(ours) => great_expectations::import(text)
            .map_err(|theirs| if text.contains("\"expectations\"") { theirs } else { ours }),
    }
}

/// The suite in a file. Errors name the file and the place in it.
pub fn of_file(path: &Path) -> Result<Imported, StageError> {
    let text = fs::read_to_string(path)
        .map_err(|error| StageError::usage(format!("Could not read {}: {error}", path.display()), "Check the path"))?;
    read(&text).map_err(|error| {
        let what = format!("{} is no suite, of ours or of Great Expectations: {error}", path.display());
        StageError::usage(what, "Export it again from where it comes")
    })
}

/// Every saved state, newest first.
pub fn states(workspace: &Workspace, dataset: DatasetId) -> Result<Vec<SavedSuite>, StageError> {
    Ok(workspace.read(|conn| suites::states(conn, dataset))?)
}

/// A suite that these versions pass, the newest last.
pub fn draft(workspace: &Workspace, ids: &[VersionId], target: Option<&str>) -> Result<Suite, StageError> {
    let read =
        |id: &VersionId| workspace.read(|conn| Ok((datasets::version(conn, *id)?, datasets::profile(conn, *id)?)));
    let mut known = ids.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    known.sort_by_key(|(version, _)| version.id);
    known.dedup_by_key(|(version, _)| version.id);
    if let Some(target) = target
        && !known.iter().any(|(version, _)| version.schema.column(target).is_some())
    {
        let label = known.last().map_or_else(String::new, |(version, _)| version.label());
        return Err(StageError::usage(format!("{label} has no column `{target}`"), "Name the column to predict"));
    }
    let labels: Vec<String> = known.iter().map(|(version, _)| version.label()).collect();
    let sources: Vec<Source<'_>> = known
        .iter()
        .zip(&labels)
        .map(|((version, profile), label)| Source { label, schema: &version.schema, profile })
        .collect();
    Ok(suite::draft(&sources, target))
}

/// Which rules of a suite are tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Only this one, by its id.
    pub rule: Option<&'a str>,
    pub environment: Environment,
}

/// A suite on every version of a dataset, oldest first: its contract, its rules, and the built-in checks with the limits
/// it sets, of which what is only worth knowing is left out. Versions whose files were deleted are named.
///
/// The column that the contract expects only to train is taken for the target.
pub fn trial(
    workspace: &Workspace,
    dataset: DatasetId,
    suite: &Suite,
    wanted: &Wanted<'_>,
    io: &dyn JobIo,
) -> Result<SuiteTrial, StageError> {
    check(suite)?;
    let (all, gone) = workspace.read(|conn| Ok((datasets::all(conn)?, bin::gone(conn)?)))?;
    let mut all: Vec<DatasetVersion> = all.into_iter().filter(|v| v.dataset_id == dataset).collect();
    all.sort_by_key(|v| v.version);
    let rule = wanted.rule.map(|id| rule_of(suite, id, wanted.environment)).transpose()?;
    let mut trial = SuiteTrial::default();
    let n = all.len().max(1) as f64;
    for (i, version) in all.iter().enumerate() {
        let part = Part { io, from: i as f64 / n, to: (i + 1) as f64 / n };
        part.progress(&format!("Judging {}", version.label()), Some(0.0))?;
        let mut one = VersionTrial { version: version.id, number: version.version, broken: vec![], problem: None };
        if gone.contains(&StorageKey::Version(version.id)) {
            one.problem = Some("its files were deleted".to_owned());
        } else {
            // The version before is what a rule against a reference would have been held against.
            let reference = i.checked_sub(1).map(|before| &all[before]);
            let reference = reference.filter(|v| !gone.contains(&StorageKey::Version(v.id)));
            let report = match &rule {
                Some(rule) => {
                    let rules = std::slice::from_ref(rule);
                    let judged = preview(workspace, version.id, reference.map(|v| v.id), rules, &part)?;
                    CheckReport::new(judged.into_iter().map(|preview| preview.check).collect())
                }
                None => {
                    let target = suite.contract.only_to_train().filter(|name| version.schema.column(name).is_some());
                    let target = target.filter(|_| wanted.environment == Environment::Train);
                    let by = By { suite: Some(suite), environment: wanted.environment, target, declared: None };
                    judge(workspace, version, reference, &by, &part)?
                }
            };
            one.broken = broken(&report);
        }
        trial.versions.push(one);
    }
    Ok(trial)
}

fn rule_of(suite: &Suite, id: &str, environment: Environment) -> Result<Rule, StageError> {
    let rules = suite.rules_for(environment);
    let known: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    let hint = format!("It has {}", known.join(", "));
    let found = rules.iter().find(|rule| rule.id == id).cloned();
    found.ok_or_else(|| StageError::usage(format!("the suite has no rule `{id}`"), hint))
}

/// What does not hold; of a built-in check what lies beyond its limit.
fn broken(report: &CheckReport) -> Vec<BrokenRule> {
    let told = |f: &Finding| BrokenRule {
        rule: match (&f.rule, &f.column) {
            (Some(rule), _) => rule.clone(),
            (None, Some(column)) => format!("{}:{column}", f.code),
            (None, None) => f.code.clone(),
        },
        severity: f.severity,
        message: f.message.clone(),
        count: f.count,
    };
    report.findings().into_iter().filter(|f| f.rule.is_some() || f.severity > Severity::Info).map(told).collect()
}

/// What rules find in a version, while they are being edited; in their order.
pub fn preview(
    workspace: &Workspace,
    id: VersionId,
    against: Option<VersionId>,
    rules: &[Rule],
    io: &dyn JobIo,
) -> Result<Vec<RulePreview>, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, id))?;
    require_present(workspace, &version)?;
    if let Some(problem) = rules.iter().flat_map(Rule::problems).next() {
        return Err(StageError::usage(problem.to_string(), "Correct the rule"));
    }
    let table = super::report::stored_table(workspace, &version)?;
    let against = against.map(|id| workspace.read(|conn| datasets::version(conn, id))).transpose()?;
    let reference = against.as_ref().map(|v| super::report::stored_table(workspace, v)).transpose()?;
    let profile = workspace.read(|conn| datasets::profile(conn, id))?;
    let as_ref = |v: &'_ DatasetVersion| v.schema.clone();
    let reference_schema = against.as_ref().map(as_ref);
    let input = RulesInput {
        table: crate::data::columns::TableRef { schema: &version.schema, columns: &table },
        reference: reference
            .as_ref()
            .zip(reference_schema.as_ref())
            .map(|(columns, schema)| crate::data::columns::TableRef { schema, columns }),
        profile: Some(&profile),
    };
    let outcomes = rules::run(&input, rules, io)?;
    let preview = |(rule, outcome)| {
        let rows = super::quarantine::failing(rule, outcome);
        RulePreview {
            check: rules::findings(rule, outcome),
            failing: rows.as_ref().map(|rows| rows.len() as u64),
            rows: rows.into_iter().flatten().take(MOST_ROWS).map(|row| u64::from(row) + 1).collect(),
        }
    };
    Ok(rules.iter().zip(&outcomes).map(preview).collect())
}

/// Rows that a preview names; the table marks them.
const MOST_ROWS: usize = 10_000;

/// Changes the suite of a version's dataset so that a finding holds, and saves it.
pub fn accept(workspace: &Workspace, id: VersionId, finding: &Finding) -> Result<EditOutcome, StageError> {
    let (version, profile) = workspace.read(|conn| Ok((datasets::version(conn, id)?, datasets::profile(conn, id)?)))?;
    let before = workspace.read(|conn| suites::newest(conn, version.dataset_id))?;
    let mut suite = before.map_or_else(Suite::new, |saved| saved.suite);
    let label = version.label();
    let found = Found { label: &label, schema: &version.schema, profile: &profile };
    let said = suite::accept(&mut suite, finding, &found)
        .map_err(|why| StageError::usage(format!("{} cannot be accepted: {why}", name_of(finding)), ""))?;
    let saved = save(workspace, version.dataset_id, &suite, &format!("Accepted from {label}: {said}"))?;
    Ok(EditOutcome { said: format!("Accepted into the suite of {}: {said}", version.dataset), ..saved })
}

fn name_of(finding: &Finding) -> &str {
    finding.rule.as_deref().unwrap_or(&finding.code)
}

/// What differs between two check runs.
pub fn compare_checks(workspace: &Workspace, before: CheckRunId, after: CheckRunId) -> Result<CheckDiff, StageError> {
    let (before, after) = workspace.read(|conn| Ok((checks::get(conn, before)?, checks::get(conn, after)?)))?;
    Ok(CheckDiff::between(&before.report, &after.report))
}

/// How every rule and check of a dataset came out, run by run.
pub fn histories(workspace: &Workspace, dataset: DatasetId) -> Result<Vec<RuleHistory>, StageError> {
    Ok(rule_histories(&workspace.read(|conn| checks::of_dataset(conn, dataset))?))
}

fn log(tx: &Tx, saved: &SavedSuite, said: &str) -> Result<(), crate::store::StoreError> {
    let event = NewEvent {
        action: "saved".to_owned(),
        object_kind: ObjectKind::Dataset,
        object: format!("suite {} of {}", saved.number, saved.dataset),
        summary: if saved.note.is_empty() { said.to_owned() } else { format!("{said}. {}", saved.note) },
    };
    activity::append(tx, &event).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::random::Shuffler;
    use crate::domain::request::ImportRequest;
    use crate::lifecycle::ingest;

    /// From 0 up to 1.
    fn unit(random: &mut Shuffler) -> f64 {
        random.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    /// A column of one of many kinds, some of them hard to draft for: constants, crumbs of floats, huge numbers, gaps,
    /// dates, texts with letters of several bytes.
    fn cell(kind: u64, row: u64, random: &mut Shuffler) -> String {
        let u = unit(random);
        if kind.is_multiple_of(3) && u < 0.2 {
            return String::new();
        }
        match kind {
            0 => format!("{:.3}", u * 1e-3),
            1 => format!("{}", (u * 100.0) as i64 - 50),
            2 => format!("{:e}", (u - 0.5) * 1e12),
            3 => ["basic", "pro", "Łódź", "日本"][(u * 4.0) as usize].to_owned(),
            4 => format!("2025-{:02}-{:02}", (u * 12.0) as u64 + 1, row % 28 + 1),
            5 => format!("K{row:05}"),
            6 => ["yes", "no"][usize::from(u < 0.4)].to_owned(),
            7 => "7".to_owned(),
            8 => "ä€𝄞x".chars().cycle().take((u * 40.0) as usize + 1).collect(),
            9 => String::new(),
            10 => format!("{}", 0.1 + 0.2 * (u * 3.0).floor()),
            _ => format!("2025-01-{:02}T{:02}:30:00Z", row % 28 + 1, (u * 24.0) as u64),
        }
    }

    #[test]
    fn a_suite_drafted_from_a_table_passes_on_that_table() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("w")).unwrap();
        for seed in 0..24_u64 {
            let mut random = Shuffler::new(seed);
            let rows = [1, 2, 7, 60, 300][seed as usize % 5];
            let n_columns = 2 + seed % 9;
            let kinds: Vec<u64> = (0..n_columns).map(|_| (unit(&mut random) * 12.0) as u64).collect();
            let header: Vec<String> = kinds.iter().enumerate().map(|(i, kind)| format!("c{i}_{kind}")).collect();
            let mut text = format!("row,{}\n", header.join(","));
            for row in 0..rows {
                let cells: Vec<String> = kinds.iter().map(|kind| cell(*kind, row, &mut random)).collect();
                text.push_str(&format!("{row},{}\n", cells.join(",")));
            }
            let path = folder.path().join(format!("t{seed}.csv"));
            std::fs::write(&path, &text).unwrap();
            let version = ingest::ingest(&workspace, &ImportRequest::of(&path), &Silent).unwrap().version;
            let suite = draft(&workspace, &[version.id], None).unwrap();
            assert_eq!(Suite::read(&suite.print()).unwrap(), suite, "seed {seed}: it reads back as itself");
            let trial = trial(&workspace, version.dataset_id, &suite, &Wanted::default(), &Silent).unwrap();
            // The built-in checks have their own limits, which no table has to hold.
            let is_own =
                |b: &&BrokenRule| b.rule.starts_with("contract:") || suite.rules.iter().any(|r| r.id == b.rule);
            let broken: Vec<_> = trial.versions[0].broken.iter().filter(is_own).collect();
            assert!(broken.is_empty(), "seed {seed}: {broken:?}\n{text}");
        }
    }
}
