"""Journal lines: events to bytes and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Union

import msgspec

from odibi_core.journal.events import FORMAT_VERSION, AnyEvent, Log
from odibi_core.journal.values import json_value

if TYPE_CHECKING:
    from odibi_core.journal.events import Event

HEAD = b'{"v":%d,"seq":' % FORMAT_VERSION
EVENT_TYPES: frozenset[str] = frozenset(kind.__struct_config__.tag for kind in AnyEvent.__args__)
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)

_TIME = b'"ts":'  # without it, decoding would make up the present
_OWN_HEAD = re.compile(rb'\{"v":1,"seq":(\d{1,18}),')


class Envelope(msgspec.Struct, frozen=True):
    """What every line of a journal has."""

    v: int
    seq: int
    type: str


class LogHead(msgspec.Struct, frozen=True, tag_field="type", tag="log"):
    """Of a log line what an index holds; its time is not made into one, most lines are never looked at."""

    message: str
    ts: msgspec.Raw
    level: str = "info"
    step: str | None = None


_encoder = msgspec.json.Encoder(enc_hook=json_value)
_decode_event = msgspec.json.Decoder(AnyEvent).decode
_quick: Any = Union[LogHead, *(kind for kind in AnyEvent.__args__ if kind is not Log)]
_decode_quick = msgspec.json.Decoder(_quick).decode
_decode_envelope = msgspec.json.Decoder(Envelope).decode


def encode_event(event: Event) -> bytes:
    """Returns an event as a JSON object, without the envelope."""
    try:
        return _encoder.encode(event)
    except (UnicodeEncodeError, TypeError, RecursionError):  # lone surrogates; keys that are not text
        return _encoder.encode(_clean(event))


def line_of(seq: int, body: bytes) -> bytes:
    """Returns the journal's line for an encoded event."""
    return b"%s%d,%s\n" % (HEAD, seq, body[1:])


def decode_quick(line: bytes) -> Event | LogHead | None:
    """Returns a line's event, of a log line only its head; None if it is not certain to be one of ours.

    `decode_line` then tells what it is. A log line's time may turn out to be none when it is read in full.
    """
    try:
        event: Any = _decode_quick(line)
    except UNREADABLE:
        return None
    return event if line.startswith(HEAD) and (type(event) is LogHead or _TIME in line) else None


def decode_line(line: bytes) -> tuple[int, Event | None] | None:
    """Returns a line's number and event.

    Returns:
        An event of None for a type this version does not know, None for a damaged line.
    """
    try:
        event: Any = _decode_event(line)
        if _TIME not in line:
            return None
        own = _OWN_HEAD.match(line)
        return (int(own[1]) if own else _decode_envelope(line).seq), event
    except UNREADABLE:
        pass
    try:
        envelope = _decode_envelope(line)
    except UNREADABLE:
        return None
    if envelope.type in EVENT_TYPES and envelope.v <= FORMAT_VERSION:
        return None
    return envelope.seq, None


def _clean(value: Any) -> Any:
    """Returns an event, or a part of one, with everything in it fit for JSON."""
    if isinstance(value, msgspec.Struct):
        changes = {name: _clean(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **changes)
    if isinstance(value, tuple):
        return tuple(_clean(item) for item in value)
    if isinstance(value, (str, dict)):
        return json_value(value)
    return value


def seq_of(line: bytes) -> int | None:
    """Returns a line's number, or None if it is damaged."""
    try:
        return _decode_envelope(line).seq
    except UNREADABLE:
        return None
