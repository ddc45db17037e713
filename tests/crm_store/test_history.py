"""A call's row: there from the first ring, durable before it is told, never duplicated, never lost."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest

from crm_store.call_rows import decoded, encoded, extensions
from crm_store.database import Database
from crm_store.history import History
from crm_store.spool import Spool
from domain.calls import Call, Caller, Leg
from domain.events import CallChanged, CallEnded, CallMerged, CallStored
from domain.problems import Unavailable
from domain.record import record
from tests.crm_store.calls import AT, answered, missed, ringing, transferred


async def kept(database: Database) -> list[dict[str, object]]:
    rows = await database.pool.fetch("select call_shape(c)::text as shape from call c order by started_at, linkedid")
    return [orjson.loads(row["shape"]) for row in rows]


def plain(stored: dict[str, object]) -> dict[str, object]:
    """A stored record as the contract's: a leg's empty `forwarded_to` left out."""
    legs = [{k: v for k, v in leg.items() if k != "forwarded_to" or v} for leg in stored["legs"]]  # type: ignore[union-attr]
    return {**stored, "legs": legs}


async def test_what_is_stored_is_the_record_to_the_letter(database: Database, tmp_path: Path) -> None:
    call = transferred(answered(ringing()), to="102")
    async with History(database, tmp_path) as history:
        assert await history.log(call) == call
    assert [plain(one) for one in await kept(database)] == [record(call)]


async def test_a_call_is_one_row_from_the_first_ring_to_the_end(database: Database, tmp_path: Path) -> None:
    told: list[CallStored] = []
    first = ringing()
    end = answered(first)
    async with History(database, tmp_path, stored=told.append) as history:
        await history.on(CallChanged(at=AT, before=None, after=first, read_at=0))
        await history.on(CallChanged(at=AT, before=first, after=replace(first, state="talking"), read_at=0))
        await history.on(CallChanged(at=AT, before=first, after=end, read_at=0))
        await history.on(CallEnded(at=AT, call=end))
    assert [plain(one) for one in await kept(database)] == [record(end)]
    assert [news.call for news in told] == [end]


async def test_a_thousand_callers_share_few_commits(database: Database, tmp_path: Path) -> None:
    calls = [answered(ringing(name=str(number))) for number in range(1000)]
    before = await database.pool.fetchval("select txid_current()")
    async with History(database, tmp_path) as history:
        assert await asyncio.gather(*map(history.log, calls)) == calls
    assert await database.pool.fetchval("select txid_current()") - before < 20
    assert await database.pool.fetchval("select count(*) from call") == 1000


async def test_a_late_ring_never_opens_a_closed_call(database: Database, tmp_path: Path) -> None:
    async with History(database, tmp_path) as history:
        await history.log(answered(ringing()))
        await history.log(ringing())
    assert (await kept(database))[0]["outcome"] == "answered"


async def test_what_people_typed_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    async with History(database, tmp_path) as history:
        await history.log(ringing())
        await database.pool.execute("update call set note = 'Перезвонить', disposition = 'callback'")
        stored = await history.log(answered(ringing()))
    assert (stored.note, stored.disposition) == ("Перезвонить", "callback")


async def test_legs_that_vanished_are_gone(database: Database, tmp_path: Path) -> None:
    call = ringing()
    async with History(database, tmp_path) as history:
        await history.log(replace(call, legs=(*call.legs, Leg(extension="102"))))
        await history.log(answered(call))
    assert await database.pool.fetchval("select count(*) from call_leg") == 1


async def test_one_bad_row_does_not_cost_its_neighbours(database: Database, tmp_path: Path) -> None:
    good = [answered(ringing(name=str(number))) for number in range(3)]
    bad = replace(good[0], id="not an id")  # type: ignore[arg-type]
    async with History(database, tmp_path) as history:
        results = await asyncio.gather(*map(history.log, [good[0], bad, *good[1:]]), return_exceptions=True)
    assert isinstance(results[1], asyncpg.PostgresError)
    assert await database.pool.fetchval("select count(*) from call") == 3
    assert (tmp_path / "calls.rejected").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("name", ["<script>", "'; drop table call; --", "a\r\nb", "🦊" * 150, "\x00Иван", "\udcd0Иван"])
async def test_any_name_is_stored(database: Database, tmp_path: Path, name: str) -> None:
    call = replace(answered(ringing()), caller=Caller(number="+79211234567", name=name))
    async with History(database, tmp_path) as history:
        await history.log(call)
    row = await database.pool.fetchrow("select caller_name, originals from call")
    assert row is not None
    cleaned = name.replace("\x00", "\ufffd").replace("\udcd0", "\ufffd")
    assert row["caller_name"] == cleaned
    if cleaned != name:
        assert orjson.loads(row["originals"])["caller.name"] == name.encode("utf-8", "surrogateescape").hex()


async def test_the_bytes_the_pbx_sent_stay_beside_a_cleaned_name(database: Database, tmp_path: Path) -> None:
    caller = Caller(number="+79211234567", name="\ufffdvan", name_bytes=b"\xd0van")
    async with History(database, tmp_path) as history:
        await history.log(replace(answered(ringing()), caller=caller))
    originals = await database.pool.fetchval("select originals from call")
    assert orjson.loads(originals) == {"caller.name": b"\xd0van".hex()}


async def test_a_consultation_that_was_merged_leaves_only_a_redirect(database: Database, tmp_path: Path) -> None:
    main, consultation = answered(ringing(name="main")), ringing(name="consultation")
    async with History(database, tmp_path) as history:
        await history.log(main)
        await history.log(consultation)
        await database.pool.execute("update call set note = 'спросить 102' where id = $1", consultation.id)
        await history.on(CallMerged(at=AT, call=replace(consultation, state="merged"), into=main.id))
    rows = await kept(database)
    assert [(row["id"], row["note"]) for row in rows] == [(main.id, "спросить 102")]
    assert str(await database.pool.fetchval("select into_id from call_alias")) == main.id


async def test_a_call_finds_its_client_by_number(database: Database, tmp_path: Path) -> None:
    await database.pool.execute(
        """
        with c as (insert into client (id, name, name_key, search_key)
                   values (gen_random_uuid(), 'А', 'а', 'а') returning id)
        insert into client_number (number, client_id, typed) select '+79211234567', id, '' from c
        """
    )
    async with History(database, tmp_path) as history:
        stored = await history.log(missed(ringing()))
    assert stored.client_id is not None
    assert await database.pool.fetchval("select count(*) from history_entry where client_id is not null") == 1


def test_who_took_part_is_who_may_see_the_record() -> None:
    call = transferred(answered(ringing()), to="102")
    call = replace(call, caller=replace(call.caller, extension="103"))
    assert extensions(call) == {one for one in ("101", "102", "103", "104") if call.took_part(one)}


class Away:
    """A pool whose server is gone until it is `back`."""

    def __init__(self, database: Database) -> None:
        self._pool, self.back = database.pool, False

    def acquire(self) -> object:
        if not self.back:
            raise ConnectionRefusedError
        return self._pool.acquire()


async def test_while_the_database_is_away_calls_wait_on_disk_in_order(database: Database, tmp_path: Path) -> None:
    told: list[CallStored] = []
    replayed = asyncio.Event()

    def stored(news: CallStored) -> None:
        told.append(news)
        replayed.set()

    away = Away(database)
    call = ringing()
    async with History(Database(away), tmp_path, stored=stored) as history:  # type: ignore[arg-type]
        await history.log(call)
        await history.log(answered(call))
        await history.log(missed(ringing(name="2")))
        assert told == []
        assert await database.pool.fetchval("select count(*) from call") == 0
        away.back = True
        async with asyncio.timeout(10):
            await replayed.wait()
    assert [row["outcome"] for row in await kept(database)] == ["answered", "abandoned"]
    assert [news.call.outcome for news in told] == ["answered", "abandoned"]
    assert not (tmp_path / "calls.spool").exists()


async def test_whoever_was_told_of_a_call_finds_its_row_as_it_was_told(database: Database, tmp_path: Path) -> None:
    first = ringing()
    later = replace(first, legs=(*first.legs, Leg(extension="109")))
    async with History(database, tmp_path) as history:
        await history.on(CallChanged(at=AT, before=None, after=first, read_at=0))
        await history.on(CallChanged(at=AT, before=first, after=later, read_at=0))
        await history.caught_up(first.id)
        assert [row["extension"] for row in await database.pool.fetch("select extension from call_leg")][-1] == "109"
        await history.on(CallEnded(at=AT, call=answered(first)))
        await history.caught_up(first.id)
        assert (await kept(database))[0]["outcome"] == "answered"
        await history.caught_up("9b2b1f9e-0000-4000-8000-000000000000")


async def test_a_merge_waits_on_disk_too(database: Database, tmp_path: Path) -> None:
    away = Away(database)
    main, consultation = ringing(name="main"), ringing(name="consultation")
    merged = CallMerged(at=AT, call=replace(consultation, state="merged"), into=main.id)
    async with History(Database(away), tmp_path) as history:  # type: ignore[arg-type]
        await history.log(main)
        await history.log(consultation)
        await history.on(merged)
        await history.log(answered(main))
        away.back = True
        await history.caught_up(main.id)
    assert [(row["id"], row["outcome"]) for row in await kept(database)] == [(main.id, "answered")]
    assert str(await database.pool.fetchval("select into_id from call_alias")) == main.id


class Mad(Away):
    """A pool that fails in a way nobody foresaw until it is `back`."""

    def acquire(self) -> object:
        if not self.back:
            raise RuntimeError
        return self._pool.acquire()


async def test_whatever_fails_while_storing_a_call_is_not_lost(database: Database, tmp_path: Path) -> None:
    mad = Mad(database)
    call = answered(ringing())
    async with History(Database(mad), tmp_path) as history:  # type: ignore[arg-type]
        assert await history.log(call) == call
        await history.caught_up(call.id)
        mad.back = True
        await history.caught_up(call.id)
    assert [row["id"] for row in await kept(database)] == [call.id]


async def test_what_waits_on_disk_is_written_when_somebody_asks_for_it(database: Database, tmp_path: Path) -> None:
    away = Away(database)
    call = answered(ringing())
    async with History(Database(away), tmp_path) as history:  # type: ignore[arg-type]
        await history.log(call)
        await history.caught_up(call.id)
        assert await kept(database) == []
        away.back = True
        await history.caught_up(call.id)
        assert [row["outcome"] for row in await kept(database)] == ["answered"]


async def test_what_waited_on_disk_is_written_after_a_restart(database: Database, tmp_path: Path) -> None:
    Spool(tmp_path).keep([encoded(answered(ringing()))])
    with (tmp_path / "calls.spool").open("ab") as file:
        file.write(b'{"id": "torn')
    async with History(database, tmp_path) as history:
        await history.log(missed(ringing(name="2")))
    assert len(await kept(database)) == 2


def test_a_line_after_a_torn_one_is_not_lost(tmp_path: Path) -> None:
    Spool(tmp_path).keep([encoded(answered(ringing()))])
    with (tmp_path / "calls.spool").open("ab") as file:
        file.write(b'{"id": "torn')
    spool = Spool(tmp_path)
    spool.keep([encoded(missed(ringing(name="2")))])
    assert [len(batch) for batch in spool.batches()] == [2]


def test_the_spool_has_a_limit(tmp_path: Path) -> None:
    rows = [encoded(answered(ringing()))]
    spool = Spool(tmp_path, largest=len(rows[0].line()) + 10)
    spool.keep(rows)
    with pytest.raises(Unavailable):
        spool.keep(rows)


def test_a_spooled_call_comes_back_as_it_was(tmp_path: Path) -> None:
    call: Call = transferred(answered(ringing()), to="102")
    spool = Spool(tmp_path)
    spool.keep([encoded(call)])
    assert [decoded(row) for row in next(spool.batches())] == [call]


async def test_what_an_earlier_run_left_open_is_closed_once_the_pbx_has_told_what_lives(
    database: Database, tmp_path: Path
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    gone, talked, lives = (replace(ringing(name=name), started_at=began) for name in ("1", "2", "3"))
    talked = replace(talked, answered_at=began + timedelta(seconds=6), answered_by=("101",), owner="101")
    async with History(database, tmp_path) as earlier:
        for call in (gone, talked, lives):
            await earlier.log(call)
    async with History(database, tmp_path) as history:
        await history.close_left_open("other", [])
        assert {one["ended_at"] for one in await kept(database)} == {None}
        await history.close_left_open("main", [lives.id])
        facts = {one["id"]: (one["outcome"], one["ended_by"], one["complete"]) for one in await kept(database)}
        assert facts == {
            gone.id: ("abandoned", "lost", False),
            talked.id: ("answered", "lost", False),
            lives.id: (None, None, True),
        }
        [row] = [one for one in await kept(database) if one["id"] == talked.id]
        assert float(str(row["talk_seconds"])) > 290
        better = answered(gone)
        assert (await history.log(better)).outcome == "answered"
