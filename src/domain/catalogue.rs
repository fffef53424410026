//! The catalogue: what people say about a dataset, what is known about it, and who uses it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::dataset::DatasetVersion;
use super::ids::{ContentHash, DatasetId, VersionId};

/// Who may see it. A statement, not a lock: everything lies in a folder of the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    Public,
    Internal,
    Confidential,
    Restricted,
}

impl Sensitivity {
    pub const ALL: [Self; 4] = [Self::Public, Self::Internal, Self::Confidential, Self::Restricted];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// What people say about a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Description {
    pub owner: String,
    pub description: String,
    /// Sorted, without repeats.
    pub tags: Vec<String>,
    pub sensitivity: Option<Sensitivity>,
}

impl Description {
    /// Trimmed, tags sorted and once each.
    pub fn tidy(mut self) -> Self {
        self.owner = self.owner.trim().to_owned();
        self.description = self.description.trim().to_owned();
        self.tags = self.tags.iter().map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
        self.tags.sort();
        self.tags.dedup();
        self
    }
}

/// How often a dataset is used, over all of its versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedBy {
    pub runs: u64,
    pub models: u64,
    pub bundles: u64,
    pub drift_reports: u64,
}

impl UsedBy {
    pub fn total(self) -> u64 {
        self.runs + self.models + self.bundles + self.drift_reports
    }
}

/// One dataset with its latest version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    pub id: DatasetId,
    pub name: String,
    pub said: Description,
    pub latest: VersionId,
    pub version: u32,
    pub rows: u64,
    pub columns: Vec<String>,
    pub hash: ContentHash,
    pub source_bytes: u64,
    pub source_path: Option<PathBuf>,
    /// Columns that seem to hold personal data, with what it is.
    pub personal: Vec<(String, String)>,
    pub notes: Vec<String>,
    pub used_by: UsedBy,
    pub watched: bool,
    /// A watched source holds something that is no version yet.
    pub offered: bool,
    /// Versions whose objects were deleted.
    pub deleted: Vec<VersionId>,
}

impl CatalogueEntry {
    /// The facts of a dataset's versions, in number order; `None` without any.
    pub fn of(versions: &[DatasetVersion], said: Description, used_by: UsedBy) -> Option<Self> {
        let latest = versions.last()?;
        let personal = latest.schema.columns.iter();
        let personal = personal.filter_map(|c| Some((c.name.clone(), c.personal?.title().to_owned()))).collect();
        Some(Self {
            id: latest.dataset_id,
            name: latest.dataset.clone(),
            said,
            latest: latest.id,
            version: latest.version,
            rows: latest.rows,
            columns: latest.schema.names().map(str::to_owned).collect(),
            hash: latest.source_hash.clone(),
            source_bytes: latest.source_bytes,
            source_path: versions.iter().rev().find_map(|v| v.provenance.source_path.clone()),
            personal,
            notes: versions.iter().map(|v| v.provenance.note.clone()).filter(|n| !n.is_empty()).collect(),
            used_by,
            watched: false,
            offered: false,
            deleted: Vec::new(),
        })
    }

    /// Does every word of the query stand somewhere in it? Letters' case does not matter.
    pub fn matches(&self, query: &str) -> bool {
        let mut text = String::new();
        let mut add = |words: &str| {
            text.push_str(&words.to_lowercase());
            text.push('\n');
        };
        add(&self.name);
        add(&self.said.owner);
        add(&self.said.description);
        self.said.tags.iter().for_each(|t| add(t));
        add(self.said.sensitivity.map_or("", Sensitivity::as_str));
        add(&self.source_path.as_ref().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default());
        add(self.hash.as_str());
        self.columns.iter().chain(&self.notes).for_each(|c| add(c));
        self.personal.iter().for_each(|(_, what)| add(what));
        query.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_tidied() {
        let said = Description {
            owner: " ann ".into(),
            tags: vec!["b".into(), " a".into(), "b".into(), " ".into()],
            ..Default::default()
        };
        let tidy = said.tidy();
        assert_eq!((tidy.owner.as_str(), tidy.tags), ("ann", vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn every_word_of_a_search_must_stand_somewhere() {
        let entry = CatalogueEntry {
            id: DatasetId(1),
            name: "Churn".into(),
            said: Description { owner: "Ann".into(), tags: vec!["monthly".into()], ..Default::default() },
            latest: VersionId(1),
            version: 1,
            rows: 3,
            columns: vec!["customer_id".into(), "mail".into()],
            hash: ContentHash::from_bytes(&[7; 32]),
            source_bytes: 10,
            source_path: Some("/data/in/churn.csv".into()),
            personal: vec![("mail".into(), "e-mail address".into())],
            notes: vec!["cleaned by hand".into()],
            used_by: UsedBy::default(),
            watched: false,
            offered: false,
            deleted: vec![],
        };
        for found in ["", "churn ANN", "customer_id monthly", "e-mail", "by hand", "/data/in"] {
            assert!(entry.matches(found), "{found}");
        }
        assert!(!entry.matches("churn bob"));
    }
}
