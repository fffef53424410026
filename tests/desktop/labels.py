"""Labels that look wrong, in the real window: relabelled, left out, and the rest signed off and published."""

import csv
import random

from harness import Failed, Program, must_close, must_not_have_panicked, photograph, wait_until
from rules import ANY, go

NAME, TARGET = "noisy", "late"
ROWS, SUNDAYS, FLIPPED = 700, 40, 20


def check(report, screen, binary, folder, output):
    program = Program(binary, folder / "labels", output, "labels")
    try:
        window = None
        with report.check("a window for labels opens"):
            program.ask("import", noisy(folder), "--name", NAME)
            program.ask("check", NAME, "--target", TARGET, codes=(0, 3))
            program.ask("gates", "add", "publish", "sign-off")
            window = program.window(screen)
        if window is None:
            return
        with report.check("labels that look wrong are relabelled as a new version"):
            relabel(screen, program, window, output)
        with report.check("rows are left out, the rest is signed off and published"):
            publish(screen, program, window, output)
        with report.check("closing the window of labels"):
            must_close(program, screen, window)
            must_not_have_panicked(program)
    finally:
        program.end()


def noisy(folder):
    """A table whose label follows from two columns, but for some that were flipped. On Sundays it is chance, so that
    nobody is sure of any label then: the pair that is equal but for the label is divided, and neither is a suspect."""
    chance = random.Random(7)
    rows = []
    for _ in range(ROWS):
        distance, load = chance.uniform(-1, 1), chance.uniform(-1, 1)
        rows.append(["working day", distance, load, distance + load > 0])
    certain = [row for row in rows if abs(row[1] + row[2]) > 0.5]
    for row in chance.sample(certain, FLIPPED):
        row[3] = not row[3]
    rows += [["sunday", chance.uniform(-1, 1), chance.uniform(-1, 1), at % 2 == 0] for at in range(SUNDAYS)]
    rows += [["sunday", 0.01, -0.01, True], ["sunday", 0.01, -0.01, False]]
    path = folder / "noisy.csv"
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["day", "distance", "load", TARGET])
        writer.writerows([day, f"{a:.4f}", f"{b:.4f}", "yes" if late else "no"] for day, a, b, late in rows)
    return path


def listed(program, version):
    return program.ask("suspects", f"{NAME}@{version}", "--target", TARGET)["rows"]


def relabel(screen, program, window, output):
    before = listed(program, 1)
    go(screen, program, window, "ctrl+3", "Labels")
    program.press_soon("Labels", ANY)
    program.shows("* contradicted labels*")
    photograph(screen, window, output / "11-labels.png")
    program.press_soon("Tick all")
    program.press_soon("Relabel * as suggested")
    program.shows(f"Saved {NAME}@2*")
    suspects = {row["row"] for row in before if row["objection"] == "suspect"}
    left = {row["row"] for row in listed(program, 2) if row["objection"] == "suspect"}
    if len(suspects) < FLIPPED // 2 or left & suspects:
        raise Failed(f"{len(suspects)} suspects before, and {sorted(left & suspects)} are left")


def publish(screen, program, window, output):
    # The list follows to the new version, in which only the pair is left.
    program.press_soon("Conflicting · 2", ANY)
    program.press_soon("Tick all")
    program.press_soon("Leave 2 rows out")
    program.shows(f"Set 2 rows aside*{NAME}@3 holds the rest")
    program.press_soon("Gates and sign-off", ANY)
    for question in ("Is the data objective*", "Is it fit*", "Are its hidden*", "Is it free*"):
        program.press_soon(f"Yes: {question}", ANY)
    program.press_soon("Sign off")
    program.shows("Answer again")
    photograph(screen, window, output / "12-sign-off.png")
    program.press_soon(f"Publish {NAME}@3")
    program.shows(f"Published {NAME}@3*")
    main = lambda: [b["version"] for b in program.ask("branch", "list", NAME)["branches"] if b["branch"] == "main"]
    wait_until("main to lead to it", 10, lambda: main() == [3])
