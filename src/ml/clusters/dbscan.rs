//! DBSCAN (Ester, Kriegel, Sander & Xu 1996): rows that are near enough to many others, and what they reach.
//!
//! Labels are those of scikit-learn: groups are numbered by their first core row, and a row within reach of two groups
//! belongs to the first. No list of neighbours is kept: a row only looks for those that no group has yet.

use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::random::Shuffler;
use crate::ml::error::FitError;
use crate::ml::parallel::{Watch, map_stretches};

use super::check;
use super::near::{Left, Tree};

/// The label of a row that belongs to no group; −1 in scikit-learn.
pub const NOISE: u32 = u32::MAX;
/// Bytes the features may take once more.
const MOST_BYTES: usize = 1 << 30;
/// Rows asked together.
const STRETCH: usize = 512;
/// Rows whose neighbourhood is measured to propose a distance.
const MEASURED: usize = 1000;

pub struct Dbscan<'a> {
    /// How near a neighbour is at most.
    pub eps: f64,
    /// Rows within `eps` that make a row a core of its group, itself included.
    pub min_samples: usize,
    pub io: &'a dyn JobIo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Density {
    /// The group of each row, or [`NOISE`].
    pub labels: Vec<u32>,
    pub n_groups: usize,
    pub n_core: usize,
}

impl Dbscan<'_> {
    pub fn fit(&self, x: &Features) -> Result<Density, FitError> {
        let tree = plant(x)?;
        let limit = self.eps * self.eps;
        let cores = self.cores(&tree, x.n_features(), limit)?;
        let mut place_of = vec![0_u32; x.n_rows];
        (0..x.n_rows).for_each(|place| place_of[tree.row(place)] = place as u32);
        let mut labels = vec![NOISE; x.n_rows];
        let mut left = Left::all(&tree);
        let mut point = vec![0.0; x.n_features()];
        let (mut n_groups, mut n_grown) = (0, 0);
        for row in 0..x.n_rows {
            let place = place_of[row] as usize;
            if labels[row] != NOISE || !cores[place] {
                continue;
            }
            labels[row] = n_groups;
            left.take(&tree, place);
            let mut open = vec![place];
            while let Some(place) = open.pop() {
                if n_grown % STRETCH == 0 {
                    self.io.progress("Growing groups", Some(0.7 + 0.3 * n_grown as f64 / x.n_rows as f64))?;
                }
                n_grown += 1;
                tree.point(place, &mut point);
                tree.take_within(&point, limit, &mut left, |near| {
                    labels[tree.row(near)] = n_groups;
                    if cores[near] {
                        open.push(near);
                    }
                });
            }
            n_groups += 1;
        }
        let n_core = cores.iter().filter(|is_core| **is_core).count();
        Ok(Density { labels, n_groups: n_groups as usize, n_core })
    }

    /// Whether the row at each place of the tree has enough neighbours.
    fn cores(&self, tree: &Tree, n_features: usize, limit: f64) -> Result<Vec<bool>, FitError> {
        let n = tree.n_rows();
        let parts = n.div_ceil(10).next_multiple_of(STRETCH);
        let (mut cores, enough) = (Vec::with_capacity(n), self.min_samples);
        // In ten parts, for the sake of progress.
        for from in (0..n).step_by(parts) {
            let fraction = Some(0.7 * from as f64 / n as f64);
            let watch = Watch { io: self.io, phase: "Counting neighbours", fraction };
            let found = map_stretches((n - from).min(parts), STRETCH, watch, |places, alive| {
                let mut point = vec![0.0; n_features];
                let mut one = |place: usize| {
                    // A row of many features may have to look at all others.
                    if place.is_multiple_of(64) && !alive() {
                        return false;
                    }
                    tree.point(from + place, &mut point);
                    tree.has_within(&point, limit, enough)
                };
                places.map(&mut one).collect::<Vec<bool>>()
            })?;
            cores.extend(found.into_iter().flatten());
        }
        Ok(cores)
    }
}

/// Where the distances to the `min_samples`-th neighbour, in order, bend most: rows before it lie in groups, rows after
/// it apart (Ester et al. 1996, 4.2; the bend is the point farthest from the line between the ends). `None` when every
/// row has as many copies.
pub fn likely_eps(x: &Features, min_samples: usize, seed: u64, io: &dyn JobIo) -> Result<Option<f64>, FitError> {
    let tree = plant(x)?;
    let mut places: Vec<usize> = (0..x.n_rows).collect();
    if places.len() > MEASURED {
        Shuffler::new(seed).shuffle(&mut places);
        places.truncate(MEASURED);
    }
    let watch = Watch { io, phase: "Measuring neighbourhoods", fraction: Some(0.05) };
    let parts = map_stretches(places.len(), 64, watch, |some, alive| {
        let mut point = vec![0.0; x.n_features()];
        let far = |&place: &usize| {
            if !alive() {
                return 0.0;
            }
            tree.point(place, &mut point);
            tree.kth_nearest(&point, min_samples).sqrt()
        };
        places[some].iter().map(far).collect::<Vec<f64>>()
    })?;
    let mut far: Vec<f64> = parts.into_iter().flatten().collect();
    far.sort_unstable_by(f64::total_cmp);
    Ok(bend(&far))
}

/// The value at which rising numbers bend upwards most; `None` when all are 0.
fn bend(rising: &[f64]) -> Option<f64> {
    let (first, last) = (*rising.first()?, *rising.last()?);
    let below = |at: usize| {
        let line = first + (last - first) * at as f64 / (rising.len() - 1).max(1) as f64;
        line - rising[at]
    };
    let bent = (0..rising.len()).max_by(|a, b| below(*a).total_cmp(&below(*b)))?;
    [rising[bent], last].into_iter().find(|eps| *eps > 0.0 && eps.is_finite())
}

fn plant(x: &Features) -> Result<Tree, FitError> {
    check(x)?;
    let bytes = 8 * x.n_rows * x.n_features();
    if bytes > MOST_BYTES {
        return Err(FitError::TooLarge { algorithm: "DBSCAN", features: x.n_features(), bytes: bytes as u64 });
    }
    Ok(Tree::new(&x.dense(0, x.n_rows), x.n_features()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::io::{Cancelled, Silent};
    use crate::ml::algorithms::testing::{Lcg, mixed, numbers, one_hot, uniform};

    fn fit(x: &Features, eps: f64, min_samples: usize) -> Density {
        Dbscan { eps, min_samples, io: &Silent }.fit(x).unwrap()
    }

    /// Two half circles that reach into each other, with noise of 0.08 either way, and every twentieth row anywhere.
    fn moons(n: usize) -> Features {
        let mut source = Lcg(11);
        let mut values = Vec::new();
        for row in 0..n {
            let (turn, dx, dy) = (source.next() * std::f64::consts::PI, source.next(), source.next());
            let (x, y) = match row % 20 {
                0 => (4.0 * dx - 1.5, 3.0 * dy - 1.0),
                _ if row % 2 == 0 => (turn.cos() + 0.16 * dx - 0.08, turn.sin() + 0.16 * dy - 0.08),
                _ => (1.0 - turn.cos() + 0.16 * dx - 0.08, 0.5 - turn.sin() + 0.16 * dy - 0.08),
            };
            values.extend([x, y]);
        }
        numbers(2, values)
    }

    /// Labels as a checksum that also depends on their order: Σ (row + 1) · (label + 2), −1 for noise.
    fn checksum(found: &Density) -> u64 {
        let label = |label: u32| if label == NOISE { 1 } else { u64::from(label) + 2 };
        (1..).zip(&found.labels).map(|(row, &at)| row * label(at)).sum()
    }

    #[test]
    fn labels_are_those_of_scikit_learn() {
        for ((eps, min_samples), (n_groups, n_core, n_noise, sum)) in SKLEARN {
            let found = fit(&moons(1000), eps, min_samples);
            let noise = found.labels.iter().filter(|label| **label == NOISE).count();
            let told = (found.n_groups, found.n_core, noise, checksum(&found));
            assert_eq!(told, (n_groups, n_core, n_noise, sum), "eps {eps}, min_samples {min_samples}");
        }
    }

    #[test]
    fn many_features_group_as_in_scikit_learn() {
        // Four heaps in 20 dimensions, 0.6 wide either way around 3 · (heap) in the heap's own five features.
        let mut values = uniform(3, 400, 20).dense(0, 400);
        for (row, point) in values.chunks_mut(20).enumerate() {
            point.iter_mut().for_each(|v| *v *= 0.6);
            point[row % 4 * 5..][..5].iter_mut().for_each(|v| *v += 3.0);
        }
        let found = fit(&numbers(20, values), 2.0, 4);
        assert_eq!((found.n_groups, found.n_core, checksum(&found)), SKLEARN_HEAPS);
    }

    #[test]
    fn indicators_are_as_far_as_their_one_hot_columns() {
        let x = mixed(9, 600, 2, 4);
        assert_eq!(fit(&x, 0.15, 4), fit(&one_hot(&x), 0.15, 4));
        assert!(fit(&x, 0.15, 4).n_groups > 4);
    }

    #[test]
    fn copies_are_one_group_and_loners_are_none() {
        assert_eq!(
            fit(&numbers(1, vec![2.0; 300]), 0.1, 5),
            Density { labels: vec![0; 300], n_groups: 1, n_core: 300 }
        );
        let alone = fit(&numbers(1, vec![0.0, 10.0, 20.0]), 1.0, 2);
        assert_eq!(alone, Density { labels: vec![NOISE; 3], n_groups: 0, n_core: 0 });
        // A distance of exactly eps is near enough, and the row at 1 on the border of two groups belongs to the first.
        let reached = fit(&numbers(1, vec![-0.5, -0.4, 0.0, 2.0, 2.4, 2.5, 1.0]), 1.0, 4);
        assert_eq!(reached.labels, [0, 0, 0, 1, 1, 1, 0]);
    }

    #[test]
    fn a_likely_distance_parts_moons_from_noise() {
        let x = moons(1000);
        let eps = likely_eps(&x, 5, 1, &Silent).unwrap().unwrap();
        assert!((0.06..0.25).contains(&eps), "{eps}");
        assert_eq!(likely_eps(&numbers(1, vec![2.0; 300]), 5, 1, &Silent).unwrap(), None);
        assert_eq!(bend(&[0.0, 0.1, 0.2, 0.3, 5.0]), Some(0.3));
        assert_eq!(bend(&[0.0, 0.0, 0.0, 3.0]), Some(3.0));
    }

    #[test]
    fn bad_cells_and_cancelling_are_heard() {
        let bad = numbers(1, vec![1.0, f64::NAN]);
        assert!(matches!(Dbscan { eps: 1.0, min_samples: 2, io: &Silent }.fit(&bad), Err(FitError::NotFinite { .. })));
        struct Stop;
        impl JobIo for Stop {
            fn progress(&self, _phase: &str, _fraction: Option<f64>) -> Result<(), Cancelled> {
                Err(Cancelled)
            }
        }
        let stopped = Dbscan { eps: 0.1, min_samples: 2, io: &Stop }.fit(&moons(100));
        assert!(matches!(stopped, Err(FitError::Cancelled(_))));
    }

    type Settings = (f64, usize);
    type Outcome = (usize, usize, usize, u64);

    /// `DBSCAN(eps, min_samples)`: groups, core rows, noise, checksum.
    const SKLEARN: [(Settings, Outcome); 5] = [
        ((0.1, 5), (2, 954, 40, 1_209_675)),
        ((0.2, 10), (2, 962, 34, 1_214_964)),
        ((0.05, 4), (10, 877, 59, 1_667_392)),
        ((0.3, 5), (1, 970, 28, 987_912)),
        ((0.08, 12), (4, 752, 50, 1_304_201)),
    ];
    /// `DBSCAN(2.0, 4)`: groups, core rows, checksum.
    const SKLEARN_HEAPS: (usize, usize, u64) = (4, 400, 281_200);
}
