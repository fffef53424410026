//! What the Monitor page says: pure, from drift reports to ready sentences.

use crate::domain::dataset::DatasetVersion;
use crate::domain::drift::{ColumnDrift, DriftReport, DriftTest, StoredDrift};
use crate::domain::history::History;
use crate::domain::ids::VersionId;
use crate::domain::schema::ColumnKind;
use crate::state::Focus;
use crate::ui::format;
use crate::ui::pages::parts::shapes::largest_change;
use crate::ui::widgets::badge::Tone;
use crate::ui::widgets::charts::ChartTable;

/// "6 of 28 columns drifted · dataset drift: no (from 50 % on)", with the rule in force.
pub fn verdict(report: &DriftReport) -> (Tone, &'static str, String) {
    let compared = report.columns.iter().filter(|c| c.test.is_some()).count();
    let drifted = report.columns.iter().filter(|c| c.drifted).count();
    let answer = if report.dataset_drift { "yes" } else { "no" };
    let limit = format::percent(report.share_threshold);
    let sentence = format!("{drifted} of {compared} columns drifted · dataset drift: {answer} (from {limit} on)");
    match (report.dataset_drift, drifted) {
        (true, _) => (Tone::Bad, "Drifted", sentence),
        (false, 0) => (Tone::Ok, "Stable", sentence),
        (false, _) => (Tone::Warn, "Some drift", sentence),
    }
}

/// A row of the drift table, ready to draw.
#[derive(Debug, PartialEq)]
pub struct DriftRow<'a> {
    pub column: &'a str,
    pub kind: ColumnKind,
    pub tone: Tone,
    pub word: &'static str,
    pub test: &'static str,
    pub statistic: String,
    pub limit: String,
    pub p_value: String,
}

/// Drifted first, then compared, then those that could not be; inside each the furthest from its limit first.
/// `filter` matches column names.
pub fn rows<'a>(report: &'a DriftReport, filter: &str) -> Vec<DriftRow<'a>> {
    let wanted = filter.trim().to_lowercase();
    let mut columns: Vec<&ColumnDrift> =
        report.columns.iter().filter(|c| c.column.to_lowercase().contains(&wanted)).collect();
    columns.sort_by(|a, b| {
        let group = |c: &ColumnDrift| (!c.drifted, c.test.is_none());
        group(a).cmp(&group(b)).then(strength(b).total_cmp(&strength(a))).then(a.column.cmp(&b.column))
    });
    let decimals = decimals(report);
    columns.into_iter().map(|c| row(c, decimals)).collect()
}

/// How many times over its limit a column is: distances above it, p-values below it.
fn strength(c: &ColumnDrift) -> f64 {
    let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { f64::MAX };
    match (c.test, c.threshold) {
        (Some(DriftTest::Ks | DriftTest::ChiSquare | DriftTest::ZTest), Some(limit)) => {
            c.p_value.map_or(0.0, |p| ratio(limit, p))
        }
        (Some(_), Some(limit)) => c.statistic.map_or(0.0, |s| ratio(s, limit)),
        _ => 0.0,
    }
}

/// Decimals of all statistics of a report: they stand in one column.
pub fn decimals(report: &DriftReport) -> usize {
    format::decimals(report.columns.iter().filter_map(|c| c.statistic), 3).min(4)
}

/// Has any test of this report a p-value?
pub fn has_p_values(report: &DriftReport) -> bool {
    report.columns.iter().any(|c| c.p_value.is_some())
}

fn row(c: &ColumnDrift, decimals: usize) -> DriftRow<'_> {
    let (tone, word) = light(c);
    let dash = || "—".to_owned();
    DriftRow {
        column: &c.column,
        kind: c.kind,
        tone,
        word,
        test: c.test.map_or("not compared", DriftTest::title),
        statistic: c.statistic.map_or_else(dash, |value| statistic(value, decimals)),
        limit: c.threshold.map_or_else(dash, |limit| format::fixed(limit, 2)),
        p_value: p_value(c.p_value),
    }
}

/// A small distance is not none.
pub fn statistic(value: f64, decimals: usize) -> String {
    let smallest = 10_f64.powi(-(decimals as i32));
    if value > 0.0 && value < smallest / 2.0 {
        return format!("< {}", format::fixed(smallest, decimals));
    }
    format::fixed(value, decimals)
}

/// The traffic light of a column, with its word.
pub fn light(c: &ColumnDrift) -> (Tone, &'static str) {
    match (c.test, c.drifted) {
        (None, _) => (Tone::Neutral, "not compared"),
        (_, true) => (Tone::Bad, "drifted"),
        (_, false) => (Tone::Ok, "stable"),
    }
}

/// Very small p-values are not zero.
pub fn p_value(p: Option<f64>) -> String {
    match p {
        None => "—".to_owned(),
        Some(p) if p < 1e-4 => "< 0.0001".to_owned(),
        Some(p) => format::fixed(p, 4),
    }
}

/// How the limit is read: p-values drift below it, distances above it.
pub fn rule(c: &ColumnDrift) -> Option<String> {
    let limit = format::number(c.threshold?);
    Some(match c.test? {
        DriftTest::Ks => format!("Drift when p ≤ {limit}"),
        DriftTest::ChiSquare | DriftTest::ZTest => format!("Drift when p < {limit}"),
        DriftTest::Wasserstein | DriftTest::JensenShannon => format!("Drift when the distance is ≥ {limit}"),
        DriftTest::DomainClassifier => format!("Drift when the AUC is > {limit}"),
    })
}

/// The drift table for a spreadsheet.
pub fn report_table(report: &DriftReport) -> ChartTable {
    let mut table = ChartTable::new(["column", "kind", "test", "statistic", "p_value", "threshold", "drifted"]);
    let number = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
    for c in &report.columns {
        table.rows.push(vec![
            c.column.clone(),
            c.kind.as_str().to_owned(),
            c.test.map_or("", DriftTest::as_str).to_owned(),
            number(c.statistic),
            number(c.p_value),
            number(c.threshold),
            c.drifted.to_string(),
        ]);
    }
    table
}

/// The picture of a column in one sentence.
pub fn shape_summary(c: &ColumnDrift) -> String {
    format!("{}: {}, {}", c.column, light(c).1, largest_change(&c.shape))
}

/// Reference and current: what was picked; else the table the model in focus learned from, against the one in focus
/// or the newest like it. Without a model, or with nothing newer, the first of all like the one in focus is the reference.
pub fn sides(
    history: &History,
    focus: &Focus,
    picked: [Option<VersionId>; 2],
) -> (Option<VersionId>, Option<VersionId>) {
    let exists = |id: VersionId| history.version(id).is_some();
    let picked = picked.map(|id| id.filter(|id| exists(*id)));
    let focused = focus.version.and_then(|id| history.version(id)).or(history.versions.first());
    let Some(focused) = focused else { return (None, None) };
    let like = |v: &&DatasetVersion| v.dataset_id == focused.dataset_id || v.schema.resembles(&focused.schema);
    let family: Vec<&DatasetVersion> = history.versions.iter().filter(like).collect();
    let learned = focus.run.and_then(|id| history.run(id)).map(|r| r.plan.version_id);
    // What came after can have drifted from it; what came before cannot.
    let learned = learned.filter(|id| family.iter().any(|v| v.id == *id) && family.iter().any(|v| v.id > *id));
    let reference = picked[0].or(learned).or_else(|| family.iter().map(|v| v.id).min());
    let current = picked[1]
        .or_else(|| Some(focused.id).filter(|id| Some(*id) != reference))
        .or_else(|| family.iter().map(|v| v.id).filter(|id| Some(*id) != reference).max());
    (reference, current)
}

/// Why the two cannot be compared; `None` when they can.
pub fn why_not(sides: (Option<VersionId>, Option<VersionId>)) -> Option<String> {
    match sides {
        (None, _) => Some("Choose a reference version".to_owned()),
        (_, None) => Some("Choose a current version".to_owned()),
        (Some(a), Some(b)) if a == b => Some("Reference and current are the same version".to_owned()),
        _ => None,
    }
}

/// The report to show: the one in focus, else the newest.
pub fn shown<'a>(history: &'a History, focus: &Focus) -> Option<&'a StoredDrift> {
    focus.drift.and_then(|id| history.drift(id)).or_else(|| history.drifts.first())
}

/// Columns on one side only, as a sentence.
pub fn unmatched(report: &DriftReport) -> Vec<String> {
    let sentence = |names: &[String], side: &str| {
        (!names.is_empty()).then(|| {
            let n = format::counted(names.len() as u64, "column", "columns");
            format!("{n} only in the {side}: {}", names.join(", "))
        })
    };
    [sentence(&report.only_reference, "reference"), sentence(&report.only_current, "current data")]
        .into_iter()
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::drift::DriftShape;

    fn column(name: &str, test: Option<DriftTest>, drifted: bool) -> ColumnDrift {
        ColumnDrift {
            column: name.into(),
            kind: ColumnKind::Numeric,
            test,
            statistic: test.map(|_| 0.21),
            p_value: test.map(|_| 1e-12),
            threshold: test.map(|_| 0.05),
            drifted,
            missing: [0.0, 0.1],
            shape: DriftShape::Values {
                values: vec!["a".into(), "b".into()],
                reference: vec![0.5, 0.5],
                current: vec![0.9, 0.1],
            },
            note: None,
        }
    }

    fn report() -> DriftReport {
        DriftReport {
            format_version: 1,
            columns: vec![
                column("b", Some(DriftTest::Ks), false),
                column("z", Some(DriftTest::Ks), true),
                column("a", None, false),
            ],
            drifted_share: 0.5,
            share_threshold: 0.5,
            dataset_drift: true,
            reference_rows: 10,
            current_rows: 10,
            only_reference: vec!["old".into()],
            only_current: vec![],
        }
    }

    #[test]
    fn the_verdict_counts_compared_columns_and_names_the_rule() {
        let (tone, word, sentence) = verdict(&report());
        assert_eq!(sentence, "1 of 2 columns drifted · dataset drift: yes (from 50 % on)");
        assert_eq!((tone, word), (Tone::Bad, "Drifted"));
    }

    #[test]
    fn drifted_columns_come_first_and_uncompared_last() {
        let report = report();
        let rows = rows(&report, "");
        let names: Vec<&str> = rows.iter().map(|r| r.column).collect();
        assert_eq!(names, ["z", "b", "a"]);
        assert_eq!((rows[0].word, rows[0].p_value.as_str()), ("drifted", "< 0.0001"));
        assert_eq!((rows[2].word, rows[2].statistic.as_str()), ("not compared", "—"));
        assert_eq!(super::rows(&report, "Z").len(), 1);
    }

    #[test]
    fn the_rule_says_which_side_of_the_limit_is_drift() {
        assert_eq!(rule(&column("a", Some(DriftTest::Ks), true)).unwrap(), "Drift when p ≤ 0.05");
        let distance = rule(&column("a", Some(DriftTest::JensenShannon), true)).unwrap();
        assert_eq!(distance, "Drift when the distance is ≥ 0.05");
        assert_eq!(rule(&column("a", None, false)), None);
    }

    #[test]
    fn the_summary_names_the_largest_change() {
        assert_eq!(
            shape_summary(&column("plan", Some(DriftTest::ChiSquare), true)),
            "plan: drifted, largest change: a from 50 % to 90 %"
        );
    }

    #[test]
    fn the_same_version_twice_is_refused() {
        let version = Some(VersionId(1));
        assert!(why_not((version, version)).is_some());
        assert!(why_not((version, None)).is_some());
        assert_eq!(why_not((version, Some(VersionId(2)))), None);
    }

    #[test]
    fn the_data_the_model_learned_from_is_the_reference() {
        let mut history = crate::ui::pages::fixture::history();
        let run = history.runs.iter().find(|r| r.plan.version_id == VersionId(2)).unwrap().id;
        let focus = Focus { version: Some(VersionId(2)), run: Some(run), ..Focus::default() };
        assert_eq!(sides(&history, &focus, [None, None]), (Some(VersionId(1)), Some(VersionId(2))));
        let newest = history.versions.iter().find(|v| v.id == VersionId(2)).unwrap().clone();
        history.versions.push(DatasetVersion { id: VersionId(3), version: 3, ..newest });
        assert_eq!(sides(&history, &focus, [None, None]), (Some(VersionId(2)), Some(VersionId(3))));
        let focus = Focus { version: Some(VersionId(2)), ..Focus::default() };
        assert_eq!(sides(&history, &focus, [None, None]), (Some(VersionId(1)), Some(VersionId(2))));
    }

    #[test]
    fn statistics_share_their_decimals_and_small_ones_are_not_zero() {
        assert_eq!([0.3568, 0.00001, 0.0].map(|v| statistic(v, 4)), ["0.3568", "< 0.0001", "0.0000"]);
    }

    #[test]
    fn columns_on_one_side_are_named() {
        assert_eq!(unmatched(&report()), ["1 column only in the reference: old"]);
    }
}
