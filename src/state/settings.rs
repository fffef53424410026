//! What a user has set; kept in a small file of the app, not in the workspace.

use serde::{Deserialize, Serialize};

use crate::domain::ids::DatasetId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    #[default]
    System,
    Light,
    Dark,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub theme: ThemeChoice,
    /// 0.8 to 2.0
    pub text_scale: f32,
    pub animations: bool,
    pub page: super::command::Page,
    pub ask_before_import: super::import::AskBeforeImport,
    /// Inner size of the window in points, as it was last closed.
    pub window: Option<[f32; 2]>,
    pub maximized: bool,
    /// Opened again at the next start.
    pub workspace: Option<std::path::PathBuf>,
    /// How columns are shown, the most recently changed last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<DatasetColumns>,
}

/// The layout of one dataset's columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetColumns {
    pub workspace: Option<std::path::PathBuf>,
    pub dataset: i64,
    pub layout: ColumnLayout,
}

/// Which columns are shown and in which order, by name: versions of a dataset may differ in their columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnLayout {
    /// Empty: the order of the file. Columns that are not named follow in that order.
    pub order: Vec<String>,
    pub hidden: std::collections::BTreeSet<String>,
    /// These stand at the left and do not scroll, in this order.
    pub pinned: Vec<String>,
}

impl ColumnLayout {
    /// Positions of the visible columns in the order they are shown, pinned ones first, and how many are pinned.
    pub fn arrange(&self, names: &[&str]) -> (Vec<usize>, usize) {
        let at: std::collections::HashMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
        let visible = |name: &&String| !self.hidden.contains(*name);
        let mut shown: Vec<usize> =
            self.pinned.iter().filter(visible).filter_map(|name| at.get(name.as_str()).copied()).collect();
        let n_pinned = shown.len();
        let pinned: std::collections::BTreeSet<&str> = self.pinned.iter().map(String::as_str).collect();
        let named: std::collections::BTreeSet<&str> = self.order.iter().map(String::as_str).collect();
        let ordered = self.order.iter().map(String::as_str).filter(|name| at.contains_key(name));
        let rest = names.iter().copied().filter(|name| !named.contains(name));
        let free = ordered.chain(rest).filter(|name| !self.hidden.contains(*name) && !pinned.contains(name));
        shown.extend(free.map(|name| at[name]));
        (shown, n_pinned)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            text_scale: 1.0,
            animations: true,
            page: super::command::Page::Overview,
            ask_before_import: super::import::AskBeforeImport::Always,
            window: None,
            maximized: false,
            workspace: None,
            columns: Vec::new(),
        }
    }
}

impl Settings {
    pub const SCALES: std::ops::RangeInclusive<f32> = 0.8..=2.0;

    /// The layout of a dataset's columns; the file's own order unless it was changed.
    pub fn layout(&self, workspace: Option<&std::path::Path>, dataset: DatasetId) -> Option<&ColumnLayout> {
        let same = |known: &&DatasetColumns| known.dataset == dataset.0 && known.workspace.as_deref() == workspace;
        self.columns.iter().find(same).map(|known| &known.layout)
    }

    /// Remembers a layout; of more than a hundred datasets the one changed longest ago is forgotten.
    pub fn arrange(&mut self, workspace: Option<&std::path::Path>, dataset: DatasetId, layout: ColumnLayout) {
        const REMEMBERED: usize = 100;
        self.columns.retain(|known| known.dataset != dataset.0 || known.workspace.as_deref() != workspace);
        if layout != ColumnLayout::default() {
            self.columns.push(DatasetColumns { workspace: workspace.map(Into::into), dataset: dataset.0, layout });
        }
        let forgotten = self.columns.len().saturating_sub(REMEMBERED);
        self.columns.drain(..forgotten);
    }

    /// One step of a tenth, within bounds.
    pub fn with_scale(&self, scale: f32) -> Self {
        let scale = (scale * 10.0).round() / 10.0;
        Self { text_scale: scale.clamp(*Self::SCALES.start(), *Self::SCALES.end()), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_arranged_by_name() {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        let layout = ColumnLayout {
            order: words(&["d", "gone", "b"]),
            hidden: words(&["c"]).into_iter().collect(),
            pinned: words(&["e", "gone too"]),
        };
        assert_eq!(layout.arrange(&["a", "b", "c", "d", "e"]), (vec![4, 3, 1, 0], 1));
        assert_eq!(ColumnLayout::default().arrange(&["a", "b"]), (vec![0, 1], 0));
    }

    #[test]
    fn a_layout_belongs_to_a_dataset_of_a_workspace() {
        let mut settings = Settings::default();
        let layout = ColumnLayout { pinned: vec!["a".into()], ..ColumnLayout::default() };
        let (here, there) = (std::path::Path::new("/a"), std::path::Path::new("/b"));
        settings.arrange(Some(here), DatasetId(1), layout.clone());
        assert_eq!(settings.layout(Some(here), DatasetId(1)), Some(&layout));
        assert_eq!(settings.layout(Some(there), DatasetId(1)), None);
        settings.arrange(Some(here), DatasetId(1), ColumnLayout::default());
        assert!(settings.columns.is_empty());
    }
}
