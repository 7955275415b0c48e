"""Files: one's own, how long they stay, and what the other services are told of them."""

import pytest
from PIL import Image

from servicekit.bus import Bus
from servicekit.times import rfc3339
from tests.media_service.cleaning.pictures import encoded
from tests.media_service.gallery import PICTURE, Galleries, Gallery, tell
from tests.media_service.tus import Sender
from tests.problems import code
from tests.waiting import eventually


def shades(count: int) -> list[bytes]:
    return [encoded(Image.new("RGB", (8, 8), (shade, 0, 0)), "PNG") for shade in range(count)]


# One's own


async def test_ones_own_files_are_listed_newest_first_page_by_page(media: Gallery) -> None:
    kept = await media.upload("Ada", *shades(5))
    await media.upload("Grace", PICTURE)
    paths = [file["url"] for file in reversed(kept)]
    found, next_page = [], "/api/files?limit=2"
    while next_page:
        answer = await media.get("Ada", next_page)
        found += answer.json()["files"]
        assert len(answer.json()["files"]) <= 2
        next_page = answer.links["next"]["url"] if "next" in answer.links else ""
    assert [file["url"] for file in found] == paths
    assert found == list(reversed(kept))
    body = (await media.get("Ada", "/api/files")).json()
    assert body["used_bytes"] == sum(file["size"] for file in kept)
    assert body["quota_bytes"] == 1024**3
    assert "link" not in (await media.get("Linus", "/api/files")).headers


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "before=x", "before=-1", f"before={2**63}"])
async def test_a_page_that_is_none_is_refused(media: Gallery, query: str) -> None:
    assert code(await media.get("Ada", f"/api/files?{query}")) == (422, "invalid")


async def test_a_page_has_its_limit(galleries: Galleries) -> None:
    async with galleries(files_page_max=2) as media:
        await media.upload("Ada", *shades(3))
        answer = await media.get("Ada", "/api/files?limit=100000")
        assert len(answer.json()["files"]) == 2
        assert "limit=2" in answer.links["next"]["url"]


async def test_a_file_is_removed_once_and_only_by_its_owner(media: Gallery) -> None:
    path = await media.keep()
    assert code(await media.request("Grace", "DELETE", path)) == (404, "unknown_file")
    assert code(await media.request("", "DELETE", path)) == (401, "unauthenticated")
    assert (await media.request("Ada", "DELETE", path)).status_code == 204
    assert code(await media.request("Ada", "DELETE", path)) == (404, "unknown_file")
    assert await media.status("Ada", path) == 404
    assert await media.status("Ada", f"{path}/thumbnail") == 404
    assert media.count_rows() == (0, 0)
    removed = (await media.get("", "/internal/removed-files")).json()["removed"]
    assert [one["id"] for one in removed] == [path.rpartition("/")[2]]


async def test_a_removed_picture_may_come_back_as_another_file(media: Gallery) -> None:
    path = await media.keep()
    await media.request("Ada", "DELETE", path)
    assert await media.keep() != path


# How long


async def test_what_no_message_shows_any_more_is_let_go(media: Gallery, bus: Bus) -> None:
    first, second = await media.upload("Ada", *shades(2))
    media.chat.releases += ["unknown", first["id"], first["id"]]
    tell(bus, "released-files")
    await eventually(lambda: is_gone(media, first["url"]))
    assert await media.list_of("Ada") == [second["url"]]
    removed = (await media.get("", "/internal/removed-files")).json()["removed"]
    assert [one["id"] for one in removed] == [first["id"]]


async def is_gone(media: Gallery, path: str) -> bool:
    return await media.status("Ada", path) == 404


async def test_the_same_picture_under_two_names_goes_at_once_with_both(media: Gallery, bus: Bus) -> None:
    picture = shades(1)[0]
    files = await media.upload("Ada", picture, picture)
    media.chat.releases += [file["id"] for file in files]
    tell(bus, "released-files")
    await eventually(lambda: is_gone(media, files[1]["url"]))
    assert media.count_rows() == (0, 0)
    await media.upload("Ada", picture, picture)
    media.auth.erase("Ada")
    tell(bus, "profiles")
    await eventually(lambda: media.count_rows() == (0, 0))


async def test_what_is_uploaded_again_does_not_go_with_its_earlier_copy(media: Gallery, bus: Bus) -> None:
    earlier, other = await media.upload("Ada", *shades(2))
    media.chat.releases.append(earlier["id"])  # and nobody tells
    (again,) = await media.upload("Ada", *shades(1))
    assert again["id"] != earlier["id"]
    assert await is_gone(media, earlier["url"])
    media.chat.releases.append(other["id"])
    tell(bus, "released-files")
    await eventually(lambda: is_gone(media, other["url"]))
    assert await media.list_of("Ada") == [again["url"]]


async def test_an_avatar_is_seen_by_who_hears_of_it_before_the_service_does(media: Gallery) -> None:
    avatar, other = await media.upload("Ada", *shades(2))
    media.auth.change("Ada", nickname="Ada", pfp=avatar["url"])  # and nobody tells
    assert await media.status("Linus", avatar["url"]) == 200
    assert await media.status("Linus", other["url"]) == 404


async def test_an_avatar_stays_when_no_message_shows_it_even_if_it_became_one_a_moment_ago(
    media: Gallery, bus: Bus
) -> None:
    avatar, other = await media.upload("Ada", *shades(2))
    media.auth.change("Ada", nickname="Ada", pfp=avatar["url"])  # and nobody tells
    media.auth.change("Grace", nickname="Grace", pfp=other["url"])  # which is not hers
    media.chat.releases += [avatar["id"], other["id"]]
    tell(bus, "released-files")
    await eventually(lambda: is_gone(media, other["url"]))
    assert await media.status("Linus", avatar["url"]) == 200


async def test_without_the_auth_service_nothing_is_let_go(media: Gallery, bus: Bus) -> None:
    """It could have become an avatar meanwhile."""
    path = await media.keep()
    await media.auth.stop()
    media.chat.releases.append(path.rpartition("/")[2])
    tell(bus, "released-files")
    await eventually(lambda: bus.is_connected)
    assert await media.status("Ada", path) == 200
    await media.auth.start()
    tell(bus, "released-files")
    await eventually(lambda: is_gone(media, path))


async def test_lists_longer_than_a_page_are_followed_to_their_end(media: Gallery, bus: Bus) -> None:
    path = await media.keep()
    media.chat.releases += [f"unknown {number}" for number in range(1200)] + [path.rpartition("/")[2]]
    tell(bus, "released-files")
    await eventually(lambda: is_gone(media, path))


# For the other services


async def test_chat_is_told_which_files_somebody_owns(media: Gallery) -> None:
    adas = await media.upload("Ada", *shades(3))
    (graces,) = await media.upload("Grace", PICTURE)
    ids = [*(file["id"] for file in adas), graces["id"], "unknown", ""]
    answer = await media.request("", "GET", "/internal/files", params={"owner": "Ada", "id": ids})
    assert sorted(file["id"] for file in answer.json()["files"]) == sorted(file["id"] for file in adas)
    assert (await media.get("", "/internal/files?owner=Ada")).json() == {"files": []}
    assert (await media.get("", "/internal/files")).json() == {"files": []}


async def test_how_much_people_keep_is_told_by_name_and_in_all(media: Gallery) -> None:
    adas = sum(file["size"] for file in await media.upload("Ada", *shades(2)))
    (graces,) = await media.upload("Grace", PICTURE)
    await media.upload("Grace", PICTURE)  # which is kept once
    names = {"username": ["Ada", "Grace", "Linus"]}
    answer = await media.request("", "GET", "/internal/stored-bytes", params=names)
    assert answer.json() == {"stored_bytes": {"Ada": adas, "Grace": graces["size"]}}
    assert (await media.get("", "/internal/stored-bytes")).json() == {"stored_bytes": {}}
    counts = (await media.get("", "/internal/status")).json()["counts"]
    assert counts == {"files": 4, "stored_bytes": adas + graces["size"]}


# Orders


async def test_what_somebody_is_uploading_ends_by_order_and_what_they_begin_later_does_not(
    media: Gallery, bus: Bus
) -> None:
    ada, grace = Sender(media), Sender(media, "Grace")
    (kept,) = await media.upload("Ada", PICTURE)
    early, other = await ada.location(8), await grace.location(8)
    for sender, path in ((ada, early), (grace, other)):
        assert (await sender.append(path, 0, b"1234")).status_code == 204
    until = rfc3339(media.clock())
    media.clock.forward(1)
    late = await ada.location(8)
    media.auth.order("erase_messages", "Ada", until)  # is chat's affair
    media.auth.order("end_uploads", "Ada", until)
    tell(bus, "orders")
    await eventually(lambda: media.store.count("resumable_uploads") == 2)
    assert code(await ada.append(early, 4, b"5678")) == (404, "unknown_upload")
    assert (await ada.offset(late), await grace.offset(other)) == (0, 4)
    assert await media.list_of("Ada") == [kept["url"]]
    tell(bus, "orders")  # nothing new
    assert (await ada.append(late, 0, b"12345678")).status_code == 204
    assert (await ada.outcome(late)).status_code == 200
