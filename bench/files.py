"""Files: how fast a large one goes up and comes down, what that takes of memory, and a chat's thumbnails.

Measured, one after the other on one connection: a file of 100 MiB in one form until the answer is read, which
is then read whole; and one in parts of 4 MiB (tus) until it is a file. Beside that, how much the peak memory of gateway
and media service grows meanwhile. Last, the 50 thumbnails that a chat's newest page shows, over six connections as a
browser has them. A wrong byte fails the run.

Yardstick: a bare uvicorn service that writes the body to a file, with fsync, and serves it from there.
"""

import asyncio
import hashlib
import io
import json
import os
import secrets
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from PIL import Image

from bench.machine import forget_peak_memory, peak_memory_kib
from bench.people import NO_LIMITS, people_with_tokens
from bench.rounds import Effort, WrongResult, alternate
from bench.table import Figure, NoMoreThan, Report
from bench.web_servers import uvicorn
from launcher.temporary_system import TemporarySystem

MIB = 2**20
PART_BYTES = 4 * MIB
READ_BYTES = 256 * 1024
GROWTH_MIB_MAX = 16
THUMBNAILS = 50
CONNECTIONS = 6
BOUNDARY = "a-boundary-that-no-file-holds"
Headers = Mapping[str, str]

clock = time.perf_counter


@dataclass(frozen=True, kw_only=True)
class Round:
    up_s: float
    parts_s: float
    down_s: float
    thumbnails_s: float


async def measure(effort: Effort, folder: Path) -> Report:
    secret = secrets.token_hex(32)
    (person,) = people_with_tokens(secret, 1)
    headers = {"Authorization": f"Bearer {person.key}"}
    size = effort.file_mib * MIB
    async with (
        TemporarySystem(
            folder / "data",
            environment={**NO_LIMITS, "SECRET_KEY": secret, "PARLEY_STORED_BYTES_PER_PERSON": str(2**40)},
        ) as system,
        uvicorn("bench.baseline_files:app", folder / "bare") as bare,
    ):
        parley, beside = Client(urlsplit(system.url).netloc, headers), Client(f"127.0.0.1:{bare.port}", {})
        thumbnails = await asyncio.to_thread(_send_pictures, parley)
        pids = {name: system.pids[name] for name in ("gateway", "media")}
        before = {name: _forgotten_peak_kib(pid) for name, pid in pids.items()}
        compared = await alternate(
            effort.rounds,
            parley=lambda: asyncio.to_thread(_parley, parley.another(), size, thumbnails),
            yardstick=lambda: asyncio.to_thread(_bare, beside.another(), size),
        )
        growth = {name: (peak_memory_kib(pid) - before[name]) / 1024 for name, pid in pids.items()}

    def rate(what: str, seconds_of: str) -> Figure:
        ours, theirs = compared.medians(lambda one: effort.file_mib / getattr(one, seconds_of))
        return Figure(what=what, unit="MiB/s", parley=ours, yardstick=theirs)

    ours, theirs = compared.medians(lambda one: 1000 * one.thumbnails_s)
    return Report(
        title=f"Files: {effort.file_mib} MiB up and down; {THUMBNAILS} thumbnails",
        yardstick_name="bare uvicorn, in a file",
        figures=[
            rate("sent in one form", "up_s"),
            rate("sent in parts (tus), until it is a file", "parts_s"),
            rate("read", "down_s"),
            Figure(
                what=f"{THUMBNAILS} thumbnails over {CONNECTIONS} connections", unit="ms", parley=ours, yardstick=theirs
            ),
            *(
                Figure(
                    what=f"growth of the {name}",
                    unit="MiB",
                    parley=mib,
                    yardstick=effort.file_mib,
                    bar=NoMoreThan(GROWTH_MIB_MAX, "MiB"),
                )
                for name, mib in growth.items()
            ),
        ],
        notes=["beside the growth stands the size of the file"],
    )


def _forgotten_peak_kib(pid: int) -> int:
    forget_peak_memory(pid)
    return peak_memory_kib(pid)


class Client:
    def __init__(self, netloc: str, headers: Headers) -> None:
        self.netloc = netloc
        self._headers = headers
        self._connection = HTTPConnection(netloc, timeout=120)

    def ask(self, method: str, path: str, *body: bytes, **headers: str) -> HTTPResponse:
        """The answer, whose body is still to be read."""
        said = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        self._connection.request(method, path, b"".join(body) or None, said)
        answer = self._connection.getresponse()
        if answer.status not in {200, 201, 202, 204}:
            raise WrongResult(f"{method} {path}: {answer.status} {answer.read()[:200]!r}")
        return answer

    def another(self) -> "Client":
        return Client(self.netloc, self._headers)


def _parley(client: Client, size: int, thumbnails: Sequence[str]) -> Round:
    data = os.urandom(size)
    started_s = clock()
    file = json.loads(client.ask("POST", "/api/user/upload-files", _form(data), Content_Type=_FORM).read())["files"][0]
    up_s = clock() - started_s
    down_s = _read(client, file["url"], data)
    parts_s = _send_in_parts(client, os.urandom(size))
    return Round(up_s=up_s, parts_s=parts_s, down_s=down_s, thumbnails_s=_read_all(client, thumbnails))


def _bare(client: Client, size: int) -> Round:
    data = os.urandom(size)
    started_s = clock()
    client.ask("PUT", "/large", data).read()
    up_s = clock() - started_s
    client.another().ask("PUT", "/thumbnail", data[: 8 * 1024]).read()
    return Round(
        up_s=up_s,
        parts_s=up_s,
        down_s=_read(client, "/large", data),
        thumbnails_s=_read_all(client, ["/thumbnail"] * THUMBNAILS),
    )


_FORM = f"multipart/form-data; boundary={BOUNDARY}"


def _form(data: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'
    return b"".join([head.encode(), data, f"\r\n--{BOUNDARY}--\r\n".encode()])


def _send_in_parts(client: Client, data: bytes) -> float:
    """In seconds."""
    tus = {"Tus_Resumable": "1.0.0"}
    started_s = clock()
    named = f"filename {b64encode(b'b.bin').decode()}"
    begun = client.ask("POST", "/api/uploads", Upload_Length=str(len(data)), Upload_Metadata=named, **tus)
    begun.read()
    path = begun.headers["Location"]
    for at in range(0, len(data), PART_BYTES):
        part = {"Upload_Offset": str(at), "Content_Type": "application/offset+octet-stream"}
        client.ask("PATCH", path, data[at : at + PART_BYTES], **part, **tus).read()
    while (answer := client.ask("GET", path)).status == 202:
        answer.read()
        time.sleep(0.01)
    if json.loads(answer.read())["size"] != len(data):
        raise WrongResult("what came in parts is not what was sent")
    return clock() - started_s


def _read(client: Client, path: str, data: bytes) -> float:
    """In seconds."""
    digest = hashlib.sha256()
    started_s = clock()
    answer = client.ask("GET", path)
    while piece := answer.read(READ_BYTES):
        digest.update(piece)
    seconds = clock() - started_s
    if digest.digest() != hashlib.sha256(data).digest():
        raise WrongResult("what was read is not what was sent")
    return seconds


def _read_all(client: Client, paths: Sequence[str]) -> float:
    """In seconds, over several connections at once."""
    left: SimpleQueue[str | None] = SimpleQueue()
    for path in [*paths, *[None] * CONNECTIONS]:
        left.put(path)

    def read() -> None:
        one = client.another()
        while (path := left.get()) is not None:
            one.ask("GET", path).read()

    readers = [Thread(target=read) for _ in range(CONNECTIONS)]
    started_s = clock()
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return clock() - started_s


def _send_pictures(client: Client) -> list[str]:
    """The addresses of their thumbnails."""
    paths = []
    for number in range(THUMBNAILS):
        encoded = io.BytesIO()
        Image.effect_mandelbrot((640, 480), (-2, -1.5 + number / 50, 1, 1.5), 60).save(encoded, "JPEG")
        answer = client.ask("POST", "/api/user/upload-files", _form(encoded.getvalue()), Content_Type=_FORM)
        paths.append(json.loads(answer.read())["files"][0]["thumbnail_url"])
    return paths
