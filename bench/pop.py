"""The whole way of a pop: AMI bytes written → the card at the agent's websocket, at 100 calls a second.

Four processes, as in life: the simulated PBX, `switchroom serve` with all its roles on a base of a million clients,
its PostgreSQL, and the browsers of 500 agents, subscribed as the desk is. Times are the monotonic clock's, which is
one for all processes of a machine.
"""

import asyncio
import json
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bench import million
from bench.crowd import Seen, crowd
from bench.million import AGENTS, FIRST_EXTENSION, FIRST_NUMBER
from bench.table import Row

RATE = 100
WARM_UP = 6.0
SECONDS = 30.0


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
    live = free_port()
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
        seen = await doors.enter_async_context(crowd(folder, live, AGENTS))
        rung = await rings(pbx)
        await asyncio.sleep(1.0)
        assert seen.closed == 0, "nobody was let go"
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
