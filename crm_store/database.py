"""The client base's database: embedded or external PostgreSQL, as its owner or under one user's rights."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg

from config.settings import Settings
from crm_store import keeping, migrating
from crm_store.binaries import StoreError
from crm_store.connection import AWAY, Connection
from crm_store.embedded import OWNER, Cluster, Running, cluster_for
from domain.rights import Scope

__all__ = ["Database", "StoreError", "open_cluster", "open_database", "open_dsn"]

_OLDEST = 150000


class Database:
    """A pool of connections as the owner, and transactions under one user's rights."""

    def __init__(self, pool: asyncpg.Pool, *, server: Running | None = None) -> None:
        """`server`: the embedded one, where it is ours to keep up."""
        self.pool = pool
        self._server = server

    async def keep_up(self) -> None:
        """Start the embedded server again whenever it is gone, until cancelled; an external one is not ours."""
        if self._server is not None:
            await keeping.keep_up(self._server)

    @asynccontextmanager
    async def as_user(self, scope: Scope) -> AsyncIterator[Connection]:
        """One transaction bound by the policies for `scope`; committed at the end, rolled back on an error."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('role', 'switchroom_user', true), set_config('switchroom.user', $1, true)",
                scope.user_id,
            )
            yield connection

    @asynccontextmanager
    async def as_owner(self) -> AsyncIterator[Connection]:
        """One transaction bound by nothing: for log-in, jobs and migrations."""
        async with self.pool.acquire() as connection, connection.transaction():
            yield connection

    async def migrate(self, told: Callable[[float], None] = lambda _: None) -> tuple[str, ...]:
        """Bring the tables and rights up to date; the names of what was applied. `told`: which share is done."""
        async with self.pool.acquire() as connection:
            return await migrating.migrate(connection, told=told)

    async def pending(self) -> tuple[str, ...]:
        """What `migrate` would apply: on a `dsn`, `serve` refuses to start while there is anything."""
        async with self.pool.acquire() as connection:
            return await migrating.pending(connection)

    async def alive(self) -> bool:
        """Whether the database answers within two seconds."""
        try:
            async with asyncio.timeout(2):
                await self.pool.fetchval("select 1")
        except AWAY:
            return False
        return True


@asynccontextmanager
async def open_database(settings: Settings, *, migrate: bool | None = None) -> AsyncIterator[Database]:
    """The database of `settings`. The embedded one is made, started or attached to, and migrated by itself; an
    external one only with `migrate=True`. Raises StoreError, a sentence for the administrator."""
    if not settings.database.dsn:
        async with open_cluster(cluster_for(settings.data_dir), migrate=migrate is not False) as database:
            yield database
    else:
        async with open_dsn(settings.database.dsn, migrate=bool(migrate)) as database:
            yield database


@asynccontextmanager
async def open_cluster(cluster: Cluster, *, migrate: bool = True) -> AsyncIterator[Database]:
    """The embedded server of `cluster`, with its pool."""
    running = cluster.running()
    server = await _entered(running)
    address = cluster.address()
    try:
        try:
            pool = await _pool(**address)
        except asyncpg.InvalidCatalogNameError:
            await _create_database(cluster)
            pool = await _pool(**address)
        async with _opened(pool, migrate=migrate, server=server) as database:
            yield database
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def _entered(running: AbstractContextManager[Running]) -> Running:
    """Started, or stopped again: who is cancelled meanwhile leaves no server behind."""
    starting = asyncio.ensure_future(asyncio.to_thread(running.__enter__))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await starting
        await asyncio.to_thread(running.__exit__, None, None, None)
        raise


@asynccontextmanager
async def open_dsn(dsn: str, *, migrate: bool = False) -> AsyncIterator[Database]:
    """An external PostgreSQL 15 or later."""
    try:
        pool = await _pool(dsn=dsn)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        message = f"cannot connect to the database of [database] dsn: {error}"
        raise StoreError(message) from error
    async with _opened(pool, migrate=migrate) as database:
        yield database


@asynccontextmanager
async def _opened(pool: asyncpg.Pool, *, migrate: bool, server: Running | None = None) -> AsyncIterator[Database]:
    async with AsyncExitStack() as doors:
        doors.push_async_callback(_close, pool)
        database = Database(pool, server=server)
        async with pool.acquire() as connection:
            release = connection.get_server_version()
            if release.major * 10000 < _OLDEST:
                message = f"PostgreSQL {release.major} is too old: Switchroom needs 15 or later"
                raise StoreError(message)
        if migrate:
            await database.migrate()
        yield database


async def _pool(**address: Any) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        min_size=1,
        max_size=12,
        timeout=10,
        command_timeout=30,
        reset=_keep,  # nothing of ours outlives its transaction: no round trip to forget it
        server_settings={"application_name": "switchroom", "jit": "off", "timezone": "UTC"},
        **address,
    )


async def _keep(_: Connection) -> None:
    """Leave a connection that comes back to the pool as it is."""


async def _close(pool: asyncpg.Pool) -> None:
    """Give running queries ten seconds, then cut them."""
    try:
        async with asyncio.timeout(10):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def _create_database(cluster: Cluster) -> None:
    connection = await asyncpg.connect(**cluster.address("postgres"))
    try:
        await connection.execute(f"create database {OWNER}")
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):  # another command was quicker
        return
    finally:
        await connection.close()
