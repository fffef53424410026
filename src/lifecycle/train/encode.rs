//! Encoded rows, shared: the algorithms of one family see a fold through the same recipe, which is learned once.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use super::session::Session;
use crate::data::recipe;
use crate::data::split::sample_rows;
use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::recipe::{FittedRecipe, RecipeSpec};
use crate::domain::task::Target;
use crate::lifecycle::StageError;

/// Which rows fit and which are predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// All training rows; the test rows.
    Whole,
    /// A fold of the training rows, from 0.
    Fold(usize),
}

/// Rows as a learner sees them. What is not fitted on the `train` rows comes from elsewhere.
pub struct Encoded {
    pub recipe: FittedRecipe,
    pub train: Features,
    pub train_y: Target,
    pub train_weights: Option<Vec<f64>>,
    /// Made when they are predicted: while a model is fitted they would only take memory.
    test: OnceLock<Features>,
    /// Positions in the session's table.
    pub test_rows: Vec<u32>,
    pub test_y: Target,
    pub warnings: Vec<String>,
    pub seconds: f64,
}

impl Encoded {
    /// The rows that are predicted.
    pub fn test(&self, session: &Session<'_>, io: &dyn JobIo) -> Result<&Features, StageError> {
        if let Some(made) = self.test.get() {
            return Ok(made);
        }
        let made = recipe::encode(&session.table(), &self.test_rows, &self.recipe, io)?;
        Ok(self.test.get_or_init(|| made))
    }
}

/// Encodings by recipe and rows, made when first asked for and dropped after the last use.
pub struct Encodings<'a> {
    session: &'a Session<'a>,
    specs: Vec<RecipeSpec>,
    /// `specs × (whole, folds…)`
    slots: Vec<Mutex<Slot>>,
    /// Keep them between uses: there is memory for all.
    keep: bool,
    /// Share of the rows that fit.
    rows_share: f64,
    /// Nobody asks for cells after the one encoding there is.
    is_last: bool,
}

#[derive(Default)]
struct Slot {
    made: Option<Arc<Encoded>>,
    users: usize,
}

impl<'a> Encodings<'a> {
    /// For jobs with these recipes, each of which will use all folds and the whole once.
    pub fn new(session: &'a Session<'a>, recipes: &[&RecipeSpec], rows_share: f64) -> Self {
        let mut specs: Vec<RecipeSpec> = Vec::new();
        let mut users: Vec<usize> = Vec::new();
        for recipe in recipes {
            match specs.iter().position(|spec| spec == *recipe) {
                Some(at) => users[at] += 1,
                None => {
                    specs.push((*recipe).clone());
                    users.push(1);
                }
            }
        }
        let parts = 1 + session.rows.folds.len();
        let slots = users.iter().flat_map(|&users| (0..parts).map(move |_| Mutex::new(Slot { made: None, users })));
        let slots = slots.collect();
        // Numbers of eight bytes, if every column became one.
        let bytes = session.table().n_rows as u64 * session.features.len() as u64 * 8 * (parts * specs.len()) as u64;
        Self { session, specs, slots, keep: bytes <= session.encoding_bytes, rows_share, is_last: false }
    }

    /// Says that the session ends with these: where one encoding is all there is, the table goes when it is made.
    pub fn are_last(&mut self) {
        self.is_last = self.slots.len() == 1;
    }

    fn slot(&self, recipe: &RecipeSpec, rows: Rows) -> Option<&Mutex<Slot>> {
        let spec = self.specs.iter().position(|spec| spec == recipe)?;
        let part = match rows {
            Rows::Whole => 0,
            Rows::Fold(k) => 1 + k,
        };
        self.slots.get(spec * (1 + self.session.rows.folds.len()) + part)
    }

    /// Whoever asks second while it is being made waits for it.
    pub fn get(&self, recipe: &RecipeSpec, rows: Rows, io: &dyn JobIo) -> Result<Arc<Encoded>, StageError> {
        let Some(slot) = self.slot(recipe, rows) else { return Ok(Arc::new(self.make(recipe, rows, io)?)) };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.users = slot.users.saturating_sub(1);
        if let Some(made) = &slot.made {
            let made = made.clone();
            if slot.users == 0 {
                slot.made = None;
            }
            return Ok(made);
        }
        let made = Arc::new(self.make(recipe, rows, io)?);
        if self.keep && slot.users > 0 {
            slot.made = Some(made.clone());
        }
        Ok(made)
    }

    fn make(&self, recipe: &RecipeSpec, rows: Rows, io: &dyn JobIo) -> Result<Encoded, StageError> {
        let started = Instant::now();
        let session = self.session;
        let (fit, test_rows) = match rows {
            Rows::Whole => (session.rows.train.clone(), session.rows.test.clone()),
            Rows::Fold(k) => (session.rows.fit_rows(k), session.rows.folds[k].clone()),
        };
        let fit = self.share(fit);
        let train_y = session.target.at(&fit)?;
        let seed = session.request.split.seed;
        let table = session.table();
        let learned = recipe::fit(&table, &fit, Some(&train_y), &session.features, recipe, seed, io)?;
        let test = OnceLock::new();
        if self.is_last {
            // Both copies of the cells together take less than both and the table while a model is fitted.
            let _ = test.set(recipe::encode(&table, &test_rows, &learned.recipe, io)?);
            drop(table);
            session.let_go_of_the_table();
        }
        Ok(Encoded {
            recipe: learned.recipe,
            train: learned.features,
            train_y,
            train_weights: session.weights.as_ref().map(|all| fit.iter().map(|&row| all[row as usize]).collect()),
            test,
            test_y: session.target.at(&test_rows)?,
            test_rows,
            warnings: learned.warnings,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn share(&self, rows: Vec<u32>) -> Vec<u32> {
        if self.rows_share >= 1.0 {
            return rows;
        }
        let n = (rows.len() as f64 * self.rows_share).ceil().max(2.0) as usize;
        sample_rows(rows.len(), n, self.session.request.split.seed).into_iter().map(|at| rows[at]).collect()
    }
}
