"""What one keeps of a conversation for oneself, on all devices: drafts, levels, marks of unread."""

import re

from playwright.async_api import expect

from tests.browser.visitors import Couple, Visitor, Visitors


async def test_a_draft_outlives_its_page_and_is_on_every_device(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    await grace.write("A question for the draft")
    await ada.sees("A question for the draft")
    other = await visitors.device(ada)
    await other.chat_with(grace)
    await ada.use("A question for the draft", "reply")
    await ada.area.press_sequentially("An answer, half")
    await expect(other.area).to_have_value("An answer, half")
    await expect(other.page.locator("#reply-to .quote")).to_contain_text("A question for the draft")
    await ada.area.press_sequentially(" a day")
    await ada.page.reload()  # at once, before it can be kept
    await expect(ada.area).to_have_value("An answer, half a day")
    await expect(other.area).to_have_value("An answer, half a day")
    await expect(ada.page.locator("#reply-to .quote")).to_contain_text("A question for the draft")
    await ada.live()
    await other.area.press("End")
    await other.area.press_sequentially(" long")
    await expect(ada.area).to_have_value("An answer, half a day long")
    await other.area.press("Enter")
    await expect(ada.area).to_have_value("")
    await expect(ada.page.locator("#reply-to")).to_be_hidden()
    await expect(grace.article("An answer, half a day long").locator(".reply")).to_contain_text("A question")
    await ada.page.reload()
    await expect(ada.area).to_have_value("")


async def test_what_was_half_written_when_one_looked_elsewhere_does_not_come_back_once_sent(ada: Visitor) -> None:
    await ada.area.fill("Half a")
    await turn(ada, "hidden")
    await turn(ada, "visible")
    await ada.write("Half a thought, and the other half")
    await ada.has_sent("Half a thought, and the other half")
    await ada.page.reload()
    await ada.live()
    await expect(ada.area).to_have_value("")


async def test_a_draft_that_could_not_be_kept_when_one_looked_elsewhere_is_kept_later(
    couple: Couple, visitors: Visitors
) -> None:
    ada, grace = couple
    other = await visitors.device(ada)
    await other.chat_with(grace)
    path = re.compile(r"/draft$")
    await ada.page.route(path, lambda route: route.fulfill(status=503))
    ada.tolerates = re.compile("503")
    await ada.area.fill("Half a sentence")
    await turn(ada, "hidden")
    await turn(ada, "visible")
    await ada.page.unroute(path)
    await expect(other.area).to_have_value("Half a sentence")
    await ada.area.fill("")
    await expect(other.area).to_have_value("")


async def turn(visitor: Visitor, state: str) -> None:
    """As when another window covers the page, or no longer does."""
    await visitor.page.evaluate(
        """state => {
          Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


async def test_the_draft_outlives_the_message_that_is_edited_beside_it(couple: Couple) -> None:
    ada, grace = couple
    await ada.write("To be edited and deleted")
    await ada.has_sent("To be edited and deleted")
    article = ada.article("To be edited and deleted")
    message_id = await article.get_attribute("data-id")
    await ada.area.fill("the draft")
    await ada.use("To be edited and deleted", "edit")
    await ada.area.fill("half an edit")
    assert ada.person is not None
    assert (await ada.person.ask("DELETE", f"/api/messages/{grace.name}/{message_id}")).is_success
    await expect(ada.page.locator("#composer-error")).to_contain_text("has been deleted")
    await expect(ada.area).to_have_value("the draft\nhalf an edit")
    await ada.area.fill("")


async def test_an_edit_is_no_draft_and_leaves_the_draft_alone(ada: Visitor) -> None:
    await ada.write("To be edited beside a draft")
    await ada.has_sent("To be edited beside a draft")
    await ada.area.fill("the draft")
    await ada.use("To be edited beside a draft", "edit")
    await ada.area.fill("half an edit")
    await ada.page.reload()
    await expect(ada.area).to_have_value("the draft")
    await ada.live()
    await ada.area.fill("")


async def test_a_level_and_a_mute_are_kept_at_once_and_shown_elsewhere(couple: Couple, visitors: Visitors) -> None:
    ada, grace = couple
    other = await visitors.device(ada)
    await other.chat_with(grace)
    await grace.write("Said before the mute")
    item = other.page.locator(f'#conversations [data-conversation="@{grace.name}"]')
    await expect(item).to_have_count(1)
    form = ada.page.locator("form#notifications")
    await form.get_by_label("Notify me").select_option("none")
    await expect(form.locator(".saved")).to_have_text("Saved.")
    await expect(ada.page.locator("#announcement")).to_have_text("Saved.")
    await form.get_by_label("Mute").select_option("8")
    await expect(item).to_have_attribute("data-muted", "")
    await expect(item).to_have_attribute("data-level", "none")
    await expect(other.page.locator("#notifications [name=level]")).to_have_value("none")
    await expect(other.page.locator("#notifications option[data-until]")).to_contain_text("Until ")
    await form.get_by_label("Mute").select_option("")
    await form.get_by_label("Notify me").select_option("all")
    await expect(item).not_to_have_attribute("data-muted", "")


async def test_a_message_marked_as_unread_stays_so_until_the_chat_is_opened_anew(
    couple: Couple, visitors: Visitors
) -> None:
    ada, grace = couple
    for text in ("Seen once", "Seen twice"):
        await grace.write(text)
        await grace.sees_state(text, "read")
    other = await visitors.device(ada)
    await other.open("/")
    await other.live()
    item = other.page.locator(f'#conversations [data-conversation="@{grace.name}"]')
    await expect(item).to_have_attribute("data-unread", "0")
    await ada.use("Seen once", "unread")
    await expect(item).to_have_attribute("data-unread", "2")
    await expect(ada.page.locator("#unread + article .text")).to_have_text("Seen once")
    await expect(ada.page.locator("#announcement")).to_have_text("Marked as unread.")
    await grace.write("Seen thrice")
    await ada.sees("Seen thrice")
    await expect(item).to_have_attribute("data-unread", "3")
    await ada.chat_with(grace)
    await expect(item).to_have_attribute("data-unread", "0")


async def test_who_is_called_by_name_sees_it_in_the_list_and_in_the_inbox(visitors: Visitors) -> None:
    ada, grace = await visitors.people("ada", "grace")
    room = f"called-{ada.name}"
    headers = {"Sec-Fetch-Site": "same-origin"}
    url = f"{ada.site.system.url}/api/rooms"
    assert (await ada.page.request.post(url, data={"name": room}, headers=headers)).ok
    assert (await grace.page.request.put(f"{url}/{room}/members/{grace.name}", headers=headers)).ok
    await ada.open("/")
    await ada.live()
    await grace.open(f"/rooms/{room}")
    await grace.live()
    item = ada.page.locator(f'#conversations [data-conversation="#{room}"]')
    await grace.area.press_sequentially(f"Is @{ada.name[:3]}")
    await grace.page.get_by_role("option").filter(has_text=ada.name).click()
    await grace.area.press_sequentially("here?\n")
    await grace.write("Nobody is called here")
    await expect(item.locator(".mentions")).to_have_text("1 mentions")
    await expect(item.locator(".unread")).to_have_text("2 unread")
    await expect(ada.page.locator(".to-mentions .mentions")).to_have_text("1 mentions")
    await ada.page.locator(".to-mentions").click()
    await ada.page.locator("main .found a").filter(has_text=f"Is @{ada.name} here?").click()
    await expect(ada.page.locator("article:target")).to_contain_text("here?")
    await expect(ada.page.locator("article:target .mention")).to_have_text(f"@{ada.name}")
    await ada.open(f"/rooms/{room}")
    await expect(item.locator(".mentions")).to_be_hidden()
