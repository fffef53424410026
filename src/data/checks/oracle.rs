//! Our verdicts beside those of Deepchecks 0.19.1 on the tables of `tests/fixtures/checks`, where the definitions
//! agree. `make.py` there wrote both the tables and the verdicts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::testing::result;
use super::{Against, CheckInput, run};
use crate::data::columns::TableRef;
use crate::data::read::{self, sniff};
use crate::data::table::Table;
use crate::domain::finding::{CheckReport, Verdict};
use crate::domain::io::Silent;

/// Their name and our code.
const PAIRS: [(&str, &str); 19] = [
    ("Is Single Value", "CONSTANT_COLUMN"),
    ("Special Characters", "SPECIAL_CHARACTERS"),
    ("Mixed Nulls", "MIXED_NULLS"),
    ("Mixed Data Types", "MIXED_TYPES"),
    ("String Mismatch", "STRING_VARIANTS"),
    ("Data Duplicates", "DUPLICATE_ROWS"),
    ("String Length Out Of Bounds", "STRING_LENGTH"),
    ("Conflicting Labels", "CONFLICTING_LABELS"),
    ("Feature Label Correlation", "PREDICTIVE_POWER"),
    ("Feature Feature Correlation", "CORRELATED_FEATURES"),
    ("Datasets Size Comparison", "DATASET_SIZE"),
    ("New Label Train Test", "NEW_LABELS"),
    ("New Category Train Test", "UNKNOWN_CATEGORIES"),
    ("String Mismatch Comparison", "NEW_STRING_VARIANTS"),
    ("Train Test Samples Mix", "TRAIN_TEST_OVERLAP"),
    ("Feature Drift", "FEATURE_DRIFT"),
    ("Label Drift", "LABEL_DRIFT"),
    ("Feature Label Correlation Change", "POWER_CHANGED"),
    ("Multivariate Drift", "JOINT_DRIFT"),
];

/// Where we say something else, and why.
const DIFFERENT: &[(&str, &str)] = &[];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checks")
}

fn table(name: &str) -> Table {
    let path = folder().join(format!("{name}.csv"));
    let options = sniff(&path, name).unwrap();
    read::load(&path, name, &options, &Silent).unwrap().0
}

fn ours(case: &str, train: &Table) -> CheckReport {
    let table = table(case);
    let mut input = CheckInput { target: Some("label"), ..CheckInput::new(&table) };
    if case.starts_with("tt_") {
        input.reference = Some(TableRef::of(train));
        input.against = Against::Training;
    }
    run(&input, &Silent).unwrap()
}

#[test]
fn verdicts_are_those_of_deepchecks_where_the_definitions_agree() {
    let said = std::fs::read_to_string(folder().join("verdicts.json")).unwrap();
    let said: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&said).unwrap();
    let train = table("tt.train");
    let (mut compared, mut wrong) = (0, Vec::new());
    for (case, verdicts) in &said {
        let report = ours(case, &train);
        for (theirs, code) in PAIRS {
            let Some(verdict) = verdicts.get(theirs) else { continue };
            let check = result(&report, code);
            if check.verdict() == Verdict::Skipped || DIFFERENT.contains(&(case.as_str(), code)) {
                continue;
            }
            compared += 1;
            if (verdict == "PASS") != (check.verdict() == Verdict::Pass) {
                wrong.push(format!("{case} {code}: {verdict} there, here {:?} {:?}", check.verdict(), check.findings));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared >= 150, "{compared}");
}
