//! The scores of all columns, each alone, as a table: what [`super::leakage`] finds, for those that hold too.

use std::collections::BTreeMap;

use super::context::Context;
use super::power;
use super::scored::Scored;
use super::{CheckInput, Stop};
use crate::data::error::LoadError;
use crate::domain::finding::Severity;
use crate::domain::io::JobIo;
use crate::domain::leakage::ColumnScore;
use crate::domain::schema::ColumnKind;
use crate::domain::suite::CheckSpec;

/// Is predictive power asked for, too? It takes as long again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    Measured,
    LeftOut,
}

/// The check whose limits and severity these scores follow.
const CODE: &str = "TARGET_LEAKAGE";

/// One score per column that can have one, in the table's order; none where the target cannot be predicted at all or
/// the suite has switched the check off. A suite that makes the check an error has its limit for leaving columns out.
pub fn column_scores(input: &CheckInput<'_>, power: Power, io: &dyn JobIo) -> Result<Vec<ColumnScore>, LoadError> {
    let setting = input.settings.get(CODE);
    if setting.is_some_and(|setting| setting.off) {
        return Ok(Vec::new());
    }
    let own = CheckSpec::of(CODE).and_then(|spec| spec.limit).unwrap_or(1.0);
    let limit = setting.and_then(|setting| setting.limit).unwrap_or(own);
    let is_strict = setting.is_some_and(|setting| setting.severity == Some(Severity::Error));
    let cx = Context::new(*input, io)?;
    let powers = match power {
        Power::Measured => powers(&cx)?,
        Power::LeftOut => BTreeMap::new(),
    };
    match scores(&cx, limit, is_strict, &powers) {
        Ok(scores) => Ok(scores),
        Err(Stop::Skipped(_)) => Ok(Vec::new()),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn powers(cx: &Context) -> Result<BTreeMap<String, f64>, LoadError> {
    match power::powers(cx) {
        Ok(powers) => Ok(powers),
        Err(Stop::Skipped(_)) => Ok(BTreeMap::new()),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn scores(cx: &Context, limit: f64, is_strict: bool, powers: &BTreeMap<String, f64>) -> Result<Vec<ColumnScore>, Stop> {
    let scored = Scored::new(cx)?;
    let mut all = Vec::new();
    for c in cx.features().filter(|c| c.varies && c.schema.kind != ColumnKind::Identifier) {
        cx.io.progress("Scoring each column alone", None)?;
        let cells = cx.gathered(c, &scored.rows)?;
        let Some(score) = scored.column_score(c, &cells) else { continue };
        let limit = scored.strong(limit);
        all.push(ColumnScore {
            column: c.name().to_owned(),
            by: score.name.to_owned(),
            value: score.value,
            limit,
            leaves_out: if is_strict { limit } else { score.copy },
            power: powers.get(c.name()).copied(),
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::checks::testing::*;
    use crate::data::table::Cells;
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind::{Boolean, Categorical};
    use crate::domain::suite::CheckSetting;

    #[test]
    fn a_copy_is_left_out_and_a_strong_column_only_by_a_strict_suite() {
        let table = clean(3000, 1);
        let label = |r: usize| uniform(r, 80) < 0.4;
        let table = with(table, "y", Boolean, Cells::Boolean((0..3000).map(|r| Some(label(r))).collect()));
        let word = |r: usize| if label(r) { "closed" } else { "open" };
        let table = with(table, "status", Categorical, Cells::Text((0..3000).map(|r| Some(word(r))).collect()));
        // Right for 97 of 100 rows: an AUC of about 0.97.
        let hint = |r: usize| Some(label(r) != (uniform(r, 81) < 0.03));
        let table = with(table, "hint", Boolean, Cells::Boolean((0..3000).map(hint).collect()));
        let out = |settings: &BTreeMap<String, CheckSetting>| -> Vec<String> {
            let input = CheckInput { target: Some("y"), settings, ..CheckInput::new(&table) };
            let scores = column_scores(&input, Power::Measured, &Silent).unwrap();
            assert!(scores.is_empty() || scores.iter().any(|s| s.column == "age" && !s.is_strong()));
            scores.into_iter().filter(ColumnScore::leaks).map(|s| s.column).collect()
        };
        let mut settings = BTreeMap::new();
        assert_eq!(out(&settings), ["status"]);
        let strict = CheckSetting { severity: Some(Severity::Error), ..CheckSetting::default() };
        settings.insert(CODE.to_owned(), strict);
        assert_eq!(out(&settings), ["status", "hint"]);
        settings.insert(CODE.to_owned(), CheckSetting { off: true, ..CheckSetting::default() });
        assert!(out(&settings).is_empty());
    }
}
