//! The numbers at a cut and the lines over all cuts. Pure.

use crate::domain::decision::{Confusion2, CostMatrix, Cuts, Decisions};
use crate::domain::request::TrainRequest;
use crate::domain::run::Run;
use crate::domain::training::{CalibrationMethod, DecisionSpec, ThresholdRule};
use crate::ui::format;

/// Which rows are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Rows {
    #[default]
    Validation,
    Test,
}

impl Rows {
    pub const ALL: [(Self, &'static str, &'static str); 2] = [
        (Self::Validation, "Held-out folds", "Rows that each fold's model had not seen: choose the cut here"),
        (Self::Test, "Test rows", "Kept aside all the time: see here what the cut is worth, and do not choose by it"),
    ];
}

/// The cuts on these rows, or on the others where these have none.
pub fn cuts(decisions: &Decisions, rows: Rows) -> Option<(Rows, &Cuts)> {
    let validation = decisions.validation.as_ref().map(|cuts| (Rows::Validation, cuts));
    let test = decisions.test.as_ref().map(|cuts| (Rows::Test, cuts));
    match rows {
        Rows::Validation => validation.or(test),
        Rows::Test => test.or(validation),
    }
}

/// Name, value and meaning of what a cut comes to.
pub fn numbers(seen: &Confusion2, costs: &CostMatrix) -> Vec<(&'static str, String, &'static str)> {
    let share = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), |v| format::fixed(v, 3));
    let cost = seen.cost(costs);
    vec![
        ("Precision", share(seen.precision()), "Of the rows called positive, the share that is"),
        ("Recall", share(seen.recall()), "Of the positive rows, the share that was found"),
        ("F1", share(seen.f1()), "Harmonic mean of precision and recall"),
        ("False positive rate", share(seen.false_positive_rate()), "Of the negative rows, the share called positive"),
        ("Accuracy", share(seen.accuracy()), "Share of rows that were called right"),
        ("Cost", format::number(cost), "What all answers cost together, by the matrix"),
        (
            "Cost per 1,000 rows",
            format::number(cost / seen.rows().max(1) as f64 * 1000.0),
            "To compare with other tables",
        ),
    ]
}

/// What is drawn over all cuts, (cut, value).
#[derive(Debug, Default, PartialEq)]
pub struct Lines {
    pub precision: Vec<[f64; 2]>,
    pub recall: Vec<[f64; 2]>,
    pub f1: Vec<[f64; 2]>,
    /// Per row.
    pub cost: Vec<[f64; 2]>,
}

pub fn lines(cuts: &Cuts, costs: &CostMatrix) -> Lines {
    let mut lines = Lines::default();
    let rows = cuts.rows().max(1) as f64;
    // From the left to the right.
    for cut in cuts.cuts.iter().rev() {
        let seen = cuts.confusion(*cut);
        let at = cut.at.min(1.0);
        let mut add = |line: fn(&mut Lines) -> &mut Vec<[f64; 2]>, value: Option<f64>| {
            if let Some(value) = value {
                line(&mut lines).push([at, value]);
            }
        };
        add(|l| &mut l.precision, seen.precision());
        add(|l| &mut l.recall, seen.recall());
        add(|l| &mut l.f1, seen.f1());
        add(|l| &mut l.cost, Some(seen.cost(costs) / rows));
    }
    lines
}

/// "where F1 is best"
pub fn rule_words(rule: ThresholdRule) -> &'static str {
    match rule {
        ThresholdRule::F1 => "where F1 is best",
        ThresholdRule::Youden => "where the Youden index is best",
        ThresholdRule::Cost { .. } => "where the cost is least",
        ThresholdRule::Fixed { .. } => "set by hand",
    }
}

/// The run again, deciding this way; its model is the same, as its seed and rows are.
pub fn decide_again(run: &Run, rule: ThresholdRule, calibration: Option<CalibrationMethod>) -> TrainRequest {
    let mut request = TrainRequest::of_run(run);
    request.options.decision = DecisionSpec { calibration, threshold: Some(rule) };
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::params::Algorithm;
    use crate::domain::run::RunStatus;
    use crate::ui::pages::fixture;

    fn decisions() -> Decisions {
        let p = [0.1, 0.4, 0.35, 0.8, 0.65, 0.9, 0.2, 0.65];
        let y = [false, false, true, true, true, true, false, false];
        Decisions {
            positive: "true".into(),
            negative: "false".into(),
            threshold: None,
            calibration: None,
            validation: Some(Cuts::of(&y, &p)),
            test: None,
        }
    }

    #[test]
    fn rows_that_are_not_there_fall_back_to_those_that_are() {
        let (rows, cuts) = (Rows::Test, decisions());
        assert_eq!(super::cuts(&cuts, rows).unwrap().0, Rows::Validation);
    }

    #[test]
    fn numbers_follow_the_cut_and_the_costs() {
        let decisions = decisions();
        let (_, cuts) = cuts(&decisions, Rows::Validation).unwrap();
        let costs = CostMatrix { miss: 5.0, ..CostMatrix::default() };
        let all = numbers(&cuts.confusion(cuts.at(0.5).unwrap()), &costs);
        let value = |name: &str| all.iter().find(|(n, ..)| *n == name).unwrap().1.clone();
        assert_eq!(
            [value("Precision"), value("Recall"), value("Cost"), value("Cost per 1,000 rows")],
            ["0.750", "0.750", "6", "750"]
        );
        let lines = lines(cuts, &costs);
        assert!(lines.cost.windows(2).all(|w| w[0][0] <= w[1][0]));
        assert_eq!(lines.recall.first(), Some(&[0.1, 1.0]));
        assert_eq!(lines.cost.last(), Some(&[1.0, 20.0 / 8.0]), "nobody is called positive: four misses");
    }

    #[test]
    fn deciding_again_keeps_everything_but_the_decision() {
        let run = fixture::run(7, RunStatus::Completed, Algorithm::Logistic, 2, Some(0.8));
        let request = decide_again(&run, ThresholdRule::F1, Some(CalibrationMethod::Platt));
        assert_eq!(request.algorithms, [Algorithm::Logistic]);
        assert_eq!((request.split.seed, request.folds), (42, 5));
        assert_eq!(request.options.decision.threshold, Some(ThresholdRule::F1));
    }
}
