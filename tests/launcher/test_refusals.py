"""What `python -m launcher` cannot start with is one line, and the end before any service starts."""

import socket
from pathlib import Path

import pytest

from tests.launcher.launchers import environment, launched


@pytest.mark.parametrize("setting", ["PARLEY_PORT", "PARLEY_MEDIA_URL"])
async def test_a_taken_port_is_named_with_the_setting_that_changes_it(tmp_path: Path, setting: str) -> None:
    settings = environment(tmp_path)
    port = int(settings[setting].rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)):
        async with launched(settings) as launcher:
            line = await launcher.says(f"Port {port} on 127.0.0.1")
            assert f"is taken by another program. {setting} changes it: make run {setting}=" in line
            assert await launcher.ends() == 2


async def test_a_wrong_setting_of_the_launcher_is_one_line(tmp_path: Path) -> None:
    async with launched({**environment(tmp_path), "PARLEY_AUTH_URL": "nowhere"}) as launcher:
        assert "wrong setting: PARLEY_AUTH_URL" in await launcher.says("wrong setting")
        assert await launcher.ends() == 2


@pytest.mark.parametrize("name, status", [("valkey", 2), ("redis.url/x", 1)])
async def test_what_is_in_the_way_in_the_data_folder_is_named_in_one_line(
    tmp_path: Path, name: str, status: int
) -> None:
    (tmp_path / name).parent.mkdir(mode=0o700, exist_ok=True)
    (tmp_path / name).write_text("")
    async with launched(environment(tmp_path)) as launcher:
        line = await launcher.says(".")
        assert str(tmp_path / name.partition("/")[0]) in line
        assert "Traceback" not in line
        assert await launcher.ends() == status


@pytest.mark.parametrize("spoil", ["a file in its place", "a lock that is a folder"])
async def test_a_data_folder_that_cannot_be_used_is_one_line(tmp_path: Path, spoil: str) -> None:
    data = tmp_path / "data"
    if spoil == "a file in its place":
        data.write_text("")
    else:
        (data / "launcher.lock").mkdir(parents=True, mode=0o700)
    async with launched(environment(data)) as launcher:
        assert str(data) in await launcher.says(".")
        assert await launcher.ends() == 2
