"""What every module of the store says about the database: its connections, its absence, its refusals."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from domain.problems import Conflict, Forbidden, Invalid, NotFound, Unavailable

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that was cut in the middle of an answer
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""What a call to the database raises while it is away, and not because of what was asked."""


@contextmanager
def answered() -> Iterator[None]:
    """The database's refusals as problems a user understands."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise Forbidden("You may not change this in that way") from error
    except asyncpg.ForeignKeyViolationError as error:
        column = (error.constraint_name or "").removeprefix(f"{error.table_name}_").removesuffix("_fkey")
        raise refers_to_nothing("team" if column == "team_id" else column) from error
    except (asyncpg.UniqueViolationError, asyncpg.CheckViolationError) as error:
        raise Conflict(
            "This is taken or not allowed here: {constraint}", {"constraint": error.constraint_name}
        ) from error
    except asyncpg.DataError as error:
        raise Invalid("The database does not take this value") from error
    except AWAY as error:
        raise Unavailable("The database is away; try again in a moment") from error


def new_id() -> str:
    """A UUIDv7: unique anywhere, rising with time, so that indexes grow at one end. Works with every PostgreSQL."""
    random = int.from_bytes(os.urandom(10), "big")
    head = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | 0b10 << 62
    return str(UUID(int=head | (random >> 68) << 64 | random & ((1 << 62) - 1)))


def id_of(text: str) -> str | None:
    """`text` where it is an id, else None."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


def known_id(text: str) -> str:
    """`text` where it is an id; raises NotFound otherwise: nothing can have it."""
    found = id_of(text)
    if found is None:
        raise NotFound("There is no such thing")
    return found


def refers_to_nothing(*fields: str) -> Invalid:
    """The refusal of `fields` that name something which is not there."""
    return Invalid("It refers to something that does not exist", {"errors": [{"field": name} for name in fields]})
