"""Move an installation: `python -m servicekit.move FROM TO`, with the services stopped."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from servicekit.move.moving import Moved, move
from servicekit.move.services import FILES, installed_services
from servicekit.move.sqlite_place import SqlitePlace
from servicekit.move.stores import Place
from servicekit.problems import NotStored
from servicekit.startup_errors import EXIT_CANNOT_START, EXIT_FAULT, CannotStart

ADDRESS = "sqlite:DATA_FOLDER or postgresql://user@host/database"
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m servicekit.move", description=__doc__)
    parser.add_argument("source", metavar="FROM", type=_place, help=ADDRESS)
    parser.add_argument("target", metavar="TO", type=_place, help="the same")
    parser.add_argument("--only", choices=FILES, help="one service, as where each has a data folder of its own")
    given = parser.parse_args(arguments)
    try:
        services = [one for one in installed_services() if given.only in {None, one.name}]
        _print_moved(move(services, given.source, given.target, tell=_tell))
    except (CannotStart, NotStored) as error:
        _tell(f"{str(error).rstrip('.')}. Nothing else was changed")
        return EXIT_CANNOT_START if isinstance(error, CannotStart) else EXIT_FAULT
    except KeyboardInterrupt:
        _tell("interrupted. Nothing else was changed")
        return EXIT_INTERRUPTED
    return 0


def _place(address: str) -> Place:
    kind, _, rest = address.partition(":")
    if kind == "sqlite" and rest:
        return SqlitePlace(Path(rest))
    if kind in {"postgresql", "postgres"}:
        from servicekit.move.postgres_place import PostgresPlace  # noqa: PLC0415 - for those who have it

        return PostgresPlace(address)
    raise argparse.ArgumentTypeError(f"expected {ADDRESS}")


def _print_moved(services: Iterable[Sequence[Moved]]) -> None:
    for number, tables in enumerate(services):
        if not number:
            _print("service", "table", "rows", "verified")
        for one in tables:
            _print(one.service, one.table, f"{one.rows}", "yes")


def _print(service: str, table: str, rows: str, verified: str) -> None:
    sys.stdout.write(f"{service:8} {table:20} {rows:>10}  {verified}\n")
    sys.stdout.flush()


def _tell(line: str) -> None:
    """What goes on, or went wrong, beside the table."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
