//! Errors, panics, concurrency, and processes that die.

use super::*;

#[test]
fn an_error_or_a_panic_undoes_the_transaction_and_the_workspace_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    let failed = ws.write(|tx| {
        activity::append(tx, &event("a"))?;
        Err::<(), _>(StoreError::Cancelled(Cancelled))
    });
    assert!(matches!(failed, Err(StoreError::Cancelled(_))));
    let panicked = std::thread::scope(|scope| {
        let job = || {
            ws.write(|tx| -> Result<(), StoreError> {
                activity::append(tx, &event("b"))?;
                panic!("a bug in a job")
            })
        };
        std::thread::Builder::new().spawn_scoped(scope, job).unwrap().join().is_err()
    });
    assert!(panicked);
    assert!(ws.read(|c| activity::recent(c, 10)).unwrap().is_empty());
    ws.write(|tx| activity::append(tx, &event("c"))).unwrap();
    assert_eq!(ws.read(|c| activity::recent(c, 10)).unwrap().len(), 1);
    assert_clean(&ws);
}

#[test]
fn reading_cannot_write_and_nesting_is_an_error_not_a_deadlock() {
    let folder = tempfile::tempdir().unwrap();
    let ws = open(folder.path());
    assert!(ws.read(|c| Ok(c.execute("DELETE FROM settings", [])?)).is_err());
    let nested = ws.write(|_| ws.read(runs::all));
    assert!(matches!(nested, Err(StoreError::Nested)));
    assert!(ws.read(runs::all).is_ok());
}

#[test]
fn two_handles_writing_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let handles = [open(folder.path()), open(folder.path())];
    let before = handles[0].data_version().unwrap();
    std::thread::scope(|scope| {
        for (h, ws) in handles.iter().enumerate() {
            let write = move || {
                for i in 0..40 {
                    let name = format!("{h}-{i}");
                    ws.write(|tx| activity::append(tx, &event(&name))).unwrap();
                    ws.put_bytes(format!("shared {}", i % 5).as_bytes()).unwrap();
                }
            };
            std::thread::Builder::new().spawn_scoped(scope, write).unwrap();
        }
    });
    let events = handles[0].read(|c| activity::recent(c, 1000)).unwrap();
    let objects: std::collections::BTreeSet<&str> = events.iter().map(|e| e.event.object.as_str()).collect();
    assert_eq!((events.len(), objects.len()), (80, 80));
    assert_ne!(handles[0].data_version().unwrap(), before);
    assert_clean(&handles[0]);
}

#[test]
fn many_first_openings_at_once_make_one_workspace() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("ws");
    std::thread::scope(|scope| {
        for i in 0..8 {
            let root = &root;
            let open_and_write = move || {
                let ws = Workspace::open(root).unwrap();
                ws.write(|tx| activity::append(tx, &event(&i.to_string()))).unwrap();
            };
            std::thread::Builder::new().spawn_scoped(scope, open_and_write).unwrap();
        }
    });
    let ws = open(&root);
    assert_eq!(ws.read(|c| activity::recent(c, 100)).unwrap().len(), 8);
    assert_clean(&ws);
}

#[test]
fn a_run_whose_process_is_gone_is_interrupted_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (dead, alive, ws) = (open(folder.path()), open(folder.path()), open(folder.path()));
    let abandoned = start(&dead);
    let leftover = dead.temp_path().unwrap().keep().unwrap();
    let working = start(&alive);
    let in_use = alive.temp_path().unwrap();
    assert!(ws.sweep_interrupted().unwrap().is_empty());
    assert!(leftover.exists());

    drop(dead);
    assert_eq!(ws.sweep_interrupted().unwrap(), [abandoned]);
    let run = ws.read(|c| runs::get(c, abandoned)).unwrap();
    assert_eq!(run.status, RunStatus::Interrupted);
    assert!(run.problem.is_some() && run.ended_at_ms.is_some());
    assert_eq!(ws.read(|c| runs::get(c, working)).unwrap().status, RunStatus::Running);
    assert_eq!(ws.read(|c| activity::recent(c, 10)).unwrap()[0].event.action, "interrupted");
    assert!(!leftover.exists() && in_use.exists());
    let result = result(&alive);
    alive.write(|tx| runs::finish(tx, working, &result)).unwrap();
    assert!(ws.sweep_interrupted().unwrap().is_empty());
    assert_clean(&ws);
}

/// The environment variable that hands a workspace to [`write_until_killed`].
const VICTIM: &str = "MODELWRIGHT_TEST_VICTIM";

#[test]
#[ignore = "the other half of the next test, which starts it as a process"]
fn write_until_killed() {
    let Some(root) = std::env::var_os(VICTIM) else { return };
    let ws = open(Path::new(&root));
    for i in 0.. {
        let version = add_version(&ws, "people", format!("row {i}").as_bytes());
        let plan = plan(&ws, &version);
        let run = ws.write(|tx| runs::start(tx, &plan)).unwrap();
        let result = result(&ws);
        ws.write(|tx| {
            runs::finish(tx, run, &result)?;
            activity::append(tx, &event(&version.label()))
        })
        .unwrap();
        println!("ACK {run}");
    }
}

#[test]
fn killed_processes_lose_nothing_acknowledged_and_leave_nothing_running() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for acks_before_kill in [1, 3, 2, 7, 4] {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "store::processes::write_until_killed"])
            .env(VICTIM, folder.path())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acks =
            lines.map_while(Result::ok).filter_map(|line| line.split_once("ACK ").map(|(_, run)| run.to_owned()));
        acknowledged.extend(acks.take(acks_before_kill));
        child.kill().unwrap();
        child.wait().unwrap();

        let ws = open(folder.path());
        ws.sweep_interrupted().unwrap();
        assert_clean(&ws);
        let stored = ws.read(runs::all).unwrap();
        assert!(stored.iter().all(|run| run.status != RunStatus::Running));
        for ack in &acknowledged {
            let run = stored.iter().find(|run| run.id.to_string() == *ack).unwrap();
            assert_eq!(run.status, RunStatus::Completed);
        }
        assert!(names(&folder.path().join("tmp")).is_empty());
        assert_eq!(names(&folder.path().join("locks")).len(), 1, "only the lock of the open workspace");
    }
    assert_eq!(acknowledged.len(), 17);
}

#[test]
fn whoever_only_reads_changes_nothing_for_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let window = open(folder.path());
    window.write(|tx| activity::append(tx, &event("a"))).unwrap();
    let before = window.data_version().unwrap();
    let reader = open(folder.path());
    assert_eq!(reader.read(|c| activity::recent(c, 10)).unwrap().len(), 1);
    drop(reader);
    assert_eq!(window.data_version().unwrap(), before);
}
