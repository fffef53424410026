//! Damage of every kind is found and named.

use super::*;

#[test]
fn a_healthy_workspace_verifies_and_leftover_objects_are_only_counted() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    ws.put_bytes(b"of a job that never finished").unwrap();
    let report = ws.verify(&Silent).unwrap();
    assert!(report.ok);
    // 10 records with one row each, 2 suites, 2 gates, an override and a sign-off, 3 events, 6 objects in use and one that is not.
    assert_eq!((report.checked, report.unreferenced), (10 + 6 + 3 + 7, 1));
}

#[test]
fn verify_names_altered_records() {
    let cases = [
        ("UPDATE datasets SET created_at_ms = created_at_ms + 1", "dataset 1"),
        ("UPDATE dataset_versions SET rows = 3", "dataset version 1"),
        ("UPDATE profiles SET profile = replace(profile, '2', '3')", "profile of dataset version 1"),
        ("UPDATE check_runs SET passed = 0", "check run 1"),
        ("UPDATE runs SET target = 'age'", "run 1"),
        ("UPDATE runs SET digest = upper(digest)", "run 1"),
        ("UPDATE run_metrics SET value = 0.99 WHERE part = 'test' AND metric = 'accuracy'", "run 1"),
        ("DELETE FROM metric_points WHERE step = 1", "run 1"),
        ("UPDATE models SET created_at_ms = 0", "model 1"),
        ("UPDATE bundles SET golden_max_abs_diff = 0", "bundle 1"),
        ("UPDATE drift_reports SET dataset_drift = 1", "drift report 1"),
        ("UPDATE settings SET value = '6'", "setting 1"),
    ];
    for (sql, what) in cases {
        assert_eq!(damaged_by(sql), [what], "{sql}");
    }
}

#[test]
fn verify_names_removed_records() {
    assert_eq!(damaged_by("DELETE FROM bundles"), ["bundle 1"]);
    assert_eq!(damaged_by("DELETE FROM profiles"), ["profile of dataset version 1"]);
    assert_eq!(damaged_by("DELETE FROM models"), ["model 1", "model of run 1"]);
}

#[test]
fn events_can_be_neither_changed_nor_removed_nor_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    for sql in [
        "UPDATE events SET who = 'nobody'",
        "DELETE FROM events WHERE id = 2",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE id = 1",
    ] {
        let inside = ws.write(|tx| Ok(tx.execute(sql, [])?)).unwrap_err();
        assert!(inside.to_string().contains("append-only"), "{sql}: {inside}");
        assert!(raw(folder.path()).execute_batch(sql).is_err(), "{sql}");
    }
}

#[test]
fn an_event_removed_by_force_breaks_the_chain() {
    let disarm = "DROP TRIGGER events_are_never_removed; DROP TRIGGER events_are_never_changed;";
    let after = |sql: &str| {
        let mut damaged = damaged_by(&format!("{disarm} {sql}"));
        assert_eq!(damaged.drain(..2).collect::<Vec<_>>(), ["history.sqlite", "history.sqlite"]);
        damaged
    };
    assert_eq!(after("DELETE FROM events WHERE id = 2"), ["activity entry 2", "activity entry 3"]);
    assert_eq!(after("DELETE FROM events WHERE id = 3"), ["activity entry 3"]);
    assert_eq!(after("UPDATE events SET who = 'nobody' WHERE id = 1"), ["activity entry 1"]);
    // Renumbering hides the gap, not the break.
    let renumbered = "DELETE FROM events WHERE id = 2; UPDATE events SET id = 2 WHERE id = 3; \
                      UPDATE sqlite_sequence SET seq = 2 WHERE name = 'events';";
    assert_eq!(after(renumbered), ["activity entry 2"]);
}

#[test]
fn verify_names_damaged_and_missing_objects_and_who_needs_them() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    fill(&ws);
    let model = ws.put_bytes(MODEL).unwrap();
    let table = ws.put_bytes(TABLE).unwrap();
    let stray = ws.put_bytes(b"stray").unwrap();
    let mut bytes = MODEL.to_vec();
    bytes[0] ^= 0x80;
    fs::write(ws.object_path(&model), bytes).unwrap();
    fs::remove_file(ws.object_path(&table)).unwrap();
    fs::write(ws.object_path(&stray), b"strax").unwrap();
    let mut damaged: Vec<String> = ws.verify(&Silent).unwrap().damaged.into_iter().map(|d| d.what).collect();
    damaged.sort();
    let mut expected = [
        format!("object {model} (model of run 1)"),
        format!("object {table} (table of dataset version 1)"),
        format!("object {stray}"),
    ];
    expected.sort();
    assert_eq!(damaged, expected);
}

#[test]
fn a_damaged_record_is_not_sealed_as_good_by_a_later_change() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let run = fill(&ws);
    raw(folder.path()).execute_batch("UPDATE runs SET target = 'age'").unwrap();
    let error = ws.write(|tx| runs::hide(tx, run, true)).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn flipped_bits_anywhere_in_the_history_are_found_or_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(&folder.path().join("ws"));
    fill(&ws);
    drop(ws);
    let file = folder.path().join("ws/history.sqlite");
    let good = fs::read(&file).unwrap();
    let dump = || {
        let ws = Workspace::open_existing(&folder.path().join("ws"))?;
        let report = ws.verify(&Silent)?;
        let content = ws.read(|c| {
            let events = activity::recent(c, 100)?;
            Ok(format!(
                "{:?}{:?}{:?}{:?}{events:?}",
                datasets::all(c)?,
                runs::all(c)?,
                checks::all(c)?,
                bundles::all(c)?
            ))
        })?;
        Ok::<_, StoreError>((report.ok, content))
    };
    let (_, truth) = dump().unwrap();
    // A fixed walk over the file: every 997th byte, another bit each time.
    for (turn, at) in (0..good.len()).step_by(997).enumerate() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (turn % 8);
        for side in ["history.sqlite-wal", "history.sqlite-shm", "history.sqlite-journal"] {
            let _ = fs::remove_file(folder.path().join("ws").join(side));
        }
        fs::write(&file, &bytes).unwrap();
        if let Ok((true, content)) = dump() {
            assert_eq!(content, truth, "bit {} of byte {at} changed something unnoticed", turn % 8);
        }
    }
}
