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
    s.file("a.csv", &customers(300_000, 4));
    let mut import = s.command(&["import", "a.csv"]);
    // Room for the program, its stack and a little; not for the table.
    let ran = Ran::of(import.env("MODELWRIGHT_WORKER_MEMORY_MB", "345"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("out of memory"), "{}", ran.stderr);
    assert_eq!(s.json(&["verify"]).ok()["ok"], true);
}
