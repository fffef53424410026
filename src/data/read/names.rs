//! Column names fit for use.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use crate::data::error::clip;

const MAX_NAME_CHARS: usize = 200;

/// `name` trimmed and composed (NFC), so that what looks the same is the same; control characters and those that
/// change the direction of writing or have no width are left out, line ends become spaces.
fn visible(name: &str) -> String {
    let is_hidden = |c: char| {
        let formats =
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        (c.is_control() && !c.is_whitespace()) || formats
    };
    let shown: String = name.nfc().filter(|c| !is_hidden(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    shown.trim().to_owned()
}

/// Column names as they will be shown: trimmed, in composed form, without invisible characters, none empty, none
/// twice, none endless. Says what was renamed.
pub fn clean_names(raw: &[String], warnings: &mut Vec<String>) -> Vec<String> {
    let visible: Vec<String> = raw.iter().map(|n| visible(n)).collect();
    let mut taken: HashSet<String> = visible.iter().cloned().collect();
    let mut used = HashSet::new();
    let mut names = Vec::with_capacity(raw.len());
    for (i, raw_name) in raw.iter().enumerate() {
        let trimmed = &visible[i][..];
        if raw_name.nfc().filter(|c| !c.is_whitespace()).ne(trimmed.chars().filter(|c| !c.is_whitespace())) {
            let (shown, name) = (clip(raw_name.trim()), clip(trimmed));
            warnings.push(format!("column {} has invisible characters in its name (`{shown}`), now `{name}`", i + 1));
        }
        let mut name = cut(trimmed, MAX_NAME_CHARS);
        let why = if trimmed.is_empty() {
            name = format!("column_{}", i + 1);
            "has no name"
        } else if name.len() < trimmed.len() {
            "has a name longer than 200 characters"
        } else {
            "has a name that was used before"
        };
        if name != trimmed || used.contains(&name) {
            let stem = name.clone();
            let mut n = 2;
            while used.contains(&name) || (name != trimmed && taken.contains(&name)) {
                let number = format!("_{n}");
                name = cut(&stem, MAX_NAME_CHARS - number.len()) + &number;
                n += 1;
            }
            warnings.push(format!("column {} {why} (`{}`) and is called `{}`", i + 1, clip(trimmed), clip(&name)));
        }
        taken.insert(name.clone());
        used.insert(name.clone());
        names.push(name);
    }
    names
}

/// The first characters, without blanks at the end: what is written out must read back as the same name.
fn cut(name: &str, chars: usize) -> String {
    let mut cut: String = name.chars().take(chars).collect();
    cut.truncate(cut.trim_end().len());
    cut
}

/// Names for a file without a header: `column_1`, `column_2` …
pub fn numbered_names(n_columns: usize) -> Vec<String> {
    (1..=n_columns).map(|i| format!("column_{i}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &[&str], expected: &[&str], said: &[&str]) {
        let mut warnings = Vec::new();
        let raw: Vec<String> = raw.iter().map(|n| (*n).to_owned()).collect();
        assert_eq!(clean_names(&raw, &mut warnings), expected);
        assert_eq!(warnings, said);
    }

    #[test]
    fn names_that_look_the_same_are_told_apart() {
        check(
            &["caf\u{e9}", "cafe\u{301}"],
            &["café", "café_2"],
            &["column 2 has a name that was used before (`café`) and is called `café_2`"],
        );
        check(
            &["a", "a_2", "a"],
            &["a", "a_2", "a_3"],
            &["column 3 has a name that was used before (`a`) and is called `a_3`"],
        );
    }

    #[test]
    fn invisible_characters_are_left_out_and_named() {
        check(
            &["user\u{202e}txt", "a\u{1b}[31m", "two\nlines", "\u{feff}id"],
            &["usertxt", "a[31m", "two lines", "id"],
            &[
                "column 1 has invisible characters in its name (`user\\u{202e}txt`), now `usertxt`",
                "column 2 has invisible characters in its name (`a\\u{1b}[31m`), now `a[31m`",
                "column 4 has invisible characters in its name (`\u{feff}id`), now `id`",
            ],
        );
        let long = "x".repeat(1_000_000);
        let mut warnings = Vec::new();
        assert_eq!(clean_names(&[long], &mut warnings)[0].len(), 200);
        assert!(warnings[0].starts_with("column 1 has a name longer than 200 characters"));
    }

    #[test]
    fn a_cut_name_reads_back_as_it_is() {
        let long = format!("a{}b", " ".repeat(300));
        let raw = [long.clone(), "x".repeat(300), "x".repeat(299)];
        let once = clean_names(&raw, &mut Vec::new());
        assert_eq!(once[0], "a");
        assert!(once.iter().all(|name| name.chars().count() <= MAX_NAME_CHARS) && once[2].ends_with("xx_2"));
        assert_eq!(clean_names(&once, &mut Vec::new()), once);
    }
}
