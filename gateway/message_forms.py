"""Message forms: the fields of a form with files, whose files are passed on while they come (RFC 7578)."""

from collections.abc import AsyncIterator
from typing import Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from servicekit.problems import BodyTooLarge, Malformed

FIELDS_MAX = 100
_HEADER_BYTES_MAX = 8 * 1024
_HELD_BESIDE_FIELDS_BYTES_MAX = 256 * 1024  # heads of parts, and what came in one piece with them


class MessageForm:
    """Reads a multipart body up to its first file; the rest, files and all, is then there to be passed on.

    What is kept are the fields, all together at most `fields_bytes_max`, and until the first file begins what was
    read, so that the whole body can be sent to who stores files. Raises Malformed or BodyTooLarge.
    """

    def __init__(self, content_type: str, body: AsyncIterator[bytes], *, fields_bytes_max: int) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Malformed("The body is not a form with files.")
        self.content_type = content_type
        self.fields: dict[str, str] = {}
        self.has_files = False
        self._body = body
        self._bytes_max = fields_bytes_max
        self._kept_bytes = 0
        self._held: list[bytes] = []
        self._header_name = self._header_value = self._disposition = b""
        self._name: str | None = None
        self._value = b""
        self._is_ended = False
        self._parser = MultipartParser(options[b"boundary"], _callbacks(self))

    async def read_fields(self) -> None:
        """Read until a file begins, or to the end."""
        held_bytes = 0
        async for piece in self._body:
            self._feed(piece)
            self._held.append(piece)
            held_bytes += len(piece)
            if self.has_files:
                return
            if held_bytes > self._bytes_max + _HELD_BESIDE_FIELDS_BYTES_MAX:
                raise BodyTooLarge(self._bytes_max)
        self._check_end()

    async def whole(self) -> AsyncIterator[bytes]:
        """The body from its beginning; fields that stand behind files are there when it has been read to its end."""
        held, self._held = self._held, []
        for piece in held:
            yield piece
        async for piece in self._body:
            self._feed(piece)
            yield piece
        self._check_end()

    def _check_end(self) -> None:
        if not self._is_ended:
            raise Malformed("The body ends in the middle.")

    def _feed(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except MultipartParseError as error:
            raise Malformed(f"The body is not a valid form: {error}") from None

    def _keep(self, size: int) -> None:
        self._kept_bytes += size
        if self._kept_bytes > self._bytes_max:
            raise BodyTooLarge(self._bytes_max)

    # What the parser tells

    def on_part_begin(self) -> None:
        self._disposition = b""
        self._name, self._value = None, b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._check_header()

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if len(self._header_name) + len(self._header_value) > _HEADER_BYTES_MAX:
            raise Malformed("The head of a part is too long.")

    def on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"filename"):
            self.has_files = True
        elif b"filename" not in options and b"name" in options:  # an empty one is the place of a file not chosen
            self._name = options[b"name"].decode(errors="replace")
            self._keep(len(self._name))

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is not None:
            self._keep(end - start)
            self._value += data[start:end]

    def on_part_end(self) -> None:
        if self._name is not None and len(self.fields) < FIELDS_MAX:
            try:
                self.fields[self._name] = self._value.decode()
            except UnicodeDecodeError as error:
                raise Malformed(f"The body is not a valid form: {error}") from None

    def on_end(self) -> None:
        self._is_ended = True


def _callbacks(form: MessageForm) -> Any:
    names = (
        "on_part_begin",
        "on_header_field",
        "on_header_value",
        "on_header_end",
        "on_headers_finished",
        "on_part_data",
        "on_part_end",
        "on_end",
    )
    return {name: getattr(form, name) for name in names}
