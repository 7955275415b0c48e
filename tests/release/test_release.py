"""`make release` tags a commit only where its files agree, everything is committed and the gates have passed."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from launcher.processes import REPOSITORY
from release.__main__ import main
from release.checks import faults
from servicekit.version import __version__

TODAY = date(2026, 11, 30)
CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-30

### Added

- A way to release.

## [1.1.0] - 2026-10-01

- The past.
"""
DOCKERFILE = 'FROM scratch\nLABEL org.opencontainers.image.version="1.2.0"\n'
PASSES = (sys.executable, "-c", "")
FAILS = (sys.executable, "-c", "raise SystemExit(3)")
LITTERS = (sys.executable, "-c", "open('left behind', 'w').close()")


def of(*, version: str = "1.2.0", changelog: str = CHANGELOG, dockerfile: str = DOCKERFILE) -> list[str]:
    return faults(version, changelog=changelog, dockerfile=dockerfile, today=TODAY)


def test_files_that_agree_have_no_fault() -> None:
    assert of() == []


@pytest.mark.parametrize("version", ["1.2", "v1.2.0", "1.02.0", "1.2.0-rc1", ""])
def test_a_version_is_three_numbers(version: str) -> None:
    assert f"servicekit/version.py: {version!r} is no version" in of(version=version)


@pytest.mark.parametrize(
    "was, becomes, said",
    [
        ("## [Unreleased]\n", "", "the first section has to be [Unreleased]"),
        ("[Unreleased]\n", "[Unreleased]\n\n- Forgotten.\n", "[Unreleased] is not empty"),
        ("[1.2.0]", "[1.3.0]", "the newest version has to be [1.2.0]"),
        (" - 2026-11-30", "", "[1.2.0] needs a date, such as 2026-11-30"),
        ("2026-11-30", "tomorrow", "[1.2.0] needs a date, such as 2026-11-30"),
        ("2026-11-30", "2026-12-01", "the date of [1.2.0] is still to come"),
        ("### Added\n\n- A way to release.\n", "", "[1.2.0] says nothing"),
    ],
)
def test_a_changelog_that_does_not_fit_is_named(was: str, becomes: str, said: str) -> None:
    assert was in CHANGELOG
    found = of(changelog=CHANGELOG.replace(was, becomes, 1))
    assert any(said in one for one in found), found


@pytest.mark.parametrize("label", ["", 'LABEL org.opencontainers.image.version="1.1.0"'])
def test_an_image_of_another_version_is_named(label: str) -> None:
    (fault,) = of(dockerfile=f"FROM scratch\n{label}\n")
    assert fault.startswith("Dockerfile: ")


def test_the_image_has_the_version_of_the_code_and_the_changelog_its_section() -> None:
    """What is not released yet may stand above it."""
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    dockerfile = (REPOSITORY / "Dockerfile").read_text()
    found = faults(__version__, changelog=changelog, dockerfile=dockerfile, today=date.max)
    assert [one for one in found if "is not empty" not in one] == []


# With git


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, whatever git's settings here are."""
    for name, value in {"CONFIG_GLOBAL": "/dev/null", "CONFIG_SYSTEM": "/dev/null"}.items():
        monkeypatch.setenv(f"GIT_{name}", value)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "All of it")


def release(folder: Path, *gates: tuple[str, ...]) -> int:
    return main(folder, version="1.2.0", gates=gates, today=TODAY)


def test_a_commit_that_passes_is_tagged_with_its_notes(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert release(folder, PASSES) == 0
    assert git(folder, "rev-parse", "v1.2.0^{commit}") == git(folder, "rev-parse", "HEAD")
    assert git(folder, "tag", "--list", "--format=%(contents)").strip() == (
        "Parley 1.2.0\n\n### Added\n\n- A way to release."
    )
    assert "git push origin HEAD v1.2.0" in capfd.readouterr().out


@pytest.mark.parametrize(
    "gate, said", [(FAILS, "has failed"), (LITTERS, "the repository has changed while the gates ran")]
)
def test_a_gate_that_fails_or_changes_something_leaves_no_tag(
    folder: Path, capfd: pytest.CaptureFixture[str], gate: tuple[str, ...], said: str
) -> None:
    assert release(folder, PASSES, gate) == 1
    assert said in capfd.readouterr().err
    assert git(folder, "tag") == ""


def test_all_that_is_wrong_is_said_at_once_and_no_gate_runs(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    git(folder, "tag", "v1.2.0")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    assert release(folder, LITTERS) == 1
    said = capfd.readouterr().err
    assert "Dockerfile: " in said
    assert "something is not committed" in said
    assert "there is a tag v1.2.0 already" in said
    assert not (folder / "left behind").exists()
