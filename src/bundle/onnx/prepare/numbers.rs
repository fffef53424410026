//! Steps from numbers to numbers.

use super::{Stage, Value, finite};
use crate::domain::recipe::{Binned, Clipped, Combination, Combined, Filled, Ranked, Scaled};

impl Stage<'_> {
    pub(super) fn impute(&mut self, columns: &[Filled]) -> Result<(), String> {
        finite("a fill value", columns.iter().map(|c| c.value))?;
        let names: Vec<&str> = columns.iter().map(|c| c.column.as_str()).collect();
        let x = self.numbers(&names)?;
        let missing = self.op("IsNaN", &[&x]);
        let values = self.row(columns.iter().map(|c| c.value).collect());
        let filled = self.op("Where", &[&missing, &values, &x]);
        let marked: Vec<&Filled> = columns.iter().filter(|c| c.indicator.is_some()).collect();
        if !marked.is_empty() {
            let names: Vec<&str> = marked.iter().map(|c| c.column.as_str()).collect();
            let x = self.numbers(&names)?;
            let missing = self.op("IsNaN", &[&x]);
            let flags = self.cast_double(&missing);
            self.put(flags, marked.iter().filter_map(|c| c.indicator.clone()).collect());
        }
        self.put(filled, columns.iter().map(|c| c.column.clone()).collect());
        Ok(())
    }

    pub(super) fn scale(&mut self, columns: &[Scaled]) -> Result<(), String> {
        let names: Vec<&str> = columns.iter().map(|c| c.column.as_str()).collect();
        let x = self.numbers(&names)?;
        let scales = columns.iter().map(|c| (c.center, c.scale)).collect::<Vec<_>>();
        let scaled = self.centred(&x, &scales)?;
        self.put(scaled, columns.iter().map(|c| c.column.clone()).collect());
        Ok(())
    }

    /// `(x − center) / scale`, a pair per column.
    pub(super) fn centred(&mut self, x: &Value, scales: &[(f64, f64)]) -> Result<Value, String> {
        finite("a centre or width", scales.iter().flat_map(|s| [s.0, s.1]))?;
        if scales.iter().any(|s| s.1 == 0.0) {
            return Err("divides by 0".to_owned());
        }
        let centers = self.row(scales.iter().map(|s| s.0).collect());
        let widths = self.row(scales.iter().map(|s| s.1).collect());
        let x = self.op("Sub", &[x, &centers]);
        let x = self.op("Div", &[&x, &widths]);
        Ok(self.without_infinity(&x, scales.len()))
    }

    pub(super) fn clip(&mut self, columns: &[Clipped]) -> Result<(), String> {
        finite("a limit", columns.iter().flat_map(|c| [c.low, c.high]))?;
        let names: Vec<&str> = columns.iter().map(|c| c.column.as_str()).collect();
        let mut x = self.numbers(&names)?;
        for (comparison, limits) in [
            ("Less", columns.iter().map(|c| c.low).collect::<Vec<f64>>()),
            ("Greater", columns.iter().map(|c| c.high).collect()),
        ] {
            x = self.limit(&x, comparison, limits);
        }
        self.put(x, columns.iter().map(|c| c.column.clone()).collect());
        Ok(())
    }

    /// The limit where a number lies beyond it. A constant serves one operator, so it is written twice.
    fn limit(&mut self, x: &Value, comparison: &str, limits: Vec<f64>) -> Value {
        let (bound, value) = (self.row(limits.clone()), self.row(limits));
        let beyond = self.op(comparison, &[x, &bound]);
        self.op("Where", &[&beyond, &value, x])
    }

    pub(super) fn bin(&mut self, column: &Binned) -> Result<(), String> {
        finite("an edge", column.edges.iter().copied())?;
        let x = self.numbers(&[&column.column])?;
        let counted = if column.edges.is_empty() {
            let zero = self.row(vec![0.0]);
            self.op("Mul", &[&x, &zero])
        } else {
            let edges = self.row(column.edges.clone());
            let above = self.op("GreaterOrEqual", &[&x, &edges]);
            let above = self.cast_double(&above);
            let ones = self.g.doubles(&[column.edges.len(), 1], vec![1.0; column.edges.len()]);
            self.op("MatMul", &[&above, &ones])
        };
        let counted = self.keep_missing(&x, &counted);
        self.put(counted, vec![column.column.clone()]);
        Ok(())
    }

    /// The rising line as a sum: jumps at its knots, and between two of them a ramp from 0 to 1.
    pub(super) fn quantile(&mut self, column: &Ranked) -> Result<(), String> {
        let knots = &column.knots;
        let n = knots.len();
        if n == 0 || knots.windows(2).any(|pair| pair[0].x >= pair[1].x) {
            return Err("has quantiles that do not rise".to_owned());
        }
        finite("a quantile", knots.iter().flat_map(|k| [k.x, k.low, k.at, k.high]))?;
        let x = self.numbers(&[&column.column])?;
        let mut parts = Vec::new();
        for (comparison, jumps) in [
            ("Greater", knots.iter().map(|k| k.high - k.at).collect::<Vec<f64>>()),
            ("GreaterOrEqual", knots.iter().map(|k| k.at - k.low).collect()),
        ] {
            let at = self.row(knots.iter().map(|k| k.x).collect());
            let passed = self.op(comparison, &[&x, &at]);
            let passed = self.cast_double(&passed);
            let jumps = self.g.doubles(&[n, 1], jumps);
            parts.push(self.op("MatMul", &[&passed, &jumps]));
        }
        if n > 1 {
            let from = self.row(knots[..n - 1].iter().map(|k| k.x).collect());
            let widths = self.row(knots.windows(2).map(|pair| pair[1].x - pair[0].x).collect());
            let ramp = self.op("Sub", &[&x, &from]);
            let ramp = self.op("Div", &[&ramp, &widths]);
            let ramp = self.limit(&ramp, "Less", vec![0.0; n - 1]);
            let ramp = self.limit(&ramp, "Greater", vec![1.0; n - 1]);
            let rises = self.g.doubles(&[n - 1, 1], knots.windows(2).map(|pair| pair[1].low - pair[0].high).collect());
            parts.push(self.op("MatMul", &[&ramp, &rises]));
        }
        let base = self.row(vec![knots[0].low]);
        let mut sum = self.op("Add", &[&parts[0], &base]);
        for part in &parts[1..] {
            sum = self.op("Add", &[&sum, part]);
        }
        let sum = self.keep_missing(&x, &sum);
        self.put(sum, vec![column.column.clone()]);
        Ok(())
    }

    /// All pairs are made of the columns as they were before the step.
    pub(super) fn combine(&mut self, columns: &[Combined]) -> Result<(), String> {
        let mut made = Vec::new();
        for how in [Combination::Product, Combination::Ratio, Combination::Sum, Combination::Difference] {
            let pairs: Vec<&Combined> = columns.iter().filter(|c| c.how == how).collect();
            if pairs.is_empty() {
                continue;
            }
            let left = self.numbers(&pairs.iter().map(|c| c.left.as_str()).collect::<Vec<_>>())?;
            let right = self.numbers(&pairs.iter().map(|c| c.right.as_str()).collect::<Vec<_>>())?;
            let op = match how {
                Combination::Product => "Mul",
                Combination::Ratio => "Div",
                Combination::Sum => "Add",
                Combination::Difference => "Sub",
            };
            let value = self.op(op, &[&left, &right]);
            let value = self.without_infinity(&value, pairs.len());
            made.push((value, pairs.iter().map(|c| c.into.clone()).collect()));
        }
        made.into_iter().for_each(|(value, names)| self.put(value, names));
        Ok(())
    }
}
