//! Which columns become features when nobody chose.

use crate::domain::recipe::RecipeSpec;
use crate::domain::schema::{ColumnKind, ColumnSchema, Schema, Storage};

/// Numbers, yes/no, dates, categories and what a step of the recipe names go in; the rest stays out, each with its
/// reason. Both lists are in file order.
pub fn default_features(
    schema: &Schema,
    rows: u64,
    target: &str,
    excluded: &[String],
    spec: &RecipeSpec,
) -> (Vec<String>, Vec<(String, String)>) {
    let named = spec.named_columns();
    let (mut features, mut left_out) = (Vec::new(), Vec::new());
    for column in schema.columns.iter().filter(|column| column.name != target) {
        let asked = excluded.contains(&column.name).then(|| "excluded by you".to_owned());
        let is_named = named.binary_search(&column.name.as_str()).is_ok();
        match asked.or_else(|| reason_against(column, rows).filter(|_| !is_named)) {
            Some(reason) => left_out.push((column.name.clone(), reason)),
            None => features.push(column.name.clone()),
        }
    }
    (features, left_out)
}

fn reason_against(column: &ColumnSchema, rows: u64) -> Option<String> {
    let distinct = column.distinct;
    match column.kind {
        _ if distinct == 0 || column.missing >= rows => Some("no value in any row".to_owned()),
        // A category beside gaps still tells two groups apart; a number beside gaps is imputed to a constant.
        _ if distinct == 1 && (column.missing == 0 || column.storage != Storage::String) => {
            Some("the same value in every row".to_owned())
        }
        ColumnKind::Identifier => Some(format!("identifier: {distinct} different values in {rows} rows")),
        ColumnKind::Text => Some(format!("free text: {distinct} different values in {rows} rows")),
        ColumnKind::Datetime | ColumnKind::Numeric | ColumnKind::Boolean | ColumnKind::Categorical => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::recipe::{Columns, StepRule, StepSpec};

    fn column(name: &str, kind: ColumnKind, storage: Storage, missing: u64, distinct: u64) -> ColumnSchema {
        ColumnSchema {
            name: name.into(),
            kind,
            storage,
            missing,
            distinct,
            true_spellings: Vec::new(),
            false_spellings: Vec::new(),
            notes: Vec::new(),
            missing_tokens: vec![],
            personal: None,
        }
    }

    #[test]
    fn useful_columns_go_in_and_the_rest_has_a_reason() {
        let schema = Schema {
            columns: vec![
                column("id", ColumnKind::Identifier, Storage::Int64, 0, 100),
                column("age", ColumnKind::Numeric, Storage::Float64, 5, 60),
                column("vip", ColumnKind::Boolean, Storage::Boolean, 0, 2),
                column("plan", ColumnKind::Categorical, Storage::String, 0, 3),
                column("promo", ColumnKind::Categorical, Storage::String, 70, 1),
                column("note", ColumnKind::Text, Storage::String, 0, 99),
                column("joined", ColumnKind::Datetime, Storage::DatetimeMs, 0, 80),
                column("country", ColumnKind::Categorical, Storage::String, 0, 1),
                column("empty", ColumnKind::Numeric, Storage::Float64, 100, 0),
                column("left", ColumnKind::Numeric, Storage::Int64, 0, 50),
                column("churned", ColumnKind::Boolean, Storage::Boolean, 0, 2),
            ],
        };
        let (features, left_out) = default_features(&schema, 100, "churned", &["left".into()], &RecipeSpec::default());
        assert_eq!(features, ["age", "vip", "plan", "promo", "joined"]);
        let expected = [
            ("id", "identifier: 100 different values in 100 rows"),
            ("note", "free text: 99 different values in 100 rows"),
            ("country", "the same value in every row"),
            ("empty", "no value in any row"),
            ("left", "excluded by you"),
        ];
        assert_eq!(left_out, expected.map(|(name, reason)| (name.to_owned(), reason.to_owned())));
        let named = StepSpec::new(Columns::Named(vec!["note".into(), "left".into()]), StepRule::TextLength);
        let spec = RecipeSpec { steps: vec![named], ..RecipeSpec::default() };
        let (features, _) = default_features(&schema, 100, "churned", &["left".into()], &spec);
        assert_eq!(features, ["age", "vip", "plan", "promo", "note", "joined"]);
    }
}
