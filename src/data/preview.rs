//! The first rows of a file, as they would be read: what the import panel shows while options are chosen.

use std::path::Path;

use super::error::LoadError;
use super::read;
use crate::domain::dataset::ReadOptions;

/// The first rows, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// Column names as the import will give them.
    pub header: Vec<String>,
    /// Row-major; missing cells are as they stand in the file, or empty.
    pub rows: Vec<Vec<String>>,
}

/// The first `n` rows of the file at `path` read with `options`. Errors name the line at fault, if among those rows.
pub fn head(path: &Path, options: &ReadOptions, n: usize) -> Result<Preview, LoadError> {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |f| f.to_string_lossy().into_owned());
    let (header, rows) = read::head(path, &name, options, n)?;
    Ok(Preview { header, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::default_options;

    #[test]
    fn the_first_rows_come_verbatim() {
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        std::fs::write(file.path(), "a, b ,a\n1,NA,\"x,y\"\n\n2,,3\n4,5,6\n").unwrap();
        let preview = head(file.path(), &default_options(), 2).unwrap();
        assert_eq!(preview.header, ["a", "b", "a_2"]);
        assert_eq!(preview.rows, [["1", "NA", "x,y"], ["2", "", "3"]]);
        let no_header = ReadOptions { has_header: false, ..default_options() };
        let preview = head(file.path(), &no_header, 1).unwrap();
        assert_eq!(
            (preview.header.join(" "), preview.rows[0].join("|")),
            ("column_1 column_2 column_3".into(), "a| b |a".into())
        );
    }
}
