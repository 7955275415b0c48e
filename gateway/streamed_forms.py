"""Streamed forms: the fields of a form with files, whose files are passed on while they come (RFC 7578)."""

from collections.abc import AsyncIterator

from servicekit.multipart import MultipartReader, Part
from servicekit.problems import BodyTooLarge, Malformed

FIELDS_MAX = 100
_HELD_BESIDE_FIELDS_BYTES_MAX = 256 * 1024  # heads of parts, and what came in one piece with them


class StreamedForm:
    """Reads a multipart body up to its first file; the rest, files and all, is then there to be passed on.

    What is kept are the fields, all together at most `fields_bytes_max`, and until the first file begins what was
    read, so that the whole body can be sent to who stores files. Raises Malformed or BodyTooLarge.
    """

    def __init__(self, content_type: str, body: AsyncIterator[bytes], *, fields_bytes_max: int) -> None:
        self.content_type = content_type
        self.fields: dict[str, str] = {}
        self.has_files = False
        self._body = body
        self._bytes_max = fields_bytes_max
        self._kept_bytes = 0
        self._held: list[bytes] = []
        self._name: str | None = None
        self._value = b""
        self._reader = MultipartReader(
            content_type, on_part=self._on_part, on_data=self._on_data, on_part_end=self._on_part_end
        )

    async def read_fields(self) -> None:
        """Read until a file begins, or to the end."""
        held_bytes = 0
        async for piece in self._body:
            self._reader.feed(piece)
            self._held.append(piece)
            held_bytes += len(piece)
            if self.has_files:
                return
            if held_bytes > self._bytes_max + _HELD_BESIDE_FIELDS_BYTES_MAX:
                raise BodyTooLarge(self._bytes_max)
        self._reader.check_end()

    async def whole(self) -> AsyncIterator[bytes]:
        """The body from its beginning; fields that stand behind files are there when it has been read to its end."""
        held, self._held = self._held, []
        for piece in held:
            yield piece
        async for piece in self._body:
            self._reader.feed(piece)
            yield piece
        self._reader.check_end()

    def _keep(self, size: int) -> None:
        self._kept_bytes += size
        if self._kept_bytes > self._bytes_max:
            raise BodyTooLarge(self._bytes_max)

    # What the reader tells

    def _on_part(self, part: Part) -> None:
        self._name, self._value = None, b""
        if part.filename:
            self.has_files = True
        elif part.filename is None and part.name is not None:  # an empty one is the place of a file not chosen
            self._name = part.name
            self._keep(len(part.name))

    def _on_data(self, data: memoryview) -> None:
        if self._name is not None:
            self._keep(len(data))
            self._value += data

    def _on_part_end(self) -> None:
        if self._name is not None and len(self.fields) < FIELDS_MAX:
            try:
                self.fields[self._name] = self._value.decode()
            except UnicodeDecodeError as error:
                raise Malformed(f"The body is not a valid form: {error}") from None
