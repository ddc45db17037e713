"""The whole way of a pop: AMI bytes written → the card at the agent's websocket, at 100 calls a second.

Four processes, as in life: the simulated PBX, `switchroom serve` with all its roles on a base of a million clients,
its PostgreSQL, and here the browsers of 500 agents, subscribed as the desk is. Times are the monotonic clock's,
which is one for all processes of a machine.
"""

import asyncio
import json
import socket
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from bench import million
from bench.million import AGENTS, FIRST_EXTENSION, FIRST_NUMBER
from bench.table import Row

RATE = 100
WARM_UP = 6.0
SECONDS = 30.0
SUBSCRIBE = b'{"type":"subscribe","topics":["presence","queue"]}'
WATCHED = 25  # every so many-th agent also looks at when presence came


@dataclass(slots=True)
class Seen:
    """What came to the browsers: calls' cards by linkedid and extension, and when extensions were seen ringing."""

    pops: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    ringing: dict[str, list[float]] = field(default_factory=dict)
    snapshots: int = 0
    connected: bool = False
    closed: int = 0
    light: int = 0


class Browser(asyncio.Protocol):
    """One agent's socket: reads frames, looks only into those with a card (and, if it watches, presence)."""

    def __init__(self, number: int, seen: Seen) -> None:
        self._number, self._seen = number, seen
        self._watches = number % WATCHED == 0
        self._words = [b'"card":{', b'"type":"snapshot"', b'"type":"pbx"', *([b'"ringing"'] if self._watches else [])]
        self._left = bytearray()
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Shake hands and subscribe in one go."""
        assert isinstance(transport, asyncio.Transport)
        head = (
            "GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Authorization: Bearer {million.token(self._number)}\r\n\r\n"
        )
        transport.write(head.encode())
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Counted: nobody should be let go."""
        self._seen.closed += 1

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames."""
        at = time.monotonic()
        self._left += data
        if not self._greeted:
            _, end, rest = self._left.partition(b"\r\n\r\n")
            if not end:
                return
            self._greeted, self._left = True, rest
            self._transport.write(client_frame(0x1, SUBSCRIBE))
        while (cut := frame_in(self._left)) is not None:
            kind, begin, end = cut
            self._read(kind, bytes(self._left[begin:end]), at)
            del self._left[:end]

    def _read(self, kind: int, payload: bytes, at: float) -> None:
        if kind == 0x9:
            self._transport.write(client_frame(0xA, payload))
        elif any(word in payload for word in self._words):
            for event in orjson.loads(payload):
                self._note(event, at)

    def _note(self, event: dict[str, Any], at: float) -> None:
        seen = self._seen
        match event:
            case {"type": "snapshot", "pbx": links}:
                seen.snapshots += 1
                seen.connected = seen.connected or any(link["connected"] for link in links)
            case {"type": "pbx", "connected": connected}:
                seen.connected = connected
            case {"type": "call", "card": {"match": match, "number": number}, "call": call}:
                key = (call["linkedid"], str(FIRST_EXTENSION + self._number))
                if match == "exact":
                    seen.pops.setdefault(key, (at, number))
                else:
                    seen.light += 1
                self._transport.write(client_frame(0x1, orjson.dumps({"type": "shown", "call": call["id"]})))
            case {"type": "presence", "state": "ringing", "extension": extension} if self._watches:
                seen.ringing.setdefault(extension, []).append(at)


def frame_in(data: bytearray) -> tuple[int, int, int] | None:
    """Kind, beginning and end of the payload of the first whole frame of `data`."""
    if len(data) < 2:
        return None
    length, begin = data[1] & 0x7F, 2
    if length == 126:
        begin, length = 4, int.from_bytes(data[2:4], "big")
    elif length == 127:
        begin, length = 10, int.from_bytes(data[2:10], "big")
    return (data[0] & 0x0F, begin, begin + length) if len(data) >= begin + length else None


def client_frame(kind: int, payload: bytes) -> bytes:
    """A frame as browsers send it, masked with zeros."""
    assert len(payload) < 126
    return bytes((0x80 | kind, 0x80 | len(payload), 0, 0, 0, 0)) + payload


# --- the other processes ------------------------------------------------------------------------------------------


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[Process]:
    """`python -m …` while inside; told to stop at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, stdin=PIPE, stdout=PIPE, limit=1 << 24
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            reading = asyncio.create_task(_rest(process))
            await process.wait()
            await reading


async def _rest(process: Process) -> None:
    assert process.stdout is not None
    await process.stdout.read()


async def line(process: Process) -> dict[str, Any]:
    """The next JSON line."""
    assert process.stdout is not None
    text = await process.stdout.readline()
    if not text:
        message = "a program of the benchmark ended early"
        raise RuntimeError(message)
    return json.loads(text)


def free_port() -> int:
    """A port nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(ami: int, web: int, live: int) -> str:
    """The server's settings."""
    return f"""
data_dir = "{million.HOME.resolve()}"
[web]
port = {web}
[live]
port = {live}
[[pbx]]
name = "main"
port = {ami}
username = "switchroom"
secret = "switchroom"
trunks = ["PJSIP/provider*"]
"""


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


async def reachable(port: int) -> None:
    """Wait until somebody listens there."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


# --- the run ------------------------------------------------------------------------------------------------------


async def rings(pbx: Process) -> list[dict[str, Any]]:
    """Let the calls come, and what the PBX says of each."""
    assert pbx.stdin is not None
    pbx.stdin.write(b"go\n")
    rung: list[dict[str, Any]] = []
    while (said := await line(pbx))["event"] != "done":
        if said["event"] == "ring":
            rung.append(said)
    return rung


async def played() -> tuple[list[dict[str, Any]], Seen]:
    """One run: what rang, and what was seen."""
    seen, live = Seen(), free_port()
    async with AsyncExitStack() as doors:
        folder = doors.enter_context(tempfile.TemporaryDirectory())
        async with million.million() as database:
            await million.hire(database)
        load = [f"--rate={RATE}", f"--seconds={WARM_UP + SECONDS}", f"--extensions={AGENTS}", "--start=line"]
        load += [f"--first-extension={FIRST_EXTENSION}", f"--first-number={FIRST_NUMBER}"]
        pbx = await doors.enter_async_context(program("switchroom.simulators", *load))
        ami = (await line(pbx))["port"]
        settings = _written(Path(folder, "switchroom.toml"), configuration(ami, free_port(), live))
        await doors.enter_async_context(program("switchroom", "serve", "--config", str(settings)))
        await reachable(live)
        loop = asyncio.get_running_loop()
        browsers = [
            await loop.create_connection(lambda number=number: Browser(number, seen), "127.0.0.1", live)
            for number in range(AGENTS)
        ]
        async with asyncio.timeout(60):
            while seen.snapshots < AGENTS or not seen.connected:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        rung = await rings(pbx)
        assert seen.closed == 0, "nobody was let go"
        for transport, _ in browsers:
            transport.abort()
    return rung, seen


def share(values: list[float], part: float) -> float:
    """The value below which that part of them lies."""
    return float("inf") if not values else sorted(values)[min(len(values) - 1, int(len(values) * part))]


async def run() -> list[Row]:
    """p50 and p99 of the pop, how many were lost, and p99 of presence, in milliseconds."""
    rung, seen = await played()
    began = rung[0]["written_at"] + WARM_UP
    measured = [ring for ring in rung if ring["written_at"] >= began]
    pops: list[float] = []
    lost = 0
    for ring in measured:
        at, number = seen.pops.get((ring["linkedid"], ring["extension"]), (0.0, ""))
        if number == ring["number"]:
            pops.append((at - ring["written_at"]) * 1e3)
        else:
            lost += 1
    presence = [
        delay
        for ring in measured
        for delay in [(at - ring["written_at"]) * 1e3 for at in seen.ringing.get(ring["extension"], ())]
        if 0 <= delay < 1_000
    ]
    what = f"{RATE} calls/s, {AGENTS} agents, 1 M clients: AMI → card"
    return [
        _row(f"{what}, p50", share(pops, 0.5), "≤ 3 ms", "ms", reached=share(pops, 0.5) <= 3),
        _row(f"{what}, p99", share(pops, 0.99), "≤ 10 ms", "ms", reached=share(pops, 0.99) <= 10),
        _row(f"{what}, lost of {len(measured):,}", lost, "0", "pops", reached=lost == 0),
        _row(
            "the same: AMI → presence, p99",
            share(presence, 0.99),
            "≤ 300 ms",
            "ms",
            reached=share(presence, 0.99) <= 300,
        ),
    ]


def _row(what: str, ours: float, goal: str, unit: str, *, reached: bool) -> Row:
    return Row(what=what, ours=ours, peer=None, unit=unit, peer_name="—", goal=goal, reached=reached)
