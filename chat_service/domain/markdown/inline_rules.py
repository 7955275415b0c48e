"""Rules for what stands within a line and is not CommonMark's: addresses, spoilers, mentions, names of emoji.

Each takes the state at a place, and moves it on if it finds what it is for; where it is `silent`, without making tokens
(https://markdown-it-py.readthedocs.io/en/latest/architecture.html).
"""

import re

from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import autolink as commonmark_autolink
from markdown_it.rules_inline import image as commonmark_image
from markdown_it.rules_inline import link as commonmark_link
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from chat_service.domain.emoji_names import EMOJI
from chat_service.domain.markdown.addresses import BEGINNING, address_at, host_of

_STOP = re.compile(rf"[\n!#&*:<@\[\\\]_`|~]|{BEGINNING}", re.IGNORECASE)
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?"
# A number is no room: people count with it.
_MENTION = re.compile(rf"(?<![\w.@#/&+-])(?:@{_NAME}|#(?=[0-9_.-]*[A-Za-z]){_NAME})(?![\w@])")
_EMOJI = re.compile(r":([a-z0-9_+-]{1,32}):")
_PIPE = ord("|")


def text(state: StateInline, silent: bool) -> bool:
    """Everything up to where another rule may find something."""
    stop = _STOP.search(state.src, state.pos, state.posMax)
    end = state.posMax if stop is None else stop.start()
    if end == state.pos:
        return False
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def address(state: StateInline, silent: bool) -> bool:
    if state.linkLevel or (found := address_at(state.src, state.pos)) is None or found.end > state.posMax:
        return False
    if not silent:
        opening = state.push("link_open", "a", 1)
        opening.attrs = {"href": state.md.normalizeLink(found.href)}
        state.push("text", "", 0).content = state.src[state.pos : found.end]
        state.push("link_close", "a", -1)
    state.pos = found.end
    return True


def autolink(state: StateInline, silent: bool) -> bool:
    """CommonMark's, but not within a link: HTML has no links in links."""
    return not state.linkLevel and commonmark_autolink(state, silent)


def link(state: StateInline, silent: bool, /) -> bool:
    """CommonMark's, but as it was typed where it leads nowhere, or elsewhere than the address that it shows."""
    first = len(state.tokens)
    is_link = commonmark_link(state, silent)
    if is_link and not silent:
        place = next(place for place in range(first, len(state.tokens)) if state.tokens[place].type == "link_open")
        href = str(state.tokens[place].attrs["href"])
        shown = host_of("".join(token.content for token in state.tokens[place + 1 :]).lstrip(" \n*_~|"))
        if not href or shown not in {None, host_of(href)}:
            _as_text(state.tokens[place], "[")
            _as_text(state.tokens[-1], f"]({href})")
    return is_link


def _as_text(token: Token, content: str) -> None:
    token.type, token.tag, token.nesting, token.content = "text", "", 0, content


def image(state: StateInline, silent: bool) -> bool:
    """CommonMark's; the token says whether it stands within a link."""
    is_image = commonmark_image(state, silent)
    if is_image and not silent:
        state.tokens[-1].meta["is_linked"] = bool(state.linkLevel)
    return is_image


def mention(state: StateInline, silent: bool) -> bool:
    """`@name` or `#room`: whoever that is, or nobody."""
    if state.src[state.pos] not in "@#" or state.linkLevel:
        return False
    found = _MENTION.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("mention", "span", 0).content = found[0]
    state.pos = found.end()
    return True


def emoji(state: StateInline, silent: bool) -> bool:
    found = _EMOJI.match(state.src, state.pos, state.posMax)
    character = found and EMOJI.get(found[1])
    if not found or not character:
        return False
    if not silent:
        state.append_pending(character)
    state.pos = found.end()
    return True


def spoiler(state: StateInline, silent: bool) -> bool:
    """`||` at one end or the other, as it stands to what is beside it; a longer row of strokes is just that."""
    if silent or state.src[state.pos] != "|":
        return False
    scanned = state.scanDelims(state.pos, True)
    state.push("text", "", 0).content = "|" * scanned.length
    if scanned.length == 2:
        place = len(state.tokens) - 1
        state.delimiters.append(
            Delimiter(marker=_PIPE, length=0, token=place, end=-1, open=scanned.can_open, close=scanned.can_close)
        )
    state.pos += scanned.length
    return True


def pair_spoilers(state: StateInline) -> None:
    """After all ends are found: those that belong to each other become tags."""
    inner = [meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta]
    for delimiters in (state.delimiters, *inner):
        for opening in delimiters:
            if opening.marker == _PIPE and opening.end != -1:
                for end, nesting in ((opening, 1), (delimiters[opening.end], -1)):
                    token = state.tokens[end.token]
                    token.type, token.tag, token.content = (
                        ("spoiler_open" if nesting == 1 else "spoiler_close"),
                        "span",
                        "",
                    )
                    token.nesting = 1 if nesting == 1 else -1
