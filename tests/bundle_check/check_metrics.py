#!/usr/bin/env python3
"""Recomputes a run's test metrics with scikit-learn from the file the program scored.

    check_metrics.py TRAIN.json RUN SPLIT.json SCORED.csv TARGET

TRAIN.json    what `modelwright train … --json` printed
RUN           which of its runs
SPLIT.json    what `modelwright split RUN --json` printed: 0-based rows
SCORED.csv    what `modelwright score RUN SOURCE.csv SCORED.csv` wrote for the file the run was trained on
TARGET        the target column

Exit code 1 when a metric differs by more than 1e-9 (relative for numbers above 1) or is not reported.
"""

import csv
import json
import sys
import warnings

import numpy as np
from sklearn import metrics as sk

TOLERANCE = 1e-9
PROBABILITY = "probability_"
# A yes/no column may be a boolean to the program; the scored file keeps the source's spelling of it.
BOOLEAN = {"yes": "true", "y": "true", "true": "true", "t": "true", "1": "true",
           "no": "false", "n": "false", "false": "false", "f": "false", "0": "false"}  # fmt: skip


def read_scored(path, rows):
    """Column name → cells as text, at the given rows."""
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        table = list(reader)
    if rows and max(rows) >= len(table):
        sys.exit(f"{path}: the split names row {max(rows)}, the file has {len(table)} rows")
    return {name: [table[row][i] for row in rows] for i, name in enumerate(header)}


def spelled(cell, code):
    """The class a cell of the target column belongs to."""
    return cell if cell in code else BOOLEAN.get(cell.strip().lower(), cell)


def for_classes(scored, target, has_threshold):
    classes = [name.removeprefix(PROBABILITY) for name in scored if name.startswith(PROBABILITY)]
    code = {name: i for i, name in enumerate(classes)}
    truth = np.array([code[spelled(cell, code)] for cell in scored[target]])
    predicted = np.array([code[cell] for cell in scored["prediction"]])
    shares = np.array([[float(cell) for cell in scored[PROBABILITY + name]] for name in classes]).T
    happened = np.eye(len(classes))[truth]
    is_binary = len(classes) == 2
    average = {"average": "binary", "pos_label": 1} if is_binary else {"average": "macro"}
    expected = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted),
        "precision": sk.precision_score(truth, predicted, zero_division=0, **average),
        "recall": sk.recall_score(truth, predicted, zero_division=0, **average),
        "f1": sk.f1_score(truth, predicted, zero_division=0, **average),
        "log_loss": sk.log_loss(truth, shares, labels=range(len(classes))),
    }
    if is_binary:
        expected["roc_auc"] = sk.roc_auc_score(truth, shares[:, 1])
        expected["average_precision"] = sk.average_precision_score(truth, shares[:, 1])
        expected["brier"] = sk.brier_score_loss(truth, shares[:, 1])
    else:
        expected["roc_auc"] = sk.roc_auc_score(truth, shares, multi_class="ovr", labels=range(len(classes)))
        expected["average_precision"] = sk.average_precision_score(happened, shares)
        expected["brier"] = float(np.mean(np.sum((shares - happened) ** 2, axis=1)))
    if has_threshold:
        said_yes = shares[predicted == 1, 1]
        if said_yes.min(initial=1.0) <= shares[predicted == 0, 1].max(initial=0.0):
            sys.exit("no threshold parts the predictions")
    elif not np.array_equal(predicted, shares.argmax(axis=1)):
        sys.exit("prediction is not everywhere the first most probable class")
    return expected


def for_numbers(scored, target):
    truth = np.array([float(cell) for cell in scored[target]])
    predicted = np.array([float(cell) for cell in scored["prediction"]])
    return {
        "mae": sk.mean_absolute_error(truth, predicted),
        "rmse": sk.root_mean_squared_error(truth, predicted),
        "r2": sk.r2_score(truth, predicted),
        "mape": sk.mean_absolute_percentage_error(truth, predicted),
        "max_error": sk.max_error(truth, predicted),
        "median_ae": sk.median_absolute_error(truth, predicted),
    }


def check(trained, run, split, scored_path, target):
    """The largest difference; ends the program on the first problem list."""
    described = next(r for r in trained["runs"] if str(r["run"]) == str(run))
    reported = described["metrics"]["test"]
    has_threshold = described["decision"]["threshold"] is not None
    scored = read_scored(scored_path, split["test"])
    has_classes = any(name.startswith(PROBABILITY) for name in scored)
    expected = for_classes(scored, target, has_threshold) if has_classes else for_numbers(scored, target)
    problems, largest = [], 0.0
    for key, value in expected.items():
        if key not in reported:
            problems.append(f"{key}: not reported, scikit-learn says {value!r}")
            continue
        difference = abs(reported[key] - value) / max(1.0, abs(value))
        largest = max(largest, difference)
        if not difference <= TOLERANCE:
            problems.append(f"{key}: reported {reported[key]!r}, scikit-learn says {value!r}")
    if problems:
        sys.exit(f"run {run}, {len(split['test'])} test rows:\n  " + "\n  ".join(problems))
    return len(expected), largest


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    trained, run, split, scored, target = sys.argv[1:]
    warnings.simplefilter("error")
    count, largest = check(load(trained), run, load(split), scored, target)
    print(f"run {run}: {count} metrics equal scikit-learn's, largest difference {largest:.1e}")


if __name__ == "__main__":
    main()
