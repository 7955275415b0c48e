"""The renderer: Markdown becomes HTML of few tags and attributes. The one home of markdown-it.

It is CommonMark without HTML and pictures, and with what `inline_rules` has. Links lead to pages and mails alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from chat_service.domain.markdown import inline_rules
from chat_service.domain.markdown.addresses import is_followed
from chat_service.domain.markdown.code_colours import coloured
from chat_service.domain.markdown.plain_text import escape

# A message goes into one frame of 64 KiB, perhaps with escapes, and its text beside it.
COLOURED_BYTES_MAX = 16 * 1024
HTML_BYTES_MAX = 32 * 1024
NESTING_MAX = 20
_REL = "noopener noreferrer nofollow"
_LINE_END = re.compile(r"[^\S\r\n]*(?:\r\n?|\n)[^\S\r\n]*")
_ATTRIBUTES = frozenset({"class", "href", "rel", "start"})


class _TooDeep(Exception):
    """Lists in lists, or quotes in quotes, and so on."""


def render(text: str) -> tuple[str | None, tuple[str, ...]]:
    """As `markdown.Rendered`, of a text that may have markup."""
    try:
        tokens = _parser.parse(text)
    except _TooDeep:
        return None, ()
    return _html_of(text, tokens), tuple(_names(tokens))


def _names(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "mention" and token.content.startswith("@"):
            yield token.content[1:]
        yield from _names(token.children or ())


def _html_of(text: str, tokens: Sequence[Token]) -> str | None:
    html = _html(tokens, has_colours=True)
    if not html or _lines_of(html) == _LINE_END.split(escape(text).strip()):
        return None
    if _size_bytes(html) > COLOURED_BYTES_MAX:
        html = _html(tokens, has_colours=False)
    return html if _size_bytes(html) <= HTML_BYTES_MAX else None


def _html(tokens: Sequence[Token], *, has_colours: bool) -> str:
    return str(_parser.renderer.render(tokens, _parser.options, {"has_colours": has_colours})).rstrip("\n")


def _lines_of(html: str) -> list[str] | None:
    """Those of the one paragraph, if that is all; blanks at their ends do not show."""
    if not (html.startswith("<p>") and html.endswith("</p>")):
        return None
    return _LINE_END.split(html[3:-4].replace("<br>\n", "\n").strip())


def _size_bytes(html: str) -> int:
    return len(html.encode())


class _Renderer(RendererHTML):
    """A method for each kind of token that is not just its tag."""

    @staticmethod
    def renderAttrs(token: Token) -> str:  # noqa: N802 - the library's name
        kept = {key: value for key, value in token.attrs.items() if key in _ATTRIBUTES}
        return "".join(f' {key}="{escape(str(value))}"' for key, value in kept.items())

    def link_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return _link_open(str(tokens[place].attrs["href"]))

    def image(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        """A link to it: who reads a message asks nobody else for anything."""
        token = tokens[place]
        source = str(token.attrs["src"])
        if not source:
            return escape(f"![{token.content}]()")
        text = escape(self.renderInlineAsText(token.children, options, env) or source)
        return text if token.meta["is_linked"] else f"{_link_open(source)}{text}</a>"

    def fence(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        token = tokens[place]
        language = (unescapeAll(token.info).split(maxsplit=1) or [""])[0]
        html = coloured(token.content, language) if language and env["has_colours"] else None
        attribute = f' class="language-{escape(language)}"' if language else ""
        return f"<pre><code{attribute}>{escape(token.content) if html is None else html}</code></pre>\n"

    def code_block(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return f"<pre><code>{escape(tokens[place].content)}</code></pre>\n"

    def mention(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return f'<span class="mention">{escape(tokens[place].content)}</span>'

    def spoiler_open(self, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
        return '<span class="spoiler">'


def _link_open(href: str) -> str:
    return f'<a href="{escape(href)}" rel="{_REL}">'


class Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        return is_followed(url)

    def normalizeLinkText(self, url: str) -> str:  # noqa: N802 - the same
        """As it was written: decoded, it may look like another."""
        return url


def new_parser(parser_class: type[MarkdownIt] = Parser) -> MarkdownIt:
    # Its own bound on nesting drops what is deeper; ours comes first.
    options = {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": NESTING_MAX + 4}
    parser = parser_class("commonmark", options, renderer_cls=_Renderer)
    parser.disable(["html_block", "html_inline"]).enable("strikethrough")
    parser.block.ruler.before("code", "nesting", _check_nesting)
    rules = parser.inline.ruler
    rules.at("text", inline_rules.text)
    rules.at("autolink", inline_rules.autolink)
    rules.at("image", inline_rules.image)
    rules.at("link", inline_rules.link)
    for rule in (inline_rules.address, inline_rules.mention, inline_rules.emoji, inline_rules.spoiler):
        rules.after("text", rule.__name__, rule)
    parser.inline.ruler2.before("emphasis", "spoiler", inline_rules.pair_spoilers)
    return parser


def _check_nesting(state: StateBlock, _first: int, _end: int, _silent: bool) -> bool:
    if state.level > NESTING_MAX:
        raise _TooDeep
    return False


_parser = new_parser()
