//! What is kept and what may go: storage and its bin, the catalogue, watched places, labels; on real files.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::sandbox::{Sandbox, customers};

fn objects(s: &Sandbox) -> usize {
    let shards = std::fs::read_dir(s.workspace().join("objects")).unwrap();
    shards.map(|shard| std::fs::read_dir(shard.unwrap().path()).unwrap().count()).sum()
}

fn item<'a>(report: &'a Value, label: &str) -> &'a Value {
    report["items"].as_array().unwrap().iter().find(|i| i["item"] == label).unwrap()
}

fn sound(s: &Sandbox) {
    let verified = s.json(&["verify"]).ok();
    assert_eq!(verified["ok"], true, "{verified:#}");
}

#[test]
fn a_deleted_version_comes_back_whole_or_goes_for_good() {
    let s = Sandbox::new();
    s.file("a.csv", "x,y\n1,2\n3,4\n");
    s.json(&["import", "a.csv"]).ok();
    s.file("a.csv", "x,y\n1,2\n3,5\n7,8\n");
    assert_eq!(s.json(&["refresh", "a"]).ok()["version"], 2);
    assert_eq!(s.json(&["refresh", "a"]).ok()["new"], false);
    assert_eq!(objects(&s), 4);

    let dry = s.json(&["storage", "--delete", "a@1", "--dry-run"]).ok();
    assert_eq!(dry["would_delete"][0]["objects"].as_array().unwrap().len(), 2);
    assert_eq!(objects(&s), 4, "a dry run changes nothing");
    // What a dry run says is what happens.
    for (items, code) in [(&["a@2"][..], 3), (&["a@2", "a@2"], 3), (&["a@2", "a@1"], 3), (&["a@1"], 0)] {
        let items: Vec<&str> = items.iter().flat_map(|item| ["--delete", item]).collect();
        let dry = s.json(&[&["storage", "--dry-run"][..], &items[..]].concat());
        assert_eq!(dry.code, code, "{items:?}");
    }
    let refused = s.json(&["storage", "--delete", "a@2", "--delete", "a@1"]);
    assert_eq!((refused.code, objects(&s)), (3, 4));
    assert!(refused.stderr.contains("a@2 stays: it is the latest version of a"), "{}", refused.stderr);

    s.json(&["storage", "--delete", "a@1"]).ok();
    assert_eq!(objects(&s), 2);
    assert_eq!(item(&s.json(&["storage"]).ok(), "a@1")["deleted"], true);
    sound(&s);
    let gone = s.json(&["check", "a@1"]);
    assert_eq!(gone.code, 2);
    assert!(gone.stderr.contains("a@1 was deleted"), "{}", gone.stderr);

    s.json(&["storage", "--restore", "a@1"]).ok();
    assert_eq!(objects(&s), 4);
    assert!(s.json(&["check", "a@1"]).code != 2);
    sound(&s);

    s.json(&["storage", "--delete", "a@1"]).ok();
    assert_eq!(s.json(&["storage", "--empty-bin"]).code, 2, "a script has to say --yes");
    assert_eq!(s.json(&["storage", "--empty-bin", "--yes", "--dry-run"]).code, 2, "a dry run empties nothing");
    assert_eq!(s.json(&["storage", "--bin", "--delete", "a@2"]).code, 2, "looking deletes nothing");
    let none = s.json(&["storage", "--delete-unreferenced"]).ok();
    assert_eq!(none["bin"], serde_json::json!([]), "an empty entry is none");
    s.json(&["storage", "--empty-bin", "--yes"]).ok();
    assert_eq!(s.json(&["storage", "--bin"]).ok()["bin"].as_array().unwrap().len(), 0);
    sound(&s);
    // The same bytes again are a version anew: those of the first are gone.
    s.file("a.csv", "x,y\n1,2\n3,4\n");
    assert_eq!(s.json(&["import", "a.csv"]).ok()["version"], 3);
    sound(&s);
}

#[test]
fn nothing_goes_that_a_model_or_bundle_needs_and_other_losses_are_still_named() {
    let s = Sandbox::new();
    s.file("a.csv", &customers(300, 1));
    let only = ["--algorithm", "logistic", "--folds", "0", "--target", "churned"];
    s.json(&[&["train", "a.csv"][..], &only[..]].concat()).ok();
    s.json(&["export", "1", "--out", "m.zip"]).ok();
    let refused = |item: &str, because: &str| {
        let ran = s.json(&["storage", "--delete", item]);
        assert_eq!(ran.code, 3, "{item}");
        assert!(ran.stderr.contains(because), "{}", ran.stderr);
        assert_eq!(s.json(&["storage", "--delete", item, "--dry-run"]).code, 3, "{item}");
    };
    refused("a@1", "run 1 was trained on it");
    refused("run:1", "bundle 1 was exported from it");
    let all = ["storage", "--delete", "a@1", "--delete", "run:1", "--delete", "bundle:1"];
    let dry = s.json(&[&all[..], &["--dry-run"]].concat()).ok();
    assert_eq!(dry["would_delete"].as_array().unwrap().len(), 3, "each frees the next");
    s.json(&["storage", "--delete", "bundle:1"]).ok();
    s.json(&["storage", "--delete", "run:1"]).ok();
    s.json(&["storage", "--delete", "a@1"]).ok();
    assert_eq!(objects(&s), 0);
    sound(&s);
    // What a deletion moved is needed again: the same file under another name.
    s.file("b.csv", &customers(300, 1));
    s.json(&["import", "b.csv"]).ok();
    sound(&s);
    let shards = std::fs::read_dir(s.workspace().join("objects")).unwrap().map(|shard| shard.unwrap().path());
    let shard = shards.into_iter().find(|shard| std::fs::read_dir(shard).unwrap().count() == 1).unwrap();
    std::fs::remove_dir_all(shard).unwrap();
    let verified = s.json(&["verify"]);
    assert_eq!(verified.code, 3);
    assert_eq!(verified.json()["damaged"].as_array().unwrap().len(), 1);
    let binned = std::fs::read_dir(s.workspace().join("bin")).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(binned).unwrap();
    assert_eq!(s.json(&["verify"]).json()["damaged"].as_array().unwrap().len(), 2);
}

#[test]
fn datasets_are_found_by_what_is_said_about_them() {
    let s = Sandbox::new();
    s.file("a.csv", "customer,mail\n1,x\n");
    s.file("b.csv", "z\n1\n");
    s.json(&["import", "a.csv"]).ok();
    s.json(&["import", "b.csv"]).ok();
    let said = ["--owner", "Ann", "--tag", "monthly", "--tag", "crm", "--sensitivity", "restricted"];
    let entry = s.json(&[&["describe", "a"][..], &said[..]].concat()).ok();
    assert_eq!(entry["said"]["tags"], serde_json::json!(["crm", "monthly"]));
    s.json(&["describe", "a", "--description", "who left us"]).ok();
    let found = |text: &str| {
        let found = s.json(&["datasets", "--search", text]).ok();
        found["datasets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| d["dataset"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("ann CUSTOMER"), ["a"]);
    assert_eq!(found("left restricted"), ["a"]);
    assert_eq!(found("a.csv"), ["a"]);
    assert!(found("ann nobody-wrote-this").is_empty());
    let all = s.json(&["datasets"]).ok();
    assert_eq!((&all["datasets"][0]["owner"], &all["datasets"][0]["used_by"]["runs"]), (&"Ann".into(), &0.into()));
    sound(&s);
}

#[test]
fn labels_make_a_version_that_differs_in_their_column_only() {
    let s = Sandbox::new();
    s.file("a.csv", "id,plan,n\n1,basic,0.5\n2,pro,\n3,basic,7.25\n");
    s.json(&["import", "a.csv"]).ok();
    let made = s.json(&["label", "a", "--column", "quality", "--set", "1=good", "--set", "3=bad"]).ok();
    assert_eq!((&made["version"], &made["rows"]), (&2.into(), &3.into()));
    assert_eq!(made["parent"], "a@1", "named as in every list");
    assert!(made["note"].as_str().unwrap().starts_with("2 labels in `quality` by "), "{made:#}");
    s.json(&["label", "a", "--column", "quality", "--set", "2=good", "--set", "3=good", "--note", "second look"]).ok();
    let profile = s.json(&["profile", "a"]).ok();
    assert_eq!(profile["columns"].as_array().unwrap().len(), 4);
    assert_eq!(profile["columns"][3]["top"], serde_json::json!([["good", 3]]));
    let before = s.json(&["profile", "a@1"]).ok();
    for column in 0..3 {
        assert_eq!(profile["columns"][column], before["columns"][column]);
    }
    let queue = |rows: &str| s.json(&["label", "a", "--column", "quality", "--queue", rows]).ok();
    assert_eq!(queue("quality = good")["rows"], serde_json::json!([1, 2, 3]));
    assert_eq!(queue("quality = good")["classes"], serde_json::json!(["good"]));
    assert_eq!(queue("not quality is missing and quality != good")["rows"], serde_json::json!([]));
    assert_eq!(queue("all")["rows"].as_array().unwrap().len(), queue("missing")["rows"].as_array().unwrap().len() + 3);
    let wrong = s.json(&["label", "a", "--column", "quality", "--queue", "quality >"]);
    assert!(wrong.code != 0 && wrong.stderr.contains("filter"), "{}", wrong.stderr);
    let labels = s.json(&["labels", "a"]).ok();
    let rows: Vec<(String, u64)> = labels["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| (l["version"].as_str().unwrap().to_owned(), l["row"].as_u64().unwrap()))
        .collect();
    assert_eq!(rows, [("a@3".into(), 2), ("a@3".into(), 3), ("a@2".into(), 1), ("a@2".into(), 3)]);
    for (args, said) in [(["n", "1=high"], "`high` is no number"), (["n", "4=1"], "no row 4")] {
        let ran = s.json(&["label", "a", "--column", args[0], "--set", args[1]]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
    let refused = s.json(&["storage", "--delete", "a@1"]);
    assert!(refused.stderr.contains("a@2 was labelled from it"), "{}", refused.stderr);
    sound(&s);
}

fn taken(ran: &Value) -> [u64; 4] {
    let c = &ran["collected"][0];
    let n = |key: &str| c[key].as_u64().unwrap();
    [n("taken"), n("same"), n("waiting"), c["problems"].as_array().unwrap().len() as u64]
}

#[test]
fn a_watched_source_offers_its_changes() {
    let s = Sandbox::new();
    let path = s.file("a.csv", "x\n1\n");
    s.json(&["import", "a.csv"]).ok();
    s.json(&["watch", "add", "a.csv", "--dataset", "a"]).ok();
    assert_eq!(taken(&s.json(&["watch", "run", "--once"]).ok()), [0, 1, 0, 0]);
    std::fs::write(&path, "x\n1\n2\n").unwrap();
    let offered = s.json(&["watch", "run", "--once"]).ok();
    assert_eq!((&offered["collected"][0]["offered"], taken(&offered)), (&1.into(), [0, 0, 0, 0]));
    assert_eq!(s.json(&["datasets"]).ok()["datasets"][0]["offered"], true);
    assert_eq!(s.json(&["watch", "run", "--once"]).ok()["collected"][0]["offered"], 0, "told once");
    assert_eq!(taken(&s.json(&["watch", "run", "--once", "--accept"]).ok()), [1, 0, 0, 0]);
    let versions = s.json(&["datasets"]).ok();
    assert_eq!(
        (&versions["datasets"][1]["origin"], &versions["datasets"][1]["offered"]),
        (&"refresh".into(), &false.into())
    );
    std::fs::remove_file(&path).unwrap();
    assert_eq!(s.json(&["watch", "run", "--once"]).ok()["collected"][0]["missing"], true);
    assert_eq!(s.json(&["refresh", "a"]).code, 2);
    s.json(&["watch", "remove", "1"]).ok();
    assert_eq!(s.json(&["watch", "list"]).ok()["watches"].as_array().unwrap().len(), 0);
    sound(&s);
}

#[test]
#[cfg(unix)]
fn half_written_files_wait_and_strange_entries_are_skipped() {
    let s = Sandbox::new();
    let folder = s.path("in");
    std::fs::create_dir(&folder).unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    put("whole.csv", "x,y\n1,2\n");
    put("twin.csv", "x,y\n1,2\n");
    put("half.csv", "x,y\n1,2\n3,");
    put("half.parquet", "PAR1 and so on");
    put("empty.csv", "");
    put("bad.csv", "x,y\n1,2,3\n");
    put("under-way.csv.part", "x\n1\n");
    std::os::unix::fs::symlink("/etc/passwd", folder.join("link.csv")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(folder.join("pipe.csv")).status().unwrap().success());
    std::fs::create_dir(folder.join("deeper")).unwrap();
    s.json(&["watch", "add", "in", "--dataset", "batches"]).ok();
    let first = s.json(&["watch", "run", "--once"]).ok();
    assert_eq!(taken(&first), [1, 1, 3, 1], "{first:#}");
    assert_eq!(first["collected"][0]["skipped"].as_array().unwrap().len(), 3);
    assert!(first["collected"][0]["problems"][0][1].as_str().unwrap().contains("bad.csv"), "{first:#}");
    put("half.csv", "x,y\n1,2\n3,4\n");
    put("bad.csv", "x,y\n1,2\n5,6\n");
    std::fs::rename(folder.join("under-way.csv.part"), folder.join("under-way.csv")).unwrap();
    let second = s.json(&["watch", "run", "--once"]).ok();
    assert_eq!(taken(&second), [3, 0, 2, 0], "what was bad is tried again once it changed: {second:#}");
    let list = s.json(&["watch", "list"]).ok();
    assert_eq!((&list["watches"][0]["taken"], &list["watches"][0]["n_problems"]), (&5.into(), &0.into()));
    sound(&s);
}

/// Direct children of a process: the worker of a command.
#[cfg(target_os = "linux")]
fn kill_with_worker(child: &mut std::process::Child) {
    let id = child.id();
    let workers = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    for worker in workers.split_whitespace() {
        let _ = std::process::Command::new("kill").args(["-9", worker]).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(target_os = "linux")]
fn many(folder: &Path, n: usize) {
    std::fs::create_dir(folder).unwrap();
    for i in 0..n {
        std::fs::write(folder.join(format!("b{i}.csv")), format!("id,v\n{i},{}\n7,{i}\n", i * 3)).unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn of_many_files_each_is_taken_exactly_once_also_across_kills() {
    const FILES: usize = 1_200;
    let s = Sandbox::new();
    many(&s.path("in"), FILES);
    s.json(&["watch", "add", "in", "--dataset", "batches"]).ok();
    for delay in [1_500, 2_600] {
        let mut child = s.spawn(&["watch", "run", "--once", "--json"]);
        std::thread::sleep(Duration::from_millis(delay));
        kill_with_worker(&mut child);
    }
    s.json(&["watch", "run", "--once"]).ok();
    let list = s.json(&["watch", "list"]).ok();
    assert_eq!(list["watches"][0]["taken"], FILES);
    let versions = s.json(&["datasets"]).ok();
    let names: std::collections::BTreeSet<&str> =
        versions["datasets"].as_array().unwrap().iter().map(|v| v["source"].as_str().unwrap()).collect();
    assert_eq!((versions["datasets"].as_array().unwrap().len(), names.len()), (FILES, FILES));
    sound(&s);
}

#[test]
fn the_files_of_a_folder_grow_one_dataset() {
    let s = Sandbox::new();
    let folder = s.path("in");
    std::fs::create_dir(&folder).unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    put("part-2.csv", "id,v\n1,1\n2,2\n");
    let read = ["import", "in", "--name", "all", "--source-column", "file", "--remember"];
    assert_eq!(s.json(&read).ok()["version"], 1);
    let refused = s.json(&["import", "in", "--name", "other", "--source-column", "v"]);
    assert!(refused.code == 2 && refused.stderr.contains("`v` already"), "{}", refused.stderr);
    let preview = s.json(&["import", "in", "--preview", "--source-column", "from"]).ok();
    assert_eq!(preview["options"]["source_column"], "from");
    assert_eq!(preview["rows"][0], serde_json::json!(["1", "1", "part-2.csv"]));

    s.json(&["watch", "add", "in", "--dataset", "all", "--policy", "append"]).ok();
    put("part-10.csv", "v,id\n3,4\n");
    put("part-9.csv", "id,v\noops,5\n");
    put("odd.csv", "id,w\n9,9\n");
    let look = s.json(&["watch", "run", "--once"]).ok();
    assert_eq!(taken(&look), [2, 1, 0, 1], "{look:#}");
    assert!(look["collected"][0]["problems"][0][1].as_str().unwrap().contains("it lacks `v`"), "{look:#}");
    let files = |of: &str| -> Vec<String> {
        let out = s.path("out.csv");
        s.json(&["restore", of, "--out", "out.csv", "--form", "csv", "--force"]).ok();
        std::fs::read_to_string(out).unwrap().lines().map(str::to_owned).collect()
    };
    let rows = ["id,v,file", "1,1,part-2.csv", "2,2,part-2.csv", "oops,5,part-9.csv", "4,3,part-10.csv"];
    assert_eq!(files("all@2"), rows);
    assert_eq!(taken(&s.json(&["watch", "run", "--once"]).ok()), [0, 0, 0, 0]);

    put("part-9.csv", "id,v\n3,5\n");
    assert_eq!(taken(&s.json(&["watch", "run", "--once"]).ok())[0], 1);
    assert_eq!(files("all@3")[3], "3,5,part-9.csv", "changed rows keep their place");
    let refused = s.json(&["watch", "add", "in/odd.csv", "--dataset", "all", "--policy", "append"]);
    assert_eq!(refused.code, 2);
    sound(&s);
}
