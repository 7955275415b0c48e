"""Accepting a peer that has forgotten: `python -m <service> accept LIST`, beside the running service."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from servicekit.engines import open_database
from servicekit.list_replica import ACCEPTED


def accept(arguments: Sequence[str], *, program: str, path: Path, migrations: Path, lists: Sequence[str]) -> None:
    """Have the store at `path` take one of `lists` from the beginning, from whichever store tells it next."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    command = parser.add_subparsers(required=True, metavar="accept").add_parser(
        "accept", help="take a list from a peer that has forgotten what it told before"
    )
    command.add_argument("list", choices=lists)
    name = parser.parse_args(arguments).list
    asyncio.run(_accept(name, path, migrations))


async def _accept(name: str, path: Path, migrations: Path) -> None:
    async with open_database(path, migrations) as database:
        await database.put_known_store(name, ACCEPTED)
