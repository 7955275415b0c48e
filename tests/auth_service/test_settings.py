"""What the environment may say to the auth service."""

import pytest

from auth_service.settings import AuthSettings
from servicekit.settings import WrongSettings, load


@pytest.mark.parametrize(
    "variable, value",
    [
        ("PARLEY_TOKEN_LIFETIME_S", "0"),
        ("PARLEY_TOKEN_LIFETIME_S", str(2**40)),
        ("PARLEY_DOMAIN", "parley example"),
        ("PARLEY_DOMAIN", "https://parley.example"),
        ("PARLEY_PUBLIC_URL", "https://parley.example:99999"),
        ("PARLEY_PUBLIC_URL", "https://parley.example/?a"),
        ("PARLEY_USERNAME_LENGTH_MIN", "33"),
    ],
)
def test_a_setting_that_no_sign_in_or_link_could_use_is_refused(variable: str, value: str) -> None:
    with pytest.raises(WrongSettings, match=variable):
        load(AuthSettings, {variable: value})


def test_links_lead_to_an_ipv6_address_too() -> None:
    assert load(AuthSettings, {"PARLEY_HOST": "::1"}).address_for_people == "http://[::1]:8000"
