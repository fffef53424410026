//! The principal directions, to draw groups in. linfa's report variances divided by the wrong number.

use ndarray::{Array1, Array2};

use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::ml::design::Design;
use crate::ml::error::FitError;
use crate::ml::parallel::Watch;
use crate::ml::predict::add_sums;
use crate::ml::sums;

use super::check;
use super::kmeans::means;

/// The directions in which rows vary most, scikit-learn's `PCA`.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    pub means: Vec<f64>,
    /// Unit vectors over the features, the one of largest variance first; the largest entry of each is positive.
    pub directions: Vec<Vec<f64>>,
    /// With n − 1 in the denominator.
    pub variances: Vec<f64>,
    /// Share of the variance of all features, also those not kept.
    pub shares: Vec<f64>,
}

impl Components {
    /// Where each row lies along each direction, the one of largest variance first.
    pub fn places(&self, x: &Features) -> Vec<Vec<f64>> {
        let along = |direction: &Vec<f64>| {
            let middle = sums::sum(direction.iter().zip(&self.means).map(|(d, m)| d * m));
            let mut places = vec![0.0; x.n_rows];
            add_sums(x, 0..x.n_rows, direction, -middle, &mut places);
            places
        };
        self.directions.iter().map(along).collect()
    }
}

/// Features of which the eigenvectors can be had in a second.
const MAX_FEATURES: usize = 300;

pub fn principal_components(x: &Features, n_components: usize, io: &dyn JobIo) -> Result<Components, FitError> {
    check(x)?;
    let p = x.n_features();
    if p > MAX_FEATURES {
        let bytes = 8 * (p * p) as u64;
        return Err(FitError::TooLarge { algorithm: "Principal components", features: p, bytes });
    }
    let watch = Watch { io, phase: "Finding principal components", fraction: Some(0.1) };
    let design = Design::new(x)?;
    let gram = design.gram(|_, out| out.fill(1.0), watch)?;
    let (n, q) = (x.n_rows as f64, design.n_slopes());
    // From the design's standard units, in which nothing is lost, to the features' own.
    let mut at = vec![0.0; q + 1];
    let columns: Vec<Vec<f64>> = (0..q)
        .map(|slope| {
            at.fill(0.0);
            at[slope] = 1.0;
            design.coefficients(&at).0
        })
        .collect();
    let place = |slope: usize| columns[slope].iter().position(|c| *c != 0.0).map(|at| (at, columns[slope][at]));
    let places: Vec<(usize, f64)> = (0..q).filter_map(place).collect();
    let mut covariance = Array2::zeros((p, p));
    for (i, &(a, scale_a)) in places.iter().enumerate() {
        for (j, &(b, scale_b)) in places.iter().enumerate() {
            let centred = gram[[i, j]] - gram[[q, i]] * gram[[q, j]] / n;
            covariance[[a, b]] = centred / (scale_a * scale_b) / (n - 1.0).max(1.0);
        }
    }
    if !covariance.iter().all(|v| v.is_finite()) {
        return Err(FitError::Diverged { algorithm: "Principal components" });
    }
    let total: f64 = covariance.diag().sum();
    let (values, vectors) = eigen(covariance, watch)?;
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order.truncate(n_components.min(p));
    let direction = |&j: &usize| {
        let column = vectors.column(j);
        let largest = column.iter().copied().fold(0.0_f64, |m, v| if v.abs() > m.abs() { v } else { m });
        column.iter().map(|v| v * largest.signum()).collect()
    };
    Ok(Components {
        means: column_means(x),
        directions: order.iter().map(direction).collect(),
        variances: order.iter().map(|&j| values[j].max(0.0)).collect(),
        shares: order.iter().map(|&j| if total > 0.0 { values[j].max(0.0) / total } else { 0.0 }).collect(),
    })
}

fn column_means(x: &Features) -> Vec<f64> {
    means(x, &vec![0; x.n_rows], vec![Vec::new()]).pop().unwrap_or_default()
}

/// Eigenvalues and eigenvectors (in columns) of a symmetric matrix by Jacobi rotations (Golub & Van Loan 2013, 8.5).
fn eigen(mut a: Array2<f64>, watch: Watch) -> Result<(Array1<f64>, Array2<f64>), FitError> {
    let p = a.nrows();
    let mut vectors = Array2::eye(p);
    let size = a.iter().map(|v| v * v).sum::<f64>();
    for _ in 0..50 {
        watch.tick()?;
        let off: f64 = a.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, v)| v * v).sum();
        if off <= 1e-30 * size {
            break;
        }
        for i in 0..p {
            for j in i + 1..p {
                if a[[i, j]] == 0.0 {
                    continue;
                }
                let theta = (a[[j, j]] - a[[i, i]]) / (2.0 * a[[i, j]]);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for k in 0..p {
                    let (x, y) = (a[[k, i]], a[[k, j]]);
                    (a[[k, i]], a[[k, j]]) = (c * x - s * y, s * x + c * y);
                }
                for k in 0..p {
                    let (x, y) = (a[[i, k]], a[[j, k]]);
                    (a[[i, k]], a[[j, k]]) = (c * x - s * y, s * x + c * y);
                    let (x, y) = (vectors[[k, i]], vectors[[k, j]]);
                    (vectors[[k, i]], vectors[[k, j]]) = (c * x - s * y, s * x + c * y);
                }
            }
        }
    }
    Ok((a.diag().to_owned(), vectors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{assert_close, mixed, numbers};

    #[test]
    fn equal_rows_have_no_direction() {
        let flat = principal_components(&numbers(1, vec![2.0; 10]), 1, &Silent).unwrap();
        assert_eq!(flat.variances, [0.0]);
    }

    #[test]
    fn components_equal_scikit_learn() {
        let x = mixed(9, 200, 3, 3);
        let found = principal_components(&x, 2, &Silent).unwrap();
        assert_close(&found.variances, &SKLEARN_VARIANCES, 1e-10);
        assert_close(&found.shares, &SKLEARN_SHARES, 1e-10);
        assert_close(&found.directions[0], &SKLEARN_FIRST, 1e-8);
        let places = found.places(&x);
        let variance = places[0].iter().map(|at| at * at).sum::<f64>() / 199.0;
        assert!((variance - SKLEARN_VARIANCES[0]).abs() < 1e-10, "{variance}");
    }

    /// `PCA()`
    const SKLEARN_VARIANCES: [f64; 2] = [0.42918678804659227, 0.35297604305350955];
    const SKLEARN_SHARES: [f64; 2] = [0.25684390268694024, 0.2112361027362633];
    const SKLEARN_FIRST: [f64; 6] = [
        -0.43377039746872503,
        -0.31680718886263526,
        0.6319580547045149,
        -0.1192915785134521,
        0.44093291427048686,
        -0.32164133575703463,
    ];
}
