//! One measurement per process, so that peak memory is its own: `tests/benches/run.sh` runs them beside other programs.
//!
//!     cargo bench --bench tables -- load|import FILE.csv
//!     cargo bench --bench tables -- profile|rules FILE.csv|FILE.parquet
//!     cargo bench --bench tables -- integrity|train-test FILE.csv|FILE.parquet
//!
//! The two suites of checks have `churn` as target where there is such a column; train-test compares the last third of
//! the rows with the others.
//!
//! Prints one JSON line: CPU and wall seconds of the task alone (opening the program is not counted), peak memory of
//! the process, and what was found, so that nothing can be left undone.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use modelwright::data::checks::{self, Against, CheckInput};
use modelwright::data::columns::TableRef;
use modelwright::data::error::LoadError;
use modelwright::data::profile;
use modelwright::data::read::{self, SourceSpec, TableSink, sniff};
use modelwright::data::rules::{self, RulesInput};
use modelwright::data::table::{Cells, Table};
use modelwright::domain::io::Silent;
use modelwright::domain::preview::BadRow;
use modelwright::domain::request::{ImportRequest, JobOutcome, JobRequest};
use modelwright::domain::schema::Storage;
use modelwright::domain::suite::{Bounds, CheckGroup, CheckSetting, Rule, Scalar, Test, catalogue};
use modelwright::lifecycle;
use serde_json::json;

/// Ticks of `/proc/self/stat` per second; every Linux has 100.
const TICKS: f64 = 100.0;

fn main() {
    // `cargo bench` adds --bench.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [task, file] = &words[..] else {
        println!("nothing to do: give a task (load, import, profile, rules, integrity, train-test) and a file");
        return;
    };
    let path = Path::new(file);
    let measured = match task.as_str() {
        "load" => load(path),
        "import" => import(path),
        "profile" => described(path),
        "rules" => judged(path),
        "integrity" => integrity(path),
        "train-test" => train_test(path),
        other => panic!("no task `{other}`: load, import, profile, rules, integrity or train-test"),
    };
    println!(
        "{}",
        json!({ "task": task, "tool": "modelwright", "version": env!("CARGO_PKG_VERSION"),
        "cpu_s": measured.cpu_s, "wall_s": measured.wall_s, "peak_mb": peak_mb(), "rows": measured.rows,
        "columns": measured.columns })
    );
}

struct Measured {
    cpu_s: f64,
    wall_s: f64,
    rows: u64,
    columns: usize,
}

/// Runs `work`, which returns rows and columns.
fn measured(work: impl FnOnce() -> (u64, usize)) -> Measured {
    let (cpu, wall) = (cpu_s(), Instant::now());
    let (rows, columns) = work();
    Measured { cpu_s: cpu_s() - cpu, wall_s: wall.elapsed().as_secs_f64(), rows, columns }
}

/// The typed table in memory, in the pieces it came in.
#[derive(Default)]
struct Pieces(Vec<Vec<Cells>>);

impl TableSink for Pieces {
    fn begin(&mut self, _: &[(String, Storage)]) -> Result<(), LoadError> {
        self.0.clear();
        Ok(())
    }

    fn rows(&mut self, chunk: Vec<Cells>) -> Result<(), LoadError> {
        self.0.push(chunk);
        Ok(())
    }

    /// As the import has it: rows are kept as they come.
    fn rows_at_once(&self) -> usize {
        4096
    }

    fn bad_row(&mut self, _: BadRow) -> Result<(), LoadError> {
        Ok(())
    }
}

fn load(path: &Path) -> Measured {
    measured(|| {
        let options = sniff(path, "bench").expect("a table");
        let mut pieces = Pieces::default();
        let report = read::stream(&SourceSpec::file("bench", path), &options, &Silent, &mut pieces).expect("a table");
        let held: usize = pieces.0.iter().map(|chunk| chunk.first().map_or(0, Cells::len)).sum();
        assert_eq!(held as u64, report.rows);
        (report.rows, report.columns.len())
    })
}

fn import(path: &Path) -> Measured {
    // Beside the file: a temporary folder may be in memory.
    let folder = tempfile::tempdir_in(path.parent().unwrap_or(Path::new("."))).expect("a folder");
    measured(|| {
        let request = JobRequest::Import(ImportRequest::of(path));
        match lifecycle::perform(&folder.path().join("workspace"), &request, &Silent) {
            Ok(JobOutcome::Imported(done)) => (done.version.rows, done.version.schema.columns.len()),
            Ok(_) => panic!("an import"),
            Err(error) => panic!("{error}"),
        }
    })
}

fn described(path: &Path) -> Measured {
    let options = sniff(path, "bench").expect("a table");
    let (table, _) = read::load(path, "bench", &options, &Silent).expect("a table");
    measured(|| {
        let profile = profile::profile(&table, &Silent).expect("a profile");
        (profile.rows, profile.columns.len())
    })
}

/// A suite as people write them: not null, ranges, sets, patterns, uniqueness, means. Times are those of one of `RUNS`
/// runs over the table in memory.
fn judged(path: &Path) -> Measured {
    const RUNS: u32 = 10;
    let options = sniff(path, "bench").expect("a table");
    let (table, _) = read::load(path, "bench", &options, &Silent).expect("a table");
    let suite = suite_for(&table);
    let input = RulesInput { table: TableRef::of(&table), reference: None, profile: None };
    let mut measured = measured(|| {
        for _ in 0..RUNS {
            let outcomes = rules::run(&input, &suite, &Silent).expect("outcomes");
            let failing: u64 = outcomes.iter().map(|outcome| outcome.rows.len()).sum();
            let broken = outcomes.iter().filter(|outcome| outcome.is_broken()).count();
            let judged = outcomes.iter().filter(|outcome| outcome.observed.is_some()).count();
            assert_eq!(judged, suite.len());
            eprintln!("{} rules, {broken} broken, {failing} failing rows", suite.len());
        }
        (table.n_rows as u64, table.columns.len())
    });
    measured.cpu_s /= f64::from(RUNS);
    measured.wall_s /= f64::from(RUNS);
    measured
}

/// The same 61 rules for every program, on the table that `peers/generate.py` makes.
fn suite_for(table: &Table) -> Vec<Rule> {
    let names: Vec<&str> = table.schema.names().collect();
    let numbers: Vec<&str> = names.iter().copied().filter(|name| name.len() == 3 && name.starts_with('n')).collect();
    let holes = ["n01", "n06", "n07", "n14", "n15"];
    let text = |name: &&str| matches!(table.column(name), Some((_, Cells::Text(_))));
    let categories: Vec<&str> = names.iter().copied().filter(text).collect();
    let mut rules = Vec::new();
    let mut add = |test: Test| rules.push(Rule::new(format!("rule-{}", rules.len()), test));
    let column = |name: &str| name.to_owned();
    for name in ["row_id", "ts", "churn", "spend"].into_iter().chain(numbers.iter().copied()) {
        if !holes.contains(&name) {
            add(Test::ColumnValuesNotNull { column: column(name) });
        }
    }
    for name in &numbers {
        let bounds = Bounds { min: Some(Scalar::Whole(-100)), max: Some(Scalar::Whole(5000)), ..Bounds::default() };
        add(Test::ColumnValuesBetween { column: column(name), bounds });
    }
    for name in &categories {
        let Some((_, Cells::Text(dictionary))) = table.column(name) else { continue };
        let value_set = dictionary.values.iter().cloned().map(Scalar::Text).collect();
        add(Test::ColumnValuesInSet { column: column(name), value_set });
        add(Test::ColumnValuesMatchRegex { column: column(name), regex: format!(r"^{name}_\d{{3}}$") });
    }
    add(Test::ColumnValuesUnique { column: column("row_id") });
    for name in numbers.iter().take(4) {
        let bounds = Bounds { min: Some(Scalar::Whole(0)), max: Some(Scalar::Whole(100)), ..Bounds::default() };
        add(Test::ColumnMeanBetween { column: column(name), bounds });
    }
    let bounds = Bounds { min: Some(Scalar::Whole(1)), max: Some(Scalar::Whole(100_000_000)), ..Bounds::default() };
    add(Test::TableRowCountBetween(bounds));
    rules
}

fn table_of(path: &Path) -> Table {
    let options = sniff(path, "bench").expect("a table");
    read::load(path, "bench", &options, &Silent).expect("a table").0
}

/// The checks of one side, switched off by their groups.
fn without(groups: &[CheckGroup]) -> BTreeMap<String, CheckSetting> {
    let off = CheckSetting { off: true, ..CheckSetting::default() };
    let specs = catalogue().iter().filter(|spec| groups.contains(&spec.group));
    specs.map(|spec| (spec.code.to_owned(), off.clone())).collect()
}

fn checked(input: CheckInput<'_>) -> Measured {
    let (rows, columns) = (input.table.n_rows() as u64, input.table.schema.columns.len());
    measured(|| {
        let report = checks::run(&input, &Silent).expect("a report");
        for finding in report.findings() {
            eprintln!("{} {}: {}", finding.severity.as_str(), finding.code, finding.message);
        }
        (rows, columns)
    })
}

fn target_of(table: &Table) -> Option<&'static str> {
    table.schema.column("churn").map(|_| "churn")
}

fn integrity(path: &Path) -> Measured {
    let table = table_of(path);
    let settings = without(&[CheckGroup::TrainTest]);
    checked(CheckInput { target: target_of(&table), settings: &settings, ..CheckInput::over(TableRef::of(&table)) })
}

fn train_test(path: &Path) -> Measured {
    let whole = table_of(path);
    let cut = whole.n_rows / 3 * 2;
    let part = |rows: std::ops::Range<usize>| Table {
        schema: whole.schema.clone(),
        columns: whole.columns.iter().map(|cells| cells.take(rows.clone())).collect(),
        n_rows: rows.len(),
    };
    let (train, test) = (part(0..cut), part(cut..whole.n_rows));
    drop(whole);
    let settings = without(&[CheckGroup::Integrity, CheckGroup::Target, CheckGroup::Leakage, CheckGroup::Poisoning]);
    checked(CheckInput {
        reference: Some(TableRef::of(&train)),
        target: target_of(&test),
        against: Against::Training,
        settings: &settings,
        ..CheckInput::over(TableRef::of(&test))
    })
}

/// CPU seconds of this process, all threads: fields 14 and 15 of `/proc/self/stat`, counted after the program's name.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kb: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    (kb / 1024.0).round()
}
