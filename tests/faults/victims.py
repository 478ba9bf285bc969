"""Victims: processes that run the pipeline and meet a fault; forked from one that has everything imported.

`Victims().meet(home, fault)` answers what the victim had been told was written before it died, and how it
ended. Run as a module, this file is the process that forks them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from odibi_core.journal.codec import seq_of

ROOT = Path(__file__).parents[2]


class Victims:
    """Makes victims one after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.victims"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def meet(self, home: Path, **fault: Any) -> dict[str, Any]:
        """Runs the pipeline in `home` under a fault.

        Returns:
            `signal` that ended it or None, `error` it reported or None, `shown`: numbers of the events that
            had been written when it ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"home": str(home), **fault}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """Ends the process that makes them."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    import duckdb  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import tests.faults.pipeline  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        told, report = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            _suffer(asked, report)
        os.close(report)
        said = b""
        while piece := os.read(told, 1 << 16):
            said += piece
        os.close(told)
        _, status = os.waitpid(pid, 0)
        error, shown = None, []
        for word in said.decode(errors="replace").splitlines():
            if word.startswith("error "):
                error = word[6:]
            else:
                shown.append(int(word))
        ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        print(json.dumps({"signal": ended_by, "error": error, "shown": shown}), flush=True)


def _suffer(asked: dict[str, Any], report: int) -> None:
    """Runs the pipeline under the fault, in this freshly forked process; does not return."""
    from tests.faults.pipeline import orchestrate

    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    try:
        _bring_about(asked, report)
        orchestrate(Path(asked["home"]))
    except BaseException as error:
        told = f"{type(error).__name__}: {error}".replace("\n", " ")
        os.write(report, f"error {told}\n".encode())
    finally:
        os._exit(0)


def _bring_about(asked: dict[str, Any], report: int) -> None:
    write = os.write
    lines = 0

    def watched(descriptor: int, data: bytes) -> int:
        nonlocal lines
        if bytes(data[:5]) != b'{"v":':
            return write(descriptor, data)
        lines += 1
        if lines == asked.get("kill_at"):
            where = asked["where"]
            if where == "torn":
                write(descriptor, data[: len(data) // 2])
            elif where == "after":
                write(descriptor, data)
            os.kill(os.getpid(), signal.SIGKILL)
        if asked.get("full_at") is not None and lines >= asked["full_at"]:
            raise OSError(28, "No space left on device")
        written = write(descriptor, data)
        if written == len(data):  # of what the disk took only a part of, the writer takes that back
            write(report, f"{seq_of(data)}\n".encode())
        return written

    os.write = watched  # type: ignore[assignment]
    if asked.get("file_limit"):
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked["file_limit"], asked["file_limit"]))


if __name__ == "__main__":
    _serve()
