//! How often the rows of a test were looked at: every completed run was measured on its test rows, and whoever chooses
//! among many by such a measure chooses chance along with the model.

use crate::domain::dataset::DatasetVersion;
use crate::domain::split::SplitRows;
use crate::domain::words::{counted, thousands};
use crate::lifecycle::StageError;
use crate::store::{Workspace, runs};

/// From so many looks on a test tells more of the choosing than of the model.
const MANY: u64 = 100;

/// Completed runs for this target that were measured on exactly these rows of the version (ascending), hidden ones too.
pub fn count(workspace: &Workspace, version: &DatasetVersion, target: &str, test: &[u32]) -> Result<u64, StageError> {
    let mut looks = 0;
    for (split, n) in workspace.read(|conn| runs::measured_splits(conn, version.id, target))? {
        // A split whose object was deleted with its runs was of no use to anybody for long.
        let Ok(rows) = workspace.read_json::<SplitRows>(&split) else { continue };
        if rows.test == test {
            looks += n;
        }
    }
    Ok(looks)
}

/// What to say after many looks.
pub fn warning(looks: u64, n_test: usize) -> Option<String> {
    (looks >= MANY).then(|| {
        format!(
            "The {} were looked at {} times before: the best score on them is partly luck. Choose by \
             cross-validation, and test on rows that nobody looked at: split anew with another seed",
            counted(n_test as u64, "test row", "test rows"),
            thousands(looks)
        )
    })
}
