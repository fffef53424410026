#!/usr/bin/env python3
"""Trains, exports and scores through the command line, then lets ONNX Runtime, MLflow and scikit-learn judge.

    run.py BINARY        in an environment with requirements.txt

For a binary, a multiclass and a regression task on the sample data, and for every algorithm that fits: the exported
bundle must give the program's own predictions elsewhere (check_bundle.py), also on a month with new categories, gaps
and values out of range; the test metrics must be scikit-learn's (check_metrics.py). Exit code 0 when all of it holds.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "sample-data"

CLASSIFIERS = """baseline logistic naive_bayes knn svm mlp decision_tree random_forest extra_trees
    gradient_boosting""".split()
REGRESSORS = """baseline linear ridge lasso elastic_net glm pls knn svm mlp decision_tree random_forest extra_trees
    gradient_boosting""".split()
# A development build is slow: small forests and a short search make graphs of the same shape.
SMALL = ["random_forest.n_estimators=20", "extra_trees.n_estimators=20", "mlp.max_iter=20"]


def of(algorithms, *params):
    """Words for `train`."""
    asked = [word for name in algorithms for word in ("--algorithm", name)]
    mine = [param for param in [*SMALL, *params] if param.split(".")[0] in algorithms]
    return asked + [word for param in mine for word in ("--param", param)]


# name, file to train on, file to score elsewhere, target, more words for `train`
TASKS = [
    ("binary", "churn-2026-02.csv", "churn-2026-03.csv", "churned",
     ["--exclude", "final_invoice_sent", *of(CLASSIFIERS)]),
    ("multiclass", "iris.csv", "iris.csv", "species", of(CLASSIFIERS)),
    ("regression", "churn-2026-02.csv", "churn-2026-03.csv", "monthly_charge", of(REGRESSORS)),
    # Every step of a recipe that ONNX can say.
    ("steps", "churn-2026-02.csv", "churn-2026-03.csv", "churned",
     ["--exclude", "final_invoice_sent", "--recipe", HERE / "steps.json",
      *of(["logistic", "decision_tree", "gradient_boosting"])]),
    # Parameters that make another graph: links, weights of neighbours.
    ("variants", "churn-2026-02.csv", "churn-2026-03.csv", "monthly_charge",
     of(["gradient_boosting", "glm", "knn"], "gradient_boosting.loss=gamma", "knn.weights=distance")),
    # What is put on top of models: averages of them, probabilities set right, another cut.
    ("on_top", "churn-2026-02.csv", "churn-2026-03.csv", "churned",
     ["--exclude", "final_invoice_sent", "--ensemble", "--calibrate", "isotonic", "--threshold", "f1",
      *of(["logistic", "gradient_boosting"])]),
]


class Failed(Exception):
    pass


class Program:
    def __init__(self, binary, workspace):
        self.binary, self.workspace = binary, workspace

    def ask(self, *words):
        command = [self.binary, *map(str, words), "--workspace", self.workspace, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
        if done.returncode != 0:
            raise Failed(f"`modelwright {' '.join(map(str, words))}` ended with {done.returncode}: {done.stderr[-600:]}")
        return done.stdout


def judge(script, *words):
    done = subprocess.run([sys.executable, HERE / script, *map(str, words)], capture_output=True, text=True, timeout=1200)
    if done.returncode != 0:
        raise Failed(f"{script}: {(done.stdout + done.stderr).strip()[-1500:]}")
    return done.stdout.strip()


def try_run(program, folder, run, trained, task):
    name, source, elsewhere, target, _ = task
    bundle, scored = folder / f"{name}-{run}.zip", folder / f"{name}-{run}-scored.csv"
    program.ask("export", run, "--out", bundle)
    program.ask("score", bundle, SAMPLES / elsewhere, scored)
    yield judge("check_bundle.py", bundle, SAMPLES / elsewhere, scored)

    split, own = folder / f"{name}-{run}-split.json", folder / f"{name}-{run}-own.csv"
    split.write_text(program.ask("split", run), "utf-8")
    program.ask("score", run, SAMPLES / source, own)
    yield judge("check_metrics.py", trained, run, split, own, target)


def try_task(program, folder, task):
    """(passed, failed)"""
    name, source, _, target, words = task
    trained = folder / f"{name}-train.json"
    dataset = name
    program.ask("import", SAMPLES / source, "--name", dataset)
    trained.write_text(program.ask("train", dataset, "--target", target, "--folds", 3, "--seed", 7, *words), "utf-8")
    passed, failed = 0, 0
    for run in json.loads(trained.read_text("utf-8"))["runs"]:
        try:
            for said in try_run(program, folder, run["run"], trained, task):
                print(f"ok      {name} {run['algorithm']}: {said.splitlines()[-1] if said else 'equal'}", flush=True)
                passed += 1
        except Failed as problem:
            print(f"FAILED  {name} {run['algorithm']}: {problem}", flush=True)
            failed += 1
    return passed, failed


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory(prefix="modelwright-bundle-") as name:
        folder = pathlib.Path(name)
        program = Program(str(pathlib.Path(sys.argv[1]).resolve()), str(folder / "workspace"))
        for task in TASKS:
            try:
                more = try_task(program, folder, task)
            except Failed as problem:
                print(f"FAILED  {task[0]}: {problem}", flush=True)
                more = (0, 1)
            passed, failed = passed + more[0], failed + more[1]
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
