"""Logs of tests: a fault as a plain traceback. Structlog's own is drawn with every variable in it, for seconds."""

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback


def configure() -> None:
    """For this process, to whatever stdout is when something is logged."""
    *others, _ = structlog.get_config()["processors"]
    structlog.configure(processors=[*others, ConsoleRenderer(colors=False, exception_formatter=plain_traceback)])
