"""The console: one line for each line that a process says, behind its name."""

import re
from io import StringIO

from launcher.console import Console


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_each_line_stands_behind_the_time_and_the_name() -> None:
    output = StringIO()
    console = Console(["auth", "chat-2"], output)
    console.relay("auth", b"first\nsecond \xff\n")
    console.say("ready")
    lines = output.getvalue().splitlines()
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert [line[9:] for line in lines] == [
        "auth   | first",
        "auth   | second \ufffd",
        "parley | ready",
    ]


def test_on_a_terminal_each_name_has_a_colour_and_the_launcher_none() -> None:
    terminal = Terminal()
    console = Console([f"chat-{number}" for number in range(20)], terminal)
    console.relay("chat-0", "hello")
    console.relay("chat-12", "hello")
    console.relay("chat-1", "hello")
    console.say("ready")
    first, thirteenth, second, own = terminal.getvalue().splitlines()
    colour = r"\x1b\[(\S+?)m\d\d:\d\d:\d\d chat-\d+ +\| \x1b\[0mhello"
    found = [re.fullmatch(colour, line) for line in (first, thirteenth, second)]
    assert [match and match[1] for match in found] == ["36", "36", "33"]
    assert "\x1b" not in own
