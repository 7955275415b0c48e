"""Logs: one line a record, for a machine or for a person, and never a token."""

import json
import os
import subprocess
import sys
from typing import Any

from servicekit.logs import as_json


def test_a_terminal_gets_nothing_that_it_would_obey() -> None:
    program = PROGRAM.replace("Ada é", "\\x1b[2Jé\\x07").replace("1 / 0", 'raise ZeroDivisionError("\\x1b[2J\\u202e")')
    done = subprocess.run(
        [sys.executable, "-c", program, "info", "console"], capture_output=True, check=True, timeout=20
    )
    assert b"\\x1b[2J" in done.stdout
    assert b"\x1b[2J" not in done.stdout
    assert b"\x07" not in done.stdout
    assert "\u202e".encode() not in done.stdout
    assert b"Traceback (most recent call last):\n" in done.stdout


PROGRAM = """
import logging, sys
from servicekit import logs
level, log_format = sys.argv[1:]
logs.configure("auth", level=level, log_format=log_format)
logs.bind_request_id("r1")
log = logs.get_logger("test")
log.debug("quiet")
log.info("signed in", username="Ada é")
logging.getLogger("uvicorn.error").info("repeats ours")
logging.getLogger("asyncio").warning("from %s", "elsewhere")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broken")
"""


def lines_of(level: str, log_format: str) -> list[str]:
    """What a service prints: structlog is set up once a process, so this needs one of its own."""
    command = [sys.executable, "-c", PROGRAM, level, log_format]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, capture_output=True, check=True, timeout=20, env=environment, encoding="utf-8")
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_machine_reads_one_json_object_a_line() -> None:
    records: list[dict[str, Any]] = [json.loads(line) for line in lines_of("info", "json")]
    assert [record["event"] for record in records] == ["signed in", "from elsewhere", "broken"]
    first, foreign, broken = records
    assert (first["level"], first["service"], first["request_id"]) == ("info", "auth", "r1")
    assert first["username"] == "Ada é"
    assert first["timestamp"].endswith("Z")
    assert (foreign["level"], foreign["service"]) == ("warning", "auth")
    assert "ZeroDivisionError" in broken["exception"]


def test_a_line_for_machines_holds_nothing_that_a_terminal_would_obey_either() -> None:
    record = {"path": "/\u009b2J\u202e\x1b[2J é \ud800"}
    line = as_json(record)
    assert line == r'{"path": "/\u009b2J\u202e\u001b[2J é \ud800"}'
    assert json.loads(line) == record


def test_what_is_no_terminal_gets_json_by_itself_and_the_level_is_obeyed() -> None:
    events = [json.loads(line)["event"] for line in lines_of("debug", "auto")]
    assert events == ["quiet", "signed in", "from elsewhere", "broken"]
    assert [json.loads(line)["event"] for line in lines_of("error", "auto")] == ["broken"]


def test_a_person_reads_plain_lines() -> None:
    first = lines_of("info", "console")[0]
    assert "signed in" in first
    assert not first.startswith("{")
