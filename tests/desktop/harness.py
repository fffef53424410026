"""What every desktop check needs: the program, its controls as a screen reader has them, waiting, judging."""

import contextlib
import fnmatch
import json
import pathlib
import signal
import subprocess
import sys
import time

import a11y

HERE = pathlib.Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "sample-data"
BUTTON_ROLES = ["push button", "button"]
# The counter moves by whole ticks, so that next to nothing may push it over the edge of one.
IDLE_SECONDS, IDLE_TICKS = 5, 1
START_SECONDS, IMPORT_SECONDS, TRAIN_SECONDS, QUIT_SECONDS = 60, 120, 300, 20
# Nobody waits longer for a window to go; generous, because the machine may be busy.
QUIT_PROMPTLY = 3


class Failed(Exception):
    """One check did not hold; the text says what was seen."""


class Report:
    def __init__(self):
        self.passed, self.failed = 0, 0

    @contextlib.contextmanager
    def check(self, title):
        """Counts the block as one check. Later checks run even after a failure, so one run tells all."""
        started = time.monotonic()
        try:
            yield
        except Exception as problem:  # a broken helper must fail its check, not end the run
            self.failed += 1
            kind = "" if isinstance(problem, Failed) else f"{type(problem).__name__}: "
            print(f"FAILED  {title}: {kind}{problem}", flush=True)
        else:
            self.passed += 1
            print(f"ok      {title} ({time.monotonic() - started:.1f} s)", flush=True)


def wait_until(what, seconds, condition, pause=0.25):
    """The first true answer of `condition`."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for {what}")
        time.sleep(pause)


class Program:
    """One start of the window on a workspace."""

    def __init__(self, binary, workspace, output, label, *arguments):
        self.binary, self.workspace, self.output = binary, workspace, output
        self.log = output / f"{label}.log"
        with open(self.log, "wb") as log:
            command = [binary, "--workspace", workspace, *arguments]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def must_run(self):
        if not self.is_running():
            raise Failed(f"the program ended with {self.process.returncode}: {self.last_words()}")

    def last_words(self):
        return self.log.read_text("utf-8", "replace").strip()[-600:] or "it said nothing"

    def window(self, screen):
        def look():
            self.must_run()
            return screen.find_window(self.pid)

        return wait_until("a window", START_SECONDS, look)

    def ticks(self):
        """CPU time so far, all threads, in clock ticks (usually a hundredth of a second)."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        user, system = stat.rsplit(")", 1)[1].split()[11:13]
        return int(user) + int(system)

    def ticks_over(self, seconds):
        before = self.ticks()
        time.sleep(seconds)
        return self.ticks() - before

    def controls(self):
        self.must_run()
        command = [sys.executable, HERE / "a11y.py", "tree", str(self.pid)]
        # What is listed may go while it is read: a toast that closes, a job that ends.
        for attempt in range(3):
            found = subprocess.run(command, capture_output=True, text=True, timeout=60)
            if found.returncode == 0:
                return [json.loads(line) for line in found.stdout.splitlines()]
            time.sleep(0.5 * (attempt + 1))
            self.must_run()
        raise Failed(f"no accessibility tree: {found.stderr.strip()[-300:]}")

    def press(self, name, roles):
        command = [sys.executable, HERE / "a11y.py", "press", str(self.pid), name, *roles]
        pressed = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if pressed.returncode != 0:
            raise Failed(pressed.stderr.strip()[-300:])

    def shows(self, pattern, seconds=30):
        """Waits until something on the screen is so named; that name."""

        def look():
            return next((c["name"] for c in self.controls() if fnmatch.fnmatchcase(c["name"], pattern)), None)

        try:
            return wait_until(f"{pattern!r} on the screen", seconds, look, pause=0.5)
        except Failed as problem:
            there = [c["name"] for c in self.controls() if c["name"].strip()]
            raise Failed(f"{problem}; there is: {there[-25:]}") from None

    def press_soon(self, name, roles=BUTTON_ROLES, seconds=30):
        """Presses it once it is there and enabled."""

        def pressed():
            with contextlib.suppress(Failed):
                self.press(name, roles)
                return True

        try:
            what = roles[0] if roles else "control"
            wait_until(f"an enabled {what} {name!r}", seconds, pressed, pause=0.5)
        except Failed as problem:
            there = [c["name"] for c in self.controls() if not roles or c["role"] in roles]
            raise Failed(f"{problem}; there are: {there}") from None

    def workers(self):
        """The processes its jobs run in."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # ended meanwhile
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
                if int(parent) == self.pid and b"worker" in (folder / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def ask(self, *words, codes=(0,)):
        """A headless command on the same workspace, while the window is open; its JSON."""
        command = [self.binary, *map(str, words), "--workspace", self.workspace, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode not in codes:
            raise Failed(f"`modelwright {' '.join(map(str, words))}` ended with {done.returncode}: {done.stderr.strip()[-300:]}")
        return json.loads(done.stdout)

    def end(self):
        """Ends what a failed check left running."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        if self.is_running():
            self.process.kill()
            self.process.wait()


def must_be_idle(program, screen):
    screen.park_pointer()
    wait_until("the window to settle", 30, lambda: program.ticks_over(1) <= 1, pause=0)
    ticks = program.ticks_over(IDLE_SECONDS)
    if ticks > IDLE_TICKS:
        raise Failed(f"{ticks} CPU ticks in {IDLE_SECONDS} s, at most {IDLE_TICKS} are idle")


def photograph(screen, window, path):
    colours = screen.photograph(path, window)
    if colours < 8:
        raise Failed(f"{path.name} shows a window of {colours} colours: nothing was drawn")


def must_name_every_control(program, path):
    controls = program.controls()
    with open(path, "w", encoding="utf-8") as file:
        for control in controls:
            file.write(f"{'  ' * control['depth']}{control['role']} {control['name']!r}\n")
    if len(controls) < 5:
        raise Failed(f"the accessibility tree has only {len(controls)} nodes")
    nameless = [control["role"] for control in controls if a11y.is_nameless_control(control)]
    if nameless:
        raise Failed(f"{len(nameless)} controls without a name ({', '.join(sorted(set(nameless)))}); see {path.name}")


def must_close(program, screen, window):
    screen.close(window)
    closed = time.monotonic()
    try:
        code = program.process.wait(QUIT_SECONDS)
    except subprocess.TimeoutExpired:
        raise Failed(f"still running {QUIT_SECONDS} s after its window was closed") from None
    if code != 0:
        raise Failed(f"exit code {code}: {program.last_words()}")
    if (took := time.monotonic() - closed) > QUIT_PROMPTLY:
        raise Failed(f"quitting took {took:.1f} s")


def must_not_have_panicked(program):
    if "panicked" in program.log.read_text("utf-8", "replace"):
        raise Failed(f"a panic in {program.log.name}: {program.last_words()}")
