//! Gradient boosting: each iteration grows one tree per output on the gradients of the loss and adds its answers.

mod follow;

use crate::domain::io::JobIo;
use crate::domain::model::{Combine, Tree, TreeEnsemble, TreeNode};
use crate::domain::random::Shuffler;
use crate::domain::task::Target;
use crate::ml::error::FitError;
use crate::ml::trees::bins::Binned;
use crate::ml::trees::grow::{Grower, Grown, KnownCodes, Leaf, Limits, Task, leaf_of, model_node};
use crate::ml::trees::kernel::Team;
use crate::ml::trees::losses::{Loss, Rows, Scaled, exp, quantile};
use crate::ml::trees::packed::{CHUNK, Packing, Scale};
use crate::ml::trees::split::{CategoryRules, Rules, shrunk};

pub use follow::Iteration;
use follow::Watched;

/// Rows whose loss is followed while training.
const CURVE_ROWS: usize = 8192;

#[derive(Clone, Debug)]
pub struct Settings {
    pub loss: Loss,
    pub n_estimators: usize,
    pub learning_rate: f64,
    pub max_leaves: usize,
    pub max_depth: usize,
    pub min_samples_leaf: usize,
    pub min_hessian: f64,
    pub l1: f64,
    pub l2: f64,
    pub min_gain: f64,
    /// Share of the rows each tree sees.
    pub subsample: f64,
    /// Share of the columns each tree may split.
    pub colsample: f64,
    pub category: CategoryRules,
    /// Per feature: 1 rising, −1 falling, 0 free.
    pub monotone: Vec<i8>,
    /// Iterations without a better validation loss before the end; none without validation rows.
    pub patience: Option<usize>,
    pub seed: u64,
}

impl Default for Settings {
    /// LightGBM's defaults.
    fn default() -> Self {
        Self {
            loss: Loss::Squared,
            n_estimators: 100,
            learning_rate: 0.1,
            max_leaves: 31,
            max_depth: usize::MAX,
            min_samples_leaf: 20,
            min_hessian: 1e-3,
            l1: 0.0,
            l2: 0.0,
            min_gain: 0.0,
            subsample: 1.0,
            colsample: 1.0,
            category: CategoryRules {
                max_cat_to_onehot: 4,
                max_cat_threshold: 32,
                cat_smooth: 10.0,
                cat_l2: 10.0,
                min_data_per_group: 100.0,
            },
            monotone: Vec::new(),
            patience: None,
            seed: 0,
        }
    }
}

/// Targets and weights of the rows of a table.
#[derive(Clone, Copy)]
pub enum Labels<'a> {
    Numbers(&'a [f64]),
    Classes(&'a [u32]),
}

impl<'a> Labels<'a> {
    /// Of a target, and the number of classes; 0 for numbers.
    pub fn of(target: &'a Target) -> (Self, usize) {
        match target {
            Target::Classes { codes, n_classes } => (Self::Classes(codes), *n_classes),
            Target::Values(values) => (Self::Numbers(values), 0),
        }
    }
}

/// Rows that decide when to stop.
pub enum Validation<'a> {
    None,
    /// Some rows of the training table, which then are not learned from.
    Rows(Vec<u32>),
    Table {
        binned: &'a Binned,
        labels: Labels<'a>,
        weights: Option<&'a [f64]>,
    },
}

pub struct Boosted {
    pub model: TreeEnsemble,
    pub curve: Vec<Iteration>,
    /// Iterations grown; the model keeps those up to the best.
    pub n_grown: usize,
}

/// Learns from the rows of `binned`. Weights are not negative; rows of weight 0 are left out.
#[expect(clippy::too_many_arguments, reason = "what a model is made from, and who watches")]
pub fn boost(
    settings: &Settings,
    binned: &Binned,
    labels: Labels,
    weights: Option<&[f64]>,
    validation: &Validation,
    team: &Team,
    io: &dyn JobIo,
    watch: &mut dyn FnMut(&Iteration),
) -> Result<Boosted, FitError> {
    Booster::new(settings, binned, labels, weights, validation, team).run(io, watch)
}

struct Booster<'a> {
    settings: &'a Settings,
    binned: &'a Binned,
    team: &'a Team,
    scaled: Scaled,
    codes: &'a [u32],
    weights: Option<Vec<f32>>,
    /// Rows to learn from.
    learned: Vec<u32>,
    /// Scores of all rows, output after output.
    scores: Vec<Vec<f32>>,
    watched: Vec<Watched<'a>>,
    gradients: Vec<f32>,
    hessians: Vec<f32>,
    packed: Vec<i64>,
    packing: Packing,
}

/// One tree's answers in units of the score, by node.
struct Answers(Vec<f64>);

impl<'a> Booster<'a> {
    fn new(
        settings: &'a Settings,
        binned: &'a Binned,
        labels: Labels<'a>,
        weights: Option<&'a [f64]>,
        validation: &Validation<'a>,
        team: &'a Team,
    ) -> Self {
        let n = binned.n_rows;
        let loss = settings.loss;
        let held_out: Vec<u32> = if let Validation::Rows(rows) = validation { rows.clone() } else { Vec::new() };
        let mut is_held_out = vec![false; n];
        held_out.iter().for_each(|&row| is_held_out[row as usize] = true);
        let learned: Vec<u32> = (0..n as u32)
            .filter(|&row| !is_held_out[row as usize] && weights.is_none_or(|w| w[row as usize] > 0.0))
            .collect();
        let (scaled, codes) = match labels {
            Labels::Numbers(values) => (Scaled::numbers(loss, values, weights), &[][..]),
            Labels::Classes(codes) => (Scaled::classes(loss, codes, weights), codes),
        };
        // A weight's unit does not matter to the trees but to the penalties: the mean stays as it is given.
        let single: Option<Vec<f32>> = weights.map(|weights| weights.iter().map(|&w| w as f32).collect());
        let scores = scaled.start.iter().map(|&start| vec![start as f32; n]).collect();
        let stride = learned.len().div_ceil(CURVE_ROWS).max(1);
        let mut watched = vec![Watched {
            binned,
            rows: learned.iter().copied().step_by(stride).collect(),
            labels,
            weights,
            scores: None,
            is_validation: false,
        }];
        match validation {
            Validation::None => {}
            Validation::Rows(rows) => watched.push(Watched {
                binned,
                rows: rows.clone(),
                labels,
                weights,
                scores: Some(scaled.start.iter().map(|&start| vec![start; rows.len()]).collect()),
                is_validation: true,
            }),
            Validation::Table { binned, labels, weights } => watched.push(Watched {
                binned,
                rows: (0..binned.n_rows as u32).collect(),
                labels: *labels,
                weights: *weights,
                scores: Some(scaled.start.iter().map(|&start| vec![start; binned.n_rows]).collect()),
                is_validation: true,
            }),
        }
        let packing = Packing::new(n, loss.hessians(single.as_deref()));
        Self {
            settings,
            binned,
            team,
            scaled,
            codes,
            weights: single,
            learned,
            scores,
            watched,
            gradients: vec![0.0; n],
            hessians: vec![0.0; n],
            packed: vec![0; n],
            packing,
        }
    }

    fn run(mut self, io: &dyn JobIo, watch: &mut dyn FnMut(&Iteration)) -> Result<Boosted, FitError> {
        let settings = self.settings;
        let n_outputs = self.scores.len();
        let limits = Limits {
            max_leaves: settings.max_leaves,
            max_depth: settings.max_depth,
            min_samples_leaf: settings.min_samples_leaf,
        };
        let mut grower = Grower::new(self.binned, self.team, limits);
        let (mut trees, mut curve) = (Vec::new(), Vec::<Iteration>::new());
        let mut best = (f64::INFINITY, 0);
        for iteration in 0..settings.n_estimators {
            let fraction = iteration as f64 / settings.n_estimators as f64;
            let loss = curve.last().and_then(|point| point.validation_loss);
            let loss = loss.map_or_else(String::new, |loss| format!(" (validation loss {loss:.4})"));
            io.progress(&format!("Tree {} of {}{loss}", iteration + 1, settings.n_estimators), Some(fraction))?;
            let rows = self.sampled_rows(iteration);
            let columns = self.sampled_columns(iteration);
            let knee = self.knee();
            let shares = self.shares();
            let mut splits = 0;
            for output in 0..n_outputs {
                let scale = self.derive(iteration, output, &shares, knee);
                grower.rows.clear();
                grower.rows.extend_from_slice(rows.as_deref().unwrap_or(&self.learned));
                let rules = self.rules(&scale);
                let task = Task {
                    packed: &self.packed,
                    packing: self.packing,
                    scale,
                    rules: &rules,
                    monotone: &settings.monotone,
                    columns: &columns,
                };
                let grown = grower.grow(&task, io)?;
                splits += grown.nodes.len() - 1;
                let answers = self.answer(&grown, &grower.rows, output);
                self.advance(&grown, &answers, &grower.rows, grower.rows.len() < self.learned.len(), output);
                trees.push(self.model_tree(&grown, &answers));
            }
            let point = self.follow(iteration, knee);
            watch(&point);
            curve.push(point);
            if let Some(loss) = point.validation_loss {
                if loss < best.0 {
                    best = (loss, iteration + 1);
                } else if settings.patience.is_some_and(|patience| iteration + 1 - best.1 >= patience) {
                    break;
                }
            }
            // Every further tree would be the same leaf.
            if splits == 0 && settings.subsample >= 1.0 && settings.colsample >= 1.0 {
                break;
            }
        }
        let n_grown = trees.len() / n_outputs;
        if settings.patience.is_some() && best.1 > 0 {
            trees.truncate(best.1 * n_outputs);
        }
        let base = self.scaled.start.iter().map(|start| start * self.scaled.unit + self.scaled.shift).collect();
        let model = TreeEnsemble { trees, base, combine: Combine::Sum, link: settings.loss.link() };
        Ok(Boosted { model, curve, n_grown })
    }

    /// A share of the rows, ascending, drawn anew for each iteration; `None`: all.
    fn sampled_rows(&self, iteration: usize) -> Option<Vec<u32>> {
        if self.settings.subsample >= 1.0 {
            return None;
        }
        let n = self.learned.len();
        let wanted = ((n as f64 * self.settings.subsample).round() as usize).clamp(1.min(n), n);
        let mut source = Shuffler::new(self.settings.seed ^ (iteration as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // Knuth's selection sampling: one pass, in order.
        let (mut rows, mut left) = (Vec::with_capacity(wanted), n);
        for &row in &self.learned {
            if source.below(left) < wanted - rows.len() {
                rows.push(row);
            }
            left -= 1;
        }
        Some(rows)
    }

    fn sampled_columns(&self, iteration: usize) -> Vec<usize> {
        let mut columns: Vec<usize> = (0..self.binned.n_columns()).collect();
        if self.settings.colsample < 1.0 {
            let wanted = ((columns.len() as f64 * self.settings.colsample).ceil() as usize).max(1);
            Shuffler::new(self.settings.seed ^ (iteration as u64 + 1).wrapping_mul(0xD1B5_4A32_D192_ED03))
                .shuffle(&mut columns);
            columns.truncate(wanted);
            columns.sort_unstable();
        }
        columns
    }

    /// Where Huber's loss turns from squared to absolute.
    fn knee(&self) -> f32 {
        let Loss::Huber { alpha } = self.settings.loss else { return f32::INFINITY };
        let stride = self.learned.len().div_ceil(100_000).max(1);
        let mut off: Vec<(f64, f64)> = self
            .learned
            .iter()
            .step_by(stride)
            .map(|&row| row as usize)
            .map(|row| {
                let weight = self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[row]));
                (f64::from((self.scaled.targets[row] - self.scores[0][row]).abs()), weight)
            })
            .collect();
        (quantile(&mut off, alpha) as f32).max(f32::MIN_POSITIVE)
    }

    /// Class probabilities of every row, class after class; empty for other losses.
    fn shares(&self) -> Vec<Vec<f32>> {
        let Loss::Softmax { n_classes } = self.settings.loss else { return Vec::new() };
        let n = self.binned.n_rows;
        let mut shares = vec![vec![0.0_f32; n]; n_classes];
        let mut parts: Vec<(usize, Vec<&mut [f32]>)> =
            (0..n).step_by(CHUNK).map(|from| (from, Vec::with_capacity(n_classes))).collect();
        for class in &mut shares {
            class.chunks_mut(CHUNK).zip(&mut parts).for_each(|(chunk, part)| part.1.push(chunk));
        }
        let scores = &self.scores;
        self.team.each_mut(&mut parts, |_, (from, classes)| {
            for i in 0..classes[0].len() {
                let most = scores.iter().fold(f32::MIN, |most, class| most.max(class[*from + i]));
                let mut all = 0.0;
                for (class, scores) in classes.iter_mut().zip(scores) {
                    class[i] = exp(scores[*from + i] - most);
                    all += class[i];
                }
                classes.iter_mut().for_each(|class| class[i] /= all);
            }
        });
        shares
    }

    /// Fills and packs the gradients of one output.
    fn derive(&mut self, iteration: usize, output: usize, shares: &[Vec<f32>], knee: f32) -> Scale {
        struct Part<'p> {
            from: usize,
            gradients: &'p mut [f32],
            hessians: &'p mut [f32],
            largest: (f32, f32),
        }
        let mut parts: Vec<Part> = self
            .gradients
            .chunks_mut(CHUNK)
            .zip(self.hessians.chunks_mut(CHUNK))
            .enumerate()
            .map(|(part, (gradients, hessians))| Part { from: part * CHUNK, gradients, hessians, largest: (0.0, 0.0) })
            .collect();
        let (loss, codes, targets) = (self.settings.loss, self.codes, &self.scaled.targets);
        let (scores, weights) = (&self.scores[output], self.weights.as_deref());
        self.team.each_mut(&mut parts, |_, part| {
            let range = part.from..part.from + part.gradients.len();
            let is_class: Vec<f32>;
            let targets = if shares.is_empty() {
                &targets[range.clone()]
            } else {
                is_class = codes[range.clone()].iter().map(|&code| f32::from(code as usize == output)).collect();
                &is_class
            };
            let rows = Rows {
                targets,
                scores: &scores[range.clone()],
                probabilities: shares.get(output).map_or(&[][..], |shares| &shares[range.clone()]),
                weights: weights.map(|weights| &weights[range.clone()]),
            };
            part.largest = loss.derive(rows, knee, part.gradients, part.hessians);
        });
        let largest = parts
            .iter()
            .fold((0.0_f32, 0.0_f32), |most, part| (most.0.max(part.largest.0), most.1.max(part.largest.1)));
        let seed = (self.settings.seed as u32 ^ (self.settings.seed >> 32) as u32)
            .wrapping_add((iteration * self.scores.len() + output + 1) as u32)
            .wrapping_mul(0x9E37_79B9);
        let hessians = loss.hessians(weights);
        self.packing.pack(hessians, (&self.gradients, &self.hessians), largest, seed, &mut self.packed, self.team)
    }

    /// Penalties in the units of the packed sums; `l1` and `min_gain` are given in the target's.
    fn rules(&self, scale: &Scale) -> Rules {
        let settings = self.settings;
        let unit = self.scaled.unit;
        let category = settings.category;
        Rules {
            l1: settings.l1 / unit / scale.gradient,
            l2: settings.l2 / scale.hessian,
            min_gain: settings.min_gain / (unit * unit) * scale.hessian / (scale.gradient * scale.gradient),
            min_hessian: settings.min_hessian / scale.hessian,
            min_rows: settings.min_samples_leaf as f64,
            category: CategoryRules { cat_l2: category.cat_l2 / scale.hessian, ..category },
        }
    }

    /// Every leaf's step from the true sums in double precision, shrunk by the learning rate.
    fn answer(&self, grown: &Grown, rows: &[u32], output: usize) -> Answers {
        let mut values = vec![0.0; grown.nodes.len()];
        let mut found: Vec<(&Leaf, f64)> = grown.leaves.iter().map(|leaf| (leaf, 0.0)).collect();
        let (gradients, hessians) = (&self.gradients, &self.hessians);
        let l1 = self.settings.l1 / self.scaled.unit;
        let quantile_of = self.settings.loss.leaf_quantile();
        self.team.each_mut(&mut found, |_, (leaf, value)| {
            let rows = &rows[leaf.from..leaf.to];
            let step = match quantile_of {
                Some(alpha) => {
                    let residual = |&row: &u32| {
                        let row = row as usize;
                        let off = f64::from(self.scaled.targets[row]) - f64::from(self.scores[output][row]);
                        (off, self.weights.as_ref().map_or(1.0, |weights| f64::from(weights[row])))
                    };
                    quantile(&mut rows.iter().map(residual).collect::<Vec<_>>(), alpha)
                }
                None => {
                    let (mut g, mut h) = (0.0, 0.0);
                    for &row in rows {
                        g += f64::from(gradients[row as usize]);
                        h += f64::from(hessians[row as usize]);
                    }
                    if h + leaf.l2 > 0.0 { -shrunk(g, l1) / (h + leaf.l2) } else { 0.0 }
                }
            };
            *value = step.clamp(leaf.lower, leaf.upper) * self.settings.learning_rate;
        });
        found.iter().for_each(|(leaf, value)| values[leaf.node] = *value);
        Answers(values)
    }

    /// Adds a tree's answers to the scores of all rows.
    fn advance(&mut self, grown: &Grown, answers: &Answers, rows: &[u32], is_sampled: bool, output: usize) {
        let scores = &mut self.scores[output];
        if is_sampled {
            let mut parts: Vec<&mut [f32]> = scores.chunks_mut(CHUNK).collect();
            let binned = self.binned;
            self.team.each_mut(&mut parts, |part, scores| {
                for (i, score) in scores.iter_mut().enumerate() {
                    *score += answers.0[leaf_of(&grown.nodes, binned, binned.rows.rows().row(part * CHUNK + i))] as f32;
                }
            });
        } else {
            for leaf in &grown.leaves {
                let step = answers.0[leaf.node] as f32;
                rows[leaf.from..leaf.to].iter().for_each(|&row| scores[row as usize] += step);
            }
        }
        for watched in &mut self.watched {
            let Some(scores) = &mut watched.scores else { continue };
            let (binned, learned, all_rows) = (watched.binned, self.binned, &watched.rows);
            let mut parts: Vec<(&[u32], &mut [f64])> =
                all_rows.chunks(CHUNK).zip(scores[output].chunks_mut(CHUNK)).collect();
            self.team.each_mut(&mut parts, |_, (rows, scores)| {
                for (&row, score) in rows.iter().zip(scores.iter_mut()) {
                    *score += answers.0[leaf_of(&grown.nodes, learned, binned.rows.rows().row(row as usize))];
                }
            });
        }
    }

    fn model_tree(&self, grown: &Grown, answers: &Answers) -> Tree {
        let unit = self.scaled.unit;
        let mut known = KnownCodes::default();
        let nodes = grown.nodes.iter().zip(&answers.0).map(|(node, value)| {
            let mut node = model_node(self.binned, node, [value * unit][..].into(), &mut known);
            if let TreeNode::Split { gain, .. } | TreeNode::CategorySplit { gain, .. } = &mut node {
                *gain = (*gain * unit * unit).min(f64::MAX);
            }
            node
        });
        Tree { nodes: nodes.collect() }
    }
}
