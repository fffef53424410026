//! Yes/no columns: which spellings a scorer may hand in.

use crate::domain::recipe::ColumnInput;
use crate::domain::schema::ColumnSchema;

/// How pandas and JSON spell booleans.
const TRUE: [&str; 3] = ["TRUE", "True", "true"];
const FALSE: [&str; 3] = ["FALSE", "False", "false"];

/// The source's spellings and the usual ones, sorted. The usual ones keep their meaning whatever the source says.
pub fn input(schema: &ColumnSchema) -> ColumnInput {
    let with = |usual: [&str; 3], other: [&str; 3], source: &[String], opposite: &[String]| {
        let own = source.iter().filter(|s| !s.is_empty() && !other.contains(&s.as_str()) && !opposite.contains(s));
        let mut spellings: Vec<String> = own.cloned().chain(usual.map(str::to_owned)).collect();
        spellings.sort_unstable();
        spellings.dedup();
        spellings
    };
    ColumnInput::BooleanText {
        true_spellings: with(TRUE, FALSE, &schema.true_spellings, &schema.false_spellings),
        false_spellings: with(FALSE, TRUE, &schema.false_spellings, &schema.true_spellings),
    }
}

/// 1, 0, or NaN for anything that is not spelt as true or false.
pub fn number(text: &str, true_spellings: &[String], false_spellings: &[String]) -> f64 {
    let listed = |spellings: &[String]| spellings.iter().any(|spelling| spelling == text);
    if listed(true_spellings) {
        1.0
    } else if listed(false_spellings) {
        0.0
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::{ColumnKind, Storage};

    #[test]
    fn joins_the_source_spellings_with_the_usual_ones() {
        let schema = ColumnSchema {
            name: "vip".into(),
            kind: ColumnKind::Boolean,
            storage: Storage::Boolean,
            missing: 0,
            distinct: 2,
            true_spellings: vec!["yes".into(), "true".into()],
            false_spellings: vec!["no".into()],
            notes: Vec::new(),
            missing_tokens: vec![],
            personal: None,
        };
        let ColumnInput::BooleanText { true_spellings, false_spellings } = input(&schema) else {
            panic!("boolean text expected")
        };
        assert_eq!(true_spellings, ["TRUE", "True", "true", "yes"]);
        assert_eq!(false_spellings, ["FALSE", "False", "false", "no"]);
        assert_eq!(number("yes", &true_spellings, &false_spellings), 1.0);
        assert_eq!(number("False", &true_spellings, &false_spellings), 0.0);
        assert!(number("", &true_spellings, &false_spellings).is_nan());
        assert!(number("maybe", &true_spellings, &false_spellings).is_nan());
    }
}
