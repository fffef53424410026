//! Where the bytes with a meaning are, 64 bytes at a time.

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

#[inline(always)]
fn word(eight: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(eight);
    u64::from_le_bytes(word)
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
