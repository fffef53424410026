use super::top::TOP;
use super::*;
use crate::domain::io::Silent;
use crate::domain::profile::Histogram;
use crate::domain::schema::{ColumnSchema, Schema};

pub fn study_of(cells: Cells) -> Study {
    let table = crate::data::table::testing::table(vec![("x", ColumnKind::Numeric, cells)]);
    study(&table, &Silent).unwrap().remove(0)
}

fn profiled(cells: Cells) -> ColumnProfile {
    let schema = ColumnSchema {
        name: "x".into(),
        kind: ColumnKind::Numeric,
        storage: cells.storage(),
        missing: 0,
        distinct: 0,
        true_spellings: vec![],
        false_spellings: vec![],
        notes: vec![],
        missing_tokens: vec![],
        personal: None,
    };
    let table = Table { schema: Schema { columns: vec![schema] }, n_rows: cells.len(), columns: vec![cells] };
    profile(&table, &Silent).unwrap().columns.remove(0)
}

#[test]
fn numbers_are_those_of_numpy() {
    let p =
        profiled(Cells::Float(vec![3.5, -1.25, f64::NAN, 0.0, 7.0, 2.5, 2.5, 1e3, -40.0, f64::INFINITY, 0.1, 12.75]));
    let n = p.numbers.unwrap();
    assert_eq!((p.missing, p.distinct, n.count, n.zeros), (1, 10, 10, 1));
    assert_eq!((n.min, n.max, n.q25, n.median, n.q75), (-40.0, 1000.0, 0.025, 2.5, 6.125));
    assert!((n.mean - 98.71).abs() < 1e-12 && (n.std.unwrap() - 317.000042762002).abs() < 1e-10);
    let h = p.histogram.unwrap();
    assert_eq!(h.counts, [[1, 8].as_slice(), &[0; 27], &[1]].concat());
    assert_eq!((h.edges[1], h.edges[29], h.edges.len()), (-5.333333333333336, 965.3333333333333, 31));
    assert_eq!(p.top[0], ("2.5".into(), 2));
    assert_eq!(p.top[1], ("-40".into(), 1));
}

#[test]
fn histogram_bins_are_closed_on_the_left_as_in_numpy() {
    let p = profiled(Cells::Float((0..100).map(|i| f64::from(i * 7 % 101) / 3.0).collect()));
    let expected = [4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 3, 4, 3, 4, 3, 3, 3, 4, 3, 3, 4, 2, 4];
    assert_eq!(p.histogram.unwrap().counts, expected);
    assert_eq!(p.top.len(), TOP);
}

#[test]
fn whole_numbers_close_together_get_a_bin_each() {
    let p = profiled(Cells::Int([0, 1, 1, 3, 9].map(Some).to_vec()));
    let h = p.histogram.unwrap();
    assert_eq!(h.counts, [1, 2, 0, 1, 0, 0, 0, 0, 0, 1]);
    assert_eq!((h.edges.len(), h.edges[0], h.edges[1], h.edges[10]), (11, -0.5, 0.5, 9.5));
    // As floats the same; with a half among them, or spread too far, thirty bins as before.
    let floats = |v: &[f64]| profiled(Cells::Float(v.to_vec())).histogram.unwrap();
    assert_eq!(floats(&[0.0, 1.0, 1.0, 3.0, 9.0]), h);
    assert_eq!(floats(&[0.0, 1.5, 9.0]).counts.len(), 30);
    assert_eq!(floats(&[0.0, 1.0, 40.0]).counts.len(), 30);
    assert_eq!(floats(&[0.0, 1.0, 39.0]).counts.len(), 40);
}

#[test]
fn constants_single_values_and_emptiness() {
    let p = profiled(Cells::Int(vec![Some(5), Some(5), None]));
    assert_eq!(p.histogram.unwrap(), Histogram { edges: vec![4.5, 5.5], counts: vec![2] });
    assert_eq!(profiled(Cells::Int(vec![Some(5)])).numbers.unwrap().std, None);
    let p = profiled(Cells::Float(vec![f64::NAN]));
    assert_eq!((p.numbers, p.histogram, p.distinct, p.missing), (None, None, 0, 1));
}

#[test]
fn huge_numbers_stay_finite() {
    let p = profiled(Cells::Float(vec![-1.7e308, 1.7e308, 1.7e308]));
    let n = p.numbers.unwrap();
    assert!(n.mean.is_finite() && n.q25.is_finite() && n.std.is_none());
    assert_eq!(p.histogram.unwrap().counts.iter().sum::<u64>(), 3);
}

#[test]
fn texts_have_lengths_and_top_values_with_ties_by_value() {
    let p = profiled(Cells::Text([Some("b"), Some("añb"), None, Some("b"), Some("a")].into_iter().collect()));
    assert_eq!(p.top, [("b".into(), 2), ("a".into(), 1), ("añb".into(), 1)]);
    let lengths = p.lengths.unwrap();
    assert_eq!((lengths.min, lengths.mean, lengths.max), (1, 1.5, 3));
    assert_eq!((p.missing, p.distinct), (1, 3));
}

#[test]
fn booleans_and_datetimes_show_words() {
    let p = profiled(Cells::Boolean(vec![Some(true), None, Some(true), Some(false)]));
    assert_eq!(p.top, [("true".into(), 2), ("false".into(), 1)]);
    assert_eq!(p.numbers, None);
    let p = profiled(Cells::DatetimeMs(vec![Some(0), Some(86_400_000)]));
    assert_eq!(p.top[0].0, "1970-01-01");
    assert_eq!(p.numbers.unwrap().mean, 43_200_000.0);
}

/// `gen.py --rows 1000000`, as CSV read by this crate: the time of the profile alone.
#[test]
#[ignore = "a measurement; give the file in MODELWRIGHT_BENCH"]
fn time_of_a_profile() {
    let path = std::path::PathBuf::from(std::env::var("MODELWRIGHT_BENCH").unwrap());
    let options = crate::data::read::sniff(&path, "bench.csv").unwrap();
    let (table, _) = crate::data::read::load(&path, "bench.csv", &options, &Silent).unwrap();
    for _ in 0..5 {
        let (wall, cpu) = (std::time::Instant::now(), cpu_secs());
        let profile = profile(&table, &Silent).unwrap();
        println!(
            "{} rows x {} columns: {:.3} s, {:.3} CPU s",
            profile.rows,
            profile.columns.len(),
            wall.elapsed().as_secs_f64(),
            cpu_secs() - cpu
        );
    }
}

/// User and system time of this process, in seconds (Linux).
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    let ticks: Vec<f64> = after.split_whitespace().skip(11).take(2).map(|t| t.parse().unwrap()).collect();
    (ticks[0] + ticks[1]) / 100.0
}

#[test]
fn a_thousand_numbers_have_the_shape_that_numpy_and_scipy_give_them() {
    // x = ((i * 7919) % 10007) / 100 - 20 over np.arange(5000), NaN where i % 17 == 3
    let x = (0..5000u64).map(|i| if i % 17 == 3 { f64::NAN } else { ((i * 7919) % 10007) as f64 / 100.0 - 20.0 });
    let p = profiled(Cells::Float(x.collect()));
    let n = p.numbers.unwrap();
    assert_eq!((p.missing, p.distinct, n.count, n.zeros, n.negative), (294, 4706, 4706, 1, 939));
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} instead of {b}");
    close(n.mean, 30.06193582660434);
    close(n.std.unwrap(), 28.89877838801827);
    let expected = [-18.9695, -15.0075, 5.0025, 30.065, 55.095, 75.0575, 79.079];
    n.quantiles.iter().zip(expected).for_each(|((_, q), e)| close(*q, e));
    close(n.skewness.unwrap(), -0.00040988821304908794);
    close(n.kurtosis.unwrap(), -1.1999480662942232);
    let counts = [
        157, 155, 158, 156, 159, 155, 156, 158, 157, 155, 158, 157, 156, 157, 158, 155, 158, 158, 155, 158, 157, 153,
        158, 159, 155, 158, 156, 155, 161, 158,
    ];
    assert_eq!(p.histogram.unwrap().counts, counts);
    assert_eq!(p.log_histogram, None);
}

#[test]
fn skewed_positive_numbers_get_logarithmic_bins_too() {
    // y = np.round(np.exp(((i * 7919) % 10007) / 1000), 4)
    let y = (0..5000u64).map(|i| ((((i * 7919) % 10007) as f64 / 1000.0).exp() * 1e4).round_ties_even() / 1e4);
    let p = profiled(Cells::Float(y.collect()));
    let n = p.numbers.as_ref().unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b.abs().max(1.0), "{a} instead of {b}");
    close(n.mean, 2223.56319628);
    close(n.std.unwrap(), 4448.4175651530995);
    close(n.skewness.unwrap(), 2.5402526365069593);
    close(n.kurtosis.unwrap(), 5.967495527297629);
    assert_eq!(p.histogram.unwrap().counts[..4], [3299, 344, 203, 145]);
    let log = p.log_histogram.unwrap();
    assert_eq!((log.counts.iter().sum::<u64>(), log.edges[0], log.edges[30]), (5000, n.min, n.max));
    // The logarithms are even, so the bins are.
    assert!(log.counts.iter().all(|n| (140..=190).contains(n)), "{:?}", log.counts);
}

#[test]
fn days_without_rows_are_found() {
    const DAY: i64 = 86_400_000;
    // 1970-01-01 was a Thursday.
    let days = [0, 0, 1, 4, 5, 9].map(|day| Some(day * DAY + 3 * 3_600_000));
    let dates = profiled(Cells::DatetimeMs(days.into_iter().chain([None]).collect())).dates.unwrap();
    assert_eq!((dates.days, dates.days_without, dates.gaps.len()), (5, 5, 2));
    assert_eq!((dates.gaps[0].days(), dates.gaps[0].from_ms, dates.gaps[1].days()), (3, 6 * DAY, 2));
    assert_eq!(dates.weekdays, [1, 1, 0, 2, 1, 1, 0].map(|n: u64| n).to_vec(), "{dates:?}");
    assert_eq!((dates.hours[3], dates.hours.iter().sum::<u64>()), (6, 6));
}

#[test]
fn what_stands_out_is_told_in_one_sentence() {
    let told = |cells: Cells, kind: ColumnKind| -> Vec<String> {
        study_of(cells).with_kind(kind).profile.alerts.into_iter().map(|a| a.text).collect()
    };
    assert_eq!(told(Cells::Float(vec![f64::NAN; 3]), ColumnKind::Numeric), ["No cell has a value"]);
    assert_eq!(told(Cells::Int(vec![Some(7); 1200]), ColumnKind::Numeric), ["All 1,200 values are the same"]);
    let sparse = Cells::Int((0..10).map(|i| (i < 5).then_some(i % 3 + 1)).collect());
    assert_eq!(told(sparse, ColumnKind::Numeric), ["5 of 10 cells are missing (50.0 %)"]);
    let ids = || Cells::Int((0..50).map(|i| Some(i + 1)).collect());
    assert_eq!(told(ids(), ColumnKind::Numeric), ["All 50 values differ: perhaps an identifier"]);
    assert_eq!(told(ids(), ColumnKind::Identifier), [""; 0]);
    let odd = Cells::Float(
        (0..60)
            .map(|i| {
                if i < 40 {
                    0.0
                } else if i == 59 {
                    1e6
                } else {
                    f64::from(i)
                }
            })
            .collect(),
    );
    let expected = ["Skewness 7.6: a few large values outweigh the rest", "40 of 60 values are 0 (66.7 %)"];
    assert_eq!(told(odd, ColumnKind::Numeric), expected);
    let infinite = Cells::Float(vec![1.0, f64::INFINITY, 2.0]);
    assert_eq!(told(infinite, ColumnKind::Numeric), ["1 cell is infinite; means and bins leave them out"]);
}

#[test]
fn a_study_tells_personal_data_and_the_facts_that_typing_needs() {
    let mails: Vec<String> = (0..40).map(|i| format!("user{i}@example.com")).collect();
    let study = study_of(Cells::Text(mails.iter().map(|m| Some(m.as_str())).collect()));
    assert_eq!(study.personal, Some(PersonalData::Email));
    let cells = Cells::Int(vec![Some(9), None, Some(-3), Some(9)]);
    assert_eq!(study_of(cells.clone()).facts, crate::data::builder::facts(&cells));
    let cells = Cells::Text([Some("a b"), None, Some("c")].into_iter().collect());
    assert_eq!(study_of(cells.clone()).facts, crate::data::builder::facts(&cells));
}

#[test]
fn a_cancelled_study_stops_both_threads() {
    struct Stop;
    impl JobIo for Stop {
        fn progress(&self, _: &str, _: Option<f64>) -> Result<(), Cancelled> {
            Err(Cancelled)
        }
    }
    let columns = (0..8).map(|_| ("x", ColumnKind::Numeric, Cells::Float(vec![1.0; 100])));
    let table = crate::data::table::testing::table(columns.collect());
    assert!(matches!(study(&table, &Stop), Err(LoadError::Cancelled(_))));
}

#[test]
fn bins_over_all_numbers_there_are_have_finite_edges() {
    let edges = super::numbers::edges(-f64::MAX, f64::MAX);
    assert!(edges.iter().all(|edge| edge.is_finite()) && edges.is_sorted(), "{edges:?}");
    assert_eq!((edges[0], edges[15], edges[30]), (-f64::MAX, 0.0, f64::MAX));
}
