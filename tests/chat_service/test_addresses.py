"""Addresses in what people write: where they begin and end, in whatever script the sentence is."""

import re

import pytest

from chat_service.domain.markdown import render


def links(text: str) -> list[str]:
    return re.findall(r'<a href="([^"]*)"', render(text) or "")


@pytest.mark.parametrize(
    "text, found",
    [
        ("https://example.org", ["https://example.org"]),
        ("See https://example.org/a?b=c#f, please.", ["https://example.org/a?b=c#f"]),
        ("(https://en.wikipedia.org/wiki/Moth_(insect))", ["https://en.wikipedia.org/wiki/Moth_(insect)"]),
        ("HTTPS://A.example https://b.example", ["HTTPS://A.example", "https://b.example"]),
        ("<https://a.example>", ["https://a.example"]),
        ("https://a.example… “https://b.example”", ["https://a.example", "https://b.example"]),
        ("**https://a.example/b_c** _https://d.example_", ["https://a.example/b_c", "https://d.example"]),
        ("||https://a.example||", ["https://a.example"]),
        ("https://a.example/*b*", ["https://a.example/*b"]),
        # Scripts without blanks
        ("https://example.com\uff0c谢谢", ["https://example.com"]),
        ("请看https://example.com/a", ["https://example.com/a"]),
        ("「https://example.com/a」。", ["https://example.com/a"]),
        ("https://example.com/a؟ نعم", ["https://example.com/a"]),
        ("https://example.com/a\u200bb \u202ehttps://c.example\u202c", ["https://example.com/a", "https://c.example"]),
        # Mails
        ("ada@example.org, first_last+x@a.b.example!", ["mailto:ada@example.org", "mailto:first_last+x@a.b.example"]),
        # None
        ("javascript:alert(1) ftp://a.example data:text/html,x //a.example", []),
        ("https:// nothing https://...", []),
        ("https://user@evil.example https://a.example\\@evil.example/", ["https://a.example"]),
        ("xhttps://a.example @a ada@localhost", []),
        ("`https://a.example`", []),
        ("example.org and main.py", []),
    ],
)
def test_addresses_are_links_and_end_where_they_end(text: str, found: list[str]) -> None:
    assert links(text) == found


def test_an_address_of_another_script_leads_to_what_browsers_ask_for() -> None:
    html = render("https://bücher.example/ä") or ""
    assert 'href="https://xn--bcher-kva.example/%C3%A4"' in html
    assert ">https://bücher.example/ä</a>" in html
    # Written as it is looked up, it does not become what it may look like.
    assert ">https://xn--bcher-kva.example</a>" in (render("<https://xn--bcher-kva.example>") or "")
