//! How much memory a table may take before it stays on disk.
//!
//! Import, checks, drift and training ask here. Above the budget a table is worked on column by column, and training
//! takes a sample of its rows.

use std::path::Path;

use crate::domain::dataset::DatasetVersion;
use crate::domain::schema::Storage;
use crate::store::{Workspace, settings};

use super::StageError;

/// The workspace's own budget, in bytes.
pub const SETTING: &str = "memory_budget_bytes";
/// Set to a number of bytes by `--memory-budget`; stands above the setting for one command.
pub const VARIABLE: &str = "MODELWRIGHT_MEMORY_BUDGET";
/// The default is at least this.
const LEAST_DEFAULT: u64 = 256 << 20;

/// Bytes a table may take in memory: what was asked for, or half of the memory that is free now.
pub fn of(workspace: &Workspace) -> Result<u64, StageError> {
    if let Some(bytes) = std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(bytes);
    }
    Ok(setting(workspace)?.unwrap_or_else(default))
}

/// What the workspace says, if anything.
pub fn setting(workspace: &Workspace) -> Result<Option<u64>, StageError> {
    Ok(workspace.read(|conn| settings::get::<Option<u64>>(conn, SETTING))?.flatten())
}

/// What the command or the workspace at `root` asks for, if anything; a workspace that cannot be read asks for nothing.
pub fn asked(root: &Path) -> Option<u64> {
    let of_command = std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    of_command.or_else(|| setting(&Workspace::open_existing(root).ok()?).ok()?)
}

/// Half of the memory that is free now, at least 256 MB.
pub fn default() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    (system.available_memory() / 2).max(LEAST_DEFAULT)
}

/// Bytes a cell takes in memory beside its text.
pub fn cell_bytes(storage: Storage) -> u64 {
    match storage {
        Storage::Float64 => 8,
        // A number and whether there is one.
        Storage::Int64 | Storage::DatetimeMs => 16,
        Storage::Boolean => 1,
        // A code.
        Storage::String => 4,
    }
}

/// Bytes a different text takes, at a guess: what keeping it costs and some twenty letters.
const TEXT_BYTES: u64 = 60;

/// Bytes a version's table takes in memory, about.
pub fn needed(version: &DatasetVersion) -> u64 {
    let columns = version.schema.columns.iter().map(|column| {
        let texts = if column.storage == Storage::String { column.distinct * TEXT_BYTES } else { 0 };
        version.rows * cell_bytes(column.storage) + texts
    });
    columns.sum()
}
