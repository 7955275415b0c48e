"""A markup cache: what was made before from the same, the least recently shown forgotten first."""

import sys
from collections import OrderedDict
from collections.abc import Callable

MARKUP_BYTES_MAX = 16 * 1024 * 1024


class MarkupCache:
    """Keyed by all that the markup is made from, so that nothing in it can be out of date, or somebody else's."""

    def __init__(self, bytes_max: int = MARKUP_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self.size_bytes = 0

    def get_or_make(self, key: bytes, make: Callable[[], str]) -> str:
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        made = make()
        self._keep(key, made)
        return made

    def _keep(self, key: bytes, markup: str) -> None:
        size_bytes = _size_bytes(key, markup)
        if size_bytes > self._bytes_max:
            return
        self._kept[key] = markup
        self.size_bytes += size_bytes
        while self.size_bytes > self._bytes_max:
            self.size_bytes -= _size_bytes(*self._kept.popitem(last=False))


def _size_bytes(key: bytes, markup: str) -> int:
    return sys.getsizeof(key) + sys.getsizeof(markup)
