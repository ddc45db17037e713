"""The start of a server: why it cannot, and being told to stop meanwhile."""

import asyncio
import signal


class CannotStart(Exception):  # noqa: N818 - a state of the machine, not a mistake of ours
    """The server cannot start; the text is for the administrator."""


class Stop:
    """SIGTERM and SIGINT: what starts is given up (its task is cancelled, once), what is up is told to end."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._starting = asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._tell)

    def _tell(self) -> None:
        if self._starting is not None and not self._told.is_set():
            self._starting.cancel()
        self._told.set()

    async def told(self) -> None:
        """Everything is up: wait to be told."""
        self._starting = None
        await self._told.wait()
