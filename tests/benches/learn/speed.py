"""CPU seconds and scores of our learners beside others on the same rows: speed.py [ROWS…] [LEARNER…] [wide] [words].

Without words: 100,000 and 1,000,000 rows of customers, the wide table and the one of large categories, all learners.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import tables
from ours import Ours

DATA = os.environ["MW_DATA"]
HERE = pathlib.Path(__file__).parent
# Ours, our parameters where the defaults of the others differ, the target, and who else is asked.
TREES = ["lightgbm", "xgboost", "hist_gradient_boosting"]
LEARNERS = [
    ("gradient_boosting", [], "churn", TREES),
    ("gradient_boosting", [], "spend", TREES),
    ("random_forest", [], "churn", ["random_forest"]),
    ("random_forest", [], "spend", ["random_forest"]),
    ("extra_trees", [], "churn", ["extra_trees"]),
    ("decision_tree", [], "churn", ["decision_tree"]),
    ("decision_tree", [], "spend", ["decision_tree"]),
    ("logistic", [], "churn", ["logistic"]),
    ("ridge", [], "spend", ["ridge"]),
    ("linear", [], "spend", ["linear"]),
]
# What takes scikit-learn minutes.
SLOW = {"random_forest", "extra_trees"}


def measure(ours, path, algorithm, words, target):
    other = "spend" if target == "churn" else "churn"
    words = [*words, "--algorithm", algorithm, "--exclude", other, "--split", "random", "--folds", 0, "--seed", 1]
    found, cost = ours.train(path, target, *words)
    run = found["runs"][0]
    score = run["metrics"]["test"]["roc_auc" if target == "churn" else "rmse"]
    times = run["timings"]
    return run["run"], {
        "learner": "modelwright", "version": "", "encode_cpu_s": times["encode_seconds"], "score": score,
        "fit_cpu_s": times["fit_cpu_seconds"], "fit_wall_s": times["fit_seconds"],
        "predict_cpu_s": times.get("predict_cpu_seconds", 0.0), "peak_mb": cost["peak_mb"], "base_mb": 0,
    }


def peer(name, path, target, rows):
    command = [sys.executable, HERE / "peer.py", name, target, path, rows]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def compare(title, path, keep):
    """One table, one row per learner and program."""
    ours = Ours()
    if "words" in path.name:
        ours.categories(path, ["c2000", "c5000"])
    print(f"\n{title}\n\n| learner, target | | fit CPU s | ÷ ours | encode s | predict CPU s | ÷ ours | AUC or RMSE | peak MB |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for algorithm, words, target, others in LEARNERS:
        if not keep(algorithm):
            continue
        run, line = measure(ours, path, algorithm, words, target)
        lines = [line]
        with tempfile.TemporaryDirectory() as folder:
            train, test = ours.split(run)
            rows = pathlib.Path(folder) / "rows.npz"
            np.savez(rows, train=train, test=test)
            lines += [peer(name, path, target, rows) for name in others]
        for one in filter(None, lines):
            times = lambda key: f"{one[key] / line[key]:.2f}" if line[key] else "–"
            fit, predict = times("fit_cpu_s"), times("predict_cpu_s")
            who = one["learner"] if one is line else f"{one['learner']} ({one['version']})"
            print(f"| {algorithm}, {target} | {who} | {one['fit_cpu_s']:.2f} | {fit} | {one['encode_cpu_s']:.2f} "
                  f"| {one['predict_cpu_s']:.2f} | {predict} | {one['score']:.4f} | {one['peak_mb']:.0f} |", flush=True)
            with open(pathlib.Path(DATA) / "learn-lines.jsonl", "a", encoding="utf-8") as out:
                out.write(json.dumps({"table": title, "algorithm": algorithm, "target": target, **one}) + "\n")


def main():
    counts = [int(word) for word in sys.argv[1:] if word.isdigit()]
    names = {name for name, *_ in LEARNERS} & set(sys.argv[1:])
    kinds = {"wide", "words"} & set(sys.argv[1:])
    if not counts and not kinds:
        counts, kinds = [100_000, 1_000_000], {"wide", "words"}
    keep = lambda left_out: lambda name: name not in left_out and (not names or name in names)
    print("load", *(f"{load:.1f}" for load in os.getloadavg()))
    for rows in counts:
        left_out = SLOW if rows > 200_000 and not names else set()
        compare(f"customers, {rows:,} × 28", tables.large("customers", rows, DATA), keep(left_out))
    if "wide" in kinds:
        compare("wide, 20,000 × 500", tables.large("wide", 20_000, DATA), keep({"linear"}))
    if "words" in kinds:
        compare("words, 100,000 × 10, to 5,000 values", tables.large("words", 100_000, DATA), keep({"extra_trees"}))
    print("load", *(f"{load:.1f}" for load in os.getloadavg()))


main()
