"""Addresses in what people write: links, and nothing else."""

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.links import pieces
from gateway.rendering import linked

FRAGMENTS = st.sampled_from(
    [
        "http://",
        "https://",
        "HTTPS://a.b",
        "javascript:",
        "//",
        "a.test",
        "<b>",
        '"',
        "'",
        "&amp;",
        " ",
        "\n",
        ")",
        "(",
        "\u202e",
    ]
)
TEXTS = st.lists(st.one_of(FRAGMENTS, st.text(max_size=5))).map("".join)


@pytest.mark.parametrize(
    "text, links",
    [
        ("https://example.org", ["https://example.org"]),
        ("See https://example.org/a?b=c&d=e#f, please.", ["https://example.org/a?b=c&d=e#f"]),
        ("(https://en.wikipedia.org/wiki/Moth_(insect))", ["https://en.wikipedia.org/wiki/Moth_(insect)"]),
        ("https://a.test https://b.test", ["https://a.test", "https://b.test"]),
        ("<https://a.test>", ["https://a.test"]),
        ("https://a.test…", ["https://a.test"]),
        ("https://bücher.example/ä", ["https://bücher.example/ä"]),
        ("javascript:alert(1)", []),
        ("ftp://a.test data:text/html,x", []),
        ("https:// nothing", []),
        ("https://user:password@evil.test", []),
        ("xhttps://a.test", []),
        ("https://...", []),
    ],
)
def test_http_addresses_are_links(text: str, links: list[str]) -> None:
    assert [piece.text for piece in pieces(text) if piece.is_link] == links


@given(TEXTS)
def test_the_pieces_are_the_text(text: str) -> None:
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert all(piece.text for piece in found)
    assert all(piece.text.lower().startswith(("http://", "https://")) for piece in found if piece.is_link)


@given(TEXTS)
def test_as_markup_it_is_links_and_text_alone(text: str) -> None:
    html = BeautifulSoup(f"<pre>{linked(text)}</pre>", "html.parser").pre  # a paragraph's blanks would be joined
    assert html is not None
    assert html.get_text() == text
    for tag in html.find_all(True):
        assert tag.name == "a"
        assert dict(tag.attrs) == {
            "href": tag.get_text(),
            "rel": ["noopener", "noreferrer", "nofollow"],
            "target": "_blank",
        }
