"""The repository as git knows it."""

import subprocess
from pathlib import Path


class Repository:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_clean(self) -> bool:
        """Whether everything is committed; what .gitignore names does not count."""
        return self._git("status", "--porcelain") == ""

    def commit(self) -> str:
        return self._git("rev-parse", "HEAD")

    def has_tag(self, name: str) -> bool:
        return self._git("tag", "--list", name) != ""

    def tag(self, name: str, message: str) -> None:
        """Annotated, and of this commit. Lines that begin with # are kept."""
        self._git("tag", "--annotate", "--cleanup=whitespace", "--message", message, name)

    def _git(self, *arguments: str) -> str:
        """Raises CalledProcessError."""
        done = subprocess.run(["git", *arguments], cwd=self._folder, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()
