//! The columns a recipe works on: those of some rows, by name, in order.

use std::borrow::Cow;
use std::collections::HashMap;

use super::RecipeError;
use super::parallel;
use crate::data::table::MISSING_CODE;
use crate::domain::features::NO_CODE;

/// The cells of one column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column<'a> {
    /// Missing is NaN; never infinite.
    Numbers(Vec<f64>),
    /// Milliseconds since 1970-01-01 UTC; missing is NaN.
    Dates(Vec<f64>),
    Texts(Texts<'a>),
    Indicators {
        codes: Vec<u32>,
        n_levels: u32,
    },
    Category {
        codes: Vec<u32>,
        n_levels: u32,
    },
}

/// Text as codes into distinct values; no value is empty, missing is [`MISSING_CODE`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Texts<'a> {
    pub codes: Vec<u32>,
    pub values: Vec<Cow<'a, str>>,
}

impl Texts<'_> {
    /// What a function of the text gives for every row; it is asked once per distinct value.
    pub fn map<T: Copy>(&self, missing: T, of: impl Fn(&str) -> T) -> Vec<T> {
        let per_value: Vec<T> = self.values.iter().map(|value| of(value)).collect();
        self.codes.iter().map(|&code| per_value.get(code as usize).copied().unwrap_or(missing)).collect()
    }

    /// Rows per value, by code.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.values.len()];
        for &code in self.codes.iter().filter(|&&code| code != MISSING_CODE) {
            counts[code as usize] += 1;
        }
        counts
    }

    /// The values that occur, most frequent first, ties by code point.
    pub fn by_frequency(&self) -> Vec<(&str, u64)> {
        let counted = self.values.iter().map(AsRef::as_ref).zip(self.counts());
        let mut seen: Vec<(&str, u64)> = counted.filter(|(_, count)| *count > 0).collect();
        seen.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
        seen
    }

    /// The values that occur, sorted by code point.
    pub fn levels(&self) -> Vec<String> {
        let mut levels: Vec<String> = self.by_frequency().into_iter().map(|(value, _)| value.to_owned()).collect();
        levels.sort_unstable();
        levels
    }

    /// The position of each row's text in `levels`; `NO_CODE` for missing and for what is not among them.
    pub fn positions(&self, levels: &[String]) -> Vec<u32> {
        let index = positions_of(levels);
        self.map(NO_CODE, |value| index.get(value).copied().unwrap_or(NO_CODE))
    }
}

/// Level → position.
pub(super) fn positions_of(levels: &[String]) -> HashMap<&str, u32> {
    levels.iter().map(String::as_str).zip(0..).collect()
}

/// Equally long columns. A column written under a name that is there replaces that one; others stand behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame<'a> {
    pub n_rows: usize,
    slots: Vec<(String, Option<Column<'a>>)>,
    index: HashMap<String, usize>,
}

impl<'a> Frame<'a> {
    pub fn new(n_rows: usize) -> Self {
        Self { n_rows, ..Self::default() }
    }

    /// The columns that are there, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Column<'a>)> {
        self.slots.iter().filter_map(|(name, column)| Some((name.as_str(), column.as_ref()?)))
    }

    pub fn get(&self, name: &str) -> Option<&Column<'a>> {
        self.slots[*self.index.get(name)?].1.as_ref()
    }

    pub fn column(&self, name: &str) -> Result<&Column<'a>, RecipeError> {
        self.get(name).ok_or_else(|| RecipeError::mismatch(name, "is not there when a step asks for it"))
    }

    pub fn put(&mut self, name: &str, column: Column<'a>) {
        if let Some(&at) = self.index.get(name) {
            self.slots[at].1 = Some(column);
        } else {
            self.index.insert(name.to_owned(), self.slots.len());
            self.slots.push((name.to_owned(), Some(column)));
        }
    }

    pub fn take(&mut self, name: &str) -> Result<Column<'a>, RecipeError> {
        let at = self.index.get(name).copied();
        at.and_then(|at| self.slots[at].1.take())
            .ok_or_else(|| RecipeError::mismatch(name, "is not there when a step asks for it"))
    }

    /// Numbers of a column; yes/no are 0 and 1, dates milliseconds.
    pub fn numbers(&self, name: &str) -> Result<&[f64], RecipeError> {
        match self.column(name)? {
            Column::Numbers(values) | Column::Dates(values) => Ok(values),
            _ => Err(RecipeError::mismatch(name, "holds no numbers, which the step needs")),
        }
    }

    pub fn texts(&self, name: &str) -> Result<&Texts<'a>, RecipeError> {
        match self.column(name)? {
            Column::Texts(texts) => Ok(texts),
            _ => Err(RecipeError::mismatch(name, "holds no text, which the step needs")),
        }
    }

    /// A name that no column has: `wanted`, or that with a number.
    pub fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.get(name).is_some();
        if !taken(wanted) {
            return wanted.to_owned();
        }
        (2..).map(|n| format!("{wanted}.{n}")).find(|name| !taken(name)).unwrap_or_default()
    }

    /// Replaces the columns of `items`, several at a time on several cores.
    pub fn change<T: Sync>(
        &mut self,
        items: &[T],
        name: impl Fn(&T) -> &str,
        work: impl Fn(&T, Column<'a>) -> Result<Column<'a>, RecipeError> + Sync,
    ) -> Result<(), RecipeError> {
        let taken = items.iter().map(|item| Ok((item, self.take(name(item))?)));
        let taken: Vec<(&T, Column<'a>)> = taken.collect::<Result<_, RecipeError>>()?;
        let changed = parallel::map(taken, self.n_rows, |(item, column)| work(item, column));
        for (item, column) in items.iter().zip(changed) {
            self.put(name(item), column?);
        }
        Ok(())
    }

    /// As [`Self::change`], for columns of numbers whose cells do not depend on each other.
    pub fn change_numbers<T: Sync>(
        &mut self,
        items: &[T],
        name: impl Fn(&T) -> &str + Sync,
        work: impl Fn(&T, &mut [f64]) + Sync,
    ) -> Result<(), RecipeError> {
        self.change(items, &name, |item, column| match column {
            Column::Numbers(mut values) => {
                work(item, &mut values);
                Ok(Column::Numbers(values))
            }
            _ => Err(RecipeError::mismatch(name(item), "holds no numbers, which the step needs")),
        })
    }

    /// As [`Self::change`], from text to anything.
    pub fn change_texts<T: Sync>(
        &mut self,
        items: &[T],
        name: impl Fn(&T) -> &str + Sync,
        work: impl Fn(&T, Texts<'a>) -> Column<'a> + Sync,
    ) -> Result<(), RecipeError> {
        self.change(items, &name, |item, column| match column {
            Column::Texts(texts) => Ok(work(item, texts)),
            _ => Err(RecipeError::mismatch(name(item), "holds no text, which the step needs")),
        })
    }

    /// Writes the columns that `work` makes of each item, several at a time on several cores.
    pub fn make<T: Sync>(
        &mut self,
        items: &[T],
        work: impl Fn(&Self, &T) -> Result<Vec<(String, Column<'a>)>, RecipeError> + Sync,
    ) -> Result<(), RecipeError> {
        let this = &*self;
        let made = parallel::map(items.iter().collect(), self.n_rows, |item: &T| work(this, item));
        for columns in made {
            for (name, column) in columns? {
                self.put(&name, column);
            }
        }
        Ok(())
    }
}

/// Infinities are not measurements: recipes treat them as missing.
pub(super) fn finite_or_nan(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}
