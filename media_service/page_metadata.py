"""What a page says of itself in its head: `<title>`, `<meta>` and the old `<link rel=image_src>`."""

from typing import Any

from media_service.domain.link_cards import WANTED

_VALUE_LENGTH_MAX = 4_000
_PIECE_BYTES = 16 * 1024


def metadata_of(text: str) -> dict[str, str]:
    """By name, the first of each. No tree is made: what is nested deeply or without end costs one look at each tag."""
    from lxml import etree  # noqa: PLC0415 - 7 MiB, which not every Parley needs

    found = _Metadata()
    data = text.encode()
    parser: Any = etree.HTMLParser(target=found, encoding="utf-8", no_network=True)
    for start in range(0, len(data), _PIECE_BYTES):
        try:
            parser.feed(data[start : start + _PIECE_BYTES])
        except etree.LxmlError:  # what came before it counts
            break
        if found.is_over:
            break
    return found.said


class _Metadata:
    """Told of tags and text by the parser, in order."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.is_over = False
        self._is_in_title = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "body":
            self.is_over = True
        elif tag == "title":
            self._is_in_title = "title" not in self.said
        elif tag == "meta":
            name = attributes.get("property") or attributes.get("name") or ""
            self._note(name.strip().lower(), attributes.get("content", ""))
        elif tag == "link" and attributes.get("rel", "").lower() == "image_src":
            self._note("image_src", attributes.get("href", ""))

    def end(self, tag: str) -> None:
        if tag == "title":
            self._is_in_title = False
        elif tag == "head":
            self.is_over = True

    def data(self, text: str) -> None:
        if self._is_in_title and not self.is_over:
            before = self.said.get("title", "")
            self.said["title"] = before + text[: _VALUE_LENGTH_MAX - len(before)]

    def close(self) -> None:
        """Asked for by the parser."""

    def _note(self, name: str, value: str) -> None:
        if name in WANTED and name != "title" and not self.is_over and value.strip():
            self.said.setdefault(name, value[:_VALUE_LENGTH_MAX])
