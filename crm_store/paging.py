"""Opaque cursors: where a page ended, so that the next begins there whatever was added meanwhile."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from domain.problems import Invalid

LONGEST = 200


def cursor(of: str, *place: Any) -> str:
    """The cursor of a row of the list `of`, from the values it is sorted by: a text or a datetime, then its id."""
    return base64.urlsafe_b64encode(orjson.dumps((of, *place), default=str)).decode().rstrip("=")


def place_in_time(of: str, cursor: str | None) -> tuple[datetime | None, str | None]:
    """Moment and id where a page of `of` ended, None for both at the beginning; raises Invalid for a cursor that is
    not this list's."""
    text, last = place(of, cursor)
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if text is not None else None, last
    except (ValueError, OverflowError):
        raise _foreign() from None


def place(of: str, cursor: str | None) -> tuple[str | None, str | None]:
    """Text and id where a page of `of` ended, as `place_in_time` does."""
    if not cursor:
        return None, None
    try:
        match orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
            case [str(whose), str(text), str(last)] if whose == of and "\0" not in text:
                return text, str(UUID(last))
    except (binascii.Error, ValueError):
        pass
    raise _foreign()


def limited(limit: int) -> int:
    """`limit` within 1…200."""
    return max(1, min(limit, LONGEST))


def _foreign() -> Invalid:
    return Invalid("The cursor is not one of ours", {"errors": [{"field": "cursor"}]})
