//! Recipes as they were stored first: columns, each with steps of its own. They are read as what they mean now.

use serde::Deserialize;

use super::fitted::{ColumnInput, Filled, FittedRecipe, FittedStep, OneHot, RecipeInput, Scaled};
use super::{Scaling, UnknownCategory};

/// Either version, as it lies in a file.
#[derive(Deserialize)]
pub(super) struct Stored {
    format_version: u32,
    #[serde(default)]
    columns: Vec<OldColumn>,
    #[serde(default)]
    inputs: Vec<RecipeInput>,
    #[serde(default)]
    steps: Vec<FittedStep>,
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Deserialize)]
struct OldColumn {
    name: String,
    input: ColumnInput,
    steps: Vec<OldStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
enum OldStep {
    ImputeNumber { value: f64 },
    Scale { center: f64, scale: f64 },
    OneHot { categories: Vec<String>, missing_as: Option<String>, unknown: UnknownCategory },
}

impl TryFrom<Stored> for FittedRecipe {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        match stored.format_version {
            1 => Ok(convert(stored.columns)),
            FittedRecipe::FORMAT_VERSION => Ok(Self {
                format_version: FittedRecipe::FORMAT_VERSION,
                inputs: stored.inputs,
                steps: stored.steps,
                features: stored.features,
            }),
            newer => Err(format!("a recipe of format {newer} needs a newer Modelwright")),
        }
    }
}

/// Columns were independent of each other: the first steps of all of them, then the second ones, and so on.
fn convert(columns: Vec<OldColumn>) -> FittedRecipe {
    let features = columns.iter().map(|c| c.name.clone()).collect();
    let rounds = columns.iter().map(|c| c.steps.len()).max().unwrap_or(0);
    let mut steps = Vec::new();
    let mut inputs = Vec::with_capacity(columns.len());
    let mut left: Vec<(String, std::vec::IntoIter<OldStep>)> = Vec::with_capacity(columns.len());
    for OldColumn { name, input, steps } in columns {
        inputs.push(RecipeInput { name: name.clone(), input });
        left.push((name, steps.into_iter()));
    }
    for _ in 0..rounds {
        let (mut filled, mut scaled, mut one_hot) = (Vec::new(), Vec::new(), Vec::new());
        for (name, old) in &mut left {
            let column = name.clone();
            match old.next() {
                Some(OldStep::ImputeNumber { value }) => filled.push(Filled { column, value, indicator: None }),
                Some(OldStep::Scale { center, scale }) => scaled.push(Scaled { column, center, scale }),
                Some(OldStep::OneHot { categories, missing_as, unknown }) => {
                    one_hot.push(OneHot { column, categories, missing_as, unknown });
                }
                None => {}
            }
        }
        if !filled.is_empty() {
            steps.push(FittedStep::Impute { columns: filled });
        }
        if !scaled.is_empty() {
            steps.push(FittedStep::Scale { method: Scaling::Standard, columns: scaled });
        }
        if !one_hot.is_empty() {
            steps.push(FittedStep::OneHot { columns: one_hot });
        }
    }
    FittedRecipe { format_version: FittedRecipe::FORMAT_VERSION, inputs, steps, features }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"format_version":1,"columns":[
        {"name":"age","input":{"type":"number","whole":false},
         "steps":[{"step":"impute_number","value":30.0},{"step":"scale","center":1.0,"scale":2.0}]},
        {"name":"plan","input":{"type":"text"},
         "steps":[{"step":"one_hot","categories":["a","b"],"missing_as":null,"unknown":"ignore"}]},
        {"name":"raw","input":{"type":"number","whole":true},"steps":[]}]}"#;

    #[test]
    fn the_first_format_is_read_as_what_it_means_now() {
        let recipe: FittedRecipe = serde_json::from_str(OLD).unwrap();
        assert_eq!(recipe.format_version, 2);
        assert_eq!(recipe.inputs.len(), 3);
        assert_eq!(recipe.feature_names(), ["age", "plan=a", "plan=b", "raw"]);
        assert_eq!(recipe.steps.len(), 3);
        let again: FittedRecipe = serde_json::from_str(&serde_json::to_string(&recipe).unwrap()).unwrap();
        assert_eq!(again, recipe);
    }

    #[test]
    fn a_newer_format_is_refused_politely() {
        let newer = r#"{"format_version":3,"columns":[]}"#;
        let problem = serde_json::from_str::<FittedRecipe>(newer).unwrap_err().to_string();
        assert!(problem.starts_with("a recipe of format 3 needs a newer Modelwright"), "{problem}");
    }
}
