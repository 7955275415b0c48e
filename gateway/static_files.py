"""Static files: styles, scripts and icons under names that change with their content, so that browsers keep them."""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from mimetypes import types_map
from pathlib import Path

import msgspec

from gateway.domain.joined_scripts import join, link, source_map

PREFIX = "/static/"
FOLDER = Path(__file__).parent / "static"
ENTRY = "app.js"
_HASH_LENGTH = 12
_TEXT = frozenset({".css", ".js", ".map", ".svg", ".txt", ".webmanifest"})
_OWN_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_OWN_TYPES |= {
    ".map": "application/json",
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
    "log.css",
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
    "load_failure.css",
    "adaptations.css",
)
# On lines of their own; what is left keeps its line.
_COMMENTS = re.compile(r"^[ \t]*(?:/\*\*.*?\*/|//[^\n]*)$", re.MULTILINE | re.DOTALL)
_STYLE_COMMENTS = re.compile(rb"[ \t]*/\*.*?\*/\n*|^[ \t]+", re.MULTILINE | re.DOTALL)
# `from "./x.js"`, `import "./x.js"`, `import("./x.js")`, `URL("./x.css"` in a script; `url("x.svg")` and
# `"src": "x.svg"` elsewhere.
_REFERENCE = re.compile(r'(?P<before>\b(?:from|import)\s*\(?\s*"\./|\bURL\("\./|\burl\("|"src":\s*")(?P<name>[\w.-]+)"')


class StaticFile(msgspec.Struct, frozen=True):
    """`compressed` is the content as gzip, or None where that would not make it smaller."""

    content: bytes
    compressed: bytes | None
    content_type: str
    etag: str


class StaticFiles:
    """All files of a folder, held in memory. `icon.svg` is at `/static/icon.<hash>.svg`.

    Scripts go without the comments on lines of their own, styles without any, those of all pages as `app.css`, and all
    that `app.js` begins with as one script, with a map for the tools of browsers. What it imports later are scripts of
    their own. Its modules are there as they are, too: the map leads to them.

    The hash is that of a file and of all that it refers to, so that a script whose neighbour has changed is another
    script; references between files name the hashed ones.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        sources = {path.name: _read(path) for path in sorted(folder.iterdir()) if path.is_file()}
        sources["app.css"] = b"".join(sources.pop(name, b"") for name in STYLES)
        references = {name: {*_references(source)} & sources.keys() for name, source in sources.items()}
        reachable = {name: sorted(_reachable(name, references)) for name in sources}
        self._names = {name: _hashed_name(name, sources, reachable[name]) for name in sources}
        self._files = dict[str, StaticFile]()
        scripts = {name: sources[name].decode() for name in reachable.get(ENTRY, ()) if name.endswith(".js")}
        for name, source in sources.items():
            # Modules of the joined script are read by who looks for a fault, if by anybody.
            self._keep(self._names[name], _renamed(name, source, self._names), is_compressed=name not in scripts)
        if scripts:
            self._join(scripts)

    def _join(self, scripts: Mapping[str, str]) -> None:
        """Replace the entry by all that it begins with, and what comes later by what takes the rest from there."""
        joined = join(ENTRY, scripts)
        later = scripts.keys() - joined.exports.keys()
        texts = {ENTRY: joined.text.encode()} | {name: link(name, scripts[name], joined).encode() for name in later}
        # Its name as it was stands for all that any of them refers to.
        hashed = {**texts, "": self._names[ENTRY].encode()}
        names = {name: _hashed_name(name, hashed, sorted(hashed)) for name in texts}
        map_name = f"{names[ENTRY]}.map"
        self._keep(map_name, source_map(joined, self._names))
        texts[ENTRY] += f"\n//# sourceMappingURL={map_name}\n".encode()
        self._names |= names
        for name, text in texts.items():
            self._keep(names[name], _renamed(name, text, self._names))

    def _keep(self, hashed_name: str, content: bytes, *, is_compressed: bool = True) -> None:
        suffix = Path(hashed_name).suffix
        compressed = gzip.compress(content, 9, mtime=0) if is_compressed and suffix in _TEXT else content
        self._files[hashed_name] = StaticFile(
            content=content,
            compressed=compressed if len(compressed) < len(content) else None,
            content_type=_OWN_TYPES.get(suffix) or types_map.get(suffix, "application/octet-stream"),
            etag=f'"{hashed_name.split(".")[1]}"',
        )

    def url(self, name: str) -> str | None:
        """The path of the file, if there is one of that name."""
        return PREFIX + self._names[name] if name in self._names else None

    def find(self, hashed_name: str) -> StaticFile | None:
        return self._files.get(hashed_name)


def _read(path: Path) -> bytes:
    """Styles and scripts without their comments; those of scripts also name others, for their types."""
    if path.suffix == ".css":
        return _STYLE_COMMENTS.sub(b"", path.read_bytes())
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


def _references(source: bytes) -> Iterator[str]:
    for match in _REFERENCE.finditer(source.decode(errors="replace")):
        yield match["name"]


def _renamed(file: str, source: bytes, names: Mapping[str, str]) -> bytes:
    if Path(file).suffix not in _TEXT:
        return source

    def rename(match: re.Match[str]) -> str:
        return f'{match["before"]}{names.get(match["name"], match["name"])}"'

    return _REFERENCE.sub(rename, source.decode()).encode()
