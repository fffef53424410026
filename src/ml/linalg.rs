//! The little linear algebra our solvers need: Cholesky, and which columns follow from others.

use ndarray::{Array1, Array2, s};

/// The lower Cholesky factor of `a + jitter`, after scaling the diagonal to one so that pivots compare across columns.
#[derive(Clone)]
pub struct Cholesky {
    lower: Array2<f64>,
    /// 1 / √diagonal
    scale: Array1<f64>,
}

impl Cholesky {
    /// `None` when `a` is not finite or too far from positive definite.
    pub fn new(a: &Array2<f64>) -> Option<Self> {
        let diagonal = a.diag();
        if !a.iter().all(|v| v.is_finite()) {
            return None;
        }
        let scale = diagonal.mapv(|d| if d > 0.0 { 1.0 / d.sqrt() } else { 1.0 });
        if !scale.iter().all(|v| v.is_finite()) {
            return None;
        }
        // A direction the data say nothing about gets a push just large enough to stand out from rounding.
        [0.0, 1e-12, 1e-9, 1e-6].into_iter().find_map(|jitter| {
            let mut lower = a.clone();
            for ((i, j), value) in lower.indexed_iter_mut() {
                *value *= scale[i] * scale[j];
                if i == j {
                    *value += jitter;
                }
            }
            factor(&mut lower).then(|| Self { lower, scale: scale.clone() })
        })
    }

    /// The side of the matrix.
    pub fn len(&self) -> usize {
        self.scale.len()
    }

    pub fn solve(&self, b: &Array1<f64>) -> Array1<f64> {
        let p = b.len();
        let mut x = b * &self.scale;
        for i in 0..p {
            let row = self.lower.slice(s![i, ..i]);
            x[i] = (x[i] - row.dot(&x.slice(s![..i]))) / self.lower[[i, i]];
        }
        for i in (0..p).rev() {
            x[i] /= self.lower[[i, i]];
            let value = x[i];
            let row = self.lower.slice(s![i, ..i]);
            x.slice_mut(s![..i]).scaled_add(-value, &row);
        }
        x * &self.scale
    }
}

/// In place, lower triangle. `false` when a pivot is not clearly positive.
fn factor(a: &mut Array2<f64>) -> bool {
    let p = a.nrows();
    for i in 0..p {
        for j in 0..=i {
            let known = a.slice(s![i, ..j]).dot(&a.slice(s![j, ..j]));
            let rest = a[[i, j]] - known;
            if i == j {
                if rest.is_nan() || rest <= 1e-14 {
                    return false;
                }
                a[[i, i]] = rest.sqrt();
            } else {
                a[[i, j]] = rest / a[[j, j]];
            }
        }
    }
    true
}

/// For a covariance Σ = L Lᵀ: L⁻¹, which makes what varies like Σ independent and of variance one, and the logarithm of
/// the determinant of L. `None` when Σ is not clearly positive definite.
pub fn whitener(covariance: &Array2<f64>) -> Option<(Array2<f64>, f64)> {
    let p = covariance.nrows();
    let deviations = covariance.diag().mapv(f64::sqrt);
    if !covariance.iter().all(|v| v.is_finite()) || !deviations.iter().all(|d| *d > 0.0 && d.is_finite()) {
        return None;
    }
    let mut lower = covariance.clone();
    for ((i, j), value) in lower.indexed_iter_mut() {
        *value /= deviations[i] * deviations[j];
    }
    if !factor(&mut lower) {
        return None;
    }
    let log_width = (0..p).map(|i| lower[[i, i]].ln() + deviations[i].ln()).sum();
    let mut inverse = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        // Row i of the inverse from those above it.
        let known = lower.slice(s![i, ..i]).dot(&inverse.slice(s![..i, ..]));
        inverse.row_mut(i).assign(&known.mapv(|v| -v / lower[[i, i]]));
        inverse[[i, i]] = 1.0 / lower[[i, i]];
    }
    inverse /= &deviations;
    Some((inverse, log_width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn solves_a_badly_scaled_system() {
        let a = array![[4e8, 2e4, 1.0], [2e4, 10.0, 1e-3], [1.0, 1e-3, 1e-6]];
        let x = array![1.0, -2.0, 300.0];
        let solved = Cholesky::new(&a).unwrap().solve(&a.dot(&x));
        for (found, wanted) in solved.iter().zip(&x) {
            assert!((found - wanted).abs() < 1e-6 * wanted.abs(), "{solved}");
        }
    }

    #[test]
    fn whitened_variances_are_one() {
        let a = array![[4e8, 2e4, 1.0], [2e4, 10.0, 1e-3], [1.0, 1e-3, 1e-6]];
        let (inverse, log_width) = whitener(&a).unwrap();
        let one = inverse.dot(&a).dot(&inverse.t());
        assert!((&one - &Array2::<f64>::eye(3)).iter().all(|v| v.abs() < 1e-9), "{one}");
        // `numpy.linalg.slogdet(a)[1] / 2`
        assert!((log_width - WIDTH).abs() < 1e-9, "{log_width}");
        assert!(whitener(&array![[1.0, 1.0], [1.0, 1.0]]).is_none());
        assert!(whitener(&array![[0.0]]).is_none());
    }

    const WIDTH: f64 = 4.040118708108349;

    #[test]
    fn not_finite_is_refused() {
        assert!(Cholesky::new(&array![[f64::INFINITY]]).is_none());
        assert!(Cholesky::new(&array![[1.0, 9.0], [9.0, 1.0]]).is_none());
    }
}
