"""The claim link, shown on a terminal until somebody has used it: it makes an owner of whoever opens it."""

import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping

import httpx

from launcher import processes
from launcher.console import Console
from launcher.plan import Program


async def show(client: httpx.AsyncClient, url: str, environment: Mapping[str, str], console: Console) -> None:
    """Say it with its QR code, unless the instance has an owner. `environment` is that of the auth service.

    A command prints it, which reads the store: no path that others may reach tells a secret.
    """
    if await _is_claimed(client, url):
        return
    arguments = ("-m", "auth_service", "admin", "claim-link", "--if-unclaimed", "--qr")
    process = await processes.spawn(
        Program(name="admin", command=(sys.executable, *arguments), environment=environment), PIPE
    )
    said, _ = await process.communicate()
    if process.returncode == 0 and said:
        link, _, drawn = said.decode(errors="replace").partition("\n")
        console.say(f"Nobody owns this Parley yet. Whoever opens this link and signs in does: {link}")
        console.say(drawn)


async def _is_claimed(client: httpx.AsyncClient, url: str) -> bool:
    """True where nobody can tell: it is said at the next start."""
    try:
        answer = await client.get(f"{url}/api/instance")
        return bool(answer.raise_for_status().json()["claimed"])
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return True
