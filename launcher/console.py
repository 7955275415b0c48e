"""The console: what all processes say, line by line, each behind the coloured name of who said it."""

import sys
from collections.abc import Iterable
from datetime import datetime

from honcho.colour import get_colours
from honcho.printer import Message, Printer

_OWN_NAME = "parley"


class Console:
    """Prints lines to stdout, in the format of honcho."""

    def __init__(self, names: Iterable[str]) -> None:
        colours = get_colours()
        self._colours = {name: next(colours) for name in names}
        self._printer = Printer(sys.stdout, width=max(map(len, [*self._colours, _OWN_NAME])))

    def say(self, text: str) -> None:
        """A line of the launcher's own."""
        self.relay(_OWN_NAME, text)

    def relay(self, name: str, line: str | bytes) -> None:
        now = datetime.now().astimezone()
        self._printer.write(Message("line", line, now, name, self._colours.get(name)))
