//! What was found, ready to be drawn.

use crate::domain::explore::{Grouping, Groups, Outliers, Typical};
use crate::domain::words::counted;
use crate::ui::format;

/// Points of a picture at most.
const DRAWN: usize = 4_000;
/// Rows listed and marked at most.
pub const LISTED: usize = 1_000;
pub const MARKED: usize = 10_000;

/// One group in a legend.
pub struct Entry {
    /// "Group 1"
    pub name: String,
    /// "96 rows (64 %)"
    pub size: String,
    pub is_noise: bool,
}

pub fn entries(found: &Groups) -> Vec<Entry> {
    let entry = |group: &crate::domain::explore::Group| Entry {
        name: format::capital(&group.title()),
        size: format!(
            "{} ({})",
            counted(group.rows, "row", "rows"),
            format::percent(group.rows as f64 / found.rows.max(1) as f64)
        ),
        is_noise: group.number.is_none(),
    };
    found.groups.iter().map(entry).collect()
}

/// "3 groups by k-means, learned from a sample of 100,000 of 260,000 rows"
pub fn sentence(found: &Groups) -> String {
    let n = found.groups.iter().filter(|group| group.number.is_some()).count() as u64;
    let by = match found.by {
        // How many there are is said.
        Grouping::KMeans(_) => "k-means".to_owned(),
        Grouping::GaussianMixture(params) => {
            format!("a Gaussian mixture with {} covariances", params.covariance_type.name())
        }
        Grouping::Dbscan(params) => {
            let eps = params.eps.map_or_else(String::new, |eps| format!("eps {}, ", format::number(eps)));
            format!("DBSCAN with {eps}min_samples {}", params.min_samples)
        }
    };
    let mut text = format!("{} by {by}", counted(n, "group", "groups"));
    if found.learned_rows < found.rows {
        let (learned, rows) = (format::count(found.learned_rows), format::count(found.rows));
        text += &format!(", learned from a sample of {learned} of {rows} rows");
    }
    text
}

/// The numbers of groups that were tried; `None` when one was asked for.
pub fn tried(found: &Groups) -> Option<String> {
    if found.tried.len() < 2 {
        return None;
    }
    let what = match found.by {
        Grouping::GaussianMixture(_) => "Bayesian information criterion, smaller is better",
        _ => "How well groups are told apart (Caliński–Harabasz, larger is better)",
    };
    let scores: Vec<String> =
        found.tried.iter().map(|(n, score)| format!("{n}: {}", format::fixed(*score, 0))).collect();
    Some(format!("{what}: {}", scores.join(" · ")))
}

/// A line per column: its name, then what it is like in each group.
pub fn lines(found: &Groups) -> Vec<Vec<String>> {
    let line = |(at, column): (usize, &String)| {
        let cells = found.groups.iter().map(|group| typical(&group.columns[at].is));
        std::iter::once(column.clone()).chain(cells).collect()
    };
    found.columns.iter().enumerate().map(line).collect()
}

fn typical(is: &Typical) -> String {
    match is {
        Typical::Mean(mean) => format::number(*mean),
        Typical::Date(mean) => mean.clone(),
        Typical::Value { value, share } => format!("{value} ({})", format::percent(*share)),
        Typical::Missing => "–".to_owned(),
    }
}

/// Rows (from 0) that stand for all in a picture: evenly spaced, always the same.
pub fn drawn(rows: usize) -> impl Iterator<Item = usize> {
    (0..rows).step_by(rows.div_ceil(DRAWN).max(1))
}

/// The rows of a group, counted from 1, the first ones of a large group.
pub fn rows_of(found: &Groups, group: usize) -> Vec<u64> {
    let here = (1..).zip(&found.labels).filter(|(_, label)| **label as usize == group);
    here.map(|(row, _)| row).take(MARKED).collect()
}

/// A name for the column that is not taken: `group`, `group_2`, …
pub fn free_name(is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|n: u32| format!("group_{n}"));
    std::iter::once("group".to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

/// Row (from 1) and score, the most unusual first.
pub fn unusual(found: &Outliers) -> Vec<(u64, f64)> {
    found.top(LISTED).into_iter().map(|(row, score)| (row as u64 + 1, score)).collect()
}

#[cfg(test)]
pub(super) mod testing {
    use crate::domain::explore::{DbscanParams, Group, GroupColumn, Grouping, Groups, Typical};

    /// Six rows in two groups, one row in none.
    pub fn groups() -> Groups {
        let group = |number, rows, mean, plan: &str| Group {
            number,
            rows,
            columns: vec![
                GroupColumn { column: "age".into(), is: Typical::Mean(mean) },
                GroupColumn { column: "plan".into(), is: Typical::Value { value: plan.into(), share: 0.5 } },
            ],
        };
        Groups {
            rows: 6,
            learned_rows: 6,
            columns: vec!["age".into(), "plan".into()],
            by: Grouping::Dbscan(DbscanParams { eps: Some(0.5), min_samples: 5 }),
            groups: vec![group(Some(1), 3, 41.5, "basic"), group(Some(2), 2, 20.0, "pro"), group(None, 1, 99.0, "pro")],
            tried: Vec::new(),
            labels: vec![0, 1, 0, 2, 1, 0],
            places: vec![[0.0, 0.0], [3.0, 1.0], [0.1, 0.0], [9.0, 9.0], [3.0, 1.1], [0.0, 0.2]],
            shares: vec![0.6, 0.3],
            warnings: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::explore::KMeansParams;

    #[test]
    fn groups_are_told_by_size_and_by_what_their_rows_are_like() {
        let mut found = testing::groups();
        let told: Vec<(String, String, bool)> =
            entries(&found).into_iter().map(|e| (e.name, e.size, e.is_noise)).collect();
        assert_eq!(told[0], ("Group 1".into(), "3 rows (50 %)".into(), false));
        assert_eq!(told[2], ("No group".into(), "1 row (16.7 %)".into(), true));
        assert_eq!(sentence(&found), "2 groups by DBSCAN with eps 0.5, min_samples 5");
        assert_eq!(lines(&found)[1], ["plan", "basic (50 %)", "pro (50 %)", "pro (50 %)"]);
        assert_eq!(rows_of(&found, 0), [1, 3, 6]);
        assert_eq!(tried(&found), None);
        found.by = Grouping::KMeans(KMeansParams { n_clusters: Some(2), ..KMeansParams::default() });
        found.tried = vec![(2, 310.4), (3, 99.0)];
        assert!(tried(&found).unwrap().ends_with("larger is better): 2: 310 · 3: 99"));
    }

    #[test]
    fn pictures_and_names_have_limits() {
        assert_eq!(drawn(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(drawn(1_000_000).count(), 4_000);
        assert_eq!(drawn(0).count(), 0);
        assert_eq!(free_name(|name| name == "group"), "group_2");
    }
}
