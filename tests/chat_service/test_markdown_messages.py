"""A text that is more than plain words comes with its HTML: live and resumed, over sockets and HTTP."""

import asyncio

from chat_service.domain.markdown import render
from tests.chat_service.world import Instance

SAID, SHOWN = "**Hello** @Grace", '<p><strong>Hello</strong> <span class="mention">@Grace</span></p>'
LONG = "*Hello* " + "and so on, " * 40


async def test_a_message_and_its_edit_come_with_their_html_live_resumed_and_in_the_history(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    await ada.say("Grace", SAID)
    sent, told = await ada.hear("sent"), await grace.hear("message")
    assert (sent["message"], sent["html"]) == (SAID, SHOWN)
    assert (told["message"], told["html"]) == (SAID, SHOWN)
    await ada.say("Grace", "just *this")
    assert (await grace.hear("message"))["html"] is None

    await ada.hear("sent")
    await ada.send(type="edit", id=sent["id"], message="~~Hello~~")
    assert (await grace.hear("edited"))["html"] == "<p><s>Hello</s></p>"
    path = f"/api/messages/Grace/{told['id'] + 1}"
    answer = await chat.request("Ada", "PATCH", path, json={"message": "`this`"})
    assert answer.status_code == 200
    assert (await grace.hear("edited"))["html"] == "<p><code>this</code></p>"

    history = (await chat.request("Grace", "GET", "/api/messages/Ada")).json()
    assert [item["html"] for item in history] == ["<p><s>Hello</s></p>", "<p><code>this</code></p>"]
    back = await chat.device("Grace")
    await back.send(type="resume", positions={})
    resumed = [await back.hear(kind) for kind in ("message", "message", "edited", "edited")]
    assert [event["html"] for event in resumed] == ["<p><s>Hello</s></p>", "<p><code>this</code></p>"] * 2


async def test_a_message_over_http_has_its_html_in_the_answer(chat: Instance) -> None:
    for text in (SAID, LONG, "plain"):
        answer = await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": text})
        assert (answer.json()["message"], answer.json()["html"]) == (text, render(text))
    assert render(LONG) is not None


async def test_a_long_text_does_not_lose_its_place_to_what_follows(chat: Instance) -> None:
    ada, grace = await chat.live_device("Ada"), await chat.live_device("Grace")
    texts = [f"{number} {LONG if number % 2 else ''}" for number in range(10)]
    await asyncio.gather(*(ada.say("Grace", text) for text in texts))
    assert await grace.hear_texts(10) == texts
