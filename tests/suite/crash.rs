//! The worker killed at many moments: what was acknowledged stays, what was unfinished never shows as finished.

use std::time::Duration;

use crate::sandbox::{Ran, Sandbox, customers};

/// Starts the command, kills it and its worker after `delay`, and looks at what is left.
fn kill_after(s: &Sandbox, args: &[&str], delay: Duration) {
    let mut child = s.spawn(args);
    std::thread::sleep(delay);
    kill_children(child.id());
    let _ = child.kill();
    let _ = child.wait();
}

/// SIGKILL for the direct children of a process: the worker of a command.
fn kill_children(parent: u32) {
    let Ok(list) = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")) else { return };
    for child in list.split_whitespace() {
        let _ = std::process::Command::new("kill").args(["-9", child]).status();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn kills_at_any_moment_lose_nothing_acknowledged() {
    let s = Sandbox::new();
    s.file("base.csv", &customers(3000, 5));
    s.json(&["import", "base.csv"]).ok();
    let mut acknowledged = 0;
    for round in 0..12_u64 {
        let delay = Duration::from_millis(15 + 37 * round);
        let name = format!("new{round}.csv");
        s.file(&name, &customers(2000, 100 + round));
        match round % 2 {
            0 => kill_after(&s, &["import", &name, "--json"], delay),
            _ => kill_after(&s, &["train", "base", "--target", "churned", "--json"], delay),
        }
        let known = s.json(&["datasets"]).ok()["datasets"].as_array().unwrap().len();
        assert!(known >= 1, "what was acknowledged first is still there");
        let done = s.json(&["import", &name]).ok();
        assert_eq!(done["rows"], 2000);
        acknowledged += 1;
    }
    let verified = s.json(&["verify"]).ok();
    assert_eq!(verified["ok"], true, "{verified:#}");
    let datasets = s.json(&["datasets"]).ok();
    assert_eq!(datasets["datasets"].as_array().unwrap().len(), 1 + acknowledged);
    for run in s.json(&["runs"]).ok()["runs"].as_array().unwrap() {
        let status = run["status"].as_str().unwrap();
        assert!(status != "running", "nobody runs any more: {run:#}");
        let has_metrics = run["metrics"]["test"].as_object().is_some_and(|m| !m.is_empty());
        assert_eq!(status == "completed", has_metrics, "{run:#}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_training_is_gone_on_with() {
    let s = Sandbox::new();
    s.file("base.csv", &customers(3000, 5));
    s.json(&["import", "base.csv"]).ok();
    let asked = ["train", "base", "--target", "churned", "--algorithm", "baseline", "--algorithm", "decision_tree"];
    for delay in [60, 150, 300, 600] {
        kill_after(&s, &[&asked[..], &["--json"]].concat(), Duration::from_millis(delay));
    }
    let runs = s.json(&["runs"]).ok();
    let groups: std::collections::BTreeSet<i64> =
        runs["runs"].as_array().unwrap().iter().filter_map(|run| run["group"].as_i64()).collect();
    for group in groups {
        let done = s.json(&["train", "--resume", &group.to_string()]).ok();
        let algorithms: Vec<&str> =
            done["runs"].as_array().unwrap().iter().map(|run| run["algorithm"].as_str().unwrap()).collect();
        assert_eq!(algorithms.len(), 2, "{done:#}");
        assert!(done["runs"].as_array().unwrap().iter().all(|run| run["status"] == "completed"), "{done:#}");
        // Whatever was finished before the kill is the same run still.
        let again = s.json(&["train", "--resume", &group.to_string()]).ok();
        let ids = |outcome: &serde_json::Value| {
            outcome["runs"].as_array().unwrap().iter().map(|run| run["run"].as_i64()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&again), ids(&done));
    }
    assert_eq!(s.json(&["verify"]).ok()["ok"], true);
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_says_why_its_worker_died() {
    let s = Sandbox::new();
    s.file("big.csv", &customers(60_000, 9));
    let child = s.spawn(&["train", "big.csv", "--target", "churned", "--json"]);
    // Wait until the worker exists, then kill only it.
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    for _ in 0..200 {
        if std::fs::read_to_string(&children).is_ok_and(|list| !list.trim().is_empty()) {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_children(child.id());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("killed"), "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_worker_out_of_memory_is_a_failed_job() {
    let s = Sandbox::new();
    s.file("small.csv", &customers(100, 4));
    s.json(&["import", "small.csv"]).ok();
    s.file("a.csv", &customers(300_000, 4));
    let mut import = s.command(&["import", "a.csv"]);
    // Room for the program, its stack and a little; not for the table.
    let ran = Ran::of(import.env("MODELWRIGHT_WORKER_MEMORY_MB", "400"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("out of memory"), "{}", ran.stderr);
    assert_eq!(s.json(&["verify"]).ok()["ok"], true);
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_command_ends_its_run_as_cancelled_and_leaves_no_worker() {
    let s = Sandbox::new();
    s.file("a.csv", &customers(20_000, 2));
    s.json(&["import", "a.csv"]).ok();
    let mut child = s.spawn(&["train", "a", "--target", "churned", "--folds", "50", "--json"]);
    let running = |s: &Sandbox| s.json(&["runs"]).json()["runs"].as_array().is_some_and(|runs| !runs.is_empty());
    let patience = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        running(&s)
    });
    assert!(patience, "a run starts");
    let workers = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(!child.wait().unwrap().success());
    let gone =
        |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "));
    let ended = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        workers.split_whitespace().all(gone)
    });
    assert!(ended, "worker {workers} lives on");
    let runs = s.json(&["runs"]).ok();
    let last = runs["runs"][0]["status"].as_str().unwrap();
    assert!(["cancelled", "interrupted"].contains(&last), "{runs:#}");
    assert_eq!(std::fs::read_dir(s.workspace().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_refused_file_leaves_nothing_in_the_workspace() {
    let s = Sandbox::new();
    s.file("broken.csv", "a,b\n1,2\n1,2,3\n");
    assert_eq!(s.json(&["import", "broken.csv"]).code, 1);
    for folder in ["objects", "tmp"] {
        assert_eq!(std::fs::read_dir(s.workspace().join(folder)).unwrap().count(), 0, "{folder}");
    }
}

#[test]
fn verify_says_no_to_a_history_that_will_not_open() {
    let s = Sandbox::new();
    s.file("a.csv", &customers(50, 1));
    s.json(&["import", "a.csv"]).ok();
    std::fs::write(s.workspace().join("history.sqlite"), "this was a database once, of some hundred bytes\n".repeat(9))
        .unwrap();
    let verified = s.json(&["verify"]);
    assert_eq!(verified.code, 3, "{}", verified.stderr);
    assert!(verified.json()["damaged"][0].as_str().unwrap().contains("history.sqlite"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_without_an_end_is_not_scored() {
    let s = Sandbox::new();
    s.file("a.csv", &customers(300, 1));
    s.json(&["train", "a.csv", "--target", "churned", "--algorithm", "baseline", "--folds", "0"]).ok();
    let ran = s.json(&["score", "1", "/dev/zero", "out.csv"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("not a file"), "{}", ran.stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_printed_is_no_success() {
    let s = Sandbox::new();
    s.file("a.csv", &customers(50, 1));
    s.json(&["import", "a.csv"]).ok();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let status = s.command(&["datasets", "--json"]).stdout(full).stderr(std::process::Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}
