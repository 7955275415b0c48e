"""Settings: the environment in a frozen type, or one clear line that names the variable."""

from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
import pytest

from servicekit.settings import (
    Limit,
    Settings,
    SwitchableLimit,
    WrongSettings,
    addresses,
    is_origin,
    load,
    load_or_exit,
    origin_of,
)


class OwnSettings(Settings, frozen=True, kw_only=True):
    """A service's own."""

    several_addresses: ClassVar[frozenset[str]] = frozenset({"chat_url"})
    chat_url: str = "http://127.0.0.1:8002"
    secret_key: Annotated[str, msgspec.Meta(min_length=16)] | None = None
    people_max: Limit = 10
    messages_per_second: SwitchableLimit = 20


def test_an_empty_environment_gives_what_works_on_one_machine() -> None:
    settings = load(Settings, {})
    assert (settings.host, settings.data_dir, settings.auth_url) == ("127.0.0.1", Path("data"), "http://127.0.0.1:8001")
    assert (settings.redis_url, settings.json_body_bytes_max) == ("redis://127.0.0.1:6379/0", 64 * 1024)
    assert (settings.log_level, settings.log_format, settings.metrics_port) == ("info", "auto", None)


def test_each_field_is_read_from_its_variable_in_its_type() -> None:
    environment = {
        "PARLEY_DATA_DIR": "/srv/parley",
        "PARLEY_PEOPLE_MAX": "1",
        "PARLEY_MESSAGES_PER_SECOND": "0",
        "PARLEY_METRICS_PORT": "65535",
        "PARLEY_CHAT_URL": "http://one:8002, http://two",
        "SECRET_KEY": "sixteen letters!",
        "PARLEY_SECRET_KEY": "not this one",
        "HOME": "/root",
    }
    settings = load(OwnSettings, environment)
    assert (settings.data_dir, settings.people_max, settings.messages_per_second) == (Path("/srv/parley"), 1, 0)
    assert (settings.metrics_port, settings.secret_key) == (65535, "sixteen letters!")
    with pytest.raises(AttributeError):
        settings.people_max = 2  # type: ignore[misc]


def test_an_empty_variable_counts_as_unset() -> None:
    assert load(OwnSettings, {"PARLEY_PEOPLE_MAX": "", "SECRET_KEY": ""}) == OwnSettings()


@pytest.mark.parametrize(
    "variable, value",
    [
        ("PARLEY_PEOPLE_MAX", "0"),
        ("PARLEY_PEOPLE_MAX", "many"),
        ("PARLEY_PEOPLE_MAX", "1" + "0" * 30),
        ("PARLEY_MESSAGES_PER_SECOND", "1" + "0" * 30),
        ("PARLEY_JSON_BODY_BYTES_MAX", str(2**63)),
        ("PARLEY_MESSAGES_PER_SECOND", "-1"),
        ("PARLEY_METRICS_PORT", "65536"),
        ("PARLEY_LOG_LEVEL", "loud"),
        ("PARLEY_LOG_FORMAT", "xml"),
        ("PARLEY_AUTH_URL", "auth:8001"),
        ("PARLEY_AUTH_URL", "https://auth"),
        ("PARLEY_AUTH_URL", "http://"),
        ("PARLEY_AUTH_URL", "http://auth:port"),
        ("PARLEY_AUTH_URL", "http://auth:65536"),
        ("PARLEY_AUTH_URL", "http://one,http://two"),
        ("PARLEY_AUTH_URL", "http://au th:1"),
        ("PARLEY_AUTH_URL", "http://user@auth:1"),
        ("PARLEY_AUTH_URL", "http://auth:1/path"),
        ("PARLEY_CHAT_URL", "http://one,two"),
        ("PARLEY_CHAT_URL", "http://one,"),
        ("PARLEY_REDIS_URL", "http://cache"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(variable: str, value: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        load(OwnSettings, {variable: value})
    assert str(refused.value).startswith(variable)
    assert "\n" not in str(refused.value)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(WrongSettings, match="SECRET_KEY") as refused:
        load(OwnSettings, {"SECRET_KEY": "too short"})
    assert "too short" not in str(refused.value)


@pytest.mark.parametrize("path", ["first", "-"])
def test_the_password_of_redis_is_not_shown(path: str) -> None:
    with pytest.raises(WrongSettings, match="PARLEY_REDIS_URL") as refused:
        load(Settings, {"PARLEY_REDIS_URL": f"redis://:hunter2@cache/{path}"})
    assert "hunter2" not in str(refused.value)


def test_a_wrong_setting_is_one_line_and_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load_or_exit(OwnSettings, {"PARLEY_PEOPLE_MAX": "many"})
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "wrong setting: PARLEY_PEOPLE_MAX='many': Expected `int`, got `str`"


def test_right_settings_go_through() -> None:
    assert load_or_exit(OwnSettings, {"PARLEY_PEOPLE_MAX": "3"}).people_max == 3


@pytest.mark.parametrize("url", ["http://host", "https://Host.example:8443", "http://[::1]:8000", "http://10.0.0.7"])
def test_an_origin_is_a_scheme_and_a_host(url: str) -> None:
    assert is_origin(url)


@pytest.mark.parametrize(
    "url",
    ["", "host", "//host", "ftp://host", "http://", "http://ho st", "http://me@host", "http://host/", "http://host?"],
)
def test_what_says_more_or_less_is_no_origin(url: str) -> None:
    assert not is_origin(url)


@pytest.mark.parametrize(
    "host, reached", [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_who_listens_is_reached_at_an_origin(host: str, reached: str) -> None:
    origin = origin_of(host, 8000)
    assert (origin, is_origin(origin)) == (f"http://{reached}:8000", True)


def test_addresses_are_pairs_of_host_and_port() -> None:
    assert addresses("http://one:8002, http://[::1]:7000/,http://three") == [
        ("one", 8002),
        ("::1", 7000),
        ("three", 80),
    ]
