//! What follows from the order of scores: ROC and precision–recall, as points and as areas. Rows with equal scores move
//! together, so the order of the rows never matters.

use crate::ml::sums::Sum;

/// Counts of positive and negative rows with at least a score, from the highest score to the lowest.
fn counts(is_positive: &[bool], scores: &[f64]) -> Vec<(u64, u64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_unstable_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut steps = Vec::new();
    let (mut positive, mut negative) = (0, 0);
    for (at, &row) in order.iter().enumerate() {
        if is_positive[row] {
            positive += 1;
        } else {
            negative += 1;
        }
        if order.get(at + 1).is_none_or(|&next| scores[next] != scores[row]) {
            steps.push((positive, negative));
        }
    }
    steps
}

/// The area under the ROC curve; `None` unless both sides have rows.
pub fn roc_auc(is_positive: &[bool], scores: &[f64]) -> Option<f64> {
    let steps = counts(is_positive, scores);
    let &(positives, negatives) = steps.last()?;
    if positives == 0 || negatives == 0 {
        return None;
    }
    // Twice the number of ordered pairs, in whole numbers: exact however many rows.
    let mut twice: u128 = 0;
    let mut before = (0, 0);
    for &(positive, negative) in &steps {
        twice += u128::from(negative - before.1) * u128::from(positive + before.0);
        before = (positive, negative);
    }
    Some(twice as f64 / 2.0 / (positives as f64 * negatives as f64))
}

/// `Σ (recall step) · precision`; `None` without a positive row.
pub fn average_precision(is_positive: &[bool], scores: &[f64]) -> Option<f64> {
    let steps = counts(is_positive, scores);
    let &(positives, _) = steps.last()?;
    if positives == 0 {
        return None;
    }
    let mut before = 0;
    let area: Sum = steps
        .iter()
        .map(|&(positive, negative)| {
            let gained = (positive - before) as f64 / positives as f64;
            before = positive;
            gained * (positive as f64 / (positive + negative) as f64)
        })
        .collect();
    Some(area.value())
}

/// (false positive rate, true positive rate) from (0, 0) to (1, 1), without points on a straight line. Empty unless both
/// sides have rows.
pub fn roc_points(is_positive: &[bool], scores: &[f64]) -> Vec<[f64; 2]> {
    let mut steps = vec![(0, 0)];
    steps.extend(counts(is_positive, scores));
    let (positives, negatives) = steps[steps.len() - 1];
    if positives == 0 || negatives == 0 {
        return Vec::new();
    }
    let mut corners: Vec<(u64, u64)> = Vec::with_capacity(steps.len());
    for step in steps {
        if let [.., a, b] = corners.as_slice()
            && straight(*a, *b, step)
        {
            corners.pop();
        }
        corners.push(step);
    }
    corners.into_iter().map(|(p, n)| [n as f64 / negatives as f64, p as f64 / positives as f64]).collect()
}

/// b lies on the line from a to c.
fn straight(a: (u64, u64), b: (u64, u64), c: (u64, u64)) -> bool {
    u128::from(b.0 - a.0) * u128::from(c.1 - b.1) == u128::from(c.0 - b.0) * u128::from(b.1 - a.1)
}

/// (recall, precision) from (0, 1) to recall 1. Empty without a positive row.
pub fn precision_recall_points(is_positive: &[bool], scores: &[f64]) -> Vec<[f64; 2]> {
    let steps = counts(is_positive, scores);
    let Some(&(positives, _)) = steps.last() else { return Vec::new() };
    if positives == 0 {
        return Vec::new();
    }
    let mut points = vec![[0.0, 1.0]];
    for (positive, negative) in steps {
        points.push([positive as f64 / positives as f64, positive as f64 / (positive + negative) as f64]);
        if positive == positives {
            break;
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn's own example: truth 0 0 1 1, scores 0.1 0.4 0.35 0.8.
    const TRUTH: [bool; 4] = [false, false, true, true];
    const SCORES: [f64; 4] = [0.1, 0.4, 0.35, 0.8];

    #[test]
    fn areas_of_scikit_learns_example() {
        assert_eq!(roc_auc(&TRUTH, &SCORES), Some(0.75));
        assert!((average_precision(&TRUTH, &SCORES).unwrap() - 5.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn points_of_scikit_learns_example() {
        let roc = roc_points(&TRUTH, &SCORES);
        assert_eq!(roc, [[0.0, 0.0], [0.0, 0.5], [0.5, 0.5], [0.5, 1.0], [1.0, 1.0]]);
        let curve = precision_recall_points(&TRUTH, &SCORES);
        assert_eq!(curve, [[0.0, 1.0], [0.5, 1.0], [0.5, 0.5], [1.0, 2.0 / 3.0]]);
    }

    #[test]
    fn equal_scores_are_half_right() {
        assert_eq!(roc_auc(&TRUTH, &[0.5; 4]), Some(0.5));
        assert_eq!(average_precision(&TRUTH, &[0.5; 4]), Some(0.5));
        assert_eq!(roc_points(&TRUTH, &[0.5; 4]), [[0.0, 0.0], [1.0, 1.0]]);
    }

    #[test]
    fn one_side_has_no_curve() {
        assert_eq!(roc_auc(&[true, true], &[0.1, 0.2]), None);
        assert_eq!(average_precision(&[false], &[0.1]), None);
        assert!(roc_points(&[], &[]).is_empty() && precision_recall_points(&[], &[]).is_empty());
    }
}
