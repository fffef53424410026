//! Compare: runs side by side, with the data their curves are drawn from.

use crate::domain::comparison::{self, Comparison};
use crate::domain::evaluation::Evaluation;
use crate::domain::ids::RunId;
use crate::domain::run::Run;
use crate::store::{Workspace, runs};

use super::StageError;

/// The comparison and, per run, its evaluation where it completed.
pub fn compare(workspace: &Workspace, ids: &[RunId]) -> Result<(Comparison, Vec<Option<Evaluation>>), StageError> {
    let found = workspace.read(|conn| ids.iter().map(|id| runs::get(conn, *id)).collect::<Result<Vec<Run>, _>>())?;
    let evaluations = found
        .iter()
        .map(|run| run.evaluation_hash.as_ref().map(|hash| workspace.read_json(hash)).transpose())
        .collect::<Result<Vec<_>, _>>()?;
    Ok((comparison::compare(&found.iter().collect::<Vec<_>>()), evaluations))
}
