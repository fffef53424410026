//! B64–B67: workbooks that unpack without end, claim the largest sheet, are damaged or locked.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{import, noise};

/// A workbook whose one sheet has the rows that `fill` writes.
fn workbook(fill: impl FnOnce(&mut dyn Write)) -> Vec<u8> {
    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
    const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
    const RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    const BOOK_RELS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", RELS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELS),
    ];
    for (name, text) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        write!(zip, "{HEAD}{text}").unwrap();
    }
    zip.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default().large_file(true)).unwrap();
    write!(zip, r#"{HEAD}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#)
        .unwrap();
    fill(&mut zip);
    write!(zip, "</sheetData></worksheet>").unwrap();
    zip.finish().unwrap().into_inner()
}

fn text(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

fn header(out: &mut dyn Write) {
    write!(out, r#"<row r="1">{}{}</row>"#, text("A1", "id"), text("B1", "name")).unwrap();
}

/// An OLE file ("compound file", [MS-CFB]) of empty streams with these names.
fn compound(streams: &[&str]) -> Vec<u8> {
    const FREE: u32 = 0xffff_ffff;
    const END: u32 = 0xffff_fffe;
    let mut head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    head.extend([0; 16]);
    for n in [0x3e_u16, 3, 0xfffe, 9, 6, 0, 0, 0] {
        head.extend(n.to_le_bytes());
    }
    // Directory sectors, FAT sectors, directory start, transaction, smallest stream, mini FAT, more FAT.
    for n in [0, 1, 1, 0, 4096, END, 0, END, 0, 0_u32] {
        head.extend(n.to_le_bytes());
    }
    head.resize(512, 0xff);
    let mut fat: Vec<u8> = [0xffff_fffd, END].iter().flat_map(|n: &u32| n.to_le_bytes()).collect();
    fat.resize(512, 0xff);
    let mut directory = Vec::new();
    for (i, name) in ["Root Entry"].iter().chain(streams).enumerate() {
        let utf16: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        let mut entry = utf16.clone();
        entry.resize(64, 0);
        entry.extend((utf16.len() as u16).to_le_bytes());
        entry.extend([if i == 0 { 5 } else { 2 }, 1]);
        let right = if i > 0 && i < streams.len() { i as u32 + 1 } else { FREE };
        let child = if i == 0 && !streams.is_empty() { 1 } else { FREE };
        for n in [FREE, right, child] {
            entry.extend(n.to_le_bytes());
        }
        entry.resize(116, 0);
        entry.extend(END.to_le_bytes());
        entry.resize(128, 0);
        directory.extend(entry);
    }
    directory.resize(512, 0);
    [head, fat, directory].concat()
}

#[test]
fn b64_a_workbook_that_unpacks_without_end_is_refused() {
    // First that these workbooks are good ones.
    let good = workbook(|out| {
        header(out);
        write!(out, r#"<row r="2"><c r="A2"><v>1</v></c>{}</row>"#, text("B2", "Zoë")).unwrap();
    });
    import("b64.xlsx", good).read().is(&["id", "name"], &["1|Zoë"]);

    // 64 MB of one cell out of 64 KB: as many times as deflate can.
    let long = "x".repeat(1 << 20);
    let mut bomb = workbook(|out| {
        write!(out, r#"<row r="1"><c r="A1" t="inlineStr"><is><t>"#).unwrap();
        (0..64).for_each(|_| out.write_all(long.as_bytes()).unwrap());
        write!(out, "</t></is></c></row>").unwrap();
    });
    assert!(bomb.len() < 100_000);
    import("b64.xlsx", &bomb).refused(&["to unpack", "xl/worksheets/sheet1.xml"]);

    // The same with an entry that claims to be small, in the archive's directory.
    let entry = bomb.windows(4).rposition(|w| w == b"PK\x01\x02").unwrap();
    bomb[entry + 24..entry + 28].copy_from_slice(&1_000_u32.to_le_bytes());
    import("b64.xlsx", &bomb).refused(&["b64.xlsx"]);
}

#[test]
fn b65_a_cell_in_the_last_corner_does_not_fill_memory() {
    let corner = workbook(|out| {
        header(out);
        write!(out, r#"<row r="2"><c r="A2"><v>1</v></c>{}</row>"#, text("B2", "Zoë")).unwrap();
        write!(out, r#"<row r="1048576">{}</row>"#, text("XFD1048576", "stray")).unwrap();
    });
    import("b65.xlsx", corner).read().is(&["id", "name", "column_16384"], &["1|Zoë|·", "·|·|stray"]);
}

#[test]
fn b66_an_old_workbook_that_is_damaged_is_refused() {
    let damaged = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &noise(4, 4_000)].concat();
    import("b66.xls", damaged).refused(&["Excel"]);
    // Whole, but without the stream a workbook lives in; and cut off.
    import("b66.xls", compound(&["WordDocument"])).refused(&["Excel"]);
    import("b66.xls", &compound(&["Workbook"])[..700]).refused(&["Excel"]);
}

#[test]
fn b67_a_workbook_with_a_password_is_told() {
    import("b67.xlsx", compound(&["EncryptionInfo", "EncryptedPackage"]))
        .refused(&["password", "save a copy without one"]);
}
