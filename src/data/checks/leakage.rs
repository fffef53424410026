//! Rules about columns that know the answer.
//!
//! Each column alone predicts the target: numbers by their order and by the mean target of 100 quantile groups, texts
//! by the mean target of their value. The means are out of fold, so a column of unique values predicts nothing. At
//! most 50,000 rows are scored.

use super::context::{Column, Context, TargetValues};
use super::draft::{Draft, counted, percent};
use super::{Outcome, Stop};
use crate::data::table::{Cells, Dictionary, MISSING_CODE};
use crate::domain::finding::{Finding, Severity};
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
const FEWEST_OF_A_KIND: u64 = 10;
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
/// From these on it deserves the question whether it is known when the model is used.
const STRONG_AUC: f64 = 0.9;
const STRONG_R2: f64 = 0.8;
const MISSINGNESS_AUC: f64 = 0.7;
const ORDER_AUC: f64 = 0.6;
const ORDER_R2: f64 = 0.1;

/// The sampled rows with their target.
struct Scored<'a> {
    rows: Vec<usize>,
    target: &'a str,
    outcome: Answer,
}

enum Answer {
    /// For each class, frequent first: is the row of it? Two classes are one question.
    Classes(Vec<Vec<bool>>),
    Numbers(Vec<f64>),
}

/// How well one column predicts the target.
#[derive(Clone, Copy)]
struct Score {
    value: f64,
    name: &'static str,
    strong: f64,
    copy: f64,
}

pub(super) fn columns(cx: &Context) -> Outcome {
    let scored = Scored::new(cx)?;
    let mut findings = Vec::new();
    for c in cx.features().filter(|c| c.varies && c.schema.kind != ColumnKind::Identifier) {
        cx.io.progress("Scoring each column alone", None)?;
        let cells = cx.gathered(c, &scored.rows)?;
        if let Some(score) = scored.column_score(c, &cells).filter(|s| s.value >= s.strong) {
            findings.push(leak_finding(c, &scored, score));
        }
    }
    Ok(findings)
}

fn leak_finding(c: &Column<'_>, scored: &Scored<'_>, score: Score) -> Finding {
    let (severity, limit) =
        if score.value >= score.copy { (Severity::Error, score.copy) } else { (Severity::Warning, score.strong) };
    let message = format!(
        "`{}` alone predicts `{}` with {} {:.3} (limit {limit})",
        c.name(),
        scored.target,
        score.name,
        score.value
    );
    let hint = if severity == Severity::Error {
        "Leave the column out unless it is known before the outcome: it is as good as a copy of the target"
    } else {
        "Make sure the column is known at prediction time; if not, leave it out"
    };
    Draft::new(severity, message, hint).column(c.name()).count(c.present(), c.rows()).held(score.value, limit).done()
}

/// Columns that are missing where the answer is yes (or the other way round), like a reason for leaving.
pub(super) fn missingness(cx: &Context) -> Outcome {
    let scored = Scored::new(cx)?;
    let mut findings = Vec::new();
    let enough = |c: &&Column| c.missing >= FEWEST_OF_A_KIND && c.present() >= FEWEST_OF_A_KIND;
    for c in cx.features().filter(enough) {
        cx.io.progress("Scoring missing cells", None)?;
        let cells = cx.gathered(c, &scored.rows)?;
        let missing: Vec<bool> = (0..cells.len()).map(|row| cells.is_missing(row)).collect();
        let Some(auc) = scored.mask_auc(&missing).filter(|auc| *auc >= MISSINGNESS_AUC) else { continue };
        let message = format!(
            "Whether `{}` is missing predicts `{}` with AUC {auc:.3} (limit {MISSINGNESS_AUC}); {} missing",
            c.name(),
            scored.target,
            percent(super::draft::share(c.missing, c.rows()))
        );
        let hint = "Leave the column out if it is filled in only after the outcome is known";
        let draft = Draft::new(Severity::Warning, message, hint).column(c.name()).count(c.missing, c.rows());
        findings.push(draft.rows(c.missing_rows()).held(auc, MISSINGNESS_AUC).done());
    }
    Ok(findings)
}

/// A model on nothing but the row number, or an identifier's place in its order, should predict nothing.
pub(super) fn order(cx: &Context) -> Outcome {
    let scored = Scored::new(cx)?;
    let row_numbers: Vec<f64> = scored.rows.iter().map(|row| *row as f64).collect();
    let mut findings = Vec::new();
    let sorted = scored.order_score(&row_numbers);
    if let Some(score) = sorted {
        let message = order_message("The row number".to_owned(), &scored, score);
        let hint = "The file is sorted by the outcome or changes with time: split at random, or by a time column";
        findings.push(Draft::new(Severity::Warning, message, hint).held(score.value, score.strong).done());
    }
    for c in cx.features().filter(|c| c.schema.kind == ColumnKind::Identifier && c.varies) {
        cx.io.progress("Scoring identifiers", None)?;
        let cells = cx.gathered(c, &scored.rows)?;
        let places = places(&cells);
        let follows_rows = spearman(&places, &row_numbers).is_some_and(|rho| rho.abs() > 0.99);
        if let Some(score) = scored.order_score(&places).filter(|_| sorted.is_none() || !follows_rows) {
            let message = order_message(format!("Identifier `{}`", c.name()), &scored, score);
            let hint = "Leave the identifier out, and find out how it was given: it should know nothing of the outcome";
            let draft = Draft::new(Severity::Warning, message, hint).column(c.name()).count(c.present(), c.rows());
            findings.push(draft.held(score.value, score.strong).done());
        }
    }
    Ok(findings)
}

fn order_message(what: String, scored: &Scored<'_>, score: Score) -> String {
    format!(
        "{what} alone predicts `{}` with {} {:.3} (limit {}), over {}",
        scored.target,
        score.name,
        score.value,
        score.strong,
        counted(scored.rows.len() as u64, "row")
    )
}

impl<'a> Scored<'a> {
    fn new(cx: &Context<'a>) -> Result<Self, Stop> {
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

    /// `cells`: those of the scored rows.
    fn column_score(&self, c: &Column<'_>, cells: &Cells) -> Option<Score> {
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
                Some(Score { value: sum / weight, name: "AUC", strong: STRONG_AUC, copy })
            }
            Answer::Numbers(y) => {
                let value = r2(y, &out_of_fold_means(groups, n_groups, y, SEED))?;
                Some(Score { value, name: "R²", strong: STRONG_R2, copy: COPY_R2 })
            }
        }
    }

    /// The best AUC of the mask for a class, where chance does not explain it; for numbers, of the target for the mask.
    fn mask_auc(&self, missing: &[bool]) -> Option<f64> {
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
    fn order_score(&self, x: &[f64]) -> Option<Score> {
        let (groups, n_groups) = quantile_groups(x, (x.len() / ROWS_PER_GROUP).clamp(2, 20));
        let score = self.group_score(&groups, n_groups)?;
        let (strong, deviation) = match &self.outcome {
            Answer::Classes(classes) => {
                let members = classes[0].iter().filter(|is| **is).count() as f64;
                let others = x.len() as f64 - members;
                (ORDER_AUC, ((members + others + 1.0) / (12.0 * members * others)).sqrt())
            }
            Answer::Numbers(_) => (ORDER_R2, 0.0),
        };
        let chance = if deviation > 0.0 { 0.5 + 4.0 * deviation } else { 0.0 };
        (score.value >= strong && score.value > chance).then_some(Score { strong, ..score })
    }
}

/// Identifiers as numbers: themselves, or for texts their place in the alphabet.
fn places(cells: &Cells) -> Vec<f64> {
    let Cells::Text(d) = cells else { return cells.numbers() };
    let mut order: Vec<usize> = (0..d.values.len()).collect();
    order.sort_unstable_by(|a, b| d.values[*a].cmp(&d.values[*b]));
    let mut place = vec![0.0; order.len()];
    order.iter().enumerate().for_each(|(at, code)| place[*code] = at as f64);
    d.codes.iter().map(|code| place.get(*code as usize).copied().unwrap_or(f64::NAN)).collect()
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
