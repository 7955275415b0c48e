"""The first page of a PDF as pictures. The one home of pypdfium2."""

import io
from contextlib import closing
from typing import BinaryIO

import pypdfium2

from media_service.domain.files import THUMBNAIL_SIDES
from media_service.pdf_processing.results import FirstPage

Unshowable = pypdfium2.PdfiumError
_WEBP = {"quality": 80, "method": 2}
_POINTS_MAX = 200_000.0


def count_pages(source: BinaryIO) -> int:
    """Raises Unshowable."""
    source.seek(0)
    with closing(pypdfium2.PdfDocument(source)) as document:
        return len(document)


def render(source: BinaryIO) -> FirstPage:
    """Raises Unshowable."""
    source.seek(0)
    with closing(pypdfium2.PdfDocument(source)) as document, closing(document[0]) as page:
        longer = min(max(1.0, *page.get_size()), _POINTS_MAX)
        image = page.render(scale=max(THUMBNAIL_SIDES) / longer, maybe_alpha=False).to_pil().convert("RGB")
    thumbnails = {}
    for side in sorted(THUMBNAIL_SIDES, reverse=True):
        image.thumbnail((side, side))
        encoded = io.BytesIO()
        image.save(encoded, "WEBP", **_WEBP)
        thumbnails[side] = encoded.getvalue()
    return FirstPage(thumbnails)
