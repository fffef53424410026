//! What can be taken back: renames and hides. Training is cancelled, not undone.

use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::ids::{DatasetId, RunId};

use super::effect::Effect;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    RenameDataset { id: DatasetId, from: String, to: String },
    HideDataset { id: DatasetId, name: String },
    HideRun { id: RunId, label: String },
}

impl Edit {
    /// "Renamed churn to customers"
    pub fn describe(&self) -> String {
        match self {
            Self::RenameDataset { from, to, .. } => format!("Renamed {from} to {to}"),
            Self::HideDataset { name, .. } => format!("Removed {name} from the lists"),
            Self::HideRun { label, .. } => format!("Removed {label} from the lists"),
        }
    }

    /// "Renamed customers back to churn"
    pub fn describe_undone(&self) -> String {
        match self {
            Self::RenameDataset { from, to, .. } => format!("Renamed {to} back to {from}"),
            Self::HideDataset { name, .. } => hide_words(name, false).1,
            Self::HideRun { label, .. } => hide_words(label, false).1,
        }
    }

    pub fn effect(&self) -> Effect {
        match self {
            Self::RenameDataset { id, from, to } => rename(*id, from, to),
            Self::HideDataset { id, name } => hide_dataset(*id, name, true),
            Self::HideRun { id, label } => hide_run(*id, label, true),
        }
    }

    pub fn inverse_effect(&self) -> Effect {
        match self {
            Self::RenameDataset { id, from, to } => rename(*id, to, from),
            Self::HideDataset { id, name } => hide_dataset(*id, name, false),
            Self::HideRun { id, label } => hide_run(*id, label, false),
        }
    }
}

fn event(action: &str, object_kind: ObjectKind, object: &str, summary: String) -> NewEvent {
    NewEvent { action: action.to_owned(), object_kind, object: object.to_owned(), summary }
}

fn rename(id: DatasetId, from: &str, to: &str) -> Effect {
    let event = event("renamed", ObjectKind::Dataset, to, format!("Renamed {from} to {to}"));
    Effect::RenameDataset { id, name: to.to_owned(), event }
}

fn hide_dataset(id: DatasetId, name: &str, hidden: bool) -> Effect {
    let (action, summary) = hide_words(name, hidden);
    Effect::SetDatasetHidden { id, hidden, event: event(action, ObjectKind::Dataset, name, summary) }
}

fn hide_run(id: RunId, label: &str, hidden: bool) -> Effect {
    let (action, summary) = hide_words(label, hidden);
    Effect::SetRunHidden { id, hidden, event: event(action, ObjectKind::Run, label, summary) }
}

fn hide_words(object: &str, hidden: bool) -> (&'static str, String) {
    if hidden {
        ("hid", format!("Removed {object} from the lists; nothing was deleted"))
    } else {
        ("restored", format!("Brought {object} back to the lists"))
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndoLog {
    done: Vec<Edit>,
    undone: Vec<Edit>,
}

impl UndoLog {
    pub fn push(&mut self, edit: Edit) {
        self.done.push(edit);
        self.undone.clear();
    }

    pub fn undo(&mut self) -> Option<Edit> {
        let edit = self.done.pop()?;
        self.undone.push(edit.clone());
        Some(edit)
    }

    pub fn redo(&mut self) -> Option<Edit> {
        let edit = self.undone.pop()?;
        self.done.push(edit.clone());
        Some(edit)
    }

    /// What Undo would take back, for its menu entry.
    pub fn next_undo(&self) -> Option<&Edit> {
        self.done.last()
    }

    pub fn next_redo(&self) -> Option<&Edit> {
        self.undone.last()
    }
}
