//! Linear regression by least squares: linfa's QR behind guards it does not have.
//!
//! linfa returns NaN for collinear or constant columns, and one-hot columns with an intercept always are collinear. So
//! columns are standardised, dependent ones are set aside by a rank-revealing Cholesky, linfa solves the rest, and the
//! result is moved to the solution of smallest norm, which is scikit-learn's `LinearRegression` also then.

use linfa::DatasetBase;
use linfa::traits::Fit as _;
use linfa_linear::LinearRegression;
use ndarray::{Array1, Array2, Axis, s};

use crate::domain::io::JobIo;
use crate::domain::matrix::Matrix;
use crate::domain::model::FittedModel;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Fitted, view};
use crate::ml::error::FitError;
use crate::ml::linalg::{Cholesky, gram};
use crate::ml::sums;

const NAME: &str = "Linear regression";
/// A column of which the earlier ones explain all but this share of its variance is dependent on them.
const DEPENDENT: f64 = 1e-10;
/// Rows × columns² above which the normal equations, in cancellable matrix products, replace linfa's column-by-column QR.
const QR_LIMIT: f64 = 1e9;
/// Largest Gram matrix.
const MAX_GRAM_BYTES: u64 = 2_000_000_000;
/// Ridge penalty relative to the mean squared length of a row, where there are not enough rows to settle all columns.
const TINY_PENALTY: f64 = 1e-8;

pub fn fit(_params: &CheckedParams, x: &Matrix, y: &Target, _seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    let Target::Values(values) = y else {
        return Err(FitError::WrongTask { algorithm: NAME, needs: "numbers" });
    };
    let target = Standard::of(values);
    let columns: Vec<Standard> =
        (0..x.n_cols).map(|column| Standard::of(&x.column(column).collect::<Vec<f64>>())).collect();
    let varying: Vec<usize> = (0..x.n_cols).filter(|&column| columns[column].varies).collect();
    if !target.varies || varying.is_empty() {
        return finish(vec![0.0; x.n_cols], &columns, &target, Vec::new());
    }
    let z = standardised(x, &columns, &varying)?;
    let r: Array1<f64> = values.iter().map(|value| target.apply(*value)).collect();
    io.progress("Fitting linear regression", Some(0.2))?;

    let mut warnings = Vec::new();
    let slopes = if x.n_rows <= varying.len() {
        warnings.push(format!(
            "Linear regression has {} varying features for {} rows; a small ridge penalty settles the rest",
            varying.len(),
            x.n_rows
        ));
        ridge(&z, &r)?
    } else {
        least_squares(&z, &r, &varying.iter().map(|&column| columns[column].spread).collect::<Vec<f64>>(), io)?
    };
    let mut coefficients = vec![0.0; x.n_cols];
    for (slope, &column) in slopes.iter().zip(&varying) {
        coefficients[column] = slope * (target.spread / columns[column].spread);
    }
    finish(coefficients, &columns, &target, warnings)
}

fn finish(
    coefficients: Vec<f64>,
    columns: &[Standard],
    target: &Standard,
    warnings: Vec<String>,
) -> Result<Fitted, FitError> {
    let shift = sums::sum(coefficients.iter().zip(columns).map(|(c, column)| c * column.center));
    Ok(Fitted { model: FittedModel::Linear { coefficients, intercept: target.center - shift }, warnings })
}

/// A column's centre and population standard deviation.
struct Standard {
    center: f64,
    spread: f64,
    /// Differs by more than rounding.
    varies: bool,
}

impl Standard {
    fn of(values: &[f64]) -> Self {
        let n = values.len().max(1) as f64;
        let center = sums::sum(values.iter().map(|v| v / n));
        let largest = values.iter().fold(0.0_f64, |m, v| m.max((v - center).abs()));
        // In units of the largest distance, so that squares neither overflow nor vanish.
        let spread = largest * (sums::sum(values.iter().map(|v| ((v - center) / largest).powi(2))) / n).sqrt();
        let varies = spread.is_normal() && largest > 8.0 * f64::EPSILON * center.abs();
        Self { center, spread, varies }
    }

    fn apply(&self, value: f64) -> f64 {
        (value - self.center) / self.spread
    }
}

fn standardised(x: &Matrix, columns: &[Standard], varying: &[usize]) -> Result<Array2<f64>, FitError> {
    let mut z = view(x)?.select(Axis(1), varying);
    for (mut column, &index) in z.axis_iter_mut(Axis(1)).zip(varying) {
        column.mapv_inplace(|value| columns[index].apply(value));
    }
    Ok(z)
}

/// Slopes in standard units: least squares over independent columns, then the smallest norm in the original units.
fn least_squares(z: &Array2<f64>, r: &Array1<f64>, spreads: &[f64], io: &dyn JobIo) -> Result<Array1<f64>, FitError> {
    let (n, p) = z.dim();
    let bytes = (p as u64).saturating_mul(p as u64).saturating_mul(8);
    if bytes > MAX_GRAM_BYTES {
        return Err(FitError::TooLarge { algorithm: NAME, features: p, bytes });
    }
    let gram = gram(&z.view());
    let rank = Rank::of(&gram);
    io.progress("Fitting linear regression", Some(0.5))?;
    let kept = if rank.kept.len() == p { None } else { Some(z.select(Axis(1), &rank.kept)) };
    let solved = if n as f64 * (rank.kept.len() as f64).powi(2) <= QR_LIMIT {
        let records = kept.as_ref().map_or_else(|| z.view(), |kept| kept.view());
        LinearRegression::new().fit(&DatasetBase::new(records, r.view()))?.params().to_owned()
    } else {
        refined(kept.as_ref().unwrap_or(z), r, &gram.select(Axis(0), &rank.kept).select(Axis(1), &rank.kept), io)?
    };
    let mut slopes = Array1::zeros(p);
    for (&column, &slope) in rank.kept.iter().zip(&solved) {
        slopes[column] = slope;
    }
    Ok(rank.smallest_norm(slopes, spreads))
}

/// Normal equations, corrected by the residual until the correction is rounding.
fn refined(z: &Array2<f64>, r: &Array1<f64>, gram: &Array2<f64>, io: &dyn JobIo) -> Result<Array1<f64>, FitError> {
    let factor = Cholesky::new(gram).ok_or(FitError::Diverged { algorithm: NAME })?;
    let mut slopes = Array1::zeros(z.ncols());
    for round in 0..5 {
        io.progress("Fitting linear regression", Some(0.6 + 0.08 * f64::from(round)))?;
        let rest = r - &z.dot(&slopes);
        let step = factor.solve(&z.t().dot(&rest));
        slopes += &step;
        if largest(&step) <= 1e-14 * largest(&slopes) {
            break;
        }
    }
    Ok(slopes)
}

fn largest(values: &Array1<f64>) -> f64 {
    values.iter().fold(0.0, |m, v| m.max(v.abs()))
}

/// Ridge in the space of rows: `zᵀ (z zᵀ + λ)⁻¹ r`, for fewer rows than columns.
fn ridge(z: &Array2<f64>, r: &Array1<f64>) -> Result<Array1<f64>, FitError> {
    let mut kernel = z.dot(&z.t());
    let penalty = TINY_PENALTY * (kernel.diag().sum() / z.nrows() as f64).max(f64::MIN_POSITIVE);
    kernel.diag_mut().mapv_inplace(|d| d + penalty);
    let factor = Cholesky::new(&kernel).ok_or(FitError::Diverged { algorithm: NAME })?;
    Ok(z.t().dot(&factor.solve(r)))
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
    fn smallest_norm(&self, mut slopes: Array1<f64>, spreads: &[f64]) -> Array1<f64> {
        if self.dependent.is_empty() {
            return slopes;
        }
        let (p, d) = (slopes.len(), self.dependent.len());
        // Columns that sum to nothing, as slopes in the original units.
        let mut nothing = Array2::<f64>::zeros((p, d));
        for (j, (column, parts)) in self.dependent.iter().enumerate() {
            nothing[[*column, j]] = 1.0 / spreads[*column];
            for (part, &kept) in parts.iter().zip(&self.kept) {
                nothing[[kept, j]] = -part / spreads[kept];
            }
            let length = nothing.column(j).dot(&nothing.column(j)).sqrt();
            nothing.column_mut(j).mapv_inplace(|v| v / length);
        }
        let spread = Array1::from(spreads.to_vec());
        let original = &slopes / &spread;
        if let Some(factor) = Cholesky::new(&nothing.t().dot(&nothing)) {
            let excess = nothing.dot(&factor.solve(&nothing.t().dot(&original)));
            slopes -= &(excess * &spread);
        }
        slopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::params::{Algorithm, ParamDraft, check_params};
    use crate::ml::algorithms::testing::{Lcg, matrix, uniform_matrix};

    fn run(x: &Matrix, y: Vec<f64>) -> (Vec<f64>, f64, Vec<String>) {
        let params = check_params(Algorithm::Linear, &ParamDraft::new()).unwrap();
        let fitted = fit(&params, x, &Target::Values(y), 0, &Silent).unwrap();
        let FittedModel::Linear { coefficients, intercept } = fitted.model else { panic!("linear expected") };
        (coefficients, intercept, fitted.warnings)
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() <= tolerance * e.abs().max(1.0), "{found:?} instead of {expected:?}");
        }
    }

    fn noisy(x: &Matrix) -> Vec<f64> {
        let mut noise = Lcg(99);
        (0..x.n_rows).map(|r| 3.0 * x.row(r)[0] - 2.0 * x.row(r)[1] + 0.5 + 0.1 * noise.next()).collect()
    }

    #[test]
    fn equals_scikit_learn() {
        let x = uniform_matrix(5, 50, 3);
        let (coefficients, intercept, warnings) = run(&x, noisy(&x));
        assert_close(&coefficients, &SKLEARN_PLAIN.0, 1e-10);
        assert_close(&[intercept], &[SKLEARN_PLAIN.1], 1e-10);
        assert!(warnings.is_empty());
    }

    /// Two numbers, a constant, a doubled column, and three indicators that always sum to one.
    fn collinear() -> Matrix {
        let base = uniform_matrix(5, 50, 3);
        let rows = (0..50).flat_map(|r| {
            let (a, b) = (base.row(r)[0], base.row(r)[1]);
            let indicator = |k: usize| if r % 3 == k { 1.0 } else { 0.0 };
            [a, b, 7.5, 2.0 * a, indicator(0), indicator(1), indicator(2)]
        });
        matrix(7, rows.collect())
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
    fn normal_equations_agree_with_qr() {
        let x = uniform_matrix(8, 300, 6);
        let z = view(&x).unwrap().to_owned();
        let r: Array1<f64> = (0..300).map(|i| f64::from(i % 17)).collect();
        let centred = &z - &z.mean_axis(Axis(0)).unwrap();
        let r = &r - r.mean().unwrap();
        let qr = LinearRegression::new().fit(&DatasetBase::new(centred.view(), r.view())).unwrap();
        let normal = refined(&centred, &r, &centred.t().dot(&centred), &Silent).unwrap();
        assert_close(normal.as_slice().unwrap(), qr.params().as_slice().unwrap(), 1e-12);
    }

    #[test]
    fn more_columns_than_rows_fit_with_a_warning() {
        let x = uniform_matrix(2, 5, 20);
        let y = vec![1.0, 2.0, 4.0, 8.0, 16.0];
        let (coefficients, intercept, warnings) = run(&x, y.clone());
        assert!(warnings[0].contains("20 varying features for 5 rows"), "{warnings:?}");
        for (r, wanted) in y.iter().enumerate() {
            let found: f64 = intercept + x.row(r).iter().zip(&coefficients).map(|(a, b)| a * b).sum::<f64>();
            assert!((found - wanted).abs() < 1e-4, "{found} instead of {wanted}");
        }
    }

    #[test]
    fn a_column_far_from_zero_keeps_its_slope() {
        let source = uniform_matrix(4, 200, 1);
        let x = matrix(1, source.values.iter().map(|v| 1e9 + v).collect());
        let y = source.values.iter().map(|v| 3.0 * v + 1.0).collect();
        let (coefficients, _, _) = run(&x, y);
        assert_close(&coefficients, &[3.0], 1e-6);
    }

    #[test]
    fn a_constant_target_is_its_intercept() {
        let (coefficients, intercept, _) = run(&uniform_matrix(4, 20, 2), vec![5.0; 20]);
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
