"""A pseudo-terminal with a command in it: what stands on its screen, keys, and what it leaves behind."""

import os
import re
import signal
import statistics
import sys
import termios
import threading
import time

import pexpect
import pyte

# What pyte takes for text: queries and private modes with a prefix or an intermediate character.
_UNKNOWN = re.compile(
    rb"\x1b\[[<=>][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$[a-z]|\x1b[P_][^\x1b]*\x1b\\|\x1b\[[0-9;]*\$[a-z]"
)
_PARTIAL = re.compile(rb"\x1b[^a-zA-Z\x1b]*$")
_KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "down": "\x1b[B",
    "up": "\x1b[A",
    "right": "\x1b[C",
    "left": "\x1b[D",
}


class Terminal:
    """Runs a command in a terminal of its own until `close`; a thread reads what it writes."""

    def __init__(self, *command, cwd=None, columns=120, lines=40, **environ):
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._lock = threading.Lock()
        self.written = bytearray()
        self._rest = b""
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("ODIBI_", "NO_COLOR", "TEXTUAL"))
        }
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **environ}
        self.child = pexpect.spawn(
            command[0], list(command[1:]), cwd=str(cwd) if cwd else None, env=environment,
            dimensions=(lines, columns), timeout=5,
        )  # fmt: skip
        self.before = termios.tcgetattr(self.child.child_fd)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def odibi(cls, *arguments, **options):
        return cls(sys.executable, "-m", "odibi_tui", *arguments, **options)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _read(self):
        while True:
            try:
                data = os.read(self.child.child_fd, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.written += data
                data = self._rest + data
                partial = _PARTIAL.search(data[-32:])
                self._rest = partial.group() if partial else b""
                data = data[: len(data) - len(self._rest)]
                self._stream.feed(_UNKNOWN.sub(b"", data))

    def rows(self):
        with self._lock:
            return [row.rstrip() for row in self.screen.display]

    def text(self):
        return "\n".join(self.rows())

    def press(self, *keys):
        for key in keys:
            os.write(self.child.child_fd, _KEYS.get(key, key).encode())
            time.sleep(0.03)  # a key after escape would be taken for one with it

    def wait_for(self, *texts, timeout=20, gone=()):
        """Waits until all texts stand on the screen and none of `gone` does; returns the screen's text."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            shown = self.text()
            if all(text in shown for text in texts) and not any(text in shown for text in gone):
                return shown
            time.sleep(0.01)
        raise AssertionError(f"waited in vain for {texts} (without {gone}); on screen:\n{self.text()}")

    def answer_times(self, *keys, pause=0.05):
        """Presses the keys one by one and returns how long each took to be answered, in milliseconds."""
        times = []
        for key in keys:
            time.sleep(pause)
            before, start = len(self.written), time.perf_counter()
            os.write(self.child.child_fd, _KEYS.get(key, key).encode())
            while len(self.written) == before and time.perf_counter() - start < 5:
                time.sleep(0.0005)
            times.append((time.perf_counter() - start) * 1000)
        return times

    def wait_for_end(self, timeout=10):
        """Waits until the command has ended and returns its exit code."""
        end = time.monotonic() + timeout
        while self.child.isalive():
            assert time.monotonic() < end, f"still runs; on screen:\n{self.text()}"
            time.sleep(0.02)
        self._reader.join(2)
        return self.child.exitstatus

    def is_clean(self):
        """Whether the terminal is as it was: main screen, cursor shown, no mouse reports, cooked input."""
        written = bytes(self.written)
        switched = {
            mode: written.rfind(f"\x1b[?{mode}{'h' if on else 'l'}".encode())
            > written.rfind(f"\x1b[?{mode}{'l' if on else 'h'}".encode())
            for mode, on in (("1049", False), ("25", True), ("1000", False), ("1003", False), ("2004", False))
        }
        return all(switched.values()), switched

    def close(self):
        if self.child.isalive():
            os.killpg(os.getpgid(self.child.pid), signal.SIGKILL)
        self.child.close(force=True)


def median(times):
    return statistics.median(times)


def processes_of(marker):
    """Returns the command lines of processes that work in, or were told of, a directory."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            cwd = os.readlink(f"/proc/{pid}/cwd")
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if int(pid) != os.getpid() and (cwd.startswith(str(marker)) or str(marker) in command):
            found[int(pid)] = command
    return found
