//! Folds of the training rows, and what their metrics say together.
//!
//! Positions, not table rows: the caller knows what position 0 is. Fitting per fold is the caller's too, because the
//! recipe is fitted again on each fold's training part.

use crate::domain::metric::MetricSet;
use crate::domain::random::Shuffler;
use crate::domain::task::Target;
use crate::ml::sums;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    #[error("{folds} folds cannot be made; ask for at least 2")]
    TooFew { folds: usize },
    #[error("{folds} folds need at least {folds} training rows; there are {rows}. Ask for fewer folds")]
    TooFewRows { folds: usize, rows: usize },
}

/// The test positions of each fold, ascending: disjoint, together all positions, sizes at most one apart. With
/// `stratified`, each class is dealt over the folds as evenly as the sizes; numbers are dealt at random.
pub fn folds(target: &Target, n_folds: usize, stratified: bool, seed: u64) -> Result<Vec<Vec<usize>>, FoldError> {
    let rows = target.len();
    if n_folds < 2 {
        return Err(FoldError::TooFew { folds: n_folds });
    }
    if rows < n_folds {
        return Err(FoldError::TooFewRows { folds: n_folds, rows });
    }
    let mut order: Vec<usize> = (0..rows).collect();
    Shuffler::new(seed).shuffle(&mut order);
    if stratified && let Target::Classes { codes, .. } = target {
        // Stable: within a class the shuffled order stays.
        order.sort_by_key(|&position| codes[position]);
    }
    // Dealt like cards, without starting again at each class: classes and folds both come out even.
    let mut folds = vec![Vec::with_capacity(rows / n_folds + 1); n_folds];
    for (card, position) in order.into_iter().enumerate() {
        folds[card % n_folds].push(position);
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    Ok(folds)
}

/// The positions in `0..n` that are not in a fold (ascending, as `folds` gives it).
pub fn rest(fold: &[usize], n: usize) -> Vec<usize> {
    (0..n).filter(|position| fold.binary_search(position).is_err()).collect()
}

/// Mean and sample standard deviation (n − 1) of each metric over the folds. A metric that some fold could not define is
/// left out of both; one fold has no deviation.
pub fn summarise(folds: &[MetricSet]) -> (MetricSet, MetricSet) {
    let (mut means, mut deviations) = (MetricSet::new(), MetricSet::new());
    let Some(first) = folds.first() else { return (means, deviations) };
    for key in first.keys() {
        let Some(values) = folds.iter().map(|fold| fold.get(key).copied()).collect::<Option<Vec<f64>>>() else {
            continue;
        };
        let Some(mean) = sums::mean(values.iter().copied()) else { continue };
        means.insert(key.clone(), mean);
        if values.len() > 1 {
            let squares = sums::sum(values.iter().map(|value| (value - mean).powi(2)));
            deviations.insert(key.clone(), (squares / (values.len() - 1) as f64).sqrt());
        }
    }
    (means, deviations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Target {
        let codes = (0..103).map(|i| if i % 10 == 0 { 2 } else { u32::from(i % 3 == 0) }).collect();
        Target::Classes { codes, n_classes: 3 }
    }

    #[test]
    fn folds_are_disjoint_complete_even_and_repeat_with_their_seed() {
        for (target, stratified) in [(classes(), true), (classes(), false), (Target::Values(vec![0.5; 103]), true)] {
            let made = folds(&target, 5, stratified, 9).unwrap();
            let mut all: Vec<usize> = made.iter().flatten().copied().collect();
            all.sort_unstable();
            assert_eq!(all, (0..103).collect::<Vec<usize>>());
            assert!(made.iter().all(|fold| fold.is_sorted() && (20..=21).contains(&fold.len())));
            assert_eq!(folds(&target, 5, stratified, 9).unwrap(), made);
            assert_ne!(folds(&target, 5, stratified, 10).unwrap(), made);
            assert_eq!(rest(&made[0], 103).len() + made[0].len(), 103);
        }
    }

    #[test]
    fn stratified_folds_share_every_class() {
        let target = classes();
        let made = folds(&target, 5, true, 1).unwrap();
        for class in 0..3 {
            let per_fold: Vec<usize> = made
                .iter()
                .map(|fold| match target.take(fold) {
                    Target::Classes { codes, .. } => codes.iter().filter(|&&code| code == class).count(),
                    Target::Values(_) => 0,
                })
                .collect();
            let (low, high) = (per_fold.iter().min().unwrap(), per_fold.iter().max().unwrap());
            assert!(high - low <= 1, "{per_fold:?}");
        }
    }

    #[test]
    fn impossible_folds_are_refused() {
        assert_eq!(folds(&classes(), 1, true, 0), Err(FoldError::TooFew { folds: 1 }));
        let few = Target::Values(vec![1.0, 2.0]);
        assert_eq!(folds(&few, 3, false, 0), Err(FoldError::TooFewRows { folds: 3, rows: 2 }));
    }

    #[test]
    fn summaries_leave_out_what_a_fold_could_not_define() {
        let set = |pairs: &[(&str, f64)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect::<MetricSet>();
        let (means, deviations) = summarise(&[set(&[("accuracy", 0.5), ("roc_auc", 0.7)]), set(&[("accuracy", 0.7)])]);
        assert_eq!(means, set(&[("accuracy", 0.6)]));
        assert!((deviations["accuracy"] - 0.02_f64.sqrt()).abs() < 1e-15);
        let (one, none) = summarise(&[set(&[("mae", 2.0)])]);
        assert_eq!((one, none), (set(&[("mae", 2.0)]), MetricSet::new()));
    }
}
