"""Static files: styles, scripts and icons under names that change with their content, so that browsers keep them."""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from mimetypes import types_map
from pathlib import Path

import msgspec

PREFIX = "/static/"
FOLDER = Path(__file__).parent / "static"
_HASH_LENGTH = 12
_TEXT = frozenset({".css", ".js", ".svg", ".txt", ".webmanifest"})
_OWN_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_OWN_TYPES |= {
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
# What every page needs is one request. Later rules win, so the order counts.
STYLES = (
    "palette.css",
    "controls.css",
    "icons.css",
    "layout.css",
    "conversation_list.css",
    "inbox.css",
    "conversation.css",
    "message_tools.css",
    "markup.css",
    "people.css",
    "moderation.css",
    "composer.css",
    "attachments.css",
    "link_cards.css",
    "chosen_files.css",
    "search.css",
    "switcher.css",
    "video.css",
    "admin.css",
    "adaptations.css",
)
# On lines of their own; what is left keeps its line.
_COMMENTS = re.compile(r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)$", re.MULTILINE | re.DOTALL)
# `from "./x.js"`, `import "./x.js"`, `import("./x.js")`, `URL("./x.css"` in a script; `url("x.svg")` and
# `"src": "x.svg"` elsewhere.
_REFERENCE = re.compile(r'(?P<before>\b(?:from|import)\s*\(?\s*"\./|\bURL\("\./|\burl\("|"src":\s*")(?P<name>[\w.-]+)"')

# What a script cannot begin without: not what it imports later, if at all.
_NEEDED = re.compile(r'\b(?:from|import)\s*"\./(?P<name>[\w.-]+)"')


class StaticFile(msgspec.Struct, frozen=True):
    """`compressed` is the content as gzip, or None where that would not make it smaller."""

    content: bytes
    compressed: bytes | None
    content_type: str
    etag: str


class StaticFiles:
    """All files of a folder, held in memory. `app.js` is at `/static/app.<hash>.js`.

    Scripts go without the comments that stand on lines of their own, and the style sheets of all pages as `app.css`.

    The hash is that of a file and of all that it refers to, so that a script whose neighbour has changed is another
    script; references between files name the hashed ones.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        sources = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.is_file()}
        sources["app.css"] = b"".join(sources.pop(name, b"") for name in STYLES)
        references = {name: {*_references(source)} & sources.keys() for name, source in sources.items()}
        reachable = {name: sorted(_reachable(name, references)) for name in sources}
        self._names = {name: _hashed_name(name, sources, reachable[name]) for name in sources}
        needed = {name: {*_references(source, _NEEDED)} & sources.keys() for name, source in sources.items()}
        self._urls_behind = {
            name: [PREFIX + self._names[one] for one in sorted(_reachable(name, needed)) if one != name]
            for name in sources
        }
        self._files = {self._names[name]: self._prepared(name, sources[name]) for name in sources}

    def url(self, name: str) -> str | None:
        """The path of the file, if there is one of that name."""
        return PREFIX + self._names[name] if name in self._names else None

    def urls_behind(self, name: str) -> list[str]:
        """The paths of all that the file needs, directly or not, so that a page can ask for them at once."""
        return self._urls_behind.get(name, [])

    def find(self, hashed_name: str) -> StaticFile | None:
        return self._files.get(hashed_name)

    def _prepared(self, name: str, source: bytes) -> StaticFile:
        suffix = Path(name).suffix
        content = _renamed(source, self._names) if suffix in _TEXT else source
        compressed = gzip.compress(content, 9, mtime=0)
        return StaticFile(
            content=content,
            compressed=compressed if suffix in _TEXT and len(compressed) < len(content) else None,
            content_type=_OWN_TYPES.get(suffix) or types_map.get(suffix, "application/octet-stream"),
            etag=f'"{Path(self._names[name]).stem.rpartition(".")[2]}"',
        )


def _read(path: Path) -> bytes:
    """A script without its comments, which also name other scripts, for their types."""
    if path.suffix != ".js":
        return path.read_bytes()
    return _COMMENTS.sub(lambda comment: "\n" * comment[0].count("\n"), path.read_text()).encode()


def _hashed_name(name: str, sources: Mapping[str, bytes], reachable: Iterable[str]) -> str:
    """By the content of all that is `reachable`, in a fixed order: scripts may refer to each other in a circle."""
    digest = sha256()
    for one in reachable:
        digest.update(one.encode() + b"\0" + sources[one] + b"\0")
    path = Path(name)
    return f"{path.stem}.{digest.hexdigest()[:_HASH_LENGTH]}{path.suffix}"


def _reachable(name: str, references: Mapping[str, set[str]]) -> set[str]:
    """The file and all that it refers to, directly or not."""
    found, left = {name}, [name]
    while left:
        fresh = references[left.pop()] - found
        found |= fresh
        left += fresh
    return found


def _references(source: bytes, pattern: re.Pattern[str] = _REFERENCE) -> Iterator[str]:
    for match in pattern.finditer(source.decode(errors="replace")):
        yield match["name"]


def _renamed(source: bytes, names: Mapping[str, str]) -> bytes:
    def rename(match: re.Match[str]) -> str:
        return f'{match["before"]}{names.get(match["name"], match["name"])}"'

    return _REFERENCE.sub(rename, source.decode()).encode()
