"""A text that is more than plain words comes with its HTML: live and resumed, over sockets and HTTP."""

import asyncio
from typing import Any

from msgspec import structs

from chat_service.domain.changes import Kind
from chat_service.domain.conversations import Label
from chat_service.domain.history import Page
from chat_service.domain.markdown import render
from chat_service.store.conversations import Conversations
from chat_service.store.engines import log_of
from chat_service.store.history import History
from servicekit.database import Connection, Database
from tests.chat_service.drafts import NOW, change, to_person
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


async def test_what_is_read_has_the_html_of_its_text_and_of_the_renderer_of_now(database: Database) -> None:
    log, conversations = log_of(database), Conversations(database)
    texts = ["*kept*", "*older*", "*edited*", "*edited by an older instance*", "*deleted by one*"]
    drafts = [structs.replace(to_person("Ada", "Grace", text), html=f"<p>{text}</p>") for text in texts]
    await database.write_many(log.append_group, drafts)
    ids = [stored.id for stored, *_ in await history(database)]
    edit = structs.replace(change(Kind.EDITED, "Ada", ids[2], value="**edited**"), html="<p>**edited**</p>")
    await database.write_many(log.append_group, [edit])

    def older(connection: Connection) -> None:
        connection.execute("UPDATE messages SET html_version = 0 WHERE id = ?", (ids[1],))
        for message_id, text, when in ((ids[3], "`now`", "edited_at"), (ids[4], "", "deleted_at")):
            query = f"UPDATE messages SET message = ?, {when} = ? WHERE id = ?"
            connection.execute(query, (text, NOW, message_id))

    await database.write(older)
    # What is stored is told as it is, and only what is out of date is rendered.
    expected = ["<p>*kept*</p>", "<p><em>older</em></p>", "<p>**edited**</p>", "<p><code>now</code></p>", None]
    assert [stored.html for stored, *_ in await history(database)] == expected
    entries = await conversations.list_after("Grace", Label("@Ada"), 0, epoch=None, until=9, limit=9)
    assert [entry.html for entry in entries] == [*expected, "<p>**edited**</p>"]


async def test_a_deleted_message_leaves_no_html(database: Database) -> None:
    log = log_of(database)
    said = structs.replace(to_person("Ada", "Grace", "*x*"), html="<p><em>x</em></p>")
    await database.write_many(log.append_group, [said])
    await database.write_many(log.append_group, [change(Kind.DELETED, "Ada", 1)])
    query = "SELECT html FROM messages"
    assert await database.read(lambda connection: connection.execute(query).fetchone()[0]) is None


def history(database: Database) -> Any:
    return History(database).read("Grace", Label("@Ada"), Page())
