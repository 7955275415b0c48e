"""Whatever people write, nothing of it runs: not live, not from the server, not in a notice, a name or a title."""

from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitors
from tests.xss_vectors import VECTORS

LOOK = """
() => ({
  ran: window.ran,
  strange: [...document.querySelectorAll("#log article .text *, #conversations .last *, .quote *")].filter((one) =>
    one.getAttributeNames().some((name) => name.startsWith("on") || name === "style" || name === "srcdoc") ||
    /^(script|iframe|img|svg|style|form|base|meta|details)$/i.test(one.tagName) ||
    (one.tagName === "A" && !/^(https?|mailto):/.test(one.protocol))).map((one) => one.outerHTML),
})
"""
WATCH = "window.ran = []; ['alert', 'msgbox'].forEach((name) => (window[name] = () => window.ran.push(name)));"


async def test_nothing_that_is_written_runs(couple: Couple) -> None:
    ada, grace = couple
    for visitor in couple:
        await visitor.page.evaluate(WATCH)
    last = len(VECTORS) - 1
    for number, text in enumerate(VECTORS):
        await ada.area.fill(f"{text}\n\nvector {number}")
        await ada.page.locator('[data-action="send"]').click()
    for visitor in couple:
        await expect(visitor.articles.last).to_contain_text(f"vector {last}")
        assert await visitor.page.evaluate(LOOK) == {"ran": [], "strange": []}
    await grace.page.add_init_script(WATCH)
    for path, place in ((f"/chat/{ada.name}", "#log"), ("/", "#conversations"), ("/search?query=vector", "main")):
        await grace.open(path)
        await expect(grace.page.locator(place)).to_contain_text("alert(1)")
        assert await grace.page.evaluate(LOOK) == {"ran": [], "strange": []}


async def test_nor_does_a_name_or_a_topic(visitors: Visitors) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    ada = await visitors.person("ada")
    await ada.page.add_init_script(WATCH)
    await ada.open("/settings")
    await ada.page.get_by_label("Nickname").fill(hostile)
    await ada.page.get_by_role("button", name="Save").first.click()
    await ada.open("/rooms/lobby")
    await ada.page.get_by_role("button", name="Join").click()
    await ada.live()
    await ada.write("@room **I am here**")
    await ada.sees("@room I am here")
    for path in ("/rooms/lobby", "/"):
        await ada.open(path)
        assert await ada.page.evaluate(LOOK) == {"ran": [], "strange": []}
        assert await ada.page.locator("img[onerror], [src=x]").count() == 0
