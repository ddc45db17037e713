"""The browsers of many agents (`browsers.c`): what came to them, and when."""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from bench.million import FIRST_EXTENSION
from bench.wire import compiled

TOKENS = "bench-agent-"
WATCHED = 25  # every so many-th agent also looks at when presence came


@dataclass(slots=True)
class Seen:
    """Calls' cards by linkedid and extension (monotonic second, number), and when extensions were seen ringing."""

    pops: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    ringing: dict[str, list[float]] = field(default_factory=dict)
    snapshots: int = 0
    connected: bool = False
    closed: int = 0

    def note(self, at: float, agent: int, event: dict[str, Any]) -> None:
        """Take one event that came to `agent`."""
        match event:
            case {"type": "call", "card": {"match": "exact", "number": number}, "call": call}:
                self.pops.setdefault((call["linkedid"], str(FIRST_EXTENSION + agent)), (at, number))
            case {"type": "presence", "state": "ringing", "extension": extension} if agent % WATCHED == 0:
                self.ringing.setdefault(extension, []).append(at)


@asynccontextmanager
async def crowd(folder: str, live: int, agents: int) -> AsyncIterator[Seen]:
    """That many agents at their desks while inside: all have their snapshot, and the PBX is connected."""
    command = [await compiled(folder, "browsers"), str(live), str(agents), TOKENS, str(WATCHED)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=1 << 24)
    seen = Seen()
    reading = asyncio.create_task(_read(process, seen))
    try:
        async with asyncio.timeout(60):
            while seen.snapshots < agents or not seen.connected:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield seen
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await reading


async def _read(process: Process, seen: Seen) -> None:
    assert process.stdout is not None
    while words := (await process.stdout.readline()).decode().split():
        match words:
            case ["snapshot" | "pbx" as kind, _, connected]:
                seen.snapshots += kind == "snapshot"
                seen.connected = connected == "1" or (seen.connected and kind == "snapshot")
            case ["events", nanoseconds, agent, length]:
                frame = await process.stdout.readexactly(int(length) + 1)
                for event in orjson.loads(frame):
                    seen.note(int(nanoseconds) / 1e9, int(agent), event)
            case _:
                seen.closed += 1
