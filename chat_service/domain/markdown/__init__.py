"""Markdown: what people write, as the HTML that is shown of it.

Which tags and attributes there may be says `renderer`. Everything heavy is loaded with the first text that has markup.
"""

from typing import NamedTuple

from chat_service.domain.markdown.plain_text import may_have_markup

__all__ = [
    "NOTHING_RENDERED",
    "RENDERER_VERSION",
    "Rendered",
    "may_have_markup",
    "mentioned_names",
    "render",
    "render_with_names",
]

# To be raised whenever the HTML of some text changes: what is stored with a lower one is rendered anew.
RENDERER_VERSION = 1


class Rendered(NamedTuple):
    """`mentioned` are the names of people that stand in the text, as they are written there, and not in code."""

    html: str | None = None
    mentioned: tuple[str, ...] = ()


NOTHING_RENDERED = Rendered()


def render(text: str) -> str | None:
    """The HTML; None where it would be one paragraph of the text itself, or more than may be sent.

    A plain text costs one scan for special characters.
    """
    return render_with_names(text).html


def mentioned_names(text: str) -> tuple[str, ...]:
    return render_with_names(text).mentioned


def render_with_names(text: str) -> Rendered:
    """Both of one parse."""
    if not may_have_markup(text):
        return NOTHING_RENDERED
    from chat_service.domain.markdown import renderer  # noqa: PLC0415 - 2 MiB, and 30 ms to load them

    return Rendered(*renderer.render(text))
