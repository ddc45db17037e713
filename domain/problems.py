"""What can go wrong with a request, in words its user understands (RFC 9457).

A handler raises one of these; the web frame turns it into `application/problem+json`, the live gateway
into an `error` event, the command line into a line on stderr.

`detail` is written in English as a literal, so that the message catalogues find it; what varies stands in
braces and is taken from `extra`: `Conflict("{number} is already {name}'s", {"number": …, "name": …})`.
"""

import re
from dataclasses import dataclass, field
from typing import Any

_PLACE = re.compile(r"\{(\w+)\}")


def filled(text: str, values: dict[str, Any]) -> str:
    """`text` with each `{name}` replaced by `values["name"]`; places without a value stay as they are."""
    return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), text)


@dataclass(slots=True)
class Problem(Exception):  # noqa: N818 - RFC 9457 calls it a problem
    """Something the caller can understand and usually mend; `extra` holds further members of the document."""

    detail: str
    extra: dict[str, Any] = field(default_factory=dict)
    status = 500
    title = "Internal error"

    def __str__(self) -> str:
        return filled(self.detail, self.extra)


class Invalid(Problem):
    """422: the request was read, and one or more fields are wrong; `extra["errors"]` lists every one."""

    status = 422
    title = "Some fields are wrong"


class Unauthorised(Problem):
    """401: nobody is logged in."""

    status = 401
    title = "Log in first"


class Forbidden(Problem):
    """403: logged in, but not allowed."""

    status = 403
    title = "Not allowed"


class NotFound(Problem):
    """404: there is no such thing, or none that this user may see: both look the same on purpose."""

    status = 404
    title = "Not found"


class Conflict(Problem):
    """409: it cannot be done now; `detail` says why."""

    status = 409
    title = "Not possible now"


class Stale(Problem):
    """412: somebody else changed it meanwhile; `extra["difference"]` shows what."""

    status = 412
    title = "Changed by somebody else"


class TooMany(Problem):
    """429: slow down; `extra["retry_after"]` is in seconds."""

    status = 429
    title = "Too many attempts"


class Unavailable(Problem):
    """503: a part we need (PBX, database) is away."""

    status = 503
    title = "Temporarily unavailable"
