//! The kinds of steps: what each is called, what it is for, and how it starts.

use crate::domain::recipe::{
    Aggregate, Binning, ClipRule, Columns, Combination, DatePart, FillRule, Scaling, SelectRule, StepRule, StepSpec,
    UnknownCategory, WordWeight,
};
use crate::ui::format;

/// One kind of step to add.
pub struct Kind {
    pub title: &'static str,
    pub help: &'static str,
    start: fn() -> (Columns, StepRule),
}

impl Kind {
    /// As it is added: sensible settings that can be changed.
    pub fn step(&self) -> StepSpec {
        let (columns, rule) = (self.start)();
        let keep = matches!(rule, StepRule::Combine { .. } | StepRule::Group { .. } | StepRule::Formula { .. });
        StepSpec { columns, keep, rule }
    }
}

pub const KINDS: &[Kind] = &[
    Kind {
        title: "Fill gaps",
        help: "Missing cells get a value; optionally a column says where",
        start: || (Columns::Numbers, StepRule::Impute { with: FillRule::Median, indicator: false }),
    },
    Kind {
        title: "Clip outliers",
        help: "Values beyond limits become the limits",
        start: || (Columns::Numbers, StepRule::Clip { limits: ClipRule::Quantiles(0.01, 0.99) }),
    },
    Kind {
        title: "Scale numbers",
        help: "To a common size: standard, robust, min–max, quantile, power",
        start: || (Columns::Numbers, StepRule::Scale { method: Scaling::Standard }),
    },
    Kind {
        title: "Bin numbers",
        help: "The number of the interval a value falls in",
        start: || (Columns::Numbers, StepRule::Bin { method: Binning::Quantile, bins: 10 }),
    },
    Kind {
        title: "Group rare categories",
        help: "Categories with few rows become one",
        start: || (Columns::Texts, StepRule::GroupRare { min_rows: 20, max_categories: 100 }),
    },
    Kind {
        title: "One indicator per category",
        help: "One-hot encoding",
        start: || (Columns::Texts, StepRule::OneHot { max_categories: 100, unknown: UnknownCategory::Ignore }),
    },
    Kind {
        title: "Number categories",
        help: "The position of the category among the sorted ones (ordinal encoding)",
        start: || (Columns::Texts, StepRule::Ordinal),
    },
    Kind {
        title: "Frequency of categories",
        help: "The share of training rows with the category",
        start: || (Columns::Texts, StepRule::Frequency),
    },
    Kind {
        title: "Target mean by category",
        help: "Out-of-fold target encoding: the mean of the target, from other rows",
        start: || (Columns::Texts, StepRule::TargetMean { folds: 5, smoothing: None }),
    },
    Kind {
        title: "Parts of dates",
        help: "Year, month, weekday, hour, days since",
        start: || {
            (
                Columns::Dates,
                StepRule::DateParts {
                    parts: vec![DatePart::Month, DatePart::Weekday, DatePart::Days],
                    reference_ms: None,
                },
            )
        },
    },
    Kind { title: "Length of texts", help: "The number of characters", start: || (named(), StepRule::TextLength) },
    Kind {
        title: "Words of texts",
        help: "One column per frequent word, counted or weighed (TF-IDF)",
        start: || (named(), StepRule::Words { weight: WordWeight::TfIdf, max_words: 100 }),
    },
    Kind {
        title: "Hashed words of texts",
        help: "Words counted in a fixed number of columns",
        start: || (named(), StepRule::HashWords { columns_made: 64 }),
    },
    Kind {
        title: "Combine pairs",
        help: "A new column of every pair: product, ratio, sum, difference",
        start: || (named(), StepRule::Combine { how: Combination::Product }),
    },
    Kind {
        title: "Aggregate by group",
        help: "Mean, smallest, largest … of numbers in each category of a column",
        start: || (Columns::Numbers, StepRule::Group { by: String::new(), aggregates: vec![Aggregate::Mean] }),
    },
    Kind {
        title: "Formula",
        help: "A new column such as log(charge) / (months + 1)",
        start: || (Columns::All, StepRule::Formula { name: "new_column".to_owned(), expression: String::new() }),
    },
    Kind {
        title: "Select columns",
        help: "Keep the numbers that say most",
        start: || (Columns::Numbers, StepRule::Select { by: SelectRule::Correlation(20) }),
    },
    Kind { title: "Drop columns", help: "Leave columns out from here on", start: || (named(), StepRule::Drop) },
];

fn named() -> Columns {
    Columns::Named(Vec::new())
}

/// The title of a step, and in short what it does to what.
pub fn described(step: &StepSpec) -> (&'static str, String) {
    let same = |kind: &&Kind| std::mem::discriminant(&(kind.start)().1) == std::mem::discriminant(&step.rule);
    let title = KINDS.iter().find(same).map_or("Step", |kind| kind.title);
    let how = match &step.rule {
        StepRule::Impute { with, .. } => fill_word(with),
        StepRule::Scale { method } => scaling_word(*method).to_owned(),
        StepRule::Bin { bins, .. } => format!("{bins} bins"),
        StepRule::GroupRare { min_rows, .. } => format!("below {}", format::counted(*min_rows, "row", "rows")),
        StepRule::Combine { how } => how.sign().to_owned(),
        StepRule::Group { by, aggregates } => {
            let words: Vec<&str> = aggregates.iter().map(|a| a.as_str()).collect();
            format!("{} by {by}", words.join(", "))
        }
        StepRule::Formula { name, expression } => return (title, format!("{name} = {expression}")),
        StepRule::DateParts { parts, .. } => parts.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", "),
        StepRule::Words { max_words, .. } => format::counted(*max_words as u64, "word", "words"),
        _ => String::new(),
    };
    let columns = columns_word(&step.columns);
    (title, if how.is_empty() { columns } else { format!("{columns} · {how}") })
}

pub fn columns_word(columns: &Columns) -> String {
    match columns {
        Columns::All => "all columns".to_owned(),
        Columns::Numbers => "all numbers".to_owned(),
        Columns::Texts => "all texts".to_owned(),
        Columns::Dates => "all dates".to_owned(),
        Columns::Named(names) if names.is_empty() => "no column yet".to_owned(),
        Columns::Named(names) => names.join(", "),
    }
}

pub fn fill_word(with: &FillRule) -> String {
    match with {
        FillRule::Mean => "mean".to_owned(),
        FillRule::Median => "median".to_owned(),
        FillRule::Mode => "most frequent".to_owned(),
        FillRule::Number(value) => format::number(*value),
        FillRule::Text(text) => format!("“{text}”"),
    }
}

pub fn scaling_word(method: Scaling) -> &'static str {
    match method {
        Scaling::None => "none",
        Scaling::Standard => "standard (mean 0, deviation 1)",
        Scaling::Robust => "robust (median 0, quartiles 1 apart)",
        Scaling::MinMax => "min–max (0 to 1)",
        Scaling::Quantile => "quantile (share of rows below)",
        Scaling::Power => "power (towards a normal shape)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_step_describes_itself() {
        for kind in KINDS {
            assert_eq!(described(&kind.step()).0, kind.title);
        }
        let step = StepSpec::new(
            Columns::Named(vec!["age".into(), "charge".into()]),
            StepRule::Impute { with: FillRule::Number(0.5), indicator: true },
        );
        assert_eq!(described(&step), ("Fill gaps", "age, charge · 0.5".to_owned()));
    }
}
