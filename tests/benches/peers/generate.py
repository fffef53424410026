"""A customer table, the same for the same number of rows: generate.py ROWS FOLDER writes ROWS.csv and ROWS.parquet.

32 columns: a number and a time per row, 20 numeric (normal, log-normal, uniform, counts, many zeros; five with gaps),
8 categorical of 3 to 200 values (two with gaps), a 0/1 target and an amount. 250 MB of CSV for a million rows.
"""

import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

CHUNK = 250_000
WORDS = {"plan": 3, "region": 5, "channel": 8, "segment": 12, "device": 24, "state": 50, "city": 100, "merchant": 200}
GAPS = {1: 0.01, 6: 0.05, 7: 0.02, 14: 0.10, 15: 0.03}


def chunk(number, first, n):
    random = np.random.default_rng([7, number])
    seconds = np.sort(random.integers(0, 365 * 86_400, n)) + 1_704_067_200
    columns = {"row_id": pa.array(np.arange(first, first + n)), "ts": pa.array(seconds, pa.timestamp("s"))}
    for j in range(20):
        values = [
            lambda: 50 + 12 * random.normal(size=n),
            lambda: np.exp(3 + 0.6 * random.normal(size=n)),
            lambda: random.uniform(0, 100, n),
            lambda: random.poisson(4 + j / 4, n),
            lambda: np.where(random.random(n) < 0.3, 0, random.gamma(2, 30, n)),
        ][j % 5]()
        gaps = random.random(n) < GAPS[j] if j in GAPS else None
        columns[f"n{j:02d}"] = pa.array(values if j % 5 == 3 else np.round(values, 4), mask=gaps)
    for i, (name, count) in enumerate(WORDS.items()):
        weights = 1 / np.arange(1, count + 1) ** 0.7
        codes = random.choice(count, n, p=weights / weights.sum()).astype(np.int32)
        gaps = random.random(n) < 0.02 if i in (3, 6) else None
        words = pa.array([f"{name}_{c:03d}" for c in range(count)])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes, mask=gaps), words).cast(pa.string())
    columns["churn"] = pa.array((random.random(n) < 0.27).astype(np.int64))
    columns["spend"] = pa.array(np.round(100 + 20 * random.normal(size=n), 4))
    return pa.table(columns)


def main():
    rows, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    csv = parquet = None
    for number, first in enumerate(range(0, rows, CHUNK)):
        table = chunk(number, first, min(CHUNK, rows - first))
        text = table.set_column(1, "ts", table["ts"].cast(pa.string()))
        options = pa.csv.WriteOptions(quoting_style="none", quoting_header="none")
        csv = csv or pa.csv.CSVWriter(folder / f"{rows}.csv", text.schema, write_options=options)
        parquet = parquet or pq.ParquetWriter(folder / f"{rows}.parquet", table.schema)
        csv.write_table(text)
        parquet.write_table(table)
    csv.close()
    parquet.close()


main()
