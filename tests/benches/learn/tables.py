"""The tables learners are compared on: a customer table with something to learn, a wide one, one of large categories,
and many small ones. The same for the same number of rows.
"""

import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CARD = dict(plan=3, region=5, channel=8, segment=12, device=24, state=50, city=100, merchant=200)
GAPS = {1: 0.01, 6: 0.05, 7: 0.02, 14: 0.10, 15: 0.03}
CHUNK = 250_000


def customers(number, n):
    """20 numbers and 8 categories; `churn` and `spend` follow from some of them, bent, crossed and noisy."""
    fixed = np.random.default_rng(12345)
    effects = [fixed.normal(0, 0.35, k) for k in CARD.values()]
    random = np.random.default_rng([7, number])
    common = random.normal(0, 1, n)
    x = np.empty((20, n))
    for j in range(20):
        noise = random.normal(0, 1, n)
        x[j] = [
            lambda: 50 + 12 * (0.6 * common + 0.8 * noise),
            lambda: np.exp(3 + 0.6 * (0.3 * common + 0.95 * noise)),
            lambda: random.uniform(0, 100, n),
            lambda: random.poisson(4 + j / 4, n),
            lambda: np.where(random.random(n) < 0.3, 0.0, random.gamma(2.0, 30.0, n)),
        ][j % 5]()
    codes = []
    for k in CARD.values():
        weights = 1 / np.arange(1, k + 1) ** 0.7
        codes.append(random.choice(k, n, p=weights / weights.sum()))
    part = lambda j, middle, width: (x[j] - middle) / width
    said = 0.7 * part(0, 50, 12) - 0.5 * part(5, 50, 12) + 0.4 * part(2, 50, 29) + 0.35 * part(3, 4.75, 2.2)
    said += -0.3 * part(8, 6, 2.5) + 0.25 * part(4, 42, 45) + 0.6 * np.sin(3 * part(12, 50, 29))
    said += 0.4 * part(0, 50, 12) * part(2, 50, 29) + 0.5 * (np.log(x[1]) - 3)
    said += sum(effect[code] for effect, code in zip(effects, codes))
    churn = (random.random(n) < 1 / (1 + np.exp(1.0 - said))).astype(np.int64)
    spend = 100 + 20 * said + 8 * part(8, 6, 2.5) ** 2 + random.normal(0, 12, n)
    columns = {}
    for j in range(20):
        gaps = random.random(n) < GAPS[j] if j in GAPS else None
        columns[f"n{j:02d}"] = pa.array(x[j].astype(np.int64) if j % 5 == 3 else np.round(x[j], 4), mask=gaps)
    for i, (name, k) in enumerate(CARD.items()):
        gaps = random.random(n) < 0.02 if i in (3, 6) else None
        words = pa.array([f"{name}_{c:03d}" for c in range(k)])
        indices = pa.array(codes[i].astype(np.int32), mask=gaps)
        columns[name] = pa.DictionaryArray.from_arrays(indices, words).cast(pa.string())
    return pa.table({**columns, "churn": pa.array(churn), "spend": pa.array(np.round(spend, 4))})


def wide(number, n, p=500):
    """Numbers of which every tenth says something."""
    random = np.random.default_rng([8, number])
    x = random.normal(size=(n, p)).astype(np.float32)
    weights = np.random.default_rng(88).normal(0, 1, p // 10)
    said = x[:, ::10] @ weights / np.sqrt(p / 10) + 0.5 * x[:, 0] * x[:, 10]
    churn = (random.random(n) < 1 / (1 + np.exp(-2 * said))).astype(np.int64)
    spend = 10 * said + random.normal(0, 5, n)
    columns = {f"f{j:03d}": pa.array(np.round(x[:, j].astype(float), 4)) for j in range(p)}
    return pa.table({**columns, "churn": pa.array(churn), "spend": pa.array(np.round(spend, 4))})


def words(number, n):
    """Four numbers and six categories, of 20 to 5,000 values, each of which pulls."""
    random = np.random.default_rng([9, number])
    fixed = np.random.default_rng(99)
    said, columns = np.zeros(n), {}
    for j in range(4):
        x = random.normal(size=n)
        said += 0.3 * x
        columns[f"n{j}"] = pa.array(np.round(x, 4))
    for k in [20, 100, 500, 1000, 2000, 5000]:
        weights = 1 / np.arange(1, k + 1) ** 0.6
        codes = random.choice(k, n, p=weights / weights.sum())
        said += fixed.normal(0, 0.5, k)[codes]
        columns[f"c{k}"] = pa.DictionaryArray.from_arrays(
            pa.array(codes.astype(np.int32)), pa.array([f"v{c:04d}" for c in range(k)])
        ).cast(pa.string())
    churn = (random.random(n) < 1 / (1 + np.exp(-said))).astype(np.int64)
    spend = 10 * said + random.normal(0, 5, n)
    return pa.table({**columns, "churn": pa.array(churn), "spend": pa.array(np.round(spend, 4))})


KINDS = {"customers": customers, "wide": wide, "words": words}


def large(kind, rows, folder, **more):
    """The file of a table of a kind, written once."""
    name = "-".join([kind, str(rows), *map(str, more.values())])
    path = pathlib.Path(folder) / f"learn-{name}.parquet"
    if not path.exists():
        half = path.with_suffix(".part")
        writer = None
        for number, first in enumerate(range(0, rows, CHUNK)):
            table = KINDS[kind](number, min(CHUNK, rows - first), **more)
            writer = writer or pq.ParquetWriter(half, table.schema)
            writer.write_table(table)
        writer.close()
        half.rename(path)
    return path


def frame_of(path):
    """As the other programs take it: categories as such."""
    frame = pd.read_parquet(path)
    for name in frame.columns:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(object).astype("category")
    return frame


def small():
    """Name → (task, table with the target in `y`). Those that scikit-learn brings, and generated ones."""
    from sklearn import datasets as sk

    def of(x, y, names=None):
        table = pd.DataFrame(np.asarray(x, dtype=float), columns=names)
        table.columns = [str(name).replace(" ", "_").replace("(", "").replace(")", "") for name in table.columns]
        table.columns = [f"x{name}" if name.isdigit() else name for name in table.columns]
        table["y"] = y
        return table

    def bundled(load):
        found = load()
        return of(found.data, found.target, found.feature_names)

    def classes(y):
        return np.array([f"class_{c}" for c in y])

    random = np.random.default_rng(5)
    tables = {}
    for name in ["iris", "wine", "breast_cancer", "digits"]:
        table = bundled(getattr(sk, f"load_{name}"))
        table["y"] = classes(table["y"])
        tables[name] = ("classes", table)
    tables["diabetes"] = ("numbers", bundled(sk.load_diabetes))
    linnerud = sk.load_linnerud()
    tables["linnerud"] = ("numbers", of(linnerud.data, linnerud.target[:, 0], linnerud.feature_names))
    made = {
        "moons": sk.make_moons(1000, noise=0.3, random_state=1),
        "circles": sk.make_circles(1000, noise=0.15, factor=0.6, random_state=2),
        "blobs": sk.make_classification(1000, 20, n_informative=6, n_classes=4, class_sep=0.8, random_state=3),
        "imbalanced": sk.make_classification(4000, 15, n_informative=5, weights=[0.96], flip_y=0.02, random_state=4),
    }
    x = random.uniform(-1, 1, (2000, 6))
    made["xor"] = (x, ((x[:, 0] > 0) ^ (x[:, 1] > 0) ^ (random.random(2000) < 0.1)).astype(int))
    for name, (x, y) in made.items():
        tables[name] = ("classes", of(x, classes(y)))
    tables["friedman1"] = ("numbers", of(*sk.make_friedman1(1000, 10, noise=1.0, random_state=6)))
    tables["friedman2"] = ("numbers", of(*sk.make_friedman2(1000, noise=50.0, random_state=7)))
    tables["friedman3"] = ("numbers", of(*sk.make_friedman3(1000, noise=0.1, random_state=8)))
    tables["sparse_linear"] = ("numbers", of(*sk.make_regression(600, 60, n_informative=8, noise=20, random_state=9)))
    for name, target, task in [("customers", "churn", "classes"), ("spend", "spend", "numbers")]:
        table = customers(0, 3000).to_pandas()
        table["y"] = classes(table["churn"]) if task == "classes" else table[target]
        tables[name] = (task, table.drop(columns=["churn", "spend"]))
    table = words(0, 3000).to_pandas()
    table["y"] = classes(table["churn"])
    tables["words"] = ("classes", table.drop(columns=["churn", "spend"]))
    return tables
