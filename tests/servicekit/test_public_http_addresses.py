"""Where the way out leads: to public hosts alone, at the address that was checked, and so with each redirect."""

from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from servicekit.public_http_client import REDIRECTS_MAX, ForbiddenAddress, NoResponse, ResponseTooSlow, TooManyRedirects
from tests.certificates import certificate_of, trusting
from tests.foreign_hosts import Web, serving
from tests.servicekit.public_http import got


def resolving(*addresses: str) -> Callable[[str], Awaitable[list[str]]]:
    """Whatever the name."""

    async def resolve(_: str) -> list[str]:
        return list(addresses)

    return resolve


def redirect(to: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://localhost/",
        "http://localhost./",
        "http://127.0.0.1./",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://192.168.1.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:db8::1]/",
        "https://127.0.0.1/",
    ],
)
async def test_no_private_address_is_asked_however_it_is_written(url: str) -> None:
    with pytest.raises((ForbiddenAddress, NoResponse)) as refused:  # some systems know no such spelling
        await got(url)
    assert "reached" not in str(refused.value)  # nobody was called


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "javascript:alert(1)",
        "//example.org/",
        "example.org",
        "http:///a",
        "http://",
        "",
        "http://[::1",
        "http://ada:secret@example.org/",
        "http://ada@example.org/",
        "http://@127.0.0.1@example.org/",
        "http://example.org:22/",
        "http://example.org:6379/",
        "http://example.org\x00/",
        "http://\uff11\uff12\uff17.0.0.1/",
    ],
)
async def test_what_is_no_plain_web_address_is_not_resolved(url: str) -> None:
    async def resolve(name: str) -> list[str]:
        raise AssertionError(name)

    with pytest.raises(ForbiddenAddress):
        await got(url, resolve=resolve)


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("::1",), ("::ffff:10.0.0.1",)])
async def test_a_name_with_a_private_address_is_refused(addresses: tuple[str, ...]) -> None:
    with pytest.raises(ForbiddenAddress):
        await got("http://example.org/", resolve=resolving(*addresses))


@pytest.mark.parametrize("addresses", [(), ("no address",)])
async def test_a_name_without_an_address_has_no_answer(addresses: tuple[str, ...]) -> None:
    with pytest.raises(NoResponse):
        await got("http://example.org/", resolve=resolving(*addresses))


async def test_an_answer_of_dns_that_changes_after_the_check_changes_nothing(web: Web) -> None:
    """The first answer was checked: that is where the connection goes, and nobody asks again."""
    asked = count()

    async def resolve(_: str) -> list[str]:
        return ["127.0.0.1" if next(asked) == 0 else "127.0.0.9"]

    name = f"changing.example:{web.port}"
    answer = await got(web.at(name="changing.example"), name, resolve=resolve)
    assert answer.body == b"hello"
    assert next(asked) == 1
    assert f"Host: {name}" in web.heads[0]


async def test_each_redirect_is_checked_again(web: Web) -> None:
    for target in (
        "http://127.0.0.1/",
        "http://localhost:22/",
        "file:///etc/passwd",
        "http://a@example.org/",
        "//[::1]/",
    ):
        web.answers["/"] = redirect(target)
        with pytest.raises(ForbiddenAddress):
            await got(web.at(), web.host)


async def test_a_name_is_resolved_again_for_each_redirect(web: Web) -> None:
    web.answers["/"] = redirect("/next")
    addresses = [["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(_: str) -> list[str]:
        return addresses.pop(0)

    answer = got(web.at(name="a.example"), f"a.example:{web.port}", resolve=resolve, deadline_s=0.5)
    with pytest.raises((NoResponse, ResponseTooSlow)):  # allowed, so it was called where it is by now: nobody is there
        await answer
    assert (addresses, len(web.heads)) == ([], 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed_up_to_the_limit(web: Web, status: int) -> None:
    for number in range(REDIRECTS_MAX):
        web.answers[f"/{number}"] = redirect(f"/{number + 1}", status)
    answer = await got(web.at("/0"), web.host)
    assert (answer.body, answer.url) == (b"hello", web.at(f"/{REDIRECTS_MAX}"))
    web.answers[f"/{REDIRECTS_MAX}"] = redirect("/end")
    with pytest.raises(TooManyRedirects):
        await got(web.at("/0"), web.host)


async def test_an_allowed_host_is_that_host_at_that_port(web: Web) -> None:
    for allowed in ("127.0.0.1", f"localhost:{web.port}", "127.0.0.1:80"):
        with pytest.raises(ForbiddenAddress):
            await got(web.at(), allowed)
    assert (await got(web.at(name="LocalHost"), f"localhost:{web.port}", resolve=resolving("127.0.0.1"))).status == 200


async def test_the_next_address_is_tried_where_one_is_not_reached(web: Web) -> None:
    name = f"two.example:{web.port}"
    answer = await got(web.at(name="two.example"), name, resolve=resolving("127.0.0.9", "127.0.0.1"))
    assert answer.body == b"hello"


async def test_international_names_are_asked_in_ascii(web: Web) -> None:
    asked: list[str] = []

    async def resolve(name: str) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"]

    name = f"xn--bcher-kva.example:{web.port}"
    await got(web.at(name="bücher.example."), name, resolve=resolve)
    assert asked == ["xn--bcher-kva.example"]
    assert f"Host: {name}" in web.heads[0]


async def test_tls_proves_the_name_though_the_address_is_called(tmp_path: Path) -> None:
    authority, server_tls = certificate_of("good.example", tmp_path)
    async with serving(server_tls) as web:
        names: Any = {"resolve": resolving("127.0.0.1"), "tls": trusting(authority)}
        allowed = [f"good.example:{web.port}", f"evil.example:{web.port}"]
        assert (await got(f"https://{allowed[0]}/", *allowed, **names)).body == b"hello"
        with pytest.raises(NoResponse, match="CERTIFICATE_VERIFY_FAILED"):
            await got(f"https://{allowed[1]}/", *allowed, **names)
        with pytest.raises(NoResponse, match="CERTIFICATE_VERIFY_FAILED"):  # good, of an authority that nobody knows
            await got(f"https://{allowed[0]}/", *allowed, resolve=resolving("127.0.0.1"))
