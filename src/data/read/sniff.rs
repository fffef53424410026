//! Guessing how a file is written: format, compression, encoding, layout, number marks. Every guess is shown and can be
//! overruled; what is fixed shapes the other guesses.
//!
//! The whole file is looked at once for what would spoil a reading later (bytes that are no UTF-8, zero bytes); the
//! layout is judged on its first records.

use std::path::Path;

use super::bytes::Utf8Source;
use super::scan::{Scan, refuse_other_formats};
use super::{bytes, default_options, layout, marks};
use crate::data::error::LoadError;
use crate::domain::dataset::{ReadDraft, ReadOptions, SourceFormat, TextEncoding};
use crate::domain::preview::Compression;

const SAMPLE_BYTES: usize = 512 * 1024;

/// How a file is written, as far as can be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    pub options: ReadOptions,
    pub compression: Option<Compression>,
    /// What was noticed, in one sentence each; a guess of low confidence says so here.
    pub notes: Vec<String>,
    /// The sheets of a workbook, the tables of a database.
    pub parts: Vec<String>,
}

/// How to read the file at `path`; what `draft` fixes is taken as it is and shapes the other guesses.
///
/// Errors: an empty file, a file that starts like another format, one with zero bytes, one that cannot be unpacked.
pub fn sniff_with(path: &Path, name: &str, draft: &ReadDraft) -> Result<Guess, LoadError> {
    sniff_scanned(path, name, draft, None)
}

/// [`sniff_with`] for a file whose bytes, as they lie there, `scan` has seen.
pub fn sniff_scanned(path: &Path, name: &str, draft: &ReadDraft, scan: Option<Scan>) -> Result<Guess, LoadError> {
    if let Some(guess) = super::formats::guess(path, name, draft)? {
        return Ok(guess);
    }
    let scan = match scan.filter(|scan| bytes::compression(&scan.head).is_none()) {
        Some(scan) => scan.end(path, name)?,
        None => Scan::of(path, name)?,
    };
    if scan.bytes == 0 {
        return Err(LoadError::Empty { file: name.to_owned() });
    }
    let mut guess =
        Guess { options: default_options(), compression: scan.compression, notes: Vec::new(), parts: Vec::new() };
    if scan.head.starts_with(b"PAR1") && draft.format.is_none() {
        let options = ReadOptions { format: SourceFormat::Parquet, ..default_options() };
        guess.options = draft.apply(options);
        return Ok(guess);
    }
    refuse_other_formats(&scan.head, name, draft.format == Some(SourceFormat::Delimited))?;
    let (encoding, note) = match draft.encoding {
        Some(encoding) => (encoding, None),
        None => scan.encoding(),
    };
    guess.notes.extend(note);
    scan.refuse_zeros(encoding, name)?;
    if !matches!(encoding, TextEncoding::Utf16Le | TextEncoding::Utf16Be) && draft.format.is_none() {
        scan.refuse_binary(name)?;
    }
    if let Some(compression) = guess.compression
        && !name.to_lowercase().ends_with(compression.ending())
    {
        guess.notes.push(format!("the file is packed ({}), whatever its name says", compression.as_str()));
    }
    guess.options.encoding = encoding;
    if let Some(tokens) = &draft.null_tokens {
        guess.options.null_tokens.clone_from(tokens);
    }
    let (text, whole) = sample(path, name, encoding)?;
    if text.trim().is_empty() {
        return Err(LoadError::Empty { file: name.to_owned() });
    }
    let records = layout::guess(&text, whole, draft, &mut guess.options, &mut guess.notes);
    marks::guess(&records, draft, &mut guess.options, &mut guess.notes);
    guess.options = draft.apply(guess.options);
    Ok(guess)
}

/// How to read the file at `path`, which the user knows as `name`. See [`sniff_with`].
pub fn sniff(path: &Path, name: &str) -> Result<ReadOptions, LoadError> {
    Ok(sniff_with(path, name, &ReadDraft::default())?.options)
}

/// The first text, and whether it is all of it.
fn sample(path: &Path, name: &str, encoding: TextEncoding) -> Result<(String, bool), LoadError> {
    let mut source = Utf8Source::open(path, name, encoding)?;
    let mut bytes = Vec::new();
    let mut more = true;
    while more && bytes.len() < SAMPLE_BYTES {
        more = source.fill_unchecked(&mut bytes, SAMPLE_BYTES)?;
    }
    // The sample may end within a character.
    let valid = std::str::from_utf8(&bytes).map_or_else(|e| e.valid_up_to(), str::len);
    bytes.truncate(valid);
    Ok((String::from_utf8(bytes).unwrap_or_default(), !more))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::domain::io::Silent;

    fn sniffed(bytes: &[u8]) -> Result<ReadOptions, LoadError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        sniff(file.path(), "t.csv")
    }

    fn guessed(text: &str, draft: &ReadDraft) -> Guess {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        sniff_with(file.path(), "t.csv", draft).unwrap()
    }

    fn check(text: &str, delimiter: char, has_header: bool) {
        let options = sniffed(text.as_bytes()).unwrap();
        assert_eq!((options.delimiter, options.has_header), (delimiter, has_header), "{text:?}");
    }

    #[test]
    fn a_hash_within_a_quoted_cell_is_no_comment() {
        let comment = |text: &str| sniffed(text.as_bytes()).unwrap().comment;
        assert_eq!(comment("a,b\n1,\"x\n# y, \"\"z\"\n2,w\n"), None);
        assert_eq!(comment("a,b\n# by hand\n1,\"x\n# y\"\n2,5\" disk\n"), Some('#'));
        assert_eq!(comment("# of 2026, by hand\na,b\n1,2\n# half way\n3,4\n"), Some('#'));
        assert_eq!(comment("#id,name\n1,Ada\n2,Bo\n"), None);
    }

    #[test]
    fn comments_with_as_many_commas_as_a_record_are_told_from_headers() {
        let check = |text: &str, comment: Option<char>, first_name: &str| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let guess = sniff_with(file.path(), "t.csv", &ReadDraft::default()).unwrap();
            assert_eq!(guess.options.comment, comment, "{text}");
            let said = guess.notes.iter().any(|n| n == "lines that start with `#` are taken for comments");
            assert_eq!(said, comment.is_some(), "{text}");
            let (table, _) = super::super::load(file.path(), "t.csv", &guess.options, &Silent).unwrap();
            assert_eq!(table.schema.columns[0].name, first_name, "{text}");
        };
        check("# a, b\nx,y\n1,2\n3,4\n", Some('#'), "x");
        check("\n# by Ann, in May\n# of 2026, again\nid,name\n1,Ada\n2,Bo\n", Some('#'), "id");
        // As NumPy writes a header.
        check("# x,y\n1,2\n3,4\n", None, "# x");
        // Nothing tells which of the two lines names the columns.
        check("#city,country\nParis,France\nRome,Italy\n", None, "#city");
    }

    #[test]
    fn one_damaged_byte_does_not_make_utf_8_latin_1() {
        let mut bytes = format!("name\n{}", "é\n".repeat(20)).into_bytes();
        bytes.extend_from_slice(b"\xe9\n");
        assert_eq!(sniffed(&bytes).unwrap().encoding, TextEncoding::Utf8);
        assert_eq!(sniffed(b"name\ncaf\xe9\n").unwrap().encoding, TextEncoding::Latin1);
    }

    #[test]
    fn delimiters_are_told_apart() {
        check("a,b\n1,2\n3,4\n", ',', true);
        check("a;b\n1,5;2,25\n3,5;4,25\n", ';', true);
        check("1,5;2,25\n3,5;4,25\n", ';', false);
        check("a\tb c\n1\t2, 3\n", '\t', true);
        check("a|b\n1|2\n", '|', true);
        check("a,note\n1,\"x;y\"\n2,\"p;q|r\"\n", ',', true);
        check("name\nAda\nGrace\n", ',', true);
    }

    #[test]
    fn headers_are_told_from_rows() {
        check("id,name\n1,Ada\n2,Grace\n", ',', true);
        check("1,Ada\n2,Grace\n", ',', false);
        check("city,country\nParis,France\nRome,Italy\n", ',', true);
        check("Paris,France\nRome,Italy\nParis,Spain\n", ',', false);
        check(",a\n0,1.5\n1,2.5\n", ',', true);
        check("city,2019,2020\nParis,1.5,x\nRome,2.5,y\n", ',', false);
        check("2024-01-01,5\n2024-01-02,6\n", ',', false);
        check("a,b\n", ',', true);
        check(",,\n1,2,x\n", ',', true);
        check("1,2\n", ',', false);
    }

    #[test]
    fn encodings_are_told_apart() {
        let encoding = |bytes: &[u8]| sniffed(bytes).unwrap().encoding;
        let wide = |text: &str, be: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|u| if be { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        assert_eq!(encoding("a,b\n1,é\n".as_bytes()), TextEncoding::Utf8);
        assert_eq!(encoding(b"\xef\xbb\xbfa,b\n1,2\n"), TextEncoding::Utf8);
        assert_eq!(encoding(b"a,b\n1,caf\xe9\n"), TextEncoding::Latin1);
        assert_eq!(encoding(&wide("\u{feff}a,b\n1,é\n", false)), TextEncoding::Utf16Le);
        assert_eq!(encoding(&wide("a,b\n1,é\n2,x\n", false)), TextEncoding::Utf16Le);
        assert_eq!(encoding(&wide("a,b\n1,é\n2,x\n", true)), TextEncoding::Utf16Be);
        let mut late = b"a\n".repeat(400_000);
        late.extend_from_slice(b"caf\xe9\n");
        assert_eq!(encoding(&late), TextEncoding::Latin1);
    }

    #[test]
    fn what_is_no_table_is_refused_with_a_hint() {
        let message = |bytes: &[u8]| sniffed(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("is empty"));
        assert!(message(b"\n\n").contains("is empty"));
        assert!(message(b"\xef\xbb\xbf").contains("is empty"));
        assert!(message(b"\x1f\x8b\x08\0").contains("gzip"));
        assert!(message(b"PK\x03\x04rest").contains("workbook"));
        assert!(message(b"\x89PNG\r\n").contains("PNG image"));
        assert!(message(b"%PDF-1.7").contains("PDF"));
        assert!(message(b"<!DOCTYPE html><html>").contains("web page"));
    }

    #[test]
    fn zero_bytes_are_refused_with_their_place() {
        let mut tail = b"a,b\n1,2\n".to_vec();
        tail.extend_from_slice(&[0; 4096]);
        assert!(matches!(sniffed(&tail), Err(LoadError::ZeroTail { zeros: 4096, .. })));
        assert!(matches!(sniffed(b"a,b\n1,x\0y\n2,3\n"), Err(LoadError::ZeroByte { line: 2, .. })));
    }

    #[test]
    fn parquet_is_known_by_its_first_bytes() {
        assert_eq!(sniffed(b"PAR1....").unwrap().format, SourceFormat::Parquet);
    }

    #[test]
    fn shift_jis_is_told_from_latin_1() {
        let encoded = |text: &str| {
            let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(text);
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes).unwrap();
            sniff_with(file.path(), "t.csv", &ReadDraft::default()).unwrap()
        };
        let guess = encoded("名前,都市\n田中太郎,東京\n鈴木花子,大阪\nさくら,京都\n");
        assert_eq!(guess.options.encoding, TextEncoding::ShiftJis);
        assert_eq!(guess.notes, ["line 1 is the first that is no UTF-8; the bytes look like Shift-JIS"]);
        let guess = encoded("a,b\n1,東京\n");
        assert_eq!(guess.options.encoding, TextEncoding::ShiftJis);
        assert!(guess.notes[0].ends_with("which so few characters cannot prove"));
        let western = sniffed(
            "name,x\nJos\u{e9},1\nZo\u{eb} M\u{fc}ller,2\n".chars().map(|c| c as u8).collect::<Vec<_>>().as_slice(),
        );
        assert_eq!(western.unwrap().encoding, TextEncoding::Latin1);
        assert_eq!(sniffed(b"note,x\n\x93so\x94,1\nit\x92s,2\n").unwrap().encoding, TextEncoding::Latin1);
    }

    #[test]
    fn number_marks_are_guessed_only_when_a_cell_shows_them() {
        let check = |text: &str, decimal: char, thousands: Option<char>, note: &str| {
            let guess = guessed(text, &ReadDraft::default());
            assert_eq!((guess.options.decimal, guess.options.thousands), (decimal, thousands), "{text}");
            assert_eq!(guess.notes.join("; "), note, "{text}");
        };
        check("a;b\n1,5;x\n2,25;y\n", ',', None, "numbers are read with `,` as decimal mark");
        let both = "numbers are read with `,` as decimal mark and `.` between thousands";
        check("a;b\n1.234,5;x\n2,25;y\n", ',', Some('.'), both);
        let english = "numbers are read with `.` as decimal mark and `,` between thousands";
        check("a,b\n\"1,234.5\",x\n7,y\n", '.', Some(','), english);
        let swiss = "numbers are read with `.` as decimal mark and `'` between thousands";
        check("a,b\n1'234,x\n7.5,y\n", '.', Some('\''), swiss);
        let unclear = "`1,234` may hold a decimal or a thousands mark; the column stays text until one is chosen";
        check("a;b\n1,234;x\n2,345;y\n", '.', None, unclear);
        check("a;b\n1.5;x\n2.5;1,5\n", '.', None, "");
        let draft = ReadDraft { decimal: Some(','), ..ReadDraft::default() };
        let guess = guessed("a;b\n1.234;x\n2.345.678;y\n", &draft);
        assert_eq!((guess.options.decimal, guess.options.thousands), (',', Some('.')));
    }

    #[test]
    fn comments_titles_and_quotes_are_found() {
        let guess = guessed("# made by x\n# on monday, early\na,b\n1,2\n#3,4,5\n5,6\n", &ReadDraft::default());
        assert_eq!((guess.options.comment, guess.options.skip_lines), (Some('#'), 0));
        assert_eq!(guess.notes, ["lines that start with `#` are taken for comments"]);
        assert_eq!(guessed("#id,b\n1,2\n3,4\n", &ReadDraft::default()).options.comment, None);
        let rows = "1,2\n".repeat(6);
        let guess = guessed(&format!("Sales report\n\na,b\n{rows}"), &ReadDraft::default());
        assert_eq!((guess.options.skip_lines, guess.options.has_header), (2, true));
        assert_eq!(guess.notes, ["the first 2 lines are no part of the table and skipped"]);
        assert_eq!(guessed("a,b\n'x, y',1\n'p',2\n'q, r',3\n", &ReadDraft::default()).options.quote, '\'');
        assert_eq!(guessed("a,b\n',1\n',2\n',3\n',4\n", &ReadDraft::default()).options.quote, '"');
    }

    #[test]
    fn single_quotes_wrap_only_what_they_open_and_close() {
        let quote = |text: &str| guessed(text, &ReadDraft::default()).options.quote;
        assert_eq!(quote("a,b\n'it''s',1\n'',2\n'q, r',3\n"), '\'');
        // Cells of marks only, the last without a partner.
        assert_eq!(quote("a\tb\n1\t'''''\n2\t'''\n3\t'''''\n4\tx\n"), '"');
        // One opens and never closes.
        assert_eq!(quote("a,b\n'x',1\n'y',2\n'z',3\n'w,4\n"), '"');
        assert_eq!(quote("a,b\n'x',1\n'y',2\n'z',3\n'w'v,4\n"), '"');
    }

    #[test]
    fn what_is_fixed_shapes_the_rest() {
        let draft = ReadDraft { delimiter: Some(';'), ..ReadDraft::default() };
        let guess = guessed("1,5;2,5\n3,5;4,5\n", &draft);
        assert_eq!((guess.options.delimiter, guess.options.has_header), (';', false));
        assert_eq!(guess.options.decimal, ',');
        let draft = ReadDraft { skip_lines: Some(1), ..ReadDraft::default() };
        let guess = guessed("x\na;b\n1;2\n", &draft);
        assert_eq!((guess.options.delimiter, guess.options.skip_lines, guess.options.has_header), (';', 1, true));
        let draft = ReadDraft { format: Some(SourceFormat::Delimited), ..ReadDraft::default() };
        assert_eq!(guessed("[{\"a\": 1}]\n", &draft).options.format, SourceFormat::Delimited);
    }
}
