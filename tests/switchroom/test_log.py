"""What libraries say goes into our log, in lines of ours, and not a thousand times."""

import logging

import pytest
import structlog
from structlog.testing import capture_logs

from switchroom import log
from switchroom.log import Foreign


def complaint(error: Exception | None = None, name: str = "asyncpg.pool") -> logging.LogRecord:
    known = (type(error), error, None) if error else None
    return logging.LogRecord(name, logging.WARNING, "pool.py", 1, "Failed; retrying", None, known)


def test_a_text_is_told_once_a_minute_with_how_often_it_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr(log.time, "monotonic", lambda: clock)
    monkeypatch.setattr(log, "log", structlog.get_logger())
    foreign = Foreign()
    with capture_logs() as said:
        for _ in range(5):
            foreign.handle(complaint(ConnectionRefusedError("no")))
        clock += 61
        foreign.handle(complaint())
    assert said == [
        {
            "event": "Failed; retrying",
            "logger": "asyncpg.pool",
            "log_level": "warning",
            "reason": "ConnectionRefusedError: no",
        },
        {"event": "Failed; retrying", "logger": "asyncpg.pool", "log_level": "warning", "left_out": 4},
    ]


def test_what_is_no_absence_of_the_database_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "log", structlog.get_logger())
    error = RuntimeError("a mistake")
    with capture_logs() as said:
        Foreign().handle(complaint(error, name="asyncio"))
    assert said[0]["exc_info"] is error
