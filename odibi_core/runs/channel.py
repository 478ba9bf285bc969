"""A channel: whole messages over a socket between two of our own processes."""

from __future__ import annotations

import socket
import struct

_LENGTH = struct.Struct("=I")
_CHUNK = 1 << 18


class Channel:
    """Sends and receives messages; the other end being gone is a state, not an error.

    Attributes:
        closed: The other end has gone; nothing more will come.
    """

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._received = bytearray()
        self.closed = False

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        """Returns both ends of a new channel."""
        one, other = socket.socketpair()
        return cls(one), cls(other)

    def fileno(self) -> int:
        """Returns the descriptor; readable when a message has come or the other end has gone."""
        return self._socket.fileno()

    def send(self, message: bytes) -> None:
        """Sends a message; does nothing when the other end has gone."""
        try:
            self._socket.sendall(_LENGTH.pack(len(message)) + message)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def receive(self) -> bytes | None:
        """Waits for a message and returns it, or None when the other end has gone."""
        while (message := self._next()) is None and not self.closed:
            self._fill(0)
        return message

    def pending(self) -> list[bytes]:
        """Returns the messages that have come, without waiting."""
        while not self.closed and self._fill(socket.MSG_DONTWAIT):
            pass
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def close(self) -> None:
        """Closes this end."""
        self.closed = True
        self._socket.close()

    def _fill(self, flags: int) -> bool:
        try:
            data = self._socket.recv(_CHUNK, flags)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            data = b""
        self._received += data
        self.closed = self.closed or not data
        return bool(data)

    def _next(self) -> bytes | None:
        if len(self._received) < _LENGTH.size:
            return None
        end = _LENGTH.size + int(_LENGTH.unpack_from(self._received)[0])
        if len(self._received) < end:
            return None
        message = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return message
