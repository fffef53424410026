"""Files of every format, written by other programs from a fixed seed."""

import datetime
import decimal
import gzip
import json
import sqlite3
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet as pq
import zstandard

from case import Case, read_csv

ROWS = 2_000
WORDS = ["plain", "with, comma", 'with "quotes"', "two\nlines", " padded ", "Zoë", "名前", "😀", "semi;colon", "tab\there"]


def doubles(random, n):
    """Any finite double there is: random bits, subnormals among them."""
    bits = random.integers(0, 2**64, n, dtype=np.uint64)
    bits[: n // 20] &= np.uint64(0x800F_FFFF_FFFF_FFFF)
    values = bits.view(np.float64)
    return np.where(np.isfinite(values), values, 0.5)


def some(random, values, share=0.1):
    return [None if random.random() < share else v for v in values]


def mixed(seed, words=WORDS):
    random = np.random.default_rng(seed)
    base = datetime.datetime(1969, 12, 1)
    moments = [base + datetime.timedelta(seconds=int(s)) for s in random.integers(0, 3_000_000_000, ROWS)]
    return pd.DataFrame({
        "whole": pd.array(some(random, random.integers(-(10**9), 10**9, ROWS).tolist()), dtype="Int64"),
        "any": [repr(float(x)) for x in doubles(random, ROWS)],
        "price": some(random, np.round(random.normal(1e4, 1e4, ROWS), 2).tolist()),
        "word": some(random, [words[i] for i in random.integers(0, len(words), ROWS)]),
        "zip": [f"{n:05d}" for n in random.integers(0, 99_999, ROWS)],
        "flag": some(random, [["true", "false"][i] for i in random.integers(0, 2, ROWS)]),
        "big": [str(n) for n in random.integers(2**53, 2**63, ROWS)],
        "at": some(random, [m.isoformat() for m in moments]),
    })


TEXTS = {"word": str, "zip": str, "big": str, "at": str}
MIXED = {"whole": "int64", "any": "double", "price": "double", "zip": "string", "flag": "bool", "big": "string", "at": "timestamp"}


def delimited(folder):
    def case(name, text, ending="csv", flags=(), types=MIXED, dates={}, encoding="utf-8", **options):
        path = folder / f"{name}.{ending}"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        options = {"encoding": encoding, "dtype": TEXTS} | options
        return Case(name, path, read_csv(path, **options), list(flags), types, dates)

    table = mixed(1)
    text = table.to_csv(index=False)
    yield case("csv", text)
    yield case("csv-crlf", table.to_csv(index=False, lineterminator="\r\n"))
    yield case("csv-bom", text, encoding="utf-8-sig")
    yield case("tsv", table.to_csv(index=False, sep="\t"), "tsv", sep="\t")
    yield case("pipes", table.to_csv(index=False, sep="|"), sep="|")
    yield case("quoted", table.to_csv(index=False, quoting=1))
    yield case("gz", gzip.compress(text.encode()), "csv.gz")
    yield case("zst", zstandard.compress(text.encode()), "csv.zst")
    yield case("gz-named-csv", gzip.compress(text.encode()), compression="gzip")
    yield case("utf-16-mark", text, encoding="utf-16")
    yield case("utf-16-be", text, encoding="utf-16-be", flags=["--encoding", "utf-16be"])
    latin = [w for w in WORDS if w.isascii()] + ["Zoë", "Ærø", "naïve"]
    yield case("latin-1", mixed(2, latin).to_csv(index=False), encoding="latin-1")
    yield case("cp1252", mixed(3, [*latin, "“so”", "€"]).to_csv(index=False), encoding="cp1252")
    japanese = [w for w in WORDS if w.isascii()] + ["名前", "東京", "表示", "ソート", "ｶﾅ"]
    yield case("shift-jis", mixed(4, japanese).to_csv(index=False), encoding="cp932")

    comma = mixed(5)[["whole", "price", "word", "at"]]
    kinds = {name: MIXED[name] for name in ["whole", "price", "at"]}
    text = comma.to_csv(index=False, sep=";", decimal=",")
    yield case("decimal-comma", text, sep=";", decimal=",", types=kinds)
    grouped = comma.assign(price=[None if x != x else f"{x:,.2f}" for x in comma["price"]])
    yield case("thousands", grouped.to_csv(index=False), thousands=",", types=kinds)
    swap = str.maketrans(",.", ".,")
    grouped = comma.assign(price=[x.translate(swap) if isinstance(x, str) else None for x in grouped["price"]])
    yield case("thousands-point", grouped.to_csv(index=False, sep=";"), sep=";", decimal=",", thousands=".", types=kinds)

    lines = comma[["whole", "price"]].to_csv(index=False).splitlines()
    text = "# by hand\n" + "\n".join(f"{line}\n# {i}" if i % 100 == 7 else line for i, line in enumerate(lines)) + "\n"
    yield case("comments", text, comment="#", types={"whole": "int64", "price": "double"})
    text = "".join(line + ["\n", "\r\n", "\n\n"][i % 3] for i, line in enumerate(lines))
    yield case("line-ends", text, types={"whole": "int64", "price": "double"})

    # Halfway between two doubles, and a digit far behind that decides.
    random = np.random.default_rng(6)
    hard = ["9007199254740993.0", "9007199254740992.99999999999999999999", "1.7976931348623158e308", "2.2250738585072011e-308",
            "4.9406564584124654e-324", "2.4703282292062327e-324", "-0.0", "0.1e-5", "1e23", "8.41e21", "+5.5", ".5", "5."]
    for x in np.abs(doubles(random, 400)):
        next_up = struct.unpack("<d", struct.pack("<q", struct.unpack("<q", struct.pack("<d", x))[0] + 1))[0]
        if np.isfinite(next_up):
            middle = (decimal.Decimal(float(x)) + decimal.Decimal(next_up)) / 2
            hard += [f"{middle:.30e}", f"{middle:.17e}", f"{middle:.19e}", f"{middle:.60e}"]
    path = folder / "hard.csv"
    path.write_text("x\n" + "\n".join(hard) + "\n")
    # CPython's float() rounds correctly whatever the number of digits.
    yield Case("hard-numbers", path, lambda: pd.DataFrame({"x": [float(x) for x in hard]}), types={"x": "double"})

    tokens = ["", "#N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "<NA>", "-nan", "null"]
    path = folder / "tokens.csv"
    path.write_text("n,word\n" + "".join(f"{t if i % 2 else i},{t if i % 3 else 'x'}\n" for i, t in enumerate(tokens * 20)))
    yield Case("tokens", path, read_csv(path), types={"n": "int64", "word": "string"})

    random = np.random.default_rng(7)
    days = [datetime.date(1950, 1, 1) + datetime.timedelta(days=int(d)) for d in random.integers(0, 40_000, 500)]
    for name, format in [("dots", "%d.%m.%Y"), ("day-first", "%d/%m/%Y"), ("month-first", "%m/%d/%Y")]:
        path = folder / f"{name}.csv"
        path.write_text("day,n\n" + "".join(f"{d.strftime(format)},{i}\n" for i, d in enumerate(days)))
        yield Case(f"dates-{name}", path, read_csv(path, dtype={"day": str}), types={"day": "timestamp"}, dates={"day": format})

    parts = folder / "parts"
    parts.mkdir()
    for month in range(3):
        mixed(20 + month).to_csv(parts / f"2026-{month + 1:02d}.csv", index=False)
    read = lambda: pd.concat([read_csv(p, dtype=TEXTS)() for p in sorted(parts.iterdir())], ignore_index=True)
    yield Case("folder", parts, read, types=MIXED)


def types_table(seed):
    random = np.random.default_rng(seed)
    n = ROWS
    whole = lambda low, high, kind: pa.array(some(random, random.integers(low, high, n).tolist()), kind)
    seconds = random.integers(-(10**9), 2 * 10**9, n)
    columns = {
        "i8": whole(-128, 128, pa.int8()), "i16": whole(-(2**15), 2**15, pa.int16()), "i32": whole(-(2**31), 2**31, pa.int32()),
        "i64": whole(-(2**53), 2**53, pa.int64()), "u8": whole(0, 256, pa.uint8()), "u16": whole(0, 2**16, pa.uint16()),
        "u32": whole(0, 2**32, pa.uint32()),
        "u64": pa.array(random.integers(0, 2**64, n, dtype=np.uint64)), "beyond": whole(2**53, 2**63, pa.int64()),
        "f32": pa.array(some(random, random.normal(0, 1e6, n).tolist()), pa.float32()), "f64": pa.array(doubles(random, n)),
        "flag": pa.array(some(random, (random.random(n) < 0.5).tolist())),
        "text": pa.array(some(random, [WORDS[i] for i in random.integers(0, 10, n)])),
        "large": pa.array([f"row {i}" for i in range(n)], pa.large_string()),
        "coded": pa.array(some(random, [WORDS[i] for i in random.integers(0, 5, n)])).dictionary_encode(),
        "day": pa.array((seconds // 86_400).tolist(), pa.int32()).cast(pa.date32()),
        "s": pa.array(some(random, seconds.tolist()), pa.timestamp("s")), "ms": pa.array(seconds * 1000 + 7, pa.timestamp("ms")),
        "us": pa.array(seconds * 10**6 + 1234, pa.timestamp("us")), "ns": pa.array(seconds * 10**9 - 5, pa.timestamp("ns")),
        "zone": pa.array(seconds * 1000, pa.timestamp("ms", tz="Asia/Kathmandu")),
        "gone": pa.nulls(n, pa.int32()),
    }
    return pa.table(columns)


def columnar(folder):
    table = types_table(11)
    kinds = {"i8": "int64", "u32": "int64", "f32": "double", "flag": "bool", "day": "timestamp", "ns": "timestamp", "zone": "timestamp"}
    written = [("none", "NONE", "1.0"), ("snappy", "SNAPPY", "1.0"), ("zstd", "ZSTD", "2.0"), ("gzip", "GZIP", "1.0"), ("lz4", "LZ4", "2.0")]
    for name, codec, page in written:
        path = folder / f"{name}.parquet"
        pq.write_table(table, path, compression=codec, data_page_version=page, row_group_size=700, use_dictionary=codec != "NONE")
        yield Case(f"parquet-{name}", path, lambda path=path: pq.read_table(path), types=kinds)
    path = folder / "decimals.parquet"
    numbers = [None if i % 9 == 0 else decimal.Decimal(i * 37 - 9000).scaleb(-2) for i in range(ROWS)]
    pq.write_table(pa.table({"money": pa.array(numbers, pa.decimal128(12, 2))}), path)
    yield Case("parquet-decimals", path, lambda path=path: pq.read_table(path), types={"money": "double"})
    path = folder / "pandas.parquet"
    mixed(12).to_parquet(path)
    yield Case("parquet-pandas", path, lambda path=path: pd.read_parquet(path))

    for codec in ["lz4", "zstd", "uncompressed"]:
        feather = folder / f"{codec}.feather"
        pa.feather.write_feather(table, feather, compression=codec, chunksize=700)
        yield Case(f"feather-{codec}", feather, lambda feather=feather: pa.feather.read_table(feather), types=kinds)
    stream = folder / "stream.arrows"
    with pa.OSFile(str(stream), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=700)
    yield Case("arrow-stream", stream, lambda: pa.ipc.open_stream(pa.OSFile(str(stream))).read_all(), types=kinds)


def documents(folder):
    random = np.random.default_rng(31)
    rows = []
    for i in range(ROWS):
        row = {"id": i, "any": float(doubles(random, 1)[0]), "word": WORDS[i % 10], "flag": bool(i % 3), "share": round(float(random.random()), 4)}
        if i % 7 == 3:
            del row["word"]
        if i % 11 == 0:
            row["share"] = None
        rows.append(row)
    kinds = {"id": "int64", "any": "double", "flag": "bool", "share": "double"}
    reference = lambda: pd.DataFrame({name: pd.Series([r.get(name) for r in rows], dtype=object) for name in ["id", "any", "word", "flag", "share"]})
    path = folder / "records.json"
    path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    yield Case("json", path, reference, types=kinds)
    escaped = folder / "escaped.json"
    escaped.write_text(json.dumps(rows, indent=2))
    yield Case("json-escaped", escaped, reference, types=kinds)
    table = folder / "pandas.json"
    mixed(32)[["whole", "price", "word", "zip"]].to_json(table, orient="records", double_precision=15)
    read = lambda: pd.read_json(table, orient="records", dtype=False, convert_dates=False, precise_float=True)
    yield Case("json-pandas", table, read, types={"whole": "int64", "price": "double", "zip": "string"})
    lines = folder / "lines.ndjson"
    lines.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    yield Case("ndjson", lines, lambda: pa.json.read_json(lines), types=kinds)
    packed = folder / "lines.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    yield Case("ndjson-gz", packed, reference, types=kinds)


def workbooks(folder):
    table = mixed(41)[["whole", "price", "word", "zip"]].head(500)
    table = table.assign(
        flag=[i % 3 == 0 for i in range(500)],
        at=[pd.Timestamp("2020-01-01") + pd.Timedelta(minutes=15 * i) for i in range(500)],
        day=[datetime.date(2000, 2, 28) + datetime.timedelta(days=i) for i in range(500)],
    )
    path = folder / "book.xlsx"
    with pd.ExcelWriter(path) as writer:
        table.to_excel(writer, sheet_name="first", index=False)
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}).to_excel(writer, sheet_name="second", index=False)
    kinds = {"whole": "int64", "price": "double", "zip": "string", "flag": "bool", "at": "timestamp", "day": "timestamp"}
    read = lambda: pd.read_excel(path, sheet_name="first", dtype={"zip": str})
    yield Case("xlsx", path, read, ["--sheet", "first"], kinds)
    yield Case("xlsx-second", path, lambda: pd.read_excel(path, sheet_name="second"), ["--sheet", "second"], {"a": "int64"})


def databases(folder):
    path = folder / "shop.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, price REAL, word TEXT, n INTEGER)")
    random = np.random.default_rng(51)
    values = [(i, p, WORDS[i % 10] if i % 6 else None, int(n)) for i, (p, n) in enumerate(zip(some(random, doubles(random, ROWS).tolist()), random.integers(-9, 9, ROWS)))]
    connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", values)
    connection.execute("CREATE TABLE other (a)")
    connection.commit()
    connection.close()

    def read():
        connection = sqlite3.connect(path)
        frame = pd.read_sql_query("SELECT * FROM orders", connection)
        connection.close()
        return frame

    kinds = {"id": "int64", "price": "double", "word": "string", "n": "int64"}
    yield Case("sqlite", path, read, ["--table", "orders"], kinds)


def cases(folder):
    files = folder / "files"
    files.mkdir()
    for group in [delimited, columnar, documents, workbooks, databases]:
        yield from group(files)
