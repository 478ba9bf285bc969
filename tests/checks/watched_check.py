"""Runs `odibi-core check` with an audit hook: its last line tells everything that touched the world.

Used by test_touches_nothing.py as a program of its own: an audit hook stays until its process ends.
"""

from __future__ import annotations

import json
import os
import re
import sys

TOUCHING = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "pty.",
    "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.chown", "os.link", "os.symlink",
    "os.truncate", "os.utime", "os.setxattr", "os.kill", "shutil.", "tempfile.", "urllib.", "http.",
    "ftplib.", "smtplib.", "webbrowser.", "sqlite3.enable_load_extension", "sqlite3.load_extension",
)  # fmt: skip
READING = re.compile("mode=ro|immutable=1|^:memory:$")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """Collects audit events once it is on."""

    def __init__(self) -> None:
        self.on = False
        self.events: list[str] = []

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            path, mode, flags = arguments
            writes = isinstance(flags, int) and flags & WRITING
            if writes and path != os.devnull and not isinstance(path, int):
                self.events.append(f"open {path!r} {mode!r} {flags}")
            elif isinstance(path, str) and "canary" in path:
                self.events.append(f"read {path!r}")
        elif event == "sqlite3.connect":
            if not READING.search(str(arguments[0])):
                self.events.append(f"sqlite3.connect {arguments[0]!r}")
        elif event == "import":
            if str(arguments[0]).partition(".")[0] in ("hostile", "odibi_functions", "hostile_package"):
                self.events.append(f"import {arguments[0]}")
        elif event.startswith(TOUCHING):
            self.events.append(f"{event} {arguments!r}")


def sockets_and_writable_files() -> list[str]:
    """Returns what this process holds open beyond its standard streams, as far as the system tells."""
    found = []
    for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
            with open(f"/proc/self/fdinfo/{name}") as info:
                flags = int(info.read().split("flags:")[1].split()[0], 8)
        except OSError:
            continue  # the descriptor of the listing itself
        if int(name) > 2 and (target.startswith("socket:") or (flags & 3 and not target.startswith("/dev/"))):
            found.append(f"fd {name} {target}")
    return found


def children() -> list[str]:
    """Returns the processes that this one has started and that are still there."""
    found = []
    for task in os.listdir("/proc/self/task") if os.path.isdir("/proc/self/task") else ():
        try:
            with open(f"/proc/self/task/{task}/children") as listed:
                found += [f"child {pid}" for pid in listed.read().split()]
        except OSError:
            continue
    return found


def main() -> None:
    watch = Watch()
    sys.addaudithook(watch)
    from odibi_core.cli.main import run

    watch.on = True
    run(["check", *sys.argv[1:]])
    watch.on = False
    print("\n" + json.dumps(watch.events + sockets_and_writable_files() + children()))


if __name__ == "__main__":
    main()
