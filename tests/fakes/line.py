"""A TCP line between two programs that can be cut, at any byte, for any time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class CuttableLine:
    """Passes bytes to `host:port` and back. `cut` breaks every connection and refuses new ones until `mend`.

    `cut_after`: how many more bytes from the far side pass before the line breaks by itself; None: it does not.
    `address`: where to connect to, once it is up.
    """

    def __init__(self, host: str, port: int) -> None:
        self._far = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._near: set[asyncio.StreamWriter] = set()
        self._whole = True
        self.cut_after: int | None = None
        self.cuts = 0
        self.address = ("127.0.0.1", 0)

    def cut(self) -> None:
        """Break it, and keep it broken."""
        self._whole = False
        self._break()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    async def says(self, data: bytes) -> None:
        """Let the near side read `data` as if the far side had written it."""
        for writer in tuple(self._near):
            writer.write(data)
            await writer.drain()

    def _break(self) -> None:
        self.cuts += 1
        self.cut_after = None
        for writer in self._writers:
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if not self._whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(*self._far)
        both = (writer, far_writer)
        self._writers.update(both)
        self._near.add(writer)
        try:
            there = self._pass(reader, far_writer, counted=False)
            await asyncio.gather(there, self._pass(far_reader, writer, counted=True))
        finally:
            self._near.discard(writer)
            for one in both:
                self._writers.discard(one)
                one.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if counted and self.cut_after is not None:
                    if len(data) >= self.cut_after:
                        writer.write(data[: self.cut_after])
                        await writer.drain()
                        await asyncio.sleep(0.01)  # what was written before the break arrives
                        self._break()
                        return
                    self.cut_after -= len(data)
                writer.write(data)
                await writer.drain()
        for one in tuple(self._writers):
            if one is writer:
                one.transport.abort()


@asynccontextmanager
async def cuttable(host: str, port: int) -> AsyncIterator[CuttableLine]:
    """A line to `host:port`, listening on a free port of 127.0.0.1."""
    line = CuttableLine(host, port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    line.address = server.sockets[0].getsockname()[:2]
    try:
        yield line
    finally:
        server.close()
        line.cut()
        await server.wait_closed()
