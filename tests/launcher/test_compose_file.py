"""docker-compose.yml, read as text: an engine is not needed for what these tests hold."""

import importlib
import re

import pytest

from launcher.processes import REPOSITORY
from servicekit.settings import Settings

SERVICES = ("auth_service", "chat_service", "gateway", "media_service", "video_service")
COMPOSE = (REPOSITORY / "docker-compose.yml").read_text()
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def settings_of(service: str) -> set[str]:
    """The names of the environment variables that this service reads."""
    members = vars(importlib.import_module(f"{service}.settings")).values()
    types = [member for member in members if isinstance(member, type) and issubclass(member, Settings)]
    return {name for settings_type in types for name in settings_type.__struct_encode_fields__}


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_of_a_service_can_be_given_to_its_container(service: str) -> None:
    missing = {name for name in settings_of(service) if not re.search(rf"\b{name}[:=]", COMPOSE + DOCKERFILE)}
    assert missing == set()


def test_only_the_gateway_publishes_a_port() -> None:
    published = re.findall(r"^    ports: (.*)$", COMPOSE, re.MULTILINE)
    assert published == ['["${PARLEY_PUBLISH_HOST:-127.0.0.1}:${PARLEY_PORT:-8000}:8000"]']


@pytest.mark.parametrize("line", ["read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'])
def test_services_and_redis_are_both_hardened(line: str) -> None:
    assert COMPOSE.count(line) == 2  # the services share one block


def test_nothing_runs_as_root() -> None:
    assert DOCKERFILE.rstrip().splitlines()[-2].startswith("USER parley")
