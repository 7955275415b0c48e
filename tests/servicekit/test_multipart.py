"""Multipart: what a reader is told of a form's parts, whatever the bytes and in whatever pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.multipart import HEAD_BYTES_MAX, MultipartReader, Part
from servicekit.problems import Malformed

TYPE = "multipart/form-data; boundary=b"
NAMED = 'Content-Disposition: form-data; name="a"'
Told = tuple[str | None, str | None, bytes]


class Listener:
    """Keeps what it is told: heads, the sizes of the pieces of data, and parts that have ended."""

    def __init__(self) -> None:
        self.heads: list[Part] = []
        self.parts: list[Told] = []
        self.sizes: list[int] = []
        self._data = b""
        self.reader = MultipartReader(TYPE, on_part=self._on_part, on_data=self._on_data, on_part_end=self._on_part_end)

    def _on_part(self, part: Part) -> None:
        self.heads.append(part)

    def _on_data(self, data: memoryview) -> None:
        self._data += data
        self.sizes.append(len(data))

    def _on_part_end(self) -> None:
        self.parts.append((self.heads[-1].name, self.heads[-1].filename, self._data))
        self._data = b""


def part(*lines: str | bytes, data: bytes = b"") -> bytes:
    head = (line if isinstance(line, bytes) else line.encode() for line in lines)
    return b"\r\n".join([b"--b", *head, b"", data, b""])


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


def parts_of(content: bytes, *, piece_bytes: int = 1_000_000) -> list[Told]:
    listener = Listener()
    for start in range(0, len(content), piece_bytes):
        listener.reader.feed(content[start : start + piece_bytes])
    listener.reader.check_end()
    return listener.parts


@pytest.mark.parametrize(
    "lines, named",
    [
        ([NAMED], ("a", None)),
        (["content-DISPOSITION:form-data ;NAME = a; FileName=b.png"], ("a", "b.png")),
        (["Content-Type: image/png", NAMED, "X-Other: form-data; name=c"], ("a", None)),
        ([NAMED, "Content-Disposition: form-data; name=last"], ("last", None)),
        (["Content-Disposition: form-data; name=a; name=last"], ("last", None)),
        (['Content-Disposition: form-data; name=""; filename=""'], ("", "")),
        (["Content-Disposition: form-data"], (None, None)),
        (["Content-Disposition:"], (None, None)),
        (["Content-Type: text/plain"], (None, None)),
        ([], (None, None)),
        ([NAMED + "; filename*=UTF-8''b%20%e2%82%ac.png"], ("a", "b €.png")),
        ([NAMED + "; filename*=iso-8859-1'en'%a3.png"], ("a", "£.png")),
        ([NAMED + "; filename*=utf-8''%ff.png"], ("a", "\ufffd.png")),
        ([NAMED + "; filename*=utf-7''b.png"], ("a", None)),
        ([NAMED + "; filename*=b.png"], ("a", None)),
        ([NAMED + "; filename=b.png; filename*=UTF-8''other.png; filename*0=other.png"], ("a", "b.png")),
        ([NAMED + r'; filename="say \"hi\"; name=c\\d.png"'], ("a", r'say "hi"; name=c\d.png')),
        ([NAMED + '; filename="it\'s %22b%22.png"'], ("a", 'it\'s "b".png')),
        ([NAMED + '; filename="a%0D%0Ab%20%41.png"'], ("a", "a\r\nb%20%41.png")),
        ([NAMED + '; filename="b'], ("a", '"b')),
        (['Content-Disposition: form-data; name="Grüße"; filename="🙂.png"'], ("Grüße", "🙂.png")),
        ([b'Content-Disposition: form-data; name="a\xff"; filename="\xc3"'], ("a\ufffd", "\ufffd")),
    ],
)
def test_a_part_is_named_by_its_disposition(lines: list[str | bytes], named: tuple[str | None, str | None]) -> None:
    assert parts_of(body(part(*lines, data=b"x"))) == [(*named, b"x")]


@given(piece_bytes=st.integers(1, 60))
def test_parts_are_told_in_their_order_whatever_the_pieces(piece_bytes: int) -> None:
    near_boundary = b"\r\n--\r\n\r--b\r\n-"
    content = body(
        part(NAMED, data=b"1"),
        part(NAMED, "Content-Type: text/plain", data=near_boundary),
        part(NAMED + '; filename="b.png"'),
        part(data=b"of nobody"),
    )
    assert parts_of(content, piece_bytes=piece_bytes) == [
        ("a", None, b"1"),
        ("a", None, near_boundary),
        ("a", "b.png", b""),
        (None, None, b"of nobody"),
    ]


def test_a_form_may_be_empty() -> None:
    assert parts_of(body()) == []


def test_what_stands_behind_the_end_is_passed_over() -> None:
    assert parts_of(body(part(NAMED)) + part(NAMED)) == [("a", None, b"")]


@pytest.mark.parametrize("piece_bytes", [1, 2, 5, 1_000])
def test_what_stands_before_the_first_boundary_is_passed_over(piece_bytes: int) -> None:
    content = b"This is a form.\r\n--a\r\n-b--b\r\r\n" + body(part(NAMED, data=b"1"))
    assert parts_of(content, piece_bytes=piece_bytes) == [("a", None, b"1")]
    with pytest.raises(Malformed):
        parts_of(b"This is none.\r\n--a--\r\n", piece_bytes=piece_bytes)


def test_data_is_told_as_it_comes() -> None:
    listener = Listener()
    listener.reader.feed(part(NAMED + "; filename=b.png").removesuffix(b"\r\n"))
    assert (listener.heads, listener.parts) == ([Part("a", "b.png", "")], [])
    for number in range(1, 101):
        listener.reader.feed(b"\0" * 65_536)
        assert listener.sizes == [65_536] * number
    listener.reader.feed(b"\r\n" + body())
    assert listener.parts == [("a", "b.png", b"\0" * 6_553_600)]


@pytest.mark.parametrize("piece_bytes", [7, 100_000])
def test_the_lines_of_a_head_have_a_limit_together(piece_bytes: int) -> None:
    half = HEAD_BYTES_MAX // 2 - len("X")
    fits, one_more = part("X: " + "x" * half, "Y: " + "y" * half), part("X: " + "x" * half, "Y: " + "y" * half + "y")
    assert len(parts_of(body(fits, fits), piece_bytes=piece_bytes)) == 2
    with pytest.raises(Malformed):
        parts_of(body(one_more), piece_bytes=piece_bytes)


def test_a_head_has_so_many_lines_at_most() -> None:
    assert len(parts_of(body(part(*["X: x"] * 8)))) == 1
    with pytest.raises(Malformed):
        parts_of(body(part(*["X: x"] * 9)))


@pytest.mark.parametrize("boundary", ["", "b" * 257, '"' + "b" * 5_000 + '"'])
def test_a_boundary_is_given_and_of_some_length_only(boundary: str) -> None:
    def unheard(*_: object) -> None:
        raise AssertionError

    with pytest.raises(Malformed):
        MultipartReader(
            f"multipart/form-data; boundary={boundary}", on_part=unheard, on_data=unheard, on_part_end=unheard
        )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--b",
        part(NAMED),
        part(NAMED) + b"--b-",
        b"--c\r\n",
        b"--b-x",
        body(part(": no field")),
        body(part("no colon")),
        body(part("Content Disposition: form-data")),
        body(part("Größe: 1")),
        body(part(NAMED).replace(b"\r\n\r\n", b"\r\n\r")),
        body(part(NAMED).replace(b'"\r\n', b'"\r')),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1, 1000])
def test_what_is_no_form_is_malformed(content: bytes, piece_bytes: int) -> None:
    with pytest.raises(Malformed):
        parts_of(content, piece_bytes=piece_bytes)


def test_who_listens_may_refuse() -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    reader = MultipartReader(TYPE, on_part=refuse, on_data=refuse, on_part_end=refuse)
    with pytest.raises(PermissionError):
        reader.feed(part(NAMED))
