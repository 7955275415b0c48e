"""The routes of chat: who asks for what in which way; and what sockets do, done over HTTP."""

import pytest

from chat_service.routes import ROUTES
from tests.chat_service.world import Instance, World
from tests.problems import code
from tests.stores import ON_SQLITE

# Who asks


METHODS = {
    "/api/saved-chats": {"GET"},
    "/api/save-chat": {"POST"},
    "/api/messages/Grace": {"GET", "POST"},
    "/api/messages/1/replies": {"GET"},
    "/api/messages/Grace/pins": {"GET"},
    "/api/messages/Grace/pins/1": {"PUT", "DELETE"},
    "/api/messages/Grace/read": {"PUT"},
    "/api/messages/Grace/1/cards": {"DELETE"},
    "/api/messages/Grace/1/reactions/👍": {"PUT", "DELETE"},
    "/api/messages/Grace/1": {"PATCH", "DELETE"},
    "/api/search-messages": {"GET"},
    "/api/rooms": {"GET", "POST"},
    "/api/rooms/lobby": {"GET", "PATCH", "DELETE"},
    "/api/rooms/lobby/members": {"GET"},
    "/api/rooms/lobby/members/Ada": {"PUT", "DELETE"},
    "/api/rooms/lobby/members/Ada/role": {"PUT"},
    "/api/rooms/lobby/timeouts/Ada": {"PUT", "DELETE"},
    "/api/rooms/lobby/pins": {"GET"},
    "/api/rooms/lobby/pins/1": {"PUT", "DELETE"},
    "/api/rooms/lobby/messages": {"GET", "POST"},
    "/api/rooms/lobby/messages/read": {"PUT"},
    "/api/rooms/lobby/messages/1": {"PATCH", "DELETE"},
    "/api/rooms/lobby/messages/1/cards": {"DELETE"},
    "/api/rooms/lobby/messages/1/reactions/👍": {"PUT", "DELETE"},
    "/api/conversations/%40Grace/draft": {"GET", "PUT"},
    "/api/conversations/%40Grace/notifications": {"GET", "PUT"},
    "/api/conversations/%40Grace/unread": {"PUT"},
    "/api/mentions": {"GET"},
    "/api/quiet-hours": {"GET", "PUT"},
    "/api/blocks": {"GET"},
    "/api/blocks/Ada": {"PUT", "DELETE"},
    "/api/reports": {"POST"},
    "/api/admin/reports": {"GET", "PATCH"},
}


@pytest.mark.parametrize(
    "method, path", [(method, path) for path, methods in METHODS.items() for method in sorted(methods)]
)
async def test_without_a_token_nothing_is_told(asked: Instance, method: str, path: str) -> None:
    answer = await asked.request("", method, path)
    assert code(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_unknown_paths_are_problems(chat: Instance) -> None:
    assert code(await chat.request("Ada", "GET", "/api/nothing")) == (404, "not_found")
    ids = ("x", "-1", "1.5", "1" + "0" * 18, "9" * 5_000)
    for path in (f"{place}/{one}" for place in ("/api/messages/Grace", "/api/rooms/lobby/messages") for one in ids):
        assert code(await chat.request("Ada", "DELETE", path)) == (404, "not_found")


def test_every_route_is_here() -> None:
    paths = {path.replace("%40Grace", "{conversation:label}") for path in METHODS}
    paths = {path.replace("Grace", "{other_username}").replace("lobby", "{room}") for path in paths}
    paths = {path.replace("Ada", "{username}").replace("/1", "/{message_id:id}") for path in paths}
    paths = {path.replace("👍", "{emoji}") for path in paths}
    public = {route.path for route in ROUTES if not route.path.startswith("/internal/")}
    assert public - {"/healthz", "/readyz"} == paths


@pytest.mark.parametrize("path, methods", METHODS.items())
async def test_a_wrong_method_is_told_every_right_one(asked: Instance, path: str, methods: set[str]) -> None:
    right = methods | ({"HEAD"} if "GET" in methods else set())
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - right:
        answer = await asked.request("Ada", method, path)
        assert answer.status_code == 405
        assert method == "HEAD" or code(answer) == (405, "method_not_allowed")
        assert set(answer.headers["allow"].split(", ")) == right


@ON_SQLITE
@pytest.mark.parametrize("path", [path for path, methods in METHODS.items() if "GET" in methods])
async def test_head_is_answered_as_get_without_a_body(chat: Instance, path: str) -> None:
    await chat.add_member("Ada", "lobby", "Ada")
    chat.auth.set_role("Ada", "moderator")
    await chat.request("Ada", "POST", "/api/rooms/lobby/messages", json={"message": "the first"})
    answers = [await chat.request("Ada", method, path, params={"query": "x"}) for method in ("GET", "HEAD")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].content == b""
    assert answers[0].headers["content-length"] == answers[1].headers["content-length"]


# Health


async def test_ready_is_who_has_a_store_and_redis_is_told(world: World, chat: Instance) -> None:
    answer = await chat.request("", "GET", "/readyz")
    steady = {"store": "ok", "disk": "ok", "profiles": "ok", "removals": "ok", "orders": "ok"}
    assert (answer.status_code, answer.json()["checks"]) == (200, {**steady, "redis": "ok"})
    lonely = await world.instance(redis_url=f"unix://{world.folder}/nothing.sock")
    answer = await lonely.request("", "GET", "/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (200, {**steady, "redis": "away"})
    assert (await lonely.request("", "GET", "/healthz")).status_code == 200


# What is done by sockets, done over HTTP


@pytest.mark.parametrize("path, label", [("/api/messages/Grace", "@Ada"), ("/api/rooms/lobby/messages", "#lobby")])
async def test_a_message_over_http_is_one_as_any_other(chat: Instance, path: str, label: str) -> None:
    for name in ("Ada", "Grace"):
        await chat.add_member(name, "lobby", name)
    grace = await chat.live_device("Grace")
    sent = await chat.request("Ada", "POST", path, json={"message": "Hello", "nonce": "n1"})
    assert sent.status_code == 201
    heard = await grace.hear("message")
    assert (heard["conversation"], heard["message"], heard["id"]) == (label, "Hello", sent.json()["id"])
    again = await chat.request("Ada", "POST", path, json={"message": "Hello", "nonce": "n1"})
    assert again.json() == sent.json()
    answer = {"message": "And?", "reply_to": heard["id"]}
    assert (await chat.request("Ada", "POST", path, json=answer)).json()["reply_to"] == heard["id"]
    assert (await grace.hear("message"))["message"] == "And?"


@pytest.mark.parametrize(
    "path, body, refusal",
    [
        ("/api/messages/Grace", {"message": " "}, (422, "message_empty")),
        ("/api/messages/Grace", {}, (422, "message_empty")),
        ("/api/messages/Grace", {"message": "x" * 4001}, (422, "message_too_long")),
        ("/api/messages/Grace", {"message": 7}, (422, "invalid")),
        ("/api/messages/Grace", {"message": "x", "nonce": ""}, (422, "invalid")),
        ("/api/messages/Grace", {"message": "x", "reply_to": 99}, (404, "unknown_message")),
        ("/api/messages/Nobody", {"message": "x"}, (404, "unknown_recipient")),
        ("/api/messages/Ada", {"message": "x"}, (422, "recipient_is_self")),
        ("/api/rooms/nowhere/messages", {"message": "x"}, (404, "unknown_room")),
        ("/api/rooms/lobby/messages", {"message": "x"}, (403, "not_a_member")),
    ],
)
async def test_what_may_not_be_said_is_refused(
    chat: Instance, path: str, body: object, refusal: tuple[int, str]
) -> None:
    assert code(await chat.request("Ada", "POST", path, json=body)) == refusal
    assert await chat.history("Ada", "Grace") == []


async def test_a_page_around_a_message_leads_on_in_both_directions(chat: Instance) -> None:
    for number in range(5):
        await chat.request("Ada", "POST", "/api/messages/Grace", json={"message": str(number)})
    async with chat.client("Ada") as client:
        answer = await client.get("/api/messages/Grace?around=3&limit=3")
        assert [one["message"] for one in answer.json()] == ["1", "2", "3"]
        assert answer.links["prev"]["url"] == "/api/messages/Grace?before=2&limit=3"
        assert answer.links["next"]["url"] == "/api/messages/Grace?after=4&limit=3"
        unread = await client.get("/api/messages/Grace?unread=true")
        assert unread.json() == []  # these are one's own
        for query in ("around=3&before=4", "around=3&after=1", "around=-1", "around=x", "unread=true&before=4"):
            assert code(await client.get(f"/api/messages/Grace?{query}")) == (422, "invalid")


async def test_what_answers_a_message_is_read_by_who_may_read_the_message(chat: Instance) -> None:
    path = "/api/messages/Grace"
    asked = (await chat.request("Ada", "POST", path, json={"message": "Tea?"})).json()["id"]
    for text in ("Yes", "No", "Later"):
        await chat.request("Ada", "POST", path, json={"message": text, "reply_to": asked})
    await chat.request("Ada", "POST", path, json={"message": "Tea!"})
    assert await chat.does("Ada", "DELETE", f"{path}/{asked + 2}") == 200
    for name in ("Ada", "Grace"):
        answer = await chat.get(name, f"/api/messages/{asked}/replies")
        assert [(one["message"], one["reply_to"]) for one in answer] == [("Yes", asked), ("Later", asked)]
    async with chat.client("Grace") as client:
        first = await client.get(f"/api/messages/{asked}/replies?limit=1")
        (second,) = (await client.get(first.links["next"]["url"])).json()
        assert "link" not in (await client.get(f"/api/messages/{asked}/replies")).headers
    assert second["message"] == "Later"
    assert await chat.get("Ada", f"/api/messages/{asked + 1}/replies") == []
    assert await chat.does("Linus", "GET", f"/api/messages/{asked}/replies") == (404, "unknown_message")
    assert await chat.does("Ada", "GET", "/api/messages/999/replies") == (404, "unknown_message")


@pytest.mark.parametrize("path", ["/api/messages/Ada", "/api/rooms/lobby/messages"])
async def test_reactions_and_read_marks_over_http(chat: Instance, path: str) -> None:
    for name in ("Ada", "Grace"):
        await chat.add_member(name, "lobby", name)
    ada = await chat.live_device("Ada")
    theirs = path.replace("Ada", "Grace")
    said = (await chat.request("Ada", "POST", theirs, json={"message": "Hello"})).json()
    await ada.hear("sent")
    reaction = f"{path}/{said['id']}/reactions/🎉"
    assert await chat.does("Grace", "PUT", reaction) == 204
    assert (await ada.hear("reaction"))["removed"] is False
    assert await chat.does("Grace", "PUT", reaction) == 204
    assert await chat.does("Grace", "DELETE", reaction) == 204
    assert (await ada.hear("reaction"))["removed"] is True
    assert await chat.does("Grace", "PUT", f"{path}/{said['id']}/reactions/x") == (422, "invalid_emoji")
    assert await chat.does("Grace", "PUT", f"{path}/99/reactions/🎉") == (404, "unknown_message")
    assert await chat.does("Grace", "PUT", f"{path}/read", json={"seq": said["seq"]}) == 204
    assert (await ada.hear("read"))["read_seq"] == said["seq"]
    assert await chat.does("Grace", "PUT", f"{path}/read", json={"seq": -1}) == (422, "invalid")
