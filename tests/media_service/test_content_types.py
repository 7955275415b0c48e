"""A file is what its bytes say, whatever its name says."""

import io
import zipfile

import pytest

from media_service.domain.content_types import UNKNOWN, content_type_of
from media_service.domain.recordings import Source
from tests.media_service.recordings.files import MP3_FRAME, WHOLE, flac, id3, webm
from tests.media_service.recordings.mp4 import mp4

OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN_TEXT = "application/vnd.oasis.opendocument.text"


def type_of(data: bytes) -> str:
    return content_type_of(Source(io.BytesIO(data), len(data)))


def zipped(**files: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


@pytest.mark.parametrize("content_type", sorted(WHOLE))
def test_recordings_are_known_by_their_bytes(content_type: str) -> None:
    assert type_of(WHOLE[content_type][0]) == content_type


@pytest.mark.parametrize(
    "data,content_type",
    [
        (b"", "text/plain; charset=utf-8"),
        ("grüße\n".encode() * 20_000, "text/plain; charset=utf-8"),
        ("grüße".encode("utf-16"), "text/plain; charset=utf-16le"),
        (b"\xef\xbb\xbfabc", "text/plain; charset=utf-8"),
        (b"abc\0", UNKNOWN),
        (b"a" * 100_000 + b"\0", UNKNOWN),
        (b"a" * 100_000 + b"\xff", UNKNOWN),
        (b"gr\xfc\xdfe", UNKNOWN),
        (b" \n<!DOCTYPE html><p>", "text/html"),
        (b"<ScRiPt >alert(1)", "text/html"),
        (b"<bold", "text/plain; charset=utf-8"),
        ("<html >".encode("utf-16"), "text/html"),
        (b"<svg xmlns=''>", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- a --><svg>", "image/svg+xml"),
        (b"<?xml version='1.0'?><a>", "application/xml"),
        (b"%PDF-1.7\n\xff", "application/pdf"),
        (b"\0\0\0%PDF-1.7\nstartxref\n0\n%%EOF", "application/pdf"),
        (b"From: Ada\n\n%PDF-1.7\nstartxref\n0\n%%EOF", "application/pdf"),
        (b"how to write %PDF-1.7", "text/plain; charset=utf-8"),
        (b"MZ\x90\0", UNKNOWN),
        (b"\x7fELF\2", UNKNOWN),
        (b"\x1f\x8b\x08\0", "application/gzip"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
        (b"Rar!\x1a\x07\x01", "application/vnd.rar"),
        (b"#!AMR\nabc", "audio/amr"),
        (b"#!/bin/sh\n", "text/plain; charset=utf-8"),
        (b"The wide river", "text/plain; charset=utf-8"),
        (b"\0\0\0\x08wide" + bytes(4) + b"mdat", "video/quicktime"),
        (b"\0" * 257 + b"ustar", "application/x-tar"),
        (b"OggS".ljust(60, b"\0"), "application/ogg"),
        (b"\xff\xfb\x90\x00abc", UNKNOWN),
        (MP3_FRAME * 2, "audio/mpeg"),
        (id3(b"TPE1") + flac(), "audio/flac"),
        (mp4(brand=b"M4A "), "audio/mp4"),
        (mp4(brand=b"3gp4"), "video/3gpp"),
        (webm(doctype=b"matroska"), "video/x-matroska"),
    ],
)
def test_what_bytes_say(data: bytes, content_type: str) -> None:
    assert type_of(data) == content_type


@pytest.mark.parametrize(
    "data,content_type",
    [
        (zipped(a="b"), "application/zip"),
        (zipped(**{"[Content_Types].xml": "", "word/document.xml": ""}), f"{OFFICE}wordprocessingml.document"),
        (zipped(**{"[Content_Types].xml": "", "xl/workbook.xml": ""}), f"{OFFICE}spreadsheetml.sheet"),
        (zipped(**{"[Content_Types].xml": "", "ppt/presentation.xml": ""}), f"{OFFICE}presentationml.presentation"),
        (zipped(**{"[Content_Types].xml": ""}), "application/zip"),
        (zipped(mimetype=OPEN_TEXT, content=""), OPEN_TEXT),
        (zipped(mimetype="application/epub+zip"), "application/epub+zip"),
        (zipped(mimetype="text/html"), "application/zip"),
        (zipped(**{"META-INF/MANIFEST.MF": ""}), "application/java-archive"),
        (b"PK\3\4" + bytes(100_000), "application/zip"),
        (b"PK\5\6" + b"\xff" * 16, "application/zip"),
    ],
)
def test_what_archives_are(data: bytes, content_type: str) -> None:
    assert type_of(data) == content_type


def test_a_polyglot_is_what_it_begins_as() -> None:
    assert type_of(b"%PDF-1.7\n<html><script>" + zipped(a="b")) == "application/pdf"
    assert type_of(b"<html ><script>" + b"%PDF-1.7") == "text/html"
    assert type_of(zipped(a="b") + b"<html><script>") == "application/zip"
