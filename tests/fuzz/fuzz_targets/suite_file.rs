//! Suite files: what reads is printed and reads back as itself, what is wrong is said in bounded words, and whatever
//! a suite of Great Expectations turns into can be read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use modelwright_fuzz::domain::suite::{Environment, Suite, great_expectations};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    match Suite::parse(&text) {
        Ok(suite) => {
            let printed = suite.print();
            assert_eq!(Suite::parse(&printed).as_ref(), Ok(&suite), "{printed}");
            assert_eq!(Suite::read(&text).is_ok(), suite.problems().is_empty());
            for environment in Environment::ALL {
                for rule in suite.rules_for(environment) {
                    assert!(!rule.describe().is_empty() && !rule.test.name().is_empty());
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(imported) = great_expectations::import(&text) {
        let printed = imported.suite.print();
        // What was taken can be judged.
        assert_eq!(Suite::read(&printed).as_ref(), Ok(&imported.suite), "{printed}");
    }
});
