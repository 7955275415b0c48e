"""CommonMark's own examples, of all that we take over from it."""

import json
import re
from pathlib import Path

from markdown_it import MarkdownIt

from chat_service.domain.markdown.renderer import Parser, new_parser

EXAMPLES = json.loads((Path(__file__).parent / "commonmark" / "examples.json").read_text(encoding="utf-8"))
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


def test_each_example_without_html_gives_its_result() -> None:
    parser = new_parser(AnyLink)
    results = {
        number: without_breaks(parser.render(text, {"has_colours": False})).replace(
            ' rel="noopener noreferrer nofollow"', ""
        )
        for number, text, _ in EXAMPLES
    }
    expected = {number: OURS.get(number) or as_ours(html) for number, _, html in EXAMPLES}
    assert len(results) == 573
    assert {number: html for number, html in results.items() if html != expected[number]} == {}
