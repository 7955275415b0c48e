"""The rules, without a service around them."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.problems import Invalid, Refusal
from tests.video_service.scenes import ground, jpeg, png, webp
from video_service.domain.audiences import NOBODY, Audience, bound_audience
from video_service.domain.commands import Configure, Form, Look, Ping, RawFrame, parse, parse_frame
from video_service.domain.fair_queue import FairQueue
from video_service.domain.image_headers import JPEG_SCANS_MAX, Format, read_header
from video_service.domain.leases import Interest, Lease, decode_picture, encode_picture
from video_service.domain.pictures import Caption, Face, Picture
from video_service.domain.rates import FrameRate
from video_service.domain.refusals import BrokenFrame, FrameTooLarge, InvalidBase64, InvalidCommand, UnknownFormat
from video_service.domain.streams import check_name

PIXELS_MAX = 16_000_000

# Headers


@pytest.mark.parametrize(
    "image, kind",
    [
        (jpeg(ground(640, 360)), Format.JPEG),
        (png(ground(640, 360)), Format.PNG),
        (webp(ground(640, 360)), Format.WEBP),
        (webp(ground(640, 360), 101), Format.WEBP),
        (b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0\x7f\x02\0\x67\x01\0", Format.WEBP),
        (b"\xff\xd8\xff\xff\x01\xff\xe0\0\4ab\xff\xc0\0\x11\x08\x01\x68\x02\x80", Format.JPEG),
    ],
)
def test_a_header_tells_format_and_size(image: bytes, kind: Format) -> None:
    assert read_header(image, pixels_max=PIXELS_MAX)[:3] == (kind, 640, 360)


def huge_png(width: int = 20_000, height: int = 20_000) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + b"\x08\x02\0\0\0"


def test_a_lease_of_too_many_pixels_is_believed() -> None:
    with pytest.raises(FrameTooLarge, match="20000 x 20000"):
        read_header(huge_png(), pixels_max=PIXELS_MAX)
    assert read_header(huge_png(4000, 4000), pixels_max=PIXELS_MAX).width == 4000


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF89a" + bytes(100), b"RIFF" + bytes(4) + b"AVI " + bytes(100)])
def test_what_is_no_picture_has_no_header(data: bytes) -> None:
    with pytest.raises(UnknownFormat):
        read_header(data, pixels_max=PIXELS_MAX)


@pytest.mark.parametrize(
    "data",
    [
        huge_png(0, 5),
        huge_png()[:20],
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0" + b"\0\2" * 3,
        b"\xff\xd8\xff\xda" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"RIFF\0\0\0\0WEBPALPH" + bytes(20),
    ],
)
def test_a_header_without_a_size_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenFrame):
        read_header(data, pixels_max=PIXELS_MAX)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    image, scan = jpeg(ground(64, 64)), b"\xff\xda"
    full = image + scan * (JPEG_SCANS_MAX - image.count(scan))
    assert read_header(full, pixels_max=PIXELS_MAX).width == 64
    with pytest.raises(BrokenFrame):
        read_header(full + scan, pixels_max=PIXELS_MAX)


@given(st.sampled_from([jpeg(ground(80, 80)), png(ground(80, 80)), webp(ground(80, 80))]), st.data())
def test_no_bytes_make_reading_a_header_fail_otherwise(image: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(image)))
    mangled = image[:at] + data.draw(st.binary(max_size=40)) + image[at : data.draw(st.integers(at, len(image)))]
    try:
        header = read_header(mangled, pixels_max=PIXELS_MAX)
    except Refusal:
        return
    assert 0 < header.width * header.height <= PIXELS_MAX


# FairQueue


def test_the_newest_waits_and_keeps_its_place_in_line() -> None:
    queue: FairQueue[str, int] = FairQueue()
    assert [queue.put("Ada", 1), queue.put("Grace", 1), queue.put("Ada", 2)] == [None, None, 1]
    assert [queue.take(), queue.take(), queue.take()] == [("Ada", 2), ("Grace", 1), None]


def test_one_work_of_a_key_is_in_hand() -> None:
    queue: FairQueue[str, int] = FairQueue()
    queue.put("Ada", 1)
    queue.take()
    assert [queue.put("Ada", 2), queue.put("Ada", 3)] == [None, 2]
    assert queue.take() is None
    queue.done("Ada")
    assert queue.take() == ("Ada", 3)


def test_who_leaves_gets_no_further_turn() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for name in ("Ada", "Grace"):
        queue.put(name, 1)
    queue.take()
    queue.put("Ada", 2)
    queue.leave("Ada")
    queue.leave("Grace")
    queue.done("Ada")
    assert queue.take() is None


@given(st.lists(st.sampled_from([*range(10)]), min_size=1))
def test_whatever_the_rates_ten_senders_get_a_tenth_each(puts: list[int]) -> None:
    queue: FairQueue[int, int] = FairQueue()
    done = dict.fromkeys(range(10), 0)
    for work, eager in enumerate(puts * 10):
        for key in (*range(10), eager, eager):
            queue.put(key, work)
        taken = queue.take()
        assert taken is not None
        done[taken[0]] += 1
        queue.done(taken[0])
    assert max(done.values()) - min(done.values()) <= 1


@given(st.lists(st.tuples(st.sampled_from("pptd"), st.sampled_from("abc"))))
def test_work_of_a_key_is_taken_in_its_order_and_nothing_else_is_lost(steps: list[tuple[str, str]]) -> None:
    queue: FairQueue[str, int] = FairQueue()
    taken: dict[str, list[int]] = {key: [] for key in "abc"}
    replaced: set[int] = set()
    in_hand: set[str] = set()
    put: set[int] = set()

    def take() -> bool:
        if (turn := queue.take()) is None:
            return False
        key, work = turn
        assert key not in in_hand
        in_hand.add(key)
        taken[key].append(work)
        return True

    for number, (step, key) in enumerate(steps):
        if step == "p":
            put.add(number)
            if (older := queue.put(key, number)) is not None:
                replaced.add(older)
        elif step == "t":
            take()
        elif key in in_hand:
            in_hand.discard(key)
            queue.done(key)
    while in_hand or take():
        for key in tuple(in_hand):
            in_hand.discard(key)
            queue.done(key)
    assert all(works == sorted(works) for works in taken.values())
    assert replaced | {work for works in taken.values() for work in works} == put
    assert not replaced & {work for works in taken.values() for work in works}


# Rates


def test_so_many_frames_pass_in_a_second_and_one_more_does_not() -> None:
    rate = FrameRate(60)
    assert [rate.take(10.0) for _ in range(61)] == [True] * 60 + [False]
    assert not rate.take(10.0 + 0.5 / 60)
    assert rate.take(10.0 + 1 / 60)


@given(st.lists(st.floats(-0.2, 0.2), min_size=200, max_size=200))
def test_who_keeps_the_rate_is_never_refused_however_unevenly_they_come(jitters_s: list[float]) -> None:
    rate = FrameRate(60)
    arrivals_s = sorted(number / 60 + jitter_s for number, jitter_s in enumerate(jitters_s))
    assert all(rate.take(100 + at_s) for at_s in arrivals_s)


def test_twice_the_rate_is_halved() -> None:
    rate = FrameRate(60)
    passed = sum(rate.take(number / 120) for number in range(1200))
    assert 600 <= passed <= 660


def test_a_rate_of_0_lets_everything_pass() -> None:
    rate = FrameRate(0)
    assert all(rate.take(1.0) for _ in range(1000))


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
            b"Data:image/jpeg;base64," + base64.urlsafe_b64encode(image),
        ],
        Form.JSON: [
            b'\n{"image":"%b"}' % text,
            b'\xef\xbb\xbf {"image":"%b"}' % url,
            b'{"image":"DATA:%b"}' % url[5:],
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


# Audiences


@pytest.mark.parametrize(
    "audience, publisher, two, stranger",
    [("*", True, True, True), ("@Grace", True, True, False), ("!Grace", True, True, False), ("-", True, False, False)],
)
def test_an_audience_admits_its_own(audience: str, publisher: bool, two: bool, stranger: bool) -> None:
    admits = Audience.decode(audience).admits
    assert [admits(name, "Ada") for name in ("Ada", "Grace", "Linus")] == [publisher, two, stranger]


def test_who_is_in_a_room_is_known_elsewhere_and_holds_for_its_publisher_too() -> None:
    assert [Audience("#", "lobby").admits(name, "Ada") for name in ("Ada", "Grace")] == [None, None]


@pytest.mark.parametrize(
    "audience, binding, becomes",
    [
        ("*", None, "*"),
        ("*", b"Ada Grace", "!Grace"),
        ("@Linus", b"Ada Grace", "!Grace"),
        ("#lobby", b"Ada Grace", "!Grace"),
        ("*", b"Linus Grace", "-"),
        ("*", b"", "*"),
        ("@Grace", b"", "@Grace"),
        ("!Grace", b"", "-"),
        ("!Grace", None, "!Grace"),
    ],
)
def test_a_call_narrows_the_audience_and_its_end_widens_nothing(
    audience: str, binding: bytes | None, becomes: str
) -> None:
    assert str(bound_audience(Audience.decode(audience), "Ada", binding)) == becomes
