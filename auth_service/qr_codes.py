"""QR codes of links. The one home of segno, which is loaded when the first is drawn."""

import io


def as_svg(link: str) -> bytes:
    """A drawing that is as large as whoever shows it wants."""
    import segno  # noqa: PLC0415 - most processes never draw one

    drawn = io.BytesIO()
    segno.make(link, error="m", micro=False).save(drawn, kind="svg", border=4, omitsize=True, light="#fff", nl=False)
    return drawn.getvalue()


def as_text(link: str) -> str:
    """For a terminal, half a line high each; it can be read on dark and on light ground."""
    import segno  # noqa: PLC0415 - the same

    drawn = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(out=drawn, border=2, compact=True)
    return drawn.getvalue()
