"""Markdown: what is plain, what people write beside CommonMark, and what it may cost."""

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given

from chat_service.domain.emoji import is_emoji
from chat_service.domain.emoji_names import EMOJI
from chat_service.domain.markdown import may_have_markup, render, renderer
from chat_service.domain.markdown.code_colours import LANGUAGES
from chat_service.domain.markdown.renderer import COLOURED_BYTES_MAX, NESTING_MAX
from tests.chat_service.markdown_texts import TEXTS, shown

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


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_colours_change_nothing_of_the_code(language: str) -> None:
    code = 'def f(x):\n    """<a href=\'b\'>"""\n\treturn {"x": -1.5e3} # & /* */ //\n\n<b>$a @media x{}\n'
    assert shown(f"```{language}\n{code}```") == code


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
