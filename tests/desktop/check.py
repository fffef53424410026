#!/usr/bin/env python3
"""Drives the real program as a person with a mouse, a keyboard and a screen reader would.

    check.py BINARY OUTPUT       start it through run.sh, which knows what must be installed

The outer call makes a private X display and a private D-Bus session and starts itself again inside.
"""

import contextlib
import fnmatch
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time

import labels
import rules
import trouble
from harness import (
    IMPORT_SECONDS,
    SAMPLES,
    TRAIN_SECONDS,
    Failed,
    Program,
    Report,
    must_be_idle,
    must_close,
    must_name_every_control,
    must_not_have_panicked,
    photograph,
    wait_until,
)

SAMPLE, SAMPLE_ROWS, TARGET = "churn-2026-01.csv", 20_000, "churned"
# A blank and an accent: what arrives must have been decoded.
DROP_NAME = "déposé ici/churn reference.csv"
PAGES = {
    "overview": "ctrl+1", "data": "ctrl+2", "checks": "ctrl+3", "train": "ctrl+4", "runs": "ctrl+5", "ship": "ctrl+6",
    "monitor": "ctrl+7", "activity": "ctrl+8", "storage": "ctrl+9", "settings": "ctrl+comma",
}  # fmt: skip
# All of it takes about three minutes on two busy cores.
DISPLAY_SECONDS, ALL_SECONDS = 30, 1800
# "Train 7 models", not the page of that name in the rail.
TRAIN_BUTTON = "Train ?*"
# The import panel's, with the number of rows.
IMPORT_BUTTON = "Import ?* rows"


def import_by_drop(program, screen, window, folder):
    path = folder / DROP_NAME
    path.parent.mkdir()
    shutil.copyfile(SAMPLES / SAMPLE, path)
    screen.drop(window, [path])
    program.press_soon(IMPORT_BUTTON)

    def imported():
        program.must_run()
        return program.ask("datasets")["datasets"]

    found = wait_until("the dropped file to be imported", IMPORT_SECONDS, imported, pause=1)
    if [dataset["rows"] for dataset in found] != [SAMPLE_ROWS]:
        raise Failed(f"expected one dataset of {SAMPLE_ROWS} rows, got {found}")


def wait_with_the_panel(program, screen, window, folder):
    """The panel waits for a decision: nothing is looked at again meanwhile."""
    screen.drop(window, [folder / DROP_NAME])
    shown = lambda: any(fnmatch.fnmatch(control["name"], IMPORT_BUTTON) for control in program.controls())
    wait_until("the import panel", 30, shown, pause=1)
    must_be_idle(program, screen)
    screen.focus(window)
    screen.press("Escape")


def train(program, screen, window):
    screen.focus(window)
    screen.press(PAGES["train"])

    program.press_soon(TRAIN_BUTTON)

    def finished():
        program.must_run()
        runs = program.ask("runs")["runs"]
        return runs if runs and all(run["status"] != "running" for run in runs) else None

    wait_until("the first run to be recorded", 120, lambda: program.ask("runs")["runs"], pause=1)
    # Runs of one request are recorded one after another: quiet for three seconds means that was all.
    runs = wait_until("training to end", TRAIN_SECONDS, finished, pause=3)
    statuses = sorted({run["status"] for run in runs})
    if statuses != ["completed"]:
        raise Failed(f"runs ended as {statuses}")
    if {run["target"] for run in runs} != {TARGET}:
        raise Failed(f"expected target {TARGET}, got {sorted({run['target'] for run in runs})}")


def visit(report, program, screen, window, number, output):
    page, keys = list(PAGES.items())[number - 1]
    with report.check(f"page {page} draws"):
        program.must_run()
        screen.focus(window)
        screen.press(keys)
        time.sleep(1.5)
        photograph(screen, window, output / f"page-{number}-{page}.png")
    with report.check(f"page {page} names every control"):
        must_name_every_control(program, output / f"page-{number}-{page}.txt")


def first_start(report, screen, binary, workspace, folder, output):
    program = Program(binary, workspace, output, "first-start")
    try:
        window = None
        with report.check("the window opens"):
            window = program.window(screen)
            time.sleep(2)
            photograph(screen, window, output / "01-start.png")
        if window is None:
            return
        with report.check("the first start names every control"):
            must_name_every_control(program, output / "01-start.txt")
        with report.check("idle before anything was done"):
            must_be_idle(program, screen)
        with report.check("a file dropped by another program is imported"):
            import_by_drop(program, screen, window, folder)
            time.sleep(2)
            photograph(screen, window, output / "02-imported.png")
        with report.check("training from the Train page"):
            train(program, screen, window)
            time.sleep(2)
            photograph(screen, window, output / "03-trained.png")
        for number in range(1, len(PAGES) + 1):
            visit(report, program, screen, window, number, output)
        with report.check("idle after the work"):
            must_be_idle(program, screen)
        with report.check("closing the window ends the program with 0"):
            must_close(program, screen, window)
        with report.check("no panic"):
            must_not_have_panicked(program)
    finally:
        program.end()


def second_start(report, screen, binary, workspace, folder, output):
    program = Program(binary, workspace, output, "second-start")
    try:
        window = None
        with report.check("the window opens again"):
            window = program.window(screen)
            time.sleep(2)
            photograph(screen, window, output / "04-restart.png")
        if window is None:
            return
        with report.check("idle after the restart"):
            must_be_idle(program, screen)
        with report.check("idle while the import panel waits"):
            wait_with_the_panel(program, screen, window, folder)
        with report.check("the dataset and the runs are still there"):
            datasets, runs = program.ask("datasets")["datasets"], program.ask("runs")["runs"]
            if [d["rows"] for d in datasets] != [SAMPLE_ROWS] or not runs:
                raise Failed(f"datasets {datasets}, {len(runs)} runs")
        with report.check("the workspace verifies"):
            verified = program.ask("verify", codes=(0, 1, 3))
            if not verified["ok"]:
                raise Failed(f"damaged: {verified['damaged']}")
        with report.check("closing it again ends with 0"):
            must_close(program, screen, window)
        with report.check("no panic after the restart"):
            must_not_have_panicked(program)
    finally:
        program.end()


def announce_screen_reader():
    """AccessKit publishes its tree only while the desktop says that somebody listens."""
    for switch in ("IsEnabled", "ScreenReaderEnabled"):
        subprocess.run(
            ["dbus-send", "--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus",
             "org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", f"string:{switch}", "variant:boolean:true"],
            check=True, stdout=subprocess.DEVNULL, timeout=30,
        )  # fmt: skip


def inside(binary, output, folder):
    from x11 import Screen

    announce_screen_reader()
    report, screen = Report(), Screen()
    workspace = folder / "workspace"
    first_start(report, screen, binary, workspace, folder, output)
    second_start(report, screen, binary, workspace, folder, output)
    rules.check(report, screen, binary, folder, output)
    labels.check(report, screen, binary, folder, output)
    trouble.check(report, screen, binary, folder, output)
    print(f"screenshots, control lists and logs: {output}")
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


def environment(folder, number):
    """Nothing of the user's own home, session or display is in reach."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "RUST_LOG") if name in os.environ}
    places = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache",
              "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run"}  # fmt: skip
    for place in places.values():
        (folder / place).mkdir(mode=0o700)
    kept.update({name: str(folder / place) for name, place in places.items()})
    kept.update(DISPLAY=f":{number}", LIBGL_ALWAYS_SOFTWARE="1", RUST_BACKTRACE="1", PYTHONDONTWRITEBYTECODE="1")
    return kept


@contextlib.contextmanager
def virtual_display(folder):
    """An Xvfb that picks a free number itself; yields the number."""
    reading, writing = os.pipe()
    with open(folder / "xvfb.log", "wb") as log:
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x900x24", "+extension", "GLX", "-nolisten", "tcp"]
        server = subprocess.Popen(command, pass_fds=[writing], stdout=log, stderr=log)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            ready, _, _ = select.select([answer], [], [], DISPLAY_SECONDS)
            number = answer.readline().strip() if ready else ""
        if not number:
            why = (folder / "xvfb.log").read_text("utf-8", "replace")[-600:] or "it said nothing"
            sys.exit(f"Xvfb did not start within {DISPLAY_SECONDS} s: {why}")
        yield number
    finally:
        end(server)


def end(process):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def outside(binary, output):
    with tempfile.TemporaryDirectory(prefix="modelwright-desktop-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        with virtual_display(folder) as number:
            variables = environment(folder, number)
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            manager = subprocess.Popen(["openbox"], env=variables, **quiet)
            try:
                command = ["dbus-run-session", "--", sys.executable, __file__, binary, str(output), name]
                with open(output / "session.log", "wb") as log:  # the bus daemons are talkative
                    code = subprocess.run(command, env=variables, stderr=log, timeout=ALL_SECONDS).returncode
                if code not in (0, 1):
                    print((output / "session.log").read_text("utf-8", "replace")[-3000:], file=sys.stderr)
                return code
            except subprocess.TimeoutExpired:
                sys.exit(f"the checks were not through after {ALL_SECONDS} s; the last line above says where")
            finally:
                end(manager)


def main():
    if len(sys.argv) == 3:
        return outside(sys.argv[1], pathlib.Path(sys.argv[2]))
    if len(sys.argv) == 4:
        return inside(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
