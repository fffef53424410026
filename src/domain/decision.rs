//! From probabilities to decisions: what every cut of a two-class model comes to, in counts and costs.

use serde::{Deserialize, Serialize};

use super::training::{CalibrationMethod, ThresholdRule};

/// Cuts kept evenly over the rows, and evenly from 0 to 1: counts are exact at every thousandth.
const MOST_CUTS: usize = 1000;

/// What a two-class run's cut could be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    /// The class that is predicted at or above the cut, and the other.
    pub positive: String,
    pub negative: String,
    /// As the run decides now; `None` is one half.
    pub threshold: Option<f64>,
    pub calibration: Option<CalibrationMethod>,
    /// Rows the folds did not see: where a cut is chosen. `None` without folds.
    pub validation: Option<Cuts>,
    /// Rows the run was tested on: what a cut is worth. `None` where they cannot be predicted again.
    pub test: Option<Cuts>,
}

/// The rows called positive at each cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cuts {
    pub positives: u64,
    pub negatives: u64,
    /// From the highest cut, where nobody is called positive, to the lowest.
    pub cuts: Vec<Cut>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cut {
    /// A row is called positive when its probability is at least this.
    pub at: f64,
    /// Positive rows called positive.
    pub hits: u64,
    /// Negative rows called positive.
    pub alarms: u64,
}

/// `[truth][predicted]` of two classes, the negative one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confusion2 {
    pub hits: u64,
    pub alarms: u64,
    pub misses: u64,
    /// Negative rows called negative.
    pub spared: u64,
}

/// What each kind of answer costs, per row; the right ones may cost too, or bring something in (below 0).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CostMatrix {
    pub hit: f64,
    pub alarm: f64,
    pub miss: f64,
    pub spared: f64,
}

impl Default for CostMatrix {
    fn default() -> Self {
        Self { hit: 0.0, alarm: 1.0, miss: 1.0, spared: 0.0 }
    }
}

impl CostMatrix {
    /// The rule with the same best cut: only the differences between a wrong and the right answer matter.
    /// `None` when a wrong answer is no dearer than the right one.
    pub fn rule(&self) -> Option<ThresholdRule> {
        let (false_positive, false_negative) = (self.alarm - self.spared, self.miss - self.hit);
        let counts = false_positive.is_finite() && false_negative.is_finite();
        let dearer = false_positive >= 0.0 && false_negative >= 0.0 && false_positive + false_negative > 0.0;
        (counts && dearer).then_some(ThresholdRule::Cost { false_positive, false_negative })
    }
}

impl Cuts {
    /// `probabilities` of the positive class, one per row.
    pub fn of(is_positive: &[bool], probabilities: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..probabilities.len().min(is_positive.len())).collect();
        order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
        let positives = order.iter().filter(|&&row| is_positive[row]).count() as u64;
        let mut all = vec![Cut { at: 1.0 + f64::EPSILON, hits: 0, alarms: 0 }];
        let (mut hits, mut alarms) = (0, 0);
        for (at, &row) in order.iter().enumerate() {
            *(if is_positive[row] { &mut hits } else { &mut alarms }) += 1;
            if order.get(at + 1).is_none_or(|&next| probabilities[next] != probabilities[row]) {
                all.push(Cut { at: probabilities[row], hits, alarms });
            }
        }
        let last = all.len() - 1;
        let step = last.div_ceil(MOST_CUTS - 1).max(1);
        let mut kept: Vec<usize> = (0..=last).step_by(step).chain([last]).collect();
        kept.extend((0..=MOST_CUTS).map(|k| in_effect(&all, k as f64 / MOST_CUTS as f64)));
        kept.sort_unstable();
        kept.dedup();
        let cuts = kept.into_iter().map(|at| all[at]).collect();
        Self { positives, negatives: order.len() as u64 - positives, cuts }
    }

    pub fn rows(&self) -> u64 {
        self.positives + self.negatives
    }

    /// The lowest cut that is not below `threshold`: what is decided there.
    pub fn at(&self, threshold: f64) -> Option<Cut> {
        self.cuts.get(in_effect(&self.cuts, threshold)).copied()
    }

    pub fn confusion(&self, cut: Cut) -> Confusion2 {
        let Cut { hits, alarms, .. } = cut;
        Confusion2 { hits, alarms, misses: self.positives - hits, spared: self.negatives - alarms }
    }

    /// The cut the rule calls best; of equals the highest. `None` where the rule needs both classes and one is missing.
    pub fn best(&self, rule: ThresholdRule) -> Option<Cut> {
        if let ThresholdRule::Fixed { value } = rule {
            return self.at(value);
        }
        let needs_both = !matches!(rule, ThresholdRule::Cost { .. });
        if needs_both && (self.positives == 0 || self.negatives == 0) {
            return None;
        }
        let mut best: Option<(Cut, f64)> = None;
        for cut in &self.cuts {
            let seen = self.confusion(*cut);
            let worth = match rule {
                ThresholdRule::F1 => seen.f1().unwrap_or(0.0),
                ThresholdRule::Youden => {
                    seen.hits as f64 / self.positives as f64 - seen.alarms as f64 / self.negatives as f64
                }
                ThresholdRule::Cost { false_positive, false_negative } => {
                    -(false_positive * seen.alarms as f64 + false_negative * seen.misses as f64)
                }
                ThresholdRule::Fixed { .. } => 0.0,
            };
            if best.is_none_or(|(_, top)| worth > top) {
                best = Some((*cut, worth));
            }
        }
        best.map(|(cut, _)| cut)
    }
}

impl Confusion2 {
    pub fn rows(&self) -> u64 {
        self.hits + self.alarms + self.misses + self.spared
    }

    pub fn precision(&self) -> Option<f64> {
        share(self.hits, self.hits + self.alarms)
    }

    pub fn recall(&self) -> Option<f64> {
        share(self.hits, self.hits + self.misses)
    }

    pub fn false_positive_rate(&self) -> Option<f64> {
        share(self.alarms, self.alarms + self.spared)
    }

    pub fn accuracy(&self) -> Option<f64> {
        share(self.hits + self.spared, self.rows())
    }

    pub fn f1(&self) -> Option<f64> {
        share(2 * self.hits, 2 * self.hits + self.alarms + self.misses)
    }

    /// Over all rows.
    pub fn cost(&self, costs: &CostMatrix) -> f64 {
        costs.hit * self.hits as f64
            + costs.alarm * self.alarms as f64
            + costs.miss * self.misses as f64
            + costs.spared * self.spared as f64
    }
}

/// Of cuts from the highest to the lowest, the lowest that is not below the threshold.
fn in_effect(cuts: &[Cut], threshold: f64) -> usize {
    cuts.partition_point(|cut| cut.at >= threshold).saturating_sub(1)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The expected calibration error: the mean distance between what is predicted and what happens, over bins
/// (mean probability, observed share, rows), each weighed by its rows (Naeini, Cooper and Hauskrecht 2015).
pub fn expected_calibration_error(bins: &[(f64, f64, u64)]) -> Option<f64> {
    let rows: u64 = bins.iter().map(|(_, _, n)| n).sum();
    let far: f64 = bins.iter().map(|(p, seen, n)| (p - seen).abs() * *n as f64).sum();
    (rows > 0).then(|| far / rows as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [f64; 8] = [0.1, 0.4, 0.35, 0.8, 0.65, 0.9, 0.2, 0.65];
    const Y: [bool; 8] = [false, false, true, true, true, true, false, false];

    #[test]
    fn rules_pick_the_cut_that_scikit_learn_picks() {
        // As in ml::threshold: roc_curve and precision_recall_curve of the same rows.
        let cuts = Cuts::of(&Y, &P);
        let best = |rule| cuts.best(rule).map(|cut| cut.at);
        assert_eq!(best(ThresholdRule::Youden), Some(0.8));
        assert_eq!(best(ThresholdRule::F1), Some(0.35));
        let cost = |false_positive, false_negative| ThresholdRule::Cost { false_positive, false_negative };
        assert_eq!(best(cost(1.0, 10.0)), Some(0.35));
        assert_eq!(best(cost(10.0, 1.0)), Some(0.8));
        assert_eq!(best(ThresholdRule::Fixed { value: 0.5 }), Some(0.65));
    }

    #[test]
    fn a_cut_counts_as_predicting_would() {
        let cuts = Cuts::of(&Y, &P);
        let seen = cuts.confusion(cuts.at(0.5).unwrap());
        // confusion_matrix(y, p >= 0.5) = [[3, 1], [1, 3]]
        assert_eq!(seen, Confusion2 { hits: 3, alarms: 1, misses: 1, spared: 3 });
        assert_eq!((seen.precision(), seen.recall(), seen.f1()), (Some(0.75), Some(0.75), Some(0.75)));
        let nobody = cuts.confusion(cuts.at(2.0).unwrap());
        assert_eq!((nobody.hits, nobody.alarms, nobody.precision()), (0, 0, None));
        let everybody = cuts.confusion(cuts.at(0.0).unwrap());
        assert_eq!((everybody.misses, everybody.spared), (0, 0));
    }

    #[test]
    fn many_cuts_are_thinned_and_stay_exact_at_thousandths() {
        // Few rows in the middle, as of a sure model.
        let p: Vec<f64> = (0..50_000).map(|i| (f64::from(i) / 25_000.0 - 1.0).powi(3) / 2.0 + 0.5).collect();
        let y: Vec<bool> = (0..50_000).map(|i| i % 3 == 0).collect();
        let cuts = Cuts::of(&y, &p);
        assert!((900..=2 * MOST_CUTS + 2).contains(&cuts.cuts.len()), "{}", cuts.cuts.len());
        for k in [1, 250, 499, 500, 501, 777, 999] {
            let threshold = f64::from(k) / 1000.0;
            let hits = y.iter().zip(&p).filter(|(y, p)| **y && **p >= threshold).count() as u64;
            assert_eq!(cuts.at(threshold).unwrap().hits, hits, "at {threshold}");
        }
        let last = *cuts.cuts.last().unwrap();
        assert_eq!((cuts.cuts[0].hits, last.hits, last.alarms), (0, cuts.positives, cuts.negatives));
    }

    #[test]
    fn costs_of_right_answers_are_set_off() {
        let costs = CostMatrix { hit: -2.0, alarm: 1.0, miss: 3.0, spared: 0.5 };
        assert_eq!(costs.rule(), Some(ThresholdRule::Cost { false_positive: 0.5, false_negative: 5.0 }));
        assert_eq!(CostMatrix { alarm: -1.0, ..CostMatrix::default() }.rule(), None);
        let seen = Confusion2 { hits: 2, alarms: 3, misses: 1, spared: 4 };
        assert_eq!(seen.cost(&costs), -4.0 + 3.0 + 3.0 + 2.0);
    }

    #[test]
    fn the_calibration_error_weighs_bins_by_their_rows() {
        // 0.75 · |0.2 − 0.3| + 0.25 · |0.8 − 0.6|
        let error = expected_calibration_error(&[(0.2, 0.3, 30), (0.8, 0.6, 10)]).unwrap();
        assert!((error - 0.125).abs() < 1e-12);
        assert_eq!(expected_calibration_error(&[]), None);
    }
}
