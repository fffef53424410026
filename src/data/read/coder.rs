//! Text cells of one chunk as codes: each distinct text is found by a hash of its bytes and stored once.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

use super::tokens::{ASIDE, Field};
use crate::data::numbers::load;

/// A distinct text. Up to 16 bytes, its two words are all of it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    head: u64,
    tail: u64,
    field: Field,
    cells: u32,
}

/// Codes in order of first appearance.
#[derive(Debug, Default)]
pub struct Coder {
    pub codes: Vec<u32>,
    entries: Vec<Entry>,
    /// Open addressing; the high half is that of the hash, the low half a code plus one. A power of two long.
    slots: Vec<u64>,
    seed: u64,
}

/// Differs from run to run, so that nobody can prepare texts that all collide. Codes do not depend on it.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| RandomState::new().build_hasher().finish() | 1)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl Coder {
    pub fn new(n_rows: usize) -> Self {
        Self { codes: Vec::with_capacity(n_rows), entries: Vec::new(), slots: vec![0; 64], seed: seed() }
    }

    /// The code of the cell at `field`, counted; `padded` are the bytes it lies in, text or side buffer, with padding
    /// behind.
    #[inline]
    pub fn code(&mut self, field: Field, padded: &[u8], text: &[u8], side: &[u8]) -> u32 {
        let (at, len) = (field.start as usize, (field.len & !ASIDE) as usize);
        let (head, tail) = match len {
            0..=8 => (load(padded, at) & (u64::MAX >> (64 - 8 * len.max(1))), 0),
            _ => (load(padded, at), load(padded, at + len - 8)),
        };
        let mut hash = fold(head ^ self.seed, tail ^ 0x9e37_79b9_7f4a_7c15 ^ len as u64);
        if len > 16 {
            for word in (8..len - 8).step_by(8) {
                hash = fold(hash ^ load(padded, at + word), 0xd6e8_feb8_6659_fd93);
            }
        }
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        let high = hash & 0xffff_ffff_0000_0000;
        let code = loop {
            let content = self.slots[slot];
            if content == 0 {
                break self.insert(Entry { head, tail, field, cells: 0 }, slot, high, text, side);
            }
            let code = (content as u32).wrapping_sub(1);
            if content & 0xffff_ffff_0000_0000 == high {
                let entry = &self.entries[code as usize];
                let same = (entry.head, entry.tail, entry.field.len & !ASIDE) == (head, tail, field.len & !ASIDE);
                if same && (len <= 16 || entry.field.bytes(text, side) == &padded[at..at + len]) {
                    break code;
                }
            }
            slot = (slot + 1) & mask;
        };
        self.entries[code as usize].cells += 1;
        code
    }

    fn insert(&mut self, entry: Entry, slot: usize, high: u64, text: &[u8], side: &[u8]) -> u32 {
        let code = self.entries.len() as u32;
        self.entries.push(entry);
        self.slots[slot] = high | u64::from(code + 1);
        if self.entries.len() * 2 > self.slots.len() {
            self.grow(text, side);
        }
        code
    }

    fn grow(&mut self, text: &[u8], side: &[u8]) {
        let old = std::mem::replace(self, Self { slots: vec![0; self.slots.len() * 4], ..Self::new(0) });
        let mask = self.slots.len() - 1;
        for (code, entry) in old.entries.iter().enumerate() {
            let hash = self.hash(entry, text, side);
            let mut slot = hash as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = hash & 0xffff_ffff_0000_0000 | (code as u64 + 1);
        }
        self.codes = old.codes;
        self.entries = old.entries;
    }

    fn hash(&self, entry: &Entry, text: &[u8], side: &[u8]) -> u64 {
        let bytes = entry.field.bytes(text, side);
        let len = bytes.len();
        let mut hash = fold(entry.head ^ self.seed, entry.tail ^ 0x9e37_79b9_7f4a_7c15 ^ len as u64);
        if len > 16 {
            for word in (8..len - 8).step_by(8) {
                hash = fold(hash ^ load(bytes, word), 0xd6e8_feb8_6659_fd93);
            }
        }
        hash
    }

    /// Distinct texts with their numbers of cells, by code.
    pub fn texts<'a>(&'a self, text: &'a [u8], side: &'a [u8]) -> impl Iterator<Item = (&'a str, u64)> {
        self.entries.iter().map(|entry| {
            let bytes = entry.field.bytes(text, side);
            (std::str::from_utf8(bytes).unwrap_or_default(), u64::from(entry.cells))
        })
    }

    pub fn n_texts(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::numbers::PADDING;

    #[test]
    fn texts_of_every_length_are_told_apart() {
        let (mut text, mut fields) = (Vec::new(), Vec::new());
        for round in 0..3 {
            for len in 1..40usize {
                for last in 0..20u8 {
                    let start = text.len() as u32;
                    text.extend(std::iter::repeat_n(b'x', len - 1));
                    text.push(b'a' + last);
                    if len > 10 {
                        text[start as usize + len / 2] = b'0' + last;
                    }
                    fields.push((round, Field { start, len: len as u32 }));
                }
            }
        }
        text.resize(text.len() + PADDING, 0);
        let mut coder = Coder::new(0);
        let codes: Vec<u32> = fields.iter().map(|(_, field)| coder.code(*field, &text, &text, &[])).collect();
        let distinct: std::collections::BTreeSet<&[u8]> = fields.iter().map(|(_, f)| f.bytes(&text, &[])).collect();
        assert_eq!(coder.n_texts(), distinct.len());
        let texts: Vec<&str> = coder.texts(&text, &[]).map(|(text, _)| text).collect();
        for ((_, field), &code) in fields.iter().zip(&codes) {
            assert_eq!(texts[code as usize].as_bytes(), field.bytes(&text, &[]));
        }
        assert_eq!(coder.texts(&text, &[]).map(|(_, n)| n).sum::<u64>(), fields.len() as u64);
    }
}
