"""A source: a file that is read in small pieces, wherever its headers lie; and Broken, for bytes that are none.

What is read at a time, and all together, is bounded: a file of 100 MiB costs no more memory than one of ten kilobytes.
"""

from typing import IO

READ_BYTES_MAX = 16 << 20  # at a time: a table of sample sizes may have four million entries
_WINDOW_BYTES = 64 * 1024


class Broken(Exception):
    """The bytes are malformed, truncated, or more than are looked at."""


class Source:
    """Random access to `file`, which has `size` bytes. Whoever gave it closes it."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self.size = size
        self._window = b""
        self._window_at = 0

    def read(self, at: int, length: int) -> bytes:
        """Exactly `length` bytes from `at`. Raises Broken."""
        data = self.peek(at, length)
        if len(data) != length:
            raise Broken("it ends too early")
        return data

    def peek(self, at: int, length: int) -> bytes:
        """As many of the `length` bytes from `at` as there are. Raises Broken."""
        if at < 0 or not 0 <= length <= READ_BYTES_MAX:
            raise Broken("a field of it is too large")
        length = max(0, min(length, self.size - at))
        offset = at - self._window_at
        if not 0 <= offset <= len(self._window) - length:
            self._file.seek(at)
            self._window, self._window_at, offset = self._file.read(max(length, _WINDOW_BYTES)), at, 0
        return self._window[offset : offset + length]

    def number(self, at: int, length: int) -> int:
        """Big-endian. Raises Broken."""
        return int.from_bytes(self.read(at, length), "big")

    def little(self, at: int, length: int) -> int:
        return int.from_bytes(self.read(at, length), "little")
