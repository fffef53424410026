//! Labels that the rest of the table contradicts, after confident learning (Northcutt, Jiang & Chuang 2021).
//!
//! Each class has a small model that judges rows it has not seen. A row is a suspect when the model is as sure of
//! another class as it usually is of that class's own rows, and gives the row's label next to nothing. Where the
//! table cannot tell the classes apart nothing is suspect: there is no certainty to contradict.

use super::context::Context;
use super::draft::{Draft, counted, number, percent, percent_against, share};
use super::sample::Sample;
use super::{Outcome, Stop};
use crate::data::table::MISSING_CODE;
use crate::domain::finding::Severity::{Info, Warning};
use crate::stats::boost::{Feature, Growth, out_of_fold};
use crate::stats::groups::explained_by_bins;
use crate::stats::mix;
use crate::stats::rank::roc_auc;

/// Rows and features that are judged.
const MOST_ROWS: usize = 12_000;
const MOST_FEATURES: usize = 40;
const FEWEST_ROWS: usize = 200;
const FEWEST_OF_A_CLASS: usize = 50;
/// Classes judged one against the rest, the most frequent ones.
const MOST_CLASSES: usize = 6;
const FOLDS: u8 = 3;
const SEED: u64 = 31;
/// A model that ranks worse than this has no say.
pub(super) const SUSPECTS_NEEDED_AUC: f64 = 0.85;
/// The most a suspect's own label is given.
const OWN: f64 = 0.2;

/// Rows with how little the table believes their label.
pub(super) struct Suspects {
    /// Places in the sample, the least believable label first.
    pub ranked: Vec<usize>,
    /// The first of them that count as suspects.
    pub count: usize,
    /// For each of those, what speaks against its label.
    pub doubts: Vec<Doubt>,
    pub judged: usize,
    /// Mean AUC of the classes' models.
    pub auc: f64,
}

/// What the model says of a row.
pub(super) struct Doubt {
    /// The probability of its own label.
    pub belief: f64,
    /// The code of the class it is most sure of.
    pub other: u32,
}

/// From this AUC on the other columns tell the label so well that a contradiction is news.
const WELL_TOLD: f64 = 0.92;

pub(super) fn label_suspects(cx: &Context, limit: f64) -> Outcome {
    let sample = cx.sample()?;
    let (target, _) = cx.classes()?;
    let suspects = suspects(cx, &sample, MOST_ROWS)?;
    let observed = share(suspects.count as u64, suspects.judged as u64);
    cx.observe(observed);
    if suspects.count == 0 {
        return Ok(Vec::new());
    }
    let of = if suspects.judged < cx.table.n_rows() { " of a sample" } else { "" };
    let message = format!(
        "{} of {}{of} have a `{target}` that their other columns contradict ({}, limit {}; the models' AUC is {:.3})",
        counted(suspects.count as u64, "row"),
        number(suspects.judged as u64),
        percent_against(observed, limit),
        percent(limit),
        suspects.auc
    );
    let hint = "Look at the labels of these rows, the least believable first, and correct or drop the wrong ones";
    // Classes that overlap contradict each other without a wrong label among them.
    let severity = if observed > limit && suspects.auc >= WELL_TOLD { Warning } else { Info };
    let rows = suspects.ranked[..suspects.count].iter().map(|at| sample.rows[*at]);
    let draft = Draft::new(severity, message, hint).column(target).count(suspects.count as u64, suspects.judged as u64);
    Ok(vec![draft.rows(rows).held(observed, limit).done()])
}

/// `most`: rows that are judged.
pub(super) fn suspects(cx: &Context, sample: &Sample, most: usize) -> Result<Suspects, Stop> {
    let (target, classes) = cx.classes()?;
    let labels: Vec<u32> = sample.rows.iter().map(|row| classes.codes[*row]).collect();
    let mut counts = vec![0usize; classes.values.len()];
    labels.iter().filter(|label| **label != MISSING_CODE).for_each(|label| counts[*label as usize] += 1);
    let mut asked: Vec<u32> =
        (0..counts.len()).filter(|class| counts[*class] >= FEWEST_OF_A_CLASS).map(|class| class as u32).collect();
    asked.sort_by_key(|class| std::cmp::Reverse(counts[*class as usize]));
    asked.truncate(MOST_CLASSES);
    let mut places: Vec<usize> = (0..labels.len()).filter(|at| asked.contains(&labels[*at])).collect();
    if places.len() > most {
        let n = places.len();
        places = (0..most).map(|i| places[i * n / most]).collect();
    }
    if asked.len() < 2 || places.len() < FEWEST_ROWS {
        return Err(Stop::Skipped(format!(
            "Needs {FEWEST_ROWS} rows and two classes of {FEWEST_OF_A_CLASS} rows to judge labels"
        )));
    }
    let two = asked.len() == 2;
    let is = |class: u32| -> Vec<bool> { places.iter().map(|at| labels[*at] == class).collect() };
    let features = features_of(sample, target, &places, &is(asked[0]));
    let fold: Vec<u8> = (0..places.len()).map(|i| (mix(i as u64 ^ SEED) % u64::from(FOLDS)) as u8).collect();
    let mut probabilities: Vec<Vec<f64>> = Vec::new();
    let mut aucs = Vec::new();
    for &class in if two { &asked[..1] } else { &asked[..] } {
        cx.io.progress("Judging labels", None)?;
        let y = is(class);
        let p = out_of_fold(&features, &y, &fold, FOLDS, Growth { trees: 20, ..Growth::default() });
        aucs.push(roc_auc(&y, &p).unwrap_or(0.5));
        probabilities.push(p);
    }
    if two {
        probabilities.push(probabilities[0].iter().map(|p| 1.0 - p).collect());
    } else {
        for i in 0..places.len() {
            let total: f64 = probabilities.iter().map(|p| p[i]).sum::<f64>().max(1e-9);
            probabilities.iter_mut().for_each(|p| p[i] /= total);
        }
    }
    let auc = aucs.iter().sum::<f64>() / aucs.len() as f64;
    let class_of = |i: usize| asked.iter().position(|class| *class == labels[places[i]]).unwrap_or(0);
    // How sure the model is of the rows of each class: confident learning's thresholds.
    let mut sure = vec![(0.0f64, 0.0f64); asked.len()];
    for i in 0..places.len() {
        let (sum, n) = &mut sure[class_of(i)];
        *sum += probabilities[class_of(i)][i];
        *n += 1.0;
    }
    let own = |i: usize| probabilities[class_of(i)][i];
    let is_suspect = |i: usize| {
        let other = (0..asked.len()).filter(|class| *class != class_of(i));
        let mut contradicted =
            other.filter(|class| probabilities[*class][i] >= sure[*class].0 / sure[*class].1.max(1.0));
        auc >= SUSPECTS_NEEDED_AUC && own(i) < OWN && contradicted.next().is_some()
    };
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| own(*a).total_cmp(&own(*b)).then(a.cmp(b)));
    let (mut ranked, others): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|i| is_suspect(*i));
    let count = ranked.len();
    let best = |i: usize| (0..asked.len()).max_by(|a, b| probabilities[*a][i].total_cmp(&probabilities[*b][i]));
    let doubts = ranked.iter().map(|i| Doubt { belief: own(*i), other: best(*i).map_or(MISSING_CODE, |at| asked[at]) });
    let doubts = doubts.collect();
    ranked.extend(others);
    let judged = places.len();
    Ok(Suspects { ranked: ranked.into_iter().map(|i| places[i]).collect(), count, doubts, judged, auc })
}

/// The features at some places, those that say most of the answer where there are many.
fn features_of(sample: &Sample, target: &str, places: &[usize], y: &[bool]) -> Vec<Feature> {
    let mut features: Vec<Feature> = Vec::new();
    for column in sample.columns.iter().filter(|column| column.name != target) {
        let feature = column.feature();
        let bins = places.iter().map(|at| feature.bins[*at]).collect();
        features.push(Feature { bins, ordered: feature.ordered });
    }
    if features.len() > MOST_FEATURES {
        let y: Vec<f64> = y.iter().map(|y| f64::from(u8::from(*y))).collect();
        let mut scored: Vec<(f64, usize)> =
            features.iter().enumerate().map(|(i, f)| (explained_by_bins(&f.bins, &y), i)).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.truncate(MOST_FEATURES);
        let mut kept: Vec<usize> = scored.into_iter().map(|(_, i)| i).collect();
        kept.sort_unstable();
        features = kept.into_iter().map(|i| features[i].clone()).collect();
    }
    features
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::checks::CheckInput;
    use crate::data::checks::testing::*;
    use crate::data::table::Cells;
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind::Boolean;

    const N: usize = 4000;

    #[test]
    fn most_planted_flips_are_among_the_first_tenth() {
        let table = clean(N, 1);
        let [age, score] = ["age", "score"].map(|name| table.column(name).unwrap().1.numbers());
        let label = |r: usize| age[r] / 35.0 - 1.5 + score[r] + 0.25 * normal(r, 60) > 0.0;
        let is_flipped = |r: usize| uniform(r, 61) < 0.05;
        let cells = Cells::Boolean((0..N).map(|r| Some(label(r) != is_flipped(r))).collect());
        let table = with(table, "churn", Boolean, cells);
        let input = CheckInput { target: Some("churn"), ..CheckInput::new(&table) };
        let cx = Context::new(input, &Silent).unwrap();
        let Ok(suspects) = suspects(&cx, &cx.sample().ok().unwrap(), MOST_ROWS) else { panic!("judged") };
        let flipped = (0..N).filter(|r| is_flipped(*r)).count();
        let found = suspects.ranked[..N / 10].iter().filter(|r| is_flipped(**r)).count();
        assert!(found as f64 >= 0.6 * flipped as f64, "{found} of {flipped}");
        let report = thorough(&CheckInput { target: Some("churn"), ..CheckInput::new(&table) });
        assert_eq!(only(&report, "LABEL_SUSPECTS").severity, Warning);
    }

    #[test]
    fn labels_that_cannot_be_told_are_not_suspect() {
        let table = clean(N, 1);
        let report = thorough(&CheckInput { target: Some("churn"), ..CheckInput::new(&table) });
        let judged = result(&report, "LABEL_SUSPECTS");
        assert!(judged.skipped.is_none() && judged.findings.is_empty());
    }
}
