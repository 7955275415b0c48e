"""Frames come in and pictures go out: in kind and in order; a broken one costs only itself."""

import base64
import json
from time import monotonic

import pytest

from tests.video_service.scenes import STILL, decoded, distance, ground, huge_png, jpeg, moving, png, webp, with_face
from tests.video_service.world import Camera, Instance, World, data_url, picture_in

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
