//! Relief: which columns differ between near rows of unlike targets, and agree between near rows of like ones. It sees
//! columns that say something only together, which no score of single columns does.
//!
//! ReliefF for classes (Kononenko 1994) and RReliefF for numbers (Robnik-Šikonja and Kononenko 1997), with neighbours
//! that count the same. Two numbers differ by their distance as a share of the column's range, two categories by 0 or 1;
//! a missing cell differs by 1 from every value and by 0 from another missing one. Rows are near by the sum of all
//! differences.

/// The values of a column, one per row.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Missing is NaN; never infinite.
    Numbers(Vec<f64>),
    /// Missing is a code of its own.
    Codes(Vec<u32>),
}

impl Attribute {
    /// Numbers as shares of their range.
    fn scaled(&self) -> Self {
        let Self::Numbers(values) = self else { return self.clone() };
        Self::Numbers(scaled(values))
    }

    /// Adds how far each row is from row `at`.
    fn add_distances(&self, at: usize, into: &mut [f64]) {
        match self {
            Self::Numbers(values) => {
                let own = values[at];
                into.iter_mut().zip(values).for_each(|(sum, value)| *sum += difference(own, *value));
            }
            Self::Codes(codes) => {
                let own = codes[at];
                into.iter_mut().zip(codes).for_each(|(sum, code)| *sum += f64::from(u8::from(own != *code)));
            }
        }
    }

    fn between(&self, a: usize, b: usize) -> f64 {
        match self {
            Self::Numbers(values) => difference(values[a], values[b]),
            Self::Codes(codes) => f64::from(u8::from(codes[a] != codes[b])),
        }
    }
}

fn scaled(values: &[f64]) -> Vec<f64> {
    let known = values.iter().filter(|value| !value.is_nan());
    let low = known.clone().copied().fold(f64::INFINITY, f64::min);
    let range = known.copied().fold(f64::NEG_INFINITY, f64::max) - low;
    // A range beyond what a number holds is none to measure by.
    let share = |value: &f64| if range > 0.0 && range.is_finite() { (value - low) / range } else { value * 0.0 };
    values.iter().map(share).collect()
}

/// Between two shares.
fn difference(a: f64, b: f64) -> f64 {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => (a - b).abs(),
        (true, true) => 0.0,
        _ => 1.0,
    }
}

/// The weight of each column for telling classes apart, −1 to 1: the mean over the rows `picked` of its difference from
/// the `k` nearest rows of each other class (weighed by that class's share) less that from the `k` nearest of the same.
///
/// `classes` has a number below `n_classes` per row. `go_on` is asked once per picked row; `None` when it said no.
pub fn relief_f(
    columns: &[Attribute],
    classes: &[u32],
    n_classes: usize,
    picked: &[usize],
    k: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Vec<f64>> {
    let columns: Vec<Attribute> = columns.iter().map(Attribute::scaled).collect();
    let mut rows_of: Vec<Vec<usize>> = vec![Vec::new(); n_classes];
    classes.iter().enumerate().for_each(|(row, &class)| rows_of[class as usize].push(row));
    let share = |class: usize| rows_of[class].len() as f64 / classes.len() as f64;
    let mut weights = vec![0.0; columns.len()];
    let mut distances = Vec::new();
    for &row in picked {
        if !go_on() {
            return None;
        }
        from(&columns, row, classes.len(), &mut distances);
        let own = classes[row] as usize;
        for (class, members) in rows_of.iter().enumerate() {
            let near = nearest(members, row, &distances, k);
            let sign = if class == own { -1.0 } else { share(class) / (1.0 - share(own)) };
            let each = sign / (picked.len() * near.len().max(1)) as f64;
            for (weight, column) in weights.iter_mut().zip(&columns) {
                *weight += each * near.iter().map(|&other| column.between(row, other)).sum::<f64>();
            }
        }
    }
    Some(weights)
}

/// The weight of each column for a target of numbers, −1 to 1: how much likelier it differs between near rows whose
/// targets differ than between near rows whose targets agree, over the `k` nearest of each row `picked`:
/// `P(column differs, target differs) / P(target differs) − P(column differs, target agrees) / P(target agrees)`.
pub fn rrelief_f(
    columns: &[Attribute],
    target: &[f64],
    picked: &[usize],
    k: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Vec<f64>> {
    let columns: Vec<Attribute> = columns.iter().map(Attribute::scaled).collect();
    let target = scaled(target);
    let all: Vec<usize> = (0..target.len()).collect();
    let (mut of_target, mut of_column) = (0.0, vec![0.0; columns.len()]);
    let mut of_both = vec![0.0; columns.len()];
    let mut distances = Vec::new();
    for &row in picked {
        if !go_on() {
            return None;
        }
        from(&columns, row, target.len(), &mut distances);
        let near = nearest(&all, row, &distances, k);
        for &other in &near {
            let share = 1.0 / near.len() as f64;
            let apart = share * difference(target[row], target[other]);
            of_target += apart;
            for (at, column) in columns.iter().enumerate() {
                let differs = column.between(row, other);
                of_column[at] += share * differs;
                of_both[at] += apart * differs;
            }
        }
    }
    let agree = picked.len() as f64 - of_target;
    let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let weight = |(differs, both): (&f64, &f64)| ratio(*both, of_target) - ratio(differs - both, agree);
    Some(of_column.iter().zip(&of_both).map(weight).collect())
}

fn from(columns: &[Attribute], row: usize, n_rows: usize, distances: &mut Vec<f64>) {
    distances.clear();
    distances.resize(n_rows, 0.0);
    columns.iter().for_each(|column| column.add_distances(row, distances));
}

/// The `k` of `members` nearest to `row` without itself, nearest first, of equals the first.
fn nearest(members: &[usize], row: usize, distances: &[f64], k: usize) -> Vec<usize> {
    let mut others: Vec<usize> = members.iter().copied().filter(|&other| other != row).collect();
    let order = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
    if k < others.len() {
        others.select_nth_unstable_by(k, order);
        others.truncate(k);
    }
    others.sort_unstable_by(order);
    others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::testing::sequence;

    fn numbers(a: u64, m: u64, offset: u64) -> Attribute {
        Attribute::Numbers(sequence(80, a, m, offset, 0.0))
    }

    /// Two numbers of which one has gaps, and a category.
    fn columns() -> Vec<Attribute> {
        let mut gaps = sequence(80, 29, 71, 5, 0.0);
        (0..80).step_by(9).for_each(|row| gaps[row] = f64::NAN);
        let codes = (0..80_u32).map(|i| i * i % 3).collect();
        vec![numbers(37, 101, 0), Attribute::Numbers(gaps), Attribute::Codes(codes)]
    }

    fn close(found: &[f64], expected: &[f64]) {
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(found.len() == expected.len() && off < 1e-13, "{found:?} is not {expected:?}");
    }

    #[test]
    fn both_equal_the_papers_formulas() {
        // tests/rank_oracle/make.py: the formulas written out in NumPy
        let classes: Vec<u32> = (0..80).map(|i| u32::from(i * 37 % 101 > 50) + u32::from(i % 7 == 0)).collect();
        let picked: Vec<usize> = (0..80).step_by(3).collect();
        let found = relief_f(&columns(), &classes, 3, &picked, 12, &mut || true).unwrap();
        close(&found, &[0.1576911911911913, 0.02274284737699378, 0.014097769856577451]);
        let target = sequence(80, 53, 89, 7, 0.0);
        let found = rrelief_f(&columns(), &target, &picked, 12, &mut || true).unwrap();
        close(&found, &[0.017867349281077805, 0.030596775125223352, -0.0024570050729679606]);
    }

    #[test]
    fn columns_that_only_say_something_together_are_seen() {
        let bit = |row: u32, at: u32| row.wrapping_mul(2_654_435_761).wrapping_mul(at + 1) >> (20 + at) & 1;
        let columns: Vec<Attribute> =
            (0..6).map(|at| Attribute::Codes((0..300).map(|row| bit(row, at)).collect())).collect();
        let classes: Vec<u32> = (0..300).map(|row| bit(row, 0) ^ bit(row, 1)).collect();
        let all: Vec<usize> = (0..300).collect();
        let weights = relief_f(&columns, &classes, 2, &all, 10, &mut || true).unwrap();
        let least = weights[..2].iter().copied().fold(f64::INFINITY, f64::min);
        let most = weights[2..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!(least > 0.3 && most < 0.1, "{weights:?}");
    }

    #[test]
    fn odd_tables_have_finite_weights_and_a_cancelled_one_none() {
        let same = vec![Attribute::Numbers(vec![4.0; 3]), Attribute::Numbers(vec![f64::NAN; 3])];
        assert_eq!(relief_f(&same, &[0, 0, 1], 2, &[0, 2], 10, &mut || true), Some(vec![0.0, 0.0]));
        assert_eq!(rrelief_f(&same, &[1.0, 1.0, 1.0], &[0, 1], 10, &mut || true), Some(vec![0.0, 0.0]));
        assert_eq!(relief_f(&same, &[0, 0, 1], 2, &[0], 10, &mut || false), None);
    }
}
