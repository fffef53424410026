//! The command line on real files: the fields scripts rely on, the exit codes, and what lands where.

use serde_json::Value;

use crate::sandbox::{Sandbox, customers};

fn strings(value: &Value, key: &str) -> Vec<String> {
    value.as_array().unwrap().iter().map(|v| v[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// What is trained for classes unless somebody chooses.
const USUAL: [&str; 7] =
    ["baseline", "logistic", "naive_bayes", "decision_tree", "gradient_boosting", "random_forest", "extra_trees"];

#[test]
fn the_whole_life_works_headless() {
    let s = Sandbox::new();
    s.file("jan.csv", &customers(1500, 1));
    s.file("feb.csv", &customers(800, 2));

    let imported = s.json(&["import", "jan.csv"]).ok();
    assert_eq!(imported["dataset"], "jan");
    assert_eq!(imported["version"], 1);
    assert_eq!(imported["rows"], 1500);
    assert_eq!(imported["new"], true);
    let kinds = strings(&imported["columns"], "kind");
    assert_eq!(kinds[0], "identifier");
    assert_eq!(kinds[2], "numeric");
    assert_eq!(kinds[3], "categorical");
    assert_eq!(kinds[5], "boolean");
    assert_eq!(s.json(&["import", "jan.csv"]).ok()["new"], false, "the same bytes make no new version");

    let checked = s.json(&["check", "jan", "--target", "churned"]).ok();
    assert_eq!(checked["passed"], true, "{checked:#}");

    let trained = s.json(&["train", "jan", "--target", "churned", "--folds", "3", "--seed", "7"]).ok();
    assert_eq!(strings(&trained["runs"], "algorithm"), USUAL);
    assert!(strings(&trained["runs"], "status").iter().all(|s| s == "completed"), "{trained:#}");
    let logistic = &trained["runs"][1];
    let by_folds = |run: &Value| run["metrics"]["cv"]["roc_auc"].as_f64().unwrap();
    let runs = trained["runs"].as_array().unwrap();
    let best = runs.iter().max_by(|a, b| by_folds(a).total_cmp(&by_folds(b))).unwrap();
    assert_eq!(trained["best"], best["run"]);
    let auc = logistic["metrics"]["test"]["roc_auc"].as_f64().unwrap();
    assert!(auc > 0.8, "the signal is planted: {auc}");
    assert_eq!(trained["runs"][0]["metrics"]["test"]["roc_auc"], 0.5, "a baseline knows nothing");
    let run = logistic["run"].to_string();

    let split = s.json(&["split", &run]).ok();
    let (train, test) = (split["train"].as_array().unwrap().len(), split["test"].as_array().unwrap().len());
    assert_eq!(train + test, 1500);
    assert_eq!(test, 300);

    let compared = s.json(&["compare", "1", "2", "3"]).ok();
    assert_eq!(compared["warnings"].as_array().unwrap().len(), 0, "same data, same split");

    let drift = s.json(&["drift", "jan", "feb.csv"]).ok();
    assert_eq!(drift["dataset_drift"], false, "the same story with another seed: {drift:#}");

    let exported = s.json(&["export", &run, "--out", "model.zip"]).ok();
    assert!(exported["golden_max_abs_diff"].as_f64().unwrap() < 1e-9);
    let verified = s.json(&["verify", "model.zip"]).ok();
    assert_eq!(verified["ok"], true);

    let by_bundle = s.json(&["score", "model.zip", "feb.csv", "bundle.csv"]).ok();
    assert_eq!(by_bundle["rows"], 800);
    s.json(&["score", &run, "feb.csv", "run.csv"]).ok();
    let (a, b) = (read(&s, "bundle.csv"), read(&s, "run.csv"));
    assert_eq!(a.lines().count(), 801);
    assert!(a.lines().next().unwrap().ends_with(",churned,prediction,probability_no,probability_yes"));
    for (x, y) in a.lines().zip(b.lines()).skip(1) {
        let (x, y) = (last_number(x), last_number(y));
        assert!((x - y).abs() < 1e-9, "bundle {x} and run {y} disagree");
    }
    let input = read(&s, "feb.csv");
    assert!(a.lines().zip(input.lines()).all(|(scored, raw)| scored.starts_with(raw)), "the input's cells, verbatim");

    let runs = s.json(&["runs"]).ok();
    assert_eq!(runs["runs"].as_array().unwrap().len(), USUAL.len());
    let verified = s.json(&["verify"]).ok();
    assert_eq!(verified["ok"], true, "{verified:#}");
}

#[test]
fn a_profile_leaves_as_page_and_json_and_is_enough_for_drift() {
    let s = Sandbox::new();
    s.file("jan.csv", &customers(1500, 1));
    s.file("feb.csv", &customers(1500, 2));
    s.json(&["profile", "jan.csv", "--html", "jan.html", "--out", "jan.json"]).ok();
    let page = read(&s, "jan.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("Profile of jan@1") && page.contains("Relations"));
    assert!(!page.contains("<script") && !page.contains("http"), "nothing but the page is needed");
    let profile: Value = serde_json::from_str(&read(&s, "jan.json")).unwrap();
    assert_eq!((&profile["format_version"], &profile["rows"]), (&Value::from(2), &Value::from(1500)));
    assert_eq!(profile["columns"][2]["numbers"]["quantiles"].as_array().unwrap().len(), 7);

    let drift = s.json(&["drift", "jan.json", "feb.csv", "--from-profiles"]).ok();
    assert_eq!((drift["reference"].as_str(), drift["current"].as_str()), (Some("jan.json"), Some("feb@1")));
    assert_eq!(drift["drifted_share"], 0.0, "the same story with another seed: {drift:#}");

    let relations = s.json(&["relations", "jan"]).ok();
    assert_eq!((&relations["rows"], &relations["rows_used"]), (&Value::from(1500), &Value::from(1500)));
    let n = relations["columns"].as_array().unwrap().len();
    assert_eq!(relations["pairs"].as_array().unwrap().len(), n * (n - 1) / 2);
    assert_eq!(strings(&relations["left_out"], "reason")[0], "an identifier names rows");
    assert_eq!(s.run(&["profile", "jan", "--html", "no such folder/x.html"]).code, 1);
}

fn read(s: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(s.path(name)).unwrap()
}

fn last_number(line: &str) -> f64 {
    line.rsplit(',').next().unwrap().parse().unwrap()
}

#[test]
fn regression_and_many_classes_train_export_and_score() {
    let s = Sandbox::new();
    let mut text = String::from("x,group,kind,price\n");
    for i in 0..400 {
        let x = f64::from(i % 37) / 3.0;
        let group = ["a", "b", "c"][i as usize % 3];
        let kind = if x < 4.0 {
            "low"
        } else if x < 8.0 {
            "mid"
        } else {
            "high"
        };
        let price = 1e6 + 2500.0 * x + f64::from(i % 3) * 1000.0 + f64::from(i % 11);
        text.push_str(&format!("{x},{group},{kind},{price}\n"));
    }
    s.file("goods.csv", &text);
    for (target, task) in [("price", "regression"), ("kind", "multiclass")] {
        let mut asked = vec!["train", "goods.csv", "--target", target, "--folds", "2"];
        // Beside the usual ones those whose bundles are put together differently.
        let more: &[&str] = if task == "regression" { &["glm", "pls", "elastic_net"] } else { &["svm"] };
        let usual = if task == "regression" { &["linear", "ridge", "gradient_boosting"][..] } else { &USUAL };
        usual.iter().chain(more).chain(&["knn", "mlp"]).for_each(|name| asked.extend(["--algorithm", name]));
        let trained = s.json(&asked).ok();
        assert_eq!(trained["task"], task);
        for run in trained["runs"].as_array().unwrap() {
            assert_eq!(run["status"], "completed", "{run:#}");
            let id = run["run"].to_string();
            let bundle = format!("{target}-{id}.zip");
            s.json(&["export", &id, "--out", &bundle]).ok();
            s.json(&["score", &bundle, "goods.csv", "b.csv"]).ok();
            s.json(&["score", &id, "goods.csv", "r.csv"]).ok();
            for (x, y) in read(&s, "b.csv").lines().zip(read(&s, "r.csv").lines()).skip(1) {
                let (x, y) = (last_number(x), last_number(y));
                assert!((x - y).abs() <= 1e-9 * y.abs().max(1.0), "{x} and {y}");
            }
        }
    }
}

#[test]
fn groups_and_outliers_are_found_without_a_target() {
    let s = Sandbox::new();
    // Two heaps of 200 and 100 rows, and row 50, which is in neither.
    let row = |i: u32| match i {
        49 => "90,-40,plus\n".to_owned(),
        i if i % 3 == 0 => format!("{},{},plus\n", 20 + i % 5, 7 + i % 4),
        i => format!("{},{},basic\n", i % 7, i % 2),
    };
    let text: String = std::iter::once("a,b,plan\n".to_owned()).chain((0..300).map(row)).collect();
    s.file("heaps.csv", &text);
    let found = s.json(&["groups", "heaps.csv", "--groups", "2", "--exclude", "plan", "--out", "groups.csv"]).ok();
    assert_eq!(found["rows"], 300);
    let sizes: u64 = found["groups"].as_array().unwrap().iter().map(|g| g["rows"].as_u64().unwrap()).sum();
    assert_eq!(sizes, 300);
    assert_eq!(read(&s, "groups.csv").lines().count(), 301);
    let chosen = s.json(&["groups", "heaps"]).ok();
    assert_eq!(chosen["separation"].as_array().unwrap().len(), 9, "2 to 10 groups are tried");

    let wrong = s.json(&["groups", "heaps", "--eps", "3"]);
    assert_eq!((wrong.code, wrong.stderr.contains("--method dbscan")), (2, true), "{}", wrong.stderr);

    let found = s.json(&["outliers", "heaps", "--top", "3", "--out", "scores.csv"]).ok();
    assert_eq!(found["outliers"].as_array().unwrap().len(), 3);
    assert_eq!(found["outliers"][0]["row"], 50, "{found:#}");
    assert!(found["outliers"][0]["score"].as_f64().unwrap() > 0.6);
    assert_eq!(read(&s, "scores.csv").lines().count(), 301);
    assert_eq!(s.json(&["outliers", "heaps", "--exclude", "nothing"]).code, 2);
}

#[test]
fn columns_are_ranked_for_a_target() {
    let s = Sandbox::new();
    let lines = (0..200).map(|i| {
        let (signal, noise, plan) = (i % 2 * 10 + i * 7 % 12, i * 37 % 101, ["basic", "pro"][i / 2 % 2]);
        format!("{signal},{noise},{plan},{}\n", ["no", "yes"][i % 2])
    });
    s.file("left.csv", &("signal,noise,plan,left\n".to_owned() + &lines.collect::<String>()));
    let found = s.json(&["rank", "left.csv", "--target", "left", "--by", "relief"]).ok();
    let names: Vec<&str> = found["columns"].as_array().unwrap().iter().map(|c| c["column"].as_str().unwrap()).collect();
    assert_eq!(names[0], "signal", "{found:#}");
    assert_eq!((names.len(), &found["task"], &found["rows_used"]), (3, &"binary".into(), &200.into()));
    assert!(found["columns"][0]["permutation"].as_f64().unwrap() > 0.1);
    assert_eq!(
        s.json(&["rank", "left", "--target", "left", "--top", "1"]).ok()["columns"].as_array().unwrap().len(),
        1
    );
    assert_eq!(s.json(&["rank", "left", "--target", "lft"]).code, 2);
    assert_eq!(s.json(&["rank", "left", "--target", "left", "--by", "luck"]).code, 2);
}

#[test]
fn groups_of_any_shape_are_kept_as_a_column() {
    let s = Sandbox::new();
    // Two heaps of 60 and 40 rows and, in the last row, a loner.
    let row = |i: u32| match i {
        100 => "60,60\n".to_owned(),
        i if i < 60 => format!("{},{}\n", i % 8, i / 8),
        i => format!("{},{}\n", 30 + i % 7, 4 + i / 7),
    };
    let text: String = std::iter::once("a,b\n".to_owned()).chain((0..101).map(row)).collect();
    s.file("heaps.csv", &text);
    let dense = ["groups", "heaps.csv", "--method", "dbscan", "--eps", "0.4", "--min-samples", "3"];
    let found = s.json(&[&dense[..], &["--keep", "heap", "--out", "groups.csv"]].concat()).ok();
    let sizes: Vec<_> = found["groups"].as_array().unwrap().iter().map(|g| (&g["group"], &g["rows"])).collect();
    assert_eq!(serde_json::json!(sizes), serde_json::json!([[1, 60], [2, 40], [null, 1]]));
    assert_eq!(found["kept"], "heaps@2");
    assert!(read(&s, "groups.csv").lines().last().unwrap().starts_with("101,noise,"));
    s.json(&["restore", "heaps@2", "--form", "csv", "--out", "kept.csv"]).ok();
    let kept = read(&s, "kept.csv");
    assert!(kept.starts_with("a,b,heap\n0,0,1\n") && kept.ends_with("60,60,noise\n"), "{kept}");
    let again = s.json(&["groups", "heaps", "--groups", "2", "--keep", "heap"]);
    assert_eq!((again.code, again.stderr.contains("has a column `heap` already")), (2, true), "{}", again.stderr);

    let mixture = ["groups", "heaps@1", "--method", "gaussian_mixture", "--groups", "auto"];
    let found = s.json(&mixture).ok();
    assert_eq!(found["by"]["method"], "gaussian_mixture");
    assert!(found["bic"].as_array().unwrap().len() > 1 && found["separation"] == serde_json::json!([]));
    assert_eq!(found["by"]["n_components"].as_u64().unwrap(), found["groups"].as_array().unwrap().len() as u64);
}

#[test]
fn a_plan_tells_of_a_sample_and_training_again_keeps_the_threshold() {
    let s = Sandbox::new();
    let row = |i: u32| format!("{},{},{}\n", i % 97, i % 89, u32::from(i * 7 % 97 + i % 89 > 110));
    let text: String = std::iter::once("a,b,y\n".to_owned()).chain((0..4000).map(row)).collect();
    s.file("d.csv", &text);
    s.json(&["import", "d.csv"]).ok();
    let plan = ["train", "d", "--target", "y", "--plan"];
    assert!(s.json(&plan).ok().get("sample").is_none());
    let small = s.json(&[&["--memory-budget", "100KB"], &plan[..]].concat()).ok();
    assert_eq!(small["sample"]["of"], 4000);
    assert!((1000..4000).contains(&small["sample"]["rows"].as_u64().unwrap()), "{small:#}");

    let train = ["train", "d", "--target", "y", "--algorithm", "logistic", "--folds", "3"];
    let first = s.json(&[&train[..], &["--threshold", "cost:1,9"]].concat()).ok();
    let again = s.json(&[&train[..], &["--split-of", "1"]].concat()).ok();
    let own = s.json(&[&train[..], &["--split-of", "1", "--threshold", "0.5"]].concat()).ok();
    let metrics = |trained: &serde_json::Value| trained["runs"][0]["metrics"].clone();
    assert_eq!(metrics(&first), metrics(&again));
    assert_ne!(metrics(&first), metrics(&own), "what is asked for goes first");
}

#[test]
fn exit_codes_tell_failure_wrong_usage_and_no_apart() {
    let s = Sandbox::new();
    s.file("a.csv", "x,y\n1,2\n3,4,5\n");
    let broken = s.json(&["import", "a.csv"]);
    assert_eq!(broken.code, 1);
    assert!(broken.stderr.contains("line 3"), "{}", broken.stderr);
    assert!(broken.json()["error"]["summary"].as_str().unwrap().contains("line 3"));
    assert!(broken.json()["error"]["hint"].as_str().unwrap().contains("--bad-rows set-aside"));
    let aside = s.run(&["import", "a.csv", "--bad-rows", "set-aside"]);
    assert_eq!(aside.stderr, "a.csv: 1 row was set aside, first in line 3: 3 fields, expected 2\n");

    assert_eq!(s.run(&["frobnicate", "--x"]).code, 2);
    assert_eq!(s.run(&["train", "nothing", "--target", "y"]).code, 2);
    s.file("b.csv", "a,y\n1,k\n2,k\n3,k\n4,k\n");
    assert_eq!(s.run(&["train", "b.csv", "--target", "nope"]).code, 2);
    let good = s.file("c.csv", &customers(200, 8));
    let train = ["train", good.to_str().unwrap(), "--target", "churned"];
    assert_eq!(s.run(&[&train[..], &["--param", "logistic.c=-1"]].concat()).code, 2);
    assert_eq!(s.run(&[&train[..], &["--algorithm", "linear"]].concat()).code, 2);
    assert_eq!(s.run(&[&train[..], &["--exclude", "nope"]].concat()).code, 2);
    assert_eq!(s.run(&["check", "b.csv", "--target", "y"]).code, 3, "a target with one class is an error");
    assert_eq!(s.run(&["runs"]).code, 0);
    let missing = s.path("nowhere");
    assert_eq!(s.run(&["verify", missing.to_str().unwrap()]).code, 1);
    assert!(!missing.exists(), "looking creates nothing");
}

#[test]
fn wrong_usage_is_one_document_too_and_names_what_there_is() {
    let s = Sandbox::new();
    let typed = s.json(&["frobnicate", "--x"]);
    assert_eq!(typed.code, 2);
    assert!(typed.json()["error"]["summary"].as_str().unwrap().contains("--x"), "{}", typed.stdout);
    for name in ["a", "b"] {
        let path = s.file(&format!("{name}.csv"), "x,y\n1,2\n");
        s.json(&["import", path.to_str().unwrap()]).ok();
    }
    let refused = |args: &[&str]| {
        let ran = s.json(args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        let error = ran.json()["error"].clone();
        (error["summary"].as_str().unwrap().to_owned(), error["hint"].as_str().unwrap().to_owned())
    };
    let (summary, hint) = refused(&["versions", "c"]);
    assert_eq!(summary, "there is no dataset c");
    assert_eq!(hint, "This workspace has a, b. A path to a file works too");
    let (summary, hint) = refused(&["rows", "a@7"]);
    assert_eq!((summary.as_str(), hint.as_str()), ("dataset a has no version 7", "It has a@1"));
    let (summary, _) = refused(&["watch", "add", "nowhere", "--dataset", "w"]);
    assert!(summary.contains("nowhere cannot be watched"), "{summary}");
    let (summary, hint) = refused(&["import", "a.csv", "aa.csv"]);
    assert_eq!((summary.as_str(), hint.as_str()), ("There is no file aa.csv", "Did you mean a.csv or b.csv?"));
    let (summary, hint) = refused(&["import", "quarterly.csv"]);
    assert_eq!(
        (summary.as_str(), hint.as_str()),
        ("There is no file quarterly.csv", "The folder holds a.csv, b.csv, workspace")
    );
    let (summary, _) = refused(&["import", "no/a.csv"]);
    assert_eq!(summary, "There is no folder no to import a.csv from");
    let (summary, _) = refused(&["import", "no*.csv"]);
    assert!(summary.contains("no*.csv holds no file"), "{summary}");
}

#[test]
fn a_flag_about_a_column_that_is_not_there_is_wrong_usage() {
    let s = Sandbox::new();
    s.file("a.csv", "x,y\n1,2\n");
    for args in [&["--column", "z=text"][..], &["--kind", "z=numeric"], &["--column", "z=text", "--preview"]] {
        let ran = s.json(&[&["import", "a.csv"][..], args].concat());
        assert_eq!(ran.code, 2, "{args:?}");
        assert!(ran.stderr.contains("a.csv has no column `z`; it has: `x`, `y`"), "{}", ran.stderr);
    }
    assert!(s.json(&["datasets"]).stdout.find("a.csv").is_none(), "nothing was imported");
    let imported = s.json(&["import", "a.csv", "--column", "x=text", "--remember"]).ok();
    assert_eq!(imported["columns"][0]["name"], "x");
    // What is remembered is no flag: a column that left the source is only told.
    s.file("a.csv", "v,y\n1,2\n");
    let again = s.json(&["import", "a.csv"]);
    assert_eq!(again.code, 0);
    assert!(again.stderr.contains("there is no column `x` to be read as was asked"), "{}", again.stderr);
}

#[test]
fn a_choice_among_tables_is_said() {
    let s = Sandbox::new();
    let database = rusqlite::Connection::open(s.path("shop.db")).unwrap();
    database
        .execute_batch("CREATE TABLE a(x); INSERT INTO a VALUES (1), (2); CREATE TABLE b AS SELECT * FROM a")
        .unwrap();
    drop(database);
    let warnings = |args: &[&str]| s.json(args).ok()["warnings"].clone();
    let said = warnings(&["import", "shop.db"]);
    let expected = "only table `a` was read, not `b`; choose with --table, or in the import panel";
    assert_eq!(said, serde_json::json!([expected]));
    assert_eq!(warnings(&["import", "shop.db", "--table", "b", "--name", "b"]), serde_json::json!([]));
    for args in [&["--table", "c"][..], &["--table", "c", "--preview"]] {
        let ran = s.json(&[&["import", "shop.db"][..], args].concat());
        assert_eq!(ran.code, 2, "{args:?}");
        assert!(ran.stderr.contains("shop.db has no table `c`; it has: `a`, `b`"), "{}", ran.stderr);
    }
}

#[test]
fn damage_is_found_and_named() {
    let s = Sandbox::new();
    s.file("a.csv", &customers(50, 3));
    s.json(&["import", "a.csv"]).ok();
    let objects: Vec<_> = files_below(&s.workspace().join("objects"));
    let victim = &objects[0];
    let mut bytes = std::fs::read(victim).unwrap();
    bytes[10] ^= 1;
    let mut permissions = std::fs::metadata(victim).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false, reason = "a temporary file of this test")]
    permissions.set_readonly(false);
    std::fs::set_permissions(victim, permissions).unwrap();
    std::fs::write(victim, bytes).unwrap();
    let verified = s.json(&["verify"]);
    assert_eq!(verified.code, 3);
    let name = victim.file_name().unwrap().to_string_lossy().into_owned();
    assert!(verified.json()["damaged"].to_string().contains(&name[name.len().saturating_sub(8)..]));
}

fn files_below(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn the_demo_leaves_a_workspace_that_opens() {
    let s = Sandbox::new();
    let out = s.path("demo");
    let ran = s.json(&["demo", "--out", out.to_str().unwrap()]).ok();
    let stages = strings(&ran["stages"], "stage");
    for stage in ["Import", "Check", "Train", "Compare", "Monitor", "Ship", "Score", "Verify"] {
        assert!(stages.iter().any(|s| s == stage), "{stage} is missing in {stages:?}");
    }
    let workspace = out.join("workspace");
    let runs = s.json_in(&workspace, &["runs"]).ok();
    assert_eq!(runs["runs"].as_array().unwrap().len(), USUAL.len());
    assert!(out.join("churn-model.zip").is_file());
    assert!(out.join("churn-2026-03-scored.csv").is_file());
}
