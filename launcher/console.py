"""The console: what all processes say, line by line, each behind the coloured name of who said it."""

import sys
from collections.abc import Collection
from datetime import datetime
from itertools import cycle
from typing import TextIO

_OWN_NAME = "parley"
# ECMA-48, 8.3.117: cyan, yellow, green, magenta, red, blue; then the same in bold.
_COLOURS = ("36", "33", "32", "35", "31", "34", "36;1", "33;1", "32;1", "35;1", "31;1", "34;1")


class Console:
    """Prints lines as `14:03:59 name | line`, in colours where the output is a terminal."""

    def __init__(self, names: Collection[str], output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._colours = dict(zip(names, cycle(_COLOURS), strict=False)) if self._output.isatty() else {}
        self._width = max(map(len, [*names, _OWN_NAME]))

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        self.relay(_OWN_NAME, text)

    def relay(self, name: str, said: str | bytes) -> None:
        """What `name` said, which may be several lines, or bytes that are no UTF-8."""
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        head = self._coloured(name, f"{datetime.now().astimezone():%H:%M:%S} {name:{self._width}} | ")
        for line in text.splitlines():
            print(head + line, file=self._output, flush=True)

    def _coloured(self, name: str, head: str) -> str:
        colour = self._colours.get(name)
        return head if colour is None else f"\033[{colour}m{head}\033[0m"
