import pytest

from servicekit.networks import network_of, wider_network_of


@pytest.mark.parametrize(
    "address, network, wider",
    [
        ("203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("::1", "::/64", "::/48"),
        ("", "", ""),
        ("unix", "unix", "unix"),
    ],
)
def test_an_address_counts_for_its_network(address: str, network: str, wider: str) -> None:
    assert (network_of(address), wider_network_of(address)) == (network, wider)
