//! Groups of rows by k-means, a Gaussian mixture or DBSCAN.

use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{DbscanParams, Grouping, Groups, KMeansParams, MOST_GROUPS, MixtureParams};
use crate::domain::features::{Block, Features};
use crate::domain::io::{JobIo, Part};
use crate::domain::words::thousands;
use crate::ml::FitError;
use crate::ml::clusters::{
    Clusters, Components, Dbscan, Density, GaussianMixture, KMeans, Mixture, NOISE, likely_eps, principal_components,
};

use super::about::About;
use super::{MOST_DENSE, Rows, StageError};

/// Largest number of groups tried when none is asked for.
const TRIED: u32 = 10;
/// Change of the mean log-likelihood at which a mixture is done, scikit-learn's `tol`.
const TOLERANCE: f64 = 1e-3;

/// Refuses what cannot be meant, and tables too large for the method.
pub fn check(by: &Grouping, version: &DatasetVersion) -> Result<(), StageError> {
    let problems = by.problems();
    if !problems.is_empty() {
        return Err(StageError::usage(problems.join("; "), "Leave a parameter out for its default"));
    }
    if matches!(by, Grouping::Dbscan(_)) && version.rows > MOST_DENSE as u64 {
        let (rows, most) = (thousands(version.rows), thousands(MOST_DENSE as u64));
        return Err(StageError::usage(
            format!("{} has {rows} rows, and DBSCAN takes {most} at most", version.label()),
            "k-means and Gaussian mixtures learn from a sample and place all rows; or import some of the rows",
        ));
    }
    Ok(())
}

pub fn groups(rows: &Rows, by: Grouping, seed: u64, io: &dyn JobIo) -> Result<Groups, StageError> {
    let x = &rows.learned;
    let mut found = match by {
        Grouping::KMeans(params) => by_kmeans(x, params, seed, io)?,
        Grouping::GaussianMixture(params) => by_mixture(x, params, seed, io)?,
        Grouping::Dbscan(params) => by_density(x, params, seed, io)?,
    };
    let order = Order::by_size(&found.model);
    let plane = principal_components(x, 2, &Part { io, from: 0.6, to: 0.62 }).ok();
    let mut about = About::new(&rows.columns, order.n_groups);
    let (mut labels, mut places) = (Vec::with_capacity(rows.n_rows), Vec::new());
    rows.each(&Part { io, from: 0.62, to: 1.0 }, |table, x| {
        let here: Vec<u32> = match &found.model {
            Model::Centers(clusters) => clusters.nearest(x, io)?,
            Model::Mixture(mixture) => mixture.likeliest(x, io)?,
            // All rows were learned from, in order.
            Model::Density(density) => density.labels[labels.len()..labels.len() + x.n_rows].to_vec(),
        };
        let here: Vec<u32> = here.into_iter().map(|label| order.place(label)).collect();
        about.add(table, &here);
        labels.extend(here);
        places.extend(plane.as_ref().map(|plane| on(plane, x)).unwrap_or_default());
        Ok(())
    })?;
    found.warnings.splice(0..0, rows.warnings.iter().cloned());
    Ok(Groups {
        rows: rows.n_rows as u64,
        learned_rows: x.n_rows as u64,
        columns: rows.columns.clone(),
        by: found.by,
        groups: about.groups(order.noise.map(|noise| noise as usize)),
        tried: found.tried,
        labels,
        places,
        shares: plane.map(|plane| plane.shares).unwrap_or_default(),
        warnings: found.warnings,
    })
}

/// What was learned, with what was chosen where nothing was said.
struct Found {
    by: Grouping,
    model: Model,
    tried: Vec<(u32, f64)>,
    warnings: Vec<String>,
}

enum Model {
    Centers(Clusters),
    Mixture(Mixture),
    Density(Density),
}

impl Model {
    fn labels(&self) -> &[u32] {
        match self {
            Self::Centers(clusters) => &clusters.labels,
            Self::Mixture(mixture) => &mixture.labels,
            Self::Density(density) => &density.labels,
        }
    }

    fn n_groups(&self) -> usize {
        match self {
            Self::Centers(clusters) => clusters.centers.len(),
            Self::Mixture(mixture) => mixture.means.len(),
            Self::Density(density) => density.n_groups,
        }
    }
}

/// What scored best, the score of each number that was tried, and why no more were.
type Best<T> = (T, Vec<(u32, f64)>, Option<FitError>);

/// Learns with each number of groups, and keeps the one whose score `is_better`.
fn best_of<T>(
    tried: std::ops::RangeInclusive<u32>,
    io: &dyn JobIo,
    mut learn: impl FnMut(u32, &dyn JobIo) -> Result<(f64, T), FitError>,
    is_better: impl Fn(f64, f64) -> bool,
) -> Result<Best<T>, StageError> {
    let n_tried = f64::from(tried.end() - tried.start() + 1);
    let mut best: Option<(f64, T)> = None;
    let (mut scores, mut failed) = (Vec::new(), None);
    for (at, n) in tried.enumerate() {
        let share = |at: usize| 0.1 + 0.5 * at as f64 / n_tried;
        match learn(n, &Part { io, from: share(at), to: share(at + 1) }) {
            Ok((score, found)) => {
                scores.push((n, score));
                if best.as_ref().is_none_or(|(top, _)| is_better(score, *top)) {
                    best = Some((score, found));
                }
            }
            // One number too many says nothing against those before.
            Err(error @ FitError::Narrow { .. }) => {
                failed = Some(error);
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    match (best, failed) {
        (Some((_, found)), failed) => Ok((found, scores, failed)),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(StageError::usage("no number of groups was tried", "Ask for at least one group")),
    }
}

fn by_kmeans(x: &Features, params: KMeansParams, seed: u64, io: &dyn JobIo) -> Result<Found, StageError> {
    let KMeansParams { n_clusters, n_init, max_iter } = params;
    let learn = |n: u32, io: &dyn JobIo| {
        let n_clusters = (n as usize).min(x.n_rows);
        KMeans { n_clusters, n_init: n_init as usize, max_iter: max_iter as usize, seed, io }.fit(x)
    };
    let whole = learn(1, io)?.inertia;
    let tried = n_clusters.map_or(2..=TRIED, |n| n..=n);
    let scored = |n: u32, io: &dyn JobIo| learn(n, io).map(|found| (found.separation(whole), found));
    let (clusters, tried, _) = best_of(tried, io, scored, |score, top| score > top)?;
    let n_clusters = Some(clusters.centers.len() as u32);
    let by = Grouping::KMeans(KMeansParams { n_clusters, ..params });
    Ok(Found { by, model: Model::Centers(clusters), tried, warnings: Vec::new() })
}

fn by_mixture(x: &Features, params: MixtureParams, seed: u64, io: &dyn JobIo) -> Result<Found, StageError> {
    let MixtureParams { n_components, covariance_type, reg_covar, n_init, max_iter } = params;
    let learn = |n: u32, io: &dyn JobIo| {
        let learner = GaussianMixture {
            n_components: (n as usize).min(x.n_rows),
            covariance_type,
            reg_covar,
            tol: TOLERANCE,
            max_iter: max_iter as usize,
            n_init: n_init as usize,
            seed,
            io,
        };
        learner.fit(x).map(|found| (found.bic(), found))
    };
    let tried = n_components.map_or(1..=TRIED, |n| n..=n);
    let (mixture, tried, failed) = best_of(tried, io, learn, |bic, least| bic < least)?;
    let mut warnings = Vec::new();
    if let Some(error) = failed {
        warnings.push(format!("More than {} groups were not tried: {error}", tried.len()));
    }
    if !mixture.converged {
        warnings.push(format!("The mixture still changed after {max_iter} passes; a larger max_iter lets it settle"));
    }
    if x.blocks.iter().any(|block| matches!(block, Block::Indicators { .. })) {
        warnings.push(
            "Categories take part as columns of 0 and 1, which are not bell-shaped; without them, or with k-means, \
             groups may be clearer"
                .to_owned(),
        );
    }
    let n_components = Some(mixture.means.len() as u32);
    let by = Grouping::GaussianMixture(MixtureParams { n_components, ..params });
    Ok(Found { by, model: Model::Mixture(mixture), tried, warnings })
}

fn by_density(x: &Features, params: DbscanParams, seed: u64, io: &dyn JobIo) -> Result<Found, StageError> {
    let DbscanParams { eps, min_samples } = params;
    let near = match eps {
        Some(eps) => eps,
        // Copies of a few rows: any distance will do.
        None => likely_eps(x, min_samples as usize, seed, io)?.unwrap_or(1.0),
    };
    let io = Part { io, from: 0.1, to: 0.6 };
    let density = Dbscan { eps: near, min_samples: min_samples as usize, io: &io }.fit(x)?;
    let told = format!("eps {near:.4} and min_samples {min_samples}");
    if density.n_groups > MOST_GROUPS as usize {
        let n_groups = thousands(density.n_groups as u64);
        return Err(StageError::usage(
            format!("{told} part the rows into {n_groups} groups; {MOST_GROUPS} can be looked at"),
            "A larger eps joins groups; a larger min_samples drops small ones",
        ));
    }
    let mut warnings = Vec::new();
    if density.n_groups == 0 {
        warnings.push(format!("No row has enough neighbours at {told}; a larger eps finds groups"));
    }
    let by = Grouping::Dbscan(DbscanParams { eps: Some(near), ..params });
    Ok(Found { by, model: Model::Density(density), tried: Vec::new(), warnings })
}

/// The largest group first, so that numbers do not depend on where the search began; rows of no group last.
struct Order {
    /// Per label.
    places: Vec<u32>,
    noise: Option<u32>,
    /// With rows of no group.
    n_groups: usize,
}

impl Order {
    fn by_size(model: &Model) -> Self {
        let n = model.n_groups();
        let mut sizes = vec![0_usize; n];
        let mut has_noise = false;
        for &label in model.labels() {
            match sizes.get_mut(label as usize) {
                Some(size) => *size += 1,
                None => has_noise = true,
            }
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|&label| std::cmp::Reverse(sizes[label]));
        let mut places = vec![0; n];
        order.iter().enumerate().for_each(|(place, &label)| places[label] = place as u32);
        Self { places, noise: has_noise.then_some(n as u32), n_groups: n + usize::from(has_noise) }
    }

    fn place(&self, label: u32) -> u32 {
        if label == NOISE { self.noise.unwrap_or_default() } else { self.places[label as usize] }
    }
}

fn on(plane: &Components, x: &Features) -> Vec<[f32; 2]> {
    let places = plane.places(x);
    let at = |axis: usize, row: usize| places.get(axis).map_or(0.0, |places| places[row] as f32);
    (0..x.n_rows).map(|row| [at(0, row), at(1, row)]).collect()
}
