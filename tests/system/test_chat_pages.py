"""People find each other and talk, also in rooms, with a browser that runs no scripts."""

from tests.media_service.cleaning.pictures import encoded, painted
from tests.system.parleys import Parley
from tests.system.plain_browsers import PICTURE, Shown, Two, articles, numbers

CHAT = "#conversations li[data-conversation^='@']"  # and not the lobby, in which everybody is


# Finding each other and talking


async def test_two_people_find_each_other_and_talk(two: Two) -> None:
    await two.ada.go(f"/search?query={two.grace_name[1:]}")
    (found,) = two.ada.page.all(".people a")
    await two.ada.go(str(found["href"]))
    assert two.ada.page.text("h1") == two.grace_name
    assert "beginning" in two.ada.page.text(".empty-log")
    page = await two.ada.send("#composer", {"message": "Hello there!\nSecond line"})
    assert (page.status, page.url.path) == (200, f"/chat/{two.grace_name}")
    assert page.one("article .text").get_text() == "Hello there!\nSecond line"
    assert page.one("article").has_attr("data-own")

    home = await two.grace.go("/")
    assert home.text(f"{CHAT} .name") == two.ada_name
    assert home.one(CHAT)["data-unread"] == "1"
    assert "(1)" in home.text("title")
    page = await two.read()
    assert page.text("#unread .new") == "New"
    assert page.one("#conversations a[aria-current=page] .name").get_text() == two.ada_name
    assert (await two.grace.go("/")).one(CHAT)["data-unread"] == "0"
    await two.read()
    await two.grace.send("#composer", {"message": "Hello, Ada"})
    page = await two.ada.go(f"/chat/{two.grace_name}")
    assert articles(page) == ["Hello there!\nSecond line", "Hello, Ada"]


async def test_a_picture_and_its_thumbnail_are_shown_to_both(two: Two) -> None:
    page = await two.write("", files=[("a cat.png", PICTURE), ("b.png", encoded(painted(size=(40, 40)), "PNG"))])
    assert page.status == 200
    page = await two.read()
    pictures = page.all("article .attachments a[href] img[src][width][height][alt]")
    assert [one["alt"] for one in pictures] == ["a cat.png", "b.png"]
    for one in page.all("article .attachments a"):
        assert (await two.grace.http.get(str(one["href"]))).status_code == 200
    assert two.grace.page.one("article .text").get_text() == ""
    assert (await two.grace.go("/")).text(f"{CHAT} .last") == "Attachment"


async def test_what_was_read_is_marked_as_read(two: Two) -> None:
    page = await two.write("Seen?")
    assert (page.one("article")["data-state"], page.one("main")["data-read-seq"]) == ("sent", "0")
    await two.grace.go(f"/chat/{two.ada_name}", **{"Sec-Purpose": "prefetch"})
    assert (await two.ada.go(f"/chat/{two.grace_name}")).one("article")["data-state"] == "sent"
    await two.read()
    page = await two.ada.go(f"/chat/{two.grace_name}")
    assert (page.one("article")["data-state"], page.one("main")["data-read-seq"]) == ("read", "1")


async def test_the_same_form_sent_twice_is_one_message(two: Two) -> None:
    await two.ada.go(f"/chat/{two.grace_name}")
    form = two.ada.page
    await two.ada.send("#composer", {"message": "Once"})
    two.ada.page = form
    await two.ada.send("#composer", {"message": "Once"})
    assert articles(two.ada.page) == ["Once"]


async def test_a_message_is_answered_edited_reacted_to_and_deleted(two: Two) -> None:
    await two.write("First")
    message = str(two.ada.page.one("article")["data-id"])
    page = await two.read()
    await two.grace.go(_link(page, "reply"))
    assert "First" in two.grace.page.text("#reply-to")
    page = await two.grace.send("#composer", {"message": "An answer"})
    assert page.one("article .reply")["href"] == f"#message-{message}"
    await two.grace.go(_link(page, "react"))
    page = await two.grace.send("form.picker", press='button[value="👍"]')
    reaction = page.one(f"#message-{message} .reactions button")
    assert (reaction["data-emoji"], reaction["aria-pressed"], reaction["data-users"]) == ("👍", "true", two.grace_name)
    page = await two.grace.send(f"#message-{message} .reactions", press="button")
    assert page.all(f"#message-{message} .reactions button") == []

    page = await two.ada.go(f"/chat/{two.grace_name}")
    page = await two.ada.go(_link(page, "more"))
    await two.ada.go(_link(page, "edit"))
    page = await two.ada.send("form.editor", {"message": "First, better"})
    assert page.text(f"#message-{message} .text") == "First, better"
    assert page.one(f"#message-{message}").has_attr("data-edited")
    assert not page.one(f"#message-{message} .edited").has_attr("hidden")
    page = await two.ada.go(_link(page, "more"))
    await two.ada.go(_link(page, "delete"))
    page = await two.ada.send("form.confirm")
    assert page.one(f"#message-{message}").has_attr("data-deleted")
    assert "First" not in page.source
    assert "deleted" in page.text(f"#message-{message} .text")


def _link(page: Shown, action: str) -> str:
    """The way to an action on the first message."""
    link = page.all(f'article [data-action="{action}"]')[0]
    assert not link.has_attr("hidden")
    return f"{page.url.path}{str(link['href']).partition('#')[0]}"


async def test_only_ones_own_messages_offer_to_be_changed(two: Two) -> None:
    await two.write("Mine")
    page = await two.read()
    page = await two.grace.go(_link(page, "more"))
    offered = {str(one["data-action"]) for one in page.all("article .message-choices [data-action]")}
    assert offered == {"pin", "copy-link", "replies", "unread", "report"}
    message = page.one("article")["data-id"]
    answer = await two.grace.http.post(f"/chat/{two.ada_name}/{message}/edit", data={"message": "Yours"})
    assert answer.status_code == 403
    assert "Only who wrote a message may change it." in answer.text


async def test_history_is_read_page_by_page(two: Two, shared: Parley) -> None:
    person = await shared.sign_in(two.ada_name)
    for number in range(60):
        await person.ask("POST", f"/api/messages/{two.grace_name}", json={"message": f"Number {number}"})
    page = await two.read()
    assert articles(page)[0] == "Number 0"  # where the unread begins
    assert "data-before" not in page.one("#log").attrs
    assert page.one("#log")["data-after"] == page.all("article")[-1]["data-id"]
    page = await two.grace.go(f"/chat/{two.ada_name}?newest=1")
    assert articles(page)[0] == "Number 10"
    assert page.one("#log")["data-before"] == page.all("article")[0]["data-id"]
    page = await two.grace.go(f"/chat/{two.ada_name}{page.one('a[rel=prev]')['href']}")
    assert articles(page) == [f"Number {number}" for number in range(10)]
    assert "data-before" not in page.one("#log").attrs
    page = await two.grace.go(f"/chat/{two.ada_name}{page.one('a[rel=next]')['href']}")
    assert articles(page)[-1] == "Number 59"


# Rooms


async def test_a_room_is_made_joined_talked_in_and_left(two: Two) -> None:
    name = f"room-{next(numbers)}"
    await two.ada.go("/")
    page = await two.ada.send('form[action="/rooms"]', {"name": name, "topic": "About it"})
    assert (page.url.path, page.text("h1")) == (f"/rooms/{name}", name)
    assert page.one('form[action$="/close"]')
    await two.ada.send("#composer", {"message": "Welcome"})

    await two.grace.go("/")
    page = await two.grace.send(f'form[action="/rooms/{name}/join"]')
    assert articles(page) == ["Welcome"]
    await two.grace.send("#composer", {"message": "Thanks"})
    page = await two.ada.go(f"/rooms/{name}")
    assert page.texts("article .sender") == [two.ada_name, two.grace_name]
    assert page.all('form[action$="/leave"]') == []
    await two.ada.go(f"/rooms/{name}?delete={page.all('article')[1]['data-id']}")
    page = await two.ada.send("form.confirm")
    assert page.all("article")[1].has_attr("data-deleted")

    await two.grace.go(f"/rooms/{name}")
    page = await two.grace.send('form[action$="/leave"]')
    assert "left" in page.text(".notice")
    page = await two.grace.go(f"/rooms/{name}")
    assert page.all("article") == []
    assert page.one(f'form[action="/rooms/{name}/join"]')


async def test_the_owner_changes_invites_removes_and_closes(two: Two) -> None:
    name = f"Room-{next(numbers)}"
    await two.ada.go("/")
    await two.ada.send('form[action="/rooms"]', {"name": name, "private": "on"})
    assert (await two.grace.go(f"/rooms/{name}")).status == 404
    await two.ada.go(f"/rooms/{name}")
    page = await two.ada.send('form[action$="/members"]', {"username": "nobody-of-that-name"})
    assert page.status == 404
    assert page.fault("username") == "There is nobody of that name."
    assert page.one('#details [name="username"]')["value"] == "nobody-of-that-name"
    page = await two.ada.send('form[action$="/members"]', {"username": two.grace_name})
    assert two.grace_name in page.texts(".members .name")
    assert (await two.grace.go(f"/rooms/{name}")).status == 200
    page = await two.ada.send('form[action$="/change"]', {"topic": "New topic", "private": "on"})
    assert page.text(".talk-head .topic") == "New topic"
    page = await two.ada.send('form[action$="/remove"]')
    assert page.texts(".members .name") == [two.ada_name]
    page = await two.ada.send('form[action$="/close"]')
    assert page.url.path == "/"
    assert (await two.ada.go(f"/rooms/{name}")).status == 404
