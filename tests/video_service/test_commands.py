"""Commands of those who send, and what instances say to each other, as they are read and written."""

import base64

import msgspec
import pytest

from servicekit.problems import Invalid
from tests.video_service.scenes import ground, jpeg
from video_service.domain.audiences import NOBODY, Audience
from video_service.domain.commands import Configure, Form, Look, Ping, RawFrame, parse, parse_frame
from video_service.domain.leases import Interest, Lease, decode_picture, encode_picture
from video_service.domain.pictures import Caption, Face, Picture
from video_service.domain.refusals import BrokenFrame, InvalidBase64, InvalidCommand
from video_service.domain.streams import check_name

# Commands


def test_each_form_of_a_frame_is_opened_to_the_same_bytes() -> None:
    image = jpeg(ground(64, 64)) + b"\xfb\xff"  # so that each alphabet is told from the other, and has padding
    text = base64.b64encode(image)
    url = b"data:image/jpeg;base64," + text
    lines = b"\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    forms = {
        Form.BASE64: [
            text,
            lines,
            b"\r\n" + text,
            b"\xef\xbb\xbf" + text,
            base64.urlsafe_b64encode(image),
            base64.urlsafe_b64encode(image).rstrip(b"="),
        ],
        Form.DATA_URL: [
            url,
            b" \n" + url,
            b"DATA:image/jpeg;BASE64," + text,
            b"data:image/jpeg;base64," + text.replace(b"+", b"%2B").replace(b"=", b"%3d"),
            b"data:image/jpeg; base64 ," + text,
            b"Data:image/jpeg;base64," + base64.urlsafe_b64encode(image),
        ],
        Form.JSON: [
            b'\n{"image":"%b"}' % text,
            b'\xef\xbb\xbf {"image":"%b"}' % url,
            b'{"image":"DATA:%b"}' % url[5:],
            b'{"image":"\\n %b"}' % url,
            b'{"image":"%b"}' % base64.urlsafe_b64encode(image),
            b'{"type":"frame","image":"%b"}' % url,
            b'{"image":"%b"}' % text,
            b'{"image":"%b","device":"phone"}' % text,
        ],
    }
    for form, payloads in forms.items():
        for payload in payloads:
            sealed = parse(payload, is_text=True)
            assert isinstance(sealed, RawFrame)
            assert (sealed.form, parse_frame(sealed).image) == (form, image)
    assert parse(b'{"type":"ping"}', is_text=False) == RawFrame(Form.BINARY, b'{"type":"ping"}')


@pytest.mark.parametrize(
    "payload",
    [
        b"?",
        b"hello world!",
        b"AAA",
        "Ünï".encode(),
        b"data:image/jpeg,hello",
        b"_-_-_",
        b'{"image":"*"}',
    ],
)
def test_what_is_not_base64_is_refused(payload: bytes) -> None:
    sealed = parse(payload, is_text=True)
    assert isinstance(sealed, RawFrame)
    with pytest.raises(InvalidBase64):
        parse_frame(sealed)


def test_nothing_at_all_is_a_broken_frame() -> None:
    for is_text in (True, False):
        sealed = parse(b"", is_text=is_text)
        assert isinstance(sealed, RawFrame)
        with pytest.raises(BrokenFrame):
            parse_frame(sealed)


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"{}}",
        b'{"type":7}',
        b'{"type":"dance"}',
        b'{"type":"ping","now":true}',
        b'{"type":"configure","effect":"sepia"}',
        b'{"type":"configure","quality":0}',
        b'{"type":"configure","quality":101}',
        b'{"type":"configure","max_width":15}',
        b'{"type":"configure","max_width":8193}',
        b'{"type":"configure","mirror":"yes"}',
        b'{"type":"configure","colour":"red"}',
        b'{"type":"\xff"}',
    ],
)
def test_what_is_no_command_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidCommand):
        parse(payload, is_text=True)


@pytest.mark.parametrize(
    "fields", ['"image":7', '"image":"","sequence":-1', '"image":"","sequence":9007199254740992', '"type":"frame"']
)
def test_a_frame_with_wrong_fields_is_refused_when_it_is_opened(fields: str) -> None:
    sealed = parse(("{" + fields + "}").encode(), is_text=True)
    assert isinstance(sealed, RawFrame)
    with pytest.raises(InvalidCommand):
        parse_frame(sealed)


def test_long_json_can_only_be_a_frame() -> None:
    long = parse(b'{"type":"configure","effect":"' + b"x" * 5000 + b'"}', is_text=True)
    assert isinstance(long, RawFrame)
    with pytest.raises(InvalidCommand):
        parse_frame(long)


def test_a_change_of_the_look_leaves_the_rest() -> None:
    change = parse(b'{"type":"configure","effect":"blur","quality":1}', is_text=True)
    assert isinstance(change, Configure)
    assert change.apply(Look(mirror=True)) == Look(effect="blur", quality=1, mirror=True)
    assert isinstance(parse(b'{"type":"ping"}', is_text=True), Ping)


# What goes between instances


def test_claims_interests_and_pictures_arrive_as_they_left() -> None:
    lease = Lease("here:1", "ada", "2027-01-15T08:00:00.000Z", 3, 640, 480)
    assert Lease.decode(lease.encode()) == lease
    for audience in (Audience("@", "grace"), Audience("#", "lobby"), Audience("!", "grace"), NOBODY):
        assert Lease.decode(lease._replace(audience=audience).encode()).audience == audience
    assert Interest.decode(Interest("there", -1).encode()) == Interest("there", -1)
    caption = Caption(
        sequence=7,
        captured_at=msgspec.Raw(b"1700000000123456789"),
        width=2,
        height=3,
        effect="faces",
        processing_ms=4.5,
        motion=0.5,
        faces=(Face(1, 2, 3, 4),),
    )
    opened = decode_picture(encode_picture(Picture(b"\xff\xd8\n\n{}", caption)))
    assert (opened.jpeg, opened.caption) == (b"\xff\xd8\n\n{}", caption)


def test_the_look_and_the_change_of_it_have_the_same_fields() -> None:
    assert {*Look.__struct_fields__} == {*Configure.__struct_fields__} - {"type"}
    assert msgspec.structs.asdict(Look()) == {"effect": "none", "quality": 70, "max_width": 640, "mirror": False}


@pytest.mark.parametrize("said", ["1700000000123456789", "1.50", "1e3", '"noon"', '"\\u00e9"'])
def test_when_a_frame_was_captured_is_given_back_as_it_was_said(said: str) -> None:
    sealed = parse(b'{"image":"","captured_at":%b}' % said.encode(), is_text=True)
    assert isinstance(sealed, RawFrame)
    assert parse_frame(sealed).captured_at == msgspec.Raw(said.encode())


@pytest.mark.parametrize("said", ['"' + "x" * 65 + '"', "true", "[]", "{}", "9" * 401, '"' + "\\u0041" * 67 + '"'])
def test_when_a_frame_was_captured_is_a_number_or_a_short_text(said: str) -> None:
    sealed = parse(b'{"image":"","captured_at":%b}' % said.encode(), is_text=True)
    assert isinstance(sealed, RawFrame)
    with pytest.raises(InvalidCommand):
        parse_frame(sealed)


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "x" * 65, "ü", "a\n", ".\n"])
def test_what_no_stream_can_be_called(name: str) -> None:
    with pytest.raises(Invalid):
        check_name(name)


@pytest.mark.parametrize("name", ["a", "x" * 64, "...", ".a", "call-7f"])
def test_what_a_stream_can_be_called(name: str) -> None:
    check_name(name)
