"""Link cards: what a message links to, shown when it is known, and gone with the link."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from chat_service.actions.link_cards import AT_ONCE_PER_PERSON, LINKS_PER_MINUTE
from chat_service.domain.link_cards import LINKS_MAX, Card, StoredCards, encode, links_in, shown_cards
from tests.chat_service.link_cards import NONE, A, B, C, Place, card, place_in
from tests.chat_service.world import Event, World
from tests.waiting import eventually


@pytest.fixture
async def place(file_world: World) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        yield await place_in(file_world, stack)


async def test_cards_follow_a_message_live_resumed_and_in_the_history(world: World) -> None:
    async with AsyncExitStack() as stack:
        place = await place_in(world, stack)
        ada, grace = await place.chat.live_device("Ada"), await place.chat.live_device("Grace")
        message_id = await place.says(ada, f"Look: {A} and [b]({B}), not {NONE}")
        assert "cards" not in await grace.hear("message")
        told = await grace.hear("cards")
        assert (told["id"], told["seq"], told["conversation"]) == (message_id, 2, "@Ada")
        assert (told["username"], told["cards"]) == ("Ada", [card(A), card(B)])
        assert await ada.hear("cards") == {**told, "conversation": "@Grace"}
        assert await place.shown() == [[card(A), card(B)]]
        back = await place.chat.device("Grace")
        await back.send(type="resume", positions={})
        await back.hear("message")
        assert await back.hear("cards") == told
        assert place.media.asked == [A, B, NONE]
        await ada.send(type="delete", id=message_id)
        await ada.hear("deleted")
        assert (await place.shown(), await place.row(message_id)) == ([[]], (None,))
        back = await place.chat.device("Grace")
        await back.send(type="resume", positions={})
        await back.hear("message")
        assert (await back.hear("cards"))["cards"] == []  # what it linked to is gone here, too


async def test_nobody_waits_for_cards(place: Place) -> None:
    place.media.goes_on.clear()
    ada, grace = await place.chat.live_device("Ada"), await place.chat.live_device("Grace")
    await place.says(ada, A)
    await place.says(ada, "and more")
    assert await grace.hear_texts(2) == [A, "and more"]
    await eventually(lambda: place.media.asked == [A])
    place.media.goes_on.set()
    assert (await grace.hear("cards"))["cards"] == [card(A)]


async def test_they_are_asked_for_again_where_media_is_away_for_a_while(file_world: World) -> None:
    async with AsyncExitStack() as stack:
        place = await place_in(file_world, stack, card_pauses_s=(0.01, 0.01))
        ada = await place.ada()
        place.media.failures = 2
        await place.says(ada, A)
        assert (await ada.hear("cards"))["cards"] == [card(A)]
        place.media.failures = 3  # for longer than anybody asks
        await place.says(ada, B)
        await eventually(lambda: place.media.asked == [A] * 3 + [B] * 3)
        await place.says(ada, C)
        assert (await ada.hear("cards"))["cards"] == [card(C)]
        assert await place.shown() == [[card(A)], [], [card(C)]]


async def test_without_links_outside_code_and_spoilers_nobody_is_asked(place: Place) -> None:
    ada = await place.ada()
    for text in ("plain", f"`{A}`", f"```\n{A}\n```", f"||{A}||", f"||*see [it]({A})*||", "mailto:ada@example.org"):
        await place.says(ada, text)
    await place.says(ada, B)
    assert (await ada.hear("cards"))["cards"] == [card(B)]
    assert place.media.asked == [B]


async def test_an_edit_looks_again_where_the_links_have_changed(place: Place) -> None:
    ada = await place.ada()
    message_id = await place.says(ada, A)
    assert (await ada.hear("cards"))["cards"] == [card(A)]
    await place.edits(ada, message_id, f"*Here:* {A}")
    await place.edits(ada, message_id, f"{A} {B}")
    assert (await ada.hear("cards"))["cards"] == [card(A), card(B)]
    await place.edits(ada, message_id, NONE)
    assert (await ada.hear("cards"))["cards"] == []
    await place.edits(ada, message_id, "no link")
    await place.edits(ada, message_id, C)
    assert (await ada.hear("cards"))["cards"] == [card(C)]
    assert await place.shown() == [[card(C)]]


async def test_what_was_edited_away_is_not_shown_although_the_new_links_are_still_looked_at(place: Place) -> None:
    ada = await place.ada()
    message_id = await place.says(ada, f"{A} {B}")
    await ada.hear("cards")
    place.media.goes_on.clear()
    await place.edits(ada, message_id, f"{B} {C}")
    assert await place.shown() == [[card(B)]]
    back = await place.chat.device("Grace")
    await back.send(type="resume", positions={"@Ada": 1})
    assert (await back.hear("cards"))["cards"] == [card(B)]
    await place.edits(ada, message_id, "nothing")
    assert (await ada.hear("cards"))["cards"] == []
    place.media.goes_on.set()
    await place.says(ada, C)
    assert (await ada.hear("cards"))["id"] != message_id  # what was found for the text between is too late
    assert await place.shown() == [[], [card(C)]]


async def test_its_author_takes_cards_away_until_the_links_change(place: Place) -> None:
    ada, grace = await place.chat.live_device("Ada"), await place.chat.live_device("Grace")
    message_id = await place.says(ada, A)
    await ada.hear("cards")
    of_grace, of_ada = f"/api/messages/Grace/{message_id}/cards", f"/api/messages/Ada/{message_id}/cards"
    assert await place.chat.does("Grace", "DELETE", of_ada) == (403, "not_the_author")
    assert await place.chat.does("Linus", "DELETE", of_grace) == (404, "unknown_message")
    for _ in range(2):
        assert await place.chat.does("Ada", "DELETE", of_grace) == 204
    await grace.hear("message")
    assert (await grace.hear("cards"))["cards"] == [card(A)]
    assert (await grace.hear("cards"))["cards"] == []
    await ada.hear("cards")
    await place.edits(ada, message_id, f"{A}!")
    await place.edits(ada, message_id, B)
    assert (await ada.hear("cards"))["cards"] == [card(B)]


async def test_in_a_room_a_moderator_removes_messages_and_no_cards(place: Place) -> None:
    await place.chat.make_room("Grace", "garden", "Ada")
    answer = await place.chat.request("Ada", "POST", "/api/rooms/garden/messages", json={"message": A})
    path = f"/api/rooms/garden/messages/{answer.json()['id']}/cards"
    assert answer.json()["cards"] == []

    async def cards() -> list[Event]:
        history = await place.chat.get("Grace", "/api/rooms/garden/messages")
        return list(history[-1]["cards"])

    await eventually(cards)
    assert await place.chat.does("Grace", "DELETE", path) == (403, "not_the_author")
    assert await place.chat.does("Ada", "DELETE", path) == 204
    assert await cards() == []


async def test_a_message_that_is_deleted_meanwhile_gets_none(place: Place) -> None:
    place.media.goes_on.clear()
    ada = await place.ada()
    message_id = await place.says(ada, A)
    await eventually(lambda: place.media.asked)
    await ada.send(type="delete", id=message_id)
    await ada.hear("deleted")
    place.media.goes_on.set()
    await place.says(ada, B)
    assert (await ada.hear("cards"))["cards"] == [card(B)]
    assert await place.row(message_id) == (None,)


async def test_where_media_is_away_messages_stay_without_cards(file_world: World) -> None:
    chat = await file_world.instance(media_url="http://127.0.0.1:9", messages_per_second=0)
    ada, _ = await chat.live_device("Ada"), await chat.live_device("Grace")
    for text in (A, f"{B} or so"):
        await ada.say("Grace", text)
        await ada.hear("sent")
    assert [one["cards"] for one in await chat.get("Ada", "/api/messages/Grace")] == [[], []]


async def test_cards_can_be_switched_off(file_world: World) -> None:
    async with AsyncExitStack() as stack:
        place = await place_in(file_world, stack)
        ada = await place.ada()
        message_id = await place.says(ada, A)
        await ada.hear("cards")
        await place.chat.stop()
        place.chat = await file_world.instance(media_url=place.chat.url, link_cards="off")
        ada = await place.ada()
        await place.says(ada, B)
        assert await place.shown() == [[card(A)], []]
        await place.edits(ada, message_id, B)
        assert (await ada.hear("cards"))["cards"] == []
        assert place.media.asked == [A]


async def test_one_person_sends_us_to_so_many_pages_a_minute(place: Place) -> None:
    ada, linus = await place.ada(), await place.chat.live_device("Linus")
    for number in range(0, LINKS_PER_MINUTE + 3, 3):
        await place.says(ada, " ".join(f"{A}{number + one}" for one in range(3)))
        if number < LINKS_PER_MINUTE:
            assert len((await ada.hear("cards"))["cards"]) == LINKS_MAX
    assert len(place.media.asked) == LINKS_PER_MINUTE
    await linus.say("Ada", A)
    await linus.hear("sent")
    assert (await linus.hear("cards"))["cards"] == [card(A)]
    place.world.clock.now += 60
    await ada.hear("message")
    await ada.hear("cards")
    await place.says(ada, B)
    assert (await ada.hear("cards"))["cards"] == [card(B)]


async def test_of_one_person_so_many_messages_are_looked_at_at_once(place: Place) -> None:
    place.media.goes_on.clear()
    ada, linus = await place.ada(), await place.chat.live_device("Linus")
    for number in range(AT_ONCE_PER_PERSON + 2):
        await place.says(ada, f"{A}{number}")
    await linus.say("Ada", B)
    await eventually(lambda: len(place.media.asked) == AT_ONCE_PER_PERSON + 1)
    assert B in place.media.asked
    place.media.goes_on.set()
    await eventually(lambda: len(place.media.asked) == AT_ONCE_PER_PERSON + 3)


# Pure


LINK = '<a href="{}" rel="noopener noreferrer nofollow">x</a>'


@pytest.mark.parametrize(
    "html, links",
    [
        (None, ()),
        ("<p>https://example.org/</p>", ()),
        (LINK.format(A), (A,)),
        (LINK.format(f"{A}?b=c&amp;d=&quot;"), (f'{A}?b=c&d="',)),
        (LINK.format(A) * 2 + LINK.format(B), (A, B)),
        ("".join(LINK.format(f"{A}{number}") for number in range(9)), (f"{A}0", f"{A}1", f"{A}2")),
        (LINK.format("mailto:ada@example.org") + LINK.format("/rooms/lobby") + LINK.format("HTTP://b.example"), ("HTTP://b.example",)),
        (f'<span class="spoiler">{LINK.format(A)}</span>{LINK.format(B)}', (B,)),
        (f'<span class="spoiler"><span class="mention">@x</span>{LINK.format(A)}</span>{LINK.format(B)}', (B,)),
        (f'<span class="mention">@x</span>{LINK.format(A)}', (A,)),
        (f'<pre><code><span class="k">if</span></code></pre>{LINK.format(A)}', (A,)),
        (LINK.format("https://example.org/".ljust(2001, "x")), ()),
        ("</span></span>" + LINK.format(A), (A,)),
    ],
)  # fmt: skip
def test_the_first_links_are_those_that_are_seen(html: str | None, links: tuple[str, ...]) -> None:
    assert links_in(html) == links


def test_only_cards_of_links_that_are_there_are_shown() -> None:
    cards = tuple(Card(url=url, title="x", description="", site="") for url in (A, B))
    stored = encode(StoredCards((A, B), cards))
    assert shown_cards(stored, LINK.format(A) + LINK.format(B)) == cards
    assert shown_cards(stored, LINK.format(B)) == cards[1:]
    assert shown_cards(stored, None) == shown_cards(None, LINK.format(A)) == ()
