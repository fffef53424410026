//! The automatic recipe: what is left to do before a learner of a family can read the columns.

use super::column::{Column, Frame};
use super::fit::Fitter;
use super::{RecipeError, date_parts, one_hot};
use crate::domain::recipe::{FillRule, FittedStep, NumericImpute, RecipeSpec, RecipeStyle};

impl Fitter<'_> {
    /// Dates become parts. Then categories get codes and gaps stay, for those who can read them; for the others gaps are
    /// filled, numbers scaled and categories made indicators, as far as steps of one's own have not done it.
    pub fn finish(&mut self, spec: &RecipeSpec) -> Result<(), RecipeError> {
        let of = |frame: &Frame<'_>, wanted: fn(&Column<'_>) -> bool| -> Vec<String> {
            frame.iter().filter(|(_, column)| wanted(column)).map(|(name, _)| name.to_owned()).collect()
        };
        let dates = of(&self.frame, |column| matches!(column, Column::Dates(_)));
        let mut columns = Vec::new();
        for name in &dates {
            let values = self.frame.numbers(name)?;
            columns.push(date_parts::fit(name, values, &date_parts::usual_parts(values), None, &self.frame));
        }
        self.push(FittedStep::DateParts { columns })?;
        let texts = of(&self.frame, |column| matches!(column, Column::Texts(_)));
        if spec.style == RecipeStyle::Native {
            let columns = self.of_texts(&texts, one_hot::fit_codes)?;
            return self.push(FittedStep::Category { columns });
        }
        let mut numbers = of(&self.frame, |column| matches!(column, Column::Numbers(_)));
        let gaps: Vec<String> = numbers.iter().filter(|name| !self.filled.contains(*name)).cloned().collect();
        let rule = match spec.numeric_impute {
            NumericImpute::Mean => FillRule::Mean,
            NumericImpute::Median => FillRule::Median,
        };
        self.impute(&gaps, &rule, false)?;
        numbers.retain(|name| !self.scaled.contains(name));
        self.scale(&numbers, spec.scaling)?;
        self.one_hot(&texts, spec.max_categories, spec.unknown_category)
    }

    /// The columns for the learner: all that are left.
    pub fn features(&self) -> Vec<String> {
        self.frame.iter().map(|(name, _)| name.to_owned()).collect()
    }
}
