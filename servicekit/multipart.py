"""Multipart forms as a service reads them (RFC 7578): bytes in, parts out, no I/O. The one home of python-multipart."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from servicekit.problems import Malformed

HEAD_BYTES_MAX = 8 * 1024
_EXTENDED = re.compile(rb";\s*filename\*\s*=\s*(utf-8|iso-8859-1)'[^';]*'([^;\s]*)", re.IGNORECASE)


class Part(NamedTuple):
    """The head of a part. A name that is not given is None, an empty one ""; what is not UTF-8 in it is replaced."""

    name: str | None
    filename: str | None
    content_type: str


class MultipartReader:
    """Takes a body in whatever pieces and tells of each part its head, then its data, then its end.

    Data is told as it is fed; only a head is held. Raises Malformed, at once if `content_type` is not that of a form
    with a boundary; what those who are told raise comes out of `feed`.
    """

    def __init__(
        self,
        content_type: str,
        *,
        on_part: Callable[[Part], None],
        on_data: Callable[[memoryview], None],
        on_part_end: Callable[[], None],
    ) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Malformed("The body is not a form with files.")
        self._on_part = on_part
        self._head_bytes = 0
        self._header_name = self._header_value = self._disposition = self._type = b""
        self._is_ended = False
        self._preamble: bytes | None = b""  # its end, which may begin the boundary; None behind that
        self._first = b"\r\n--" + options[b"boundary"]
        try:
            self._parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": lambda data, start, end: on_data(memoryview(data)[start:end]),
                    "on_part_end": on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise Malformed(f"The body is not a valid form: {error}") from None

    def feed(self, piece: bytes) -> None:
        if self._preamble is not None:
            piece = self._behind_preamble(self._preamble, piece)
        try:
            self._parser.write(piece)
        except MultipartParseError as error:
            raise Malformed(f"The body is not a valid form: {error}") from None

    def _behind_preamble(self, held: bytes, piece: bytes) -> bytes:
        """What stands before the first boundary is passed over (RFC 2046 §5.1.1). Most forms begin with it."""
        if not held and piece[:1] in {b"-", b"\r", b"\n"}:
            self._preamble = None
            return piece
        held += piece
        at = held.find(self._first)
        self._preamble = held[1 - len(self._first) :] if at < 0 else None
        return b"" if at < 0 else held[at + 2 :]

    def check_end(self) -> None:
        """To be called behind the last piece. Raises Malformed if the last part is not whole."""
        if not self._is_ended:
            raise Malformed("The body ends in the middle.")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += self._counted(data[start:end])

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += self._counted(data[start:end])

    def _counted(self, data: bytes) -> bytes:
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES_MAX:
            raise Malformed("The head of a part is too long.")
        return data

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        elif self._header_name.lower() == b"content-type":
            self._type = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        disposition = self._disposition
        _, options = parse_options_header(disposition)
        kind, _ = parse_options_header(self._type)
        self._head_bytes, self._disposition, self._type = 0, b"", b""
        self._on_part(Part(_text(options.get(b"name")), _filename_of(options, disposition), kind.decode("latin-1")))

    def _on_end(self) -> None:
        self._is_ended = True


def _filename_of(options: Mapping[bytes, bytes], disposition: bytes) -> str | None:
    """With the three characters that browsers encode (HTML, "multipart/form-data encoding algorithm").

    `filename*` (RFC 8187) is none of a form's (§4.2), but some programs send nothing else.
    """
    plain = _text(options.get(b"filename"))
    if plain is not None:
        return plain.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
    extended = _EXTENDED.search(disposition)
    return unquote_to_bytes(extended[2]).decode(extended[1].decode(), errors="replace") if extended else None


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode(errors="replace")
