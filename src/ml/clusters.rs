//! Groups of rows without a target: k-means, and the principal directions to draw them in.
//!
//! Distances are Euclidean, so features should be scaled; indicators take part by their codes. linfa's k-means takes three
//! times as long and its principal components report variances divided by the wrong number.

use ndarray::{Array1, Array2};

use crate::domain::features::{Block, Features};
use crate::domain::io::JobIo;
use crate::domain::random::Shuffler;
use crate::ml::design::Design;
use crate::ml::error::FitError;
use crate::ml::guard;
use crate::ml::parallel::{STRETCH, Watch, map_stretches};
use crate::ml::predict::add_sums;
use crate::ml::sums;

/// Lloyd's algorithm from k-means++ starts (Arthur & Vassilvitskii 2007).
pub struct KMeans<'a> {
    pub n_clusters: usize,
    /// Starts tried; the tightest clusters win.
    pub n_init: usize,
    /// Passes per start at most.
    pub max_iter: usize,
    pub seed: u64,
    pub io: &'a dyn JobIo,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// One per cluster, a number per feature.
    pub centers: Vec<Vec<f64>>,
    /// The cluster of each row.
    pub labels: Vec<u32>,
    /// Sum of the squared distances to the clusters' centres.
    pub inertia: f64,
}

impl KMeans<'_> {
    /// Refuses empty cells and category codes; with fewer rows than clusters, some clusters stay empty.
    pub fn fit(&self, x: &Features) -> Result<Clusters, FitError> {
        check(x)?;
        let mut random = Shuffler::new(self.seed);
        let lengths = lengths(x);
        let mut best: Option<Clusters> = None;
        for start in 0..self.n_init.max(1) {
            let phase = format!("Clustering: start {} of {}", start + 1, self.n_init.max(1));
            let watch = Watch { io: self.io, phase: &phase, fraction: Some(start as f64 / self.n_init.max(1) as f64) };
            let found = self.descend(x, &lengths, self.spread_out(x, &lengths, &mut random, watch)?, watch)?;
            if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
                best = Some(found);
            }
        }
        best.filter(|found| found.inertia.is_finite()).ok_or(FitError::Diverged { algorithm: "k-means" })
    }

    /// Rows far from each other: each next one is drawn in proportion to its squared distance from those before.
    fn spread_out(
        &self,
        x: &Features,
        lengths: &[f64],
        random: &mut Shuffler,
        watch: Watch,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        let row = |row: usize| x.dense(row, row + 1);
        let mut centers = vec![row(random.below(x.n_rows))];
        let mut nearest = vec![f64::INFINITY; x.n_rows];
        while centers.len() < self.n_clusters {
            let (_, distances) = assign(x, lengths, &centers[centers.len() - 1..], watch)?;
            nearest.iter_mut().zip(distances).for_each(|(nearest, by)| *nearest = nearest.min(by));
            let total = sums::sum(nearest.iter().copied());
            let mut left = total * (random.below(1 << 53) as f64 / (1_u64 << 53) as f64);
            let drawn = nearest.iter().position(|by| {
                left -= by;
                left < 0.0
            });
            centers.push(row(drawn.unwrap_or_else(|| random.below(x.n_rows))));
        }
        Ok(centers)
    }

    fn descend(
        &self,
        x: &Features,
        lengths: &[f64],
        mut centers: Vec<Vec<f64>>,
        watch: Watch,
    ) -> Result<Clusters, FitError> {
        let (mut labels, mut distances) = assign(x, lengths, &centers, watch)?;
        for _ in 0..self.max_iter {
            centers = means(x, &labels, centers);
            let (next, by) = assign(x, lengths, &centers, watch)?;
            distances = by;
            if next == labels {
                break;
            }
            labels = next;
        }
        Ok(Clusters { centers, labels, inertia: sums::sum(distances) })
    }
}

impl Clusters {
    /// The nearest cluster of each row of other features of the same kind.
    pub fn nearest(&self, x: &Features, io: &dyn JobIo) -> Result<Vec<u32>, FitError> {
        check(x)?;
        let watch = Watch { io, phase: "Assigning rows to groups", fraction: None };
        Ok(assign(x, &lengths(x), &self.centers, watch)?.0)
    }

    /// How far apart the clusters are beside their width, for as many rows: Caliński & Harabasz (1974), scikit-learn's
    /// `calinski_harabasz_score`. `whole`: the inertia of all rows as one cluster. 0 for one cluster.
    pub fn separation(&self, whole: f64) -> f64 {
        let (n, k) = (self.labels.len() as f64, self.centers.len() as f64);
        if k < 2.0 || n <= k {
            return 0.0;
        }
        let between = (whole - self.inertia).max(0.0) / (k - 1.0);
        between / (self.inertia / (n - k)).max(f64::MIN_POSITIVE)
    }
}

fn check(x: &Features) -> Result<(), FitError> {
    guard::check(x, &crate::domain::task::Target::Values(vec![0.0; x.n_rows]), None, guard::Missing::Refused)?;
    guard::check_features(x)?;
    let mut feature = 0;
    for block in &x.blocks {
        if let Block::Category { .. } = block {
            return Err(FitError::Category { feature: guard::feature_name(x, feature) });
        }
        feature += block.n_features();
    }
    Ok(())
}

/// The squared length of each row.
fn lengths(x: &Features) -> Vec<f64> {
    let mut lengths = vec![0.0; x.n_rows];
    for block in &x.blocks {
        match block {
            Block::Numbers(values) => lengths.iter_mut().zip(values).for_each(|(length, x)| *length += x * x),
            Block::Indicators { codes, n_levels } | Block::Category { codes, n_levels } => {
                lengths
                    .iter_mut()
                    .zip(codes)
                    .for_each(|(length, code)| *length += f64::from(u8::from(code < n_levels)));
            }
        }
    }
    lengths
}

/// The nearest centre of each row (the first of equals) and the squared distance to it.
fn assign(x: &Features, lengths: &[f64], centers: &[Vec<f64>], watch: Watch) -> Result<(Vec<u32>, Vec<f64>), FitError> {
    let squares: Vec<f64> = centers.iter().map(|center| sums::sum(center.iter().map(|c| c * c))).collect();
    let parts = map_stretches(x.n_rows, STRETCH, watch, |rows, alive| {
        let mut labels = vec![0_u32; rows.len()];
        let mut nearest = vec![f64::INFINITY; rows.len()];
        let mut products = vec![0.0; rows.len()];
        for (cluster, (center, square)) in (0..).zip(centers.iter().zip(&squares)) {
            add_sums(x, rows.clone(), center, 0.0, &mut products);
            for ((label, nearest), product) in labels.iter_mut().zip(&mut nearest).zip(&products) {
                let far = square - 2.0 * product;
                if far < *nearest {
                    (*label, *nearest) = (cluster, far);
                }
            }
            if !alive() {
                break;
            }
        }
        nearest.iter_mut().zip(&lengths[rows]).for_each(|(nearest, length)| *nearest = (*nearest + length).max(0.0));
        (labels, nearest)
    })?;
    let (mut labels, mut distances) = (Vec::with_capacity(x.n_rows), Vec::with_capacity(x.n_rows));
    for (part, by) in parts {
        labels.extend(part);
        distances.extend(by);
    }
    Ok((labels, distances))
}

/// The mean row of each cluster; a cluster without rows stays where it was.
fn means(x: &Features, labels: &[u32], before: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut counts = vec![0.0; before.len()];
    labels.iter().for_each(|&label| counts[label as usize] += 1.0);
    let mut totals = vec![vec![0.0; x.n_features()]; before.len()];
    let mut feature = 0;
    for block in &x.blocks {
        match block {
            Block::Numbers(values) => {
                labels.iter().zip(values).for_each(|(&label, x)| totals[label as usize][feature] += x);
            }
            Block::Indicators { codes, n_levels } | Block::Category { codes, n_levels } => {
                for (&label, code) in labels.iter().zip(codes).filter(|(_, code)| *code < n_levels) {
                    totals[label as usize][feature + *code as usize] += 1.0;
                }
            }
        }
        feature += block.n_features();
    }
    let mean = |((total, count), before): ((Vec<f64>, f64), Vec<f64>)| {
        if count > 0.0 { total.into_iter().map(|sum| sum / count).collect() } else { before }
    };
    totals.into_iter().zip(counts).zip(before).map(mean).collect()
}

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
    use crate::ml::algorithms::testing::{assert_close, mixed, numbers, one_hot, uniform};

    #[test]
    fn three_heaps_are_found() {
        let noise = uniform(9, 300, 2).dense(0, 300);
        let heap = |row: usize| [[0.0, 0.0], [8.0, 1.0], [-3.0, 9.0]][row % 3];
        let x = numbers(2, noise.iter().enumerate().map(|(at, v)| v + heap(at / 2)[at % 2]).collect());
        let learner = KMeans { n_clusters: 3, n_init: 3, max_iter: 100, seed: 1, io: &Silent };
        let found = learner.fit(&x).unwrap();
        for row in 3..300 {
            assert_eq!(found.labels[row], found.labels[row % 3]);
        }
        assert!((found.inertia - SKLEARN_INERTIA).abs() < 1e-9 * SKLEARN_INERTIA, "{}", found.inertia);
        assert_eq!(learner.fit(&x).unwrap(), found);
        assert_eq!(found.nearest(&x, &Silent).unwrap(), found.labels);
        // The inertia around the mean of all rows: `KMeans(1)`; then by the definition.
        let whole = KMeans { n_clusters: 1, ..learner }.fit(&x).unwrap().inertia;
        let expected = (whole - found.inertia) / 2.0 / (found.inertia / 297.0);
        assert!((found.separation(whole) / expected - 1.0).abs() < 1e-12);
        assert!(found.separation(whole) > 1000.0, "{}", found.separation(whole));
    }

    #[test]
    fn indicators_cluster_as_their_one_hot_columns() {
        let x = mixed(9, 500, 2, 4);
        let learner = KMeans { n_clusters: 5, n_init: 1, max_iter: 100, seed: 1, io: &Silent };
        let (coded, dense) = (learner.fit(&x).unwrap(), learner.fit(&one_hot(&x)).unwrap());
        assert_eq!(coded.labels, dense.labels);
    }

    #[test]
    fn equal_rows_and_bad_cells_end_well() {
        let same = numbers(1, vec![2.0; 10]);
        let learner = KMeans { n_clusters: 3, n_init: 2, max_iter: 10, seed: 1, io: &Silent };
        assert_eq!(learner.fit(&same).unwrap().inertia, 0.0);
        let bad = numbers(1, vec![1.0, f64::NAN]);
        assert!(matches!(learner.fit(&bad), Err(FitError::NotFinite { .. })));
        let flat = principal_components(&same, 1, &Silent).unwrap();
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

    /// `KMeans(3)`
    const SKLEARN_INERTIA: f64 = 199.3323042273796;
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
