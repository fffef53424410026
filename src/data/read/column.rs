//! A column as it was read, on its way to a schema.

use crate::data::builder::Facts;
use crate::data::infer::{self, Typed};
use crate::domain::preview::Misfit;
use crate::domain::schema::{ColumnKind, ColumnSchema, Storage};

#[derive(Clone, Debug, PartialEq)]
pub struct ReadColumn {
    pub name: String,
    pub typed: Typed,
    /// Tokens that became missing with their counts, most frequent first; the empty cell is `""`.
    pub missing_tokens: Vec<(String, u64)>,
    /// Share of the cells with a value that fit the type most of them have (0 to 1).
    pub fitting: f64,
    /// The first cells that do not fit it.
    pub misfits: Vec<Misfit>,
    /// What the user decided the column means.
    pub kind: Option<ColumnKind>,
}

impl ReadColumn {
    /// All cells fit.
    pub fn plain(name: String, typed: Typed) -> Self {
        Self { name, typed, missing_tokens: Vec::new(), fitting: 1.0, misfits: Vec::new(), kind: None }
    }

    pub fn schema(&self, facts: &Facts) -> ColumnSchema {
        ColumnSchema {
            name: self.name.clone(),
            kind: self.kind.unwrap_or_else(|| self.guessed_kind(facts)),
            storage: self.typed.storage,
            missing: facts.missing,
            distinct: facts.distinct,
            true_spellings: self.typed.true_spellings.clone(),
            false_spellings: self.typed.false_spellings.clone(),
            notes: self.typed.notes.clone(),
            missing_tokens: self.missing_tokens.clone(),
            personal: None,
        }
    }

    fn guessed_kind(&self, facts: &Facts) -> ColumnKind {
        match self.typed.storage {
            Storage::Float64 => ColumnKind::Numeric,
            Storage::Boolean => ColumnKind::Boolean,
            Storage::DatetimeMs => ColumnKind::Datetime,
            Storage::String => infer::kind_of_text(&facts.text, self.typed.hint),
            Storage::Int64 => {
                let (min, max) = facts.range.unwrap_or((0, 0));
                infer::kind_of_whole_numbers(&self.name, facts.values, facts.distinct, min, max)
            }
        }
    }
}
