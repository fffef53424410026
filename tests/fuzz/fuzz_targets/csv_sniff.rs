//! Guessing how a text is written: the same guess twice, never a panic, and what a writer of tables wrote is found out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use modelwright_fuzz::data::read::sniff;
use modelwright_fuzz::domain::dataset::{BadRows, TextEncoding};
use modelwright_fuzz::{as_text, file, read, with};

fuzz_target!(|bytes: &[u8]| {
    let Some((&mode, rest)) = bytes.split_first() else { return };
    if mode & 1 == 0 {
        let path = file(rest);
        let (first, second) = (sniff(&path, "fuzz.csv"), sniff(&path, "fuzz.csv"));
        match (first, second) {
            (Ok(first), Ok(second)) => assert_eq!(first, second),
            (Err(first), Err(second)) => {
                let said = first.to_string();
                assert_eq!(said, second.to_string());
                assert!(said.chars().count() < 1_000, "a message without end");
            }
            _ => panic!("two guesses about the same bytes"),
        }
        return;
    }
    written_is_found(mode, rest);
});

/// Cuts cells out of `bytes`, writes them as a table with a column of numbers beside them, and has it guessed.
fn written_is_found(mode: u8, bytes: &[u8]) {
    const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
    let delimiter = DELIMITERS[usize::from(mode >> 1 & 3)];
    let n_columns = usize::from(mode >> 3 & 3) + 1;
    let wide = [None, Some(true), Some(false)][usize::from(mode >> 5) % 3];
    // Other delimiters in cells are a matter of taste: `a;b,c` has two readings. Control characters are refused
    // elsewhere, and a text that starts like another format is one.
    let odd = |c: char| DELIMITERS.contains(&c) && c != delimiter || c.is_control() && c != '\n';
    let text = String::from_utf8_lossy(bytes);
    let cells: Vec<String> = text.split('\u{1}').map(|c| c.chars().filter(|&c| !odd(c)).take(200).collect()).collect();
    if cells.len() < 3 * n_columns {
        return;
    }
    let rows: Vec<&[String]> = cells.chunks_exact(n_columns).collect();
    let quote = |cell: &str| {
        let needs = cell.contains(|c: char| c == delimiter || c == '"' || c == '\n' || c == '#' || c.is_whitespace());
        if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
    };
    let names: Vec<String> = std::iter::once("number".to_owned()).chain((1..=n_columns).map(|i| format!("c{i}"))).collect();
    // A name that comes again below speaks against a header, as in a table of cities without one.
    if cells.iter().any(|cell| names.contains(cell)) {
        return;
    }
    let mut written = format!("{}\n", names.join(&delimiter.to_string()));
    for (i, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|c| quote(c)).collect();
        written.push_str(&format!("{}{delimiter}{}\n", i + 1, cells.join(&delimiter.to_string())));
    }
    let bytes: Vec<u8> = match wide {
        None => written.clone().into_bytes(),
        Some(true) => std::iter::once(0xfeff).chain(written.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
        Some(false) => std::iter::once(0xfeff).chain(written.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
    };
    let options = sniff(&file(&bytes), "fuzz.csv").unwrap_or_else(|e| panic!("{e}\n{written}"));
    let encoding = match wide {
        None => TextEncoding::Utf8,
        Some(true) => TextEncoding::Utf16Be,
        Some(false) => TextEncoding::Utf16Le,
    };
    assert_eq!((options.delimiter, options.has_header, options.encoding), (delimiter, true, encoding), "{written}");
    let options = with(&as_text(&options, &names), BadRows::Refuse);
    let (table, _) = read(&bytes, &options).unwrap_or_else(|e| panic!("{e}\n{written}"));
    assert_eq!(table.names, names);
    let found: Vec<Vec<String>> =
        table.cells().into_iter().map(|row| row.into_iter().skip(1).map(Option::unwrap_or_default).collect()).collect();
    assert_eq!(found, rows, "{written}");
}
