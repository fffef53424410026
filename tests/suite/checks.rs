//! Suites, gates, quarantine and sign-off through the command line.

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, customers};

fn with_customers() -> Sandbox {
    let s = Sandbox::new();
    s.file("c.csv", &customers(400, 7));
    s.json(&["import", "c.csv", "--name", "c"]).ok();
    s
}

/// As `c`, but the first ten rows have a tenure of 900 and five a plan that nobody has.
fn spoiled(seed: u64) -> String {
    let text = customers(400, seed);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (i, line) in lines.iter_mut().enumerate().skip(1).take(15) {
        let mut cells: Vec<&str> = line.split(',').collect();
        if i <= 10 {
            cells[1] = "900";
        } else {
            cells[3] = "golden";
        }
        *line = cells.join(",");
    }
    lines.join("\n") + "\n"
}

fn version_of(s: &Sandbox, data: &str) -> Value {
    s.json(&["profile", data]).ok()["version"].clone()
}

fn verified(s: &Sandbox) {
    let report = s.json(&["verify"]).ok();
    assert_eq!(report["ok"], true, "{report:#}");
}

#[test]
fn the_catalogue_of_checks_is_listed() {
    let s = Sandbox::new();
    let listed = s.json(&["check", "--list"]).ok();
    let codes: Vec<&str> = listed["checks"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"MISSING_VALUES") && codes.contains(&"TRAIN_TEST_OVERLAP"), "{codes:?}");
    assert_eq!(s.json(&["check"]).code, 2, "a dataset or --list");
}

#[test]
fn a_check_is_saved_as_a_page_json_and_junit() {
    let s = with_customers();
    let words = ["check", "c", "--html", "r.html", "--junit", "r.xml", "--report", "r.json"];
    let run = s.json(&words).ok();
    assert!(fs::read_to_string(s.path("r.html")).unwrap().contains("<title>Checks of c@1</title>"));
    let cases = fs::read_to_string(s.path("r.xml")).unwrap().matches("<testcase ").count();
    let saved: Value = serde_json::from_slice(&fs::read(s.path("r.json")).unwrap()).unwrap();
    assert_eq!(saved["report"]["checks"].as_array().unwrap().len(), cases);
    assert_eq!(saved["id"], run["check_run"]);
    assert_eq!(s.json(&["check", "c", "--html", "nowhere/r.html"]).code, 1);
    assert_eq!(s.json(&["check", "c", "--fail-on", "info"]).code, 2);
}

#[test]
fn a_warning_fails_a_check_that_asks_for_it() {
    let s = Sandbox::new();
    let mut text = String::from("a,b\n");
    (0..100).for_each(|i| text.push_str(&format!("{},{}\n", i % 7, if i % 10 < 6 { "" } else { "x" })));
    s.file("gaps.csv", &text);
    assert_eq!(s.json(&["check", "gaps.csv"]).code, 0);
    let strict = s.json(&["check", "gaps", "--fail-on", "warning"]);
    assert_eq!((strict.code, &strict.json()["passed"]), (3, &json!(true)));
}

#[test]
fn a_drafted_suite_passes_where_it_came_from_and_fails_on_spoiled_rows() {
    let s = with_customers();
    let draft = s.json(&["suite", "draft", "c", "--target", "churned", "--save", "--out", "s.json"]).ok();
    assert!(draft["rules"].as_array().unwrap().iter().all(|r| r["origin"].is_string()), "{draft:#}");
    let columns = draft["contract"]["columns"].as_array().unwrap();
    assert!(columns.iter().all(|c| c["origin"].as_str().unwrap().contains("as in c@1")), "{draft:#}");
    assert_eq!(columns.last().unwrap()["only_in"], "train");
    let check = s.json(&["check", "c"]).ok();
    assert!(check["findings"].as_array().unwrap().iter().all(|f| f["rule"].is_null()), "{check:#}");
    assert_eq!(check["suite"], 1);

    s.file("d.csv", &spoiled(8));
    s.json(&["import", "d.csv", "--name", "c"]).ok();
    let red = s.json(&["check", "c"]);
    assert_eq!(red.code, 3);
    let red = red.json();
    let found = |rule: &str| red["findings"].as_array().unwrap().iter().find(|f| f["rule"] == rule).cloned().unwrap();
    assert_eq!(found("contract:range:tenure")["count"], 10);
    assert_eq!(found("contract:range:tenure")["rows"], json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    assert_eq!(found("contract:values:plan")["count"], 5);

    let tested = s.json(&["suite", "test", "c"]).ok();
    assert_eq!(tested["said"], "Would have failed on version 2");
    let one = s.json(&["suite", "test", "c", "--rule", "contract:not-null:tenure"]).ok();
    assert_eq!(one["said"], "Would have passed on all 2 versions");
    assert_eq!(s.json(&["suite", "test", "c", "--rule", "nope"]).code, 2);

    // Both are the new normal.
    s.json(&["suite", "accept", "c", "contract:range:tenure"]).ok();
    s.json(&["suite", "accept", "c", "contract:values:plan"]).ok();
    assert_eq!(s.json(&["suite", "accept", "c", "nope"]).code, 2);
    let now = s.json(&["check", "c"]);
    let left: Vec<Value> = now.json()["findings"].as_array().unwrap().iter().map(|f| f["rule"].clone()).collect();
    assert!(!left.contains(&json!("contract:range:tenure")) && !left.contains(&json!("contract:values:plan")));
    let states = s.json(&["suite", "history", "c"]).ok();
    assert_eq!(states["states"].as_array().unwrap().len(), 3);
    assert!(states["states"][0]["note"].as_str().unwrap().starts_with("Accepted from c@2"), "{states:#}");
    assert_eq!(s.json(&["suite", "show", "c", "--state", "1"]).ok()["state"], 1);
    assert_eq!(s.json(&["suite", "show", "c", "--state", "9"]).code, 2);
    verified(&s);
}

#[test]
fn suites_go_out_and_come_in_as_files() {
    let s = with_customers();
    assert_eq!(s.json(&["suite", "show", "c"]).code, 2, "there is none yet");
    s.json(&["suite", "draft", "c", "--save"]).ok();
    s.json(&["suite", "export", "c", "--out", "s.json"]).ok();
    let kept = s.json(&["suite", "save", "c", "s.json", "--note", "once more"]).ok();
    assert_eq!(kept["state"], 2);
    s.file("broken.json", "{\"format_version\": 1, \"rules\": [{\"id\": \"x\"}]}");
    let refused = s.json(&["suite", "save", "c", "broken.json"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("broken.json is no suite"), "{}", refused.stderr);
    s.file("d.csv", &spoiled(9));
    s.json(&["import", "d.csv", "--name", "other"]).ok();
    assert_eq!(s.json(&["check", "other", "--suite", "s.json"]).code, 3);
    assert_eq!(s.json(&["check", "other"]).code, 0, "it has no suite of its own");
}

#[test]
fn check_runs_are_compared_and_followed() {
    let s = with_customers();
    s.json(&["suite", "draft", "c", "--save"]).ok();
    let first = s.json(&["check", "c"]).ok()["check_run"].to_string();
    s.file("d.csv", &spoiled(8));
    s.json(&["import", "d.csv", "--name", "c"]).ok();
    let second = s.json(&["check", "c"]).json()["check_run"].to_string();
    let diff = s.json(&["checks", "diff", &first, &second]).ok();
    let new: Vec<&str> = diff["new"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(new.contains(&"contract:range:tenure") && new.contains(&"contract:values:plan"), "{diff:#}");
    assert_eq!(s.json(&["checks", "diff", &first, "99"]).code, 2);
    let history = s.json(&["checks", "history", "c", "--rule", "contract:range:tenure"]).ok();
    let points = history["rules"][0]["points"].as_array().unwrap().clone();
    assert_eq!(points.len(), 2);
    assert_eq!((&points[0]["count"], &points[1]["count"]), (&json!(0), &json!(10)));
}

#[test]
fn gates_stop_training_export_scoring_and_publishing() {
    let s = with_customers();
    s.json(&["suite", "draft", "c", "--target", "churned", "--save"]).ok();
    let train = ["train", "c", "--target", "churned", "--algorithm", "naive_bayes", "--folds", "0"];
    let run = s.json(&train).ok()["best"].to_string();
    for (act, needs) in
        [("train", "no-errors"), ("register", "sign-off"), ("score", "no-errors"), ("publish", "checked")]
    {
        s.json(&["gates", "add", act, needs]).ok();
    }
    assert_eq!(s.json(&["gates", "add", "train", "no-errors"]).code, 2, "it is there already");
    assert_eq!(s.json(&["gates", "add", "train", "luck"]).code, 2);
    s.json(&train).ok();

    let export = ["export", run.as_str(), "--out", "m.zip"];
    let refused = s.json(&export);
    assert_eq!(refused.code, 3);
    let said = refused.json()["error"].clone();
    assert!(said["details"].as_str().unwrap().contains("gate 2: registering a model needs a sign-off"), "{said:#}");
    assert!(said["hint"].as_str().unwrap().contains("--override REASON"), "{said:#}");
    assert!(!s.path("m.zip").exists());
    let mut sign = vec!["sign-off", "c", "--objective", "yes", "--fit", "yes", "--assumptions", "unsure"];
    sign.extend(["--adversarial", "yes"]);
    assert_eq!(s.json(&sign).code, 2, "unsure needs a sentence");
    sign[7] = "unsure: nobody knows who was left out";
    s.json(&sign).ok();
    let refused = s.json(&export);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("unsure to assumptions"), "{}", refused.stderr);
    sign[7] = "yes: only customers of 2025";
    assert_eq!(s.json(&sign).ok()["sign_offs"].as_array().unwrap().len(), 2);
    s.json(&export).ok();

    s.file("d.csv", &spoiled(8));
    s.json(&["import", "d.csv", "--name", "c"]).ok();
    let red = s.json(&train);
    assert_eq!(red.code, 3);
    assert!(red.stderr.contains("c@2 does not pass a gate before training"), "{}", red.stderr);
    assert_eq!(s.json(&["tag", "add", "c@2", "good"]).code, 0, "the train gate has checked c@2");
    let scored = s.json(&["score", &run, "d.csv", "out.csv"]);
    assert_eq!(scored.code, 3);
    assert!(!s.path("out.csv").exists());
    assert_eq!(s.json(&["score", &run, "c.csv", "out.csv"]).code, 0);

    let mut forced = train.to_vec();
    forced.extend(["--override", "a trial of the new plan"]);
    s.json(&forced).ok();
    let mut empty = train.to_vec();
    empty.extend(["--override", " "]);
    assert_eq!(s.json(&empty).code, 2, "a reason is asked for");
    let listed = s.json(&["gates", "list"]).ok();
    assert_eq!(listed["overrides"][0]["reason"], "a trial of the new plan");
    assert_eq!(listed["overrides"][0]["subject"], "c@2");
    let stands = s.json(&["gates", "list", "c@2", "--target", "churned"]);
    assert_eq!((stands.code, &stands.json()["green"]), (3, &json!(false)));
    for gate in ["1", "2", "3", "4"] {
        s.json(&["gates", "remove", gate]).ok();
    }
    assert_eq!(s.json(&["gates", "remove", "1"]).code, 2);
    s.json(&train).ok();
    verified(&s);
}

#[test]
fn a_red_commit_gate_keeps_a_version_on_the_quarantine_branch() {
    let s = with_customers();
    s.json(&["suite", "draft", "c", "--save"]).ok();
    s.json(&["gates", "add", "commit", "no-errors", "--dataset", "c"]).ok();
    s.file("d.csv", &spoiled(8));
    let refused = s.json(&["import", "d.csv", "--name", "c"]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("c@2 waits on the branch quarantine"), "{}", refused.stderr);
    assert_eq!((version_of(&s, "c"), version_of(&s, "c@quarantine")), (json!(1), json!(2)));
    s.file("e.csv", &customers(400, 9));
    s.json(&["import", "e.csv", "--name", "c"]).ok();
    assert_eq!(version_of(&s, "c"), 3, "a good one goes through");
    let listed = s.json(&["versions", "c"]).ok();
    assert_eq!(listed["versions"][0]["parent"], "c@1", "not the one that waits");
    assert_eq!(s.json(&["import", "d.csv", "--name", "other"]).code, 0, "the gate is only for c");
    s.file("f.csv", &spoiled(10));
    s.json(&["import", "f.csv", "--name", "c", "--override", "the plan is new"]).ok();
    assert_eq!(version_of(&s, "c"), 4);
    verified(&s);
}

#[test]
fn a_stopped_version_comes_in_by_no_other_door() {
    let s = with_customers();
    s.json(&["suite", "draft", "c", "--save"]).ok();
    s.json(&["gates", "add", "commit", "no-errors"]).ok();
    let refused = s.json(&["label", "c", "--column", "tenure", "--set", "1=99999"]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains("c@2 waits on the branch quarantine"), "{}", refused.stderr);
    assert_eq!(s.json(&["set-kind", "c", "plan", "text"]).code, 3, "the contract says what it is");
    assert_eq!((version_of(&s, "c"), version_of(&s, "c@quarantine")), (json!(1), json!(3)));
    for door in [["publish", "c@2"], ["publish", "c@quarantine"], ["revert", "c@2"]] {
        assert_eq!(s.json(&door).code, 3, "{door:?}");
    }
    s.json(&["label", "c", "--column", "tenure", "--set", "1=12"]).ok();
    assert_eq!(version_of(&s, "c"), 4);
    s.json(&["revert", "c@1"]).ok();
    s.json(&["publish", "c@2", "--override", "an unusual customer"]).ok();
    assert_eq!(version_of(&s, "c"), 2);
    verified(&s);
}

#[test]
fn labels_that_look_wrong_are_listed_corrected_and_dropped() {
    let s = Sandbox::new();
    let mut text = String::from("x,z,y\n");
    for i in 0..600 {
        // Every number once, in no order; the label follows from the first, but for twelve rows.
        let (x, z) = (i * 37 % 600, i * 91 % 600);
        let y = if (x > 300) != (i % 50 == 7) { "up" } else { "down" };
        text.push_str(&format!("{x}.5,{z}.5,{y}\n"));
    }
    text.push_str("1.5,2.5,down\n1.5,2.5,up\n1.5,2.5,down\n");
    s.file("t.csv", &text);
    s.json(&["import", "t.csv", "--name", "t"]).ok();
    let list = ["suspects", "t", "--target", "y"];
    let found = s.json(&[&list[..], &["--out", "list.csv"]].concat()).ok();
    let rows = found["rows"].as_array().unwrap().clone();
    let of = |what: &str| rows.iter().filter(|r| r["objection"] == what).cloned().collect::<Vec<Value>>();
    let planted = of("suspect").iter().filter(|r| (r["row"].as_u64().unwrap() - 1) % 50 == 7).count();
    assert!(planted >= 9, "{found:#}");
    let alike: Vec<Value> = of("conflict").iter().map(|r| json!([r["row"], r["suggested"]])).collect();
    assert_eq!(alike, [json!([601, "down"]), json!([602, "down"]), json!([603, "down"])]);
    let saved = fs::read_to_string(s.path("list.csv")).unwrap();
    assert_eq!(saved.lines().count(), rows.len() + 1);
    assert_eq!(s.json(&[&list[..], &["--drop", "9999"]].concat()).code, 2);

    let dropped = s.json(&[&list[..], &["--only", "conflict", "--drop", "all", "--note", "twins"]].concat()).ok();
    assert_eq!(dropped["kept"], json!({ "dataset": "t@2", "rows": 602 }));
    assert_eq!(dropped["by_rule"], json!([{ "rule": "conflict:y", "rows": 1 }]));
    let versions = s.json(&["versions", "t"]).ok();
    let notes: Vec<&Value> = versions["versions"].as_array().unwrap().iter().map(|v| &v["note"]).collect();
    assert!(notes.contains(&&json!("twins")), "{versions:#}");
    let corrected = s.json(&[&list[..], &["--relabel", "all"]].concat()).ok();
    assert_eq!((&corrected["version"], &corrected["without_suggestion"]), (&json!(3), &json!(0)));
    let left = s.json(&["suspects", "t@3", "--target", "y"]).ok();
    assert!(left["rows"].as_array().unwrap().len() < rows.len() / 3, "{left:#}");
    verified(&s);
}

#[test]
fn broken_rows_are_set_aside_and_the_rest_is_published() {
    let s = with_customers();
    assert_eq!(s.json(&["quarantine", "c"]).code, 2, "without a suite");
    s.json(&["suite", "draft", "c", "--save"]).ok();
    let none = s.json(&["quarantine", "c"]).ok();
    assert_eq!((&none["kept"], &none["quarantined"]), (&Value::Null, &Value::Null));
    s.file("d.csv", &spoiled(8));
    s.json(&["import", "d.csv", "--name", "c"]).ok();
    s.json(&["gates", "add", "publish", "no-errors"]).ok();
    assert_eq!(s.json(&["quarantine", "c@2", "--branch", "main"]).code, 2);
    let parted = s.json(&["quarantine", "c@2"]).ok();
    assert_eq!(parted["kept"], json!({ "dataset": "c@3", "rows": 385 }));
    assert_eq!(parted["quarantined"], json!({ "dataset": "c-quarantine@1", "rows": 15 }));
    assert_eq!(version_of(&s, "c"), 2, "main stays until it is published");
    assert_eq!(version_of(&s, "c@clean"), 3);
    let aside = s.json(&["rows", "c-quarantine", "--columns", "tenure,plan,broken_rules", "--count", "50"]).ok();
    assert_eq!(aside["data"][0]["values"]["broken_rules"], "contract:range:tenure", "{aside:#}");
    assert_eq!(aside["data"][14]["values"]["plan"], "golden");
    assert_eq!(s.json(&["publish", "c@2"]).code, 3);
    let said = s.json(&["publish", "c@clean"]).ok();
    assert_eq!(said["said"], "Published c@3: main leads to it now");
    assert_eq!(version_of(&s, "c"), 3);
    s.json(&["publish", "c@2", "--override", "for the record"]).ok();
    assert_eq!(version_of(&s, "c"), 2);
    verified(&s);
}
