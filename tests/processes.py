"""`switchroom` as a process of its own, as an administrator starts it."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from config.settings import Pbx


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on just now."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def written(folder: Path, data_dir: Path, pbx: Pbx | None = None, *, web: int, live: int, nats: str = "") -> Path:
    """A configuration file in `folder`."""
    text = f"""
data_dir = "{data_dir}"
area_code = "495"
[web]
port = {web}
[live]
port = {live}
[bus]
nats = "{nats}"
"""
    if pbx is not None:
        text += f"""
[[pbx]]
name = "{pbx.name}"
host = "{pbx.host}"
port = {pbx.port}
username = "{pbx.username}"
secret = "{pbx.secret.get_secret_value()}"
trunks = {orjson.dumps(pbx.trunks).decode()}
"""
    file = folder / "switchroom.toml"
    file.write_text(text)
    return file


async def command(
    *words: str | Path, patience: float = 60.0, typed: str = "", **environment: str
) -> tuple[int, str, str]:
    """Run `switchroom` to its end, `typed` on its standard input: exit status, standard output, standard error."""
    process = await _start(words, environment, asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(patience):
            out, err = await process.communicate(typed.encode())
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
        raise AssertionError(f"{words} did not end: {err.decode()}") from None
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


class ServerProcess:
    """A running `switchroom serve`; `log`: what it logged so far."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.log: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            try:
                entry = orjson.loads(line)
            except orjson.JSONDecodeError:
                entry = {"event": line.decode(errors="replace").rstrip()}
            async with self._news:
                self.log.append(entry)
                self._news.notify_all()
        async with self._news:
            self.log.append({"event": "[the end]"})
            self._news.notify_all()

    async def says(self, event: str, patience: float = 60.0) -> dict[str, Any]:
        """Wait until it logs `event`."""

        def found() -> dict[str, Any] | None:
            return next((entry for entry in self.log if entry["event"] == event), None)

        try:
            async with asyncio.timeout(patience), self._news:
                await self._news.wait_for(lambda: found() or self.log[-1:] == [{"event": "[the end]"}])
        except TimeoutError:
            raise AssertionError(f"it never said {event!r}: {self.log[-20:]}") from None
        entry = found()
        assert entry is not None, f"it ended without saying {event!r}: {self.log[-20:]}"
        return entry

    async def ends(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and wait for its end; the exit status."""
        if self._process.returncode is None:
            self._process.send_signal(how)
        status = await asyncio.wait_for(self._process.wait(), 60)
        await self._reading
        return status


async def _start(
    words: tuple[str | Path, ...], environment: dict[str, str], stdin: int = asyncio.subprocess.DEVNULL
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "switchroom",
        *words,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        limit=16_777_216,
    )


@asynccontextmanager
async def serve(config: Path, *roles: str, ready: bool = True, **environment: str) -> AsyncIterator[ServerProcess]:
    """`switchroom serve` in a process of its own, ready; stopped at the end if it still runs."""
    words = [word for role in roles for word in ("--role", role)]
    process = await _start(("serve", "--config", config, *words), environment)
    server = ServerProcess(process)
    try:
        if ready:
            await server.says("ready")
        yield server
    finally:
        await server.ends()
        assert process.stdout is not None
        await process.stdout.read()
        process._transport.close()  # type: ignore[attr-defined] # so that no pipe is left to the garbage collector
