"""What coverage need not look at: to be watched makes Python half as fast again."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

COVERAGE_OF_PROCESSES = "COVERAGE_PROCESS_CONFIG"  # what it tells them by


@contextmanager
def unwatched() -> Iterator[None]:
    """The test's own thread and its processes; what an engine does for it in other threads is watched all the same."""
    tracer, processes = sys.gettrace(), os.environ.get(COVERAGE_OF_PROCESSES)
    if tracer is None or processes is None:
        yield
        return
    sys.settrace(None)
    os.environ[COVERAGE_OF_PROCESSES] = ""
    try:
        yield
    finally:
        os.environ[COVERAGE_OF_PROCESSES] = processes
        sys.settrace(tracer)
