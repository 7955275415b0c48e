"""The plan: five services, each told where it listens and where the others are."""

from pathlib import Path

import pytest

from launcher import plan
from launcher.plan import Service
from servicekit.settings import WrongSettings


def planned(chat_instances: int = 1, **chosen: str | int) -> dict[str, Service]:
    services = plan.services(
        plan.Settings(**chosen),  # type: ignore[arg-type]
        environment={"PATH": "/bin", **{f"PARLEY_{name.upper()}": str(value) for name, value in chosen.items()}},
        redis_url="redis://127.0.0.1:7000/0",
        chat_instances=chat_instances,
    )
    return {service.name: service for service in services}


def test_five_services_listen_on_the_documented_ports() -> None:
    assert {name: service.address for name, service in planned().items()} == {
        "auth": ("127.0.0.1", 8001),
        "chat": ("127.0.0.1", 8002),
        "media": ("127.0.0.1", 8003),
        "video": ("127.0.0.1", 8004),
        "gateway": ("127.0.0.1", 8000),
    }


def test_each_is_started_from_its_own_package() -> None:
    modules = {name: service.command[-1] for name, service in planned(chat_instances=2).items()}
    assert modules["gateway"] == "gateway"
    assert modules["auth"] == "auth_service"
    assert modules["chat-2"] == "chat_service"


def test_further_chat_instances_follow_after_the_ports_of_the_services() -> None:
    services = planned(chat_instances=3)
    assert services["chat-2"].address == ("127.0.0.1", 8005)
    assert services["chat-3"].address == ("127.0.0.1", 8006)


def test_further_chat_instances_leave_the_gateway_its_port() -> None:
    urls = {
        f"{name}_url": f"http://127.0.0.1:{port}" for name, port in (("auth", 8001), ("media", 8003), ("video", 8004))
    }
    services = planned(chat_instances=2, port=8005, chat_url="http://127.0.0.1:8002", **urls)
    assert services["chat-2"].address == ("127.0.0.1", 8006)


def ports(services: dict[str, Service]) -> list[int]:
    return sorted(service.address[1] for service in services.values())


def test_all_follow_the_port_of_the_gateway_so_that_a_second_parley_has_room_beside_the_first() -> None:
    assert ports(planned(chat_instances=3, port=8100)) == [8100, 8101, 8102, 8103, 8104, 8105, 8106]


def test_who_has_an_address_of_its_own_keeps_it() -> None:
    services = planned(port=8100, media_url="http://127.0.0.2:7000")
    assert services["media"].address == ("127.0.0.2", 7000)
    assert services["gateway"].environment["PARLEY_MEDIA_URL"] == "http://127.0.0.2:7000"
    assert services["video"].address == ("127.0.0.1", 8104)


@pytest.mark.parametrize("port", [80, 1_023, 64_000, 65_535])
def test_beside_a_port_without_room_for_them_they_stay_where_they_are_by_default(port: int) -> None:
    assert set(ports(planned(port=port))) == {8001, 8002, 8003, 8004, port}


def test_a_chat_instance_knows_its_own_address_and_the_gateway_knows_all() -> None:
    services = planned(chat_instances=2)
    assert services["chat-2"].environment["PARLEY_CHAT_URL"] == "http://127.0.0.1:8005"
    gateway = services["gateway"].environment
    assert gateway["PARLEY_CHAT_URL"] == "http://127.0.0.1:8002,http://127.0.0.1:8005"


def test_listed_chat_addresses_are_all_started() -> None:
    services = planned(chat_url="http://127.0.0.1:9101,http://127.0.0.1:9102")
    assert services["chat-2"].address == ("127.0.0.1", 9102)


def test_only_the_gateway_is_opened_to_the_network() -> None:
    services = planned(host="0.0.0.0")
    assert services.pop("gateway").environment["PARLEY_HOST"] == "0.0.0.0"
    assert {service.environment["PARLEY_HOST"] for service in services.values()} == {"127.0.0.1"}


def test_all_get_the_same_redis_and_an_absolute_data_folder() -> None:
    for service in planned().values():
        assert service.environment["PARLEY_REDIS_URL"] == "redis://127.0.0.1:7000/0"
        assert Path(service.environment["PARLEY_DATA_DIR"]).is_absolute()


@pytest.mark.parametrize(
    "chosen",
    [
        {"auth_url": "https://127.0.0.1:8001"},
        {"media_url": "127.0.0.1:8003"},
        {"video_url": "http://127.0.0.1:8004,http://127.0.0.1:8005"},
        {"chat_url": ","},
    ],
)
def test_an_address_that_cannot_be_used_is_refused_by_the_name_of_its_setting(chosen: dict[str, str]) -> None:
    (field,) = chosen
    with pytest.raises(WrongSettings, match=f"PARLEY_{field.upper()}"):
        planned(**chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host, given, wanted",
    [
        ("127.0.0.1", {}, "http://127.0.0.1:8000"),
        ("0.0.0.0", {}, "http://127.0.0.1:8000"),
        ("::", {}, "http://[::1]:8000"),
        ("127.0.0.1", {"PARLEY_PUBLIC_URL": "https://parley.example"}, "https://parley.example"),
        ("127.0.0.1", {"PARLEY_DOMAIN": "parley.example"}, None),
    ],
)
def test_auth_knows_where_the_gateway_is_reached(host: str, given: dict[str, str], wanted: str | None) -> None:
    chosen = plan.Settings(host=host)
    auth, *_ = plan.services(chosen, environment=given, redis_url="redis://127.0.0.1:7000/0", chat_instances=1)
    assert auth.environment.get("PARLEY_PUBLIC_URL") == wanted
