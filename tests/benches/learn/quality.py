"""Ranks on small tables, everybody with defaults: quality.py [SEEDS] (5).

Each seed draws a fifth of the rows to predict; the others learn from exactly the rows that our run says it learned
from. `train all` is the run of all our algorithms with the best mean over five folds of the training rows, `ensemble`
what the program makes of all of them. Scores are ROC AUC (of more than two classes: the mean of each against the
rest) and RMSE.
"""

import os
import statistics
import sys
import warnings

import numpy as np

import tables
from ours import Ours

warnings.filterwarnings("ignore")
OURS = ["gradient_boosting", "train all", "ensemble"]
OTHERS = ["LightGBM", "XGBoost", "HistGradientBoosting", "random forest"]


def peer(name, is_classes, x, y, train, test):
    """The score of another program with its defaults; it is told which columns are categories."""
    import lightgbm
    import xgboost
    from sklearn import ensemble
    from sklearn.impute import SimpleImputer
    from sklearn.metrics import roc_auc_score, root_mean_squared_error
    from sklearn.pipeline import make_pipeline

    pick = lambda module, kind: getattr(module, kind + ("Classifier" if is_classes else "Regressor"))
    match name:
        case "LightGBM":
            model = pick(lightgbm, "LGBM")(n_jobs=1, verbose=-1)
        case "XGBoost":
            model = pick(xgboost, "XGB")(n_jobs=1, enable_categorical=True)
        case "HistGradientBoosting":
            x = x.copy()
            for column in x.select_dtypes("category"):
                if x[column].nunique() > 255:
                    x[column] = x[column].cat.codes.astype(float)
            model = pick(ensemble, "HistGradientBoosting")(categorical_features="from_dtype", random_state=0)
        case "random forest":
            x = x.copy()
            for column in x.select_dtypes("category"):
                x[column] = x[column].cat.codes.astype(float)
            model = make_pipeline(SimpleImputer(), pick(ensemble, "RandomForest")(random_state=0, n_jobs=1))
    model.fit(x.iloc[train], y[train])
    if not is_classes:
        return root_mean_squared_error(y[test], model.predict(x.iloc[test]))
    p = model.predict_proba(x.iloc[test])
    if p.shape[1] == 2:
        return roc_auc_score(y[test], p[:, 1])
    return roc_auc_score(y[test], p, multi_class="ovr")


def ranks(scores, higher):
    """1 for the best; equals share the mean of their places."""
    order = [round(-score if higher else score, 9) for score in scores]
    return [(sum(a < b for a in order) + sum(a <= b for a in order) + 1) / 2 for b in order]


def ours_of(ours, path, is_classes, seed):
    kind = "stratified" if is_classes else "random"
    found, cost = ours.train(path, "y", "--split", kind, "--seed", seed, "--folds", 5, "--ensemble")
    key, sign = ("roc_auc", 1) if is_classes else ("rmse", -1)
    runs = {run["algorithm"]: run for run in found["runs"] if run["status"] == "completed"}
    single = [run for name, run in runs.items() if name != "ensemble"]
    best = max(single, key=lambda run: sign * run["metrics"]["cv"].get(key, -sign * np.inf))
    chosen = [runs["gradient_boosting"], best, runs["ensemble"]]
    train, test = ours.split(best["run"])
    return [run["metrics"]["test"][key] for run in chosen], best["algorithm"], train, test, cost


def main():
    seeds = range(1, 1 + int(sys.argv[1] if len(sys.argv) > 1 else 5))
    ours, names = Ours(), OURS + OTHERS
    print(f"| table | rows × columns | {' | '.join(names)} | best of train all |")
    print("|---|---:|" + "---:|" * len(names) + "---|")
    all_ranks, spent = [], 0.0
    for name, (task, table) in tables.small().items():
        is_classes = task == "classes"
        path = ours.files / f"{name}.parquet"
        table.to_parquet(path)
        frame = tables.frame_of(path)
        x, y = frame.drop(columns="y"), frame["y"]
        y = y.cat.codes.to_numpy() if is_classes else y.to_numpy()
        scores, winners = [], []
        for seed in seeds:
            found, winner, train, test, cost = ours_of(ours, path, is_classes, seed)
            winners.append(winner)
            spent += cost["cpu_s"]
            found += [peer(other, is_classes, x, y, train, test) for other in OTHERS]
            scores.append(found)
        means = [statistics.mean(column) for column in zip(*scores)]
        all_ranks.append([statistics.mean(column) for column in zip(*(ranks(row, is_classes) for row in scores))])
        cells = [f"{mean:.4f}" if is_classes else f"{mean:.4g}" for mean in means]
        print(f"| {name} | {len(x)} × {x.shape[1]} | {' | '.join(cells)} | {max(set(winners), key=winners.count)} |", flush=True)
    together = [statistics.mean(column) for column in zip(*all_ranks)]
    print(f"| **mean rank** | {len(all_ranks)} tables | {' | '.join(f'**{rank:.2f}**' for rank in together)} | |")
    four = [statistics.mean(row) for row in zip(*(ranks_among(row, [0, 3, 4, 5, 6]) for row in all_ranks))]
    print("\nmean rank of the single learners among themselves:",
          ", ".join(f"{names[i]} {rank:.2f}" for i, rank in zip([0, 3, 4, 5, 6], four)))
    print(f"ours took {spent:.0f} CPU s; load", *(f"{load:.1f}" for load in os.getloadavg()))


def ranks_among(row, places):
    return ranks([row[place] for place in places], False)


main()
