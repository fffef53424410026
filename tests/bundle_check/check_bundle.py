#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Does an exported bundle say the same elsewhere?

    check_bundle.py BUNDLE.zip INPUT.csv SCORED.csv [--tolerance 1e-5] [--skip-mlflow]

Scores every row of INPUT.csv with ONNX Runtime alone and with mlflow.pyfunc.load_model on the unzipped bundle, and
compares with SCORED.csv, what `modelwright score BUNDLE.zip INPUT.csv SCORED.csv` wrote (the input's columns, then
the model's outputs). Then takes cells away, which changes the types pandas gives the columns: MLflow must take those
frames too and say what ONNX Runtime says. Exit code 0 when every row agrees, 1 otherwise.
Needs: numpy pandas onnxruntime, with mlflow for the second half, with onnx for its checker.
"""
import argparse
import hashlib
import io
import json
import os
import pathlib
import sys
import tempfile
import zipfile

import numpy as np
import pandas as pd


def check_hashes(folder):
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name, digest in manifest["files"].items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != digest:
            raise SystemExit(f"{name}: SHA-256 differs from the manifest")
    return manifest


def check_graph(folder):
    try:
        import onnx
    except ImportError:
        print("onnx.checker: not installed, left out")
        return
    onnx.checker.check_model(str(folder / "model.onnx"), full_check=True)
    print("onnx.checker: ok (full check)")


def onnx_scores(folder, manifest, csv):
    """As a user without Modelwright's loader would: one array per column, by the manifest, text read as text."""
    import onnxruntime

    columns = manifest["model"]["recipe"]["inputs"]
    text = {column["name"]: str for column in columns if column["input"]["type"] in ("text", "boolean_text")}
    frame = pd.read_csv(io.StringIO(csv), dtype=text)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    feed = {}
    for column, given in zip(columns, session.get_inputs(), strict=True):
        cells = frame[column["name"]]
        if column["name"] in text:
            feed[given.name] = cells.fillna("").to_numpy(dtype=object)
        elif column["input"]["type"] == "datetime":
            dates = pd.to_datetime(cells, utc=True, format="ISO8601")
            feed[given.name] = ((dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta("1ms")).to_numpy(dtype="float64")
        else:
            feed[given.name] = cells.to_numpy(dtype="float64", na_value=np.nan)
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, feed)))


def mlflow_scores(folder, csv):
    """On the frame that pandas makes of the file when nobody tells it anything about types."""
    import mlflow

    model = mlflow.pyfunc.load_model(str(folder))
    scored = model.predict(pd.read_csv(io.StringIO(csv)))
    serving = (folder / "serving_input_example.json").read_text("utf-8")
    example = mlflow.models.validate_serving_input(str(folder), serving)
    golden = json.loads((folder / "golden_rows.json").read_text("utf-8"))
    expected = pd.DataFrame(golden["expected"][: len(example)], columns=golden["outputs"])
    worst = compare("mlflow serving example", {n: example[n].to_numpy() for n in example.columns}, expected, 1e-9)
    if worst is None:
        raise SystemExit("the serving example does not give the golden answers")
    return {name: scored[name].to_numpy() for name in scored.columns}


def thinned(csv):
    """The file with every third cell gone, then three rows with nothing in them: pandas types both otherwise."""
    cells = pd.read_csv(io.StringIO(csv), dtype=str, keep_default_na=False)
    gaps = cells.copy()
    for at, name in enumerate(gaps.columns):
        gaps.loc[gaps.index[at % 3 :: 3], name] = ""
    yield "gaps", gaps.to_csv(index=False)
    yield "nothing in it", pd.DataFrame(index=range(3), columns=cells.columns).to_csv(index=False)


def tied(expected):
    """Rows whose two most probable classes are equal but for rounding: which of them is named depends on the order in
    which a runtime adds numbers up. A forest of 20 trees has such rows."""
    shares = expected[[name for name in expected.columns if name.startswith("probability_")]].to_numpy(dtype="float64")
    if shares.shape[1] < 2:
        return np.zeros(len(expected), dtype=bool)
    top = np.sort(shares, axis=1)
    return top[:, -1] - top[:, -2] < 1e-12


def compare(who, scores, expected, tolerance):
    """Largest relative distance, or None when something differs; prints what."""
    if list(scores) != list(expected.columns):
        print(f"{who}: outputs {list(scores)} instead of {list(expected.columns)}")
        return None
    worst, good = 0.0, True
    for name, found in scores.items():
        wanted = expected[name]
        if len(found) != len(wanted):
            print(f"{who}: {len(found)} rows instead of {len(wanted)}")
            return None
        if name == "prediction" and not np.issubdtype(np.asarray(found).dtype, np.floating):
            off = np.flatnonzero(np.asarray(found, dtype=str) != wanted.astype(str).to_numpy(dtype=str))
            off = off[~tied(expected)[off]]
        else:
            wanted = wanted.to_numpy(dtype="float64")
            distance = np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted))
            distance[found == wanted] = 0.0
            worst = max(worst, float(distance.max(initial=0.0)))
            off = np.flatnonzero(~(distance <= tolerance))
        if len(off):
            row = off[0]
            print(f"{who}: {name}: {len(off)} rows differ, first row {row + 1}: {found[row]!r} for {wanted[row]!r}")
            good = False
    if good:
        print(f"{who}: {len(expected)} rows agree, largest relative distance {worst:.1e}")
    return worst if good else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=pathlib.Path)
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("scored", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    parser.add_argument("--skip-mlflow", action="store_true")
    args = parser.parse_args()
    csv, scored = args.input.read_text("utf-8"), pd.read_csv(args.scored)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch, "bundle")
        zipfile.ZipFile(args.bundle).extractall(folder)
        manifest = check_hashes(folder)
        check_graph(folder)
        os.chdir(scratch)  # MLflow leaves its files where it runs
        outputs = ["prediction"] + [f"probability_{c}" for c in manifest["model"]["classes"]]
        # By position: a column of the input may have the name of an output.
        expected = scored.iloc[:, -len(outputs):].set_axis(outputs, axis=1)
        results = [compare("onnxruntime", onnx_scores(folder, manifest, csv), expected, args.tolerance)]
        if not args.skip_mlflow:
            for what, thin in thinned(csv):
                said = pd.DataFrame(onnx_scores(folder, manifest, thin))
                results.append(compare(f"mlflow, {what}", mlflow_scores(folder, thin), said, args.tolerance))
            results.append(compare("mlflow.pyfunc", mlflow_scores(folder, csv), expected, args.tolerance))
        os.chdir("/")
    return 1 if None in results else 0


if __name__ == "__main__":
    sys.exit(main())
