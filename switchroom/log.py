"""The log: static text and named fields, never personal data in the text, secrets never at all."""

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import Counter

from config.settings import Web
from domain.problems import Problem

log = structlog.get_logger()
FOREIGN = Counter("switchroom_library_warnings", "Warnings and errors that libraries logged", ["logger"])
AGAIN_SECONDS = 60.0
MOST_TEXTS = 1000
SECRET = ("secret", "password", "token", "cookie", "authorization")


def open_log(*, verbose: bool = False) -> None:
    """Write to stderr: lines for a person on a terminal, JSON for a machine elsewhere."""
    person = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            _refusals_in_a_line,
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if person else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[Foreign()])


def say_where(web: Web, port: int) -> None:
    """Tell a person at the terminal which address to open; a machine reads the port from the line "ready"."""
    if sys.stderr.isatty():
        host = "127.0.0.1" if web.host in ("", "0.0.0.0", "::") else web.host  # noqa: S104 - compared, not bound
        page = web.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
        sys.stderr.write(f"\nSwitchroom is running: open {page}  (Ctrl+C stops it)\n\n")


class Foreign(logging.Handler):
    """What libraries log, as lines of ours: each text once a minute, with how often it was said meanwhile. Of a
    database that is away one sentence is enough, however deep in asyncpg it was noticed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record; tell it if its text is new or a minute old."""
        FOREIGN.labels(record.name).inc()
        key = (record.name, str(record.msg))
        said_at, left_out = self._said.get(key, (0.0, 0))
        if said_at and time.monotonic() - said_at < AGAIN_SECONDS:
            self._said[key] = (said_at, left_out + 1)
            return
        if len(self._said) >= MOST_TEXTS:
            self._said.clear()
        self._said[key] = (time.monotonic(), 0)
        self._tell(record, {"left_out": left_out} if left_out else {})

    def _tell(self, record: logging.LogRecord, fields: dict[str, Any]) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and record.name.startswith("asyncpg"):
            fields["reason"] = f"{type(error).__name__}: {error}"
        elif error is not None:
            fields["exc_info"] = error
        say = log.error if record.levelno >= logging.ERROR else log.warning
        say(record.getMessage(), logger=record.name, **fields)


def _refusals_in_a_line(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A Problem (the database is away) is said in its own words; a traceback is for what nobody foresaw."""
    shown = line.get("exc_info")
    error = sys.exc_info()[1] if shown is True else shown
    if isinstance(error, Problem):
        del line["exc_info"]
        line["reason"] = str(error)
    return line


def _without_secrets(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in line:
        if any(word in key.lower() for word in SECRET):
            line[key] = "[hidden]"
    return line
