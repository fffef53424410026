//! B51–B57: compressed files, files of another format under a table's name, and sizes without end.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{import, noise};

const TEXT: &str = "id,name\n1,Zoë\n2,Ada\n";

fn gz(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn b51_packed_text_is_read() {
    let read = import("b51.csv.gz", gz(TEXT.as_bytes())).read();
    read.is(&["id", "name"], &["1|Zoë", "2|Ada"]);
    assert_eq!(read.version.dataset, "b51");
    // Members one after the other, as `cat a.gz b.gz` makes them, are one text.
    let two = [gz(TEXT.as_bytes()), gz(b"3,Bo\n")].concat();
    import("b51.csv.gz", two).read().is(&["id", "name"], &["1|Zoë", "2|Ada", "3|Bo"]);
    let packed = zstd::encode_all(TEXT.as_bytes(), 3).unwrap();
    import("b51.csv.zst", packed).read().is(&["id", "name"], &["1|Zoë", "2|Ada"]);
}

#[test]
fn b52_packed_text_named_csv_is_read_and_said() {
    import("b52.csv", gz(TEXT.as_bytes())).read().is(&["id", "name"], &["1|Zoë", "2|Ada"]).says(&["gzip"]);
}

#[test]
fn b53_a_packed_file_cut_off_or_damaged_is_refused() {
    let mut rows = String::from("id,name\n");
    (0..20_000).for_each(|i| rows.push_str(&format!("{i},{}\n", noise(i, 1)[0])));
    let packed = gz(rows.as_bytes());
    for cut in [11, packed.len() / 2, packed.len() - 9, packed.len() - 1] {
        import("b53.csv.gz", &packed[..cut]).refused(&["gzip", "copy or download it again"]);
    }
    let mut flipped = packed.clone();
    flipped[packed.len() / 2] ^= 0x10;
    import("b53.csv.gz", flipped).refused(&["gzip", "copy or download it again"]);
    let packed = zstd::encode_all(rows.as_bytes(), 3).unwrap();
    import("b53.csv.zst", &packed[..packed.len() / 2]).refused(&["Zstandard", "copy or download it again"]);
}

#[test]
fn b54_a_small_file_that_unpacks_without_end_is_refused() {
    // Each member unpacks to 64 MiB; 200 of them are 13 GB out of 13 MB at the best ratio there is.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all("1,2\n".repeat(1 << 24).as_bytes()).unwrap();
    let member = encoder.finish().unwrap();
    import("b54.csv.gz", member.repeat(200)).refused(&[
        "unpacks to more than",
        "decompression bomb",
        "unpack it yourself",
    ]);
}

#[test]
fn b55_another_format_named_csv_is_told() {
    let zip = {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        writer.start_file("a.csv", zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(TEXT.as_bytes()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    import("b55.csv", zip).refused(&["zip archive", "unpack"]);
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &noise(1, 500)[..]].concat();
    import("b55.csv", png).refused(&["PNG image", "choose the table's file"]);
    import("b55.csv", noise(2, 20_000)).refused(&["line 2", "zero byte"]);
    let without_zeros: Vec<u8> = noise(3, 20_000).into_iter().filter(|&b| b != 0).collect();
    import("b55.csv", without_zeros).refused(&["binary data", "choose the table's file"]);
    import("b55.csv", b"%PDF-1.7\n%stuff\n").refused(&["PDF document", "export the table as CSV"]);
}

#[test]
fn b56_a_field_of_30_megabytes_is_placed() {
    let long = "y".repeat(30_000_000);
    import("b56.csv", format!("a,b\n1,2\n3,{long}\n")).refused(&["line 3", "longer than", "shorten it"]);
    import("b56.csv", format!("a,b\n1,2\n3,\"{long}\"\n")).refused(&["line 3", "longer than", "shorten it"]);
}

#[test]
fn b57_twenty_thousand_columns_are_too_many() {
    let names: Vec<String> = (0..20_000).map(|i| format!("c{i}")).collect();
    let text = format!("{}\n{}\n", names.join(","), vec!["1"; 20_000].join(","));
    import("b57.csv", text).refused(&["20000 columns", "10000", "check the delimiter or split the table"]);
}
