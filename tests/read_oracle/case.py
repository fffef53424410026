"""One file and how the other side reads it."""

import dataclasses
import pathlib
import typing

import pandas as pd


@dataclasses.dataclass
class Case:
    name: str
    path: pathlib.Path
    read: typing.Callable
    flags: list = dataclasses.field(default_factory=list)
    # Columns that must be stored as this type, so that a table of nothing but text cannot pass.
    types: dict = dataclasses.field(default_factory=dict)
    # The strptime format of columns that are dates here and text to pandas; ISO 8601 otherwise.
    dates: dict = dataclasses.field(default_factory=dict)


def read_csv(path, **options):
    options = {"float_precision": "round_trip", "low_memory": False} | options
    return lambda: pd.read_csv(path, **options)
