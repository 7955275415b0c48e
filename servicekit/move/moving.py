"""Moving: the store of each service is made anew elsewhere, filled, and compared row by row before it is there."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from typing import NamedTuple

import msgspec

from servicekit.move.services import CannotMove, Derived, Service
from servicekit.move.stores import Place, Store, Table


class Moved(NamedTuple):
    service: str
    table: str
    rows: int


class _Columns(NamedTuple):
    """Those that both sides have, and the key that both sides order them by."""

    names: Sequence[str]
    key: Sequence[str]


Plan = Mapping[str, _Columns]


class _Checksum(NamedTuple):
    rows: int
    digest: str


def move(
    services: Sequence[Service], source: Place, target: Place, *, tell: Callable[[str], None]
) -> Iterator[Sequence[Moved]]:
    """Move each service's store that there is, and give its tables when they are there.

    What has been moved before is compared only, so that a move that was broken off can be begun again. Raises
    CannotMove or NotStored, with nothing changed but what was given before.
    """
    with ExitStack() as stack:
        opened = [(service, stack.enter_context(source.opened(service))) for service in services]
        found = [(service, store) for service, store in opened if store is not None]
        if not found:
            raise CannotMove("there is nothing to move: none of the services has a store there")
        is_moved = [_is_moved(service, store, target) for service, store in found]
        for (service, store), is_there in zip(found, is_moved, strict=True):
            if not is_there:
                _check(service, store, source, target)
        for (service, store), is_there in zip(found, is_moved, strict=True):
            if is_there:
                yield _compared_with_what_is_there(service, store, source, target, tell)
            else:
                yield _moved(service, store, source, target, tell)


def _is_moved(service: Service, store: Store, target: Place) -> bool:
    """Whether its target has this store already. Raises CannotMove where it is another, or cannot be at all."""
    if not service.scripts(target.engine):
        raise CannotMove(f"the {service.name} service has no schema for {target.engine} yet")
    with target.opened(service) as there:
        if there is None:
            return False
        if there.id != store.id:
            raise CannotMove(
                f"the target of {service.name} is not empty: it is another store. Move it away, or drop it, "
                "if nothing in it is needed"
            )
        return True


class _OnlyTried(Exception):
    """So that what was made for it goes again."""


def _check(service: Service, store: Store, source: Place, target: Place) -> None:
    """Whether all of it has its place there, before anything of the others is moved. Raises CannotMove."""
    with suppress(_OnlyTried), target.making(service) as made:
        _plan(service, store, source.engine, made, target.engine)
        raise _OnlyTried


def _moved(
    service: Service, store: Store, source: Place, target: Place, tell: Callable[[str], None]
) -> Sequence[Moved]:
    with target.making(service) as made:
        plan = _plan(service, store, source.engine, made, target.engine)
        made.clear(list(plan))
        for table, columns in plan.items():
            tell(f"{service.name}: copying {table}")
            with closing(store.rows(table, *columns)) as rows:
                made.put(table, columns.names, rows)
        made.go_on_above(store.last_numbers())
        for statement in _derived(service, target.engine).made_by:
            made.execute(statement)
        return _compared(service, plan, store, made, tell)


def _compared_with_what_is_there(
    service: Service, store: Store, source: Place, target: Place, tell: Callable[[str], None]
) -> Sequence[Moved]:
    tell(f"{service.name}: it was moved before")
    with target.opened(service) as there:
        assert there is not None
        plan = _plan(service, store, source.engine, there, target.engine)
        try:
            return _compared(service, plan, store, there, tell)
        except CannotMove as error:
            raise CannotMove(
                f"{error}. It was moved before, and one of the two was used since: move the target away, or drop it, "
                "if nothing in it is needed"
            ) from None


def _plan(service: Service, store: Store, engine: str, there: Store, engine_there: str) -> Plan:
    """What is copied, in the order of the target. Raises CannotMove where something would be left behind."""
    own, own_there = _derived(service, engine).names, _derived(service, engine_there).names
    tables = {name: table for name, table in store.tables().items() if name not in own}
    tables_there = {name: table for name, table in there.tables().items() if name not in own_there}
    _check_empty(service, store, {name: tables[name] for name in tables.keys() - tables_there.keys()})
    _check_empty(service, there, {name: tables_there[name] for name in tables_there.keys() - tables.keys()})
    plan = {}
    for name, table_there in tables_there.items():
        if name in tables:
            columns = [one for one in tables[name].columns if f"{name}.{one}" not in own]
            wanted = [one for one in table_there.columns if f"{name}.{one}" not in own_there]
            if unlike := set(columns) ^ set(wanted):
                raise CannotMove(f"{service.name}: one side of {name} has no {', '.join(sorted(unlike))}")
            key = tables[name].key
            plan[name] = _Columns(columns, key if set(key) <= set(columns) else columns)
    return plan


def _check_empty(service: Service, side: Store, tables: Mapping[str, Table]) -> None:
    """Raises CannotMove where one of these tables, which the other side does not have, has rows."""
    for name, (_, key) in tables.items():
        if left := _checksum(side, name, _Columns(key, key)).rows:
            raise CannotMove(
                f"{service.name}: {name} has {left} rows, and the other side no such table. Where the service moves "
                "them elsewhere by itself, in the background, let it run until it has"
            )


def _compared(service: Service, plan: Plan, store: Store, there: Store, tell: Callable[[str], None]) -> Sequence[Moved]:
    """Raises CannotMove where a row is not the same on both sides, or a number could be given twice."""
    moved = []
    for table, columns in plan.items():
        tell(f"{service.name}: comparing {table}")
        here, copied = (_checksum(side, table, columns) for side in (store, there))
        if here != copied:
            raise CannotMove(
                f"{service.name}: {table} is not the same on both sides: {here.rows} rows {here.digest}, and in the "
                f"target {copied.rows} rows {copied.digest}"
            )
        moved.append(Moved(service.name, table, here.rows))
    given, given_there = store.last_numbers(), there.last_numbers()
    for table in plan.keys() & given.keys() & given_there.keys():
        if given_there[table] < given[table]:
            raise CannotMove(
                f"{service.name}: {table} goes on at {given_there[table]} in the target, not {given[table]}"
            )
    return moved


def _derived(service: Service, engine: str) -> Derived:
    return service.derived.get(engine, Derived())


def _checksum(side: Store, table: str, columns: _Columns) -> _Checksum:
    """Of all rows in their order, each value with its type: 1, 1.0 and '1' are three."""
    count, digest = 0, hashlib.sha256()
    with closing(side.rows(table, *columns)) as rows:
        for row in rows:
            count += 1
            digest.update(msgspec.msgpack.encode(tuple(row)))
    return _Checksum(count, digest.hexdigest()[:16])
