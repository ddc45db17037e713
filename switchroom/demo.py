"""`switchroom demo`: the whole product on this machine: a simulated PBX, made-up clients, live calls."""

import asyncio
import signal
import socket
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config.settings import Live, Pbx, Settings, Web
from crm_store import embedded
from crm_store.database import StoreError
from crm_store.seed import seed
from crm_store.seed_callers import callers
from crm_store.store import Store
from switchroom.app import serving
from switchroom.progress import progress
from switchroom.simulators.pbx import SimulatedPbx
from switchroom.simulators.traffic import RandomTraffic
from switchroom.starting import CannotStart

HOST = "127.0.0.1"
PASSWORD = "switchroom"  # noqa: S105 - everyone may know it: the demo listens on loopback only
CALLS_A_MINUTE = 8.0
PEOPLE = 200
AGENT = "101"


async def run(chosen: Settings, data_dir: Path, port: int, *, fresh: bool) -> int:
    """Show the demo until Ctrl+C; the exit status: 0 stopped, 1 could not start. Language, country, area code and
    time zone are those of `chosen`; the PBX and the database are always the demo's own."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        for wanted in (port, port + 1):
            _claim(wanted)
        if fresh:
            await asyncio.to_thread(embedded.erase, data_dir)
        async with AsyncExitStack() as doors:
            await _show(_settings(chosen, data_dir, port), doors)
            await stop.wait()
    except (StoreError, CannotStart) as error:
        sys.stderr.write(f"The demo cannot start: {error}\n")
        return 1
    return 0


async def _show(settings: Settings, doors: AsyncExitStack) -> None:
    pbx = SimulatedPbx(seed=1)
    _, ami_port = await doors.enter_async_context(pbx.serve(HOST))
    settings = settings.model_copy(update={"pbx": (_pbx(ami_port),)})
    server = await doors.enter_async_context(serving(settings, before=_populate))
    customers = await callers(server.store.database, PEOPLE)
    RandomTraffic(pbx, CALLS_A_MINUTE, customers, agent=AGENT).start()
    _print_doors(settings.web.port, ami_port)


def _settings(chosen: Settings, data_dir: Path, port: int) -> Settings:
    """The same settings an administrator would write."""
    return Settings(
        data_dir=data_dir,
        language=chosen.language,
        country=chosen.country,
        area_code=chosen.area_code or "495",
        time_zone=chosen.time_zone,
        web=Web(host=HOST, port=port),
        live=Live(host=HOST, port=port + 1),
    )


def _pbx(port: int) -> Pbx:
    return Pbx.model_validate(
        {
            "name": "main",
            "host": HOST,
            "port": port,
            "username": "switchroom",
            "secret": "switchroom",
            "trunks": ("PJSIP/provider*",),
        }
    )


async def _populate(store: Store) -> None:
    """Fill an empty base; what was done in the demo before stays until `--fresh`."""
    if not await store.users.any():
        with progress("Making up three thousand clients") as told:
            await seed(store.database, passwords=PASSWORD, at=datetime.now(UTC), told=told)


def _claim(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            message = f"port {port} on {HOST} is taken; choose another: ./run demo --port 9080"
            raise CannotStart(message) from error


def _print_doors(port: int, ami_port: int) -> None:
    doors = Table("who", "open", "login", "password", box=None, header_style="dim", pad_edge=False)
    doors.add_row("agent", f"http://127.0.0.1:{port}", AGENT, PASSWORD)
    doors.add_row("supervisor", f"http://localhost:{port}/lines", "supervisor", PASSWORD)
    doors.add_row("administrator", f"http://localhost:{port}/users", "admin", PASSWORD)
    console = Console(highlight=False)
    console.print("\n[bold]Switchroom is running.[/bold] Both addresses work in one browser at the same time.\n")
    console.print(doors)
    console.print(
        f"\nA customer rings {AGENT} within ten seconds: F2 answers, F9 hangs up, ? shows every key."
        f"\nThe simulated PBX speaks AMI on {HOST}:{ami_port}. Ctrl+C stops; ./run demo --fresh starts over.\n"
    )
