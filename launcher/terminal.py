"""The terminal: who gets its Ctrl-C."""

import os
import signal
import sys


def take_ctrl_c() -> None:
    """Let Ctrl-C reach this process alone, and not the `make` that started it as well.

    make answers one with "Interrupt" and status 130, however cleanly its recipe ends. So this process becomes
    a group of its own in the terminal's foreground. It does nothing without a terminal, in the background, or
    where the shell has made it a group already.
    """
    if os.getpgrp() == os.getpid() or not _is_in_the_foreground():
        return
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # the next lines are those of a background group
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # the shell would not see us stop, and would hang
    os.setpgid(0, 0)
    os.tcsetpgrp(sys.stdin.fileno(), os.getpgrp())


def _is_in_the_foreground() -> bool:
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:  # no terminal, or not ours
        return False
