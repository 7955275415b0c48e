"""Frames come in and pictures go out: in kind, in order, the newest before all; a broken one costs only itself."""

import asyncio
import base64
import json
from time import monotonic

import pytest
from structlog.testing import capture_logs
from websockets.exceptions import ConnectionClosed

from tests.asgi import WAIT_S_MAX
from tests.clock import NOW_S
from tests.video_service.scenes import decoded, distance, ground, jpeg, moving, png, webp, with_face
from tests.video_service.test_domain import huge_png
from tests.video_service.world import Camera, Instance, World, data_url, picture_in
from tests.waiting import eventually

STILL = jpeg(ground())


# In kind


@pytest.mark.parametrize("encode", [jpeg, png, webp])
async def test_bytes_are_answered_with_the_bytes_of_a_jpeg(video: Instance, encode: object) -> None:
    image: bytes = encode(ground())  # type: ignore[operator]
    camera = await video.camera()
    await camera.connection.send(image)
    answer = await camera.hear_anything()
    assert isinstance(answer, bytes)
    assert answer.startswith(b"\xff\xd8\xff")
    assert distance(decoded(answer), ground()) < 3


async def test_base64_is_answered_with_base64_and_a_data_url_with_a_data_url(video: Instance) -> None:
    camera = await video.camera()
    text = base64.b64encode(STILL).decode()
    await camera.connection.send(text)
    plain = await camera.hear_anything()
    await camera.connection.send(f"data:image/jpeg;base64,{text}")
    url = await camera.hear_anything()
    assert isinstance(plain, str)
    assert distance(decoded(base64.b64decode(plain, validate=True)), ground()) < 3
    assert url == f"data:image/jpeg;base64,{plain}"


async def test_json_is_answered_with_all_that_is_known(video: Instance) -> None:
    camera = await video.camera(query="?effect=faces")
    answer = await camera.ask(jpeg(with_face()), sequence=41, captured_at=1234.5)
    assert picture_in(answer).shape == (480, 640, 3)
    (face,) = answer.pop("faces")
    assert face.keys() == {"x", "y", "width", "height"}
    assert answer.pop("processing_ms") > 0
    del answer["image"]
    assert answer == {
        "type": "frame",
        "sequence": 41,
        "captured_at": 1234.5,
        "width": 640,
        "height": 480,
        "effect": "faces",
        "dropped": 0,
        "motion": 0.0,
    }


async def test_frames_without_a_sequence_are_numbered(video: Instance) -> None:
    camera = await video.camera()
    numbers = [(await camera.ask(STILL))["sequence"] for _ in range(3)]
    await camera.connection.send(STILL)
    await camera.see()
    assert [*numbers, (await camera.ask(STILL))["sequence"]] == [1, 2, 3, 5]


async def test_a_scene_that_moves_is_told_from_a_still(video: Instance) -> None:
    camera = await video.camera()
    still = [(await camera.ask(STILL))["motion"] for _ in range(4)]
    active = [(await camera.ask(jpeg(moving(number))))["motion"] for number in range(1, 5)]
    assert max(still) < 0.01
    assert min(active) > 0.3


# The look


async def test_the_look_is_chosen_at_the_start_and_changed_while_it_runs(video: Instance) -> None:
    camera = await video.camera(query="?effect=grayscale&max_width=320&quality=90&mirror=true")
    first = await camera.ask(jpeg(moving(1)))
    assert (first["effect"], first["width"], first["height"]) == ("grayscale", 320, 240)
    assert picture_in(first).std(axis=2).max() == 0
    changed = await camera.configure(effect="none", mirror=False)
    assert changed == {"type": "configured", "effect": "none", "quality": 90, "max_width": 320, "mirror": False}
    second = await camera.ask(jpeg(moving(1)))
    assert (second["effect"], second["width"]) == ("none", 320)
    assert picture_in(second).std(axis=2).max() > 20


async def test_a_change_holds_from_the_next_frame_on(video: Instance) -> None:
    camera = await video.camera()
    expected = ["none", "blur", "edges", "grayscale"]
    for effect in expected:
        await camera.send(type="configure", effect=effect)
        await camera.send(type="frame", image=data_url(STILL))
        assert (await camera.hear("configured"))["effect"] == effect
        assert (await camera.hear("frame"))["effect"] == effect


@pytest.mark.parametrize(
    "query", ["?effect=sepia", "?quality=0", "?quality=101", "?max_width=15", "?mirror=perhaps", "?stream=a+b"]
)
async def test_a_look_that_cannot_be_is_refused_at_the_handshake(video: Instance, query: str) -> None:
    assert await video.refusal("/api/ws/video" + query) == (422, "invalid")


async def test_a_ping_is_answered(video: Instance) -> None:
    camera = await video.camera()
    await camera.send(type="ping")
    assert await camera.hear("pong") == {"type": "pong"}


# What is refused


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty text": ("", "broken_frame"),
    "no bytes": (b"", "broken_frame"),
    "no base64": ("not base64!", "invalid_base64"),
    "cut base64": (data_url(STILL)[:-3], "invalid_base64"),
    "another format": (b"GIF89a", "unknown_format"),
    "base64 of something else": (base64.b64encode(b"hello").decode(), "unknown_format"),
    "half a JPEG": (STILL[: len(STILL) // 2], "broken_frame"),
    "most of a PNG": (png(ground())[:-3000], "broken_frame"),
    "a PNG that leases 20,000 x 20,000": (huge_png(), "frame_too_large"),
    "an unknown command": ('{"type":"dance"}', "invalid_command"),
    "broken JSON": ("{", "invalid_command"),
    "no image": ('{"type":"frame"}', "invalid_command"),
    "an unknown effect": ('{"type":"configure","effect":"sepia"}', "invalid_command"),
    "long JSON": ('{"type":"frame","image":"%s"}' % ("*" * 10_000), "invalid_base64"),
}


@pytest.mark.parametrize("message, code", BAD.values(), ids=BAD)
async def test_a_bad_message_is_an_error_and_the_next_frame_is_as_good_as_ever(
    video: Instance, message: str | bytes, code: str
) -> None:
    camera = await video.camera()
    await camera.connection.send(message)
    assert await camera.refused() == code
    assert (await camera.show(STILL)).shape == (480, 640, 3)


async def test_an_error_names_the_frame(video: Instance) -> None:
    camera = await video.camera()
    await camera.send(type="frame", image=data_url(b"hello"), sequence=41)
    error = await camera.hear("error")
    assert error == {"type": "error", "code": "unknown_format", "detail": error["detail"], "sequence": 41}


async def test_a_message_as_long_as_allowed_passes_and_a_longer_one_ends_the_connection(world: World) -> None:
    video = await world.instance(video_message_bytes_max=len(STILL))
    camera = await video.camera()
    await camera.show(STILL)
    await camera.connection.send(STILL + b"\0")
    assert await camera.refused() == "message_too_large"
    assert await camera.closed() == 1009


async def test_a_message_of_4_mib_passes(video: Instance) -> None:
    camera = await video.camera()
    await camera.connection.send(STILL + bytes(4 * 1024 * 1024 - len(STILL)))
    assert (await camera.see()).shape == (480, 640, 3)


async def test_frames_over_the_rate_are_skipped_and_told_of_once_a_second(world: World) -> None:
    video = await world.instance(frames_per_second=10)
    camera = await video.camera()
    started_s = monotonic()
    errors = await errors_of(camera, frames=40)
    assert {*errors} == {"too_many_frames"}
    assert len(errors) <= 1 + (monotonic() - started_s)


async def test_as_many_frames_as_the_rate_allows_meet_no_error(world: World) -> None:
    video = await world.instance(frames_per_second=10)
    assert await errors_of(await video.camera(), frames=10) == []


async def errors_of(camera: Camera, *, frames: int) -> list[str]:
    """Send so many at once; the codes of what was refused."""
    for _ in range(frames):
        await camera.connection.send(STILL)
    await camera.send(type="ping")
    errors = []
    while (message := await camera.hear_anything()) != '{"type":"pong"}':
        errors += [json.loads(message)["code"]] if isinstance(message, str) else []
    return errors


# The newest wins


async def test_a_flood_is_answered_in_order_and_what_was_skipped_is_counted(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera, frames = await video.camera(query="?effect=blur"), 200
    image = data_url(jpeg(ground(1280, 720)))
    sending = asyncio.create_task(_send_all(camera, image, frames))
    answers = [await camera.hear("frame")]
    while answers[-1]["sequence"] < frames:
        answers.append(await camera.hear("frame"))
    await sending
    sequences = [answer["sequence"] for answer in answers]
    assert sequences == sorted(set(sequences))
    assert len(answers) + answers[-1]["dropped"] == frames
    assert len(answers) < frames


async def _send_all(camera: Camera, image: str, frames: int) -> None:
    for sequence in range(1, frames + 1):
        await camera.send(type="frame", image=image, sequence=sequence)


async def test_who_reads_nothing_is_skipped_not_stored_and_sees_the_newest_when_they_read(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera = await video.camera(query="?stream=cam&quality=100&max_width=2000")
    camera.stop_reading()
    stream_session = next(iter(video.state["stream_log"]._open))  # noqa: SLF001 - the counts are inside until they are written
    image, frames = png(moving(1, 1280, 720)), 60
    for sequence in range(1, frames + 1):
        await camera.send(type="frame", image=data_url(image), sequence=sequence)
        await eventually(lambda due=sequence: stream_session.frames_processed + stream_session.frames_dropped >= due)
    camera.read_on()
    answers = [await camera.hear("frame")]
    while answers[-1]["sequence"] < frames:
        answers.append(await camera.hear("frame"))
    assert len(answers) <= 8 + 1 + stream_session.frames_dropped
    assert len(answers) + answers[-1]["dropped"] == frames


async def test_ten_senders_get_their_tenth_each_whatever_their_rate(world: World) -> None:
    video = await world.instance(frames_per_second=0, video_threads=1)
    cameras = [await video.camera(query="?effect=blur") for _ in range(10)]
    counts = dict.fromkeys(range(10), 0)
    image = jpeg(ground(640, 480))

    async def push(number: int, on_the_way: int) -> None:
        """Keep so many frames on the way."""
        for _ in range(on_the_way):
            await cameras[number].connection.send(image)
        while max(counts.values()) < 20:
            await cameras[number].see()
            counts[number] += 1
            for _ in range(on_the_way):
                await cameras[number].connection.send(image)

    async with asyncio.timeout(3 * WAIT_S_MAX):
        await asyncio.gather(*(push(number, 1 + 4 * (number % 2)) for number in range(10)))
    assert min(counts.values()) >= 10  # the eager ones would have five times as much


# Who, and how long


async def test_without_a_valid_token_nobody_enters(video: Instance) -> None:
    assert await video.refusal(token="nonsense") == (401, "unauthenticated")


async def test_a_revoked_session_ends_on_its_open_connections(world: World, video: Instance) -> None:
    bus = await world.bus()
    camera = await video.camera("Ada", "?stream=cam", session="lost")
    screen = await video.watching("cam", "Ada", session="lost")
    kept = await video.camera("Ada", session="kept")
    world.auth.revoke("lost")
    await bus.execute(("PUBLISH", bus.channel("revocations"), "lost"))
    assert [await camera.closed(), await screen.closed()] == [4401, 4401]
    await kept.show(STILL)
    assert await video.refusal(session="lost") == (401, "unauthenticated")


async def test_a_connection_ends_with_its_token(world: World, video: Instance) -> None:
    world.clock.now = NOW_S + 899.9
    camera = await video.camera()
    assert await camera.closed() == 4401


async def test_one_connection_too_many_is_refused_until_another_ends(world: World) -> None:
    video = await world.instance(connections_per_person=2)
    camera, _ = await video.camera(), await video.camera()
    assert await video.refusal() == (429, "too_many_connections")
    await video.camera("Grace")
    await camera.close()
    await eventually(lambda: len(video.state["open_connections"]) == 2)
    await video.camera()


async def test_as_many_as_allowed_enter_when_all_come_at_once(world: World) -> None:
    video = await world.instance(connections_per_person=3)
    came = await asyncio.gather(*(video.camera() for _ in range(9)), return_exceptions=True)
    assert sum(isinstance(one, Camera) for one in came) == 3


async def test_a_restart_is_announced(world: World) -> None:
    video = await world.instance()
    camera = await video.camera(query="?stream=cam")
    await video.stop()
    assert await camera.closed() == 1012


async def test_who_leaves_in_the_middle_of_a_flood_stops_nobody(world: World) -> None:
    video = await world.instance(frames_per_second=0, video_threads=1)
    other = await video.camera("Grace")
    for _ in range(5):
        camera = await video.camera(query="?effect=blur")
        for _ in range(20):
            await camera.connection.send(STILL)
        camera.connection.transport.abort()
        with pytest.raises(ConnectionClosed):
            while True:
                await camera.connection.recv()
    await eventually(lambda: len(video.state["open_connections"]) == 1)
    await other.show(STILL)


# What is wrong again and again


async def test_a_flood_of_what_is_wrong_is_told_and_logged_once_with_a_count(world: World) -> None:
    video = await world.instance(frames_per_second=0)
    camera = await video.camera()
    with capture_logs() as lines:
        for _ in range(500):
            await camera.connection.send("{")
        await camera.send(type="ping")
        told = []
        while (heard := json.loads(await camera.hear_anything())) != {"type": "pong"}:
            told.append(heard)
        while sum(1 + one.get("skipped", 0) for one in told) < 500:
            told.append(await camera.hear("error"))
    assert {one["code"] for one in told} == {"invalid_command"}
    assert len([line for line in lines if line["event"] == "refused"]) == len(told) < 20


async def test_what_is_no_command_counts_as_a_frame(world: World) -> None:
    video = await world.instance(frames_per_second=10)
    camera = await video.camera()
    for _ in range(20):
        await camera.connection.send("{")
    await camera.connection.send(STILL)
    codes = []
    while "too_many_frames" not in codes:
        codes.append(await camera.refused())
