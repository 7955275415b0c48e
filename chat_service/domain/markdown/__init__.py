"""Markdown: what people write, as the HTML that is shown of it.

Which tags and attributes there may be says `renderer`. Everything heavy is loaded with the first text that has markup.
"""

from chat_service.domain.markdown.plain_text import may_have_markup

__all__ = ["RENDERER_VERSION", "may_have_markup", "render"]

# To be raised whenever the HTML of some text changes: what is stored with a lower one is rendered anew.
RENDERER_VERSION = 1


def render(text: str) -> str | None:
    """The HTML; None where it would be one paragraph of the text itself, or more than may be sent.

    A plain text costs one scan for special characters.
    """
    if not may_have_markup(text):
        return None
    from chat_service.domain.markdown import renderer  # noqa: PLC0415 - 2 MiB, and 30 ms to load them

    return renderer.render(text)
