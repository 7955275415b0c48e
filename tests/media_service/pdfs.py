"""PDFs as people send them, built with pikepdf."""

import io
from collections.abc import Callable

import pikepdf

from tests.media_service.cleaning.pictures import encoded, exif_of_a_phone, painted, segment, with_segments

PHOTOGRAPH = with_segments(encoded(painted(), "JPEG"), segment(0xE1, b"Exif\0\0" + exif_of_a_phone()))
INFORMATION = {"/Author": "Ada", "/Title": "A secret", "/Producer": "Ada's press", "/CreationDate": "D:20210505"}
Change = Callable[[pikepdf.Pdf], None]


def pdf(*changes: Change, pages: int = 1, **options: object) -> bytes:
    """With information, XMP, a photograph with EXIF, and what `changes` makes of it."""
    file = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(600, 300))
        with document.open_metadata() as metadata:
            metadata["dc:creator"] = ["Ada"]
        for key, text in INFORMATION.items():
            document.docinfo[key] = text
        _put_photograph(document)
        for change in changes:
            change(document)
        document.save(file, **options)  # type: ignore[arg-type]
    return file.getvalue()


def _put_photograph(document: pikepdf.Pdf) -> None:
    picture = pikepdf.Stream(document, PHOTOGRAPH)
    picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    picture.Width, picture.Height, picture.BitsPerComponent = 64, 48, 8
    picture.ColorSpace, picture.Filter = pikepdf.Name.DeviceRGB, pikepdf.Name.DCTDecode
    page = document.pages[0].obj
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Photograph=picture))
    page.Contents = pikepdf.Stream(document, b"q 400 0 0 200 100 50 cm /Photograph Do Q")


def endless() -> bytes:
    """Its page draws a form ten times, that draws another ten times, and so on."""

    def change(document: pikepdf.Pdf) -> None:
        inner = document.make_indirect(_form(document, b"0 0 9 9 re f\n" * 10, None))
        for _ in range(12):
            inner = document.make_indirect(_form(document, b"/Inner Do\n" * 10, inner))
        page = document.pages[0].obj
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Inner=inner))
        page.Contents = pikepdf.Stream(document, b"/Inner Do\n" * 10)

    return pdf(change)


def _form(document: pikepdf.Pdf, drawn: bytes, inner: pikepdf.Object | None) -> pikepdf.Stream:
    form = pikepdf.Stream(document, drawn)
    form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
    form.BBox = pikepdf.Array([0, 0, 600, 300])
    if inner is not None:
        form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Inner=inner))
    return form


def attached(document: pikepdf.Pdf) -> None:
    document.attachments["notes.txt"] = b"by Ada"


def signed(document: pikepdf.Pdf) -> None:
    document.Root.Signature = document.make_indirect(
        pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=pikepdf.Array([0, 1, 2, 3]), Contents=b"signed")
    )


def information_of(data: bytes) -> tuple[int, bool, bool]:
    """Pages, whether it has an information dictionary, and XMP."""
    with pikepdf.open(io.BytesIO(data)) as document:
        return len(document.pages), "/Info" in document.trailer, "/Metadata" in document.Root
