"""`make demo`: a fresh Parley with a few people, rooms, pictures and a lively history, to look around in."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from demo.content import NAMES, PASSWORD
from demo.seeding import seed
from launcher import plan, ports
from launcher.temporary_system import TemporarySystem
from servicekit import settings
from servicekit.startup_errors import EXIT_CANNOT_START


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 2 where the port that PARLEY_PORT names cannot be had. Without it any free one will do."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Parley with people in it")
    parser.add_argument(
        "--url", help="fill this running, fresh Parley, instead of starting one that is gone afterwards"
    )
    url = parser.parse_args(arguments).url
    port = settings.load_or_exit(plan.Settings, os.environ).port if os.environ.get("PARLEY_PORT") else None
    if port and not url and (error := ports.refusal("127.0.0.1", port)):
        print(
            f"Port {port}: {os.strerror(error.errno or 0)}. Another one: make demo PARLEY_PORT={port + 100}",
            file=sys.stderr,
        )
        return EXIT_CANNOT_START
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_filled(url) if url else _run(port))
    return 0


async def _filled(url: str) -> None:
    await seed(url)
    _tell(url)


async def _run(port: int | None) -> None:
    """A whole Parley in a folder of its own, until Ctrl-C."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="parley-demo-") as folder:
        print("Starting a Parley for the demonstration ...", flush=True)
        async with TemporarySystem(Path(folder), port=port) as system:
            await seed(system.url)
            _tell(system.url)
            print("Ctrl-C ends it, and nothing of it stays.", flush=True)
            await asyncio.Event().wait()


def _tell(url: str) -> None:
    print(f"\nParley is ready: {url}/sign-in?next=/chat/grace\n")
    print(f"  Sign in as   {', '.join(NAMES)}")
    print(f"  Password     {PASSWORD}   (everybody's)\n")
    print("Sign in as ada here and as grace in a private window, and let them talk.", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
