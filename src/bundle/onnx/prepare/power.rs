//! Yeo-Johnson in operators that lose no digits near 0: ONNX has neither `log1p` nor `expm1`.

use super::{Stage, Value, finite};
use crate::domain::recipe::Powered;

/// As the recipe has it: closer to 0 an exponent is taken for 0.
const TINY: f64 = f64::EPSILON;
/// Below this `exp(z) − 1` is −1 in doubles.
const FLOOR: f64 = -40.0;

impl Stage<'_> {
    pub(super) fn power(&mut self, columns: &[Powered]) -> Result<(), String> {
        finite("an exponent", columns.iter().map(|c| c.lambda))?;
        let k = columns.len();
        let names: Vec<&str> = columns.iter().map(|c| c.column.as_str()).collect();
        let x = self.numbers(&names)?;
        let zero = self.row(vec![0.0; k]);
        let negative = self.op("Less", &[&x, &zero]);
        let (below, above) = (columns.iter().map(|c| 2.0 - c.lambda), columns.iter().map(|c| c.lambda));
        let (below, above) = (self.row(below.collect()), self.row(above.collect()));
        let exponent = self.op("Where", &[&negative, &below, &above]);
        let size = self.op("Abs", &[&exponent]);
        let tiny = self.row(vec![TINY; k]);
        let is_tiny = self.op("Less", &[&size, &tiny]);
        let one = self.row(vec![1.0; k]);
        let divisor = self.op("Where", &[&is_tiny, &one, &exponent]);

        let distance = self.op("Abs", &[&x]);
        let log = self.log1p(&distance, k);
        let z = self.op("Mul", &[&divisor, &log]);
        let grown = self.expm1(&z, k);
        let grown = self.op("Div", &[&grown, &divisor]);
        let y = self.op("Where", &[&is_tiny, &log, &grown]);
        let minus = self.op("Neg", &[&y]);
        let y = self.op("Where", &[&negative, &minus, &y]);
        let scales: Vec<(f64, f64)> = columns.iter().map(|c| (c.center, c.scale)).collect();
        let y = self.centred(&y, &scales)?;
        self.put(y, columns.iter().map(|c| c.column.clone()).collect());
        Ok(())
    }

    /// `log(u) · x / (u − 1)` with `u = 1 + x`, the rounding of `u` cancels (Kahan; Goldberg 1991, theorem 4).
    fn log1p(&mut self, x: &Value, k: usize) -> Value {
        let one = self.row(vec![1.0; k]);
        let u = self.op("Add", &[x, &one]);
        let one = self.row(vec![1.0; k]);
        let rest = self.op("Sub", &[&u, &one]);
        let log = self.op("Log", &[&u]);
        let scaled = self.op("Mul", &[&log, x]);
        let scaled = self.op("Div", &[&scaled, &rest]);
        let zero = self.row(vec![0.0; k]);
        let nothing = self.op("Equal", &[&rest, &zero]);
        self.op("Where", &[&nothing, x, &scaled])
    }

    /// `(e − 1) · z / log(e)` with `e = exp(z)`, likewise.
    fn expm1(&mut self, z: &Value, k: usize) -> Value {
        let e = self.op("Exp", &[z]);
        let one = self.row(vec![1.0; k]);
        let rest = self.op("Sub", &[&e, &one]);
        let log = self.op("Log", &[&e]);
        let scaled = self.op("Mul", &[&rest, z]);
        let scaled = self.op("Div", &[&scaled, &log]);
        let zero = self.row(vec![0.0; k]);
        let nothing = self.op("Equal", &[&rest, &zero]);
        let near = self.op("Where", &[&nothing, z, &scaled]);
        let floor = self.row(vec![FLOOR; k]);
        let low = self.op("Less", &[z, &floor]);
        let minus_one = self.row(vec![-1.0; k]);
        self.op("Where", &[&low, &minus_one, &near])
    }
}
