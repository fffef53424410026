//! The weighted mean of models that each have a recipe of their own over the same columns.

use super::{Fitted, fitted_part, row};
use crate::bundle::onnx::graph::{GraphBuilder, Value};
use crate::domain::model::{FittedModel, Member};
use crate::domain::recipe::FittedRecipe;

pub(super) fn check(members: &[Member], whole: &Fitted<'_>) -> Result<(), String> {
    if members.is_empty() {
        return Err("its ensemble has no members".to_owned());
    }
    let sum: f64 = members.iter().map(|member| member.weight).sum();
    if members.iter().any(|m| !m.weight.is_finite() || m.weight <= 0.0) || (sum - 1.0).abs() > 1e-6 {
        return Err(format!("the weights of its members sum to {sum}, or one is not above 0"));
    }
    for (at, member) in members.iter().enumerate() {
        let named = |problem: String| format!("member {}: {problem}", at + 1);
        if let FittedModel::Ensemble { .. } = member.model {
            return Err(named("an ensemble cannot be part of another".to_owned()));
        }
        for input in &member.recipe.inputs {
            let fits = whole.recipe.input(&input.name).is_some_and(|of_all| of_all.is_text() == input.input.is_text());
            if !fits {
                return Err(named(format!("the ensemble does not take its column `{}`", input.name)));
            }
        }
        super::check(&part(member, whole)).map_err(named)?;
    }
    Ok(())
}

pub(super) fn part<'a>(member: &'a Member, whole: &Fitted<'_>) -> Fitted<'a> {
    let (recipe, model) = (&member.recipe, &member.model);
    Fitted { task: whole.task, n_classes: whole.n_classes, recipe, model }
}

pub(super) fn model(
    g: &mut GraphBuilder,
    members: &[Member],
    whole: &Fitted<'_>,
    inputs: &[String],
) -> Result<Value, String> {
    let mut sum: Option<Value> = None;
    for (at, member) in members.iter().enumerate() {
        let own = names(&member.recipe, whole.recipe, inputs);
        let said =
            fitted_part(g, &part(member, whole), &own).map_err(|problem| format!("member {}: {problem}", at + 1))?;
        let weight = row(g, &[member.weight]);
        let weighted = g.op("Mul", &[&said, &weight], vec![]);
        sum = Some(match sum {
            None => weighted,
            Some(sum) => g.op("Add", &[&sum, &weighted], vec![]),
        });
    }
    sum.ok_or_else(|| "its ensemble has no members".to_owned())
}

/// The graph's names for a member's columns.
fn names(member: &FittedRecipe, whole: &FittedRecipe, inputs: &[String]) -> Vec<String> {
    let of = |name: &String| whole.inputs.iter().zip(inputs).find(|(column, _)| column.name == *name);
    member.inputs.iter().filter_map(|column| of(&column.name).map(|(_, name)| name.clone())).collect()
}
