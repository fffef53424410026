//! Groups of rows without a target: k-means, Gaussian mixtures and DBSCAN, and the principal directions to draw them in.
//!
//! Distances are Euclidean, so features should be scaled; indicators take part by their codes. Empty cells and unordered
//! category codes are refused. linfa's mixture takes nine times as long as scikit-learn's and its DBSCAN lists all
//! neighbours of a row at once, so these are our own.

mod components;
mod dbscan;
mod kmeans;
mod mixture;
mod near;

pub use components::{Components, principal_components};
pub use dbscan::{Dbscan, Density, NOISE, likely_eps};
pub use kmeans::{Clusters, KMeans};
pub use mixture::{GaussianMixture, Mixture};

use crate::domain::features::{Block, Features};
use crate::domain::task::Target;
use crate::ml::error::FitError;
use crate::ml::guard;

fn check(x: &Features) -> Result<(), FitError> {
    guard::check(x, &Target::Values(vec![0.0; x.n_rows]), None, guard::Missing::Refused)?;
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
