//! Which rows a query keeps: its conditions and its text filter, row group by row group.

use std::collections::HashMap;

use super::bits::Bits;
use super::rule::{Rule, Span};
use super::{TableView, groups};
use crate::data::error::{LoadError, clip};
use crate::data::table::Cells;
use crate::domain::filter::{self, Condition, Filter, Test, Word};
use crate::domain::io::JobIo;
use crate::domain::schema::Schema;
use crate::domain::table::{ColumnFilter, FilterOp, TableQuery};

/// A filter whose `not`s were carried down to the rules, which is sound in three-valued logic.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Test { column: usize, rule: Rule },
}

impl Node {
    /// Everything a query asks of a row; `None` when it asks nothing.
    ///
    /// Errors: a text that is no filter, an unknown column, a value that does not fit its column.
    pub fn of_query(query: &TableQuery, schema: &Schema) -> Result<Option<Self>, LoadError> {
        let mut parts = Vec::new();
        for filter in &query.filters {
            let condition = Condition { column: Word::new(&filter.column), test: test_of(filter) };
            parts.push(Self::test(&condition, schema, true)?);
        }
        if let Some(text) = query.expression.as_deref().filter(|text| !text.trim().is_empty()) {
            let filter = filter::parse(text).map_err(|problem| LoadError::Filter { problem })?;
            parts.push(Self::typed(&filter, schema, true)?);
        }
        Ok(if parts.len() > 1 { Some(Self::And(parts)) } else { parts.pop() })
    }

    fn typed(filter: &Filter, schema: &Schema, wanted: bool) -> Result<Self, LoadError> {
        let all = |parts: &[Filter]| {
            parts.iter().map(|part| Self::typed(part, schema, wanted)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match filter {
            Filter::And(parts) if wanted => Self::And(all(parts)?),
            Filter::Or(parts) if wanted => Self::Or(all(parts)?),
            Filter::And(parts) => Self::Or(all(parts)?),
            Filter::Or(parts) => Self::And(all(parts)?),
            Filter::Not(inner) => Self::typed(inner, schema, !wanted)?,
            Filter::Test(condition) => Self::test(condition, schema, wanted)?,
        })
    }

    fn test(condition: &Condition, schema: &Schema, wanted: bool) -> Result<Self, LoadError> {
        let column = find_column(schema, &condition.column.text)?;
        let rule = Rule::new(&condition.test, &schema.columns[column])?;
        Ok(Self::Test { column, rule: if wanted { rule } else { rule.opposite() } })
    }
}

/// A condition of the filter builder in the words of the text filter.
pub fn test_of(filter: &ColumnFilter) -> Test {
    use filter::{Comparison as C, Part};
    // Text is compared as it was typed: spaces may matter.
    let word = || Word::new(&filter.value);
    match filter.op {
        FilterOp::Equals => Test::Compare(C::Equal, word()),
        FilterOp::NotEquals => Test::Compare(C::NotEqual, word()),
        FilterOp::Less => Test::Compare(C::Less, word()),
        FilterOp::LessOrEqual => Test::Compare(C::LessOrEqual, word()),
        FilterOp::Greater => Test::Compare(C::Greater, word()),
        FilterOp::GreaterOrEqual => Test::Compare(C::GreaterOrEqual, word()),
        FilterOp::Contains => Test::Part(Part::Contains, word()),
        FilterOp::IsMissing => Test::Missing,
        FilterOp::IsNotMissing => Test::Present,
    }
}

/// The column of this name; in another case when only one fits.
///
/// Errors: no such column, with the nearest names.
pub fn find_column(schema: &Schema, name: &str) -> Result<usize, LoadError> {
    if let Some(exact) = schema.index_of(name) {
        return Ok(exact);
    }
    let lower = name.to_lowercase();
    let mut same = (0..schema.columns.len()).filter(|&i| schema.columns[i].name.to_lowercase() == lower);
    if let (Some(only), None) = (same.next(), same.next()) {
        return Ok(only);
    }
    let mut near: Vec<(usize, &str)> = schema
        .names()
        .map(|known| (distance(&lower, &known.to_lowercase()), known))
        .filter(|(far, known)| *far <= 2.max(known.chars().count() / 3))
        .collect();
    near.sort();
    let near: Vec<String> = near.into_iter().take(3).map(|(_, known)| clip(known)).collect();
    if near.is_empty() {
        return Err(LoadError::NoSuchColumn { column: clip(name) });
    }
    Err(LoadError::NearColumn { column: clip(name), near: near.join("`, `") })
}

/// Insertions, deletions and changes between two words (Levenshtein 1966), of their first 64 characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The rows that pass, ascending.
pub fn rows(view: &TableView, node: &Node, io: &dyn JobIo) -> Result<Vec<u32>, LoadError> {
    let n_groups = view.n_groups();
    let mut passing: Vec<Option<Bits>> = vec![None; n_groups];
    groups::each(
        n_groups,
        io,
        "Filtering",
        |group| Group { view, group, cells: HashMap::new() }.pass(node),
        |group, bits| {
            passing[group] = Some(bits).filter(|bits| !bits.is_none());
            Ok(())
        },
    )?;
    let mut kept = Vec::with_capacity(passing.iter().flatten().map(Bits::count).sum());
    for (group, bits) in passing.iter().enumerate() {
        let first = view.group_rows(group).start as u32;
        kept.extend(bits.iter().flat_map(Bits::iter).map(|row| first + row as u32));
    }
    Ok(kept)
}

/// One row group while it is tested; its columns are decoded when they are first needed.
struct Group<'a> {
    view: &'a TableView,
    group: usize,
    cells: HashMap<usize, Cells>,
}

impl Group<'_> {
    fn pass(&mut self, node: &Node) -> Result<Bits, LoadError> {
        let rows = self.view.group_rows(self.group);
        let n_rows = (rows.end - rows.start) as usize;
        match node {
            Node::And(parts) => {
                let mut bits = Bits::all(n_rows);
                for part in parts {
                    if bits.is_none() {
                        break;
                    }
                    bits.and(&self.pass(part)?);
                }
                Ok(bits)
            }
            Node::Or(parts) => {
                let mut bits = Bits::none(n_rows);
                for part in parts {
                    if bits.is_all() {
                        break;
                    }
                    bits.or(&self.pass(part)?);
                }
                Ok(bits)
            }
            Node::Test { column, rule } => {
                if self.span(*column).is_some_and(|span| rule.passes_none_of(span)) {
                    return Ok(Bits::none(n_rows));
                }
                if !self.cells.contains_key(column) {
                    self.cells.insert(*column, self.view.group_cells(self.group, *column)?);
                }
                Ok(rule.apply(&self.cells[column]))
            }
        }
    }

    fn span(&self, column: usize) -> Option<Span> {
        self.view.file.span(self.group, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_of_words_counts_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("age", "age"), 0);
    }
}
