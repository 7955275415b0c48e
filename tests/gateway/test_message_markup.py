"""Messages as markup, which is kept: whoever looks, and whatever has changed, it is as if it were made now."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from bs4 import BeautifulSoup

from gateway import catalogues
from gateway.domain.api_types import Attachment, Call, Message
from gateway.domain.message_view import MessageView, Quote, Reading
from gateway.domain.page_limits import PageLimits
from gateway.domain.people import Person
from gateway.domain.room_powers import NO_POWERS
from gateway.domain.timeline import entries
from gateway.markup_cache import MarkupCache
from gateway.rendering import Renderer
from tests.gateway.gateways import System
from tests.gateway.pages import telling

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MESSAGE = Message(id=7, seq=7, label="@grace", sender_username="ada", message="Hello", timestamp=NOON)
PICTURE = Attachment(id="p", url="/api/files/p", thumbnail_url="/api/files/p/thumbnail", width=4, height=3)
ADA, GRACE = Person("ada", "Ada"), Person("grace", "Grace")
VIEW = MessageView(
    message=MESSAGE,
    sender=ADA,
    path="/chat/grace",
    history_query="",
    continues=False,
    is_own=False,
    may_delete=False,
    state="",
    reader="",
    quote=None,
    tools=(),
)


def changed(**fields: Any) -> MessageView:
    return msgspec.structs.replace(VIEW, **fields)


def said(**fields: Any) -> MessageView:
    return changed(message=msgspec.structs.replace(MESSAGE, **fields))


LIKED = msgspec.structs.replace(MESSAGE, reactions={"👍": ["ada"]})
# Each makes other markup than all others, in the language of the reader.
VIEWS = [
    VIEW,
    said(message="Hello."),
    said(html="<p><strong>Hello</strong></p>"),
    said(id=8),
    said(seq=8),
    said(timestamp=NOON.replace(minute=1)),
    said(nonce="n"),
    said(edited_at=NOON),
    said(deleted=True, message=""),
    said(reply_to=3),
    said(attachments=(PICTURE,)),
    said(attachments=(msgspec.structs.replace(PICTURE, filename="cat"),)),
    said(attachments=(msgspec.structs.replace(PICTURE, kind="video"),)),
    said(attachments=(msgspec.structs.replace(PICTURE, kind="audio"),)),
    said(attachments=(msgspec.structs.replace(PICTURE, kind="audio", duration_s=3.0),)),
    said(attachments=(msgspec.structs.replace(PICTURE, kind="document", size=7),)),
    said(call=Call("missed")),
    said(call=Call("answered", 300)),
    said(replies_count=1, last_reply_id=9),
    said(replies_count=2, last_reply_id=9),
    said(replies_count=2, last_reply_id=10),
    said(replies_count=0, last_reply_id=9),
    changed(message=LIKED, reader="ada"),
    changed(message=LIKED, reader="grace"),
    changed(message=msgspec.structs.replace(MESSAGE, reactions={"👍": ["ada", "grace"]}), reader="grace"),
    changed(message=msgspec.structs.replace(MESSAGE, reply_to=3), quote=Quote(sender_name="Grace", text="When?")),
    changed(message=msgspec.structs.replace(MESSAGE, reply_to=3), quote=Quote(sender_name="Linus", text="When?")),
    changed(
        message=msgspec.structs.replace(MESSAGE, reply_to=3), quote=Quote(sender_name="Grace", text="", deleted=True)
    ),
    changed(sender=Person("ada", "Countess")),
    changed(sender=Person("ada", "Ada", "https://example.org/ada.png")),
    changed(path="/rooms/lobby", message=LIKED, reader="ada"),
    changed(history_query="?before=9"),
    changed(continues=True),
    changed(is_own=True, may_delete=True, state="sent"),
    changed(is_own=True, may_delete=True, state="read"),
    changed(tools=("delete",)),
    changed(tools=("react",)),
    changed(tools=("edit",), is_own=True, may_delete=True),
    changed(tools=("report",)),
    changed(tools=("more",)),
    changed(tools=("more",), may_pin=True),
    changed(tools=("more",), may_delete=True),
    changed(tools=("more",), may_pin=True, is_pinned=True),
    changed(is_pinned=True),
    changed(is_collapsed=True),
]


class NoFiles:
    """Messages show none of the styles and scripts."""

    def url(self, name: str) -> str | None:
        raise AssertionError(name)


LANGUAGES = catalogues.load()


def new_renderer(messages: MarkupCache) -> Renderer:
    limits = PageLimits(message_length_max=10, picture_bytes_max=10, file_bytes_max=10)
    return Renderer(LANGUAGES, NoFiles(), limits, messages=messages)


class Form(msgspec.Struct):
    text: str | None = None
    edit: int | None = None
    report: int | None = None
    error: str = ""


def markup(renderer: Renderer, view: MessageView, language: str = "en", form: Form | None = None) -> str:
    return renderer.message(language, view, form or Form(), ("👍", "🙏"))


def test_whatever_was_shown_before_each_is_as_if_it_were_made_now() -> None:
    keeping, forgetting = new_renderer(MarkupCache()), new_renderer(MarkupCache(bytes_max=0))
    shown = [(language, view) for _ in range(2) for language in ("en", "de") for view in VIEWS]
    kept = [markup(keeping, view, language) for language, view in shown]
    assert kept == [markup(forgetting, view, language) for language, view in shown]
    assert len(set(kept)) == 2 * len(VIEWS)


def test_what_is_equal_is_made_once() -> None:
    renderer = new_renderer(MarkupCache())
    assert markup(renderer, VIEW) is markup(renderer, said(message="Hello"))


def test_html_goes_in_as_it_is_beside_what_was_typed_and_nothing_else_does() -> None:
    view = said(message="**a** <b>", html="<p><strong>a</strong> &lt;b&gt;</p>")
    text = BeautifulSoup(markup(new_renderer(MarkupCache()), view), "html.parser").select_one(".text")
    assert text is not None
    assert text["data-source"] == "**a** <b>"
    assert text.decode_contents() == "<p><strong>a</strong> &lt;b&gt;</p>"
    plain = BeautifulSoup(markup(new_renderer(MarkupCache()), said(message="<i>a</i>")), "html.parser")
    assert [(one.attrs, one.decode_contents()) for one in plain.select(".text")] == [
        ({"class": ["text"], "dir": "auto"}, "&lt;i&gt;a&lt;/i&gt;")
    ]


def test_spoilers_stay_hidden_in_a_quote() -> None:
    answered = msgspec.structs.replace(MESSAGE, message="it was ||the\nbutler||, || of course")
    assert Quote.of(answered, {}).text == "it was \u2592\u2592\u2592, || of course"


def test_what_was_typed_into_an_open_form_is_not_kept() -> None:
    renderer, editing = new_renderer(MarkupCache()), changed(tools=("edit",), is_own=True)
    assert "my draft" in markup(renderer, editing, form=Form(text="my draft", edit=7))
    assert "my draft" not in markup(renderer, editing)
    assert "my draft" not in markup(renderer, VIEW, form=Form(text="my draft", edit=7))


def test_who_reads_shows_in_their_own_messages_and_reactions_alone() -> None:
    both = [MESSAGE, msgspec.structs.replace(LIKED, id=8, seq=8, sender_username="linus")]

    def views(reader: str) -> list[MessageView]:
        reading = Reading(
            reader=reader,
            powers=NO_POWERS,
            collapsed=frozenset(),
            path="/rooms/lobby",
            history_query="",
            people={"ada": ADA, "grace": GRACE},
            answered={},
            tools={"edit": None, "delete": None, "react": None},
        )
        return [reading.view(entry) for entry in entries(both, reader=reader)]

    first, second = zip(views("grace"), views("hedy"), strict=True)
    assert first[0] == first[1]
    assert second[0] != second[1]
    assert views("ada")[0] != views("grace")[0]


async def test_each_reader_gets_their_own_page_and_each_change_shows_at_once(whole: System) -> None:
    message = {
        "id": 7,
        "seq": 1,
        "conversation": "#den",
        "sender_username": "ada",
        "message": "Hello",
        "timestamp": "2026-11-22T12:00:00Z",
        "reactions": {"👍": ["grace"]},
    }
    room = {"name": "den", "is_member": True, "members": ["ada", "grace"], "members_count": 2, "last_seq": 1}

    async def page(username: str, **changes: object) -> str:
        answers = {"/api/rooms/den": room, "/api/rooms/den/messages": [{**message, **changes}]}
        whole.chat.handler = telling({"/api/saved-chats": [], "/api/rooms": [], **answers})
        answer = await whole.http.get("/rooms/den?more=7", headers=whole.cookie(username))
        assert answer.status_code == 200
        return answer.text.partition("<article")[2].partition("</article>")[0]

    for _ in range(2):
        ada, grace = await page("ada"), await page("grace")
        assert ("data-own" in ada, "data-own" in grace) == (True, False)
        assert ('aria-pressed="true"' in ada, 'aria-pressed="true"' in grace) == (False, True)
        assert offered(ada) == {"copy-link", "replies", "edit", "delete"}  # what only who wrote it may do
        assert offered(grace) == {"copy-link", "replies", "unread", "report"}
        assert "Hallo" in await page("grace", message="Hallo")
        assert "Hello" not in await page("grace", message="", deleted=True)


def offered(article: str) -> set[str]:
    found = BeautifulSoup(article, "html.parser").select(".message-choices [data-action]")
    return {str(one["data-action"]) for one in found}


@pytest.fixture
def made() -> list[bytes]:
    return []


def keep(cache: MarkupCache, made: list[bytes], *keys: bytes, length: int = 1000) -> None:
    def make() -> str:
        made.append(key)
        return "x" * length

    for key in keys:
        cache.get_or_make(key, make)


def test_the_least_recently_shown_is_forgotten_first(made: list[bytes]) -> None:
    cache = MarkupCache(bytes_max=3500)
    keep(cache, made, b"a", b"b", b"c", b"a", b"d")
    assert made == [b"a", b"b", b"c", b"d"]
    keep(cache, made, b"a", b"c", b"d")
    assert made == [b"a", b"b", b"c", b"d"]
    keep(cache, made, b"b")
    assert made[4:] == [b"b"]


def test_what_is_kept_never_takes_more_than_it_may(made: list[bytes]) -> None:
    cache = MarkupCache(bytes_max=3500)
    keep(cache, made, *(b"%d" % number for number in range(50)))
    assert 2000 < cache.size_bytes <= 3500
    keep(cache, made, b"too large", b"49", length=4000)
    assert made[-2:] == [b"49", b"too large"]
    assert 2000 < cache.size_bytes <= 3500
