//! Linear regression by least squares.
//!
//! One-hot columns with an intercept always are collinear, and linfa returns NaN then. So columns are standardised,
//! dependent ones are set aside by a rank-revealing Cholesky, the rest is solved and corrected by its residuals, and the
//! result is moved to the solution of smallest norm, which is scikit-learn's `LinearRegression` also then.

use linfa::traits::Fit;
use ndarray::{Array1, Array2, Axis, s};

use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::linalg::Cholesky;
use crate::ml::parallel::Watch;
use crate::ml::squares::{self, Normal};

const NAME: &str = "Linear regression";
const PHASE: &str = "Fitting linear regression";
/// A column of which the earlier ones explain all but this share of its variance is dependent on them.
const DEPENDENT: f64 = 1e-10;
/// Features beyond which dependent columns are not looked for; a tiny penalty settles them instead.
const MAX_RANKED: usize = 1500;
/// Ridge penalty relative to the mean squared length of a row, where the rows do not settle all columns.
const TINY_PENALTY: f64 = 1e-8;

pub fn fit(_params: &CheckedParams, data: &Data, _seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    Linear { io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct Linear<'a> {
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Linear<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Target::Values(values) = data.targets else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "numbers" });
        };
        let Columns { x, weights } = data.records;
        let p = x.n_features();
        if p > MAX_RANKED {
            let mut fitted =
                squares::ridge_by_steps(NAME, data, values, TINY_PENALTY * x.n_rows as f64, PHASE, self.io)?;
            fitted.warnings.push(format!(
                "Linear regression has {p} features; a tiny ridge penalty settles those that follow from others"
            ));
            return Ok(fitted);
        }
        let watch = Watch { io: self.io, phase: PHASE, fraction: Some(0.2) };
        let Some(normal) = Normal::new(x, values, weights, watch)? else {
            return Ok(squares::mean_model(data, values).into());
        };
        let n_slopes = normal.design.n_slopes();
        let watch = Watch { fraction: Some(0.6), ..watch };
        watch.tick()?;
        if x.n_rows <= n_slopes {
            let slopes = by_rows(x, &normal)?;
            let warning = format!(
                "Linear regression has {n_slopes} varying features for {} rows; a small ridge penalty settles the rest",
                x.n_rows
            );
            return Ok(Fitted::new(normal.model(&slopes), vec![warning]));
        }
        let rank = Rank::of(&normal.gram);
        let none = vec![0.0; n_slopes];
        let slopes = normal.refined(&rank.kept, &none, watch)?.ok_or(FitError::Diverged { algorithm: NAME })?;
        Ok(normal.model(&rank.smallest_norm(slopes, &normal.design.scales())).into())
    }
}

/// Ridge in the space of rows: `zᵀ (z zᵀ + λ)⁻¹ r`, for fewer rows than columns.
fn by_rows(x: &Features, normal: &Normal) -> Result<Array1<f64>, FitError> {
    let mut z = normal.design.dense(x.n_rows);
    let mut r = Array1::from(normal.target.clone());
    for (row, mut values) in z.axis_iter_mut(Axis(0)).enumerate() {
        // Rows by the roots of their weights: the residuals' squares then count as they should.
        let root = normal.weights.map_or(1.0, |weights| weights[row].sqrt());
        values -= &normal.means;
        values *= root;
        r[row] *= root;
    }
    let mut kernel = z.dot(&z.t());
    let penalty = TINY_PENALTY * (kernel.diag().sum() / z.nrows() as f64).max(f64::MIN_POSITIVE);
    kernel.diag_mut().mapv_inplace(|d| d + penalty);
    let factor = Cholesky::new(&kernel).ok_or(FitError::Diverged { algorithm: NAME })?;
    Ok(z.t().dot(&factor.solve(&r)))
}

/// Which columns stand on their own, and how the others follow from them.
struct Rank {
    /// Ascending.
    kept: Vec<usize>,
    /// (column, how much of each kept column it is; shorter than `kept` as later ones are not involved)
    dependent: Vec<(usize, Vec<f64>)>,
}

impl Rank {
    /// Cholesky in column order; a column whose pivot vanishes is dependent on those before it.
    fn of(gram: &Array2<f64>) -> Self {
        let p = gram.nrows();
        let mut lower = Array2::<f64>::zeros((p, p));
        let mut rank = Self { kept: Vec::new(), dependent: Vec::new() };
        for column in 0..p {
            let k = rank.kept.len();
            if gram[[column, column]] <= 0.0 {
                rank.dependent.push((column, Vec::new()));
                continue;
            }
            let mut row = Array1::<f64>::zeros(k);
            for i in 0..k {
                let known = lower.slice(s![i, ..i]).dot(&row.slice(s![..i]));
                row[i] = (gram[[column, rank.kept[i]]] - known) / lower[[i, i]];
            }
            let pivot = gram[[column, column]] - row.dot(&row);
            if pivot > DEPENDENT * gram[[column, column]] {
                lower.slice_mut(s![k, ..k]).assign(&row);
                lower[[k, k]] = pivot.sqrt();
                rank.kept.push(column);
            } else {
                for i in (0..k).rev() {
                    row[i] /= lower[[i, i]];
                    let value = row[i];
                    let above = lower.slice(s![i, ..i]).to_owned();
                    row.slice_mut(s![..i]).scaled_add(-value, &above);
                }
                rank.dependent.push((column, row.to_vec()));
            }
        }
        rank
    }

    /// Takes out of the slopes what changes no prediction on the training rows, measured in the original units.
    fn smallest_norm(&self, mut slopes: Array1<f64>, scales: &[f64]) -> Array1<f64> {
        if self.dependent.is_empty() {
            return slopes;
        }
        let (p, d) = (slopes.len(), self.dependent.len());
        // Columns that sum to nothing, as slopes in the original units.
        let mut nothing = Array2::<f64>::zeros((p, d));
        for (j, (column, parts)) in self.dependent.iter().enumerate() {
            nothing[[*column, j]] = scales[*column];
            for (part, &kept) in parts.iter().zip(&self.kept) {
                nothing[[kept, j]] = -part * scales[kept];
            }
            let length = nothing.column(j).dot(&nothing.column(j)).sqrt();
            nothing.column_mut(j).mapv_inplace(|v| v / length);
        }
        let scale = Array1::from(scales.to_vec());
        let original = &slopes * &scale;
        if let Some(factor) = Cholesky::new(&nothing.t().dot(&nothing)) {
            let excess = nothing.dot(&factor.solve(&nothing.t().dot(&original)));
            slopes -= &(excess / &scale);
        }
        slopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::model::FittedModel;
    use crate::ml::algorithms::testing::{Lcg, assert_close, data, mixed, numbers, one_hot, row, uniform, weighted};

    fn run_on(data: &Data) -> (Vec<f64>, f64, Vec<String>) {
        let fitted = Linear { io: &Silent }.fit(data).unwrap();
        let FittedModel::Linear { coefficients, intercept, .. } = fitted.model else { panic!("linear expected") };
        (coefficients, intercept, fitted.warnings)
    }

    fn run(x: &Features, y: Vec<f64>) -> (Vec<f64>, f64, Vec<String>) {
        run_on(&data(x, &Target::Values(y)))
    }

    fn noisy(x: &Features) -> Vec<f64> {
        let mut noise = Lcg(99);
        (0..x.n_rows).map(|r| 3.0 * row(x, r)[0] - 2.0 * row(x, r)[1] + 0.5 + 0.1 * noise.next()).collect()
    }

    #[test]
    fn equals_scikit_learn() {
        let x = uniform(5, 50, 3);
        let (coefficients, intercept, warnings) = run(&x, noisy(&x));
        assert_close(&coefficients, &SKLEARN_PLAIN.0, 1e-10);
        assert_close(&[intercept], &[SKLEARN_PLAIN.1], 1e-10);
        assert!(warnings.is_empty());
    }

    /// Two numbers, a constant, a doubled column, and three indicators that always sum to one.
    fn collinear() -> Features {
        let base = uniform(5, 50, 3);
        let rows = (0..50).flat_map(|r| {
            let (a, b) = (row(&base, r)[0], row(&base, r)[1]);
            let indicator = |k: usize| if r % 3 == k { 1.0 } else { 0.0 };
            [a, b, 7.5, 2.0 * a, indicator(0), indicator(1), indicator(2)]
        });
        numbers(7, rows.collect())
    }

    #[test]
    fn collinear_and_constant_columns_equal_scikit_learns_smallest_norm() {
        let x = collinear();
        let y: Vec<f64> = noisy(&x).iter().enumerate().map(|(r, v)| v + (r % 3) as f64).collect();
        let (coefficients, intercept, _) = run(&x, y);
        assert_close(&coefficients, &SKLEARN_COLLINEAR.0, 1e-9);
        assert_close(&[intercept], &[SKLEARN_COLLINEAR.1], 1e-9);
    }

    #[test]
    fn indicators_equal_a_one_hot_matrix() {
        let x = mixed(5, 500, 3, 6);
        let (y, dense) = (noisy(&x), one_hot(&x));
        let (coded, columns) = (run(&x, y.clone()), run(&dense, y));
        assert_close(&coded.0, &columns.0, 1e-10);
        assert_close(&[coded.1], &[columns.1], 1e-10);
    }

    #[test]
    fn weights_are_repeated_rows() {
        let x = mixed(5, 50, 2, 3);
        let y = noisy(&x);
        let weights: Vec<f64> = (0..50).map(|r| f64::from(r % 3)).collect();
        let repeated: Vec<usize> = (0..50).flat_map(|r| std::iter::repeat_n(r, r % 3)).collect();
        let target = Target::Values(y.clone());
        let heavy = run_on(&weighted(&x, &target, &weights));
        let long = run(&x.take(&repeated), repeated.iter().map(|&r| y[r]).collect());
        assert_close(&heavy.0, &long.0, 1e-9);
        assert_close(&[heavy.1], &[long.1], 1e-9);
    }

    #[test]
    fn more_columns_than_rows_fit_with_a_warning() {
        let x = uniform(2, 5, 20);
        let y = vec![1.0, 2.0, 4.0, 8.0, 16.0];
        let (coefficients, intercept, warnings) = run(&x, y.clone());
        assert!(warnings[0].contains("20 varying features for 5 rows"), "{warnings:?}");
        for (r, wanted) in y.iter().enumerate() {
            let found: f64 = intercept + row(&x, r).iter().zip(&coefficients).map(|(a, b)| a * b).sum::<f64>();
            assert!((found - wanted).abs() < 1e-4, "{found} instead of {wanted}");
        }
    }

    #[test]
    fn a_column_far_from_zero_keeps_its_slope() {
        let source = uniform(4, 200, 1);
        let values = source.dense(0, 200);
        let x = numbers(1, values.iter().map(|v| 1e9 + v).collect());
        let y = values.iter().map(|v| 3.0 * v + 1.0).collect();
        let (coefficients, _, _) = run(&x, y);
        assert_close(&coefficients, &[3.0], 1e-6);
    }

    #[test]
    fn a_constant_target_is_its_intercept() {
        let (coefficients, intercept, _) = run(&uniform(4, 20, 2), vec![5.0; 20]);
        assert_eq!((coefficients, intercept), (vec![0.0, 0.0], 5.0));
    }

    const SKLEARN_PLAIN: ([f64; 3], f64) =
        ([3.0113410289699125, -1.9828636348475295, -0.007839199198047042], 0.5537524036569207);
    const SKLEARN_COLLINEAR: ([f64; 7], f64) = (
        [
            0.6021119812443024,
            -1.9831423644136044,
            0.0,
            1.2042239624886049,
            -0.995198436215681,
            -0.0006532086661622111,
            0.9958516448818433,
        ],
        1.5544835023701642,
    );
}
