//! B09–B15: text in other encodings, and bytes that are none.

use modelwright::domain::dataset::TextEncoding;
use modelwright::domain::schema::Storage;

use super::import;

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big_endian { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

#[test]
fn b09_a_byte_order_mark_is_no_part_of_the_first_name() {
    let read = import("b09.csv", "\u{feff}id,name\n1,Zoë\n2,Åsa\n").read();
    read.is(&["id", "name"], &["1|Zoë", "2|Åsa"]).stored_as(&[Storage::Int64, Storage::String]);
    assert_eq!(read.version.read.encoding, TextEncoding::Utf8);
}

#[test]
fn b10_utf_16_with_a_mark_is_read() {
    let read = import("b10.csv", utf16("\u{feff}id,name\n1,Zoë\n2,名前\n3,😀\n", false)).read();
    read.is(&["id", "name"], &["1|Zoë", "2|名前", "3|😀"]);
    assert_eq!(read.version.read.encoding, TextEncoding::Utf16Le);
}

#[test]
fn b11_utf_16_without_a_mark_is_read() {
    for (big_endian, encoding) in [(true, TextEncoding::Utf16Be), (false, TextEncoding::Utf16Le)] {
        let read = import("b11.csv", utf16("id,name\r\n1,Zoë\r\n2,Ada\r\n", big_endian)).read();
        read.is(&["id", "name"], &["1|Zoë", "2|Ada"]);
        assert_eq!(read.version.read.encoding, encoding);
    }
}

#[test]
fn b12_latin_1_is_read_and_said() {
    let read = import("b12.csv", b"id,name\n1,Jos\xe9\n2,Fran\xe7ois\n").read();
    read.is(&["id", "name"], &["1|José", "2|François"]).says(&["Latin-1", "save it as UTF-8"]);
    assert_eq!(read.version.read.encoding, TextEncoding::Latin1);
}

#[test]
fn b13_the_quotes_of_windows_1252_are_read() {
    let read = import("b13.csv", b"id,said\n1,\x93yes\x94\n2,it\x92s \x80 5\n").read();
    read.is(&["id", "said"], &["1|“yes”", "2|it’s € 5"]).says(&["Latin-1"]);
}

#[test]
fn b14_shift_jis_is_read_and_said() {
    // 都市 東京 / 名前 田中 / 表 ends in a backslash byte, ソ too.
    let text = "番号,名前,都市\n1,田中太郎,東京\n2,佐藤ソノ,大阪\n3,表示,京都\n4,ﾊﾝｶｸ,名古屋\n";
    let (bytes, _, unmappable) = encoding_rs::SHIFT_JIS.encode(text);
    assert!(!unmappable);
    let read = import("b14.csv", bytes).read();
    read.is(&["番号", "名前", "都市"], &["1|田中太郎|東京", "2|佐藤ソノ|大阪", "3|表示|京都", "4|ﾊﾝｶｸ|名古屋"]);
    read.says(&["Shift-JIS"]);
    assert_eq!(read.version.read.encoding, TextEncoding::ShiftJis);
}

#[test]
fn b15_a_bad_byte_in_row_one_million_is_placed() {
    // The rest is plainly UTF-8: one damaged byte must not turn every é into Ã©.
    let mut bytes = b"n\n".to_vec();
    bytes.extend("é\n".repeat(999_999).into_bytes());
    bytes.extend(b"\xe9\n");
    import("b15.csv", bytes).refused(&["line 1000001", "UTF-8", "choose another encoding or save the file as UTF-8"]);
}
