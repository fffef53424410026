# SPDX-License-Identifier: MIT OR Apache-2.0
"""MLflow loader of a Modelwright bundle: scores model.onnx from a DataFrame, a dict of columns or a list of records.

Needs numpy, pandas and onnxruntime only. Missing numbers may be NaN, None or empty; missing text None, NaN or empty.
It stands in for MLflow's own ONNX flavour, which cannot feed text columns of pandas 3 and integer columns.
"""
import json
import os

import numpy as np
import pandas as pd


def _number(column):
    """float64, with NaN for whatever is missing."""
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        blank = column.isna() | (column.astype(str).str.strip() == "")
        column = column.where(~blank, np.nan)
    try:
        return pd.to_numeric(column).to_numpy(dtype="float64", na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {column.name!r} holds something that is not a number: {error}") from error


def _text(column, spellings):
    """One str per cell, "" for whatever is missing."""
    cells = []
    for value, missing in zip(column, column.isna()):
        if missing:
            cells.append("")
        elif isinstance(value, (bool, np.bool_, str)):
            cells.append(str(value))
        elif isinstance(value, (int, float, np.number)):
            whole = float(value).is_integer()  # pandas turns whole numbers with gaps into floats
            cells.append(spellings.get(float(value), str(int(value)) if whole else str(value)))
        else:
            cells.append(str(value))
    return np.array(cells, dtype=object)


def _date(column):
    """Milliseconds since 1970-01-01 UTC as float64, with NaN for whatever is missing. Numbers are taken for that already."""
    if pd.api.types.is_numeric_dtype(column):
        return _number(column)
    try:
        dates = pd.to_datetime(column.where(column.astype(str).str.strip() != "", None), utc=True, format="ISO8601")
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {column.name!r} holds something that is not a date: {error}") from error
    return ((dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta("1ms")).to_numpy(dtype="float64", na_value=np.nan)


def _recipes(path):
    """The recipe of the manifest beside the model and those of an ensemble's members, if there are any."""
    try:
        with open(os.path.join(os.path.dirname(path), "manifest.json"), encoding="utf-8") as file:
            model = json.load(file)["model"]
        return [model["recipe"]] + [member["recipe"] for member in model["model"].get("members", [])]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _spellings(recipes):
    """Per text column: number -> the category that spells it. pandas.read_csv reads the code 007 as the number 7."""
    listed = {}
    for step in (step for recipe in recipes for step in recipe.get("steps", [])):
        for column in step.get("columns", []):
            if isinstance(column, dict) and "column" in column:
                levels = column.get("categories", column.get("levels", []))
                listed.setdefault(column["column"], []).extend(levels)
    known = {}
    for name, categories in listed.items():
        categories = sorted(set(categories))
        numbers = {}
        for category in categories:
            try:
                numbers.setdefault(float(category), []).append(category)
            except ValueError:
                pass
        known[name] = {number: names[0] for number, names in numbers.items() if len(names) == 1}
    return known


class Scorer:
    def __init__(self, path):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        inputs = self.session.get_inputs()
        facts = self.session.get_modelmeta().custom_metadata_map
        columns = json.loads(facts.get("modelwright.columns", "null")) or [i.name for i in inputs]
        recipes = _recipes(path)
        inputs_of = [given for recipe in recipes for given in recipe.get("inputs", [])]
        self.spellings = _spellings(recipes)
        self.dates = {given["name"] for given in inputs_of if given["input"]["type"] == "datetime"}
        self.inputs = [(column, i.name, i.type) for column, i in zip(columns, inputs)]
        self.outputs = [o.name for o in self.session.get_outputs()]

    def predict(self, data, params=None):
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
        absent = [column for column, _, _ in self.inputs if column not in frame.columns]
        if absent:
            raise ValueError(f"the input lacks these columns: {absent}")
        feed = {}
        for column, name, kind in self.inputs:
            if kind == "tensor(string)":
                feed[name] = _text(frame[column], self.spellings.get(column, {}))
            elif column in self.dates:
                feed[name] = _date(frame[column])
            else:
                feed[name] = _number(frame[column])
        results = self.session.run(self.outputs, feed)
        return pd.DataFrame(dict(zip(self.outputs, results)), index=frame.index)


def _load_pyfunc(path):
    return Scorer(path)
