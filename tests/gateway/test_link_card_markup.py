"""Link cards as pages show them: text of others, beside the host that it really is from."""

import msgspec
from bs4 import BeautifulSoup, Tag

from gateway.domain.api_types import LinkCard
from gateway.markup_cache import MarkupCache
from tests.gateway.test_message_markup import MESSAGE, changed, markup, new_renderer, said

RENDERER = new_renderer(MarkupCache(bytes_max=0))
CARD = LinkCard(url="https://www.example.org/a", title="Today", description="News", site="The News")


def shown(*cards: LinkCard, is_own: bool = False) -> Tag:
    view = changed(message=msgspec.structs.replace(MESSAGE, cards=cards), is_own=is_own)
    place = BeautifulSoup(markup(RENDERER, view), "html.parser").select_one(".link-cards")
    assert place is not None
    return place


def texts(place: Tag) -> list[str]:
    return [one.get_text() for one in place.select(".link-card > span")]


def test_a_card_leads_to_the_page_and_says_where_that_is() -> None:
    picture = "/api/card-pictures/abc"
    place = shown(msgspec.structs.replace(CARD, picture=picture))
    link, image = place.select_one("a.link-card"), place.select_one("img")
    assert link is not None
    assert image is not None
    assert (link["href"], link["rel"]) == (CARD.url, ["noopener", "noreferrer", "nofollow"])
    assert (image["src"], image["alt"]) == (picture, "")
    assert texts(place) == ["The News · example.org", "Today", "News"]
    assert not place.has_attr("hidden")


def test_a_page_that_takes_another_name_does_not_hide_its_host() -> None:
    assert texts(shown(msgspec.structs.replace(CARD, site="bank.example")))[0] == "bank.example · example.org"
    assert texts(shown(msgspec.structs.replace(CARD, site="Example.org")))[0] == "example.org"
    assert texts(shown(LinkCard(url=CARD.url, title="Today"))) == ["example.org", "Today"]
    assert texts(shown(LinkCard(url="http://[::1", title="Today", site="Home")))[0] == "Home"


def test_nothing_of_it_becomes_markup() -> None:
    evil = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>"
    place = shown(LinkCard(url=f"https://example.org/{evil}", title=evil, description=evil, site=evil))
    assert place.select("script, img") == []
    assert texts(place)[1:] == [evil, evil]


def test_only_the_author_can_take_cards_away() -> None:
    assert shown(CARD).select("form") == []
    form = shown(CARD, is_own=True).select_one("form")
    assert form is not None
    assert (form["method"], form["action"]) == ("post", "/chat/grace/7/remove-cards")


def test_without_cards_there_is_no_place_for_them_but_in_what_scripts_clone() -> None:
    assert BeautifulSoup(markup(RENDERER, said()), "html.parser").select(".link-cards") == []
    template = BeautifulSoup(RENDERER.empty_message("en", ""), "html.parser").select_one(".link-cards")
    assert template is not None
    assert template.has_attr("hidden")
    assert template.select(".link-card") == []
    assert len(template.select("form button")) == 1
