//! The full list behind `LABEL_SUSPECTS` and `CONFLICTING_LABELS`: every row, with what its label might be.

use super::context::Context;
use super::rows::{row_hashes, twins};
use super::sample::{Sample, is_comparable};
use super::suspects::{SUSPECTS_NEEDED_AUC, suspects};
use super::{CheckInput, Stop};
use crate::data::error::LoadError;
use crate::data::table::{Dictionary, MISSING_CODE};
use crate::domain::io::JobIo;
use crate::domain::schema::ColumnKind;
use crate::domain::suspects::{LabelProblem, LabelProblems, Objection};

/// Rows and cells judged by models: more than the check takes, as somebody waits for the whole list.
const MOST_ROWS: usize = 200_000;
const MOST_CELLS: usize = 40_000_000;

/// Errors: those of reading, and cancelling. What cannot be judged is named in the result.
pub fn label_problems(input: &CheckInput<'_>, io: &dyn JobIo) -> Result<LabelProblems, LoadError> {
    let cx = Context::new(*input, io)?;
    let mut found = LabelProblems::default();
    for (objection, look) in [(Objection::Suspect, contradicted as Look), (Objection::Conflict, conflicts)] {
        match look(&cx, &mut found) {
            Ok(()) => {}
            Err(Stop::Skipped(reason)) => found.skipped.push((objection, reason)),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    Ok(found)
}

type Look = fn(&Context, &mut LabelProblems) -> Result<(), Stop>;

fn contradicted(cx: &Context, found: &mut LabelProblems) -> Result<(), Stop> {
    let (_, classes) = cx.classes()?;
    found.labelled = classes.codes.iter().filter(|code| **code != MISSING_CODE).count() as u64;
    let sample = Sample::at_most(cx.table, cx.io, is_comparable, (MOST_ROWS, MOST_CELLS))?;
    let judged = suspects(cx, &sample, MOST_ROWS)?;
    (found.judged, found.auc) = (judged.judged as u64, Some(judged.auc));
    if judged.auc < SUSPECTS_NEEDED_AUC {
        return Err(Stop::Skipped(format!(
            "The other columns tell the labels too badly to contradict one: AUC {:.3}, {SUSPECTS_NEEDED_AUC} is needed",
            judged.auc
        )));
    }
    for (place, doubt) in judged.ranked.iter().zip(&judged.doubts) {
        let row = sample.rows[*place];
        found.rows.push(LabelProblem {
            row: row as u64 + 1,
            objection: Objection::Suspect,
            label: text(classes, classes.codes[row]),
            suggested: Some(text(classes, doubt.other)),
            belief: Some(doubt.belief),
            group: None,
        });
    }
    Ok(())
}

/// Rows that are equal in every feature, identifiers apart, and differ in the class.
fn conflicts(cx: &Context, found: &mut LabelProblems) -> Result<(), Stop> {
    let (_, classes) = cx.classes()?;
    let judged = cx.features().filter(|c| c.schema.kind != ColumnKind::Identifier);
    let features: Vec<&str> = judged.map(|c| c.name()).collect();
    if features.is_empty() {
        return Err(Stop::Skipped("There are no other columns".to_owned()));
    }
    let hashes = row_hashes(cx.table, &features, cx.io)?;
    let mut groups: Vec<Vec<u32>> = Vec::new();
    twins(&hashes, cx.io, |run| {
        let known = run.iter().map(|(_, row)| *row).filter(|row| classes.codes[*row as usize] != MISSING_CODE);
        let known: Vec<u32> = known.collect();
        if known.iter().any(|row| classes.codes[*row as usize] != classes.codes[known[0] as usize]) {
            groups.push(known);
        }
    })?;
    groups.sort_unstable();
    for (number, rows) in groups.iter().enumerate() {
        let most = majority(rows.iter().map(|row| classes.codes[*row as usize]));
        found.rows.extend(rows.iter().map(|row| LabelProblem {
            row: u64::from(*row) + 1,
            objection: Objection::Conflict,
            label: text(classes, classes.codes[*row as usize]),
            suggested: most.map(|code| text(classes, code)),
            belief: None,
            group: Some(number as u32 + 1),
        }));
    }
    Ok(())
}

/// The code of more than half.
fn majority(codes: impl Iterator<Item = u32> + Clone) -> Option<u32> {
    let n = codes.clone().count();
    codes.clone().find(|code| 2 * codes.clone().filter(|other| other == code).count() > n)
}

fn text(classes: &Dictionary, code: u32) -> String {
    classes.values.get(code as usize).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::checks::testing::*;
    use crate::data::table::Cells;
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind::{Boolean, Categorical, Numeric};

    #[test]
    fn flipped_labels_are_listed_with_what_they_were() {
        const N: usize = 4000;
        let table = clean(N, 1);
        let [age, score] = ["age", "score"].map(|name| table.column(name).unwrap().1.numbers());
        let label = |r: usize| age[r] / 35.0 - 1.5 + score[r] > 0.0;
        let is_flipped = |r: usize| uniform(r, 61) < 0.03;
        let cells = Cells::Boolean((0..N).map(|r| Some(label(r) != is_flipped(r))).collect());
        let table = with(table, "churn", Boolean, cells);
        let found = label_problems(&CheckInput { target: Some("churn"), ..CheckInput::new(&table) }, &Silent).unwrap();
        let flipped = (0..N).filter(|r| is_flipped(*r)).count();
        let suspects: Vec<&LabelProblem> = found.rows.iter().filter(|p| p.objection == Objection::Suspect).collect();
        let right = suspects.iter().filter(|p| {
            let row = p.row as usize - 1;
            is_flipped(row) && p.suggested == Some(label(row).to_string()) && p.belief.is_some_and(|b| b < 0.2)
        });
        let right = right.count();
        assert!(right as f64 > 0.6 * flipped as f64, "{right} of {flipped}");
        assert!(right as f64 > 0.6 * suspects.len() as f64, "{right} of {} listed", suspects.len());
        assert_eq!((found.judged, found.labelled), (N as u64, N as u64));
    }

    #[test]
    fn a_conflict_suggests_what_most_of_its_rows_say() {
        let table = table(vec![
            ("x", Numeric, numbers([1.0, 2.0, 1.0, 3.0, 1.0, 3.0, 4.0])),
            ("y", Categorical, texts(["a", "b", "b", "a", "a", "b", "b"])),
        ]);
        let found = label_problems(&CheckInput { target: Some("y"), ..CheckInput::new(&table) }, &Silent).unwrap();
        let told: Vec<_> =
            found.rows.iter().map(|p| (p.row, p.label.as_str(), p.suggested.as_deref(), p.group, p.is_odd())).collect();
        let (one, two) = (Some(1), Some(2));
        assert_eq!(
            told,
            [
                (1, "a", Some("a"), one, false),
                (3, "b", Some("a"), one, true),
                (5, "a", Some("a"), one, false),
                (4, "a", None, two, true),
                (6, "b", None, two, true),
            ]
        );
        assert_eq!(found.skipped[0].0, Objection::Suspect, "too few rows to judge labels by");
    }
}
