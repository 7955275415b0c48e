"""`python -m release`: the files are compared, the gates run, and the commit is tagged."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from release import checks
from release.changelog import sections
from release.repository import Repository
from servicekit.version import __version__

FOLDER = Path(__file__).parent.parent
GATES: Sequence[Sequence[str]] = (("make", "check"), ("make", "test"))


def main(folder: Path, *, version: str, gates: Sequence[Sequence[str]], today: date) -> int:
    """The exit status: 0 where `v<version>` is now a tag of this commit, else 1. Nothing is changed then."""
    repository, tag = Repository(folder), f"v{version}"
    changelog = (folder / "CHANGELOG.md").read_text()
    dockerfile = (folder / "Dockerfile").read_text()
    faults = checks.faults(version, changelog=changelog, dockerfile=dockerfile, today=today)
    faults += [] if repository.is_clean() else ["something is not committed: git status"]
    faults += [f"there is a tag {tag} already: git show {tag}"] if repository.has_tag(tag) else []
    if faults:
        return _refuse(faults)
    commit = repository.commit()
    for gate in gates:
        print(f"{tag}: {' '.join(gate)}", flush=True)
        if subprocess.run(gate, cwd=folder, check=False).returncode:
            return _refuse([f"{' '.join(gate)} has failed"])
    if repository.commit() != commit or not repository.is_clean():
        return _refuse(["the repository has changed while the gates ran"])
    repository.tag(tag, f"Parley {version}\n\n{next(one.notes for one in sections(changelog) if one.name == version)}")
    print(f"{tag} is tagged here, and nowhere else. To publish it: git push origin HEAD {tag}")
    return 0


def _refuse(faults: Sequence[str]) -> int:
    print("Not released:", *faults, sep="\n  ", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(FOLDER, version=__version__, gates=GATES, today=datetime.now(UTC).date()))
