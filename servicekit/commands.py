"""Commands beside the running service: `python -m <service> migrate`, and `accept LIST` after a peer forgot.

A service may have further ones of its own.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from servicekit.engines import make_database, open_database
from servicekit.list_replica import ACCEPTED
from servicekit.problems import Refusal
from servicekit.startup_errors import EXIT_CANNOT_START, EXIT_FAULT, CannotStart


class FurtherCommand(NamedTuple):
    """`run` may raise any Refusal, or CannotStart."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def run_command(
    arguments: Sequence[str],
    *,
    program: str,
    where: Path | str,
    migrations: Path,
    lists: Sequence[str] = (),
    further: Mapping[str, FurtherCommand] | None = None,
) -> None:
    """Do what `arguments` say to the store that is `where` the settings say; `lists` can be accepted.

    Ends the process, with one line: EXIT_CANNOT_START where that will never do, EXIT_FAULT where it may in a while.
    """
    further = further or {}
    given = _parsed(arguments, program, lists, further)
    try:
        if given.command in further:
            further[given.command].run(given)
        elif given.command == "migrate":
            _migrate(where, migrations)
        else:
            asyncio.run(_accept(given.list, where, migrations))
    except CannotStart as error:
        _refuse(program, error, EXIT_CANNOT_START)
    except Refusal as error:
        _refuse(program, error, EXIT_FAULT)


def _parsed(
    arguments: Sequence[str], program: str, lists: Sequence[str], further: Mapping[str, FurtherCommand]
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}", description="Without a command, the service runs until SIGTERM."
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    commands.add_parser("migrate", help="bring the store up to date, or into being; the service may run meanwhile")
    if lists:
        accept = commands.add_parser("accept", help="take a list from a peer that has forgotten what it told before")
        accept.add_argument("list", choices=lists)
    for name, command in further.items():
        command.add_arguments(commands.add_parser(name, help=command.help))
    return parser.parse_args(arguments)


def _migrate(where: Path | str, migrations: Path) -> None:
    done = make_database(where, migrations)
    if done.before == done.after:
        told = f"is up to date: schema {done.after}"
    else:
        told = f"was brought up to date: schema {done.before} to {done.after}"
    sys.stdout.write(f"{shown(where)} {told}\n")


async def _accept(name: str, where: Path | str, migrations: Path) -> None:
    async with open_database(where, migrations) as database:
        await database.put_known_store(name, ACCEPTED)


def shown(where: Path | str) -> str:
    """Without the password that may be in an address."""
    return str(where) if isinstance(where, Path) else f"the schema {where.rpartition('#')[2]}"


def _refuse(program: str, error: Exception, status: int) -> None:
    sys.stderr.write(f"{program}: {error}\n")
    raise SystemExit(status)
