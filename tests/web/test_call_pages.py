"""The pages about calls: the history with its filters, what was missed, and one call with its note."""

from datetime import UTC, datetime
from pathlib import Path

from crm_store.client import ClientDraft
from crm_store.database import Database
from crm_store.history import History
from tests.crm_store.calls import AT, answered, missed, ringing
from tests.web.house import open_house


async def test_the_history_shows_calls_newest_first_and_every_number_dials(database: Database, tmp_path: Path) -> None:
    async with open_house(database) as house, house.browser() as browser, History(database, tmp_path) as history:
        await house.user("boss", "supervisor")
        await browser.log_in("boss")
        assert "Звонков пока нет" in (await browser.get("/calls")).words
        await history.log(answered(ringing()))
        await history.log(missed(ringing("+79035550017", name="2", at=600)))
        page = await browser.get("/calls")
        assert page.text.index('data-number="+79035550017"') < page.text.index('data-number="+79211234567"')
        assert ('class="pill bad"' in page.text, "0:41" in page.words) == (True, True)
        assert "/clients?number=%2B79035550017#new" in page.text
        for asked, there, gone in (
            ("outcome=abandoned", "+79035550017", "+79211234567"),
            ("outcome=answered", "+79211234567", "+79035550017"),
            ("since=2026-11-20&until=2026-11-20", "+79211234567", "+78000000000"),
        ):
            found = (await browser.get(f"/calls?{asked}")).text
            assert (there in found, gone in found) == (True, False), asked
        running = await history.log(ringing("+79035550018", name="3", at=900))
        assert "идёт" in (await browser.get(f"/calls/{running.id}")).words
        assert "Таких звонков нет" in (await browser.get("/calls?since=2026-11-21&queue=")).words
        assert (await browser.get("/calls?outcome=whatever")).status == 422


async def test_an_agent_sees_his_own_calls_only(database: Database, tmp_path: Path) -> None:
    async with open_house(database) as house, house.browser() as browser, History(database, tmp_path) as history:
        await house.user("anna", extension="101")
        await history.log(answered(ringing(to="101")))
        foreign = await history.log(answered(ringing("+79035550017", to="102", name="2")))
        await browser.log_in("anna")
        page = await browser.get("/calls")
        assert ("+79211234567" in page.text, "+79035550017" in page.text) == (True, False)
        assert (await browser.get(f"/calls/{foreign.id}")).status == 404


async def test_a_colleagues_client_is_no_link(database: Database, tmp_path: Path) -> None:
    async with open_house(database) as house, house.browser() as browser, History(database, tmp_path) as history:
        boss = await house.user("boss", "supervisor")
        await house.user("anna", extension="101")
        draft = {"name": "Мария", "numbers": [{"number": "+79211234567"}], "responsible": boss.id}
        client = await house.store.clients.create(boss.scope, ClientDraft.model_validate(draft))
        call = await history.log(answered(ringing(to="101")))
        for login, linked in (("anna", False), ("boss", True)):
            await browser.log_in(login)
            for address in ("/calls", f"/calls/{call.id}"):
                page = await browser.get(address)
                told = (f"/clients/{client.id}" in page.text, ">клиент коллеги<" in page.text)
                assert told == (linked, not linked), (login, address)


async def test_a_call_gets_its_note_and_disposition(database: Database, tmp_path: Path) -> None:
    async with open_house(database) as house, house.browser() as browser, History(database, tmp_path) as history:
        await house.user("anna", extension="101")
        call = await history.log(answered(ringing()))
        await browser.log_in("anna")
        page = await browser.post(f"/calls/{call.id}", note="Перенести <доставку>", disposition="callback")
        assert (page.status, page.path) == (200, f"/calls/{call.id}")
        assert "Перенести &lt;доставку&gt;" in page.text
        assert '<option value="callback" selected>' in page.text
        wrong = await browser.post(f"/calls/{call.id}", note="Другое", disposition="nonsense")
        assert (wrong.status, "Другое" in wrong.text) == (422, True)
        assert "Перенести" in (await browser.get(f"/calls/{call.id}")).text
        assert ">Перезвонить</span>" in (await browser.get("/calls")).text


async def test_what_a_call_came_to_stands_in_its_clients_time_line(database: Database, tmp_path: Path) -> None:
    async with open_house(database) as house, house.browser() as browser, History(database, tmp_path) as history:
        await house.user("boss", "supervisor", extension="101")
        await browser.log_in("boss")
        made = await browser.post("/clients", name="Мария", number="+79211234567")
        call = await history.log(answered(ringing()))
        await browser.post(f"/calls/{call.id}", note="после двух", disposition="callback")
        text = (await browser.get(made.path)).text
        assert (">Перезвонить</span>" in text, ">после двух</span>" in text) == (True, True)


async def test_whoever_nobody_called_back_is_among_the_missed(database: Database, tmp_path: Path) -> None:
    async with open_house(database) as house, house.browser() as browser, History(database, tmp_path) as history:
        await house.user("anna", "supervisor", extension="101")
        await browser.log_in("anna")
        assert "Никто не ждёт обратного звонка" in (await browser.get("/calls?view=missed")).words
        lately = (datetime.now(UTC) - AT).total_seconds() - 3600
        await history.log(missed(ringing("+79035550017", at=lately)))
        assert 'data-number="+79035550017"' in (await browser.get("/calls?view=missed")).text
        await history.log(answered(ringing("+79035550017", name="2", at=lately + 600)))
        assert "+79035550017" not in (await browser.get("/calls?view=missed")).text
