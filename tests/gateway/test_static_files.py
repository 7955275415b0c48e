"""Static files: their names, and how scripts find each other."""

import gzip
import re
from pathlib import Path

import msgspec
import pytest

from gateway.static_files import FOLDER, STYLES, StaticFiles


def made(folder: Path, **files: str) -> StaticFiles:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    return StaticFiles(folder)


def content(files: StaticFiles, name: str) -> str:
    url = files.url(name)
    assert url is not None
    found = files.find(url.removeprefix("/static/"))
    assert found is not None
    return found.content.decode()


def test_scripts_import_each_other_by_their_hashed_names(tmp_path: Path) -> None:
    files = made(
        tmp_path,
        page_js='import { a } from "./a.js";\nimport "./b.js";\nconst c = await import("./c.js");\nlet x = "./a.js";',
        a_js='export * from "./b.js"; import "./missing.js";',
        b_js="1",
        c_js="2",
    )
    text = content(files, "page.js")
    for name in ("a.js", "b.js", "c.js"):
        assert f'"./{(files.url(name) or "").removeprefix("/static/")}"' in text
    assert 'let x = "./a.js"' in text
    assert '"./missing.js"' in content(files, "a.js")
    assert files.url("missing.js") is None


def test_a_change_changes_the_names_of_all_that_need_it(tmp_path: Path) -> None:
    before = made(tmp_path, page_js='import "./a.js";', a_js='import "./b.js"; import "./page.js";', b_js="1", c_js="2")
    names = {name: before.url(name) for name in ("page.js", "a.js", "b.js", "c.js")}
    after = made(tmp_path, b_js="3")
    assert {name for name in names if after.url(name) != names[name]} == {"page.js", "a.js", "b.js"}


JOINED = {
    "app_js": 'import { a } from "./a.js";\na(() => import("./late.js"));',
    "a_js": "export function a(later) {\n  later();\n}",
    "late_js": 'import { a } from "./a.js";\nimport { b } from "./b.js";\na(b, new URL("./l.css", import.meta.url));',
    "l_css": "a { }",
    "b_js": 'import { a } from "./a.js";\nexport const b = () => a(Object);',
}


def test_what_a_page_begins_with_is_one_script_and_the_rest_takes_from_it(tmp_path: Path) -> None:
    files = made(tmp_path, **JOINED)
    app, late, b = (f'"./{(files.url(name) or "").removeprefix("/static/")}"' for name in ("app.js", "late.js", "b.js"))
    assert f"import({late})" in content(files, "app.js")
    assert "function a(later)" in content(files, "app.js")
    for name in ("late.js", "b.js"):
        assert f"from {app};" in content(files, name)
        assert 'const { a } = $modules["a.js"];' in content(files, name)
    assert f"import {{ b }} from {b};" in content(files, "late.js")
    assert f'"./{(files.url("l.css") or "").removeprefix("/static/")}"' in content(files, "late.js")


@pytest.mark.parametrize("changed", ["app_js", "a_js", "late_js", "b_js", "l_css"])
def test_a_change_of_any_script_renames_the_joined_one_and_all_beside_it(changed: str, tmp_path: Path) -> None:
    before = made(tmp_path, **JOINED)
    after = made(tmp_path, **{changed: f"{JOINED[changed]}\n;"})
    assert all(before.url(name) != after.url(name) for name in ("app.js", "late.js", "b.js"))


def test_the_map_of_the_joined_script_leads_to_its_modules_as_they_are(tmp_path: Path) -> None:
    files = made(tmp_path, **JOINED)
    named = re.search(r"\n//# sourceMappingURL=(\S+)\n$", content(files, "app.js"))
    assert named
    source_map = files.find(named[1])
    assert source_map is not None
    assert source_map.content_type == "application/json"
    module, app = (files.find(name) for name in msgspec.json.decode(source_map.content)["sources"])
    assert module is not None
    assert module.content.decode() == JOINED["a_js"]
    assert app is not None
    assert app.content.decode().startswith("import { a } from")


def test_scripts_go_without_comments_and_each_line_keeps_its_place(tmp_path: Path) -> None:
    script = (
        '/**\n * @param {string} a\n */\nlet a = "//b"; // beside\n  // alone\n  /** one line */\nlet c = 1 /* in */;\n'
    )
    assert (
        content(made(tmp_path, page_js=script), "page.js")
        == '\n\n\nlet a = "//b"; // beside\n\n\nlet c = 1 /* in */;\n'
    )
    before = sum(path.stat().st_size for path in FOLDER.glob("*.js"))
    joined = content(StaticFiles(), "app.js")
    assert len(joined.encode()) < before * 0.9
    assert "@param" not in joined


def test_styles_go_without_comments_and_indentation(tmp_path: Path) -> None:
    style = '/* A. */\n\n:root { --a: "x"; /* b */\n  color: red; }\n/* C\n   D */\np { }\n'
    assert content(made(tmp_path, page_css=style), "page.css") == ':root { --a: "x";color: red; }\np { }\n'


def test_the_style_sheets_of_all_pages_are_one(tmp_path: Path) -> None:
    files = made(tmp_path, palette_css="a{}", adaptations_css="z{}", controls_css="b{}", contract_css="other")
    assert content(files, "app.css") == "a{}b{}z{}"
    assert (files.url("palette.css"), files.url("contract.css") is None) == (None, False)
    assert all(rule in content(StaticFiles(), "app.css") for rule in (":root", "@media"))


def test_text_is_zipped_where_that_helps(tmp_path: Path) -> None:
    files = made(tmp_path, long_css="a { color: red }\n" * 100, short_css="a")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG" + b"0" * 1000)
    files = StaticFiles(tmp_path)
    for name in ("long.css", "short.css", "picture.png"):
        found = files.find((files.url(name) or "").removeprefix("/static/"))
        assert found is not None
        assert (found.compressed is not None) == (name == "long.css")
        assert found.compressed is None or gzip.decompress(found.compressed) == found.content


def test_what_the_repository_has_is_served() -> None:
    files = StaticFiles()
    for path in FOLDER.iterdir():
        if path.name in STYLES:
            assert path.read_text().splitlines()[-1].strip() in content(files, "app.css")
        else:
            assert files.url(path.name)
    assert (files.url("icon.svg") or "") in content(files, "app.webmanifest") or "icon." in content(
        files, "app.webmanifest"
    )
