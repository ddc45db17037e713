"""The TCP side of the simulated PBX, and the flow of its time while it is served."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchroom.simulators.pbx import SimulatedPbx
    from switchroom.simulators.session import AmiSession

UNREAD_BYTES = 3_000_000
"""What Asterisk lets a client leave unread before it hangs up on it, about."""

Send = Callable[[bytes], None]
Close = Callable[[], None]


class AmiConnection(asyncio.Protocol):
    """One client's socket."""

    def __init__(self, pbx: "SimulatedPbx") -> None:
        self._pbx = pbx
        self._session: AmiSession | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or hang up while the PBX is away."""
        if not isinstance(transport, asyncio.Transport):
            return
        self._pbx.clock.sync()
        if not self._pbx.up:
            transport.abort()
            return
        self._transport = transport
        transport.set_write_buffer_limits(high=UNREAD_BYTES)
        host, port = transport.get_extra_info("peername")[:2]
        self._session = self._pbx.session(transport.write, transport.close, f"{host}:{port}")
        self._session.greet()

    def data_received(self, data: bytes) -> None:
        """Bytes of actions, however they were cut."""
        if self._session is not None:
            self._session.receive(data)

    def pause_writing(self) -> None:
        """The client does not read: hang up on it, in mid-message where that is where it stopped."""
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        if self._session is not None:
            self._session.end()


@asynccontextmanager
async def serving(pbx: "SimulatedPbx", host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Listen, and let the PBX's time flow, until the block is left. Gives the address."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: AmiConnection(pbx), host, port)
    flow = asyncio.create_task(_flow(pbx))
    flow.add_done_callback(_stopped)
    try:
        yield listener.sockets[0].getsockname()[:2]
    finally:
        flow.cancel()
        pbx.drop_links()
        listener.close()
        with contextlib.suppress(asyncio.CancelledError):
            await flow


def _stopped(flow: asyncio.Task[None]) -> None:
    if not flow.cancelled() and (fault := flow.exception()) is not None:
        context = {"message": "the simulated PBX stands still", "exception": fault}
        flow.get_loop().call_exception_handler(context)


async def _flow(pbx: "SimulatedPbx") -> None:
    """Move the PBX's clock with the wall clock, waking exactly when something is due."""
    clock = pbx.clock
    wake = asyncio.Event()
    began, offset = time.monotonic(), clock.now
    clock.follow = lambda: offset + (time.monotonic() - began) * pbx.speed
    clock.woken = wake.set
    try:
        while True:
            clock.sync()
            wake.clear()
            due = clock.next_due()
            pause = None if due is None else max(0.0, (due - clock.now) / pbx.speed)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), pause)
    finally:
        clock.follow, clock.woken = None, lambda: None
