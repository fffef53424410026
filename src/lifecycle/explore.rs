//! Explore: groups of rows and unusual rows, without a target. Nothing is stored.
//!
//! Both learn from a sample of a large table and then look at every row, a stretch at a time: memory does not grow with
//! the table.

use std::ops::Range;

use crate::data::columns::TableRef;
use crate::data::recipe::{self, default_features};
use crate::data::split::sample_rows;
use crate::data::table::{Cells, Table, format_datetime};
use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{Explore, ExploreRequest, Explored, Group, GroupColumn, Groups, Outliers, Typical};
use crate::domain::features::Features;
use crate::domain::io::{JobIo, Part};
use crate::domain::params::Algorithm;
use crate::domain::recipe::{FittedRecipe, RecipeSpec};
use crate::ml::clusters::{Clusters, Components, KMeans, principal_components};
use crate::ml::outliers::{Isolation, IsolationForest};
use crate::store::{Workspace, datasets};

use super::StageError;
use super::resolve::open;

/// Rows that are learned from at most.
const MOST_LEARNED: usize = 100_000;
/// Rows looked at together.
const STRETCH: usize = 100_000;
/// Numbers of groups tried when none is asked for.
const TRIED: Range<u32> = 2..11;
const STARTS: usize = 3;
const MOST_PASSES: usize = 100;
const TREES: usize = 100;

pub fn explore(workspace: &Workspace, request: &ExploreRequest, io: &dyn JobIo) -> Result<Explored, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, request.version))?;
    io.progress("Reading", Some(0.0))?;
    let opened = open(workspace, &version)?;
    let rows = Rows::new(opened.table(), &version, request, io)?;
    match request.what {
        Explore::Groups { count } => groups(&rows, count, request.seed, io).map(Explored::Groups),
        Explore::Outliers => outliers(&rows, request.seed, io).map(Explored::Outliers),
    }
}

/// The rows of a version as features: a recipe learned on some, applied to all.
struct Rows<'a> {
    table: TableRef<'a>,
    n_rows: usize,
    columns: Vec<String>,
    recipe: FittedRecipe,
    learned: Features,
    warnings: Vec<String>,
}

impl<'a> Rows<'a> {
    fn new(
        table: TableRef<'a>,
        version: &DatasetVersion,
        request: &ExploreRequest,
        io: &dyn JobIo,
    ) -> Result<Self, StageError> {
        let schema = &version.schema;
        if let Some(unknown) = request.exclude.iter().find(|name| schema.column(name).is_none()) {
            return Err(StageError::usage(
                format!("there is no column `{unknown}` to exclude in {}", version.label()),
                format!("Its columns are {}", schema.names().collect::<Vec<_>>().join(", ")),
            ));
        }
        let style = match request.what {
            Explore::Groups { .. } => Algorithm::Knn,
            Explore::Outliers => Algorithm::RandomForest,
        };
        let spec = recipe::spec_for(style, &RecipeSpec::default());
        let (columns, left_out) = default_features(schema, version.rows, "", &request.exclude, &spec);
        let n_rows = version.rows as usize;
        if columns.is_empty() || n_rows < 2 {
            return Err(StageError::usage(
                format!(
                    "{} has {n_rows} rows and {} columns to look at; two rows and a column are needed",
                    version.label(),
                    columns.len()
                ),
                left_out.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "),
            ));
        }
        let chosen =
            if n_rows > MOST_LEARNED { sample_rows(n_rows, MOST_LEARNED, request.seed) } else { (0..n_rows).collect() };
        let some = gathered(table, &columns, &chosen, io)?;
        let all: Vec<u32> = (0..some.n_rows as u32).collect();
        let fitted = recipe::fit(&some, &all, None, &columns, &spec, request.seed, io)?;
        let warnings = fitted.warnings;
        Ok(Self { table, n_rows, columns, recipe: fitted.recipe, learned: fitted.features, warnings })
    }

    /// Hands over every row's cells and features, a stretch at a time.
    fn each(
        &self,
        io: &dyn JobIo,
        mut visit: impl FnMut(&Table, &Features) -> Result<(), StageError>,
    ) -> Result<(), StageError> {
        for from in (0..self.n_rows).step_by(STRETCH) {
            io.progress("Looking at all rows", Some(from as f64 / self.n_rows as f64))?;
            let rows: Vec<usize> = (from..(from + STRETCH).min(self.n_rows)).collect();
            let table = gathered(self.table, &self.columns, &rows, io)?;
            let all: Vec<u32> = (0..rows.len() as u32).collect();
            visit(&table, &recipe::encode(&table, &all, &self.recipe, io)?)?;
        }
        Ok(())
    }
}

fn gathered(table: TableRef, columns: &[String], rows: &[usize], io: &dyn JobIo) -> Result<Table, StageError> {
    let mut some = Table { n_rows: rows.len(), ..Table::default() };
    for (at, column) in table.schema.columns.iter().enumerate().filter(|(_, column)| columns.contains(&column.name)) {
        io.progress(&format!("Reading {}", column.name), None)?;
        some.columns.push(table.gather(at, rows)?);
        some.schema.columns.push(column.clone());
    }
    Ok(some)
}

fn groups(rows: &Rows, count: Option<u32>, seed: u64, io: &dyn JobIo) -> Result<Groups, StageError> {
    let x = &rows.learned;
    let find = |n: u32, io: &dyn JobIo| {
        let n_clusters = (n as usize).min(x.n_rows);
        KMeans { n_clusters, n_init: STARTS, max_iter: MOST_PASSES, seed, io }.fit(x)
    };
    let whole = find(1, io)?.inertia;
    let tried = count.map_or(TRIED, |count| count..count + 1);
    let mut best: Option<(f64, Clusters)> = None;
    let mut separation = Vec::new();
    for (at, n) in tried.clone().enumerate() {
        let share = |at: usize| 0.1 + 0.5 * at as f64 / tried.len() as f64;
        let found = find(n, &Part { io, from: share(at), to: share(at + 1) })?;
        let score = found.separation(whole);
        separation.push((n, score));
        if best.as_ref().is_none_or(|(top, _)| score > *top) {
            best = Some((score, found));
        }
    }
    let Some((_, mut found)) = best else { unreachable!("at least one number of groups is tried") };
    order_by_size(&mut found);
    let plane = principal_components(x, 2, io).ok();
    let mut about = About::new(&rows.columns, found.centers.len());
    let (mut labels, mut places) = (Vec::with_capacity(rows.n_rows), Vec::new());
    rows.each(&Part { io, from: 0.6, to: 1.0 }, |table, x| {
        let nearest = found.nearest(x, io)?;
        about.add(table, &nearest);
        labels.extend(nearest);
        places.extend(plane.as_ref().map(|plane| on(plane, x)).unwrap_or_default());
        Ok(())
    })?;
    Ok(Groups {
        rows: rows.n_rows as u64,
        learned_rows: x.n_rows as u64,
        columns: rows.columns.clone(),
        groups: about.groups(),
        separation,
        labels,
        places,
        shares: plane.map(|plane| plane.shares).unwrap_or_default(),
        warnings: rows.warnings.clone(),
    })
}

/// The largest group first, so that numbers do not depend on where the search began.
fn order_by_size(found: &mut Clusters) {
    let mut sizes = vec![0_usize; found.centers.len()];
    found.labels.iter().for_each(|&label| sizes[label as usize] += 1);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&cluster| std::cmp::Reverse(sizes[cluster]));
    found.centers = order.iter().map(|&cluster| found.centers[cluster].clone()).collect();
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, &cluster)| place[cluster] = at as u32);
    found.labels.iter_mut().for_each(|label| *label = place[*label as usize]);
}

fn on(plane: &Components, x: &Features) -> Vec<[f32; 2]> {
    let places = plane.places(x);
    let at = |axis: usize, row: usize| places.get(axis).map_or(0.0, |places| places[row] as f32);
    (0..x.n_rows).map(|row| [at(0, row), at(1, row)]).collect()
}

/// What the rows of each group are like.
struct About {
    columns: Vec<String>,
    sizes: Vec<u64>,
    /// Per column and group.
    seen: Vec<Vec<Seen>>,
}

#[derive(Clone, Default)]
struct Seen {
    sum: f64,
    n: u64,
    is_date: bool,
    values: std::collections::BTreeMap<String, u64>,
}

impl About {
    fn new(columns: &[String], n_groups: usize) -> Self {
        let seen = vec![vec![Seen::default(); n_groups]; columns.len()];
        Self { columns: columns.to_vec(), sizes: vec![0; n_groups], seen }
    }

    fn add(&mut self, table: &Table, groups: &[u32]) {
        groups.iter().for_each(|&group| self.sizes[group as usize] += 1);
        for (column, seen) in self.columns.iter().zip(&mut self.seen) {
            let Some((_, cells)) = table.column(column) else { continue };
            for (row, &group) in groups.iter().enumerate() {
                let seen = &mut seen[group as usize];
                match cells {
                    Cells::Float(_) | Cells::Int(_) | Cells::DatetimeMs(_) => {
                        seen.is_date = matches!(cells, Cells::DatetimeMs(_));
                        let value = cells.number(row);
                        if value.is_finite() {
                            seen.sum += value;
                            seen.n += 1;
                        }
                    }
                    _ => {
                        if let Some(text) = cells.text(row) {
                            *seen.values.entry(text).or_default() += 1;
                        }
                    }
                }
            }
        }
    }

    fn groups(&self) -> Vec<Group> {
        let typical = |seen: &Seen, size: u64| {
            // The first of the most frequent.
            let most = seen.values.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            match most {
                Some((value, n)) => Typical::Value { value: value.clone(), share: *n as f64 / size.max(1) as f64 },
                None if seen.n > 0 && seen.is_date => Typical::Date(format_datetime((seen.sum / seen.n as f64) as i64)),
                None if seen.n > 0 => Typical::Mean(seen.sum / seen.n as f64),
                None => Typical::Missing,
            }
        };
        let group = |(at, &rows): (usize, &u64)| Group {
            rows,
            columns: self
                .columns
                .iter()
                .zip(&self.seen)
                .map(|(column, seen)| GroupColumn { column: column.clone(), is: typical(&seen[at], rows) })
                .collect(),
        };
        self.sizes.iter().enumerate().map(group).collect()
    }
}

fn outliers(rows: &Rows, seed: u64, io: &dyn JobIo) -> Result<Outliers, StageError> {
    let forest = IsolationForest { n_estimators: TREES, seed, io: &Part { io, from: 0.1, to: 0.4 } };
    let found: Isolation = forest.fit(&rows.learned)?;
    let mut scores = Vec::with_capacity(rows.n_rows);
    rows.each(&Part { io, from: 0.4, to: 1.0 }, |_, x| {
        scores.extend(found.scores(x, io)?);
        Ok(())
    })?;
    Ok(Outliers {
        rows: rows.n_rows as u64,
        learned_rows: rows.learned.n_rows as u64,
        columns: rows.columns.clone(),
        scores,
        warnings: rows.warnings.clone(),
    })
}
