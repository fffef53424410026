use super::*;
use crate::data::parquet;
use crate::data::table::Table;
use crate::domain::io::{Cancelled, Silent};
use crate::domain::schema::{ColumnKind, ColumnSchema};

/// Loads the text, and checks on the way that the table stored as Parquet is the same.
fn loaded(bytes: &[u8]) -> Result<(Table, Vec<String>), LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("t.csv"), folder.path().join("t.parquet"));
    std::fs::write(&path, bytes).unwrap();
    let options = sniff(&path, "t.csv")?;
    let (table, warnings) = load(&path, "t.csv", &options, &Silent)?;
    parquet::write(&table, &out, &Silent).unwrap();
    let stored = parquet::open(&out, &table.schema, None).unwrap();
    for (stored, cells) in stored.columns.iter().zip(&table.columns) {
        assert!((0..table.n_rows).all(|row| stored.text(row) == cells.text(row)));
    }
    Ok((table, warnings))
}

fn columns(text: &str) -> Vec<ColumnSchema> {
    loaded(text.as_bytes()).unwrap().0.schema.columns
}

#[test]
fn a_mixed_table_is_typed_and_counted() {
    let text = "customer_id,age,plan,active,churn,since,zip,note\n\
                1,41,basic,Yes,0,2025-01-31,00123,\n\
                2,,pro,No,1,2025-02-01,10115,\"said \"\"hi\"\", left\"\n\
                3,29.5,basic,Yes,0,,80331,NA\n";
    let (table, warnings) = loaded(text.as_bytes()).unwrap();
    let summary: Vec<String> = table
        .schema
        .columns
        .iter()
        .map(|c| format!("{} {} {:?} {} {}", c.name, c.kind.as_str(), c.storage, c.missing, c.distinct))
        .collect();
    assert_eq!(
        summary,
        [
            "customer_id identifier Int64 0 3",
            "age numeric Float64 1 2",
            "plan categorical String 0 2",
            "active boolean Boolean 0 2",
            "churn boolean Int64 0 2",
            "since datetime DatetimeMs 1 2",
            "zip categorical String 0 3",
            "note text String 2 1",
        ]
    );
    assert_eq!(table.columns[5].text(1).as_deref(), Some("2025-02-01"));
    assert_eq!(table.columns[7].text(1).as_deref(), Some("said \"hi\", left"));
    assert_eq!(table.schema.columns[3].true_spellings, ["Yes"]);
    assert!(warnings.is_empty());
}

#[test]
fn a_flaw_far_down_is_found_and_named() {
    let mut text = String::from("x,y\n");
    for i in 1..=200_000 {
        text.push_str(&if i == 190_001 { "oops,1\n".to_owned() } else { format!("{i},1.5\n") });
    }
    let columns = columns(&text);
    assert_eq!(columns[0].kind, ColumnKind::Text);
    assert_eq!(columns[0].notes, ["kept as text: 1 of 200,000 values is no number, first `oops` in row 190,001"]);
    assert_eq!((columns[0].distinct, columns[1].storage), (200_000, Storage::Float64));
}

#[test]
fn identifiers_codes_and_texts() {
    let mut text = String::from("order,code,comment,city\n");
    for i in 0..60 {
        let comment = format!("the {i}th customer said that all is well with us");
        text.push_str(&format!("A-{i:04},{:03},{comment},{}\n", i % 7, ["Rome", "Oslo"][i % 2]));
    }
    let columns = columns(&text);
    let kinds: Vec<&str> = columns.iter().map(|c| c.kind.as_str()).collect();
    assert_eq!(kinds, ["identifier", "categorical", "text", "categorical"]);
    assert_eq!(columns[1].notes, ["kept as text: 60 values have leading zeros, first `000` in row 1"]);
}

#[test]
fn numbers_are_read_exactly() {
    let (table, _) = loaded(b"x,big\n0.1,9007199254740993\n1e-320,1\n-0.0,2\n179769313486231570e291,3\n").unwrap();
    assert_eq!(table.columns[0], Cells::Float(vec![0.1, 1e-320, -0.0, f64::MAX]));
    assert_eq!(table.columns[1].text(0).as_deref(), Some("9007199254740993"));
    assert_eq!(table.schema.columns[1].kind, ColumnKind::Identifier);
}

#[test]
fn headers_are_cleaned_visibly() {
    let (table, warnings) = loaded(b" a ,a,,b,b_2,b\n1,2,3,4,5,x\n6,7,8,9,10,y\n").unwrap();
    assert_eq!(table.schema.names().collect::<Vec<_>>(), ["a", "a_2", "column_3", "b", "b_2", "b_3"]);
    assert_eq!(
        warnings,
        [
            "column 2 has a name that was used before (`a`) and is called `a_2`",
            "column 3 has no name (``) and is called `column_3`",
            "column 6 has a name that was used before (`b`) and is called `b_3`",
        ]
    );
}

#[test]
fn files_without_a_header_get_numbered_columns() {
    let (table, warnings) = loaded(b"1,Ada\n2,Grace\n").unwrap();
    assert_eq!((table.n_rows, table.schema.names().collect::<Vec<_>>()), (2, vec!["column_1", "column_2"]));
    assert!(warnings.is_empty());
}

#[test]
fn other_encodings_and_line_ends_give_the_same_table() {
    let text = "name,n\nJosé,1\nZoë,2\n";
    let expected = loaded(text.as_bytes()).unwrap().0;
    let wide: Vec<u8> = "\u{feff}".chars().chain(text.chars()).flat_map(|c| (c as u16).to_le_bytes()).collect();
    assert_eq!(loaded(&wide).unwrap().0, expected);
    let narrow: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
    assert_eq!(loaded(&narrow).unwrap().0, expected);
    assert_eq!(loaded(text.replace('\n', "\r").as_bytes()).unwrap().0, expected);
    let (table, warnings) = loaded(text.replace('\n', "\r\n\r\n").as_bytes()).unwrap();
    assert_eq!((table, &warnings[..]), (expected, &["3 blank lines were skipped".to_owned()][..]));
}

#[test]
fn files_without_rows_are_refused() {
    assert!(matches!(loaded(b"a,b\n"), Err(LoadError::NoRows { .. })));
    assert!(matches!(loaded(b"a,b"), Err(LoadError::NoRows { .. })));
    assert!(matches!(loaded(b"x"), Err(LoadError::NoRows { .. })));
    assert!(matches!(loaded(b"\""), Err(LoadError::Empty { .. } | LoadError::UnclosedQuote { .. })));
    assert!(matches!(loaded(b"a,b\n1,2,3\n"), Err(LoadError::FieldCount { line: 2, expected: 2, found: 3, .. })));
}

#[test]
fn progress_runs_from_nought_to_one_and_cancels() {
    struct Watch(std::cell::RefCell<Vec<f64>>, usize);
    impl JobIo for Watch {
        fn progress(&self, _: &str, fraction: Option<f64>) -> Result<(), Cancelled> {
            self.0.borrow_mut().extend(fraction);
            if self.0.borrow().len() > self.1 { Err(Cancelled) } else { Ok(()) }
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("a\n{}", "1\n".repeat(300_000))).unwrap();
    let watch = Watch(Default::default(), usize::MAX);
    load(file.path(), "t.csv", &default_options(), &watch).unwrap();
    let seen = watch.0.into_inner();
    assert!(seen.len() > 10 && seen.windows(2).all(|w| w[0] <= w[1]) && seen.iter().all(|f| (0.0..=1.0).contains(f)));
    for stop in 0..seen.len() {
        let watch = Watch(Default::default(), stop);
        assert!(matches!(load(file.path(), "t.csv", &default_options(), &watch), Err(LoadError::Cancelled(_))));
    }
}
