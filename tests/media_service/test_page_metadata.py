"""What a page of somebody else's says of itself, however it says it, and be it hostile."""

import time

import pytest

from media_service.domain.link_cards import (
    DESCRIPTION_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    URL_LENGTH_MAX,
    Card,
    card_of,
    page_of,
    picture_address,
)
from media_service.domain.web_pages import HeadReader, text_of
from media_service.page_metadata import metadata_of

URL = "https://www.example.org/news/today.html"
HTML = {"content-type": "Text/HTML; charset=utf-8"}
LARGE_BYTES = 512 * 1024
PARSE_S_MAX = 3.0  # of half a mebibyte, on a busy machine; none of them takes a tenth of a second on an idle one


def card(head: str, url: str = URL) -> Card | None:
    return card_of(metadata_of(head), url)


def title(head: str) -> str | None:
    found = card(head)
    return found.title if found else None


def test_open_graph_comes_first() -> None:
    head = (
        "<!doctype html><html><head><title>Plain</title><meta name=description content=plain>"
        '<meta property="og:title" content="A &amp; B"><meta property="og:description" content="What&#10;  it is">'
        '<META PROPERTY="OG:SITE_NAME" CONTENT="The News"><meta property=og:image content=/a.png></head>'
    )
    assert card(head) == Card(title="A & B", description="What it is", site="The News")
    assert picture_address(metadata_of(head), URL) == "https://www.example.org/a.png"


def test_a_page_that_only_has_a_title_is_named_by_it_and_its_host() -> None:
    assert card("<title> Hello\n there </title>") == Card(title="Hello there", description="", site="example.org")


@pytest.mark.parametrize(
    "head",
    [
        "",
        "<title></title>",
        "<title>\u200b\u2800 \u202e</title>",
        "<p>Hello<title>late</title>",
        "<script>var a = '<title>no</title>'</script>",
        "<!-- <title>no</title> -->",
        "<body><title>late</title><meta property=og:title content=late>",
        '<meta property="og:title" content="   ">',
        '<meta property="title" content="not this one">',
        "\0\1\2 %PDF-1.7",
        "<" * 1000,
    ],
)
def test_a_page_without_a_title_gets_no_card(head: str) -> None:
    assert card(head) is None


def test_only_the_first_of_each_counts_and_an_empty_one_does_not() -> None:
    assert title("<title>One</title><title>Two</title>") == "One"
    head = '<meta property=og:title content=""><meta property=og:title content=One><meta property=og:title content=2>'
    assert title(head) == "One"


def test_nothing_in_it_turns_directions_breaks_lines_or_is_markup() -> None:
    assert title("<title>\u202egpj.\u2066exe\u2028\x1b[31m\x00\u200f!</title>") == "gpj.exe [31m\ufffd\u200f!"
    assert title("<title><b onclick=x>bold</b> &lt;img src=x&gt; &#xD800;&#x202E;</title>") is not None
    found = title("<title>&lt;img src=x onerror=alert(1)&gt;</title>")
    assert found == "<img src=x onerror=alert(1)>"  # text, and escaped as any


def test_texts_have_a_length() -> None:
    found = card(f"<title>{'x' * 100_000}</title><meta name=description content='{'y ' * 50_000}'>")
    assert found is not None
    assert (len(found.title), found.title[-2:]) == (TITLE_LENGTH_MAX, "x…")
    assert len(found.description) <= DESCRIPTION_LENGTH_MAX


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * (LARGE_BYTES // 5),
        "<title>" * (LARGE_BYTES // 7),
        "<title>" + "x" * LARGE_BYTES,
        "<meta " + " ".join(f"a{number}=1" for number in range(60_000)) + ">",
        "<" * LARGE_BYTES,
        "<!--" * (LARGE_BYTES // 4),
        "&amp;" * (LARGE_BYTES // 5),
        "<a " * (LARGE_BYTES // 3),
        "<meta property=og:title content=x>" * (LARGE_BYTES // 34),
        "<!DOCTYPE a [<!ENTITY a 'aa'>" + "".join(f"<!ENTITY a{n} '&a;&a;&a;&a;'>" for n in range(9_000)) + "]>&a1;",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_pages_cost_little(text: str) -> None:
    began_s = time.process_time()
    metadata_of(text)
    assert time.process_time() - began_s < PARSE_S_MAX


# The picture's address


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:image/png;base64,AA", "file:///etc/passwd", "//[::1", "", "  ", "x" * 3_000],
)
def test_what_is_no_address_of_the_web_is_no_picture(address: str) -> None:
    assert picture_address({"og:image": address}, URL) is None


def test_a_picture_is_where_its_page_says_from_where_it_is() -> None:
    for address, asked in (
        ("b.png", "https://www.example.org/news/b.png"),
        ("//cdn.example.org/b.png#x", "https://cdn.example.org/b.png"),
        ("http://cdn.example.org/b.png?c=d&e", "http://cdn.example.org/b.png?c=d&e"),
    ):
        assert picture_address({"og:image": address}, URL) == asked
    assert picture_address({"og:image": " ", "image_src": "/c.png"}, URL) == "https://www.example.org/c.png"


def test_a_link_leads_to_a_page_whichever_part_of_it() -> None:
    assert page_of("https://example.org/a?b#c") == "https://example.org/a?b"
    assert page_of("HTTP://example.org/") is not None
    for nowhere in ("mailto:ada@example.org", "http://[::1#a", "https://a]b[c/#d", "//example.org/", "example.org", ""):
        assert page_of(nowhere) is None
    assert page_of("https://example.org/".ljust(URL_LENGTH_MAX, "x")) is not None
    assert page_of("https://example.org/".ljust(URL_LENGTH_MAX + 1, "x")) is None


# How much is read, and as what


def test_reading_ends_with_the_head_wherever_the_pieces_are_cut() -> None:
    page = b"<html><head><title>x</title></HEAD ><body>"
    for cut in range(len(page)):
        head, body = HeadReader(), bytearray()
        assert not head.is_enough(HTML, body)
        body += page[:cut]
        ended_before = head.is_enough(HTML, body)
        body += page[cut:]
        assert ended_before or head.is_enough(HTML, body)
        assert ended_before == (b"</HEAD" in page[:cut] and page[:cut][-6:] != b"</HEAD") or cut == 34


@pytest.mark.parametrize("content_type", ["", "application/pdf", "image/png", "text/plain", "text/htmlx", "video/mp4"])
def test_of_what_is_no_page_nothing_is_read(content_type: str) -> None:
    assert HeadReader().is_enough({"content-type": content_type}, bytearray())
    assert HeadReader().is_enough({}, bytearray())


@pytest.mark.parametrize(
    "body, content_type, text",
    [
        ("é€".encode(), "text/html", "é€"),
        ("é€ ".encode("cp1252"), "text/html", "é€ "),
        ("é€".encode("cp1252"), "text/html; charset=ISO-8859-1", "é€"),
        ("Привет".encode("koi8-r"), 'text/html; charset="koi8-r"', "Привет"),
        ("日本".encode("shift_jis"), "text/html;charset=Shift_JIS", "日本"),
        (b"<meta charset=windows-1251>" + "Привет".encode("cp1251"), "text/html", "<meta charset=windows-1251>Привет"),
        (b"\xff\xfe" + "日本".encode("utf-16-le"), "text/html; charset=utf-8", "日本"),
        (b"\xef\xbb\xbfa", "text/html; charset=koi8-r", "a"),
        ("a€".encode()[:-1], "text/html", "a\ufffd"),
        (b"\xff\xfe", "text/html", ""),
        (b"+ADw-script+AD4-", "text/html; charset=utf-7", "+ADw-script+AD4-"),
        (b"a\\u202e", "text/html; charset=unicode_escape", "a\\u202e"),
        (b"a" * 10, "text/html; charset=punycode", "a" * 10),
        (b"\xe9", "text/html; charset=utf-8", "\ufffd"),
    ],
)
def test_a_page_is_read_as_what_it_says_it_is_if_that_is_something(body: bytes, content_type: str, text: str) -> None:
    assert text_of(body, content_type) == text
