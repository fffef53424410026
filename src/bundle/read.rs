//! Opening a bundle that may come from a stranger.
//!
//! Our own unpacking, into memory only: a fixed list of names, no folders, links, encryption or doubles, the local
//! headers as the directory says, nothing hidden between or behind the entries, and sizes counted while inflating. Then
//! every hash, the ONNX file, and the golden rows, before the bundle counts as open.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use serde::Deserialize;
use zip::{CompressionMethod, ZipArchive};

use super::error::BundleError;
use super::files;
use super::golden::{GoldenReport, GoldenRows};
use super::onnx::{OnnxModel, Scores};
use crate::domain::bundle::{BundleFile, Manifest};
use crate::domain::ids::ContentHash;
use crate::domain::raw::RawColumns;

/// All entries together, inflated.
pub(super) const MOST_BYTES: u64 = 512 << 20;
const MOST_ENTRIES: usize = 64;
/// Inflated size over packed size; a small file may have any.
const MOST_RATIO: u64 = 200;
const SMALL: u64 = 1 << 20;

/// A bundle whose every promise was checked.
#[derive(Debug)]
pub struct OpenBundle {
    pub manifest: Manifest,
    /// SHA-256 of the zip.
    pub sha256: ContentHash,
    pub bytes: u64,
    /// Sorted by name.
    pub files: Vec<BundleFile>,
    /// What scoring the golden rows gave.
    pub golden_report: GoldenReport,
    model: OnnxModel,
}

impl OpenBundle {
    /// Scores rows with the bundle's ONNX graph, in order. Columns are found by name.
    ///
    /// # Errors
    /// [`BundleError::Input`] when a column is absent or of the wrong type.
    pub fn score(&self, raw: &RawColumns) -> Result<Scores, BundleError> {
        self.model.run(raw)
    }
}

/// Opens and checks a bundle.
///
/// # Errors
/// `Refused` when the zip breaks a rule, `Newer`, `Damaged`, `Onnx`, `Golden`, `Io`: the first problem found.
pub fn open(path: &Path) -> Result<OpenBundle, BundleError> {
    let zip = read_file(path)?;
    let mut contents = BTreeMap::new();
    for (name, bytes) in unpack(&zip)? {
        contents.insert(name, bytes?);
    }
    let file = |name: &str| contents.get(name).map(Vec::as_slice).unwrap_or_default();
    let manifest = parse_manifest(file(files::MANIFEST))?;
    if let Some(problem) = hash_problems(&manifest, &contents).into_iter().next() {
        return Err(problem);
    }
    let model = parse_model(&manifest, file(files::MODEL))?;
    let golden = parse_golden(file(files::GOLDEN))?;
    let golden_report = score_golden(&model, &golden)?;
    let files = contents
        .iter()
        .map(|(name, content)| BundleFile {
            name: name.clone(),
            bytes: content.len() as u64,
            sha256: files::sha256(content),
        })
        .collect();
    let (sha256, bytes) = (files::sha256(&zip), zip.len() as u64);
    Ok(OpenBundle { manifest, sha256, bytes, files, golden_report, model })
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, BundleError> {
    let meta = fs::metadata(path).map_err(BundleError::io("open", path))?;
    if !meta.is_file() {
        return Err(BundleError::Refused(format!("{} is not a file", path.display())));
    }
    if meta.len() > MOST_BYTES {
        let mib = meta.len() >> 20;
        return Err(BundleError::Refused(format!("it has {mib} MiB, the limit is {} MiB", MOST_BYTES >> 20)));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(BundleError::io("open", path))?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(BundleError::io("read", path))?;
    Ok(bytes)
}

/// A file of the bundle, or why it could not be read.
pub(super) type Unpacked = (String, Result<Vec<u8>, BundleError>);

/// All files of a zip.
///
/// # Errors
/// `Refused` for a zip that is not a bundle or breaks a rule; damage inside one file is in that file's result.
pub(super) fn unpack(zip: &[u8]) -> Result<Vec<Unpacked>, BundleError> {
    let refused = |problem: String| BundleError::Refused(problem);
    let unreadable = |e: zip::result::ZipError| BundleError::Refused(format!("the zip cannot be read ({e})"));
    // No comment, no bytes behind the end: the last 22 bytes are the end record.
    if zip.len() < 22 || !zip[zip.len() - 22..].starts_with(b"PK\x05\x06") || !zip.starts_with(b"PK\x03\x04") {
        return Err(refused("it is not a zip file, or bytes were added before or behind it".to_owned()));
    }
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(unreadable)?;
    if archive.len() > MOST_ENTRIES {
        return Err(refused(format!("it has {} entries, the limit is {MOST_ENTRIES}", archive.len())));
    }
    if archive.offset() != 0 || !archive.comment().is_empty() {
        return Err(refused("bytes were added before or behind it".to_owned()));
    }
    archive.validate_header_consistency().map_err(unreadable)?;
    let mut budget = MOST_BYTES;
    let mut contents = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_data(index).map_err(unreadable)?;
        let name = entry.name().map_err(unreadable)?.into_owned();
        if !files::ALL.contains(&name.as_str()) {
            return Err(refused(format!("it holds `{}`, which no bundle has", name.escape_default())));
        }
        let regular = entry.unix_mode().is_none_or(|mode| matches!(mode & 0o170_000, 0 | 0o100_000));
        let method = entry.compression();
        let known_method = matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated);
        if !regular || !entry.is_file() || entry.encrypted() || !known_method {
            return Err(refused(format!("`{name}` is not a plain file")));
        }
        let limit = budget.min(SMALL.max(entry.compressed_size().saturating_mul(MOST_RATIO)));
        let mut bytes = Vec::new();
        let result = match archive.by_index(index) {
            Ok(file) => file.take(limit + 1).read_to_end(&mut bytes).map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        };
        if bytes.len() as u64 > limit {
            return Err(refused(format!("`{name}` inflates beyond every measure")));
        }
        budget -= bytes.len() as u64;
        contents.push((name.clone(), result.map(|_| bytes).map_err(|e| BundleError::damaged(&name, e))));
    }
    Ok(contents)
}

#[derive(Deserialize)]
struct Header {
    format: String,
    format_version: u32,
}

/// # Errors
/// `Newer` before anything else is read, so that a later format need not fit ours.
pub(super) fn parse_manifest(bytes: &[u8]) -> Result<Manifest, BundleError> {
    let damaged = |e: serde_json::Error| BundleError::damaged(files::MANIFEST, e);
    let header: Header = serde_json::from_slice(bytes).map_err(damaged)?;
    if header.format != Manifest::FORMAT {
        return Err(BundleError::Refused(format!("its manifest is of a `{}`", header.format.escape_default())));
    }
    if header.format_version > Manifest::FORMAT_VERSION {
        return Err(BundleError::Newer { found: header.format_version, known: Manifest::FORMAT_VERSION });
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

/// Every file that is missing, unlisted, changed, or code of a stranger; in the fixed order of names.
pub(super) fn hash_problems(manifest: &Manifest, contents: &BTreeMap<String, Vec<u8>>) -> Vec<BundleError> {
    let mut problems = Vec::new();
    for name in manifest.files.keys().filter(|name| !files::ALL.contains(&name.as_str())) {
        let name = name.escape_default().to_string();
        problems.push(BundleError::damaged(files::MANIFEST, format!("it lists `{name}`, which no bundle has")));
    }
    for name in files::ALL {
        let listed = manifest.files.get(name);
        let problem = match contents.get(name) {
            None => "it is missing",
            Some(_) if name == files::MANIFEST => continue,
            Some(bytes) if listed != Some(&files::sha256(bytes)) => "its SHA-256 is not the one in the manifest",
            Some(bytes) if name == files::LOADER && !known_loader(bytes) => "it is not a loader Modelwright wrote",
            Some(_) => continue,
        };
        problems.push(BundleError::damaged(name, problem));
    }
    problems
}

fn known_loader(bytes: &[u8]) -> bool {
    files::KNOWN_LOADERS.contains(&files::sha256(bytes).as_str())
}

/// The graph, which must take and give what the manifest says.
pub(super) fn parse_model(manifest: &Manifest, bytes: &[u8]) -> Result<OnnxModel, BundleError> {
    let model = OnnxModel::parse(bytes)?;
    let expected = manifest.model.recipe.inputs.iter();
    let expected = expected.map(|c| (c.name.as_str(), c.input.is_text()));
    if !model.inputs().eq(expected) || model.classes() != manifest.model.classes {
        return Err(BundleError::Onnx("it does not take and give what the manifest says".to_owned()));
    }
    Ok(model)
}

pub(super) fn parse_golden(bytes: &[u8]) -> Result<GoldenRows, BundleError> {
    let golden: GoldenRows = serde_json::from_slice(bytes).map_err(|e| BundleError::damaged(files::GOLDEN, e))?;
    if golden.inputs.is_empty() || golden.inputs.len() != golden.expected.len() {
        let (rows, answers) = (golden.inputs.len(), golden.expected.len());
        return Err(BundleError::damaged(files::GOLDEN, format!("it has {rows} rows and {answers} answers")));
    }
    Ok(golden)
}

pub(super) fn score_golden(model: &OnnxModel, golden: &GoldenRows) -> Result<GoldenReport, BundleError> {
    let raw = golden.raw().map_err(|problem| BundleError::damaged(files::GOLDEN, problem))?;
    golden.compare(&model.run(&raw)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::bundle::archive::write;
    use crate::bundle::samples::{contents, samples};
    use crate::domain::io::Silent;

    type Files = Vec<(String, Vec<u8>)>;

    fn good() -> Files {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("good.zip");
        write(&out, &contents(&samples(60)[0]), &Silent).unwrap();
        unpack(&fs::read(out).unwrap()).unwrap().into_iter().map(|(n, b)| (n, b.unwrap())).collect()
    }

    fn zip(files: &Files) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn open_bytes(bytes: &[u8]) -> Result<OpenBundle, BundleError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        open(file.path())
    }

    fn refusal(bytes: &[u8]) -> String {
        open_bytes(bytes).unwrap_err().to_string()
    }

    fn replace(files: &mut Files, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut files.iter_mut().find(|(n, _)| n == name).unwrap().1);
    }

    /// Changes a file and corrects the manifest, as somebody who means it would.
    fn forge(name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut files = good();
        replace(&mut files, name, change);
        let hash = files::sha256(&files.iter().find(|(n, _)| n == name).unwrap().1);
        replace(&mut files, files::MANIFEST, |bytes| {
            let mut manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            manifest["files"][name] = serde_json::json!(hash);
            *bytes = serde_json::to_vec(&manifest).unwrap();
        });
        zip(&files)
    }

    #[test]
    fn a_good_bundle_opens_and_scores() {
        let bundle = open_bytes(&zip(&good())).unwrap();
        let sample = samples(200).remove(0);
        assert_eq!(bundle.manifest.model, sample.model);
        let scores = bundle.score(&sample.raw).unwrap();
        assert_eq!(scores.labels.unwrap().len(), 200);
        assert_eq!(scores.probabilities[1].0, "yes");
    }

    #[test]
    fn files_no_bundle_has_are_refused() {
        for name in
            ["model.pkl", "../x", "/etc/passwd", "..\\x", "code/../x", "a\u{0}", "MLmodel/", "CON", "Model.onnx"]
        {
            let mut files = good();
            files.push((name.to_owned(), b"x".to_vec()));
            let problem = refusal(&zip(&files));
            assert!(problem.starts_with("not a Modelwright bundle: "), "{name}: {problem}");
        }
    }

    #[test]
    fn links_and_folders_are_refused() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("model.onnx", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = zip.finish().unwrap().into_inner();
        assert_eq!(refusal(&bytes), "not a Modelwright bundle: `model.onnx` is not a plain file");
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_directory("code", SimpleFileOptions::default()).unwrap();
        assert!(refusal(&zip.finish().unwrap().into_inner()).contains("`code/`, which no bundle has"));
    }

    #[test]
    fn a_file_that_inflates_beyond_measure_is_refused() {
        let mut files = good();
        replace(&mut files, files::CARD, |bytes| *bytes = vec![b' '; 8 << 20]);
        assert_eq!(refusal(&zip(&files)), "not a Modelwright bundle: `model_card.md` inflates beyond every measure");
    }

    #[test]
    fn bytes_around_the_zip_are_refused() {
        let good = zip(&good());
        for bytes in [[b"#!/bin/sh\n".as_slice(), &good].concat(), [&good, b"x".as_slice()].concat(), b"PK".to_vec()] {
            assert!(refusal(&bytes).contains("it is not a zip file, or bytes were added"));
        }
    }

    #[test]
    fn two_entries_of_one_name_are_refused() {
        // The writer refuses doubles, so one name is changed in the bytes, in both headers.
        let mut files = good();
        files.push(("model_carD.md".to_owned(), b"another".to_vec()));
        let mut bytes = zip(&files);
        let at: Vec<usize> = (0..bytes.len() - 13).filter(|&i| &bytes[i..i + 13] == b"model_carD.md").collect();
        assert_eq!(at.len(), 2);
        for i in at {
            bytes[i + 9] = b'd';
        }
        assert!(refusal(&bytes).contains("duplicate"));
    }

    #[test]
    fn a_local_header_that_says_otherwise_is_refused() {
        let mut bytes = zip(&good());
        let first = (0..bytes.len()).find(|&i| bytes[i..].starts_with(b"model.onnx")).unwrap();
        bytes[first] = b'M';
        assert!(refusal(&bytes).contains("header inconsistency"));
    }

    #[test]
    fn a_missing_or_changed_file_is_named() {
        let mut files = good();
        files.retain(|(name, _)| name != files::GOLDEN);
        assert!(refusal(&zip(&files)).starts_with("`golden_rows.json` in the bundle is damaged: it is missing"));
        let mut files = good();
        replace(&mut files, files::CARD, |bytes| bytes.push(b'!'));
        assert!(refusal(&zip(&files)).starts_with("`model_card.md` in the bundle is damaged: its SHA-256"));
    }

    #[test]
    fn a_loader_of_a_stranger_is_refused_even_with_the_right_hash() {
        let bytes = forge(files::LOADER, |bytes| bytes.extend_from_slice(b"import os\n"));
        assert!(refusal(&bytes).contains("it is not a loader Modelwright wrote"));
    }

    #[test]
    fn a_manifest_of_a_later_format_is_named_as_such() {
        let mut files = good();
        replace(&mut files, files::MANIFEST, |bytes| {
            *bytes = br#"{"format": "modelwright-bundle", "format_version": 7, "news": []}"#.to_vec();
        });
        assert!(refusal(&zip(&files)).starts_with("the bundle has format 7, this version"));
    }

    #[test]
    fn another_model_under_a_corrected_hash_fails_the_golden_rows() {
        let other = samples(60).remove(0);
        let mut model = other.model;
        let crate::domain::model::FittedModel::Logistic { intercepts, .. } = &mut model.model else { panic!() };
        intercepts[0] += 1e-3;
        let bytes = forge(files::MODEL, |bytes| *bytes = crate::bundle::onnx::export(&model).unwrap());
        assert!(refusal(&bytes).starts_with("golden row 1, "));
    }
}
