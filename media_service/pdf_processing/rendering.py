"""The first page of a PDF as pictures. The one home of pypdfium2."""

import io
from typing import BinaryIO

import pypdfium2

from media_service.domain.files import THUMBNAIL_SIDES
from media_service.pdf_processing.results import FirstPage

Unshowable = pypdfium2.PdfiumError
_WEBP = {"quality": 80, "method": 2}
_POINTS_MAX = 200_000.0


def render(source: BinaryIO) -> FirstPage:
    """Raises Unshowable."""
    source.seek(0)
    document = pypdfium2.PdfDocument(source)
    page = document[0]
    longer = min(max(page.get_size()), _POINTS_MAX)
    largest = max(THUMBNAIL_SIDES)
    image = page.render(scale=largest / longer, maybe_alpha=False).to_pil().convert("RGB")
    thumbnails = {}
    for side in sorted(THUMBNAIL_SIDES, reverse=True):
        image.thumbnail((side, side))
        encoded = io.BytesIO()
        image.save(encoded, "WEBP", **_WEBP)
        thumbnails[side] = encoded.getvalue()
    return FirstPage(thumbnails)
