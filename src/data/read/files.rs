//! A file, a folder or a pattern as a list of files.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use crate::data::error::LoadError;
use crate::domain::words::{counted, file_name};

/// More files than this are no dataset but a mistake in a pattern.
const MAX_FILES: usize = 100_000;

/// The files of a source in natural order (`part-2` before `part-10`): the file itself, the visible files of a folder, or
/// what a pattern such as `data/*.csv` names.
///
/// Errors: nothing is found, or files of several formats.
pub fn expand(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let place = path.display().to_string();
    let mut files = if path.is_dir() { in_folder(path)? } else { by_pattern(path)? };
    if files.is_empty() {
        let (what, hint) = ("no file".to_owned(), "check the path or the pattern");
        return Err(LoadError::NoFiles { place, what, hint });
    }
    if files.len() > MAX_FILES {
        let what = counted(files.len() as u64, "file", "files");
        return Err(LoadError::NoFiles { place, what, hint: "narrow the pattern to at most 100,000" });
    }
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    let first = &files[0];
    if let Some(other) = files.iter().find(|f| ending(f) != ending(first)) {
        let what = format!("files of several formats (`{}` and `{}`)", file_name(first), file_name(other));
        return Err(LoadError::NoFiles { place, what, hint: "choose those that belong together, such as `*.csv`" });
    }
    Ok(files)
}

/// What the files of a dataset are called in it, with `/`: by their places below the folder they have in common.
pub fn names(files: &[PathBuf]) -> Vec<String> {
    let mut folder = files.first().and_then(|f| f.parent());
    while let Some(common) = folder.filter(|common| !files.iter().all(|f| f.starts_with(common))) {
        folder = common.parent();
    }
    let below = |file: &PathBuf| {
        let parts = folder.and_then(|folder| file.strip_prefix(folder).ok()).unwrap_or(file).components();
        parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    files.iter().map(below).collect()
}

/// Does the text name several files?
pub fn is_pattern(path: &Path) -> bool {
    !path.exists() && path.to_string_lossy().contains(['*', '?', '['])
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let entries = std::fs::read_dir(folder).map_err(LoadError::io(folder, "listing"))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(LoadError::io(folder, "listing"))?.path();
        if path.is_file() && !file_name(&path).starts_with('.') {
            files.push(path);
        }
    }
    Ok(files)
}

fn by_pattern(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let text = path.to_string_lossy();
    if !is_pattern(path) {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(LoadError::io(path, "opening")(missing));
    }
    let found = glob::glob(&text).map_err(|e| LoadError::NoFiles {
        place: text.to_string(),
        what: format!("no pattern ({e})"),
        hint: "use * for any text and ? for one character",
    })?;
    Ok(found.filter_map(Result::ok).filter(|p| p.is_file()).collect())
}

/// `csv` of `a.csv.gz`.
fn ending(path: &Path) -> String {
    let name = file_name(path).to_lowercase();
    let plain = [".gz", ".zst"].iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    plain.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_owned())
}

/// Runs of digits compare as numbers, the rest as text.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    while let (Some(x), Some(y)) = (a.chars().next(), b.chars().next()) {
        if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, rest_a) = digits(a);
            let (n, rest_b) = digits(b);
            match m.len().cmp(&n.len()).then_with(|| m.cmp(n)) {
                Ordering::Equal => (a, b) = (rest_a, rest_b),
                other => return other,
            }
        } else if x == y {
            (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
        } else {
            return x.cmp(&y);
        }
    }
    a.len().cmp(&b.len())
}

/// The number at the start without leading zeros, and what follows.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].trim_start_matches('0'), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_their_places_below_the_common_folder() {
        let of = |files: &[&str]| names(&files.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["/d/a.csv"]), ["a.csv"]);
        assert_eq!(of(&["/d/1/a.csv", "/d/2/a.csv"]), ["1/a.csv", "2/a.csv"]);
        assert_eq!(of(&["/d/1/a.csv", "/d/10/a.csv", "/d/1/b.csv"]), ["1/a.csv", "10/a.csv", "1/b.csv"]);
        assert_eq!(of(&["a.csv", "b.csv"]), ["a.csv", "b.csv"]);
    }

    #[test]
    fn a_folder_is_listed_in_natural_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["part-10.csv", "part-2.csv", ".hidden"] {
            std::fs::write(folder.path().join(name), "a\n1\n").unwrap();
        }
        let names = |path: &Path| expand(path).unwrap().iter().map(|p| file_name(p)).collect::<Vec<_>>();
        assert_eq!(names(folder.path()), ["part-2.csv", "part-10.csv"]);
        assert_eq!(names(&folder.path().join("part-1*.csv")), ["part-10.csv"]);
        let message = |path: &Path| expand(path).unwrap_err().to_string();
        assert!(message(&folder.path().join("*.parquet")).contains("holds no file"));
        std::fs::write(folder.path().join("b.parquet"), "").unwrap();
        assert!(message(folder.path()).contains("files of several formats (`b.parquet` and `part-2.csv`)"));
    }
}
