//! What a number amounts to in each category of another column: `mean(charge) by plan`.

use super::column::Frame;
use super::{RecipeError, scale};
use crate::data::table::MISSING_CODE;
use crate::domain::recipe::{Aggregate, LookedUp, LookupKind};

pub(super) const KIND: LookupKind = LookupKind::Aggregate;

/// One look-up by category for every number and aggregate. What training never saw has no aggregate, and count 0.
pub(super) fn fit(
    numbers: &[String],
    by: &str,
    aggregates: &[Aggregate],
    frame: &Frame<'_>,
) -> Result<Vec<LookedUp>, RecipeError> {
    let texts = frame.texts(by)?;
    let levels = texts.levels();
    let positions = texts.positions(&levels);
    let mut made = Vec::new();
    for name in numbers {
        let mut groups: Vec<Vec<f64>> = vec![Vec::new(); levels.len()];
        for (&x, &at) in frame.numbers(name)?.iter().zip(&positions) {
            if at != MISSING_CODE && !x.is_nan() {
                groups[at as usize].push(x);
            }
        }
        for &aggregate in aggregates {
            let none = (aggregate == Aggregate::Count).then_some(0.0);
            made.push(LookedUp {
                column: by.to_owned(),
                into: frame.free_name(&format!("{}({name}) by {by}", aggregate.as_str())),
                levels: levels.clone(),
                values: groups.iter().map(|group| amount(aggregate, group)).collect(),
                missing: none,
                unknown: none,
            });
        }
    }
    Ok(made)
}

fn amount(aggregate: Aggregate, group: &[f64]) -> Option<f64> {
    let n = group.len();
    let found = match aggregate {
        Aggregate::Count => return Some(n as f64),
        Aggregate::Mean if n > 0 => scale::mean(group),
        Aggregate::Min => group.iter().copied().reduce(f64::min)?,
        Aggregate::Max => group.iter().copied().reduce(f64::max)?,
        Aggregate::Std if n > 1 => {
            let mean = scale::mean(group);
            (group.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64).sqrt()
        }
        Aggregate::Mean | Aggregate::Std => return None,
    };
    found.is_finite().then_some(found)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::data::recipe::column::{Column, Texts};
    use crate::data::recipe::lookup;

    #[test]
    fn aggregates_are_those_of_pandas_groupby() {
        let mut frame = Frame::new(6);
        let codes = vec![0, 0, 0, 1, MISSING_CODE, 1];
        frame.put("plan", Column::Texts(Texts { codes, values: ["x", "y"].map(Cow::Borrowed).to_vec() }));
        frame.put("charge", Column::Numbers(vec![1.0, 2.0, 6.0, 5.0, 9.0, f64::NAN]));
        use Aggregate::{Count, Max, Mean, Min, Std};
        let made = fit(&["charge".to_owned()], "plan", &[Mean, Min, Max, Count, Std], &frame).unwrap();
        lookup::apply(&made, &mut frame).unwrap();
        let at = |what: &str| frame.numbers(&format!("{what}(charge) by plan")).unwrap().to_vec();
        // pandas: frame.groupby("plan").charge.agg(["mean", "min", "max", "count", "std"])
        assert_eq!(at("mean")[..4], [3.0, 3.0, 3.0, 5.0]);
        assert!(at("mean")[4].is_nan());
        assert_eq!((at("min")[0], at("max")[0], at("count")[3], at("count")[4]), (1.0, 6.0, 1.0, 0.0));
        assert!((at("std")[0] - 7_f64.sqrt()).abs() < 1e-15 && at("std")[3].is_nan());
    }
}
