//! Demo: the whole life of a model on the sample data that the program carries.

use std::path::{Path, PathBuf};

use crate::domain::finding::Severity;
use crate::domain::ids::{RunId, VersionId};
use crate::domain::io::{JobIo, Part};
use crate::domain::metric::Metric;
use crate::domain::request::{
    CheckRequest, DataRef, DemoOutcome, DemoStage, DriftRequest, ExportRequest, ImportRequest, ScoreRequest,
    ScoringModel, TrainRequest,
};
use crate::domain::run::Run;
use crate::domain::split::{SplitKind, SplitSpec};
use crate::store::{Workspace, atomic_create, atomic_write};

use super::{StageError, ingest, monitor, score, ship, train, validate, verify};

/// The sample files: name, bytes. `sample-data/README.md` says what is planted in them.
pub const SAMPLES: [(&str, &[u8]); 5] = [
    ("churn-2026-01.csv", include_bytes!("../../sample-data/churn-2026-01.csv")),
    ("churn-2026-02.csv", include_bytes!("../../sample-data/churn-2026-02.csv")),
    ("churn-2026-03.csv", include_bytes!("../../sample-data/churn-2026-03.csv")),
    ("churn-broken.csv", include_bytes!("../../sample-data/churn-broken.csv")),
    ("iris.csv", include_bytes!("../../sample-data/iris.csv")),
];
const TARGET: &str = "churned";
/// Known only after a customer left: the checks find it, and the story goes on without it.
const LEAK: &str = "final_invoice_sent";

/// Writes the sample files and results into `out` and takes the workspace through every stage.
pub fn demo(workspace: &Workspace, out: &Path, io: &dyn JobIo) -> Result<DemoOutcome, StageError> {
    let mut story = Story { workspace, out, stages: Vec::new() };
    story.write_samples()?;
    let part = |from, to| Part { io, from, to };
    let january = story.import("churn-2026-01.csv", &part(0.0, 0.15))?;
    let february = story.import("churn-2026-02.csv", &part(0.15, 0.2))?;
    let march = story.import("churn-2026-03.csv", &part(0.2, 0.25))?;
    story.refuse_broken(&part(0.25, 0.26))?;
    story.check(january, &part(0.26, 0.35))?;
    let best = story.train(january, &part(0.35, 0.75))?;
    story.drift(january, february, "churn-2026-02", &part(0.75, 0.8))?;
    story.drift(january, march, "churn-2026-03", &part(0.8, 0.85))?;
    let bundle = story.export(best, &part(0.85, 0.9))?;
    story.score(&bundle, &part(0.9, 0.95))?;
    story.verify(&bundle, &part(0.95, 1.0))?;
    Ok(DemoOutcome { workspace: workspace.root().to_owned(), stages: story.stages })
}

struct Story<'a> {
    workspace: &'a Workspace,
    out: &'a Path,
    stages: Vec<DemoStage>,
}

impl Story<'_> {
    fn tell(&mut self, stage: &str, result: String, next: &str) {
        self.stages.push(DemoStage { stage: stage.to_owned(), result, next: next.to_owned() });
    }

    fn file(&self, name: &str) -> PathBuf {
        self.out.join(name)
    }

    fn write_samples(&self) -> Result<(), StageError> {
        let failed = |path: &Path, source| StageError::File { path: path.display().to_string(), source };
        std::fs::create_dir_all(self.out).map_err(|e| failed(self.out, e))?;
        for (name, bytes) in SAMPLES {
            let path = self.file(name);
            // What is there already is left alone: another demo may be reading it at this moment.
            let right = || std::fs::read(&path).is_ok_and(|found| found == bytes);
            if !right() && !atomic_create(&path, bytes)? && !right() {
                atomic_write(&path, bytes)?;
            }
        }
        Ok(())
    }

    fn import(&mut self, name: &str, io: &dyn JobIo) -> Result<VersionId, StageError> {
        let request = ImportRequest::of(self.file(name));
        let outcome = ingest::ingest(self.workspace, &request, io)?;
        let version = outcome.version;
        let columns = version.schema.columns.len();
        self.tell(
            "Import",
            format!("{} has {} rows and {columns} columns", version.label(), version.rows),
            "Data shows the table and its profile",
        );
        Ok(version.id)
    }

    fn refuse_broken(&mut self, io: &dyn JobIo) -> Result<(), StageError> {
        let request = ImportRequest::of(self.file("churn-broken.csv"));
        match ingest::ingest(self.workspace, &request, io) {
            Err(StageError::Load(why)) => {
                self.tell("Import", format!("churn-broken.csv was refused: {why}"), "A broken file changes nothing");
                Ok(())
            }
            Err(other) => Err(other),
            Ok(_) => Err(StageError::usage("churn-broken.csv was accepted", "Please report this")),
        }
    }

    fn check(&mut self, version: VersionId, io: &dyn JobIo) -> Result<(), StageError> {
        let request = CheckRequest { target: Some(TARGET.to_owned()), ..CheckRequest::of(DataRef::Version(version)) };
        let run = validate::check(self.workspace, &request, io)?;
        let findings = run.report.findings();
        let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
        let worst = findings.first().map_or_else(String::new, |f| format!(". First: {}", f.message));
        self.tell(
            "Check",
            format!("{} findings, {errors} of them errors{worst}", findings.len()),
            "Checks shows the rows behind each finding",
        );
        Ok(())
    }

    fn train(&mut self, version: VersionId, io: &dyn JobIo) -> Result<RunId, StageError> {
        let request = TrainRequest {
            data: DataRef::Version(version),
            target: TARGET.to_owned(),
            task: None,
            algorithms: Vec::new(),
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.2, seed: 42 },
            folds: 5,
            params: Default::default(),
            exclude: vec![LEAK.to_owned()],
            recipe: Default::default(),
            options: Default::default(),
        };
        let outcome = train::train(self.workspace, &request, io)?;
        for run in &outcome.runs {
            self.tell("Train", describe(run), "Runs compares them");
        }
        let best = outcome.best.ok_or_else(|| StageError::usage("no run completed", "See Runs for the reasons"))?;
        let why = format!("run {best} is best; `{LEAK}` was left out because it tells the answer");
        self.tell("Compare", why, "Runs shows ROC, precision–recall and calibration");
        Ok(best)
    }

    fn drift(
        &mut self,
        reference: VersionId,
        current: VersionId,
        name: &str,
        io: &dyn JobIo,
    ) -> Result<(), StageError> {
        let request = DriftRequest { reference: DataRef::Version(reference), current: DataRef::Version(current) };
        let report = monitor::drift(self.workspace, &request, io)?.report;
        let drifted: Vec<&str> = report.columns.iter().filter(|c| c.drifted).map(|c| c.column.as_str()).collect();
        let which = if drifted.is_empty() { String::new() } else { format!(" ({})", drifted.join(", ")) };
        self.tell(
            "Monitor",
            format!("{name}: {} of {} columns drifted{which}", drifted.len(), report.columns.len()),
            "Monitor shows both distributions of each column",
        );
        Ok(())
    }

    fn export(&mut self, run: RunId, io: &dyn JobIo) -> Result<PathBuf, StageError> {
        let request = ExportRequest { run, out: self.file("churn-model.zip") };
        let outcome = ship::export(self.workspace, &request, io)?;
        let bundle = &outcome.bundle;
        self.tell(
            "Ship",
            format!(
                "{} holds {} files; read back, {} golden rows differ by at most {:.1e}",
                bundle.file_name,
                bundle.files.len(),
                bundle.golden_rows,
                bundle.golden_max_abs_diff
            ),
            "Ship shows the model card and how to run the bundle elsewhere",
        );
        Ok(outcome.path)
    }

    fn score(&mut self, bundle: &Path, io: &dyn JobIo) -> Result<(), StageError> {
        let request = ScoreRequest {
            model: ScoringModel::Bundle(bundle.to_owned()),
            input: self.file("churn-2026-03.csv"),
            output: self.file("churn-2026-03-scored.csv"),
        };
        let outcome = score::score(self.workspace, &request, io)?;
        let result = format!("{} rows of March, with {}", outcome.rows, outcome.columns.join(", "));
        self.tell("Score", result, &format!("Open {}", outcome.output.display()));
        Ok(())
    }

    fn verify(&mut self, bundle: &Path, io: &dyn JobIo) -> Result<(), StageError> {
        let (records, files) = (verify::workspace(self.workspace, io)?, verify::bundle(bundle)?);
        let damaged = records.damaged.len() + files.damaged.len();
        let result = format!("{} records and files checked, {damaged} damaged", records.checked + files.checked);
        self.tell("Verify", result, "Activity lists everything that happened");
        Ok(())
    }
}

fn describe(run: &Run) -> String {
    let metric = Metric::primary(run.plan.task);
    let number = |set: &crate::domain::metric::MetricSet| {
        set.get(metric.key()).map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"))
    };
    format!(
        "run {}: {} reaches {} {} on the test rows ({} in cross-validation)",
        run.id,
        run.plan.algorithm.title(),
        metric.title(),
        number(&run.metrics.test),
        number(&run.metrics.cv)
    )
}
