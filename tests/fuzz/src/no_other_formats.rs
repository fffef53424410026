// `data::read::formats` for fuzzing: every file is text.
use std::path::Path;

use super::sniff::Guess;
use super::{ReadReport, SourceSpec, TableSink};
use crate::data::error::LoadError;
use crate::domain::dataset::{ReadDraft, ReadOptions};
use crate::domain::io::JobIo;

pub fn stream(
    source: &SourceSpec,
    _: &ReadOptions,
    _: Option<u64>,
    _: &dyn JobIo,
    _: &mut dyn TableSink,
) -> Result<ReadReport, LoadError> {
    Err(LoadError::Empty { file: source.name.clone() })
}

pub fn guess(_: &Path, _: &str, _: &ReadDraft) -> Result<Option<Guess>, LoadError> {
    Ok(None)
}
