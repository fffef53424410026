//! The words for missing.

use crate::data::infer;

/// Tells missing cells: the empty one and the given tokens, compared exactly.
#[derive(Clone, Debug)]
pub struct NullTokens {
    tokens: Vec<String>,
    /// Bytes a token ends with. Hardly any cell of a table ends so, which spares the comparisons.
    last_bytes: [bool; 256],
    /// A token could be taken for a number or a date.
    may_be_numbers: bool,
}

impl NullTokens {
    pub fn new(tokens: &[String]) -> Self {
        let mut last_bytes = [false; 256];
        for last in tokens.iter().filter_map(|t| t.as_bytes().last()) {
            last_bytes[*last as usize] = true;
        }
        let may_be_numbers = tokens.iter().any(|t| t.bytes().any(|b| b.is_ascii_digit()) && infer::looks_typed(t));
        Self { tokens: tokens.to_vec(), last_bytes, may_be_numbers }
    }

    pub fn is_missing(&self, cell: &str) -> bool {
        self.index(cell).is_some()
    }

    /// 0 for the empty cell, then the tokens from 1; `None` for a cell with a value.
    pub fn index(&self, cell: &str) -> Option<usize> {
        match cell.as_bytes().last() {
            None => Some(0),
            Some(last) if !self.last_bytes[*last as usize] => None,
            Some(_) => self.tokens.iter().position(|t| t == cell).map(|i| i + 1),
        }
    }

    /// The token of an [`Self::index`].
    pub fn token(&self, index: usize) -> &str {
        index.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or("", String::as_str)
    }

    /// Must a cell be compared before it is read as a number or a date?
    pub fn may_be_numbers(&self) -> bool {
        self.may_be_numbers
    }
}
