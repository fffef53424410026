use crate::data::error::LoadError;
use crate::data::read::{SourceSpec, load, sniff, stream};
use crate::data::table::Table;
use crate::domain::dataset::{BadRows, SourceFormat};
use crate::domain::io::Silent;
use crate::domain::schema::Storage;

fn loaded(text: &str) -> Result<(SourceFormat, Table, Vec<String>), LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.json");
    std::fs::write(&path, text).unwrap();
    let options = sniff(&path, "t.json")?;
    let (table, warnings) = load(&path, "t.json", &options, &Silent)?;
    Ok((options.format, table, warnings))
}

fn texts(table: &Table, column: &str) -> Vec<Option<String>> {
    let (_, cells) = table.column(column).unwrap();
    (0..table.n_rows).map(|row| cells.text(row)).collect()
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|v| (!v.is_empty()).then(|| (*v).to_owned())).collect()
}

#[test]
fn ndjson_has_the_union_of_all_keys_in_order_of_sight() {
    let text =
        "{\"id\": 1, \"name\": \"Ada\"}\n{\"name\": null, \"id\": 2, \"since\": \"2026-03-01\"}\n\n{\"id\": 3}\n";
    let (format, table, _) = loaded(text).unwrap();
    assert_eq!(format, SourceFormat::Ndjson);
    assert_eq!(table.schema.names().collect::<Vec<_>>(), ["id", "name", "since"]);
    assert_eq!(texts(&table, "name"), some(&["Ada", "", ""]));
    assert_eq!(texts(&table, "since"), some(&["", "2026-03-01", ""]));
    assert_eq!(table.schema.columns[2].storage, Storage::DatetimeMs);
    assert_eq!(table.schema.columns[1].missing_tokens, [(String::new(), 1), ("null".into(), 1)]);
}

#[test]
fn an_array_stands_alone_or_under_one_key() {
    for text in ["[{\"a\": 1},\n {\"a\": 2}]", "{\"note\": \"x\", \"data\": [{\"a\": 1}, {\"a\": 2}], \"n\": 2}"] {
        let (format, table, _) = loaded(text).unwrap();
        assert_eq!((format, texts(&table, "a")), (SourceFormat::Json, some(&["1", "2"])), "{text}");
    }
    let (_, table, _) = loaded("[[\"x\", \"y\"], [1, true], [2, false]]").unwrap();
    assert_eq!((texts(&table, "x"), texts(&table, "y")), (some(&["1", "2"]), some(&["true", "false"])));
    let (_, table, _) = loaded("[[1, 2.5], [3]]").unwrap();
    assert_eq!(texts(&table, "column_2"), some(&["2.5", ""]));
}

#[test]
fn numbers_stay_exact_and_texts_stay_texts() {
    let text = "[{\"big\": 9007199254740993, \"huge\": 123456789012345678901234567890, \"x\": 0.1, \"zip\": \"00123\", \
                \"n\": \"12\"}]";
    let (_, table, _) = loaded(text).unwrap();
    assert_eq!(texts(&table, "big"), some(&["9007199254740993"]));
    assert_eq!(texts(&table, "huge"), some(&["123456789012345678901234567890"]));
    assert_eq!(texts(&table, "x"), some(&["0.1"]));
    let storages: Vec<Storage> = table.schema.columns.iter().map(|c| c.storage).collect();
    use Storage as S;
    assert_eq!(storages, [S::String, S::String, S::Float64, S::String, S::String]);
}

#[test]
fn what_is_nested_is_flattened_once_and_then_text() {
    let text = "[{\"a\": {\"b\": 1, \"c\": {\"d\": [2]}}, \"tags\": [\"x\", \"é\\n\"]}]";
    let (_, table, warnings) = loaded(text).unwrap();
    assert_eq!(table.schema.names().collect::<Vec<_>>(), ["a.b", "a.c", "tags"]);
    assert_eq!(texts(&table, "a.c"), some(&["{\"d\": [2]}"]));
    assert_eq!(texts(&table, "tags"), some(&["[\"x\", \"é\\n\"]"]));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn broken_records_name_their_line() {
    let message = |text: &str| loaded(text).unwrap_err().to_string();
    assert!(
        message("{\"a\": 1}\n{\"a\": }\n").starts_with("t.json, line 2: expected value"),
        "{}",
        message("{\"a\": 1}\n{\"a\": }\n")
    );
    assert!(message("{\"a\": 1}\n{\"a\": 1, \"a\": 2}\n").contains("line 2: the key `a` stands there twice"));
    assert!(message("[{\"a\": 1},\n{\"a\": 2}").contains("line 2"));
    assert!(message("[{\"a\": 1}\n{\"a\": 2}]").contains("no comma"));
    assert!(message("{\"a\": {\"x\": 1},\n\"b\": {\"x\": 2}}").contains("orient=\"records\""));
    let deep = format!("[{{\"a\": {}1{}}}]", "[".repeat(200), "]".repeat(200));
    assert!(message(&deep).contains("more than 128 arrays"), "{}", message(&deep));
}

#[test]
fn bad_lines_can_be_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.ndjson");
    std::fs::write(&path, "{\"a\": 1}\noops\n{\"a\": 3}\n").unwrap();
    let mut options = sniff(&path, "t.ndjson").unwrap();
    options.bad_rows = BadRows::SetAside;
    let mut memory = crate::data::read::Memory::default();
    let report = stream(&SourceSpec::file("t.ndjson", &path), &options, &Silent, &mut memory).unwrap();
    assert_eq!((report.rows, report.bad_rows, memory.bad_rows[0].line), (2, 1, 2));
    assert_eq!(memory.bad_rows[0].text, "oops");
}

#[test]
fn records_across_pieces_stay_whole() {
    let long = "x".repeat(300_000);
    let text: Vec<String> = (0..20).map(|i| format!("{{\"i\": {i}, \"t\": \"{long}{i}\"}}")).collect();
    for text in [format!("[{}]", text.join(",")), text.join("\n")] {
        let (_, table, _) = loaded(&text).unwrap();
        assert_eq!(table.n_rows, 20);
        assert_eq!(texts(&table, "t")[7].as_deref(), Some(format!("{long}7").as_str()));
    }
}
