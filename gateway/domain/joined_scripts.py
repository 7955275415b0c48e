"""Scripts joined: all modules that a page begins with, in one file. Each is a block, and so has names of its own:

    export const $modules = {};
    {
    const { t } = $modules["i18n.js"];
    function wireTheme() { … }
    $modules["theme.js"] = { wireTheme };
    }

Empty lines and indentation stay behind: no text goes over more than one line (ESLint sees to it).
A module runs after those that it imports, as it would by itself. What would then be different is refused: imports in a
circle, and exports other than of functions, classes and constants where they are declared.
"""

import json
import re
from collections.abc import Mapping, Sequence

import msgspec

MODULES = "$modules"
_IMPORT = re.compile(
    r'^import\s*(?:(?:\{(?P<names>[^}]*)\}|\*\s*as\s+(?P<all>[\w$]+))\s*from\s*)?"\./(?P<file>[\w.-]+)";', re.MULTILINE
)
_EXPORT = re.compile(
    r"^export\s+(?=(?:(?:async\s+)?function\b\s*\*?|class\b|const\b)\s*(?P<name>[\w$]+))", re.MULTILINE
)
_AS = re.compile(r"\s+as\s+")
_OTHER = re.compile(r"^(?:export\b|import\b(?!\s*\()).*", re.MULTILINE)
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

_NEXT_LINE = "AACA"  # of the same module, as most are


class CannotJoin(ValueError):
    """The text names the script, and what is wrong with it."""


class JoinedScript(msgspec.Struct, frozen=True):
    """`exports` are those of its modules, in their order.

    `lines` says of each line of the text which line of which module it is, both from 0; None: of none.
    """

    text: str
    exports: Mapping[str, Sequence[str]]
    lines: Sequence[tuple[int, int] | None]


def join(entry: str, sources: Mapping[str, str]) -> JoinedScript:
    """The script and all that it imports, but for what it imports later. Raises CannotJoin."""
    exports = {name: _exports(sources[name]) for name in _in_order(entry, sources)}
    texts, lines = [f"export const {MODULES} = {{}};"], list[tuple[int, int] | None]([None])
    for number, name in enumerate(exports):
        body = _without_exports(name, _bound(name, sources[name], exports))
        kept = [(line, text.strip()) for line, text in enumerate(body.split("\n")) if text.strip()]
        texts += ["{", *(text for _, text in kept)]
        texts += [f"{MODULES}[{json.dumps(name)}] = {{ {', '.join(exports[name])} }};", "}"]
        lines += [None, *((number, line) for line, _ in kept), None, None]
    return JoinedScript("\n".join(texts), exports, lines)


def link(name: str, source: str, joined: JoinedScript) -> str:
    """A script beside the joined one, which takes from there what that has. Raises CannotJoin."""
    entry = [*joined.exports][-1]
    return f'import {{ {MODULES} }} from "./{entry}"; {_bound(name, source, joined.exports)}'


def source_map(joined: JoinedScript, addresses: Mapping[str, str]) -> bytes:
    """Where each line comes from, for the tools of browsers (ECMA-426); `addresses` are those of the modules."""
    mappings, before = list[str](), (0, 0)
    for line in joined.lines:
        if line == (before[0], before[1] + 1):
            mappings.append(_NEXT_LINE)
        else:
            mappings.append("" if line is None else _vlq(0, line[0] - before[0], line[1] - before[1], 0))
        before = line or before
    parts = {"sources": [addresses[name] for name in joined.exports], "names": [], "mappings": ";".join(mappings)}
    return json.dumps({"version": 3, **parts}).encode()


def _in_order(entry: str, sources: Mapping[str, str]) -> list[str]:
    """Each after those that it imports."""
    done = list[str]()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise CannotJoin(f"imports in a circle: {' → '.join((*path[path.index(name) :], name))}")
        if name not in sources:
            raise CannotJoin(f"{path[-1]}: there is no {name}")
        if name not in done:
            for found in _IMPORT.finditer(sources[name]):
                visit(found["file"], (*path, name))
            done.append(name)

    visit(entry, ())
    return done


def _exports(source: str) -> list[str]:
    return [found["name"] for found in _EXPORT.finditer(source)]


def _bound(name: str, source: str, exports: Mapping[str, Sequence[str]]) -> str:
    """The names that it imports from modules with these exports, taken out of what those have left."""

    def bind(found: re.Match[str]) -> str:
        file = found["file"]
        if file not in exports:
            return found[0]
        if found["all"]:
            return f"const {found['all']} = {MODULES}[{json.dumps(file)}];"
        if found["names"] is None:
            return "\n" * found[0].count("\n")
        wanted = {part.split()[0] for part in found["names"].split(",") if part.strip()}
        if missing := wanted - {*exports[file]}:
            raise CannotJoin(f"{name}: {file} does not export {', '.join(sorted(missing))}")
        names = _AS.sub(": ", found["names"])
        return f"const {{{names}}} = {MODULES}[{json.dumps(file)}];"

    return _IMPORT.sub(bind, source)


def _without_exports(name: str, source: str) -> str:
    text = _EXPORT.sub("", source)
    if other := _OTHER.search(text):
        raise CannotJoin(f"{name}: cannot be joined: {other[0]}")
    return text


def _vlq(*values: int) -> str:
    """Numbers as a source map writes them: five bits a character, the sign in the lowest."""
    text = ""
    for value in values:
        left = abs(value) << 1 | (value < 0)
        while True:
            left, digit = left >> 5, left & 31
            text += _BASE64[digit | (32 if left else 0)]
            if not left:
                break
    return text
