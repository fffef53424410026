//! Where the bytes with a meaning are, 64 bytes at a time.

use std::ops::Range;

use memchr::memchr;

use super::bytes::newlines;
use super::tokens::Dialect;

/// The bytes to be found: delimiter, quote, LF and CR.
#[derive(Clone, Copy, Debug)]
pub struct Marks([u8; 4]);

impl Marks {
    pub fn new(dialect: Dialect) -> Self {
        Self([dialect.delimiter, dialect.quote, b'\n', b'\r'])
    }

    /// One bit for each of `bytes[at..at + 64]` before `end`, the first in the lowest.
    #[inline(always)]
    pub fn of(self, bytes: &[u8], at: usize, end: usize) -> u64 {
        // The compiler makes vector code of this.
        let mut flags = [0u8; 64];
        let [a, b, c, d] = self.0;
        for (flag, &byte) in flags.iter_mut().zip(&bytes[at..at + 64]) {
            *flag = u8::from(byte == a) | u8::from(byte == b) | u8::from(byte == c) | u8::from(byte == d);
        }
        // Gathers the lowest bits of eight bytes in the highest byte.
        let gathered = |eight: &[u8]| word(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        let hits = flags.chunks_exact(8).enumerate().fold(0, |hits, (i, eight)| hits | gathered(eight) << (8 * i));
        let ahead = end.saturating_sub(at);
        if ahead < 64 { hits & ((1 << ahead) - 1) } else { hits }
    }
}

/// Finds the places of many marks at once, with few branches that a processor could guess wrong.
pub struct Places {
    marks: Marks,
    places: Vec<u32>,
    /// Lines were seen to end in CRLF.
    has_crlf: bool,
}

impl Places {
    pub fn new(marks: Marks) -> Self {
        Self { marks, places: Vec::new(), has_crlf: false }
    }

    /// The marks of the first `n_rows` records of `bytes[range]`, or of some more or fewer, if each has `n_fields` fields
    /// and no quotes. A CR before an LF is left out.
    pub fn find(&mut self, bytes: &[u8], range: Range<usize>, n_rows: usize, n_fields: usize) -> &[u32] {
        let n_marks = n_rows * (n_fields + usize::from(self.has_crlf));
        // The last eight places written may be too many.
        self.places.resize(self.places.len().max(n_marks + 72), 0);
        let mut found = self.look(bytes, range, n_marks);
        // Without the first record there is no other.
        let first = &self.places[..found.min(n_fields + 1)];
        self.has_crlf |= first.iter().any(|&place| is_crlf(bytes, place));
        if self.has_crlf {
            let mut kept = 0;
            for i in 0..found {
                let place = self.places[i];
                self.places[kept] = place;
                kept += usize::from(!is_crlf(bytes, place));
            }
            found = kept;
        }
        &self.places[..found.min(n_rows * n_fields)]
    }

    fn look(&mut self, bytes: &[u8], Range { start: at, end }: Range<usize>, n: usize) -> usize {
        let mut block = at & !63;
        let mut found = 0;
        let mut hits = self.marks.of(bytes, block, end) & (u64::MAX << (at - block));
        loop {
            let n_hits = hits.count_ones() as usize;
            let mut to = found;
            while hits != 0 {
                for place in &mut self.places[to..to + 8] {
                    *place = block as u32 | hits.trailing_zeros();
                    hits &= hits.wrapping_sub(1);
                }
                to += 8;
            }
            found += n_hits;
            block += 64;
            if found >= n || block >= end {
                return found;
            }
            hits = self.marks.of(bytes, block, end);
        }
    }
}

fn is_crlf(bytes: &[u8], place: u32) -> bool {
    bytes[place as usize] == b'\r' && bytes[place as usize + 1] == b'\n'
}

#[inline(always)]
fn word(eight: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(eight);
    u64::from_le_bytes(word)
}

/// Line ends in `bytes`: LF, CRLF or a lone CR, whole or not at the edges.
pub fn line_ends(bytes: &[u8]) -> u64 {
    if memchr(b'\r', bytes).is_none() {
        return newlines(bytes);
    }
    let lone = bytes.iter().enumerate().filter(|&(i, &b)| b == b'\r' && bytes.get(i + 1) != Some(&b'\n')).count();
    newlines(bytes) + lone as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_and_nothing_else_has_a_bit() {
        let marks = Marks::new(Dialect { delimiter: b';', quote: b'"', comment: None });
        let bytes: Vec<u8> = (0..=255).chain(0..=255).rev().collect();
        for at in 0..bytes.len() - 64 {
            let bit = |i: usize| u64::from(b";\"\n\r".contains(&bytes[at + i])) << i;
            let expected: u64 = (0..64).map(bit).sum();
            assert_eq!(marks.of(&bytes, at, 512), expected, "{at}");
            assert_eq!(marks.of(&bytes, at, at + 5), expected & 31);
        }
    }
}
