"""Live video with the browser's fake camera: seen with an effect, watched by others, and in a call."""

import asyncio

from playwright.async_api import Locator, expect

from tests.browser.visitors import Couple, Visitor, Visitors

# How many different colours a canvas shows: 0 or 1 before the first picture.
COLOURS = """
canvas => {
  if (!canvas.width || !canvas.height) return 0;
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size;
}
"""
# Whether the picture has no colour at all, as after the effect "grayscale"; JPEG may be off by a little.
IS_GREY = """
canvas => {
  if (!canvas.width || !canvas.height) return false;
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let place = 0; place < data.length; place += 4) {
    if (Math.abs(data[place] - data[place + 1]) > 12 || Math.abs(data[place] - data[place + 2]) > 12) return false;
  }
  return true;
}
"""
TRACKS = "video => video.srcObject === null ? 0 : video.srcObject.getTracks().length"


async def until(canvas: Locator, script: str) -> None:
    """Return when the script says so of the canvas."""
    handle = await canvas.element_handle()
    await canvas.page.wait_for_function(f"canvas => ({script})(canvas)", arg=handle, polling=50)


async def shows_a_picture(canvas: Locator) -> None:
    await until(canvas, f"canvas => ({COLOURS})(canvas) > 10")


async def test_ones_own_camera_comes_back_with_the_effect_that_is_chosen(ada: Visitor) -> None:
    await ada.open("/video")
    camera = ada.page.locator("#camera")
    await camera.locator('[data-action="start"]').click()
    await shows_a_picture(camera.locator("canvas"))
    await camera.locator('[name="effect"]').select_option("grayscale")
    await until(camera.locator("canvas"), IS_GREY)
    await camera.locator('[data-action="stop"]').click()
    assert await camera.locator("video").evaluate(TRACKS) == 0
    await expect(camera.locator('[data-action="start"]')).to_be_focused()


async def test_a_stream_is_listed_and_watched_by_others(couple: Couple) -> None:
    ada, grace = couple
    await ada.open("/video")
    name = f"{ada.name}-live"
    await ada.page.locator('#camera [name="stream"]').fill(name)
    await ada.page.locator('#camera [data-action="start"]').click()
    await shows_a_picture(ada.page.locator("#camera canvas"))
    await grace.open("/video")
    await grace.page.locator(f'#streams [data-stream="{name}"] a').click()
    watched = grace.page.locator("#watched")
    await expect(watched).to_be_visible()
    handle = await watched.element_handle()
    await grace.page.wait_for_function("image => image.naturalWidth > 0", arg=handle, polling=50)
    await grace.open("/")  # a picture that never ends would keep the page loading


async def talk_and_hang_up(one: Visitor, other: Visitor) -> None:
    """Each sees the other; then `one` ends it, and no camera is on."""
    for visitor in (one, other):
        await expect(visitor.page.locator("#call")).to_have_attribute("data-state", "talking")
        await shows_a_picture(visitor.page.locator("#call canvas"))
    await one.page.locator('#call [data-action="hang-up"]').click()
    for visitor in (one, other):
        await expect(visitor.page.locator("#call")).to_be_hidden()
        assert await visitor.page.locator("#call video").evaluate(TRACKS) == 0


async def test_a_call_is_answered_seen_and_ended(couple: Couple) -> None:
    ada, grace = couple
    await ring(ada, grace)
    await grace.page.locator('#call [data-action="answer"]').click()
    await talk_and_hang_up(ada, grace)
    for visitor in (ada, grace):
        await expect(visitor.page.locator("#log .text.call").last).to_contain_text("Video call")


async def test_who_is_writing_when_it_rings_does_not_answer_by_the_next_space(couple: Couple) -> None:
    ada, grace = couple
    await grace.area.focus()
    await ring(ada, grace)
    await expect(grace.page.locator("#call")).to_be_focused()
    await grace.page.keyboard.press("Space")
    answer = grace.page.locator('#call [data-action="answer"]')
    await grace.page.keyboard.press("Tab")
    await expect(answer).to_be_focused()
    await answer.dblclick()  # while the camera starts
    await talk_and_hang_up(grace, ada)


async def test_a_call_is_declined_on_all_devices(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    other = await visitors.window(grace)
    await other.open("/")
    await other.live()
    await ring(ada, grace)
    await expect(other.page.locator("#call")).to_have_attribute("data-state", "ringing")
    await grace.page.keyboard.press("Escape")
    await expect(ada.page.locator("#call p")).to_contain_text("Declined")
    for visitor in (ada, grace, other):
        await expect(visitor.page.locator("#call")).to_be_hidden()
    assert await ada.page.locator("#call video").evaluate(TRACKS) == 0
    await expect(ada.page.locator('[data-action="call"]')).to_be_focused()


async def test_to_call_somebody_who_is_not_there_ends_at_once(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    await ada.chat_with(grace)
    await ada.page.locator('main [data-action="call"]').click()
    await expect(ada.page.locator("#call p")).to_contain_text("offline")
    await expect(ada.page.locator("#call")).to_be_hidden()


async def ring(caller: Visitor, callee: Visitor) -> None:
    await caller.page.locator('main [data-action="call"]').click()
    await asyncio.gather(
        expect(caller.page.locator("#call")).to_have_attribute("data-state", "calling"),
        expect(callee.page.locator("#call")).to_have_attribute("data-state", "ringing"),
    )
