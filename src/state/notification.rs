//! Toasts, and the list that remembers the ones that told of problems.

use crate::domain::problem::{Problem, ProblemKind};

use super::command::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteTone {
    Success,
    Info,
    Warning,
    Error,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub id: u64,
    pub tone: NoteTone,
    pub text: String,
    /// What to do, in one sentence; may be empty.
    pub hint: String,
    /// Folded; may be empty.
    pub details: String,
    /// The button: its label and what it does, in order.
    pub action: Option<(String, Vec<Command>)>,
    pub at_ms: i64,
    /// `None` stays until it is closed.
    pub expires_ms: Option<i64>,
}

/// What is about to be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub tone: NoteTone,
    pub text: String,
    pub hint: String,
    pub details: String,
    pub action: Option<(String, Vec<Command>)>,
}

impl Note {
    pub fn new(tone: NoteTone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), hint: String::new(), details: String::new(), action: None }
    }

    pub fn of_problem(problem: &Problem) -> Self {
        let tone = match problem.kind {
            ProblemKind::Cancelled => NoteTone::Info,
            // Nothing broke: something was kept from happening.
            ProblemKind::Gate => NoteTone::Warning,
            ProblemKind::Failed | ProblemKind::Usage => NoteTone::Error,
        };
        Self {
            tone,
            text: problem.summary.clone(),
            hint: problem.hint.clone(),
            details: problem.details.clone(),
            action: None,
        }
    }

    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub fn action(mut self, label: &str, commands: Vec<Command>) -> Self {
        self.action = Some((label.to_owned(), commands));
        self
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notifications {
    /// Oldest first.
    pub toasts: Vec<Toast>,
    /// Warnings and errors of this session, newest first, at most 200.
    pub problems: Vec<Toast>,
    /// Problems not looked at yet.
    pub unread: usize,
    next_id: u64,
}

/// How many toasts are on the screen at most; an older one that would expire anyway makes room.
const SHOWN: usize = 4;

impl Notifications {
    pub fn tell(&mut self, note: Note, now_ms: i64) {
        self.next_id += 1;
        let lasts_ms = match note.tone {
            NoteTone::Success | NoteTone::Info if note.action.is_some() => Some(10_000),
            NoteTone::Success | NoteTone::Info => Some(5_000),
            NoteTone::Warning => Some(15_000),
            NoteTone::Error => None,
        };
        let toast = Toast {
            id: self.next_id,
            tone: note.tone,
            text: note.text,
            hint: note.hint,
            details: note.details,
            action: note.action,
            at_ms: now_ms,
            expires_ms: lasts_ms.map(|ms| now_ms + ms),
        };
        if matches!(toast.tone, NoteTone::Warning | NoteTone::Error) {
            self.problems.insert(0, toast.clone());
            self.problems.truncate(200);
            self.unread += 1;
        }
        self.toasts.push(toast);
        while self.toasts.len() > SHOWN {
            let oldest = self.toasts.iter().position(|t| t.expires_ms.is_some()).unwrap_or(0);
            self.toasts.remove(oldest);
        }
    }

    pub fn dismiss(&mut self, id: u64) {
        self.toasts.retain(|t| t.id != id);
    }

    /// Takes away the toasts that offer this: what they would do is done, or would do something else by now.
    pub fn forget_offers(&mut self, command: &Command) {
        self.toasts.retain(|t| t.action.as_ref().is_none_or(|(_, commands)| !commands.contains(command)));
    }

    /// Three more seconds from now for the toast under the pointer.
    pub fn hold(&mut self, id: u64, now_ms: i64) {
        if let Some(toast) = self.toasts.iter_mut().find(|t| t.id == id) {
            toast.expires_ms = toast.expires_ms.map(|at| at.max(now_ms + 3_000));
        }
    }

    pub fn expire(&mut self, now_ms: i64) {
        self.toasts.retain(|t| t.expires_ms.is_none_or(|at| at > now_ms));
    }

    /// When the window must be drawn again only to remove a toast.
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.toasts.iter().filter_map(|t| t.expires_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_stay_until_closed_and_others_go() {
        let mut notes = Notifications::default();
        notes.tell(Note::new(NoteTone::Success, "Imported"), 0);
        notes.tell(Note::new(NoteTone::Error, "Could not train"), 0);
        assert_eq!(notes.next_expiry_ms(), Some(5_000));
        notes.expire(5_000);
        assert_eq!(notes.toasts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["Could not train"]);
        assert_eq!((notes.problems.len(), notes.unread), (1, 1));
        notes.dismiss(notes.toasts[0].id);
        assert!(notes.toasts.is_empty());
    }

    #[test]
    fn an_offer_that_is_over_is_not_made_any_longer() {
        let mut notes = Notifications::default();
        notes.tell(Note::new(NoteTone::Info, "Removed churn").action("Undo", vec![Command::Undo]), 0);
        notes.tell(Note::new(NoteTone::Success, "Imported"), 0);
        notes.forget_offers(&Command::Undo);
        assert_eq!(notes.toasts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["Imported"]);
    }

    #[test]
    fn a_held_toast_outlives_its_time() {
        let mut notes = Notifications::default();
        notes.tell(Note::new(NoteTone::Info, "Saved"), 0);
        notes.hold(1, 4_500);
        notes.expire(6_000);
        assert_eq!(notes.toasts.len(), 1);
    }

    #[test]
    fn at_most_four_toasts_and_the_passing_ones_make_room_first() {
        let mut notes = Notifications::default();
        notes.tell(Note::new(NoteTone::Error, "kept"), 0);
        for i in 0..5 {
            notes.tell(Note::new(NoteTone::Info, format!("{i}")), 0);
        }
        let texts: Vec<&str> = notes.toasts.iter().map(|t| t.text.as_str()).collect();
        assert_eq!(texts, ["kept", "2", "3", "4"]);
    }
}
