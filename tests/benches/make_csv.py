#!/usr/bin/env python3
"""Writes a large CSV for measurements: the same bytes for the same arguments on any machine, about 165 bytes a row.

    python3 tests/benches/make_csv.py ROWS OUT.csv

20 columns: identifier, two dates, whole and decimal numbers of several shapes, categories of 3 to 5,000 values, yes/no,
free text, an e-mail, gaps in several columns, and a target that depends on three of them. Needs NumPy; writes about
500,000 rows a second.
"""

import sys

import numpy as np

BATCH = 200_000
HEADER = (
    "id,signup,last_seen,age,income,balance,score,visits,items,price,city,segment,plan,device,product,active,"
    "email,comment,discount,churn"
)
WORDS = (
    "the order came late but support was friendly and quick price too high for what it does works as described will "
    "buy again never again arrived damaged box was open colour differs from picture size runs small easy to set up"
).split()


def strings(values):
    return np.asarray(values, dtype=object)


def pick(rng, values, n, power=1.0):
    """`n` of `values`, the first ones more often the higher `power`."""
    return strings(values)[(rng.random(n) ** power * len(values)).astype(np.int64)]


def gaps(rng, cells, share):
    cells = cells.copy()
    cells[rng.random(len(cells)) < share] = ""
    return cells


def formatted(values, form):
    return strings([form % v for v in values.tolist()])


def batch(start, n):
    rng = np.random.Generator(np.random.PCG64([20_260_101, start]))
    days = strings(np.arange("2018-01-01", "2026-01-01", dtype="datetime64[D]").astype(str))
    seconds = rng.integers(1_577_836_800, 1_767_225_600, n).astype("datetime64[s]").astype(str)
    age = np.clip(rng.normal(44, 15, n), 18, 95).astype(np.int64)
    income = np.exp(rng.normal(10.3, 0.5, n))
    score = rng.normal(0, 1, n)
    visits = rng.poisson(4, n)
    segment = (rng.random(n) ** 1.5 * 3).astype(np.int64)
    risk = 1 / (1 + np.exp(2.0 - 0.8 * score + 0.12 * visits - 0.7 * (segment == 2)))
    cities = ["city %04d" % i for i in range(5000)]
    products = ["SKU-%05d" % i for i in range(800)]
    first = pick(rng, ["anna", "ben", "chen", "dara", "emil", "fatou", "gita", "hugo", "ines", "jan"], n)
    comment = pick(rng, WORDS, n) + " " + pick(rng, WORDS, n) + " " + pick(rng, WORDS, n) + " " + pick(rng, WORDS, n)
    return [
        formatted(np.arange(start + 1, start + n + 1), "%d"),
        pick(rng, days, n),
        gaps(rng, strings(np.char.add(seconds, "Z")), 0.03),
        formatted(age, "%d"),
        gaps(rng, formatted(income, "%.2f"), 0.05),
        formatted(rng.normal(0, 2500, n), "%.2f"),
        formatted(score, "%.6f"),
        formatted(visits, "%d"),
        formatted(rng.integers(0, 1_000_000, n), "%d"),
        pick(rng, ["9.99", "19.99", "24.50", "49.00", "99.95", "149.00"], n, 2.0),
        gaps(rng, pick(rng, cities, n, 2.0), 0.02),
        strings(["consumer", "business", "public"])[segment],
        pick(rng, ["basic", "family", "pro", "student"], n, 1.5),
        pick(rng, ["phone", "tablet", "desktop"], n),
        pick(rng, products, n, 3.0),
        pick(rng, ["yes", "no"], n),
        first + formatted(rng.integers(0, 100_000, n), "%d") + "@example.com",
        gaps(rng, comment, 0.4),
        gaps(rng, formatted(rng.integers(0, 50, n), "%d"), 0.5),
        formatted((rng.random(n) < risk).astype(np.int64), "%d"),
    ]


def main():
    rows, out = int(sys.argv[1]), sys.argv[2]
    with open(out, "w", newline="", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for start in range(0, rows, BATCH):
            columns = batch(start, min(BATCH, rows - start))
            file.write("\n".join(map(",".join, zip(*columns))) + "\n")


if __name__ == "__main__":
    main()
