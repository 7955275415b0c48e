"""Lines that break: what was written is kept, sent later, and there once."""

import asyncio
import re

from playwright.async_api import WebSocketRoute, expect

from tests.browser.visitors import PHONE, Couple, Visitor, Visitors
from tests.system.parleys import Parley

# What Chromium itself tells the console when there is nobody at the other end.
BROKEN_LINE = re.compile(r"WebSocket connection to|Failed to load resource|ERR_INTERNET_DISCONNECTED")


async def lose_chat(site: Parley, *visitors: Visitor) -> None:
    """Kill the chat service, and return when all have noticed."""
    await site.system.kill("chat")
    for visitor in visitors:
        visitor.tolerates = BROKEN_LINE
        await expect(visitor.page.locator("#connection")).to_be_visible()


async def bring_chat(site: Parley, *visitors: Visitor) -> None:
    await site.system.start("chat")
    await site.system.ready()
    for visitor in visitors:
        await visitor.page.evaluate("dispatchEvent(new Event('online'))")  # spares the wait before the next attempt
        await visitor.live()


async def test_what_is_written_without_a_line_is_sent_once_when_it_is_back(site: Parley, couple: Couple) -> None:
    ada, grace = couple
    await ada.write("sent before")
    await ada.has_sent("sent before")
    await lose_chat(site, ada, grace)
    unsent = [f"written offline {number}" for number in range(3)]
    for text in unsent:
        await ada.write(text)
        await ada.sees_state(text, "sending")
    await ada.area.press("ArrowUp")
    await expect(ada.area).to_have_value("")  # the last one cannot be edited yet, and no other is meant
    await bring_chat(site, ada, grace)
    for text in unsent:
        await grace.sees(text)
        await ada.sees_state(text, "read")
    await ada.area.press("ArrowUp")
    await expect(ada.area).to_have_value(unsent[-1])
    await ada.area.press("Escape")
    for visitor in (ada, grace):
        assert (await visitor.texts())[-3:] == unsent
        await visitor.page.reload()
        assert (await visitor.texts())[-3:] == unsent


async def test_an_unsent_message_outlives_a_reload(site: Parley, couple: Couple) -> None:
    ada, grace = couple
    await lose_chat(site, ada, grace)
    await ada.write("before the reload")
    await ada.sees_state("before the reload", "sending")
    await site.system.start("chat")
    await site.system.ready()
    await ada.page.reload()
    await ada.live()
    await bring_chat_to(grace)
    await grace.sees("before the reload")
    await ada.sees_state("before the reload", "read")
    assert await ada.page.evaluate("Object.keys(localStorage).filter(key => key.includes('unsent'))") == []


async def bring_chat_to(visitor: Visitor) -> None:
    await visitor.page.evaluate("dispatchEvent(new Event('online'))")
    await visitor.live()


async def test_what_others_said_and_changed_meanwhile_is_made_up_for(site: Parley, couple: Couple) -> None:
    ada, grace = couple
    await grace.write("will be changed")
    await ada.sees("will be changed")
    await ada.context.set_offline(True)
    ada.tolerates = BROKEN_LINE
    await site.system.kill("chat")
    await expect(ada.page.locator("#connection")).to_be_visible()
    grace.tolerates = BROKEN_LINE
    await bring_chat(site, grace)
    await grace.write("said meanwhile")
    await grace.sees_state("said meanwhile", "sent")
    await grace.area.press("ArrowUp")
    await grace.area.press("Escape")
    await grace.use("will be changed", "edit")
    await grace.write("was changed")
    await grace.sees("was changed")
    await ada.context.set_offline(False)
    await bring_chat_to(ada)
    await ada.sees("said meanwhile")
    await ada.sees("was changed")
    await expect(ada.article("will be changed")).to_have_count(0)
    assert (await ada.texts())[-2:] == ["was changed", "said meanwhile"]


async def test_what_was_read_as_the_line_broke_is_told_again(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    lost: list[str] = []

    def through(line: WebSocketRoute) -> None:
        server = line.connect_to_server()

        async def forward(message: str | bytes) -> None:
            if not lost and '"read"' in str(message):
                lost.append(str(message))
                await line.close(code=1012)  # Service Restart
            else:
                server.send(message)

        line.on_message(forward)

    await ada.page.route_web_socket("**/ws", through)
    await asyncio.gather(ada.chat_with(grace), grace.chat_with(ada))
    await grace.write("read at a bad moment")
    await grace.sees_state("read at a bad moment", "read")
    assert len(lost) == 1


async def test_more_than_the_socket_tells_is_read_from_the_history(site: Parley, visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    await ada.write("long ago")
    await ada.sees_state("long ago", "sent")
    ada.tolerates = BROKEN_LINE
    await ada.context.set_offline(True)
    await site.system.kill("chat")
    await expect(ada.page.locator("#connection")).to_be_visible()
    await site.system.start("chat")
    await site.system.ready()
    count = 520  # of which the socket tells the newest 500
    async with (await site.sign_in(grace.name)).device() as device:
        for number in range(count):
            await device.send(to=ada.name, message=f"missed {number}")
        for _ in range(count):
            await device.next("sent")
    await ada.context.set_offline(False)
    await bring_chat_to(ada)
    await ada.sees(f"missed {count - 1}")
    await expect(ada.article("long ago")).to_have_count(0)
    texts = await ada.texts()
    assert texts == [f"missed {number}" for number in range(count - len(texts), count)]


async def test_a_refused_message_can_be_thrown_away(ada: Visitor) -> None:
    text = "x" * 4_001
    composer = ada.page.locator("#composer")
    await composer.evaluate("form => { form.dataset.messageLengthMax = '16000'; }")  # as it was when the page was made
    await ada.write(text)
    await ada.sees_state(text, "failed")
    await ada.page.reload()
    await ada.sees_state(text, "failed")
    await ada.page.locator('[data-action="discard"]').click()
    await expect(ada.article(text)).to_have_count(0)
    await ada.page.reload()
    await ada.live()
    await expect(ada.article(text)).to_have_count(0)


async def test_what_is_over_the_limit_stays_in_the_composer_with_the_reason(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("x" * 4_001)
    await expect(ada.page.locator("#composer-error")).to_have_text(
        "That is too long for one message: 1 over the limit."
    )
    await expect(ada.area).to_have_value("x" * 4_001)
    await ada.write("y" * 4_000)
    await grace.sees("y" * 4_000)
    await expect(ada.article("x" * 4_001)).to_have_count(0)


async def test_a_phone_is_told_of_a_lost_line_too(site: Parley, couple: Couple, visitors: Visitors) -> None:
    phone = await visitors.window(couple[0], viewport=PHONE, has_touch=True, is_mobile=True)
    await phone.chat_with(couple[1])
    await lose_chat(site, phone, *couple)
    line = phone.page.locator("#connection")
    await expect(line).to_be_in_viewport()
    await expect(line).to_contain_text("What you write is kept")
    assert await line.evaluate("one => one.nextElementSibling.id") == "composer"
    await bring_chat(site, phone, *couple)
    await expect(line).to_be_hidden()


async def test_a_session_that_is_ended_elsewhere_leads_to_the_sign_in(visitors: Visitors) -> None:
    ada = await visitors.person("ada")
    lost = await visitors.device(ada)
    await lost.open("/")
    await lost.live()
    lost.tolerates = BROKEN_LINE
    await ada.open("/settings")
    ended = ada.page.locator(
        "form", has=ada.page.get_by_role("button", name=re.compile("sign out there", re.IGNORECASE))
    )
    await ended.first.get_by_role("button").click()
    await expect(lost.page).to_have_url(re.compile("/sign-in"))
    await ada.open("/")
    await ada.live()
