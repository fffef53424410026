"""The second half of the desktop check: what comes from outside the window, and what goes wrong.

Files as arguments, another process and another window on the same workspace, a picture of a chart, a worker that is
killed, closing while a job runs, and systems where no window can open.
"""

import contextlib
import csv
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time

from harness import (
    IMPORT_SECONDS,
    QUIT_PROMPTLY,
    QUIT_SECONDS,
    SAMPLES,
    TRAIN_SECONDS,
    Failed,
    Program,
    must_close,
    must_not_have_panicked,
    photograph,
    wait_until,
)

SMALL, SMALL_ROWS = SAMPLES / "iris.csv", 150
LARGE, LARGE_NAME = SAMPLES / "churn-2026-01.csv", "churn"
# "Train 7 models", not the page of that name in the rail.
IMPORT_BUTTON = "Import ?* rows"
TRAIN_BUTTON = "Train ?*"
# A person waits this long for a list to show what another process did.
NOTICE_SECONDS = 15
# Longer than any start, shorter than a bus that never answers (25 s).
REFUSE_SECONDS = 15


def check(report, screen, binary, folder, output):
    frames = output / "frames.csv"
    workspace = folder / "second workspace"
    program = Program(binary, workspace, output, "trouble", "--frame-log", frames, SMALL)
    try:
        window = None
        with report.check("the window opens with a file as argument"):
            window = program.window(screen)
        if window is None:
            return
        inside(report, screen, program, window, output)
        with report.check("no panic in all this"):
            must_not_have_panicked(program)
        with report.check("the frame log has a line for every frame"):
            must_be_frame_log(frames)
    finally:
        program.end()
    without_window(report, binary, folder)


def inside(report, screen, program, window, output):
    with report.check("a file given as argument is imported"):
        program.press_soon(IMPORT_BUTTON)
        wait_until("the import", IMPORT_SECONDS, lambda: rows(program) == [SMALL_ROWS], pause=1)
    with report.check("training it"):
        go(screen, window, "ctrl+4")
        program.press_soon(TRAIN_BUTTON)
        program.shows("Trained * models*", TRAIN_SECONDS)
    with report.check("a chart is saved as a picture"):
        save_picture(screen, program, window, output)
    with report.check("what another process imports appears"):
        program.ask("import", LARGE, "--name", LARGE_NAME)
        go(screen, window, "ctrl+2")
        program.shows(f"{LARGE_NAME}*", NOTICE_SECONDS)
    with report.check("a second window on the same workspace"):
        second_window(screen, program, output)
    with report.check("a killed worker is told of, and the window lives"):
        kill_worker(screen, program, window, output)
    with report.check("closing while a job runs asks first"):
        close_while_training(screen, program, window, output)


def go(screen, window, keys):
    screen.focus(window)
    screen.press(keys)
    time.sleep(0.5)


def rows(program):
    program.must_run()
    return [dataset["rows"] for dataset in program.ask("datasets")["datasets"]]


def save_picture(screen, program, window, output):
    """No portal and no zenity here: the program asks for the path itself."""
    path = pathlib.Path(os.environ["HOME"], "Chart-1.png")
    go(screen, window, "ctrl+5")
    program.press_soon("Curves", ["toggle button", "push button", "page tab", "radio button", "button"])
    program.press_soon("More for *")
    program.press_soon("Save as PNG…", ["push button", "button", "menu item"])
    program.shows("Path")
    photograph(screen, window, output / "07-path-field.png")
    screen.focus(window)
    screen.type(path.name)  # replaces what is suggested; a bare name goes to the home folder
    screen.press("Return")
    wait_until(f"{path.name}", 20, lambda: path.exists() and path.stat().st_size > 0)
    program.shows(f"Saved {path.name} in {path.parent}")
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    if not (100 < width < 1200 and 100 < height < 700):
        raise Failed(f"the picture is {width} by {height} pixels, not a chart")
    shutil.copy(path, output / "08-chart.png")


def second_window(screen, program, output):
    second = Program(program.binary, program.workspace, output, "second-window")
    try:
        window = second.window(screen)
        go(screen, window, "ctrl+2")
        second.shows(f"{LARGE_NAME}*")
        must_close(second, screen, window)
        must_not_have_panicked(second)
        program.must_run()
    finally:
        second.end()


def start_training(screen, program, window):
    """Trains on the large table; its worker's process id."""
    go(screen, window, "ctrl+2")
    with contextlib.suppress(Failed):
        program.press(f"{LARGE_NAME}*", [])
    go(screen, window, "ctrl+4")
    program.press_soon(TRAIN_BUTTON)
    return wait_until("a worker", 20, program.workers, pause=0.05)[0]


def kill_worker(screen, program, window, output):
    start_training(screen, program, window)
    wait_until("a run under way", 60, lambda: unfinished(program), pause=0.2)
    # The first worker seen may have answered a question of the page; it is gone by now.
    for worker in program.workers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    program.shows("*did not finish: its process was killed*")
    time.sleep(0.5)
    photograph(screen, window, output / "05-worker-killed.png")
    program.shows(TRAIN_BUTTON)
    if left := unfinished(program):
        raise Failed(f"runs that nobody works on: {left}")


def unfinished(program):
    return [run for run in program.ask("runs")["runs"] if run["status"] == "running"]


def close_while_training(screen, program, window, output):
    worker = start_training(screen, program, window)
    screen.close(window)
    program.shows("Keep working")
    photograph(screen, window, output / "06-quit-question.png")
    program.press_soon("Keep working")
    time.sleep(1)
    program.must_run()
    if not program.workers():
        raise Failed("the job ended although work was to go on")
    screen.close(window)
    program.press_soon("Cancel * and quit")
    told = time.monotonic()
    try:
        code = program.process.wait(QUIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"still running {QUIT_SECONDS} s after it was told to quit") from None
    if code != 0:
        raise Failed(f"exit code {code}: {program.last_words()}")
    if (took := time.monotonic() - told) > QUIT_PROMPTLY:
        raise Failed(f"quitting took {took:.1f} s")
    wait_until("the worker to end", 10, lambda: not os.path.exists(f"/proc/{worker}"))


def must_be_frame_log(path):
    with open(path, newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    if len(lines) < 20:
        raise Failed(f"only {len(lines)} frames")
    for line in lines:
        numbers = {name: float(value) for name, value in line.items()}
        if set(numbers) != {"logic_ms", "ui_ms", "total_ms", "rest_ms", "waited_ms"} or min(numbers.values()) < 0:
            raise Failed(f"a line with {line}")


def without_window(report, binary, folder):
    cases = {
        "without a display": {"DISPLAY": ""},
        "with a display that is not there": {"DISPLAY": ":4711"},
        "without OpenGL": {"__EGL_VENDOR_LIBRARY_DIRS": "/nonexistent", "__GLX_VENDOR_LIBRARY_NAME": "nonexistent",
                           "LIBGL_DRIVERS_PATH": "/nonexistent", "GBM_BACKENDS_PATH": "/nonexistent"},
    }  # fmt: skip
    shown = folder / "shown"
    for case, variables in cases.items():
        shown.unlink(missing_ok=True)
        variables["PATH"] = f"{zenity(folder, shown)}:{os.environ['PATH']}"
        with report.check(f"{case} it says why and what is missing"):
            must_refuse(binary, folder / "no window", variables)
            # A dialog needs a display.
            if ("could not open its window" in shown.read_text("utf-8") if shown.exists() else False) != (
                variables.get("DISPLAY") != ""
            ):
                raise Failed("the dialog was " + (f"shown: {shown.read_text('utf-8')}" if shown.exists() else "not shown"))


def zenity(folder, shown):
    """A folder with a `zenity` that writes down what it was to show."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    script = tools / "zenity"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "{shown}"\n')
    script.chmod(0o755)
    return tools


def must_refuse(binary, workspace, variables):
    try:
        done = subprocess.run(
            [binary, "--workspace", workspace], env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=REFUSE_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Failed(f"still running after {REFUSE_SECONDS} s") from None
    if done.returncode != 1 or "could not open its window" not in done.stderr or "panicked" in done.stderr:
        raise Failed(f"exit code {done.returncode}: {done.stderr.strip()[-600:] or 'it said nothing'}")
    log = os.path.join(os.environ["XDG_DATA_HOME"], "modelwright", "modelwright.log")
    if not os.path.exists(log):
        raise Failed(f"no log file {log}")
