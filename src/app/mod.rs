//! Being built.
pub struct AppOptions { pub workspace: Option<std::path::PathBuf>, pub files: Vec<std::path::PathBuf>, pub frame_log: Option<std::path::PathBuf> }
pub fn run(_: AppOptions) -> anyhow::Result<()> { anyhow::bail!("no window yet") }
