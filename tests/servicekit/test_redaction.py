"""Masking: no secret is left, wherever it stands and however it is written; names and numbers stay."""

from urllib.parse import quote

import pytest

from servicekit.redaction import masked

TOKEN = "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.eyJpc3MiOiJwYXJsZXkiLCJzdWIiOiJhZGEifQ." + "s1G-" * 21 + "xy"
SPELLINGS = [TOKEN, quote(TOKEN).replace(".", "%2E"), quote(quote(TOKEN).replace(".", "%2E")), f"Bearer {TOKEN}"]


@pytest.mark.parametrize("token", SPELLINGS, ids=range(len(SPELLINGS)))
@pytest.mark.parametrize(
    "path",
    [
        "/ws/",
        "/WS/",
        "//ws/",
        "/api/ws/",
        "/API/WS/",
        "/wss/",
        "/%77s/",
        "/x/",
        "/chat/",
        "/ws?token=",
        "/?Token=",
        "/x?a=1&access_token=",
    ],
)
@pytest.mark.parametrize("end", ["", "/", "/more", "?room=lobby"])
def test_a_token_is_hidden_wherever_it_stands(path: str, token: str, end: str) -> None:
    hidden = masked(path + token + end)
    assert "…" in hidden
    for part in TOKEN.split("."):
        assert part[4:30] not in hidden


@pytest.mark.parametrize(
    "path, shown",
    [
        ("/ws/short", "/ws/…"),
        ("/ws/ short", "/ws/…"),
        ("/ws/?short", "/ws/…"),
        ("/x/ws/\nshort", "/x/ws/…"),
        ("/api/ws/chat?token=short", "/api/ws/chat?token=…"),
        ("/ws?room=lobby&token=short&x=1", "/ws?room=lobby&token=…&x=1"),
        ("/claim/abc", "/claim/…"),
        ("/reset/abc", "/reset/…"),
        ("/invite/abc", "/invite/…"),
        ("/Hooks/abc", "/Hooks/…"),
        ("/api/webhooks/12/abc/slack", "/api/webhooks/…"),
        ("/api/invitations/abc", "/api/invitations/…"),
        ("/%2569nvite/abc", "/invite/…"),
        (TOKEN.rpartition(".")[2], "…"),
    ],
)
def test_what_opens_something_is_hidden_by_its_place_too(path: str, shown: str) -> None:
    assert masked(path) == shown


@pytest.mark.parametrize(
    "path",
    [
        "/ws",
        "/ws/",
        "/api/ws/video/ada",
        "/api/ws/voice/@grace",
        "/api/ws/chat?room=lobby",
        "/api/rooms/lobby",
        "/rooms/" + "r" * 64,
        "/api/messages/eyJoe/7",
        "/api/files/0123456789abcdefABCDEF",
        "/api/messages/gr%C3%A2ce",
        "/invite",
        "/100%",
        "",
    ],
)
def test_what_opens_nothing_stays_as_it_was_sent(path: str) -> None:
    assert masked(path) == path
