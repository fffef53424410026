//! The sign-off of a dataset version: four questions that no check can answer.
//!
//! Each is put so that yes is good. What is not a plain yes needs a sentence.

use serde::{Deserialize, Serialize};

use super::ids::{SignOffId, VersionId};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Yes,
    No,
    Unsure,
}

impl Verdict {
    pub const ALL: [Self; 3] = [Self::Yes, Self::No, Self::Unsure];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unsure => "unsure",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.as_str() == word)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    Objective,
    Fit,
    Assumptions,
    Adversarial,
}

impl Asked {
    pub const ALL: [Self; 4] = [Self::Objective, Self::Fit, Self::Assumptions, Self::Adversarial];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Objective => "objective",
            Self::Fit => "fit",
            Self::Assumptions => "assumptions",
            Self::Adversarial => "adversarial",
        }
    }

    pub fn question(self) -> &'static str {
        match self {
            Self::Objective => "Is the data objective: measured and labelled without a wish for a result?",
            Self::Fit => "Is it fit for the intended use: the same kind of cases, time and place?",
            Self::Assumptions => "Are its hidden assumptions known and written down?",
            Self::Adversarial => "Is it free of adversarial content: nothing planted to mislead a model?",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedAnswer {
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl SignedAnswer {
    /// `yes`, `no: bought from one clinic only`.
    pub fn parse(text: &str) -> Option<Self> {
        let (word, text) = text.split_once(':').unwrap_or((text, ""));
        Some(Self { verdict: Verdict::parse(word.trim())?, text: text.trim().to_owned() })
    }
}

/// Answers to all four questions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    pub objective: SignedAnswer,
    pub fit: SignedAnswer,
    pub assumptions: SignedAnswer,
    pub adversarial: SignedAnswer,
}

impl Answers {
    pub fn get(&self, asked: Asked) -> &SignedAnswer {
        match asked {
            Asked::Objective => &self.objective,
            Asked::Fit => &self.fit,
            Asked::Assumptions => &self.assumptions,
            Asked::Adversarial => &self.adversarial,
        }
    }

    /// Four times yes.
    pub fn is_yes(&self) -> bool {
        self.not_yes().is_empty()
    }

    pub fn not_yes(&self) -> Vec<Asked> {
        Asked::ALL.into_iter().filter(|asked| self.get(*asked).verdict != Verdict::Yes).collect()
    }

    /// What keeps the form from being stored.
    pub fn problem(&self) -> Option<String> {
        let bare = self.not_yes().into_iter().find(|asked| self.get(*asked).text.trim().is_empty())?;
        let word = self.get(bare).verdict.as_str();
        Some(format!("the answer “{word}” to `{}` needs a sentence that says why", bare.as_str()))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOff {
    pub id: SignOffId,
    pub version: VersionId,
    /// `churn@2`
    pub dataset: String,
    pub answers: Answers,
    /// Declared, not authenticated.
    pub who: String,
    pub created_at_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_plain_yes_needs_a_sentence() {
        let answer = |text: &str| SignedAnswer::parse(text).unwrap();
        let mut answers = Answers {
            objective: answer("yes"),
            fit: answer("yes: the same clinics"),
            assumptions: answer("unsure"),
            adversarial: answer("yes"),
        };
        assert_eq!(answers.not_yes(), [Asked::Assumptions]);
        assert!(answers.problem().unwrap().contains("`assumptions` needs a sentence"));
        answers.assumptions = answer("unsure: nobody knows how the sample was drawn");
        assert_eq!((answers.problem(), answers.is_yes()), (None, false));
        assert_eq!(SignedAnswer::parse("maybe"), None);
    }
}
