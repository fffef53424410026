use super::*;
use crate::domain::random::Shuffler;

fn shown(text: &str) -> String {
    parse(text).unwrap().to_string()
}

fn problem(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn filters_are_read_in_many_spellings() {
    let check = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    check("age > 40 and plan = \"basic\"", "age > 40 and plan = \"basic\"");
    check("age>40 AND plan=='basic'", "age > 40 and plan = \"basic\"");
    check("age ≥ 40 or age <> 3", "age >= 40 or age != 3");
    check("a=1 or b=2 and c=3", "a = 1 or (b = 2 and c = 3)");
    check("(a=1 or b=2) and not c=3", "(a = 1 or b = 2) and not c = 3");
    check("plan in (basic, 'plus one', 3)", "plan in (\"basic\", \"plus one\", 3)");
    check("plan not in (a)", "not plan in (\"a\")");
    check("age between 18 and 25 and x = 1", "age between 18 and 25 and x = 1");
    check("`monthly charge` is not missing", "`monthly charge` is present");
    check("\"monthly charge\" is null", "`monthly charge` is missing");
    check("city starts with ber", "city starts with \"ber\"");
    check("city not contains \"a \"\"b\"\"\"", "not city contains \"a \"\"b\"\"\"");
    check("day >= 2026-03-01T12:30", "day >= 2026-03-01T12:30");
    check("active is true", "active = true");
    check("plan is not basic", "plan != \"basic\"");
    check("größe < -1.5e3", "größe < -1.5e3");
    check("`and` = 1 and `a``b` = 2", "`and` = 1 and `a``b` = 2");
    check("missing is missing", "`missing` is missing");
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(problem(""), "at character 1: expected the name of a column, found the end");
    assert_eq!(problem("age >"), "at character 6: expected a value such as 40, \"basic\" or 2026-03-01, found the end");
    assert_eq!(problem("age > 40 plan = 3"), "at character 10: expected `and`, `or` or the end, found `plan`");
    assert!(problem("monthly charge > 3").contains("a name with spaces goes in `backticks`, found `charge`"));
    assert_eq!(problem("(a = 1"), "at character 7: expected `)`, `and` or `or`, found the end");
    assert_eq!(problem("a = \"x"), "at character 5: expected a closing \", found the end");
    assert_eq!(problem("é = 1 and and"), "at character 11: expected the name of a column, found `and`");
    assert!(problem("a in 3").contains("expected `(` and the values, found `3`"));
    assert!(problem("a = `b`").contains("not with each other"));
    assert!(problem("a starts x").contains("expected `with`"));
    assert!(problem(&"(".repeat(100_000)).contains("at most 64 parentheses"));
    assert!(problem(&"not ".repeat(100_000)).contains("at most 64 parentheses"));
    let place = parse("age > 40 plan").unwrap_err().place;
    assert_eq!((place.start, place.end), (9, 13));
}

#[test]
fn any_filter_reads_back_as_itself() {
    let mut random = Shuffler::new(7);
    for _ in 0..2_000 {
        let filter = any(&mut random, 3);
        let text = filter.to_string();
        assert_eq!(parse(&text).as_ref(), Ok(&filter), "{text}");
    }
}

#[test]
fn no_text_panics() {
    let pieces = [
        "a", "and", "or", "not", "(", ")", "\"", "'", "`", "=", "!", "!=", "<", ",", "in", "is", "é", "≤", " ",
        "between",
    ];
    let mut random = Shuffler::new(3);
    for _ in 0..20_000 {
        let text: String = (0..random.below(12)).map(|_| pieces[random.below(pieces.len())]).collect();
        let _ = parse(&text).map(|filter| assert_eq!(parse(&filter.to_string()), Ok(filter)));
    }
}

fn word(random: &mut Shuffler) -> Word {
    let words =
        ["age", "a b", "and", "", "12.5", "-3", "2026-03-01", "x\"y", "it's", "a`b", "größe", "missing", "a!=b", "!"];
    Word::new(words[random.below(words.len())])
}

fn any(random: &mut Shuffler, depth: usize) -> Filter {
    let n_kinds = if depth == 0 { 1 } else { 4 };
    match random.below(n_kinds) {
        1 => Filter::And((0..2 + random.below(2)).map(|_| any(random, depth - 1)).collect()),
        2 => Filter::Or((0..2 + random.below(2)).map(|_| any(random, depth - 1)).collect()),
        3 => Filter::Not(Box::new(any(random, depth - 1))),
        _ => Filter::Test(Condition { column: word(random), test: test(random) }),
    }
}

fn test(random: &mut Shuffler) -> Test {
    use Comparison as C;
    match random.below(6) {
        0 => {
            let all = [C::Equal, C::NotEqual, C::Less, C::LessOrEqual, C::Greater, C::GreaterOrEqual];
            Test::Compare(all[random.below(6)], word(random))
        }
        1 => Test::In((0..1 + random.below(3)).map(|_| word(random)).collect()),
        2 => Test::Between(word(random), word(random)),
        3 => Test::Part([Part::Contains, Part::StartsWith, Part::EndsWith][random.below(3)], word(random)),
        4 => Test::Missing,
        _ => Test::Present,
    }
}
