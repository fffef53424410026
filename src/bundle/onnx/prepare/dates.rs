//! Parts of dates, by the same arithmetic on day numbers as the recipe has.

use super::{Stage, Value};
use crate::domain::recipe::{DatePart, Dated};

const DAY_MS: f64 = 86_400_000.0;
const HOUR_MS: f64 = 3_600_000.0;

impl Stage<'_> {
    pub(super) fn date_parts(&mut self, columns: &[Dated]) -> Result<(), String> {
        let mut made = Vec::new();
        for column in columns {
            let ms = self.numbers(&[&column.column])?;
            let days = self.divided_down(&ms, DAY_MS);
            let civil = self.civil(&days);
            for (part, into) in &column.parts {
                let value = match part {
                    DatePart::Year => civil.0.clone(),
                    DatePart::Month => civil.1.clone(),
                    DatePart::Day => civil.2.clone(),
                    DatePart::Weekday => self.weekday(&days),
                    DatePart::Weekend => {
                        let weekday = self.weekday(&days);
                        let friday = self.row(vec![5.0]);
                        let free = self.op("GreaterOrEqual", &[&weekday, &friday]);
                        let free = self.cast_double(&free);
                        self.keep_missing(&ms, &free)
                    }
                    DatePart::Hour => {
                        let since = self.remainder(&ms, &days, DAY_MS);
                        self.divided_down(&since, HOUR_MS)
                    }
                    DatePart::Days => {
                        let since = self.with("Sub", &ms, column.reference_ms as f64);
                        self.with("Div", &since, DAY_MS)
                    }
                };
                made.push((value, into.clone()));
            }
        }
        for column in columns {
            self.held.remove(&column.column);
        }
        made.into_iter().for_each(|(value, into)| self.put(value, vec![into]));
        Ok(())
    }

    fn with(&mut self, op: &str, x: &Value, constant: f64) -> Value {
        let constant = self.row(vec![constant]);
        self.op(op, &[x, &constant])
    }

    /// `floor(x / by)`
    fn divided_down(&mut self, x: &Value, by: f64) -> Value {
        let x = self.with("Div", x, by);
        self.op("Floor", &[&x])
    }

    /// `x − quotient · by`
    fn remainder(&mut self, x: &Value, quotient: &Value, by: f64) -> Value {
        let whole = self.with("Mul", quotient, by);
        self.op("Sub", &[x, &whole])
    }

    fn weekday(&mut self, days: &Value) -> Value {
        let shifted = self.with("Add", days, 3.0);
        let weeks = self.divided_down(&shifted, 7.0);
        self.remainder(&shifted, &weeks, 7.0)
    }

    /// Year, month and day of a day number, step by step as `data::recipe::date_parts::civil`.
    fn civil(&mut self, days: &Value) -> (Value, Value, Value) {
        let z = self.with("Add", days, 719_468.0);
        let era = self.divided_down(&z, 146_097.0);
        let doe = self.remainder(&z, &era, 146_097.0);
        let short = self.divided_down(&doe, 1460.0);
        let century = self.divided_down(&doe, 36_524.0);
        let long = self.divided_down(&doe, 146_096.0);
        let yoe = self.op("Sub", &[&doe, &short]);
        let yoe = self.op("Add", &[&yoe, &century]);
        let yoe = self.op("Sub", &[&yoe, &long]);
        let yoe = self.divided_down(&yoe, 365.0);
        let whole = self.with("Mul", &yoe, 365.0);
        let leap = self.divided_down(&yoe, 4.0);
        let no_leap = self.divided_down(&yoe, 100.0);
        let before = self.op("Add", &[&whole, &leap]);
        let before = self.op("Sub", &[&before, &no_leap]);
        let doy = self.op("Sub", &[&doe, &before]);
        let mp = self.with("Mul", &doy, 5.0);
        let mp = self.with("Add", &mp, 2.0);
        let mp = self.divided_down(&mp, 153.0);
        let first = self.with("Mul", &mp, 153.0);
        let first = self.with("Add", &first, 2.0);
        let first = self.divided_down(&first, 5.0);
        let day = self.op("Sub", &[&doy, &first]);
        let day = self.with("Add", &day, 1.0);
        let late = self.divided_down(&mp, 10.0);
        let eras = self.with("Mul", &era, 400.0);
        let year = self.op("Add", &[&yoe, &eras]);
        let year = self.op("Add", &[&year, &late]);
        let month = self.with("Add", &mp, 3.0);
        let month = self.remainder(&month, &late, 12.0);
        (year, month, day)
    }
}
