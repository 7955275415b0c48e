"""The system that other tests stand on: it comes up, obeys, and leaves nothing behind."""

from pathlib import Path

import httpx
import pytest

from launcher.readiness import is_ready
from launcher.temporary_system import NotReady, TemporarySystem
from tests import fork_server
from tests.waiting import eventually


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def is_missed(system: TemporarySystem) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        return not await is_ready(client, system.url)


async def test_services_and_valkey_can_be_ended_and_started_again(tmp_path: Path) -> None:
    async with TemporarySystem(tmp_path, chat_instances=2) as system:
        first = system.pids
        assert set(first) == {"valkey", "auth", "chat", "chat-2", "media", "video", "gateway"}
        await system.kill("chat")
        assert "chat" not in system.pids
        await system.start("chat")
        await system.stop_valkey()
        await system.start_valkey()
        await system.ready()
        assert system.pids["chat"] != first["chat"]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{system.url}/healthz")).status_code == 200
        last = system.pids
    assert not any(map(is_alive, {**first, **last}.values()))


async def test_a_missing_service_is_told_with_the_logs_of_the_others_and_a_body_that_raises_leaves_no_process(
    tmp_path: Path,
) -> None:
    pids: dict[str, int] = {}
    with pytest.raises(NotReady, match=r"--- gateway \(running\)"):
        async with TemporarySystem(tmp_path, spawn=fork_server.spawn) as system:
            pids = system.pids
            await system.stop("media")
            await eventually(lambda: is_missed(system))  # what was found just before is told for a moment longer
            await system.ready(timeout=0.2)
    assert len(pids) == 6
    assert not any(map(is_alive, pids.values()))


async def test_a_system_that_does_not_come_up_says_why_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match=r"ended by itself: auth(.|\n)*SECRET_KEY"):
        async with TemporarySystem(tmp_path, environment={"SECRET_KEY": "short"}):
            pass
