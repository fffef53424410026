//! The little linear algebra our solvers need: weighted Gram matrices and Cholesky.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

/// Rows per block: a block of 100 columns stays within the second-level cache.
const BLOCK: usize = 1024;

/// `Σ wᵢ zᵢ zᵢᵀ` where `zᵢ` is row i of `x` followed by 1 (the intercept's column comes last). `weight` absent means 1.
pub fn gram_with_intercept(x: &ArrayView2<f64>, weight: Option<&[f64]>) -> Array2<f64> {
    let (n, p) = x.dim();
    let mut gram = Array2::zeros((p + 1, p + 1));
    let mut plain = Array2::<f64>::ones((BLOCK.min(n), p + 1));
    let mut weighted = plain.clone();
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        plain.slice_mut(s![..end - start, ..p]).assign(&x.slice(s![start..end, ..]));
        let block = plain.slice(s![..end - start, ..]);
        match weight {
            None => general_mat_mul(1.0, &block.t(), &block, 1.0, &mut gram),
            Some(weight) => {
                let mut scaled = weighted.slice_mut(s![..end - start, ..]);
                scaled.assign(&block);
                for (mut row, w) in scaled.axis_iter_mut(Axis(0)).zip(&weight[start..end]) {
                    row *= *w;
                }
                general_mat_mul(1.0, &scaled.t(), &block, 1.0, &mut gram);
            }
        }
    }
    gram
}

/// `xᵀ x`, in row blocks.
pub fn gram(x: &ArrayView2<f64>) -> Array2<f64> {
    let p = x.ncols();
    let mut gram = Array2::zeros((p, p));
    for block in x.axis_chunks_iter(Axis(0), BLOCK) {
        general_mat_mul(1.0, &block.t(), &block, 1.0, &mut gram);
    }
    gram
}

/// The lower Cholesky factor of `a + jitter`, after scaling the diagonal to one so that pivots compare across columns.
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
    fn weighted_gram_equals_its_definition() {
        let x = Array2::from_shape_fn((2500, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f64 - 5.0);
        let w: Vec<f64> = (0..2500).map(|i| 0.5 + (i % 3) as f64).collect();
        let gram = gram_with_intercept(&x.view(), Some(&w));
        let expected: f64 = (0..2500).map(|i| w[i] * x[[i, 0]] * x[[i, 1]]).sum();
        assert!((gram[[0, 1]] - expected).abs() < 1e-8);
        assert!((gram[[2, 2]] - w.iter().sum::<f64>()).abs() < 1e-8);
        assert!((gram_with_intercept(&x.view(), None)[[2, 2]] - 2500.0).abs() < 1e-12);
    }

    #[test]
    fn not_finite_is_refused() {
        assert!(Cholesky::new(&array![[f64::INFINITY]]).is_none());
        assert!(Cholesky::new(&array![[1.0, 9.0], [9.0, 1.0]]).is_none());
    }
}
