"""Our own program: imports, trains and scores in a workspace of its own, and says what that cost."""

import json
import os
import pathlib
import subprocess
import tempfile
import time

BINARY = os.environ.get("MW_BINARY", "modelwright")


class Ours:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="modelwright-bench-", dir=os.environ.get("MW_DATA"))
        self.files = pathlib.Path(self.folder.name)
        self.workspace = self.files / "workspace"
        self.imported = {}

    def run(self, *words, allow=(0,)):
        """The document a command prints, and what it cost: CPU seconds and peak memory of it and its workers."""
        command = [BINARY, "--workspace", str(self.workspace), "--json", "--memory-budget", "8GB", *map(str, words)]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
            began = time.perf_counter()
            child = subprocess.Popen(command, stdout=out, stderr=said)
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            said.seek(0)
            if child.returncode not in allow:
                raise SystemExit(f"{' '.join(command)}\n{said.read().decode()}")
            text = out.read()
        cost = {"cpu_s": usage.ru_utime + usage.ru_stime, "wall_s": wall, "peak_mb": usage.ru_maxrss / 1024}
        return (json.loads(text) if text else {}), cost

    def dataset(self, path):
        """The name of the dataset a file is, imported once."""
        path = pathlib.Path(path)
        if path not in self.imported:
            name = path.stem.replace(" ", "-")
            self.run("import", path, "--name", name)
            self.imported[path] = name
        return self.imported[path]

    def categories(self, path, columns):
        """Says that these columns are categories, however many values they have: the others are told so too."""
        for column in columns:
            self.run("set-kind", self.dataset(path), column, "categorical")

    def train(self, path, target, *words):
        return self.run("train", self.dataset(path), "--target", target, *words)

    def split(self, run):
        """Which rows a run trained and tested on."""
        rows, _ = self.run("split", run)
        return rows["train"], rows["test"]
