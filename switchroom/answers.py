"""How answers look on the wire: JSON, and RFC 9457 problem documents in the reader's language."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel

from domain.problems import Problem, filled
from switchroom.language import Reader
from switchroom.operation import Fault, Faults

JSON = "application/json"
PROBLEM = "application/problem+json"


class Refused(Problem):
    """A refusal of the frame itself, with the status HTTP has for it (404, 405, 413, 415, …)."""

    def __init__(self, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.headers = status, title, headers or {}  # pyright: ignore[reportAttributeAccessIssue]


def to_json(thing: Any) -> bytes:
    """`thing` as the API writes it: times in UTC with milliseconds and `Z`, durations in seconds."""
    return orjson.dumps(thing, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(thing: Any) -> Any:
    match thing:
        case datetime():
            return thing.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return thing.isoformat()
        case Decimal():
            return float(thing)
        case frozenset() | set():
            return sorted(thing)
        case bytes():
            return thing.hex()
        case UUID():
            return str(thing)
        case BaseModel():
            return thing.model_dump()
        case _:
            message = f"{type(thing).__name__} has no JSON form"
            raise TypeError(message)


def worded(problem: Problem, reader: Reader) -> dict[str, Any]:
    """`problem` as a document `reader` understands: every text translated, every wrong field named."""
    extra = {**problem.extra}
    if isinstance(problem, Faults):
        extra["errors"] = [_worded(fault, reader) for fault in problem.faults]
    elif "errors" in extra:
        extra["errors"] = _named(extra["errors"], problem, reader)
    return {
        "type": "about:blank",
        "title": reader.text(problem.title),
        "status": problem.status,
        "detail": filled(reader.text(problem.detail), problem.extra),
        **extra,
    }


def _worded(fault: Fault, reader: Reader) -> dict[str, str]:
    return {"in": fault.place, "field": fault.name, "detail": filled(reader.text(fault.message), fault.values)}


def _named(errors: Any, problem: Problem, reader: Reader) -> Any:
    """A room's own list of wrong fields; one without words of its own says what the problem says."""
    if not isinstance(errors, list):
        return errors
    said = problem.detail
    return [{**one, "detail": filled(reader.text(one.get("detail") or said), problem.extra | one)} for one in errors]


def problem_response(problem: Problem, reader: Reader) -> web.Response:
    """The problem document, with the headers its status asks for."""
    response = web.Response(status=problem.status, body=to_json(worded(problem, reader)), content_type=PROBLEM)
    if isinstance(problem, Refused):
        response.headers.update(problem.headers)
    if (seconds := problem.extra.get("retry_after")) is not None:
        response.headers["Retry-After"] = str(max(1, round(float(seconds))))
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def json_response(result: Any, status: int, content_type: str = JSON) -> web.Response:
    """What a handler returned; None is 204. A `version` in it becomes the ETag."""
    if result is None:
        return web.Response(status=204)
    response = web.Response(status=status, body=to_json(result), content_type=content_type)
    if (version := version_of(result)) is not None:
        response.headers["ETag"] = f'"{version}"'
    return response


def version_of(result: Any) -> int | None:
    """The number in `result.version` or `result["version"]`, where it has one."""
    version = result.get("version") if isinstance(result, dict) else getattr(result, "version", None)
    return version if isinstance(version, int) else None
