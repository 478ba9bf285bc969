"""Digests: of values, of texts that may hold secrets, and of files."""

from __future__ import annotations

import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from odibi_core.journal.values import json_value

if TYPE_CHECKING:
    from pathlib import Path

_SIZE = 16  # bytes: beyond accident; nobody gains by making two equal ones
_CHUNK = 1 << 20
_KEY_SIZE = 32
_encode = msgspec.json.Encoder(order="deterministic").encode


def digest(value: Any, *, key: bytes = b"") -> str:
    """Returns the digest of anything JSON can hold, in hexadecimal; with a `key` nobody else can make it."""
    try:
        encoded = _encode(value)
    except (TypeError, UnicodeEncodeError, OverflowError, RecursionError):
        encoded = _encode(json_value(value))
    return hashlib.blake2b(encoded, digest_size=_SIZE, key=key).hexdigest()


def file_digest(path: Path) -> str:
    """Returns the digest of a file's bytes.

    Raises:
        OSError: It cannot be read.
    """
    found = hashlib.blake2b(digest_size=_SIZE)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while chunk := os.read(descriptor, _CHUNK):
            found.update(chunk)
    finally:
        os.close(descriptor)
    return found.hexdigest()


def private_key() -> bytes | None:
    """Returns this person's key for digests of values that may be secret, made when first asked for.

    It lies in their data directory, readable by them alone: without it a digest in a run's log cannot be
    compared with that of a guessed password. None where it can be neither read nor made.
    """
    from platformdirs import user_data_path

    file = user_data_path("odibi", appauthor=False) / "reuse.key"
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        key = b""
    except OSError:
        return None
    if len(key) == _KEY_SIZE:
        return key
    made = secrets.token_bytes(_KEY_SIZE)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(made)
            if key:  # damaged: nothing that was keyed with it can be known again
                temporary.replace(file)
                return made
            try:
                file.hardlink_to(temporary)  # the first of two processes wins
            except FileExistsError:
                return file.read_bytes()
            except OSError:  # a file system without hard links
                temporary.replace(file)
                return made
            return made
        finally:
            temporary.unlink(missing_ok=True)
    except OSError:
        return None
