"""The Checks page of the real window: a rule as it is written, and a gate that is closed."""

import contextlib

from harness import SAMPLES, Failed, Program, must_close, must_not_have_panicked, photograph, wait_until

SAMPLE, NAME = SAMPLES / "iris.csv", "iris"
ANY = []


def check(report, screen, binary, folder, output):
    program = Program(binary, folder / "rules", output, "rules")
    try:
        window = None
        with report.check("a window for rules and gates opens"):
            program.ask("import", SAMPLE, "--name", NAME)
            program.ask("check", NAME, "--target", "species", codes=(0, 3))
            program.ask("gates", "add", "train", "sign-off")
            window = program.window(screen)
        if window is None:
            return
        with report.check("a rule says what it finds while it is written"):
            write_a_rule(screen, program, window, output)
        with report.check("a closed gate asks for a reason, which is kept"):
            pass_a_gate(screen, program, window, output)
        with report.check("closing the window of rules and gates"):
            must_close(program, screen, window)
            must_not_have_panicked(program)
    finally:
        program.end()


def go(screen, program, window, keys, shown):
    """To a page, by its keys; a window that only just opened may not have heard them."""
    for _ in range(5):
        screen.focus(window)
        screen.press(keys)
        with contextlib.suppress(Failed):
            program.shows(shown, 5)
            return
    program.shows(shown)


def write_a_rule(screen, program, window, output):
    go(screen, program, window, "ctrl+3", "Suite")
    program.press_soon("Suite", ANY)
    program.press_soon("Draft a suite from *")
    program.press_soon("Rules · *", ANY)
    # The draft's own rule about the number of rows.
    program.press_soon("Number of rows between*", ANY)
    program.shows("Holds")
    photograph(screen, window, output / "09-rule.png")
    program.press_soon("Save the suite")
    program.shows("Saved suite 1 of *")
    suite = program.ask("suite", "show", NAME)
    if len(suite["contract"]["columns"]) != 5 or not suite["rules"]:
        raise Failed(f"the suite holds {suite}")


def pass_a_gate(screen, program, window, output):
    go(screen, program, window, "ctrl+4", "Train ?*")
    program.press_soon("Train ?*")
    program.shows("*does not pass a gate before training", 60)
    photograph(screen, window, output / "10-gate.png")
    screen.focus(window)
    # The field for the reason has the keyboard.
    screen.type("a trial")
    screen.press("Return")
    overridden = lambda: program.ask("gates", "list")["overrides"]
    found = wait_until("the override to be recorded", 60, overridden, pause=1)
    if [one["reason"] for one in found] != ["a trial"]:
        raise Failed(f"overrides: {found}")
    wait_until("a run", 120, lambda: program.ask("runs")["runs"], pause=1)
    program.shows("Trained * models*", 300)
