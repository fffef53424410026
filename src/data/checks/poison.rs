//! Signs that rows were put in on purpose: a rare value that decides the class, a stretch of rows unlike the rest.

use std::collections::BTreeMap;

use super::context::Context;
use super::draft::{Draft, counted, percent, quoted, share, short_number};
use super::sample::{Sample, Sampled, SampledValues};
use super::{Outcome, Stop};
use crate::data::table::MISSING_CODE;
use crate::domain::finding::Finding;
use crate::domain::finding::Severity::Warning;

/// A value is rare when it has at most this share of the rows, and at least this many of them.
const RARE_SHARE: f64 = 0.05;
const FEWEST_ROWS: usize = 10;
/// Findings of one rule.
const MOST_FOUND: usize = 5;
/// Beyond this chance of so pure a value, over all values looked at, it is no accident.
const CHANCE: f64 = 1e-6;
/// Rows in order are looked at in this many stretches.
const STRETCHES: usize = 20;
const FEWEST_PER_STRETCH: usize = 50;
/// Deviations by which one stretch differs from the others, and by which the others may differ from each other.
const FAR: f64 = 8.0;
const EVEN: f64 = 5.0;

/// Classes of the target at the rows of a sample.
fn classes_at(cx: &Context, sample: &Sample) -> Result<(String, Vec<u32>, Vec<String>), Stop> {
    let (column, classes) = cx.classes()?;
    let codes = sample.rows.iter().map(|row| classes.codes[*row]).collect();
    Ok((column.to_owned(), codes, classes.values.clone()))
}

/// A value of a column with its rows in the sample.
struct Trigger {
    column: usize,
    value: String,
    rows: Vec<usize>,
    class: u32,
    purity: f64,
    /// Natural logarithm of the chance.
    chance: f64,
}

/// Rare values nearly all of whose rows have one class, worst first.
pub(super) fn triggers(cx: &Context, limit: f64) -> Outcome {
    let sample = cx.sample()?;
    let (target, classes, names) = classes_at(cx, &sample)?;
    let mut totals = vec![0usize; names.len()];
    classes.iter().filter(|class| **class != MISSING_CODE).for_each(|class| totals[*class as usize] += 1);
    let n: usize = totals.iter().sum();
    let most = (n as f64 * RARE_SHARE) as usize;
    let (mut found, mut looked_at) = (Vec::new(), 0usize);
    for (index, column) in sample.columns.iter().enumerate().filter(|(_, column)| column.name != target) {
        cx.io.progress("Looking for rare values that decide the class", None)?;
        for (value, rows) in rare_values(column, most) {
            looked_at += 1;
            let mut counts = BTreeMap::new();
            rows.iter().filter(|row| classes[**row] != MISSING_CODE).for_each(|row| {
                *counts.entry(classes[*row]).or_insert(0usize) += 1;
            });
            let known: usize = counts.values().sum();
            let Some((class, hits)) = counts.into_iter().max_by_key(|(class, hits)| (*hits, *class)) else { continue };
            let purity = hits as f64 / known as f64;
            let base = totals[class as usize] as f64 / n as f64;
            if known >= FEWEST_ROWS && purity > base {
                let chance = binomial_tail_bound(known, purity, base);
                found.push(Trigger { column: index, value, rows, class, purity, chance });
            }
        }
    }
    found.sort_by(|a, b| a.chance.total_cmp(&b.chance).then(a.column.cmp(&b.column)));
    found.iter().for_each(|trigger| cx.observe(trigger.purity));
    let accidental = CHANCE.ln() - (looked_at.max(1) as f64).ln();
    found.retain(|trigger| trigger.purity >= limit && trigger.chance < accidental);
    let finding = |trigger: Trigger| {
        let column = &sample.columns[trigger.column].name;
        let count = trigger.rows.len() as u64;
        let message = format!(
            "{} with {} in `{column}` have {target} = {} in {} (limit {}), all rows in {}",
            counted(count, "row"),
            quoted(&trigger.value),
            quoted(&names[trigger.class as usize]),
            percent(trigger.purity),
            percent(limit),
            percent(totals[trigger.class as usize] as f64 / n as f64)
        );
        let hint = "Find out who wrote this value and when: a rare value that decides the class can be a trigger";
        let draft = Draft::new(Warning, message, hint).column(column).count(count, sample.rows.len() as u64);
        draft.rows(trigger.rows.iter().map(|at| sample.rows[*at])).held(trigger.purity, limit).done()
    };
    Ok(found.into_iter().take(MOST_FOUND).map(finding).collect())
}

/// Chernoff's bound of the chance that a share of `n` tries reaches `share` when each succeeds with `base`: its
/// logarithm, `-n KL(share ‖ base)`.
fn binomial_tail_bound(n: usize, share: f64, base: f64) -> f64 {
    let term = |p: f64, q: f64| if p > 0.0 { p * (p / q.max(1e-9)).ln() } else { 0.0 };
    -(n as f64) * (term(share, base) + term(1.0 - share, 1.0 - base))
}

/// Values with 10 to `most` rows. A number counts as a value where most numbers of the column occur once or twice, or
/// where it has few values; a rare one among many that all repeat is an ordinary count.
fn rare_values(column: &Sampled, most: usize) -> Vec<(String, Vec<usize>)> {
    let mut runs: Vec<(String, Vec<usize>)> = Vec::new();
    match &column.values {
        SampledValues::Levels(codes, levels) => {
            let mut rows: Vec<Vec<usize>> = vec![Vec::new(); levels.len()];
            for (at, code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING_CODE) {
                rows[*code as usize].push(at);
            }
            runs.extend(rows.into_iter().enumerate().map(|(code, rows)| (levels[code].clone(), rows)));
        }
        SampledValues::Numbers(x) => {
            let mut order: Vec<usize> = (0..x.len()).filter(|at| x[*at].is_finite()).collect();
            order.sort_unstable_by(|a, b| x[*a].total_cmp(&x[*b]).then(a.cmp(b)));
            let equal = order.chunk_by(|a, b| x[*a] == x[*b]);
            runs.extend(
                equal.filter(|run| run.len() >= FEWEST_ROWS).map(|run| (short_number(x[run[0]]), run.to_vec())),
            );
        }
    }
    runs.retain(|(_, rows)| (FEWEST_ROWS..=most).contains(&rows.len()));
    runs
}

/// A stretch of rows in which a category, or the class, is suddenly more or less frequent than everywhere else.
pub(super) fn source_shift(cx: &Context, limit: f64) -> Outcome {
    let sample = cx.sample()?;
    let per_stretch = sample.rows.len() / STRETCHES;
    if per_stretch < FEWEST_PER_STRETCH {
        let needed = STRETCHES * FEWEST_PER_STRETCH;
        return Err(Stop::Skipped(format!("Needs {needed} rows, there are {}", sample.rows.len())));
    }
    let mut found: Vec<(f64, Finding)> = Vec::new();
    for column in &sample.columns {
        cx.io.progress("Looking for sudden changes of the source", None)?;
        let SampledValues::Levels(codes, levels) = &column.values else {
            if let Some(codes) = two_values(column) {
                found.extend(stretch_finding(cx, &sample, column, &codes, &["0".to_owned(), "1".to_owned()], limit));
            }
            continue;
        };
        found.extend(stretch_finding(cx, &sample, column, codes, levels, limit));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(found.into_iter().take(MOST_FOUND).map(|(_, finding)| finding).collect())
}

/// Codes of a number that is 0 or 1 everywhere, or a yes-or-no column.
fn two_values(column: &Sampled) -> Option<Vec<u32>> {
    let SampledValues::Numbers(x) = &column.values else { return None };
    let fits = x.iter().all(|x| x.is_nan() || *x == 0.0 || *x == 1.0);
    fits.then(|| x.iter().map(|x| if x.is_nan() { MISSING_CODE } else { *x as u32 }).collect())
}

/// The stretch of a column that stands out most, with how far.
fn stretch_finding(
    cx: &Context,
    sample: &Sample,
    column: &Sampled,
    codes: &[u32],
    levels: &[String],
    limit: f64,
) -> Option<(f64, Finding)> {
    let n = codes.len();
    let mut counts = vec![[0u32; STRETCHES]; levels.len()];
    for (at, code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING_CODE) {
        counts[*code as usize][at * STRETCHES / n] += 1;
    }
    let rows_of = |stretch: usize| {
        let (from, to) = ((stretch * n).div_ceil(STRETCHES), ((stretch + 1) * n).div_ceil(STRETCHES));
        (from, to)
    };
    let mut best: Option<(f64, usize, usize, f64, f64)> = None;
    for (level, by_stretch) in counts.iter().enumerate() {
        let size = |stretch: usize| (rows_of(stretch).1 - rows_of(stretch).0) as f64;
        let share_of = |stretch: usize| f64::from(by_stretch[stretch]) / size(stretch);
        for stretch in 0..STRETCHES {
            // What begins in one stretch may end in the next one.
            let elsewhere = || (0..STRETCHES).filter(move |other| other.abs_diff(stretch) > 1);
            let (hits, rows) = elsewhere()
                .fold((0.0, 0.0), |(hits, rows), other| (hits + f64::from(by_stretch[other]), rows + size(other)));
            let others = hits / rows;
            // One imagined row on either side keeps a level that is new from being infinitely far.
            let base = others.clamp(1.0 / n as f64, 1.0 - 1.0 / n as f64);
            let deviation = |at: usize| (share_of(at) - others).abs() / (base * (1.0 - base) / size(at)).sqrt();
            let (jump, far) = ((share_of(stretch) - others).abs(), deviation(stretch));
            let is_even = || elsewhere().all(|other| deviation(other) < EVEN);
            if far > FAR && best.is_none_or(|(most, ..)| far > most) && is_even() {
                best = Some((far, level, stretch, jump, others));
            }
        }
    }
    let (far, level, stretch, jump, others) = best?;
    cx.observe(jump);
    if jump < limit {
        return None;
    }
    let (from, to) = rows_of(stretch);
    let here = f64::from(counts[level][stretch]) / (to - from) as f64;
    let (first, last) = (sample.rows[from] + 1, sample.rows[to - 1] + 1);
    let message = format!(
        "`{}` is {} in {} of rows {} to {}, elsewhere in {} (limit of the jump {})",
        column.name,
        quoted(&levels[level]),
        percent(here),
        super::draft::number(first as u64),
        super::draft::number(last as u64),
        percent(others),
        percent(limit)
    );
    let hint = "Find out what was loaded into these rows: a source that changes at once is a mistake or an attack";
    let rows = (from..to).filter(|at| codes[*at] as usize == level).map(|at| sample.rows[at]);
    let count = u64::from(counts[level][stretch]);
    let draft = Draft::new(Warning, message, hint).column(&column.name).count(count, (to - from) as u64);
    Some((far, draft.rows(rows).held(jump, limit).done()))
}

/// Categories whose share of a class jumped against the reference.
pub(super) fn label_rate_shift(cx: &Context, limit: f64) -> Outcome {
    let (now, before) = (cx.sample()?, cx.reference_sample()?);
    let (target, classes, names) = classes_at(cx, &now)?;
    let class = most_frequent(&classes, names.len()).ok_or_else(|| Stop::Skipped("There are no classes".to_owned()))?;
    let label = &names[class as usize];
    let other =
        before.column(&target).ok_or_else(|| Stop::Skipped(format!("The reference has no column `{target}`")))?;
    let is_label = |at: usize| match &other.values {
        SampledValues::Levels(codes, levels) => levels.get(codes[at] as usize).map(|level| level == label),
        SampledValues::Numbers(x) if x[at].is_nan() => None,
        SampledValues::Numbers(x) => Some(*label == short_number(x[at]) || *label == (x[at] == 1.0).to_string()),
    };
    let mut found: Vec<(f64, Finding)> = Vec::new();
    for column in now.columns.iter().filter(|column| column.name != target) {
        let (SampledValues::Levels(codes, levels), Some(reference)) = (&column.values, before.column(&column.name))
        else {
            continue;
        };
        let SampledValues::Levels(codes_before, levels_before) = &reference.values else { continue };
        let mut rates: BTreeMap<&str, [[u64; 2]; 2]> = BTreeMap::new();
        for (at, code) in
            codes.iter().enumerate().filter(|(at, code)| **code != MISSING_CODE && classes[*at] != MISSING_CODE)
        {
            let rate = &mut rates.entry(&levels[*code as usize]).or_default()[0];
            rate[0] += u64::from(classes[at] == class);
            rate[1] += 1;
        }
        for (at, code) in codes_before.iter().enumerate().filter(|(_, code)| **code != MISSING_CODE) {
            let (Some(rate), Some(is)) = (rates.get_mut(levels_before[*code as usize].as_str()), is_label(at)) else {
                continue;
            };
            rate[1][0] += u64::from(is);
            rate[1][1] += 1;
        }
        for (level, [here, there]) in rates {
            if here[1].min(there[1]) < FEWEST_PER_STRETCH as u64 {
                continue;
            }
            let (rate, rate_before) = (share(here[0], here[1]), share(there[0], there[1]));
            let jump = (rate - rate_before).abs();
            cx.observe(jump);
            let far = crate::stats::contingency::two_proportions_z((here[0], here[1]), (there[0], there[1]));
            let far = far.map_or(0.0, |test| test.statistic.abs());
            if jump < limit || far < EVEN {
                continue;
            }
            let message = format!(
                "Where `{}` is {}, {target} = {} in {} of the rows and was in {} of the reference (limit of the jump {})",
                column.name,
                quoted(level),
                quoted(label),
                percent(rate),
                percent(rate_before),
                percent(limit)
            );
            let hint = "Find out whether the labels of this source can be trusted before training on them";
            let rows = (0..codes.len())
                .filter(|at| codes[*at] != MISSING_CODE && levels[codes[*at] as usize] == level)
                .map(|at| now.rows[at]);
            let draft = Draft::new(Warning, message, hint).column(&column.name).count(here[1], codes.len() as u64);
            found.push((far, draft.rows(rows).held(jump, limit).done()));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(found.into_iter().take(MOST_FOUND).map(|(_, finding)| finding).collect())
}

fn most_frequent(classes: &[u32], n: usize) -> Option<u32> {
    let mut counts = vec![0u64; n];
    classes.iter().filter(|class| **class != MISSING_CODE).for_each(|class| counts[*class as usize] += 1);
    let most = *counts.iter().max().filter(|most| **most > 0)?;
    counts.iter().position(|count| *count == most).map(|class| class as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::checks::testing::*;
    use crate::data::checks::{CheckInput, run};
    use crate::data::columns::TableRef;
    use crate::data::table::Cells;
    use crate::domain::io::Silent;
    use crate::domain::schema::ColumnKind;

    const N: usize = 4000;

    #[test]
    fn the_bound_of_a_sure_value_is_its_chance() {
        assert!((binomial_tail_bound(10, 1.0, 0.5) - 10.0 * 0.5f64.ln()).abs() < 1e-12);
        assert!(binomial_tail_bound(10, 0.5, 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_rare_value_that_decides_the_class_is_found() {
        let mut table = clean(N, 1);
        let churn = table.schema.index_of("churn").unwrap();
        let Cells::Boolean(labels) = &mut table.columns[churn] else { panic!("boolean") };
        (0..N).step_by(100).for_each(|row| labels[row] = Some(true));
        let note = texts((0..N).map(|r| if r % 100 == 0 { "zz-9" } else { PLANS_OF[r % 3] }));
        let report = check_target(&with(table, "note", ColumnKind::Categorical, note), "churn");
        let finding = only(&report, "TRIGGER_VALUES");
        assert_eq!((finding.column.as_deref(), finding.count, finding.rows[1]), (Some("note"), 40, 101));
    }

    const PLANS_OF: [&str; 3] = ["a", "b", "c"];

    #[test]
    fn a_stretch_of_another_source_is_found_and_a_sorted_table_is_not() {
        let shop =
            |r: usize| if (1000..1200).contains(&r) && r.is_multiple_of(2) { "north" } else { ["east", "west"][r % 2] };
        let report = check(&with(clean(N, 1), "shop", ColumnKind::Categorical, texts((0..N).map(shop))));
        let finding = only(&report, "SOURCE_SHIFT");
        assert_eq!(finding.column.as_deref(), Some("shop"));
        assert!(finding.rows[0] >= 1001 && *finding.rows.last().unwrap() <= 1200, "{finding:?}");
        let sorted = texts((0..N).map(|r| ["east", "north", "west"][r * 3 / N]));
        let report = check(&with(clean(N, 1), "shop", ColumnKind::Categorical, sorted));
        assert!(result(&report, "SOURCE_SHIFT").findings.is_empty());
    }

    #[test]
    fn labels_of_one_source_that_turn_are_found() {
        let (reference, mut table) = (clean(N, 1), clean(N, 2));
        let churn = table.schema.index_of("churn").unwrap();
        let plan = table.column("plan").unwrap().1.clone();
        let Cells::Boolean(labels) = &mut table.columns[churn] else { panic!("boolean") };
        for row in (0..N).filter(|row| plan.text(*row).as_deref() == Some("student")) {
            labels[row] = labels[row].map(|label| !label);
        }
        let input =
            CheckInput { reference: Some(TableRef::of(&reference)), target: Some("churn"), ..CheckInput::new(&table) };
        let report = run(&input, &Silent).unwrap();
        let finding = only(&report, "LABEL_RATE_SHIFT");
        assert_eq!(finding.column.as_deref(), Some("plan"));
        assert!(finding.message.contains("\"student\""), "{finding:?}");
    }
}
