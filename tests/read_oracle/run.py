#!/usr/bin/env python3
"""Imports files of every format and compares each cell with what pandas or pyarrow read from the same file.

    run.py BINARY [WORD]     in an environment with requirements.txt; WORD: only cases with it in their name

Numbers must be equal to the last bit (pandas reads with float_precision="round_trip", the correctly rounded value),
texts to the last character, dates and times as UTC milliseconds, missing where missing. Exit code 0 when all of it holds.
"""

import datetime
import decimal
import json
import math
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import made
import real

TRUE, FALSE = {"true", "yes", "t", "y"}, {"false", "no", "f", "n"}


class Failed(Exception):
    pass


def stored(binary, folder, case):
    """The table as the program stored it, a Parquet object of its workspace."""
    workspace = folder / "workspace"
    command = [binary, "--workspace", workspace, "import", case.path, "--name", case.name, *case.flags, "--json"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise Failed(f"import ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    version = json.loads(done.stdout)
    history = sqlite3.connect(f"file:{workspace}/history.sqlite?mode=ro", uri=True)
    query = (
        "SELECT v.table_hash FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id "
        "WHERE d.name = ? ORDER BY v.version DESC LIMIT 1"
    )
    (name,) = history.execute(query, [case.name]).fetchone()
    history.close()
    table = pq.read_table(workspace / "objects" / name[:2] / name[2:])
    if table.num_rows != version["rows"]:
        raise Failed(f"says {version['rows']} rows and stores {table.num_rows}")
    return table


def plain(column):
    """Cells as Python values: None, bool, int, float, Decimal, str, or a datetime as UTC milliseconds in a Moment."""
    if isinstance(column, pd.Series):
        if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
            column = pa.array(column)
        else:
            return [value(cell) for cell in column.astype(object)]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        per_ms = {"s": (1000, 1), "ms": (1, 1), "us": (1, 1000), "ns": (1, 10**6)}
        if pa.types.is_date(column.type):
            column = column.cast(pa.timestamp("ms"))
        times, over = per_ms[column.type.unit]
        whole = column.cast(pa.int64()).to_pylist()
        return [None if n is None else Moment(n * times // over) for n in whole]
    return [value(cell) for cell in column.to_pylist()]


class Moment(int):
    pass


def value(cell):
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, (datetime.datetime, datetime.date)):
        stamp = pd.Timestamp(cell)
        stamp = stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp
        return Moment(stamp.value // 10**6)
    cell = cell.item() if hasattr(cell, "item") else cell
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def same(ours, theirs):
    """Whether our cell is the value they read; types may differ only where the value does not."""
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, Moment) or isinstance(theirs, Moment):
        return isinstance(ours, Moment) and isinstance(theirs, Moment) and ours == theirs
    if isinstance(ours, bool):
        word = str(theirs).strip().lower()
        return ours == theirs if isinstance(theirs, bool) else word in (TRUE if ours else FALSE)
    if isinstance(theirs, bool):
        return ours == str(theirs)
    if isinstance(ours, float):
        number = isinstance(theirs, (int, float, decimal.Decimal))
        return number and struct.pack("<d", ours) == struct.pack("<d", float(theirs))
    if isinstance(ours, int):
        return isinstance(theirs, (int, float, decimal.Decimal)) and ours == theirs
    # Whole numbers beyond 2^53 stay exact, as text.
    return ours == theirs if isinstance(theirs, str) else isinstance(theirs, int) and ours == str(theirs)


def compare(case, ours, theirs):
    """Cells that were compared."""
    if isinstance(theirs, pa.Table):
        theirs = {name: theirs[name] for name in theirs.column_names}
    else:
        theirs = {str(name): theirs[name] for name in theirs.columns}
    if ours.column_names != list(theirs):
        raise Failed(f"columns {ours.column_names} instead of {list(theirs)}")
    cells = 0
    for name, expected in theirs.items():
        kind = case.types.get(name)
        found = ours[name].type.value_type if pa.types.is_dictionary(ours[name].type) else ours[name].type
        if kind and kind not in str(found):
            raise Failed(f"column `{name}` is stored as {found}, not {kind}")
        if pa.types.is_timestamp(found) and not isinstance(expected, (pa.ChunkedArray, pa.Array)):
            expected = dates(expected, case.dates.get(name))
        left, right = plain(ours[name]), plain(expected)
        if len(left) != len(right):
            raise Failed(f"{len(left)} rows instead of {len(right)}")
        for row, (a, b) in enumerate(zip(left, right)):
            if not same(a, b):
                raise Failed(f"column `{name}` ({found}), row {row + 1}: {a!r} instead of {b!r}")
        cells += len(left)
    return cells


def dates(series, format):
    """What pandas makes of a column of dates that it read as text."""
    if series.dtype.kind == "M" or isinstance(series.dtype, pd.DatetimeTZDtype):
        return series
    return pd.to_datetime(series, format=format or "ISO8601", utc=True)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    word = sys.argv[2] if len(sys.argv) == 3 else ""
    passed = failed = cells = 0
    with tempfile.TemporaryDirectory(prefix="modelwright-oracle-") as name:
        folder = pathlib.Path(name)
        binary = pathlib.Path(sys.argv[1]).resolve()
        for case in [*made.cases(folder), *real.cases(folder)]:
            if word not in case.name:
                continue
            try:
                n = compare(case, stored(binary, folder, case), case.read())
                print(f"ok      {case.name}: {n:,} cells", flush=True)
                passed, cells = passed + 1, cells + n
            except Failed as problem:
                print(f"FAILED  {case.name}: {problem}", flush=True)
                failed += 1
    print(f"{cells:,} cells compared")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
