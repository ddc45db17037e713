"""Python's garbage collector in a server that must not pause.

Left alone it looks through everything that calls have left behind, in one go: 150 ms at a hundred calls a second.
Here it looks only at what is new, a millisecond at a time; what outlives that is looked at again when nobody waits.
"""

import asyncio
import gc
from collections.abc import Callable, Mapping

NEW = 1_000  # objects
ROUNDS = 2
EVERY = 3600.0
LOOKS = 5.0
PATIENCE = 24 * EVERY
NEVER = 1_000_000_000


def spare_what_stays() -> None:
    """Call once everything is up: what is here stays, and what comes is looked through while it is young."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(NEW, ROUNDS, NEVER)
    gc.callbacks.append(_spare_what_outlived)


async def look_through(quiet: Callable[[], bool]) -> None:
    """Each hour look for cycles in everything, as soon as it is quiet; after a day in any case."""
    loop = asyncio.get_running_loop()
    due = loop.time() + EVERY
    while True:
        await asyncio.sleep(LOOKS)
        late = loop.time() - due
        if late > PATIENCE or (late > 0 and quiet()):
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            due = loop.time() + EVERY


def _spare_what_outlived(phase: str, info: Mapping[str, int]) -> None:
    if phase == "stop" and info["generation"] == 1:
        gc.freeze()
