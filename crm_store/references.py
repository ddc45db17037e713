"""What a request refers to by id or key: whatever is not there is a wrong field, and all of them are named at once.

A thing in the path of a request is another matter: `known_id` says that there is no such page.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crm_store.connection import Connection, id_of, refers_to_nothing
from domain.problems import NotFound

_USER = "select true from app_user where id = $1"
_THERE = {
    "client_id": "select true from client where id = $1",
    "responsible": _USER,
    "assignee": _USER,
    "team": "select true from team where id = $1",
    "disposition": "select true from disposition where key = $1",
}


def id_in(field: str, text: str | None) -> str | None:
    """The id that `field` holds, None where it is empty; raises Invalid for what cannot be an id."""
    found = id_of(text) if text else None
    if text and found is None:
        raise refers_to_nothing(field)
    return found


@contextmanager
def given_in(field: str) -> Iterator[None]:
    """What is not there was given in `field`, not in the path: Invalid instead of NotFound."""
    try:
        yield
    except NotFound as error:
        raise refers_to_nothing(field) from error


async def check_all(connection: Connection, facts: Mapping[str, Any]) -> None:
    """Raises Invalid naming every field of `facts` that refers to nothing this connection's user may see."""
    wrong = [name for name in _THERE if facts.get(name) and not await _there(connection, name, facts[name])]
    if wrong:
        raise refers_to_nothing(*wrong)


async def _there(connection: Connection, name: str, value: str) -> bool:
    return bool(await connection.fetchval(_THERE[name], value if name == "disposition" else id_of(value)))
