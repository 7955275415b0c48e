"""`python -m chat_service restored`: the store came from a backup, and clients are to hear of it."""

import argparse
import asyncio
import sys
import time
from functools import partial
from pathlib import Path

from chat_service.app import MIGRATIONS
from chat_service.store.generation import raise_generation
from servicekit import logs
from servicekit.commands import FurtherCommand, shown
from servicekit.engines import open_database


def restored_command(where: Path | str) -> FurtherCommand:
    return FurtherCommand(
        "after a restore from a backup, before the service starts: what clients have from before is told apart",
        _add_no_arguments,
        partial(_run, where),
    )


async def begin_another_generation(where: Path | str, now_s: int) -> int:
    """Returns its number. No instance may run on the store meanwhile."""
    async with open_database(where, MIGRATIONS) as database:
        return await database.write(raise_generation, now_s, engine=database.engine)


def _add_no_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def _run(where: Path | str, given: argparse.Namespace) -> None:
    del given
    logs.configure("chat", level="error", log_format="console")
    number = asyncio.run(begin_another_generation(where, int(time.time())))
    sys.stdout.write(f"{shown(where)} begins generation {number}\n")
