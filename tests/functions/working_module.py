"""Functions that tests run in processes of their own."""

import ctypes
import logging
import os
import re
import subprocess
import sys
import threading
import time


def same(frame):
    return frame


def double(frame):
    return frame.assign(v=frame["v"] * 2)


def two(frame):
    return {"small": frame.head(1), "large": frame}


def nothing():
    return None


def with_context(frame, context, step):
    context.register_temp("mine", frame)
    return context.execute_sql(f"SELECT *, '{step.name}' AS step FROM mine")


def duckdb_kind(frame):
    return [{"kind": type(frame).__name__, "rows": len(frame)}]


async def awaited(frame):
    return frame


def secret(context):
    return [{"secret": context.get_secret("token")}]


def surroundings():
    return [
        {
            "pid": os.getpid(),
            "cwd": os.getcwd(),
            "home": os.environ.get("ODIBI_TEST_VALUE"),
            "stdin": sys.stdin.read(),
        }
    ]


def random_number():
    import random

    import numpy as np

    return [{"a": float(np.random.random()), "b": random.random()}]


def touch_until_killed(path, wait=0.0):
    time.sleep(wait)
    while True:
        with open(path, "a") as file:
            file.write("x")
        time.sleep(0.005)


def backtrack(path):
    threading.Thread(target=touch_until_killed, args=(path,), daemon=True).start()
    time.sleep(0.05)
    re.match(r"(a+)+$", "a" * 60 + "b")  # holds the GIL for ages


def leave_children(path, how):
    command = f"while true; do echo x >> {path}; sleep 0.005; done"
    if how == "session":
        subprocess.Popen(["sh", "-c", command], start_new_session=True)
    elif how == "daemon":
        subprocess.Popen(["sh", "-c", f"({command}) & exit 0"], start_new_session=True).wait()
    else:
        subprocess.Popen(["sh", "-c", command])


def children_then_sleep(path, how):
    leave_children(path, how)
    time.sleep(600)


def children_then_return(path, how):
    leave_children(path, how)
    time.sleep(0.05)


def ignore_everything(path):
    import signal

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    touch_until_killed(path)


def segfault():
    ctypes.string_at(0)


def exit_now(code):
    os._exit(code)


def exit_politely():
    sys.exit("enough")


def kill_self(number):
    os.kill(os.getpid(), number)


def fork_and_return():
    os.fork()


def print_lines(n):
    for i in range(n):
        print("line", i)


def print_everywhere():
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"from c\n")
    os.write(2, b"no end of line")
    logging.getLogger("mine").warning("logged %d", 5)
    try:
        raise ValueError("inside")
    except ValueError:
        logging.getLogger("mine").exception("failed")
    logging.getLogger("mine").debug("too quiet")


def print_bytes():
    os.write(1, b"\xff\xfe broken\r\n")
    os.write(1, b"x" * 3_000_000)


class PlainError(Exception):
    pass


class AwkwardError(Exception):
    def __init__(self, first, second):
        super().__init__(first)


class UnspeakableError(Exception):
    def __str__(self):
        raise RuntimeError("no")

    def __reduce__(self):
        raise RuntimeError("no")


def fail(kind):
    if kind == "builtin":
        return {}["absent"]
    if kind == "plain":
        raise PlainError("mine", 5)
    if kind == "awkward":
        raise AwkwardError("first", "second")
    if kind == "unspeakable":
        raise UnspeakableError
    raise KeyboardInterrupt


def mixed():
    import pandas as pd

    return pd.DataFrame({"a": [1, "x", object()]})
