"""How a process says that it is alive, ready, or only half so."""

from switchroom.health import Check
from tests.web.house_of_fakes import served


async def _well() -> str | None:
    return None


async def _away() -> str | None:
    return "no link to the PBX"


async def _broken() -> str | None:
    raise OSError


async def test_a_lost_pbx_is_degraded_and_a_lost_database_is_unavailable() -> None:
    for database, pbx, word, status in (
        (_well, _well, "ready", 200),
        (_well, _away, "degraded", 200),
        (_broken, _well, "unavailable", 503),
    ):
        checks = (Check(name="database", ask=database, vital=True), Check(name="pbx main", ask=pbx))
        async with served((), token=None, ready=checks) as browser, browser.get("/readyz") as answer:
            told = await answer.json()
            assert (answer.status, told["status"]) == (status, word)
            assert told["checks"]["pbx main"]["ok"] is (pbx is _well)
            async with browser.get("/healthz") as answer:
                alive = "alive" if word == "ready" else "degraded"
                assert (answer.status, (await answer.json())["status"]) == (200, alive)


async def test_a_process_is_alive_and_measured_without_a_log_in() -> None:
    async with served((), token=None) as browser:
        async with browser.get("/healthz") as answer:
            assert (answer.status, await answer.json()) == (200, {"status": "alive", "checks": {}})
        async with browser.get("/metrics") as answer:
            assert answer.status == 200
            assert "switchroom_http_seconds" in await answer.text()
