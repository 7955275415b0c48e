"""What the system shows of messages while the reader looks elsewhere; not in their quiet hours."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import expect

from tests.browser.visitors import Couple

# The headless browser shows none, so the page's are noted; nobody looks at the page.
NOTED = """
window.noted = [];
window.Notification = class {
  static permission = "granted";
  constructor(title, {body}) { noted.push(body); }
  close() {}
};
Object.defineProperty(document, "visibilityState", {value: "hidden"});
"""


def _around(now: datetime) -> dict[str, str]:
    """Hours that hold now, and go on long enough for a test."""
    return {
        "starts": (now - timedelta(hours=1)).strftime("%H:%M"),
        "ends": (now + timedelta(hours=1)).strftime("%H:%M"),
        "time_zone": "Etc/UTC",
    }


async def test_a_second_tab_says_nothing_of_what_the_first_one_shows(couple: Couple) -> None:
    ada, grace = couple
    second = await ada.context.new_page()
    await second.add_init_script(NOTED)
    await second.goto(f"{ada.site.system.url}/you")
    await expect(second.locator("#connection")).to_have_attribute("data-state", "online")
    last = second.locator(f'#conversations [data-conversation="@{grace.name}"] .last')
    await grace.write("seen in the first")
    await expect(last).to_have_text("seen in the first")
    await ada.open("/you")
    await ada.live()
    await grace.write("seen nowhere")
    await second.wait_for_function("() => noted.includes('seen nowhere')")
    assert await second.evaluate("noted") == ["seen nowhere"]
    await second.close()


async def test_in_quiet_hours_nothing_is_shown_and_after_them_it_is(couple: Couple) -> None:
    ada, grace = couple
    await ada.page.add_init_script(NOTED)
    settings = await ada.context.new_page()
    await settings.goto(f"{ada.site.system.url}/settings")
    form = settings.locator("#quiet-hours")
    for name, value in _around(datetime.now(UTC)).items():
        await form.locator(f'[name="{name}"]').fill(value)
    await form.get_by_role("button").click()
    await expect(settings.locator(".notice")).to_be_visible()
    async with ada.page.expect_response("**/api/quiet-hours"):
        await ada.page.reload()
    await ada.live()
    await grace.write("in the night")
    await ada.sees("in the night")
    assert await ada.page.evaluate("noted") == []
    for name in ("starts", "ends"):
        await form.locator(f'[name="{name}"]').fill("")
    await form.get_by_role("button").click()
    await expect(form.locator('[name="starts"]')).to_have_value("")
    await grace.write("in the morning")
    await ada.page.wait_for_function("() => noted.includes('in the morning')")
    await settings.close()
