"""The words an application, a warden and a run say to each other; a word is one byte, then its text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from odibi_core.journal.events import ErrorInfo

if TYPE_CHECKING:
    from odibi_core.journal.events import RunEnd

START, CANCEL, KILL, DETACH = b"s", b"c", b"k", b"d"  # the application to the warden
ASK = b"a"  # the warden to the run; START too
SECRET, RAISED = b"p", b"r"  # the run to the warden
STARTED, FAILED, ENDED = b"S", b"F", b"E"  # the warden to the application


class Ask(NamedTuple):
    """The wish that a run end: how it is then to be recorded, and why."""

    state: RunEnd
    reason: str


def split(message: bytes) -> tuple[bytes, bytes]:
    """Returns a message's word and its text."""
    return message[:1], message[1:]


def ask(wish: Ask) -> bytes:
    """Says that the run is to end."""
    return ASK + json.dumps(wish).encode()


def heard_ask(text: bytes) -> Ask:
    """Understands `ask`."""
    return Ask(*json.loads(text))


def raised(error: ErrorInfo) -> bytes:
    """Says what ended a run before it could record anything."""
    return RAISED + msgspec.json.encode(error)


def heard_raised(text: bytes) -> ErrorInfo:
    """Understands `raised`."""
    return msgspec.json.decode(text, type=ErrorInfo)


def started(run_id: str, directory: str, pid: int) -> bytes:
    """Says that a run has its id."""
    return STARTED + json.dumps({"run_id": run_id, "directory": directory, "pid": pid}).encode()


def failed(message: str, help: str | None = None) -> bytes:
    """Says that a run cannot be started."""
    return FAILED + json.dumps({"message": message, "help": help}).encode()


def ended(state: str, problem: str | None = None) -> bytes:
    """Says that nothing is left of a run but its record."""
    return ENDED + json.dumps({"state": state, "problem": problem}).encode()


def content(text: bytes) -> dict[str, Any]:
    """Understands what the warden says."""
    said: dict[str, Any] = json.loads(text)
    return said
