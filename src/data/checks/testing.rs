//! Tables for the rules' tests.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{CheckInput, run};
use crate::data::columns::TableRef;
pub(super) use crate::data::table::testing::{numbers, table};
use crate::data::table::{Cells, Table};
use crate::domain::finding::{CheckReport, CheckResult, Finding, Severity};
use crate::domain::io::Silent;
use crate::domain::schema::ColumnKind;
use crate::domain::suite::CheckSetting;
use crate::stats::mix;

pub(super) fn wholes(values: impl IntoIterator<Item = i64>) -> Cells {
    Cells::Int(values.into_iter().map(Some).collect())
}

pub(super) fn texts<'a>(values: impl IntoIterator<Item = &'a str>) -> Cells {
    Cells::Text(values.into_iter().map(Some).collect())
}

/// A number in [0, 1) that depends on the row and the salt only.
pub(super) fn uniform(row: usize, salt: u64) -> f64 {
    (mix(row as u64 ^ mix(salt)) >> 11) as f64 / (1u64 << 53) as f64
}

pub(super) fn normal(row: usize, salt: u64) -> f64 {
    let (u, v) = (uniform(row, salt).max(1e-12), uniform(row, salt ^ 0xABCD));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

const PLANS: [&str; 4] = ["basic", "family", "pro", "student"];
const MAKERS: [&str; 40] = [
    "Ab", "Bc", "Cd", "De", "Ef", "Fg", "Gh", "Hi", "Ij", "Jk", "Kl", "Lm", "Mn", "No", "Op", "Pq", "Qr", "Rs", "St",
    "Tu", "Uv", "Vw", "Wx", "Xy", "Yz", "Za", "Zb", "Zc", "Zd", "Ze", "Zf", "Zg", "Zh", "Zi", "Zj", "Zk", "Zl", "Zm",
    "Zn", "Zo",
];

/// A table without a flaw: mixed kinds, a few missing cells, a target that depends weakly on two columns.
pub(super) fn clean(n: usize, salt: u64) -> Table {
    let heavy = |row| (0.6 * normal(row, salt + 1)).exp() * 20.0;
    let plan = |row| (uniform(row, salt + 2) * 4.0) as usize;
    let churn =
        |row| uniform(row, salt + 3) < 0.2 + 0.1 * plan(row) as f64 / 3.0 + if heavy(row) > 30.0 { 0.2 } else { 0.0 };
    let holes = |row: usize, x: f64| if uniform(row, salt + 4) < 0.02 { f64::NAN } else { x };
    let maker = |row| MAKERS[(uniform(row, salt + 5).powi(3) * 40.0) as usize];
    let day = |row: usize| Some(86_400_000 * (row as i64 / 10));
    table(vec![
        ("customer_id", ColumnKind::Identifier, wholes((0..n as i64).map(|i| salt as i64 * 1_000_000 + i))),
        ("joined", ColumnKind::Datetime, Cells::DatetimeMs((0..n).map(day).collect())),
        ("age", ColumnKind::Numeric, wholes((0..n).map(|r| 18 + (uniform(r, salt + 6) * 70.0) as i64))),
        ("charges", ColumnKind::Numeric, numbers((0..n).map(|r| holes(r, heavy(r))))),
        ("score", ColumnKind::Numeric, numbers((0..n).map(|r| normal(r, salt + 7)))),
        ("calls", ColumnKind::Numeric, wholes((0..n).map(|r| (uniform(r, salt + 8).powi(4) * 12.0) as i64))),
        ("plan", ColumnKind::Categorical, texts((0..n).map(|r| PLANS[plan(r)]))),
        ("maker", ColumnKind::Categorical, texts((0..n).map(maker))),
        ("paperless", ColumnKind::Boolean, Cells::Boolean((0..n).map(|r| Some(uniform(r, salt + 9) < 0.5)).collect())),
        ("churn", ColumnKind::Boolean, Cells::Boolean((0..n).map(|r| Some(churn(r))).collect())),
    ])
}

/// The table with a column replaced, or added at the end.
pub(super) fn with(mut table: Table, name: &str, kind: ColumnKind, cells: Cells) -> Table {
    let added = self::table(vec![(name, kind, cells)]);
    match table.schema.index_of(name) {
        Some(index) => {
            table.schema.columns[index] = added.schema.columns[0].clone();
            table.columns[index] = added.columns[0].clone();
        }
        None => {
            table.schema.columns.extend(added.schema.columns);
            table.columns.extend(added.columns);
        }
    }
    table
}

/// The rows at `rows`, in that order.
pub(super) fn take(table: &Table, rows: &[usize]) -> Table {
    fn pick<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
        rows.iter().map(|r| values[*r].clone()).collect()
    }
    let columns = table.columns.iter().map(|cells| match cells {
        Cells::Float(v) => Cells::Float(pick(v, rows)),
        Cells::Int(v) => Cells::Int(pick(v, rows)),
        Cells::DatetimeMs(v) => Cells::DatetimeMs(pick(v, rows)),
        Cells::Boolean(v) => Cells::Boolean(pick(v, rows)),
        Cells::Text(d) => Cells::Text(rows.iter().map(|r| d.get(*r)).collect()),
    });
    Table { schema: table.schema.clone(), columns: columns.collect(), n_rows: rows.len() }
}

/// Without the three checks that learn or compare all rows with each other: seconds without optimisation.
pub(super) static QUICK: LazyLock<BTreeMap<String, CheckSetting>> = LazyLock::new(|| {
    let off = CheckSetting { off: true, ..CheckSetting::default() };
    ["OUTLIER_ROWS", "LABEL_SUSPECTS", "JOINT_DRIFT"].map(|code| (code.to_owned(), off.clone())).into()
});

pub(super) fn quick<'a>(input: CheckInput<'a>) -> CheckReport {
    run(&CheckInput { settings: &QUICK, ..input }, &Silent).unwrap()
}

pub(super) fn thorough(input: &CheckInput<'_>) -> CheckReport {
    run(input, &Silent).unwrap()
}

pub(super) fn check(table: &Table) -> CheckReport {
    quick(CheckInput::new(table))
}

pub(super) fn check_target(table: &Table, target: &str) -> CheckReport {
    quick(CheckInput { target: Some(target), ..CheckInput::new(table) })
}

pub(super) fn check_against(table: &Table, reference: &Table) -> CheckReport {
    quick(CheckInput { reference: Some(TableRef::of(reference)), ..CheckInput::new(table) })
}

#[track_caller]
pub(super) fn result<'a>(report: &'a CheckReport, code: &str) -> &'a CheckResult {
    report.checks.iter().find(|c| c.code == code).unwrap()
}

/// The only finding of a rule.
#[track_caller]
pub(super) fn only<'a>(report: &'a CheckReport, code: &str) -> &'a Finding {
    let findings = &result(report, code).findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    &findings[0]
}

/// The only finding of a rule about a column.
#[track_caller]
pub(super) fn about<'a>(report: &'a CheckReport, code: &str, column: &str) -> &'a Finding {
    let mut findings = result(report, code).findings.iter().filter(|f| f.column.as_deref() == Some(column));
    let finding = findings.next().unwrap();
    assert!(findings.next().is_none());
    finding
}

/// Everything a person would have to act on.
pub(super) fn alarms(report: &CheckReport) -> Vec<&Finding> {
    report.findings().into_iter().filter(|f| f.severity != Severity::Info).collect()
}
