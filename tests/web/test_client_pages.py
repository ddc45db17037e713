"""The pages about clients: found, made, changed, and shown as they are whatever they are called."""

import html
import re

from crm_store.client import ClientDraft, NumberDraft
from crm_store.database import Database
from tests.web.house import Page, open_house

NASTY = ("<script>alert(1)</script>", "'; drop table client; --", "two\r\nSet-Cookie: x=1", "🐈 {{ 7*7 }}", "я" * 300)


def version_in(page: Page) -> str:
    """The version the form of a client's page carries."""
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None
    return found[1]


def headline(page: Page) -> str:
    """What a person reads as the page's title."""
    found = re.search(r"<h1>(.*?)</h1>", page.text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


async def test_a_client_is_made_found_and_opened_by_plain_forms(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        await house.user("anna", "supervisor")
        await browser.log_in("anna")
        assert "Клиентов пока нет" in (await browser.get("/clients")).words
        made = await browser.post("/clients", name="Мария Соколова", company="Ромашка", number="8 921 123-45-67")
        assert made.path.startswith("/clients/")
        assert 'data-number="+79211234567"' in made.text
        assert "+7 921 123-45-67" in made.words
        for words in ("соколова", "ромаш", "4567", "+79211234567"):
            assert "Мария Соколова" in (await browser.get(f"/clients?q={words}")).words, words
        nobody = await browser.get("/clients?q=zzzz")
        assert "никого нет" in nobody.words
        assert (await browser.get("/clients?number=%2B79035550017")).text.count('value="+79035550017"') == 1


async def test_whatever_a_client_is_called_is_shown_as_text(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        await house.user("anna", "supervisor")
        await browser.log_in("anna")
        for name in NASTY:
            page = await browser.post("/clients", name=name, company=name)
            assert (page.status, page.path.startswith("/clients/")) == (200, True), name
            assert headline(page).split() == name.split()
            assert "<script>alert" not in page.text
        everybody = await browser.get("/clients")
        assert everybody.text.count("<tr>") == 1 + len(NASTY)
        assert "<script>alert" not in everybody.text
        too_long = await browser.post("/clients", name="я" * 301)
        assert (too_long.status, "не более 300 знаков" in too_long.words) == (422, True)


async def test_two_people_who_change_one_client_see_what_the_other_did(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        boss = await house.user("anna", "supervisor")
        client = await house.store.clients.create(boss.scope, ClientDraft(name="Мария", company="Ромашка"))
        await browser.log_in("anna")
        version = version_in(await browser.get(f"/clients/{client.id}"))
        await browser.post(f"/clients/{client.id}", version=version, name="Мария Соколова", company="Ромашка")
        late = await browser.post(f"/clients/{client.id}", version=version, name="Маша", company="Ромашка")
        assert late.status == 412
        assert "у вас: Маша, сейчас: Мария Соколова" in late.words
        assert 'value="Маша"' in late.text
        again = await browser.post(f"/clients/{client.id}", version=version_in(late), name="Маша", company="Ромашка")
        assert (again.status, "Маша" in again.words) == (200, True)


async def test_numbers_and_notes_are_added_on_the_clients_page(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        boss = await house.user("anna", "supervisor")
        client = await house.store.clients.create(boss.scope, ClientDraft(name="Мария"))
        await browser.log_in("anna")
        path = f"/clients/{client.id}"
        page = await browser.post(path + "/numbers", number="8 (812) 333-44-55", kind="work")
        assert ("+7 812 333-44-55" in page.words, "рабочий" in page.words) == (True, True)
        assert (await browser.post(path + "/numbers", number="")).status == 422
        page = await browser.post(path + "/numbers/remove", number="+78123334455")
        assert "Номера пока нет" in page.words
        page = await browser.post(path + "/notes", text="Просила <b>перезвонить</b>")
        assert "Просила &lt;b&gt;перезвонить&lt;/b&gt;" in page.text
        assert (await browser.post(path + "/notes", text="  ")).status == 422


async def test_a_foreign_client_is_not_there(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        boss = await house.user("boss", "supervisor")
        await house.user("tina", "telemarketer")
        draft = ClientDraft(name="Мария", responsible=boss.id, numbers=(NumberDraft(number="+79211234567"),))
        client = await house.store.clients.create(boss.scope, draft)
        await browser.log_in("tina")
        foreign, nowhere = await browser.get(f"/clients/{client.id}"), await browser.get("/clients/none")
        assert (foreign.status, nowhere.status) == (404, 404)
        assert "Мария" not in foreign.text
        assert "Мария" not in (await browser.get("/clients?q=Мария")).words.replace("«Мария»", "")
