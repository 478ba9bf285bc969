"""A check touches nothing: no socket, no process, no file written, no user's SQL or code executed.

The config of hostile.py asks for everything that could be asked for. It is checked in a process with an audit
hook (watched_check.py), with a server listening that counts who calls, and, where strace is installed, under
the eyes of the kernel.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.checks.hostile import build, config

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120


class Server:
    """Listens on this machine and counts who connects."""

    def __init__(self) -> None:
        self.calls = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def state(home: Path) -> dict[str, tuple[object, ...]]:
    """Returns all that is in a directory, with what would change if it were written."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(home.rglob("*")):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path.relative_to(home))] = (info.st_mode, info.st_size, info.st_mtime_ns, content)
    return found


@contextmanager
def world(tmp_path: Path, port: int) -> Iterator[tuple[Path, dict[str, str], Path]]:
    """Makes the config, and a home and a temporary directory that have to stay as they are; then looks."""
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    (home / "tmp").mkdir(parents=True)
    path = build(project, port)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp"), "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT), "ODIBI_HOSTILE_SECRET": "hunter2",
    }  # fmt: skip
    before = state(project), state(home)
    yield path, environment, project
    assert state(project) == before[0]
    assert state(home) == before[1]
    with closing(sqlite3.connect(f"file:{project / 'shop.db'}?mode=ro", uri=True)) as database:
        assert database.execute("SELECT count(*) FROM orders").fetchone() == (2,)


def check(command: list[str], environment: dict[str, str], cwd: Path) -> str:
    """Runs a check that ends by itself, with a standard input that nobody writes to."""
    reader, writer = os.pipe()
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=reader,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    finally:
        os.close(reader)
        os.close(writer)
    assert done.returncode in (0, 1), done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    return done.stdout


def test_a_check_of_a_hostile_config_touches_nothing(tmp_path: Path, server: Server) -> None:
    with world(tmp_path, server.port) as (path, environment, project):
        output = check(
            [sys.executable, "-m", "tests.checks.watched_check", str(path), "--format", "json"],
            environment,
            project,
        )
    report, touched = output.strip().rsplit("\n", 1)
    assert json.loads(touched) == []
    assert server.calls == 0
    assert "hunter2" not in report
    assert json.loads(report)["steps"] == len(config(0))


def test_the_watch_sees_what_it_is_there_to_see(tmp_path: Path, server: Server) -> None:
    """A hook that sees nothing would prove nothing."""
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, tests.checks.watched_check as w\n"
        "watch = w.Watch(); sys.addaudithook(watch); watch.on = True\n"
        "import socket, sqlite3, subprocess\n"
        "open('written', 'w').close(); open('canary.txt', 'w').close()\n"
        f"s = socket.create_connection(('127.0.0.1', {server.port}))\n"
        "subprocess.run(['true']); sqlite3.connect('x.db'); os.remove('written')\n"
        "watch.on = False\n"
        "print(watch.events + w.sockets_and_writable_files())\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for seen in ("open 'written'", "socket.connect", "subprocess.Popen", "sqlite3.connect", "os.remove"):
        assert seen in done.stdout
    assert not Path("/proc/self/fd").exists() or "socket:" in done.stdout


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_kernel_saw_no_socket_process_or_write(tmp_path: Path, server: Server) -> None:
    log = tmp_path / "strace.log"
    calls = (
        "%network,%process,open,openat,openat2,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,renameat2"
    )
    calls += ",link,linkat,symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,utimensat,mknod,mknodat"
    strace = ["strace", "-f", "-qq", "-s", "300", "-o", str(log), "-e", f"trace={calls}"]
    tried = subprocess.run([*strace, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"strace may not trace here: {tried.stderr.strip()}")
    with world(tmp_path, server.port) as (path, environment, project):
        check([*strace, sys.executable, "-m", "odibi_core", "check", str(path)], environment, project)
    assert [line for line in log.read_text(errors="replace").splitlines() if touches(line)] == []
    assert server.calls == 0


_DONE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)|^\d+ +(\w+)\((.*)")
_HARMLESS = ("/dev/null", "/dev/tty", "/proc/", "/sys/", "/dev/urandom", "/dev/shm")


def touches(line: str) -> bool:
    """Whether a line of strace tells something that a check may not do."""
    match = _DONE.match(line)
    if match is None:
        return False
    call, arguments, result = match[1] or match[4], match[2] or match[5] or "", match[3]
    if call in ("exit_group", "exit", "wait4", "waitid", "getpid", "pidfd_open", "rt_sigreturn"):
        return False
    if call in ("clone", "clone3", "fork", "vfork"):
        return "CLONE_THREAD" not in arguments
    if call in ("execve", "execveat"):
        return "odibi_core" not in arguments
    if call in ("open", "openat", "openat2", "creat"):
        path = re.search(r'"([^"]*)"', arguments)
        name = path[1] if path else ""
        if "canary" in name or re.search(r"(hostile\w*|odibi_functions)\.pyc", name):
            return result != "-1"
        writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT", arguments) or call == "creat"
        return bool(writes) and not name.startswith(_HARMLESS)
    if call in (
        "socket",
        "connect",
        "bind",
        "listen",
        "accept",
        "accept4",
        "sendto",
        "socketpair",
        "recvfrom",
    ):
        return True
    return call not in ("getsockname", "getsockopt", "setsockopt")
