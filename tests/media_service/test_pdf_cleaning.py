"""What a PDF tells about itself is found wherever it is, and what is seen stays."""

import base64
import io
import tracemalloc
import zlib

import pikepdf
import pytest

from media_service.domain.cleaning import Format, icc
from media_service.domain.cleaning import clean as clean_picture
from media_service.pdf_processing.cleaning import clean
from media_service.pdf_processing.results import KEPT, CleanedPdf
from tests.media_service.cleaning.profiles import FOREIGN_PROFILE, profile_of, tags_of
from tests.media_service.pdfs import PHOTOGRAPH, Change, pdf

Dictionary, Name = pikepdf.Dictionary, pikepdf.Name
OF_A_SCREEN = profile_of({**tags_of(FOREIGN_PROFILE), b"mmod": b"mmod\0\0\0\0SERIAL 1234"})
PEELED = clean_picture(PHOTOGRAPH, Format.JPEG).data


def cleaned(*changes: Change) -> tuple[CleanedPdf, pikepdf.Pdf]:
    into = io.BytesIO()
    result = clean(io.BytesIO(pdf(*changes)), into)
    return result, pikepdf.open(into)


def test_keys_that_tell_go_from_wherever_they_are() -> None:
    def change(document: pikepdf.Pdf) -> None:
        page = document.pages[0].obj
        page.PieceInfo = Dictionary(Press=Dictionary(LastModified="D:2021", Private="Ada"))
        page.LastModified = "D:2021"
        page.Thumb = pikepdf.Stream(document, b"small")
        page.Resources.Properties = Dictionary(
            Layer=Dictionary(Usage=Dictionary(CreatorInfo=Dictionary(Creator="Ada")))
        )
        page.Metadata = pikepdf.Stream(document, b"<xmp>")

    result, document = cleaned(change)
    assert result.cleaned
    assert {"other", "timestamp", "thumbnail", "software", "xmp"} <= set(result.removed)
    page = document.pages[0].obj
    assert not {"/PieceInfo", "/LastModified", "/Thumb", "/Metadata"} & set(page.keys())
    assert "/CreatorInfo" not in page.Resources.Properties.Layer.Usage


def test_of_a_colour_profile_the_colours_stay() -> None:
    def change(document: pikepdf.Pdf) -> None:
        profile = pikepdf.Stream(document, OF_A_SCREEN)
        profile.N = 3
        space = pikepdf.Array([Name.ICCBased, document.make_indirect(profile)])
        document.pages[0].obj.Resources.ColorSpace = Dictionary(Screen=space)

    result, document = cleaned(change)
    assert result.cleaned
    assert "profile_details" in result.removed
    kept = document.pages[0].obj.Resources.ColorSpace.Screen[1].read_bytes()
    assert b"SERIAL" not in kept
    assert icc.reduced(OF_A_SCREEN) == kept


def test_what_is_no_colour_profile_where_one_should_be_is_told() -> None:
    def change(document: pikepdf.Pdf) -> None:
        profile = pikepdf.Stream(document, b"Ada's screen")
        profile.N = 3
        document.pages[0].obj.Resources.ColorSpace = Dictionary(Screen=pikepdf.Array([Name.ICCBased, profile]))

    assert not cleaned(change)[0].cleaned


def test_a_colour_profile_that_is_all_air_is_not_unpacked() -> None:
    def change(document: pikepdf.Pdf) -> None:
        air = zlib.compressobj()
        packed = b"".join(air.compress(bytes(1 << 20)) for _ in range(512)) + air.flush()
        profile = pikepdf.Stream(document, b"")
        profile.write(packed, filter=Name.FlateDecode)
        profile.N = 3
        document.pages[0].obj.Resources.ColorSpace = Dictionary(Screen=pikepdf.Array([Name.ICCBased, profile]))

    tracemalloc.start()
    result, _ = cleaned(change)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not result.cleaned
    assert peak < 200 << 20


def test_a_form_with_a_description_of_its_own_is_told() -> None:
    def change(document: pikepdf.Pdf) -> None:
        packet = pikepdf.Stream(document, b"<x:xmpmeta><dc:creator>Ada</dc:creator></x:xmpmeta>")
        document.Root.AcroForm = Dictionary(Fields=pikepdf.Array(), XFA=packet)

    assert not cleaned(change)[0].cleaned


def test_information_of_articles_goes() -> None:
    def change(document: pikepdf.Pdf) -> None:
        thread = Dictionary(Type=Name.Thread, I=Dictionary(Author="Ada", Title="A secret"))
        document.Root.Threads = pikepdf.Array([document.make_indirect(thread)])

    result, document = cleaned(change)
    assert result.cleaned
    assert "/I" not in document.Root.Threads[0]


def test_times_of_comments_go_and_their_authors_stay() -> None:
    def change(document: pikepdf.Pdf) -> None:
        comment = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Text,
            Rect=[0, 0, 9, 9],
            T="Ada",
            Contents="No.",
            M="D:2021",
            CreationDate="D:2021",
        )
        document.pages[0].obj.Annots = pikepdf.Array([document.make_indirect(comment)])

    result, document = cleaned(change)
    comment = document.pages[0].obj.Annots[0]
    assert result.cleaned
    assert set(comment.keys()) == {"/Type", "/Subtype", "/Rect", "/T", "/Contents"}


@pytest.mark.parametrize(
    "filters,data,is_clean",
    [
        (["/FlateDecode", "/DCTDecode"], zlib.compress(PHOTOGRAPH), True),
        (["/ASCII85Decode", "/DCTDecode"], base64.a85encode(PHOTOGRAPH) + b"~>", True),
        (["/LZWDecode", "/DCTDecode"], PHOTOGRAPH, False),
        (["/FlateDecode", "/DCTDecode"], b"broken", False),
        (["/DCTDecode"], PHOTOGRAPH[:100], False),
        (["/JPXDecode"], b"\0\0\0\x0cjP  ", False),
        (["/CCITTFaxDecode"], b"", True),
    ],
)
def test_photographs_are_cleaned_or_it_is_told(filters: list[str], data: bytes, is_clean: bool) -> None:
    def change(document: pikepdf.Pdf) -> None:
        picture = document.pages[0].obj.Resources.XObject.Photograph
        picture.write(data, filter=pikepdf.Array([Name(name) for name in filters]))

    result, document = cleaned(change)
    picture = document.pages[0].obj.Resources.XObject.Photograph
    assert result.cleaned is is_clean
    if is_clean and "/DCTDecode" in filters:
        assert picture.read_raw_bytes() == PEELED
        assert "gps" in result.removed


def test_a_photograph_in_a_way_of_its_own_is_told() -> None:
    def change(document: pikepdf.Pdf) -> None:
        picture = document.pages[0].obj.Resources.XObject.Photograph
        picture.DecodeParms = Dictionary(ColorTransform=1)

    assert not cleaned(change)[0].cleaned


def test_earlier_versions_go() -> None:
    data = pdf()
    updated = data + b"\n%%Ada was here\n" + data[data.rindex(b"startxref") :]
    into = io.BytesIO()
    assert clean(io.BytesIO(updated), into).cleaned
    assert b"Ada" not in into.getvalue()


def test_nothing_is_nested_without_end() -> None:
    def change(document: pikepdf.Pdf) -> None:
        nested = pikepdf.Array([])
        for _ in range(60):
            nested = pikepdf.Array([nested])
        document.Root.Nested = nested

    assert clean(io.BytesIO(pdf(change)), io.BytesIO()) == KEPT
