"""The X11 side of the desktop check: find the window, photograph it, press keys, close it, drop files on it.

Speaks the protocols itself through python-xlib, so that the check needs neither a mouse nor a second toolkit.
"""

import pathlib
import struct
import time
import zlib

from Xlib import XK, X, Xatom, display, error
from Xlib.ext import xtest
from Xlib.protocol import event

XDND_VERSION = 5


class DropRefused(Exception):
    """The window did not take the drop; the text says at which step."""


class Screen:
    def __init__(self):
        self.display = display.Display()
        self.root = self.display.screen().root
        # A window may vanish between two requests; the caller sees None instead of a message on stderr.
        self.display.set_error_handler(lambda *_: None)

    def atom(self, name):
        return self.display.intern_atom(name)

    def title(self, window):
        value = window.get_full_property(self.atom("_NET_WM_NAME"), self.atom("UTF8_STRING"))
        return value.value.decode("utf-8", "replace") if value else ""

    def process(self, window):
        value = window.get_full_property(self.atom("_NET_WM_PID"), Xatom.CARDINAL)
        return value.value[0] if value else None

    def find_window(self, pid):
        """The visible top window of a process, or None."""
        waiting = [self.root]
        while waiting:
            window = waiting.pop()
            try:
                if self.process(window) == pid and window.get_attributes().map_state == X.IsViewable:
                    return window
                waiting.extend(window.query_tree().children)
            except (error.XError, AttributeError):
                continue
        return None

    def photograph(self, path, window):
        """Writes the whole screen as a PNG; returns how many different colours a sample of the window has."""
        size, inner = self.root.get_geometry(), window.get_geometry()
        corner = self.root.translate_coords(window, 0, 0)
        left, right = max(0, corner.x), min(size.width, corner.x + inner.width)
        lines, colours = [], set()
        for top in range(0, size.height, 50):
            height = min(50, size.height - top)
            image = self.root.get_image(0, top, size.width, height, X.ZPixmap, 0xFFFFFFFF).data
            for y in range(top, top + height):
                row = image[(y - top) * size.width * 4 :][: size.width * 4]
                rgb = bytearray(size.width * 3)
                rgb[0::3], rgb[1::3], rgb[2::3] = row[2::4], row[1::4], row[0::4]
                lines.append(b"\0" + bytes(rgb))
                if y % 5 == 0 and 0 <= y - corner.y < inner.height:
                    colours.update(row[x * 4 : x * 4 + 3] for x in range(left, right, 3))
        header = struct.pack(">IIBBBBB", size.width, size.height, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 6)), (b"IEND", b"")]
        data = b"\x89PNG\r\n\x1a\n"
        for kind, body in chunks:
            data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        pathlib.Path(path).write_bytes(data)
        return len(colours)

    def focus(self, window):
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self.display.sync()

    def park_pointer(self):
        """Moves the pointer out of the way, so that nothing is hovered."""
        size = self.root.get_geometry()
        xtest.fake_input(self.display, X.MotionNotify, x=size.width - 2, y=size.height - 2)
        self.display.sync()

    def click_at(self, x, y):
        xtest.fake_input(self.display, X.MotionNotify, x=int(x), y=int(y))
        self.display.sync()
        time.sleep(0.1)
        for kind in (X.ButtonPress, X.ButtonRelease):
            xtest.fake_input(self.display, kind, 1)
            self.display.sync()
            time.sleep(0.05)

    def press(self, keys):
        """`keys` such as "ctrl+4" or "Return": presses left to right, releases in reverse."""
        names = {"ctrl": "Control_L", "shift": "Shift_L", "alt": "Alt_L"}
        symbols = [XK.string_to_keysym(names.get(part, part)) for part in keys.split("+")]
        codes = [self.display.keysym_to_keycode(symbol) for symbol in symbols]
        if 0 in codes:
            raise ValueError(f"no key for {keys}")
        for code in codes:
            xtest.fake_input(self.display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()

    def type(self, text):
        """Types ASCII text, key by key."""
        names = {" ": "space", "-": "minus", "_": "underscore", ".": "period", "/": "slash", ",": "comma"}
        for letter in text:
            symbol = XK.string_to_keysym(names.get(letter, letter))
            code = self.display.keysym_to_keycode(symbol)
            if code == 0:
                raise ValueError(f"no key for {letter!r}")
            shift = self.display.keycode_to_keysym(code, 0) != symbol
            self.press(f"shift+{names.get(letter, letter)}" if shift else names.get(letter, letter))
            time.sleep(0.01)

    def close(self, window):
        """What the button in the title bar sends."""
        data = (32, [self.atom("WM_DELETE_WINDOW"), X.CurrentTime, 0, 0, 0])
        message = event.ClientMessage(window=window, client_type=self.atom("WM_PROTOCOLS"), data=data)
        window.send_event(message, event_mask=0)
        self.display.sync()

    def drop(self, window, paths, timeout=10.0):
        """Drags files from a source window of ours onto the middle of `window` and lets go."""
        Drag(self, window, paths, timeout).run()


class Drag:
    """One drag by the XDND protocol: enter, position until accepted, drop, hand the data over, finished."""

    def __init__(self, screen, target, paths, timeout):
        self.screen, self.target = screen, target
        self.end = time.monotonic() + timeout
        uris = [pathlib.Path(path).absolute().as_uri() for path in paths]
        self.data = "".join(uri + "\r\n" for uri in uris).encode("ascii")
        self.source = screen.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self.data_was_taken = False

    def run(self):
        aware = self.target.get_full_property(self.screen.atom("XdndAware"), Xatom.ATOM)
        if not aware:
            raise DropRefused("the window does not say XdndAware: it takes no drops")
        selection = self.screen.atom("XdndSelection")
        self.source.set_selection_owner(selection, X.CurrentTime)
        try:
            self.send("XdndEnter", min(XDND_VERSION, aware.value[0]) << 24, self.screen.atom("text/uri-list"))
            where = self.middle()
            for step in range(4):  # a hand moves before it lets go
                self.send("XdndPosition", 0, where + step, X.CurrentTime, self.screen.atom("XdndActionCopy"))
                accepted = self.wait_for("XdndStatus")[1] & 1
            if not accepted:
                raise DropRefused("the window answered XdndStatus: not here")
            self.send("XdndDrop", 0, X.CurrentTime)
            finished = self.wait_for("XdndFinished")
            if not self.data_was_taken:
                raise DropRefused("the window finished without asking for the file names")
            if not finished[1] & 1:
                raise DropRefused("the window answered XdndFinished: not taken")
        finally:
            self.source.destroy()
            self.screen.display.sync()

    def middle(self):
        """The middle of the target on the screen, packed as XDND packs it: x above y."""
        size = self.target.get_geometry()
        corner = self.screen.root.translate_coords(self.target, 0, 0)
        return (corner.x + size.width // 2) << 16 | (corner.y + size.height // 2)

    def send(self, kind, *values):
        cells = [self.source.id, *values]
        cells += [0] * (5 - len(cells))
        message = event.ClientMessage(window=self.target, client_type=self.screen.atom(kind), data=(32, cells))
        self.target.send_event(message, event_mask=0)
        self.screen.display.flush()

    def wait_for(self, kind):
        """The five numbers of the target's next answer of this kind; serves the file names meanwhile."""
        while time.monotonic() < self.end:
            if not self.screen.display.pending_events():
                time.sleep(0.01)
                continue
            message = self.screen.display.next_event()
            if message.type == X.SelectionRequest:
                self.hand_over(message)
            elif message.type == X.ClientMessage and message.client_type == self.screen.atom(kind):
                return message.data[1]
        raise DropRefused(f"no {kind} from the window in time")

    def hand_over(self, request):
        # Old clients leave the property empty and expect the target atom's name there (ICCCM 2.2).
        where = request.property or request.target
        request.requestor.change_property(where, request.target, 8, self.data)
        answer = event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=where,
        )
        request.requestor.send_event(answer)
        self.screen.display.flush()
        self.data_was_taken = True
