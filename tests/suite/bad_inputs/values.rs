//! B34–B50: values that change their type late, that no float holds, that other countries write.

use modelwright::domain::schema::{ColumnKind, Storage};

use super::{Read, import};

fn one(read: &Read) -> &modelwright::domain::schema::ColumnSchema {
    &read.version.schema.columns[0]
}

fn cells(read: &Read) -> Vec<&str> {
    read.rows.iter().map(|row| row[0].as_deref().unwrap_or("·")).collect()
}

#[test]
fn b34_a_fraction_after_150_whole_numbers_makes_a_column_of_floats() {
    let mut text = String::from("x\n");
    (1..=150).for_each(|i| text.push_str(&format!("{i}\n")));
    text.push_str("1.5\n");
    let read = import("b34.csv", text).read();
    assert_eq!(one(&read).storage, Storage::Float64);
    assert_eq!((cells(&read)[0], cells(&read)[149], cells(&read)[150]), ("1", "150", "1.5"));
}

#[test]
fn b35_a_text_after_20_000_whole_numbers_is_named() {
    let mut text = String::from("x\n");
    (1..=20_000).for_each(|i| text.push_str(&format!("{i}\n")));
    text.push_str("oops\n");
    let read = import("b35.csv", text).read();
    assert_eq!(one(&read).storage, Storage::String);
    assert_eq!((cells(&read)[19_999], cells(&read)[20_000]), ("20000", "oops"));
    read.says(&["1 of 20,001", "no number", "`oops`", "row 20,001"]);
}

#[test]
fn b36_2_to_the_53_plus_1_stays_exact() {
    let read = import("b36.csv", "id,n\n9007199254740993,1\n9007199254740992,2\n").read();
    assert_eq!(cells(&read), ["9007199254740993", "9007199254740992"]);
    assert_eq!(one(&read).kind, ColumnKind::Identifier, "no feature");
    read.says(&["2^53"]);
}

/// Whole numbers beyond every float, exact.
fn stays_exact(name: &str, number: &str) {
    let read = import(name, format!("id,n\n{number},1\n5,2\n")).read();
    assert_eq!(cells(&read), [number, "5"]);
    assert_eq!(one(&read).kind, ColumnKind::Identifier, "no feature");
    read.says(&["2^53"]);
}

#[test]
fn b37_the_largest_signed_number_stays_exact() {
    stays_exact("b37.csv", "9223372036854775807");
    stays_exact("b37.csv", "-9223372036854775808");
}

#[test]
fn b38_the_largest_unsigned_number_stays_exact() {
    stays_exact("b38.csv", "18446744073709551615");
}

#[test]
fn b39_2_to_the_64_stays_exact() {
    stays_exact("b39.csv", "18446744073709551616");
}

#[test]
fn b40_leading_zeros_stay() {
    let read = import("b40.csv", "zip\n01234\n80331\n00001\n").read();
    assert_eq!(cells(&read), ["01234", "80331", "00001"]);
    read.stored_as(&[Storage::String]).says(&["2 values have leading zeros", "`01234`", "row 1"]);
}

#[test]
fn b41_semicolons_and_decimal_commas_are_read() {
    let read = import("b41.csv", "a;b\n1,5;2,25\n-3,125;1e3\n4;0,1\n").read();
    read.is(&["a", "b"], &["1.5|2.25", "-3.125|1000", "4|0.1"]).stored_as(&[Storage::Float64, Storage::Float64]);
    assert_eq!((read.version.read.delimiter, read.version.read.decimal), (';', ','));
}

#[test]
fn b42_thousands_marks_are_read() {
    let read = import("b42.csv", "item,price\na,\"1,234.50\"\nb,\"12,345,678.25\"\nc,17.5\n").read();
    read.is(&["item", "price"], &["a|1234.5", "b|12345678.25", "c|17.5"])
        .stored_as(&[Storage::String, Storage::Float64]);
    assert_eq!(read.version.read.thousands, Some(','));

    let read = import("b42.csv", "item;price\na;1.234,50\nb;12.345.678,25\nc;17,5\n").read();
    read.is(&["item", "price"], &["a|1234.5", "b|12345678.25", "c|17.5"]);
    assert_eq!((read.version.read.thousands, read.version.read.decimal), (Some('.'), ','));
}

#[test]
fn b43_tabs_delimit() {
    let read = import("b43.tsv", "a\tb, c\n1\t2, 3\n4\t5, 6\n").read();
    read.is(&["a", "b, c"], &["1|2, 3", "4|5, 6"]);
}

#[test]
fn b44_a_comment_before_the_table_is_skipped_and_said() {
    let read = import("b44.csv", "# exported 2026-03-01, by hand\na,b\n1,2\n# half way\n3,4\n").read();
    read.is(&["a", "b"], &["1|2", "3|4"]).says(&["2 comment lines", "skipped"]);
    assert_eq!(read.version.read.comment, Some('#'));
}

#[test]
fn b45_infinities_are_said_and_minus_zero_stays() {
    let read = import("b45.csv", "x\n1.5\nNaN\ninf\n-inf\n1e400\n-0\n-0.0\n").read();
    assert_eq!(one(&read).storage, Storage::Float64);
    assert_eq!(cells(&read), ["1.5", "·", "inf", "-inf", "inf", "-0", "-0"]);
    read.says(&["3 values are infinite", "`inf`", "row 3"]);
}

#[test]
fn b46_what_became_missing_is_counted_by_token() {
    let read = import("b46.csv", "x,y\n1,a\nNA,b\n,None\nNULL,-\nNA,c\n2.5,n/a\n").read();
    read.stored_as(&[Storage::Float64, Storage::String]);
    assert_eq!(cells(&read), ["1", "·", "·", "·", "·", "2.5"]);
    assert_eq!(read.column("x").missing, 4);
    let tokens: Vec<(&str, u64)> = read.column("x").missing_tokens.iter().map(|(t, n)| (t.as_str(), *n)).collect();
    assert_eq!(tokens, [("NA", 2), ("", 1), ("NULL", 1)]);
    assert_eq!(read.row(3), "·|-", "a dash is a value until someone says otherwise");
}

#[test]
fn b47_mixed_dates_stay_text_and_the_odd_one_is_named() {
    let read = import("b47.csv", "day\n2026-01-31\n2026-02-01\n03/04/2026\n2026-02-03\n").read();
    assert_eq!(cells(&read), ["2026-01-31", "2026-02-01", "03/04/2026", "2026-02-03"]);
    read.stored_as(&[Storage::String]).says(&["several formats", "3 YYYY-MM-DD"]);

    let read = import("b47.csv", "day\n03/04/2026\n05/06/2026\n").read();
    read.stored_as(&[Storage::String]).says(&["day-first or month-first"]);
}

#[test]
fn b48_zones_become_utc_and_times_without_one_are_said() {
    // 02:30 does not exist in Berlin on 2026-03-29; without a zone it is 02:30 UTC, and that is said.
    let text = "at\n2026-03-29T01:30:00+01:00\n2026-03-29T03:30:00+02:00\n2026-03-29T02:30:00\n2026-03-29T12:00:00Z\n";
    let read = import("b48.csv", text).read();
    let expected = ["2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z", "2026-03-29T12:00:00Z"];
    assert_eq!(cells(&read), expected);
    read.stored_as(&[Storage::DatetimeMs]).says(&["1 of 4 times name no zone", "UTC"]);
}

#[test]
fn b49_booleans_in_many_spellings_are_read() {
    let read = import("b49.csv", "ok\ntrue\nFalse\nYES\nno\nTRUE\n\n").read();
    assert_eq!(cells(&read), ["true", "false", "true", "false", "true"]);
    assert_eq!(one(&read).true_spellings, ["TRUE", "YES", "true"]);
    assert_eq!(one(&read).false_spellings, ["False", "no"]);
    // With numbers among them nobody knows: text, as they stand.
    let read = import("b49.csv", "ok\ntrue\n0\n1\nfalse\n").read();
    assert_eq!(cells(&read), ["true", "0", "1", "false"]);
    read.stored_as(&[Storage::String]).says(&["ok:"]);
}

#[test]
fn b50_years_of_two_digits_are_not_guessed() {
    let read = import("b50.csv", "day\n31.01.26\n01.02.69\n28.02.70\n").read();
    assert_eq!(cells(&read), ["31.01.26", "01.02.69", "28.02.70"]);
    read.stored_as(&[Storage::String]).says(&["two digits", "any century", "%d.%m.%y"]);
}
