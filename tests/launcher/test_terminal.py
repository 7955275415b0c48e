"""The terminal: Ctrl-C belongs to the launcher, and whoever waits for it sees its own status."""

import os
import pty
import re
import subprocess
import sys

import pytest

from launcher.processes import REPOSITORY

# As make does: it stays in the terminal's group and waits, and a Ctrl-C that reaches it shows.
PARENT = """
exec <>"$1" >&0 2>&0
trap 'echo interrupted' INT
"$2" -c "$3"
echo "status $?"
"""
CHILD = """
import signal, sys
from launcher.terminal import take_ctrl_c
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
take_ctrl_c()
print("ready", flush=True)
signal.pause()
"""


def read_until(terminal: int, pattern: str) -> str:
    seen = ""
    while not re.search(pattern, seen):
        seen += os.read(terminal, 4096).decode()
    return seen


@pytest.mark.skipif(sys.platform != "linux", reason="takes the terminal as Linux gives it")
def test_ctrl_c_does_not_reach_who_started_the_launcher() -> None:
    terminal, end_of_program = pty.openpty()
    command = ("sh", "-c", PARENT, "sh", os.ttyname(end_of_program), sys.executable, CHILD)
    with subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True) as parent:
        read_until(terminal, "ready")
        os.write(terminal, b"\x03")
        seen = read_until(terminal, r"status \d+")
        assert "status 0" in seen
        assert "interrupted" not in seen
        assert parent.wait() == 0
    os.close(terminal)
    os.close(end_of_program)
