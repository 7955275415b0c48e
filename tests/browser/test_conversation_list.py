"""The list of conversations: its headings, and what of it a phone shows."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Run
from tests.browser.visitors import Couple, Visitor, Visitors

SMALL_PHONE = {"width": 320, "height": 640}


async def ask(visitor: Visitor, method: str, path: str, **body: object) -> None:
    assert visitor.person is not None
    assert (await visitor.person.ask(method, path, json=body)).is_success


async def test_a_closed_heading_stays_closed_and_says_who_called(pair: Couple, visitors: Visitors) -> None:
    ada, grace = [await visitors.window(one) for one in pair]
    room = f"works-{ada.name}"
    await ask(ada, "POST", "/api/rooms", name=room, section="Works")
    await ask(grace, "PUT", f"/api/rooms/{room}/members/{grace.name}")
    await ada.open("/you")
    await ada.live()
    section = ada.page.locator('[data-section="#works"]')
    await section.locator("summary").click()
    item = section.locator(f'[data-conversation="#{room}"]')
    await expect(item).to_be_hidden()
    await ask(grace, "POST", f"/api/rooms/{room}/messages", message=f"@{ada.name} come and see")
    badge = section.locator("summary .mentions")
    await expect(badge).to_be_visible()
    await expect(badge).to_have_text("1 mentions")
    await ada.page.reload()
    await ada.live()
    await expect(item).to_be_hidden()
    await expect(badge).to_have_text("1 mentions")

    await ask(ada, "PATCH", f"/api/rooms/{room}", section="Everyday")
    moved = ada.page.locator(f'[data-section="#everyday"] [data-conversation="#{room}"]')
    await expect(moved).to_be_visible()
    await expect(moved.locator(".last")).to_have_text(re.compile(": @.* come and see$"))
    await expect(section).to_have_count(0)


async def test_a_room_is_dragged_to_another_place_by_who_orders_it(visitors: Visitors) -> None:
    ada = await visitors.person("ada")  # whose list is short
    names = [f"{stem}-{ada.name}" for stem in ("bed", "path", "spade")]
    for name, section in zip(names, ("Yard", "Yard", "Shed"), strict=True):
        await ask(ada, "POST", "/api/rooms", name=name, section=section)
    bed, path, spade = (ada.page.locator(f'#conversations [data-conversation="#{name}"]') for name in names)
    await ada.open("/you")
    await ada.live()
    await spade.hover()
    await ada.page.mouse.down()
    box = await path.bounding_box()
    assert box is not None
    while not await path.get_attribute("data-drop"):  # what drags comes with the first drag
        for below in (2, 4):
            await ada.page.mouse.move(box["x"] + 40, box["y"] + below)
    await ada.page.mouse.up()
    rows = ada.page.locator('[data-section="#yard"] li')
    labels = [f"#{name}" for name in (names[0], names[2], names[1])]
    for _ in range(2):
        for place, label in enumerate(labels):
            await expect(rows.nth(place)).to_have_attribute("data-conversation", label)
        await expect(ada.page.locator('[data-section="#shed"]')).to_have_count(0)  # as the list is told
        await ada.page.reload()
        await ada.live()
    await expect(bed).to_have_attribute("data-movable", "")


async def test_a_section_is_moved_as_a_whole_by_keys_and_by_dragging(visitors: Visitors) -> None:
    ada = await visitors.person("ada")  # whose list is short
    for name, section, position in (("ant", "Barn", 0), ("bee", "Barn", 3), ("cow", "Croft", 0), ("doe", "Den", 0)):
        await ask(ada, "POST", "/api/rooms", name=f"{name}-{ada.name}", section=section)
        await ask(ada, "PATCH", f"/api/rooms/{name}-{ada.name}", position=position)
    await ada.open("/you")
    await ada.live()
    barn, croft, den = (ada.page.locator(f'[data-section="#{one}"]') for one in ("barn", "croft", "den"))

    async def are_in_order(*headings: str) -> None:
        """On the page, and where the next one comes from; the rooms within stay as they were."""
        await ada.page.wait_for_function(
            """async (wanted) => {
                const page = new DOMParser().parseFromString(await (await fetch("/you")).text(), "text/html");
                const found = [document, page].map((one) => [...one.querySelectorAll("#conversations h2")]);
                return found.every((all) => all.map((one) => one.textContent).join().includes(wanted));
            }""",
            arg=",".join(headings),
        )
        for place, name in enumerate(("ant", "bee")):
            await expect(barn.locator("li").nth(place)).to_have_attribute("data-conversation", f"#{name}-{ada.name}")

    await barn.locator("summary").focus()
    await ada.page.keyboard.press("Alt+ArrowDown")
    await are_in_order("Croft", "Barn", "Den")
    await expect(barn.locator("summary")).to_be_focused()
    await den.locator("summary").drag_to(croft.locator("summary"))
    await are_in_order("Den", "Croft", "Barn")


async def test_a_room_takes_a_place_with_as_few_others_moving_as_can(run: Run) -> None:
    function = "({placesFor}, [rooms, name, at]) => placesFor(rooms, {name, position: 0, isMovable: true}, at)"

    async def places(rooms: str, name: str, at: int) -> list[str]:
        """`a0! b3` are two rooms at these positions, of which the first may not be moved."""
        given = [
            {"name": one[0], "position": int(one[1:].rstrip("!")), "isMovable": not one.endswith("!")}
            for one in rooms.split()
        ]
        return [f"{one['name']}{one['position']}" for one in await run("room_order", function, [given, name, at])]

    assert await places("", "m", 0) == ["m0"]
    assert await places("a0 z0", "m", 1) == ["m0"]  # by its name it stands there
    assert await places("a0 z0", "m", 2) == ["m1"]
    assert await places("a0 b0 c5", "m", 0) == ["m0", "a1", "b1"]
    assert await places("a3 b4", "m", 0) == ["m0"]
    assert await places("a0! b0", "m", 0) == ["m0"]  # as near as it may


async def test_a_small_phone_shows_the_list_or_a_page_and_a_bar_below(pair: Couple, visitors: Visitors) -> None:
    phone = await visitors.window(pair[0], viewport=SMALL_PHONE, has_touch=True, is_mobile=True)
    page, bar = phone.page, phone.page.locator(".tabs-bar")
    await ask(pair[1], "POST", f"/api/messages/{phone.name}", message="Are you there?")
    await phone.open("/")
    await expect(page.locator("main")).to_be_hidden()
    for tab, shown in (("Mentions", "Inbox"), ("You", "You")):
        await bar.get_by_role("link", name=tab).tap()
        await expect(page.locator("h1")).to_have_text(shown)
        await expect(page.locator(".side")).to_be_hidden()
        await expect(bar.locator("[aria-current]")).to_contain_text(tab)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
    await expect(page.get_by_role("link", name="Sign out")).to_be_visible()
    await bar.get_by_role("link", name="Search").tap()
    await expect(page.get_by_role("dialog", name="Find or jump to")).to_be_visible()
    await page.keyboard.press("Escape")
    await bar.get_by_role("link", name="Chats").tap()
    await page.locator(f'#conversations [data-conversation="@{pair[1].name}"] a').tap()
    await expect(phone.area).to_be_visible()
    await expect(bar).to_be_hidden()
    await page.locator(".talk-head .back").tap()
    await expect(page.locator("#conversations")).to_be_visible()


async def test_who_lost_the_line_may_try_at_once(run: Run) -> None:
    function = """({showConnection}) => {
      let tries = 0;
      let tell = () => {};
      const connection = {state: "online", on: (_, handler) => (tell = handler), hurry: () => (tries += 1)};
      const line = document.createElement("p");
      document.body.append(line);
      showConnection(connection, line);
      const wasHidden = line.hidden;
      tell("offline");
      line.querySelector("button").click();
      return [wasHidden, line.hidden, line.textContent, tries];
    }"""
    was_hidden, is_hidden, text, tries = await run("connection_status", function, None)
    assert (was_hidden, is_hidden, tries) == (True, False, 1)
    assert text == "No connection. What you write is kept, and sent when it is back.Try now"


async def test_the_menu_closes_by_escape_and_by_a_press_beside_it(pair: Couple, visitors: Visitors) -> None:
    ada = await visitors.window(pair[0])
    await ada.open("/you")
    summary, link = ada.page.locator("summary.instance"), ada.page.get_by_role("link", name="Make a room")
    await summary.click()
    await expect(link).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await expect(link).to_be_hidden()
    await expect(summary).to_be_focused()
    await summary.click()
    await ada.page.locator("h1").click()
    await expect(link).to_be_hidden()
    await summary.click()
    await link.click()
    await expect(ada.page.get_by_label("Name of the room")).to_be_visible()
