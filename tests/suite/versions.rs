//! Versions through the command line: branches, tags, revert, kinds, restoring byte for byte, and what differs.

use std::fs;
use std::path::PathBuf;

use modelwright::data::parquet;
use modelwright::data::table::{Cells, Table};
use modelwright::domain::dataset::{Provenance, ReadOptions, SourceFile};
use modelwright::domain::io::Silent;
use modelwright::domain::profile::TableProfile;
use modelwright::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};
use modelwright::store::datasets::{self, NewVersion};
use modelwright::store::{Workspace, branches};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, customers};

fn two_versions() -> Sandbox {
    let s = Sandbox::new();
    s.file("one.csv", "id,x\na,1\nb,2\n");
    s.file("two.csv", "id,x\na,1\nb,3\nc,4\n");
    s.json(&["import", "one.csv", "--name", "t"]).ok();
    s.json(&["import", "two.csv", "--name", "t"]).ok();
    s
}

fn version_of(s: &Sandbox, data: &str) -> Value {
    s.json(&["profile", data]).ok()["version"].clone()
}

fn verified(s: &Sandbox) {
    assert_eq!(s.json(&["verify"]).ok()["ok"], true);
}

#[test]
fn a_dataset_is_found_by_number_tag_and_branch() {
    let s = two_versions();
    s.json(&["tag", "add", "t@1", "q1"]).ok();
    s.json(&["branch", "add", "t@1", "old"]).ok();
    for (data, version) in [("t", 2), ("t@1", 1), ("t@q1", 1), ("t@old", 1), ("t@main", 2)] {
        assert_eq!(version_of(&s, data), version, "{data}");
    }
    let unknown = s.json(&["profile", "t@nope"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("main, old, q1"), "{}", unknown.stderr);
    for (words, why) in [
        (["tag", "add", "t@1", "7"], "only digits"),
        (["tag", "add", "t@1", "a/b"], "no / "),
        (["tag", "add", "t@2", "q1"], "there is a tag"),
        (["tag", "add", "t@2", "old"], "there is a branch"),
        (["branch", "add", "t@2", "main"], "branch `main` already"),
        (["branch", "add", "t@2", "q1"], "there is a tag"),
    ] {
        let refused = s.json(&words);
        assert_eq!(refused.code, 2, "{words:?}");
        assert!(refused.stderr.contains(why), "{words:?}: {}", refused.stderr);
    }
    s.json(&["branch", "rename", "t", "old", "older"]).ok();
    s.json(&["branch", "move", "t@2", "older"]).ok();
    assert_eq!(version_of(&s, "t@older"), 2);
    s.json(&["branch", "remove", "t", "older"]).ok();
    s.json(&["tag", "remove", "t", "q1"]).ok();
    assert_eq!(s.json(&["profile", "t@older"]).code, 2);
    s.json(&["tag", "add", "t@2", "q1"]).ok();
    assert_eq!(version_of(&s, "t@q1"), 2, "a removed tag leaves its name free");
    verified(&s);
}

#[test]
fn importing_onto_a_branch_moves_it_and_leaves_main() {
    let s = two_versions();
    s.file("three.csv", "id,x\na,9\n");
    s.file("four.csv", "id,x\na,10\n");
    assert_eq!(s.json(&["import", "three.csv", "--name", "t", "--branch", "clean"]).ok()["version"], 3);
    assert_eq!(version_of(&s, "t"), 2, "main stays");
    assert_eq!(version_of(&s, "t@clean"), 3);
    assert_eq!(s.json(&["import", "four.csv", "--name", "t", "--branch", "clean"]).ok()["version"], 4);
    let listed = s.json(&["versions", "t"]).ok();
    let field = |key: &str| listed["versions"].as_array().unwrap().iter().map(|v| v[key].clone()).collect::<Vec<_>>();
    assert_eq!(field("version"), [4, 3, 2, 1]);
    assert_eq!(field("parent"), [json!("t@3"), json!("t@2"), json!("t@1"), Value::Null]);
    assert_eq!(field("branches"), [json!(["clean"]), json!([]), json!(["main"]), json!([])]);
    let again = s.json(&["import", "one.csv", "--name", "t", "--branch", "clean"]).ok();
    assert_eq!((&again["new"], &again["version"]), (&json!(false), &json!(1)));
    assert!(again["warnings"][0].as_str().unwrap().contains("Branch clean leads to t@1"), "{again:#}");
    s.file("five.csv", "id,x\na,11\n");
    assert_eq!(s.json(&["import", "five.csv", "--name", "t"]).ok()["version"], 5);
    assert_eq!(version_of(&s, "t"), 5, "main moves with what is imported onto it");
    assert_eq!(s.json(&["import", "one.csv", "--name", "t", "--branch", "a@b"]).code, 2);
    verified(&s);
}

#[test]
fn reverting_makes_a_version_of_the_same_bytes() {
    let s = two_versions();
    let made = s.json(&["revert", "t@1", "--note", "two was wrong"]).ok();
    assert_eq!((&made["version"], &made["origin"], &made["parent"]), (&json!(3), &json!("revert"), &json!("t@2")));
    assert_eq!((&made["note"], &made["rows"]), (&json!("two was wrong"), &json!(2)));
    let same = s.json(&["diff", "t@1", "t"]).ok();
    assert_eq!((&same["equal"], &same["right"]["label"]), (&json!(true), &json!("t@3")));
    assert_eq!(s.json(&["import", "one.csv", "--name", "t"]).ok()["version"], 3, "these bytes are the newest now");
    verified(&s);
}

#[test]
fn another_kind_is_another_version_with_the_same_cells() {
    let s = two_versions();
    let made = s.json(&["set-kind", "t", "x", "categorical"]).ok();
    assert_eq!((&made["version"], &made["origin"]), (&json!(3), &json!("kind")));
    assert!(made["note"].as_str().unwrap().contains("`x` is categorical instead of numeric"));
    let kind = |data: &str| s.json(&["profile", data]).ok()["columns"][1]["kind"].clone();
    assert_eq!((kind("t@2"), kind("t@3")), (json!("numeric"), json!("categorical")));
    let diff = s.json(&["diff", "t@2", "t@3", "--key", "id"]).ok();
    assert_eq!((&diff["rows"]["changed"], &diff["schema"]["changed"][0]["column"]), (&json!(0), &json!("x")));
    for (data, column, kind, why) in [
        ("t@1", "x", "identifier", "earlier version"),
        ("t", "id", "numeric", "stored otherwise"),
        ("t", "nope", "text", "no such column"),
        ("t", "x", "categorical", "already"),
    ] {
        let refused = s.json(&["set-kind", data, column, kind]);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    verified(&s);
}

#[test]
fn a_version_is_restored_byte_for_byte_or_in_another_form() {
    let s = Sandbox::new();
    let odd = "\u{feff}name;value\r\n\"=cmd|' /C calc'!A0\";1,5\r\n-7;2,5\r\n\"a;b\"\"c\";\r\n";
    let source = s.file("odd.csv", odd);
    s.json(&["import", "odd.csv"]).ok();
    fs::remove_file(source).unwrap();
    let restored = s.json(&["restore", "odd", "--out", "back.csv"]).ok();
    assert_eq!(fs::read(s.path("back.csv")).unwrap(), odd.as_bytes());
    assert_eq!((&restored["form"], &restored["bytes"]), (&json!("source"), &json!(odd.len())));
    let refused = s.json(&["restore", "odd", "--out", "back.csv"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    s.json(&["restore", "odd", "--out", "back.csv", "--form", "csv", "--force"]).ok();
    assert_eq!(fs::read_to_string(s.path("back.csv")).unwrap().lines().next(), Some("name,value"));

    let safe = s.json(&["restore", "odd", "--out", "safe.csv", "--form", "csv-spreadsheet"]).ok();
    assert_eq!(safe["guarded_cells"], 1);
    assert!(fs::read_to_string(s.path("safe.csv")).unwrap().contains("\n\"'=cmd|' /C calc'!A0\","));
    assert_eq!(s.json(&["restore", "odd", "--out", "nowhere/x.csv"]).code, 1);
    let names: Vec<_> = fs::read_dir(s.dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|n| n.to_string_lossy().starts_with(".modelwright")), "{names:?}");
}

#[test]
fn exact_csv_and_parquet_import_again_as_the_same_table() {
    let s = Sandbox::new();
    s.file("c.csv", &customers(700, 4));
    s.json(&["import", "c.csv"]).ok();
    for (form, file) in [("csv", "again.csv"), ("parquet", "again.parquet")] {
        s.json(&["restore", "c", "--out", file, "--form", form]).ok();
        s.json(&["import", file, "--name", form]).ok();
        let diff = s.json(&["diff", "c", form, "--key", "customer_id"]).ok();
        assert_eq!(diff["rows"], json!({"added": 0, "removed": 0, "changed": 0, "unchanged": 700}), "{form}");
        assert_eq!(diff["schema"]["changed"], json!([]), "{form}: {:#}", diff["schema"]);
        assert_eq!(diff["equal"], true);
    }
}

#[test]
fn a_damaged_object_is_not_restored() {
    let s = two_versions();
    let hash = s.json(&["datasets"]).ok()["datasets"][0]["hash"].as_str().unwrap().to_owned();
    let victim = s.workspace().join("objects").join(&hash[..2]).join(&hash[2..]);
    fs::write(victim, "id,x\na,1\nb,7\n").unwrap();
    let refused = s.json(&["restore", "t@1", "--out", "x.csv"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("damaged"), "{}", refused.stderr);
    assert!(!s.path("x.csv").exists());
}

/// The same two tables went through pandas 2: `merge(on="id", how="outer", indicator=True)`, cells compared with
/// missing equal to missing.
#[test]
fn the_difference_is_what_pandas_finds() {
    let s = Sandbox::new();
    let (mut left, mut right) = (String::from("id,a,b,c\n"), String::from("c,id,b,a\n"));
    let id = |i: u32| format!("K{:04}", i * 37 % 1009);
    for i in 0..1000_u32 {
        let a = if i % 17 == 0 { String::new() } else { (i * 7 % 13).to_string() };
        left += &format!("{},{a},{},{}\n", id(i), ["x", "y", "z"][i as usize % 3], f64::from(i) / 4.0);
    }
    for i in (50..1009_u32).rev() {
        let a = i * 7 % 13 + u32::from(i % 10 == 3);
        let a = if i % 17 == 0 && i % 2 == 0 { String::new() } else { a.to_string() };
        let b = ["x", "y", "z"][if i % 29 == 0 { 0 } else { i as usize % 3 }];
        right += &format!("{},{},{b},{a}\n", f64::from(i) / 4.0, id(i));
    }
    s.file("left.csv", &left);
    s.file("right.csv", &right);
    let diff = s.json(&["diff", "left.csv", "right.csv", "--limit", "20"]).ok();
    assert_eq!((&diff["key"]["source"], &diff["key"]["columns"]), (&json!("proposed"), &json!(["id"])));
    assert_eq!(diff["rows"], json!({"added": 9, "removed": 50, "changed": 138, "unchanged": 812}));
    let column = |at: usize| diff["columns"][at].clone();
    assert_eq!([0, 1, 2, 3].map(|at| column(at)["changed_cells"].as_u64().unwrap()), [0, 118, 22, 0]);
    assert_eq!(column(1)["missing"], json!([59, 28]));
    let mean = |side: usize| column(1)["mean"][side].as_f64().unwrap();
    assert!((mean(0) - 6.0).abs() < 1e-12 && (mean(1) - 6.092_373_791_621_912).abs() < 1e-12);
    let top = |side: usize| column(2)["top"][side].as_array().unwrap().clone();
    let share = |side: usize| top(side).iter().find(|v| v[0] == "x").unwrap()[1].as_f64().unwrap();
    assert!((share(0) - 0.334).abs() < 1e-12 && (share(1) - 0.356_621_480_709_071_96).abs() < 1e-12);
    assert_eq!((&diff["schema"]["reordered"], &diff["equal"]), (&json!(true), &json!(false)));
    assert_eq!(diff["examples"].as_array().unwrap().len(), 20 + 9 + 20);
    let unknown = s.json(&["diff", "left", "right", "--key", "id,nope"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("`nope` is not in both tables"), "{}", unknown.stderr);
}

/// A version made of two files, with two rows set aside.
fn with_rejects(s: &Sandbox) -> (Workspace, [PathBuf; 2]) {
    let ws = Workspace::open(&s.workspace()).unwrap();
    let column = |name: &str, storage| ColumnSchema {
        name: name.into(),
        kind: ColumnKind::Text,
        storage,
        missing: 0,
        distinct: 2,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec![],
        missing_tokens: vec![],
        personal: None,
    };
    let texts = |cells: [&str; 2]| Cells::Text(cells.map(Some).into_iter().collect());
    let adopt = |table: &Table| {
        let temp = ws.temp_path().unwrap();
        parquet::write(table, &temp, &Silent).unwrap();
        ws.adopt(temp).unwrap()
    };
    let rejects = Table {
        schema: Schema {
            columns: vec![
                column("line", Storage::Int64),
                column("reason", Storage::String),
                column("text", Storage::String),
            ],
        },
        columns: vec![
            Cells::Int(vec![Some(3), Some(9)]),
            texts(["3 fields, expected 2", "text after the closing quote"]),
            texts(["a,b,c", "\"x\"y,=1"]),
        ],
        n_rows: 2,
    };
    let table = Table {
        schema: Schema { columns: vec![column("k", Storage::String)] },
        columns: vec![texts(["p", "q"])],
        n_rows: 2,
    };
    let files: Vec<SourceFile> = [("a.csv", "k\np\n"), ("sub/b.csv", "k\nq\n")]
        .map(|(name, text)| SourceFile {
            name: name.into(),
            hash: ws.put_bytes(text.as_bytes()).unwrap(),
            bytes: text.len() as u64,
        })
        .into();
    let objects = [adopt(&rejects), files[1].hash.clone()];
    let new = NewVersion {
        dataset: "parts".into(),
        rows: 2,
        table_hash: adopt(&table),
        schema: table.schema,
        source_hash: ws.put_json(&files).unwrap(),
        source_name: "parts".into(),
        source_bytes: 8,
        read: ReadOptions::default(),
        profile: TableProfile { format_version: 1, rows: 2, columns: vec![] },
        provenance: Provenance { files, rejected: 2, rejects_hash: Some(objects[0].clone()), ..Provenance::default() },
    };
    ws.write(|tx| datasets::insert_version(tx, &new)).unwrap();
    let paths = objects.map(|hash| ws.object_path(&hash));
    (ws, paths)
}

#[test]
fn rows_set_aside_are_listed_and_saved_and_a_folder_comes_back() {
    let s = Sandbox::new();
    drop(with_rejects(&s));
    let listed = s.json(&["rejected", "parts"]).ok();
    assert_eq!((&listed["rejected"], &listed["rows"][1]["line"]), (&json!(2), &json!(9)));
    assert_eq!(listed["rows"][0]["reason"], "3 fields, expected 2");
    assert_eq!(s.json(&["rejected", "parts", "--limit", "1"]).ok()["rows"].as_array().unwrap().len(), 1);
    s.json(&["rejected", "parts", "--out", "bad.csv"]).ok();
    let saved = fs::read_to_string(s.path("bad.csv")).unwrap();
    assert_eq!(saved.lines().last(), Some("9,text after the closing quote,\"\"\"x\"\"y,=1\""));

    s.json(&["restore", "parts", "--out", "folder"]).ok();
    assert_eq!(fs::read_to_string(s.path("folder/sub/b.csv")).unwrap(), "k\nq\n");
    assert_eq!(s.json(&["restore", "parts", "--out", "folder"]).code, 2, "it is not empty any more");
    s.json(&["restore", "parts", "--out", "folder", "--force"]).ok();
    let none = two_versions();
    assert_eq!(none.json(&["rejected", "t"]).ok()["rejected"], 0);
    assert_eq!(none.json(&["rejected", "t", "--out", "x.csv"]).code, 2);
}

#[test]
fn verify_finds_damage_in_rejected_rows_in_files_of_a_folder_and_in_branches() {
    let s = Sandbox::new();
    let (ws, paths) = with_rejects(&s);
    assert!(ws.verify(&Silent).unwrap().ok);
    for (path, user) in paths.iter().zip(["rejected rows of dataset version 1", "source file of dataset version 1"]) {
        let good = fs::read(path).unwrap();
        let mut bad = good.clone();
        bad[2] ^= 1;
        fs::write(path, &bad).unwrap();
        let report = ws.verify(&Silent).unwrap();
        assert_eq!(report.damaged.len(), 1);
        assert!(report.damaged[0].what.contains(user), "{:?}", report.damaged);
        fs::write(path, good).unwrap();
    }
    let version = ws.read(|c| datasets::find(c, "parts", None)).unwrap().unwrap();
    ws.write(|tx| branches::create(tx, version.dataset_id, "b", version.id).map(drop)).unwrap();
    assert!(ws.verify(&Silent).unwrap().ok);
    drop(ws);
    let raw = rusqlite::Connection::open(s.workspace().join("history.sqlite")).unwrap();
    raw.execute_batch("UPDATE branches SET name = 'c'").unwrap();
    drop(raw);
    let verified = s.json(&["verify"]);
    assert_eq!(verified.code, 3);
    assert!(verified.stdout.contains("branch 1"), "{}", verified.stdout);
}
