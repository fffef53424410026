//! The files a bundle may hold, and their hashes.

use sha2::{Digest as _, Sha256};

use crate::domain::ids::ContentHash;

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const MODEL: &str = "model.onnx";
pub(super) const MLMODEL: &str = "MLmodel";
pub(super) const LOADER: &str = "code/modelwright_scorer.py";
pub(super) const INPUT_EXAMPLE: &str = "input_example.json";
pub(super) const SERVING_EXAMPLE: &str = "serving_input_example.json";
pub(super) const REQUIREMENTS: &str = "requirements.txt";
pub(super) const CONDA: &str = "conda.yaml";
pub(super) const PYTHON_ENV: &str = "python_env.yaml";
pub(super) const GOLDEN: &str = "golden_rows.json";
pub(super) const CARD: &str = "model_card.md";
pub(super) const README: &str = "README.txt";

/// Every file of a bundle, all of them required: a bundle with one more or one less is refused.
pub(super) const ALL: [&str; 12] = [
    MLMODEL,
    README,
    LOADER,
    CONDA,
    GOLDEN,
    INPUT_EXAMPLE,
    MANIFEST,
    MODEL,
    CARD,
    PYTHON_ENV,
    REQUIREMENTS,
    SERVING_EXAMPLE,
];

/// The only code in a bundle. MLflow runs it, Modelwright never does.
pub(super) const LOADER_SOURCE: &str = include_str!("../../assets/modelwright_scorer.py");

/// The loader of this version and of every version before it. Another one is code of a stranger.
pub(super) const KNOWN_LOADERS: [&str; 4] = [
    "28f7d8a27d6f0ac64eea8e8c7a876e1b6cfac946389a6dc01da3ea1f97dde554",
    "ce56256d0ee628208c5e9ed380d7a5391e499a9bcf80baed21bedf302d199f6d",
    "66e44b014634fa33e4fb439aee2cc8f52953b61e5de2c787772968a124211da2",
    "13463518688ff9f761555bafb2673d97838a5ffc967bbc82d1e0774661d51adb",
];

pub(super) fn sha256(bytes: &[u8]) -> ContentHash {
    ContentHash::from_bytes(&Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_the_known_one() {
        assert_eq!(
            sha256(LOADER_SOURCE.as_bytes()).as_str(),
            KNOWN_LOADERS[0],
            "a changed loader adds its hash in front and keeps the others"
        );
    }

    #[test]
    fn what_is_promised_is_what_is_written() {
        assert_eq!(crate::domain::bundle::BUNDLE_CONTENTS.map(|(name, _)| name), ALL);
    }

    #[test]
    fn files_are_listed_once_and_in_order() {
        let mut sorted = ALL;
        sorted.sort_unstable();
        assert_eq!(sorted, ALL);
    }
}
