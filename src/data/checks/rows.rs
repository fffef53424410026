//! Rows and cells as hashes: equal values have equal hashes in any table of this program, however they are stored.

use crate::data::table::{Cells, Dictionary, MISSING_CODE, Table};
use crate::stats::mix;

/// Beyond this a whole number has no exact float.
const EXACT_WHOLE: u64 = 1 << 53;

const MISSING: u64 = 0x6d69_7373_696e_6721;

/// Calls `each(row, hash)` for every cell.
pub(super) fn for_each_cell(cells: &Cells, mut each: impl FnMut(usize, u64)) {
    match cells {
        Cells::Float(values) => values.iter().enumerate().for_each(|(row, x)| each(row, float(*x))),
        Cells::Int(values) | Cells::DatetimeMs(values) => {
            values.iter().enumerate().for_each(|(row, x)| each(row, x.map_or(MISSING, whole)));
        }
        Cells::Boolean(values) => {
            let hashes = [float(0.0), float(1.0)];
            values.iter().enumerate().for_each(|(row, x)| each(row, x.map_or(MISSING, |b| hashes[usize::from(b)])));
        }
        Cells::Text(dictionary) => {
            let hashes: Vec<u64> = dictionary.values.iter().map(|value| text(value)).collect();
            let hash = |code: u32| if code == MISSING_CODE { MISSING } else { hashes[code as usize] };
            dictionary.codes.iter().enumerate().for_each(|(row, code)| each(row, hash(*code)));
        }
    }
}

pub(super) fn is_missing_hash(hash: u64) -> bool {
    hash == MISSING
}

/// One hash per row over the named columns, in the order of `names`.
pub(super) fn row_hashes(table: &Table, names: &[&str]) -> Vec<u64> {
    let mut hashes = vec![0; table.n_rows];
    for (_, cells) in names.iter().filter_map(|name| table.column(name)) {
        add_column(&mut hashes, cells);
    }
    hashes
}

fn add_column(hashes: &mut [u64], cells: &Cells) {
    for_each_cell(cells, |row, hash| hashes[row] = mix(hashes[row] ^ hash));
}

/// Row numbers ordered by their hash, equal ones ascending: runs of equal hashes are rows with equal values.
pub(super) fn by_hash(hashes: &[u64]) -> Vec<(u64, u32)> {
    let mut order: Vec<(u64, u32)> = hashes.iter().enumerate().map(|(row, hash)| (*hash, row as u32)).collect();
    order.sort_unstable();
    order
}

/// Each cell's value as a small number, with the values' texts in order of first appearance.
pub(super) fn codes(cells: &Cells) -> Dictionary {
    if let Cells::Text(dictionary) = cells {
        return dictionary.clone();
    }
    let mut index = std::collections::HashMap::new();
    let mut dictionary = Dictionary { codes: Vec::with_capacity(cells.len()), values: Vec::new() };
    for_each_cell(cells, |row, hash| {
        let code = if is_missing_hash(hash) {
            MISSING_CODE
        } else {
            *index.entry(hash).or_insert_with(|| {
                dictionary.values.push(cells.text(row).unwrap_or_default());
                dictionary.values.len() as u32 - 1
            })
        };
        dictionary.codes.push(code);
    });
    dictionary
}

fn float(x: f64) -> u64 {
    // Adding 0 makes one zero of the two.
    if x.is_nan() { MISSING } else { mix((x + 0.0).to_bits()) }
}

fn whole(x: i64) -> u64 {
    if x.unsigned_abs() <= EXACT_WHOLE { float(x as f64) } else { mix(x as u64 ^ 0x7768_6f6c_6521) }
}

/// FNV-1a, scattered.
fn text(value: &str) -> u64 {
    let fnv = value.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    mix(fnv ^ 0x7465_7874)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(cells: &Cells) -> Vec<u64> {
        let mut all = Vec::new();
        for_each_cell(cells, |_, hash| all.push(hash));
        all
    }

    #[test]
    fn equal_values_hash_alike_in_any_storage() {
        let floats = hashes(&Cells::Float(vec![0.0, 1.0, f64::NAN]));
        assert_eq!(floats, hashes(&Cells::Int(vec![Some(0), Some(1), None])));
        assert_eq!(floats, hashes(&Cells::Boolean(vec![Some(false), Some(true), None])));
        assert_eq!(hashes(&Cells::Float(vec![-0.0])), floats[..1]);
    }

    #[test]
    fn texts_hash_by_value_not_by_code() {
        let a = Cells::Text([Some("x"), Some("y"), None].into_iter().collect());
        let b = Cells::Text([Some("y"), Some("x"), None].into_iter().collect());
        let (a, b) = (hashes(&a), hashes(&b));
        assert_eq!((a[0], a[1], a[2]), (b[1], b[0], b[2]));
    }

    #[test]
    fn large_whole_numbers_stay_apart() {
        let h = hashes(&Cells::Int(vec![Some(i64::MAX), Some(i64::MAX - 1)]));
        assert_ne!(h[0], h[1]);
    }

    #[test]
    fn codes_keep_missing_cells_and_first_appearance() {
        let d = codes(&Cells::Int(vec![Some(7), None, Some(3), Some(7)]));
        assert_eq!((d.codes, d.values), (vec![0, MISSING_CODE, 1, 0], vec!["7".to_owned(), "3".to_owned()]));
    }
}
