"""The database opens by itself, is ours alone, and is left as it was found."""

import asyncio
import subprocess
from pathlib import Path

import asyncpg
import pytest

from crm_store import migrating
from crm_store.binaries import StoreError, programs, server_user
from crm_store.database import Database, open_cluster, open_dsn
from crm_store.embedded import Cluster


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    home = tmp_path_factory.mktemp("home")
    for folder in (home, home.parent, home.parent.parent):
        folder.chmod(0o755)
    return Cluster(home=home, user=server_user(), durable=False)


async def test_the_last_to_leave_stops_the_embedded_server(cluster: Cluster) -> None:
    async with open_cluster(cluster) as first:
        async with open_cluster(cluster) as second:
            assert await second.alive()
        assert await first.alive()
    assert not (cluster.data / "postmaster.pid").exists()


async def test_who_is_told_to_stop_while_the_embedded_server_starts_leaves_none_behind(cluster: Cluster) -> None:
    starting = asyncio.create_task(open_cluster(cluster).__aenter__())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not (cluster.data / "postmaster.pid").exists()
    async with open_cluster(cluster) as database:
        assert await database.alive()


async def test_who_started_the_server_may_leave_before_others_do(cluster: Cluster) -> None:
    starter, guest = open_cluster(cluster), open_cluster(cluster)
    await starter.__aenter__()
    database = await guest.__aenter__()
    await starter.__aexit__(None, None, None)
    assert await database.alive()
    await guest.__aexit__(None, None, None)
    assert not (cluster.data / "postmaster.pid").exists()


async def test_a_server_that_somebody_else_started_is_left_running(cluster: Cluster) -> None:
    async with open_cluster(cluster):
        pass
    control = [programs(cluster.user) / "pg_ctl", "-D", cluster.data, "-l", "/dev/null", "-w"]
    cluster.user.run([*control, "-o", f"-k {cluster.sockets}", "start"], check=True, stdout=subprocess.DEVNULL)
    try:
        async with open_cluster(cluster) as database:
            assert await database.alive()
        assert (cluster.data / "postmaster.pid").exists()
    finally:
        cluster.user.run([*control, "-m", "fast", "stop"], check=True, stdout=subprocess.DEVNULL)


async def test_what_was_stored_is_there_after_a_restart(cluster: Cluster) -> None:
    async with open_cluster(cluster) as database:
        await database.pool.execute("insert into team (id, name) values (gen_random_uuid(), 'Продажи')")
    async with open_cluster(cluster) as database:
        assert await database.pool.fetchval("select name from team") == "Продажи"


async def test_a_folder_that_is_not_ours_is_refused(cluster: Cluster) -> None:
    cluster.data.mkdir()
    (cluster.data / "PG_VERSION").write_text("18\n")
    with pytest.raises(StoreError, match="was not made by Switchroom"):
        async with open_cluster(cluster):
            pass
    assert (cluster.data / "PG_VERSION").exists()


def test_a_long_path_gets_a_short_socket() -> None:
    cluster = Cluster(home=Path("/srv") / ("long" * 40), user=server_user())
    assert len(str(cluster.sockets / ".s.PGSQL.5432")) < 107


async def test_an_unreachable_dsn_is_told_in_words() -> None:
    with pytest.raises(StoreError, match="cannot connect"):
        async with open_dsn("postgresql://nobody@127.0.0.1:1/none"):
            pass


async def test_migrating_again_changes_nothing(database: Database) -> None:
    assert await database.pending() == ()
    assert await database.migrate() == ()


async def test_a_changed_migration_is_noticed(database: Database, tmp_path: Path) -> None:
    for step in migrating.steps():
        (tmp_path / f"{step.name}.sql").write_text(step.sql + "\n-- changed")
    async with database.pool.acquire() as connection:
        with pytest.raises(StoreError, match="was changed after it was applied"):
            await migrating.pending(connection, tmp_path)


async def test_a_failing_migration_leaves_nothing_behind(database: Database, tmp_path: Path) -> None:
    for step in migrating.steps():
        (tmp_path / f"{step.name}.sql").write_text(step.sql)
    (tmp_path / "9999_broken.sql").write_text("create table half (id int); select 1/0;")
    async with database.pool.acquire() as connection:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrating.migrate(connection, tmp_path)
        assert await connection.fetchval("select to_regclass('half')") is None
        assert await migrating.pending(connection, tmp_path) == ("9999_broken", "generated_rights")
