//! The tests a rule can make, with their fields: what a form offers and a list of rules is printed from.

/// What a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Table,
    Column,
    Cells,
    Numbers,
    Several,
    Reference,
}

impl Family {
    pub const ALL: [Self; 6] = [Self::Cells, Self::Column, Self::Numbers, Self::Several, Self::Table, Self::Reference];

    pub fn title(self) -> &'static str {
        match self {
            Self::Table => "The table",
            Self::Column => "A column as such",
            Self::Cells => "The cells of a column",
            Self::Numbers => "A number about a column",
            Self::Several => "Several columns",
            Self::Reference => "Against a reference",
        }
    }
}

/// How a field is written in a form, and what it is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Column,
    /// One name a line.
    Columns,
    Number,
    Whole,
    /// A whole number that may be left out.
    Length,
    /// A number or a date that may be left out.
    Bound,
    Text,
    /// One a line.
    Texts,
    /// One value a line.
    Scalars,
    /// Words of [`crate::domain::schema::ColumnKind`], with commas between.
    Kinds,
    /// `any` or `all`.
    Which,
    Flag,
    /// Two values a line, with a comma between.
    Pairs,
    /// Quantile, smallest and largest a line, with commas between.
    Quantiles,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its name in a file.
    pub name: &'static str,
    pub kind: FieldKind,
}

impl Field {
    /// Its name in a form: "Smallest".
    pub fn title(&self) -> &'static str {
        match self.name {
            "column" => "Column",
            "column_a" => "First column",
            "column_b" => "Second column",
            "columns" => "Columns",
            "min_value" => "At least",
            "max_value" => "At most",
            "strict_min" => "Strictly more",
            "strict_max" => "Strictly less",
            "value" => "Equal to",
            "value_set" => "Values",
            "value_pairs_set" => "Pairs",
            "kinds" => "Kinds",
            "regex" | "like_pattern" => "Pattern",
            "regex_list" | "like_pattern_list" => "Patterns",
            "match_on" => "Has to match",
            "strftime_format" => "Format",
            "text" => "Text",
            "expression" => "Condition",
            "strictly" => "Never equal",
            "double_sided" => "On both sides",
            "or_equal" => "Or equal",
            "exact" => "No others",
            "quantiles" => "Quantiles",
            "tolerance" => "Tolerance",
            "threshold" => "Below",
            "p_value" => "Smallest p-value",
            "mean" => "Mean",
            "std" => "Standard deviation",
            "sum_total" => "Total",
            other => other,
        }
    }
}

/// A test that a rule can make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TestSpec {
    /// Its name in a file.
    pub name: &'static str,
    pub family: Family,
    /// "Values between"
    pub title: &'static str,
    /// A sentence where the title leaves something open; else empty.
    pub help: &'static str,
    pub fields: &'static [Field],
}

const fn field(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind }
}

const fn spec(
    name: &'static str,
    family: Family,
    title: &'static str,
    help: &'static str,
    fields: &'static [Field],
) -> TestSpec {
    TestSpec { name, family, title, help, fields }
}

/// Every test, in the order of [`super::Test`].
#[rustfmt::skip] // A table: one line a test.
pub const TESTS: &[TestSpec] = &[
    spec("table_row_count_between", Family::Table, "Number of rows between", "", &[field("min_value", FieldKind::Length), field("max_value", FieldKind::Length)]),
    spec("table_row_count_equals", Family::Table, "Number of rows", "", &[field("value", FieldKind::Whole)]),
    spec("table_row_count_like_reference", Family::Reference, "About as many rows as the reference", "The share more or fewer that is allowed: 0.1 is a tenth", &[field("tolerance", FieldKind::Number)]),
    spec("table_column_count_between", Family::Table, "Number of columns between", "", &[field("min_value", FieldKind::Length), field("max_value", FieldKind::Length)]),
    spec("table_column_count_equals", Family::Table, "Number of columns", "", &[field("value", FieldKind::Whole)]),
    spec("table_columns_match_set", Family::Table, "The columns are these", "In any order; with `exact`, no others beside them", &[field("columns", FieldKind::Columns), field("exact", FieldKind::Flag)]),
    spec("table_columns_match_order", Family::Table, "The columns are these, in this order", "", &[field("columns", FieldKind::Columns)]),
    spec("table_columns_within", Family::Table, "No columns beside these", "Some of them may be absent", &[field("columns", FieldKind::Columns)]),
    spec("table_columns_in_order", Family::Table, "Columns stand in this order", "Those of them that the table has", &[field("columns", FieldKind::Columns)]),
    spec("column_exists", Family::Column, "Column is there", "", &[field("column", FieldKind::Column)]),
    spec("column_of_kind", Family::Column, "Column is of a kind", "", &[field("column", FieldKind::Column), field("kinds", FieldKind::Kinds)]),
    spec("column_values_not_null", Family::Cells, "No missing cells", "", &[field("column", FieldKind::Column)]),
    spec("column_values_null", Family::Cells, "Only missing cells", "", &[field("column", FieldKind::Column)]),
    spec("column_values_unique", Family::Cells, "No value twice", "", &[field("column", FieldKind::Column)]),
    spec("column_values_in_set", Family::Cells, "Only these values", "", &[field("column", FieldKind::Column), field("value_set", FieldKind::Scalars)]),
    spec("column_values_not_in_set", Family::Cells, "None of these values", "", &[field("column", FieldKind::Column), field("value_set", FieldKind::Scalars)]),
    spec("column_values_between", Family::Cells, "Values between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_value_lengths_between", Family::Cells, "Lengths between", "Characters", &[field("column", FieldKind::Column), field("min_value", FieldKind::Length), field("max_value", FieldKind::Length)]),
    spec("column_value_lengths_equal", Family::Cells, "Length", "Characters", &[field("column", FieldKind::Column), field("value", FieldKind::Whole)]),
    spec("column_values_match_regex", Family::Cells, "Matches a pattern", "A regular expression; anywhere in the cell unless it begins with ^ and ends with $", &[field("column", FieldKind::Column), field("regex", FieldKind::Text)]),
    spec("column_values_not_match_regex", Family::Cells, "Does not match a pattern", "", &[field("column", FieldKind::Column), field("regex", FieldKind::Text)]),
    spec("column_values_match_regex_list", Family::Cells, "Matches patterns", "One regular expression a line", &[field("column", FieldKind::Column), field("regex_list", FieldKind::Texts), field("match_on", FieldKind::Which)]),
    spec("column_values_not_match_regex_list", Family::Cells, "Matches none of these patterns", "", &[field("column", FieldKind::Column), field("regex_list", FieldKind::Texts)]),
    spec("column_values_match_like_pattern", Family::Cells, "Matches a LIKE pattern", "% stands for any text, _ for any character", &[field("column", FieldKind::Column), field("like_pattern", FieldKind::Text)]),
    spec("column_values_not_match_like_pattern", Family::Cells, "Does not match a LIKE pattern", "", &[field("column", FieldKind::Column), field("like_pattern", FieldKind::Text)]),
    spec("column_values_match_like_pattern_list", Family::Cells, "Matches LIKE patterns", "", &[field("column", FieldKind::Column), field("like_pattern_list", FieldKind::Texts), field("match_on", FieldKind::Which)]),
    spec("column_values_not_match_like_pattern_list", Family::Cells, "Matches none of these LIKE patterns", "", &[field("column", FieldKind::Column), field("like_pattern_list", FieldKind::Texts)]),
    spec("column_values_match_strftime_format", Family::Cells, "Dates written like", "Such as %Y-%m-%d", &[field("column", FieldKind::Column), field("strftime_format", FieldKind::Text)]),
    spec("column_values_date_parseable", Family::Cells, "Can be read as dates", "", &[field("column", FieldKind::Column)]),
    spec("column_values_json_parseable", Family::Cells, "Can be read as JSON", "", &[field("column", FieldKind::Column)]),
    spec("column_values_start_with", Family::Cells, "Begins with", "", &[field("column", FieldKind::Column), field("text", FieldKind::Text)]),
    spec("column_values_end_with", Family::Cells, "Ends with", "", &[field("column", FieldKind::Column), field("text", FieldKind::Text)]),
    spec("column_values_contain", Family::Cells, "Contains", "", &[field("column", FieldKind::Column), field("text", FieldKind::Text)]),
    spec("column_values_finite", Family::Cells, "No infinite values", "", &[field("column", FieldKind::Column)]),
    spec("column_values_increasing", Family::Cells, "Increasing from row to row", "", &[field("column", FieldKind::Column), field("strictly", FieldKind::Flag)]),
    spec("column_values_decreasing", Family::Cells, "Decreasing from row to row", "", &[field("column", FieldKind::Column), field("strictly", FieldKind::Flag)]),
    spec("column_value_z_scores_below", Family::Cells, "Not far from the mean", "In standard deviations", &[field("column", FieldKind::Column), field("threshold", FieldKind::Number), field("double_sided", FieldKind::Flag)]),
    spec("column_values_in_reference_set", Family::Reference, "Only values that the reference has", "", &[field("column", FieldKind::Column)]),
    spec("column_values_in_reference_range", Family::Reference, "Within the reference's range", "", &[field("column", FieldKind::Column)]),
    spec("column_min_between", Family::Numbers, "Smallest value between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_max_between", Family::Numbers, "Largest value between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_mean_between", Family::Numbers, "Mean between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_median_between", Family::Numbers, "Median between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_stdev_between", Family::Numbers, "Standard deviation between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_sum_between", Family::Numbers, "Sum between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_quantile_values_between", Family::Numbers, "Quantiles between", "A line each: quantile, smallest, largest, such as 0.5, 18, 65", &[field("column", FieldKind::Column), field("quantiles", FieldKind::Quantiles)]),
    spec("column_unique_value_count_between", Family::Numbers, "Distinct values between", "", &[field("column", FieldKind::Column), field("min_value", FieldKind::Length), field("max_value", FieldKind::Length)]),
    spec("column_proportion_of_unique_values_between", Family::Numbers, "Share of distinct values between", "0 to 1", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_proportion_of_null_values_between", Family::Numbers, "Share of missing cells between", "0 to 1", &[field("column", FieldKind::Column), field("min_value", FieldKind::Bound), field("max_value", FieldKind::Bound), field("strict_min", FieldKind::Flag), field("strict_max", FieldKind::Flag)]),
    spec("column_most_common_value_in_set", Family::Numbers, "Most frequent value is one of", "", &[field("column", FieldKind::Column), field("value_set", FieldKind::Scalars)]),
    spec("column_distinct_values_in_set", Family::Numbers, "Distinct values are among", "", &[field("column", FieldKind::Column), field("value_set", FieldKind::Scalars)]),
    spec("column_distinct_values_contain_set", Family::Numbers, "Distinct values include all of", "", &[field("column", FieldKind::Column), field("value_set", FieldKind::Scalars)]),
    spec("column_distinct_values_equal_set", Family::Numbers, "Distinct values are exactly", "", &[field("column", FieldKind::Column), field("value_set", FieldKind::Scalars)]),
    spec("column_pair_values_a_greater_than_b", Family::Several, "One column above the other", "", &[field("column_a", FieldKind::Column), field("column_b", FieldKind::Column), field("or_equal", FieldKind::Flag)]),
    spec("column_pair_values_equal", Family::Several, "Two columns equal", "", &[field("column_a", FieldKind::Column), field("column_b", FieldKind::Column)]),
    spec("column_pair_values_in_set", Family::Several, "Only these pairs", "A line each: first, second", &[field("column_a", FieldKind::Column), field("column_b", FieldKind::Column), field("value_pairs_set", FieldKind::Pairs)]),
    spec("compound_columns_unique", Family::Several, "Together unique", "No two rows with the same values in all of them", &[field("columns", FieldKind::Columns)]),
    spec("multicolumn_sum_equals", Family::Several, "Columns add up to", "", &[field("columns", FieldKind::Columns), field("sum_total", FieldKind::Number)]),
    spec("select_column_values_unique_within_record", Family::Several, "Different within each row", "", &[field("columns", FieldKind::Columns)]),
    spec("rows_satisfy", Family::Several, "Rows satisfy", "Such as start <= end, or total == price * n", &[field("expression", FieldKind::Text)]),
    spec("column_pair_cramers_v_below", Family::Several, "Weakly associated", "Cramér's V, 0 to 1", &[field("column_a", FieldKind::Column), field("column_b", FieldKind::Column), field("threshold", FieldKind::Number)]),
    spec("column_ks_p_value_above", Family::Reference, "Same distribution (Kolmogorov–Smirnov)", "The smallest p-value that passes", &[field("column", FieldKind::Column), field("p_value", FieldKind::Number)]),
    spec("column_normal_ks_p_value_above", Family::Numbers, "Normally distributed (Kolmogorov–Smirnov)", "The smallest p-value that passes", &[field("column", FieldKind::Column), field("mean", FieldKind::Number), field("std", FieldKind::Number), field("p_value", FieldKind::Number)]),
    spec("column_chisquare_p_value_above", Family::Reference, "Same shares (chi-square)", "The smallest p-value that passes", &[field("column", FieldKind::Column), field("p_value", FieldKind::Number)]),
    spec("column_kl_divergence_below", Family::Reference, "Kullback–Leibler divergence below", "Natural logarithm", &[field("column", FieldKind::Column), field("threshold", FieldKind::Number)]),
    spec("column_psi_below", Family::Reference, "Population stability index below", "", &[field("column", FieldKind::Column), field("threshold", FieldKind::Number)]),
    spec("column_cramers_v_below", Family::Reference, "Cramér's V against the reference below", "0 to 1", &[field("column", FieldKind::Column), field("threshold", FieldKind::Number)]),
    spec("column_wasserstein_below", Family::Reference, "Wasserstein distance below", "In standard deviations of the reference", &[field("column", FieldKind::Column), field("threshold", FieldKind::Number)]),
];

/// The test of this name in files.
pub fn find(name: &str) -> Option<&'static TestSpec> {
    TESTS.iter().find(|test| test.name == name)
}
