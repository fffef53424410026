//! The target's side of leakage: the rows that are scored, and how well a column alone predicts their target.
//!
//! Numbers predict by their order and by the mean target of 100 quantile groups, texts by the mean target of their
//! value. The means are out of fold, so a column of unique values predicts nothing. At most 50,000 rows are scored.

use super::Stop;
use super::context::{Column, Context, TargetValues};
use crate::data::table::{Cells, Dictionary, MISSING_CODE};
use crate::domain::schema::ColumnKind;
use crate::stats::association::{pearson, spearman};
use crate::stats::contingency::two_proportions_z;
use crate::stats::groups::{out_of_fold_means, quantile_groups, r2};
use crate::stats::mix;
use crate::stats::rank::{average_ranks, roc_auc};

const MOST_ROWS: usize = 50_000;
const SEED: u64 = 7;
/// With fewer rows any column can look perfect by chance.
const FEWEST_ROWS: usize = 30;
/// Rows of a class that is scored, and rows with and without a value where missing cells are.
pub(super) const FEWEST_OF_A_KIND: u64 = 10;
/// Classes scored one against the rest; the rarer ones are left out.
const MOST_CLASSES: usize = 10;
/// Quantile groups of a number, each of at least [`ROWS_PER_GROUP`] rows.
const MOST_GROUPS: usize = 100;
const ROWS_PER_GROUP: usize = 20;

/// From these scores on a column is as good as a copy of the target.
const COPY_AUC: f64 = 0.99;
const COPY_R2: f64 = 0.98;
/// Flower lengths tell three species apart this well; only a copy does better.
const COPY_AUC_MULTICLASS: f64 = 0.999;

/// What guessing gets.
const CHANCE_AUC: f64 = 0.5;

/// The sampled rows with their target.
pub(super) struct Scored<'a> {
    /// Ascending.
    pub rows: Vec<usize>,
    pub target: &'a str,
    pub outcome: Answer,
}

pub(super) enum Answer {
    /// For each class, frequent first: is the row of it? Two classes are one question.
    Classes(Vec<Vec<bool>>),
    Numbers(Vec<f64>),
}

/// How well one column predicts the target.
#[derive(Clone, Copy)]
pub(super) struct Score {
    pub value: f64,
    pub name: &'static str,
    /// From here on it deserves the question whether it is known when the model is used.
    pub strong: f64,
    /// From here on it is as good as a copy.
    pub copy: f64,
}

impl<'a> Scored<'a> {
    pub fn new(cx: &Context<'a>) -> Result<Self, Stop> {
        let target = cx.target()?;
        let has_target = |row: &usize| match &target.values {
            TargetValues::Classes(d) => d.codes[*row] != MISSING_CODE,
            TargetValues::Numbers(values) => values[*row].is_finite(),
            TargetValues::TooMany => false,
        };
        let mut rows: Vec<usize> = (0..cx.table.n_rows()).filter(has_target).collect();
        if rows.len() > MOST_ROWS {
            rows.sort_unstable_by_key(|row| mix(*row as u64 ^ SEED));
            rows.truncate(MOST_ROWS);
            rows.sort_unstable();
        }
        if rows.len() < FEWEST_ROWS {
            return Err(Stop::Skipped(format!("Needs {FEWEST_ROWS} rows with a target, there are {}", rows.len())));
        }
        let outcome = match &target.values {
            TargetValues::Classes(d) => Answer::Classes(one_against_rest(d, &rows)),
            TargetValues::Numbers(values) => Answer::Numbers(rows.iter().map(|row| values[*row]).collect()),
            TargetValues::TooMany => Answer::Numbers(Vec::new()),
        };
        let scorable = match &outcome {
            Answer::Classes(classes) => !classes.is_empty(),
            Answer::Numbers(y) => y.iter().any(|v| *v != y[0]),
        };
        if !scorable {
            return Err(Stop::Skipped(format!("Needs two classes of {FEWEST_OF_A_KIND} rows, or numbers that vary")));
        }
        Ok(Self { rows, target: target.column, outcome })
    }

    /// The limit of an AUC, or what stands for it where the target is a number: an AUC of 0.9 goes with an R² of 0.8.
    pub fn strong(&self, limit: f64) -> f64 {
        match self.outcome {
            Answer::Classes(_) => limit,
            Answer::Numbers(_) => 2.0 * limit - 1.0,
        }
    }

    /// `cells`: those of the scored rows.
    pub fn column_score(&self, c: &Column<'_>, cells: &Cells) -> Option<Score> {
        match cells {
            Cells::Text(_) if c.schema.kind == ColumnKind::Text => None,
            Cells::Text(d) => {
                let missing = d.values.len() as u32;
                let groups: Vec<u32> = d.codes.iter().map(|code| (*code).min(missing)).collect();
                self.group_score(&groups, d.values.len() + 1)
            }
            cells => self.number_score(&cells.numbers()),
        }
    }

    /// The better of the out-of-fold means and the plain order; the order sees what groups are too coarse for.
    fn number_score(&self, x: &[f64]) -> Option<Score> {
        let at_most = (x.len() / ROWS_PER_GROUP).clamp(2, MOST_GROUPS);
        let (groups, n_groups) = quantile_groups(x, at_most);
        let by_groups = self.group_score(&groups, n_groups)?;
        let present: Vec<usize> = (0..x.len()).filter(|i| x[*i].is_finite()).collect();
        if 2 * present.len() < x.len() {
            return Some(by_groups);
        }
        let x: Vec<f64> = present.iter().map(|i| x[*i]).collect();
        let by_order = match &self.outcome {
            Answer::Classes(classes) => {
                let auc = |class: &Vec<bool>| {
                    let labels: Vec<bool> = present.iter().map(|i| class[*i]).collect();
                    roc_auc(&labels, &x).map(|auc| auc.max(1.0 - auc))
                };
                // One order cannot put several classes each at an end.
                if classes.len() == 1 { auc(&classes[0]) } else { None }
            }
            Answer::Numbers(y) => {
                let y: Vec<f64> = present.iter().map(|i| y[*i]).collect();
                let squared = [pearson(&x, &y), spearman(&x, &y)].map(|r| r.map_or(0.0, |r| r * r));
                Some(squared[0].max(squared[1]))
            }
        };
        Some(Score { value: by_groups.value.max(by_order.unwrap_or(0.0)), ..by_groups })
    }

    fn group_score(&self, groups: &[u32], n_groups: usize) -> Option<Score> {
        match &self.outcome {
            Answer::Classes(classes) => {
                let (mut sum, mut weight) = (0.0, 0.0);
                for class in classes {
                    let y: Vec<f64> = class.iter().map(|is| f64::from(u8::from(*is))).collect();
                    let members = y.iter().sum::<f64>();
                    sum += members * roc_auc(class, &out_of_fold_means(groups, n_groups, &y, SEED))?;
                    weight += members;
                }
                let copy = if classes.len() == 1 { COPY_AUC } else { COPY_AUC_MULTICLASS };
                Some(Score { value: sum / weight, name: "AUC", strong: 1.0, copy })
            }
            Answer::Numbers(y) => {
                let value = r2(y, &out_of_fold_means(groups, n_groups, y, SEED))?;
                Some(Score { value, name: "R²", strong: 1.0, copy: COPY_R2 })
            }
        }
    }

    /// The best AUC of the mask for a class, where chance does not explain it; for numbers, of the target for the mask.
    pub fn mask_auc(&self, missing: &[bool]) -> Option<f64> {
        let holes = missing.iter().filter(|m| **m).count() as u64;
        let filled = missing.len() as u64 - holes;
        if holes < FEWEST_OF_A_KIND || filled < FEWEST_OF_A_KIND {
            return None;
        }
        match &self.outcome {
            Answer::Classes(classes) => {
                classes.iter().filter_map(|class| binary_mask_auc(class, missing)).reduce(f64::max)
            }
            Answer::Numbers(y) => {
                let auc = roc_auc(missing, &average_ranks(y))?;
                let (m, n) = (holes as f64, filled as f64);
                let deviation = ((m + n + 1.0) / (12.0 * m * n)).sqrt();
                let auc = auc.max(1.0 - auc);
                (auc - 0.5 > 4.0 * deviation).then_some(auc)
            }
        }
    }

    /// The score of an order that should mean nothing, if it is above its limit by more than chance.
    pub fn order_score(&self, x: &[f64], limit: f64) -> Option<Score> {
        let (groups, n_groups) = quantile_groups(x, (x.len() / ROWS_PER_GROUP).clamp(2, 20));
        let score = self.group_score(&groups, n_groups)?;
        let (strong, deviation) = match &self.outcome {
            Answer::Classes(classes) => {
                let members = classes[0].iter().filter(|is| **is).count() as f64;
                let others = x.len() as f64 - members;
                (limit, ((members + others + 1.0) / (12.0 * members * others)).sqrt())
            }
            Answer::Numbers(_) => (limit - CHANCE_AUC, 0.0),
        };
        let chance = if deviation > 0.0 { 0.5 + 4.0 * deviation } else { 0.0 };
        (score.value >= strong && score.value > chance).then_some(Score { strong, ..score })
    }
}

/// One question per class with enough rows, frequent first; a single question when there are two classes.
fn one_against_rest(classes: &Dictionary, rows: &[usize]) -> Vec<Vec<bool>> {
    let mut counts = vec![0u64; classes.values.len()];
    rows.iter().for_each(|row| counts[classes.codes[*row] as usize] += 1);
    let total = rows.len() as u64;
    let enough = |count: u64| count >= FEWEST_OF_A_KIND && total - count >= FEWEST_OF_A_KIND;
    let mut asked: Vec<usize> = (0..counts.len()).filter(|code| enough(counts[*code])).collect();
    asked.sort_by_key(|code| std::cmp::Reverse(counts[*code]));
    let used = counts.iter().filter(|count| **count > 0).count();
    asked.truncate(if used == 2 { 1 } else { MOST_CLASSES });
    asked.iter().map(|code| rows.iter().map(|row| classes.codes[*row] as usize == *code).collect()).collect()
}

/// With one yes-or-no feature the AUC is half of one plus the difference of the shares.
fn binary_mask_auc(class: &[bool], missing: &[bool]) -> Option<f64> {
    let mut counts = [[0u64; 2]; 2];
    class.iter().zip(missing).for_each(|(c, m)| counts[usize::from(*c)][usize::from(*m)] += 1);
    let share = |side: [u64; 2]| side[1] as f64 / (side[0] + side[1]).max(1) as f64;
    let test =
        two_proportions_z((counts[0][1], counts[0][0] + counts[0][1]), (counts[1][1], counts[1][0] + counts[1][1]))?;
    let auc = 0.5 + (share(counts[1]) - share(counts[0])).abs() / 2.0;
    (test.p_value < 1e-4).then_some(auc)
}
