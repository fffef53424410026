//! Where to cut the probability of the second class.

use crate::domain::training::ThresholdRule;

/// The cut that the rule calls best; `p ≥ cut` predicts the second class. Of equals the highest. `None` when there are
/// no rows, or the rule needs both classes and one is missing.
pub fn choose(rule: ThresholdRule, is_positive: &[bool], p: &[f64]) -> Option<f64> {
    if let ThresholdRule::Fixed { value } = rule {
        return Some(value);
    }
    if p.is_empty() || p.len() != is_positive.len() {
        return None;
    }
    let positives = is_positive.iter().filter(|y| **y).count() as f64;
    let negatives = p.len() as f64 - positives;
    if !matches!(rule, ThresholdRule::Cost { .. }) && (positives == 0.0 || negatives == 0.0) {
        return None;
    }
    // The larger the better.
    let value = |hits: f64, alarms: f64| match rule {
        ThresholdRule::F1 => 2.0 * hits / (hits + alarms + positives),
        ThresholdRule::Youden => hits / positives - alarms / negatives,
        ThresholdRule::Cost { false_positive, false_negative } => {
            -(false_positive * alarms + false_negative * (positives - hits))
        }
        ThresholdRule::Fixed { .. } => 0.0,
    };
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[b].total_cmp(&p[a]));
    // Nobody is called positive.
    let mut best = (1.0 + f64::EPSILON, value(0.0, 0.0));
    let (mut hits, mut alarms) = (0.0, 0.0);
    for (at, &row) in order.iter().enumerate() {
        if is_positive[row] {
            hits += 1.0;
        } else {
            alarms += 1.0;
        }
        if order.get(at + 1).is_none_or(|&next| p[next] != p[row]) && value(hits, alarms) > best.1 {
            best = (p[row], value(hits, alarms));
        }
    }
    Some(best.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [f64; 8] = [0.1, 0.4, 0.35, 0.8, 0.65, 0.9, 0.2, 0.65];
    const Y: [bool; 8] = [false, false, true, true, true, true, false, false];

    #[test]
    fn rules_pick_the_cut_that_scikit_learn_picks() {
        // fpr, tpr, t = roc_curve(y, p, drop_intermediate=False); t[argmax(tpr - fpr)]
        assert_eq!(choose(ThresholdRule::Youden, &Y, &P), Some(0.8));
        // precision, recall, t = precision_recall_curve(y, p); the highest t with the best f1
        assert_eq!(choose(ThresholdRule::F1, &Y, &P), Some(0.35));
        let cost = |false_positive, false_negative| ThresholdRule::Cost { false_positive, false_negative };
        assert_eq!(choose(cost(1.0, 10.0), &Y, &P), Some(0.35));
        assert_eq!(choose(cost(10.0, 1.0), &Y, &P), Some(0.8));
        assert!(choose(cost(1.0, 0.0), &Y, &P).unwrap() > 1.0);
        assert_eq!(choose(ThresholdRule::Fixed { value: 0.3 }, &[], &[]), Some(0.3));
    }

    #[test]
    fn one_class_has_no_cut_but_has_costs() {
        assert_eq!(choose(ThresholdRule::F1, &[true; 2], &[0.1, 0.2]), None);
        let cost = ThresholdRule::Cost { false_positive: 1.0, false_negative: 1.0 };
        assert_eq!(choose(cost, &[true; 2], &[0.1, 0.2]), Some(0.1));
    }
}
