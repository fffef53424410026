//! Classes of unequal size: rows are repeated or left out, for fitting only.
//!
//! Called after a recipe was fitted, inside each fold: a row that is repeated must not stand on both sides of a target
//! mean's parts, nor of a fold.

use crate::domain::random::Shuffler;
use crate::domain::recipe::Balance;
use crate::domain::task::Target;

/// The rows to fit on, and what they hide: a model fitted on them speaks of balanced rows until it is put right by the
/// two shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Balanced {
    /// Positions in the target, ascending, some repeated or missing; `None` for all of them once.
    pub positions: Option<Vec<usize>>,
    /// The share of each class as it is; empty for numbers.
    pub prevalence: Vec<f64>,
    /// The share of each class among `positions`.
    pub drawn: Vec<f64>,
}

/// Draws rows so that all classes that occur have equally many. Same target and seed, same rows.
pub fn balance(target: &Target, how: Balance, seed: u64) -> Balanced {
    let Target::Classes { codes, n_classes } = target else {
        return Balanced { positions: None, prevalence: Vec::new(), drawn: Vec::new() };
    };
    let mut by_class: Vec<Vec<usize>> = vec![Vec::new(); *n_classes];
    for (position, &code) in codes.iter().enumerate() {
        if let Some(class) = by_class.get_mut(code as usize) {
            class.push(position);
        }
    }
    let shares = |classes: &[Vec<usize>]| -> Vec<f64> {
        let total: usize = classes.iter().map(Vec::len).sum();
        classes.iter().map(|class| class.len() as f64 / total.max(1) as f64).collect()
    };
    let prevalence = shares(&by_class);
    let sizes = || by_class.iter().map(Vec::len).filter(|n| *n > 0);
    let wanted = match how {
        Balance::None => None,
        Balance::Over => sizes().max(),
        Balance::Under => sizes().min(),
    };
    let Some(wanted) = wanted else { return Balanced { positions: None, drawn: prevalence.clone(), prevalence } };
    let mut random = Shuffler::new(seed);
    for class in by_class.iter_mut().filter(|class| !class.is_empty()) {
        random.shuffle(class);
        let all = class.clone();
        class.truncate(wanted);
        // Whole rounds, so that no row is repeated twice more often than another.
        class.extend((all.len()..wanted).map(|at| all[at % all.len()]));
    }
    let drawn = shares(&by_class);
    let mut positions = by_class.concat();
    positions.sort_unstable();
    Balanced { positions: Some(positions), prevalence, drawn }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target::Classes { codes: vec![0, 0, 0, 0, 0, 1, 1, 3], n_classes: 4 }
    }

    fn sizes(balanced: &Balanced) -> Vec<usize> {
        let Target::Classes { codes, .. } = target() else { panic!("classes") };
        let positions = balanced.positions.as_ref().unwrap();
        (0..4).map(|class| positions.iter().filter(|p| codes[**p] == class).count()).collect()
    }

    #[test]
    fn classes_become_equally_large_and_the_same_seed_draws_the_same() {
        let over = balance(&target(), Balance::Over, 7);
        assert_eq!(sizes(&over), [5, 5, 0, 5]);
        assert_eq!(sizes(&balance(&target(), Balance::Under, 7)), [1, 1, 0, 1]);
        assert_eq!(over, balance(&target(), Balance::Over, 7));
        assert_ne!(balance(&target(), Balance::Under, 1), balance(&target(), Balance::Under, 2));
        let repeats = |p: usize| over.positions.as_ref().unwrap().iter().filter(|x| **x == p).count();
        assert!(repeats(5).abs_diff(repeats(6)) <= 1);
        assert_eq!(balance(&Target::Values(vec![1.0]), Balance::Over, 0).positions, None);
    }
}
