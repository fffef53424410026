//! A rule in plain words: what it is about, and what is expected of that.

use super::rule::{Bounds, Rule, Scalar, Test, Which};
use crate::domain::words::thousands;

/// Values that a sentence names.
const NAMED: usize = 8;

impl Rule {
    /// The rule in one sentence, no full stop: "Cells of `age` are between 0 and 120, at least 95 % of them".
    pub fn describe(&self) -> String {
        let mut text = format!("{} {} {}", self.test.subject(), self.test.verb(), self.test.expected());
        if self.mostly < 1.0 {
            text.push_str(&format!(", at least {} of them", percent(self.mostly)));
        }
        if let Some(filter) = &self.only_where {
            text.push_str(&format!(", where {filter}"));
        }
        text
    }
}

impl Test {
    /// The word for it in suite files: `column_values_between`.
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value.get("test").and_then(|name| name.as_str()).unwrap_or_default().to_owned()
    }

    /// `COLUMN_VALUES_BETWEEN`: the code of what it finds.
    pub fn code(&self) -> String {
        self.name().to_uppercase()
    }

    /// A few words for a list: "Column values between".
    pub fn title(&self) -> String {
        let words = self.name().replace('_', " ");
        let mut chars = words.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }

    /// The columns it names, in the order they are written.
    pub fn columns(&self) -> Vec<String> {
        use Test as T;
        match self {
            T::TableRowCountBetween(_)
            | T::TableRowCountEquals { .. }
            | T::TableRowCountLikeReference { .. }
            | T::TableColumnCountBetween(_)
            | T::TableColumnCountEquals { .. } => Vec::new(),
            T::TableColumnsMatchSet { columns, .. }
            | T::TableColumnsWithin { columns }
            | T::TableColumnsInOrder { columns }
            | T::TableColumnsMatchOrder { columns }
            | T::CompoundColumnsUnique { columns }
            | T::MulticolumnSumEquals { columns, .. }
            | T::SelectColumnValuesUniqueWithinRecord { columns } => columns.clone(),
            T::ColumnPairValuesAGreaterThanB { column_a, column_b, .. }
            | T::ColumnPairValuesEqual { column_a, column_b }
            | T::ColumnPairValuesInSet { column_a, column_b, .. }
            | T::ColumnPairCramersVBelow { column_a, column_b, .. } => vec![column_a.clone(), column_b.clone()],
            T::RowsSatisfy { expression } => crate::domain::expression::parse(expression)
                .map(|e| e.columns().into_iter().map(str::to_owned).collect())
                .unwrap_or_default(),
            _ => self.column().map(str::to_owned).into_iter().collect(),
        }
    }

    /// The one column it is about.
    pub fn column(&self) -> Option<&str> {
        use Test as T;
        match self {
            T::ColumnExists { column }
            | T::ColumnOfKind { column, .. }
            | T::ColumnValuesNotNull { column }
            | T::ColumnValuesNull { column }
            | T::ColumnValuesUnique { column }
            | T::ColumnValuesInSet { column, .. }
            | T::ColumnValuesNotInSet { column, .. }
            | T::ColumnValuesBetween { column, .. }
            | T::ColumnValueLengthsBetween { column, .. }
            | T::ColumnValueLengthsEqual { column, .. }
            | T::ColumnValuesMatchRegex { column, .. }
            | T::ColumnValuesNotMatchRegex { column, .. }
            | T::ColumnValuesMatchRegexList { column, .. }
            | T::ColumnValuesNotMatchRegexList { column, .. }
            | T::ColumnValuesMatchLikePattern { column, .. }
            | T::ColumnValuesNotMatchLikePattern { column, .. }
            | T::ColumnValuesMatchLikePatternList { column, .. }
            | T::ColumnValuesNotMatchLikePatternList { column, .. }
            | T::ColumnValuesMatchStrftimeFormat { column, .. }
            | T::ColumnValuesDateParseable { column }
            | T::ColumnValuesJsonParseable { column }
            | T::ColumnValuesStartWith { column, .. }
            | T::ColumnValuesEndWith { column, .. }
            | T::ColumnValuesContain { column, .. }
            | T::ColumnValuesFinite { column }
            | T::ColumnValuesIncreasing { column, .. }
            | T::ColumnValuesDecreasing { column, .. }
            | T::ColumnValueZScoresBelow { column, .. }
            | T::ColumnValuesInReferenceSet { column }
            | T::ColumnValuesInReferenceRange { column }
            | T::ColumnMinBetween { column, .. }
            | T::ColumnMaxBetween { column, .. }
            | T::ColumnMeanBetween { column, .. }
            | T::ColumnMedianBetween { column, .. }
            | T::ColumnStdevBetween { column, .. }
            | T::ColumnSumBetween { column, .. }
            | T::ColumnQuantileValuesBetween { column, .. }
            | T::ColumnUniqueValueCountBetween { column, .. }
            | T::ColumnProportionOfUniqueValuesBetween { column, .. }
            | T::ColumnProportionOfNullValuesBetween { column, .. }
            | T::ColumnMostCommonValueInSet { column, .. }
            | T::ColumnDistinctValuesInSet { column, .. }
            | T::ColumnDistinctValuesContainSet { column, .. }
            | T::ColumnDistinctValuesEqualSet { column, .. }
            | T::ColumnKsPValueAbove { column, .. }
            | T::ColumnNormalKsPValueAbove { column, .. }
            | T::ColumnChisquarePValueAbove { column, .. }
            | T::ColumnKlDivergenceBelow { column, .. }
            | T::ColumnPsiBelow { column, .. }
            | T::ColumnCramersVBelow { column, .. }
            | T::ColumnWassersteinBelow { column, .. } => Some(column),
            _ => None,
        }
    }

    /// Is it judged cell by cell, or row by row, so that a share of them may fail?
    pub fn is_about_rows(&self) -> bool {
        let name = self.name();
        let cells = name.starts_with("column_value") || name.starts_with("column_pair_values");
        cells
            || matches!(
                self,
                Self::CompoundColumnsUnique { .. }
                    | Self::MulticolumnSumEquals { .. }
                    | Self::SelectColumnValuesUniqueWithinRecord { .. }
                    | Self::RowsSatisfy { .. }
            )
    }

    /// Does it take a smallest and a largest value?
    pub(super) fn has_bounds(&self) -> bool {
        let name = self.name();
        name.ends_with("_between") && !matches!(self, Self::ColumnQuantileValuesBetween { .. })
    }

    /// Does it compare with a reference?
    pub fn needs_reference(&self) -> bool {
        matches!(
            self,
            Self::TableRowCountLikeReference { .. }
                | Self::ColumnValuesInReferenceSet { .. }
                | Self::ColumnValuesInReferenceRange { .. }
                | Self::ColumnKsPValueAbove { .. }
                | Self::ColumnChisquarePValueAbove { .. }
                | Self::ColumnKlDivergenceBelow { .. }
                | Self::ColumnPsiBelow { .. }
                | Self::ColumnCramersVBelow { .. }
                | Self::ColumnWassersteinBelow { .. }
        )
    }

    /// What it is about: "Cells of `age`", "The mean of `age`".
    pub fn subject(&self) -> String {
        use Test as T;
        let of = |what: &str| format!("{what} of {}", self.named());
        match self {
            T::TableRowCountBetween(_) | T::TableRowCountEquals { .. } | T::TableRowCountLikeReference { .. } => {
                "The number of rows".to_owned()
            }
            T::TableColumnCountBetween(_) | T::TableColumnCountEquals { .. } => "The number of columns".to_owned(),
            T::TableColumnsMatchSet { .. }
            | T::TableColumnsWithin { .. }
            | T::TableColumnsInOrder { .. }
            | T::TableColumnsMatchOrder { .. } => "The columns".to_owned(),
            T::ColumnExists { .. } | T::ColumnOfKind { .. } => format!("Column {}", self.named()),
            T::ColumnMinBetween { .. } => of("The smallest value"),
            T::ColumnMaxBetween { .. } => of("The largest value"),
            T::ColumnMeanBetween { .. } => of("The mean"),
            T::ColumnMedianBetween { .. } => of("The median"),
            T::ColumnStdevBetween { .. } => of("The standard deviation"),
            T::ColumnSumBetween { .. } => of("The sum"),
            T::ColumnQuantileValuesBetween { .. } => of("The quantiles"),
            T::ColumnUniqueValueCountBetween { .. } => of("The number of different values"),
            T::ColumnProportionOfUniqueValuesBetween { .. } => of("The share of different values"),
            T::ColumnProportionOfNullValuesBetween { .. } => of("The share of missing cells"),
            T::ColumnMostCommonValueInSet { .. } => of("The most frequent value"),
            T::ColumnDistinctValuesInSet { .. }
            | T::ColumnDistinctValuesContainSet { .. }
            | T::ColumnDistinctValuesEqualSet { .. } => of("The different values"),
            T::ColumnPairCramersVBelow { .. } => of("Cramér's V"),
            T::ColumnKsPValueAbove { .. } => {
                format!("The p-value of a Kolmogorov–Smirnov test of {} against the reference", self.named())
            }
            T::ColumnNormalKsPValueAbove { mean, std, .. } => format!(
                "The p-value of a Kolmogorov–Smirnov test of {} against a normal distribution of mean {mean} and \
                 standard deviation {std}",
                self.named()
            ),
            T::ColumnChisquarePValueAbove { .. } => {
                format!("The p-value of a chi-square test of {} against the reference", self.named())
            }
            T::ColumnKlDivergenceBelow { .. } => {
                format!("The Kullback–Leibler divergence of {} from the reference", self.named())
            }
            T::ColumnPsiBelow { .. } => {
                format!("The population stability index of {} against the reference", self.named())
            }
            T::ColumnCramersVBelow { .. } => format!("Cramér's V of {} against the reference", self.named()),
            T::ColumnWassersteinBelow { .. } => {
                format!("The Wasserstein distance of {} from the reference", self.named())
            }
            _ if self.column().is_some() => format!("Cells of {}", self.named()),
            T::RowsSatisfy { .. } => "Rows".to_owned(),
            T::ColumnPairValuesAGreaterThanB { column_a, .. } | T::ColumnPairValuesEqual { column_a, .. } => {
                format!("Cells of {}", name(column_a))
            }
            _ => of("The values"),
        }
    }

    /// "is" or "are", as the subject wants it.
    pub fn verb(&self) -> &'static str {
        let subject = self.subject();
        let many = ["Cells", "Rows", "The columns", "The quantiles", "The different values", "The values"];
        if many.iter().any(|start| subject.starts_with(start)) { "are" } else { "is" }
    }

    /// What the subject is when the rule holds: "between 0 and 120".
    pub fn expected(&self) -> String {
        use Test as T;
        match self {
            T::TableRowCountBetween(bounds)
            | T::TableColumnCountBetween(bounds)
            | T::ColumnValuesBetween { bounds, .. }
            | T::ColumnMinBetween { bounds, .. }
            | T::ColumnMaxBetween { bounds, .. }
            | T::ColumnMeanBetween { bounds, .. }
            | T::ColumnMedianBetween { bounds, .. }
            | T::ColumnStdevBetween { bounds, .. }
            | T::ColumnSumBetween { bounds, .. }
            | T::ColumnUniqueValueCountBetween { bounds, .. }
            | T::ColumnProportionOfUniqueValuesBetween { bounds, .. }
            | T::ColumnProportionOfNullValuesBetween { bounds, .. } => bounds.words(),
            T::TableRowCountEquals { value } | T::TableColumnCountEquals { value } => thousands(*value),
            T::TableRowCountLikeReference { tolerance } => {
                format!("within {} of the reference's", percent(*tolerance))
            }
            T::TableColumnsMatchSet { columns, exact: true } => format!("exactly {}", names(columns)),
            T::TableColumnsMatchSet { columns, exact: false } => format!("at least {}", names(columns)),
            T::TableColumnsWithin { columns } => format!("among {}", names(columns)),
            T::TableColumnsInOrder { columns } => format!("in the order {}", names(columns)),
            T::TableColumnsMatchOrder { columns } => format!("{} in this order", names(columns)),
            T::ColumnExists { .. } => "there".to_owned(),
            T::ColumnOfKind { kinds, .. } => kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or "),
            T::ColumnValuesNotNull { .. } => "present".to_owned(),
            T::ColumnValuesNull { .. } => "missing".to_owned(),
            T::ColumnValuesUnique { .. } => "unique".to_owned(),
            T::ColumnValuesInSet { value_set, .. } | T::ColumnMostCommonValueInSet { value_set, .. } => {
                format!("among {}", values(value_set))
            }
            T::ColumnValuesNotInSet { value_set, .. } => format!("none of {}", values(value_set)),
            T::ColumnDistinctValuesInSet { value_set, .. } => format!("among {}", values(value_set)),
            T::ColumnDistinctValuesContainSet { value_set, .. } => format!("at least {}", values(value_set)),
            T::ColumnDistinctValuesEqualSet { value_set, .. } => format!("exactly {}", values(value_set)),
            T::ColumnValueLengthsBetween { bounds, .. } => format!("{} characters long", bounds.words()),
            T::ColumnValueLengthsEqual { value, .. } => format!("{} characters long", thousands(*value)),
            T::ColumnValuesMatchRegex { regex, .. } => format!("matches of `{regex}`"),
            T::ColumnValuesNotMatchRegex { regex, .. } => format!("without a match of `{regex}`"),
            T::ColumnValuesMatchRegexList { regex_list, match_on, .. } => {
                format!("matches of {}", which(regex_list, *match_on))
            }
            T::ColumnValuesNotMatchRegexList { regex_list, .. } => {
                format!("without a match of {}", which(regex_list, Which::Any))
            }
            T::ColumnValuesMatchLikePattern { like_pattern, .. } => format!("like `{like_pattern}`"),
            T::ColumnValuesNotMatchLikePattern { like_pattern, .. } => format!("unlike `{like_pattern}`"),
            T::ColumnValuesMatchLikePatternList { like_pattern_list, match_on, .. } => {
                format!("like {}", which(like_pattern_list, *match_on))
            }
            T::ColumnValuesNotMatchLikePatternList { like_pattern_list, .. } => {
                format!("unlike {}", which(like_pattern_list, Which::Any))
            }
            T::ColumnValuesMatchStrftimeFormat { strftime_format, .. } => format!("written as `{strftime_format}`"),
            T::ColumnValuesDateParseable { .. } => "dates".to_owned(),
            T::ColumnValuesJsonParseable { .. } => "JSON".to_owned(),
            T::ColumnValuesStartWith { text, .. } => format!("texts that start with {}", quoted(text)),
            T::ColumnValuesEndWith { text, .. } => format!("texts that end with {}", quoted(text)),
            T::ColumnValuesContain { text, .. } => format!("texts that contain {}", quoted(text)),
            T::ColumnValuesFinite { .. } => "finite".to_owned(),
            T::ColumnValuesIncreasing { strictly, .. } => order(*strictly, "larger", "smaller"),
            T::ColumnValuesDecreasing { strictly, .. } => order(*strictly, "smaller", "larger"),
            T::ColumnValueZScoresBelow { threshold, double_sided: true, .. } => {
                format!("less than {threshold} standard deviations from the mean")
            }
            T::ColumnValueZScoresBelow { threshold, double_sided: false, .. } => {
                format!("less than {threshold} standard deviations above the mean")
            }
            T::ColumnValuesInReferenceSet { .. } => "among the reference's values".to_owned(),
            T::ColumnValuesInReferenceRange { .. } => "within the reference's range".to_owned(),
            T::ColumnQuantileValuesBetween { quantiles, .. } => {
                let one = |q: &super::QuantileBounds| format!("{} {}", q.quantile, q.bounds.words());
                quantiles.iter().map(one).collect::<Vec<_>>().join(", ")
            }
            T::ColumnPairValuesAGreaterThanB { column_b, or_equal: true, .. } => {
                format!("at least those of {} in their rows", name(column_b))
            }
            T::ColumnPairValuesAGreaterThanB { column_b, .. } => {
                format!("larger than those of {} in their rows", name(column_b))
            }
            T::ColumnPairValuesEqual { column_b, .. } => format!("equal to those of {} in their rows", name(column_b)),
            T::ColumnPairValuesInSet { value_pairs_set, .. } => {
                let pairs = value_pairs_set.iter().take(NAMED).map(|(a, b)| format!("({}, {})", a.words(), b.words()));
                format!("among {}", listed(pairs.collect(), value_pairs_set.len()))
            }
            T::CompoundColumnsUnique { .. } => "unique together".to_owned(),
            T::MulticolumnSumEquals { sum_total, .. } => format!("{sum_total} in sum in each row"),
            T::SelectColumnValuesUniqueWithinRecord { .. } => "different from each other in each row".to_owned(),
            T::RowsSatisfy { expression } => format!("as `{expression}` says"),
            T::ColumnKsPValueAbove { p_value, .. }
            | T::ColumnNormalKsPValueAbove { p_value, .. }
            | T::ColumnChisquarePValueAbove { p_value, .. } => format!("above {p_value}"),
            T::ColumnPairCramersVBelow { threshold, .. }
            | T::ColumnKlDivergenceBelow { threshold, .. }
            | T::ColumnPsiBelow { threshold, .. }
            | T::ColumnCramersVBelow { threshold, .. }
            | T::ColumnWassersteinBelow { threshold, .. } => format!("below {threshold}"),
        }
    }

    fn named(&self) -> String {
        names(&self.columns())
    }
}

impl Bounds {
    /// "between 0 and 120", "above 0", "at least 1 and below 2"
    pub fn words(&self) -> String {
        let low = self.min.as_ref().map(|min| (if self.strict_min { "above" } else { "at least" }, min.words()));
        let high = self.max.as_ref().map(|max| (if self.strict_max { "below" } else { "at most" }, max.words()));
        match (low, high) {
            (Some((_, low)), Some((_, high))) if !self.strict_min && !self.strict_max => {
                format!("between {low} and {high}")
            }
            (Some((above, low)), Some((below, high))) => format!("{above} {low} and {below} {high}"),
            (Some((above, low)), None) => format!("{above} {low}"),
            (None, Some((below, high))) => format!("{below} {high}"),
            (None, None) => "anything".to_owned(),
        }
    }
}

impl Scalar {
    /// As a sentence shows it: texts between quotes.
    pub fn words(&self) -> String {
        match self {
            Self::Bool(x) => x.to_string(),
            Self::Whole(x) => x.to_string(),
            Self::Number(x) => x.to_string(),
            Self::Text(text) => quoted(text),
        }
    }
}

fn order(strictly: bool, beyond: &str, before: &str) -> String {
    match strictly {
        true => format!("each {beyond} than the one before"),
        false => format!("never {before} than the one before"),
    }
}

fn quoted(text: &str) -> String {
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("\"{cut}\"")
}

fn name(column: &str) -> String {
    format!("`{column}`")
}

fn names(columns: &[String]) -> String {
    listed(columns.iter().take(NAMED).map(|column| name(column)).collect(), columns.len())
}

fn values(set: &[Scalar]) -> String {
    listed(set.iter().take(NAMED).map(Scalar::words).collect(), set.len())
}

fn which(patterns: &[String], which: Which) -> String {
    let joined = listed(patterns.iter().take(NAMED).map(|p| format!("`{p}`")).collect(), patterns.len());
    match which {
        _ if patterns.len() == 1 => joined,
        Which::Any => format!("any of {joined}"),
        Which::All => format!("all of {joined}"),
    }
}

fn listed(shown: Vec<String>, n: usize) -> String {
    let more = n - shown.len();
    let text = shown.join(", ");
    if more > 0 { format!("{text} and {} more", thousands(more as u64)) } else { text }
}

/// A share as a limit says it: `95 %`, `99.9 %`.
pub(super) fn percent(share: f64) -> String {
    let rounded = (share * 1e8).round() / 1e6;
    format!("{rounded} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> String {
        serde_json::from_str::<Rule>(json).unwrap().describe()
    }

    #[test]
    fn rules_are_told_in_one_sentence() {
        let check = |json: &str, expected: &str| assert_eq!(said(json), expected);
        check(
            r#"{"id":"a","test":"column_values_between","column":"age","min_value":0,"max_value":120,"mostly":0.95,
                "only_where":"plan = \"pro\""}"#,
            "Cells of `age` are between 0 and 120, at least 95 % of them, where plan = \"pro\"",
        );
        check(
            r#"{"id":"a","test":"column_mean_between","column":"x","min_value":0.5,"strict_min":true}"#,
            "The mean of `x` is above 0.5",
        );
        check(
            r#"{"id":"a","test":"column_values_in_set","column":"p","value_set":["a",1,true]}"#,
            "Cells of `p` are among \"a\", 1, true",
        );
        check(r#"{"id":"a","test":"table_row_count_equals","value":1000}"#, "The number of rows is 1,000");
        check(r#"{"id":"a","test":"rows_satisfy","expression":"start <= end"}"#, "Rows are as `start <= end` says");
        check(
            r#"{"id":"a","test":"column_ks_p_value_above","column":"x","p_value":0.05}"#,
            "The p-value of a Kolmogorov–Smirnov test of `x` against the reference is above 0.05",
        );
        check(
            r#"{"id":"a","test":"column_pair_values_a_greater_than_b","column_a":"end","column_b":"start"}"#,
            "Cells of `end` are larger than those of `start` in their rows",
        );
    }

    #[test]
    fn a_test_has_a_code_a_title_and_columns() {
        let test = Test::RowsSatisfy { expression: "start <= end and x > 1".into() };
        assert_eq!((test.code().as_str(), test.title().as_str()), ("ROWS_SATISFY", "Rows satisfy"));
        assert_eq!(test.columns(), ["end", "start", "x"]);
        assert!(test.is_about_rows() && !test.needs_reference());
    }
}
