"""Web addresses that people choose: whether one leads to a public host, and to another than ours. Pure; asks no DNS."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import unquote, urlsplit

HOST_LENGTH_MAX = 253  # RFC 1035 §2.3.4
IPAddress = IPv4Address | IPv6Address

# Of IANA's special-purpose registries, what is not reached from everywhere; multicast and what is reserved with it.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291 §2.4: all else is for one link, one site, many or nobody
_NOT_PUBLIC_6 = tuple(IPv6Network(net) for net in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are where it leads
_LOW_32_BITS = 0xFFFFFFFF
# An URL whose host ends in a number means an IPv4 address, also as 127.1 or 0x7f000001 (WHATWG URL, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def is_public(address: IPAddress) -> bool:
    """Whether it can be a host of the Internet, and not of this machine or its network.

    An IPv6 address that carries an IPv4 address is as public as that.
    """
    if isinstance(address, IPv4Address):
        return not any(address in net for net in _NOT_PUBLIC_4)
    if (carried := address.ipv4_mapped or address.sixtofour) is not None:
        return is_public(carried)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & _LOW_32_BITS))
    return address in _GLOBAL_UNICAST and not any(address in net for net in _NOT_PUBLIC_6)


def leads_elsewhere(url: str, *, own_host: str) -> bool:
    """Whether `url` is http(s) of another host than `own_host` (a `Host` header), which may be a public one.

    It carries no user name, and its host is no address but a public one, in whatever way that is written.
    """
    if re.search(r"[\s\\<>\"]", url):
        return False
    try:
        parts = urlsplit(url)
        host = _plain_host(parts.netloc)
        is_own = host == _plain_host(own_host)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and "@" not in parts.netloc and not is_own and _may_be_public(host)


def _plain_host(netloc: str) -> str:
    """The host as DNS takes it, without port and last dot, in ASCII; or its shortest address. Raises ValueError."""
    parts = urlsplit(f"//{netloc}")
    host, _ = unquote(parts.hostname or "").removesuffix("."), parts.port  # a port that is none is a ValueError
    if len(host) > HOST_LENGTH_MAX:
        raise ValueError("the host is too long")
    if "[" in netloc or ":" in host:
        return str(ip_address(host))
    return host.encode("idna").decode().lower().removesuffix(".")


def _may_be_public(host: str) -> bool:
    name, _, last = host.rpartition(".")
    if ":" in host or _NUMBER.fullmatch(last):
        try:
            return is_public(ip_address(host))
        except ValueError:
            return False
    return bool(name) and last != "localhost" and re.fullmatch(r"[a-z0-9_.-]+", host) is not None
