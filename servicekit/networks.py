"""Networks: whom an address counts for, where somebody may have many addresses to choose from."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address


def network_of(address: str) -> str:
    """One address of IPv4, or the /64 that whoever has one address of IPv6 has whole; what is no address, as it is."""
    return _network(address, ipv4_bits=32, ipv6_bits=64)


def wider_network_of(address: str) -> str:
    """The /24 (IPv4) or /48 (IPv6) around it: about what one customer of a provider may have."""
    return _network(address, ipv4_bits=24, ipv6_bits=48)


def _network(address: str, *, ipv4_bits: int, ipv6_bits: int) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return str(IPv6Network((int(ip), ipv6_bits), strict=False))
        ip = ip.ipv4_mapped
    return str(ip) if ipv4_bits == 32 else str(IPv4Network((int(ip), ipv4_bits), strict=False))
