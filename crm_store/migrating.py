"""Migrations: numbered SQL files, each applied once in a transaction of its own, never changed afterwards.

What follows from `domain.rights` (policies, look-up functions) is no migration: it is generated and replaced
whenever its text changes.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crm_store import policies
from crm_store.binaries import StoreError
from crm_store.connection import Connection

FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x5357_4348  # any number nobody else takes: "SWCH"
_BOOK = """
create table if not exists migration (
    name text primary key, sha256 text not null, applied_at timestamptz not null default now()
)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file: its name and what it does."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The fingerprint that shows a change made after it was applied."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def steps(folder: Path = FOLDER) -> tuple[Step, ...]:
    """Every migration, in order; the generated rights come last."""
    files = sorted(folder.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return tuple(Step(name=file.stem, sql=file.read_text(encoding="utf-8")) for file in files)


async def migrate(
    connection: Connection, folder: Path = FOLDER, *, told: Callable[[float], None] = lambda _: None
) -> tuple[str, ...]:
    """Apply what is pending and return its names; `told` hears which share is done. Raises StoreError when an
    applied file has changed since."""
    await connection.execute("select pg_advisory_lock($1)", _LOCK)
    try:
        applied: list[str] = []
        waiting = await _waiting(connection, folder)
        for step in waiting:
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(
                    """
                    insert into migration (name, sha256) values ($1, $2)
                    on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()
                    """,
                    step.name,
                    step.sha256,
                )
            applied.append(step.name)
            told(len(applied) / len(waiting))
        return tuple(applied)
    finally:
        await connection.execute("select pg_advisory_unlock($1)", _LOCK)


async def pending(connection: Connection, folder: Path = FOLDER) -> tuple[str, ...]:
    """The names of what `migrate` would apply. Changes nothing."""
    return tuple(step.name for step in await _waiting(connection, folder, create=False))


async def _waiting(connection: Connection, folder: Path, *, create: bool = True) -> list[Step]:
    if create and await connection.fetchval("select to_regclass('migration')") is None:
        await connection.execute(_BOOK)
    there = await connection.fetchval("select to_regclass('migration')") is not None
    rows = await connection.fetch("select name, sha256 from migration") if there else []
    applied: dict[str, str] = {row["name"]: row["sha256"] for row in rows}
    files = steps(folder)
    for step in files:
        if applied.get(step.name, step.sha256) != step.sha256:
            message = f"migration {step.name} was changed after it was applied here: restore the file"
            raise StoreError(message)
    known = {step.name for step in files} | {policies.NAME}
    if unknown := sorted(set(applied) - known):
        message = f"the database is newer than this Switchroom (it has {', '.join(unknown)}): upgrade"
        raise StoreError(message)
    waiting = [step for step in files if step.name not in applied]
    rights = Step(name=policies.NAME, sql=policies.sql())
    return waiting + ([rights] if waiting or applied.get(rights.name) != rights.sha256 else [])
