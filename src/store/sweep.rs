//! After a crash: runs nobody works on any more become `interrupted`, leftovers of dead processes go.

use std::fs;

use super::{StoreError, Workspace, activity, locks, objects, runs};
use crate::domain::activity::{NewEvent, ObjectKind};
use crate::domain::ids::RunId;
use crate::domain::run::RunStatus;

const PROBLEM: &str = "The process that trained it ended before the run was finished";

impl Workspace {
    /// Marks running runs without a living owner as interrupted, with an entry in the activity log each, and removes
    /// temp and lock files of dead processes. Returns the runs it marked. Runs of living processes stay as they are.
    pub fn sweep_interrupted(&self) -> Result<Vec<RunId>, StoreError> {
        let locks = self.root().join(locks::FOLDER);
        let anything_running = self.read(|conn| Ok(!runs::running(conn)?.is_empty()))?;
        let mut interrupted = Vec::new();
        if anything_running {
            interrupted = self.write(|tx| {
                let mut marked = Vec::new();
                for (run, token) in runs::running(tx)? {
                    if locks::holder_is_gone(&locks, &token) {
                        runs::end(tx, run, RunStatus::Interrupted, PROBLEM)?;
                        activity::append(tx, &interruption(&runs::get(tx, run)?.plan.dataset, run))?;
                        marked.push(run);
                    }
                }
                Ok(marked)
            })?;
        }
        self.remove_leftovers();
        self.finish_moves()?;
        locks::remove_free(&locks);
        Ok(interrupted)
    }

    fn remove_leftovers(&self) {
        let locks = self.root().join(locks::FOLDER);
        let Ok(entries) = fs::read_dir(self.root().join(objects::TEMP_FOLDER)) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let token = name.to_str().and_then(|n| n.split_once('.')).map(|(token, _)| token);
            if token.is_some_and(|token| locks::holder_is_gone(&locks, token)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn interruption(dataset: &str, run: RunId) -> NewEvent {
    NewEvent {
        action: "interrupted".to_owned(),
        object_kind: ObjectKind::Run,
        object: format!("run {run}"),
        summary: format!("Run {run} on {dataset} was interrupted: its process ended before it was finished"),
    }
}
