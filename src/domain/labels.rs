//! Labelling by hand: sessions, drafts, queues, and the log that a labelled version is made of.

use serde::{Deserialize, Serialize};

use super::ids::{ContentHash, LabelSessionId, VersionId};
use super::random::Shuffler;

/// Rows of a queue that are handed out at once; a longer one is worked through in parts.
pub const MAX_QUEUE: usize = 100_000;

/// Which rows are to be labelled, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelQueue {
    All,
    /// Rows without a label.
    #[default]
    Missing,
    /// This many rows, the same for the same seed.
    Random {
        seed: u64,
        rows: u64,
    },
    /// Rows that pass a text filter, see [`super::filter`].
    Filter(String),
}

impl LabelQueue {
    /// By its word, such as `missing` or `random:50`; anything else is a text filter.
    pub fn parse(text: &str) -> Self {
        let random = |rows| Self::Random { seed: Self::SEED, rows };
        match text.trim() {
            "all" => Self::All,
            "missing" => Self::Missing,
            "random" => random(Self::AT_RANDOM),
            other => match other.strip_prefix("random:").and_then(|rows| rows.trim().parse().ok()) {
                Some(rows) => random(rows),
                None => Self::Filter(other.to_owned()),
            },
        }
    }

    /// Of a queue at random that says no more.
    pub const SEED: u64 = 42;
    pub const AT_RANDOM: u64 = 200;

    /// 1-based row numbers. `is_wanted` tells of a 0-based row whether it has no label yet, or passes the filter.
    pub fn rows(&self, n_rows: u64, is_wanted: impl Fn(u64) -> bool) -> Vec<u64> {
        match self {
            Self::All => (1..=n_rows).take(MAX_QUEUE).collect(),
            Self::Missing | Self::Filter(_) => {
                (0..n_rows).filter(|&row| is_wanted(row)).map(|row| row + 1).take(MAX_QUEUE).collect()
            }
            Self::Random { seed, rows } => {
                let mut order: Vec<u64> = (1..=n_rows).collect();
                Shuffler::new(*seed).shuffle(&mut order);
                order.truncate((*rows).min(MAX_QUEUE as u64) as usize);
                order
            }
        }
    }
}

/// One label given by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// 1-based.
    pub row: u64,
    /// `None` takes a label back: the row keeps what it had.
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    pub who: String,
    pub at_ms: i64,
}

/// A session that is open: its labels so far, one per row, by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelSession {
    pub id: LabelSessionId,
    pub version: VersionId,
    pub column: String,
    pub who: String,
    pub created_at_ms: i64,
    pub labels: Vec<Label>,
}

/// What a labelled version is made of; kept as an object, and named as the version's source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelLog {
    pub format_version: u32,
    /// `churn@1`: the version that was labelled.
    pub parent: String,
    /// Its table.
    pub parent_table: ContentHash,
    pub column: String,
    /// By row.
    pub labels: Vec<Label>,
}

/// The labels of a version and of those it was made from: the newest session first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelHistory {
    /// `churn@2`
    pub version: String,
    pub log: LabelLog,
}

/// What a labelling page starts with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelTask {
    /// The session that was left open, if any.
    pub session: Option<LabelSession>,
    /// The column exists already.
    pub exists: bool,
    /// Values of the column, most frequent first, at most nine.
    pub classes: Vec<String>,
    /// 1-based.
    pub rows: Vec<u64>,
}

/// Of several drafts of one row the last counts; by row, those taken back left out.
pub fn settled(drafts: impl IntoIterator<Item = Label>) -> Vec<Label> {
    let mut last = std::collections::BTreeMap::new();
    for draft in drafts {
        last.insert(draft.row, draft);
    }
    last.into_values().filter(|draft| draft.label.is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_pick_rows_by_number() {
        let odd = |row: u64| row % 2 == 1;
        assert_eq!(LabelQueue::All.rows(3, odd), [1, 2, 3]);
        assert_eq!(LabelQueue::Missing.rows(5, odd), [2, 4]);
        let queue = LabelQueue::Random { seed: 7, rows: 4 };
        let (one, two) = (queue.rows(100, odd), queue.rows(100, odd));
        assert_eq!((one.len(), &one), (4, &two));
        assert!(one.iter().all(|row| (1..=100).contains(row)));
        assert_eq!(LabelQueue::parse("missing"), LabelQueue::Missing);
        assert_eq!(LabelQueue::parse("random:7"), LabelQueue::Random { seed: 42, rows: 7 });
        assert_eq!(LabelQueue::parse(" age > 40 "), LabelQueue::Filter("age > 40".to_owned()));
    }

    #[test]
    fn the_last_draft_of_a_row_counts() {
        let draft = |row, label: Option<&str>| Label {
            row,
            label: label.map(str::to_owned),
            note: String::new(),
            who: "ann".into(),
            at_ms: 0,
        };
        let kept = settled([draft(5, Some("a")), draft(2, Some("b")), draft(5, Some("c")), draft(2, None)]);
        assert_eq!(kept, [draft(5, Some("c"))]);
    }
}
