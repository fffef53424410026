#!/usr/bin/env python3
"""Writes tests/fixtures/rules: two small tables, and what Great Expectations, Pandera and SciPy say about them.

    make.py     in an environment with requirements.txt

`src/data/rules/oracle.rs` reads the same tables and compares. Rules both have are compared by outcome and by the number
of cells or rows that fail; statistics within 1e-9. Where definitions differ (see DIFFERENT) the case is not made.
"""

import json
import logging
import os
import pathlib
import random
import sys
import warnings

warnings.filterwarnings("ignore")
os.environ["GX_ANALYTICS_ENABLED"] = "false"
import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import pandas as pd
import pandera.pandas as pa
import scipy.stats as st

logging.disable(logging.WARNING)
HERE = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "rules"

# What the two programs mean differently, and is therefore not compared:
# - pairs: a row with one of two cells missing fails there unless ignore_row_if says otherwise; here it is not judged;
# - median and quantiles of columns with infinite cells;
# - of a set of values they count those that are too many, we also those that lack (the verdict is compared);
# - `$` of a regular expression: Python also matches before a line end at the end of a text.
DIFFERENT = {"ignore_row_if": "either_value_is_missing"}


def tables():
    out = []
    for seed, n, shift in ((1, 200, 0.0), (2, 150, 0.4)):
        r = random.Random(seed)
        rows = []
        for i in range(n):
            a, b = r.randint(0, 9), r.randint(0, 9)
            start = r.randint(0, 50)
            rows.append({
                "id": 1000 + i if i % 40 else 1000,
                "x": "" if r.random() < 0.1 else repr(round(r.gauss(10 + shift, 3), 3)),
                "n": r.randint(0, 30),
                "plan": "" if r.random() < 0.05 else r.choice(["basic", "basic", "pro", "family", "Probe"]),
                "code": r.choice(["A-001", "B-017", "C-123", "X99", "a-001"]),
                "day": r.choice(["2026-01-02", "2026-02-28", "2026-02-30", "2026/03/01"]),
                "js": r.choice(['{"a": 1}', "[1, 2]", "{a: 1}", '"t"']),
                "start": start, "end": start + r.randint(-2, 20),
                "a": a, "b": b, "c": 10 - a - b if r.random() < 0.9 else 5,
                "step": i // 3 if i % 50 else max(0, i // 3 - 2),
            })
        out.append(pd.DataFrame(rows))
    for frame, name in zip(out, ("table.csv", "reference.csv")):
        frame.to_csv(HERE / name, index=False)
    read = lambda name: pd.read_csv(HERE / name)
    return read("table.csv"), read("reference.csv")


def E(name):
    return getattr(gxe, "Expect" + name)


def cases():
    """Our test with its fields, and Great Expectations' class with its arguments."""
    col = lambda test, column, name, **kw: ({"test": test, "column": column, **kw}, E(name), {"column": column, **kw})
    for mostly in (1.0, 0.9):
        m = {} if mostly == 1.0 else {"mostly": mostly}
        for c in ("id", "x", "plan"):
            yield col("column_values_not_null", c, "ColumnValuesToNotBeNull", **m)
            yield col("column_values_null", c, "ColumnValuesToBeNull", **m)
            yield col("column_values_unique", c, "ColumnValuesToBeUnique", **m)
        yield col("column_values_between", "x", "ColumnValuesToBeBetween", min_value=5, max_value=15, **m)
        yield col("column_values_between", "n", "ColumnValuesToBeBetween", min_value=3, max_value=30, strict_min=True,
                  strict_max=True, **m)
        yield col("column_values_between", "n", "ColumnValuesToBeBetween", max_value=29, **m)
        yield col("column_values_in_set", "plan", "ColumnValuesToBeInSet", value_set=["basic", "pro"], **m)
        yield col("column_values_not_in_set", "plan", "ColumnValuesToNotBeInSet", value_set=["Probe"], **m)
        yield col("column_values_in_set", "n", "ColumnValuesToBeInSet", value_set=list(range(28)), **m)
        yield col("column_values_match_regex", "code", "ColumnValuesToMatchRegex", regex=r"^[A-C]-\d{3}$", **m)
        yield col("column_values_match_regex", "code", "ColumnValuesToMatchRegex", regex="0", **m)
        yield col("column_values_not_match_regex", "code", "ColumnValuesToNotMatchRegex", regex="(?i)^a", **m)
        for which in ("any", "all"):
            yield col("column_values_match_regex_list", "code", "ColumnValuesToMatchRegexList",
                      regex_list=["^[A-C]", r"\d{3}$"], match_on=which, **m)
        yield col("column_values_not_match_regex_list", "code", "ColumnValuesToNotMatchRegexList",
                  regex_list=["^X", "^a"], **m)
        yield col("column_value_lengths_between", "plan", "ColumnValueLengthsToBeBetween", min_value=4, max_value=5, **m)
        yield ({"test": "column_value_lengths_equal", "column": "code", "value": 5, **m},
               E("ColumnValueLengthsToEqual"), {"column": "code", "value": 5, **m})
        yield col("column_values_match_strftime_format", "day", "ColumnValuesToMatchStrftimeFormat",
                  strftime_format="%Y-%m-%d", **m)
        yield col("column_values_json_parseable", "js", "ColumnValuesToBeJsonParseable", **m)
        for strictly in (False, True):
            yield col("column_values_increasing", "step", "ColumnValuesToBeIncreasing", strictly=strictly, **m)
            yield col("column_values_decreasing", "step", "ColumnValuesToBeDecreasing", strictly=strictly, **m)
        for double in (False, True):
            yield col("column_value_z_scores_below", "x", "ColumnValueZScoresToBeLessThan", threshold=1.5,
                      double_sided=double, **m)
        pair = {"column_a": "end", "column_b": "start"}
        gx_pair = {"column_A": "end", "column_B": "start", **DIFFERENT}
        for or_equal in (False, True):
            yield ({"test": "column_pair_values_a_greater_than_b", **pair, "or_equal": or_equal, **m},
                   E("ColumnPairValuesAToBeGreaterThanB"), {**gx_pair, "or_equal": or_equal, **m})
        yield ({"test": "column_pair_values_equal", "column_a": "a", "column_b": "b", **m},
               E("ColumnPairValuesToBeEqual"), {"column_A": "a", "column_B": "b", **DIFFERENT, **m})
        pairs = [["basic", "A-001"], ["pro", "B-017"], ["basic", "X99"]]
        yield ({"test": "column_pair_values_in_set", "column_a": "plan", "column_b": "code", "value_pairs_set": pairs, **m},
               E("ColumnPairValuesToBeInSet"),
               {"column_A": "plan", "column_B": "code", "value_pairs_set": [tuple(p) for p in pairs], **DIFFERENT, **m})
        yield ({"test": "compound_columns_unique", "columns": ["plan", "n", "code"], **m},
               E("CompoundColumnsToBeUnique"), {"column_list": ["plan", "n", "code"], **m})
        yield ({"test": "multicolumn_sum_equals", "columns": ["a", "b", "c"], "sum_total": 10.0, **m},
               E("MulticolumnSumToEqual"), {"column_list": ["a", "b", "c"], "sum_total": 10, **m})
        yield ({"test": "select_column_values_unique_within_record", "columns": ["a", "b", "c"], **m},
               E("SelectColumnValuesToBeUniqueWithinRecord"), {"column_list": ["a", "b", "c"], **m})
    for c in ("x", "n"):
        for test, name in (("mean", "Mean"), ("median", "Median"), ("stdev", "Stdev"), ("sum", "Sum"), ("min", "Min"),
                           ("max", "Max")):
            for low, high in ((0, 12), (9, 10000), (-5, 5)):
                yield col(f"column_{test}_between", c, f"Column{name}ToBeBetween", min_value=low, max_value=high)
    for c in ("plan", "n", "id"):
        yield col("column_unique_value_count_between", c, "ColumnUniqueValueCountToBeBetween", min_value=4, max_value=31)
        yield col("column_proportion_of_unique_values_between", c, "ColumnProportionOfUniqueValuesToBeBetween",
                  min_value=0.02, max_value=0.5)
    yield col("column_most_common_value_in_set", "plan", "ColumnMostCommonValueToBeInSet", value_set=["basic"])
    yield col("column_most_common_value_in_set", "plan", "ColumnMostCommonValueToBeInSet", value_set=["pro"])
    for values in (["basic", "pro", "family", "Probe"], ["basic", "pro"], ["basic", "pro", "family", "Probe", "none"]):
        yield col("column_distinct_values_in_set", "plan", "ColumnDistinctValuesToBeInSet", value_set=values)
        yield col("column_distinct_values_contain_set", "plan", "ColumnDistinctValuesToContainSet", value_set=values)
        yield col("column_distinct_values_equal_set", "plan", "ColumnDistinctValuesToEqualSet", value_set=values)
    yield ({"test": "table_row_count_between", "min_value": 1, "max_value": 199}, E("TableRowCountToBeBetween"),
           {"min_value": 1, "max_value": 199})
    yield ({"test": "table_row_count_equals", "value": 200}, E("TableRowCountToEqual"), {"value": 200})
    yield ({"test": "table_column_count_equals", "value": 14}, E("TableColumnCountToEqual"), {"value": 14})
    yield ({"test": "table_columns_match_set", "columns": ["id", "x"], "exact": True},
           E("TableColumnsToMatchSet"), {"column_set": ["id", "x"], "exact_match": True})
    yield ({"test": "table_columns_match_set", "columns": ["id", "x"], "exact": False},
           E("TableColumnsToMatchSet"), {"column_set": ["id", "x"], "exact_match": False})
    yield ({"test": "column_exists", "column": "zip"}, E("ColumnToExist"), {"column": "zip"})


def great_expectations(frame):
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
             .get_batch({"dataframe": frame}))
    for rule, kind, kwargs in cases():
        result = batch.validate(kind(**kwargs), result_format="COMPLETE")
        if result.exception_info.get("raised_exception", False):
            sys.exit(f"{rule}: {result.exception_info}")
        found = result.result
        case = {"by": "great_expectations", "rule": rule, "success": bool(result.success)}
        if "unexpected_count" in found:
            case["unexpected"] = int(found["unexpected_count"])
            if found.get("unexpected_index_list"):
                case["rows"] = sorted(int(i) for i in found["unexpected_index_list"])[:20]
        value = found.get("observed_value")
        if isinstance(value, (int, float, np.number)):
            case["observed"] = float(value)
        yield case


def pandera(frame):
    checks = [
        ({"test": "column_values_between", "column": "x", "min_value": 5, "max_value": 15}, pa.Check.in_range(5, 15)),
        ({"test": "column_values_in_set", "column": "plan", "value_set": ["basic", "pro"]}, pa.Check.isin(["basic", "pro"])),
        ({"test": "column_values_not_in_set", "column": "plan", "value_set": ["pro"]}, pa.Check.notin(["pro"])),
        ({"test": "column_values_match_regex", "column": "code", "regex": r"^[A-C]-\d{3}$"},
         pa.Check.str_matches(r"^[A-C]-\d{3}$")),
        ({"test": "column_value_lengths_between", "column": "plan", "min_value": 4, "max_value": 5},
         pa.Check.str_length(4, 5)),
        ({"test": "column_values_start_with", "column": "code", "text": "A"}, pa.Check.str_startswith("A")),
        ({"test": "column_values_end_with", "column": "code", "text": "1"}, pa.Check.str_endswith("1")),
        ({"test": "column_values_contain", "column": "code", "text": "-0"}, pa.Check.str_contains("-0")),
    ]
    for rule, check in checks:
        schema = pa.DataFrameSchema({rule["column"]: pa.Column(None, check, nullable=True)})
        yield {"by": "pandera", "rule": rule, **failures(schema, frame)}
    for column in ("x", "plan"):
        schema = pa.DataFrameSchema({column: pa.Column(None, nullable=False)})
        yield {"by": "pandera", "rule": {"test": "column_values_not_null", "column": column}, **failures(schema, frame)}
    schema = pa.DataFrameSchema({"id": pa.Column(None, unique=True)})
    yield {"by": "pandera", "rule": {"test": "column_values_unique", "column": "id"}, **failures(schema, frame)}


def failures(schema, frame):
    try:
        schema.validate(frame, lazy=True)
        return {"success": True, "unexpected": 0}
    except pa.errors.SchemaErrors as error:
        return {"success": False, "unexpected": int(len(error.failure_cases))}


def scipy(frame, reference):
    x, y = frame["x"].dropna(), reference["x"].dropna()
    case = lambda test, column, value, **kw: {"by": "scipy", "rule": {"test": test, "column": column, **kw},
                                              "observed": float(value), "success": None}
    yield case("column_ks_p_value_above", "x", st.ks_2samp(x, y).pvalue, p_value=0.05)
    yield case("column_wasserstein_below", "x", st.wasserstein_distance(x, y), threshold=1.0)
    yield case("column_normal_ks_p_value_above", "x", st.kstest(x, "norm", (10, 3), method="exact").pvalue, mean=10.0,
               std=3.0, p_value=0.05)
    values = sorted(set(frame["plan"].dropna()) | set(reference["plan"].dropna()))
    counts = np.array([[(t["plan"] == v).sum() for v in values] for t in (frame, reference)])
    yield case("column_chisquare_p_value_above", "plan", st.chi2_contingency(counts).pvalue, p_value=0.05)
    yield case("column_cramers_v_below", "plan", st.contingency.association(counts, method="cramer"), threshold=0.2)
    shares = counts / counts.sum(axis=1, keepdims=True)
    yield case("column_kl_divergence_below", "plan", st.entropy(shares[0], shares[1]), threshold=0.1)
    yield case("column_psi_below", "plan", ((shares[0] - shares[1]) * np.log(shares[0] / shares[1])).sum(), threshold=0.1)
    both = frame[["plan", "code"]].dropna()
    table = pd.crosstab(both["plan"], both["code"]).to_numpy()
    yield {"by": "scipy", "success": None, "observed": float(st.contingency.association(table, method="cramer")),
           "rule": {"test": "column_pair_cramers_v_below", "column_a": "plan", "column_b": "code", "threshold": 0.3}}
    q = np.quantile(x, [0.1, 0.25, 0.9])
    yield {"by": "numpy", "success": True, "observed": [float(v) for v in q], "rule": {
        "test": "column_quantile_values_between", "column": "x",
        "quantiles": [{"quantile": p, "min_value": 0, "max_value": 100} for p in (0.1, 0.25, 0.9)]}}


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    frame, reference = tables()
    found = [*great_expectations(frame), *pandera(frame), *scipy(frame, reference)]
    for i, case in enumerate(found):
        case["rule"] = {"id": f"case-{i}", **case["rule"]}
    lines = ",\n".join(json.dumps(case) for case in found)
    (HERE / "expected.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(found)} cases")


if __name__ == "__main__":
    main()
