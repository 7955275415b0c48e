"""CommonMark's own examples, of all that we take over from it."""

import re

import pytest
from markdown_it import MarkdownIt

from chat_service.domain.markdown.renderer import Parser, new_parser
from launcher.processes import REPOSITORY

SPECIFICATION = REPOSITORY / "node_modules" / "commonmark-spec" / "spec.txt"
_EXAMPLE = re.compile(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", re.MULTILINE | re.DOTALL)
# The sections "HTML blocks" and "Raw HTML", and what else has HTML in it.
RAW_HTML = {
    *(21, 31, *range(148, 192), 201, 308, 309, 344, *range(475, 478), 491, 494, 524, 536),
    *range(613, 633),
    *(642, 643),
}
# What stands there by itself is a link, too, or the name of a room; there are no links in links, and none to nowhere.
OURS = {
    200: "<p>[foo]()</p>",
    485: "<p>[link]()</p>",
    486: "<p>[link]()</p>",
    487: "<p>[]()</p>",
    567: "<p>[foo]()</p>",
    64: '<p>#5 bolt</p>\n<p><span class="mention">#hashtag</span></p>',
    517: '<p><a href="/uri">moon</a></p>',
    531: '<p><a href="/uri">moon</a></p>',
    602: '<p>&lt;<a href="https://foo.bar/baz">https://foo.bar/baz</a> bim&gt;</p>',
    608: '<p>&lt; <a href="https://foo.bar">https://foo.bar</a> &gt;</p>',
    611: '<p><a href="https://example.com">https://example.com</a></p>',
    612: '<p><a href="mailto:foo@bar.example.com">foo@bar.example.com</a></p>',
}


class AnyLink(Parser):
    """As the examples have it; ours are those to pages and mails."""

    validateLink = MarkdownIt.validateLink  # noqa: N815 - the library's name


def as_ours(html: str) -> str:
    """What the specification says, with the same meaning in our HTML."""
    html = re.sub(r' title="[^"]*"', "", html.replace(" />", ">"))
    html = re.sub(
        r'<img src="([^"]*)" alt="([^"]*)">', lambda image: f'<a href="{image[1]}">{image[2] or image[1]}</a>', html
    )
    return without_breaks(html).replace("<blockquote>\n</blockquote>", "<blockquote></blockquote>")


def without_breaks(html: str) -> str:
    """Each line break is a `<br>` of ours."""
    return html.replace("<br>\n", "\n").rstrip("\n")


@pytest.fixture
def examples() -> dict[int, tuple[str, str]]:
    """Each text and its HTML, by its number."""
    if not SPECIFICATION.exists():
        pytest.skip("the specification comes with `make environment`")
    found = _EXAMPLE.findall(SPECIFICATION.read_text(encoding="utf-8").replace("→", "\t"))
    return {number: example for number, example in enumerate(found, 1) if number not in RAW_HTML}


def test_each_example_without_html_gives_its_result(examples: dict[int, tuple[str, str]]) -> None:
    parser = new_parser(AnyLink)
    results = {
        number: without_breaks(parser.render(text, {"has_colours": False})).replace(
            ' rel="noopener noreferrer nofollow"', ""
        )
        for number, (text, _) in examples.items()
    }
    expected = {number: OURS.get(number) or as_ours(html) for number, (_, html) in examples.items()}
    assert len(results) == 573
    assert {number: html for number, html in results.items() if html != expected[number]} == {}
