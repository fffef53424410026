//! One bit per row.

/// A set of rows of a table or of a row group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    pub fn all(len: usize) -> Self {
        Self::of(len, |_| true)
    }

    /// The rows for which `test` holds.
    pub fn of(len: usize, test: impl Fn(usize) -> bool) -> Self {
        let word = |w: usize| (w * 64..len.min(w * 64 + 64)).fold(0, |bits, i| bits | u64::from(test(i)) << (i % 64));
        Self { words: (0..len.div_ceil(64)).map(word).collect(), len }
    }

    pub fn get(&self, i: usize) -> bool {
        self.words[i / 64] >> (i % 64) & 1 == 1
    }

    pub fn set(&mut self, i: usize) {
        self.words[i / 64] |= 1 << (i % 64);
    }

    pub fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    pub fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    pub fn is_none(&self) -> bool {
        self.words.iter().all(|w| *w == 0)
    }

    pub fn is_all(&self) -> bool {
        self.count() == self.len
    }

    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(w, &word)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(w * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_a_set_of_rows() {
        let mut threes = Bits::of(200, |i| i % 3 == 0);
        let twos = Bits::of(200, |i| i % 2 == 0);
        assert_eq!((threes.count(), threes.iter().nth(33)), (67, Some(99)));
        threes.and(&twos);
        assert!(threes.iter().eq((0..200).step_by(6)));
        threes.or(&twos);
        assert_eq!(threes, twos);
        assert!(Bits::all(130).is_all() && Bits::none(130).is_none() && Bits::all(0).is_all());
    }
}
