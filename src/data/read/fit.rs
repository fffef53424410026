//! Cells of a typed format in another storage than the file gives them.

use super::NullTokens;
use super::values::{MISFITS, Plan, Value, fits, note_unfit, push, typed_as};
use crate::data::builder::CellsBuilder;
use crate::data::error::clip;
use crate::data::infer::Typed;
use crate::domain::dataset::ColumnChoice;
use crate::domain::preview::Misfit;
use crate::domain::schema::Storage;

/// A storage that the user chose, and how the cells bear it.
#[derive(Clone, Debug)]
pub struct Fit {
    pub storage: Storage,
    plan: Plan,
    nulls: NullTokens,
    values: u64,
    unfit: u64,
    first: Vec<Misfit>,
    rows: u64,
}

impl Fit {
    pub fn new(storage: Storage, choice: &ColumnChoice) -> Self {
        let plan = Plan { typed: typed_as(storage), pattern: choice.date_format.clone() };
        let nulls = NullTokens::new(&[]);
        Self { storage, plan, nulls, values: 0, unfit: 0, first: Vec::new(), rows: 0 }
    }

    /// Appends the next cell; what does not fit becomes missing and is counted.
    pub fn push(&mut self, builder: &mut CellsBuilder, value: &Value) {
        self.rows += 1;
        if !matches!(value, Value::Empty | Value::Missing(_)) {
            self.values += 1;
            if !fits(value, self.storage, self.plan.pattern.as_deref()) {
                self.unfit += 1;
                if self.first.len() < MISFITS {
                    self.first.push(Misfit { row: self.rows, text: clip(&value.text().unwrap_or_default()) });
                }
            }
        }
        push(builder, value, &self.plan, &self.nulls);
    }

    pub fn fitting(&self) -> (f64, Vec<Misfit>) {
        (1.0 - self.unfit as f64 / self.values.max(1) as f64, self.first.clone())
    }

    pub fn typed(&self) -> Typed {
        let mut typed = typed_as(self.storage);
        note_unfit(self.unfit, self.first.first(), &mut typed);
        typed
    }
}
