"""The locks in requirements/ are whole for every supported Python: nothing is left for an installer to choose."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from typing import Any, cast

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from launcher.processes import REPOSITORY

LOCKS = ("pip", "runtime", "launcher", "dev")
PYTHONS = ("3.11.0", "3.11.7", "3.12.0", "3.13.0", "3.14.0")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
Lock = dict[str, list[Requirement]]


def lines(lock: str) -> list[str]:
    """One a package, its hashes with it."""
    text = (REPOSITORY / f"requirements/{lock}.txt").read_text()
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def read(lock: str) -> list[Requirement]:
    return [Requirement(line.split("--hash", 1)[0].strip()) for line in lines(lock)]


def environment(python: str) -> dict[str, str]:
    short = python.rpartition(".")[0]
    here = cast("dict[str, str]", default_environment())
    return {**here, "python_version": short, "python_full_version": python, "implementation_version": python}


def chosen(requirements: list[Requirement], python: str) -> dict[str, Requirement]:
    """What an installer takes under this Python, on a machine like this one."""
    here = environment(python)
    found: dict[str, Requirement] = {}
    for one in requirements:
        if one.marker is None or one.marker.evaluate(here):
            assert found.setdefault(canonicalize_name(one.name), one) is one, f"{one.name} is pinned twice"
    return found


def wants(one: Requirement, python: str) -> Iterator[Requirement]:
    """What this package, with these extras, depends on under this Python."""
    for text in _requirements(one):
        wanted = Requirement(text)
        extras = (*one.extras, "")
        if wanted.marker is None or any(
            wanted.marker.evaluate({**environment(python), "extra": extra}) for extra in extras
        ):
            yield wanted


def _requirements(one: Requirement) -> list[str]:
    try:
        return requires(one.name) or []
    except PackageNotFoundError:  # of another Python or system: what it wants cannot be read here
        assert one.marker is not None, one
        assert not one.marker.evaluate(), one
        return []


def gaps(requirements: list[Requirement], python: str) -> list[str]:
    """What is wanted and not pinned, or pinned without the extra or to another version than it is wanted in."""
    pinned = chosen(requirements, python)
    return [
        f"{one.name} wants {wanted}"
        for one in pinned.values()
        for wanted in wants(one, python)
        if not _is_met(wanted, pinned.get(canonicalize_name(wanted.name)))
    ]


def _is_met(wanted: Requirement, pin: Requirement | None) -> bool:
    if pin is None:
        return False
    (version,) = (clause.version for clause in pin.specifier)
    return wanted.extras <= pin.extras and wanted.specifier.contains(version, prereleases=True)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_one_version_with_its_hashes_and_without_an_address(lock: str) -> None:
    for line, one in zip(lines(lock), read(lock), strict=True):
        assert [clause.operator for clause in one.specifier] == ["=="], line
        assert HASH.search(line), line
        assert "://" not in line, line


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_no_pinned_package_depends_on_what_is_not_pinned(lock: str, python: str) -> None:
    assert gaps(read(lock), python) == []


def test_an_extra_that_is_not_in_the_lock_is_a_gap() -> None:
    """What pip 23 refused: pytest-cov wants coverage with an extra, whose newest release pip then went for."""
    without = [Requirement(str(one).replace("[toml]", "")) for one in read("dev")]
    assert gaps(without, "3.11.0") == ["pytest-cov wants coverage[toml]>=7.10.6"]


@pytest.mark.parametrize("smaller,larger", [("runtime", "launcher"), ("launcher", "dev")])
def test_each_lock_holds_the_one_before_it_at_the_same_versions(smaller: str, larger: str) -> None:
    assert {str(one) for one in read(smaller)} <= {str(one) for one in read(larger)}


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    asked = {
        "runtime": project["dependencies"],
        "launcher": project["optional-dependencies"]["launcher"],
        "dev": project["optional-dependencies"]["dev"],
    }
    for lock, texts in asked.items():
        pinned = chosen(read(lock), "3.11.0")
        for text in texts:
            assert _is_met(Requirement(text), pinned.get(canonicalize_name(Requirement(text).name))), text
    assert SpecifierSet(project["requires-python"]).contains(PYTHONS[0])
