"""What the documentation says of settings, paths and codes is what the code has, and its links lead somewhere."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import auth_service.refusals
import auth_service.routes
import chat_service.refusals
import chat_service.routes
import gateway.domain.refusals
import launcher.plan
import media_service.refusals
import media_service.routes
import video_service.domain.commands
import video_service.domain.events
import video_service.refusals
import video_service.routes
from chat_service.domain import commands, events, personal_events, profile_events
from chat_service.domain.changes import Kind
from gateway.contract import CONTRACT
from gateway.domain.route_table import ROUTES, WEBSOCKET_ROUTES
from gateway.pages.routes import PAGES
from launcher.processes import REPOSITORY
from servicekit import handshake, problems
from servicekit.frames import CloseCode
from servicekit.settings import Settings

SERVICES = ("auth_service", "chat_service", "gateway", "media_service", "video_service")
DECISIONS = sorted((REPOSITORY / "docs/decisions").glob("[0-9]*.md"))
PAGES_OF_TEXT = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
PROTOCOL = (REPOSITORY / "docs/protocol.md").read_text()


def rows(text: str, head: str) -> Iterator[list[str]]:
    """The cells of every table whose first line begins with `head`, without that line and the rule below it."""
    for table in re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-: |]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        for line in table.splitlines():
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def sources() -> Iterator[Path]:
    for package in (*SERVICES, "servicekit", "launcher", "demo", "bench"):
        yield from (REPOSITORY / package).rglob("*.py")


# Settings


def settings_types() -> dict[str, type[Settings]]:
    """The settings of each service, by its name, and those of the launcher."""
    found: dict[str, type[Settings]] = {"launcher": launcher.plan.Settings}
    for service in SERVICES:
        members = vars(importlib.import_module(f"{service}.settings")).values()
        (found[service],) = (
            one
            for one in members
            if isinstance(one, type) and issubclass(one, Settings) and one.__module__ == f"{service}.settings"
        )
    return found


def default_shown(field: msgspec.inspect.Field) -> str:
    return "unset" if field.default in (None, "") else f"`{field.default}`"


def settings_in_code() -> dict[str, tuple[str, frozenset[str]]]:
    """Each setting's default as it is shown, and who reads it."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    shared = set(Settings.__struct_encode_fields__)
    for reader, settings_type in settings_types().items():
        info = msgspec.inspect.type_info(settings_type)
        assert isinstance(info, msgspec.inspect.StructType)
        for field in info.fields:
            readers = found.get(field.encode_name, ("", frozenset[str]()))[1]
            own = {"all"} if field.encode_name in shared else {*readers, reader}
            found[field.encode_name] = (default_shown(field), frozenset(own))
    return found


def settings_in_docs() -> dict[str, tuple[str, frozenset[str]]]:
    text = (REPOSITORY / "docs/settings.md").read_text()
    found = [(row[0].strip("`"), row[1], frozenset(row[3].split(", "))) for row in rows(text, "setting")]
    assert len({name for name, *_ in found}) == len(found), "a setting has two rows"
    return {name: (default, readers) for name, default, readers in found}


def test_every_setting_is_documented_with_its_default_and_its_readers() -> None:
    documented = {name: row for name, row in settings_in_docs().items() if "docker-compose.yml" not in row[1]}
    assert documented == settings_in_code()


def test_settings_of_compose_alone_are_in_the_compose_file() -> None:
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    own = {name for name, (_, readers) in settings_in_docs().items() if "docker-compose.yml" in readers}
    assert own == set(re.findall(r"\$\{(\w+)", compose)) - settings_in_code().keys()


# The protocol


@pytest.mark.parametrize("path", [route.path for route in (*ROUTES, *WEBSOCKET_ROUTES)])
def test_every_path_of_the_route_table_is_documented(path: str) -> None:
    assert re.search(rf"(?<![\w/]){re.escape(path)}(?![\w-])" if not path.endswith("/") else re.escape(path), PROTOCOL)


def test_every_path_that_a_service_answers_is_documented() -> None:
    services = (
        auth_service.routes.ROUTES,
        chat_service.routes.ROUTES,
        media_service.routes.ROUTES,
        video_service.routes.ROUTES,
    )
    answered = {route.path for routes in (*services, PAGES, CONTRACT) for route in routes}
    hidden = {path for path in answered if path.startswith("/internal/")} | {"/api/ws/{rest:path}"}
    shown = {re.sub(r":\w+}", "}", path) for path in answered - hidden}
    assert {path for path in shown if f"{path}`" not in PROTOCOL} == set()


def codes_in_code() -> dict[str, int]:
    tables = (
        problems.COMMON,
        handshake.BAD_HANDSHAKE,
        gateway.domain.refusals.REFUSALS,
        auth_service.refusals.REFUSALS,
        chat_service.refusals.REFUSALS,
        media_service.refusals.REFUSALS,
        video_service.refusals.REFUSALS,
    )
    return {answer.code: answer.status for table in tables for answer in table.values()}


def test_every_code_is_documented_with_its_status() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows(PROTOCOL, "code") if row[0].startswith("`")}
    tables = {code: str(status) for code, status in codes_in_code().items()}
    assert tables.items() <= documented.items()
    code = "".join(path.read_text() for path in sources())
    assert {name for name in documented if f'"{name}"' not in code} == set()


def test_every_event_is_documented_and_no_other() -> None:
    modules = (events, personal_events, profile_events, video_service.domain.events)
    told_by = [value for module in modules for value in vars(module).values()]
    structs = [one for one in told_by if isinstance(one, type) and issubclass(one, msgspec.Struct)]
    told = {one.__struct_config__.tag for one in structs} - {None} | {"pong"} | set(Kind)
    assert {name for row in rows(PROTOCOL, "type") for name in re.findall(r"`(\w+)`", row[0])} == told


def test_every_command_that_is_shown_is_one() -> None:
    (shown,) = re.findall(r"### Commands\n.*?```json\n(.*?)```", PROTOCOL, re.DOTALL)
    parsed = [commands.parse(line.encode()) for line in shown.splitlines()]
    assert {type(command) for command in parsed} == set(get_args(commands.Command))


def test_every_command_of_video_that_is_shown_is_one() -> None:
    (shown,) = re.findall(r"### Sending frames\n.*?```json\n(.*?)```", PROTOCOL, re.DOTALL)
    parsed = [video_service.domain.commands.parse(line.encode(), is_text=True) for line in shown.splitlines()]
    assert {type(command) for command in parsed} == set(get_args(video_service.domain.commands.Command))


def test_every_field_of_the_look_is_documented_with_its_default() -> None:
    documented = {row[0].strip("`"): row[-1].strip("`") for row in rows(PROTOCOL, "field")}
    defaults = msgspec.to_builtins(video_service.domain.commands.Look())
    assert documented == {name: str(value).lower() for name, value in defaults.items()}


def test_every_close_code_that_is_sent_is_documented() -> None:
    documented = {row[0] for row in rows(PROTOCOL, "code") if row[0].isdigit()}
    not_sent = {CloseCode.GOING_AWAY}
    assert {str(int(code)) for code in set(CloseCode) - not_sent} <= documented


# Pages


def anchors(text: str) -> set[str]:
    """Those that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES_OF_TEXT, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    for link in (link for link in links if "://" not in link):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_every_page_that_the_code_refers_to_exists() -> None:
    named = {name for path in sources() for name in re.findall(r"docs/[\w./-]+\.md", path.read_text())}
    assert {name for name in named if not (REPOSITORY / name).exists()} == set()


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES_OF_TEXT:
        assert set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(), re.MULTILINE)) <= targets


def test_every_decision_is_in_the_index() -> None:
    index = (REPOSITORY / "docs/decisions/README.md").read_text()
    assert [name for _, name in re.findall(r"\[(\d{4})\]\((\S+)\)", index)] == [page.name for page in DECISIONS]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_context_choice_and_consequence_on_one_page(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert len(lines) <= 40
    assert lines[0].startswith(f"# {page.name[:4]} ")
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Choice", "## Consequence"]
