//! Explore: groups of rows and unusual rows, without a target. Nothing is stored, unless groups are kept as a column.
//!
//! Both learn from a sample of a large table and then look at every row, a stretch at a time: memory does not grow with
//! the table.

use crate::data::columns::TableRef;
use crate::data::recipe::{self, default_features};
use crate::data::split::sample_rows;
use crate::data::table::Table;
use crate::domain::dataset::DatasetVersion;
use crate::domain::explore::{Explore, ExploreRequest, Explored, Grouping, Outliers};
use crate::domain::features::Features;
use crate::domain::io::{JobIo, Part};
use crate::domain::params::Algorithm;
use crate::domain::recipe::{FittedRecipe, RecipeSpec};
use crate::ml::outliers::{Isolation, IsolationForest};
use crate::store::{Workspace, datasets};

use super::StageError;
use super::resolve::open;

/// Rows that are learned from at most.
const MOST_LEARNED: usize = 100_000;
/// Rows looked at together.
const STRETCH: usize = 100_000;
/// Rows that DBSCAN takes: it cannot learn from some and place the others.
const MOST_DENSE: usize = 200_000;
const TREES: usize = 100;

mod about;
mod groups;
mod keep;

pub use keep::keep;

pub fn explore(workspace: &Workspace, request: &ExploreRequest, io: &dyn JobIo) -> Result<Explored, StageError> {
    let version = workspace.read(|conn| datasets::version(conn, request.version))?;
    io.progress("Reading", Some(0.0))?;
    let opened = open(workspace, &version)?;
    let rows = Rows::new(opened.table(), &version, request, io)?;
    match request.what {
        Explore::Groups(by) => groups::groups(&rows, by, request.seed, io).map(Explored::Groups),
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
            Explore::Groups(_) => Algorithm::Knn,
            Explore::Outliers => Algorithm::RandomForest,
        };
        if let Explore::Groups(by) = request.what {
            groups::check(&by, version)?;
        }
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
        let most = match request.what {
            Explore::Groups(Grouping::Dbscan(_)) => MOST_DENSE,
            _ => MOST_LEARNED,
        };
        let chosen = if n_rows > most { sample_rows(n_rows, most, request.seed) } else { (0..n_rows).collect() };
        let some = table.gather_table(&chosen, |name| columns.iter().any(|column| column == name), io)?;
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
            let is_used = |name: &str| self.columns.iter().any(|column| column == name);
            let share = |row: usize| row as f64 / self.n_rows as f64;
            let part = Part { io, from: share(from), to: share(from + rows.len()) };
            let table = self.table.gather_table(&rows, is_used, &part)?;
            let all: Vec<u32> = (0..rows.len() as u32).collect();
            visit(&table, &recipe::encode(&table, &all, &self.recipe, io)?)?;
        }
        Ok(())
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
