"""The users' own states on the live feed, in REST's words, and in the PBX's queues."""

import asyncio

import pytest

from domain.problems import Conflict
from screenpop.http import StateChoice, routes
from screenpop.states import Rules
from tests.screenpop.house import PATIENT, House, house
from tests.screenpop.scene import answered, ended, inbound, phone, ringing, story, user

OLGA = user("olga", extension="101")
TALK = answered(ringing(inbound(), "101"), "101")


def handler(centre: House, method: str, path: str):  # noqa: ANN201 - whatever the route's handler gives
    return next(route.handler for route in routes(centre.screenpop) if (route.method, route.path) == (method, path))


async def test_pausing_is_seen_by_everybody_and_taken_by_the_pbxs_queues() -> None:
    async with house(OLGA, user("ivan")) as centre, centre.enters(user("ivan")) as ivan:
        await ivan.opened()
        async with centre.enters(OLGA) as olga:
            await olga.opened()
            await centre.on(phone("101", "idle"))
            choose = handler(centre, "PUT", "/agents/me/state")
            chosen = await choose(OLGA, StateChoice(state="paused", reason="lunch"))
            assert (chosen.state, chosen.reason) == ("paused", "lunch")
            told = await ivan.next("presence")
            while told["user_state"] != "paused":
                told = await ivan.next("presence")
            assert (told["extension"], told["reason"]) == ("101", "lunch")
            await choose(OLGA, StateChoice(state="ready"))
            async with asyncio.timeout(PATIENT):
                await centre.settled()
            begins = ("101", False, "")  # whatever an earlier run of ours left there
            assert centre.paused == [begins, ("101", True, "lunch"), ("101", False, "")]


async def test_a_wrap_up_begins_by_itself_ends_by_itself_and_survives_a_reload() -> None:
    async with house(OLGA, rules=Rules(wrapup=0.3)) as centre:
        async with centre.enters(OLGA) as page:
            await page.opened()
            await centre.on(phone("101", "idle"), *story(TALK, ended(TALK)))
        async with centre.enters(OLGA) as page:
            snapshot = await page.opened()
            [view] = snapshot["presence"]
            assert view["user_state"] == "wrapup"
            mine = await handler(centre, "GET", "/agents/me/state")(OLGA)
            assert (mine.state, mine.extendable) == ("wrapup", True)
            while (await page.next("presence"))["user_state"] != "ready":
                pass


async def test_why_no_pop_is_answered_over_rest() -> None:
    async with house(OLGA) as centre:
        await centre.on(*story(ringing(inbound(), "101")))
        [pop] = (await handler(centre, "GET", "/pops")(OLGA))["items"]
        assert pop["reason"] == "not_connected"
        assert (await handler(centre, "GET", "/pops")(user("ivan", extension="102")))["items"] == []


async def test_somebody_unknown_here_has_no_state() -> None:
    async with house() as centre:
        with pytest.raises(Conflict):
            await handler(centre, "GET", "/agents/me/state")(OLGA)
