"""Runs the benchmarks that were asked for and prints their tables. See `bench/__init__.py`."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from bench import (
    busy_page,
    engines,
    files,
    footprint,
    forwarding,
    idle,
    long_session,
    messages,
    page_loading,
    pages,
    pictures,
    reconnect,
    resume,
    rooms,
    search,
    starving,
    video,
)
from bench.machine import allow_open_files, describe_machine
from bench.rounds import FULL, QUICK, Effort, WrongResult
from bench.table import render

PARTS = {
    "forwarding": forwarding.measure,
    "messages": messages.measure,
    "engines": engines.measure,
    "rooms": rooms.measure,
    "resume": resume.measure,
    "search": search.measure,
    "starving": starving.measure,
    "reconnect": reconnect.measure,
    "idle": idle.measure,
    "footprint": footprint.measure,
    "pictures": pictures.measure,
    "files": files.measure,
    "video": video.measure,
    "pages": pages.measure,
    "page_loading": page_loading.measure,
    "busy_page": busy_page.measure,
    "long_session": long_session.measure,
}
# A disk, while /tmp is memory on some systems, where writing for certain costs nothing (FHS 3.0, 5.15).
FOLDER = Path("/var/tmp")  # noqa: S108 - each run makes a private folder in it
# The gateway has two for each connection, one on either side.
OPEN_FILES = 2 * FULL.people_idle_later + 1_000


def main() -> int:
    arguments = _parse()
    _forget_settings()
    allow_open_files(OPEN_FILES)
    effort = QUICK if arguments.quick else FULL
    print(f"Machine: {describe_machine(FOLDER)}.")
    print(f"Rates and times are medians; rounds: {effort.rounds}, of {effort.round_s:.0f} s each.\n", flush=True)
    try:
        return uvloop.run(_measure(arguments.parts, effort))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast Parley is on this machine")
    parser.add_argument("parts", nargs="*", type=_part, default=[*PARTS], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="short rounds, few people: does it work")
    return parser.parse_args()


def _part(name: str) -> str:
    if name not in PARTS:  # `choices` would also refuse the default
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(PARTS)}")
    return name


def _forget_settings() -> None:
    """The defaults are measured, not what the caller's shell happens to hold."""
    for name in [*os.environ]:
        if name.startswith("PARLEY_") or name == "SECRET_KEY":
            del os.environ[name]


async def _measure(parts: Sequence[str], effort: Effort) -> int:
    _end_in_order_on_sigterm()
    right = [await _measure_one(part, effort) for part in parts]
    return 0 if all(right) else 1


async def _measure_one(part: str, effort: Effort) -> bool:
    print(f"measuring {part} …", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="parley-bench-", dir=FOLDER) as folder:
        try:
            print(render(await PARTS[part](effort, Path(folder))), flush=True)
        except WrongResult as wrong:
            print(f"### {part}: WRONG RESULT, no figures\n\n{wrong}\n", flush=True)
            return False
    return True


def _end_in_order_on_sigterm() -> None:
    """Cancels the run, so that each `async with` ends the processes that it started."""
    run = asyncio.current_task()
    assert run is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, run.cancel)


if __name__ == "__main__":
    sys.exit(main())
