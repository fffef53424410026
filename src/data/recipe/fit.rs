//! Learning a recipe from training rows: steps of one's own first, then what is left to do for the learner.

use std::collections::BTreeSet;

use super::column::{Column, Frame};
use super::{
    RecipeError, apply, bins, boolean, check_columns, clip, combine, date_parts, formula, groups, impute, lookup,
    one_hot, parallel, power, quantile, rare, read, scale, select, target_mean, words,
};
use crate::data::table::{Cells, Table};
use crate::domain::features::Features;
use crate::domain::io::JobIo;
use crate::domain::recipe::{
    ColumnInput, Columns, FillRule, Filled, FilledText, FittedRecipe, FittedStep, LookupKind, RecipeInput, RecipeSpec,
    Renamed, Scaled, Scaling, StepRule, StepSpec, UnknownCategory,
};
use crate::domain::schema::ColumnSchema;
use crate::domain::task::Target;

/// A fitted recipe, the training rows as it leaves them, and what the user should know about it, one sentence each.
///
/// The training rows are not always what [`apply::encode`] gives for them: target means are those of other rows.
#[derive(Clone, Debug, PartialEq)]
pub struct RecipeFit {
    pub recipe: FittedRecipe,
    pub features: Features,
    pub warnings: Vec<String>,
}

/// Learns a recipe for `features` from the given rows and no others. `target` has one value per row; only steps that
/// look at the answer need it.
pub fn fit(
    table: &Table,
    rows: &[u32],
    target: Option<&Target>,
    features: &[String],
    spec: &RecipeSpec,
    seed: u64,
    io: &dyn JobIo,
) -> Result<RecipeFit, RecipeError> {
    let mut fitter = start(table, rows, target, features, seed, io)?;
    for (number, step) in spec.steps.iter().enumerate() {
        fitter.step(step).map_err(|error| numbered(error, number, step))?;
    }
    fitter.finish(spec)?;
    let features = fitter.features();
    let recipe = FittedRecipe {
        format_version: FittedRecipe::FORMAT_VERSION,
        inputs: fitter.inputs,
        steps: fitter.steps,
        features,
    };
    if recipe.n_features() == 0 {
        return Err(RecipeError::NoFeatures);
    }
    let features = apply::hand_out(fitter.frame, &recipe)?;
    Ok(RecipeFit { recipe, features, warnings: fitter.warnings })
}

fn numbered(error: RecipeError, number: usize, step: &StepSpec) -> RecipeError {
    match error {
        RecipeError::Step { step, problem, .. } => RecipeError::Step { number: number + 1, step, problem },
        RecipeError::Mismatch { column, problem } => {
            let problem = format!("column `{column}` {problem}");
            RecipeError::Step { number: number + 1, step: word(&step.rule), problem }
        }
        other => other,
    }
}

/// The word of a rule as it stands in files: `one_hot`.
fn word(rule: &StepRule) -> String {
    let json = serde_json::to_value(rule).unwrap_or_default();
    json.get("step").and_then(|word| word.as_str()).unwrap_or("step").replace('_', " ")
}

pub(super) fn start<'a>(
    table: &'a Table,
    rows: &[u32],
    target: Option<&'a Target>,
    features: &[String],
    seed: u64,
    io: &'a dyn JobIo,
) -> Result<Fitter<'a>, RecipeError> {
    if rows.is_empty() {
        return Err(RecipeError::NoRows);
    }
    check_columns(table, features.iter().map(String::as_str))?;
    let input = |name: &String| {
        let (schema, cells) = table.column(name)?;
        Some(RecipeInput { name: name.clone(), input: input_of(schema, cells) })
    };
    let inputs: Vec<RecipeInput> = features.iter().filter_map(input).collect();
    let (frame, _) = read::frame(table, rows, &inputs, &|_| None, io)?;
    let target = target.filter(|target| target.len() == rows.len());
    Ok(Fitter {
        frame,
        target,
        seed,
        io,
        inputs,
        steps: Vec::new(),
        warnings: Vec::new(),
        filled: BTreeSet::new(),
        scaled: BTreeSet::new(),
    })
}

fn input_of(schema: &ColumnSchema, cells: &Cells) -> ColumnInput {
    match cells {
        Cells::DatetimeMs(_) => ColumnInput::Datetime,
        Cells::Text(_) => ColumnInput::Text,
        Cells::Boolean(_) => boolean::input(schema),
        Cells::Float(_) => ColumnInput::Number { whole: false },
        Cells::Int(values) => ColumnInput::Number { whole: values.iter().all(Option::is_some) },
    }
}

pub(super) struct Fitter<'a> {
    pub frame: Frame<'a>,
    target: Option<&'a Target>,
    seed: u64,
    io: &'a dyn JobIo,
    pub inputs: Vec<RecipeInput>,
    pub steps: Vec<FittedStep>,
    pub warnings: Vec<String>,
    /// Columns of numbers without gaps, whatever the row.
    pub filled: BTreeSet<String>,
    pub scaled: BTreeSet<String>,
}

impl<'a> Fitter<'a> {
    pub fn has_target(&self) -> bool {
        self.target.is_some()
    }

    /// Fits one step and applies it.
    pub fn step(&mut self, spec: &StepSpec) -> Result<(), RecipeError> {
        let mut names = self.chosen(spec)?;
        if spec.keep {
            names = self.copy(&names, &word(&spec.rule))?;
        }
        let problem = |problem: String| RecipeError::Step { number: 0, step: word(&spec.rule), problem };
        match &spec.rule {
            StepRule::Impute { with, indicator } => self.impute(&names, with, *indicator),
            StepRule::Scale { method } => self.scale(&names, *method),
            StepRule::OneHot { max_categories, unknown } => self.one_hot(&names, *max_categories, *unknown),
            StepRule::Ordinal => {
                let columns = self.of_texts(&names, lookup::ordinal)?;
                self.forget(&names);
                self.push(FittedStep::Lookup { kind: LookupKind::Ordinal, columns })
            }
            StepRule::Frequency => {
                let columns = self.of_texts(&names, lookup::frequency)?;
                self.filled.extend(names);
                self.push(FittedStep::Lookup { kind: LookupKind::Frequency, columns })
            }
            StepRule::TargetMean { folds, smoothing } => self.target_mean(&names, *folds, *smoothing, &problem),
            StepRule::GroupRare { min_rows, max_categories } => self.group_rare(&names, *min_rows, *max_categories),
            StepRule::Bin { method, bins } => {
                let columns = self.of_numbers(&names, |name, values| bins::fit(name, values, *method, *bins))?;
                self.push(FittedStep::Bin { columns })
            }
            StepRule::DateParts { parts, reference_ms } => {
                let fit = |name: &String| {
                    let dates = self.frame.numbers(name)?;
                    Ok(date_parts::fit(name, dates, parts, *reference_ms, &self.frame))
                };
                let columns = names.iter().map(fit).collect::<Result<_, RecipeError>>()?;
                self.push(FittedStep::DateParts { columns })
            }
            StepRule::TextLength => {
                let columns: Vec<Renamed> = names.iter().map(|name| words::fit_length(name, &self.frame)).collect();
                self.filled.extend(columns.iter().map(|c| c.into.clone()));
                self.push(FittedStep::TextLength { columns })
            }
            StepRule::Words { weight, max_words } => {
                let fit = |name: &String| words::fit(name, *weight, *max_words, &self.frame);
                let columns = names.iter().map(fit).collect::<Result<Vec<_>, _>>()?;
                self.filled.extend(columns.iter().flat_map(|c| c.words.iter().map(|w| w.2.clone())));
                self.push(FittedStep::Words { columns })
            }
            StepRule::HashWords { columns_made } => {
                let fit = |name: &String| words::fit_hashed(name, *columns_made, &self.frame);
                let columns: Vec<_> = names.iter().map(fit).collect();
                self.filled.extend(columns.iter().flat_map(|c| c.into.iter().cloned()));
                self.push(FittedStep::HashWords { columns })
            }
            StepRule::Combine { how } => {
                let columns = combine::fit(&names, *how, &self.frame).map_err(problem)?;
                self.push(FittedStep::Combine { columns })
            }
            StepRule::Group { by, aggregates } => {
                let columns = groups::fit(&names, by, aggregates, &self.frame)?;
                self.push(FittedStep::Lookup { kind: groups::KIND, columns })
            }
            StepRule::Formula { name, expression } => {
                let computed = formula::fit(name, expression, &self.frame).map_err(problem)?;
                self.forget(std::slice::from_ref(name));
                self.push(FittedStep::Formula { columns: vec![computed] })
            }
            StepRule::Clip { limits } => {
                let columns = self.of_numbers(&names, |name, values| clip::fit(name, values, *limits))?;
                self.push(FittedStep::Clip { columns: columns.into_iter().flatten().collect() })
            }
            StepRule::Select { by } => {
                let columns = select::fit(&names, by, self.target, &self.frame, self.io)?;
                self.push(FittedStep::Drop { columns })
            }
            StepRule::Drop => self.push(FittedStep::Drop { columns: names }),
        }
    }

    /// Applies a step to the training rows and keeps it; a step without columns does nothing.
    pub fn push(&mut self, step: FittedStep) -> Result<(), RecipeError> {
        if !step.reads().is_empty() {
            self.io.progress(step.title(), None)?;
            apply::apply(&step, &mut self.frame)?;
            self.steps.push(step);
        }
        Ok(())
    }

    /// The columns a step reads. Named ones must be there; a kind may have none.
    fn chosen(&self, spec: &StepSpec) -> Result<Vec<String>, RecipeError> {
        let suits = |column: &Column<'_>| {
            use StepRule as R;
            match (&spec.rule, column) {
                (R::Drop | R::Select { .. }, _) => true,
                (R::Impute { with: FillRule::Mean | FillRule::Median | FillRule::Number(_), .. }, column) => {
                    matches!(column, Column::Numbers(_))
                }
                (R::Impute { with: FillRule::Text(_), .. }, column) => matches!(column, Column::Texts(_)),
                (R::Impute { .. }, column) => matches!(column, Column::Numbers(_) | Column::Texts(_)),
                (R::DateParts { .. }, column) => matches!(column, Column::Dates(_)),
                (
                    R::OneHot { .. }
                    | R::Ordinal
                    | R::Frequency
                    | R::TargetMean { .. }
                    | R::GroupRare { .. }
                    | R::TextLength
                    | R::Words { .. }
                    | R::HashWords { .. },
                    column,
                ) => matches!(column, Column::Texts(_)),
                (_, column) => matches!(column, Column::Numbers(_)),
            }
        };
        let of_kind = |wanted: fn(&Column<'_>) -> bool| {
            let found = self.frame.iter().filter(|(_, column)| wanted(column) && suits(column));
            Ok(found.map(|(name, _)| name.to_owned()).collect())
        };
        match &spec.columns {
            Columns::All => of_kind(|_| true),
            Columns::Numbers => of_kind(|column| matches!(column, Column::Numbers(_))),
            Columns::Texts => of_kind(|column| matches!(column, Column::Texts(_))),
            Columns::Dates => of_kind(|column| matches!(column, Column::Dates(_))),
            Columns::Named(names) => {
                for (at, name) in names.iter().enumerate() {
                    if !suits(self.frame.column(name)?) {
                        return Err(RecipeError::mismatch(name, "is of a kind that the step cannot take"));
                    }
                    if names[..at].contains(name) {
                        return Err(RecipeError::mismatch(name, "is named twice"));
                    }
                }
                Ok(names.clone())
            }
        }
    }

    fn copy(&mut self, names: &[String], word: &str) -> Result<Vec<String>, RecipeError> {
        let into = |name: &String| self.frame.free_name(&format!("{name}.{}", word.replace(' ', "_")));
        let columns: Vec<Renamed> =
            names.iter().map(|name| Renamed { column: name.clone(), into: into(name) }).collect();
        let copies: Vec<String> = columns.iter().map(|c| c.into.clone()).collect();
        for Renamed { column, into } in &columns {
            if self.filled.contains(column) {
                self.filled.insert(into.clone());
            }
        }
        self.push(FittedStep::Copy { columns })?;
        Ok(copies)
    }

    /// What was known about these columns is not true any more.
    fn forget(&mut self, names: &[String]) {
        for name in names {
            self.filled.remove(name);
            self.scaled.remove(name);
        }
    }

    fn of_numbers<T: Send>(
        &self,
        names: &[String],
        fit: impl Fn(&str, &[f64]) -> T + Sync,
    ) -> Result<Vec<T>, RecipeError> {
        let frame = &self.frame;
        let work = |name: &String| Ok(fit(name, frame.numbers(name)?));
        let doing = (self.io, "Fitting the recipe");
        parallel::map_in_turns(names.iter().collect(), self.frame.n_rows, doing, work)?.into_iter().collect()
    }

    pub fn of_texts<T: Send>(
        &self,
        names: &[String],
        fit: impl Fn(&str, &super::column::Texts<'a>) -> T + Sync,
    ) -> Result<Vec<T>, RecipeError> {
        let frame = &self.frame;
        let work = |name: &String| Ok(fit(name, frame.texts(name)?));
        let doing = (self.io, "Fitting the recipe");
        parallel::map_in_turns(names.iter().collect(), self.frame.n_rows, doing, work)?.into_iter().collect()
    }

    pub fn impute(&mut self, names: &[String], with: &FillRule, indicator: bool) -> Result<(), RecipeError> {
        let (numbers, texts): (Vec<String>, Vec<String>) =
            names.iter().cloned().partition(|name| matches!(self.frame.get(name), Some(Column::Numbers(_))));
        let mark = |name: &str| indicator.then(|| self.frame.free_name(&format!("{name}.missing")));
        let fills = self.of_numbers(&numbers, |_, values| impute::value(values, with))?;
        let mut columns = Vec::new();
        for (name, fill) in numbers.iter().zip(fills) {
            if fill.is_none() {
                let text = format!("`{name}` has no value in the training rows; it counts as 0 everywhere");
                self.warnings.push(text);
            }
            columns.push(Filled { column: name.clone(), value: fill.unwrap_or(0.0), indicator: mark(name) });
        }
        let fill_text = |name: &String| {
            let most = self.frame.texts(name)?.by_frequency().first().map(|(value, _)| (*value).to_owned());
            let value = if let FillRule::Text(value) = with { Some(value.clone()) } else { most };
            Ok(value.map(|value| FilledText { column: name.clone(), value, indicator: mark(name) }))
        };
        let filled_texts: Vec<_> = texts.iter().map(fill_text).collect::<Result<_, RecipeError>>()?;
        if let Some(bad) = columns.iter().find(|c| !c.value.is_finite()) {
            return Err(RecipeError::mismatch(&bad.column, "cannot be filled with a number that is not finite"));
        }
        if matches!(with, FillRule::Text(text) if text.is_empty()) {
            return Err(RecipeError::mismatch(&names.join("`, `"), "cannot be filled with an empty text"));
        }
        self.filled.extend(numbers);
        self.filled.extend(columns.iter().filter_map(|c| c.indicator.clone()));
        self.push(FittedStep::Impute { columns })?;
        self.push(FittedStep::ImputeText { columns: filled_texts.into_iter().flatten().collect() })
    }

    pub fn scale(&mut self, names: &[String], method: Scaling) -> Result<(), RecipeError> {
        self.scaled.extend(names.iter().cloned());
        match method {
            Scaling::None => Ok(()),
            Scaling::Quantile => {
                let columns = self.of_numbers(names, quantile::fit)?;
                self.push(FittedStep::Quantile { columns })
            }
            Scaling::Power => {
                // Each is tried with many exponents: a pair at a time, so that cancelling need not wait.
                let pairs = names.chunks(2).map(|pair| self.of_numbers(pair, power::fit));
                let columns = pairs.collect::<Result<Vec<_>, _>>()?.concat();
                self.push(FittedStep::Power { columns })
            }
            Scaling::Standard | Scaling::Robust | Scaling::MinMax => {
                let columns = self.of_numbers(names, |name, values| {
                    let (center, scale) = scale::fit(method, values);
                    Scaled { column: name.to_owned(), center, scale }
                })?;
                self.push(FittedStep::Scale { method, columns })
            }
        }
    }

    fn group_rare(&mut self, names: &[String], min_rows: u64, max_categories: usize) -> Result<(), RecipeError> {
        let columns = self.of_texts(names, |name, texts| rare::fit(name, texts, min_rows, max_categories))?;
        self.push(FittedStep::GroupRare { columns: columns.into_iter().flatten().collect() })
    }

    pub fn one_hot(&mut self, names: &[String], most: usize, unknown: UnknownCategory) -> Result<(), RecipeError> {
        for name in names {
            let n = self.frame.texts(name)?.by_frequency().len();
            if n > most {
                self.warnings.push(format!(
                    "`{name}` has {n} categories in the training rows; the {most} most frequent are kept, the others count \
                     as one"
                ));
            }
        }
        self.group_rare(names, 1, most)?;
        let mut columns = Vec::new();
        for name in names {
            columns.push(one_hot::fit(name, self.frame.texts(name)?, unknown, &mut self.warnings));
        }
        self.push(FittedStep::OneHot { columns })
    }

    fn target_mean(
        &mut self,
        names: &[String],
        folds: u32,
        smoothing: Option<f64>,
        problem: &dyn Fn(String) -> RecipeError,
    ) -> Result<(), RecipeError> {
        let target = self.target.ok_or_else(|| problem("it needs the target, which is not known here".to_owned()))?;
        let folds = folds as usize;
        if folds < 2 || folds > target.len() {
            let text = format!("{folds} parts cannot be made of {} training rows; at least 2 are needed", target.len());
            return Err(problem(text));
        }
        if smoothing.is_some_and(|m| !(m >= 0.0 && m.is_finite())) {
            return Err(problem("smoothing must be 0 or more".to_owned()));
        }
        let rule = target_mean::Rule { folds, smoothing, seed: self.seed };
        let means = target_mean::fit(names, target, rule, &self.frame, self.io)?;
        let written: BTreeSet<&String> = means.lookups.iter().map(|lookup| &lookup.into).collect();
        let gone = names.iter().filter(|name| !written.contains(name)).cloned().collect();
        self.push(FittedStep::Lookup { kind: target_mean::KIND, columns: means.lookups })?;
        self.push(FittedStep::Drop { columns: gone })?;
        for (name, numbers) in means.training {
            self.frame.put(&name, Column::Numbers(numbers));
            self.filled.insert(name);
        }
        Ok(())
    }
}
