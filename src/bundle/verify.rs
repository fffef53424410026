//! Checking a whole bundle and naming everything that is wrong, where opening stops at the first problem.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::error::BundleError;
use super::files;
use super::read::{hash_problems, parse_golden, parse_manifest, parse_model, read_file, score_golden, unpack};

/// What checking a bundle gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleVerify {
    pub ok: bool,
    /// Files looked at, plus one for the golden rows when they could be scored.
    pub checked: u64,
    /// One sentence per problem.
    pub damaged: Vec<String>,
}

/// Reads every file, compares every hash and scores the golden rows.
///
/// # Errors
/// Only when the file cannot be read at all; whatever is wrong inside is in the answer.
pub fn verify(path: &Path) -> Result<BundleVerify, BundleError> {
    let mut damaged = Vec::new();
    let mut checked = 0;
    match read_file(path).and_then(|zip| unpack(&zip)) {
        Ok(unpacked) => {
            checked = unpacked.len() as u64;
            let mut contents = BTreeMap::new();
            for (name, bytes) in unpacked {
                match bytes {
                    Ok(bytes) => {
                        contents.insert(name, bytes);
                    }
                    Err(problem) => damaged.push(problem),
                }
            }
            checked += check_contents(&contents, &mut damaged);
        }
        Err(problem @ BundleError::Io { .. }) => return Err(problem),
        Err(problem) => damaged.push(problem),
    }
    let mut sentences: Vec<String> = Vec::new();
    for sentence in damaged.iter().map(ToString::to_string) {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    Ok(BundleVerify { ok: sentences.is_empty(), checked, damaged: sentences })
}

/// Gives 1 when the golden rows could be scored.
fn check_contents(contents: &BTreeMap<String, Vec<u8>>, damaged: &mut Vec<BundleError>) -> u64 {
    // A file that could not be unpacked was named already; a missing one is found by its hash.
    let (Some(manifest), Some(model), Some(golden)) =
        (contents.get(files::MANIFEST), contents.get(files::MODEL), contents.get(files::GOLDEN))
    else {
        let lost = files::ALL.iter().filter(|name| !contents.contains_key(**name));
        let unnamed: Vec<&str> = lost.copied().filter(|name| !is_named(damaged, name)).collect();
        damaged.extend(unnamed.into_iter().map(|name| BundleError::damaged(name, "it is missing")));
        return 0;
    };
    let manifest = match parse_manifest(manifest) {
        Ok(manifest) => manifest,
        Err(problem) => {
            damaged.push(problem);
            return 0;
        }
    };
    for problem in hash_problems(&manifest, contents) {
        match &problem {
            BundleError::Damaged { file, .. } if is_named(damaged, file) => {}
            _ => damaged.push(problem),
        }
    }
    let golden_result = parse_model(&manifest, model).and_then(|model| score_golden(&model, &parse_golden(golden)?));
    match golden_result {
        Ok(_) => 1,
        Err(problem) => {
            damaged.push(problem);
            0
        }
    }
}

fn is_named(damaged: &[BundleError], name: &str) -> bool {
    damaged.iter().any(|p| matches!(p, BundleError::Damaged { file, .. } if file == name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::bundle::archive::write;
    use crate::bundle::samples::{contents, samples};
    use crate::domain::io::Silent;

    fn written() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("model.zip");
        write(&out, &contents(&samples(60)[0]), &Silent).unwrap();
        (folder, out)
    }

    #[test]
    fn a_good_bundle_has_nothing_damaged() {
        let (_folder, out) = written();
        let found = verify(&out).unwrap();
        assert_eq!(found, BundleVerify { ok: true, checked: files::ALL.len() as u64 + 1, damaged: vec![] });
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let (_folder, out) = written();
        let good = fs::read(&out).unwrap();
        for at in (0..good.len()).step_by(37) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&out, &bad).unwrap();
            let found = verify(&out).unwrap();
            // Header fields without meaning here (versions, dates of the directory) may change unnoticed.
            let harmless = crate::bundle::read::unpack(&bad).is_ok_and(|a| {
                let good = crate::bundle::read::unpack(&good).unwrap();
                a.iter().zip(&good).all(|(a, b)| a.0 == b.0 && a.1.as_ref().ok() == b.1.as_ref().ok())
            });
            assert_eq!(found.ok, harmless, "byte {at}: {:?}", found.damaged);
        }
    }

    #[test]
    fn two_damaged_files_are_both_named() {
        let (_folder, out) = written();
        let mut bytes = fs::read(&out).unwrap();
        for name in [files::CARD, files::README] {
            let header = (0..bytes.len()).find(|&i| bytes[i..].starts_with(name.as_bytes())).unwrap();
            bytes[header + name.len() + 3] ^= 0xff;
        }
        fs::write(&out, &bytes).unwrap();
        let found = verify(&out).unwrap();
        assert_eq!(found.damaged.len(), 2, "{:?}", found.damaged);
        assert!(found.damaged[0].starts_with("`README.txt`"));
        assert!(found.damaged[1].starts_with("`model_card.md`"));
    }

    #[test]
    fn a_file_that_is_no_bundle_is_one_problem_and_a_missing_one_an_error() {
        let (folder, out) = written();
        fs::write(&out, "age,city\n1,Oslo\n").unwrap();
        assert_eq!(verify(&out).unwrap().damaged.len(), 1);
        assert!(matches!(verify(&folder.path().join("absent.zip")), Err(BundleError::Io { .. })));
    }
}
