//! Which parameters mattered in a search.

/// Parts that the values of a parameter are cut into, about as many trials in each.
const PARTS: usize = 4;
/// Trials below which nothing can be said.
const LEAST_TRIALS: usize = 8;

/// The share of the spread of the scores' ranks that the parameter's value explains: the correlation ratio over four
/// parts of its values, corrected for chance (Kelley 1935, epsilon squared). 0 to 1; `None` for too few trials or a
/// parameter that did not vary. Trials are few and their other parameters vary with chance: an indication.
pub fn importance(values: &[f64], scores: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < LEAST_TRIALS || n != scores.len() || values.iter().chain(scores).any(|x| !x.is_finite()) {
        return None;
    }
    let parts = parts(values);
    let n_parts = parts.iter().max()? + 1;
    if n_parts < 2 {
        return None;
    }
    let ranks = ranks(scores);
    let mean = ranks.iter().sum::<f64>() / n as f64;
    let total: f64 = ranks.iter().map(|rank| (rank - mean).powi(2)).sum();
    if total == 0.0 {
        return Some(0.0);
    }
    let within: f64 = (0..n_parts)
        .map(|part| {
            let own: Vec<f64> = ranks.iter().zip(&parts).filter(|(_, p)| **p == part).map(|(rank, _)| *rank).collect();
            let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
            own.iter().map(|rank| (rank - mean).powi(2)).sum::<f64>()
        })
        .sum();
    let chance = (n as f64 - 1.0) / (n - n_parts).max(1) as f64;
    Some((1.0 - within / total * chance).clamp(0.0, 1.0))
}

/// The part of each value, numbered from 0 without gaps; equal values share a part.
fn parts(values: &[f64]) -> Vec<usize> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut cuts: Vec<f64> =
        (1..PARTS).map(|k| sorted[k * sorted.len() / PARTS]).filter(|cut| *cut > sorted[0]).collect();
    cuts.dedup();
    values.iter().map(|value| cuts.iter().filter(|cut| value >= cut).count()).collect()
}

/// From 0; equals share their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |x: f64| values.iter().filter(|v| **v < x).count() as f64;
    let equal = |x: f64| values.iter().filter(|v| **v == x).count() as f64;
    values.iter().map(|&x| below(x) + (equal(x) - 1.0) / 2.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_decides_the_score_explains_it() {
        let x: Vec<f64> = (0..40).map(f64::from).collect();
        // Down and up again: no correlation, and yet it decides everything.
        let bowl: Vec<f64> = x.iter().map(|x| (x - 19.5).powi(2)).collect();
        assert!(importance(&x, &bowl).unwrap() > 0.6);
        let chance: Vec<f64> = (0..40).map(|i| f64::from(i * 37 % 40)).collect();
        assert!(importance(&x, &chance).unwrap() < 0.2);
    }

    #[test]
    fn steps_are_explained_as_analysis_of_variance_says() {
        // scores in two levels by the value: nothing is left within, so 1 whatever the correction.
        let values = [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let scores = [0.7, 0.7, 0.7, 0.7, 0.9, 0.9, 0.9, 0.9];
        assert_eq!(importance(&values, &scores), Some(1.0));
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(importance(&[1.0; 20], &[0.5; 20]), None);
        assert_eq!(importance(&[1.0, 2.0], &[0.5, 0.6]), None);
    }
}
