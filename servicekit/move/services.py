"""Which services there are to move, and what of their stores is made anew instead of being moved.

Services are found by the names of their packages, and nothing of them is imported: only their scripts are read.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from servicekit.migrations import scripts
from servicekit.startup_errors import CannotStart

FILES = {"auth": "users.db", "chat": "chat.db", "media": "files.db", "video": "streams.db"}


class CannotMove(CannotStart):
    """Nothing of this service was changed; the text says what is in the way."""


@dataclass(frozen=True)
class Derived:
    """What the schema of one engine has beside the other's: made from the rest.

    `names` are of tables, or of columns as `table.column`; `made_by` are statements, where migrations alone do not do.
    """

    names: Sequence[str] = ()
    made_by: Sequence[str] = ()


@dataclass(frozen=True)
class Service:
    name: str
    file: str
    migrations: Path
    derived: dict[str, Derived] = field(default_factory=dict)  # by engine

    def scripts(self, engine: str) -> dict[int, Path]:
        """Its migrations by their numbers, none where it has no schema for that engine."""
        return scripts(self.migrations / "postgresql" if engine == "postgresql" else self.migrations)

    def check_version(self, what: str, engine: str, version: int) -> None:
        """Of the schema of `what`. Raises CannotMove where it is not the newest that is known.

        It is not brought up to date on the way: whoever does not like what they have moved to can go back to what they
        had, and a copy of it would need its room once more.
        """
        newest = max(self.scripts(engine))
        if version > newest:
            raise CannotMove(
                f"{what} has schema {version}, and this code knows none above {newest}. Run the newer code that made it"
            )
        if version < newest:
            raise CannotMove(
                f"{what} has schema {version}, and this code wants {newest}: "
                f"run `python -m {self.name}_service migrate` on it first"
            )


def service_of(name: str, file: str, migrations: Path) -> Service:
    """With what its `migrations/derived.toml` says, which not every service has."""
    path = migrations / "derived.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return Service(name, file, migrations, {engine: Derived(**one) for engine, one in told.items()})


def installed_services() -> list[Service]:
    """Raises CannotMove where one is missing: it could not be told whether there is something of it."""
    services = []
    for name, file in FILES.items():
        spec = find_spec(f"{name}_service")
        if spec is None or spec.origin is None:
            raise CannotMove(f"the package {name}_service is missing: run this where all services are installed")
        services.append(service_of(name, file, Path(spec.origin).parent / "migrations"))
    return services
