"""CHANGELOG.md in the form of Keep a Changelog: what is not released yet, then the versions, the newest first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

UNRELEASED = "Unreleased"
_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (.*))?$", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A version with its date as it is written, or what is not released; `notes` is the text below the heading."""

    name: str
    date: str
    notes: str


def sections(changelog: str) -> Iterator[Section]:
    headings = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    for heading, end in zip(headings, ends, strict=True):
        yield Section(heading[1], heading[2] or "", changelog[heading.end() : end].strip())
