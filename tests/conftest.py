"""What every test may ask for: a throw-away PostgreSQL with our tables, emptied before each test that uses it."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from crm_store.binaries import server_user
from crm_store.database import Database, open_cluster
from crm_store.embedded import Cluster

settings.register_profile("landing", derandomize=True)  # the same examples each time: what fails, fails for its change
if os.environ.get("CI") == "true":
    settings.load_profile("landing")


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """The `data_dir` of the run: a whole server started on it attaches to the database of `database`."""
    with tempfile.TemporaryDirectory(prefix="switchroom-tests-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
async def cluster_database(data_dir: Path) -> AsyncIterator[Database]:
    """One server for the whole run, without fsync; works as root and as anybody."""
    cluster = Cluster(home=data_dir, user=server_user(), durable=False)
    async with open_cluster(cluster) as database:
        yield database


@pytest.fixture
async def database(cluster_database: Database) -> Database:
    """An empty client base (dispositions are there)."""
    await cluster_database.pool.execute(
        """
        do $$ begin
            execute (select 'truncate ' || string_agg(quote_ident(tablename), ', ') || ' restart identity'
                       from pg_tables where schemaname = 'public' and tablename not in ('migration', 'disposition'));
        end $$
        """
    )
    return cluster_database
