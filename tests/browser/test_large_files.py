"""Large files: in pieces, which go on where they broke off."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Request, Route, expect

from tests.browser.test_files import choose, chosen, put
from tests.browser.visitors import Couple, Visitor, Visitors

MB = 1_000_000
BEGIN_FIVE = """
async (username) => Promise.all([1, 2, 3, 4, 5].map(async (number) => {
  const headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000"};
  const answer = await fetch("/api/uploads", {method: "POST", headers});
  const remembered = {address: answer.headers.get("Location"), at_ms: 0};
  localStorage.setItem(`parley.upload.${username}.${number}.0.old.bin`, JSON.stringify(remembered));
  return answer.status;
}))
"""


async def test_a_large_file_goes_on_where_the_connection_broke(couple: Couple, tmp_path: Path) -> None:
    ada, grace = couple
    ada.tolerates = re.compile("ERR_FAILED")
    offsets: list[str] = []

    async def breaking(route: Route, request: Request) -> None:
        if request.method != "PATCH":
            await route.continue_()
            return
        offsets.append(request.headers["upload-offset"])
        await (route.abort() if len(offsets) == 2 else route.continue_())

    await ada.page.route("**/api/uploads/*", breaking)
    await choose(ada, *put(tmp_path, größer__bin=bytes(range(256)) * (9 * MB // 256)))
    await expect(chosen(ada, "done")).to_have_count(1, timeout=30_000)
    assert offsets == ["0", "4194304", "4194304", "8388608"]
    await ada.write("All of it")
    await expect(grace.article("All of it").locator(".file .meta")).to_have_text("9\xa0MB")
    await expect(grace.article("All of it").locator(".file .name")).to_have_text("größer.bin")
    await ada.page.unroute("**/api/uploads/*")


async def test_a_large_file_goes_on_after_the_page_was_loaded_anew(ada: Visitor, tmp_path: Path) -> None:
    offsets: list[str] = []
    held = asyncio.Event()

    async def stopping(route: Route, request: Request) -> None:
        if request.method == "PATCH" and "/api/uploads/" in request.url:
            offsets.append(request.headers["upload-offset"])
            if len(offsets) == 2:
                held.set()
                return
        await route.continue_()

    paths = put(tmp_path, anew__bin=bytes(9 * MB))
    await ada.page.route("**/api/uploads/*", stopping)
    await choose(ada, *paths)
    await asyncio.wait_for(held.wait(), 30)
    await ada.page.reload()  # first: once nothing stops it any more, what was held goes on
    await ada.page.unroute_all(behavior="ignoreErrors")
    await ada.live()
    patched: list[str] = []

    def note(request: Request) -> None:
        if request.method == "PATCH" and "/api/uploads/" in request.url:
            patched.append(request.headers["upload-offset"])

    ada.page.on("request", note)
    await choose(ada, *paths)
    await expect(chosen(ada, "done")).to_have_count(1, timeout=30_000)
    assert int(patched[0]) >= 4 * 1024 * 1024


async def test_a_large_file_that_is_cancelled_is_taken_back(ada: Visitor, tmp_path: Path) -> None:
    held: asyncio.Queue[Route] = asyncio.Queue()

    async def hold(route: Route, request: Request) -> None:
        await (held.put(route) if request.method == "PATCH" else route.continue_())

    await ada.page.route("**/api/uploads/*", hold)
    await choose(ada, *put(tmp_path, unwanted__bin=bytes(6 * MB)))
    await held.get()
    async with ada.page.expect_response(lambda answer: answer.request.method == "DELETE") as taken_back:
        await chosen(ada).get_by_role("button", name="Remove unwanted.bin").click()
    assert (await taken_back.value).status == 204
    await ada.page.unroute_all(behavior="ignoreErrors")


async def test_what_closed_pages_have_begun_stands_in_nobodys_way(visitors: Visitors, tmp_path: Path) -> None:
    ada, grace = await visitors.people("ada", "grace")
    ada.tolerates = re.compile("status of 429")
    await ada.chat_with(grace)
    begun = await ada.page.evaluate(BEGIN_FIVE, ada.name)
    assert begun == [201] * 5
    await choose(ada, *put(tmp_path, sixth__bin=bytes(6 * MB)))
    await expect(chosen(ada, "done")).to_have_count(1, timeout=30_000)
