//! Partial least squares for one target: the few directions of the features that vary most with it.
//!
//! scikit-learn's `PLSRegression(scale=True)`, by sums of products alone (Dayal & MacGregor 1997, "improved kernel
//! algorithm #2"), so that rows are passed over once and indicators need no matrix.

use linfa::traits::Fit;
use ndarray::{Array1, Array2};

use crate::domain::io::JobIo;
use crate::domain::params::CheckedParams;
use crate::domain::task::Target;
use crate::ml::algorithms::{Columns, Data, Fitted};
use crate::ml::error::FitError;
use crate::ml::parallel::Watch;
use crate::ml::squares::{self, MAX_PRODUCTS, Normal};

const NAME: &str = "Partial least squares";
const PHASE: &str = "Fitting partial least squares";
/// A direction along which less than this share of the first one's products is left is rounding.
const NOTHING: f64 = 1e-12;

pub fn fit(params: &CheckedParams, data: &Data, _seed: u64, io: &dyn JobIo) -> Result<Fitted, FitError> {
    Pls { n_components: params.count("n_components"), io }.fit(data)
}

/// The learner as linfa knows learners.
pub struct Pls<'a> {
    pub n_components: usize,
    pub io: &'a dyn JobIo,
}

impl<'a> Fit<Columns<'a>, &'a Target, FitError> for Pls<'_> {
    type Object = Fitted;

    fn fit(&self, data: &Data<'a>) -> Result<Fitted, FitError> {
        let Target::Values(values) = data.targets else {
            return Err(FitError::WrongTask { algorithm: NAME, needs: "numbers" });
        };
        let Columns { x, weights } = data.records;
        let p = x.n_features();
        if p > MAX_PRODUCTS {
            let bytes = 8 * (p as u64).saturating_mul(p as u64);
            return Err(FitError::TooLarge { algorithm: NAME, features: p, bytes });
        }
        let watch = Watch { io: self.io, phase: PHASE, fraction: Some(0.2) };
        let Some(normal) = Normal::new(x, values, weights, watch)? else {
            return Ok(squares::mean_model(data, values).into());
        };
        // Indicators are scaled here as well: the directions depend on it.
        let roots = normal.gram.diag().mapv(|d| if d > 0.0 { d.sqrt() } else { 1.0 });
        let mut gram = normal.gram.clone();
        for ((i, j), value) in gram.indexed_iter_mut() {
            *value /= roots[i] * roots[j];
        }
        let (slopes, made) = self.directions(&gram, &(&normal.products / &roots), watch)?;
        let mut warnings = Vec::new();
        if made < self.n_components {
            warnings.push(format!(
                "Partial least squares made {made} of {} components; nothing is left to explain after them",
                self.n_components
            ));
        }
        Ok(Fitted::new(normal.model(&(slopes / &roots)), warnings))
    }
}

impl Pls<'_> {
    fn directions(
        &self,
        gram: &Array2<f64>,
        products: &Array1<f64>,
        watch: Watch,
    ) -> Result<(Array1<f64>, usize), FitError> {
        let mut rest = products.clone();
        let first = rest.dot(&rest).sqrt();
        let mut slopes = Array1::zeros(products.len());
        let (mut rotations, mut loadings): (Vec<Array1<f64>>, Vec<Array1<f64>>) = (Vec::new(), Vec::new());
        while rotations.len() < self.n_components.min(products.len()) {
            watch.tick()?;
            let length = rest.dot(&rest).sqrt();
            if length.is_nan() || length <= NOTHING * first {
                break;
            }
            let weight = &rest / length;
            let mut rotation = weight.clone();
            for (earlier, loading) in rotations.iter().zip(&loadings) {
                rotation.scaled_add(-loading.dot(&weight), earlier);
            }
            let along = gram.dot(&rotation);
            let size = rotation.dot(&along);
            if size.is_nan() || size <= NOTHING {
                break;
            }
            let share = rotation.dot(&rest) / size;
            slopes.scaled_add(share, &rotation);
            rest.scaled_add(-share, &along);
            loadings.push(along / size);
            rotations.push(rotation);
        }
        Ok((slopes, rotations.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::domain::model::FittedModel;
    use crate::ml::algorithms::testing::{assert_close, data, mixed, noisy_sum};

    #[test]
    fn equals_scikit_learn() {
        let x = mixed(5, 60, 3, 4);
        for (n_components, (expected, b)) in [1, 2, 3].into_iter().zip(SKLEARN) {
            let fitted = Pls { n_components, io: &Silent }.fit(&data(&x, &noisy_sum(&x))).unwrap();
            let FittedModel::Linear { coefficients, intercept, .. } = fitted.model else { panic!("linear expected") };
            assert_close(&coefficients, &expected, 1e-9);
            assert_close(&[intercept], &[b], 1e-9);
        }
    }

    #[test]
    fn components_that_do_not_exist_are_said() {
        let x = mixed(5, 60, 3, 4);
        let fitted = Pls { n_components: 50, io: &Silent }.fit(&data(&x, &noisy_sum(&x))).unwrap();
        assert!(fitted.warnings[0].contains("of 50 components"), "{:?}", fitted.warnings);
    }

    /// `PLSRegression(k)`
    const SKLEARN: [([f64; 7], f64); 3] = [
        (
            [
                2.5375636021212027,
                -2.078464368115111,
                0.08750569880857681,
                0.9422463271272482,
                0.37967308040052083,
                -0.464841315327795,
                -0.7526307319568132,
            ],
            0.6901212299825408,
        ),
        (
            [
                2.9178432253780637,
                -2.07983237065815,
                0.11418911926749359,
                0.8762003786375211,
                -0.14635632079468935,
                -0.6409263104627214,
                -0.12193023574119298,
            ],
            0.6847998235345651,
        ),
        (
            [
                2.9951237261854264,
                -2.007118155997598,
                -0.0171979258642207,
                0.8565628439928401,
                -0.1333195014785724,
                -0.6303561421442544,
                -0.12607714991191893,
            ],
            0.6815721476319463,
        ),
    ];
}
