use super::*;
use crate::domain::random::Shuffler;

fn value(text: &str) -> f64 {
    let columns = [("a", 6.0), ("b", -2.0), ("gone", f64::NAN), ("monthly charge", 10.0)];
    let of = |name: &str| columns.iter().find(|(n, _)| *n == name).map(|(_, x)| std::slice::from_ref(x));
    parse(text).unwrap().evaluate(1, &of)[0]
}

#[test]
fn formulas_are_computed_in_the_usual_order() {
    let check = |text: &str, expected: f64| assert_eq!(value(text), expected, "{text}");
    check("1 + 2 * 3 - 4 / 2", 5.0);
    check("(1+2)*-3", -9.0);
    check("a−b", 8.0);
    check("a × 2 ÷ 3", 4.0);
    check("`monthly charge` / 1e1", 1.0);
    check("sqrt(a + 3) + abs(b) + exp(0) + log(1)", 6.0);
    check("min(a, b) + max(a, b)", 4.0);
    check("if(a > 5 and not b > 0, 1, 2)", 1.0);
    check("if(a = 6 or b = 6, a, b)", 6.0);
    check("if(missing(gone), 7, gone)", 7.0);
    check("if(gone > 1, 1, 0) + if(gone != 1, 1, 0)", 0.0);
    check("2 - -a", 8.0);
    check("a >= 6", 1.0);
}

#[test]
fn what_is_not_defined_is_missing() {
    for text in ["1 / 0", "log(0)", "log(b)", "sqrt(b)", "gone + 1", "min(gone, 1)", "max(1, gone)", "unknown"] {
        assert!(value(text).is_nan(), "{text}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    let problem = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(problem(""), "at character 1: expected a column, a number, a function or `(`, found the end");
    assert_eq!(problem("a b"), "at character 3: expected a sign such as + or the end, found `b`");
    assert_eq!(problem("log(a"), "at character 6: expected `)`, `,` or a sign such as +, found the end");
    assert!(problem("log(a, 2)").contains("expected 1 values for `log`, not 2"));
    assert!(problem("ln(a)").contains("one of the functions log, exp, abs, sqrt, min, max, if, missing"));
    assert!(problem("é + §").starts_with("at character 5: expected a column"));
    assert!(problem("`a").contains("a closing `"));
    assert!(problem(&"(".repeat(100_000)).contains("at most 64"));
    assert!(problem(&"-".repeat(100_000)).contains("at most 64"));
    assert!(problem(&"1+".repeat(100_000)).contains("at most 500"));
}

#[test]
fn the_columns_read_are_known() {
    assert_eq!(parse("if(b > `c d`, a, b) + 1").unwrap().columns(), ["a", "b", "c d"]);
}

#[test]
fn no_text_panics() {
    let pieces =
        ["a", "and", "not", "(", ")", "`", "1e", ".", "2.5", "-", "*", "<", "=", ",", "if", "log", "é", " ", "min("];
    let mut random = Shuffler::new(3);
    for _ in 0..20_000 {
        let text: String = (0..random.below(12)).map(|_| pieces[random.below(pieces.len())]).collect();
        let _ = parse(&text).map(|formula| formula.evaluate(1, &|_| None));
    }
}
