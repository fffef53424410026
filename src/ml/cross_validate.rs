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
    #[error(
        "{folds} folds need at least {needed} different {what} among the training rows; there are {found}. Ask for fewer folds"
    )]
    TooFewParts { folds: usize, needed: usize, what: &'static str, found: usize },
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

/// Folds of whole groups, sizes as even as greedy dealing makes them: the largest group first, into the emptiest fold
/// (scikit-learn's `GroupKFold`); groups of one size in seeded order.
pub fn group_folds(groups: &[u32], n_folds: usize, seed: u64) -> Result<Vec<Vec<usize>>, FoldError> {
    if n_folds < 2 {
        return Err(FoldError::TooFew { folds: n_folds });
    }
    let mut members: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    groups.iter().enumerate().for_each(|(position, &group)| members.entry(group).or_default().push(position));
    if members.len() < n_folds {
        let found = members.len();
        return Err(FoldError::TooFewParts { folds: n_folds, needed: n_folds, what: "groups", found });
    }
    let mut members: Vec<Vec<usize>> = members.into_values().collect();
    Shuffler::new(seed).shuffle(&mut members);
    // Stable: the shuffled order stays among equals.
    members.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut folds = vec![Vec::new(); n_folds];
    for group in members {
        if let Some(emptiest) = folds.iter_mut().min_by_key(|fold| fold.len()) {
            emptiest.extend(group);
        }
    }
    folds.iter_mut().for_each(|fold| fold.sort_unstable());
    Ok(folds)
}

/// Folds in the order of time, each to be predicted from what lies before it (scikit-learn's `TimeSeriesSplit`): the
/// dated rows are cut into `n_folds + 1` stretches, of which the first only fits. Equal times stay together; rows
/// without a time are in no fold.
pub fn time_folds(times: &[Option<f64>], n_folds: usize) -> Result<Vec<Vec<usize>>, FoldError> {
    if n_folds < 2 {
        return Err(FoldError::TooFew { folds: n_folds });
    }
    let mut dated: Vec<(f64, usize)> = times.iter().enumerate().filter_map(|(at, time)| Some(((*time)?, at))).collect();
    dated.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut distinct: Vec<f64> = dated.iter().map(|(time, _)| *time).collect();
    distinct.dedup();
    if distinct.len() <= n_folds {
        let (needed, found) = (n_folds + 1, distinct.len());
        return Err(FoldError::TooFewParts { folds: n_folds, needed, what: "times", found });
    }
    // The first row of each stretch, moved so that every stretch starts with a new time and none is empty.
    let starts: Vec<usize> = distinct.iter().map(|time| dated.partition_point(|(t, _)| t < time)).collect();
    let mut cuts: Vec<usize> = Vec::new();
    for stretch in 1..=n_folds {
        let wanted = dated.len() * stretch / (n_folds + 1);
        let left = n_folds - stretch;
        let first = cuts.last().map_or(1, |&before| starts.partition_point(|&s| s <= before));
        let nearest = starts.partition_point(|&s| s < wanted);
        cuts.push(starts[nearest.clamp(first, starts.len() - 1 - left)]);
    }
    let fold = |k: usize| {
        let end = cuts.get(k + 1).copied().unwrap_or(dated.len());
        let mut fold: Vec<usize> = dated[cuts[k]..end].iter().map(|(_, at)| *at).collect();
        fold.sort_unstable();
        fold
    };
    Ok((0..n_folds).map(fold).collect())
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
    fn groups_and_times_never_leak() {
        let groups: Vec<u32> = (0..200).map(|i| i * i % 23).collect();
        let made = group_folds(&groups, 5, 3).unwrap();
        let of = |fold: &[usize]| fold.iter().map(|&p| groups[p]).collect::<std::collections::BTreeSet<u32>>();
        for (i, a) in made.iter().enumerate() {
            assert!(made[..i].iter().all(|b| of(a).is_disjoint(&of(b))));
        }
        assert_eq!(made.iter().map(Vec::len).sum::<usize>(), 200);
        assert!(group_folds(&[1, 1, 2], 3, 0).is_err());

        let times: Vec<Option<f64>> = (0..100).map(|i| (i % 9 != 0).then_some(f64::from(i * 37 % 100 / 4))).collect();
        let made = time_folds(&times, 4).unwrap();
        let range = |fold: &[usize]| {
            let of = || fold.iter().filter_map(|&p| times[p]);
            (of().fold(f64::INFINITY, f64::min), of().fold(f64::NEG_INFINITY, f64::max))
        };
        assert!(made.windows(2).all(|pair| range(&pair[0]).1 < range(&pair[1]).0), "{made:?}");
        assert!(made.iter().all(|fold| !fold.is_empty()) && range(&made[0]).0 > 0.0);
        assert!(time_folds(&[Some(1.0), Some(2.0), None], 2).is_err());
        let tied = [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 3.0].map(Some);
        assert_eq!(time_folds(&tied, 2).unwrap(), [vec![5], vec![6]]);
        let tied = [1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0].map(Some);
        assert_eq!(time_folds(&tied, 2).unwrap(), [vec![1], vec![2, 3, 4, 5, 6]]);
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
