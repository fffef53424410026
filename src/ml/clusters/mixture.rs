//! Gaussian mixtures by expectation and maximisation, as in scikit-learn's `GaussianMixture`: started from k-means, each
//! covariance's diagonal raised by `reg_covar`, ended when the mean log-likelihood changes by less than `tol`.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, s};

use crate::domain::explore::CovarianceType;
use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::ml::error::FitError;
use crate::ml::linalg::whitener;
use crate::ml::parallel::{Watch, map_stretches};

use super::check;
use super::kmeans::KMeans;

const NAME: &str = "The Gaussian mixture";
/// Rows worked on at a time.
const BLOCK: usize = 512;
/// Sums over rows are made in at most this many parts.
const PARTS: usize = 16;
/// Bytes those sums may take.
const MOST_BYTES: usize = 512 << 20;
/// Passes of k-means before the first expectation.
const START_PASSES: usize = 100;

pub struct GaussianMixture<'a> {
    pub n_components: usize,
    pub covariance_type: CovarianceType,
    /// Added to the variance of every feature: a component never gets narrower than this.
    pub reg_covar: f64,
    pub tol: f64,
    /// Passes per start at most.
    pub max_iter: usize,
    /// Starts tried; the likeliest mixture wins.
    pub n_init: usize,
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    pub weights: Vec<f64>,
    /// One per component, a number per feature.
    pub means: Vec<Vec<f64>>,
    /// The likeliest component of each row.
    pub labels: Vec<u32>,
    /// Mean over the rows, in nats.
    pub log_likelihood: f64,
    pub n_iter: usize,
    /// Whether the last pass changed less than `tol`.
    pub converged: bool,
    pub n_parameters: usize,
    components: Vec<Gaussian>,
}

/// One component, ready for evaluation.
#[derive(Clone, Debug, PartialEq)]
struct Gaussian {
    mean: Array1<f64>,
    spread: Spread,
    /// Logarithm of the density at the mean, times the weight.
    peak: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Spread {
    /// What makes deviations independent and of variance one: Σ = L Lᵀ, and this is L⁻¹.
    Full(Array2<f64>),
    /// 1 / standard deviation per feature.
    Diagonal(Array1<f64>),
}

/// Sums over some rows, of deviations from the components' former means.
struct Sums {
    log_likelihood: f64,
    counts: Vec<f64>,
    /// Component × feature.
    deviations: Array2<f64>,
    /// Per component: feature × feature, or feature × 1 for diagonal covariances.
    squares: Vec<Array2<f64>>,
    labels: Vec<u32>,
}

/// Which component each row is counted for.
enum Shares<'a> {
    /// The one it was put in.
    Given(&'a [u32]),
    /// Each, by how likely it is.
    Likely,
    /// As before, but only labels and likelihood are wanted.
    Looked,
}

impl GaussianMixture<'_> {
    /// Refuses empty cells and category codes, and mixtures that need too much memory.
    pub fn fit(&self, x: &Features) -> Result<Mixture, FitError> {
        check(x)?;
        let (k, p) = (self.n_components, x.n_features());
        let bytes = 8 * k * p * if self.is_diagonal() { 2 } else { p } * (PARTS + 2);
        if bytes > MOST_BYTES {
            return Err(FitError::TooLarge { algorithm: NAME, features: p, bytes: bytes as u64 });
        }
        let mut best: Option<(f64, Mixture)> = None;
        for start in 0..self.n_init.max(1) {
            let phase = format!("Fitting the mixture: start {} of {}", start + 1, self.n_init.max(1));
            let fraction = Some(start as f64 / self.n_init.max(1) as f64);
            let watch = Watch { io: self.io, phase: &phase, fraction };
            let seed = self.seed.wrapping_add((start as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let first = KMeans { n_clusters: k, n_init: 1, max_iter: START_PASSES, seed, io: self.io }.fit(x)?;
            let (bound, found) = self.climb(x, &first.centers, &first.labels, watch)?;
            if best.as_ref().is_none_or(|(top, _)| bound > *top) {
                best = Some((bound, found));
            }
        }
        best.map(|(_, found)| found).ok_or(FitError::Diverged { algorithm: NAME })
    }

    fn is_diagonal(&self) -> bool {
        matches!(self.covariance_type, CovarianceType::Diag | CovarianceType::Spherical)
    }

    /// From one component per label; the mixture and the likelihood by which starts compare.
    fn climb(
        &self,
        x: &Features,
        centers: &[Vec<f64>],
        labels: &[u32],
        watch: Watch,
    ) -> Result<(f64, Mixture), FitError> {
        let p = x.n_features();
        let at = |center: &Vec<f64>| {
            let spread = if self.is_diagonal() {
                Spread::Diagonal(Array1::ones(p))
            } else {
                // Never read: the rows are given.
                Spread::Full(Array2::zeros((p, 0)))
            };
            Gaussian { mean: Array1::from(center.clone()), spread, peak: 0.0 }
        };
        let first: Vec<Gaussian> = centers.iter().map(at).collect();
        let sums = pass(x, &first, &Shares::Given(labels), watch)?;
        let (mut weights, mut components) = self.maximise(&first, sums, x.n_rows)?;
        let (mut bound, mut n_iter, mut converged) = (f64::NEG_INFINITY, 0, false);
        while n_iter < self.max_iter && !converged {
            n_iter += 1;
            let sums = pass(x, &components, &Shares::Likely, watch)?;
            let now = sums.log_likelihood / x.n_rows as f64;
            (weights, components) = self.maximise(&components, sums, x.n_rows)?;
            converged = (now - bound).abs() < self.tol;
            bound = now;
        }
        let seen = pass(x, &components, &Shares::Looked, watch)?;
        let log_likelihood = seen.log_likelihood / x.n_rows as f64;
        if !log_likelihood.is_finite() {
            return Err(FitError::Diverged { algorithm: NAME });
        }
        let mixture = Mixture {
            weights,
            means: components.iter().map(|component| component.mean.to_vec()).collect(),
            labels: seen.labels,
            log_likelihood,
            n_iter,
            converged,
            n_parameters: self.n_parameters(p),
            components,
        };
        Ok((bound, mixture))
    }

    fn n_parameters(&self, p: usize) -> usize {
        let k = self.n_components;
        let spread = match self.covariance_type {
            CovarianceType::Full => k * p * (p + 1) / 2,
            CovarianceType::Tied => p * (p + 1) / 2,
            CovarianceType::Diag => k * p,
            CovarianceType::Spherical => k,
        };
        spread + k * p + k - 1
    }

    /// Weights, means and covariances from what the rows add up to.
    fn maximise(&self, before: &[Gaussian], sums: Sums, n: usize) -> Result<(Vec<f64>, Vec<Gaussian>), FitError> {
        let p = sums.deviations.ncols();
        // As in scikit-learn: a component without rows stays a number.
        let counts: Vec<f64> = sums.counts.iter().map(|count| count + 10.0 * f64::EPSILON).collect();
        let total: f64 = counts.iter().sum();
        let mut moved = sums.deviations;
        moved.axis_iter_mut(Axis(0)).zip(&counts).for_each(|(mut row, count)| row /= *count);
        let mut squares = sums.squares;
        for ((squares, moved), count) in squares.iter_mut().zip(moved.axis_iter(Axis(0))).zip(&counts) {
            *squares /= *count;
            for ((i, j), value) in squares.indexed_iter_mut() {
                *value -= moved[i] * moved[if self.is_diagonal() { i } else { j }];
            }
        }
        match self.covariance_type {
            CovarianceType::Tied => {
                let mut shared = Array2::zeros((p, p));
                squares.iter().zip(&counts).for_each(|(squares, count)| shared.scaled_add(count / n as f64, squares));
                squares.fill(shared);
            }
            CovarianceType::Spherical => {
                squares.iter_mut().for_each(|squares| squares.fill(squares.sum() / p as f64));
            }
            CovarianceType::Full | CovarianceType::Diag => {}
        }
        let mut components = Vec::with_capacity(before.len());
        for (at, mut covariance) in squares.into_iter().enumerate() {
            let narrow = || FitError::Narrow { component: at + 1, reg_covar: self.reg_covar };
            let (spread, log_width) = if self.is_diagonal() {
                let scale = covariance.column(0).mapv(|variance| 1.0 / (variance.max(0.0) + self.reg_covar).sqrt());
                let log_width = -scale.iter().map(|scale| scale.ln()).sum::<f64>();
                (Spread::Diagonal(scale), log_width)
            } else {
                covariance.diag_mut().iter_mut().for_each(|variance| *variance += self.reg_covar);
                let (inverse, log_width) = whitener(&covariance).ok_or_else(narrow)?;
                (Spread::Full(inverse.reversed_axes()), log_width)
            };
            if !log_width.is_finite() {
                return Err(narrow());
            }
            let half_circle = 0.5 * p as f64 * (2.0 * std::f64::consts::PI).ln();
            let peak = (counts[at] / total).ln() - log_width - half_circle;
            components.push(Gaussian { mean: &before[at].mean + &moved.row(at), spread, peak });
        }
        Ok((counts.iter().map(|count| count / total).collect(), components))
    }
}

impl Mixture {
    /// The likeliest component of each row of other features of the same kind.
    pub fn likeliest(&self, x: &Features, io: &dyn JobIo) -> Result<Vec<u32>, FitError> {
        check(x)?;
        let watch = Watch { io, phase: "Assigning rows to groups", fraction: None };
        Ok(pass(x, &self.components, &Shares::Looked, watch)?.labels)
    }

    /// The Bayesian information criterion for the rows it was fitted on (Schwarz 1978); smaller is better.
    pub fn bic(&self) -> f64 {
        let n = self.labels.len() as f64;
        -2.0 * self.log_likelihood * n + self.n_parameters as f64 * n.ln()
    }
}

/// One look at all rows.
fn pass(x: &Features, components: &[Gaussian], shares: &Shares, watch: Watch) -> Result<Sums, FitError> {
    let size = x.n_rows.div_ceil(PARTS).next_multiple_of(BLOCK);
    let parts = map_stretches(x.n_rows, size, watch, |rows, alive| {
        let mut sums = Sums::new(components, x.n_features());
        let mut work = Work::new(components.len(), x.n_features());
        for from in rows.clone().step_by(BLOCK) {
            if !alive() {
                break;
            }
            let to = (from + BLOCK).min(rows.end);
            match shares {
                Shares::Given(labels) => work.count(&mut sums, &labels[from..to]),
                Shares::Likely | Shares::Looked => work.expect(&mut sums, components, x, from..to),
            }
            if !matches!(shares, Shares::Looked) {
                work.add(&mut sums, components, x, from..to);
            }
        }
        sums
    })?;
    let mut all = Sums::new(components, x.n_features());
    parts.into_iter().for_each(|part| all.merge(part));
    Ok(all)
}

impl Sums {
    fn new(components: &[Gaussian], p: usize) -> Self {
        let wide = |component: &Gaussian| match &component.spread {
            Spread::Full(_) => p,
            Spread::Diagonal(_) => 1,
        };
        Self {
            log_likelihood: 0.0,
            counts: vec![0.0; components.len()],
            deviations: Array2::zeros((components.len(), p)),
            squares: components.iter().map(|component| Array2::zeros((p, wide(component)))).collect(),
            labels: Vec::new(),
        }
    }

    fn merge(&mut self, other: Self) {
        self.log_likelihood += other.log_likelihood;
        self.counts.iter_mut().zip(other.counts).for_each(|(all, part)| *all += part);
        self.deviations += &other.deviations;
        self.squares.iter_mut().zip(&other.squares).for_each(|(all, part)| *all += part);
        self.labels.extend(other.labels);
    }
}

/// Room for one block of rows.
struct Work {
    /// Deviations from a mean, and the same made independent: row × feature.
    deviations: Array2<f64>,
    whitened: Array2<f64>,
    /// Component × row: log densities, then shares.
    shares: Array2<f64>,
}

impl Work {
    fn new(k: usize, p: usize) -> Self {
        Self {
            deviations: Array2::zeros((BLOCK, p)),
            whitened: Array2::zeros((BLOCK, p)),
            shares: Array2::zeros((k, BLOCK)),
        }
    }

    fn deviate(&mut self, points: &[f64], component: &Gaussian) {
        let p = component.mean.len();
        for (mut row, point) in self.deviations.rows_mut().into_iter().zip(points.chunks_exact(p)) {
            row.iter_mut().zip(point).zip(&component.mean).for_each(|((d, x), mean)| *d = x - mean);
        }
    }

    fn count(&mut self, sums: &mut Sums, labels: &[u32]) {
        self.shares.fill(0.0);
        for (row, label) in labels.iter().enumerate() {
            self.shares[[*label as usize, row]] = 1.0;
        }
        sums.labels.extend(labels);
    }

    /// How likely each component is for each row.
    fn expect(&mut self, sums: &mut Sums, components: &[Gaussian], x: &Features, rows: std::ops::Range<usize>) {
        let points = x.dense(rows.start, rows.end);
        let n = rows.len();
        for (at, component) in components.iter().enumerate() {
            self.deviate(&points, component);
            let deviations = self.deviations.slice(s![..n, ..]);
            let mut whitened = self.whitened.slice_mut(s![..n, ..]);
            match &component.spread {
                Spread::Full(inverse) => general_mat_mul(1.0, &deviations, inverse, 0.0, &mut whitened),
                Spread::Diagonal(scale) => {
                    whitened.assign(&deviations);
                    whitened *= scale;
                }
            }
            for (row, far) in whitened.rows().into_iter().enumerate() {
                self.shares[[at, row]] = component.peak - 0.5 * far.dot(&far);
            }
        }
        for row in 0..n {
            let mut shares = self.shares.column_mut(row);
            let (mut top, mut best) = (f64::NEG_INFINITY, 0);
            for (at, share) in shares.iter().enumerate() {
                if *share > top {
                    (top, best) = (*share, at);
                }
            }
            shares.mapv_inplace(|share| (share - top).exp());
            let total = shares.sum();
            shares /= total;
            sums.log_likelihood += top + total.ln();
            sums.labels.push(best as u32);
        }
    }

    /// Adds what the rows of the block say about each component.
    fn add(&mut self, sums: &mut Sums, components: &[Gaussian], x: &Features, rows: std::ops::Range<usize>) {
        let points = x.dense(rows.start, rows.end);
        let n = rows.len();
        for (at, component) in components.iter().enumerate() {
            self.deviate(&points, component);
            let deviations = self.deviations.slice(s![..n, ..]);
            let shares = self.shares.slice(s![at, ..n]);
            sums.counts[at] += shares.sum();
            let mut weighted = self.whitened.slice_mut(s![..n, ..]);
            weighted.assign(&deviations);
            weighted *= &shares.insert_axis(Axis(1));
            let mut total = sums.deviations.row_mut(at);
            total += &weighted.sum_axis(Axis(0));
            let squares = &mut sums.squares[at];
            match component.spread {
                Spread::Full(_) => general_mat_mul(1.0, &weighted.t(), &deviations, 1.0, squares),
                Spread::Diagonal(_) => {
                    weighted *= &deviations;
                    let mut total = squares.column_mut(0);
                    total += &weighted.sum_axis(Axis(0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{assert_close, mixed, numbers, one_hot, uniform};

    /// Three overlapping heaps of different shape, in turn: sums of three uniform numbers, sheared.
    fn heaps(n: usize) -> Features {
        let source = uniform(21, 3 * n, 3).dense(0, 3 * n);
        let mut values = Vec::new();
        for (row, u) in source.chunks(9).enumerate() {
            let [a, b, c] = [0, 1, 2].map(|i| u[i] + u[3 + i] + u[6 + i]);
            values.extend(match row % 3 {
                0 => [a, b, c],
                1 => [3.0 + 0.5 * a + 0.4 * b, 1.0 + b, -1.0 + 0.3 * c + 0.2 * a],
                _ => [-2.0 + 1.2 * a, 3.0 - 0.5 * a + 0.6 * b, c],
            });
        }
        numbers(3, values)
    }

    fn learner(covariance_type: CovarianceType) -> GaussianMixture<'static> {
        GaussianMixture {
            n_components: 3,
            covariance_type,
            reg_covar: 1e-6,
            tol: 1e-3,
            max_iter: 100,
            n_init: 1,
            seed: 1,
            io: &Silent,
        }
    }

    #[test]
    fn likelihoods_are_those_of_scikit_learn() {
        let x = heaps(600);
        for (covariance_type, ended, exact, bic, n_parameters, mut sizes) in SKLEARN {
            let found = learner(covariance_type).fit(&x).unwrap();
            assert!((found.log_likelihood - ended).abs() < 1e-9, "{covariance_type:?} {}", found.log_likelihood);
            let found = GaussianMixture { tol: 1e-12, max_iter: 5000, ..learner(covariance_type) }.fit(&x).unwrap();
            assert!((found.log_likelihood - exact).abs() < 1e-9, "{covariance_type:?} {}", found.log_likelihood);
            assert!((found.bic() - bic).abs() < 1e-5 && found.converged, "{}", found.bic());
            assert_eq!(found.n_parameters, n_parameters);
            let mut found_sizes = [0; 3];
            found.labels.iter().for_each(|label| found_sizes[*label as usize] += 1);
            found_sizes.sort_unstable();
            sizes.sort_unstable();
            assert_eq!(found_sizes, sizes);
            assert_eq!(found.likeliest(&x, &Silent).unwrap(), found.labels);
        }
    }

    #[test]
    fn the_criterion_finds_three_heaps() {
        let x = heaps(600);
        let bic =
            |n_components| GaussianMixture { n_components, ..learner(CovarianceType::Full) }.fit(&x).unwrap().bic();
        let all: Vec<f64> = (1..6).map(bic).collect();
        // `GaussianMixture(1).fit(x).bic(x)`; with more components than heaps the start decides.
        assert!((all[0] - 6451.81).abs() < 0.01, "{}", all[0]);
        assert!((0..5).all(|at| all[at] >= all[2]), "{all:?}");
    }

    #[test]
    fn indicators_mix_as_their_one_hot_columns() {
        let x = mixed(9, 700, 2, 3);
        let learner = GaussianMixture { reg_covar: 1e-3, ..learner(CovarianceType::Full) };
        let (coded, dense) = (learner.fit(&x).unwrap(), learner.fit(&one_hot(&x)).unwrap());
        assert_eq!(coded.labels, dense.labels);
        assert_close(&coded.weights, &dense.weights, 1e-12);
    }

    #[test]
    fn what_cannot_be_mixed_ends_well() {
        let same = numbers(2, vec![2.0; 20]);
        for covariance_type in CovarianceType::ALL {
            let found = learner(covariance_type).fit(&same).unwrap();
            assert!(found.log_likelihood.is_finite() && found.labels.len() == 10, "{covariance_type:?}");
        }
        let none = GaussianMixture { reg_covar: 0.0, ..learner(CovarianceType::Full) };
        let told = none.fit(&same).unwrap_err().to_string();
        assert!(told.starts_with("Component 1 of the Gaussian mixture has shrunk"), "{told}");
        assert!(matches!(none.fit(&numbers(1, vec![1.0, f64::NAN])), Err(FitError::NotFinite { .. })));
        let huge = numbers(1, vec![1e200, -1e200, 3.0, 1e199]);
        assert!(learner(CovarianceType::Diag).fit(&huge).is_err());
        let wide = mixed(9, 50, 1, 2000);
        assert!(matches!(learner(CovarianceType::Full).fit(&wide), Err(FitError::TooLarge { .. })));
    }

    type Row = (CovarianceType, f64, f64, f64, usize, [usize; 3]);

    /// `m = GaussianMixture(3, covariance_type=…, random_state=0)`: `m.fit(x).score(x)`; with `tol=1e-12,
    /// max_iter=5000` score, `bic(x)`, `_n_parameters()` and the sizes of `predict(x)`.
    const SKLEARN: [Row; 4] = [
        (CovarianceType::Full, -4.549496733986648, -4.549149822912312, 5644.490747496043, 29, [199, 200, 201]),
        (CovarianceType::Tied, -4.977342391451609, -4.974145159939184, 6077.721996065695, 17, [179, 195, 226]),
        (CovarianceType::Diag, -4.796753413220325, -4.795820899065785, 5882.923671983265, 20, [158, 188, 254]),
        (CovarianceType::Spherical, -4.91324279530018, -4.912726311313117, 5984.828588748766, 14, [156, 180, 264]),
    ];
}
