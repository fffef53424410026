//! What is stored comes back; what cannot be stored is refused.

use super::*;

#[test]
fn what_was_stored_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let id = fill(&ws);
    let expected = result(&ws);
    let run = ws.read(|c| runs::get(c, id)).unwrap();
    assert_eq!((run.metrics.clone(), run.timings), (expected.metrics, expected.timings));
    assert_eq!((run.model_hash.clone(), run.warnings.len()), (Some(expected.model_hash), 1));
    assert_eq!((run.plan.seed, run.plan.dataset.as_str()), (u64::MAX, "people@1"));
    assert!(run.ended_at_ms >= Some(run.started_at_ms));
    assert_eq!(ws.read(runs::all).unwrap(), [run]);
    assert_eq!(ws.read(|c| runs::points(c, id)).unwrap(), [point(0, 0.4), point(1, 0.5)]);
    assert_eq!(ws.read(|c| settings::get::<u32>(c, "folds")).unwrap(), Some(5));
    assert_eq!(ws.read(|c| settings::get::<u32>(c, "none")).unwrap(), None);
    let bundle = ws.read(bundles::all).unwrap().remove(0);
    assert_eq!((bundle.golden_max_abs_diff, bundle.files.len()), (1e-9, 1));
    assert_eq!(ws.read(drift::all).unwrap()[0].reference, "people@1");
    assert_eq!(ws.read(checks::all).unwrap()[0].dataset, "people@1");
    let log = ws.read(|c| activity::recent(c, 2)).unwrap();
    assert_eq!(log.iter().map(|e| e.event.object.as_str()).collect::<Vec<_>>(), ["people.zip", "run 1"]);
    assert!(!log[0].who.is_empty());
}

#[test]
fn versions_count_up_and_are_found_by_name_number_and_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let first = add_version(&ws, "b", b"one");
    let second = add_version(&ws, "b", b"two");
    add_version(&ws, "a", b"one");
    let labels = |list: Vec<DatasetVersion>| list.iter().map(DatasetVersion::label).collect::<Vec<_>>();
    assert_eq!(labels(ws.read(datasets::all).unwrap()), ["a@1", "b@1", "b@2"]);
    ws.read(|c| {
        assert_eq!(datasets::find(c, "b", None)?, Some(second.clone()));
        assert_eq!(datasets::find(c, "b", Some(1))?, Some(first.clone()));
        assert_eq!(datasets::find(c, "b", Some(3))?, None);
        assert_eq!(datasets::by_source(c, "b", &first.source_hash)?, Some(first.clone()));
        assert_eq!(datasets::profile(c, first.id)?.rows, 2);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_hidden_dataset_comes_back_when_asked_or_imported_again() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let version = add_version(&ws, "people", SOURCE);
    let hide = |hidden| ws.write(|tx| datasets::hide_dataset(tx, version.dataset_id, hidden)).unwrap();
    hide(true);
    assert!(ws.read(datasets::all).unwrap().is_empty());
    assert_eq!(ws.read(|c| datasets::by_source(c, "people", &version.source_hash)).unwrap(), None);
    hide(false);
    assert_eq!(ws.read(datasets::all).unwrap(), std::slice::from_ref(&version));
    hide(true);
    assert_eq!(add_version(&ws, "people", SOURCE), version);
    assert_eq!(ws.read(datasets::all).unwrap(), [version]);
    assert_clean(&ws);
}

#[test]
fn a_renamed_dataset_is_renamed_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = fill(&ws);
    let other = add_version(&ws, "other", b"x");
    let id = ws.read(|c| datasets::find(c, "people", None)).unwrap().unwrap().dataset_id;
    let taken = ws.write(|tx| datasets::rename_dataset(tx, id, "other")).unwrap_err();
    assert!(matches!(taken, StoreError::NameTaken { .. }), "{taken}");
    assert!(ws.write(|tx| datasets::rename_dataset(tx, id, "two\nlines")).is_err());
    ws.write(|tx| datasets::rename_dataset(tx, id, "customers")).unwrap();
    ws.write(|tx| datasets::rename_dataset(tx, other.dataset_id, "other")).unwrap();
    assert_eq!(ws.read(|c| runs::get(c, run)).unwrap().plan.dataset, "customers@1");
    assert_clean(&ws);
}

#[test]
fn a_missing_id_says_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let error = ws.read(|c| runs::get(c, RunId(12))).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }));
    assert_eq!(error.to_string(), "there is no run 12");
}

#[test]
fn a_document_that_cannot_be_read_names_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = fill(&ws);
    raw(folder.path()).execute_batch("UPDATE runs SET plan = '{' || plan").unwrap();
    let error = ws.read(|c| runs::get(c, run)).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what, .. } if what == "run 1"), "{error}");
}

#[test]
fn a_metric_that_is_not_a_number_is_refused_and_the_run_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = start(&ws);
    let mut result = result(&ws);
    result.metrics.test.insert("log_loss".into(), f64::NAN);
    let error = ws.write(|tx| runs::finish(tx, run, &result)).unwrap_err();
    assert!(error.to_string().contains("test log_loss of run 1"), "{error}");
    assert_eq!(ws.read(|c| runs::get(c, run)).unwrap().status, RunStatus::Running);
    assert_clean(&ws);
}

#[test]
fn a_run_ends_once() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = start(&ws);
    ws.write(|tx| runs::end(tx, run, RunStatus::Failed, "Out of memory")).unwrap();
    let result = result(&ws);
    let error = ws.write(|tx| runs::finish(tx, run, &result)).unwrap_err();
    assert!(matches!(error, StoreError::RunEnded { status: RunStatus::Failed, .. }), "{error}");
    let stored = ws.read(|c| runs::get(c, run)).unwrap();
    assert_eq!((stored.problem.as_deref(), stored.model_hash), (Some("Out of memory"), None));
    ws.write(|tx| runs::hide(tx, run, true)).unwrap();
    assert!(ws.read(runs::all).unwrap().is_empty());
    assert_clean(&ws);
}
