"""The gateway as the process it is in production: its memory, its log, its end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from gateway.settings import GatewaySettings
from launcher.ports import find_free
from servicekit.settings import WrongSettings
from tests.gateway.gateways import System, system
from tests.gateway.stand_ins import Exchange, head_of
from tests.gateway.wires import handshake
from tests.waiting import eventually

MIB = 1024 * 1024
PIECE = bytes(64 * 1024)


def peak_bytes(pid: int) -> int:
    """The most memory that the process has had resident."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


@asynccontextmanager
async def process(whole: System, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m gateway` in front of the same stand-ins, on a port of its own that `whole` then speaks to."""
    whole.port = find_free(1)[0]
    urls = {f"PARLEY_{service.name.upper()}_URL": service.url for service in whole.services}
    settings = {"PARLEY_PORT": str(whole.port), "PARLEY_METRICS_PORT": "0", "PARLEY_LOG_FORMAT": "json"}
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gateway",
        env={**os.environ, "PARLEY_REDIS_URL": "redis://127.0.0.1:1", **urls, **settings, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with httpx.AsyncClient(verify=False) as http:

            async def answers_or_has_ended() -> bool:
                try:
                    return (await http.get(f"http://127.0.0.1:{whole.port}/healthz")).is_success
                except httpx.TransportError:
                    return running.returncode is not None

            await eventually(answers_or_has_ended)
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def log_of(running: asyncio.subprocess.Process) -> str:
    """Ask it to end; all that it wrote."""
    running.send_signal(signal.SIGTERM)
    async with asyncio.timeout(15):
        output, _ = await running.communicate()
    return output.decode()


async def test_the_process_streams_without_growing_logs_without_tokens_and_ends_cleanly() -> None:
    async def take(exchange: Exchange) -> None:
        length = 0
        async for piece in exchange.pieces():
            length += len(piece)
        await exchange.reply(200, str(length).encode())

    async def give(exchange: Exchange) -> None:
        await exchange.send(head_of("200 OK", f"Content-Length: {50 * MIB}"), *[PIECE] * (50 * MIB // len(PIECE)))

    async def body() -> AsyncIterator[bytes]:
        for _ in range(50 * MIB // len(PIECE)):
            yield PIECE

    async def refuse(exchange: Exchange) -> None:
        await exchange.reply(403)
        exchange.close()

    async with system() as whole, process(whole) as running:
        base = f"http://127.0.0.1:{whole.port}"
        token, password = whole.issuer.token(), "correct horse battery"
        async with httpx.AsyncClient(base_url=base, verify=False, headers=whole.bearer(), timeout=20) as http:
            assert (await http.get("/api/files")).status_code == 200
            before = peak_bytes(running.pid)
            whole.media.handler = take
            assert (await http.post("/api/user/upload-files", content=body())).text == str(50 * MIB)
            whole.media.handler = give
            assert len((await http.get("/api/files/7")).content) == 50 * MIB
            assert peak_bytes(running.pid) - before < 16 * MIB

            whole.auth.handler = refuse
            await whole.media.stop()
            await http.get(f"/api/files/7?token={token}")
            await http.get(f"/ws/{token}")
            await http.post("/sign-in", data={"username": "ada", "password": password})
            await http.get("/api/rooms", headers={"Authorization": f"Bearer {token}x"})
        whole.chat.handler = refuse
        for target in (f"/ws/{token}", f"/ws/{token}x", f"/ws/{token}/x", f"/nothing?token={token}", f"//[/ws/{token}"):
            async with whole.wire() as wire:
                await wire.send(handshake(target))
                await wire.rest()
        log = await log_of(running)
        assert running.returncode == 0
    assert '"event": "stopped"' in log
    assert "Traceback" not in log
    assert token.split(".")[1] not in log
    assert token.split(".")[2][:40] not in log
    assert password not in log


async def test_a_wrong_setting_is_one_line_and_the_end() -> None:
    async with system() as whole, process(whole, PARLEY_ANSWER_TIMEOUT_S="0") as running:
        output, _ = await running.communicate()
        assert running.returncode == 2
        assert output.decode().startswith("wrong setting: PARLEY_ANSWER_TIMEOUT_S")
        assert output.count(b"\n") == 1


async def test_a_taken_port_is_one_line_and_the_end() -> None:
    async with system() as whole:
        taken = whole.port
        async with process(whole, PARLEY_PORT=str(taken)) as running:
            output, _ = await running.communicate()
            assert running.returncode == 3
            assert f"cannot listen on 127.0.0.1:{taken}".encode() in output


NO_PROXIES = ["10.0.0.1/8", "localhost", "10.0.0.300", "*,10.0.0.1", "10.0.0.1,", "fe80::1%eth0/64"]


@pytest.mark.parametrize("listed", NO_PROXIES)
def test_proxies_that_can_be_none_are_not_taken_for_some(listed: str) -> None:
    with pytest.raises(WrongSettings, match="PARLEY_TRUSTED_PROXIES"):
        GatewaySettings(trusted_proxies=listed)


@pytest.mark.parametrize("listed", ["", " ", "*", "10.0.0.1", "10.0.0.0/8, 2001:db8::/32 ,::1"])
def test_proxies_are_addresses_and_networks(listed: str) -> None:
    assert GatewaySettings(trusted_proxies=listed).trusted_proxies == listed


@pytest.mark.parametrize("origins", ["*", "http://a.test, *", "a.test", "http://a.test/page", "http://me@a.test"])
def test_what_no_page_can_have_is_no_origin(origins: str) -> None:
    with pytest.raises(WrongSettings):
        GatewaySettings(allowed_origins=origins)


@pytest.mark.parametrize(
    "origins, parsed", [("", set()), ("http://a.test/, https://b.test ,", {"http://a.test", "https://b.test"})]
)
def test_origins_are_a_list(origins: str, parsed: set[str]) -> None:
    assert GatewaySettings(allowed_origins=origins).origins == parsed


async def test_arguments_that_it_does_not_have_are_refused() -> None:
    refused = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "migrate", stderr=asyncio.subprocess.PIPE
    )
    _, said = await refused.communicate()
    assert refused.returncode == 2
    assert b"unrecognized arguments: migrate" in said
