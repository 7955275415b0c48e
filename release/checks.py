"""What the files of a commit must say before it becomes the release of a version."""

import re
from collections.abc import Iterator
from datetime import date

from release.changelog import UNRELEASED, Section, sections

_SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_LABEL = re.compile(r'\borg\.opencontainers\.image\.version="([^"]*)"')


def faults(version: str, *, changelog: str, dockerfile: str, today: date) -> list[str]:
    """A line for each thing that is wrong; none where the files agree."""
    found = list(sections(changelog))
    return [
        *([] if _SEMANTIC.fullmatch(version) else [f"servicekit/version.py: {version!r} is no version"]),
        *_faults_of_unreleased(found[:1]),
        *_faults_of_newest(version, found[1:2], today),
        *_faults_of_label(version, dockerfile),
    ]


def _faults_of_unreleased(first: list[Section]) -> Iterator[str]:
    if not first or first[0].name != UNRELEASED:
        yield f"CHANGELOG.md: the first section has to be [{UNRELEASED}]"
    elif first[0].notes:
        yield f"CHANGELOG.md: [{UNRELEASED}] is not empty; what is in it belongs to the release"


def _faults_of_newest(version: str, newest: list[Section], today: date) -> Iterator[str]:
    if not newest or newest[0].name != version:
        yield f"CHANGELOG.md: the newest version has to be [{version}], as in servicekit/version.py"
        return
    if not newest[0].notes:
        yield f"CHANGELOG.md: [{version}] says nothing"
    try:
        is_to_come = date.fromisoformat(newest[0].date) > today
    except ValueError:
        yield f"CHANGELOG.md: [{version}] needs a date, such as {today}"
    else:
        if is_to_come:
            yield f"CHANGELOG.md: the date of [{version}] is still to come"


def _faults_of_label(version: str, dockerfile: str) -> Iterator[str]:
    if _LABEL.findall(dockerfile) != [version]:
        yield f'Dockerfile: the label org.opencontainers.image.version has to be "{version}"'
