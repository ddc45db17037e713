"""Durable calls a second: our history's group commit beside pgbench writing the same rows one by one.

Both on the same embedded server with `synchronous_commit=on` and `fsync=on`, into the same tables with the same
indexes, in turns. A call is what is stored of one: the record, two legs, the entry of the time line.
"""

import asyncio
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.table import Row
from config.settings import Settings
from crm_store.binaries import programs, server_user
from crm_store.database import Database, open_database
from crm_store.embedded import cluster_for
from crm_store.history import History
from domain.calls import Call, Caller, Leg, call_id

HOME = Path("var/bench/durable")
WAITERS = 2000
SECONDS = 6
REPETITIONS = 3
MOST = 200_000
GOAL = 2.0

# One transaction a call, one statement a row: what an application does that stores calls as they end.
SCRIPT = r"""
\set number random(1000000, 9999999)
begin;
insert into call (id, pbx, linkedid, direction, caller_number, caller_name, caller_extension, caller_endpoint, dialed,
    outside_number, queue, queues, started_at, answered_at, ended_at, ring_seconds, wait_seconds, talk_seconds,
    hold_seconds, outcome, cause, answered_by, owner, extensions, transfers, parked, conference, voicemail, ended_by,
    complete, disposition, note, recording)
  values (gen_random_uuid(), 'main', '1732280000.' || :number, 'inbound', '+7921' || :number, 'Иван Иванов', null,
    'PJSIP/provider', '+78123334455', '+7921' || :number, 'sales', '{sales}', now() - interval '60 s',
    now() - interval '50 s', now(), 9.8, 10.0, 50.0, 0.0, 'answered', null, '{102}', '102', '{101,102}', '[]', '[]',
    null, false, 'caller', true, null, '', null) returning id \gset
insert into call_leg (call_id, position, extension, endpoint, number, rang_at, answered_at, ended_at, result,
    forwarded_to) values (:id, 1, '101', 'PJSIP/101', null, now() - interval '60 s', null,
    now() - interval '55 s', 'no_answer', null);
insert into call_leg (call_id, position, extension, endpoint, number, rang_at, answered_at, ended_at, result,
    forwarded_to) values (:id, 2, '102', 'PJSIP/102', null, now() - interval '55 s',
    now() - interval '50 s', now(), 'answered', null);
insert into history_entry (id, at, kind, client_id) values (:id, now(), 'call', null);
commit;
"""


async def run() -> list[Row]:
    """Calls a second, medians of repetitions in turns."""
    shutil.rmtree(HOME, ignore_errors=True)
    async with open_database(Settings(data_dir=HOME)) as database:
        assert await database.pool.fetchval("show fsync") == "on"
        assert await database.pool.fetchval("show synchronous_commit") == "on"
        rounds = [(await _ours(database, turn), await _pgbench(database)) for turn in range(REPETITIONS)]
    ours, peer = median(one[0] for one in rounds), median(one[1] for one in rounds)
    row = Row(
        what="durable calls (record, 2 legs, history entry)",
        ours=ours,
        peer=peer,
        unit="calls/s",
        peer_name="pgbench, 32 clients, row by row",
        goal=f"≥ {GOAL:g} ×",
        reached=median(one[0] / one[1] for one in rounds) >= GOAL,
    )
    return [row]


async def _ours(database: Database, turn: int) -> float:
    """Many callers, each waiting for his own acknowledgement before his next call."""
    await database.pool.execute("truncate call, call_leg, history_entry")
    await database.pool.execute("checkpoint")
    calls = iter([_call(f"{turn}-{number}") for number in range(MOST)])  # made beforehand: the tracker's work, not ours
    with TemporaryDirectory() as spool:
        async with History(database, Path(spool)) as history:
            began = time.perf_counter()
            done = sum(await asyncio.gather(*(_caller(history, calls, began) for _ in range(WAITERS))))
            took = time.perf_counter() - began
    for table, rows in (("call", done), ("call_leg", 2 * done), ("history_entry", done)):
        assert await database.pool.fetchval(f"select count(*) from {table}") == rows
    return done / took


async def _caller(history: History, calls: Iterator[Call], began: float) -> int:
    count = 0
    while time.perf_counter() - began < SECONDS:
        await history.log(next(calls))
        count += 1
    return count


_END = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
_AT = {seconds: _END - timedelta(seconds=seconds) for seconds in (60, 55, 50)}
_TEMPLATE = Call(
    id=call_id("main", "0"),
    pbx="main",
    linkedid="0",
    direction="inbound",
    caller=Caller(number="+79211234567", name="Иван Иванов", endpoint="PJSIP/provider"),
    dialed="+78123334455",
    queue="sales",
    queues=("sales",),
    started_at=_AT[60],
    answered_at=_AT[50],
    ended_at=_END,
    ring_seconds=9.8,
    wait_seconds=10.0,
    talk_seconds=50.0,
    outcome="answered",
    answered_by=("102",),
    owner="102",
    legs=(
        Leg(extension="101", endpoint="PJSIP/101", rang_at=_AT[60], ended_at=_AT[55], result="no_answer"),
        Leg(
            extension="102",
            endpoint="PJSIP/102",
            rang_at=_AT[55],
            answered_at=_AT[50],
            ended_at=_END,
            result="answered",
        ),
    ),
    ended_by="caller",
    state="ended",
)


def _call(linkedid: str) -> Call:
    number = hash(linkedid) % 9_000_000 + 1_000_000
    caller = replace(_TEMPLATE.caller, number=f"+7921{number}")
    return replace(_TEMPLATE, id=call_id("main", linkedid), linkedid=linkedid, caller=caller)


async def _pgbench(database: Database) -> float:
    """Transactions a second of the script, prepared statements, 32 clients in two threads."""
    await database.pool.execute("truncate call, call_leg, history_entry")
    await database.pool.execute("checkpoint")
    cluster, user = cluster_for(HOME), server_user()
    address = cluster.address()
    with TemporaryDirectory() as folder:
        script = _script(Path(folder))
        command: list[str | Path] = [programs(user) / "pgbench", "-n", "-M", "prepared", "-c", "32", "-j", "2"]
        command += ["-T", str(SECONDS), "-f", script, "-h", address["host"], "-p", str(address["port"])]
        command += ["-U", address["user"], address["database"]]
        done = await asyncio.to_thread(user.run, command, capture_output=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if found is None:
        message = f"pgbench failed: {done.stderr}"
        raise RuntimeError(message)
    return float(found[1])


def _script(folder: Path) -> Path:
    """The script where the server's user can read it."""
    folder.chmod(0o755)
    script = folder / "call.sql"
    script.write_text(SCRIPT)
    return script
