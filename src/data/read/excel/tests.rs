use std::io::{Cursor, Write};

use crate::data::error::LoadError;
use crate::data::read::{load, sniff};
use crate::data::table::Table;
use crate::domain::dataset::ReadOptions;
use crate::domain::io::Silent;
use crate::domain::schema::Storage;

const WORKBOOK: &str = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
     xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
     <sheet name=\"Empty\" sheetId=\"1\" r:id=\"rId1\"/><sheet name=\"Data\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>";
const RELATIONS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
     <Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
     <Relationship Id=\"rId2\" Type=\"x/worksheet\" Target=\"worksheets/sheet2.xml\"/></Relationships>";
const ROOT: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
     <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
     Target=\"xl/workbook.xml\"/></Relationships>";
/// Style 1 is a date.
const STYLES: &str = "<styleSheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
     <cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>";

fn sheet(rows: &str) -> String {
    format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
         <dimension ref=\"A1:XFD1048576\"/><sheetData>{rows}</sheetData></worksheet>"
    )
}

fn workbook(rows: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [
        ("_rels/.rels", ROOT.to_owned()),
        ("xl/workbook.xml", WORKBOOK.to_owned()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.to_owned()),
        ("xl/styles.xml", STYLES.to_owned()),
        ("xl/worksheets/sheet1.xml", sheet("")),
        ("xl/worksheets/sheet2.xml", sheet(rows)),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn loaded(bytes: &[u8]) -> Result<(ReadOptions, Table, Vec<String>), LoadError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.xlsx");
    std::fs::write(&path, bytes).unwrap();
    let options = sniff(&path, "t.xlsx")?;
    let (table, warnings) = load(&path, "t.xlsx", &options, &Silent)?;
    Ok((options, table, warnings))
}

fn word(cell: &str, text: &str) -> String {
    format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

fn number(cell: &str, value: &str, style: u8) -> String {
    format!("<c r=\"{cell}\" s=\"{style}\"><v>{value}</v></c>")
}

#[test]
fn a_sheet_below_its_title_is_read_with_dates_and_errors() {
    let rows = [
        format!("<row r=\"1\">{}</row>", word("B1", "Customers 2026")),
        format!(
            "<row r=\"3\">{}{}{}{}</row>",
            word("B3", "id"),
            word("C3", "since"),
            word("D3", "plan"),
            word("E3", "x")
        ),
        format!(
            "<row r=\"4\">{}{}{}{}</row>",
            number("B4", "1", 0),
            number("C4", "46082", 1),
            word("D4", "basic"),
            number("E4", "0.5", 0)
        ),
        format!(
            "<row r=\"6\">{}{}{}<c r=\"E6\" t=\"e\"><v>#N/A</v></c></row>",
            number("B6", "2", 0),
            number("C6", "46083.5", 1),
            word("D6", "pro")
        ),
    ];
    let (options, table, warnings) = loaded(&workbook(&rows.concat())).unwrap();
    assert_eq!((options.part.as_deref(), options.skip_lines, options.has_header), (Some("Data"), 2, true));
    let types: Vec<(&str, Storage)> = table.schema.columns.iter().map(|c| (c.name.as_str(), c.storage)).collect();
    use Storage as S;
    assert_eq!(types, [("id", S::Int64), ("since", S::DatetimeMs), ("plan", S::String), ("x", S::Float64)]);
    // openpyxl reads 46082 as 2026-03-01 and 46083.5 as 2026-03-02 12:00.
    let since = &table.columns[1];
    assert_eq!(
        (since.text(0).as_deref(), since.text(1).as_deref()),
        (Some("2026-03-01"), Some("2026-03-02T12:00:00Z"))
    );
    assert_eq!(table.schema.columns[3].missing_tokens, [("#N/A".to_owned(), 1)]);
    assert_eq!(
        warnings,
        [
            "2 rows above the table were left out",
            "1 blank row was skipped",
            "1 cell holds an error and counts as missing"
        ]
    );
}

#[test]
fn a_cell_far_out_costs_a_column_not_a_grid() {
    let rows = format!(
        "<row r=\"1\">{}</row><row r=\"2\">{}</row><row r=\"1048576\">{}</row>",
        word("A1", "a"),
        number("A2", "1", 0),
        number("XFD1048576", "7", 0)
    );
    let (_, table, _) = loaded(&workbook(&rows)).unwrap();
    assert_eq!(table.schema.names().collect::<Vec<_>>(), ["a", "column_16384"]);
    assert_eq!((table.n_rows, table.columns[1].text(1).as_deref()), (2, Some("7")));
}

#[test]
fn broken_workbooks_are_refused_in_words() {
    let message = |bytes: &[u8]| loaded(bytes).unwrap_err().to_string();
    let mut cfb = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    cfb.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert!(message(&cfb).contains("a workbook with a password"), "{}", message(&cfb));
    let mut cfb = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    cfb.extend("Workbook".encode_utf16().flat_map(u16::to_le_bytes));
    assert!(message(&cfb).contains("cannot be read as a workbook"), "{}", message(&cfb));
    let cut = workbook("");
    assert!(message(&cut[..cut.len() / 2]).contains("t.xlsx"), "{}", message(&cut[..cut.len() / 2]));
}

#[test]
fn a_bomb_is_refused_before_it_unpacks() {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("xl/workbook.xml", options).unwrap();
    zip.write_all(WORKBOOK.as_bytes()).unwrap();
    zip.start_file("xl/sharedStrings.xml", options).unwrap();
    for _ in 0..40 {
        zip.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    let message = loaded(&bytes).unwrap_err().to_string();
    assert!(message.contains("made to exhaust memory"), "{message}");
}
