//! Numbers as the number of the interval they fall in, as scikit-learn's `KBinsDiscretizer` (ordinal).

use super::RecipeError;
use super::column::Frame;
use super::scale::quantile;
use crate::domain::recipe::{Binned, Binning};

/// scikit-learn's: narrower bins are joined with the next.
const NARROWEST: f64 = 1e-8;
const MOST_BINS: u32 = 1000;

/// The edges between at most `bins` intervals over the values that are no NaN.
pub(super) fn fit(name: &str, values: &[f64], method: Binning, bins: u32) -> Binned {
    Binned { column: name.to_owned(), edges: edges(values, method, bins) }
}

/// The inner edges, ascending.
pub(super) fn edges(values: &[f64], method: Binning, bins: u32) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|x| !x.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let bins = bins.clamp(1, MOST_BINS);
    let edge = |at: u32| {
        let share = f64::from(at) / f64::from(bins);
        match method {
            Binning::Quantile => quantile(&sorted, share),
            // Weighted rather than stepped: the width of huge numbers would overflow.
            Binning::Uniform => low * (1.0 - share) + high * share,
        }
    };
    let mut last = low;
    let mut inner = Vec::new();
    for edge in (1..bins).map(edge) {
        if edge - last > NARROWEST {
            inner.push(edge);
            last = edge;
        }
    }
    // The last interval ends at the highest value, and must not be too narrow either.
    if inner.last().is_some_and(|edge| high - edge <= NARROWEST) {
        inner.pop();
    }
    inner
}

pub(super) fn apply(columns: &[Binned], frame: &mut Frame<'_>) -> Result<(), RecipeError> {
    frame.change_numbers(
        columns,
        |c| &c.column,
        |item, values| {
            for x in values.iter_mut().filter(|x| !x.is_nan()) {
                *x = item.edges.partition_point(|edge| edge <= x) as f64;
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::recipe::column::Column;

    #[test]
    fn equals_kbins_discretizer() {
        let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 100.0, f64::NAN];
        // KBinsDiscretizer(4, encode="ordinal", strategy="quantile", quantile_method="linear").bin_edges_: 0 1.5 3 4.5 100
        assert_eq!(edges(&values, Binning::Quantile, 4), [1.5, 3.0, 4.5]);
        // strategy="uniform": 0 25 50 75 100
        assert_eq!(edges(&values, Binning::Uniform, 4), [25.0, 50.0, 75.0]);
        let mut frame = Frame::new(8);
        frame.put("x", Column::Numbers(values.to_vec()));
        apply(&[fit("x", &values, Binning::Quantile, 4)], &mut frame).unwrap();
        let found = frame.numbers("x").unwrap();
        assert_eq!(found[..7], [0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert!(found[7].is_nan());
    }

    #[test]
    fn equal_edges_become_one() {
        assert_eq!(edges(&[1.0, 1.0, 1.0, 1.0, 2.0], Binning::Quantile, 4), [] as [f64; 0]);
        assert_eq!(edges(&[7.0; 5], Binning::Uniform, 3), [] as [f64; 0]);
        assert_eq!(edges(&[f64::NAN], Binning::Uniform, 3), [] as [f64; 0]);
    }
}
