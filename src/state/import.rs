//! The import panel: files that wait for a decision, and what was decided so far.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::dataset::ReadDraft;
use crate::domain::preview::ImportPreview;
use crate::domain::question::Question;
use crate::domain::request::ImportRequest;
use crate::domain::words::file_name;

/// Rows of a preview.
pub const PREVIEW_ROWS: u32 = 1000;

/// When the panel comes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskBeforeImport {
    #[default]
    Always,
    /// Only when a guess is unsure or something does not fit.
    WhenUnsure,
    Never,
}

impl AskBeforeImport {
    pub const ALL: [Self; 3] = [Self::Always, Self::WhenUnsure, Self::Never];

    pub fn title(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::WhenUnsure => "Only when something is unsure",
            Self::Never => "Never",
        }
    }
}

/// How several files belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Together {
    #[default]
    OneEach,
    /// Versions of one dataset, in the order of their names.
    Versions,
    /// One dataset of all files of that ending in their folder.
    OneOfAll,
}

/// What the panel holds. A changed copy goes back by `Command::ChangeImport`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportPanel {
    /// By name.
    pub files: Vec<PathBuf>,
    pub together: Together,
    pub draft: ReadDraft,
    /// Empty: named after the file.
    pub name: String,
    pub note: String,
    pub remember: bool,
    /// Guess anew instead of using what is remembered.
    pub fresh: bool,
    /// False while a look decides whether the panel is needed.
    pub shown: bool,
}

impl ImportPanel {
    pub fn new(mut files: Vec<PathBuf>, shown: bool) -> Self {
        files.sort();
        files.dedup();
        Self { files, shown, ..Self::default() }
    }

    /// What is shown and read: the folder's pattern, or the first file.
    pub fn source(&self) -> PathBuf {
        let first = self.files.first().cloned().unwrap_or_default();
        match (self.together, self.pattern()) {
            (Together::OneOfAll, Some(pattern)) => pattern,
            _ => first,
        }
    }

    /// `folder/*.csv` when all files share folder and ending.
    pub fn pattern(&self) -> Option<PathBuf> {
        let first = self.files.first()?;
        let (folder, ending) = (first.parent()?, first.extension()?);
        let alike = |f: &PathBuf| f.parent() == Some(folder) && f.extension() == Some(ending);
        let several = self.files.len() > 1 && self.files.iter().all(alike);
        several.then(|| folder.join(format!("*.{}", ending.to_string_lossy())))
    }

    pub fn question(&self) -> Question {
        let (path, draft) = (self.source(), self.draft.clone());
        Question::Preview { path, draft, rows: PREVIEW_ROWS, remembered: !self.fresh }
    }

    /// The name a dataset gets when none is typed.
    pub fn suggested_name(&self) -> String {
        let first = self.files.first().cloned().unwrap_or_default();
        match self.together {
            Together::OneOfAll => first.parent().map(file_name).unwrap_or_default(),
            _ => stem(&first),
        }
    }

    /// What to import, in order.
    pub fn requests(&self) -> Vec<ImportRequest> {
        let typed = (!self.name.trim().is_empty()).then(|| self.name.trim().to_owned());
        let request = |path: PathBuf, name: Option<String>| ImportRequest {
            path,
            name,
            read: self.draft.clone(),
            needs_columns: Vec::new(),
            remember: self.remember,
            forget: self.fresh,
            note: self.note.trim().to_owned(),
            branch: None,
        };
        let one_name = || Some(typed.clone().unwrap_or_else(|| self.suggested_name()));
        match self.together {
            _ if self.files.len() == 1 => vec![request(self.source(), typed.clone())],
            Together::OneOfAll => vec![request(self.source(), one_name())],
            Together::Versions => self.files.iter().map(|f| request(f.clone(), one_name())).collect(),
            Together::OneEach => self.files.iter().map(|f| request(f.clone(), None)).collect(),
        }
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned())
}

/// Nothing to ask: every cell fits, every row can be read, nothing was worth a note.
pub fn is_sure(preview: &ImportPreview) -> bool {
    preview.notes.is_empty() && preview.bad_rows.is_empty() && preview.columns.iter().all(|c| c.misfits.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_files_belong_together_in_three_ways() {
        let mut panel = ImportPanel::new(vec!["/d/b.csv".into(), "/d/a.csv".into()], true);
        let named = |panel: &ImportPanel| -> Vec<(String, Option<String>)> {
            panel.requests().into_iter().map(|r| (r.path.display().to_string(), r.name)).collect()
        };
        assert_eq!(named(&panel), [("/d/a.csv".into(), None), ("/d/b.csv".into(), None)]);
        panel.together = Together::Versions;
        let (a, one) = ("/d/a.csv".to_owned(), Some("a".to_owned()));
        assert_eq!(named(&panel), [(a, one.clone()), ("/d/b.csv".into(), one)]);
        panel.together = Together::OneOfAll;
        assert_eq!(named(&panel), [("/d/*.csv".into(), Some("d".into()))]);
        assert_eq!(ImportPanel::new(vec!["/d/a.csv".into(), "/e/b.csv".into()], true).pattern(), None);
    }
}
