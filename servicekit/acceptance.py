"""Accepting a peer that has forgotten: `python -m <service> accept LIST`, beside the running service."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from servicekit.database import Database
from servicekit.list_replica import ACCEPTED


def accept(arguments: Sequence[str], *, program: str, path: Path, migrations: Path, lists: Sequence[str]) -> None:
    """Have the store at `path` take one of `lists` from the beginning, from whichever store tells it next."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    command = parser.add_subparsers(required=True, metavar="accept").add_parser(
        "accept", help="take a list from a peer that has forgotten what it told before"
    )
    command.add_argument("list", choices=lists)
    name = parser.parse_args(arguments).list
    with closing(Database(path, migrations)) as database:
        asyncio.run(database.put_known_store(name, ACCEPTED))
