"""Static files: their names, and how scripts find each other."""

import gzip
from pathlib import Path

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
        app_js='import { a } from "./a.js";\nimport "./b.js";\nconst c = await import("./c.js");\nlet x = "./a.js";',
        a_js='export * from "./b.js"; import "./missing.js";',
        b_js="1",
        c_js="2",
    )
    text = content(files, "app.js")
    for name in ("a.js", "b.js", "c.js"):
        assert f'"./{(files.url(name) or "").removeprefix("/static/")}"' in text
    assert 'let x = "./a.js"' in text
    assert '"./missing.js"' in content(files, "a.js")
    assert files.url("missing.js") is None


def test_a_change_changes_the_names_of_all_that_need_it(tmp_path: Path) -> None:
    before = made(tmp_path, app_js='import "./a.js";', a_js='import "./b.js"; import "./app.js";', b_js="1", c_js="2")
    names = {name: before.url(name) for name in ("app.js", "a.js", "b.js", "c.js")}
    after = made(tmp_path, b_js="3")
    assert {name for name in names if after.url(name) != names[name]} == {"app.js", "a.js", "b.js"}


def test_all_that_a_script_needs_is_known_before_it_is_read(tmp_path: Path) -> None:
    files = made(tmp_path, app_js='import "./a.js";', a_js='import "./b.js"; import "./app.js";', b_js="1", c_js="2")
    assert files.urls_behind("app.js") == [files.url("a.js"), files.url("b.js")]
    assert files.urls_behind("b.js") == files.urls_behind("missing.js") == []
    late = made(tmp_path, app_js='import "./a.js";', a_js='const c = import("./c.js");')
    assert late.urls_behind("app.js") == [late.url("a.js")]


def test_scripts_go_without_comments_and_each_line_keeps_its_place(tmp_path: Path) -> None:
    script = (
        '/**\n * @param {string} a\n */\nlet a = "//b"; // beside\n  // alone\n  /** one line */\nlet c = 1 /* in */;\n'
    )
    assert (
        content(made(tmp_path, app_js=script), "app.js") == '\n\n\nlet a = "//b"; // beside\n\n\nlet c = 1 /* in */;\n'
    )
    before = sum(path.stat().st_size for path in FOLDER.glob("*.js"))
    files = StaticFiles()
    served = [content(files, path.name) for path in FOLDER.glob("*.js")]
    assert sum(len(text.encode()) for text in served) < before * 0.9
    assert not any("@param" in text for text in served)


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
            assert path.read_text() in content(files, "app.css")
        else:
            assert files.url(path.name)
    assert (files.url("icon.svg") or "") in content(files, "app.webmanifest") or "icon." in content(
        files, "app.webmanifest"
    )
