//! Writing a finding: its parts in one expression, numbers in words.

use crate::data::personal::kind_of;
use crate::data::table::format_number;
use crate::domain::finding::{EXAMPLE_ROWS, Finding, Severity};
use crate::domain::personal::mask;
pub(super) use crate::domain::words::thousands as number;

/// Rows a finding shows.
pub(super) const MOST_ROWS: usize = EXAMPLE_ROWS;
/// Whatever is asked for.
pub const MOST_KEPT: usize = 10_000;

/// A finding about the whole table until [`Draft::column`] names one. The rule's code is added by the runner.
pub(super) struct Draft(Finding);

impl Draft {
    /// `message`: one sentence with its number and limit, no full stop. `hint`: what to do, one sentence.
    pub fn new(severity: Severity, message: String, hint: &str) -> Self {
        Self(Finding {
            code: String::new(),
            severity,
            column: None,
            message,
            hint: hint.to_owned(),
            count: 0,
            share: 0.0,
            rows: Vec::new(),
            observed: None,
            limit: None,
            rule: None,
        })
    }

    pub fn column(mut self, name: &str) -> Self {
        self.0.column = Some(name.to_owned());
        self
    }

    /// `count` of `total` cells, rows or values are concerned.
    pub fn count(mut self, count: u64, total: u64) -> Self {
        self.0.count = count;
        self.0.share = share(count, total);
        self
    }

    /// The first rows of `rows` (0-based, ascending) become the examples; a run keeps as many as it was asked for.
    pub fn rows(mut self, rows: impl IntoIterator<Item = usize>) -> Self {
        self.0.rows = rows.into_iter().take(MOST_KEPT).map(|row| row as u64 + 1).collect();
        self
    }

    pub fn held(mut self, observed: f64, limit: f64) -> Self {
        self.0.observed = Some(observed);
        self.0.limit = Some(limit);
        self
    }

    pub fn done(self) -> Finding {
        self.0
    }
}

pub(super) fn share(count: u64, total: u64) -> f64 {
    if total == 0 { 0.0 } else { count as f64 / total as f64 }
}

/// At most six significant digits: enough to recognise a value.
pub(super) fn short_number(x: f64) -> String {
    let rounded = if x.fract() == 0.0 && x.abs() < 1e15 { x } else { format!("{x:.5e}").parse().unwrap_or(x) };
    format_number(rounded)
}

/// `1 row`, `2,300 rows`: an `s` makes the plural.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", number(count), if count == 1 { "" } else { "s" })
}

/// A share from 0 to 1 as `6.2 %`; small ones keep two digits that say something.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 || value >= 0.1 {
        let text = format!("{value:.1}");
        format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
    } else if value >= 0.001 {
        format!("{value:.3} %")
    } else {
        "under 0.001 %".to_owned()
    }
}

/// Two shares in one form, with as many digits as it takes to tell them apart: `5.02 %` and `5 %`.
pub(super) fn percent_against(observed: f64, limit: f64) -> String {
    let limit = percent(limit);
    let shown = |digits: usize| format!("{:.digits$} %", observed * 100.0);
    if percent(observed) != limit {
        return percent(observed);
    }
    (2..6)
        .map(shown)
        .find(|text| text.trim_end_matches([' ', '%', '0', '.']) != limit.trim_end_matches([' ', '%']))
        .unwrap_or(limit)
}

/// A value between quotes, cut after 40 characters; what looks personal is masked.
pub(super) fn quoted(value: &str) -> String {
    if let Some(kind) = kind_of(value) {
        return format!("\"{}\"", mask(value, kind));
    }
    let mut cut: String = value.chars().take(40).collect();
    if cut.len() < value.len() {
        cut.push('…');
    }
    format!("\"{cut}\"")
}

/// Up to `most` quoted values and how many more there are.
pub(super) fn listed<'a>(values: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let values: Vec<&str> = values.into_iter().collect();
    let mut text = values.iter().take(most).map(|v| quoted(v)).collect::<Vec<_>>().join(", ");
    if values.len() > most {
        text.push_str(&format!(" and {} more", number((values.len() - most) as u64)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(2300, "row"), "2,300 rows");
    }

    #[test]
    fn values_keep_six_digits() {
        assert_eq!([1234567.0, 3.190862898, -0.5, 1e-20].map(short_number), ["1234567", "3.19086", "-0.5", "1e-20"]);
    }

    #[test]
    fn percentages_say_something_however_small() {
        assert_eq!([0.0, 0.05, 0.0625, 1.0].map(percent), ["0 %", "5 %", "6.2 %", "100 %"]);
        assert_eq!([0.0002, 1e-9].map(percent), ["0.020 %", "under 0.001 %"]);
    }

    #[test]
    fn a_share_just_above_its_limit_shows_that_it_is() {
        assert_eq!(percent_against(0.050181, 0.05), "5.02 %");
        assert_eq!(percent_against(0.0500004, 0.05), "5.00004 %");
        assert_eq!(percent_against(0.062, 0.05), "6.2 %");
        assert_eq!(percent_against(0.05, 0.05), "5 %");
    }

    #[test]
    fn values_are_listed_up_to_a_limit() {
        assert_eq!(listed(["a", "b", "c"], 2), "\"a\", \"b\" and 1 more");
        assert_eq!(quoted(&"x".repeat(50)).chars().count(), 43);
    }

    #[test]
    fn example_rows_are_counted_from_one_and_limited() {
        let finding = Draft::new(Severity::Info, String::new(), "").rows(0..20_000).count(5, 0).done();
        assert_eq!((finding.rows.len(), finding.rows[0], finding.share), (10_000, 1, 0.0));
    }
}
