"""A room that is closed and made again under its name, seen by pages that were open before."""

from playwright.async_api import expect

from tests.browser.test_lines import BROKEN_LINE, bring_chat_to
from tests.browser.visitors import Visitor, Visitors
from tests.system.parleys import Parley


async def make_room(owner: Visitor, room: str, *members: Visitor, texts: tuple[str, ...]) -> None:
    assert owner.person is not None
    ask = owner.person.ask
    assert (await ask("POST", "/api/rooms", json={"name": room})).status_code == 201
    for member in members:
        assert (await ask("PUT", f"/api/rooms/{room}/members/{member.name}")).status_code == 200
    for text in texts:
        assert (await ask("POST", f"/api/rooms/{room}/messages", json={"message": text})).status_code == 201


async def make_again(owner: Visitor, room: str, *members: Visitor, texts: tuple[str, ...]) -> None:
    assert owner.person is not None
    assert (await owner.person.ask("DELETE", f"/api/rooms/{room}")).status_code == 204
    await make_room(owner, room, *members, texts=texts)


async def test_a_page_that_was_away_begins_anew_and_keeps_what_was_written(site: Parley, visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    room = f"again-{ada.name}"
    old = tuple(f"old {number}" for number in range(6))
    await make_room(ada, room, grace, texts=old)
    await grace.open(f"/rooms/{room}")
    await grace.live()
    await grace.use("old 2", "reply")
    await grace.context.set_offline(True)
    grace.tolerates = BROKEN_LINE
    await site.system.kill("chat")
    await expect(grace.page.locator("#connection")).to_be_visible()
    await grace.write("answered offline")
    await grace.write("written offline")
    await grace.area.fill("half a thought")
    await site.system.start("chat")
    await site.system.ready()
    await make_again(ada, room, grace, texts=("new",))
    await grace.context.set_offline(False)
    await bring_chat_to(grace)
    await grace.sees("new")
    await grace.sees_state("written offline", "sent")
    await grace.sees_state("answered offline", "failed")  # to what is no more
    assert sorted(await grace.texts()) == ["answered offline", "new", "written offline"]
    assert await grace.area.input_value() == "half a thought"
    await grace.area.press("Enter")
    await grace.sees_state("half a thought", "sent")
    await grace.page.reload()
    assert [text for text in await grace.texts() if text != "answered offline"] == [
        "new",
        "written offline",
        "half a thought",
    ]


async def test_an_open_page_begins_anew_in_place(visitors: Visitors) -> None:
    ada, grace, linus = await visitors.people("ada", "grace", "linus")
    room = f"open-{ada.name}"
    await make_room(ada, room, grace, linus, texts=tuple(f"old {number}" for number in range(6)))
    for visitor in (grace, linus):
        await visitor.open(f"/rooms/{room}")
        await visitor.live()
        await visitor.sees("old 5")
    await grace.use("old 2", "reply")
    await grace.area.fill("half a thought")
    await make_again(ada, room, grace, texts=("new",))
    await grace.sees("new")
    await expect(grace.article("old 5")).to_have_count(0)
    assert await grace.texts() == ["new"]
    await expect(grace.page.locator("#reply-to")).to_be_hidden()
    await expect(grace.page.locator("#details .members li")).to_have_count(2)
    await expect(grace.page.locator(f'#conversations [data-conversation="#{room}"]')).to_have_count(1)
    assert await grace.area.input_value() == "half a thought"
    await grace.area.press("Enter")
    await grace.sees_state("half a thought", "sent")
    assert await grace.texts() == ["new", "half a thought"]
    await expect(linus.area).to_be_disabled()  # he is not in the other room
    assert "new" not in await linus.texts()
