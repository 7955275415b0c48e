"""The main paths, in each engine that is here. What is of one engine alone shows in none of the other tests."""

from pathlib import Path

from tests.browser.engines.conftest import EnginePair
from tests.browser.test_pictures import picture
from tests.system.people import PASSWORD

# WebKitGTK's window gets no narrower than 447 pixels.
PHONE_WIDTH, PHONE_HEIGHT = 390, 760
ARROW_UP = """
const key = new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true, cancelable: true });
document.querySelector("#message").dispatchEvent(key);
"""
NOTHING_KEPT = """
const keys = [...Object.keys(localStorage), ...Object.keys(sessionStorage)];
return location.pathname + location.search === "/sign-in" && !keys.some((key) => key.startsWith("parley."));
"""


async def test_two_people_write_edit_and_react_live(pair: EnginePair) -> None:
    ada, grace = pair
    await ada.chat_with(grace)
    await grace.chat_with(ada)
    await ada.write("Written by Ada")
    await grace.sees("Written by Ada")
    await grace.write("Answered by Grace")
    await ada.sees("Answered by Grace")
    await ada.driver.evaluate(ARROW_UP)
    await ada.until('return document.querySelector("#message").value === "Written by Ada";')
    await ada.write("Edited by Ada")
    await grace.sees("Edited by Ada")
    await grace.use("Edited by Ada", "react")
    await grace.click('.emoji-picker [value="👍"]')
    await ada.until('return document.querySelectorAll("#log .reactions button").length === 1;')


async def test_a_picture_is_uploaded_and_shown_to_both(pair: EnginePair, tmp_path: Path) -> None:
    ada, grace = pair
    path = tmp_path / "engine.png"
    path.write_bytes(picture(hash(ada.name) % 2**32))
    await ada.chat_with(grace)
    await grace.chat_with(ada)
    await ada.driver.choose_file('input[name="files"]', path)
    await ada.until("""return document.querySelector('#chosen > li[data-state="done"]');""")
    await ada.write("With a picture")
    for page in pair:
        await page.sees("With a picture")
        await page.until('return document.querySelector("#log .attachments img")?.naturalWidth > 0;')


async def test_what_was_said_is_found(pair: EnginePair) -> None:
    ada, grace = pair
    await ada.chat_with(grace)
    await ada.write("A heliograph on the hill")
    await ada.has_sent("A heliograph on the hill")
    await grace.open("/search?query=heliograph")
    await grace.until("""return document.querySelector("main").textContent.includes("heliograph on the hill");""")


async def test_a_narrow_window_shows_the_conversation_and_nothing_beside_it(pair: EnginePair) -> None:
    ada, grace = pair
    await ada.driver.resize(PHONE_WIDTH, PHONE_HEIGHT)
    await ada.chat_with(grace)
    await ada.until("""
        const box = document.querySelector("#message").getBoundingClientRect();
        const isWithin = box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
        return isWithin && document.documentElement.scrollWidth <= innerWidth;
    """)
    await ada.write("From a narrow window")
    await ada.sees("From a narrow window")
    await ada.driver.resize(1280, 800)


async def test_signing_out_and_in_again(pair: EnginePair) -> None:
    ada, grace = pair
    await ada.chat_with(grace)
    await ada.driver.fill("#message", "half a draft")
    await ada.open("/you")
    await ada.live()
    await ada.click('a[href="/logout"]')
    await ada.until(NOTHING_KEPT)
    await ada.fill_in(username=ada.name, password=PASSWORD)
    await ada.click("form button.primary")
    await ada.until("return document.body?.dataset.username === name;", name=ada.name)
    await ada.live()
