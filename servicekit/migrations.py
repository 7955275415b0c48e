"""What both engines' migrations have in common: numbered scripts, and what applying them came to."""

from pathlib import Path
from typing import NamedTuple


class Migrated(NamedTuple):
    """The id of the store, and the number of its schema before and after."""

    store: str
    before: int
    after: int


def scripts(folder: Path) -> dict[int, Path]:
    """The scripts `NNNN_*.sql` by their numbers, in order; none where an engine has none."""
    return {int(script.name[:4]): script for script in sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))}
