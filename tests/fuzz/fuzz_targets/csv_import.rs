//! Guess, read, compare: no panic, no row and no cell lost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use modelwright_fuzz::data::error::LoadError;
use modelwright_fuzz::data::read::{default_options, sniff};
use modelwright_fuzz::domain::dataset::{BadRows, TextEncoding};
use modelwright_fuzz::{as_text, file, plain_records, quoted, read, with};

fuzz_target!(|bytes: &[u8]| {
    let Ok(options) = sniff(&file(bytes), "fuzz.csv") else { return };
    let refusing = read(bytes, &with(&options, BadRows::Refuse));
    let setting_aside = read(bytes, &with(&options, BadRows::SetAside));

    // Both policies see the same good rows.
    match (&refusing, &setting_aside) {
        (Ok((whole, report)), Ok((kept, kept_report))) => {
            assert_eq!(kept.bad_rows.len(), 0, "refused nothing, set aside {:?}", kept.bad_rows.first());
            assert_eq!((whole.cells(), &report.columns), (kept.cells(), &kept_report.columns));
        }
        (Ok(_), Err(error)) => panic!("whole when refusing, but not when setting aside: {error}"),
        (Err(error), Ok((kept, _))) => assert!(!kept.bad_rows.is_empty(), "refused without a bad row: {error}"),
        (Err(_), Err(_)) => {}
    }
    if let Err(error) = &refusing {
        assert!(error.to_string().chars().count() < 1_000, "a message without end");
    }

    let Ok((kept, _)) = setting_aside else { return };
    let as_text = as_text(&options, &kept.names);
    let Ok((table, _)) = read(bytes, &with(&as_text, BadRows::SetAside)) else {
        panic!("read when typed, but not as text");
    };
    assert_eq!((table.n_rows, table.bad_rows.len()), (kept.n_rows, kept.bad_rows.len()));
    let cells = table.cells();

    // Against the other splitter: every record a row, every cell as it stands.
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    if let (Ok(text), TextEncoding::Utf8, Ok(_)) = (text, options.encoding, &refusing) {
        let records = plain_records(text, &options);
        let records = &records[usize::from(options.has_header)..];
        assert_eq!(records.len(), cells.len(), "rows");
        for (record, row) in records.iter().zip(&cells) {
            let row: Vec<&str> = row.iter().map(|c| c.as_deref().unwrap_or_default()).collect();
            assert_eq!(record, &row);
        }
    } else if let (Ok(text), TextEncoding::Utf8) = (text, options.encoding)
        && !text.contains(options.quote)
    {
        // Without quotes a record is a line, whatever is wrong with it.
        let records = plain_records(text, &options).len() - usize::from(options.has_header);
        assert_eq!(records, cells.len() + table.bad_rows.len(), "rows and rejected rows");
    }

    // What was read can be written and read again.
    if cells.iter().flatten().flatten().any(|cell| cell.len() > 100_000) {
        return;
    }
    let again = quoted(&table.names, &cells);
    let options = modelwright_fuzz::as_text(&default_options(), &table.names);
    match read(again.as_bytes(), &options) {
        Ok((again, _)) => assert_eq!((again.names, again.columns), (table.names, table.columns)),
        Err(LoadError::Cancelled(_)) => {}
        Err(error) => panic!("our own text is refused: {error}"),
    }
});
