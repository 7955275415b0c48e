"""What people write is shown as it is meant, live and from the server, and runs nothing."""

from playwright.async_api import expect

from tests.browser.visitors import Couple

SAID = "**Hello** ||`secret` https://example.org||"
SHOWN = "Hello secret https://example.org"


async def test_markdown_is_shown_live_and_from_the_server_and_edited_as_it_was_typed(couple: Couple) -> None:
    ada, grace = couple
    await ada.write(SAID)
    for visitor in (grace, ada):
        await expect(visitor.article(SHOWN).locator(".text strong")).to_have_text("Hello")
    await ada.use(SHOWN, "edit")
    await expect(ada.area).to_have_value(SAID)
    await ada.write("~~Goodbye~~")
    await expect(grace.article("Goodbye").locator("s")).to_have_count(1)
    await grace.page.reload()
    await expect(grace.article("Goodbye").locator("s")).to_have_count(1)


async def test_a_spoiler_is_shown_by_a_click_or_a_key_and_not_followed_before(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("Do not look: ||`secret` https://example.org||")
    for way in ("click", "key"):
        spoiler = grace.article("Do not look: secret https://example.org").locator(".spoiler")
        await expect(spoiler).to_have_attribute("role", "button")
        await expect(spoiler.locator("code")).to_be_hidden()
        if way == "click":
            await spoiler.click()
        else:
            await spoiler.press("Enter")
        await expect(spoiler.locator("code")).to_be_visible()
        await expect(spoiler.locator("a")).to_have_attribute("target", "_blank")
        assert await spoiler.get_attribute("role") is None
        assert "/chat/" in grace.page.url
        await grace.page.reload()


async def test_what_would_run_elsewhere_does_not_run_here(couple: Couple) -> None:
    ada, grace = couple
    await grace.page.evaluate("void (window.alert = () => { document.body.dataset.hacked = 'yes'; })")
    await ada.write("<img src=x onerror=alert(1)> **a** [b](javascript:alert(1)) <svg/onload=alert(1)>")
    text = grace.articles.last.locator(".text")
    await expect(text.locator("strong")).to_have_text("a")
    assert await text.locator("img, svg, a, [onerror]").count() == 0
    assert await grace.page.evaluate("document.body.dataset.hacked ?? null") is None
