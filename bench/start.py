"""How long an administrator waits: from `switchroom serve` to ready, beside `pg_ctl start` of the same cluster."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from statistics import median

from bench.table import Row
from config.settings import Settings
from crm_store.binaries import programs
from crm_store.database import open_database
from crm_store.embedded import Cluster, cluster_for
from tests.processes import free_ports

HOME = Path("var/bench/start")
REPETITIONS = 7


async def run() -> list[Row]:
    """Seconds: medians of repetitions in which the two take turns; the database exists and is stopped before each."""
    cluster = await asyncio.to_thread(cluster_for, HOME)
    async with open_database(Settings(data_dir=HOME)):
        pass
    ours, peer = [], []
    for _ in range(REPETITIONS):
        peer.append(await asyncio.to_thread(_pg_ctl, cluster))
        ours.append(await _serve())
    limit = 2 * median(peer) + 0.5
    return [
        Row(
            what="from `switchroom serve` to ready, existing database",
            ours=median(ours),
            peer=median(peer),
            unit="s",
            peer_name="pg_ctl start of the same cluster",
            goal=f"≤ 2 × + 0.5 s = {limit:.2f} s",
            reached=median(ours) <= limit,
        )
    ]


def _pg_ctl(cluster: Cluster) -> float:
    """Seconds until `pg_ctl start` says that the server is up."""
    control = [programs(cluster.user) / "pg_ctl", "-D", cluster.data, "-l", cluster.data / "bench.log", "-w"]
    began = time.perf_counter()
    cluster.user.run([*control, "-s", "-o", f"-k {cluster.sockets}", "start"], check=True)
    seconds = time.perf_counter() - began
    cluster.user.run([*control, "-s", "stop"], check=True)
    return seconds


async def _serve() -> float:
    """Seconds until /readyz of a fresh `switchroom serve` says 200."""
    web, live = free_ports(2)
    config = HOME / "switchroom.toml"
    config.write_text(f'data_dir = "."\n[web]\nport = {web}\n[live]\nport = {live}\n')
    command = [str(Path(sys.executable).with_name("switchroom")), "serve", "--config", str(config)]
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL, env=dict(os.environ))
    while not await _ready(web):
        assert process.returncode is None, "switchroom serve ended"
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    await process.wait()
    return seconds


async def _ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
    answer = await reader.read()
    writer.close()
    return answer.startswith((b"HTTP/1.0 200", b"HTTP/1.1 200"))
