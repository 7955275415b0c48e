"""Icons: all in one picture, of which the styles take each by its place."""

import re

from bs4 import BeautifulSoup

from gateway.static_files import FOLDER

SIDE = 24


def places_in_picture() -> dict[str, str]:
    picture = BeautifulSoup((FOLDER / "icons.svg").read_bytes(), "html.parser")
    found = {}
    for icon in picture.select("svg > g"):
        match = re.match(r"translate\((\d+) (\d+)\)", str(icon["transform"]))
        assert match is not None, icon
        column, row = int(match[1]) // SIDE, int(match[2]) // SIDE
        found[f"{column * 10}% {row * 10}%"] = str(icon["id"])
    return found


def test_the_styles_take_every_icon_of_the_picture_and_no_other() -> None:
    places = places_in_picture()
    assert len(places) == len(set(places.values())) > 60
    styles = {path.name: path.read_text() for path in FOLDER.glob("*.css")}
    taken = {place for style in styles.values() for place in re.findall(r"--icon: ([^;]+);", style)}
    assert taken == places.keys()
    # A picture for each would be a document for each, which took half of what a browser works for a page.
    assert [name for name, style in styles.items() if "data:" in style] == []
