"""Pages for people: what every one of them gets from the frame."""

from typing import Any

import pytest

from domain.problems import NotFound, Unavailable
from domain.rights import Scope
from domain.routes import Screen, SeeOther
from switchroom.pages import inside
from tests.web.house_of_fakes import ADDRESS, served

HTML = {"Accept": "text/html", "Accept-Language": "en"}
NASTY = "<script>alert(1)</script> ' or 1=1; --\r\nSet-Cookie: x=1 🐈 " + "я" * 300


async def _broken(user: Scope) -> dict[str, Any]:
    raise Unavailable(NASTY)


async def _missing(user: Scope, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
    raise NotFound("There is no such page or record")


async def _post(user: Scope, form: dict[str, str]) -> SeeOther:
    return SeeOther(to=form.get("next", "/"), remember={"theme": "dark"})


SCREENS = (
    Screen(path="/broken", template="error.html", handler=_broken),
    Screen(path="/things/{id}", template="error.html", handler=_missing),
    Screen(method="POST", path="/things", template="error.html", handler=_post),
    Screen(path="/admin", template="error.html", handler=_broken, roles=frozenset({"admin"})),
)


async def test_who_is_not_logged_in_is_asked_to_log_in_and_comes_back() -> None:
    async with (
        served((), pages=SCREENS, token=None) as browser,
        browser.get("/things/7?a=b", allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2Fthings%2F7%3Fa%3Db")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/things/7", 404), ("/admin", 403), ("/broken", 503)])
async def test_a_page_that_cannot_be_shown_says_why_in_the_users_language(path: str, status: int) -> None:
    async with served((), pages=SCREENS, cookie="agents-token") as browser, browser.get(path, headers=HTML) as answer:
        text = await answer.text()
        assert (answer.status, answer.content_type) == (status, "text/html")
        assert '<html lang="ru"' in text
        assert "К рабочему столу" in text


async def test_a_page_says_so_when_the_client_base_is_away() -> None:
    async def away(token: str) -> Scope | None:
        raise ConnectionRefusedError

    async with served((), pages=SCREENS, cookie="agents-token", who=away) as browser:
        async with browser.get("/things/7", headers=HTML) as answer:
            text = await answer.text()
            assert answer.status == 503
            assert "A part of the server is away" in text
            assert "ConnectionRefused" not in text
        async with browser.get("/api/v1/nothing", headers=HTML) as answer:
            assert answer.status == 404


async def test_text_from_outside_is_shown_as_text() -> None:
    async with (
        served((), pages=SCREENS, cookie="agents-token") as browser,
        browser.get("/broken", headers=HTML) as answer,
    ):
        text = await answer.text()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "🐈" in text
        assert "x" not in answer.cookies


async def test_a_form_from_another_site_is_refused() -> None:
    async with served((), pages=SCREENS, cookie="agents-token") as browser:
        for headers in ({}, {"Origin": "https://evil.example"}):
            async with browser.post("/things", data={"next": "/"}, headers=headers, allow_redirects=False) as answer:
                assert answer.status == 403


async def test_an_accepted_form_leads_on_and_remembers_a_harmless_choice() -> None:
    async with served((), pages=SCREENS, cookie="agents-token") as browser:
        ours = {"Origin": str(browser._base_url).rstrip("/")}
        async with browser.post("/things", data={"next": "/calls"}, headers=ours, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/calls")
            assert answer.cookies["theme"].value == "dark"
        async with browser.get("/nowhere") as answer:
            assert 'data-theme="dark"' in await answer.text()


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "", None, "javascript:x", "/a\r\nX: y"]
)
def test_a_log_in_never_leads_to_another_site(target: str | None) -> None:
    assert inside(target) == "/"


async def test_static_files_carry_their_hash_and_are_kept_for_ever() -> None:
    async with served((), pages=SCREENS, token=None) as browser:
        async with browser.get("/nowhere", headers=HTML) as answer:
            page = await answer.text()
        path = page.split('<link rel="stylesheet" href="')[1].split('"')[0]
        assert path.startswith("/static/switchroom/base.css?v=")
        async with browser.get(path) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            tag = answer.headers["ETag"]
        async with browser.get("/static/switchroom/base.css", headers={"If-None-Match": tag}) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (304, "no-cache")
        async with browser.get("/favicon.ico") as answer:
            assert (answer.status, answer.content_type) == (200, "image/svg+xml")
        async with browser.get("/static/switchroom/../web.py") as answer:
            assert answer.status == 404


async def test_the_browser_is_told_where_the_live_feed_is_by_the_name_it_used_itself() -> None:
    async with (
        served((), pages=SCREENS, cookie="agents-token") as browser,
        browser.get("/nowhere", headers={"Host": "localhost:8080"}) as answer,
    ):
        assert '"live": "ws://localhost:8081/live"' in await answer.text()
        assert "connect-src 'self' ws://localhost:8081;" in answer.headers["Content-Security-Policy"]
    assert ADDRESS.live_url("[::1]:8080") == "ws://[::1]:8081"
