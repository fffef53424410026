"""One measurement of another program: measure.py load|profile TOOL FILE prints the line that ../tables.rs prints.

What is measured is the call alone, on all cores, with the file in the page cache; importing the program and, for
`profile`, loading the table are not counted.
"""

import importlib
import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
task, tool, path = sys.argv[1:]
module = importlib.import_module({"pandas-pyarrow": "pandas", "ydata": "ydata_profiling"}.get(tool, tool))


def loader():
    """The CSV as a typed table, dates and times included where the program does that by itself."""
    if tool == "pandas":
        return lambda: module.read_csv(path).shape
    if tool == "pandas-pyarrow":
        return lambda: module.read_csv(path, engine="pyarrow").shape
    if tool == "pyarrow":
        from pyarrow import csv
        return lambda: csv.read_csv(path).shape
    if tool == "polars":
        # Types by its first 100 rows, as is its default: by all rows it takes two minutes for a million.
        return lambda: module.read_csv(path, try_parse_dates=True).shape
    if tool == "duckdb":
        connection = module.connect()

        def load():
            connection.execute("CREATE TABLE t AS SELECT * FROM read_csv(?, sample_size=-1)", [path])
            rows = connection.execute("SELECT count(*) FROM t").fetchone()[0]
            return rows, len(connection.execute("DESCRIBE t").fetchall())

        return load
    raise SystemExit(f"no {task} for {tool}")


def profiler():
    if tool == "duckdb":
        connection = module.connect()
        connection.execute("CREATE TABLE t AS SELECT * FROM read_csv(?)", [path])
        rows = connection.execute("SELECT count(*) FROM t").fetchone()[0]
        return lambda: (rows, len(connection.execute("SUMMARIZE t").fetchall()))
    if tool == "polars":
        frame = module.read_csv(path, try_parse_dates=True)
        return lambda: (frame.height, frame.describe().width - 1)
    if tool == "ydata":
        import pandas
        frame = pandas.read_csv(path)

        def profile():
            module.ProfileReport(frame, minimal=True, progress_bar=False).to_json()
            return frame.shape

        return profile
    raise SystemExit(f"no {task} for {tool}")


def peak_mb():
    with open("/proc/self/status") as status:
        return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024)


work = {"load": loader, "profile": profiler}[task]()
cpu, wall = time.process_time(), time.perf_counter()
rows, columns = work()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
version = getattr(module, "__version__", "")
print(json.dumps({"task": task, "tool": tool, "version": version, "cpu_s": cpu, "wall_s": wall, "peak_mb": peak_mb(),
                  "rows": rows, "columns": columns}), flush=True)
os._exit(0)
