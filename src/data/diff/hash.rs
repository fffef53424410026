//! Cells as 64-bit numbers that are equal where the cells are.
//!
//! Numbers, dates and booleans map one to one; texts are hashed (SipHash), so that two different ones meet with a
//! probability of 2⁻⁶⁴. Whoever counts pairs of rows by these numbers compares two independent ones.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::data::table::{Cells, MISSING_CODE};

/// Stands for a missing cell: no number has these bits (they are those of a NaN, and NaN is missing).
const MISSING: u64 = 0x7FF8_DEAD_0000_0001;

/// How cells of the two sides are made comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Both sides store the column alike.
    Stored,
    Text,
}

/// One number per cell of a piece, handed to `take` in order.
pub fn cells(piece: &Cells, form: Form, mut take: impl FnMut(u64)) {
    match (form, piece) {
        (Form::Stored, Cells::Float(v)) => v.iter().for_each(|&x| take(float(x))),
        // A whole number may have the bits that stand for missing: those of one 64-bit integer beyond ±2^53, which
        // tables do not hold as integers.
        (Form::Stored, Cells::Int(v) | Cells::DatetimeMs(v)) => {
            v.iter().for_each(|x| take(x.map_or(MISSING, |x| x as u64)));
        }
        (Form::Stored, Cells::Boolean(v)) => v.iter().for_each(|x| take(x.map_or(MISSING, u64::from))),
        (_, Cells::Text(d)) => {
            let of_values: Vec<u64> = d.values.iter().map(|value| text(value)).collect();
            d.codes
                .iter()
                .for_each(|&code| take(if code == MISSING_CODE { MISSING } else { of_values[code as usize] }));
        }
        (Form::Text, _) => (0..piece.len()).for_each(|row| take(cell_text(piece, row).map_or(MISSING, |t| text(&t)))),
    }
}

/// The cell as it is shown and compared: −0 is 0.
pub fn cell_text(piece: &Cells, row: usize) -> Option<String> {
    match piece {
        Cells::Float(v) if v[row] == 0.0 => Some("0".to_owned()),
        other => other.text(row),
    }
}

fn float(x: f64) -> u64 {
    if x.is_nan() { MISSING } else { (x + 0.0).to_bits() }
}

fn text(value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    let hash = hasher.finish();
    if hash == MISSING { hash + 1 } else { hash }
}

/// Adds a cell to the hash of its row. `lane` tells independent hashes of the same row apart.
pub fn add(row: u64, cell: u64, lane: u64) -> u64 {
    mix(row.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ mix(cell ^ lane))
}

/// The finaliser of MurmurHash3: one to one, every bit depends on every other.
fn mix(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x ^= x >> 33;
    x = x.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ (x >> 33)
}

/// One of the rows of an even, seeded sample of `rate` (0 to 1) of all rows?
pub fn in_sample(row: u64, rate: f64) -> bool {
    rate >= 1.0 || mix(row ^ 0x5EED) as f64 / (u64::MAX as f64) < rate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(piece: &Cells, form: Form) -> Vec<u64> {
        let mut found = Vec::new();
        cells(piece, form, |x| found.push(x));
        found
    }

    #[test]
    fn equal_cells_have_equal_numbers_whatever_their_storage_as_text() {
        let floats = Cells::Float(vec![0.0, -0.0, 3.0, f64::NAN, 0.1]);
        let stored = all(&floats, Form::Stored);
        assert_eq!(stored[0], stored[1], "−0 is 0");
        assert_eq!(stored[3], MISSING);
        let texts = Cells::Text([Some("0"), Some("0"), Some("3"), None, Some("0.1")].into_iter().collect());
        assert_eq!(all(&floats, Form::Text), all(&texts, Form::Text));
        let whole = Cells::Int(vec![Some(0), Some(0), Some(3), None, Some(1)]);
        assert_eq!(all(&whole, Form::Text)[..4], all(&texts, Form::Text)[..4]);
    }

    #[test]
    fn the_hash_of_a_row_depends_on_the_place_of_its_cells() {
        let row = |cells: &[u64], lane| cells.iter().fold(lane, |h, &c| add(h, c, lane));
        assert_ne!(row(&[1, 2], 7), row(&[2, 1], 7));
        assert_ne!(row(&[1, 2], 7), row(&[1, 2], 8));
        assert_ne!(row(&[0, 0], 7), row(&[0], 7));
    }
}
