//! k-means. linfa's takes three times as long.

use crate::domain::features::{Block, Features};
use crate::domain::io::JobIo;
use crate::domain::random::Shuffler;
use crate::ml::error::FitError;
use crate::ml::parallel::{STRETCH, Watch, map_stretches};
use crate::ml::predict::add_sums;
use crate::ml::sums;

use super::check;

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
pub(super) fn means(x: &Features, labels: &[u32], before: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::Silent;
    use crate::ml::algorithms::testing::{mixed, numbers, one_hot, uniform};

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
    }

    /// `KMeans(3)`
    const SKLEARN_INERTIA: f64 = 199.3323042273796;
}
