//! Steps over text, all of them a `LabelEncoder` and what follows it.

use std::collections::BTreeSet;

use super::super::graph::{Attr, GraphBuilder, Value};
use super::super::proto::data_type;
use super::{Held, Stage, concat, finite};
use crate::domain::recipe::{Coded, FilledText, Kept, LookedUp, OneHot, UnknownCategory};

/// Codes travel through the graph as f32, which counts exactly up to here.
const MOST_LEVELS: usize = 1 << 24;

/// Text to 1 and 0, anything that is not a spelling to NaN.
pub(super) fn spelled(g: &mut GraphBuilder, cells: &Value, yes: &[String], no: &[String]) -> Value {
    let keys = yes.iter().chain(no).map(|s| s.as_bytes().to_vec()).collect();
    let values = yes.iter().map(|_| 1.0).chain(no.iter().map(|_| 0.0)).collect();
    to_number(g, cells, keys, values)
}

/// Text to small whole numbers, NaN for what is not listed.
fn to_number(g: &mut GraphBuilder, cells: &Value, keys: Vec<Vec<u8>>, values: Vec<f32>) -> Value {
    let attrs = vec![
        ("keys_strings", Attr::Texts(keys)),
        ("values_floats", Attr::Floats(values)),
        ("default_float", Attr::Float(f32::NAN)),
    ];
    let floats = g.ml_op("LabelEncoder", &[cells], attrs);
    g.op("Cast", &[&floats], vec![("to", Attr::Int(data_type::DOUBLE.into()))])
}

/// Text to its position among the levels, `missing` for the empty text, `unknown` for what is not listed.
fn to_position(g: &mut GraphBuilder, cells: &Value, levels: &[String], missing: i64, unknown: i64) -> Value {
    let mut keys = vec![Vec::new()];
    let mut values = vec![missing];
    for (at, level) in levels.iter().enumerate().filter(|(_, level)| !level.is_empty()) {
        keys.push(level.as_bytes().to_vec());
        values.push(at as i64);
    }
    let attrs = vec![
        ("keys_strings", Attr::Texts(keys)),
        ("values_int64s", Attr::Ints(values)),
        ("default_int64", Attr::Int(unknown)),
    ];
    g.ml_op("LabelEncoder", &[cells], attrs)
}

fn distinct(levels: &[String]) -> Result<(), String> {
    let different: BTreeSet<&String> = levels.iter().collect();
    if different.len() == levels.len() { Ok(()) } else { Err("lists a category twice".to_owned()) }
}

impl Stage<'_> {
    /// `[N, 1]` text to `[N, categories]` ones and zeros: the category's position, then a comparison with all positions.
    /// Position −1 equals none.
    pub(super) fn one_hot(&mut self, column: &OneHot) -> Result<(), String> {
        let cells = self.text(&column.column)?;
        let categories = &column.categories;
        distinct(categories)?;
        if categories.is_empty() {
            self.held.insert(column.column.clone(), Held::Indicators(None, 0));
            return Ok(());
        }
        let position = |name: &String| categories.iter().position(|c| c == name).map_or(-1, |p| p as i64);
        let missing = column.missing_as.as_ref().map_or(-1, position);
        let unknown = match column.unknown {
            UnknownCategory::Ignore => -1,
            UnknownCategory::Missing => missing,
        };
        let found = to_position(self.g, &cells, categories, missing, unknown);
        let positions = self.g.ints(&[1, categories.len()], (0..categories.len() as i64).collect());
        let equal = self.op("Equal", &[&found, &positions]);
        let indicators = self.cast_double(&equal);
        self.held.insert(column.column.clone(), Held::Indicators(Some(indicators), categories.len()));
        Ok(())
    }

    /// Codes as numbers, NaN for missing and unknown.
    pub(super) fn category(&mut self, columns: &[Coded]) -> Result<(), String> {
        let mut codes = Vec::with_capacity(columns.len());
        for column in columns {
            distinct(&column.levels)?;
            if column.levels.len() > MOST_LEVELS {
                return Err(format!("has more than {MOST_LEVELS} categories in column `{}`", column.column));
            }
            let cells = self.text(&column.column)?;
            let listed = column.levels.iter().enumerate().filter(|(_, level)| !level.is_empty());
            let (values, mut keys): (Vec<f32>, Vec<Vec<u8>>) =
                listed.map(|(at, level)| (at as f32, level.as_bytes().to_vec())).unzip();
            let mut values = values;
            if keys.is_empty() {
                // The operator wants at least one key.
                keys.push(Vec::new());
                values.push(f32::NAN);
            }
            codes.push(to_number(self.g, &cells, keys, values));
        }
        let block = concat(self.g, codes);
        self.put(block, columns.iter().map(|c| c.column.clone()).collect());
        Ok(())
    }

    /// A position, then a row of a table of doubles: exact, where the operator itself knows only floats. Neighbours with
    /// the same column and levels share both.
    pub(super) fn lookup(&mut self, columns: &[LookedUp]) -> Result<(), String> {
        let mut made = Vec::new();
        for group in columns.chunk_by(|a, b| a.column == b.column && a.levels == b.levels) {
            let (first, n) = (&group[0], group[0].levels.len());
            distinct(&first.levels)?;
            let mut table = Vec::with_capacity((n + 2) * group.len());
            for at in 0..n + 2 {
                for column in group {
                    if column.values.len() != n {
                        return Err(format!("has {} numbers for {n} categories", column.values.len()));
                    }
                    let extra = [column.missing, column.unknown];
                    let value = column.values.get(at).copied().unwrap_or_else(|| extra[at - n]);
                    finite("a number", value)?;
                    table.push(value.unwrap_or(f64::NAN));
                }
            }
            let cells = self.text(&first.column)?;
            let at = to_position(self.g, &cells, &first.levels, n as i64, n as i64 + 1);
            let flat = self.g.ints(&[1], vec![-1]);
            let at = self.op("Reshape", &[&at, &flat]);
            let table = self.g.doubles(&[n + 2, group.len()], table);
            let found = self.g.op("Gather", &[&table, &at], vec![("axis", Attr::Int(0))]);
            made.push((found, group.iter().map(|c| c.into.clone()).collect()));
        }
        made.into_iter().for_each(|(value, names)| self.put(value, names));
        Ok(())
    }

    pub(super) fn group_rare(&mut self, column: &Kept) -> Result<(), String> {
        distinct(&column.levels)?;
        if column.other.is_empty() {
            return Err("has no name for the other categories".to_owned());
        }
        let cells = self.text(&column.column)?;
        let mut keys = vec![Vec::new()];
        keys.extend(column.levels.iter().filter(|level| !level.is_empty()).map(|level| level.as_bytes().to_vec()));
        let attrs = vec![
            ("keys_strings", Attr::Texts(keys.clone())),
            ("values_strings", Attr::Texts(keys)),
            ("default_string", Attr::Bytes(column.other.as_bytes().to_vec())),
        ];
        let grouped = self.g.ml_op("LabelEncoder", &[&cells], attrs);
        self.held.insert(column.column.clone(), Held::Text(grouped));
        Ok(())
    }

    pub(super) fn impute_text(&mut self, columns: &[FilledText]) -> Result<(), String> {
        for column in columns {
            let cells = self.text(&column.column)?;
            let is_missing = |stage: &mut Self| {
                let found = to_position(stage.g, &cells, &[], 1, 0);
                stage.g.op("Cast", &[&found], vec![("to", Attr::Int(data_type::BOOL.into()))])
            };
            if let Some(indicator) = &column.indicator {
                let missing = is_missing(self);
                let flags = self.cast_double(&missing);
                self.put(flags, vec![indicator.clone()]);
            }
            let missing = is_missing(self);
            let value = self.g.texts(std::slice::from_ref(&column.value));
            let filled = self.op("Where", &[&missing, &value, &cells]);
            self.held.insert(column.column.clone(), Held::Text(filled));
        }
        Ok(())
    }
}
