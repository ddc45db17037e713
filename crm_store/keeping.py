"""The embedded PostgreSQL is kept up: whoever kills it finds it started again."""

import asyncio
import os
from contextlib import suppress

import structlog
from prometheus_client import Counter

from crm_store.binaries import StoreError
from crm_store.embedded import Running

log = structlog.get_logger()
DEATHS = Counter("switchroom_database_deaths", "Times the embedded database was gone and had to be started again")

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
LOOKS = 0.5


async def keep_up(server: Running) -> None:
    """Start the server again whenever it is gone, until cancelled."""
    while True:
        if (pid := server.pid()) is not None:
            await _gone(pid)
        DEATHS.inc()
        log.error("the embedded database is gone: it is started again; calls go to the spool meanwhile")
        await _revived(server)
        log.warning("the embedded database is up again")


async def _revived(server: Running) -> None:
    """Try until it starts: after a kill its last children may hold the shared memory for a moment."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await asyncio.to_thread(server.revive)
        except StoreError as error:
            log.error("the embedded database does not start yet", reason=str(error), again_in=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _gone(pid: int) -> None:
    """Until that process has ended: told by the kernel, or looked for where the kernel cannot tell."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except OSError:
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                await asyncio.sleep(LOOKS)
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
