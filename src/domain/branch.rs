//! Names for versions: branches, which move, and tags, which do not.

use serde::{Deserialize, Serialize};

use super::ids::{BranchId, DatasetId, TagId, VersionId};

/// The branch every dataset has. It needs no record while it leads to the latest version, which it does until
/// something is imported onto another branch.
pub const MAIN: &str = "main";

/// Longest name of a branch or tag, in characters.
const MAX_NAME: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    pub id: BranchId,
    pub dataset_id: DatasetId,
    pub name: String,
    /// The version it leads to.
    pub head: VersionId,
    pub created_at_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionTag {
    pub id: TagId,
    pub dataset_id: DatasetId,
    pub name: String,
    pub version: VersionId,
    pub created_at_ms: i64,
}

/// Why a branch or tag cannot have this name; `None` when it can.
pub fn name_problem(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Some("a name has 1 to 100 characters");
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '@')) {
        return Some("a name has no / \\ @ and no control characters");
    }
    if name.trim() != name {
        return Some("a name does not begin or end with a space");
    }
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return Some("a name of only digits would mean a version number");
    }
    if name == MAIN {
        return Some("every dataset has a branch `main` already");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_numbers_paths_or_main() {
        for good in ["q1", "2026-01", "clean data", "Łódź", "1a"] {
            assert_eq!(name_problem(good), None, "{good}");
        }
        for bad in ["", "12", "a/b", "a\\b", "a@b", "a\nb", " a", "main", &"x".repeat(101)] {
            assert!(name_problem(bad).is_some(), "{bad}");
        }
    }
}
