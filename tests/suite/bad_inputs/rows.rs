//! B22–B33: rows of the wrong length, blank lines, line ends, and headers.

use super::{import, import_with};

#[test]
fn b22_a_short_row_is_placed_or_set_aside() {
    let text = "a,b,c\n1,2,3\n4,5\n6,7,8\n9\n";
    import("b22.csv", text).refused(&["line 3", "found 2 fields", "expected 3", "add the missing fields"]);
    let read = import_with("b22.csv", text, &["--bad-rows", "set-aside"]).read();
    read.is(&["a", "b", "c"], &["1|2|3", "6|7|8"]);
    assert_eq!(read.version.provenance.rejected, 2);
    assert!(read.version.provenance.rejects_hash.is_some());
    read.says(&["2 rows", "set aside"]);
}

#[test]
fn b23_a_long_row_at_5001_is_placed_or_set_aside() {
    let mut text = String::from("a,b\n");
    for i in 1..=6_000 {
        text.push_str(&if i == 5_001 { "5001,x,extra\n".to_owned() } else { format!("{i},x\n") });
    }
    import("b23.csv", &text).refused(&["line 5002", "found 3 fields", "expected 2", "quote texts"]);
    let read = import_with("b23.csv", &text, &["--bad-rows", "set-aside"]).read();
    assert_eq!((read.rows.len(), read.version.provenance.rejected), (5_999, 1));
    assert_eq!((read.row(4_999), read.row(5_000)), ("5000|x".into(), "5002|x".into()));
}

#[test]
fn b24_blank_lines_inside_are_skipped_and_counted() {
    let read = import("b24.csv", "a,b\n1,2\n\n  \n3,4\n\n").read();
    read.is(&["a", "b"], &["1|2", "3|4"]).says(&["3 blank lines were skipped"]);
}

#[test]
fn b25_blank_lines_first_do_not_hide_the_header() {
    import("b25.csv", "\n\r\n   \na,b\n1,2\n").read().is(&["a", "b"], &["1|2"]).says(&["blank lines were skipped"]);
}

#[test]
fn b26_lone_carriage_returns_end_lines() {
    import("b26.csv", "a,b\r1,2\r3,4").read().is(&["a", "b"], &["1|2", "3|4"]);
}

#[test]
fn b27_line_ends_may_be_mixed() {
    let text = "a,b\r\n1,2\n3,4\r5,6\r\n\"7\r8\",9\n";
    import("b27.csv", text).read().is(&["a", "b"], &["1|2", "3|4", "5|6", "7\r8|9"]);
}

#[test]
fn b28_a_name_used_twice_is_changed_and_said() {
    let read = import("b28.csv", "a,b,a\n1,2,3\n").read();
    read.is(&["a", "b", "a_2"], &["1|2|3"]).says(&["column 3", "used before", "`a_2`"]);
}

#[test]
fn b29_a_new_name_does_not_clash_with_one_that_is_there() {
    let read = import("b29.csv", "a,a_duplicated_0,a,a_2\n1,2,3,4\n").read();
    read.is(&["a", "a_duplicated_0", "a_3", "a_2"], &["1|2|3|4"]).says(&["column 3", "`a_3`"]);
}

#[test]
fn b30_columns_without_a_name_get_one() {
    let read = import("b30.csv", "a,,\n1,2,x\n3,4,y\n").read();
    read.is(&["a", "column_2", "column_3"], &["1|2|x", "3|4|y"]).says(&["column 2 has no name"]);
}

#[test]
fn b31_names_that_differ_in_spaces_only_are_told_apart() {
    let read = import("b31.csv", " a ,a\n1,2\n").read();
    read.is(&["a", "a_2"], &["1|2"]).says(&["column 2", "used before"]);
}

#[test]
fn b32_names_that_look_the_same_are_told_apart() {
    // Composed and decomposed é.
    let read = import("b32.csv", "caf\u{e9},cafe\u{301}\n1,2\n").read();
    read.is(&["caf\u{e9}", "caf\u{e9}_2"], &["1|2"]).says(&["column 2", "used before"]);
}

#[test]
fn b33_a_name_without_end_or_with_control_characters_is_tamed() {
    let long = "x".repeat(1_000_000);
    let read = import("b33.csv", format!("{long},b\n1,2\n")).read();
    assert_eq!(read.names(), [&"x".repeat(200), "b"]);
    read.says(&["column 1", "longer than 200 characters"]);

    let read = import("b33.csv", "a\u{202e}b,c\u{1b}[31m,d\n1,2,3\n").read();
    for name in read.names() {
        assert!(!name.contains(|c: char| c.is_control() || c == '\u{202e}'), "{name:?}");
    }
    assert_eq!(read.row(0), "1|2|3");
    read.says(&["column 1"]).says(&["column 2"]);
}
