"""Real tables: the repository's sample data, and tables of R packages as pydataset carries them."""

import importlib.metadata
import pathlib
import tarfile

from case import Case, read_csv

SAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "sample-data"

# Measurements, surveys, panels, films; with missing cells, quotes, dates, unnamed first columns, half a million cells.
TABLES = [
    "COUNT/titanic", "Ecdat/Wages", "HistData/Galton", "MASS/Cars93", "MASS/survey", "car/SLID", "datasets/airquality",
    "datasets/quakes", "ggplot2/diamonds", "ggplot2/economics", "ggplot2/movies", "ggplot2/msleep", "lme4/InstEval",
    "plm/Grunfeld", "survival/lung", "vcd/Arthritis",
]


def cases(folder):
    for path in sorted(SAMPLES.glob("*.csv")):
        if path.stem != "churn-broken":
            yield Case(f"sample-{path.stem}", path, read_csv(path, dtype={"postcode": str}))
    # Its import would unpack itself into the home folder; the archive is all that is wanted.
    package = importlib.metadata.distribution("pydataset")
    with tarfile.open(package.locate_file("pydataset/resources.tar.gz")) as archive:
        for table in TABLES:
            path = folder / f"{table.replace('/', '-')}.csv"
            path.write_bytes(archive.extractfile(f"resources/rdata/csv/{table}.csv").read())
            # The column of row numbers has no name; pandas calls it so, we call it column_1.
            read = read_csv(path)
            yield Case(f"real-{path.stem}", path, lambda read=read: read().rename(columns={"Unnamed: 0": "column_1"}))
