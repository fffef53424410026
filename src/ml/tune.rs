//! Which parameters to try next.
//!
//! Parameters with a search range become numbers in 0..1 (by order of magnitude where the range says so); the same
//! history and seed always give the same proposal.

use crate::domain::metric::Metric;
use crate::domain::params::{
    Algorithm, ParamDraft, ParamKind, ParamSpec, ParamValue, Search, SearchRange, SearchSpace,
};
use crate::domain::random::Shuffler;

/// Trials at random before a model of them is worth anything.
const STARTUP: usize = 10;
/// Points drawn from the good trials' density, of which the most promising is taken.
const CANDIDATES: usize = 24;
/// Trials counted as good, at most.
const MOST_GOOD: usize = 25;
/// Trials that must have come as far before one is given up.
const WARM_UP: usize = 4;
/// Each stage of successive halving keeps one in so many, on so many times the rows.
pub const FACTOR: usize = 3;

/// One dimension of the search.
#[derive(Clone, Debug)]
struct Axis {
    name: &'static str,
    low: f64,
    high: f64,
    log: bool,
    whole: bool,
    /// Of a choice: each takes an equal part of 0..1.
    words: Vec<String>,
}

impl Axis {
    fn value(&self, at: f64) -> ParamValue {
        if !self.words.is_empty() {
            let word = (at * self.words.len() as f64) as usize;
            return ParamValue::Word(self.words[word.min(self.words.len() - 1)].clone());
        }
        let between = |a: f64, b: f64| a + (b - a) * at;
        let value = if self.log { between(self.low.ln(), self.high.ln()).exp() } else { between(self.low, self.high) };
        let value = value.clamp(self.low, self.high);
        ParamValue::Number(if self.whole { value.round() } else { value })
    }

    fn place(&self, value: &ParamValue) -> f64 {
        let value = match value {
            ParamValue::Number(value) => *value,
            ParamValue::Word(word) => {
                let at = self.words.iter().position(|known| known == word);
                return at.map_or(0.5, |at| (at as f64 + 0.5) / self.words.len() as f64);
            }
        };
        let share = |a: f64, b: f64, v: f64| (v - a) / (b - a);
        let place = if self.log {
            share(self.low.ln(), self.high.ln(), value.max(f64::MIN_POSITIVE).ln())
        } else {
            share(self.low, self.high, value)
        };
        place.clamp(0.0, 1.0)
    }
}

/// The ranges of an algorithm that `fixed` does not settle.
pub struct Space {
    axes: Vec<Axis>,
    fixed: ParamDraft,
}

/// A finished trial.
pub struct Tried<'a> {
    pub params: &'a ParamDraft,
    pub score: f64,
}

impl Space {
    pub fn of(algorithm: Algorithm, fixed: &ParamDraft) -> Self {
        Self::within(algorithm, fixed, &SearchSpace::new())
    }

    /// With ranges of somebody's own, which must have been checked.
    pub fn within(algorithm: Algorithm, fixed: &ParamDraft, space: &SearchSpace) -> Self {
        let axis = |spec: &ParamSpec| {
            if fixed.contains_key(spec.name) {
                return None;
            }
            let whole = matches!(spec.kind, ParamKind::Number { whole: true, .. });
            match space.get(spec.name).cloned().or_else(|| spec.usual_range())? {
                SearchRange::Between(Search { low, high, log }) => {
                    (high > low).then_some(Axis { name: spec.name, low, high, log, whole, words: Vec::new() })
                }
                SearchRange::OneOf(words) => {
                    let axis = Axis { name: spec.name, low: 0.0, high: 1.0, log: false, whole: false, words };
                    (axis.words.len() > 1).then_some(axis)
                }
            }
        };
        Self { axes: algorithm.parameters().iter().filter_map(axis).collect(), fixed: fixed.clone() }
    }

    pub fn is_empty(&self) -> bool {
        self.axes.is_empty()
    }

    fn draft(&self, places: &[f64]) -> ParamDraft {
        let mut draft = self.fixed.clone();
        for (axis, at) in self.axes.iter().zip(places) {
            draft.insert(axis.name.to_owned(), axis.value(*at));
        }
        draft
    }

    fn places(&self, draft: &ParamDraft) -> Vec<f64> {
        let at = |axis: &Axis| draft.get(axis.name).map_or(0.5, |value| axis.place(value));
        self.axes.iter().map(at).collect()
    }

    /// Trial `number` of a search at random.
    pub fn random(&self, seed: u64, number: u32) -> ParamDraft {
        let mut random = source(seed, number);
        let places: Vec<f64> = self.axes.iter().map(|_| uniform(&mut random)).collect();
        self.draft(&places)
    }

    /// Trial `number` by a tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl 2011, "Algorithms for
    /// hyper-parameter optimization"): densities of good and of other trials, and the candidate with the largest ratio.
    pub fn tpe(&self, metric: Metric, tried: &[Tried<'_>], seed: u64, number: u32) -> ParamDraft {
        if tried.len() < STARTUP || self.is_empty() {
            return self.random(seed, number);
        }
        let mut order: Vec<usize> = (0..tried.len()).collect();
        // Stable: of equals the earlier.
        order.sort_by(|&a, &b| {
            let (a, b) = (tried[a].score, tried[b].score);
            if metric.higher_is_better() { b.total_cmp(&a) } else { a.total_cmp(&b) }
        });
        let n_good = ((tried.len() as f64 * 0.15).ceil() as usize).clamp(2, MOST_GOOD);
        let places: Vec<Vec<f64>> = order.iter().map(|&i| self.places(tried[i].params)).collect();
        let (good, other) = places.split_at(n_good);
        let mut random = source(seed, number);
        let mut best: Option<(f64, Vec<f64>)> = None;
        let densities: Vec<(Density, Density)> = (0..self.axes.len())
            .map(|axis| (Density::of(good.iter().map(|p| p[axis])), Density::of(other.iter().map(|p| p[axis]))))
            .collect();
        for _ in 0..CANDIDATES {
            let at: Vec<f64> = densities.iter().map(|(good, _)| good.draw(&mut random)).collect();
            let promise: f64 =
                densities.iter().zip(&at).map(|((good, other), x)| good.at(*x).ln() - other.at(*x).ln()).sum();
            if best.as_ref().is_none_or(|(top, _)| promise > *top) {
                best = Some((promise, at));
            }
        }
        best.map_or_else(|| self.random(seed, number), |(_, at)| self.draft(&at))
    }
}

/// A mixture of normal curves cut to 0..1: one per point, as wide as the gap to its neighbours, and a wide one in the
/// middle that keeps every place possible.
struct Density {
    /// (centre, width, share of the normal curve inside 0..1)
    parts: Vec<(f64, f64, f64)>,
}

impl Density {
    fn of(points: impl Iterator<Item = f64>) -> Self {
        let mut points: Vec<f64> = points.collect();
        points.sort_by(f64::total_cmp);
        let n = points.len();
        let least = 1.0 / (n as f64 + 1.0).min(100.0);
        let width = |i: usize| {
            let before = if i == 0 { points[i] } else { points[i] - points[i - 1] };
            let after = if i + 1 == n { 1.0 - points[i] } else { points[i + 1] - points[i] };
            before.max(after).clamp(least, 1.0)
        };
        let mut parts: Vec<(f64, f64, f64)> = (0..n).map(|i| (points[i], width(i), 1.0)).collect();
        parts.push((0.5, 1.0, 1.0));
        for (centre, width, inside) in &mut parts {
            *inside = (normal((1.0 - *centre) / *width) - normal(-*centre / *width)).max(1e-12);
        }
        Self { parts }
    }

    fn at(&self, x: f64) -> f64 {
        let each = self.parts.iter().map(|(centre, width, inside)| {
            let z = (x - centre) / width;
            (-0.5 * z * z).exp() / (width * inside * (2.0 * std::f64::consts::PI).sqrt())
        });
        each.sum::<f64>() / self.parts.len() as f64
    }

    fn draw(&self, random: &mut Shuffler) -> f64 {
        let (centre, width, _) = self.parts[random.below(self.parts.len())];
        for _ in 0..100 {
            // Box and Muller 1958.
            let (u, v) = (1.0 - uniform(random), uniform(random));
            let x = centre + width * (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos();
            if (0.0..=1.0).contains(&x) {
                return x;
            }
        }
        centre
    }
}

/// The standard normal distribution function; error below 1.5e-7 (Abramowitz and Stegun 7.1.26).
fn normal(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let erf = 1.0 - series * (-x * x).exp();
    if z >= 0.0 { 0.5 * (1.0 + erf) } else { 0.5 * (1.0 - erf) }
}

fn source(seed: u64, number: u32) -> Shuffler {
    Shuffler::new(crate::stats::mix(seed ^ crate::stats::mix(u64::from(number))))
}

fn uniform(random: &mut Shuffler) -> f64 {
    random.below(1 << 53) as f64 / (1_u64 << 53) as f64
}

/// The stages of successive halving (Jamieson and Talwalkar 2016): how many sets of parameters on which share of the
/// rows, all together at most `trials`.
pub fn stages(trials: usize) -> Vec<(usize, f64)> {
    let total = |first: usize, n: u32| (0..n).map(|k| (first / FACTOR.pow(k)).max(1)).sum::<usize>();
    let n_stages = if trials >= 13 {
        3
    } else if trials >= 4 {
        2
    } else {
        1
    };
    let first = (1..=trials).rev().find(|&first| total(first, n_stages) <= trials).unwrap_or(1);
    (0..n_stages).map(|k| ((first / FACTOR.pow(k)).max(1), 1.0 / (FACTOR.pow(n_stages - 1 - k)) as f64)).collect()
}

/// Is a trial worth stopping: worse than the median of earlier trials after as many folds? (Golovin et al. 2017,
/// "Google Vizier", the median stopping rule.)
pub fn is_hopeless(metric: Metric, so_far: f64, earlier: &[f64]) -> bool {
    if earlier.len() < WARM_UP {
        return false;
    }
    let mut sorted = earlier.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    metric.better(median, so_far)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::params::check_params;

    /// A bowl over the parameters of boosting, with its bottom away from the middle.
    fn loss(draft: &ParamDraft) -> f64 {
        let space = Space::of(Algorithm::GradientBoosting, &ParamDraft::new());
        let best = [0.8, 0.3, 0.2, 0.7, 0.1, 0.4, 0.9, 0.6];
        space.places(draft).iter().zip(best.iter().cycle()).map(|(x, b)| (x - b).powi(2)).sum()
    }

    #[test]
    fn tpe_beats_random_on_a_known_function() {
        let space = Space::of(Algorithm::GradientBoosting, &ParamDraft::new());
        let mut wins = 0;
        for seed in 0..10 {
            let mut tried: Vec<(ParamDraft, f64)> = Vec::new();
            for number in 1..=60 {
                let history: Vec<Tried> = tried.iter().map(|(p, s)| Tried { params: p, score: *s }).collect();
                let draft = space.tpe(Metric::LogLoss, &history, seed, number);
                let found = loss(&draft);
                tried.push((draft, found));
            }
            let best = tried.iter().map(|(_, s)| *s).fold(f64::INFINITY, f64::min);
            let random = (1..=60).map(|n| loss(&space.random(seed, n))).fold(f64::INFINITY, f64::min);
            wins += u32::from(best < random);
        }
        assert!(wins >= 8, "{wins} of 10");
    }

    #[test]
    fn own_ranges_and_words_are_kept_to() {
        let between = SearchRange::Between(Search { low: 4.0, high: 6.0, log: false });
        let words = SearchRange::OneOf(vec!["absolute".into(), "huber".into()]);
        let ranges = SearchSpace::from([("max_leaves".to_owned(), between), ("loss".to_owned(), words)]);
        let space = Space::within(Algorithm::GradientBoosting, &ParamDraft::new(), &ranges);
        let mut seen = std::collections::BTreeSet::new();
        for number in 1..60 {
            let draft = space.random(3, number);
            assert!((4.0..=6.0).contains(&draft["max_leaves"].number().unwrap()));
            check_params(Algorithm::GradientBoosting, &draft).unwrap();
            seen.insert(draft["loss"].to_string());
            let there_and_back = space.draft(&space.places(&draft));
            assert_eq!(there_and_back["loss"], draft["loss"]);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["absolute", "huber"]);
    }

    #[test]
    fn proposals_may_run_keep_what_is_fixed_and_repeat_with_their_seed() {
        let fixed = ParamDraft::from([("max_leaves".to_owned(), ParamValue::Number(7.0))]);
        for algorithm in Algorithm::ALL {
            let fixed = if algorithm == Algorithm::GradientBoosting { fixed.clone() } else { ParamDraft::new() };
            let space = Space::of(algorithm, &fixed);
            for number in 1..40 {
                let draft = space.random(9, number);
                check_params(algorithm, &draft).unwrap_or_else(|p| panic!("{algorithm:?} {p:?}"));
                assert_eq!(draft, space.random(9, number));
                assert!(fixed.iter().all(|(name, value)| draft[name] == *value));
            }
        }
    }

    #[test]
    fn halving_spends_at_most_the_trials_and_ends_on_all_rows() {
        assert_eq!(stages(13), [(9, 1.0 / 9.0), (3, 1.0 / 3.0), (1, 1.0)]);
        for trials in 1..100 {
            let stages = stages(trials);
            assert!(stages.iter().map(|(n, _)| n).sum::<usize>() <= trials, "{trials} {stages:?}");
            assert_eq!(stages[stages.len() - 1].1, 1.0);
        }
    }

    #[test]
    fn the_worse_half_is_given_up() {
        assert!(is_hopeless(Metric::RocAuc, 0.7, &[0.8, 0.81, 0.6, 0.9]));
        assert!(!is_hopeless(Metric::RocAuc, 0.85, &[0.8, 0.81, 0.6, 0.9]));
        assert!(!is_hopeless(Metric::LogLoss, 0.1, &[0.8, 0.81, 0.6, 0.9]));
        assert!(!is_hopeless(Metric::RocAuc, 0.1, &[0.8]));
    }
}
