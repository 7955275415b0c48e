"""Web addresses: public hosts of others, however one writes what is none."""

from ipaddress import ip_address

import pytest

from servicekit.web_addresses import is_public, leads_elsewhere

OWN = "parley.example:8000"


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:200::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_hosts_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.1.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:db8::1",
        "3fff::1",
        "5f00::1",
        "4000::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "2002:a00:1::",
        "2002:7f00:1::1",
    ],
)
def test_this_machine_its_network_and_what_is_reserved_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/ada.png",
        "http://example.org:8080/a?b=c#d",
        "HTTPS://exämple.org/ä",
        "https://parley.example.org/",
        "https://notparley.example/",
        "http://8.8.8.8/a.png",
        "http://[2606:4700::1111]/a.png",
        "https://example.org./a@b",
    ],
)
def test_public_hosts_of_others_are_elsewhere(url: str) -> None:
    assert leads_elsewhere(url, own_host=OWN)


@pytest.mark.parametrize(
    "url",
    [
        "http://parley.example:8000/api/video/streams/x/mjpeg",
        "https://parley.example/api/files/x",
        "http://PARLEY.Example./",
        "http://parley.example:1/",
        "http://parley%2eexample/",
        "http://parley。example/",
        "http://\uff50arley.example/",
    ],
)
def test_our_own_host_is_not_elsewhere_however_it_is_written(url: str) -> None:
    assert not leads_elsewhere(url, own_host=OWN)


def test_our_own_host_may_have_an_international_name_or_be_an_address() -> None:
    assert not leads_elsewhere("https://bücher.example/", own_host="xn--bcher-kva.example")
    assert not leads_elsewhere("http://8.8.8.8/", own_host="8.8.8.8:8000")
    assert not leads_elsewhere("http://[2606:4700:0:0::1111]/", own_host="[2606:4700::1111]:8000")


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0x7F.1",
        "2130706433",
        "0177.0.0.1",
        "0",
        "127.0.0.1.",
        "10.0.0.1",
        "8.8",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[fe80::1]",
        "[fe80::1%251]",
        "[v1.a]",
        "\uff11\uff12\uff17.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "redis",
        "a..b",
        "",
        ".",
        "a_b",
        "exa mple.org",
        "exa%20mple.org",
        "ada@example.org",
        "ada:pw@example.org",
        "@example.org",
        "example.org\\@evil.org",
        "[broken",
        "a" * 64 + ".org",
        "a." * 127 + "org",
        "example.org:99999x",
    ],
)
def test_what_may_not_be_public_is_not_elsewhere(url: str) -> None:
    assert not leads_elsewhere(f"http://{url}/a.png", own_host=OWN)


@pytest.mark.parametrize(
    "url", ["/a.png", "a.png", "//example.org/", "ftp://example.org/", "data:image/png,", "", "x:"]
)
def test_other_schemes_and_paths_are_not_elsewhere(url: str) -> None:
    assert not leads_elsewhere(url, own_host=OWN)
