"""Who else may see a file: those to whom it was posted, and everybody an avatar."""

import pytest

from media_service.actions.files import REMEMBERED_MAX, REMEMBERED_S, RecentReaders
from servicekit.bus import Bus
from tests.media_service.gallery import Galleries, Gallery, tell
from tests.problems import code
from tests.waiting import eventually


async def show_as_avatar(media: Gallery, bus: Bus, name: str, path: str | None) -> None:
    media.auth.change(name, nickname=name, pfp=path)
    tell(bus, "profiles")


async def test_nobody_else_sees_a_file_unless_it_was_posted_where_they_are(media: Gallery) -> None:
    path = await media.keep()
    file_id = path.rpartition("/")[2]
    for one in (path, f"{path}/thumbnail"):
        assert code(await media.get("Grace", one)) == (404, "unknown_file")
    media.chat.readers.add(("Grace", file_id))
    for one in (path, f"{path}/thumbnail"):
        assert await media.status("Grace", one) == 200
        assert await media.status("Linus", one) == 404
    assert code(await media.request("Grace", "DELETE", path)) == (404, "unknown_file")
    media.chat.readers.clear()
    media.clock.now += REMEMBERED_S
    assert await media.status("Grace", path) == 404
    assert code(await media.get("Grace", path, If_None_Match="*")) == (404, "unknown_file")


async def test_chat_is_not_asked_again_for_a_moment_whether_somebody_may_see_a_file(media: Gallery) -> None:
    path, other = await media.keep(), await media.keep("Linus")
    media.chat.readers.add(("Grace", path.rpartition("/")[2]))
    assert await media.status("Grace", path) == 200
    media.chat.readers.clear()
    media.clock.now += REMEMBERED_S - 0.5
    for one in (path, f"{path}/thumbnail"):
        assert await media.status("Grace", one) == 200
        assert await media.status("Linus", one) == 404
    assert await media.status("Grace", other) == 404
    media.clock.now += 0.5
    assert await media.status("Grace", path) == 404


async def test_that_somebody_may_not_see_a_file_is_not_remembered(media: Gallery) -> None:
    path = await media.keep()
    assert await media.status("Grace", path) == 404
    media.chat.readers.add(("Grace", path.rpartition("/")[2]))
    assert await media.status("Grace", path) == 200


@pytest.mark.parametrize("more, remembers", [(0, True), (1, False)])
def test_so_many_readers_are_remembered_and_the_oldest_is_forgotten_first(more: int, *, remembers: bool) -> None:
    recent = RecentReaders(lambda: 0.0)
    for number in range(REMEMBERED_MAX + more):
        recent.add(f"person{number}", "a-file")
    assert (("person0", "a-file") in recent) is remembers
    assert ("person1", "a-file") in recent


def test_a_clock_that_is_put_back_remembers_nobody() -> None:
    now = [100.0]
    recent = RecentReaders(lambda: now[0])
    recent.add("Grace", "a-file")
    now[0] = 99.0
    assert ("Grace", "a-file") not in recent


@pytest.mark.parametrize("status", [500, 503, 401, 200])
async def test_while_chat_cannot_say_who_may_see_it_only_the_owner_does(media: Gallery, status: int) -> None:
    path = await media.keep()
    media.chat.readers.add(("Grace", path.rpartition("/")[2]))
    media.chat.status = status
    assert await media.status("Ada", path) == 200
    answer = await media.get("Grace", path)
    assert code(answer) == (503, "unavailable")
    assert answer.headers["retry-after"]


async def test_while_chat_is_away_only_the_owner_sees_it(galleries: Galleries) -> None:
    async with galleries(chat_url="http://127.0.0.1:1, http://127.0.0.1:2/") as media:
        path = await media.keep()
        assert await media.status("Ada", path) == 200
        assert code(await media.get("Grace", path)) == (503, "unavailable")


async def test_another_instance_of_chat_answers_for_one_that_is_away(media: Gallery, galleries: Galleries) -> None:
    instances = f"http://127.0.0.1:1, {media.chat_url}/"
    async with galleries("other", chat_url=instances) as other:
        path = await other.keep()
        media.chat.readers.add(("Grace", path.rpartition("/")[2]))
        assert await other.status("Grace", path) == 200


@pytest.mark.parametrize("form", ["{}", "{}/thumbnail", "{}/thumbnail?size=1024", "{}?x=1"])
async def test_an_avatar_is_for_everybody_who_is_signed_in(media: Gallery, bus: Bus, form: str) -> None:
    path = await media.keep()
    await show_as_avatar(media, bus, "Ada", form.format(path))
    await eventually(lambda: is_shown(media, path))
    assert await media.status("Linus", f"{path}/thumbnail") == 200
    assert await media.status("", path) == 401
    await show_as_avatar(media, bus, "Ada", "https://example.com/ada.png")
    await eventually(lambda: is_hidden(media, path))


async def is_shown(media: Gallery, path: str) -> bool:
    return await media.status("Grace", path) == 200


async def is_hidden(media: Gallery, path: str) -> bool:
    return await media.status("Grace", path) == 404


async def test_nobody_makes_the_picture_of_somebody_else_public(media: Gallery, bus: Bus) -> None:
    adas, graces = await media.keep("Ada"), await media.keep("Grace")
    await show_as_avatar(media, bus, "Linus", adas)
    await show_as_avatar(media, bus, "Grace", graces)
    await eventually(lambda: can_linus_see(media, graces))  # so what came before is known, too
    assert await media.status("Grace", adas) == 404
    assert await media.status("Linus", adas) == 404


async def can_linus_see(media: Gallery, path: str) -> bool:
    return await media.status("Linus", path) == 200
