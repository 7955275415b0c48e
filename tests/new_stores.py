"""Stores as they are before a service's first start, but for the schema: to make it is most of what a start costs."""

import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from servicekit.sqlite_file import connect, migrate
from servicekit.startup_errors import make_private_folder


def put_new_store(path: Path, migrations: Path) -> None:
    """Whoever opens it gives it an id, as if they had made it. One that is there already stays."""
    if not path.exists():
        make_private_folder(path.parent)
        path.write_bytes(_made(migrations))


@cache
def _made(migrations: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "new.db")
        with closing(connect(path)) as connection:
            migrate(connection, path, migrations)
            connection.execute("DELETE FROM store")
        return path.read_bytes()
