use super::Pattern;

fn check(regex: &str, matching: &[&str], others: &[&str]) {
    let pattern = Pattern::regex(regex).unwrap();
    let mut matcher = pattern.matcher();
    for text in matching {
        assert!(matcher.is_match(text), "{regex} should match {text:?}");
    }
    for text in others {
        assert!(!matcher.is_match(text), "{regex} should not match {text:?}");
    }
}

fn problem(regex: &str) -> String {
    Pattern::regex(regex).unwrap_err().to_string()
}

// Expectations are those of the regex crate 1.13 and, where both have the syntax, of Python's re.search.
#[test]
fn regular_expressions_match_as_documented() {
    check("", &["", "a"], &[]);
    check("b+", &["abc", "bb"], &["", "ac"]);
    check(r"^c1_\d{3}$", &["c1_000", "c1_123"], &["c1_12", "c1_1234", "xc1_123", "c1_12a", "c1_123\n"]);
    check("^(a|bc)*d?$", &["", "abca", "d", "bcd"], &["b", "dd", "ca"]);
    check(r"^\w+@\w+\.(com|de)$", &["a_1@b.de", "ä@ö.com"], &["a@b.org", "@b.de"]);
    check("^[^a-c]$", &["d", "-", "é"], &["a", "b", ""]);
    check("^[]a-]+$", &["]", "a-]"], &["b"]);
    check(r"^[\d\-x]+$", &["1-x"], &["y"]);
    check(r"\bcat\b", &["a cat.", "cat"], &["cats", "scat", "écat"]);
    check(r"a\Bb", &["ab"], &["a b"]);
    check("(?i)straße|ABC", &["STRAßE", "abc"], &["strase"]);
    check("a(?i:b)c", &["aBc", "abc"], &["ABc", "abC"]);
    check("a.c", &["abc", "aéc"], &["a\nc", "ac"]);
    check("(?s)a.c", &["a\nc"], &["ac"]);
    check("(?m)^b$", &["a\nb\nc"], &["ab"]);
    check("a{2,3}?b", &["aab", "aaaab"], &["ab"]);
    check("^a{2}$", &["aa"], &["a", "aaa"]);
    check("^(?P<year>\\d{4})-(?<m>\\d\\d)$", &["2026-11"], &["2026-1"]);
    check(r"\x41\u{42}\u0043", &["ABC"], &["abc"]);
    check("^[[:upper:]][[:^digit:]]$", &["Ab"], &["ab", "A1"]);
    check(r"^\p{Lu}\p{L}+$", &["Ärger"], &["ärger", "Ä1"]);
    check(r"^\d$", &["7", "٣"], &["½", "a"]);
    check(r"^\s\S$", &[" x", "\u{a0}x"], &["xx"]);
    check("x*", &["", "y"], &[]);
    check("^$", &[""], &["a"]);
    check(r"\$\.\(", &["$.("], &["$("]);
    check("(a*)*b", &["aaab", "b"], &["aaa"]);
    check("()+", &["", "x"], &[]);
}

#[test]
fn like_patterns_match_the_whole_text() {
    let check = |like: &str, text: &str, expected: bool| {
        assert_eq!(Pattern::like(like).unwrap().is_match(text), expected, "{like} and {text}");
    };
    check("a%", "abc", true);
    check("a%", "bac", false);
    check("%b_", "abc\nbé", true);
    check("a_c", "ac", false);
    check(r"50\%", "50%", true);
    check(r"50\%", "500", false);
    check("a.c", "abc", false);
    check("A%", "abc", false);
}

#[test]
fn what_is_no_pattern_is_told_with_its_place() {
    assert_eq!(problem("a("), "at character 3: expected `)`");
    assert_eq!(problem("a)"), "at character 2: a `)` without its `(`; write `\\)` for the character");
    assert_eq!(problem("*a"), "at character 1: `*` repeats nothing; write `\\*` for the character");
    assert!(problem("[b-a]").contains("from the smaller to the larger"));
    assert!(problem("[a").contains("expected `]`"));
    assert!(problem("a(?=b)").contains("look-ahead is not supported"));
    assert!(problem("(?<!b)a").contains("look-behind is not supported"));
    assert!(problem(r"(a)\1").contains("back references"));
    assert!(problem("a{3,2}").contains("smaller number of repeats"));
    assert!(problem("a{5000}").contains("at most 1000 repeats"));
    assert!(problem("a{x}").contains("expected a number"));
    assert!(problem(r"\y").contains("means nothing"));
    assert!(problem("a\\").contains("at the end"));
    assert!(problem(r"\p{Greek}").contains("expected one of the classes"));
    assert!(problem("[a&&b]").contains("operators between classes"));
}

#[test]
fn bombs_are_refused_or_harmless() {
    assert!(problem("((a{1000}){1000}){1000}").contains("more than 20000 steps"));
    assert!(problem(&"(".repeat(5000)).contains("64 groups"));
    assert!(problem(&"a".repeat(20_000)).contains("longer than"));
    // Exponential for a backtracking search.
    check("^(a+)+$", &[&"a".repeat(20_000)], &[&("a".repeat(20_000) + "b")]);
    // More states than are kept.
    check("[ab]*a[ab]{14}c", &[&("ab".repeat(3000) + "a" + &"b".repeat(14) + "c")], &[&"abba".repeat(3000)]);
}
