//! Suites made at random: whatever they say is printed and read back as it was.

use super::*;
use crate::domain::random::Shuffler;
use crate::domain::schema::ColumnKind;

fn name(random: &mut Shuffler) -> String {
    ["x", "monthly charge", "größe", "a\"b", "", "0"][random.below(6)].to_owned()
}

fn names(random: &mut Shuffler) -> Vec<String> {
    (0..random.below(4)).map(|_| name(random)).collect()
}

fn number(random: &mut Shuffler) -> f64 {
    [0.0, -1.5, 1e300, 0.1, 1.0 / 3.0, 5e-324, -7.0][random.below(7)]
}

fn scalar(random: &mut Shuffler) -> Scalar {
    match random.below(4) {
        0 => Scalar::Bool(random.below(2) == 0),
        1 => Scalar::Whole([0, -3, i64::MIN, i64::MAX][random.below(4)]),
        2 => Scalar::Number(number(random)),
        _ => Scalar::Text(name(random)),
    }
}

fn set(random: &mut Shuffler) -> Vec<Scalar> {
    (0..random.below(4)).map(|_| scalar(random)).collect()
}

fn bounds(random: &mut Shuffler) -> Bounds {
    let end = |random: &mut Shuffler| (random.below(3) > 0).then(|| scalar(random));
    Bounds { min: end(random), max: end(random), strict_min: random.below(2) == 0, strict_max: random.below(2) == 0 }
}

/// One test of each shape there is.
fn test(random: &mut Shuffler) -> Test {
    use Test as T;
    let (column, threshold) = (name(random), number(random));
    match random.below(22) {
        0 => T::TableRowCountBetween(bounds(random)),
        1 => T::TableRowCountEquals { value: u64::MAX },
        2 => T::TableColumnsMatchSet { columns: names(random), exact: random.below(2) == 0 },
        3 => T::ColumnOfKind { column, kinds: vec![ColumnKind::Numeric, ColumnKind::Text] },
        4 => T::ColumnValuesNotNull { column },
        5 => T::ColumnValuesInSet { column, value_set: set(random) },
        6 => T::ColumnValuesBetween { column, bounds: bounds(random) },
        7 => T::ColumnValueLengthsEqual { column, value: 7 },
        8 => T::ColumnValuesMatchRegex { column, regex: name(random) },
        9 => T::ColumnValuesMatchRegexList { column, regex_list: names(random), match_on: Which::All },
        10 => T::ColumnValuesIncreasing { column, strictly: random.below(2) == 0 },
        11 => T::ColumnValueZScoresBelow { column, threshold, double_sided: true },
        12 => T::ColumnMeanBetween { column, bounds: bounds(random) },
        13 => {
            let one = |random: &mut Shuffler| QuantileBounds { quantile: number(random), bounds: bounds(random) };
            T::ColumnQuantileValuesBetween { column, quantiles: (0..random.below(3)).map(|_| one(random)).collect() }
        }
        14 => T::ColumnPairValuesInSet {
            column_a: column,
            column_b: name(random),
            value_pairs_set: vec![(scalar(random), scalar(random))],
        },
        15 => T::MulticolumnSumEquals { columns: names(random), sum_total: threshold },
        16 => T::RowsSatisfy { expression: "a <= b".to_owned() },
        17 => T::ColumnNormalKsPValueAbove { column, mean: threshold, std: 1.0, p_value: 0.05 },
        18 => T::ColumnPsiBelow { column, threshold },
        19 => T::TableRowCountLikeReference { tolerance: threshold },
        20 => T::ColumnValuesInReferenceSet { column },
        _ => T::ColumnPairValuesAGreaterThanB { column_a: column, column_b: name(random), or_equal: true },
    }
}

fn suite(random: &mut Shuffler) -> Suite {
    let rules = (0..random.below(6)).map(|i| {
        let mut rule = Rule::new(format!("rule-{i}"), test(random));
        rule.mostly = [1.0, 0.95, 0.1][random.below(3)];
        rule.severity = [Severity::Error, Severity::Warning, Severity::Info][random.below(3)];
        rule.only_where = (random.below(2) == 0).then(|| name(random));
        rule.only_in = [None, Some(Environment::Train), Some(Environment::Score)][random.below(3)];
        rule.origin = (random.below(2) == 0).then(|| name(random));
        rule
    });
    let rules = rules.collect();
    let column = ColumnContract {
        kind: Some(ColumnKind::Numeric),
        values: Some(set(random)),
        min: Some(scalar(random)),
        max_length: Some(9),
        order: Some(Order::Decreasing),
        only_in: Some(Environment::Train),
        ..ColumnContract::new(name(random))
    };
    let contract = Contract {
        columns: if random.below(2) == 0 { vec![column] } else { Vec::new() },
        no_other_columns: false,
        in_order: false,
    };
    let setting = CheckSetting { off: random.below(2) == 0, limit: Some(number(random)), severity: None };
    Suite { rules, contract, checks: BTreeMap::from([("MISSING_VALUES".to_owned(), setting)]), ..Suite::new() }
}

#[test]
fn any_suite_reads_back_as_itself() {
    let mut random = Shuffler::new(5);
    for _ in 0..500 {
        let suite = suite(&mut random);
        let printed = suite.print();
        assert_eq!(Suite::parse(&printed).as_ref(), Ok(&suite), "{printed}");
        for rule in &suite.rules {
            assert!(!rule.test.name().is_empty() && rule.test.name() == rule.test.code().to_lowercase());
            assert!(rule.describe().starts_with(&rule.test.subject()));
            // Whatever is wrong is told, not panicked about.
            rule.problems();
        }
    }
}

#[test]
fn a_contract_means_rules_that_can_be_judged() {
    let column = ColumnContract {
        kind: Some(ColumnKind::Text),
        not_null: true,
        unique: true,
        regex: Some("^A".to_owned()),
        min_length: Some(1),
        ..ColumnContract::new("code")
    };
    let label = ColumnContract { only_in: Some(Environment::Train), ..ColumnContract::new("label") };
    let contract = Contract { columns: vec![column, label], no_other_columns: true, in_order: true };
    let suite = Suite { contract, ..Suite::new() };
    assert_eq!(suite.problems(), []);
    let ids = |environment| suite.rules_for(environment).into_iter().map(|rule| rule.id).collect::<Vec<_>>();
    assert_eq!(ids(Environment::Train).len(), ids(Environment::Score).len() + 1);
    assert!(!ids(Environment::Score).contains(&"contract:exists:label".to_owned()));
}
