"""What "train all" costs: flow.py [ROWS…] (10,000).

Six families, five folds, the best refitted: ours against the same flow of scikit-learn on the same rows. Then how well
`--budget` holds, how soon the first run stands on the leaderboard, how soon a cancelled command is over, and how the
cost grows with rows and columns.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import numpy as np

import tables
from ours import BINARY, Ours

DATA = os.environ["MW_DATA"]
FAMILIES = ["logistic", "naive_bayes", "knn", "decision_tree", "random_forest", "gradient_boosting"]
PEER = """
import json, resource, sys
import numpy as np
sys.path.insert(0, {here!r})
from tables import frame_of
from sklearn.compose import make_column_transformer as columns
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline as pipe
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

frame = frame_of({path!r})
rows = np.load({rows!r})
x, y = frame.drop(columns=["churn", "spend"]), frame["churn"].to_numpy()
words = list(x.select_dtypes("category"))
x[words] = x[words].astype(object).fillna("missing")
numbers = [c for c in x if c not in words]
hot = lambda: columns((pipe(SimpleImputer(), StandardScaler()), numbers),
                      (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words))
code = lambda: columns((SimpleImputer(), numbers),
                       (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), words))
models = dict(
    logistic=pipe(hot(), LogisticRegression(max_iter=200)), naive_bayes=pipe(hot(), GaussianNB()),
    knn=pipe(hot(), KNeighborsClassifier(15)), decision_tree=pipe(code(), DecisionTreeClassifier(min_samples_leaf=20)),
    random_forest=pipe(code(), RandomForestClassifier(100, random_state=0)),
    gradient_boosting=pipe(code(), HistGradientBoostingClassifier(early_stopping=False)))
def cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
train, test = rows["train"], rows["test"]
began = cpu()
folds = StratifiedKFold(5, shuffle=True, random_state=0)
cv = {{name: cross_val_score(m, x.iloc[train], y[train], cv=folds, scoring="roc_auc").mean() for name, m in models.items()}}
best = max(cv, key=cv.get)
models[best].fit(x.iloc[train], y[train])
auc = roc_auc_score(y[test], models[best].predict_proba(x.iloc[test])[:, 1])
print(json.dumps(dict(cpu_s=cpu() - began, best=best, auc=auc, cv=cv)))
"""


def asked(*more):
    words = ["--exclude", "spend", "--split", "stratified", "--folds", 5, "--seed", 1, *more]
    return [word for name in FAMILIES for word in ["--algorithm", name]] + words


def flow(rows):
    ours, path = Ours(), tables.large("customers", rows, DATA)
    ours.dataset(path)
    began = time.time()
    found, cost = ours.train(path, "churn", *asked("--ensemble"))
    runs = found["runs"]
    best = next(run for run in runs if run["run"] == max(
        (run for run in runs if run["algorithm"] != "ensemble"), key=lambda run: run["metrics"]["cv"]["roc_auc"])["run"])
    together = next(run for run in runs if run["algorithm"] == "ensemble")
    auc = lambda run: run["metrics"]["test"]["roc_auc"]
    print(f"ours, {rows:,} rows: {cost['cpu_s']:.2f} CPU s, {cost['wall_s']:.2f} s, {cost['peak_mb']:.0f} MB; "
          f"best {best['algorithm']} {auc(best):.4f}, ensemble {auc(together):.4f}; first run on the board after "
          f"{first_run(ours, began):.2f} s")
    for run in runs:
        times = run["timings"]
        print(f"  {run['algorithm']:18} cv {run['metrics']['cv']['roc_auc']:.4f} test {auc(run):.4f} "
              f"fit {times['fit_cpu_seconds']:.3f} CPU s, in all {times['total_seconds']:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        train, test = ours.split(best["run"])
        np.savez(f"{folder}/rows.npz", train=train, test=test)
        here = os.path.dirname(os.path.abspath(__file__))
        code = PEER.format(here=here, path=str(path), rows=f"{folder}/rows.npz")
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
        peer = json.loads(done.stdout)
    print(f"scikit-learn: {peer['cpu_s']:.2f} CPU s ({peer['cpu_s'] / cost['cpu_s']:.1f} × ours); "
          f"best {peer['best']} {peer['auc']:.4f}; cv " + ", ".join(f"{k} {v:.4f}" for k, v in peer["cv"].items()))


def first_run(ours, began):
    """Seconds from starting the command to the first completed run."""
    with sqlite3.connect(ours.workspace / "history.sqlite") as history:
        (at,) = history.execute("SELECT min(ended_at_ms) FROM runs WHERE status = 'completed'").fetchone()
    return at / 1000 - began


def budgets(rows=200_000):
    ours, path = Ours(), tables.large("customers", rows, DATA)
    ours.dataset(path)
    more = ["--param", "gradient_boosting.n_estimators=5000", "--param", "random_forest.n_estimators=5000"]
    for seconds in [6, 20]:
        began = time.perf_counter()
        found, _ = ours.train(path, "churn", *asked("--budget", f"{seconds}s", *more))
        took = time.perf_counter() - began
        states = [run["status"] for run in found["runs"]]
        print(f"budget {seconds} s: took {took:.2f} s ({took / seconds - 1:+.0%}); "
              + ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))))
    for after in [1.0, 3.0, 6.0]:
        command = [BINARY, "--workspace", ours.workspace, "train", ours.dataset(path), "--target", "churn", *asked(*more)]
        child = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after)
        began = time.perf_counter()
        child.send_signal(signal.SIGINT)
        child.wait()
        print(f"cancelled after {after} s: over within {time.perf_counter() - began:.2f} s (exit code {child.returncode})")


def growth():
    ours = Ours()
    learners = ["gradient_boosting", "random_forest", "decision_tree", "logistic"]
    print(f"\n| CPU s of fitting | {' | '.join(learners)} |\n|---|" + "---:|" * len(learners))
    for rows in [10_000, 100_000, 1_000_000]:
        row(ours, f"{rows:,} × 28", tables.large("customers", rows, DATA), learners)
    for p in [50, 150, 500]:
        row(ours, f"20,000 × {p}", tables.large("wide", 20_000, DATA, p=p), learners)


def row(ours, title, path, learners):
    cells = []
    for name in learners:
        # A tenth of the trees tells how a forest grows.
        few = ["--param", "random_forest.n_estimators=10"] if name == "random_forest" else []
        found, _ = ours.train(path, "churn", "--algorithm", name, "--exclude", "spend", "--split", "random", *few)
        cells.append(f"{found['runs'][0]['timings']['fit_cpu_seconds']:.2f}")
    print(f"| {title} | {' | '.join(cells)} |", flush=True)


def main():
    print("load", *(f"{load:.1f}" for load in os.getloadavg()))
    for rows in [int(word) for word in sys.argv[1:]] or [10_000]:
        flow(rows)
    budgets()
    growth()
    print("load", *(f"{load:.1f}" for load in os.getloadavg()))


main()
