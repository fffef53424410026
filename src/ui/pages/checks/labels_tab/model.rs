//! Labels that look wrong as lines of a list: pure, from the answer to words.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::domain::suspects::{LabelProblem, LabelProblems, Objection};
use crate::ui::format;
use crate::ui::widgets::badge::Tone;

/// A line by its row and what is said against its label: a row may be listed for both reasons.
pub type Key = (u64, Objection);

pub fn key(problem: &LabelProblem) -> Key {
    (problem.row, problem.objection)
}

/// What is said against a label, in a word.
pub fn word(objection: Objection) -> &'static str {
    match objection {
        Objection::Suspect => "Contradicted",
        Objection::Conflict => "Conflicting",
    }
}

/// What that means, in a sentence.
pub fn meaning(objection: Objection) -> &'static str {
    match objection {
        Objection::Suspect => "A model that has not seen the row is sure of another label",
        Objection::Conflict => "Rows that are equal in every other column have another label",
    }
}

/// "All · 12", or those with one objection.
pub fn show_title(found: &LabelProblems, only: Option<Objection>) -> String {
    let n = found.rows.iter().filter(|problem| only.is_none_or(|only| only == problem.objection)).count();
    format!("{} · {}", only.map_or("All", word), format::count(n as u64))
}

/// What the list is sorted by; `None` keeps the least believable first and groups together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    Row,
    Label,
    Suggested,
    Sure,
}

/// What of the answer is listed, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    pub only: Option<Objection>,
    pub filter: String,
    /// With `true` for descending.
    pub sort: Option<(SortBy, bool)>,
}

/// Places in `found.rows`, in the order of the list.
pub fn places(found: &LabelProblems, wanted: &Wanted) -> Vec<usize> {
    let filter = wanted.filter.trim().to_lowercase();
    let contains = |text: &str| text.to_lowercase().contains(&filter);
    let fits = |problem: &LabelProblem| {
        wanted.only.is_none_or(|only| only == problem.objection)
            && (filter.is_empty()
                || contains(&problem.label)
                || problem.suggested.as_deref().is_some_and(contains)
                || problem.row.to_string() == filter)
    };
    let mut places: Vec<usize> = (0..found.rows.len()).filter(|at| fits(&found.rows[*at])).collect();
    if let Some((by, descending)) = wanted.sort {
        let compare = |a: &usize, b: &usize| {
            let order = compare(found, by, *a, *b);
            if descending { order.reverse() } else { order }
        };
        places.sort_by(compare);
    }
    places
}

fn compare(found: &LabelProblems, by: SortBy, a: usize, b: usize) -> Ordering {
    let (one, other) = (&found.rows[a], &found.rows[b]);
    match by {
        SortBy::Row => one.row.cmp(&other.row),
        SortBy::Label => one.label.cmp(&other.label),
        SortBy::Suggested => one.suggested.cmp(&other.suggested),
        SortBy::Sure => against(found, a).total_cmp(&against(found, b)),
    }
}

/// What speaks against a label as a share: the probability that it is another one, or the share of the rows like it
/// that have the suggested one.
fn against(found: &LabelProblems, at: usize) -> f64 {
    match (found.rows[at].belief, alike(found, at)) {
        (Some(belief), _) => 1.0 - belief,
        (None, Some((agree, all))) => agree as f64 / all.max(1) as f64,
        (None, None) => 0.0,
    }
}

/// The places of the rows that are alike but for the label, this one among them. Groups stand together in the answer.
pub fn group(found: &LabelProblems, at: usize) -> std::ops::Range<usize> {
    let is_in = |other: &LabelProblem| other.group.is_some() && other.group == found.rows[at].group;
    let before = found.rows[..at].iter().rev().take_while(|other| is_in(other)).count();
    let after = found.rows[at..].iter().take_while(|other| is_in(other)).count();
    at - before..at + after
}

/// Of a conflict: how many rows of its group have the label that is suggested, and how many there are.
fn alike(found: &LabelProblems, at: usize) -> Option<(u64, u64)> {
    let suggested = found.rows[at].suggested.as_ref()?;
    let group = &found.rows[group(found, at)];
    let agree = group.iter().filter(|other| other.label == *suggested).count();
    (!group.is_empty()).then_some((agree as u64, group.len() as u64))
}

/// "98.2 %", "3 of 4 alike"
pub fn sure(found: &LabelProblems, at: usize) -> String {
    match (found.rows[at].belief, alike(found, at)) {
        (Some(belief), _) => sure_percent(belief),
        (None, Some((agree, all))) => format!("{agree} of {all} alike"),
        (None, None) => "divided".to_owned(),
    }
}

/// Never "100 %": no model is that sure.
fn sure_percent(belief: f64) -> String {
    if belief < 0.001 { format!("over {}", format::percent(0.999)) } else { format::percent(1.0 - belief) }
}

/// What speaks against a label, in one sentence.
pub fn why(found: &LabelProblems, at: usize) -> String {
    let problem = &found.rows[at];
    let label = &problem.label;
    match (problem.belief, &problem.suggested, alike(found, at)) {
        (Some(belief), Some(other), _) => format!(
            "A model that has not seen this row gives `{label}` a probability of {}, and says `{other}`",
            format::percent(belief)
        ),
        (Some(belief), None, _) => {
            format!("A model that has not seen this row gives `{label}` a probability of {}", format::percent(belief))
        }
        (None, Some(other), Some((agree, all))) => {
            format!("{agree} of {all} rows that are equal in every other column say `{other}`")
        }
        (None, _, _) => "Rows that are equal in every other column are divided: no label has more than half".to_owned(),
    }
}

/// The line above the list.
pub fn verdict(found: &LabelProblems) -> (Tone, &'static str, String) {
    let suspects = found.rows.iter().filter(|p| p.objection == Objection::Suspect).count() as u64;
    let conflicts = found.rows.len() as u64 - suspects;
    // They are numbered from 1 on.
    let groups = u64::from(found.rows.iter().filter_map(|p| p.group).max().unwrap_or_default());
    let mut parts = Vec::new();
    if suspects > 0 {
        parts.push(format::counted(suspects, "contradicted label", "contradicted labels"));
    }
    if conflicts > 0 {
        let rows = format::counted(conflicts, "conflicting row", "conflicting rows");
        parts.push(format!("{rows} in {}", format::counted(groups, "group", "groups")));
    }
    match parts.is_empty() {
        true => (Tone::Ok, "Nothing found", "No label looks wrong".to_owned()),
        false => (Tone::Warn, "Look first", parts.join(" · ")),
    }
}

/// How many rows were judged, and how well: "5,000 of 20,000 labelled rows were judged, by models with AUC 0.951".
pub fn judged(found: &LabelProblems) -> Option<String> {
    let auc = found.auc?;
    let (judged, labelled) = (format::count(found.judged), format::count(found.labelled));
    Some(format!("{judged} of {labelled} labelled rows were judged, by models with AUC {auc:.3}"))
}

/// The lines that are ticked, by row; of a row that is ticked twice the first of the list.
pub fn ticked(found: &LabelProblems, ticked: &BTreeSet<Key>) -> Vec<LabelProblem> {
    if ticked.is_empty() {
        return Vec::new();
    }
    let mut rows: Vec<LabelProblem> = found.rows.iter().filter(|p| ticked.contains(&key(p))).cloned().collect();
    rows.sort_by_key(|problem| problem.row);
    rows.dedup_by_key(|problem| problem.row);
    rows
}

/// Those of them that would get another label.
pub fn relabelled(rows: &[LabelProblem]) -> Vec<LabelProblem> {
    rows.iter().filter(|p| p.suggested.is_some() && p.is_odd()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(row: u64, label: &str, other: &str, belief: f64) -> LabelProblem {
        LabelProblem {
            row,
            objection: Objection::Suspect,
            label: label.to_owned(),
            suggested: Some(other.to_owned()),
            belief: Some(belief),
            group: None,
        }
    }

    fn conflict(row: u64, label: &str, most: Option<&str>, group: u32) -> LabelProblem {
        LabelProblem {
            row,
            objection: Objection::Conflict,
            label: label.to_owned(),
            suggested: most.map(str::to_owned),
            belief: None,
            group: Some(group),
        }
    }

    fn found() -> LabelProblems {
        let rows = vec![
            suspect(9, "no", "yes", 0.018),
            suspect(3, "yes", "no", 0.19),
            conflict(3, "yes", Some("no"), 1),
            conflict(5, "no", Some("no"), 1),
            conflict(8, "no", Some("no"), 1),
            conflict(4, "yes", None, 2),
            conflict(6, "no", None, 2),
        ];
        LabelProblems { rows, judged: 900, labelled: 1000, auc: Some(0.951), skipped: Vec::new() }
    }

    #[test]
    fn certainty_is_told_as_it_was_measured() {
        let found = found();
        let told: Vec<String> = (0..7).map(|at| sure(&found, at)).collect();
        assert_eq!(told, ["98.2 %", "81 %", "2 of 3 alike", "2 of 3 alike", "2 of 3 alike", "divided", "divided"]);
        assert_eq!(sure_percent(0.0), "over 99.9 %");
        assert_eq!(why(&found, 2), "2 of 3 rows that are equal in every other column say `no`");
        assert_eq!((group(&found, 3), group(&found, 6), group(&found, 0)), (2..5, 5..7, 0..0));
    }

    #[test]
    fn the_list_is_filtered_and_sorted() {
        let found = found();
        let listed = |wanted: Wanted| places(&found, &wanted);
        assert_eq!(listed(Wanted { only: Some(Objection::Suspect), ..Wanted::default() }), [0, 1]);
        assert_eq!(listed(Wanted { filter: "YES".to_owned(), ..Wanted::default() }), [0, 1, 2, 5]);
        assert_eq!(listed(Wanted { filter: "3".to_owned(), ..Wanted::default() }), [1, 2]);
        let by = |by, descending| listed(Wanted { sort: Some((by, descending)), ..Wanted::default() });
        assert_eq!(by(SortBy::Row, false), [1, 2, 5, 3, 6, 4, 0]);
        assert_eq!(by(SortBy::Sure, true)[..2], [0, 1]);
    }

    #[test]
    fn the_verdict_counts_lines_and_groups() {
        let (tone, _, sentence) = verdict(&found());
        let expected = "2 contradicted labels · 5 conflicting rows in 2 groups";
        assert_eq!((tone, sentence.as_str()), (Tone::Warn, expected));
        assert_eq!(verdict(&LabelProblems::default()).0, Tone::Ok);
        assert_eq!(judged(&found()).unwrap(), "900 of 1,000 labelled rows were judged, by models with AUC 0.951");
    }

    #[test]
    fn a_row_that_is_ticked_twice_counts_once_and_those_that_agree_keep_their_label() {
        let found = found();
        let all: BTreeSet<Key> = found.rows.iter().map(key).collect();
        let rows = ticked(&found, &all);
        assert_eq!(rows.iter().map(|p| p.row).collect::<Vec<_>>(), [3, 4, 5, 6, 8, 9]);
        assert_eq!(rows[0].objection, Objection::Suspect);
        // 4 and 6 have no suggestion, 5 and 8 have the label of most.
        assert_eq!(relabelled(&rows).iter().map(|p| p.row).collect::<Vec<_>>(), [3, 9]);
    }
}
