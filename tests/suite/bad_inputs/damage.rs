//! B16–B21: zero bytes, files cut off, quotes gone wrong.

use super::import;

#[test]
fn b16_a_zero_byte_in_a_field_is_placed() {
    import("b16.csv", b"a,b\n1,x\n2,y\0z\n3,w\n").refused(&["line 3", "zero byte", "export or copy it again"]);
}

#[test]
fn b17_a_tail_of_zeros_is_an_interrupted_copy() {
    let mut bytes = b"a,b\n1,2\n3,4\n".to_vec();
    bytes.extend([0; 4096]);
    import("b17.csv", bytes).refused(&["4096 zero bytes", "interrupted copy", "copy it again"]);
}

#[test]
fn b18_a_file_cut_off_in_a_quoted_field_is_placed() {
    import("b18.csv", "id,note\n1,fine\n2,\"so far so go").refused(&["line 3", "never closes", "close it"]);
}

#[test]
fn b19_an_unclosed_quote_does_not_swallow_the_rest() {
    let text = format!("id,note\n1,fine\n2,\"oops\n{}", "3,x\n".repeat(50_000));
    import("b19.csv", text).refused(&["line 3", "quote", "close"]);
}

#[test]
fn b20_a_stray_quote_is_text_inside_and_an_error_after_a_field() {
    import("b20.csv", "id,size\n1,5\" disk\n2,3\n").read().is(&["id", "size"], &["1|5\" disk", "2|3"]);
    import("b20.csv", "id,size\n1,2\n2,\"five\" inches\n").refused(&[
        "line 3",
        "field 2",
        "after the closing quote",
        "double quotes",
    ]);
}

#[test]
fn b21_a_quoted_newline_is_part_of_its_cell() {
    let text = "id,note\n1,\"two\nlines\"\r\n2,\"a \"\"b\"\"\r\nc\"\r\n3,\"\"\r\n";
    import("b21.csv", text).read().is(&["id", "note"], &["1|two\nlines", "2|a \"b\"\r\nc", "3|·"]);
    // Lines are counted on through it.
    import("b21.csv", "id,note\n1,\"two\nlines\"\n2\n").refused(&["line 4", "found 1 field"]);
}
