//! B01–B08: files with nothing in them, or nearly.

use super::import;

#[test]
fn b01_an_empty_file_is_refused() {
    import("b01.csv", "").refused(&["is empty", "export or copy it again"]);
}

#[test]
fn b02_a_lone_newline_is_refused() {
    for text in ["\n", "\r\n", "\r", "\n\n \n"] {
        import("b02.csv", text).refused(&["is empty", "export or copy it again"]);
    }
}

#[test]
fn b03_a_lone_byte_order_mark_is_refused() {
    for bytes in [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"] {
        import("b03.csv", bytes).refused(&["is empty", "export or copy it again"]);
    }
}

#[test]
fn b04_a_header_without_rows_is_refused() {
    import("b04.csv", "a,b\n").refused(&["a header but no rows", "export or copy it again"]);
}

#[test]
fn b05_a_header_without_rows_or_line_end_is_refused() {
    import("b05.csv", "a,b").refused(&["a header but no rows", "export or copy it again"]);
}

#[test]
fn b06_one_byte_is_a_header_or_a_number() {
    import("b06.csv", "a").refused(&["a header but no rows"]);
    import("b06.csv", "7").read().is(&["column_1"], &["7"]).says(&["looks like data"]);
}

#[test]
fn b07_a_lone_quote_is_refused() {
    import("b07.csv", "\"").refused(&["line 1", "never closes", "close it"]);
}

#[test]
fn b08_a_hundred_thousand_commas_are_too_many_columns() {
    let text = format!("{}\n", ",".repeat(100_000)).repeat(3);
    import("b08.csv", text).refused(&["columns", "10000", "check the delimiter or split the table"]);
}
