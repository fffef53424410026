//! Several columns at once: what deep trees do to the cells of a row side by side.
//!
//! Each of these loops is here twice, once with the instructions that do it and once cell by cell: the second is what
//! other processors run and what tests compare with.

use crate::ml::trees::kernel::{AHEAD, Rows};

/// Does some work with the processor's longer vectors, where it has them. The work is the same either way, and so is what
/// it comes to: the compiler neither reorders sums of floats nor fuses them.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { in_wide(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn in_wide<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Cells picked from a row at once.
pub const PICKED: usize = 16;

/// Reads up to [`PICKED`] columns of some rows; what `into` holds after those columns is of no use.
#[inline(always)]
pub fn pick(rows: Rows, order: impl Fn(usize) -> usize, columns: &[usize], into: &mut [[u8; PICKED]]) {
    assert!(columns.len() <= PICKED && columns.iter().all(|&column| column < rows.n_columns));
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the functions are compiled for.
        match rows.stride {
            16 => return unsafe { pick_wide::<1>(rows, order, columns, into) },
            32 => return unsafe { pick_wide::<2>(rows, order, columns, into) },
            64 => return unsafe { pick_wide::<4>(rows, order, columns, into) },
            _ => (),
        }
    }
    pick_each(rows, order, columns, into);
}

#[inline(always)]
fn pick_each(rows: Rows, order: impl Fn(usize) -> usize, columns: &[usize], into: &mut [[u8; PICKED]]) {
    let last = into.len().saturating_sub(1);
    for (i, cells) in into.iter_mut().enumerate() {
        rows.expect(order((i + AHEAD).min(last)));
        let row = rows.row(order(i));
        for (cell, &column) in cells.iter_mut().zip(columns) {
            *cell = row[column];
        }
    }
}

/// The same for rows of so many parts of sixteen bytes: a part is shuffled at once.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn pick_wide<const PARTS: usize>(
    rows: Rows,
    order: impl Fn(usize) -> usize,
    columns: &[usize],
    into: &mut [[u8; PICKED]],
) {
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm_or_si128, _mm_setzero_si128, _mm_shuffle_epi8, _mm_storeu_si128,
    };
    // The highest bit says that a cell comes from another part.
    let mut places = [[0x80_u8; PICKED]; PARTS];
    for (lane, &column) in columns.iter().enumerate() {
        places[column / PICKED][lane] = (column % PICKED) as u8;
    }
    // SAFETY: both are sixteen bytes.
    let places = places.map(|places| unsafe { _mm_loadu_si128(places.as_ptr().cast()) });
    let last = into.len().saturating_sub(1);
    for (i, cells) in into.iter_mut().enumerate() {
        rows.expect(order((i + AHEAD).min(last)));
        let from = order(i).wrapping_mul(PARTS * PICKED);
        let row = &rows.bins[from..from.wrapping_add(PARTS * PICKED)];
        let mut picked = _mm_setzero_si128();
        for (part, &places) in places.iter().enumerate() {
            // SAFETY: the row has `PARTS` parts of sixteen bytes, and so have the cells one.
            let bytes: __m128i = unsafe { _mm_loadu_si128(row.as_ptr().add(part * PICKED).cast()) };
            picked = _mm_or_si128(picked, _mm_shuffle_epi8(bytes, places));
        }
        // SAFETY: as above.
        unsafe { _mm_storeu_si128(cells.as_mut_ptr().cast(), picked) };
    }
}

/// How many of at most 255 rows of cells go left in each column, and how many of those are marked: cells up to `last`, and
/// `other`. A mark is all bits or none.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn tally(
    cells: &[[u8; PICKED]],
    mark: impl Fn(usize) -> u8,
    last: &[u8; PICKED],
    other: &[u8; PICKED],
) -> ([u8; PICKED], [u8; PICKED]) {
    use std::arch::x86_64::{
        __m128i, _mm_and_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_or_si128, _mm_set1_epi8,
        _mm_setzero_si128, _mm_storeu_si128, _mm_sub_epi8,
    };
    // SAFETY: every array is sixteen bytes long, and these instructions are part of the architecture.
    unsafe {
        let load = |bytes: &[u8; PICKED]| -> __m128i { _mm_loadu_si128(bytes.as_ptr().cast()) };
        let (last, other) = (load(last), load(other));
        let (mut n, mut marked) = (_mm_setzero_si128(), _mm_setzero_si128());
        for (i, cells) in cells.iter().enumerate() {
            let cells = load(cells);
            let left = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(cells, last), cells), _mm_cmpeq_epi8(cells, other));
            // All bits are minus one.
            n = _mm_sub_epi8(n, left);
            marked = _mm_sub_epi8(marked, _mm_and_si128(left, _mm_set1_epi8(mark(i) as i8)));
        }
        let mut counts = ([0; PICKED], [0; PICKED]);
        _mm_storeu_si128(counts.0.as_mut_ptr().cast(), n);
        _mm_storeu_si128(counts.1.as_mut_ptr().cast(), marked);
        counts
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub use self::tally_each as tally;

/// The same, cell by cell.
#[cfg(any(test, not(target_arch = "x86_64")))]
pub fn tally_each(
    cells: &[[u8; PICKED]],
    mark: impl Fn(usize) -> u8,
    last: &[u8; PICKED],
    other: &[u8; PICKED],
) -> ([u8; PICKED], [u8; PICKED]) {
    let (mut n, mut marked) = ([0_u8; PICKED], [0_u8; PICKED]);
    for (i, cells) in cells.iter().enumerate() {
        for lane in 0..PICKED {
            let left = u8::from((cells[lane] <= last[lane]) | (cells[lane] == other[lane]));
            n[lane] = n[lane].wrapping_add(left);
            marked[lane] = marked[lane].wrapping_add(left & mark(i));
        }
    }
    (n, marked)
}

/// Places of a table that a climb looks items up in.
pub const TABLE: usize = 128;

/// A place of sorted columns: keys above the lower seven bits, which name the item.
pub type Places = [i16; PICKED];

/// Columns of one climb: as many doubles as the longer vectors hold.
const SIDE: usize = 4;

/// The best cut of each of four columns: what it scores (−1: there is none), after which place it is, and the weight and
/// the value of the items up to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    pub scores: [f64; SIDE],
    pub places: [f64; SIDE],
    pub weights: [f64; SIDE],
    pub values: [f64; SIDE],
}

impl Ascent {
    pub const NONE: Self =
        Self { scores: [-1.0; SIDE], places: [0.0; SIDE], weights: [0.0; SIDE], values: [0.0; SIDE] };
}

/// Goes up four columns from `from` on, whose items have the weight and value of `table` and together `(all, sum)`. With
/// weight w and value s up to a place, a cut after it scores `(s all − w sum)² / (w (all − w))`. Cuts need another key after
/// them, `few` items before theirs and after, and `least` weight on both sides.
#[inline(always)]
pub fn ascend(
    places: &[Places],
    from: usize,
    table: &[[f64; 2]; TABLE],
    (all, sum): (f64, f64),
    (few, least): (usize, f64),
) -> Ascent {
    assert!(from + SIDE <= PICKED);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { ascend_wide(places, from, table, (all, sum), (few, least)) };
    }
    ascend_each(places, from, table, (all, sum), (few, least))
}

fn ascend_each(
    places: &[Places],
    from: usize,
    table: &[[f64; 2]; TABLE],
    (all, sum): (f64, f64),
    (few, least): (usize, f64),
) -> Ascent {
    let mut best = Ascent::NONE;
    let (mut w, mut s) = ([0.0; SIDE], [0.0; SIDE]);
    for i in 0..places.len().saturating_sub(few + 1) {
        for lane in 0..SIDE {
            let (here, next) = (places[i][from + lane], places[i + 1][from + lane]);
            let [weight, value] = table[here as usize % TABLE];
            w[lane] += weight;
            s[lane] += value;
            let (d, q) = (s[lane] * all - w[lane] * sum, w[lane] * (all - w[lane]));
            let score = d * d / q;
            let may = (i >= few) & ((here ^ next) as u16 >= TABLE as u16);
            if may & (w[lane] >= least) & (all - w[lane] >= least) & (score > best.scores[lane]) {
                (best.scores[lane], best.places[lane]) = (score, i as f64);
                (best.weights[lane], best.values[lane]) = (w[lane], s[lane]);
            }
        }
    }
    best
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn ascend_wide(
    places: &[Places],
    from: usize,
    table: &[[f64; 2]; TABLE],
    (all, sum): (f64, f64),
    (few, least): (usize, f64),
) -> Ascent {
    use std::arch::x86_64::*;
    let (alls, sums, leasts, one) =
        (_mm256_set1_pd(all), _mm256_set1_pd(sum), _mm256_set1_pd(least), _mm256_set1_pd(1.0));
    let zero = _mm256_setzero_pd();
    let (mut w, mut s, mut step) = (zero, zero, zero);
    let (mut best, mut best_step, mut best_w, mut best_s) = (_mm256_set1_pd(-1.0), zero, zero, zero);
    let from = from.min(PICKED - SIDE);
    // SAFETY: four numbers of sixteen bits from `from` on lie in the place.
    let load = |place: &Places| unsafe { place.as_ptr().add(from).cast::<u64>().read_unaligned() };
    let Some((first, rest)) = places.split_first() else {
        return ascend_each(places, from, table, (all, sum), (few, least));
    };
    let mut here = load(first);
    for (i, next) in rest.iter().enumerate().take(places.len().saturating_sub(few + 1)) {
        let next = load(next);
        let entry = |lane: usize| {
            let item = &table[(here >> (16 * lane)) as usize % TABLE];
            // SAFETY: two doubles.
            unsafe { _mm_loadu_pd(item.as_ptr()) }
        };
        let even = _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(entry(0)), entry(2));
        let odd = _mm256_insertf128_pd::<1>(_mm256_castpd128_pd256(entry(1)), entry(3));
        w = _mm256_add_pd(w, _mm256_unpacklo_pd(even, odd));
        s = _mm256_add_pd(s, _mm256_unpackhi_pd(even, odd));
        if i >= few {
            let right = _mm256_sub_pd(alls, w);
            let d = _mm256_sub_pd(_mm256_mul_pd(s, alls), _mm256_mul_pd(w, sums));
            let score = _mm256_div_pd(_mm256_mul_pd(d, d), _mm256_mul_pd(w, right));
            let apart = _mm_srli_epi16::<7>(_mm_cvtsi64_si128((here ^ next) as i64));
            let same = _mm256_cvtepi16_epi64(_mm_cmpeq_epi16(apart, _mm_setzero_si128()));
            let is_enough =
                _mm256_and_pd(_mm256_cmp_pd::<_CMP_GE_OQ>(w, leasts), _mm256_cmp_pd::<_CMP_GE_OQ>(right, leasts));
            let is_more = _mm256_and_pd(is_enough, _mm256_cmp_pd::<_CMP_GT_OQ>(score, best));
            let better = _mm256_andnot_pd(_mm256_castsi256_pd(same), is_more);
            best = _mm256_blendv_pd(best, score, better);
            best_step = _mm256_blendv_pd(best_step, step, better);
            best_w = _mm256_blendv_pd(best_w, w, better);
            best_s = _mm256_blendv_pd(best_s, s, better);
        }
        step = _mm256_add_pd(step, one);
        here = next;
    }
    let stored = |vector: __m256d| {
        let mut doubles = [0.0; SIDE];
        // SAFETY: four doubles.
        unsafe { _mm256_storeu_pd(doubles.as_mut_ptr(), vector) };
        doubles
    };
    Ascent { scores: stored(best), places: stored(best_step), weights: stored(best_w), values: stored(best_s) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ml::trees::kernel::{RowBins, Team};

    fn hashed(i: usize) -> u64 {
        (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    #[test]
    fn cells_are_picked_and_tallied_as_one_by_one() {
        for n_columns in [5, 12, 28, 60] {
            let n = 300;
            let columns: Vec<Vec<u8>> =
                (0..n_columns).map(|c| (0..n).map(|r| hashed(r * 71 + c) as u8).collect()).collect();
            let bins = RowBins::new(n, &columns, &vec![256; n_columns], &Team::new(1));
            let order: Vec<usize> = (0..200).map(|i| hashed(i) as usize % n).collect();
            let wanted: Vec<usize> = (0..n_columns.min(PICKED)).map(|k| (k * 7) % n_columns).collect();
            let (mut fast, mut safe) = (vec![[0; PICKED]; 200], vec![[0; PICKED]; 200]);
            pick(bins.rows(), |i| order[i], &wanted, &mut fast);
            pick_each(bins.rows(), |i| order[i], &wanted, &mut safe);
            assert_eq!(fast, safe, "{n_columns} columns");
            let cell = |i: usize, lane: usize| wanted.get(lane).map_or(0, |&c| columns[c][order[i]]);
            assert!((0..200).all(|i| (0..PICKED).all(|lane| fast[i][lane] == cell(i, lane))));
            let (last, other) =
                (std::array::from_fn(|k| hashed(k) as u8), std::array::from_fn(|k| hashed(k + 50) as u8));
            let mark = |i: usize| 0_u8.wrapping_sub(u8::from(hashed(i).is_multiple_of(3)));
            assert_eq!(tally(&fast, mark, &last, &other), tally_each(&fast, mark, &last, &other));
        }
    }

    #[test]
    fn four_columns_are_climbed_as_one_by_one() {
        for n in [0, 1, 2, 3, 17, 128] {
            for (few, least) in [(0, 0.0), (1, 0.0), (4, 0.0), (0, 3.0)] {
                let places: Vec<Places> = (0..n)
                    .map(|i| std::array::from_fn(|lane| (((i / (lane + 1)) << 7) | ((i * 5 + lane) % n)) as i16))
                    .collect();
                let table =
                    std::array::from_fn(|i| [1.0 + (hashed(i) % 3) as f64, (hashed(i + 9) % 1000) as f64 - 500.0]);
                let total = table[..n].iter().fold((0.0, 0.0), |sum, [w, s]| (sum.0 + w, sum.1 + s));
                for from in [0, 4, 12] {
                    let fast = ascend(&places, from, &table, total, (few, least));
                    assert_eq!(fast, ascend_each(&places, from, &table, total, (few, least)), "{n} items");
                    // The keys of the first column are all different.
                    if from == 0 && least == 0.0 {
                        assert_eq!(fast.scores[0] >= 0.0, n > 2 * few + 1, "{n} items, {few} before and after");
                    }
                }
            }
        }
    }
}
