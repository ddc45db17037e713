"""Opaque cursors: where a page ended, so that the next begins there whatever was added meanwhile."""

import base64
import binascii
from typing import Any

import orjson

from domain.problems import Invalid

LONGEST = 200


def cursor(*place: Any) -> str:
    """The cursor of a row, from the values it is sorted by (text, numbers, datetimes)."""
    return base64.urlsafe_b64encode(orjson.dumps(place, default=str)).decode().rstrip("=")


def place(cursor: str | None, size: int) -> list[Any]:
    """The values of `cursor`, or as many None; raises Invalid for one that is not ours."""
    if not cursor:
        return [None] * size
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != size:
        raise Invalid("The cursor is not one of ours", {"errors": [{"field": "cursor"}]})
    return values


def limited(limit: int) -> int:
    """`limit` within 1…200."""
    return max(1, min(limit, LONGEST))
