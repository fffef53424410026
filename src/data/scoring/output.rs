//! The file that scoring writes: the input's columns and rows, then what the model says. It appears whole or not at all.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{ExtraColumn, Piece};
use crate::data::csv::{CsvForm, Lines};
use crate::data::error::{LoadError, clip};
use crate::data::parquet;
use crate::data::table::{Cells, format_number};
use crate::domain::schema::Storage;

pub struct Output {
    temp: NamedTempFile,
    path: PathBuf,
    body: Body,
    n_columns: usize,
    pub warnings: Vec<String>,
}

enum Body {
    Delimited(Lines),
    Parquet(Box<parquet::Writer>),
}

impl Output {
    /// Parquet if it is called `.parquet`, otherwise text with the input's delimiter (tabs if it is called `.tsv`; a
    /// comma if it is called `.csv` and the input had tabs). An input column with the name of an extra one is kept as
    /// `<name>_input`, with a warning.
    pub fn create(
        path: &Path,
        columns: &[(String, Storage)],
        extra: &[(String, ExtraColumn)],
        delimiter: char,
    ) -> Result<Self, LoadError> {
        let (names, warnings) = names(columns, extra);
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".scoring-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let temp = builder.tempfile_in(folder).map_err(LoadError::io(path, "creating"))?;
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        let body = if extension == "parquet" {
            let mut all: Vec<(String, Storage)> = names.into_iter().zip(columns.iter().map(|c| c.1)).collect();
            all.extend(extra.iter().map(|(name, column)| match column {
                ExtraColumn::Texts(_) => (name.clone(), Storage::String),
                ExtraColumn::Numbers(_) => (name.clone(), Storage::Float64),
            }));
            let file = temp.reopen().map_err(LoadError::io(path, "writing"))?;
            Body::Parquet(Box::new(parquet::Writer::over(file, path, &all)?))
        } else {
            let delimiter = match (extension.as_str(), delimiter) {
                ("tsv" | "tab", _) => '\t',
                ("csv", '\t') => ',',
                (_, delimiter) => delimiter,
            };
            let mut lines = Lines::new(CsvForm::Verbatim, delimiter);
            let header = names.iter().chain(extra.iter().map(|(name, _)| name));
            header.for_each(|name| lines.cell(Some(name), true));
            lines.end();
            Body::Delimited(lines)
        };
        Ok(Self { temp, path: path.to_owned(), body, n_columns: columns.len(), warnings })
    }

    /// The next rows.
    pub fn write(&mut self, piece: &Piece, extra: &[(String, ExtraColumn)]) -> Result<(), LoadError> {
        match &mut self.body {
            Body::Delimited(lines) => {
                for row in 0..piece.n_rows() {
                    match piece {
                        Piece::Text(batch) => batch.record(row).for_each(|cell| lines.cell(Some(cell), true)),
                        Piece::Typed(cells) => cells.iter().for_each(|c| lines.cell(c.text(row).as_deref(), true)),
                    }
                    for (_, column) in extra {
                        match column {
                            ExtraColumn::Texts(v) => lines.cell(Some(&v[row]), true),
                            ExtraColumn::Numbers(v) if v[row].is_nan() => lines.cell(None, false),
                            ExtraColumn::Numbers(v) => lines.cell(Some(&format_number(v[row])), false),
                        }
                    }
                    lines.end();
                }
                lines.flush(self.temp.as_file_mut()).map_err(LoadError::io(&self.path, "writing"))
            }
            Body::Parquet(writer) => {
                let mut cells: Vec<Cells> = match piece {
                    Piece::Text(batch) => {
                        (0..self.n_columns).map(|c| Cells::Text(batch.column(c).map(Some).collect())).collect()
                    }
                    Piece::Typed(cells) => cells.to_vec(),
                };
                cells.extend(extra.iter().map(|(_, column)| match column {
                    ExtraColumn::Texts(v) => Cells::Text(v.iter().map(|t| Some(t.as_str())).collect()),
                    ExtraColumn::Numbers(v) => Cells::Float(v.clone()),
                }));
                writer.write(&cells)
            }
        }
    }

    pub fn finish(mut self) -> Result<Vec<String>, LoadError> {
        match self.body {
            Body::Delimited(mut lines) => {
                lines.flush(self.temp.as_file_mut()).map_err(LoadError::io(&self.path, "writing"))?;
            }
            Body::Parquet(writer) => drop(writer.finish()?),
        }
        self.temp.as_file_mut().flush().map_err(LoadError::io(&self.path, "writing"))?;
        self.temp.as_file().sync_all().map_err(LoadError::io(&self.path, "writing"))?;
        let failed = |e: tempfile::PersistError| LoadError::io(&self.path, "renaming the finished file to")(e.error);
        self.temp.persist(&self.path).map_err(failed)?;
        Ok(self.warnings)
    }
}

/// The names of the input's columns in the output, none of them that of an extra column.
fn names(columns: &[(String, Storage)], extra: &[(String, ExtraColumn)]) -> (Vec<String>, Vec<String>) {
    let mut taken: HashSet<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    taken.extend(extra.iter().map(|(name, _)| name.clone()));
    let mut warnings = Vec::new();
    let mut names = Vec::new();
    for (name, _) in columns {
        if !extra.iter().any(|(other, _)| other == name) {
            names.push(name.to_owned());
            continue;
        }
        let mut free = format!("{name}_input");
        while !taken.insert(free.clone()) {
            free.push_str("_input");
        }
        warnings.push(format!("the file already has a column `{}`; it is kept as `{}`", clip(name), clip(&free)));
        names.push(free);
    }
    (names, warnings)
}
