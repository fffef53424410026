//! Runs of bins as the left side of a node: which of them parts it best.

use crate::ml::trees::kernel::wide;

/// The sums of a node whose runs of bins are compared, as numbers.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    pub gradient: f64,
    pub hessian: f64,
    pub l2: f64,
    /// Bits of the hessian in a packed sum.
    pub shift: u32,
}

/// The best of `packed` sums as the left side of a node, each against what is left of the node: the first one whose
/// `gl²/hl + gr²/hr` is above the fraction `best` and not below any other; `best` then is its score.
pub fn best_run(packed: &[i64], whole: &Whole, best: &mut (f64, f64)) -> Option<usize> {
    wide(
        #[inline(always)]
        || best_of_all(packed, whole, best),
    )
}

/// Runs compared at a time: most are no better than the best so far, and are passed over together.
const TOGETHER: usize = 8;

#[inline(always)]
fn best_of_all(packed: &[i64], whole: &Whole, best: &mut (f64, f64)) -> Option<usize> {
    let mut found = None;
    let (chunks, rest) = packed.as_chunks::<TOGETHER>();
    for (chunk, packed) in chunks.iter().enumerate() {
        if let Some(at) = best_of_some(packed, whole, best) {
            found = Some(chunk * TOGETHER + at);
        }
    }
    if let [.., last] = rest {
        // The same run again is no better.
        let mut padded = [*last; TOGETHER];
        padded[..rest.len()].copy_from_slice(rest);
        if let Some(at) = best_of_some(&padded, whole, best) {
            found = Some(chunks.len() * TOGETHER + at);
        }
    }
    found
}

#[inline(always)]
fn best_of_some(packed: &[i64; TOGETHER], whole: &Whole, best: &mut (f64, f64)) -> Option<usize> {
    let Whole { gradient: g, hessian: h, l2, shift } = *whole;
    // A whole number below 2^52 as the last bits of 2^52 is that number more: four at a time, which conversions are not.
    const BITS: u64 = 0x4330_0000_0000_0000;
    const FIRST: f64 = (1_u64 << 52) as f64;
    let mask = (1_u64 << shift) - 1;
    // Makes gradients positive. Their sums are below 2^51, and with the hessian below 2^62.
    let positive = 1_u64 << (62 - shift).min(51);
    let (offset, less) = (positive << shift, FIRST + positive as f64);
    let (mut above, mut below) = ([0.0; TOGETHER], [0.0; TOGETHER]);
    for i in 0..TOGETHER {
        let packed = packed[i] as u64;
        let gl = f64::from_bits(BITS | (packed.wrapping_add(offset) >> shift)) - less;
        let hl = f64::from_bits(BITS | (packed & mask)) - FIRST;
        let (gr, hr) = (g - gl, h - hl + l2);
        let hl = hl + l2;
        (above[i], below[i]) = (gl * gl * hr + gr * gr * hl, hl * hr);
    }
    let mut any = false;
    for i in 0..TOGETHER {
        any |= above[i] * best.1 > best.0 * below[i];
    }
    if !any {
        return None;
    }
    let mut found = None;
    for i in 0..TOGETHER {
        if above[i] * best.1 > best.0 * below[i] {
            *best = (above[i], below[i]);
            found = Some(i);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(i: usize) -> u64 {
        (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    #[test]
    fn the_best_run_is_that_of_one_comparison_after_the_other() {
        for (shift, n, scale) in [(12, 100, 3_i64), (25, 255, 1000), (43, 17, 10), (30, 8, 1), (30, 0, 1)] {
            let slots = (0..n).map(|at| {
                let gradient = (hashed(at) % 2001) as i64 - 1000;
                // Every fourth one is empty.
                if at % 4 == 3 { 0 } else { ((gradient * scale) << shift) + 1 + (hashed(at + 999) % 7) as i64 }
            });
            let runs: Vec<i64> = slots.scan(0, |sum, slot| Some(std::mem::replace(sum, *sum + slot) + slot)).collect();
            let sums = |run: i64| ((run >> shift) as f64, (run & ((1 << shift) - 1)) as f64);
            let (gradient, hessian) = sums(runs.last().copied().unwrap_or(0) + (500 << shift) + 9);
            let whole = Whole { gradient, hessian, l2: 0.5, shift };
            for known in [(-1.0, 1.0), (50.0 * scale as f64, 1.0), (1e300, 1.0)] {
                let (mut expected, mut top) = (None, known);
                for (at, &run) in runs.iter().enumerate() {
                    let (gl, hl) = sums(run);
                    let (gr, hr) = (gradient - gl, hessian - hl + 0.5);
                    let score = (gl * gl * hr + gr * gr * (hl + 0.5), (hl + 0.5) * hr);
                    if score.0 * top.1 > top.0 * score.1 {
                        (expected, top) = (Some(at), score);
                    }
                }
                for search in [best_run, best_of_all] {
                    let mut best = known;
                    assert_eq!(search(&runs, &whole, &mut best), expected, "shift {shift}, {n} runs, above {known:?}");
                    assert_eq!(best, top);
                }
            }
        }
    }
}
