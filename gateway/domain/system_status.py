"""The status of the whole system, put together from what its parts say of themselves."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from servicekit.status import InstanceStatus
from servicekit.version import __version__

ServiceName: TypeAlias = Literal["gateway", "auth", "chat", "media", "video"]
Standing: TypeAlias = Literal["ok", "unavailable", "stopping", "away"]


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of a service. One that is away says nothing: all else is null, and `missing` empty.

    `missing` names what it lacks, in the words of its `/readyz`; without Redis it goes on all the same.
    """

    service: ServiceName
    address: str
    status: Standing
    version: str | None = None
    missing: tuple[str, ...] = ()
    engine: Literal["sqlite", "postgresql"] | None = None
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    open_connections: int | None = None

    @property
    def is_well(self) -> bool:
        return self.status == "ok" and not self.missing


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are; null where the service that counts them is away, or takes too long.

    `messages` is the highest id that one has. `open_connections` are those of all instances of chat that answer.
    """

    people: int | None = None
    banned: int | None = None
    sessions: int | None = None
    rooms: int | None = None
    messages: int | None = None
    reports_open: int | None = None
    files: int | None = None
    stored_bytes: int | None = None
    streams: int | None = None
    open_connections: int | None = None


class SystemStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is `ok` where every part is. The disk is the one with the least room.

    `tls_seen`: this gateway has had a request that came by https. `backup` and `push` are null: there are none yet.
    """

    status: Literal["ok", "impaired"]
    version: str
    checked_at: datetime
    redis: Literal["ok", "away"]
    tls_seen: bool
    disk_free_bytes: int | None
    disk_total_bytes: int | None
    counts: Counts
    services: tuple[ServiceStatus, ...]
    backup: None = None
    push: None = None

    @property
    def has_one_version(self) -> bool:
        return len({one.version for one in self.services if one.version}) == 1

    @property
    def all_missing(self) -> frozenset[str]:
        """What any part lacks."""
        return frozenset(name for one in self.services for name in one.missing)


class Answer(msgspec.Struct, frozen=True):
    """What an instance said; None: it is away."""

    service: ServiceName
    address: str
    said: InstanceStatus | None


def system_status(
    gateway: ServiceStatus, answers: Sequence[Answer], *, checked_at: datetime, tls_seen: bool
) -> SystemStatus:
    """`gateway` is the one that asked."""
    services = (gateway, *map(_service_status, answers))
    room = min(_rooms(services), default=(None, None))
    return SystemStatus(
        status="ok" if all(one.is_well for one in services) else "impaired",
        version=__version__,
        checked_at=checked_at,
        redis="away" if any("redis" in one.missing for one in services) else "ok",
        tls_seen=tls_seen,
        disk_free_bytes=room[0],
        disk_total_bytes=room[1],
        counts=_counts(answers),
        services=services,
    )


def missing(checks: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name, word in checks.items() if word != "ok")


def _service_status(answer: Answer) -> ServiceStatus:
    said = answer.said
    if said is None:
        return ServiceStatus(service=answer.service, address=answer.address, status="away")
    return ServiceStatus(
        service=answer.service,
        address=answer.address,
        status=said.status,
        version=said.version,
        missing=missing(said.checks),
        engine=said.engine,
        disk_free_bytes=said.disk_free_bytes,
        disk_total_bytes=said.disk_total_bytes,
        open_connections=said.open_connections,
    )


def _rooms(services: Iterable[ServiceStatus]) -> Iterable[tuple[int, int | None]]:
    return ((one.disk_free_bytes, one.disk_total_bytes) for one in services if one.disk_free_bytes is not None)


def _counts(answers: Sequence[Answer]) -> Counts:
    """Instances of one service share a store: what the first of them counts is the count of all."""
    found: dict[str, int] = {}
    for answer in reversed(answers):
        if answer.said is not None:
            found |= answer.said.counts or {}
    connections = [one.said.open_connections for one in answers if one.said is not None and one.service == "chat"]
    known = {name: found[name] for name in Counts.__struct_fields__ if name in found}
    return Counts(**known, open_connections=sum(connections) if connections else None)
