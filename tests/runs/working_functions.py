"""Functions that steps of the tests name; the tests' directory is their base directory."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pandas as pd

ONE_ROW = {"a": [1]}


def talk() -> pd.DataFrame:
    print("printed")
    sys.stderr.write("on stderr\n")
    logging.getLogger("mine").info("logged")
    logging.getLogger("mine").error("logged badly")
    warnings.warn("careful", stacklevel=1)
    os.write(1, b"descriptor one\n")
    os.write(2, b"descriptor two\n")
    ctypes.CDLL(None).puts(b"from C")
    thread = threading.Thread(target=print, args=["from a thread"])
    thread.start()
    thread.join()
    subprocess.run(["echo", "from a child"], check=True)
    sys.stdout.buffer.write(b"as bytes\n")
    print("no newline", end="")
    return pd.DataFrame(ONE_ROW)


def many_lines(lines: int, mark: str) -> pd.DataFrame:
    for number in range(lines):
        print(mark, number)
    return pd.DataFrame(ONE_ROW)


def many_raw_lines(lines: int) -> pd.DataFrame:
    for start in range(0, lines, 1000):
        os.write(1, b"".join(b"raw %d\n" % number for number in range(start, start + 1000)))
    return pd.DataFrame(ONE_ROW)


def closed_output() -> pd.DataFrame:
    sys.stdout.close()
    os.close(1)
    print("still logged")
    return pd.DataFrame(ONE_ROW)


def surroundings() -> pd.DataFrame:
    return pd.DataFrame(
        {"cwd": [str(Path.cwd())], "value": [os.environ.get("ODIBI_TEST_VALUE")], "path": [sys.path[0]]}
    )


def fails() -> pd.DataFrame:
    raise KeyError("region")


def stuck() -> None:
    print("stuck now")
    re.match(r"(a+)+$", "a" * 40 + "b")


def sleeps() -> None:
    print("sleeping now")
    time.sleep(600)


def segfaults() -> None:
    print("before the fault")
    ctypes.CDLL(None).puts(b"from C before the fault")
    ctypes.string_at(0)


def leaves() -> None:
    print("before leaving")
    os._exit(7)


def slow_steps(rows: int) -> pd.DataFrame:
    for number in range(rows):
        print("tick", number)
        time.sleep(0.002)
    return pd.DataFrame(ONE_ROW)
