//! Looking at rows without a target: which belong together, and which are unlike all others.

use serde::{Deserialize, Serialize};

use super::ids::{ContentHash, VersionId};

/// Groups looked for at most.
pub const MOST_GROUPS: u32 = 100;
/// The label of rows that DBSCAN puts in no group.
pub const NO_GROUP: &str = "noise";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExploreRequest {
    pub version: VersionId,
    /// Columns that do not take part, beside those that never do.
    pub exclude: Vec<String>,
    pub seed: u64,
    pub what: Explore,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explore {
    Groups(Grouping),
    Outliers,
}

/// How to find groups. Parameters are named as in scikit-learn and work on scaled columns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum Grouping {
    KMeans(KMeansParams),
    GaussianMixture(MixtureParams),
    Dbscan(DbscanParams),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KMeansParams {
    /// `None`: as many as are best told apart, 2 to 10.
    pub n_clusters: Option<u32>,
    /// Starts; the tightest groups win.
    pub n_init: u32,
    /// Passes per start at most.
    pub max_iter: u32,
}

impl Default for KMeansParams {
    fn default() -> Self {
        Self { n_clusters: None, n_init: 3, max_iter: 100 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureParams {
    /// `None`: the number from 1 to 10 with the smallest Bayesian information criterion.
    pub n_components: Option<u32>,
    pub covariance_type: CovarianceType,
    /// Added to every variance, so that no group shrinks to a point.
    pub reg_covar: f64,
    pub n_init: u32,
    pub max_iter: u32,
}

impl Default for MixtureParams {
    fn default() -> Self {
        Self { n_components: None, covariance_type: CovarianceType::Full, reg_covar: 1e-6, n_init: 1, max_iter: 100 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DbscanParams {
    /// How near a neighbour is at most; `None`: where the distances to neighbours bend.
    pub eps: Option<f64>,
    /// Rows within `eps`, itself included, from which on a row is the core of a group.
    pub min_samples: u32,
}

impl Default for DbscanParams {
    fn default() -> Self {
        Self { eps: None, min_samples: 5 }
    }
}

/// What groups of a Gaussian mixture may differ in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CovarianceType {
    /// Each has its own shape and direction.
    #[default]
    Full,
    /// All share one.
    Tied,
    /// Each has its own width along each column.
    Diag,
    /// Each has one width.
    Spherical,
}

impl CovarianceType {
    pub const ALL: [Self; 4] = [Self::Full, Self::Tied, Self::Diag, Self::Spherical];

    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tied => "tied",
            Self::Diag => "diag",
            Self::Spherical => "spherical",
        }
    }
}

impl Grouping {
    pub fn name(&self) -> &'static str {
        match self {
            Self::KMeans(_) => "kmeans",
            Self::GaussianMixture(_) => "gaussian_mixture",
            Self::Dbscan(_) => "dbscan",
        }
    }

    /// What cannot be meant, one sentence per parameter.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut whole = |name: &str, value: u32, most: u32| {
            if !(1..=most).contains(&value) {
                problems.push(format!("{name} is {value}; it goes from 1 to {most}"));
            }
        };
        match *self {
            Self::KMeans(KMeansParams { n_clusters, n_init, max_iter }) => {
                n_clusters.into_iter().for_each(|n| whole("n_clusters", n, MOST_GROUPS));
                whole("n_init", n_init, 100);
                whole("max_iter", max_iter, 10_000);
            }
            Self::GaussianMixture(MixtureParams { n_components, reg_covar, n_init, max_iter, .. }) => {
                n_components.into_iter().for_each(|n| whole("n_components", n, MOST_GROUPS));
                whole("n_init", n_init, 100);
                whole("max_iter", max_iter, 10_000);
                if !(0.0..=1e6).contains(&reg_covar) {
                    problems.push(format!("reg_covar is {reg_covar}; it goes from 0 to 1000000"));
                }
            }
            Self::Dbscan(DbscanParams { eps, min_samples }) => {
                whole("min_samples", min_samples, 1_000_000);
                if let Some(eps) = eps.filter(|eps| !(*eps > 0.0 && eps.is_finite())) {
                    problems.push(format!("eps is {eps}; it is a distance above 0"));
                }
            }
        }
        problems
    }
}

/// "dbscan with eps 0.31, min_samples 5"
impl std::fmt::Display for Grouping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = |n: Option<u32>| n.map_or_else(|| "auto".to_owned(), |n| n.to_string());
        write!(f, "{} with ", self.name())?;
        match self {
            Self::KMeans(p) => write!(f, "n_clusters {}", number(p.n_clusters)),
            Self::GaussianMixture(p) => {
                write!(f, "n_components {}, covariance_type {}", number(p.n_components), p.covariance_type.name())
            }
            Self::Dbscan(p) => {
                let eps = p.eps.map_or_else(|| "auto".to_owned(), |eps| format!("{eps:.4}"));
                write!(f, "eps {eps}, min_samples {}", p.min_samples)
            }
        }
    }
}

/// Groups that become a column of a new version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeepGroups {
    pub groups: ExploreRequest,
    /// The name of the new column.
    pub column: String,
}

/// What a version with kept groups is made of; kept as an object, and named as the version's source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupLog {
    pub format_version: u32,
    /// `churn@1`: the version whose rows were grouped.
    pub parent: String,
    /// Its table.
    pub parent_table: ContentHash,
    pub column: String,
    /// What was asked for.
    pub groups: ExploreRequest,
    /// The same, with what was chosen where nothing was said.
    pub found_by: Grouping,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Explored {
    Groups(Groups),
    Outliers(Outliers),
}

/// Rows that belong together, over the scaled columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Groups {
    pub rows: u64,
    /// Rows the groups were learned from: a sample of a large table.
    pub learned_rows: u64,
    pub columns: Vec<String>,
    /// What was asked for, with what was chosen where nothing was said.
    pub by: Grouping,
    /// Largest first, then rows of no group.
    pub groups: Vec<Group>,
    /// Each number of groups that was tried: how well they are told apart (Caliński–Harabasz, larger is better) with
    /// k-means, the Bayesian information criterion (smaller is better) with a mixture, nothing with DBSCAN.
    pub tried: Vec<(u32, f64)>,
    /// The place of each row's group in `groups`.
    pub labels: Vec<u32>,
    /// Each row on a plane of the two directions of largest variance; empty when there are too many features.
    pub places: Vec<[f32; 2]>,
    /// Share of the variance that each of the two directions holds.
    pub shares: Vec<f64>,
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// From 1; `None` for rows of no group.
    pub number: Option<u32>,
    pub rows: u64,
    /// What its rows are like, column by column.
    pub columns: Vec<GroupColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupColumn {
    pub column: String,
    pub is: Typical,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Typical {
    /// The mean of the cells that are there.
    Mean(f64),
    /// The same of dates.
    Date(String),
    /// The most frequent value and its share of the group's rows.
    Value {
        value: String,
        share: f64,
    },
    Missing,
}

/// How unlike the others each row is, by an isolation forest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outliers {
    pub rows: u64,
    pub learned_rows: u64,
    pub columns: Vec<String>,
    /// One per row: about 0.5 like most, towards 1 like no other.
    pub scores: Vec<f64>,
    pub warnings: Vec<String>,
}

impl Group {
    /// What its rows carry in a file or a column.
    pub fn label(&self) -> String {
        self.number.map_or_else(|| NO_GROUP.to_owned(), |number| number.to_string())
    }

    pub fn title(&self) -> String {
        self.number.map_or_else(|| "no group".to_owned(), |number| format!("group {number}"))
    }
}

impl Outliers {
    /// The rows (from 0) that are most unlike the others, the first of equals first.
    pub fn top(&self, n: usize) -> Vec<(usize, f64)> {
        let mut rows: Vec<(usize, f64)> = self.scores.iter().copied().enumerate().collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        rows.truncate(n);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_unlike_come_first() {
        let scores = vec![0.4, 0.9, 0.5, 0.9];
        let found = Outliers { rows: 4, learned_rows: 4, columns: Vec::new(), scores, warnings: Vec::new() };
        assert_eq!(found.top(3), [(1, 0.9), (3, 0.9), (2, 0.5)]);
    }

    #[test]
    fn each_parameter_that_cannot_be_meant_is_named() {
        let defaults = [
            Grouping::KMeans(KMeansParams::default()),
            Grouping::GaussianMixture(MixtureParams::default()),
            Grouping::Dbscan(DbscanParams::default()),
        ];
        assert!(defaults.iter().all(|by| by.problems().is_empty()));
        let far = Grouping::Dbscan(DbscanParams { eps: Some(f64::NAN), min_samples: 0 });
        assert_eq!(
            far.problems(),
            ["min_samples is 0; it goes from 1 to 1000000", "eps is NaN; it is a distance above 0"]
        );
        let many = Grouping::KMeans(KMeansParams { n_clusters: Some(101), n_init: 0, max_iter: 1 });
        assert_eq!(many.problems().len(), 2);
    }
}
