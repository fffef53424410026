use super::*;

fn columns(text: &str) -> Vec<String> {
    parse(text).unwrap().columns().into_iter().map(str::to_owned).collect()
}

fn problem(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn comparisons_take_formulas_on_either_side() {
    let sum = |how, a, b| Node::Arithmetic(how, Box::new(a), Box::new(b));
    let column = |name: &str| Node::Column(name.to_owned());
    let expected = Node::Compare(
        Comparison::Equal,
        Box::new(column("total")),
        Box::new(sum(
            Arithmetic::Add,
            sum(Arithmetic::Multiply, column("price"), column("n")),
            Node::Negate(Box::new(column("rebate"))),
        )),
    );
    assert_eq!(parse("total == price * n + -rebate").unwrap().root, expected);
    assert_eq!(parse("(total = (price*n)+(-`rebate`))").unwrap().root, expected);
}

#[test]
fn filters_and_formulas_are_one_language() {
    assert_eq!(columns("start <= end"), ["end", "start"]);
    assert_eq!(
        columns("not (plan in (\"a\", 'b') or age between 18 and limit) and `a b` is not missing"),
        ["a b", "age", "limit", "plan"]
    );
    assert_eq!(columns("active"), ["active"]);
    let date = parse("day >= 2026-03-01T12:30").unwrap().root;
    assert!(matches!(date, Node::Compare(_, _, right) if *right == Node::Text("2026-03-01T12:30".into())));
    // Spaces make it a subtraction.
    assert!(
        matches!(parse("x >= 2026 - 03 - 01").unwrap().root, Node::Compare(_, _, r) if matches!(*r, Node::Arithmetic(..)))
    );
    assert!(matches!(parse("name not starts with \"Dr\"").unwrap().root, Node::Not(_)));
    assert_eq!(parse("x is null").unwrap(), parse("x is missing").unwrap());
    assert_eq!(parse("x is not present").unwrap(), parse("x is missing").unwrap());
    assert_eq!(
        parse("x = -5").unwrap().root,
        Node::Compare(Comparison::Equal, Box::new(Node::Column("x".into())), Box::new(Node::Whole(-5)),)
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(problem("a <="), "at character 5: expected a column, a value, a function or `(`, found the end");
    assert_eq!(problem("a * 2"), "at character 6: expected a comparison such as <= or =, `and`, `or`, found the end");
    assert!(problem("a < 1 b").contains("found `b`"));
    assert!(problem("foo(a) > 1").contains("one of the functions log, exp"));
    assert!(problem("min(a) > 1").contains("2 values for `min`, not 1"));
    assert!(problem("a = \"x").contains("a closing \""));
    assert!(problem("a contains b").contains("a text in \"quotes\""));
    assert!(problem(&"(".repeat(100_000)).contains("at most 64"));
    assert!(problem(&"not ".repeat(100_000)).contains("at most 64"));
    assert!(problem(&format!("{}1 > 0", "1+".repeat(100_000))).contains("at most 500"));
}
