//! Gates: what must hold before a project trains, exports, scores, publishes or takes new data in.
//!
//! A workspace starts without any. A gate that cannot be judged (the check was skipped, the rule is gone) is red: what
//! nobody can tell is not fit.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{DatasetId, GateId, OverrideId, RunId, VersionId};

/// What a gate stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Training and tuning on a version.
    Train,
    /// Exporting a run as a bundle, from where others take it.
    Register,
    /// Scoring a file: its rows are checked by the suite of the dataset the model was trained on.
    Score,
    /// Letting a branch or tag lead to a version.
    Publish,
    /// Taking a new version onto a branch; a red one waits on the branch [`QUARANTINE`].
    Commit,
}

/// The branch on which versions wait that a commit gate stopped.
pub const QUARANTINE: &str = "quarantine";

impl Act {
    pub const ALL: [Self; 5] = [Self::Train, Self::Register, Self::Score, Self::Publish, Self::Commit];

    /// The word in the store and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Register => "register",
            Self::Score => "score",
            Self::Publish => "publish",
            Self::Commit => "commit",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == word)
    }

    /// For a menu and a message: "before training".
    pub fn title(self) -> &'static str {
        match self {
            Self::Train => "training",
            Self::Register => "registering a model",
            Self::Score => "batch scoring",
            Self::Publish => "publishing",
            Self::Commit => "taking in a new version",
        }
    }
}

/// What a gate asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Need {
    /// The check found no error; it is run where the version was not checked by the present suite.
    NoErrors,
    /// This rule of the suite was judged and holds.
    Rule(String),
    /// The built-in check with this code ran and found nothing.
    Absent(String),
    /// The version was signed off, with four times yes.
    SignOff,
    /// Somebody checked the version by the present suite, whatever came out.
    Checked,
    /// The rows that test were held against those that train, and there was no error.
    Split,
}

impl Need {
    /// `no-errors`, `rule:ID`, `absent:CODE`, `sign-off`, `checked` or `split`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "no-errors" => return Some(Self::NoErrors),
            "sign-off" => return Some(Self::SignOff),
            "checked" => return Some(Self::Checked),
            "split" => return Some(Self::Split),
            _ => {}
        }
        let (word, name) = text.split_once(':')?;
        match word {
            _ if name.is_empty() || name.len() > 300 || name.chars().any(char::is_control) => None,
            "rule" => Some(Self::Rule(name.to_owned())),
            "absent" => Some(Self::Absent(name.to_owned())),
            _ => None,
        }
    }

    /// "no errors", "the rule `age` to hold"
    pub fn title(&self) -> String {
        match self {
            Self::NoErrors => "no errors".to_owned(),
            Self::Rule(id) => format!("the rule `{id}` to hold"),
            Self::Absent(code) => format!("no finding {code}"),
            Self::SignOff => "a sign-off".to_owned(),
            Self::Checked => "a check".to_owned(),
            Self::Split => "a split without errors".to_owned(),
        }
    }

    /// Whether it can stand before this: what has no split cannot be asked for one.
    pub fn fits(&self, act: Act) -> bool {
        *self != Self::Split || matches!(act, Act::Train | Act::Register | Act::Score)
    }

    /// Whether a check report on the version decides it.
    pub fn needs_report(&self) -> bool {
        matches!(self, Self::NoErrors | Self::Rule(_) | Self::Absent(_))
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoErrors => f.write_str("no-errors"),
            Self::Rule(id) => write!(f, "rule:{id}"),
            Self::Absent(code) => write!(f, "absent:{code}"),
            Self::SignOff => f.write_str("sign-off"),
            Self::Checked => f.write_str("checked"),
            Self::Split => f.write_str("split"),
        }
    }
}

impl TryFrom<String> for Need {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is nothing a gate can need"))
    }
}

impl From<Need> for String {
    fn from(need: Need) -> Self {
        need.to_string()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    pub id: GateId,
    pub act: Act,
    pub needs: Need,
    /// Only for this dataset; every one when `None`.
    pub dataset_id: Option<DatasetId>,
    /// Its name.
    pub dataset: Option<String>,
    pub who: String,
    pub created_at_ms: i64,
}

impl Gate {
    /// "gate 2: training needs no errors"
    pub fn title(&self) -> String {
        let only = self.dataset.as_ref().map_or_else(String::new, |name| format!(" of {name}"));
        format!("gate {}: {}{only} needs {}", self.id, self.act.title(), self.needs.title())
    }
}

/// A gate as it stands for one version or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateState {
    pub gate: Gate,
    /// Why it is red; `None` when it is green.
    pub red: Option<String>,
}

impl GateState {
    pub fn is_green(&self) -> bool {
        self.red.is_none()
    }
}

/// A red gate in the record of what was let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedGate {
    pub gate: GateId,
    pub needs: Need,
    pub why: String,
}

/// Something that was done in spite of red gates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub id: OverrideId,
    pub act: Act,
    /// `churn@2`, `run 3`, a file name.
    pub subject: String,
    pub version: Option<VersionId>,
    pub run: Option<RunId>,
    pub red: Vec<RedGate>,
    pub reason: String,
    /// Declared, not authenticated.
    pub who: String,
    pub created_at_ms: i64,
}

/// All about gates that a page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateBoard {
    pub gates: Vec<Gate>,
    /// Newest first.
    pub overrides: Vec<Override>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_reads_back_as_it_was_written() {
        for text in ["no-errors", "rule:contract:exists:a b", "absent:TARGET_LEAKAGE", "sign-off", "checked", "split"] {
            let need = Need::parse(text).unwrap();
            assert_eq!(need.to_string(), text);
            assert_eq!(serde_json::from_str::<Need>(&serde_json::to_string(&need).unwrap()).unwrap(), need);
        }
        for text in ["", "rule:", "absent", "errors", "rule:a\nb"] {
            assert_eq!(Need::parse(text), None, "{text}");
        }
    }
}
