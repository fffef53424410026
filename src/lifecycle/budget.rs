//! How much memory a table may take before it stays on disk.
//!
//! Import, checks, drift and training ask here. Above the budget a table is worked on column by column, and training
//! takes a sample of its rows.

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
    Ok(workspace.read(|conn| settings::get(conn, SETTING))?.unwrap_or_else(default))
}

/// Half of the memory that is free now, at least 256 MB.
pub fn default() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    (system.available_memory() / 2).max(LEAST_DEFAULT)
}
