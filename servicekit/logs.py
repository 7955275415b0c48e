"""Logs: one JSON line a record, or plain coloured lines on a terminal, with the request id carried along."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

# Beside what JSON escapes itself: C1 controls, separators of lines, what turns the direction, and halves of pairs.
_OBEYED = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def get_logger(name: str) -> Any:
    """A structlog logger. Never pass it a token, a password or the text of a message."""
    return structlog.get_logger(name)


def bind_request_id(request_id: str) -> None:
    """Let every line that this task logs from here on carry the id."""
    _request_id.set(request_id)


def _add_request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (request_id := _request_id.get()) is not None:
        event["request_id"] = request_id
    return event


def configure(service: str, *, level: str, log_format: str) -> None:
    """Route structlog and the standard library's loggers (uvicorn's too) to stdout."""
    shared: list[Any] = [
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _ServiceName(service),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(log_format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # Their start and stop lines repeat ours; their warnings count.
    for name in ("uvicorn", "uvicorn.error", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendering(log_format: str) -> list[Any]:
    on_terminal = log_format == "console" or (log_format == "auto" and sys.stdout.isatty())
    if on_terminal:
        return [_escape, structlog.dev.ConsoleRenderer(colors=True, pad_event_to=28)]
    return [structlog.processors.JSONRenderer(serializer=as_json)]


def as_json(value: Any, **options: Any) -> str:
    """Readable in every script, but for what a terminal on which somebody reads the lines would obey."""
    text = json.dumps(value, ensure_ascii=False, **options)
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Leave nothing to a terminal that it would obey: names and paths are what strangers send."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if key == "exception" else [value]
            event[key] = "\n".join(line if line.isprintable() else _escaped(line) for line in lines)
    return event


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode()


class _ServiceName:
    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["service"] = self._service
        return event
