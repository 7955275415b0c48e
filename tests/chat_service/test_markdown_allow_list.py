"""What may come out of Markdown at most, whatever is written: tags, attributes, classes and where links lead."""

from html.parser import HTMLParser

import pytest
from hypothesis import given

from chat_service.domain.markdown import render, renderer
from chat_service.domain.markdown.renderer import HTML_BYTES_MAX
from tests.chat_service.markdown_texts import TEXTS, shown
from tests.xss_vectors import VECTORS

TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "span",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "hr",
    *(f"h{n}" for n in range(1, 7)),
}
ATTRIBUTES = {"a": {"href", "rel"}, "span": {"class"}, "code": {"class"}, "ol": {"start"}}
CLASSES = {"mention", "spoiler", "gd", "gi", *"cksmna"}


class AllowList(HTMLParser):
    """Holds HTML against what may be in it, and its tags against each other."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert tag != "a" or "a" not in self.open
        given = dict(attrs)
        assert len(given) == len(attrs)
        assert given.keys() <= ATTRIBUTES.get(tag, set())
        if tag == "a":
            assert (given["href"] or "").lower().startswith(("http://", "https://", "mailto:"))
            assert given["rel"] == "noopener noreferrer nofollow"
        if tag == "span":
            assert given["class"] in CLASSES
        assert (given.get("start") or "0").isdecimal()
        if tag not in {"br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)


def check_allowed(html: str | None) -> None:
    parser = AllowList()
    parser.feed(html or "")
    parser.close()
    assert parser.open == []
    assert len((html or "").encode()) <= HTML_BYTES_MAX


@given(TEXTS)
def test_whatever_is_written_only_what_is_allowed_comes_out(text: str) -> None:
    check_allowed(renderer.render(text)[0])


@pytest.mark.parametrize("text", VECTORS)
def test_no_link_leads_elsewhere(text: str) -> None:
    html = render(text)
    check_allowed(html)
    assert "<a" not in (html or "")


@pytest.mark.parametrize(
    "text, html",
    [
        ('[a](https://x.example/"onclick="alert(1))', 'href="https://x.example/%22onclick=%22alert(1)" rel'),
        ('[a](https://x.example "title=\'")', 'href="https://x.example" rel'),
        ('```"><script>\nx\n```', 'class="language-&quot;&gt;&lt;script&gt;"'),
        ('![" onerror="x](https://x.example)', '">&quot; onerror=&quot;x</a>'),
        ("||<b>||", '<span class="spoiler">&lt;b&gt;</span>'),
    ],
)
def test_what_is_written_cannot_leave_its_place(text: str, html: str) -> None:
    check_allowed(render(text))
    assert html in (render(text) or "")


def test_there_are_no_links_in_links() -> None:
    for text in (
        "[a <https://b.example>](https://c.example)",
        "[a https://b.example](https://c.example)",
        "[a ![b](https://b.example)](https://c.example)",
        "![a [b](https://b.example) c@d.example](https://c.example)",
    ):
        html = render(text) or ""
        check_allowed(html)
        assert html.count("<a ") == 1
        assert 'href="https://c.example"' in html


def test_a_link_does_not_show_the_address_of_another_host() -> None:
    for text in ("[https://good.example](https://evil.example)", "[*http://good.example/a*](https://evil.example)"):
        assert "<a" not in (render(text) or "")
        assert "https://evil.example" in shown(text) or render(text) is None
    html = render("[https://good.example/a](https://GOOD.example/b)")
    assert html is not None
    assert 'href="https://GOOD.example/b"' in html
