"""Joined scripts: what is taken into one file, what is refused, and where each line comes from."""

import json
import re

import pytest

from gateway.domain.joined_scripts import CannotJoin, join, link, source_map

SOURCES = {
    "app.js": (
        'import { one as first, two } from "./names.js";\n'
        'import * as names from "./names.js";\n'
        'import "./begin.js";\n'
        "names.two(first, two);"
    ),
    "begin.js": 'import {\n  two,\n} from "./names.js";\ntwo();',
    "names.js": "export const one = 1;\nexport async function two() {}\nexport class Three {}",
}


def test_each_module_is_a_block_after_those_that_it_imports() -> None:
    assert join("app.js", SOURCES).text.splitlines() == [
        "export const $modules = {};",
        "{",
        "const one = 1;",
        "async function two() {}",
        "class Three {}",
        '$modules["names.js"] = { one, two, Three };',
        "}",
        "{",
        "const {",
        "two,",
        '} = $modules["names.js"];',
        "two();",
        '$modules["begin.js"] = {  };',
        "}",
        "{",
        'const { one: first, two } = $modules["names.js"];',
        'const names = $modules["names.js"];',
        "names.two(first, two);",
        '$modules["app.js"] = {  };',
        "}",
    ]


def test_what_is_imported_later_stays_apart_and_takes_what_is_joined_from_there() -> None:
    sources = SOURCES | {
        "late.js": 'import { two } from "./names.js";\nimport { x } from "./x.js";\nexport { x };',
        "x.js": "export const x = 1;",
    }
    joined = join("app.js", sources | {"app.js": f'{SOURCES["app.js"]}\nimport("./late.js");'})
    assert 'import("./late.js");' in joined.text
    assert "x.js" not in joined.text
    assert link("late.js", sources["late.js"], joined).splitlines() == [
        'import { $modules } from "./app.js"; const { two } = $modules["names.js"];',
        'import { x } from "./x.js";',
        "export { x };",
    ]


@pytest.mark.parametrize(
    "module, reason",
    [
        ('import { a } from "./app.js";', "in a circle: app.js → a.js → app.js"),
        ('import { a } from "./lost.js";', "a.js: there is no lost.js"),
        ('import { four } from "./names.js";', "a.js: names.js does not export four"),
        ('import four from "./names.js";', "a.js: cannot be joined: import four"),
        ('import { one } from "elsewhere";', "a.js: cannot be joined: import { one }"),
        ("export let a = 1;", "a.js: cannot be joined: export let a"),
        ("export const { a } = b;", "a.js: cannot be joined: export const { a }"),
        ("export default 1;", "a.js: cannot be joined: export default"),
        ("const a = 1;\nexport { a };", "a.js: cannot be joined: export { a }"),
    ],
)
def test_what_would_be_different_in_one_file_is_refused(module: str, reason: str) -> None:
    with pytest.raises(CannotJoin, match=re.escape(reason)):
        join("app.js", SOURCES | {"app.js": 'import "./a.js";', "a.js": module})


def test_the_map_says_of_each_line_where_it_comes_from() -> None:
    joined = join("app.js", SOURCES)
    parsed = json.loads(source_map(joined, {name: f"of {name}" for name in SOURCES}))
    assert (parsed["version"], parsed["sources"]) == (3, ["of names.js", "of begin.js", "of app.js"])
    lines = [SOURCES[name].splitlines() for name in joined.exports]
    for text, place in zip(joined.text.splitlines(), decoded(parsed["mappings"]), strict=True):
        if place is None:
            assert text.startswith(("{", "}", "$modules", "export const $modules"))
        else:
            source = lines[place[0]][place[1]]
            assert text == source.strip().removeprefix("export ") or source.startswith(("import", '} from "./'))


def decoded(mappings: str) -> list[tuple[int, int] | None]:
    """The module and line that each line begins with, as browsers read it."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    places = list[tuple[int, int] | None]()
    module = line = 0
    for segment in mappings.split(";"):
        values, shift, value = list[int](), 0, 0
        for digit in map(digits.index, segment):
            value |= (digit & 31) << shift
            shift += 5
            if not digit & 32:
                values.append(-(value >> 1) if value & 1 else value >> 1)
                shift = value = 0
        if values:
            assert values[0] == values[3] == 0
            module, line = module + values[1], line + values[2]
        places.append((module, line) if values else None)
    return places
