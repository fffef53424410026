//! What every cut of a two-class run comes to, on the rows of the folds and on the test rows.

use super::session::Session;
use crate::data::recipe;
use crate::domain::decision::{Cuts, Decisions};
use crate::domain::ids::RunId;
use crate::domain::io::{JobIo, Part};
use crate::domain::params::Algorithm;
use crate::domain::request::TrainRequest;
use crate::domain::run::{HeldOut, RunStatus};
use crate::domain::task::{Predictions, Target, Task};
use crate::domain::training::{Calibration, CalibrationMethod};
use crate::lifecycle::StageError;
use crate::lifecycle::resolve::require_present;
use crate::lifecycle::score::model_of;
use crate::ml::{calibrate, ensemble, predict};
use crate::store::{Workspace, datasets, runs};

/// Reads the run's rows again and predicts them by its stored model. Nothing is stored.
pub fn decisions(workspace: &Workspace, id: RunId, io: &dyn JobIo) -> Result<Decisions, StageError> {
    io.progress("Reading the run", Some(0.0))?;
    let run = workspace.read(|conn| runs::get(conn, id))?;
    if run.status != RunStatus::Completed || run.plan.task != Task::Binary {
        return Err(StageError::usage(
            format!("run {id} has no cut between two classes"),
            "Choose a completed run of two classes",
        ));
    }
    let version = workspace.read(|conn| datasets::version(conn, run.plan.version_id))?;
    require_present(workspace, &version)?;
    let model = model_of(workspace, id)?;
    let held_out: Option<HeldOut> = run.held_out_hash.as_ref().map(|hash| workspace.read_json(hash)).transpose()?;
    let request = TrainRequest::of_run(&run);
    let session = Session::open(workspace, &request, version, &Part { io, from: 0.05, to: 0.6 })?;

    let corrected = |mut predicted: Predictions| {
        calibrate::correct(&model, &mut predicted);
        predicted
    };
    let validation = match held_out {
        Some(held_out) => {
            let is_held_out = |position: &u32| held_out.rows.binary_search(&session.row_of_version(*position)).is_ok();
            let positions: Vec<u32> = session.rows.train.iter().copied().filter(is_held_out).collect();
            let said = Predictions::Classes { probabilities: held_out.answers, n_classes: held_out.width as usize };
            cuts(&session.target.at(&positions)?, &corrected(said))
        }
        None => None,
    };
    io.progress("Predicting the test rows", Some(0.7))?;
    // An ensemble's recipe only names columns; its members have recipes of their own.
    let test = match run.plan.algorithm {
        Algorithm::Ensemble => None,
        _ => {
            let part = Part { io, from: 0.7, to: 1.0 };
            let x = recipe::encode(&session.table(), &session.rows.test, &model.recipe, &part)?;
            let said = predict::predict(&model.model, model.task, model.classes.len(), &x, &part)?;
            cuts(&session.target.at(&session.rows.test)?, &corrected(said))
        }
    };
    let class = |at: usize| model.classes.get(at).cloned().unwrap_or_default();
    Ok(Decisions {
        positive: class(1),
        negative: class(0),
        threshold: model.threshold,
        calibration: model.calibration.as_ref().map(|calibration| match calibration {
            Calibration::Platt { .. } => CalibrationMethod::Platt,
            Calibration::Isotonic { .. } => CalibrationMethod::Isotonic,
        }),
        validation,
        test,
    })
}

fn cuts(truth: &Target, predicted: &Predictions) -> Option<Cuts> {
    let Target::Classes { codes, n_classes: 2 } = truth else { return None };
    let is_positive: Vec<bool> = codes.iter().map(|&code| code == 1).collect();
    let p: Vec<f64> = ensemble::numbers(predicted).iter().skip(1).step_by(2).copied().collect();
    (p.len() == is_positive.len()).then(|| Cuts::of(&is_positive, &p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluation::{Evaluation, EvaluationPlots};
    use crate::domain::io::Silent;
    use crate::domain::request::{DataRef, ImportRequest};
    use crate::domain::split::{SplitKind, SplitSpec};
    use crate::domain::training::{DecisionSpec, ThresholdRule, TrainOptions};
    use crate::lifecycle::remember::ingest;
    use crate::lifecycle::train::train;

    #[test]
    fn the_cut_of_a_run_counts_what_its_evaluation_counted() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("ws")).unwrap();
        let mut text = String::from("x,z,bought\n");
        for i in 0..400_u64 {
            let unit = |salt: u64| (crate::stats::mix(i * 4 + salt) >> 11) as f64 / (1_u64 << 53) as f64;
            let bought = if unit(1) + 0.5 * unit(2) > 0.8 + 0.3 * unit(3) { "yes" } else { "no" };
            text.push_str(&format!("{:.4},{:.4},{bought}\n", unit(1), unit(2)));
        }
        let path = folder.path().join("shop.csv");
        std::fs::write(&path, text).unwrap();
        let version = ingest(&workspace, &ImportRequest::of(&path), &Silent).unwrap().version;
        let threshold = Some(ThresholdRule::F1);
        let request = TrainRequest {
            data: DataRef::Version(version.id),
            target: "bought".into(),
            task: None,
            algorithms: vec![Algorithm::Logistic],
            split: SplitSpec { kind: SplitKind::Stratified, test_share: 0.25, seed: 3 },
            folds: 3,
            params: Default::default(),
            exclude: Vec::new(),
            recipe: Default::default(),
            options: TrainOptions {
                decision: DecisionSpec { calibration: Some(CalibrationMethod::Platt), threshold },
                ..TrainOptions::default()
            },
        };
        let run = train(&workspace, &request, &Silent).unwrap().runs.remove(0);
        let found = decisions(&workspace, run.id, &Silent).unwrap();
        assert_eq!((found.positive.as_str(), found.calibration), ("yes", Some(CalibrationMethod::Platt)));
        // The run's own cut was chosen on the held-out rows by the same rule.
        let validation = found.validation.unwrap();
        assert_eq!(validation.rows(), run.train_rows);
        assert_eq!(validation.best(ThresholdRule::F1).map(|cut| cut.at), found.threshold);
        let test = found.test.unwrap();
        let seen = test.confusion(test.at(found.threshold.unwrap()).unwrap());
        let evaluation: Evaluation = workspace.read_json(&run.evaluation_hash.unwrap()).unwrap();
        let EvaluationPlots::Classification { confusion, .. } = evaluation.plots else { panic!("two classes") };
        assert_eq!(confusion, [[seen.spared, seen.alarms], [seen.misses, seen.hits]]);
        assert_eq!(seen.f1(), run.metrics.test.get("f1").copied());
    }
}
