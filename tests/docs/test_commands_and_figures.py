"""What readers are told to type can be typed, and the figures that README shows were measured."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from launcher.processes import REPOSITORY

PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
README = (REPOSITORY / "README.md").read_text()


def commands(page: Path) -> list[str]:
    """The blocks for a shell, without the prompts and the answers of those that show both."""
    blocks = re.findall(r"^ *```(sh|console \w+)\n(.*?)^ *```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [
        text if kind == "sh" else "\n".join(re.findall(r"^\$ ((?:.*[\\|]\n)*.*)", text, re.MULTILINE))
        for kind, text in blocks
    ]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_a_shell_understands_every_command(page: Path) -> None:
    checked = subprocess.run(
        ["bash", "-n"], input="\n".join(commands(page)), text=True, capture_output=True, check=False
    )
    assert checked.stderr == ""


def test_every_module_of_ours_that_is_to_be_run_is_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"python3? -m (\w+(?:\.\w+)*)", page.read_text())}
    assert "auth_service" in named
    assert {name for name in named if find_spec(name) is None} == set()


def test_every_service_of_compose_that_is_named_is_there() -> None:
    services = set(re.findall(r"^  (\w+):$", (REPOSITORY / "docker-compose.yml").read_text(), re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(
            r"docker compose (?:exec|cp|run (?:--\S+ )*|up --scale) ?(\w+)(?=[ :=])", page.read_text()
        )
    }
    assert {"gateway", "auth_service", "chat_service"} <= named
    assert named <= services


def test_readme_shows_six_figures_and_all_are_those_of_the_benchmarks() -> None:
    (table,) = re.findall(r"## Six figures\n\n\| \| \|\n\| --- \| ---: \|\n((?:\|.*\n)+)", README)
    figures = [line.strip("| ").rpartition(" | ")[2] for line in table.splitlines()]
    measured = (REPOSITORY / "docs/performance.md").read_text()
    assert len(figures) == 6
    assert [one for one in figures if f"| {one} |" not in measured] == []


def test_every_part_of_the_benchmarks_is_named_with_what_it_measures() -> None:
    parts = re.findall(r'^    "(\w+)": \w+\.measure', (REPOSITORY / "bench/__main__.py").read_text(), re.MULTILINE)
    assert len(parts) > 10
    rows = re.findall(r"^\| [^|]+ \| `(\w+)` \| ", (REPOSITORY / "docs/performance.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(parts)
