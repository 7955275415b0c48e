"""Markdown: what is plain, what people write beside CommonMark, and what may come out at most."""

import sys
from html.parser import HTMLParser
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_service.domain.emoji import is_emoji
from chat_service.domain.emoji_names import EMOJI
from chat_service.domain.markdown import may_have_markup, render, renderer
from chat_service.domain.markdown.code_colours import LANGUAGES
from chat_service.domain.markdown.renderer import COLOURED_BYTES_MAX, HTML_BYTES_MAX, NESTING_MAX
from tests.xss_vectors import VECTORS

PIECES = [
    *"*_`~[]()<>&\\|@#:-+=!\n\r\t \"';./0ab\u4e2d\u202e\u200b\u00a0\u2028\u0085",
    *[
        "~~",
        "||",
        "://",
        "https://a.example",
        "javascript:",
        "1. ",
        "    ",
        "x@y.example",
        "&amp;",
        ":tada:",
        "```",
        "\n\n",
    ],
    *["](", "<script>", 'onclick="', "&#106;", "data:text/html,", "mailto:", "```html\n", "[a]: "],
]
TEXTS = (
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)))
    .map("".join)
    .map(lambda text: text.replace("\0", ""))
)


# Plain text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello there!",
        "Two lines,\nand no more",
        "  blanks around  ",
        "12:30 :) it's 3 * 4 < 13 && 5 > 4, a_b_c, #1, me @ home | you",
        "-5 degrees; 3.5 + 4 = 7.5\n= 8?",
        "** not bold ** and ` neither",
        "[not a link] (https)",
        "[Bob]: hello",
        "line\r\nline",
    ],
)
def test_a_plain_text_has_no_html(text: str) -> None:
    assert render(text) is None


@given(TEXTS)
def test_what_the_scan_takes_for_plain_would_be_rendered_as_itself(text: str) -> None:
    assert may_have_markup(text) or renderer.render(text) == (None, ())


def test_a_blank_line_divides_paragraphs_and_a_line_break_is_one() -> None:
    assert render("a\n\nb\nc") == "<p>a</p>\n<p>b<br>\nc</p>"


# What people write


@pytest.mark.parametrize(
    "text, html",
    [
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("||who *did* it||", '<p><span class="spoiler">who <em>did</em> it</span></p>'),
        ("a ||b|| or c || d", '<p>a <span class="spoiler">b</span> or c || d</p>'),
        ("**a ||b** c||", "<p><strong>a ||b</strong> c||</p>"),
        ("`||no||` |||no|||", "<p><code>||no||</code> |||no|||</p>"),
        ("@ada, @a.b-c_d. ", '<p><span class="mention">@ada</span>, <span class="mention">@a.b-c_d</span>.</p>'),
        ("#2026-party", '<p><span class="mention">#2026-party</span></p>'),
        ("*@ada*", '<p><em><span class="mention">@ada</span></em></p>'),
        (":tada::heart: :no_such: `:tada:` *x*", "<p>🎉❤️ :no_such: <code>:tada:</code> <em>x</em></p>"),
        ("`@ada`", "<p><code>@ada</code></p>"),
        ("```\n@ada :tada:\n```", "<pre><code>@ada :tada:\n</code></pre>"),
        ("7. x", '<ol start="7">\n<li>x</li>\n</ol>'),
        ("```diff\n+a\n```", '<pre><code class="language-diff"><span class="gi">+a</span>\n</code></pre>'),
        ("```no-such\n<a>\n```", '<pre><code class="language-no-such">&lt;a&gt;\n</code></pre>'),
    ],
)
def test_text_becomes_html(text: str, html: str) -> None:
    assert render(text) == html


@pytest.mark.parametrize("text", ["a@b", "1@2 #1 @", "#", "##x y", "x#y", "@-", "mail.to@me@you"])
def test_not_everything_with_a_sign_is_a_name(text: str) -> None:
    assert "mention" not in (render(text) or "")


def test_names_of_emoji_stand_for_emoji() -> None:
    assert all(is_emoji(emoji) for emoji in EMOJI.values())


def shown(text: str) -> str:
    class Text(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.said = ""

        def handle_data(self, data: str) -> None:
            self.said += data

    parser = Text()
    parser.feed(render(text) or "")
    return parser.said


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_colours_change_nothing_of_the_code(language: str) -> None:
    code = 'def f(x):\n    """<a href=\'b\'>"""\n\treturn {"x": -1.5e3} # & /* */ //\n\n<b>$a @media x{}\n'
    assert shown(f"```{language}\n{code}```") == code


# Nothing else comes out

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


# Bounds


def steps(text: str) -> int:
    """How many functions are called to render it: what it costs, whatever else the machine does."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        renderer.render(text)
    finally:
        sys.setprofile(before)
    return count


REPEATED = [
    *[
        "*",
        "**a ",
        "*a_",
        "_",
        "[",
        "[a](",
        "[[a]",
        "![",
        "](",
        ">",
        "> ",
        "`",
        "`a``",
        "<",
        "&",
        "\\",
        "||",
        "||a",
        "~~",
        "@a",
    ],
    *[
        "#a",
        ":a:",
        "https://a.example ",
        "https://",
        "(a@",
        "- a\n",
        "1. a\n",
        "a\n\n",
        "[a]: https://b.example\n",
        "```\n",
    ],
]


@pytest.mark.parametrize("piece", REPEATED)
def test_four_times_the_text_costs_four_times_as_much(piece: str) -> None:
    small, large = (steps((piece * length)[:length]) for length in (500, 2_000))
    assert large < 6 * small + 1_000


def nested_list(depth: int) -> str:
    return "".join(f"{'  ' * level}- a\n" for level in range(depth))


@pytest.mark.parametrize(
    "text_of, depth_max", [(nested_list, NESTING_MAX // 2), (lambda depth: ">" * depth + " a", NESTING_MAX)]
)
def test_what_is_nested_too_deep_is_shown_as_it_was_typed(text_of: Any, depth_max: int) -> None:
    assert (render(text_of(depth_max)) or "").count("a") >= 1
    assert render(text_of(depth_max + 1)) is None
    assert render(text_of(200)) is None


def test_much_html_is_without_colours_and_more_is_none() -> None:
    code = f"```python\n{'def ' * 499}\n```\n"
    coloured, plain, none = render(code), render(code * 2), render(code * 17)
    assert coloured is not None
    assert "<span" in coloured
    assert len(coloured) <= COLOURED_BYTES_MAX
    assert plain is not None
    assert "<span" not in plain
    assert none is None
    assert "<span" not in (render(code.replace("def", "def d", 3)) or "")
    assert render("&\n\n" * 2_500) is not None
    assert render("&\n\n" * 2_900) is None
