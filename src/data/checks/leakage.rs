//! Rules about columns that know the answer.
//!
//! Each column alone predicts the target (see [`Scored`]); so do the pattern of its missing cells, the row number and
//! identifiers, which should know nothing.

use super::Outcome;
use super::context::{Column, Context};
use super::draft::{Draft, counted, percent};
use super::scored::{FEWEST_OF_A_KIND, Score, Scored};
use crate::data::table::Cells;
use crate::domain::finding::{Finding, Severity};
use crate::domain::schema::ColumnKind;
use crate::stats::association::spearman;

pub(super) fn columns(cx: &Context, limit: f64) -> Outcome {
    let scored = Scored::new(cx)?;
    let mut findings = Vec::new();
    for c in cx.features().filter(|c| c.varies && c.schema.kind != ColumnKind::Identifier) {
        cx.io.progress("Scoring each column alone", None)?;
        let cells = cx.gathered(c, &scored.rows)?;
        let Some(score) = scored.column_score(c, &cells) else { continue };
        cx.observe(score.value);
        let score = Score { strong: scored.strong(limit), ..score };
        if score.value >= score.strong {
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
pub(super) fn missingness(cx: &Context, limit: f64) -> Outcome {
    let scored = Scored::new(cx)?;
    let mut findings = Vec::new();
    let enough = |c: &&Column| c.missing >= FEWEST_OF_A_KIND && c.present() >= FEWEST_OF_A_KIND;
    for c in cx.features().filter(enough) {
        cx.io.progress("Scoring missing cells", None)?;
        let cells = cx.gathered(c, &scored.rows)?;
        let missing: Vec<bool> = (0..cells.len()).map(|row| cells.is_missing(row)).collect();
        let Some(auc) = scored.mask_auc(&missing).filter(|auc| *auc >= limit) else { continue };
        let message = format!(
            "Whether `{}` is missing predicts `{}` with AUC {auc:.3} (limit {limit}); {} missing",
            c.name(),
            scored.target,
            percent(super::draft::share(c.missing, c.rows()))
        );
        let hint = "Leave the column out if it is filled in only after the outcome is known";
        let draft = Draft::new(Severity::Warning, message, hint).column(c.name()).count(c.missing, c.rows());
        findings.push(draft.rows(c.missing_rows()).held(auc, limit).done());
    }
    Ok(findings)
}

/// A model on nothing but the row number, or an identifier's place in its order, should predict nothing.
pub(super) fn order(cx: &Context, limit: f64) -> Outcome {
    let scored = Scored::new(cx)?;
    let row_numbers: Vec<f64> = scored.rows.iter().map(|row| *row as f64).collect();
    let mut findings = Vec::new();
    let sorted = scored.order_score(&row_numbers, limit);
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
        if let Some(score) = scored.order_score(&places, limit).filter(|_| sorted.is_none() || !follows_rows) {
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

/// Identifiers as numbers: themselves, or for texts their place in the alphabet.
fn places(cells: &Cells) -> Vec<f64> {
    let Cells::Text(d) = cells else { return cells.numbers() };
    let mut order: Vec<usize> = (0..d.values.len()).collect();
    order.sort_unstable_by(|a, b| d.values[*a].cmp(&d.values[*b]));
    let mut place = vec![0.0; order.len()];
    order.iter().enumerate().for_each(|(at, code)| place[*code] = at as f64);
    d.codes.iter().map(|code| place.get(*code as usize).copied().unwrap_or(f64::NAN)).collect()
}
