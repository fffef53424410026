//! A number per row that sorts as the cells of a column do.

use super::TableView;
use super::bits::Bits;
use super::groups;
use crate::data::builder::DictionaryBuilder;
use crate::data::error::LoadError;
use crate::data::table::{Cells, Dictionary};
use crate::domain::io::JobIo;
use crate::domain::schema::Storage;

/// Distinct texts that are held to be ranked; with more, texts are compared a few bytes at a time.
const MAX_RANKED: usize = 3_000_000;
const MAX_RANKED_BYTES: usize = 256 << 20;
/// Bytes of a text in one key. The eighth says how many are really there.
const CHUNK: usize = 7;
/// The last byte of a key whose text goes on.
const GOES_ON: u8 = 8;

/// Rows to be sorted, by position: some of a table's rows, ascending, or all of them.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    pub view: &'a TableView,
    pub kept: Option<&'a [u32]>,
}

impl Rows<'_> {
    pub fn len(&self) -> usize {
        self.kept.map_or(self.view.n_rows() as usize, <[u32]>::len)
    }

    /// The positions that lie in a row group.
    fn positions(&self, group: usize) -> std::ops::Range<usize> {
        let rows = self.view.group_rows(group);
        match self.kept {
            None => rows.start as usize..rows.end as usize,
            Some(kept) => {
                let place = |row: u64| kept.partition_point(|&r| u64::from(r) < row);
                place(rows.start)..place(rows.end)
            }
        }
    }

    /// The place of a position within its row group.
    fn within(&self, position: usize, group: usize) -> usize {
        let row = self.kept.map_or(position, |kept| kept[position] as usize);
        row - self.view.group_rows(group).start as usize
    }
}

pub enum Values {
    Wide(Vec<u64>),
    Narrow(Vec<u32>),
}

/// By position; what stands for a missing cell means nothing.
pub struct Keys {
    pub values: Values,
    pub missing: Bits,
    /// These are the beginnings of texts; [`Keys::goes_on`] tells which are not whole.
    pub chunks: bool,
    descending: bool,
}

impl Keys {
    pub fn same(&self, a: u32, b: u32) -> bool {
        match &self.values {
            Values::Wide(v) => v[a as usize] == v[b as usize],
            Values::Narrow(v) => v[a as usize] == v[b as usize],
        }
    }

    /// Whether the text at a position is longer than what its key holds.
    pub fn goes_on(&self, position: u32) -> bool {
        let Values::Wide(v) = &self.values else { return false };
        let key = directed(v[position as usize], self.descending);
        self.chunks && !self.missing.get(position as usize) && key as u8 == GOES_ON
    }
}

fn directed(key: u64, descending: bool) -> u64 {
    if descending { !key } else { key }
}

/// The keys of a column. Text beyond [`MAX_RANKED`] distinct values comes in chunks, of which these are the first.
pub fn of_column(rows: Rows<'_>, column: usize, descending: bool, io: &dyn JobIo) -> Result<Keys, LoadError> {
    if rows.view.schema().columns[column].storage == Storage::String {
        if let Some(keys) = ranks(rows, column, descending, io)? {
            return Ok(keys);
        }
        return chunks(rows, column, descending, 0, None, io);
    }
    let key = |cells: &Cells, i: usize| number(cells, i).map(|key| directed(key, descending));
    wide(rows, column, None, io, key).map(|(values, missing)| Keys {
        values: Values::Wide(values),
        missing,
        chunks: false,
        descending,
    })
}

/// The keys of the `depth`-th chunk of each text, of the positions in `open` only.
pub fn chunks(
    rows: Rows<'_>,
    column: usize,
    descending: bool,
    depth: usize,
    open: Option<&Bits>,
    io: &dyn JobIo,
) -> Result<Keys, LoadError> {
    let key = |cells: &Cells, i: usize| match cells {
        Cells::Text(d) => d.get(i).map(|text| directed(chunk(text, depth), descending)),
        _ => None,
    };
    let (values, missing) = wide(rows, column, open, io, key)?;
    Ok(Keys { values: Values::Wide(values), missing, chunks: true, descending })
}

/// Seven bytes and how many there are: a text sorts before its continuation, even by zero bytes.
fn chunk(text: &str, depth: usize) -> u64 {
    let rest = text.as_bytes().get(depth * CHUNK..).unwrap_or_default();
    let mut bytes = [0; 8];
    let here = rest.len().min(CHUNK);
    bytes[..here].copy_from_slice(&rest[..here]);
    bytes[CHUNK] = if rest.len() > CHUNK { GOES_ON } else { here as u8 };
    u64::from_be_bytes(bytes)
}

/// Numbers, times and truths as a number with the same order.
fn number(cells: &Cells, i: usize) -> Option<u64> {
    const SIGN: u64 = 1 << 63;
    match cells {
        Cells::Float(v) => {
            // Adding 0.0 turns −0 into 0.
            let bits = (v[i] + 0.0).to_bits();
            (!v[i].is_nan()).then_some(if bits & SIGN == 0 { bits | SIGN } else { !bits })
        }
        Cells::Int(v) | Cells::DatetimeMs(v) => v[i].map(|x| x as u64 ^ SIGN),
        Cells::Boolean(v) => v[i].map(u64::from),
        Cells::Text(_) => None,
    }
}

/// Eight bytes per position, filled row group by row group.
fn wide(
    rows: Rows<'_>,
    column: usize,
    open: Option<&Bits>,
    io: &dyn JobIo,
    key: impl Fn(&Cells, usize) -> Option<u64> + Sync,
) -> Result<(Vec<u64>, Bits), LoadError> {
    let mut values = vec![0; rows.len()];
    let mut missing = Bits::none(rows.len());
    let work = |group: usize| {
        let positions = rows.positions(group);
        let wanted = open.is_none_or(|open| positions.clone().any(|p| open.get(p)));
        if positions.is_empty() || !wanted {
            return Ok(Vec::new());
        }
        let cells = rows.view.group_cells(group, column)?;
        Ok(positions.map(|position| key(&cells, rows.within(position, group))).collect::<Vec<_>>())
    };
    groups::each(rows.view.n_groups(), io, "Reading", work, |group, found| {
        let first = rows.positions(group).start;
        for (i, key) in found.into_iter().enumerate() {
            match key {
                _ if open.is_some_and(|open| !open.get(first + i)) => {}
                Some(key) => values[first + i] = key,
                None => missing.set(first + i),
            }
        }
        Ok(())
    })?;
    Ok((values, missing))
}

/// The place of each text among the distinct ones; `None` when there are too many to hold.
fn ranks(rows: Rows<'_>, column: usize, descending: bool, io: &dyn JobIo) -> Result<Option<Keys>, LoadError> {
    // A column with about as many values as rows is not tried: most of the way would be for nothing.
    if rows.view.schema().columns[column].distinct as usize > MAX_RANKED {
        return Ok(None);
    }
    let mut codes = vec![u32::MAX; rows.len()];
    let mut builder = DictionaryBuilder::default();
    let (mut bytes, mut distinct, mut too_many) = (0, 0, false);
    let work = |group: usize| {
        let positions = rows.positions(group);
        if positions.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let Cells::Text(Dictionary { codes, values }) = rows.view.group_cells(group, column)? else {
            return Ok((Vec::new(), Vec::new()));
        };
        Ok((positions.map(|position| codes[rows.within(position, group)]).collect(), values))
    };
    let done = groups::each(rows.view.n_groups(), io, "Reading", work, |group, (local, texts)| {
        let merged: Vec<u32> = texts.iter().map(|text| builder.code(text)).collect();
        for (text, code) in texts.iter().zip(&merged) {
            if *code as usize >= distinct {
                distinct = *code as usize + 1;
                bytes += text.len();
            }
        }
        too_many = distinct > MAX_RANKED || bytes > MAX_RANKED_BYTES;
        if too_many {
            return Err(crate::domain::io::Cancelled.into());
        }
        let first = rows.positions(group).start;
        for (i, code) in local.into_iter().enumerate() {
            codes[first + i] = merged.get(code as usize).copied().unwrap_or(u32::MAX);
        }
        Ok(())
    });
    if too_many {
        return Ok(None);
    }
    done?;
    let values = builder.finish().values;
    let mut by_value: Vec<u32> = (0..values.len() as u32).collect();
    by_value.sort_unstable_by(|&a, &b| values[a as usize].cmp(&values[b as usize]));
    let mut rank = vec![0; values.len()];
    for (place, code) in by_value.iter().enumerate() {
        rank[*code as usize] = if descending { values.len() - 1 - place } else { place } as u32;
    }
    let missing = Bits::of(codes.len(), |i| codes[i] == u32::MAX);
    codes.iter_mut().for_each(|code| *code = rank.get(*code as usize).copied().unwrap_or_default());
    Ok(Some(Keys { values: Values::Narrow(codes), missing, chunks: false, descending }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_sort_as_the_texts_do() {
        let mut texts = ["", "a", "a\0", "aa", "ab", "abcdefg", "abcdefg\0", "abcdefgh", "b", "é", "日本"];
        texts.sort();
        let keys = |text: &str| (0..3).map(|depth| chunk(text, depth)).collect::<Vec<_>>();
        assert!(texts.windows(2).all(|w| keys(w[0]) < keys(w[1])));
    }

    #[test]
    fn numbers_sort_as_their_keys_do() {
        let floats = Cells::Float(vec![f64::NEG_INFINITY, -1.5, -1e-300, 0.0, 2.0, f64::INFINITY, f64::NAN, -0.0]);
        let keys: Vec<_> = (0..8).map(|i| number(&floats, i)).collect();
        assert!(keys[..6].windows(2).all(|w| w[0] < w[1]));
        assert_eq!((keys[6], keys[7]), (None, keys[3]));
        let ints = Cells::Int(vec![Some(i64::MIN), Some(-1), Some(0), Some(i64::MAX)]);
        assert!((0..3).all(|i| number(&ints, i) < number(&ints, i + 1)));
    }
}
