"""Supervision by structure: one group owns every long-running coroutine; what fails is started again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from prometheus_client import Counter

log = structlog.get_logger()
RESTARTS = Counter("switchroom_restarts", "Times a part failed and was started again", ["part"])
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 10.0
HEALTHY_AFTER = 30.0


async def supervised(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until cancelled; a failure is logged, counted, and followed by a pause that doubles."""
    loop = asyncio.get_running_loop()
    pause = FIRST_PAUSE
    while True:
        began = loop.time()
        try:
            await work()
            return
        except Exception:
            RESTARTS.labels(name).inc()
            log.exception("a part failed and will be started again", part=name)
        pause = FIRST_PAUSE if loop.time() - began > HEALTHY_AFTER else min(pause * 2, LONGEST_PAUSE)
        await asyncio.sleep(pause)


@asynccontextmanager
async def supervision(**parts: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Keep `parts` running while the block does; cancels them at its end and waits until they are gone.

    What the block raises comes out as it is, not in an ExceptionGroup: its reader has something to say about it.
    """
    failure: Exception | None = None
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervised(name, work), name=name) for name, work in parts.items()]
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again when the parts are gone
            failure = error
        finally:
            for task in tasks:
                task.cancel()
    if failure is not None:
        raise failure
